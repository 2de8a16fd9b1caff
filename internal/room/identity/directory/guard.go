package directory

import (
	"strings"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/policy"
)

// Allow is the guard of the house. Who is a user or a session, and a service that
// acts with a role, is held to all policies there are, in AWS's order; who is not, to
// the boundary between accounts.
func (d *Directory) Allow(a *access.Ask) error {
	if a.Caller.Identity == nil {
		if strings.Contains(a.Caller.Principal, ":role/") {
			return d.allowRole(a)
		}
		return d.boundary.Allow(a)
	}
	if why := unlent(a); why != "" {
		return a.Refuse(why)
	}
	p := d.policiesOf(a.Caller)
	p.Resource, p.Foreign = a.Policy, a.Caller.Account != a.Owner
	if p.Foreign && a.OwnerOnly {
		return a.Refuse("because only the account that owns the resource may do that")
	}
	// A role that nobody made counts as the root of its account, which is not theirs to
	// hand on.
	if a.Action == "iam:PassRole" && d.role(a.Resource) == nil {
		return a.Refuse("because the role does not exist")
	}
	return d.judge(a, p)
}

// allowRole answers for a service that acts with a role: the role must let it.
func (d *Directory) allowRole(a *access.Ask) error {
	by := &a.Caller
	role := d.role(by.Principal)
	if role == nil {
		if d.strict {
			return a.Refuse("because the role does not exist")
		}
		return d.boundary.Allow(a)
	}
	trust := a.Request()
	trust.Principal, trust.Action, trust.Resource = policy.Principal{Service: access.Events}, "sts:AssumeRole", role.ARN
	if role.trust.Decide(trust).Verdict != policy.Allowed {
		return a.Refuse("because the role trust policy does not allow " + access.Events + " the sts:AssumeRole action")
	}
	p := d.policiesOfEntity(by.Account, role)
	p.Resource, p.Foreign = a.Policy, by.Account != a.Owner
	if p.Foreign && a.OwnerOnly {
		return a.Refuse("because only the account that owns the resource may do that")
	}
	return d.judge(a, p)
}

// judge asks the policies, and says no in AWS's sentence.
func (d *Directory) judge(a *access.Ask, p policy.Policies) error {
	r := a.Request()
	if e := d.entityOf(a.Caller); e != nil {
		for _, t := range e.Tags {
			if !hasTag(a.Caller.Identity.Tags, t.Key) { // the session's own count first
				r.Context["aws:PrincipalTag/"+t.Key] = []string{t.Value}
			}
		}
	}
	o := p.Evaluate(r)
	if o.Verdict == policy.Allowed {
		return nil
	}
	return a.Refuse(o.Reason(a.Action))
}

// hasTag says whether a tag is among some; its key may be written in any case.
func hasTag(tags map[string]string, key string) bool {
	for k := range tags {
		if strings.EqualFold(k, key) {
			return true
		}
	}
	return false
}

// unlent says why what GetSessionToken lends may not be used for an action, ""
// when it may.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
func unlent(a *access.Ask) string {
	id := a.Caller.Identity
	if !id.Temporary || id.Role != "" {
		return ""
	}
	service, op, _ := strings.Cut(a.Action, ":")
	if service == "iam" || service == "sts" && op != "AssumeRole" && op != "GetCallerIdentity" {
		return "because the credentials are those of GetSessionToken, without a second factor"
	}
	return ""
}

// entityOf returns the role or the user that somebody is, nil for the root.
func (d *Directory) entityOf(c access.Caller) *Entity {
	switch id := c.Identity; {
	case id == nil:
		return nil
	case id.Role != "":
		return d.entities.Find(Role.key(c.Account, lastName(id.Role)))
	default:
		return d.entities.Find(User.key(c.Account, id.User))
	}
}

// role returns a role by its ARN, nil where there is none.
func (d *Directory) role(roleARN string) *Entity {
	a, err := arn.Parse(roleARN)
	if err != nil {
		return nil
	}
	if e := d.entities.Find(Role.key(a.Account, lastName(roleARN))); e != nil && e.ARN == roleARN {
		return e
	}
	return nil
}

func lastName(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

// policiesOf gathers the policies that somebody is held to.
func (d *Directory) policiesOf(c access.Caller) policy.Policies {
	if c.Identity == nil || c.Identity.Role == "" && c.Identity.User == "" {
		return policy.Policies{Root: true}
	}
	p := d.policiesOfEntity(c.Account, d.entityOf(c))
	id := c.Identity
	if len(id.Policies)+len(id.PolicyARNs) > 0 {
		p.Session = []*policy.Document{}
	}
	for _, text := range id.Policies {
		if doc, err := policy.ParseIdentity(text); err == nil { // as it was when the session began
			p.Session = append(p.Session, doc)
		}
	}
	for _, arn := range id.PolicyARNs {
		p.Session = append(p.Session, d.managed(c.Account, arn))
	}
	return p
}

// policiesOfEntity gathers those of a user with its groups, or of a role.
func (d *Directory) policiesOfEntity(account string, e *Entity) (p policy.Policies) {
	if e == nil {
		return p
	}
	for _, e := range d.heldBy(account, e) {
		p.Identity = append(p.Identity, e.inline...)
		for _, arn := range e.Attached {
			p.Identity = append(p.Identity, d.managed(account, arn))
		}
	}
	if e.Boundary != "" {
		p.Boundary = []*policy.Document{d.managed(account, e.Boundary)}
	}
	return p
}

// heldBy are those whose policies hold for an entity: itself, and the groups of a user.
func (d *Directory) heldBy(account string, e *Entity) []*Entity {
	if e.Kind != User.Name {
		return []*Entity{e}
	}
	return append([]*Entity{e}, d.MemberOf(account, e, Group)...)
}
