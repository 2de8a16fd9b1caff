package transform

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// A Path leads to a value in an event. The zero Path leads to the event itself.
type Path struct{ steps []step }

// A step goes one level down: into the member called name when kind is
// byName, to the element index when it is byIndex, to all children when it is
// toAll.
type step struct {
	kind  stepKind
	name  string
	index int
}

type stepKind uint8

const (
	byName stepKind = iota
	byIndex
	toAll
)

// ParsePath reads a path. That nothing can be there is no error.
func ParsePath(s string) (Path, error) {
	rest, ok := strings.CutPrefix(s, "$")
	if !ok {
		return Path{}, fmt.Errorf("path %q does not begin with $", s)
	}
	var p Path
	for rest != "" {
		next, after, ok := cutStep(rest)
		if !ok {
			return Path{}, fmt.Errorf("path %q: cannot read %q; a step is .name, ['name'], [0] or [*]", s, rest)
		}
		p.steps = append(p.steps, next)
		rest = after
	}
	return p, nil
}

// cutStep reads the first step of s and returns what stands behind it.
func cutStep(s string) (step, string, bool) {
	if name, ok := strings.CutPrefix(s, "."); ok {
		end := strings.IndexFunc(name, endsName)
		if end < 0 {
			end = len(name)
		}
		if end > 0 {
			return step{kind: byName, name: name[:end]}, name[end:], true
		}
		if rest, ok := strings.CutPrefix(name, "*"); ok {
			return step{kind: toAll}, rest, true
		}
		return step{}, "", false
	}
	inner, ok := strings.CutPrefix(s, "[")
	if !ok || inner == "" {
		return step{}, "", false
	}
	if quote := inner[0]; quote == '\'' || quote == '"' {
		name, rest, ok := strings.Cut(inner[1:], string(quote)+"]")
		return step{kind: byName, name: name}, rest, ok
	}
	text, rest, ok := strings.Cut(inner, "]")
	if !ok {
		return step{}, "", false
	}
	if text == "*" {
		return step{kind: toAll}, rest, true
	}
	n, err := strconv.ParseUint(text, 10, 31)
	return step{kind: byIndex, index: int(n)}, rest, err == nil
}

// endsName reports whether a name after a dot cannot hold r. AWS documents
// letters, digits, dash, underscore and slash; names with a colon or an at
// sign are common in events and nothing else they could mean.
func endsName(r rune) bool {
	return strings.ContainsRune(`.[]()'"*?,<>`, r) || unicode.IsSpace(r) || unicode.IsControl(r)
}

// Find returns the value at the path as the text that stands in event, or
// false when nothing is there. What a star finds is a new list, which is not
// longer than event.
func (p Path) Find(event []byte) (value []byte, ok bool) {
	work := newEffort()
	return p.find(event, &work)
}

func (p Path) find(event []byte, work *effort) (value []byte, ok bool) {
	v, below, ok := work.walk(bytes.TrimSpace(event), p.steps)
	if !ok || below == nil {
		return v, ok
	}
	return append(work.appendAll([]byte{'['}, v, below), ']'), true
}

// walk follows steps down from v. At a star it stops: v is the object or array
// whose children the star means, and below are the steps behind it, never nil.
func (e *effort) walk(v []byte, steps []step) (value []byte, below []step, ok bool) {
	for i, s := range steps {
		switch s.kind {
		case byName:
			v, ok = e.member(v, s.name)
		case byIndex:
			v, ok = e.element(v, s.index)
		case toAll:
			return v, steps[i+1:], isTree(v)
		}
		if !ok {
			return nil, nil, false
		}
	}
	return v, nil, true
}

// appendAll appends to a list what steps find in each child of v. A star among
// them adds to the same list.
func (e *effort) appendAll(list, v []byte, steps []step) []byte {
	add := func(child []byte) {
		found, below, ok := e.walk(child, steps)
		switch {
		case !ok:
		case below != nil:
			list = e.appendAll(list, found, below)
		case len(list) > 1:
			list = append(append(list, ','), found...)
		default:
			list = append(list, found...)
		}
	}
	for child := range elements(v) {
		if !e.spend(len(child)) {
			return list
		}
		add(child)
	}
	for key, child := range members(v) {
		if !e.spend(len(key) + len(child)) {
			return list
		}
		add(child)
	}
	return list
}

// copies reports whether what the path finds is new, and not a part of the event.
func (p Path) copies() bool {
	return slices.ContainsFunc(p.steps, func(s step) bool { return s.kind == toAll })
}

// member returns the last member of an object with that name.
func (e *effort) member(v []byte, name string) (value []byte, ok bool) {
	for k, m := range members(v) {
		if !e.spend(len(k) + len(m)) {
			return nil, false
		}
		if len(k) == len(name)+2 && string(k[1:len(k)-1]) == name || bytes.IndexByte(k, '\\') >= 0 && e.decodes(k, name) {
			value, ok = m, true
		}
	}
	return value, ok
}

// decodes reports whether a key with escapes is that name.
func (e *effort) decodes(key []byte, name string) bool {
	return e.spend(decoding*len(key)) && string(characters(key)) == name
}

func (e *effort) element(v []byte, index int) ([]byte, bool) {
	for child := range elements(v) {
		if !e.spend(len(child)) {
			return nil, false
		}
		if index == 0 {
			return child, true
		}
		index--
	}
	return nil, false
}
