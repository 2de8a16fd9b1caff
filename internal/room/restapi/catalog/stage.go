package catalog

import (
	"context"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/restapi/definition"
	"github.com/dari-bus/dari/internal/room/restapi/patch"
	"github.com/dari-bus/dari/internal/store"
)

var errNoStage = fault.NotFound("Invalid Stage identifier specified")

func stagePath(api, name string) string { return "/restapis/" + api + "/stages/" + name }

// CreateStage makes a stage that serves a deployment.
func (c *Catalog) CreateStage(ctx context.Context, by access.Caller, api string, s *definition.Stage) error {
	if err := c.Allow(by, "POST", "/restapis/"+api+"/stages"); err != nil {
		return err
	}
	var err error
	if s.Tags, err = c.newTags(by, s.Tags, stagePath(api, s.Name)); err != nil {
		return err
	}
	return c.opt.Store.Update(ctx, func(tx store.Tx) error {
		if c.apis.In(tx).Find(key(by.Place, api)) == nil {
			return noAPI(by, api)
		}
		return c.newStage(tx, by, api, s)
	})
}

// newStage makes a stage of an API that is there.
func (c *Catalog) newStage(tx store.Tx, by access.Caller, api string, s *definition.Stage) error {
	stages := c.stages.In(tx)
	switch {
	case stages.Find(below(by.Place, api, s.Name)) != nil:
		return fault.Conflict("Stage already exists")
	case stages.Count(by.Place, api+"/") >= maxStages:
		return fault.Limit("Maximum number of stages for this API has been reached, which is %d.", maxStages)
	}
	s.Created = millis()
	s.Updated = s.Created
	return c.keepStage(tx, by, api, s)
}

// keepStage keeps a stage that can be served and may log.
func (c *Catalog) keepStage(tx store.Tx, by access.Caller, api string, s *definition.Stage) error {
	if err := c.deployed(tx, by.Place, api, s.Deployment); err != nil {
		return err
	}
	if cn := s.Canary; cn != nil {
		if err := c.deployed(tx, by.Place, api, cn.Deployment); err != nil {
			return err
		}
	}
	if err := s.Check(); err != nil {
		return err
	}
	return keep(tx, c.stages, below(by.Place, api, s.Name), s)
}

func (c *Catalog) deployed(tx store.Tx, at access.Place, api, id string) error {
	if c.deployments.In(tx).Find(below(at, api, id)) == nil {
		return fault.Invalid("Deployment id does not exist")
	}
	return nil
}

// Stage returns a stage.
func (c *Catalog) Stage(by access.Caller, api, name string) (*definition.Stage, error) {
	if err := c.Allow(by, "GET", stagePath(api, name)); err != nil {
		return nil, err
	}
	if _, err := c.find(by, api); err != nil {
		return nil, err
	}
	if s := c.stages.Find(below(by.Place, api, name)); s != nil {
		return s, nil
	}
	return nil, errNoStage
}

// Stages returns the stages of an API that serve a deployment, "" for any.
func (c *Catalog) Stages(by access.Caller, api, deployment string) (all []*definition.Stage, err error) {
	if err := c.Allow(by, "GET", "/restapis/"+api+"/stages"); err != nil {
		return nil, err
	}
	if _, err := c.find(by, api); err != nil {
		return nil, err
	}
	for s := range c.stages.Each(by.Place, api+"/") {
		if deployment == "" || s.Deployment == deployment {
			all = append(all, s)
		}
	}
	return all, nil
}

// UpdateStage changes a stage.
func (c *Catalog) UpdateStage(ctx context.Context, by access.Caller, api, name string, ops []patch.Operation) (s *definition.Stage, err error) {
	if err := c.Allow(by, "PATCH", stagePath(api, name)); err != nil {
		return nil, err
	}
	return s, c.opt.Store.Update(ctx, func(tx store.Tx) error {
		if c.apis.In(tx).Find(key(by.Place, api)) == nil {
			return noAPI(by, api)
		}
		old := c.stages.In(tx).Find(below(by.Place, api, name))
		if old == nil {
			return errNoStage
		}
		s = old.Clone()
		if err := s.Change(ops); err != nil {
			return err
		}
		if err := c.mayLog(tx, by.Place, old, s); err != nil {
			return err
		}
		s.Updated = millis()
		return c.keepStage(tx, by, api, s)
	})
}

// mayLog says whether a stage may begin to log: the account must have a role for it.
func (c *Catalog) mayLog(tx store.Tx, at access.Place, was, s *definition.Stage) error {
	if !s.BeginsToLog(was) {
		return nil
	}
	if a := c.accounts.In(tx).Find(key(at, accountName)); a == nil || a.LogRole == "" {
		return fault.Invalid("CloudWatch Logs role ARN must be set in account settings to enable logging")
	}
	return nil
}

// DeleteStage deletes a stage.
func (c *Catalog) DeleteStage(ctx context.Context, by access.Caller, api, name string) error {
	if err := c.Allow(by, "DELETE", stagePath(api, name)); err != nil {
		return err
	}
	return c.opt.Store.Update(ctx, func(tx store.Tx) error {
		if c.apis.In(tx).Find(key(by.Place, api)) == nil {
			return noAPI(by, api)
		}
		if c.stages.In(tx).Find(below(by.Place, api, name)) == nil {
			return errNoStage
		}
		return drop(tx, c.stages, below(by.Place, api, name))
	}, store.Draining)
}
