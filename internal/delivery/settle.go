package delivery

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/dari-bus/dari/internal/delivery/dead"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/watch"
)

// settle ends a delivery: it leaves memory, its records go, and the hooks are told.
func (l *lane) settle(t *task, s watch.Settlement, kept *dead.Letter) {
	if h := l.out.Hooks.Settled; h != nil {
		s.Route, s.Attempts, s.Ingested = l.route(&t.item), t.attempts, t.item.Ingested
		s.Latency = time.Since(t.item.Ingested)
		h(&s)
	}
	if kept == nil {
		l.leave(t.room)
	} else { // the event stays in memory until it is written
		l.out.settler.send(op{kind: opDead, dead: kept, room: t.room, seq: t.seq, lane: l})
	}
	if t.firstPass() {
		t.endFirst(l.out)
		return
	}
	l.out.settler.send(op{kind: opEndWait, lane: l, seq: t.seq, old: t.key})
}

// wait has a delivery leave memory, to be tried when it is due.
func (l *lane) wait(t *task, due int64) {
	l.leave(t.room)
	l.writeDown(t, due)
}

// writeDown writes down when a delivery is due.
func (l *lane) writeDown(t *task, due int64) {
	next := waitKey{due, t.seq}
	if next == t.key {
		next.due++ // the record moves, and its old key is let go
	}
	if t.firstPass() {
		t.refs.Store(true)
		l.out.settler.send(op{kind: opBeginWait, lane: l, seq: t.seq, next: next, waiting: t.waiting})
		t.endFirst(l.out)
		return
	}
	l.out.settler.send(op{kind: opMoveWait, lane: l, seq: t.seq, old: t.key, next: next, waiting: t.waiting})
}

// leave gives back the memory of a delivery that leaves the lane.
func (l *lane) leave(r room) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.free(r)
}

// endFirst counts one delivery of the first pass as done; the last one closes
// the pass.
func (h *held) endFirst(o *Outbox) {
	if h.first.Add(-1) > 0 {
		return
	}
	kind := opEndEvent
	if h.refs.Load() {
		kind = opEndFirst
	}
	o.settler.send(op{kind: kind, seq: h.seq})
}

type opKind uint8

const (
	opEndEvent   opKind = iota // the first pass is over and nothing waits: the event goes
	opEndFirst                 // the first pass is over; what waits still needs the event
	opBeginWait                // a delivery of the first pass waits
	opMoveWait                 // a waiting delivery waits again
	opEndWait                  // a waiting delivery is settled
	opDead                     // a dead delivery is kept
	opForgetPlan               // a lane has nothing left
)

// An op is one change to the records that follows from an attempt.
type op struct {
	kind      opKind
	lane      *lane
	seq       uint64
	old, next waitKey
	waiting   waiting
	dead      *dead.Letter
	room      room // that dead holds
}

// A settler writes ops in the order in which they were sent, many in one
// transaction, without waiting for the disk: after a crash an attempt may be
// repeated, never forgotten. Sending never blocks; what is queued is bounded
// by what the lanes hold.
type settler struct {
	out *Outbox

	mu     sync.Mutex
	queue  []op
	closed bool
	bell   chan struct{}
}

func newSettler(o *Outbox) *settler { return &settler{out: o, bell: make(chan struct{}, 1)} }

func (s *settler) send(o op) {
	s.mu.Lock()
	s.queue = append(s.queue, o)
	s.mu.Unlock()
	s.ring()
}

func (s *settler) ring() {
	select {
	case s.bell <- struct{}{}:
	default:
	}
}

// close makes run return once everything sent is on disk.
func (s *settler) close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.ring()
}

// linger lets ops gather: one transaction for many costs less than one each,
// and nobody waits for them.
const linger = 2 * time.Millisecond

