package bus

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/policy"
)

// A Permission lets an account, an organization or everybody put events on a bus.
type Permission struct {
	// Bus is a name; "" means the default bus.
	Bus         string
	Action      string
	StatementID string
	// Principal is an account, or "*" for everybody.
	Principal string
	// Condition narrows "*" to an organization; nil does not.
	Condition *Condition
	// Policy is the text of a whole policy, to be put in the place of what is
	// there; the other fields are then empty.
	Policy string
}

// A Condition narrows a permission.
type Condition struct{ Type, Key, Value string }

// A statement is what PutPermission writes into a policy, in EventBridge's
// order of keys.
type statement struct {
	Sid       string
	Effect    string
	Principal any
	Action    string
	Resource  string
	Condition map[string]map[string]string `json:",omitempty"`
}

// PutPermission adds a statement to the policy of a bus, replaces the one with
// the same id, or replaces the whole policy.
func (s *Service) PutPermission(ctx context.Context, by access.Caller, p Permission) error {
	if err := p.check(); err != nil {
		return err
	}
	return s.changePolicy(ctx, by, "PutPermission", p.Bus, func(b *bus, text string) (string, error) {
		if p.Policy != "" {
			return compactPolicy(p.Policy)
		}
		doc, err := parseDocument(text)
		if err != nil {
			return "", err
		}
		raw, err := json.Marshal(p.statement(b))
		if err != nil {
			return "", err
		}
		doc.set(p.StatementID, raw)
		return doc.text()
	})
}

// RemovePermission removes one statement from the policy of a bus, or all of them.
func (s *Service) RemovePermission(ctx context.Context, by access.Caller, ref, statementID string, all bool) error {
	if statementID == "" && !all {
		return fault.Invalid("Parameter StatementId is required.")
	}
	return s.changePolicy(ctx, by, "RemovePermission", ref, func(_ *bus, text string) (string, error) {
		if all {
			return "", nil
		}
		doc, err := parseDocument(text)
		if err != nil {
			return "", err
		}
		if !doc.remove(statementID) {
			return "", fault.NotFound("Statement with the provided id does not exist.")
		}
		return doc.text()
	})
}

// changePolicy replaces the policy of a bus by what fn makes of it.
func (s *Service) changePolicy(ctx context.Context, by access.Caller, op, ref string, fn func(b *bus, text string) (string, error)) error {
	b, err := s.lock(by, op, ref)
	if err != nil {
		return err
	}
	defer b.writing.Unlock()
	if err := b.allow(by, op, b.arn, nil); err != nil {
		return err
	}
	r := b.attributes.Load().busRecord
	text, err := fn(b, r.Policy)
	if err != nil && !errors.Is(err, policy.ErrTooLong) {
		return err
	}
	if err != nil || utf8.RuneCountInString(text) > s.opt.Limits.PolicyLength {
		return fault.Limit("The policy of event bus %s would be longer than the %d characters that are allowed.",
			b.Name, s.opt.Limits.PolicyLength).WithCode("PolicyLengthExceededException")
	}
	r.Policy = text
	return s.changeBus(ctx, b, r)
}

func (p *Permission) check() error {
	switch {
	case p.Policy != "":
		if p.Action != "" || p.Principal != "" || p.StatementID != "" || p.Condition != nil {
			return fault.Invalid("Parameter Policy replaces the whole policy; it cannot be combined with Action, Principal, StatementId or Condition.")
		}
		return nil
	case p.StatementID == "":
		return fault.Invalid("Parameter StatementId is required.")
	case p.Principal == "":
		return fault.Invalid("Parameter Principal must be specified.")
	case p.Action != "events:PutEvents":
		return fault.Invalid("Provided value in parameter 'action' is not supported.")
	}
	if c := p.Condition; c != nil {
		switch {
		case p.Principal != "*":
			return fault.Invalid("Parameter Condition is for the Principal \"*\" only.")
		case c.Type != "StringEquals" || c.Key != "aws:PrincipalOrgID" || c.Value == "":
			return fault.Invalid("Parameter Condition is not valid. Reason: Only StringEquals on aws:PrincipalOrgID is supported.")
		}
	}
	return nil
}

func (p *Permission) statement(b *bus) statement {
	st := statement{Sid: p.StatementID, Effect: "Allow", Principal: p.Principal, Action: p.Action, Resource: b.arn}
	if p.Principal != "*" {
		root := arn.ARN{Partition: arn.Partition(b.Region), Service: "iam", Account: p.Principal, Resource: "root"}
		st.Principal = map[string]string{"AWS": root.String()}
	}
	if c := p.Condition; c != nil {
		st.Condition = map[string]map[string]string{c.Type: {c.Key: c.Value}}
	}
	return st
}

// compactPolicy checks the text of a policy and takes the white space out.
func compactPolicy(text string) (string, error) {
	doc, err := parseDocument(text)
	if err != nil || len(doc.Statement) == 0 {
		return "", err
	}
	var out bytes.Buffer
	err = json.Compact(&out, []byte(text))
	return out.String(), err
}

// A document is a policy whose statements are left as they were given.
type document struct {
	Version   string            `json:",omitempty"`
	ID        string            `json:"Id,omitempty"`
	Statement []json.RawMessage `json:",omitempty"`
	sids      []string          // of the statements
}

// parseDocument reads the text of a policy; "" is one without statements.
func parseDocument(text string) (*document, error) {
	doc := &document{Version: "2012-10-17"}
	if text == "" {
		return doc, nil
	}
	p, err := policy.ParseResource(text)
	if errors.Is(err, policy.ErrNotJSON) {
		return nil, fault.Invalid("This policy contains invalid Json")
	}
	if errors.Is(err, policy.ErrTooLong) {
		return nil, err
	}
	if err != nil {
		return nil, fault.Invalid("This policy is not valid: %s.", err)
	}
	doc.Version, doc.ID = p.Version, p.ID
	for _, s := range p.Statements {
		doc.set(s.Sid, s.Text)
	}
	return doc, nil
}

// set adds a statement, in the place of the one with the same id.
func (d *document) set(sid string, text json.RawMessage) {
	if i := slices.Index(d.sids, sid); i >= 0 && sid != "" {
		d.Statement[i] = text
		return
	}
	d.sids = append(d.sids, sid)
	d.Statement = append(d.Statement, text)
}

// remove takes the statement with an id out and says whether there was one.
func (d *document) remove(sid string) bool {
	i := slices.Index(d.sids, sid)
	if i < 0 {
		return false
	}
	d.sids = slices.Delete(d.sids, i, i+1)
	d.Statement = slices.Delete(d.Statement, i, i+1)
	return true
}

// text prints the policy; without statements there is none.
func (d *document) text() (string, error) {
	if len(d.Statement) == 0 {
		return "", nil
	}
	var out strings.Builder
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false) // statements are left as they were given
	err := enc.Encode(d)
	return strings.TrimSuffix(out.String(), "\n"), err
}
