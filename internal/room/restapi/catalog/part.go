package catalog

import (
	"context"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/restapi/definition"
	"github.com/dari-bus/dari/internal/room/restapi/patch"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/table"
)

// changes is what can be changed by patch operations.
type changes[R any] interface {
	weighs[R]
	Change(ops []patch.Operation) error
}

// A Part is what APIs have several of, each under a name: models, say.
type Part[R any, P changes[R]] struct {
	c     *Catalog
	table *table.Table[R]
	// path is where they are below an API, most how many an API may have.
	path    string
	most    int
	missing func(name string) error
}

func openPart[R any, P changes[R]](ctx context.Context, c *Catalog, path string, most int, missing func(string) error) (*Part[R, P], error) {
	t, err := open[R, P](ctx, c, path+"/", maxAPIs*most, nil)
	return &Part[R, P]{c, t, path, most, missing}, err
}

func (p *Part[R, P]) at(api, name string) string {
	return "/restapis/" + api + "/" + p.path + "/" + name
}

// Get returns one of an API.
func (p *Part[R, P]) Get(by access.Caller, api, name string) (P, error) {
	if err := p.c.Allow(by, "GET", p.at(api, name)); err != nil {
		return nil, err
	}
	if r := p.table.Find(below(by.Place, api, name)); r != nil {
		return r, nil
	}
	return nil, p.missing(name)
}

// List returns all of an API, in the order of their names.
func (p *Part[R, P]) List(by access.Caller, api string) ([]*R, error) {
	if err := p.c.Allow(by, "GET", strings.TrimSuffix(p.at(api, ""), "/")); err != nil {
		return nil, err
	}
	if _, err := p.c.find(by, api); err != nil {
		return nil, err
	}
	return slices.Collect(p.each(by.Place, api)), nil
}

func (p *Part[R, P]) each(at access.Place, api string) iter.Seq[*R] {
	return p.table.Each(at, api+"/")
}

// mayCreate asks whether a caller may make one of an API.
func (p *Part[R, P]) mayCreate(by access.Caller, api string) error {
	return p.c.Allow(by, "POST", strings.TrimSuffix(p.at(api, ""), "/"))
}

// create makes one of an API, whose absence is the fault noAPI.
func (p *Part[R, P]) create(ctx context.Context, by access.Caller, api, name string, r P, noAPI, exists error) error {
	return p.c.opt.Store.Update(ctx, func(tx store.Tx) error {
		if p.c.apis.In(tx).Find(key(by.Place, api)) == nil {
			return noAPI
		}
		if p.table.In(tx).Find(below(by.Place, api, name)) != nil {
			return exists
		}
		return p.keep(tx, by.Place, api, name, r)
	})
}

func (p *Part[R, P]) keep(tx store.Tx, at access.Place, api, name string, r P) error {
	if t := p.table.In(tx); t.Find(below(at, api, name)) == nil && t.Count(at, api+"/") >= p.most {
		return fault.Limit("Maximum number of %s for this API has been reached, which is %d.", p.path, p.most)
	}
	return keepPart(p.c, tx, p.table, at, api, name, r)
}

// Update changes one of an API. may asks what else the change needs; nil is nothing.
func (p *Part[R, P]) Update(ctx context.Context, by access.Caller, api, name string, ops []patch.Operation, may func(was, is P) error) (r P, err error) {
	if err := p.c.Allow(by, "PATCH", p.at(api, name)); err != nil {
		return nil, err
	}
	return r, p.c.opt.Store.Update(ctx, func(tx store.Tx) error {
		old := p.table.In(tx).Find(below(by.Place, api, name))
		if old == nil {
			return p.missing(name)
		}
		n := *old
		r = &n
		if err := r.Change(ops); err != nil {
			return err
		}
		if may != nil {
			if err := may(old, r); err != nil {
				return err
			}
		}
		return p.keep(tx, by.Place, api, name, r)
	})
}

