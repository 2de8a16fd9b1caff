package delivery

import (
	"sync/atomic"
	"time"

	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/watch"
)

// A held is an item in memory, while its first pass goes on or while a
// waiting delivery of it is being tried.
type held struct {
	seq  uint64
	item Item
	// first counts the deliveries of the first pass that have no outcome yet.
	first atomic.Int32
	// refs means that the item has, or is about to have, an r record.
	refs atomic.Bool
}

// A task is one delivery in memory.
type task struct {
	*held
	// key is where the delivery waits on disk; its due is zero in the first
	// pass, which needs no record of its own.
	key waitKey
	waiting
	room room
	// input is what the target is to receive, once a rate limit has kept it from it.
	input []byte
	// dying means that it has failed for good, and is offered to the dead-letter queue.
	dying bool
	// exhausted says which part of the retry policy ended it, if one did.
	exhausted string
	// late means that it was taken away from foreign code which did not come back.
	late bool
}

func (t *task) firstPass() bool { return t.key.due == 0 }

// Owe writes items and the deliveries of them that are owed in tx. After tx has
// committed, start must be called once: it hands the deliveries over. When tx
// fails, for whatever reason, start must not be called.
//
// What was made ready by [Outbox.Prepare] is handed over in tx itself, and is then
// no delivery any more. A lane that is full, or whose target keeps failing, gets
// its delivery straight onto the disk instead of into memory.
func (o *Outbox) Owe(tx store.Tx, items []Item) (start func(), err error) {
	in := &owing{out: o, now: o.wall()}
	tx.OnEnd(in.ended)
	for i := range items {
		if err := in.take(tx, items[i]); err != nil {
			return nil, err
		}
	}
	if err := in.rounds.seal(tx); err != nil {
		return nil, err
	}
	return in.start, nil
}

// An owing is what one call of Owe takes in.
type owing struct {
	out       *Outbox
	now       int64
	first     []placed
	waits     []*lane
	abandoned []func()
	handed    []handed
	rounds    *rounds
	buf       []byte
}

// A placed delivery is one with the lane that has room for it.
type placed struct {
	lane *lane
	task *task
}

// take writes one item and decides where its deliveries go.
func (in *owing) take(tx store.Tx, item Item) error {
	h := &held{seq: in.out.next(), item: item}
	it := &h.item
	var first, later []Lane
	for _, id := range it.Lanes {
		l := in.out.lane(id)
		if taken, err := in.handOver(tx, l, it); err != nil {
			return err
		} else if taken {
			continue
		}
		if l == nil || l.abandoned() {
			in.abandoned = append(in.abandoned, func() { in.out.settledAbandoned(l, it) })
		} else if r, ok := l.reserve(it); ok {
			first = append(first, id)
			in.first = append(in.first, placed{l, &task{held: h, room: r}})
		} else {
			later = append(later, id)
			in.waits = append(in.waits, l)
			if err := tx.Put(waitKey{in.now, h.seq}.encode(id), waiting{}.encode()); err != nil {
				return err
			}
		}
	}
	it.offers = nil // which hold on to what was rendered
	if len(first)+len(later) == 0 {
		return nil
	}
	h.first.Store(int32(len(first)))
	in.buf = appendItem(in.buf[:0], it, first)
	if err := tx.Put(key1(prefixEvent, h.seq), in.buf); err != nil {
		return err
	}
	if len(later) == 0 {
		return nil
	}
	h.refs.Store(true)
	return tx.Put(key1(prefixRefs, h.seq), refs{len(first) > 0, later}.encode())
}

// start hands over what was taken in.
func (in *owing) start() {
	for _, fn := range in.abandoned {
		fn()
	}
	in.out.waiting.Add(int64(len(in.waits)))
	for _, l := range in.waits {
		l.note(in.now)
	}
	for _, h := range in.first {
		h.lane.push(h.task)
	}
	for i := range in.handed {
		in.handed[i].settle()
	}
}

// ended frees the room that was set aside, when the transaction has failed.
func (in *owing) ended(kept bool) {
	if kept {
		return
	}
	for _, h := range in.first {
		h.lane.giveBack(h.task.room)
	}
}

func (o *Outbox) settledAbandoned(l *lane, it *Item) {
	if o.Hooks.Settled == nil {
		return
	}
	s := watch.Settlement{
		Route:    watch.Route{EventID: it.ID, Source: it.Source},
		Outcome:  watch.Abandoned,
		Ingested: it.Ingested,
		Latency:  time.Since(it.Ingested),
	}
	if l != nil {
		s.Route = l.route(it)
	}
	o.Hooks.Settled(&s)
}
