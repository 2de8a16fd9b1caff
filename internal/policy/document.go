package policy

import (
	"encoding/json"
	"fmt"
	"strings"
)

// A Document is a parsed policy. The nil Document has no statements.
type Document struct {
	// Version is "2012-10-17" or "2008-10-17", which is also what is meant when
	// the document does not say.
	Version string
	// ID is the Id element, or "".
	ID         string
	Statements []*Statement
}

// A Statement is one statement of a document.
type Statement struct {
	// Number counts the statements of the document, from 1.
	Number int
	// Sid is the statement's id, or ""; it is unique in its document.
	Sid string
	// Text is the statement as it stands in the document.
	Text json.RawMessage
	// Keys are the condition keys that it asks for, its variables among them, each
	// once and as it is spelled first.
	Keys []string

	deny       bool
	principals *principals // nil in an identity policy
	actions    *names      // in lower case
	resources  *names      // nil in a trust policy
	conditions []condition
}

// String names the statement, for people.
func (s *Statement) String() string {
	if s.Sid == "" {
		return fmt.Sprintf("statement %d", s.Number)
	}
	return fmt.Sprintf("statement %d (%q)", s.Number, s.Sid)
}

// The versions of the policy language.
const (
	version2012 = "2012-10-17"
	version2008 = "2008-10-17"
)

// maxLength is how many bytes a document may have: AWS's own ReadOnlyAccess is the
// longest there is, with some 80 KiB.
const maxLength = 128 << 10

// ErrTooLong means that a document is longer than any may be.
var ErrTooLong = fmt.Errorf("policy: it is longer than %d bytes, and no policy may be", maxLength)

// A kind of policy says what else than actions its statements are about.
type kind struct {
	// principal and resource are "" where a statement needs that element; else
	// they say why it may not have one.
	principal, resource string
}

var (
	resourcePolicy = kind{}
	identityPolicy = kind{principal: "an identity policy is about whomever it is attached to"}
	trustPolicy    = kind{resource: "a trust policy is about the role that it is attached to"}
)

// ParseResource reads the policy of a resource, such as a queue: its statements
// say who may do what with which resource. The error is [ErrNotJSON] when text
// is not a JSON object, [ErrTooLong] when it is too long to be looked at, and
// is otherwise a sentence about the statement at fault.
func ParseResource(text string) (*Document, error) { return resourcePolicy.parse(text) }

// ParseIdentity reads the policy of a user, group or role, a boundary, or the
// policy of a session: its statements have no principal. Errors are those of
// [ParseResource].
func ParseIdentity(text string) (*Document, error) { return identityPolicy.parse(text) }

// ParseTrust reads the policy that says who may take on a role: its statements
// have no resource. Errors are those of [ParseResource].
func ParseTrust(text string) (*Document, error) { return trustPolicy.parse(text) }

func (k kind) parse(text string) (*Document, error) {
	if len(text) > maxLength {
		return nil, ErrTooLong
	}
	if !isObject(json.RawMessage(text)) {
		return nil, ErrNotJSON
	}
	members, err := object(json.RawMessage(text))
	if err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	d := &Document{Version: version2008}
	var statements json.RawMessage
	for _, m := range members {
		switch m.key {
		case "Version":
			d.Version, err = oneString(m)
			if err == nil && d.Version != version2012 && d.Version != version2008 {
				err = fmt.Errorf("the Version is %q; want %q", d.Version, version2012)
			}
		case "Id":
			d.ID, err = oneString(m)
		case "Statement":
			statements = m.value
		default:
			err = fmt.Errorf("unknown element %q; a policy has Version, Id and Statement", m.key)
		}
		if err != nil {
			return nil, fmt.Errorf("policy: %w", err)
		}
	}
	if statements == nil {
		return nil, fmt.Errorf("policy: it has no Statement")
	}
	sids := map[string]bool{"": false}
	for i, raw := range listOf(statements) {
		s, err := k.parseStatement(raw, d.Version == version2012)
		if err != nil {
			return nil, fmt.Errorf("policy: statement %d: %w", i+1, err)
		}
		if sids[s.Sid] {
			return nil, fmt.Errorf("policy: statement %d: the Sid %q is taken by an earlier statement", i+1, s.Sid)
		}
		sids[s.Sid] = s.Sid != ""
		s.Number = i + 1
		d.Statements = append(d.Statements, s)
	}
	return d, nil
}

func (k kind) parseStatement(raw json.RawMessage, variables bool) (*Statement, error) {
	members, err := object(raw)
	if err != nil {
		return nil, err
	}
	s := &Statement{Text: raw}
	has := map[string]bool{}
	for _, m := range members {
		has[m.key] = true
		if err := s.set(m, variables); err != nil {
			return nil, err
		}
	}
	if !has["Effect"] {
		return nil, fmt.Errorf("it has no Effect")
	}
	for _, e := range []struct{ name, forbidden string }{{"Principal", k.principal}, {"Action", ""}, {"Resource", k.resource}} {
		one, other := has[e.name], has["Not"+e.name]
		switch {
		case e.forbidden != "" && (one || other):
			return nil, fmt.Errorf("it has %s or Not%[1]s, but %s", e.name, e.forbidden)
		case e.forbidden == "" && one == other:
			return nil, fmt.Errorf("it needs either %s or Not%[1]s", e.name)
		}
	}
	s.Keys = s.keys()
	return s, nil
}

func (s *Statement) keys() (keys []string) {
	seen := map[string]bool{}
	add := func(some ...string) {
		for _, key := range some {
			if folded := strings.ToLower(key); !seen[folded] {
				seen[folded] = true
				keys = append(keys, key)
			}
		}
	}
	if s.resources != nil {
		for _, t := range s.resources.list {
			add(t.variables()...)
		}
	}
	for i := range s.conditions {
		add(s.conditions[i].key)
		add(s.conditions[i].variables...)
	}
	return keys
}

// set takes one element of a statement. With variables, policy variables are
// filled in; without, they are text like any other.
func (s *Statement) set(m member, variables bool) (err error) {
	switch m.key {
	case "Sid":
		s.Sid, err = oneString(m)
	case "Effect":
		var effect string
		effect, err = oneString(m)
		s.deny = effect == "Deny"
		if err == nil && effect != "Deny" && effect != "Allow" {
			err = fmt.Errorf("the Effect is %q; want Allow or Deny", effect)
		}
	case "Principal", "NotPrincipal":
		s.principals, err = parsePrincipals(m)
	case "Action", "NotAction":
		s.actions, err = parseActions(m)
	case "Resource", "NotResource":
		s.resources, err = parseResources(m, variables)
	case "Condition":
		s.conditions, err = parseConditions(m, variables)
	default:
		err = fmt.Errorf("unknown element %q", m.key)
	}
	return err
}
