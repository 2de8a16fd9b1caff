package delivery

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/dari-bus/dari/internal/budget"
)

// A memory is what all lanes may hold together. Three quarters of it are for
// whatever fits:
//
//   - half is for whoever needs it: a lane may hold as much of it as is still
//     free, so that those that hoard leave room for others;
//   - a quarter belongs to all lanes in equal parts, so that none is shut out.
//
// A delivery that fits into neither waits on disk until its lane holds nothing
// else, and then for its turn in the last quarter, alone. There the lanes whose
// targets answer promptly have a half of their own: what a dead or slow target
// holds for seconds, they need for milliseconds.
type memory struct {
	*budget.Share
	brisk, other *budget.Share // the two halves of the last quarter
	lanes        atomic.Int64  // how many there are, or 1
}

func newMemory(s *budget.Share) *memory {
	quarter := max(s.Size()/4, 200)
	parts := budget.New(quarter, []budget.Part{{Name: "brisk", Percent: 50}, {Name: "other", Percent: 50}})
	return &memory{Share: s, brisk: parts.Share("brisk"), other: parts.Share("other")}
}

// most is how many bytes one lane may hold, apart from what is there alone.
func (m *memory) most() int64 {
	half := m.Size() / 2
	return max(half-m.Used(), half/2/m.lanes.Load())
}

// A room is memory that a delivery holds.
type room struct {
	bytes int64
	// turn is the part of the last quarter that it stands in, or nil.
	turn *budget.Share
}

// errNoRoom is the rare case that lanes which looked at the same moment have
// together taken more of the shared part than there was.
var errNoRoom = errors.New("the memory for deliveries is used up")

// wait waits until a delivery has its turn.
func (m *memory) wait(ctx context.Context, bytes int64, brisk bool) (room, error) {
	r := room{bytes, m.other}
	if brisk {
		r.turn = m.brisk
	}
	if err := r.turn.Take(ctx, bytes); err != nil {
		return room{}, err
	}
	if !m.Try(bytes) {
		r.turn.Give(bytes)
		return room{}, errNoRoom
	}
	return r, nil
}

// free gives back what a delivery held.
func (m *memory) free(r room) {
	m.Give(r.bytes)
	r.turn.Give(r.bytes)
}
