package catalog

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/policy"
	"github.com/dari-bus/dari/internal/store"
)

// A Policy says who may invoke a function, or one qualifier of it, as it is stored.
type Policy struct {
	// Qualifier is "" for the function without one.
	Qualifier  string
	Statements []json.RawMessage
	Revision   string

	document *policy.Document
}

// maxPolicy is how long a policy may be, in bytes.
const maxPolicy = 20480

// Text is the policy as GetPolicy has it.
func (p *Policy) Text() string {
	parts := make([][]byte, len(p.Statements))
	for i, s := range p.Statements {
		parts[i] = s
	}
	return `{"Version":"2012-10-17","Id":"default","Statement":[` + string(bytes.Join(parts, []byte(","))) + `]}`
}

// weight is about how many bytes a policy takes, as text and compiled.
func (p *Policy) weight() (n int) {
	for _, s := range p.Statements {
		n += 2 * len(s)
	}
	return n
}

func (p *Policy) compile() (err error) {
	p.document, err = policy.ParseResource(p.Text())
	return err
}

// PolicyOf returns the policy of an address, nil for none.
func (c *Catalog) PolicyOf(a Address) *policy.Document {
	if p := c.policies.Find(below(a, a.Qualifier)); p != nil {
		return p.document
	}
	return nil
}

// LetsIn says whether the policy of a function lets a service in: at AWS a service needs
// that also within an account.
func (c *Catalog) LetsIn(by access.Caller, a Address, action string) error {
	ask := &access.Ask{Caller: by, Action: action, Resource: a.ARN(), Owner: a.Account, Policy: c.PolicyOf(a)}
	if ask.Policy == nil || ask.Policy.Decide(ask.Request()).Verdict != policy.Allowed {
		return ask.Refuse("because no resource-based policy allows the " + action + " action")
	}
	return c.opt.Guard.Allow(ask)
}

// A Permission is a statement that is to be added to a policy.
type Permission struct {
	Sid, Action, Principal         string
	SourceARN, SourceAccount       string
	EventSourceToken, Organisation string
	URLAuthType                    string
	ViaURL                         *bool
	Revision                       string
}

// statement has the members in AWS's order.
type statement struct {
	Sid       string
	Effect    string
	Principal any
	Action    string
	Resource  string
	Condition map[string]map[string]string `json:",omitempty"`
}

// AddPermission adds a statement to the policy of a function, and returns it.
func (c *Catalog) AddPermission(ctx context.Context, by access.Caller, a Address, p Permission) (string, error) {
	if err := c.owned(by, a, "AddPermission"); err != nil {
		return "", err
	}
	if a.Qualifier == Latest {
		return "", fault.Invalid("We currently do not support adding policies for $LATEST.")
	}
	s := statement{Sid: p.Sid, Effect: "Allow", Action: p.Action, Resource: a.ARN(), Condition: p.conditions()}
	var err error
	if s.Principal, err = p.principal(a); err != nil {
		return "", err
	}
	text, err := plain(s)
	if err != nil {
		return "", err
	}
	return text, c.opt.Store.Update(ctx, func(tx store.Tx) error {
		if err := c.there(tx, a); err != nil {
			return err
		}
		key := below(a, a.Qualifier)
		next := &Policy{Qualifier: a.Qualifier, Revision: newRevision()}
		if old := c.policies.In(tx).Find(key); old != nil {
			next.Statements = slices.Clone(old.Statements)
		}
		if err := c.current(tx, a, p.Revision); err != nil {
			return err
		}
		if slices.ContainsFunc(next.Statements, sidIs(p.Sid)) {
			return fault.Conflict("The statement id (%s) provided already exists. Please provide a new statement id, or remove the existing statement.", p.Sid)
		}
		next.Statements = append(next.Statements, json.RawMessage(text))
		if n := len(next.Text()); n > maxPolicy {
			return fault.Limit("The final policy size (%d) is bigger than the limit (%d).", n, maxPolicy).WithCode("PolicyLengthExceededException")
		}
		if err := next.compile(); err != nil {
			return fault.Invalid("The provided principal was invalid. Please check the principal and try again.")
		}
		return c.policies.In(tx).Put(key, next)
	})
}

// Has says in a transaction whether there is what an address names.
func (c *Catalog) Has(tx store.Tx, a Address) bool { return c.there(tx, a) == nil }