func (s *settler) run() error {
	var spare []op
	for range s.bell {
		s.mu.Lock()
		closed := s.closed
		s.mu.Unlock()
		if !closed {
			time.Sleep(linger)
		}
		s.mu.Lock()
		batch := s.queue
		s.queue = spare[:0]
		closed = s.closed
		s.mu.Unlock()
		if err := s.write(batch, closed); err != nil {
			return fmt.Errorf("settle deliveries: %w", err)
		}
		clear(batch)
		if spare = batch; cap(spare) > 32*maxOps {
			spare = nil // there was a rush: do not keep its array for ever
		}
		if closed {
			return nil
		}
	}
	return nil
}

// maxOps and maxCost keep the transactions of the settler short, since others
// wait for them.
const (
	maxOps  = 128
	maxCost = 1 << 20
)

// portion returns how many ops go into one transaction.
func portion(batch []op) int {
	n := 0
	for cost := int64(0); n < min(len(batch), maxOps) && cost < maxCost; n++ {
		cost += batch[n].room.bytes
	}
	return n
}

func (s *settler) write(batch []op, last bool) error {
	for len(batch) > 0 || last {
		n := portion(batch)
		part := batch[:n]
		batch = batch[n:]
		opts := []store.Option{store.Draining, store.Unsynced}
		if last && len(batch) == 0 {
			opts, last = opts[:1], false
		}
		err := s.out.Store.Update(context.Background(), func(tx store.Tx) error {
			for i := range part {
				if err := s.out.apply(tx, &part[i]); err != nil {
					return err
				}
			}
			return nil
		}, opts...)
		if err != nil {
			return err
		}
		for i := range part {
			s.out.applied(&part[i])
		}
	}
	return nil
}

// apply changes the records. An r record is made by whatever first needs one
// and goes with the event when nothing is left in it.
func (o *Outbox) apply(tx store.Tx, p *op) error {
	switch p.kind {
	case opEndEvent:
		return tx.Delete(key1(prefixEvent, p.seq))
	case opEndFirst:
		return o.changeRefs(tx, p.seq, refs{}, func(r *refs) { r.first = false })
	case opBeginWait:
		if err := tx.Put(p.next.encode(p.lane.id), p.waiting.encode()); err != nil {
			return err
		}
		return o.changeRefs(tx, p.seq, refs{first: true}, func(r *refs) { r.add(p.lane.id) })
	case opMoveWait:
		if err := tx.Delete(p.old.encode(p.lane.id)); err != nil {
			return err
		}
		return tx.Put(p.next.encode(p.lane.id), p.waiting.encode())
	case opEndWait:
		if err := tx.Delete(p.old.encode(p.lane.id)); err != nil {
			return err
		}
		return o.changeRefs(tx, p.seq, refs{}, func(r *refs) { r.remove(p.lane.id) })
	case opDead:
		return o.dead.Put(tx, p.lane.plan.account, p.seq, uint64(p.lane.id), p.dead)
	case opForgetPlan:
		return o.forgetPlan(tx, p.lane)
	}
	return fmt.Errorf("delivery: op of unknown kind %d", p.kind)
}

// changeRefs changes what still refers to an event; r is what does when
// nothing is written down.
func (o *Outbox) changeRefs(tx store.Tx, seq uint64, r refs, change func(*refs)) error {
	key := key1(prefixRefs, seq)
	b, err := tx.Get(key)
	if err != nil {
		return err
	}
	if b != nil {
		if r, err = decodeRefs(b); err != nil {
			return err
		}
	}
	change(&r)
	if !r.empty() {
		return tx.Put(key, r.encode())
	}
	if err := tx.Delete(key); err != nil {
		return err
	}
	return tx.Delete(key1(prefixEvent, seq))
}

// applied tells the lane what its records look like now.
func (o *Outbox) applied(p *op) {
	switch p.kind {
	case opBeginWait:
		o.waiting.Add(1)
		p.lane.note(p.next.due)
	case opMoveWait:
		p.lane.note(p.next.due)
		p.lane.forget(p.old)
	case opEndWait:
		o.waiting.Add(-1)
		p.lane.forget(p.old)
	case opDead:
		p.lane.leave(p.room)
		p.lane.wake()
	}
}
