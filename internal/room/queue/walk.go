package queue

import (
	"errors"
	"fmt"
	"time"

	"github.com/dari-bus/dari/internal/room/queue/ledger"
	"github.com/dari-bus/dari/internal/store"
)

// walkBudget bounds how many messages one transaction looks at, since the whole
// store waits for it.
const walkBudget = 500

// A walk goes through the visible messages of a queue in the order in which
// they are due, within one transaction. Those older than the retention are
// removed on the way.
type walk struct {
	service *Service
	queue   *queue
	// budget is how many more messages may be looked at. Above zero at the end
	// means that there was nothing left to look at, or that enough was found.
	budget int
	// others are queues that got something.
	others []*queue

	tx     store.Tx
	now    int64
	config *config
	// ahead is the record at the head of the fresh messages, read already.
	ahead *record
	moved bool // the cursor has
}

func (w *walk) begin(tx store.Tx) {
	w.tx, w.now, w.config = tx, time.Now().UnixNano(), w.queue.config()
	w.queue.Settle(w.now)
}

// errEnough is returned by a visit that leaves the message where it is; the
// walk ends there.
var errEnough = errors.New("enough")

// each calls visit for visible messages until it has said yes max times. visit
// hides the message, removes it, or returns errEnough.
func (w *walk) each(max int, visit func(*ledger.Entry, *record) (bool, error)) error {
	found := 0
	for found < max && w.budget > 0 {
		e, r, err := w.next()
		if e == nil || err != nil {
			return firstError(err, w.finish())
		}
		for e != nil && found < max && w.budget > 0 {
			w.budget--
			after := w.queue.Follower(e)
			if r == nil {
				if r, err = w.read(e.Seq); err != nil {
					return err
				}
			}
			yes := false
			if r == nil || e.Sent+int64(w.config.Retention) <= w.now {
				err = w.remove(e)
			} else {
				yes, err = visit(e, r)
			}
			if err == errEnough {
				// It may just have become an entry, which the disk does not know.
				return firstError(w.queue.save(w.tx, e), w.finish())
			}
			if err != nil {
				return err
			}
			if yes {
				found++
			}
			e, r = after, nil
		}
	}
	if found == max {
		w.budget = 1
	}
	return w.finish()
}

func firstError(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// next returns the message that has been visible for longest, and its record
// if it was read; nil when there is none.
func (w *walk) next() (*ledger.Entry, *record, error) {
	q := w.queue
	e := q.First()
	if q.fresh == 0 {
		return e, nil, nil
	}
	if err := w.look(); err != nil {
		return nil, nil, err
	}
	r := w.ahead
	if r == nil || e != nil && e.Due <= r.sent {
		return e, nil, nil
	}
	e = &ledger.Entry{Seq: q.head, Tag: r.tag(), Sent: r.sent, First: r.first, Count: r.count, Due: r.sent, Phase: ledger.Visible}
	q.Add(e, "")
	q.fresh--
	q.head++
	w.ahead, w.moved = nil, true
	return e, r, nil
}

// look reads the record at the head, past numbers that are not fresh.
func (w *walk) look() error {
	q := w.queue
	for w.ahead == nil && q.head < q.tail {
		var err error
		if q.Find(q.head) != nil {
			q.head++
		} else if w.ahead, err = w.read(q.head); err != nil {
			return err
		} else if w.ahead == nil {
			// It was delayed, and has been received and deleted, maybe with many
			// others.
			q.head = w.seek(q.head + 1)
		} else {
			return nil
		}
		w.moved = true
	}
	if w.ahead == nil {
		q.fresh = 0
	}
	return nil
}

// seek returns the first number from seq on that has a message.
func (w *walk) seek(seq uint64) uint64 {
	for k := range w.tx.Scan(key(keyBody, w.queue.number, seq), key(keyBody, w.queue.number, w.queue.tail)) {
		return lastNumber(k)
	}
	return w.queue.tail
}

func (w *walk) read(seq uint64) (*record, error) {
	b, err := w.tx.Get(key(keyBody, w.queue.number, seq))
	if b == nil || err != nil {
		return nil, err
	}
	r, err := decodeRecord(b)
	if err != nil {
		return nil, recordError(w.queue.address, seq, err)
	}
	return r, nil
}

// finish puts the cursor on disk if it has moved.
func (w *walk) finish() error {
	if !w.moved {
		return nil
	}
	return w.queue.saveCursor(w.tx)
}

// remove forgets a message, in memory and on disk.
func (w *walk) remove(e *ledger.Entry) error { return w.queue.erase(w.tx, e) }

func (q *queue) erase(tx store.Tx, e *ledger.Entry) error {
	q.Remove(e)
	if err := tx.Delete(key(keyEntry, q.number, e.Seq)); err != nil {
		return err
	}
	return tx.Delete(key(keyBody, q.number, e.Seq))
}

// deadLetters returns the queue that e goes to instead of to a receiver, nil for
// none. A message is handed out at least once in every queue that it comes to,
// so two queues that name each other do not pass it to and fro.
func (w *walk) deadLetters(e *ledger.Entry) *queue {
	r := w.config.Redrive
	if r == nil || e.Taken == 0 || int(e.Count) < r.MaxReceives {
		return nil
	}
	a, ok := ParseAddress(r.Target)
	if !ok {
		return nil // it was read when it was set
	}
	return w.service.lookup(a)
}

// deadLetter moves a message to the queue to. It keeps its id, and in a standard
// queue its age.
func (w *walk) deadLetter(to *queue, e *ledger.Entry, r *record) error {
	moved := *r
	moved.origin, moved.count, moved.first = w.queue.arn, e.Count, e.First
	if to.address.FIFO() {
		moved.sent = w.now
	}
	if err := w.pass(to, &moved); err != nil {
		return err
	}
	return w.remove(e)
}

// pass puts a record on another queue, or on this one.
func (w *walk) pass(to *queue, r *record) error {
	if to != w.queue {
		// Only one transaction runs at a time, and nobody else holds two locks.
		to.mu.Lock()
		defer to.mu.Unlock()
		if err := to.usable(w.tx); err != nil {
			// Whoever holds a queue in a transaction finds it there, so this is no
			// fault of the caller's, and the memory of both has to be read again.
			return fmt.Errorf("pass a message to queue %s: %v", to.arn, err)
		}
		w.others = append(w.others, to)
	}
	if _, err := to.accept(w.tx, w.now, r, 0); err != nil {
		return err
	}
	if err := to.saveCursor(w.tx); err != nil {
		return err
	}
	if to != w.queue {
		to.stir(w.now)
	}
	return nil
}

// doubt is called when the transaction failed: the memory of the queues that got
// something may be ahead of the disk.
func (w *walk) doubt() {
	for _, q := range w.others {
		q.doubt()
	}
}
