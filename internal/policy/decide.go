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
	// aws:EpochTime here. A binary value is given in base64, as documents do.
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

// effort is how many steps one Decide may take to match: at most some 50 ms. What
// people write takes a few hundred. All documents of a request may take together
// what a few of them may.
const (
	effort         = 1 << 20
	effortTogether = 4 * effort
)

// A request is a Request that is being decided.
type request struct {
	Request
	left int // of the effort
}

func newRequest(asked Request, steps int) *request {
	asked.Action = strings.ToLower(asked.Action)
	return &request{asked, steps}
}

// spend takes steps from the effort, and reports false when there are none left.
func (r *request) spend(steps int) bool {
	r.left -= min(steps, r.left)
	return r.left > 0
}

// Decide says what the document says about the request.
func (d *Document) Decide(asked Request) Decision { return d.decide(asked, effort) }

func (d *Document) decide(asked Request, steps int) Decision {
	if d == nil {
		return Decision{}
	}
	r := newRequest(asked, steps)
	var decision Decision
	for _, s := range d.Statements {
		covered, named := s.covers(r)
		switch {
		case s.deny && covered != no:
			return Decision{Verdict: Denied, Statement: s}
		case !s.deny && covered == yes && (decision.Statement == nil || named > decision.Named):
			decision = Decision{Allowed, s, named}
		}
	}
	return decision
}

// LetsAnybody says whether the document allows an action to whoever asks, of whom
// nothing is known.
func (d *Document) LetsAnybody(action, resource string) bool {
	return d.Decide(Request{Action: action, Resource: resource}).Verdict == Allowed
}

// covers expects the action in lower case.
func (s *Statement) covers(r *request) (truth, Named) {
	covered, named := s.isAbout(r)
	return s.holds(r, covered), named
}

// isAbout says whether the statement is about the caller, the action and the resource,
// whatever its conditions.
func (s *Statement) isAbout(r *request) (truth, Named) {
	covered, named := s.principals.cover(r, s.deny)
	if covered != no {
		covered = min(covered, s.actions.cover(r, r.Action))
	}
	if covered != no {
		covered = min(covered, s.resources.cover(r, r.Resource))
	}
	return covered, named
}

// holds is how far the request is covered when the conditions are asked as well.
func (s *Statement) holds(r *request, covered truth) truth {
	for i := 0; i < len(s.conditions) && covered != no; i++ {
		covered = min(covered, s.conditions[i].holds(r))
	}
	return covered
}

// values returns the values of a condition key.
func (r *request) values(key string) []string {
	var values []string
	given := false
	for k, v := range r.Context {
		switch {
		case !strings.EqualFold(k, key):
		case !given:
			values, given = v, true
		default:
			values = slices.Concat(values, v)
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
