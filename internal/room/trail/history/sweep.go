package history

import (
	"context"
	"errors"
	"time"
)

// KeptFor is how long records are kept.
const KeptFor = 90 * 24 * time.Hour

// A pile is a segment whose small blocks are worth to be merged.
type pile struct {
	log, source uint64
	begun       int64
}

// sweepEvery is how often expired records are looked for.
const sweepEvery = 10 * time.Minute

// Run deletes what has expired and merges small blocks, until its context ends.
func (b *Book) Run(ctx context.Context) error {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		err := errors.Join(b.expire(ctx), b.piles.Each(func(p pile) error {
			return b.records.MergeDays(ctx, p.log, p.source, p.begun, p.begun)
		}))
		if err != nil && ctx.Err() == nil {
			b.opt.Log.Error("trail: cleaning up failed, and is tried again in ten minutes", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-b.piles.Wanted():
		}
	}
}

// expire drops the segments whose records are all too old.
func (b *Book) expire(ctx context.Context) error {
	var failed error
	for _, a := range b.all() {
		if failed == nil {
			failed = b.expireOf(ctx, a)
		}
		b.release(a)
	}
	return failed
}

func (b *Book) expireOf(ctx context.Context, a *account) error {
	if err := a.waitTurn(ctx); err != nil {
		return err
	}
	defer a.endTurn()
	for region, gone := range b.expired(a) {
		if err := b.drop(ctx, a, region, gone); err != nil {
			return err
		}
	}
	return nil
}

// expired returns the segments of an account that are too old, by regions.
func (b *Book) expired(a *account) map[string][]segment {
	b.mu.Lock()
	defer b.mu.Unlock()
	day := time.Now().Add(-KeptFor).UnixMilli() / millisInDay
	found := map[string][]segment{}
	for region, l := range a.regions {
		for _, g := range l.Segments {
			if g.Begun/millisInDay < day {
				found[region] = append(found[region], g)
			}
		}
	}
	return found
}
