package wire

import (
	"time"

	"github.com/dari-bus/dari/internal/wire/shape"
)

// The words of a table: what inputs and outputs are made of, what they must
// satisfy, and what goes wrong.
type (
	Error  = shape.Error
	Limits = shape.Limits
	Limit  = shape.Limit
	Time   = shape.Time
	None   = shape.None
	Empty  = shape.Empty
	// A Stream is the body of an answer, written while it comes into being.
	Stream = shape.Stream
)

// Events are the events of an answer, sent while they come into being.
type Events[E any] = shape.Events[E]

// At returns t as a timestamp member.
func At(t time.Time) Time { return shape.At(t) }
