package directory

import (
	"strings"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/policy"
	"github.com/dari-bus/dari/internal/room/identity/issuer"
)

// Act returns the caller that a service of the house is in a role: a session of the
// role for what the service acts for. A Denied fault says that there is no such role
// in the service's account, or that its trust policy does not let the service in.
func (d *Directory) Act(service access.Caller, role, session string) (access.Caller, error) {
	a, e, err := d.entrust(service, role)
	if err != nil {
		return access.Caller{}, err
	}
	c := service
	c.Service, c.SourceIP, c.UserAgent = "", service.Service, service.Service
	c.Principal = sessionARN(a, e.Name, session)
	issued := now()
	c.Identity = &access.Identity{ID: e.ID + ":" + session, Role: e.ARN, Temporary: true, Issued: issued, Expires: issued.Add(time.Hour)}
	return c, nil
}

// AssumeForService makes a session of a role for a service of the house that hands its
// credentials on, such as to the code of a function. The role is one of the account of
// what the service acts for. How long sessions of the role may last holds for people,
// not for services, as at AWS. A Denied fault is that of [Directory.Act].
//
// A role that nobody made counts as the root of its account, unless the directory is
// strict.
func (d *Directory) AssumeForService(service access.Caller, role, name string, duration time.Duration) (*Grant, error) {
	if d.stands(service, role) {
		root := access.Root(service.Account, service.Region)
		return d.grant(&issuer.Session{Account: root.Account, Principal: root.Principal, Identity: access.Identity{ID: root.Account}}, duration)
	}
	a, e, err := d.entrust(service, role)
	if err != nil {
		return nil, err
	}
	return d.assumed(e, a, Assumption{Session: name, Duration: duration})
}

// Entrusts says whether [Directory.AssumeForService] would make a session, and makes none.
func (d *Directory) Entrusts(service access.Caller, role string) error {
	if d.stands(service, role) {
		return nil
	}
	_, _, err := d.entrust(service, role)
	return err
}

// stands says whether a role that nobody made stands for the root of its account.
func (d *Directory) stands(service access.Caller, role string) bool {
	a, err := arn.Parse(role)
	return err == nil && !d.strict && d.role(role) == nil &&
		a.Service == "iam" && a.Account == service.Account && strings.HasPrefix(a.Resource, "role/")
}

// entrust returns a role that lets a service in, and its ARN taken apart.
func (d *Directory) entrust(service access.Caller, role string) (arn.ARN, *Entity, error) {
	a, _ := arn.Parse(role) // what is no ARN names no role
	e := d.role(role)
	p := policy.Policies{Trust: true, Root: true}
	if e != nil && a.Account == service.Account {
		p.Resource = e.trust
	}
	ask := access.Ask{Caller: service, Action: "sts:AssumeRole", Resource: role, Owner: service.Account}
	return a, e, d.judge(&ask, p)
}

// sessionARN names a session of a role, whose ARN is a.
func sessionARN(a arn.ARN, role, session string) string {
	return arn.ARN{Partition: a.Partition, Service: "sts", Account: a.Account, Resource: "assumed-role/" + role + "/" + session}.String()
}
