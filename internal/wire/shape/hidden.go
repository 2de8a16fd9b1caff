package shape

import (
	"fmt"
	"reflect"
)

// Camel is the member's name in lower camel case, as errors and trails spell it.
func (f *Field) Camel() string { return f.camel }

// Null says whether the input member v is absent.
func (f *Field) Null(v reflect.Value) bool { return isNull(v) }

// Hidden says whether trails do not show the member.
func (f *Field) Hidden() bool { return f.hidden }

// hides says whether a member with a tag such as `trail:"hidden"` and a limit is
// hidden.
func hides(tag string, l *limit) (bool, error) {
	if tag != "" && tag != "hidden" {
		return false, fmt.Errorf("the trail option %q is not understood; there is hidden", tag)
	}
	return tag == "hidden" || l.hides(), nil
}

// hides says whether the value, or a part of it, is a secret.
func (l *limit) hides() bool {
	return l != nil && (l.secret || l.each.hides() || l.keys.hides())
}
