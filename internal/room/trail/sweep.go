package trail

import (
	"context"
	"time"
)

// A pile is a segment whose small blocks are worth to be merged.
type pile struct {
	address
	begun int64
}

// maxPiles bounds the piles that wait; what is more stays as it is.
const maxPiles = maxHistories * 2

// sweepEvery is how often expired records are looked for.
const sweepEvery = 10 * time.Minute

// pile has a segment merged. The caller holds the lock.
func (s *Service) pile(p pile) {
	if len(s.piles) < maxPiles {
		s.piles = append(s.piles, p)
	}
	select {
	case s.swept <- struct{}{}:
	default:
	}
}

// pileUp counts a block that was written.
func (s *Service) pileUp(to address) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.live[to.in]
	if l == nil || len(l.Segments) == 0 || l.Number != to.number {
		return
	}
	last := l.Segments[len(l.Segments)-1]
	if last.Source != to.source {
		return
	}
	if l.small++; l.small == smallestPile {
		l.small = 0
		s.pile(pile{to, last.Begun})
	}
}

// Run deletes what has expired and merges small blocks, until its context ends.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if err := s.sweep(ctx); err != nil && ctx.Err() == nil {
			s.opt.Log.Error("trail: cleaning up failed, and is tried again in ten minutes", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-s.swept:
		}
	}
}

func (s *Service) sweep(ctx context.Context) error {
	if err := s.expire(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	piles := s.piles
	s.piles = nil
	s.mu.Unlock()
	for _, p := range piles {
		for more := true; more; {
			var err error
			if more, err = s.records.Merge(ctx, p.number, p.source, p.begun); err != nil {
				return err
			}
		}
	}
	return nil
}

// expire drops the segments whose records are all too old.
func (s *Service) expire(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	day := time.Now().Add(-keptFor).UnixMilli() / millisInDay
	for at, l := range s.live {
		n := 0
		for n < len(l.Segments) && l.Segments[n].Begun/millisInDay < day {
			n++
		}
		if n == 0 {
			continue
		}
		if err := s.drop(ctx, at, n); err != nil {
			return err
		}
	}
	return nil
}
