package eval

import "errors"

// ErrMemory says that a query would have to keep more than it may.
var ErrMemory = errors.New("the query keeps more than there is memory for: filter more, or ask for fewer groups or a shorter time")

// Bounds are what holds for the rows of a run.
type Bounds struct {
	// Now is when the query started, in Unix seconds.
	Now int64
	// Ended says that it is time to end. Nil is never.
	Ended  func() error
	failed error
}

// Over says that the run is to end. Whoever has more to do for a row asks, and need
// not care what it makes of the row then.
func (b *Bounds) Over() bool {
	if b.failed == nil && b.Ended != nil {
		b.failed = b.Ended()
	}
	return b.failed != nil
}

// Err says why, nil before.
func (b *Bounds) Err() error { return b.failed }
