package groups

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/page"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/blocks"
	"github.com/dari-bus/dari/internal/store/table"
)

// A Stream is a log stream, as it is stored. Times are in Unix milliseconds.
type Stream struct {
	Name    string
	Number  uint64
	Created int64
	// First and Last are the times of the first and the last event, and Arrived is
	// when one last came; 0 for none yet.
	First   int64 `json:",omitempty"`
	Last    int64 `json:",omitempty"`
	Arrived int64 `json:",omitempty"`
	// Small counts the small blocks since they were merged, and SmallFrom and SmallTo
	// bound the times of what is in them.
	Small     int   `json:",omitempty"`
	SmallFrom int64 `json:",omitempty"`
	SmallTo   int64 `json:",omitempty"`

	at    access.Place
	group uint64
}

// complete tells a stored stream where it is.
func (st *Stream) complete(k table.Key) error {
	group, _, _ := strings.Cut(k.Name, "/")
	var err error
	st.at = k.Place
	st.group, err = strconv.ParseUint(group, 16, 64)
	return err
}

// key is where the stream is in the table.
func (st *Stream) key() table.Key { return streamKey(st.at, &Group{Number: st.group}, st.Name) }

// note takes down when events happened and came, which are in so many small blocks.
func (st *Stream) note(events []blocks.Entry, small int) {
	first, last := events[0].Time, events[len(events)-1].Time
	if st.Arrived == 0 {
		st.First, st.Last = first, last
	}
	st.First, st.Last = min(st.First, first), max(st.Last, last)
	st.Arrived = events[0].Arrived
	if small == 0 {
		return
	}
	if st.Small == 0 {
		st.SmallFrom, st.SmallTo = first, last
	}
	st.Small += small
	st.SmallFrom, st.SmallTo = min(st.SmallFrom, first), max(st.SmallTo, last)
}

// streamsOf begins the names of the records of a group's streams.
func streamsOf(g *Group) string { return fmt.Sprintf("%016x/", g.Number) }

func streamKey(at access.Place, g *Group, name string) table.Key {
	return table.Key{Place: at, Name: streamsOf(g) + name}
}

// StreamNames returns what finds the names of a group's streams by their numbers; ok is
// false for one that was not there when it was first called. It is for one goroutine,
// and holds a pointer for each stream: at most [MaxStreams].
func (s *Service) StreamNames(at access.Place, group uint64) func(number uint64) (name string, ok bool) {
	var all []*Stream
	return func(number uint64) (string, bool) {
		if all == nil {
			prefix := streamsOf(&Group{Number: group})
			all = make([]*Stream, 0, s.streams.Count(at, prefix))
			for st := range s.streams.Each(at, prefix) {
				all = append(all, st)
			}
			slices.SortFunc(all, func(a, b *Stream) int { return cmp.Compare(a.Number, b.Number) })
		}
		i, ok := slices.BinarySearchFunc(all, number, func(st *Stream, n uint64) int { return cmp.Compare(st.Number, n) })
		if !ok {
			return "", false
		}
		return all[i].Name, true
	}
}

// CreateStream makes a stream.
func (s *Service) CreateStream(ctx context.Context, by access.Caller, at access.Place, group, name string) error {
	if err := s.allow(by, at, "CreateLogStream", resource(at, group, name)); err != nil {
		return err
	}
	return s.opt.Store.Update(ctx, func(tx store.Tx) error {
		g, err := s.groups.In(tx).Get(groupKey(at, group))
		if err != nil {
			return err
		}
		n, err := nextNumber(tx)
		if err != nil {
			return err
		}
		return s.streams.In(tx).Create(streamKey(at, g, name), &Stream{Name: name, Number: n, Created: time.Now().UnixMilli(), at: at, group: g.Number})
	})
}

// DeleteStream deletes a stream and its events. They are gone from all reads at once,
// and from disk soon.
func (s *Service) DeleteStream(ctx context.Context, by access.Caller, at access.Place, group, name string) error {
	if err := s.allow(by, at, "DeleteLogStream", resource(at, group, name)); err != nil {
		return err
	}
	err := s.opt.Store.Update(ctx, func(tx store.Tx) error {
		g, err := s.groups.In(tx).Get(groupKey(at, group))
		if err != nil {
			return err
		}
		st, err := s.streams.In(tx).Delete(streamKey(at, g, name))
		if err != nil || st.Arrived == 0 {
			return err
		}
		l := left{group: g.Number, source: st.Number, first: st.First, last: st.Last}
		return tx.Put(l.key(), l.value())
	}, store.Draining)
	s.deleted.Store(true)
	s.piles.Sweep()
	return err
}

// Streams returns a page of the streams of a group whose names begin with prefix, in
// the order of their names or, byTime, of their last events.
func (s *Service) Streams(by access.Caller, at access.Place, group, prefix string, byTime, descending bool, token string, limit int) ([]*Stream, string, error) {
	if err := s.allow(by, at, "DescribeLogStreams", resource(at, group, "")); err != nil {
		return nil, "", err
	}
	g, err := s.groups.Get(groupKey(at, group))
	if err != nil {
		return nil, "", err
	}
	if !byTime && !descending {
		return s.streams.List(at, streamsOf(g)+prefix, nil, token, limit)
	}
	order := func(a, b *Stream) int { return strings.Compare(a.Name, b.Name) }
	if byTime {
		order = func(a, b *Stream) int {
			return cmp.Or(cmp.Compare(a.Last, b.Last), strings.Compare(a.Name, b.Name))
		}
	}
	if descending {
		up := order
		order = func(a, b *Stream) int { return up(b, a) }
	}
	var after *Stream
	if token != "" {
		last, err := page.Decode(token)
		after = &Stream{}
		if err == nil {
			var time string
			time, after.Name, _ = strings.Cut(last, " ")
			_, err = fmt.Sscan(time, &after.Last)
		}
		if err != nil {
			return nil, "", page.ErrToken
		}
	}
	// A group may have 100,000: only those of the page are kept, and one more. Most of
	// them are told to be none by one look.
	var rows []*Stream
	for st := range s.streams.Each(at, streamsOf(g)+prefix) {
		if len(rows) > limit && order(st, rows[limit]) > 0 || after != nil && order(st, after) <= 0 {
			continue
		}
		i, _ := slices.BinarySearchFunc(rows, st, order)
		if rows = slices.Insert(rows, i, st); len(rows) > limit+1 {
			rows = rows[:limit+1]
		}
	}
	if len(rows) <= limit {
		return rows, "", nil
	}
	last := rows[limit-1]
	return rows[:limit], page.Encode(fmt.Sprintf("%d %s", last.Last, last.Name)), nil
}
