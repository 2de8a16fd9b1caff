package queue

import (
	"context"
	"errors"
	"time"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store"
)

// sweepEvery is how often old messages are removed. Receivers do not get them
// in the meantime.
const sweepEvery = time.Minute

// Run removes what is older than the retention of its queue and carries out the
// tasks that move dead letters, until ctx ends. Queues work without it, but
// keep what nobody receives.
func (s *Service) Run(ctx context.Context) error {
	defer s.moves.running.Wait()
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		s.startMoves(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-s.moves.news:
		case <-tick.C:
			s.sweep(ctx)
		}
	}
}

// sweep goes through all queues. One that cannot be swept is tried again the
// next time.
func (s *Service) sweep(ctx context.Context) {
	for _, q := range s.all() {
		err := s.sweepQueue(ctx, q)
		if ctx.Err() != nil || errors.Is(err, store.ErrClosed) {
			return
		}
		if err != nil {
			s.opt.Log.Error("old messages could not be removed", "queue", q.arn, "err", err)
		}
	}
}

func (s *Service) all() []*queue {
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := make([]*queue, 0, len(s.queues))
	for _, q := range s.queues {
		all = append(all, q)
	}
	return all
}

func (s *Service) sweepQueue(ctx context.Context, q *queue) error {
	for {
		old, err := s.old(ctx, q)
		if err != nil || len(old) == 0 {
			return errors.Join(err, s.sweepDedup(ctx, q))
		}
		if err := s.update(ctx, q, func(tx store.Tx) error { return q.expire(tx, old) }, store.Unsynced, store.Draining); err != nil {
			if fault.KindOf(err) == fault.KindNotFound {
				return nil // deleted in the meantime
			}
			return err
		}
	}
}

// old returns the numbers of the oldest messages that are older than the
// retention, a bounded number of them. It reads outside of a transaction: most
// queues have none, and nobody shall wait to learn that.
func (s *Service) old(ctx context.Context, q *queue) ([]uint64, error) {
	q.mu.Lock()
	floor := q.floor
	q.mu.Unlock()
	limit := time.Now().Add(-q.config().Retention).UnixNano()
	_, end := keyRange(keyBody, q.number)
	var old []uint64
	err := s.opt.Store.View(ctx, func(tx store.Tx) error {
		first := true
		for k, v := range tx.Scan(key(keyBody, q.number, floor), end) {
			seq := lastNumber(k)
			if first {
				floor, first = seq, false
			}
			sent, err := sentIn(v)
			if err != nil {
				return recordError(q.address, seq, err)
			}
			if sent > limit || len(old) == walkBudget {
				return nil
			}
			old = append(old, seq)
		}
		return nil
	})
	q.mu.Lock()
	defer q.mu.Unlock()
	q.floor = max(q.floor, floor)
	return old, err
}

// expire removes messages by number.
func (q *queue) expire(tx store.Tx, old []uint64) error {
	for _, seq := range old {
		if e := q.Find(seq); e != nil {
			if err := q.erase(tx, e); err != nil {
				return err
			}
			continue
		}
		k := key(keyBody, q.number, seq)
		if b, err := tx.Get(k); err != nil {
			return err
		} else if b == nil {
			continue // somebody was faster
		}
		// It waits for its first receiver, and what did so before it was as old and
		// is gone: it is the first one now.
		if err := tx.Delete(k); err != nil {
			return err
		}
		q.head, q.fresh = seq+1, q.fresh-1
	}
	return q.saveCursor(tx)
}

// sweepDedup clears old deduplication ids from the disk.
func (s *Service) sweepDedup(ctx context.Context, q *queue) error {
	now := time.Now()
	q.mu.Lock()
	due := q.address.FIFO() && q.tail > 1 && now.Sub(q.swept) >= dedupFor
	q.mu.Unlock()
	if !due {
		return nil
	}
	return s.update(ctx, q, func(tx store.Tx) error {
		q.swept = now
		q.dedup.forget(now.UnixNano())
		return q.dedup.clear(tx, q.number, now)
	}, store.Unsynced, store.Draining)
}
