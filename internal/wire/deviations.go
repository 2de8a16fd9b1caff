package wire

import (
	"fmt"

	"github.com/dari-bus/dari/internal/wire/shape"
)

// Deviations are sentences like those of a [Service] that are true of all of
// them.
func Deviations() []string {
	return []string{
		"All services and regions are at one address. The region is that of the caller's signature.",
		"A change is seen by every call that begins after its answer; nothing becomes true later, as it does on AWS.",
		"No call is throttled: there are no request rates.",
		fmt.Sprintf("The body of a request has at most %d MiB, as it is sent and again when it is unpacked.", DefaultMaxBody>>20),
		fmt.Sprintf("A sentence about a constraint repeats at most %d KiB of the value, and no secrets.", shape.MaxPrinted>>10),
		"Web pages of other origins cannot call, unless `dari serve -origins` lists them.",
	}
}