// there says whether there is what an address names.
func (c *Catalog) there(tx store.Tx, a Address) error {
	switch {
	case c.functions.In(tx).Find(keyOf(a)) == nil:
		return missing(a.Whole())
	case a.Qualifier == "":
		return nil
	case isVersion(a.Qualifier):
		if c.versions.In(tx).Find(below(a, numbered(a.Qualifier))) == nil {
			return missing(a)
		}
	case c.aliases.In(tx).Find(below(a, a.Qualifier)) == nil:
		return c.noAlias(a)
	}
	return nil
}

// current refuses a revision that is not that of the policy.
func (c *Catalog) current(tx store.Tx, a Address, revision string) error {
	p := c.policies.In(tx).Find(below(a, a.Qualifier))
	if revision == "" || p != nil && p.Revision == revision {
		return nil
	}
	return stale("GetPolicy")
}

func (p *Permission) principal(a Address) (any, error) {
	switch {
	case p.Principal == "*":
		return "*", nil
	case access.IsAccount(p.Principal):
		return map[string]string{"AWS": "arn:" + partition(a) + ":iam::" + p.Principal + ":root"}, nil
	case strings.HasPrefix(p.Principal, "arn:"):
		return map[string]string{"AWS": p.Principal}, nil
	case strings.HasSuffix(p.Principal, ".amazonaws.com") || strings.HasSuffix(p.Principal, ".amazonaws.com.cn"):
		return map[string]string{"Service": p.Principal}, nil
	}
	return nil, fault.Invalid("The provided principal was invalid. Please check the principal and try again.")
}

func partition(a Address) string { return a.Place.ARN("lambda", "function:x").Partition }

func (p *Permission) conditions() map[string]map[string]string {
	all := map[string]map[string]string{}
	add := func(operator, key, value string) {
		if value == "" {
			return
		}
		if all[operator] == nil {
			all[operator] = map[string]string{}
		}
		all[operator][key] = value
	}
	add("StringEquals", "AWS:SourceAccount", p.SourceAccount)
	add("ArnLike", "AWS:SourceArn", p.SourceARN)
	add("StringEquals", "lambda:EventSourceToken", p.EventSourceToken)
	add("StringEquals", "aws:PrincipalOrgID", p.Organisation)
	add("StringEquals", "lambda:FunctionUrlAuthType", p.URLAuthType)
	if p.ViaURL != nil {
		add("Bool", "lambda:InvokedViaFunctionUrl", fmt.Sprint(*p.ViaURL))
	}
	return all
}

// plain is JSON with the characters that HTML has a meaning for as they are.
func plain(v any) (string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return strings.TrimSuffix(b.String(), "\n"), err
}

func sidIs(sid string) func(json.RawMessage) bool {
	return func(text json.RawMessage) bool {
		var s struct{ Sid string }
		return json.Unmarshal(text, &s) == nil && s.Sid == sid
	}
}

// RemovePermission removes a statement from the policy of a function.
func (c *Catalog) RemovePermission(ctx context.Context, by access.Caller, a Address, sid, revision string) error {
	if err := c.owned(by, a, "RemovePermission"); err != nil {
		return err
	}
	return c.opt.Store.Update(ctx, func(tx store.Tx) error {
		key := below(a, a.Qualifier)
		if c.functions.In(tx).Find(keyOf(a)) == nil {
			return fault.NotFound("No policy found for: %s", a.ARN())
		}
		old := c.policies.In(tx).Find(key)
		if old == nil {
			return fault.NotFound("No policy is associated with the given resource.")
		}
		if err := c.current(tx, a, revision); err != nil {
			return err
		}
		next := &Policy{Qualifier: a.Qualifier, Statements: slices.DeleteFunc(slices.Clone(old.Statements), sidIs(sid)), Revision: newRevision()}
		switch len(next.Statements) {
		case len(old.Statements):
			return fault.NotFound("Statement %s is not found in resource policy.", sid)
		case 0:
			_, err := c.policies.In(tx).Delete(key)
			return err
		}
		if err := next.compile(); err != nil {
			return err
		}
		return c.policies.In(tx).Put(key, next)
	}, store.Draining)
}

// Policy returns the policy of a function.
func (c *Catalog) Policy(by access.Caller, a Address) (*Policy, error) {
	if err := c.owned(by, a, "GetPolicy"); err != nil {
		return nil, err
	}
	if p := c.policies.Find(below(a, a.Qualifier)); p != nil {
		return p, nil
	}
	if c.functions.Find(keyOf(a)) == nil {
		return nil, missing(a)
	}
	return nil, fault.NotFound("The resource you requested does not exist.")
}
