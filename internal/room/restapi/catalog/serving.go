package catalog

import (
	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/room/restapi/definition"
)

// A Serving is a stage with what it serves.
type Serving struct {
	access.Place
	API        string
	Stage      *definition.Stage
	Deployment *definition.Deployment
	// Canary is what a part of the calls go to, nil without a canary.
	Canary *definition.Deployment
}

// Serving returns a stage of an API, by ids alone; ok is false when there is no such API
// or stage. The same stage, deployment and canary are the same pointers as long as
// nothing changes, so that what is made of them can be kept under them.
func (c *Catalog) Serving(api, stage string) (s Serving, ok bool) {
	at := c.places.Find(key(global, api))
	if at == nil {
		return s, false
	}
	s = Serving{Place: *at, API: api, Stage: c.stages.Find(below(*at, api, stage))}
	if s.Stage == nil {
		return s, false
	}
	s.Deployment = c.deployments.Find(below(*at, api, s.Stage.Deployment))
	if cn := s.Stage.Canary; cn != nil {
		s.Canary = c.deployments.Find(below(*at, api, cn.Deployment))
	}
	return s, s.Deployment != nil
}

// LogRole returns the role that the logs of an account in a region are written with, ""
// for none.
func (c *Catalog) LogRole(at access.Place) string {
	if a := c.accounts.Find(key(at, accountName)); a != nil {
		return a.LogRole
	}
	return ""
}
