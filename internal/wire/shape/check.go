package shape

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// Check returns the error that AWS gives for an input whose members do not
// satisfy their limits, and nil for a good one. The first failures are in one
// message, in the order of the members: a request may have millions of them, and
// nobody reads on.
func Check(s *Shape, in reflect.Value) error {
	if !s.checked {
		return nil
	}
	var c checker
	c.structure(s, in)
	if len(c.failures) == 0 {
		return nil
	}
	plural := "s"
	if len(c.failures) == 1 {
		plural = ""
	}
	return &Error{
		Code:      "ValidationException",
		QueryCode: "ValidationError",
		Message:   fmt.Sprintf("%d validation error%s detected: %s", len(c.failures), plural, strings.Join(c.failures, "; ")),
	}
}

// mark sets checked on each shape that has a limit on itself or below, so that
// checking skips the rest. It runs until nothing changes, since types may be
// recursive.
func (c *Compiler) mark() {
	for changed := true; changed; {
		changed = false
		for _, s := range c.made {
			if !s.checked && s.needsCheck() {
				s.checked, changed = true, true
			}
		}
	}
}

func (s *Shape) needsCheck() bool {
	if s.Elem != nil && s.Elem.checked {
		return true
	}
	for i := range s.Fields {
		if s.Fields[i].limit != nil || s.Fields[i].Shape.checked {
			return true
		}
	}
	return false
}

// maxFailures and maxFailureText bound the failures that an error names: how many
// there are, and what they come to in bytes before the last.
const (
	maxFailures    = 50
	maxFailureText = 64 << 10
)

// A checker walks an input until it has found enough.
type checker struct {
	// path leads to the member at hand; it is printed only when something is
	// wrong with that.
	path     []step
	failures []string
	text     int // of failures, in bytes
}

func (c *checker) full() bool { return len(c.failures) >= maxFailures || c.text > maxFailureText }

// A step is one part of a path: a name, or a place in a list, counted from one.
type step struct {
	name  string
	index int
}

// at returns the path as errors spell it: targets.1.member.id.
func (c *checker) at() string {
	var parts []string
	for _, p := range c.path {
		if p.index > 0 {
			parts = append(parts, strconv.Itoa(p.index), "member")
		} else {
			parts = append(parts, p.name)
		}
	}
	return strings.Join(parts, ".")
}

func (c *checker) fail(value, constraint string) {
	if c.full() {
		return
	}
	failure := "Value " + value + " at '" + c.at() + "' failed to satisfy constraint: " + constraint
	c.failures = append(c.failures, failure)
	c.text += len(failure)
}

func (c *checker) structure(s *Shape, v reflect.Value) {
	for i := range s.Fields {
		f := &s.Fields[i]
		if f.limit == nil && !f.Shape.checked || c.full() {
			continue
		}
		at := len(c.path)
		if s.wrapper != "" && f.Location == InBody {
			c.path = append(c.path, step{name: s.wrapper})
		}
		c.path = append(c.path, step{name: f.camel})
		c.member(f, f.Of(v))
		c.path = c.path[:at]
	}
}

func (c *checker) member(f *Field, v reflect.Value) {
	if isNull(v) {
		if f.limit != nil && f.limit.required {
			c.fail("null", notNull)
		}
		return
	}
	if f.Shape.Ptr {
		v = v.Elem()
	}
	if f.limit != nil {
		for _, constraint := range f.limit.broken(v, f.Shape) {
			c.fail("'"+printJava(v, f.Shape, f.limit)+"'", constraint)
		}
	}
	c.inside(f.Shape, v)
}

// inside checks what v is made of.
func (c *checker) inside(s *Shape, v reflect.Value) {
	if !s.checked || isNull(v) || c.full() {
		return
	}
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	switch s.Kind {
	case KindStruct:
		c.structure(s, v)
	case KindList:
		for i := range v.Len() {
			c.path = append(c.path, step{index: i + 1})
			c.inside(s.Elem, v.Index(i))
			c.path = c.path[:len(c.path)-1]
		}
	case KindMap:
		for _, key := range SortedKeys(v) {
			c.path = append(c.path, step{name: Clip(key.String())}, step{name: "member"})
			c.inside(s.Elem, v.MapIndex(key))
			c.path = c.path[:len(c.path)-2]
		}
	}
}

// isNull says whether the member was absent or null in the request.
func isNull(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return v.IsNil()
	default:
		return false
	}
}
