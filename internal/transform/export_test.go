package transform

import "testing"

// WithEffort makes what may be looked at n bytes during a test.
func WithEffort(t *testing.T, n int) {
	before := maxEffort
	maxEffort = n
	t.Cleanup(func() { maxEffort = before })
}