// delete deletes one of an API, unless refuse does so.
func (p *Part[R, P]) delete(ctx context.Context, by access.Caller, api, name string, refuse func() error) error {
	if err := p.c.Allow(by, "DELETE", p.at(api, name)); err != nil {
		return err
	}
	return p.c.opt.Store.Update(ctx, func(tx store.Tx) error {
		if err := refuse(); err != nil {
			return err
		}
		if p.table.In(tx).Find(below(by.Place, api, name)) == nil {
			return p.missing(name)
		}
		return drop(tx, p.table, below(by.Place, api, name))
	}, store.Draining)
}

// clear deletes all of an API that is deleted.
func (p *Part[R, P]) clear(tx store.Tx, at access.Place, api string, name func(P) string) error {
	for r := range p.each(at, api) {
		if err := drop(tx, p.table, below(at, api, name(r))); err != nil {
			return err
		}
	}
	return nil
}

// parts are what the methods of an API may name.
func (c *Catalog) parts(at access.Place, api string) *definition.Parts {
	p := &definition.Parts{
		Models: map[string]*definition.Model{}, Validators: map[string]*definition.Validator{}, Authorizers: map[string]*definition.Authorizer{},
	}
	for m := range c.Models.each(at, api) {
		p.Models[m.Name] = m
	}
	for v := range c.Validators.each(at, api) {
		p.Validators[v.ID] = v
	}
	for a := range c.Authorizers.each(at, api) {
		p.Authorizers[a.ID] = a
	}
	return p
}

// CreateModel makes a model.
func (c *Catalog) CreateModel(ctx context.Context, by access.Caller, api string, m *definition.Model) error {
	if err := c.Models.mayCreate(by, api); err != nil {
		return err
	}
	m.ID = newID(6)
	if err := m.Check(); err != nil {
		return err
	}
	return c.Models.create(ctx, by, api, m.Name, m, noAPI(by, api), fault.Conflict("Model name already exists for this REST API"))
}

// DeleteModel deletes a model that no method names.
func (c *Catalog) DeleteModel(ctx context.Context, by access.Caller, api, name string) error {
	return c.Models.delete(ctx, by, api, name, func() error {
		return c.users(by.Place, api, func(path, verb string, m *definition.Method) error {
			if slices.Contains(slices.Collect(maps.Values(m.Models)), name) {
				return fault.Conflict("Cannot delete model '%s', is referenced in method request: %s/%s", name, path, verb)
			}
			for _, r := range m.Responses {
				if slices.Contains(slices.Collect(maps.Values(r.Models)), name) {
					return fault.Conflict("Cannot delete model '%s', is referenced in method response: %s/%s", name, path, verb)
				}
			}
			return nil
		})
	})
}

// users calls fn for each method of an API, with its path and verb, until it fails.
func (c *Catalog) users(at access.Place, api string, fn func(path, verb string, m *definition.Method) error) error {
	t := c.tree(at, api)
	for _, r := range t {
		for verb, m := range r.Methods {
			if err := fn(t.Path(r), verb, m); err != nil {
				return err
			}
		}
	}
	return nil
}

// CreateValidator makes a request validator.
func (c *Catalog) CreateValidator(ctx context.Context, by access.Caller, api string, v *definition.Validator) error {
	if err := c.Validators.mayCreate(by, api); err != nil {
		return err
	}
	v.ID = newID(6)
	return c.Validators.create(ctx, by, api, v.ID, v, fault.Invalid("Invalid REST API identifier specified"), errTaken)
}

// errTaken is the fault of an id that was made twice.
var errTaken = fault.Conflict("Unable to complete operation due to concurrent modification. Please try again later.")

// DeleteValidator deletes a request validator that no method names.
func (c *Catalog) DeleteValidator(ctx context.Context, by access.Caller, api, id string) error {
	return c.Validators.delete(ctx, by, api, id, func() error {
		return c.users(by.Place, api, func(path, verb string, m *definition.Method) error {
			if m.Validator == id {
				return fault.Conflict("Cannot delete request validator '%s', is referenced in method request: %s/%s", id, path, verb)
			}
			return nil
		})
	})
}

