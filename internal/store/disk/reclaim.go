package disk

import (
	"context"
	"strings"
	"sync"
	"time"
)

const (
	// reclaimAfter is how long deleted ranges are collected before somebody looks at
	// what they take: a sweep deletes many, and they often touch.
	reclaimAfter = 30 * time.Second
	// reclaimFull is the same while the disk is full.
	reclaimFull = 5 * time.Second
	// worthReclaiming is what a deleted range must still take on disk, in bytes.
	// Less goes when the engine merges its tables anyway.
	worthReclaiming = 1 << 20
	// maxDeleted bounds the ranges that are remembered. What is deleted beyond them
	// is left to the engine, which frees the space as well, but in its own time.
	maxDeleted = 1024
)

// deleted are the ranges of keys that were deleted lately and may still take room:
// the engine only notes that they are gone, and frees the space when it merges the
// tables that hold them, which may be never. After a restart they are left to it. It is
// safe for concurrent use.
type deleted struct {
	mu     sync.Mutex
	ranges ranges
	since  time.Time // of the first of them
	busy   bool      // somebody merges
}

// ranges are the ends of ranges of keys by their first ones.
type ranges map[string]string

// add notes ranges. One that begins where a noted one does, as that of a queue's
// oldest ids does each time, is one with it.
func (d *deleted) add(more ranges) {
	if len(more) == 0 {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.ranges) == 0 {
		d.ranges, d.since = ranges{}, time.Now()
	}
	for from, to := range more {
		if have, ok := d.ranges[from]; ok || len(d.ranges) < maxDeleted {
			d.ranges[from] = max(have, to)
		}
	}
}

// due gives away the ranges that were collected for so long, unless those that it gave
// away before are still being merged.
func (d *deleted) due(after time.Duration) ranges {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.busy || len(d.ranges) == 0 || time.Since(d.since) < after {
		return nil
	}
	due := d.ranges
	d.ranges, d.busy = nil, true
	return due
}

func (d *deleted) done() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.busy = false
}

// everything is a range of all keys.
var everything = ranges{"": strings.Repeat("\xff", 64)}

// drained notes everything as deleted when the disk is full and there were updates
// since the number: what they deleted one by one must give its room back as well. It
// returns the number of the last update. A large store is left to the engine, since
// merging all of it takes long, and what is dead in new tables is little of it.
func (s *Store) drained(since uint64) uint64 {
	now := s.synced.Load()
	if now == since || !s.ballast.full.Load() || s.db.Metrics().DiskSpaceUsage() > s.small {
		return since
	}
	s.deleted.add(everything)
	return now
}

// reclaim has the engine merge what deleted ranges still take. It works in the
// background; the engine merges at its usual pace beside what else it does.
func (s *Store) reclaim(ctx context.Context) {
	after := reclaimAfter
	if s.ballast.full.Load() {
		after = reclaimFull
	}
	due := s.deleted.due(after)
	if due == nil {
		return
	}
	go func() {
		defer s.deleted.done()
		for from, to := range due {
			if err := s.merge(ctx, []byte(from), []byte(to)); err != nil {
				s.log.Warn("store: the space of what was deleted could not be freed yet", "dir", s.dir, "err", said(err))
				s.deleted.add(due)
				return
			}
			delete(due, from)
		}
	}()
}

// merge frees what a deleted range takes, if that is worth it.
func (s *Store) merge(ctx context.Context, from, to []byte) error {
	if s.gate.Enter() != nil {
		return nil // It ends, and the engine knows about the range as well.
	}
	defer s.gate.Leave()
	if s.ready(ctx) != nil {
		return nil
	}
	if n, err := s.db.EstimateDiskUsage(from, to); err != nil || n < worthReclaiming {
		return err
	}
	err := s.db.Compact(ctx, from, to, false)
	if ctx.Err() != nil {
		return nil
	}
	return err
}
