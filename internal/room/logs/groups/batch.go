package groups

import (
	"context"
	"math"
	"time"

	"github.com/google/uuid"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/blocks"
)

// A Line is an event for a group from somebody of the house.
type Line struct {
	// Group is the ARN of the group, with or without what stands behind it.
	Group arn.ARN
	// From is who writes: a service that acts for a source, such as a rule, or a role.
	// It must be allowed to make the stream as well as to write.
	From access.Caller
	// Stream is made if it is not there. Where it is "", each source has one.
	Stream string
	// Time is in Unix milliseconds.
	Time int64
	// Text must not be changed.
	Text []byte
}

// admit makes a line ready to be packed, and more texts with it. Errors are faults, and final: NotFound when
// there is no such group, Denied when the writer is not let in, Invalid when the event
// is too large, or too old or new to be kept.
func (s *Service) admit(l *Line, more ...[]byte) (*writing, error) {
	at, group, ok := PlaceOf(l.Group)
	if !ok || at.Region != l.From.Region {
		return nil, fault.NotFound("The log group %s does not exist in the region %s.", l.Group, l.From.Region)
	}
	stream := l.Stream
	if stream == "" {
		stream = uuid.NewSHA1(uuid.NameSpaceURL, []byte(l.From.Source)).String()
	}
	for _, action := range []string{"CreateLogStream", "PutLogEvents"} {
		if err := s.allow(l.From, at, action, resource(at, group, stream)); err != nil {
			return nil, err
		}
	}
	g := s.groups.Find(groupKey(at, group))
	if g == nil {
		return nil, fault.NotFound("The log group %s does not exist.", l.Group)
	}
	events := make([]blocks.Entry, 0, 1+len(more))
	for _, text := range append([][]byte{l.Text}, more...) {
		if len(text) == 0 {
			return nil, fault.Invalid("The log event has no text; one has at least a character.")
		}
		events = append(events, blocks.Entry{Time: min(max(l.Time, 0), math.MaxInt64/2), Text: text})
	}
	if err := checkBatch(events); err != nil {
		return nil, err
	}
	if _, rejected := judge(g, events, time.Now()); !rejected.None() {
		return nil, fault.Invalid("The event's time is %s; log events are kept that are at most 14 days old, within the retention of their group, and at most two hours ahead.", time.UnixMilli(l.Time).UTC().Format(time.RFC3339))
	}
	w := s.writing(at, g, stream, events)
	w.making = true
	return w, nil
}

// Deliver writes a line. Its errors that are faults are those of admit, and Limit when
// there is no room for the stream.
//
// The event need not be on disk when Deliver returns: it is before whatever the
// same store is told afterwards.
func (s *Service) Deliver(ctx context.Context, l Line) error {
	w, err := s.admit(&l)
	if err != nil {
		return err
	}
	if err := w.take(ctx); err != nil {
		return err
	}
	return w.carryOut(ctx, store.Unsynced)
}

// A Batch is lines that are written within a transaction of somebody else: when that
// has committed they are there, once, and otherwise nothing of them is. Who fills one
// counts its memory: twice the texts, beside what these take already. A Batch is for
// one transaction and one goroutine.
type Batch struct {
	service *Service
	lines   []*writing
}

// NewBatch returns a Batch without lines.
func (s *Service) NewBatch() *Batch { return &Batch{service: s} }

// Add makes a line ready, which takes time and so is done before the transaction. An
// error is one of those of [Service.Deliver], and leaves the line out.
func (b *Batch) Add(l Line) error {
	w, err := b.service.admit(&l)
	if err != nil {
		return err
	}
	if w.packed, err = b.service.events.PackCounted(context.Background(), w.events); err != nil {
		return err
	}
	b.lines = append(b.lines, w)
	return nil
}

// Take writes the nth line that was added, from 0, in tx. False means that its group
// is gone meanwhile, that there is no room for its stream, or that the group has
// subscribers, whose messages are made outside of the store's turn: [Service.Deliver]
// says which it is, or writes it. After an error tx must not commit.
func (b *Batch) Take(tx store.Tx, n int) (bool, error) {
	w := b.lines[n]
	if w.fits(tx) != nil || b.service.Filters.Subscribed(tx, w.at, w.group.Number) {
		return false, nil
	}
	return true, w.write(tx)
}
