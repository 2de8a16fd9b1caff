//go:build !amd64 || purego

package pattern

// skipRest returns the place behind the object or array that i lies in, outside
// of any string.
func skipRest(b []byte, i int) int { return skipRestPlain(b, i) }
