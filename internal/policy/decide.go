package policy

import (
	"slices"
	"strings"
)

// A Request is what is asked of a document.
type Request struct {
	Principal Principal
	// Action is what is to be done, such as "sqs:SendMessage".
	Action string
	// Resource is the ARN of what it is to be done with.
	Resource string
	// Context holds the condition keys of the request, such as "aws:SourceArn",
	// in any case. Decide itself adds aws:PrincipalArn, aws:PrincipalAccount,
	// aws:PrincipalIsAWSService and aws:PrincipalServiceName where they are not
	// given.
	Context map[string][]string
}

// A Decision is what a document says about a request.
type Decision uint8

// The decisions.
const (
	// NotCovered: no statement covers the request.
	NotCovered Decision = iota
	// Allowed: an Allow covers it and no Deny does.
	Allowed
	// Denied: a Deny covers it.
	Denied
)

// String returns the decision in words.
func (d Decision) String() string {
	switch d {
	case Allowed:
		return "allowed"
	case Denied:
		return "denied"
	}
	return "not covered"
}

// Decide says what the document says about the request.
func (d *Document) Decide(r Request) Decision {
	if d == nil {
		return NotCovered
	}
	r.Action = strings.ToLower(r.Action)
	decision := NotCovered
	for _, s := range d.Statements {
		if !s.covers(&r) {
			continue
		}
		if s.deny {
			return Denied
		}
		decision = Allowed
	}
	return decision
}

// covers expects the action in lower case.
func (s *Statement) covers(r *Request) bool {
	if s.principals.include(r.Principal) == s.notPrincipal {
		return false
	}
	if slices.ContainsFunc(s.actions, func(a string) bool { return like(a, r.Action) }) == s.notAction {
		return false
	}
	if slices.ContainsFunc(s.resources, func(p string) bool { return like(p, r.Resource) }) == s.notResource {
		return false
	}
	for _, c := range s.conditions {
		holds, clear := c.holds(r.values(c.key))
		if !clear {
			holds = s.deny
		}
		if !holds {
			return false
		}
	}
	return true
}

// values returns the values of a condition key.
func (r *Request) values(key string) []string {
	for k, v := range r.Context {
		if strings.EqualFold(k, key) {
			return v
		}
	}
	own := ""
	switch strings.ToLower(key) {
	case "aws:principalarn":
		own = r.Principal.ARN
	case "aws:principalaccount":
		own = r.Principal.Account
	case "aws:principalservicename":
		own = r.Principal.Service
	case "aws:principalisawsservice":
		own = "false"
		if r.Principal.Service != "" {
			own = "true"
		}
	}
	if own == "" {
		return nil
	}
	return []string{own}
}
