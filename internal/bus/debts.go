package bus

import (
	"github.com/dari-bus/dari/internal/delivery"
	"github.com/dari-bus/dari/internal/store"
)

// debts are the deliveries that events on their way in cause.
type debts struct {
	outbox Outbox
	taken  []*intake       // those that have targets
	items  []delivery.Item // of each
	// release is called after the transaction.
	release func()
}

// debts makes ready what can be done before the transaction. It returns nil when
// nobody wants any of the events.
func (s *Service) debts(taken []intake) *debts {
	d := &debts{outbox: s.opt.Outbox, taken: make([]*intake, 0, len(taken)), items: make([]delivery.Item, 0, len(taken))}
	for i := range taken {
		in := &taken[i]
		if in.item.Lanes = lanes(in.rules); len(in.item.Lanes) > 0 {
			d.taken, d.items = append(d.taken, in), append(d.items, in.item)
		}
	}
	if len(d.items) == 0 {
		return nil
	}
	d.release = d.outbox.Prepare(d.items)
	return d
}

// owe has the deliveries made, or written down, in tx.
//
// The lanes are looked up once more: a target that was replaced after the event
// was matched has another lane by now, and the old one may be gone.
func (d *debts) owe(tx store.Tx) (start func(), err error) {
	owed := make([]delivery.Item, 0, len(d.items))
	for i, in := range d.taken {
		if !current(in.item.Lanes, in.rules) {
			in.item.Lanes = lanes(in.rules)
			d.items[i].Lanes = in.item.Lanes
		}
		if len(in.item.Lanes) > 0 {
			owed = append(owed, d.items[i])
		}
	}
	return d.outbox.Owe(tx, owed)
}

// lanes returns the lanes of all targets of rules.
func lanes(rules []*rule) []delivery.Lane {
	n := 0
	for _, r := range rules {
		n += len(r.live.Load().targets)
	}
	out := make([]delivery.Lane, 0, n)
	for _, r := range rules {
		for _, t := range r.live.Load().targets {
			out = append(out, t.Lane)
		}
	}
	return out
}

// current reports whether these are the lanes of all targets of rules.
func current(lanes []delivery.Lane, rules []*rule) bool {
	for _, r := range rules {
		for _, t := range r.live.Load().targets {
			if len(lanes) == 0 || lanes[0] != t.Lane {
				return false
			}
			lanes = lanes[1:]
		}
	}
	return len(lanes) == 0
}
