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
)

// At returns t as a timestamp member.
func At(t time.Time) Time { return shape.At(t) }
