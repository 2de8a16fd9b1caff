package queue

// A phase is where a message is in its life.
type phase uint8

const (
	// delayed: it was sent and nobody may have it yet.
	delayed phase = iota
	// visible: the next receiver may have it.
	visible
	// hidden: a receiver has it.
	hidden
)

// An entry is what memory holds of one message. Times are in nanoseconds since
// 1970.
type entry struct {
	// seq is the message's number in its queue; later messages have higher ones.
	seq uint64
	// tag is a part of the message's id, so that a receipt for a message that was
	// lost in a power cut does not fit the next one with its number.
	tag  uint64
	sent int64
	// first is when it was first received, 0 for never.
	first int64
	// due is when it becomes visible, or became so.
	due int64
	// taken is when this queue last handed it out, 0 for never: a dead letter comes
	// with a count of receives and may yet be new here.
	taken int64
	count uint32 // receives
	phase phase
	// at is its place in the one heap that it is in: timed when delayed or
	// hidden, the heap of a standard queue when visible.
	at int32

	// In a FIFO queue, its group and its neighbours there.
	group      *group
	prev, next *entry
}

// An order decides which visible message is next. The ledger tells it what
// happens to the entries.
type order interface {
	// added: e is new, in whatever phase.
	added(e *entry)
	// changed: e.phase was before and is something else now.
	changed(e *entry, before phase)
	// removed: e is gone.
	removed(e *entry)
	// first returns the next message to hand out, nil when there is none.
	first() *entry
	// follower returns the message that the same receiver may have right after
	// e, although e is now with them. It is asked before anything happens to e.
	follower(e *entry) *entry
}

// A ledger holds the entries of one queue, by number and by time.
type ledger struct {
	entries map[uint64]*entry
	// timed are those that become visible by themselves.
	timed  heap[*entry]
	order  order
	counts [3]int // by phase
}

func newLedger(fifo bool) ledger {
	l := ledger{
		entries: map[uint64]*entry{},
		timed: heap[*entry]{
			less:  func(a, b *entry) bool { return a.due < b.due || a.due == b.due && a.seq < b.seq },
			place: func(e *entry, at int32) { e.at = at },
		},
	}
	if fifo {
		l.order = newGroups()
	} else {
		l.order = newPile()
	}
	return l
}

// add takes in a new entry with its phase set.
func (l *ledger) add(e *entry) {
	l.entries[e.seq] = e
	l.counts[e.phase]++
	if e.phase != visible {
		l.timed.push(e)
	}
	l.order.added(e)
}

// hide makes e invisible until due, whatever it was before.
func (l *ledger) hide(e *entry, due int64) {
	e.due = due
	if e.phase == hidden {
		l.timed.fix(e.at)
		return
	}
	before := l.leave(e, hidden)
	// In this order: both heaps keep their place in e.at.
	l.order.changed(e, before)
	l.timed.push(e)
}

// show makes e visible since due.
func (l *ledger) show(e *entry, due int64) {
	if e.phase == visible {
		return
	}
	before := l.leave(e, visible)
	e.due = due
	l.order.changed(e, before)
}

// leave takes e out of timed and into its new phase.
func (l *ledger) leave(e *entry, now phase) (before phase) {
	before = e.phase
	if before != visible {
		l.timed.remove(e.at)
	}
	l.counts[before]--
	l.counts[now]++
	e.phase = now
	return before
}

// remove forgets e.
func (l *ledger) remove(e *entry) {
	if e.phase != visible {
		l.timed.remove(e.at)
	}
	l.counts[e.phase]--
	delete(l.entries, e.seq)
	l.order.removed(e)
}

// settle shows what has become visible by now.
func (l *ledger) settle(now int64) {
	for {
		e, ok := l.timed.first()
		if !ok || e.due > now {
			return
		}
		l.show(e, e.due)
	}
}

// next returns when the next entry becomes visible, 0 for never.
func (l *ledger) next() int64 {
	e, ok := l.timed.first()
	if !ok {
		return 0
	}
	return e.due
}
