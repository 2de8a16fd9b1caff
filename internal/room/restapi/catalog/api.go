package catalog

import (
	"cmp"
	"context"
	"errors"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/restapi/definition"
	"github.com/dari-bus/dari/internal/room/restapi/patch"
	"github.com/dari-bus/dari/internal/store"
)

// Draft is an API that is to be made: its settings, and what else its maker says.
type Draft struct {
	definition.Settings
	Endpoints    []string
	Addresses    string
	VPCEndpoints []string
	Tags         map[string]string
}

// Create makes an API with a root resource.
func (c *Catalog) Create(ctx context.Context, by access.Caller, d Draft) (*definition.API, error) {
	if err := c.Allow(by, "POST", "/restapis"); err != nil {
		return nil, err
	}
	a := &definition.API{Settings: d.Settings, Root: newID(10), Endpoint: "EDGE", VPCEndpoints: d.VPCEndpoints, Created: millis()}
	a.KeySource = cmp.Or(a.KeySource, "HEADER")
	switch {
	case d.Endpoints != nil && len(d.Endpoints) == 0:
		return nil, fault.Invalid("REGIONAL Configuration and EDGE Configuration cannot be both DISABLED.")
	case len(d.Endpoints) > 1:
		return nil, fault.Invalid("Cannot create an api with multiple Endpoint Types.")
	case len(d.Endpoints) == 1:
		a.Endpoint = d.Endpoints[0]
	}
	a.Addresses = cmp.Or(d.Addresses, definition.AddressesOf(a.Endpoint))
	if err := a.Check(); err != nil {
		return nil, err
	}
	if err := c.mayHavePolicy(by, "*", "", a.Policy); err != nil {
		return nil, err
	}
	var err error
	if a.Tags, err = c.newTags(by, d.Tags, "/restapis/*"); err != nil {
		return nil, err
	}
	return a, c.opt.Store.Update(ctx, func(tx store.Tx) error {
		if err := c.place(tx, by.Place, a); err != nil {
			return err
		}
		if err := keep(tx, c.apis, key(by.Place, a.ID), a); err != nil {
			return err
		}
		for _, m := range definition.Models() {
			m.ID = newID(6)
			if err := c.Models.keep(tx, by.Place, a.ID, m.Name, m); err != nil {
				return err
			}
		}
		return keep(tx, c.resources, below(by.Place, a.ID, a.Root), &definition.Resource{ID: a.Root})
	})
}

// place gives an API an id that no other one has, of no account.
func (c *Catalog) place(tx store.Tx, at access.Place, a *definition.API) error {
	places := c.places.In(tx)
	for a.ID == "" || places.Find(key(global, a.ID)) != nil {
		a.ID = newID(10)
	}
	return places.Put(key(global, a.ID), &at)
}

// mayHavePolicy asks for the right to say who may call an API, if that changes.
func (c *Catalog) mayHavePolicy(by access.Caller, id, was, is string) error {
	if was == is {
		return nil
	}
	return c.Allow(by, "UpdateRestApiPolicy", "/restapis/"+id)
}

// Get returns an API.
func (c *Catalog) Get(by access.Caller, id string) (*definition.API, error) {
	if err := c.Allow(by, "GET", "/restapis/"+id); err != nil {
		return nil, err
	}
	return c.find(by, id)
}

// find is Get for a caller that was asked about.
func (c *Catalog) find(by access.Caller, id string) (*definition.API, error) {
	if a := c.apis.Find(key(by.Place, id)); a != nil {
		return a, nil
	}
	return nil, noAPI(by, id)
}

// List returns a page of the APIs of the caller's account.
func (c *Catalog) List(by access.Caller, token string, limit int) ([]*definition.API, string, error) {
	if err := c.Allow(by, "GET", "/restapis"); err != nil {
		return nil, "", err
	}
	return c.apis.List(by.Place, "", nil, token, limit)
}

// Update changes an API.
func (c *Catalog) Update(ctx context.Context, by access.Caller, id string, ops []patch.Operation) (a *definition.API, err error) {
	if err := c.Allow(by, "PATCH", "/restapis/"+id); err != nil {
		return nil, err
	}
	return a, c.opt.Store.Update(ctx, func(tx store.Tx) error {
		old := c.apis.In(tx).Find(key(by.Place, id))
		if old == nil {
			return noAPI(by, id)
		}
		n := *old
		a = &n
		if err := a.Change(ops); err != nil {
			return err
		}
		if err := c.mayHavePolicy(by, id, old.Policy, a.Policy); err != nil {
			return err
		}
		return keep(tx, c.apis, key(by.Place, id), a)
	})
}

// Delete deletes an API with all that it has.
func (c *Catalog) Delete(ctx context.Context, by access.Caller, id string) error {
	if err := c.Allow(by, "DELETE", "/restapis/"+id); err != nil {
		return err
	}
	return c.opt.Store.Update(ctx, func(tx store.Tx) error {
		if c.apis.In(tx).Find(key(by.Place, id)) == nil {
			return noAPI(by, id)
		}
		for r := range c.resources.Each(by.Place, id+"/") {
			if err := drop(tx, c.resources, below(by.Place, id, r.ID)); err != nil {
				return err
			}
		}
		for d := range c.deployments.Each(by.Place, id+"/") {
			if err := drop(tx, c.deployments, below(by.Place, id, d.ID)); err != nil {
				return err
			}
		}
		for s := range c.stages.Each(by.Place, id+"/") {
			if err := drop(tx, c.stages, below(by.Place, id, s.Name)); err != nil {
				return err
			}
		}
		err := errors.Join(
			c.Models.clear(tx, by.Place, id, func(m *definition.Model) string { return m.Name }),
			c.Validators.clear(tx, by.Place, id, func(v *definition.Validator) string { return v.ID }),
			c.Authorizers.clear(tx, by.Place, id, func(a *definition.Authorizer) string { return a.ID }),
			c.gateway.clear(tx, by.Place, id, func(g *definition.GatewayResponse) string { return g.Type }),
		)
		if err != nil {
			return err
		}
		if _, err := c.places.In(tx).Delete(key(global, id)); err != nil {
			return err
		}
		return drop(tx, c.apis, key(by.Place, id))
	}, store.Draining)
}

// definition is how many bytes an API has to be deployed, about. It sees what
// transactions before have left, which within one is all but its own.
func (c *Catalog) definition(at access.Place, id string) (n int) {
	for r := range c.resources.Each(at, id+"/") {
		n += r.Bytes
	}
	for m := range c.Models.each(at, id) {
		n += m.Bytes
	}
	for v := range c.Validators.each(at, id) {
		n += v.Bytes
	}
	for a := range c.Authorizers.each(at, id) {
		n += a.Bytes
	}
	for g := range c.gateway.each(at, id) {
		n += g.Bytes
	}
	return n
}

// newTags returns a copy of the tags that something at a path is made with, if the
// caller may set them.
func (c *Catalog) newTags(by access.Caller, tags map[string]string, path string) (map[string]string, error) {
	if len(tags) == 0 {
		return nil, nil
	}
	if err := c.allowTags(by, "PUT", path); err != nil {
		return nil, err
	}
	return withTags(nil, tags)
}
