package groups

import (
	"context"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/blocks"
)

// The bounds of what is put at a time.
const (
	maxBatch   = 1 << 20
	eventExtra = 26 // what an event counts beside its text
	maxSpan    = 24 * time.Hour
	maxAhead   = 2 * time.Hour
	maxBehind  = 14 * 24 * time.Hour
	// patience is how long a Put waits for memory: behind others of its account, which
	// has half of what there is for all, and behind other accounts.
	patience = 2 * time.Second
)

var errThrottled = fault.Limit("Rate exceeded").WithCode("ThrottlingException")

// A Rejection says which events of a batch were not kept, by their places in it; -1
// for none. From TooNew on they are too far ahead; before TooOld and before Expired they
// are too old, for the service and for the group.
type Rejection struct {
	TooNew, TooOld, Expired int
}

// None says that all were kept.
func (r Rejection) None() bool { return r.TooNew < 0 && r.TooOld < 0 && r.Expired < 0 }

// Put appends events to a stream; they are on disk when it returns. It numbers them
// in place. Where there is no memory to pack them for two seconds, the error is a Limit
// fault with the code ThrottlingException, and the same call may succeed later.
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
	events, rejected := judge(g, events, time.Now())
	if len(events) == 0 {
		return rejected, nil
	}
	w := s.writing(at, g, stream, events)
	late, cancel := context.WithTimeoutCause(ctx, patience, errThrottled)
	defer cancel()
	if err := w.take(late); err != nil {
		return Rejection{}, err
	}
	return rejected, w.carryOut(ctx)
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
	if begin := g.Begin(now); begin > now.Add(-maxBehind).UnixMilli() {
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

// A writing is events of one stream on their way into a transaction.
type writing struct {
	s      *Service
	at     access.Place
	group  *Group
	stream string
	// making says that the stream is made if it is not there.
	making bool
	events []blocks.Entry
	packed *blocks.Packed
	// taken is the memory that it holds.
	taken int64
}

// writing returns one of events, of which there are some and which come now.
func (s *Service) writing(at access.Place, g *Group, stream string, events []blocks.Entry) *writing {
	now := time.Now().UnixMilli()
	for i := range events {
		events[i].Arrived = now
	}
	return &writing{s: s, at: at, group: g, stream: stream, events: events}
}

// take waits for all the memory that carryOut needs, at once: who held some and waited
// for more would keep others from it.
func (w *writing) take(ctx context.Context) error {
	n := blocks.PackCost(w.events) + w.s.Filters.Cost(w.at, w.group.Number, w.events)
	if err := w.s.ingest.Take(ctx, w.at.Account, n); err != nil {
		return err
	}
	w.taken = n
	return nil
}

// free gives back what was taken.
func (w *writing) free() { w.s.ingest.Give(w.at.Account, w.taken) }

// carryOut writes the events, whose memory is taken, in a transaction of their own, with
// what subscribers are owed of them. It frees the memory.
func (w *writing) carryOut(ctx context.Context, opts ...store.Option) (err error) {
	defer w.free()
	if w.packed, err = w.s.events.PackCounted(ctx, w.events); err != nil {
		return err
	}
	owed, err := w.s.Filters.Owed(w.at, w.group.Name, w.group.Number, w.stream, w.events)
	if err != nil {
		return err
	}
	err = w.s.opt.Store.Update(ctx, func(tx store.Tx) error {
		if err := w.fits(tx); err != nil {
			return err
		}
		if err := w.write(tx); err != nil {
			return err
		}
		return owed.Owe(tx)
	}, opts...)
	if err == nil {
		owed.Start()
	}
	return err
}

// fits says whether there still is a place for the events.
func (w *writing) fits(tx store.Tx) error {
	g, err := w.s.groups.In(tx).Get(groupKey(w.at, w.group.Name))
	if err != nil {
		return err
	}
	streams := w.s.streams.In(tx)
	switch {
	case g.Number != w.group.Number: // another one of the name
		return errNoStream
	case streams.Find(streamKey(w.at, g, w.stream)) != nil:
		return nil
	case !w.making:
		return errNoStream
	case streams.Count(w.at, "") >= MaxStreams:
		return errFull
	}
	return nil
}

// write writes the events, which fit, and makes their stream if it is not there.
func (w *writing) write(tx store.Tx) error {
	key := streamKey(w.at, w.group, w.stream)
	st := Stream{Name: w.stream, Created: time.Now().UnixMilli(), at: w.at, group: w.group.Number}
	if old := w.s.streams.In(tx).Find(key); old != nil {
		st = *old
	} else if n, err := nextNumber(tx); err != nil {
		return err
	} else {
		st.Number = n
	}
	st.note(w.events, w.packed.Small())
	if err := w.s.streams.In(tx).Put(key, &st); err != nil {
		return err
	}
	tx.OnEnd(func(kept bool) {
		if !kept {
			return
		}
		w.s.opt.Published(w.group.Number, w.stream, w.events)
		if st.Small >= blocks.SmallestPile {
			w.s.piles.Add(st.at.Account, key)
		}
	})
	return w.s.events.Add(tx, w.group.Number, st.Number, w.packed)
}
