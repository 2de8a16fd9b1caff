package catalog

import (
	"context"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/restapi/definition"
	"github.com/dari-bus/dari/internal/room/restapi/patch"
	"github.com/dari-bus/dari/internal/store"
)

// tree returns the resources of an API.
func (c *Catalog) tree(at access.Place, api string) definition.Tree {
	t := definition.Tree{}
	for r := range c.resources.Each(at, api+"/") {
		t[r.ID] = r
	}
	return t
}

// Resource returns a resource, and the tree that it is in.
func (c *Catalog) Resource(by access.Caller, api, id string) (*definition.Resource, definition.Tree, error) {
	if err := c.Allow(by, "GET", "/restapis/"+api+"/resources/"+id); err != nil {
		return nil, nil, err
	}
	t := c.tree(by.Place, api)
	if r := t[id]; r != nil {
		return r, t, nil
	}
	return nil, nil, definition.ErrNoResource
}

// Resources returns the resources of an API.
func (c *Catalog) Resources(by access.Caller, api string) (definition.Tree, error) {
	if err := c.Allow(by, "GET", "/restapis/"+api+"/resources"); err != nil {
		return nil, err
	}
	if _, err := c.find(by, api); err != nil {
		return nil, err
	}
	return c.tree(by.Place, api), nil
}

// CreateResource makes a resource below another one.
func (c *Catalog) CreateResource(ctx context.Context, by access.Caller, api, parent, part string) (r *definition.Resource, t definition.Tree, err error) {
	if err := c.Allow(by, "POST", "/restapis/"+api+"/resources/"+parent); err != nil {
		return nil, nil, err
	}
	r = &definition.Resource{ID: newID(6), Parent: parent, Part: part}
	return r, t, c.opt.Store.Update(ctx, func(tx store.Tx) error {
		if c.apis.In(tx).Find(key(by.Place, api)) == nil {
			return noAPI(by, api)
		}
		t = c.tree(by.Place, api)
		for t[r.ID] != nil {
			r.ID = newID(6)
		}
		if err := t.Fits(r); err != nil {
			return err
		}
		if len(t) >= maxResources {
			return fault.Limit("Maximum number of resources for this API has been reached, which is %d.", maxResources)
		}
		t[r.ID] = r
		return keepPart(c, tx, c.resources, by.Place, api, r.ID, r)
	})
}

// UpdateResource moves or renames a resource.
func (c *Catalog) UpdateResource(ctx context.Context, by access.Caller, api, id string, ops []patch.Operation) (r *definition.Resource, t definition.Tree, err error) {
	if err := c.Allow(by, "PATCH", "/restapis/"+api+"/resources/"+id); err != nil {
		return nil, nil, err
	}
	return r, t, c.opt.Store.Update(ctx, func(tx store.Tx) error {
		t = c.tree(by.Place, api)
		old := t[id]
		if old == nil {
			return definition.ErrNoResource
		}
		n := *old
		r = &n
		if err := r.Change(t, ops); err != nil {
			return err
		}
		return keepPart(c, tx, c.resources, by.Place, api, r.ID, r)
	})
}

// DeleteResource deletes a resource with all that is below it.
func (c *Catalog) DeleteResource(ctx context.Context, by access.Caller, api, id string) error {
	if err := c.Allow(by, "DELETE", "/restapis/"+api+"/resources/"+id); err != nil {
		return err
	}
	return c.opt.Store.Update(ctx, func(tx store.Tx) error {
		t := c.tree(by.Place, api)
		root := t[id]
		switch {
		case root == nil:
			return definition.ErrNoResource
		case root.Parent == "":
			return fault.Invalid("Root resource cannot be deleted")
		}
		for _, r := range t {
			if !t.Within(r, id) {
				continue
			}
			if err := drop(tx, c.resources, below(by.Place, api, r.ID)); err != nil {
				return err
			}
		}
		return nil
	}, store.Draining)
}
