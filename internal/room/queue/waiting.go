package queue

import (
	"container/list"
	"context"
	"time"
)

// waiting are the receivers that found nothing, first come first. It is guarded
// by the lock of the queue.
//
// One receiver is woken at a time. What it does next, be it to take messages or
// to leave, ends with another look at the queue (stir), which wakes the one
// behind it if there is anything left.
type waiting struct {
	line  list.List // of chan struct{}, closed to wake
	timer *time.Timer
	armed int64 // when the timer rings, 0 for never
}

// join puts a receiver in the line; again says that it was woken in vain and
// keeps its turn. It returns nil when there is something to take.
func (q *queue) join(again bool) *list.Element {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now().UnixNano()
	if q.promising(now) {
		return nil
	}
	var place *list.Element
	if wake := make(chan struct{}); again {
		place = q.waiting.line.PushFront(wake)
	} else {
		place = q.waiting.line.PushBack(wake)
	}
	q.stir(now)
	return place
}

// Await waits until there is something to receive from the queue at a, or news of the
// queue itself: it is for those who need room for messages before they receive any.
// Others may be faster.
func (s *Service) Await(ctx context.Context, a Address) error {
	q, err := s.find(a)
	if err != nil {
		return err
	}
	for place := q.join(false); place != nil; place = q.join(true) {
		select {
		case <-place.Value.(chan struct{}):
		case <-ctx.Done():
			q.leave(place)
			return ctx.Err()
		}
	}
	q.passOn() // whoever waits behind may receive in the meantime
	return nil
}

// leave takes a receiver out of the line. If it was woken already, the turn
// passes on.
func (q *queue) leave(place *list.Element) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting.line.Remove(place)
	q.stir(time.Now().UnixNano())
}

// passOn is for a receiver that was woken and took nothing.
func (q *queue) passOn() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.stir(time.Now().UnixNano())
}

// promising says whether a receiver should look: there is a message, or news
// about the queue itself.
func (q *queue) promising(now int64) bool {
	if q.deleted || q.stale {
		return true
	}
	q.Settle(now)
	if q.fresh > 0 {
		return true
	}
	return q.First() != nil && !(q.address.FIFO() && q.full())
}

// stir wakes the first receiver in the line if there is something for it, and
// sees to it that somebody looks again when the next message becomes visible.
func (q *queue) stir(now int64) {
	if q.waiting.line.Len() > 0 && q.promising(now) {
		q.waiting.wake()
	}
	due := int64(0)
	if q.waiting.line.Len() > 0 {
		due = q.Next()
	}
	q.waiting.arm(due, now, q.ring)
}

// ring is called by the timer.
func (q *queue) ring() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting.armed = 0
	q.stir(time.Now().UnixNano())
}

// wake wakes the first in the line.
func (w *waiting) wake() {
	if e := w.line.Front(); e != nil {
		close(w.line.Remove(e).(chan struct{}))
	}
}

func (w *waiting) wakeAll() {
	for w.line.Len() > 0 {
		w.wake()
	}
}

// arm sets the timer to due, or stops it.
func (w *waiting) arm(due, now int64, ring func()) {
	if due == w.armed {
		return
	}
	w.armed = due
	switch {
	case due == 0:
		w.timer.Stop() // a ring that is under way finds nobody, which does no harm
	case w.timer == nil:
		w.timer = time.AfterFunc(time.Duration(due-now), ring)
	default:
		w.timer.Reset(time.Duration(due - now))
	}
}
