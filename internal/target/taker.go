package target

import (
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/store"
)

// A Taker is a sink whose destinations are in the store of the outbox: it can
// take deliveries within the transaction that owes them. They are there, once,
// when that has committed, and nothing is left to settle.
type Taker interface {
	Sink
	// Begin returns a round, or nil when nothing can be taken.
	Begin() Round
}

// A Round is what one transaction hands over to a Taker. It is for one goroutine.
type Round interface {
	// Add makes a delivery ready, before the transaction: whatever takes time, and
	// whatever may be refused, belongs here. An error is a refusal and leaves the
	// delivery out; it is then sent, which says why not. Add may keep what is in d,
	// and not d.
	Add(d *Delivery) error
	// Take takes the nth delivery that was added, from 0, in tx. False means that
	// it cannot be taken after all, and that nothing has changed. After an error tx
	// fails. The Taker learns by tx itself how it ended.
	Take(tx store.Tx, n int) (bool, error)
	// Seal is called in tx after the last Take.
	Seal(tx store.Tx) error
}

// takerOf returns who takes deliveries to a target, nil when nobody does.
func takerOf(s Sink, a arn.ARN) Taker {
	if r, ok := s.(Registry); ok {
		s = r[Kind(a)]
	}
	t, _ := s.(Taker)
	return t
}
