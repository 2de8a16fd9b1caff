package logs

import (
	"context"
	"math"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/blocks"
	"github.com/google/uuid"
)

// The bounds of what is put at a time.
const (
	maxBatch     = 1 << 20
	eventExtra   = 26 // what an event counts beside its text
	maxSpan      = 24 * time.Hour
	maxAhead     = 2 * time.Hour
	maxBehind    = 14 * 24 * time.Hour
	smallestPile = 64 // blocks from which on it is worth to merge them
)

// A Rejection says which events of a batch were not kept, by their places in it; -1
// for none. From TooNew on they are too far ahead; before TooOld and before Expired they
// are too old, for the service and for the group.
type Rejection struct {
	TooNew, TooOld, Expired int
}

// None says that all were kept.
func (r Rejection) None() bool { return r.TooNew < 0 && r.TooOld < 0 && r.Expired < 0 }

// Put appends events to a stream; they are on disk when it returns. It numbers them
// in place.
func (s *Service) Put(ctx context.Context, by access.Caller, at access.Place, group, stream string, events []blocks.Entry) (Rejection, error) {
	if err := s.allow(by, at, "PutLogEvents", resource(at, group, stream)); err != nil {
		return Rejection{}, err
	}
	g, err := s.groups.Get(groupKey(at, group))
	if err != nil {
		return Rejection{}, err
	}
	if s.streams.Find(streamKey(at, g, stream)) == nil {
		return Rejection{}, errNoStream
	}
	if err := checkBatch(events); err != nil {
		return Rejection{}, err
	}
	return s.put(ctx, at, g, stream, events, false)
}

// checkBatch refuses a batch that is too large or not in order.
func checkBatch(events []blocks.Entry) error {
	total := 0
	for i := range events {
		e := &events[i]
		size := len(e.Text) + eventExtra
		if size > maxBatch {
			return fault.Invalid("Log event too large: %d bytes exceeds limit of %d", size, maxBatch)
		}
		if total += size; i > 0 && e.Time < events[i-1].Time {
			return fault.Invalid("Log events in a single PutLogEvents request must be in chronological order.")
		}
	}
	if total > maxBatch {
		return fault.Invalid("Upload too large: %d bytes exceeds limit of %d", total, maxBatch)
	}
	if n := len(events); n > 0 && events[n-1].Time-events[0].Time > maxSpan.Milliseconds() {
		return fault.Invalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
	}
	return nil
}

// judge returns which part of events, which are in order, is to be kept.
func judge(g *Group, events []blocks.Entry, now time.Time) ([]blocks.Entry, Rejection) {
	r := Rejection{-1, -1, -1}
	keep := 0
	before := func(limit int64) (n int) {
		for n < len(events) && events[n].Time < limit {
			n++
		}
		return n
	}
	if n := before(now.Add(-maxBehind).UnixMilli()); n > 0 {
		r.TooOld, keep = n, n
	}
	if begin := g.begin(now); begin > now.Add(-maxBehind).UnixMilli() {
		if n := before(begin); n > keep {
			r.Expired, keep = n, n
		}
	}
	end := before(now.Add(maxAhead).UnixMilli() + 1)
	if end < len(events) {
		r.TooNew = end
	}
	return events[keep:max(end, keep)], r
}

// put writes what is to be kept of events. When making, it makes the stream if it is
// not there, and need not wait for the disk.
func (s *Service) put(ctx context.Context, at access.Place, g *Group, stream string, events []blocks.Entry, making bool) (Rejection, error) {
	now := time.Now()
	events, rejected := judge(g, events, now)
	if len(events) == 0 {
		return rejected, nil
	}
	for i := range events {
		events[i].Arrived = now.UnixMilli()
	}
	key := streamKey(at, g, stream)
	var opts []store.Option
	if making {
		opts = append(opts, store.Unsynced)
		if err := s.ensure(ctx, at, g, stream); err != nil {
			return rejected, err
		}
	}
	st, err := s.streams.Get(key)
	if err != nil {
		return rejected, err
	}
	packed, err := s.events.Pack(ctx, g.Number, st.Number, events)
	if err != nil {
		return rejected, err
	}
	defer packed.Free()
	owed, err := s.filters.Owed(at, g.Name, g.Number, stream, events)
	if err != nil {
		return rejected, err
	}
	defer owed.Free()
	err = s.opt.Store.Update(ctx, func(tx store.Tx) error {
		if now, err := s.groups.In(tx).Get(groupKey(at, g.Name)); err != nil || now.Number != g.Number {
			return errNoStream
		}
		_, err := s.streams.In(tx).Change(key, func(changed *Stream) error {
			if changed.Number != st.Number {
				return errNoStream
			}
			changed.note(events)
			return nil
		})
		if err != nil {
			return err
		}
		if err := s.events.Add(tx, packed); err != nil {
			return err
		}
		return owed.Owe(tx)
	}, opts...)
	if err == nil {
		owed.Start()
		s.pileUp(pile{g.Number, st.Number, events[0].Time / (24 * time.Hour).Milliseconds()})
	}
	return rejected, err
}

// note takes down when events happened and came.
func (st *Stream) note(events []blocks.Entry) {
	first, last := events[0].Time, events[len(events)-1].Time
	if st.Arrived == 0 {
		st.First, st.Last = first, last
	}
	st.First, st.Last = min(st.First, first), max(st.Last, last)
	st.Arrived = events[0].Arrived
}

// ensure makes a stream if it is not there.
func (s *Service) ensure(ctx context.Context, at access.Place, g *Group, stream string) error {
	if s.streams.Find(streamKey(at, g, stream)) != nil {
		return nil
	}
	return s.opt.Store.Update(ctx, func(tx store.Tx) error {
		if s.streams.In(tx).Find(streamKey(at, g, stream)) != nil {
			return nil
		}
		return s.createStream(tx, at, g, stream)
	}, store.Unsynced)
}

// Deliver puts an event into a group on behalf of a service that acts for source,
// such as a rule; millis is its time. Each source has a stream. Errors that are faults are final:
// NotFound when there is no such group, Denied when no resource policy lets the
// service in, Invalid when the event is too large, or too old or new to be kept.
//
// The event need not be on disk when Deliver returns: it is before whatever the
// same store is told afterwards.
func (s *Service) Deliver(ctx context.Context, to arn.ARN, from access.Caller, millis int64, text []byte) error {
	at, group, ok := placeOf(to)
	if !ok || to.Service != "logs" || at.Region != from.Region {
		return fault.NotFound("The log group %s does not exist in the region %s.", to, from.Region)
	}
	stream := uuid.NewSHA1(uuid.NameSpaceURL, []byte(from.Source)).String()
	for _, action := range []string{"CreateLogStream", "PutLogEvents"} {
		if err := s.allow(from, at, action, resource(at, group, stream)); err != nil {
			return err
		}
	}
	g, err := s.groups.Get(groupKey(at, group))
	if err != nil {
		return fault.NotFound("The log group %s does not exist.", to)
	}
	if len(text) == 0 {
		return fault.Invalid("The log event has no text; one has at least a character.")
	}
	events := []blocks.Entry{{Time: min(max(millis, 0), math.MaxInt64/2), Text: text}}
	if err := checkBatch(events); err != nil {
		return err
	}
	rejected, err := s.put(ctx, at, g, stream, events, true)
	if err == nil && !rejected.None() {
		return fault.Invalid("The event's time is %s; log events are kept that are at most 14 days old, within the retention of their group, and at most two hours ahead.", time.UnixMilli(millis).UTC().Format(time.RFC3339))
	}
	return err
}
