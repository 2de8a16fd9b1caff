package wire

import (
	"fmt"
	"reflect"
	"strings"
)

// check returns the error that AWS gives for an input whose members do not
// satisfy their limits, and nil for a good one. All failures are in one
// message, in the order of the members.
func check(s *shape, in reflect.Value) error {
	if !s.checked {
		return nil
	}
	var failures []string
	checkStruct(s, in, nil, &failures)
	if len(failures) == 0 {
		return nil
	}
	plural := "s"
	if len(failures) == 1 {
		plural = ""
	}
	return &Error{
		Code:      "ValidationException",
		QueryCode: "ValidationError",
		Message:   fmt.Sprintf("%d validation error%s detected: %s", len(failures), plural, strings.Join(failures, "; ")),
	}
}

// mark sets checked on each shape that has a limit on itself or below, so that
// checking skips the rest. It runs until nothing changes, since types may be
// recursive.
func (c *shapes) mark() {
	for changed := true; changed; {
		changed = false
		for _, s := range c.made {
			if !s.checked && s.needsCheck() {
				s.checked, changed = true, true
			}
		}
	}
}

func (s *shape) needsCheck() bool {
	if s.elem != nil && s.elem.checked {
		return true
	}
	for i := range s.fields {
		if s.fields[i].limit != nil || s.fields[i].shape.checked {
			return true
		}
	}
	return false
}

// A step is one part of the path to a member; the path is printed only when
// something is wrong with the member.
type step struct {
	up   *step
	name string
	// index counts from one; zero for a step that is a name.
	index int
}

func (p *step) String() string {
	part := p.name
	if p.index > 0 {
		part = itoa(p.index) + ".member"
	}
	if p.up == nil {
		return part
	}
	return p.up.String() + "." + part
}

func checkStruct(s *shape, v reflect.Value, up *step, failures *[]string) {
	for i := range s.fields {
		f := &s.fields[i]
		if f.limit == nil && !f.shape.checked {
			continue
		}
		here := step{up: up, name: f.camel}
		checkMember(f, f.of(v), &here, failures)
	}
}

func checkMember(f *field, v reflect.Value, here *step, failures *[]string) {
	if isNull(v) {
		if f.limit != nil && f.limit.required {
			*failures = append(*failures, fmt.Sprintf("Value null at '%s' failed to satisfy constraint: %s", here.String(), notNull))
		}
		return
	}
	if f.shape.ptr {
		v = v.Elem()
	}
	if f.limit != nil && !f.limit.satisfied(v, f.shape) {
		f.limit.broken(v, f.shape, func(constraint string) {
			*failures = append(*failures, fmt.Sprintf("Value '%s' at '%s' failed to satisfy constraint: %s",
				printJava(v, f.shape, f.limit), here.String(), constraint))
		})
	}
	if f.shape.checked {
		checkInside(f.shape, v, here, failures)
	}
}

// checkInside checks what v is made of.
func checkInside(s *shape, v reflect.Value, here *step, failures *[]string) {
	switch s.kind {
	case kindStruct:
		checkStruct(s, v, here, failures)
	case kindList:
		for i := range v.Len() {
			at := step{up: here, index: i + 1}
			checkElement(s.elem, v.Index(i), &at, failures)
		}
	case kindMap:
		for _, key := range sortedKeys(v) {
			at := step{up: &step{up: here, name: key.String()}, name: "member"}
			checkElement(s.elem, v.MapIndex(key), &at, failures)
		}
	}
}

func checkElement(s *shape, v reflect.Value, at *step, failures *[]string) {
	if s.ptr {
		if v.IsNil() {
			return
		}
		v = v.Elem()
	}
	checkInside(s, v, at, failures)
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
