package delivery

import (
	"context"
	"encoding/binary"
	"errors"

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
				l = &lane{id: id, plan: &plan{Course: Course{Payload: asItIs{}}}, out: o, pager: newPager(), state: laneAbandoned}
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

// atOnce is how many lanes read at the same time: what they read is not
// charged for before it is known how much it is.
const atOnce = 4

// load reads the next page of what waits and has come due. When not even the
// first of it fits while the lane holds nothing, it waits for its turn: see
// [memory].
func (l *lane) load() {
	l.mu.Lock()
	l.due = never // what is noted from here on is kept
	l.tooBig = 0
	until := l.out.wall()
	if l.state == laneAbandoned {
		until = never - 1
	}
	l.mu.Unlock()
	p, err := l.page(until, room{})
	if err == nil && len(p.tasks) == 0 && p.tooBig > 0 && l.isBare() {
		var turn room
		if turn, err = l.out.memory.wait(l.out.loads, p.tooBig, l.isBrisk()); err == nil {
			p, err = l.page(until, turn)
			l.out.memory.free(p.turn) // unless a delivery has it now
		}
	}
	l.loaded(&p, until, err)
}

func (l *lane) isBare() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bytes == 0
}

func (l *lane) isBrisk() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.breaker.brisk
}

// page reads a page, in which turn is for the first delivery. It has what it
// read in memory also when it fails.
func (l *lane) page(until int64, turn room) (loadedPage, error) {
	l.out.reading <- struct{}{}
	defer func() { <-l.out.reading }()
	l.mu.Lock()
	from := l.cursor
	most := max(1, l.out.Ready-len(l.ready)-l.running-l.coming)
	l.mu.Unlock()
	p := loadedPage{next: never, turn: turn}
	err := l.out.Store.View(context.Background(), func(tx store.Tx) error { return l.read(tx, from, until, most, &p) })
	return p, err
}

// loaded takes over what a page brought.
func (l *lane) loaded(p *loadedPage, until int64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.loading = false
	defer func() {
		l.drop(l.gone)
		l.gone = nil
		l.pump()
	}()
	if err != nil {
		for _, t := range p.tasks {
			l.free(t.room)
		}
		if l.out.loads.Err() == nil && !errors.Is(err, errNoRoom) {
			l.out.Log.Error("waiting deliveries cannot be read", "target", l.plan.Target, "err", err)
		}
		l.noteDue(until)
		l.rest = l.out.wall() + rereadAfter.Milliseconds()
		return
	}
	for _, t := range p.tasks {
		l.inMemory[t.key] = true
		l.ready = append(l.ready, t)
	}
	l.advance(p.last)
	l.due = min(l.due, p.next)
	l.tooBig = p.tooBig
	for _, k := range p.lost {
		l.out.settler.send(op{kind: opEndWait, lane: l, seq: k.seq, old: k})
	}
}

type loadedPage struct {
	tasks []*task
	lost  []waitKey // their event is gone
	last  waitKey   // the last one looked at
	next  int64     // when the first one that was not taken is due
	// tooBig is what that one costs if there was no room for it.
	tooBig int64
	// turn is room that a delivery may have which fits nowhere else.
	turn room
}

// read takes up to most deliveries that are due, within the bounds of memory,
// and charges for them.
func (l *lane) read(tx store.Tx, from waitKey, until int64, most int, p *loadedPage) error {
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
		if key.due > until || len(p.tasks) >= most {
			p.next = key.due
			return nil
		}
		b, err := tx.Get(key1(prefixEvent, key.seq))
		if err != nil {
			return err
		}
		if b == nil {
			p.last = key
			p.lost = append(p.lost, key)
			continue
		}
		cost := l.cost(len(b)) // a little more than of the event in it
		r, ok := l.take(cost, p)
		if !ok {
			p.next, p.tooBig = key.due, cost
			return nil
		}
		p.last = key
		t, err := newTask(key, v, b)
		if err != nil {
			l.leave(r)
			l.out.Log.Error("a waiting delivery is left in the store", "target", l.plan.Target, "err", err)
			continue
		}
		t.room = r
		p.tasks = append(p.tasks, t)
	}
	return nil
}

// newTask makes a task of the records of a delivery and of its event.
func newTask(key waitKey, delivery, event []byte) (*task, error) {
	w, err := decodeWaiting(delivery)
	if err != nil {
		return nil, err
	}
	it, err := decodeItem(event)
	return &task{held: &held{seq: key.seq, item: it}, key: key, waiting: w}, err
}

// take charges for a delivery, if it fits or has its turn.
func (l *lane) take(cost int64, p *loadedPage) (r room, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case cost <= p.turn.bytes:
		r, p.turn = p.turn, room{}
	case l.fits(l.bytes+cost) && l.out.memory.Try(cost):
		r = room{bytes: cost}
	default:
		return room{}, false
	}
	l.bytes += r.bytes
	return r, true
}
