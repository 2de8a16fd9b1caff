package policy

// A truth is the answer to a question about a request. Of several that must
// all hold the least counts, and of several of which one must hold the greatest.
type truth uint8

const (
	no truth = iota
	// unknown is for what cannot be told: a value that cannot be read, a variable
	// without one. An Allow then does not cover the request, and a Deny does.
	unknown
	yes
)

func isTrue(b bool) truth {
	if b {
		return yes
	}
	return no
}

func not(t truth) truth { return yes - t }
