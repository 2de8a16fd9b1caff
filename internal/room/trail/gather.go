package trail

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// A gathering has the records of calls on data written together that come together. There
// may be very many of them, each a transaction if it were alone. Whose turn it is writes
// what waits, its own among it, while the next ones gather.
type gathering struct {
	turn chan struct{}

	mu      sync.Mutex
	waiting []*keeping
}

// mostGathered bounds the texts that are written at a time beside the last, in bytes: it
// is what a store asks for.
const mostGathered = 64 << 10

// add has a record wait.
func (g *gathering) add(k *keeping) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waiting = append(g.waiting, k)
}

// leave takes a record back for which there was no time, if nobody writes it yet.
func (g *gathering) leave(k *keeping) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if i := slices.Index(g.waiting, k); i >= 0 {
		g.waiting = slices.Delete(g.waiting, i, i+1)
	}
}

// next takes those that are written next, in the order in which they came.
func (g *gathering) next() []*keeping {
	g.mu.Lock()
	defer g.mu.Unlock()
	n, size := 0, 0
	for n < len(g.waiting) && size < mostGathered {
		size += len(g.waiting[n].text)
		n++
	}
	all := slices.Clone(g.waiting[:n])
	g.waiting = slices.Delete(g.waiting, 0, n)
	return all
}

// gather writes a record with others that come meanwhile. It is on disk when gather
// returns nil.
func (s *Service) gather(ctx context.Context, k *keeping) error {
	s.gathering.add(k)
	for {
		select {
		case err := <-k.ended:
			return err
		default: // first of all: who is done shall not write for others
		}
		select {
		case err := <-k.ended:
			return err
		case s.gathering.turn <- struct{}{}:
			s.writeNext(ctx)
		case <-ctx.Done():
			s.gathering.leave(k)
			return context.Cause(ctx)
		}
	}
}

// writeNext writes what waits. It is the caller's turn, which it ends. However little
// time the caller has left, the others have theirs.
func (s *Service) writeNext(ctx context.Context) {
	defer func() { <-s.gathering.turn }()
	all := s.gathering.next()
	if len(all) == 0 {
		return
	}
	ctx, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), keepWithin, errNoTime)
	defer cancel()
	err := errors.New("the writing of records was broken off")
	defer func() {
		for _, k := range all {
			k.ended <- errors.Join(err, k.noEvent)
		}
	}()
	err = s.write(ctx, all)
}
