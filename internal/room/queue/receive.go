package queue

import (
	"context"
	"errors"
	"time"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/queue/ledger"
	"github.com/dari-bus/dari/internal/store"
)

// MaxHidden is how many messages of a queue receivers may have at a time.
const MaxHidden = 120_000

// A Request is what a receiver asks for.
type Request struct {
	// Max is the most messages to hand out, 1 to 10.
	Max int
	// Visibility is how long they are invisible, Wait how long to wait for the
	// first one; nil means what the queue says.
	Visibility, Wait *time.Duration
	// Attempt names the request in a FIFO queue: the same request again, within
	// five minutes and while nothing has happened to the messages, gets the same
	// messages. "" is no name.
	Attempt string
}

// Receive hands out messages. It returns as soon as it has at least one, and
// nothing when the wait or ctx is over.
func (s *Service) Receive(ctx context.Context, a Address, r Request) ([]Message, error) {
	q, err := s.find(a)
	if err != nil {
		return nil, err
	}
	wait := q.config().Wait
	if r.Wait != nil {
		wait = *r.Wait
	}
	found, err := s.take(ctx, q, r)
	if len(found) > 0 || err != nil || wait <= 0 {
		return found, err
	}
	over := time.NewTimer(wait)
	defer over.Stop()
	for woken := false; len(found) == 0 && err == nil && ctx.Err() == nil; {
		if place := q.join(woken); place != nil {
			select {
			case <-place.Value.(chan struct{}):
				woken = true
			case <-over.C:
				q.leave(place)
				return nil, nil
			case <-ctx.Done():
				q.leave(place)
				return nil, nil
			}
		}
		found, err = s.take(ctx, q, r)
	}
	return found, err
}

// take hands out what is visible now, without waiting. Where nothing is, it
// does not touch the store.
func (s *Service) take(ctx context.Context, q *queue, r Request) ([]Message, error) {
	for {
		q.mu.Lock()
		idle := !q.promising(time.Now().UnixNano()) && r.Attempt == ""
		q.mu.Unlock()
		if idle {
			return nil, nil
		}
		t := taking{walk: walk{service: s, queue: q, budget: walkBudget}, request: r}
		// What is handed out need not be on disk: after a power cut it is visible
		// again, as it would be if the receiver had died.
		err := s.update(ctx, q, t.run, store.Unsynced, store.Draining)
		switch {
		case err != nil:
			t.doubt()
			q.passOn()
			if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
				err = nil
			}
			return nil, err
		case len(t.out) > 0 || t.budget > 0:
			return t.out, nil
		}
		// All it met was to be thrown away, and there may be more.
	}
}

// A taking is one transaction that hands out messages.
type taking struct {
	walk
	request Request
	out     []Message
}

func (t *taking) run(tx store.Tx) error {
	q := t.queue
	t.begin(tx)
	if q.full() {
		if q.address.FIFO() {
			return nil
		}
		return fault.Limit("The queue %s has %d messages in flight, which is the most it may have. Delete messages that have been worked on.", q.address.Name, MaxHidden)
	}
	hide := t.config.Visibility
	if t.request.Visibility != nil {
		hide = *t.request.Visibility
	}
	if t.request.Attempt != "" {
		again, err := t.again(hide)
		if again || err != nil {
			return err
		}
	}
	err := t.each(t.request.Max, func(e *ledger.Entry, r *record) (bool, error) {
		if to := t.deadLetters(e); to != nil {
			return false, t.deadLetter(to, e, r)
		}
		return true, t.hand(e, r, hide)
	})
	if err != nil {
		return err
	}
	if t.request.Attempt != "" && len(t.out) > 0 {
		q.attempts.remember(t.request.Attempt, t.now, t.handed())
	}
	return nil
}

// full says whether receivers have as many messages as they may.
func (q *queue) full() bool { return q.Count(ledger.Hidden) >= MaxHidden }

// hand gives a message to the receiver.
func (t *taking) hand(e *ledger.Entry, r *record, hide time.Duration) error {
	e.Count++
	e.Taken = t.now
	if e.First == 0 {
		e.First = t.now
	}
	return t.give(e, r, hide)
}

// give hides e and adds it to what is handed out.
func (t *taking) give(e *ledger.Entry, r *record, hide time.Duration) error {
	t.queue.Hide(e, t.now+int64(hide))
	if err := t.queue.save(t.tx, e); err != nil {
		return err
	}
	m := Message{
		ID: r.id.String(), Receipt: t.queue.receipt(e), Body: r.Body, Attributes: r.Attributes,
		Sender: r.Sender, Group: r.Group, DedupID: r.DedupID, Trace: r.Trace, Origin: r.origin,
		Sent: time.Unix(0, r.sent), First: time.Unix(0, e.First), Receives: int(e.Count),
	}
	if t.queue.address.FIFO() {
		m.Sequence = sequenceBase + e.Seq
	}
	t.out = append(t.out, m)
	return nil
}
