package transform

import (
	"fmt"
	"strings"
)

// MaxDynamic is how long the parameters of a target for one event may be in
// all, in bytes. They become the address and the header of a request, of which
// servers take a few KiB.
const MaxDynamic = 64 << 10

// Dynamics resolve the parameters of a target for one event. They may be as many
// as the target likes, and each may be a path to most of the event, so they have
// a bound in all.
type Dynamics struct {
	event []byte
	work  effort
	left  int
}

// NewDynamics returns the Dynamics for an event.
func NewDynamics(event []byte) *Dynamics { return &Dynamics{event, newEffort(), MaxDynamic} }

// Resolve resolves a parameter that may be a path. A value that is a path from
// its first to its last character gives the text of what is there: the
// characters of a string, the JSON of everything else; ok is false when nothing
// is there. Any other value is itself. The error is an [*Error]: the parameters
// come to too much.
func (d *Dynamics) Resolve(value string) (text string, ok bool, err error) {
	if !strings.HasPrefix(value, "$") {
		return d.take([]byte(value))
	}
	p, err := ParsePath(value)
	if err != nil {
		return d.take([]byte(value))
	}
	v, ok := p.find(d.event, &d.work)
	if d.work.over() {
		return "", false, tooMuchEffort()
	}
	if !ok {
		return "", false, nil
	}
	if isString(v) {
		v = characters(v)
	}
	return d.take(v)
}

func (d *Dynamics) take(text []byte) (string, bool, error) {
	if d.left -= len(text); d.left < 0 {
		return "", false, &Error{CodeInvalidParameter, fmt.Sprintf("The HttpParameters of the target come to more than %d bytes for this event.", MaxDynamic)}
	}
	return string(text), true, nil
}