// CreateAuthorizer makes an authorizer.
func (c *Catalog) CreateAuthorizer(ctx context.Context, by access.Caller, api string, a *definition.Authorizer) error {
	if err := c.Authorizers.mayCreate(by, api); err != nil {
		return err
	}
	a.ID = newID(6)
	if err := a.Check(); err != nil {
		return err
	}
	if err := c.MayAuthorize(by)(&definition.Authorizer{}, a); err != nil {
		return err
	}
	return c.Authorizers.create(ctx, by, api, a.ID, a, errTaken, errTaken)
}

// MayAuthorize asks whether a caller may have an authorizer act with its role, if that
// is another one than it was.
func (c *Catalog) MayAuthorize(by access.Caller) func(was, is *definition.Authorizer) error {
	return func(was, is *definition.Authorizer) error {
		if is.Credentials == "" || is.Credentials == was.Credentials {
			return nil
		}
		return c.passes(by, is.Credentials)
	}
}

// DeleteAuthorizer deletes an authorizer that no method names.
func (c *Catalog) DeleteAuthorizer(ctx context.Context, by access.Caller, api, id string) error {
	return c.Authorizers.delete(ctx, by, api, id, func() error {
		return c.users(by.Place, api, func(path, verb string, m *definition.Method) error {
			if m.Authorizer == id && m.Authorization == "CUSTOM" {
				return fault.Conflict("Cannot delete authorizer '%s', is referenced in method: %s/%s", id, path, verb)
			}
			return nil
		})
	})
}

// Responses returns the gateway responses that are set.
func (c *Catalog) Responses(by access.Caller, api, kind string) (definition.Responses, error) {
	path := "/restapis/" + api + "/gatewayresponses"
	if kind != "" {
		path += "/" + kind
	}
	if err := c.Allow(by, "GET", path); err != nil {
		return nil, err
	}
	if _, err := c.find(by, api); err != nil {
		return nil, err
	}
	return c.responses(by.Place, api), nil
}

func (c *Catalog) responses(at access.Place, api string) definition.Responses {
	all := definition.Responses{}
	for g := range c.gateway.each(at, api) {
		all[g.Type] = g
	}
	return all
}

// PutGatewayResponse sets a gateway response.
func (c *Catalog) PutGatewayResponse(ctx context.Context, by access.Caller, api string, g *definition.GatewayResponse) error {
	_, err := c.setResponse(ctx, by, "PUT", api, g.Type, g.Parameters, func(*definition.GatewayResponse) (*definition.GatewayResponse, error) { return g, g.Check() })
	return err
}

// UpdateGatewayResponse changes a gateway response, which then is set.
func (c *Catalog) UpdateGatewayResponse(ctx context.Context, by access.Caller, api, kind string, ops []patch.Operation) (*definition.GatewayResponse, error) {
	return c.setResponse(ctx, by, "PATCH", api, kind, patch.Values(ops, "/responseParameters"), func(old *definition.GatewayResponse) (*definition.GatewayResponse, error) {
		g := &definition.GatewayResponse{Type: kind}
		if old != nil {
			*g = *old
		}
		return g, g.Change(ops)
	})
}

// setResponse sets a gateway response to what fn makes of the old one, nil for none, with
// these new mapping expressions.
func (c *Catalog) setResponse(ctx context.Context, by access.Caller, method, api, kind string, mappings map[string]string, fn func(*definition.GatewayResponse) (*definition.GatewayResponse, error)) (g *definition.GatewayResponse, err error) {
	if err := c.Allow(by, method, c.gateway.at(api, kind)); err != nil {
		return nil, err
	}
	if err := definition.CheckGatewayMappings(mappings); err != nil {
		return nil, err
	}
	return g, c.opt.Store.Update(ctx, func(tx store.Tx) error {
		if c.apis.In(tx).Find(key(by.Place, api)) == nil {
			return noAPI(by, api)
		}
		g, err = fn(c.gateway.table.In(tx).Find(below(by.Place, api, kind)))
		if err != nil {
			return err
		}
		return c.gateway.keep(tx, by.Place, api, kind, g)
	})
}

// DeleteGatewayResponse has a gateway response be the usual one.
func (c *Catalog) DeleteGatewayResponse(ctx context.Context, by access.Caller, api, kind string) error {
	return c.gateway.delete(ctx, by, api, kind, func() error {
		_, err := c.find(by, api)
		return err
	})
}
