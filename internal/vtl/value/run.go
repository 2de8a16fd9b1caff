package value

import (
	"errors"

	"github.com/dari-bus/dari/internal/regex"
)

// Limits bound a run.
type Limits struct {
	// Steps is about how many things may be done. One that goes over a text is one more
	// for every 64 bytes of it.
	Steps int
	// Output is how many bytes may be written, and Memory about how many may be made of
	// values, counting those that are not needed any more.
	Output, Memory int
	// Reserve is asked for the memory that the run takes, in pieces, before it takes it; an
	// error ends the run. The run gives nothing back: whoever is asked does when it is over.
	// Nil is asked for nothing.
	Reserve func(bytes int) error
}

// A Run is what values are made and written in: it counts, and has the output.
type Run struct {
	out      []byte
	longest  int // that out has been
	left     Limits
	reserved int // and not taken yet
	regexes  map[string]*regex.Regex
}

// NewRun begins a run.
func NewRun(limits Limits) *Run { return &Run{left: limits} }

// Output is what was written.
func (r *Run) Output() string { return string(r.out) }

// Work counts a step, and the bytes that it goes over.
func (r *Run) Work(bytes int) error {
	if r.left.Steps -= 1 + bytes/64; r.left.Steps < 0 {
		return errors.New("the template takes more steps than it may")
	}
	return nil
}

// Take counts bytes of a value that is made.
func (r *Run) Take(bytes int) error {
	if r.left.Memory -= bytes; r.left.Memory < 0 {
		return errMemory
	}
	if err := r.reserve(bytes); err != nil {
		return err
	}
	return r.Work(bytes)
}

// piece is how much memory is asked for at least.
const piece = 64 << 10

func (r *Run) reserve(bytes int) error {
	if r.left.Reserve == nil {
		return nil
	}
	if r.reserved -= bytes; r.reserved >= 0 {
		return nil
	}
	more := max(-r.reserved, piece)
	r.reserved += more
	return r.left.Reserve(more)
}

var errMemory = errors.New("the template makes values of more memory than there is for it")

// Write appends to the output, or to the text that is made.
func (r *Run) Write(s string) error {
	if len(r.out)+len(s) > r.left.Output {
		return errors.New("the template writes more than it may")
	}
	if longer := len(r.out) + len(s) - r.longest; longer > 0 {
		r.longest += longer
		if err := r.reserve(2 * longer); err != nil { // twice, as it has room to grow
			return err
		}
	}
	r.out = append(r.out, s...)
	return r.Work(len(s))
}

// Capture returns what fn writes.
func (r *Run) Capture(fn func() error) (string, error) {
	start := len(r.out)
	err := fn()
	s := string(r.out[start:])
	r.out = r.out[:start]
	if err == nil {
		err = r.Take(len(s))
	}
	return s, err
}
