package delivery

import (
	"context"
	"encoding/binary"
	"time"

	"github.com/dari-bus/dari/internal/store"
)

// lastNumber returns the last of the numbers in a key.
func lastNumber(key []byte) uint64 { return binary.BigEndian.Uint64(key[len(key)-8:]) }

// findWaiting tells each lane whether something waits for it, with one seek a
// lane. What waits for a plan that is gone is abandoned.
func (o *Outbox) findWaiting(tx store.Tx) error {
	from, end := []byte(prefixWait), store.End([]byte(prefixWait))
	for {
		var id Lane
		found := false
		for k := range tx.Scan(from, end) {
			var key waitKey
			var err error
			if id, key, err = decodeWaitKey(k); err != nil {
				return err
			}
			l := o.lanes[id]
			if l == nil {
				l = &lane{id: id, plan: &plan{}, out: o, due: never, inMemory: map[waitKey]bool{}, state: laneAbandoned}
				o.lanes[id] = l
			}
			l.due = key.due
			found = true
			break
		}
		if !found {
			return nil
		}
		from = key1(prefixWait, uint64(id)+1)
	}
}

// load reads the next page of what waits and has come due.
func (l *lane) load() {
	l.mu.Lock()
	from := l.cursor
	l.due = never // what is noted from here on is kept
	until := time.Now().UnixMilli()
	if l.state == laneAbandoned {
		until = never - 1
	}
	room := max(1, l.out.Ready-len(l.ready)-l.running)
	l.mu.Unlock()

	var p loadedPage
	err := l.out.Store.View(context.Background(), func(tx store.Tx) error {
		p = loadedPage{next: never}
		return l.read(tx, from, until, room, &p)
	})

	l.mu.Lock()
	defer l.mu.Unlock()
	l.loading = false
	defer func() {
		l.drop(l.gone)
		l.gone = nil
		l.pump()
	}()
	if err != nil {
		// A store that cannot be read fails the next write as well, and that ends
		// Run. Until then this page is tried again.
		l.out.Log.Error("waiting deliveries cannot be read", "target", l.plan.Target.ARN, "err", err)
		l.noteLocked(time.Now().Add(time.Second).UnixMilli())
		return
	}
	for _, t := range p.tasks {
		l.inMemory[t.key] = true
		l.add(t)
	}
	if p.last.due > l.cursor.due || (p.last.due == l.cursor.due && p.last.seq > l.cursor.seq) {
		if l.due > p.last.due {
			l.cursor = p.last
		}
	}
	if p.next != never {
		l.due = min(l.due, p.next)
	}
	for _, k := range p.lost {
		l.out.settler.send(op{kind: opEndWait, lane: l, seq: k.seq, old: k})
	}
}

type loadedPage struct {
	tasks []*task
	lost  []waitKey // their event is gone
	last  waitKey   // the last one looked at
	next  int64     // when the first one that was not taken is due
}

// read takes up to room deliveries that are due, within the bounds of memory.
func (l *lane) read(tx store.Tx, from waitKey, until int64, room int, p *loadedPage) error {
	var size int64
	end := store.End(key1(prefixWait, uint64(l.id)))
	for k, v := range tx.Scan(from.encode(l.id), end) {
		_, key, err := decodeWaitKey(k)
		if err != nil {
			return err
		}
		if l.has(key) {
			p.last = key
			continue
		}
		full := len(p.tasks) > 0 && (size >= l.out.ReadyBytes || l.out.bytes.Load()+size >= l.out.TotalBytes)
		if key.due > until || len(p.tasks) >= room || full {
			p.next = key.due
			return nil
		}
		w, err := decodeWaiting(v)
		if err != nil {
			return err
		}
		b, err := tx.Get(key1(prefixEvent, key.seq))
		if err != nil {
			return err
		}
		p.last = key
		if b == nil {
			p.lost = append(p.lost, key)
			continue
		}
		it, err := decodeEvent(b)
		if err != nil {
			return err
		}
		t := &task{held: &held{seq: key.seq, item: it}, key: key, waiting: w}
		p.tasks = append(p.tasks, t)
		size += t.cost()
	}
	return nil
}

func (l *lane) has(k waitKey) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.inMemory[k]
}

// recoverFirstPasses takes up the first passes that an earlier run did not
// finish. Deliveries of theirs that had already succeeded are repeated.
func (o *Outbox) recoverFirstPasses(ctx context.Context) {
	from, end := []byte(prefixEvent), key1(prefixEvent, o.firstSeq)
	for ctx.Err() == nil && from != nil {
		var found []*held
		err := o.Store.View(ctx, func(tx store.Tx) error {
			found = found[:0]
			var err error
			found, from, err = o.unfinished(tx, from, end)
			return err
		})
		if err != nil {
			if ctx.Err() == nil {
				o.Log.Error("unfinished deliveries cannot be read", "err", err)
			}
			return
		}
		for _, h := range found {
			o.resumeFirst(h)
		}
	}
}

// unfinished returns some events whose first pass is not over, with the lanes
// that it still owes, and the key to go on from: nil at the end.
func (o *Outbox) unfinished(tx store.Tx, from, end []byte) ([]*held, []byte, error) {
	const page = 256
	var out []*held
	looked := 0
	for k, v := range tx.Scan(from, end) {
		if looked++; looked > page {
			return out, append([]byte(nil), k...), nil
		}
		seq := lastNumber(k)
		r := refs{first: true}
		b, err := tx.Get(key1(prefixRefs, seq))
		if err != nil {
			return nil, nil, err
		}
		if b != nil {
			if r, err = decodeRefs(b); err != nil {
				return nil, nil, err
			}
		}
		if !r.first {
			continue
		}
		it, err := decodeEvent(v)
		if err != nil {
			return nil, nil, err
		}
		h := &held{seq: seq, item: it}
		h.refs.Store(b != nil)
		for _, id := range r.lanes {
			h.item.Lanes = without(h.item.Lanes, id)
		}
		out = append(out, h)
	}
	return out, nil, nil
}

func without(lanes []Lane, id Lane) []Lane {
	var out []Lane
	for _, l := range lanes {
		if l != id {
			out = append(out, l)
		}
	}
	return out
}

func (o *Outbox) resumeFirst(h *held) {
	h.first.Store(int32(len(h.item.Lanes)) + 1)
	for _, id := range h.item.Lanes {
		l := o.lane(id)
		if l == nil {
			o.settledAbandoned(nil, &h.item)
			h.endFirst(o)
			continue
		}
		t := &task{held: h}
		if l.hasRoom(t.cost()) {
			l.push(t)
			continue
		}
		l.mu.Lock()
		l.bytes += t.cost()
		o.bytes.Add(t.cost())
		l.mu.Unlock()
		l.wait(t, time.Now().UnixMilli())
	}
	h.endFirst(o)
}
