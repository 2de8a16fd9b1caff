// Package ledger is what memory holds of the messages of one queue: which of them
// receivers may have, have, and may not have yet, and which is next. It knows
// neither a clock nor a disk, and its caller holds a lock.
package ledger

// A Phase is where a message is in its life.
type Phase uint8

const (
	// Delayed: it was sent and nobody may have it yet.
	Delayed Phase = iota
	// Visible: the next receiver may have it.
	Visible
	// Hidden: a receiver has it.
	Hidden
)

// An Entry is what memory holds of one message. Times are in nanoseconds since
// 1970.
type Entry struct {
	// Seq is the message's number in its queue; later messages have higher ones.
	Seq uint64
	// Tag is a part of the message's id, so that a receipt for a message that was
	// lost in a power cut does not fit the next one with its number.
	Tag  uint64
	Sent int64
	// First is when it was first received, 0 for never.
	First int64
	// Due is when it becomes visible, or became so.
	Due int64
	// Taken is when this queue last handed it out, 0 for never: a dead letter comes
	// with a count of receives and may yet be new here.
	Taken int64
	Count uint32 // receives
	Phase Phase
	// at is its place in the one heap that it is in: timed when delayed or
	// hidden, the heap of a standard queue when visible.
	at int32

	// In a FIFO queue, its group and its neighbours there.
	group      *group
	prev, next *Entry
}

// GroupName returns the name of the message group, "" in a standard queue.
func (e *Entry) GroupName() string {
	if e.group == nil {
		return ""
	}
	return e.group.name
}

// An order decides which visible message is next. The ledger tells it what
// happens to the entries.
type order interface {
	// added: e is new, in whatever phase.
	added(e *Entry)
	// changed: e.Phase was before and is something else now.
	changed(e *Entry, before Phase)
	// removed: e is gone.
	removed(e *Entry)
	// first returns the next message to hand out, nil when there is none.
	first() *Entry
	// follower returns the message that the same receiver may have right after
	// e, although e is now with them. It is asked before anything happens to e.
	follower(e *Entry) *Entry
}

// A Ledger holds the entries of one queue, by number and by time.
type Ledger struct {
	entries map[uint64]*Entry
	// timed are those that become visible by themselves.
	timed  heap[*Entry]
	order  order
	counts [3]int // by phase
}

// New returns the empty ledger of a queue, which keeps the order of groups if it is
// FIFO.
func New(fifo bool) Ledger {
	l := Ledger{
		entries: map[uint64]*Entry{},
		timed: heap[*Entry]{
			less:  func(a, b *Entry) bool { return a.Due < b.Due || a.Due == b.Due && a.Seq < b.Seq },
			place: func(e *Entry, at int32) { e.at = at },
		},
	}
	if fifo {
		l.order = newGroups()
	} else {
		l.order = newPile()
	}
	return l
}

// Find returns the entry with a number, nil when there is none.
func (l *Ledger) Find(seq uint64) *Entry { return l.entries[seq] }

// Count returns how many entries are in a phase.
func (l *Ledger) Count(p Phase) int { return l.counts[p] }

// First returns the entry that is handed out next, nil when none is visible.
func (l *Ledger) First() *Entry { return l.order.first() }

// Follower returns the entry that whoever is given e may have right after it, nil
// when that is the first one again. It is asked before anything happens to e.
func (l *Ledger) Follower(e *Entry) *Entry { return l.order.follower(e) }

// Add takes in a new entry with its phase set, in a FIFO queue as the last of its
// group. Entries come in the order of their numbers.
func (l *Ledger) Add(e *Entry, groupName string) {
	e.at = -1
	if o, ok := l.order.(*groups); ok {
		e.group = o.named(groupName)
	}
	l.entries[e.Seq] = e
	l.counts[e.Phase]++
	if e.Phase != Visible {
		l.timed.push(e)
	}
	l.order.added(e)
}

// Hide makes e invisible until due, whatever it was before.
func (l *Ledger) Hide(e *Entry, due int64) {
	e.Due = due
	if e.Phase == Hidden {
		l.timed.fix(e.at)
		return
	}
	before := l.leave(e, Hidden)
	// In this order: both heaps keep their place in e.at.
	l.order.changed(e, before)
	l.timed.push(e)
}

// Show makes e visible since due.
func (l *Ledger) Show(e *Entry, due int64) {
	if e.Phase == Visible {
		return
	}
	before := l.leave(e, Visible)
	e.Due = due
	l.order.changed(e, before)
}

// leave takes e out of timed and into its new phase.
func (l *Ledger) leave(e *Entry, now Phase) (before Phase) {
	before = e.Phase
	if before != Visible {
		l.timed.remove(e.at)
	}
	l.counts[before]--
	l.counts[now]++
	e.Phase = now
	return before
}

// Remove forgets e.
func (l *Ledger) Remove(e *Entry) {
	if e.Phase != Visible {
		l.timed.remove(e.at)
	}
	l.counts[e.Phase]--
	delete(l.entries, e.Seq)
	l.order.removed(e)
}

// Settle shows what has become visible by now.
func (l *Ledger) Settle(now int64) {
	for {
		e, ok := l.timed.first()
		if !ok || e.Due > now {
			return
		}
		l.Show(e, e.Due)
	}
}

// Next returns when the next entry becomes visible, 0 for never.
func (l *Ledger) Next() int64 {
	e, ok := l.timed.first()
	if !ok {
		return 0
	}
	return e.Due
}
