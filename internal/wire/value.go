package wire

// Val returns what an optional member of an input holds, and the zero value when
// it is absent.
func Val[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// Opt returns a member of an output that is absent when v is the zero value.
func Opt[T comparable](v T) *T {
	if v == *new(T) {
		return nil
	}
	return &v
}
