package directory

import (
	"fmt"
	"strings"

	"github.com/dari-bus/dari/internal/fault"
)

// The words of faults.
const (
	codeMalformed = "MalformedPolicyDocument"
	codeExists    = "EntityAlreadyExists"
	codeMissing   = "NoSuchEntity"
	codeInUse     = "DeleteConflict"
	codeInput     = "InvalidInput"
	codeLimit     = "LimitExceeded"
)

func quota(name string, max int) error {
	return fault.Limit("Cannot exceed quota for %s: %d", name, max).WithCode(codeLimit)
}

// size is what a document counts of its quota: its characters that are no white
// space, as at AWS. White space is free up to three times that, since all of it is
// kept.
func size(document string) int {
	n := 0
	for _, c := range document {
		if !strings.ContainsRune(" \t\r\n", c) {
			n++
		}
	}
	return max(n, (len(document)+3)/4)
}

func missing(format string, args ...any) error {
	return fault.NotFound("%s", fmt.Sprintf(format, args...)).WithCode(codeMissing)
}
