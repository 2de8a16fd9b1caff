package filter

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/dari-bus/dari/internal/rawjson"
)

// An expr is a part of a pattern of JSON selectors.
type expr interface {
	holds(root rawjson.Value) bool
}

type anyOf []expr
type allOf []expr

func (a anyOf) holds(root rawjson.Value) bool {
	for _, e := range a {
		if e.holds(root) {
			return true
		}
	}
	return false
}

func (a allOf) holds(root rawjson.Value) bool {
	for _, e := range a {
		if !e.holds(root) {
			return false
		}
	}
	return true
}

// A selection is a selector and the test of what it selects.
type selection struct {
	text string
	path []step
	test
}

// A step is one step down: a name, an index, or every element.
type step struct {
	name  string
	index int
	kind  byte // '.', '[' or '*'
}

// selectors are a pattern of JSON selectors.
type selectors struct {
	expr expr
	all  []*selection
}

func (p *parser) json() (matcher, error) {
	p.at++
	out := &selectors{}
	var err error
	if out.expr, err = p.or(out); err != nil {
		return nil, err
	}
	if !p.take("}") {
		return nil, invalid("at %q a } is missing", p.rest())
	}
	return out, p.atEnd()
}

func (p *parser) or(out *selectors) (expr, error) {
	var all anyOf
	for {
		e, err := p.and(out)
		if err != nil {
			return nil, err
		}
		if all = append(all, e); !p.take("||") {
			return all, nil
		}
	}
}

func (p *parser) and(out *selectors) (expr, error) {
	var all allOf
	for {
		e, err := p.primary(out)
		if err != nil {
			return nil, err
		}
		if all = append(all, e); !p.take("&&") {
			return all, nil
		}
	}
}

func (p *parser) primary(out *selectors) (expr, error) {
	if p.take("(") {
		e, err := p.or(out)
		if err == nil && !p.take(")") {
			err = invalid("at %q a ) is missing", p.rest())
		}
		return e, err
	}
	s := &selection{}
	p.blanks()
	begin := p.at
	var err error
	if s.path, err = p.selector(); err != nil {
		return nil, err
	}
	s.text = p.text[begin:p.at]
	for _, words := range [][]string{{"IS", "NULL"}, {"IS", "TRUE"}, {"IS", "FALSE"}, {"NOT", "EXISTS"}} {
		if p.words(words...) {
			s.op = strings.Join(words, " ")
			break
		}
	}
	if s.op == "" {
		s.test, err = p.test(func(c byte) bool { return !isBlank(c) && !strings.ContainsRune("{}()&|=<>\"", rune(c)) })
	}
	out.all = append(out.all, s)
	return s, err
}

// selector reads $ and the steps behind it.
func (p *parser) selector() (path []step, err error) {
	if !p.take("$") {
		return nil, invalid("at %q a selector is missing, such as $.name", p.rest())
	}
	for {
		switch p.peek() {
		case '.':
			p.at++
			name := p.run(func(c byte) bool { return !isBlank(c) && !strings.ContainsRune("{}()&|=!<>\"[].,", rune(c)) })
			if name == "" {
				return nil, invalid("at %q a name is missing", p.rest())
			}
			path = append(path, step{name: name, kind: '.'})
		case '[':
			s, err := p.bracket()
			if err != nil {
				return nil, err
			}
			path = append(path, s)
		default:
			if len(path) == 0 {
				return nil, invalid("at %q a name is missing: a selector is such as $.name", p.rest())
			}
			return path, nil
		}
	}
}

func (p *parser) bracket() (s step, err error) {
	p.at++
	end := strings.IndexByte(p.rest(), ']')
	if strings.HasPrefix(p.rest(), "'") {
		end = strings.Index(p.rest(), "']") + 1
	}
	if end <= 0 {
		return s, invalid("a [ is not closed")
	}
	inner := p.rest()[:end]
	p.at += end + 1
	if inner == "*" {
		return step{kind: '*'}, nil
	}
	if inner[0] == '\'' {
		return step{name: inner[1 : len(inner)-1], kind: '.'}, nil
	}
	n, err := strconv.Atoi(inner)
	if err != nil || n < 0 {
		return s, invalid("[%s] is no element of a list: want a number, * or a name in single quotes", inner)
	}
	return step{index: n, kind: '['}, nil
}

// parse reads a JSON text, and says whether it is an object or a list.
func parse(text []byte) (root rawjson.Value, ok bool) {
	text = bytes.TrimSpace(text)
	if len(text) == 0 || text[0] != '{' && text[0] != '[' {
		return rawjson.Value{}, false
	}
	return rawjson.Of(text)
}

func (s *selectors) match(text []byte) bool {
	root, ok := parse(text)
	return ok && s.expr.holds(root)
}

func (s *selectors) extract(text []byte) map[string]string {
	out := map[string]string{}
	root, ok := parse(text)
	if !ok {
		return out
	}
	for _, sel := range s.all {
		sel.each(root, sel.path, func(v rawjson.Value) bool {
			if text, ok := scalar(v); ok {
				out[sel.text] = text
				return true
			}
			return false
		})
	}
	return out
}

func (s *selectors) holds() [][]byte { return nil }

// scalar is the text of a value that is neither an object nor a list.
func scalar(v rawjson.Value) (string, bool) {
	switch v.Kind() {
	case rawjson.String:
		return string(v.Text()), true
	case rawjson.Object, rawjson.List:
		return "", false
	}
	return string(v.Raw()), true
}

func (s *selection) holds(root rawjson.Value) bool {
	there := false
	holds := s.each(root, s.path, func(v rawjson.Value) bool {
		there = true
		return s.op != "NOT EXISTS" && s.matchJSON(v)
	})
	return holds || s.op == "NOT EXISTS" && !there
}

// each calls fn with what a path leads to until it returns true, and says whether it did.
func (s *selection) each(v rawjson.Value, path []step, fn func(rawjson.Value) bool) bool {
	if len(path) == 0 {
		return fn(v)
	}
	switch at := path[0]; at.kind {
	case '.':
		inner, ok := v.Member(at.name)
		return ok && s.each(inner, path[1:], fn)
	case '[':
		inner, ok := v.Element(at.index)
		return ok && s.each(inner, path[1:], fn)
	default:
		for inner := range v.Elements() {
			if s.each(inner, path[1:], fn) {
				return true
			}
		}
		return false
	}
}
