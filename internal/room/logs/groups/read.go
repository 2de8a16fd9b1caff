package groups

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/page"
	"github.com/dari-bus/dari/internal/room/logs/filters"
	"github.com/dari-bus/dari/internal/store/blocks"
)

// The bounds of a page of events, and MaxEvents also that of what is put at a time.
const (
	MaxEvents    = 10_000
	maxPageBytes = 1 << 20
	// searchWithin is how long a page is searched for: then what was found is it.
	searchWithin = 10 * time.Second
)

// lastTime is later than any event.
const lastTime = math.MaxInt64 / 2

// A Span is part of the time, in Unix milliseconds, both ends inclusive. A nil end is
// open.
type Span struct{ From, To *int64 }

// Of asks for the events of a group that are in the span and have not expired. There
// are none when its From is after its To.
func (t Span) Of(g *Group) blocks.Query {
	q := blocks.Query{Log: g.Number, From: g.Begin(time.Now()), To: lastTime}
	if t.From != nil {
		q.From = min(max(q.From, *t.From), lastTime+1)
	}
	if t.To != nil {
		q.To = min(q.To, *t.To)
	}
	return q
}

// Find returns at most max of the events that a query of one group finds: the first
// or, backward, the last, in the order of their times, and no more than a page has and
// what is found within ten seconds. It asks nobody whether they may.
func (s *Service) Find(ctx context.Context, q *blocks.Query, backward bool, max int) ([]blocks.Found, error) {
	if q.From > q.To {
		return nil, nil
	}
	r, err := s.events.Read(ctx, q, blocks.Page{Backward: backward, Max: max, MaxBytes: maxPageBytes, Within: searchWithin})
	if err != nil {
		return nil, err
	}
	return r.Entries, nil
}

// A Reading is a page of a stream, with the positions that the next pages begin
// from: after Forward, and before Backward.
type Reading struct {
	Events            []blocks.Found
	Forward, Backward blocks.Position
}

// Read returns a page of the events of a stream: from the position at on, or from one
// end.
func (s *Service) Read(ctx context.Context, by access.Caller, at access.Place, group, stream string, span Span, from *blocks.Position, backward bool, limit int) (*Reading, error) {
	if err := s.allow(by, at, "GetLogEvents", resource(at, group, stream)); err != nil {
		return nil, err
	}
	g, err := s.groups.Get(groupKey(at, group))
	if err != nil {
		return nil, err
	}
	st, err := s.streams.Get(streamKey(at, g, stream))
	if err != nil {
		return nil, err
	}
	q := span.Of(g)
	q.Sources = []uint64{st.Number}
	out := &Reading{Forward: blocks.Position{Time: q.From - 1, Number: math.MaxUint64}, Backward: blocks.Position{Time: q.To + 1}}
	if q.From == 0 {
		out.Forward = blocks.Position{}
	}
	if from != nil {
		out.Forward, out.Backward = *from, *from
		switch { // the other page has the event at from
		case backward && from.Number > 0:
			out.Forward.Number--
		case backward && from.Time > 0:
			out.Forward = blocks.Position{Time: from.Time - 1, Number: math.MaxUint64}
		case !backward && from.Number < math.MaxUint64:
			out.Backward.Number++
		case !backward && from.Time <= lastTime:
			out.Backward = blocks.Position{Time: from.Time + 1}
		}
	}
	if q.From > q.To {
		return out, nil
	}
	r, err := s.events.Read(ctx, &q, blocks.Page{After: from, Backward: backward, Max: limit, MaxBytes: maxPageBytes})
	if err != nil {
		return nil, err
	}
	out.Events = r.Entries
	if n := len(r.Entries); n > 0 {
		out.Backward = blocks.Position{Time: r.Entries[0].Time, Number: r.Entries[0].Number}
		out.Forward = blocks.Position{Time: r.Entries[n-1].Time, Number: r.Entries[n-1].Number}
	}
	return out, nil
}

// A Filter says which events of a group are asked for. Streams are the names of
// theirs, or Prefix begins them; without either it is all.
type Filter struct {
	Span
	Pattern string
	Streams []string
	Prefix  string
}

// A Hit is an event and the stream that it is in.
type Hit struct {
	Stream string
	blocks.Found
}

