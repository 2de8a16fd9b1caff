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
	l.tooBig = 0
	until := time.Now().UnixMilli()
	if l.state == laneAbandoned {
		until = never - 1
	}
	room := max(1, l.out.Ready-len(l.ready)-l.running-l.coming)
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
		for _, t := range p.tasks {
			l.charge(-t.cost())
		}
		l.out.Log.Error("waiting deliveries cannot be read", "target", l.plan.Target.ARN, "err", err)
		l.noteLocked(until)
		l.rest = time.Now().Add(rereadAfter).UnixMilli()
		return
	}
	for _, t := range p.tasks {
		l.inMemory[t.key] = true
		l.ready = append(l.ready, t)
	}
	if p.last.due > l.cursor.due || (p.last.due == l.cursor.due && p.last.seq > l.cursor.seq) {
		if l.due > p.last.due {
			l.cursor = p.last
		}
	}
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
}

// read takes up to room deliveries that are due, within the bounds of memory,
// and charges for them.
func (l *lane) read(tx store.Tx, from waitKey, until int64, room int, p *loadedPage) error {
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
		if key.due > until || len(p.tasks) >= room {
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
		t, err := newTask(key, v, b)
		if err != nil {
			p.last = key
			l.out.Log.Error("a waiting delivery is left in the store", "target", l.plan.Target.ARN, "err", err)
			continue
		}
		if !l.take(t) {
			p.next, p.tooBig = key.due, t.cost()
			return nil
		}
		p.last = key
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
	it, err := decodeEvent(event)
	return &task{held: &held{seq: key.seq, item: it}, key: key, waiting: w}, err
}

// take charges for a delivery, if it fits.
func (l *lane) take(t *task) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.fits(t.cost()) {
		return false
	}
	l.charge(t.cost())
	return true
}

func (l *lane) has(k waitKey) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.inMemory[k]
}
