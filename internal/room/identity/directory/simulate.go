package directory

import (
	"strconv"
	"strings"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/policy"
	"github.com/dari-bus/dari/internal/room/identity/managed"
	"github.com/dari-bus/dari/internal/room/identity/simulator"
)

// A Subject is somebody of whom it is asked what they may do.
type Subject struct {
	*Entity
	// Policies are those that they are held to, and Boundary the most that these can
	// allow, nil without one.
	Policies []simulator.Source
	Boundary *simulator.Source
}

// Subject returns a user, a group or a role to who may do op with it.
func (d *Directory) Subject(by access.Caller, op, entityARN string) (*Subject, error) {
	a, err := arn.Parse(entityARN)
	word, _, _ := strings.Cut(a.Resource, "/")
	k := map[string]*Kind{User.Name: User, Group.Name: Group, Role.Name: Role}[word]
	if err != nil || a.Service != "iam" || k == nil || lastName(a.Resource) == "" {
		return nil, fault.Invalid("Invalid Entity Arn: %s does not clearly define entity type and name.", entityARN).WithCode(codeInput)
	}
	if err := d.Ask(by, "iam:"+op, entityARN, nil); err != nil {
		return nil, err
	}
	e := d.entities.Find(k.key(by.Account, lastName(a.Resource)))
	if e == nil || e.ARN != entityARN {
		return nil, k.missing(lastName(a.Resource))
	}
	s := &Subject{Entity: e}
	for _, of := range d.heldBy(by.Account, e) {
		for i, name := range of.PolicyNames() {
			s.Policies = append(s.Policies, simulator.Source{ID: of.Kind + "_" + of.Name + "_" + name, Text: of.Inline[name], Document: of.inline[i]})
		}
		for _, a := range of.Attached {
			s.Policies = append(s.Policies, d.source(by.Account, a))
		}
	}
	if e.Boundary != "" {
		boundary := d.source(by.Account, e.Boundary)
		s.Boundary = &boundary
	}
	return s, nil
}

// source is a managed policy, which says nothing when it is no longer there.
func (d *Directory) source(account, policyARN string) simulator.Source {
	s := simulator.Source{ID: lastName(policyARN)}
	if p := managed.Find(policyARN); p != nil {
		s.Text, s.Document = string(p.Document), p.Parsed
	} else if p := d.policyByARN(account, policyARN); p != nil {
		s.Text, s.Document = p.Version("v"+strconv.Itoa(p.Default)).Text, p.parsed
	}
	return s
}

// Principal is who the subject is as a caller; a group is none, but of its account.
func (s *Subject) Principal(account string) policy.Principal {
	if s.Kind == Group.Name {
		return policy.Principal{Account: account}
	}
	return policy.Principal{Account: account, ARN: s.ARN, ID: s.ID}
}

// Keys are the condition keys of calls of the subject.
func (s *Subject) Keys() map[string][]string {
	keys := map[string][]string{}
	for _, t := range s.Tags {
		keys["aws:PrincipalTag/"+t.Key] = []string{t.Value}
	}
	switch s.Kind {
	case User.Name:
		keys["aws:userid"], keys["aws:PrincipalType"] = []string{s.ID}, []string{"User"}
	case Role.Name:
		keys["aws:PrincipalType"] = []string{"AssumedRole"}
	}
	return keys
}
