package delivery

import (
	"bytes"
	"context"
	"encoding/json"
	"sync/atomic"
	"time"

	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/watch"
)

// A DeadLetter is a delivery that failed for good and that no dead-letter
// queue took. It is kept in the store until newer ones push it out.
type DeadLetter struct {
	Event     json.RawMessage
	Bus       string
	Rule      string
	TargetID  string
	Target    string
	Code      string
	Message   string
	Exhausted string `json:",omitempty"`
	// DeadLetterErr says why the target's dead-letter queue did not take it; ""
	// when the target has none.
	DeadLetterErr string `json:",omitempty"`
	Attempts      int
	Ingested      time.Time
	Died          time.Time
}

// deadLetters counts what is kept and what was pushed out. What is not atomic
// is used in transactions only, which run one at a time.
type deadLetters struct {
	kept int
	// before is a key that no kept one comes before: the store need not go
	// through all that were pushed out to find the next.
	before []byte
	pushed atomic.Uint64
	count  atomic.Int64 // kept, for whoever looks
}

func (d *deadLetters) load(tx store.Tx) error {
	for range tx.Scan([]byte(prefixDead), store.End([]byte(prefixDead))) {
		d.kept++
	}
	d.count.Store(int64(d.kept))
	return nil
}

// put keeps one more, and lets the oldest go when that is one too many.
func (d *deadLetters) put(tx store.Tx, seq uint64, l Lane, dead *DeadLetter, most int) error {
	b, err := json.Marshal(dead)
	if err != nil {
		return err
	}
	key := key2(prefixDead, seq, uint64(l))
	again, err := tx.Get(key)
	if err != nil {
		return err
	}
	if err := tx.Put(key, b); err != nil || again != nil {
		return err
	}
	d.kept++
	if bytes.Compare(key, d.before) < 0 {
		d.before = key
	}
	for d.kept > most {
		if err := d.pushOut(tx); err != nil {
			return err
		}
	}
	d.count.Store(int64(d.kept))
	return nil
}

// pushOut lets the oldest go.
func (d *deadLetters) pushOut(tx store.Tx) error {
	for k := range tx.Scan(d.from(), store.End([]byte(prefixDead))) {
		d.before = bytes.Clone(k)
		break
	}
	d.kept--
	d.pushed.Add(1)
	return tx.Delete(d.before)
}

func (d *deadLetters) from() []byte {
	if d.before == nil {
		return []byte(prefixDead)
	}
	return d.before
}

func (l *lane) newDead(t *task, s watch.Settlement) *DeadLetter {
	return &DeadLetter{
		Event: t.item.Event.JSON, Bus: l.plan.Bus, Rule: l.plan.Rule,
		TargetID: l.plan.Target.ID, Target: l.plan.Target.ARN,
		Code: s.Code, Message: s.Message, Exhausted: s.Exhausted, DeadLetterErr: s.DeadLetterErr,
		Attempts: t.attempts, Ingested: t.item.Ingested, Died: time.Now().UTC(),
	}
}

// Dead returns the dead deliveries that are kept, oldest first, at most limit,
// and how many older ones were pushed out since the start.
func (o *Outbox) Dead(ctx context.Context, limit int) (kept []DeadLetter, pushedOut uint64, err error) {
	err = o.Store.View(ctx, func(tx store.Tx) error {
		kept = []DeadLetter{}
		for _, v := range tx.Scan([]byte(prefixDead), store.End([]byte(prefixDead))) {
			if len(kept) == limit {
				break
			}
			var d DeadLetter
			if err := json.Unmarshal(v, &d); err != nil {
				return err
			}
			kept = append(kept, d)
		}
		return nil
	})
	return kept, o.dead.pushed.Load(), err
}
