package delivery

import (
	"context"

	"github.com/dari-bus/dari/internal/delivery/dead"
	"github.com/dari-bus/dari/internal/store"
)

// Waiting returns how many deliveries wait on disk.
func (o *Outbox) Waiting() int { return int(max(0, o.waiting.Load())) }

// Dead is where the deliveries are kept that nobody took.
func (o *Outbox) Dead() *dead.Keep { return o.dead }

// countWaiting counts what waits from before this start. From then on, changes
// are counted as they come; Run has not let any of these happen yet. A count
// that fails is only a figure too low: deliveries do not depend on it.
func (o *Outbox) countWaiting(ctx context.Context) {
	n := int64(0)
	err := o.Store.View(ctx, func(tx store.Tx) error {
		for k := range tx.Scan([]byte(prefixWait), store.End([]byte(prefixWait))) {
			if lastNumber(k) < o.firstSeq {
				n++
			}
		}
		return nil
	})
	if err != nil && ctx.Err() == nil {
		o.Log.Error("waiting deliveries cannot be counted", "err", err)
		return
	}
	o.waiting.Add(n)
}
