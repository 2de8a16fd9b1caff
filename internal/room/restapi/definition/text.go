package definition

import (
	"github.com/dari-bus/dari/internal/fault"
)

// maxText bounds a name or a description.
const maxText = 1024

// short says whether texts are within their bound, also those that a change has made.
func short(texts ...string) error {
	for _, text := range texts {
		if len(text) > maxText {
			return fault.Invalid("Names and descriptions can be at most %d characters.", maxText)
		}
	}
	return nil
}
