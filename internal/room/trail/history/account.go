package history

import (
	"context"
	"slices"
	"time"

	"github.com/dari-bus/dari/internal/access"
)

// A Kind is what a call has come to. Records of one kind push out none of the other.
type Kind int

// The kinds. Changes are calls that changed something, and Idle are those that failed
// or only read.
const (
	Changes Kind = iota
	Idle
	kinds
)

// segments are in what a kind may have: a segment is the portion in which records go.
const segments = 8

// A history is the records of a place: a log of blocks, in which each segment is a
// source. The last segment of a kind is the one that is written to.
type history struct {
	Number   uint64
	Segments []segment
}

// A segment is records of one day and kind that go together.
type segment struct {
	Source uint64
	// Begun is when, in Unix milliseconds, and Bytes the texts of its records; of the
	// last segment of a kind they are counted in memory.
	Begun, Bytes int64
	Kind         Kind `json:",omitempty"`
}

// last returns the segment of a kind that is written to, nil when there is none.
func (h *history) last(k Kind) *segment {
	for i := len(h.Segments) - 1; i >= 0; i-- {
		if h.Segments[i].Kind == k {
			return &h.Segments[i]
		}
	}
	return nil
}

// without returns the history without segments that go.
func (h *history) without(gone []segment) history {
	left := slices.DeleteFunc(slices.Clone(h.Segments), func(g segment) bool { return has(gone, g.Source) })
	return history{h.Number, left}
}

func has(all []segment, source uint64) bool {
	return slices.ContainsFunc(all, func(g segment) bool { return g.Source == source })
}

// A live history is one in memory.
type live struct {
	history
	// small counts the small blocks of the last segments since they were merged, and
	// going are the segments that are being dropped.
	small [kinds]int
	going []segment
}

func newLive(h *history) *live { return &live{history: history{h.Number, slices.Clone(h.Segments)}} }

// An account is the histories of one. The book's lock guards all but turn.
type account struct {
	name string
	// turn is taken by who changes what segments there are, while the store keeps that.
	turn chan struct{}
	// holders counts who has the account in hand.
	holders int
	// regions are the histories, and sizes what they have in all.
	regions map[string]*live
	sizes   [kinds]int64
}

func newAccount(name string) *account {
	return &account{name: name, turn: make(chan struct{}, 1), regions: map[string]*live{}}
}

// waitTurn waits for the account's turn. The caller ends it.
func (a *account) waitTurn(ctx context.Context) error {
	select {
	case a.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (a *account) endTurn() { <-a.turn }

// home is the region whose history has the records of a region. No more is made when
// the book is full, but for that of the rest.
func (a *account) home(region string, full bool) string {
	n := len(a.regions)
	full = full && n > 0
	if a.regions[rest] != nil {
		n--
	}
	if a.regions[region] == nil && (full || n >= maxRegions) {
		return rest
	}
	return region
}

// An address is where a record is put.
type address struct {
	in             access.Place
	number, source uint64
}

const millisInDay = int64(24 * time.Hour / time.Millisecond)

// take finds a record of some bytes a place in a segment that there is, and counts it.
// The account may have most of a kind.
func (a *account) take(region string, k Kind, now, size, most int64) (address, bool) {
	l := a.regions[region]
	if l == nil || a.sizes[k]+size > most {
		return address{}, false
	}
	g := l.last(k)
	if g == nil || has(l.going, g.Source) || g.Begun/millisInDay != now/millisInDay || g.Bytes > 0 && g.Bytes+size > most/segments {
		return address{}, false
	}
	g.Bytes += size
	a.sizes[k] += size
	return address{access.Place{Account: a.name, Region: region}, l.Number, g.Source}, true
}

// find returns the segment that an address is in, nil when it has gone.
func (a *account) find(to address) (*live, *segment) {
	l := a.regions[to.in.Region]
	if l == nil || l.Number != to.number {
		return nil, nil
	}
	for i := range l.Segments {
		if g := &l.Segments[i]; g.Source == to.source {
			return l, g
		}
	}
	return nil, nil
}

// oldest returns the oldest segment of a kind.
func (a *account) oldest(k Kind) (region string, found segment, ok bool) {
	for at, l := range a.regions {
		i := slices.IndexFunc(l.Segments, func(g segment) bool { return g.Kind == k })
		if i >= 0 && (!ok || l.Segments[i].Begun < found.Begun) {
			region, found, ok = at, l.Segments[i], true
		}
	}
	return region, found, ok
}

// remove takes segments that were dropped out, with what is counted of them now: a
// record may not have been written after all.
func (a *account) remove(region string, gone []segment) {
	l := a.regions[region]
	for _, g := range l.Segments {
		if has(gone, g.Source) {
			a.sizes[g.Kind] -= g.Bytes
		}
	}
	if l.history = l.without(gone); len(l.Segments) == 0 {
		delete(a.regions, region)
	}
}
