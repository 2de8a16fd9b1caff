package transform

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// A template is a row of literal texts and placeholders.
type template struct {
	// text templates are delivered as they are; all others must become JSON.
	text  bool
	parts []part
	// vars are the variables that the template uses, each once.
	vars []variable
	// broken says why the template cannot give JSON whatever the event is.
	// EventBridge takes such a template and then delivers nothing.
	broken string
}

// A part is a literal, or a placeholder for a variable when variable >= 0.
type part struct {
	literal  string
	variable int
	// quoted means that the placeholder stands inside of a string.
	quoted bool
}

// A variable is a path into the event or, when reserved, something else that
// EventBridge knows.
type variable struct {
	reserved string
	path     Path
}

// The reserved variables.
const (
	varRuleARN       = "aws.events.rule-arn"
	varRuleName      = "aws.events.rule-name"
	varIngestionTime = "aws.events.event.ingestion-time"
	varEvent         = "aws.events.event"
	varEventJSON     = "aws.events.event.json"
)

// parseTemplate reads a template. When a placeholder has no variable, ok is
// false and unknown is its name.
func parseTemplate(s string, paths map[string]Path) (t *template, unknown string, ok bool) {
	t = &template{text: strings.HasPrefix(strings.TrimLeft(s, " \t\r\n"), `"`)}
	slots := map[string]int{}
	quoted, from := false, 0
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == '\\' && quoted:
			i++
		case s[i] == '<' && isPlaceholder(s[i:], quoted):
			name, _, _ := strings.Cut(s[i+1:], ">")
			v, ok := lookup(name, paths)
			if !ok {
				return nil, name, false
			}
			slot, seen := slots[name]
			if !seen {
				slot = len(t.vars)
				slots[name] = slot
				t.vars = append(t.vars, v)
			}
			t.parts = append(t.parts, part{literal: s[from:i], variable: -1}, part{variable: slot, quoted: quoted})
			i += len(name) + 1
			from = i + 1
		case t.text && !quoted && strings.IndexByte(" \t\r\n", s[i]) < 0:
			t.broken = "there is text outside of its double quotes"
		}
	}
	if t.text && quoted {
		t.broken = "its last double quote is missing"
	}
	t.parts = append(t.parts, part{literal: s[from:], variable: -1})
	return t, "", true
}

// isPlaceholder reports whether the bracket that s begins with opens one.
// Inside of a string a bracket may be just a bracket, so there it takes a name;
// elsewhere it has no other meaning.
func isPlaceholder(s string, quoted bool) bool {
	name, _, closed := strings.Cut(s[1:], ">")
	if !closed || !quoted {
		return closed
	}
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool { return !isNameRune(r) })
}

// isNameRune reports whether r may stand in a placeholder.
func isNameRune(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_' || r == '-' || r == '.'
}

func lookup(name string, paths map[string]Path) (variable, bool) {
	switch name {
	case varRuleARN, varRuleName, varIngestionTime, varEvent, varEventJSON:
		return variable{reserved: name}, true
	}
	p, ok := paths[name]
	return variable{path: p}, ok
}

// render fills the template.
func (t *template) render(event []byte, vars Vars) ([]byte, error) {
	if t.broken != "" {
		return nil, &Error{CodeInvalidJSON, "The input template does not give JSON: " + t.broken + "."}
	}
	// A value is nil when it is missing.
	values := make([][]byte, len(t.vars))
	size := 0
	for i, v := range t.vars {
		values[i] = v.value(event, vars)
		size += len(values[i])
	}
	for _, p := range t.parts {
		size += len(p.literal)
	}

	out := make([]byte, 0, size)
	for _, p := range t.parts {
		switch {
		case p.variable < 0:
			out = append(out, p.literal...)
		case p.quoted:
			out = t.appendQuoted(out, values[p.variable])
		case values[p.variable] == nil:
			out = append(out, `""`...)
		default:
			out = append(out, values[p.variable]...)
		}
	}
	if t.text {
		return out, nil
	}
	compact := bytes.NewBuffer(make([]byte, 0, len(out)))
	if err := json.Compact(compact, out); err != nil {
		return nil, &Error{CodeInvalidJSON, fmt.Sprintf("The input template does not give JSON for this event: %v.", err)}
	}
	return compact.Bytes(), nil
}

// appendQuoted appends a value that stands inside of a string.
func (t *template) appendQuoted(out, value []byte) []byte {
	switch {
	case isString(value):
		return append(out, characters(value)...)
	case t.text && isTree(value):
		for run := range bytes.SplitSeq(value, []byte{'"'}) {
			out = append(out, run...)
		}
		return out
	}
	return append(out, value...)
}

// value returns the JSON of the variable, and nil when the event has none.
func (v variable) value(event []byte, vars Vars) []byte {
	switch v.reserved {
	case varRuleARN:
		return quote(vars.RuleARN)
	case varRuleName:
		return quote(vars.RuleName)
	case varIngestionTime:
		return quote(vars.IngestionTime.UTC().Format(time.RFC3339))
	case varEvent:
		return withoutDetail(event)
	case varEventJSON:
		return event
	}
	found, _ := v.path.Find(event)
	return found
}

func quote(s string) []byte {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string always has a JSON form
	}
	return b
}

// withoutDetail returns the envelope without its detail, with the order and
// the spelling of keys that this variable has on EventBridge.
func withoutDetail(event []byte) []byte {
	out := make([]byte, 0, 512)
	for _, k := range []struct{ shown, key string }{
		{"id", "id"},
		{"account", "account"},
		{"detailType", "detail-type"},
		{"time", "time"},
		{"source", "source"},
		{"region", "region"},
		{"resources", "resources"},
		{"version", "version"},
	} {
		v, ok := member(event, k.key)
		if !ok {
			continue
		}
		sep := byte(',')
		if len(out) == 0 {
			sep = '{'
		}
		out = append(out, sep, '"')
		out = append(out, k.shown...)
		out = append(out, '"', ':')
		out = append(out, v...)
	}
	if len(out) == 0 {
		return nil
	}
	return append(out, '}')
}
