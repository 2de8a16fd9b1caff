package transform

import "fmt"

// An effort is how many bytes may still be looked at for what is made of one
// event. Each step of a path looks at all that the steps before it have led
// to, and a target may have a hundred paths of a hundred steps.
type effort int

// maxEffort is a hundred paths that go five levels down in the largest event.
// Tests make it smaller.
var maxEffort = 512 * MaxOutput

// decoding is what a byte of a string with escapes costs when it is decoded.
const decoding = 16

func newEffort() effort { return effort(maxEffort) }

// spend reports whether n more bytes may be looked at.
func (e *effort) spend(n int) bool {
	*e -= effort(n)
	return !e.over()
}

func (e *effort) over() bool { return *e < 0 }

// Effort returns about how many bytes Render looks at to find values in an
// event of that length, at most: a measure of the time that it takes.
func (in *Input) Effort(event int) int {
	steps := 0
	if in.path != nil {
		steps = len(in.path.steps)
	}
	if in.template != nil {
		for _, v := range in.template.vars {
			steps += len(v.path.steps)
		}
	}
	return min(steps*event, maxEffort)
}

func tooMuchEffort() error {
	return &Error{CodeInvalidParameter, fmt.Sprintf("The paths of the target lead through more than %d MiB of this event, counted each time that a step goes through a part of it.", maxEffort>>20)}
}
