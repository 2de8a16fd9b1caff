package pattern

import "unsafe"

// view returns b as a string without copying it. The caller sees to it that b
// does not change while the string is in use: event texts are not written to
// during a match, and decoded strings are only ever appended to.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
