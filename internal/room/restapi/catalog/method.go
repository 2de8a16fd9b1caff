package catalog

import (
	"context"
	"maps"
	"slices"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/restapi/definition"
	"github.com/dari-bus/dari/internal/room/restapi/patch"
	"github.com/dari-bus/dari/internal/store"
)

// An At says where a method is.
type At struct{ API, Resource, Verb string }

func (a At) path() string {
	return "/restapis/" + a.API + "/resources/" + a.Resource + "/methods/" + a.Verb
}

// Method returns a method.
func (c *Catalog) Method(by access.Caller, at At) (*definition.Method, error) {
	if err := c.Allow(by, "GET", at.path()); err != nil {
		return nil, err
	}
	return c.method(by, at)
}

func (c *Catalog) method(by access.Caller, at At) (*definition.Method, error) {
	r := c.resources.Find(below(by.Place, at.API, at.Resource))
	if r == nil {
		return nil, definition.ErrNoResource
	}
	if m := r.Methods[at.Verb]; m != nil {
		return m, nil
	}
	return nil, definition.ErrNoMethod
}

// PutMethod makes a method, in the place of one that is there.
func (c *Catalog) PutMethod(ctx context.Context, by access.Caller, at At, m *definition.Method) error {
	if err := c.Allow(by, "PUT", at.path()); err != nil {
		return err
	}
	if !slices.Contains(definition.Verbs, at.Verb) {
		return definition.ErrVerb
	}
	return c.changeResource(ctx, by, at, func(r *definition.Resource) error {
		if err := m.Check(); err != nil {
			return err
		}
		if err := c.parts(by.Place, at.API).Knows(m); err != nil {
			return err
		}
		if r.Methods[at.Verb] != nil {
			return fault.Conflict("Method already exists for this resource")
		}
		if r.Methods == nil {
			r.Methods = map[string]*definition.Method{}
		}
		r.Methods[at.Verb] = m
		return nil
	})
}

// changeResource changes a copy of a resource, whose map of methods is one, too.
func (c *Catalog) changeResource(ctx context.Context, by access.Caller, at At, fn func(*definition.Resource) error, opts ...store.Option) error {
	return c.opt.Store.Update(ctx, func(tx store.Tx) error {
		old := c.resources.In(tx).Find(below(by.Place, at.API, at.Resource))
		if old == nil {
			return definition.ErrNoResource
		}
		r := *old
		r.Methods = maps.Clone(r.Methods)
		if err := fn(&r); err != nil {
			return err
		}
		return keepPart(c, tx, c.resources, by.Place, at.API, r.ID, &r)
	}, opts...)
}

// changeMethod changes a copy of a method, and returns it.
func (c *Catalog) changeMethod(ctx context.Context, by access.Caller, at At, fn func(*definition.Method) error, opts ...store.Option) (m *definition.Method, err error) {
	return m, c.changeResource(ctx, by, at, func(r *definition.Resource) error {
		old := r.Methods[at.Verb]
		if old == nil {
			return definition.ErrNoMethod
		}
		m = old.Clone()
		r.Methods[at.Verb] = m
		return fn(m)
	}, opts...)
}

// UpdateMethod changes a method.
func (c *Catalog) UpdateMethod(ctx context.Context, by access.Caller, at At, ops []patch.Operation) (*definition.Method, error) {
	if err := c.Allow(by, "PATCH", at.path()); err != nil {
		return nil, err
	}
	return c.changeMethod(ctx, by, at, func(m *definition.Method) error {
		if err := m.Change(ops); err != nil {
			return err
		}
		return c.parts(by.Place, at.API).Knows(m)
	})
}

// DeleteMethod deletes a method.
func (c *Catalog) DeleteMethod(ctx context.Context, by access.Caller, at At) error {
	if err := c.Allow(by, "DELETE", at.path()); err != nil {
		return err
	}
	return c.changeResource(ctx, by, at, func(r *definition.Resource) error {
		if r.Methods[at.Verb] == nil {
			return definition.ErrNoMethod
		}
		delete(r.Methods, at.Verb)
		return nil
	}, store.Draining)
}

// Response returns what a method may answer with a status.
func (c *Catalog) Response(by access.Caller, at At, status string) (*definition.MethodResponse, error) {
	if err := c.Allow(by, "GET", at.path()+"/responses/"+status); err != nil {
		return nil, err
	}
	m, err := c.method(by, at)
	if err != nil {
		return nil, err
	}
	if r := m.Responses[status]; r != nil {
		return r, nil
	}
	return nil, definition.ErrNoResponse
}

// PutResponse says what a method may answer with a status.
func (c *Catalog) PutResponse(ctx context.Context, by access.Caller, at At, status string, r *definition.MethodResponse) error {
	if err := c.Allow(by, "PUT", at.path()+"/responses/"+status); err != nil {
		return err
	}
	_, err := c.changeMethod(ctx, by, at, func(m *definition.Method) error {
		if m.Responses[status] != nil {
			return fault.Conflict("Response already exists for this resource")
		}
		if m.Responses == nil {
			m.Responses = map[string]*definition.MethodResponse{}
		}
		m.Responses[status] = r
		if err := r.Check(); err != nil {
			return err
		}
		return c.parts(by.Place, at.API).KnowsResponse(r)
	})
	return err
}

// UpdateResponse changes what a method may answer with a status.
func (c *Catalog) UpdateResponse(ctx context.Context, by access.Caller, at At, status string, ops []patch.Operation) (r *definition.MethodResponse, err error) {
	if err := c.Allow(by, "PATCH", at.path()+"/responses/"+status); err != nil {
		return nil, err
	}
	_, err = c.changeMethod(ctx, by, at, func(m *definition.Method) error {
		old := m.Responses[status]
		if old == nil {
			return definition.ErrNoResponse
		}
		if r, err = old.Changed(ops); err != nil {
			return err
		}
		m.Responses[status] = r
		return c.parts(by.Place, at.API).KnowsResponse(r)
	})
	return r, err
}

// DeleteResponse takes away what a method may answer with a status.
func (c *Catalog) DeleteResponse(ctx context.Context, by access.Caller, at At, status string) error {
	if err := c.Allow(by, "DELETE", at.path()+"/responses/"+status); err != nil {
		return err
	}
	_, err := c.changeMethod(ctx, by, at, func(m *definition.Method) error {
		if m.Responses[status] == nil {
			return definition.ErrNoResponse
		}
		delete(m.Responses, status)
		return nil
	}, store.Draining)
	return err
}
