package trails

import (
	"time"

	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/table"
)

// A Delivery is how it went to write to a trail's log group last.
type Delivery struct {
	// At is when something was last written, in Unix milliseconds, zero for never, and
	// Err what is wrong since then.
	At  int64  `json:",omitempty"`
	Err string `json:",omitempty"`
}

// Settle notes, in the transaction of a record, how it goes to write it to a trail's
// log group. Times are noted by the second, so that a busy trail writes no more.
func (b *Book) Settle(tx store.Tx, t *Trail, failed error) error {
	k := table.Key{Place: t.Home, Name: t.Name}
	if b.trails.In(tx).Find(k) == nil {
		return nil // it was deleted meanwhile
	}
	var now Delivery
	w := b.deliveries.In(tx)
	if last := w.Find(k); last != nil {
		now = *last
	}
	before := now
	if now.Err = ""; failed != nil {
		now.Err = failed.Error()
	} else if at := time.Now().UnixMilli(); at/1000 != now.At/1000 {
		now.At = at
	}
	if now == before {
		return nil
	}
	return w.Put(k, &now)
}

// Last returns how it went last.
func (b *Book) Last(t *Trail) Delivery {
	if d := b.deliveries.Find(table.Key{Place: t.Home, Name: t.Name}); d != nil {
		return *d
	}
	return Delivery{}
}
