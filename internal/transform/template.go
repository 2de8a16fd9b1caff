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
	// literals is the length of all literals.
	literals int
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
	for _, p := range t.parts {
		t.literals += len(p.literal)
	}
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

// most is the length that the text of a template must not pass while it grows.
// Of a JSON template the white space between its tokens is not part of the result.
func (t *template) most() int {
	if t.text {
		return MaxOutput
	}
	return MaxOutput + t.literals
}

// longName is about the longest that an ARN is, and whatever else is not of the event.
const longName = 256

// size is the longest result that there can be for an event of that length.
func (t *template) size(event int) int {
	placeholders := len(t.parts) / 2 // each stands behind a literal, and one more ends the template
	return min(t.literals+placeholders*max(event, longName), t.most())
}

// cost returns about how much memory render needs, result included, for an
// event of that length.
func (t *template) cost(event int) int {
	copied := 0
	for _, v := range t.vars {
		if v.copies() {
			copied = min(copied+event, MaxOutput)
		}
	}
	return t.size(event) + copied + event // the last for a string with escapes while it is decoded
}

// render fills the template.
func (t *template) render(event []byte, vars Vars) ([]byte, error) {
	if t.broken != "" {
		return nil, &Error{CodeInvalidJSON, "The input template does not give JSON: " + t.broken + "."}
	}
	values, err := t.values(event, vars)
	if err != nil {
		return nil, err
	}
	size := t.literals
	for _, p := range t.parts {
		if p.variable >= 0 {
			size += len(values[p.variable]) + len(`""`)
		}
	}
	out := output{text: make([]byte, 0, min(size, t.most())), most: t.most()}
	for _, p := range t.parts {
		switch {
		case p.variable < 0:
			out.addString(p.literal)
		case p.quoted:
			out.addQuoted(values[p.variable], t.text)
		case values[p.variable] == nil:
			out.addString(`""`)
		default:
			out.add(values[p.variable])
		}
		if out.full {
			return nil, tooLong()
		}
	}
	if t.text {
		return out.text, nil
	}
	if !json.Valid(out.text) {
		var raw json.RawMessage
		return nil, &Error{CodeInvalidJSON, fmt.Sprintf("The input template does not give JSON for this event: %v.", json.Unmarshal(out.text, &raw))}
	}
	if out.text = compact(out.text); len(out.text) > MaxOutput {
		return nil, tooLong()
	}
	return out.text, nil
}

// values returns the value of each variable, nil for what is missing. Most are
// parts of the event; what the others come to is bounded as the result is.
func (t *template) values(event []byte, vars Vars) ([][]byte, error) {
	values := make([][]byte, len(t.vars))
	copied, work := 0, newEffort()
	for i, v := range t.vars {
		values[i] = v.value(event, vars, &work)
		if work.over() {
			return nil, tooMuchEffort()
		}
		if v.copies() {
			if copied += len(values[i]); copied > MaxOutput {
				return nil, tooLong()
			}
		}
	}
	return values, nil
}

// An output is a text that must not become longer than most. Once it would
// have, it is full and takes no more.
type output struct {
	text []byte
	most int
	full bool
}

func (o *output) add(b []byte) {
	if o.fits(len(b)) {
		o.text = append(o.text, b...)
	}
}

func (o *output) addString(s string) {
	if o.fits(len(s)) {
		o.text = append(o.text, s...)
	}
}

func (o *output) fits(n int) bool {
	o.full = o.full || len(o.text)+n > o.most
	return !o.full
}

// addQuoted adds a value that stands inside of a string, of a template that is
// text or JSON.
func (o *output) addQuoted(value []byte, text bool) {
	switch {
	case isString(value):
		o.add(characters(value))
	case text && isTree(value):
		for run := range bytes.SplitSeq(value, []byte{'"'}) {
			o.add(run)
		}
	default:
		o.add(value)
	}
}

// copies reports whether the value is new, and not a part of the event.
func (v variable) copies() bool { return v.reserved == varEvent || v.path.copies() }

// value returns the JSON of the variable, and nil when the event has none.
func (v variable) value(event []byte, vars Vars, work *effort) []byte {
	switch v.reserved {
	case varRuleARN:
		return quote(vars.RuleARN)
	case varRuleName:
		return quote(vars.RuleName)
	case varIngestionTime:
		return quote(vars.IngestionTime.UTC().Format(time.RFC3339))
	case varEvent:
		return withoutDetail(event, work)
	case varEventJSON:
		return event
	}
	found, _ := v.path.find(event, work)
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
func withoutDetail(event []byte, work *effort) []byte {
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
		v, ok := work.member(event, k.key)
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
