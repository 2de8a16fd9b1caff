package delivery

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"iter"
	"sync/atomic"
	"time"

	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/watch"
)

// A DeadLetter is a delivery that failed for good and that no dead-letter
// queue took. It is kept in the store until newer ones push it out.
type DeadLetter struct {
	// ID names it among those that are kept; see [Outbox.Dead].
	ID        string          `json:",omitempty"`
	Event     json.RawMessage `json:",omitempty"`
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

// A deadKey names a dead delivery. The key with lane 0, which is no lane,
// holds the event of all that have its seq.
type deadKey struct {
	seq  uint64
	lane Lane
}

func (k deadKey) encode() []byte { return key2(prefixDead, k.seq, uint64(k.lane)) }

func decodeDeadKey(key []byte) deadKey {
	return deadKey{binary.BigEndian.Uint64(key[len(key)-16:]), Lane(lastNumber(key))}
}

func (k deadKey) body() deadKey { return deadKey{seq: k.seq} }

func (k deadKey) id() string { return fmt.Sprintf("%x-%x", k.seq, uint64(k.lane)) }

func parseDeadID(id string) (k deadKey, err error) {
	if n, err := fmt.Sscanf(id, "%x-%x", &k.seq, &k.lane); n != 2 || err != nil || k.id() != id {
		return k, fmt.Errorf("%q is not the ID of a dead delivery, such as 63f1a7c0de900-63f1a7b9aca00", id)
	}
	return k, nil
}

// deadLetters counts what is kept and what was pushed out. What is not atomic
// is used in transactions only, which run one at a time.
type deadLetters struct {
	kept  int
	bytes int64 // of all the records, the events among them
	// before is a key that no kept one comes before: the store need not go
	// through all that were pushed out to find the next.
	before []byte
	pushed atomic.Uint64
	count  atomic.Int64 // kept, for whoever looks
}

func (d *deadLetters) load(tx store.Tx) error {
	for k, v := range tx.Scan([]byte(prefixDead), store.End([]byte(prefixDead))) {
		if decodeDeadKey(k).lane != 0 {
			d.kept++
		}
		d.bytes += int64(len(k) + len(v))
	}
	d.count.Store(int64(d.kept))
	return nil
}

// put keeps one more, and lets the oldest go while there are too many, or too
// much of them. The one that was kept last stays in any case.
func (d *deadLetters) put(tx store.Tx, seq uint64, l Lane, dead *DeadLetter, most int, mostBytes int64) error {
	key := deadKey{seq, l}
	record := *dead
	record.Event = nil
	b, err := json.Marshal(record)
	if err != nil {
		return err
	}
	again, err := tx.Get(key.encode())
	if err != nil {
		return err
	}
	if again != nil {
		d.bytes += int64(len(b) - len(again))
		return tx.Put(key.encode(), b)
	}
	if err := d.putBody(tx, key.body(), dead.Event); err != nil {
		return err
	}
	if err := tx.Put(key.encode(), b); err != nil {
		return err
	}
	d.kept++
	d.bytes += int64(len(key.encode()) + len(b))
	if bytes.Compare(key.encode(), d.before) < 0 {
		d.before = key.encode()
	}
	for d.kept > most || d.bytes > mostBytes && d.kept > 1 {
		if err := d.pushOut(tx); err != nil {
			return err
		}
	}
	d.count.Store(int64(d.kept))
	return nil
}

// putBody writes the event of a dead delivery, unless it is there for another.
func (d *deadLetters) putBody(tx store.Tx, key deadKey, event []byte) error {
	there, err := tx.Get(key.encode())
	if err != nil || there != nil {
		return err
	}
	d.bytes += int64(len(key.encode()) + len(event))
	return tx.Put(key.encode(), event)
}

// pushOut lets the oldest go, and its event when no other one needs it.
func (d *deadLetters) pushOut(tx store.Tx) error {
	var oldest deadKey
	shared := false
	for k, v := range tx.Scan(d.from(), store.End([]byte(prefixDead))) {
		key := decodeDeadKey(k)
		if oldest.lane == 0 {
			if key.lane != 0 {
				oldest = key
				d.bytes -= int64(len(k) + len(v))
			}
			continue
		}
		shared = key.seq == oldest.seq
		break
	}
	d.before = oldest.encode()
	d.kept--
	d.pushed.Add(1)
	if err := tx.Delete(d.before); err != nil || shared {
		return err
	}
	event, err := tx.Get(oldest.body().encode())
	if err != nil || event == nil {
		return err
	}
	d.bytes -= int64(len(d.before) + len(event))
	return tx.Delete(oldest.body().encode())
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

// deadPage is how much of the dead deliveries is read in one go, in bytes.
const deadPage = 1 << 20

// Dead yields the dead deliveries that are kept, oldest first, from behind the
// one with the ID after, or all of them when after is "". It holds no more of
// them than fit a page of 1 MiB, or the one that is larger, and no transaction
// while it yields, so it may take its time. An error that it yields ends it;
// the error of Dead itself says that there can be no such ID.
func (o *Outbox) Dead(ctx context.Context, after string) (iter.Seq2[*DeadLetter, error], error) {
	from := []byte(prefixDead)
	if after != "" {
		key, err := parseDeadID(after)
		if err != nil {
			return nil, err
		}
		from = deadKey{key.seq, key.lane + 1}.encode()
	}
	return func(yield func(*DeadLetter, error) bool) {
		for from := from; from != nil; {
			var page []*DeadLetter
			err := o.Store.View(ctx, func(tx store.Tx) (err error) {
				page, from, err = readDead(tx, from)
				return err
			})
			if err != nil {
				yield(nil, err)
				return
			}
			for _, d := range page {
				if !yield(d, nil) {
					return
				}
			}
		}
	}, nil
}

// readDead reads a page of dead deliveries, and where the next one begins: nil
// at the end. Those of one event share its bytes.
func readDead(tx store.Tx, from []byte) (page []*DeadLetter, next []byte, err error) {
	var body []byte
	of := deadKey{} // whose body it is
	size := 0
	for k, v := range tx.Scan(from, store.End([]byte(prefixDead))) {
		key := decodeDeadKey(k)
		if size += len(v); size > deadPage && len(page) > 0 {
			return page, bytes.Clone(k), nil
		}
		if key.lane == 0 {
			body, of = bytes.Clone(v), key
			continue
		}
		d := &DeadLetter{}
		if err := json.Unmarshal(v, d); err != nil {
			return nil, nil, fmt.Errorf("dead delivery %s: %w", key.id(), err)
		}
		if d.ID = key.id(); d.Event == nil { // else it is from before events were shared
			if of != key.body() {
				if body, err = tx.Get(key.body().encode()); err != nil {
					return nil, nil, err
				}
				body, of = bytes.Clone(body), key.body()
				size += len(body)
			}
			d.Event = body
		}
		page = append(page, d)
	}
	return page, nil, nil
}

// PushedOut returns how many dead deliveries newer ones have pushed out since
// the start.
func (o *Outbox) PushedOut() uint64 { return o.dead.pushed.Load() }
