package delivery

import (
	"context"
	"slices"
	"time"

	"github.com/dari-bus/dari/internal/store"
)

// recoverFirstPasses takes up the first passes that an earlier run did not
// finish. Deliveries of theirs that had already succeeded are repeated.
func (o *Outbox) recoverFirstPasses(ctx context.Context) {
	from, end := []byte(prefixEvent), key1(prefixEvent, o.firstSeq)
	for from != nil && ctx.Err() == nil {
		var found []*held
		var next []byte
		err := o.Store.View(ctx, func(tx store.Tx) (err error) {
			found, next, err = o.unfinished(tx, from, end)
			return err
		})
		if err != nil {
			if ctx.Err() == nil {
				o.Log.Error("unfinished deliveries cannot be read", "err", err)
			}
			pause(ctx, rereadAfter)
			continue
		}
		for _, h := range found {
			o.resumeFirst(h)
		}
		from = next
	}
	if from == nil {
		o.recovered.Store(true)
		o.eachLane((*lane).wake) // those that are empty may go
	}
}

// rereadAfter is when a read is tried again that has failed. A store that is
// beyond hope fails the next write as well, and that ends Run.
const rereadAfter = time.Second

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// unfinished returns some events whose first pass is not over, with the lanes
// that it still owes, and the key to go on from: nil at the end.
func (o *Outbox) unfinished(tx store.Tx, from, end []byte) (out []*held, next []byte, err error) {
	const page = 256
	looked, size := 0, int64(0)
	for k, v := range tx.Scan(from, end) {
		if looked++; looked > page || size > o.ReadyBytes {
			return out, slices.Clone(k), nil
		}
		b, err := tx.Get(key1(prefixRefs, lastNumber(k)))
		if err != nil {
			return nil, nil, err
		}
		h, err := firstPass(lastNumber(k), v, b)
		if err != nil {
			o.Log.Error("an unfinished event is left in the store", "err", err)
			continue
		}
		if h != nil {
			out = append(out, h)
			size += int64(len(v))
		}
	}
	return out, nil, nil
}

// firstPass returns an event whose first pass is not over, and nil for any
// other, by its record and by what refers to it.
func firstPass(seq uint64, record, references []byte) (*held, error) {
	r := refs{first: true}
	var err error
	if references != nil {
		if r, err = decodeRefs(references); err != nil {
			return nil, err
		}
	}
	if !r.first {
		return nil, nil
	}
	h := &held{seq: seq}
	if h.item, err = decodeItem(record); err != nil {
		return nil, err
	}
	h.refs.Store(references != nil)
	h.item.Lanes = slices.DeleteFunc(h.item.Lanes, func(l Lane) bool { return slices.Contains(r.lanes, l) })
	return h, nil
}

// resumeFirst hands over what is left of a first pass.
func (o *Outbox) resumeFirst(h *held) {
	h.first.Store(int32(len(h.item.Lanes)) + 1)
	for _, id := range h.item.Lanes {
		l, t := o.lane(id), &task{held: h}
		if l == nil {
			o.settledAbandoned(nil, &h.item)
			h.endFirst(o)
			continue
		}
		var ok bool
		if t.room, ok = l.reserve(&h.item); ok {
			l.push(t)
		} else {
			l.writeDown(t, o.wall())
		}
	}
	h.endFirst(o)
}
