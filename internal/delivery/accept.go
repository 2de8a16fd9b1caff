package delivery

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/watch"
)

// A held is an event in memory, while its first pass goes on or while a
// waiting delivery of it is being tried.
type held struct {
	seq  uint64
	item Item
	// first counts the deliveries of the first pass that have no outcome yet.
	first atomic.Int32
	// refs means that the event has, or is about to have, an r record.
	refs atomic.Bool
}

// A task is one delivery in memory.
type task struct {
	*held
	// key is where the delivery waits on disk; its due is zero in the first
	// pass, which needs no record of its own.
	key waitKey
	waiting
}

func (t *task) firstPass() bool { return t.key.due == 0 }

// cost is what a task is charged for the memory it holds. The event is shared
// by the lanes it goes to; charging each in full errs on the safe side.
func (t *task) cost() int64 { return int64(len(t.item.Event.JSON)) + 512 }

// Accept writes events and the deliveries they cause in tx. After tx has
// committed, start must be called once: it hands the deliveries over. When tx
// fails, start must not be called.
//
// A lane that is full, or whose target keeps failing, gets its delivery
// straight onto the disk instead of into memory.
func (o *Outbox) Accept(tx store.Tx, items []Item) (start func(), err error) {
	type waitingLane struct {
		lane *lane
		due  int64
	}
	var (
		tasks     []*task
		lanes     []*lane
		waits     []waitingLane
		abandoned []func()
		buf       []byte
		now       = time.Now().UnixMilli()
	)
	for i := range items {
		h := &held{seq: o.next(), item: items[i]}
		it := &h.item
		var first, later []Lane
		before := len(tasks)
		for _, id := range it.Lanes {
			l := o.lane(id)
			switch {
			case l == nil || l.abandoned():
				abandoned = append(abandoned, func() { o.settledAbandoned(l, it) })
			case l.hasRoom(int64(len(it.Event.JSON))):
				first = append(first, id)
				tasks, lanes = append(tasks, &task{held: h}), append(lanes, l)
			default:
				later = append(later, id)
				waits = append(waits, waitingLane{l, now})
				if err := tx.Put(waitKey{now, h.seq}.encode(id), waiting{}.encode()); err != nil {
					return nil, err
				}
			}
		}
		if len(first)+len(later) == 0 {
			continue
		}
		h.first.Store(int32(len(tasks) - before))
		buf = appendEvent(buf[:0], it, first)
		if err := tx.Put(key1(prefixEvent, h.seq), buf); err != nil {
			return nil, err
		}
		if len(later) > 0 {
			h.refs.Store(true)
			if err := tx.Put(key1(prefixRefs, h.seq), refs{len(first) > 0, slices.Clone(later)}.encode()); err != nil {
				return nil, err
			}
		}
	}
	return func() {
		for _, fn := range abandoned {
			fn()
		}
		for _, w := range waits {
			w.lane.note(w.due)
		}
		for i, t := range tasks {
			lanes[i].push(t)
		}
	}, nil
}

func (o *Outbox) settledAbandoned(l *lane, it *Item) {
	if o.Hooks.Settled == nil {
		return
	}
	s := watch.Settlement{
		Route:    watch.Route{EventID: it.Event.ID, Bus: it.Bus},
		Outcome:  watch.Abandoned,
		Ingested: it.Ingested,
		Latency:  time.Since(it.Ingested),
	}
	if l != nil {
		s.Route = l.route(it)
	}
	o.Hooks.Settled(&s)
}
