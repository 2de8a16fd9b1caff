package logs

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/table"
)

// A pile is the blocks that one stream brought on one day.
type pile struct {
	group, stream uint64
	day           int64
}

// maxPiles bounds the piles that are counted: what is more stays unmerged.
const maxPiles = 100_000

// sweepEvery is how often expired events are looked for.
const sweepEvery = time.Minute

// pileUp counts a block that was written.
func (s *Service) pileUp(p pile) {
	s.mu.Lock()
	n := s.small[p] + 1
	if n > 1 || len(s.small) < maxPiles {
		s.small[p] = n
	}
	s.mu.Unlock()
	if n == smallestPile {
		s.wake()
	}
}

// wake has the sweep run now.
func (s *Service) wake() {
	select {
	case s.swept <- struct{}{}:
	default:
	}
}

// Run deletes what has expired and merges small blocks, until its context ends.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if err := s.sweep(ctx); err != nil && ctx.Err() == nil {
			s.opt.Log.Error("logs: cleaning up failed, and is tried again in a minute", "err", err)
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
	if err := s.bury(ctx); err != nil {
		return err
	}
	return s.merge(ctx)
}

// expire deletes the days of all groups that have expired.
func (s *Service) expire(ctx context.Context) error {
	for g := range s.groups.All() {
		begin := g.begin(time.Now())
		if begin == 0 {
			continue
		}
		expired := false
		err := s.opt.Store.View(ctx, func(tx store.Tx) error {
			expired = s.events.Expired(tx, g.Number, begin)
			return nil
		})
		if err == nil && expired {
			err = s.opt.Store.Update(ctx, func(tx store.Tx) error { return s.events.Expire(tx, g.Number, begin) }, store.Draining)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// bury deletes the streams of groups that were deleted, some at a time.
func (s *Service) bury(ctx context.Context) error {
	const some = 1000
	for {
		var number uint64
		var at access.Place
		err := s.opt.Store.View(ctx, func(tx store.Tx) error {
			for key, value := range tx.Scan([]byte(keyGone), store.End([]byte(keyGone))) {
				number = binary.BigEndian.Uint64(bytes.TrimPrefix(key, []byte(keyGone)))
				at.Account, at.Region, _ = strings.Cut(string(value), "/")
				return nil
			}
			return nil
		})
		if err != nil || number == 0 {
			return err
		}
		prefix := fmt.Sprintf("%016x/", number)
		err = s.opt.Store.Update(ctx, func(tx store.Tx) error {
			w := s.streams.In(tx)
			n := 0
			for st := range s.streams.Each(at, prefix) {
				if n++; n > some {
					return nil
				}
				if _, err := w.Delete(table.Key{Place: at, Name: prefix + st.Name}); err != nil {
					return err
				}
			}
			return tx.Delete(binary.BigEndian.AppendUint64([]byte(keyGone), number))
		}, store.Draining)
		if err != nil {
			return err
		}
	}
}

// merge merges the piles that have grown.
func (s *Service) merge(ctx context.Context) error {
	s.mu.Lock()
	var grown []pile
	today := time.Now().UnixMilli() / (24 * time.Hour).Milliseconds()
	for p, n := range s.small {
		if n >= smallestPile || p.day < today && n > 1 {
			grown = append(grown, p)
		}
		if n >= smallestPile || p.day < today {
			delete(s.small, p)
		}
	}
	s.mu.Unlock()
	slices.SortFunc(grown, func(a, b pile) int { return int(a.day - b.day) })
	for _, p := range grown {
		for more := true; more; {
			var err error
			if more, err = s.events.Merge(ctx, p.group, p.stream, p.day*(24*time.Hour).Milliseconds()); err != nil {
				return err
			}
		}
	}
	return nil
}
