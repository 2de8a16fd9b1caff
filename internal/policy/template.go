package policy

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// A template is a text of a document, with its wildcards and its policy
// variables taken out of it.
type template []piece

type piece struct {
	kind pieceKind
	// text is the text of a plain piece, and the key of a variable.
	text string
	// fallback is what stands for a variable without a value; nil for nothing.
	fallback *string
}

type pieceKind uint8

const (
	plain        pieceKind = iota
	anyText                // *
	oneCharacter           // ?
	variable               // ${key} or ${key, 'fallback'}
	misplaced              // a variable where none is filled in
)

// parseTemplate reads a text, with wildcards and with variables where these
// mean something.
func parseTemplate(s string, wildcards, variables bool) (template, error) {
	special := func(s string) bool {
		return wildcards && (s[0] == '*' || s[0] == '?') || variables && strings.HasPrefix(s, "${")
	}
	var t template
	for s != "" {
		p, n := piece{}, 1
		switch {
		case !special(s):
			for n < len(s) && !special(s[n:]) {
				n++
			}
			p.text = s[:n]
		case s[0] == '*':
			p.kind = anyText
		case s[0] == '?':
			p.kind = oneCharacter
		default:
			var err error
			if p, n, err = parseVariable(s); err != nil {
				return nil, err
			}
		}
		t = t.with(p)
		s = s[n:]
	}
	return t, nil
}

// with returns the template with one more piece. Two plain pieces become one,
// and so do two stars.
func (t template) with(p piece) template {
	if len(t) > 0 && t[len(t)-1].kind == p.kind {
		switch p.kind {
		case plain:
			t[len(t)-1].text += p.text
			return t
		case anyText:
			return t
		}
	}
	return append(t, p)
}

// variables returns the keys that are filled in.
func (t template) variables() (keys []string) {
	for _, p := range t {
		if p.kind == variable {
			keys = append(keys, p.text)
		}
	}
	return keys
}

// parseVariable reads the variable that s begins with and returns how long it is.
func parseVariable(s string) (p piece, n int, err error) {
	malformed := fmt.Errorf("%.40q is no policy variable; want ${key}, ${key, 'default'}, ${*}, ${?} or ${$}", s)
	end := strings.IndexAny(s, ",}")
	if end < 0 {
		return p, 0, malformed
	}
	key := strings.TrimSpace(s[2:end])
	switch {
	case key == "" || len(key) > 1 && strings.ContainsAny(key, "*?${'"):
		return p, 0, malformed
	case s[end] == '}' && strings.Contains("*?$", key):
		return piece{kind: plain, text: key}, end + 1, nil
	case s[end] == '}':
		return piece{kind: variable, text: key}, end + 1, nil
	}
	rest, ok := strings.CutPrefix(strings.TrimLeft(s[end+1:], " "), "'")
	fallback, rest, closed := strings.Cut(rest, "'")
	rest, ended := strings.CutPrefix(strings.TrimLeft(rest, " "), "}")
	if !ok || !closed || !ended {
		return p, 0, malformed
	}
	return piece{kind: variable, text: key, fallback: &fallback}, len(s) - len(rest), nil
}

// split cuts the template at the first five colons, as ARNs are.
func (t template) split() []template {
	parts := []template{nil}
	for _, p := range t {
		for p.kind == plain && len(parts) < 6 {
			before, after, found := strings.Cut(p.text, ":")
			if !found {
				break
			}
			parts[len(parts)-1] = parts[len(parts)-1].with(piece{text: before})
			parts = append(parts, nil)
			p.text = after
		}
		parts[len(parts)-1] = parts[len(parts)-1].with(p)
	}
	return parts
}

// fill puts the values of the request in the place of the variables, as plain
// text: a star in a value is a star. It reports false when one has no value.
func (t template) fill(r *request) (template, bool) {
	i := 0
	for i < len(t) && t[i].kind < variable {
		i++
	}
	if i == len(t) {
		return t, true
	}
	if !r.spend(len(t)) {
		return nil, false
	}
	filled := append(make(template, 0, len(t)), t[:i]...)
	for _, p := range t[i:] {
		if p.kind >= variable {
			text, ok := p.value(r)
			if !ok {
				return nil, false
			}
			p = piece{text: text}
		}
		filled = append(filled, p)
	}
	return filled, true
}

// value returns what stands for a variable. A key with several values has none
// that could stand for it.
func (p piece) value(r *request) (string, bool) {
	if p.kind == misplaced || !r.spend(1+len(r.Context)) {
		return "", false
	}
	values := r.values(p.text)
	switch {
	case len(values) == 1:
		return values[0], true
	case len(values) == 0 && p.fallback != nil:
		return *p.fallback, true
	}
	return "", false
}

// text returns the text of a template without wildcards.
func (t template) text(r *request) (string, bool) {
	t, ok := t.fill(r)
	if !ok || len(t) == 0 {
		return "", ok
	}
	if len(t) == 1 {
		return t[0].text, true
	}
	size := 0
	for _, p := range t {
		size += len(p.text)
	}
	if !r.spend(size) {
		return "", false
	}
	var out strings.Builder
	out.Grow(size)
	for _, p := range t {
		out.WriteString(p.text)
	}
	return out.String(), true
}

// like says whether s matches the template: * stands for any text and ? for
// one character. When a later star has been reached, an earlier one need not
// be tried again, so that the steps are at most len(t)·len(s).
func (t template) like(r *request, s string) truth {
	t, ok := t.fill(r)
	if !ok {
		return unknown
	}
	at, i := 0, 0
	star, from := -1, 0 // the last star, and where in s what follows it is tried
	for at < len(t) || i < len(s) {
		taken, cost := -1, 1
		if at < len(t) {
			switch p := t[at]; p.kind {
			case anyText:
				if at == len(t)-1 {
					return yes
				}
				star, from = at, i
				taken = 0
			case oneCharacter:
				if i < len(s) {
					_, taken = utf8.DecodeRuneInString(s[i:])
				}
			default:
				cost += len(p.text) / 16
				if strings.HasPrefix(s[i:], p.text) {
					taken = len(p.text)
				}
			}
		}
		if !r.spend(cost) {
			return unknown
		}
		switch {
		case taken >= 0:
			at++
			i += taken
		case star < 0 || from == len(s):
			return no
		default:
			_, size := utf8.DecodeRuneInString(s[from:])
			from += size
			at, i = star+1, from
		}
	}
	return yes
}