// Filter returns a page of what a filter finds in a group, by time and over all
// streams: the earliest first or, backward, the latest. A token has its own direction.
func (s *Service) Filter(ctx context.Context, by access.Caller, at access.Place, group string, f Filter, token string, backward bool, limit int) ([]Hit, string, error) {
	if err := s.allow(by, at, "FilterLogEvents", resource(at, group, "")); err != nil {
		return nil, "", err
	}
	g, err := s.groups.Get(groupKey(at, group))
	if err != nil {
		return nil, "", err
	}
	pattern, err := filters.Compile(f.Pattern)
	if err != nil {
		return nil, "", err
	}
	q := f.Of(g)
	if err := s.sources(at, g, &f, &q); err != nil {
		return nil, "", err
	}
	q.Holds = pattern.Holds()
	// A page ends with a block of events; a pattern can have work for hours with one.
	ctx, cancel := context.WithTimeoutCause(ctx, 2*searchWithin, errSlow)
	defer cancel()
	q.Match = func(_ uint64, e *blocks.Entry) bool { return ctx.Err() == nil && pattern.Match(e.Text) }
	p := blocks.Page{Backward: backward, Max: limit, MaxBytes: maxPageBytes, Within: searchWithin}
	if token != "" {
		if p.After, p.Backward, err = readToken(token); err != nil {
			return nil, "", err
		}
	}
	if q.From > q.To || q.Sources != nil && len(q.Sources) == 0 {
		return nil, "", nil
	}
	r, err := s.events.Read(ctx, &q, p)
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, "", err
	}
	hits := s.named(at, g, r.Entries)
	if p.Backward {
		slices.Reverse(hits)
	}
	if r.More {
		return hits, writeToken(r.Reached, p.Backward), nil
	}
	return hits, "", nil
}

var errSlow = fault.Unavailable("The events of one block take longer than %v to search. Put the pattern more simply, or search a shorter time.", 2*searchWithin)

// sources tells a query the streams of a filter.
func (s *Service) sources(at access.Place, g *Group, f *Filter, q *blocks.Query) error {
	if len(f.Streams) > 0 {
		for _, name := range f.Streams {
			st, err := s.streams.Get(streamKey(at, g, name))
			if err != nil {
				return err
			}
			if !slices.Contains(q.Sources, st.Number) {
				q.Sources = append(q.Sources, st.Number)
			}
		}
		return nil
	}
	if f.Prefix == "" {
		return nil
	}
	numbers := []uint64{}
	for st := range s.streams.Each(at, streamsOf(g)+f.Prefix) {
		if st.Arrived != 0 {
			numbers = append(numbers, st.Number)
		}
	}
	if len(numbers) <= fewSources {
		q.Sources = numbers
		return nil
	}
	slices.Sort(numbers)
	q.Of = func(source uint64) bool {
		_, ok := slices.BinarySearch(numbers, source)
		return ok
	}
	return nil
}

// fewSources is up to how many streams are looked for one by one, on each day, rather
// than among all of the group.
const fewSources = 100

// named gives entries the names of their streams, and leaves out those whose stream
// was deleted just now. A group has many more streams than a page has.
func (s *Service) named(at access.Place, g *Group, entries []blocks.Found) (hits []Hit) {
	names := map[uint64]string{}
	for i := range entries {
		names[entries[i].Source] = ""
	}
	missing := len(names)
	for st := range s.streams.Each(at, streamsOf(g)) {
		if missing == 0 {
			break
		}
		if _, ok := names[st.Number]; ok {
			names[st.Number] = st.Name
			missing--
		}
	}
	for _, e := range entries {
		if name := names[e.Source]; name != "" {
			hits = append(hits, Hit{name, e})
		}
	}
	return hits
}

func writeToken(p blocks.Position, backward bool) string {
	direction := "f"
	if backward {
		direction = "b"
	}
	return page.Encode(fmt.Sprintf("%s %d %d", direction, p.Time, p.Number))
}

func readToken(token string) (at *blocks.Position, backward bool, err error) {
	text, err := page.Decode(token)
	if err != nil {
		return nil, false, page.ErrToken
	}
	direction, rest, _ := strings.Cut(text, " ")
	if direction != "f" && direction != "b" {
		return nil, false, page.ErrToken
	}
	at, err = ReadPosition(rest)
	return at, direction == "b", err
}

// ReadPosition reads a time and a number with a blank between them, which a caller
// gave back to us.
func ReadPosition(text string) (*blocks.Position, error) {
	var p blocks.Position
	if n, err := fmt.Sscanf(text, "%d %d", &p.Time, &p.Number); n != 2 || err != nil || p.Time < -1 || p.Time > lastTime+1 {
		return nil, page.ErrToken
	}
	return &p, nil
}
