package catalog

import (
	"cmp"
	"context"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/restapi/definition"
	"github.com/dari-bus/dari/internal/room/restapi/patch"
	"github.com/dari-bus/dari/internal/store"
)

var errNoDeployment = fault.NotFound("Invalid Deployment identifier specified")

// Deploy makes a deployment of an API as it is.
func (c *Catalog) Deploy(ctx context.Context, by access.Caller, api string, r definition.Release) (d *definition.Deployment, err error) {
	if err := c.Allow(by, "POST", "/restapis/"+api+"/deployments"); err != nil {
		return nil, err
	}
	d = &definition.Deployment{ID: newID(6), Description: r.Description, Created: millis()}
	return d, c.opt.Store.Update(ctx, func(tx store.Tx) error {
		a := c.apis.In(tx).Find(key(by.Place, api))
		if a == nil {
			return noAPI(by, api)
		}
		deployments := c.deployments.In(tx)
		for deployments.Find(below(by.Place, api, d.ID)) != nil {
			d.ID = newID(6)
		}
		if deployments.Count(by.Place, api+"/") >= maxDeployments {
			return fault.Limit("Maximum number of deployments for this API has been reached, which is %d. Delete those that no stage serves.", maxDeployments)
		}
		if d.Snapshot, err = a.Snap(c.tree(by.Place, api), c.parts(by.Place, api), c.responses(by.Place, api)); err != nil {
			return err
		}
		if err := put(tx, c.deployments, below(by.Place, api, d.ID), d, a.Bytes+c.definition(by.Place, api)+d.Snapshot.PathBytes()); err != nil {
			return err
		}
		return c.release(tx, by, api, d, &r)
	})
}

// release has the stage of a release serve its deployment.
func (c *Catalog) release(tx store.Tx, by access.Caller, api string, d *definition.Deployment, r *definition.Release) error {
	name := ""
	if r.Stage != nil {
		name = *r.Stage
	}
	var old *definition.Stage
	if name != "" {
		old = c.stages.In(tx).Find(below(by.Place, api, name))
	}
	if err := r.Check(old); err != nil || name == "" {
		return err
	}
	if old == nil {
		return c.newStage(tx, by, api, r.Begin(d.ID))
	}
	s := r.Onto(old, d.ID)
	s.Updated = millis()
	return c.keepStage(tx, by, api, s)
}

// Deployment returns a deployment.
func (c *Catalog) Deployment(by access.Caller, api, id string) (*definition.Deployment, error) {
	if err := c.Allow(by, "GET", "/restapis/"+api+"/deployments/"+id); err != nil {
		return nil, err
	}
	if d := c.deployments.Find(below(by.Place, api, id)); d != nil {
		return d, nil
	}
	return nil, errNoDeployment
}

// Deployments returns the deployments of an API, the newest first.
func (c *Catalog) Deployments(by access.Caller, api string) ([]*definition.Deployment, error) {
	if err := c.Allow(by, "GET", "/restapis/"+api+"/deployments"); err != nil {
		return nil, err
	}
	if _, err := c.find(by, api); err != nil {
		return nil, err
	}
	return sorted(c.deployments, by.Place, api, func(a, b *definition.Deployment) int { return cmp.Compare(b.Created, a.Created) }), nil
}

// UpdateDeployment changes the description of a deployment.
func (c *Catalog) UpdateDeployment(ctx context.Context, by access.Caller, api, id string, ops []patch.Operation) (d *definition.Deployment, err error) {
	if err := c.Allow(by, "PATCH", "/restapis/"+api+"/deployments/"+id); err != nil {
		return nil, err
	}
	return d, c.opt.Store.Update(ctx, func(tx store.Tx) error {
		old := c.deployments.In(tx).Find(below(by.Place, api, id))
		if old == nil {
			return errNoDeployment
		}
		n := *old
		d = &n
		if err := d.Change(ops); err != nil {
			return err
		}
		grown := len(d.Description) - len(old.Description)
		return put(tx, c.deployments, below(by.Place, api, id), d, old.Bytes+grown)
	})
}

// DeleteDeployment deletes a deployment that no stage serves.
func (c *Catalog) DeleteDeployment(ctx context.Context, by access.Caller, api, id string) error {
	if err := c.Allow(by, "DELETE", "/restapis/"+api+"/deployments/"+id); err != nil {
		return err
	}
	return c.opt.Store.Update(ctx, func(tx store.Tx) error {
		if c.deployments.In(tx).Find(below(by.Place, api, id)) == nil {
			return errNoDeployment
		}
		for s := range c.stages.Each(by.Place, api+"/") {
			if s.Deployment == id || s.Canary != nil && s.Canary.Deployment == id {
				return fault.Invalid("Active stages pointing to this deployment must be moved or deleted")
			}
		}
		return drop(tx, c.deployments, below(by.Place, api, id))
	}, store.Draining)
}
