package trail

import (
	"context"
	"encoding/binary"
	"slices"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/table"
)

// keptFor is how long records are kept.
const keptFor = 90 * 24 * time.Hour

// The bounds on histories. A segment is the portion in which records go.
const (
	maxRegions   = 64 // in which an account has one, beside the rest
	maxHistories = 10_000
	segments     = 16 // in what an account may have
	smallestPile = 64 // blocks from which on it is worth to merge them
)

// A history is the records of a place: a log of blocks, in which each segment is a
// source. The last segment is the one that is written to.
type history struct {
	Number   uint64
	Segments []segment
}

// A segment is records of one day that go together.
type segment struct {
	Source uint64
	// Begun is when, in Unix milliseconds, and Bytes the texts of its records; of the
	// last segment of a history they are counted in memory.
	Begun, Bytes int64
}

// A live history is one in memory.
type live struct {
	history
	// small counts the small blocks of the last segment since they were merged.
	small int
}

// rest is the region whose history has the records of further regions as well: nobody
// calls unseen because somebody called in very many regions before.
const rest = "us-east-1"

// An address is where a record is put.
type address struct {
	in             access.Place
	number, source uint64
}

func historyKey(at access.Place) table.Key { return table.Key{Place: at, Name: "events"} }

const millisInDay = int64(24 * time.Hour / time.Millisecond)

// found takes in a history that was read.
func (s *Service) found(k table.Key, h *history) error {
	s.live[k.Place] = &live{history: history{h.Number, append([]segment(nil), h.Segments...)}}
	return nil
}

// measure counts what there is when the service opens. What the last segment of a
// history has is what its day has beside the others.
func (s *Service) measure(tx store.Tx) error {
	for at, l := range s.live {
		if n := len(l.Segments); n > 0 {
			last := &l.Segments[n-1]
			day := last.Begun / millisInDay
			last.Bytes = s.records.Size(tx, l.Number, last.Begun)
			for _, other := range l.Segments[:n-1] {
				if other.Begun/millisInDay >= day {
					last.Bytes -= other.Bytes
				}
			}
			last.Bytes = max(last.Bytes, 0)
			s.piles = append(s.piles, pile{address{at, l.Number, last.Source}, last.Begun})
		}
		for _, g := range l.Segments {
			s.sizes[at.Account] += g.Bytes
		}
	}
	return nil
}

// room returns where a record of some bytes is put, and makes room for it: a segment
// of its own if there is none that may take it, and less of the account's oldest.
func (s *Service) room(ctx context.Context, at access.Place, now, size int64) (address, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.shrink(ctx, at.Account, s.opt.MaxBytes-size); err != nil {
		return address{}, err
	}
	if s.live[at] == nil && s.regions(at.Account) >= maxRegions {
		at.Region = rest
	}
	l := s.live[at]
	if l == nil || !l.takes(now, size, s.opt.MaxBytes/segments) {
		var err error
		if l, err = s.turn(ctx, at, now); err != nil {
			return address{}, err
		}
	}
	last := &l.Segments[len(l.Segments)-1]
	last.Bytes += size
	s.sizes[at.Account] += size
	return address{at, l.Number, last.Source}, nil
}

// unused gives back what room counted of a record that was not written.
func (s *Service) unused(to address, size int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.live[to.in]
	if l == nil || l.Number != to.number {
		return // it was dropped, with what was counted
	}
	for i := range l.Segments {
		if g := &l.Segments[i]; g.Source == to.source {
			g.Bytes -= size
			s.sizes[to.in.Account] -= size
		}
	}
}

// takes says whether the last segment takes a record of a time.
func (l *live) takes(now, size, most int64) bool {
	if len(l.Segments) == 0 {
		return false
	}
	last := &l.Segments[len(l.Segments)-1]
	return last.Begun/millisInDay == now/millisInDay && (last.Bytes == 0 || last.Bytes+size <= most)
}

