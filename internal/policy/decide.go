package policy

import (
	"cmp"
	"fmt"
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
	// in any case; keys that differ in case only are one key with the values of
	// all. Decide itself adds aws:PrincipalArn, aws:PrincipalAccount,
	// aws:PrincipalIsAWSService and aws:PrincipalServiceName where they are not
	// given. It reads no clock: a document with dates needs aws:CurrentTime and
	// aws:EpochTime here.
	Context map[string][]string
}

// A Verdict is what a document says about a request.
type Verdict uint8

// The verdicts.
const (
	// NotCovered: no statement covers the request.
	NotCovered Verdict = iota
	// Allowed: an Allow covers it and no Deny does.
	Allowed
	// Denied: a Deny covers it.
	Denied
)

// String returns the verdict in words.
func (v Verdict) String() string {
	switch v {
	case Allowed:
		return "allowed"
	case Denied:
		return "denied"
	}
	return "not covered"
}

// A Decision is a verdict and why it is so.
type Decision struct {
	Verdict Verdict
	// Statement is the statement that decided: of several that allow, the first
	// of those that name the caller most closely. It is nil when none covers
	// the request.
	Statement *Statement
	// Named says how an Allow names the caller.
	Named Named
}

// String returns the decision in words, with the statement that made it.
func (d Decision) String() string {
	if d.Statement == nil {
		return d.Verdict.String()
	}
	return fmt.Sprintf("%s by %s", d.Verdict, d.Statement)
}

// Decide says what the document says about the request.
func (d *Document) Decide(r Request) Decision {
	if d == nil {
		return Decision{}
	}
	r.Action = strings.ToLower(r.Action)
	var decision Decision
	for _, s := range d.Statements {
		covered, named := s.covers(&r)
		switch {
		case s.deny && covered != no:
			return Decision{Verdict: Denied, Statement: s}
		case !s.deny && covered == yes && (decision.Statement == nil || named > decision.Named):
			decision = Decision{Allowed, s, named}
		}
	}
	return decision
}

// covers expects the action in lower case.
func (s *Statement) covers(r *Request) (truth, Named) {
	covered, named := s.principals.cover(&r.Principal, s.deny)
	if covered == no {
		return no, named
	}
	if slices.ContainsFunc(s.actions, func(a string) bool { return like(a, r.Action) }) == s.notAction {
		return no, named
	}
	if s.resources != nil && slices.ContainsFunc(s.resources, func(p string) bool { return like(p, r.Resource) }) == s.notResource {
		return no, named
	}
	for _, c := range s.conditions {
		covered = min(covered, c.holds(r.values(c.key)))
		if covered == no {
			break
		}
	}
	return covered, named
}

// values returns the values of a condition key.
func (r *Request) values(key string) []string {
	var values []string
	given := false
	for k, v := range r.Context {
		if strings.EqualFold(k, key) {
			values, given = append(values[:len(values):len(values)], v...), true
		}
	}
	if given {
		return values
	}
	own := ""
	switch strings.ToLower(key) {
	case "aws:principalarn":
		own = cmp.Or(r.Principal.Role, r.Principal.ARN)
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
