package shape

import (
	"fmt"
	"reflect"
)

// Camel is the member's name in lower camel case, as errors and trails spell it.
func (f *Field) Camel() string { return f.camel }

// Null says whether the input member v is absent.
func (f *Field) Null(v reflect.Value) bool { return isNull(v) }

// Hidden says whether trails do not show what the member is, and Omitted whether they
// do not have it at all; it is hidden then, too.
func (f *Field) Hidden() bool  { return f.hidden }
func (f *Field) Omitted() bool { return f.omitted }

// hide reads a tag such as `trail:"hidden"`.
func (f *Field) hide(tag string) error {
	if tag != "" && tag != "hidden" && tag != "omitted" && tag != "only" {
		return fmt.Errorf("the trail option %q is not understood; there are hidden, omitted and only", tag)
	}
	f.trailOnly, f.omitted = tag == "only", tag == "omitted"
	f.hidden = tag == "hidden" || f.omitted || f.limit.hides()
	return nil
}

// hides says whether the value, or a part of it, is a secret.
func (l *limit) hides() bool {
	return l != nil && (l.secret || l.each.hides() || l.keys.hides())
}
