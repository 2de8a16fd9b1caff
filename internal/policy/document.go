package policy

import (
	"encoding/json"
	"fmt"
	"slices"
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
	// Sid is the statement's id, or ""; it is unique in its document.
	Sid string
	// Text is the statement as it stands in the document.
	Text json.RawMessage

	deny         bool
	principals   principals
	notPrincipal bool
	actions      []string // in lower case
	notAction    bool
	resources    []string
	notResource  bool
	conditions   []condition
}

// The versions of the policy language.
const (
	version2012 = "2012-10-17"
	version2008 = "2008-10-17"
)

// Parse reads a resource policy. The error is [ErrNotJSON] when text is not a
// JSON object, and is otherwise a sentence about the statement at fault.
func Parse(text string) (*Document, error) {
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
	for i, raw := range listOf(statements) {
		s, err := parseStatement(raw)
		if err != nil {
			return nil, fmt.Errorf("policy: statement %d: %w", i+1, err)
		}
		if s.Sid != "" && slices.ContainsFunc(d.Statements, func(o *Statement) bool { return o.Sid == s.Sid }) {
			return nil, fmt.Errorf("policy: statement %d: the Sid %q is taken by an earlier statement", i+1, s.Sid)
		}
		d.Statements = append(d.Statements, s)
	}
	return d, nil
}

func parseStatement(raw json.RawMessage) (*Statement, error) {
	members, err := object(raw)
	if err != nil {
		return nil, err
	}
	s := &Statement{Text: raw}
	has := map[string]bool{}
	for _, m := range members {
		has[m.key] = true
		if err := s.set(m); err != nil {
			return nil, err
		}
	}
	if !has["Effect"] {
		return nil, fmt.Errorf("it has no Effect")
	}
	for _, name := range []string{"Principal", "Action", "Resource"} {
		if has[name] == has["Not"+name] {
			return nil, fmt.Errorf("it needs either %s or Not%[1]s", name)
		}
	}
	return s, nil
}

// set takes one element of a statement.
func (s *Statement) set(m member) (err error) {
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
		s.notPrincipal = m.key == "NotPrincipal"
		s.principals, err = parsePrincipals(m)
	case "Action", "NotAction":
		s.notAction = m.key == "NotAction"
		s.actions, err = parseActions(m)
	case "Resource", "NotResource":
		s.notResource = m.key == "NotResource"
		s.resources, err = someStrings(m)
	case "Condition":
		s.conditions, err = parseConditions(m)
	default:
		err = fmt.Errorf("unknown element %q", m.key)
	}
	return err
}

func parseActions(m member) ([]string, error) {
	actions, err := someStrings(m)
	for i, a := range actions {
		service, name, ok := strings.Cut(a, ":")
		if a != "*" && (!ok || service == "" || name == "") {
			return nil, fmt.Errorf("%s %q has no service; want one such as sqs:SendMessage", m.key, a)
		}
		actions[i] = strings.ToLower(a)
	}
	return actions, err
}
