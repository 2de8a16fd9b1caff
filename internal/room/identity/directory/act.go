package directory

import (
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/policy"
)

// Act returns the caller that a service of the house is in a role: a session of the
// role for what the service acts for. A Denied fault says that there is no such role
// in the service's account, or that its trust policy does not let the service in.
func (d *Directory) Act(service access.Caller, role, session string) (access.Caller, error) {
	a, _ := arn.Parse(role) // what is no ARN names no role
	e := d.role(role)
	p := policy.Policies{Trust: true, Root: true}
	if e != nil && a.Account == service.Account {
		p.Resource = e.trust
	}
	ask := access.Ask{Caller: service, Action: "sts:AssumeRole", Resource: role, Owner: service.Account}
	if err := d.judge(&ask, p); err != nil {
		return access.Caller{}, err
	}
	c := service
	c.Service, c.SourceIP, c.UserAgent = "", service.Service, service.Service
	c.Principal = sessionARN(a, e.Name, session)
	issued := now()
	c.Identity = &access.Identity{ID: e.ID + ":" + session, Role: e.ARN, Temporary: true, Issued: issued, Expires: issued.Add(time.Hour)}
	return c, nil
}

// sessionARN names a session of a role, whose ARN is a.
func sessionARN(a arn.ARN, role, session string) string {
	return arn.ARN{Partition: a.Partition, Service: "sts", Account: a.Account, Resource: "assumed-role/" + role + "/" + session}.String()
}