// turn begins a segment in the history of a place, which is made if there is none.
func (s *Service) turn(ctx context.Context, at access.Place, now int64) (*live, error) {
	l := s.live[at]
	if l == nil {
		if len(s.live) >= maxHistories {
			return nil, fault.Limit("The calls of at most %d accounts and regions are recorded.", maxHistories)
		}
		l = &live{}
	}
	next := history{l.Number, append([]segment(nil), l.Segments...)}
	source := uint64(1)
	if n := len(next.Segments); n > 0 {
		source = next.Segments[n-1].Source + 1
	}
	next.Segments = append(next.Segments, segment{Source: source, Begun: now})
	err := s.opt.Store.Update(ctx, func(tx store.Tx) (err error) {
		if next.Number == 0 {
			if next.Number, err = nextNumber(tx); err != nil {
				return err
			}
		}
		return s.histories.In(tx).Put(historyKey(at), &next)
	}, store.Unsynced)
	if err != nil {
		return nil, err
	}
	if n := len(l.Segments); n > 0 && l.small > 1 {
		s.pile(pile{address{at, l.Number, l.Segments[n-1].Source}, l.Segments[n-1].Begun})
	}
	l.small = 0
	l.history = history{next.Number, append([]segment(nil), next.Segments...)}
	s.live[at] = l
	return l, nil
}

// regions counts the histories of an account, but for the rest's.
func (s *Service) regions(account string) (n int) {
	for at := range s.live {
		if at.Account == account && at.Region != rest {
			n++
		}
	}
	return n
}

func nextNumber(tx store.Tx) (uint64, error) {
	n := uint64(1)
	b, err := tx.Get([]byte(keyNumber))
	if err != nil {
		return 0, err
	}
	if len(b) == 8 {
		n += binary.BigEndian.Uint64(b)
	}
	return n, tx.Put([]byte(keyNumber), binary.BigEndian.AppendUint64(nil, n))
}

// shrink lets the oldest segments of an account go until it has no more than most.
func (s *Service) shrink(ctx context.Context, account string, most int64) error {
	for s.sizes[account] > max(most, 0) {
		var oldest access.Place
		for at, l := range s.live {
			if at.Account == account && len(l.Segments) > 0 && (oldest.Account == "" || l.Segments[0].Begun < s.live[oldest].Segments[0].Begun) {
				oldest = at
			}
		}
		if oldest.Account == "" {
			s.sizes[account] = 0
			return nil
		}
		s.pushedOut.Add(s.live[oldest].Segments[0].Bytes)
		if err := s.drop(ctx, oldest, 1); err != nil {
			return err
		}
	}
	return nil
}

// drop deletes the first n segments of a history, and the history with the last.
func (s *Service) drop(ctx context.Context, at access.Place, n int) error {
	l := s.live[at]
	gone, left := l.Segments[:n], history{l.Number, append([]segment(nil), l.Segments[n:]...)}
	err := s.opt.Store.Update(ctx, func(tx store.Tx) error {
		if len(left.Segments) == 0 {
			if _, err := s.histories.In(tx).Delete(historyKey(at)); err != nil {
				return err
			}
			return s.records.Drop(tx, l.Number)
		}
		for _, g := range gone {
			if err := s.records.DropSource(tx, l.Number, g.Source, g.Begun, g.Begun); err != nil {
				return err
			}
		}
		return s.histories.In(tx).Put(historyKey(at), &left)
	}, store.Draining)
	if err != nil {
		return err
	}
	for _, g := range gone {
		s.sizes[at.Account] -= g.Bytes
	}
	if l.Segments = append([]segment(nil), left.Segments...); len(l.Segments) == 0 {
		delete(s.live, at)
	}
	return nil
}

// there says whether a transaction may write to an address: its segment may have been
// dropped meanwhile.
func (s *Service) there(tx store.Tx, to address) bool {
	h := s.histories.In(tx).Find(historyKey(to.in))
	return h != nil && h.Number == to.number && slices.ContainsFunc(h.Segments, func(g segment) bool { return g.Source == to.source })
}
