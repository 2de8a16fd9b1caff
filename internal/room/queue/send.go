package queue

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/queue/ledger"
	"github.com/dari-bus/dari/internal/store"
)

// MaxDelay is the longest delay of a message.
const MaxDelay = 15 * time.Minute

// An Outcome is what became of one draft.
type Outcome struct {
	Sent
	// Err is a fault when the queue did not take it.
	Err error
}

// Send puts messages on the queue at a, in the order of drafts. A draft that
// the queue does not take has a fault in its outcome, the others go on. The
// messages are on disk when Send returns nil.
func (s *Service) Send(ctx context.Context, a Address, drafts []Draft) ([]Outcome, error) {
	q, err := s.find(a)
	if err != nil {
		return nil, err
	}
	return s.send(ctx, q, drafts)
}

func (s *Service) send(ctx context.Context, q *queue, drafts []Draft, opts ...store.Option) ([]Outcome, error) {
	c := q.config()
	out := make([]Outcome, len(drafts))
	mail := make([]letter, 0, len(drafts))
	for i := range drafts {
		d := &drafts[i]
		if out[i].Err = d.check(&c.Settings, q.address.FIFO()); out[i].Err == nil {
			mail = append(mail, newLetter(d, c, q.address.FIFO(), &out[i].Sent))
		}
	}
	if len(mail) == 0 {
		return out, nil
	}
	err := s.update(ctx, q, func(tx store.Tx) error {
		now := time.Now().UnixNano()
		for i := range mail {
			if err := q.post(tx, now, &mail[i]); err != nil {
				return err
			}
		}
		return q.saveCursor(tx)
	}, opts...)
	return out, err
}

// A letter is a draft ready for the transaction: what takes time has been done
// outside.
type letter struct {
	record
	delay time.Duration
	print fingerprint
	sent  *Sent
}

func newLetter(d *Draft, c *config, fifo bool, sent *Sent) letter {
	l := letter{record: record{Draft: *d, id: uuid.New()}, delay: c.Delay, sent: sent}
	if d.Delay != nil && !fifo {
		l.delay = *d.Delay
	}
	if fifo {
		if l.DedupID == "" {
			l.DedupID = contentID(d.Body)
		}
		l.print = printOf(&c.Settings, &l.Draft)
	}
	return l
}

// check returns a fault unless the queue of these settings takes d.
func (d *Draft) check(s *Settings, fifo bool) error {
	if d.Body == "" {
		return fault.Invalid("The request must contain the parameter MessageBody.").WithCode(CodeMissing)
	}
	if d.Size() > s.MaxSize {
		return TooLong("are invalid", s.MaxSize)
	}
	if err := CheckText("message body", d.Body); err != nil {
		return err
	}
	if d.Delay != nil && (*d.Delay < 0 || *d.Delay > MaxDelay) {
		return fault.Invalid("Value %d for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.", *d.Delay/time.Second)
	}
	if d.Group != "" && !Plain(d.Group) {
		return PlainFault("MessageGroupId", d.Group)
	}
	if d.DedupID != "" && !Plain(d.DedupID) {
		return PlainFault("MessageDeduplicationId", d.DedupID)
	}
	if !fifo {
		if d.DedupID != "" {
			return WrongType("MessageDeduplicationId", d.DedupID)
		}
		return nil
	}
	if d.Group == "" {
		return fault.Invalid("The request must contain the parameter MessageGroupId.").WithCode(CodeMissing)
	}
	if d.DedupID == "" && !s.ContentDedup {
		return NoDedupID()
	}
	if d.Delay != nil && *d.Delay != 0 {
		return WrongType("DelaySeconds", int(*d.Delay/time.Second))
	}
	return nil
}

// NoDedupID is the fault of a message that nothing tells from its repetitions.
func NoDedupID() error {
	return fault.Invalid("The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly")
}

// WrongType is the fault of a parameter that is for the other type of queue.
func WrongType(name string, value any) error {
	return fault.Invalid("Value %v for parameter %s is invalid. Reason: The request include parameter that is not valid for this queue type.", value, name)
}

// Plain says whether s is an id of a group, a repetition or an attempt.
func Plain(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return s != "" && len(s) <= 128
}

// PlainFault is the fault of an id that is not [Plain].
func PlainFault(name, value string) error {
	return fault.Invalid("Value %s for parameter %s is invalid. Reason: %s can only include alphanumeric and punctuation characters. 1 to 128 in length.", value, name, name)
}

// post puts one letter on q, unless it repeats one.
func (q *queue) post(tx store.Tx, now int64, l *letter) error {
	if q.address.FIFO() {
		if before, ok := q.dedup.find(l.print, now); ok {
			*l.sent = Sent{ID: before.id.String(), Sequence: sequenceBase + before.seq}
			return nil
		}
	}
	l.record.sent = now
	seq, err := q.accept(tx, now, &l.record, l.delay)
	if err != nil {
		return err
	}
	l.sent.ID = l.id.String()
	if !q.address.FIFO() {
		return nil
	}
	l.sent.Sequence = sequenceBase + seq
	return q.dedup.remember(tx, q.number, l.print, repeat{id: l.id, seq: seq, at: now})
}

// accept gives a record the next number. The caller puts the cursor on disk.
func (q *queue) accept(tx store.Tx, now int64, r *record, delay time.Duration) (uint64, error) {
	seq := q.tail
	if err := tx.Put(key(keyBody, q.number, seq), r.append(make([]byte, 0, r.size()))); err != nil {
		return 0, err
	}
	if !q.address.FIFO() && delay == 0 {
		if q.fresh == 0 {
			q.head = seq
		}
		q.tail++
		q.fresh++
		return seq, nil
	}
	e := &ledger.Entry{
		Seq: seq, Tag: r.tag(), Sent: r.sent, First: r.first, Count: r.count,
		Due: now + int64(delay), Phase: ledger.Visible,
	}
	if delay > 0 {
		e.Phase = ledger.Delayed
	}
	q.Add(e, r.Group)
	q.tail++
	return seq, q.save(tx, e)
}

// save puts an entry on disk.
func (q *queue) save(tx store.Tx, e *ledger.Entry) error {
	return tx.Put(key(keyEntry, q.number, e.Seq), appendEntry(make([]byte, 0, 64), e, e.GroupName()))
}
