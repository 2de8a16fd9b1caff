package filter

import (
	"bytes"
	"strings"
)

// fields are a pattern of a line's fields. Those from many on are counted from the
// end of the line; many is -1 when the pattern has no dots.
type fields struct {
	all  []field
	many int
}

// A field has a name and tests: one of anyOf, of which all must hold.
type field struct {
	name  string
	anyOf [][]test
}

func (p *parser) fields() (matcher, error) {
	p.at++
	out := &fields{many: -1}
	for !p.take("]") {
		if len(out.all)+max(out.many+1, 0) > 0 && !p.take(",") {
			return nil, invalid("at %q a comma or ] is missing", p.rest())
		}
		if p.take("...") {
			if out.many >= 0 {
				return nil, invalid("... stands twice")
			}
			out.many = len(out.all)
			continue
		}
		f, err := p.field()
		if err != nil {
			return nil, err
		}
		out.all = append(out.all, f)
	}
	return out, p.atEnd()
}

func isFieldName(c byte) bool { return isWord(c) || c == '-' || c == '$' || c == '.' || c == '@' }

func (p *parser) field() (f field, err error) {
	p.blanks()
	if f.name = p.run(isFieldName); f.name == "" {
		return f, invalid("at %q the name of a field is missing", p.rest())
	}
	p.blanks()
	if c := p.peek(); c == ',' || c == ']' {
		return f, nil
	}
	f.anyOf = [][]test{nil}
	for {
		t, err := p.test(func(c byte) bool { return !isBlank(c) && !strings.ContainsRune(",]&|=<>\"", rune(c)) })
		if err != nil {
			return f, err
		}
		last := len(f.anyOf) - 1
		f.anyOf[last] = append(f.anyOf[last], t)
		switch {
		case p.take("||"):
			f.anyOf = append(f.anyOf, nil)
		case !p.take("&&"):
			return f, nil
		}
		p.blanks()
		if name := p.run(isFieldName); name != f.name {
			return f, invalid("the conditions of the field %s are about %s", f.name, name)
		}
	}
}

func (f *field) match(s string) bool {
	for _, tests := range f.anyOf {
		holds := true
		for i := range tests {
			holds = holds && tests[i].matchText(s)
		}
		if holds {
			return true
		}
	}
	return len(f.anyOf) == 0
}

// pair calls fn with each field of the pattern and its part of the line until it
// returns false. It says whether the line has fields enough and fn never did.
func (f *fields) pair(text []byte, fn func(*field, string) bool) bool {
	parts := split(text)
	if len(parts) < len(f.all) || f.many < 0 && len(parts) != len(f.all) {
		return false
	}
	for i := range f.all {
		at := i
		if f.many >= 0 && i >= f.many {
			at = len(parts) - len(f.all) + i
		}
		if !fn(&f.all[i], parts[at]) {
			return false
		}
	}
	return true
}

func (f *fields) match(text []byte) bool {
	if len(f.all) == 0 && f.many < 0 {
		return true // [] is accepted, and asks for nothing
	}
	return f.pair(text, (*field).match)
}

func (f *fields) extract(text []byte) map[string]string {
	out := map[string]string{}
	f.pair(text, func(f *field, s string) bool {
		out["$"+f.name] = s
		return true
	})
	return out
}

func (f *fields) holds() [][]byte { return nil }

// split cuts a line at its blanks. What is in brackets or in double quotes is one
// field, without them.
func split(text []byte) (parts []string) {
	for {
		text = bytes.TrimLeft(text, " \t\r\n")
		if len(text) == 0 {
			return parts
		}
		closing := byte(0)
		switch text[0] {
		case '[':
			closing = ']'
		case '"':
			closing = '"'
		}
		if closing != 0 {
			if end := bytes.IndexByte(text[1:], closing); end >= 0 {
				parts, text = append(parts, string(text[1:end+1])), text[end+2:]
				continue
			}
		}
		end := bytes.IndexAny(text, " \t\r\n")
		if end < 0 {
			end = len(text)
		}
		parts, text = append(parts, string(text[:end])), text[end:]
	}
}
