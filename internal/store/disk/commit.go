package disk

import (
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/journal"
)

// syncAfter is when the timer syncs; the rest of store.SyncWithin is for the
// sync itself.
const syncAfter = store.SyncWithin / 2

// A written is an update that has been applied and waits for the disk. The zero
// written has nothing to wait for.
type written struct {
	batch  *pebble.Batch
	number uint64
}

// apply runs fn and applies what it wrote: everybody can see it, and it has its
// place in the log, but it need not be on disk.
func (s *Store) apply(ctx context.Context, fn func(store.Tx) error, unsynced bool) (written, error) {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-s.failed:
		return written{}, s.usable()
	case <-ctx.Done():
		return written{}, ctx.Err()
	}
	if err := s.ready(ctx); err != nil {
		return written{}, err
	}
	b := s.db.NewIndexedBatch()
	t := &tx{reads: b, batch: b}
	defer t.end()
	if err := errors.Join(s.promise(b), t.run(fn)); err != nil {
		return written{}, errors.Join(err, b.Close())
	}
	if b.Count() > 0 {
		w, err := s.commit(b, unsynced)
		if err == nil {
			s.deleted.add(t.deleted)
			t.End(true)
		}
		return w, err
	}
	t.End(true)
	if err := b.Close(); err != nil {
		return written{}, err
	}
	if unsynced {
		return written{}, nil
	}
	return s.barrier()
}

// barrier returns something to wait for until everything applied so far is on
// disk. It is the caller's turn.
func (s *Store) barrier() (written, error) {
	if s.synced.Load() >= s.applied {
		return written{}, nil
	}
	return s.testify()
}

// testify writes nothing but a promise. It is the caller's turn.
func (s *Store) testify() (written, error) {
	b := s.db.NewBatch()
	if err := s.promise(b); err != nil {
		return written{}, err
	}
	return s.commit(b, false)
}

// promise writes at the beginning of a batch how much of the log is on disk. The
// log keeps it, and nobody else.
func (s *Store) promise(b *pebble.Batch) error {
	var buf [journal.PromiseEnd]byte
	log, manifest := s.onDisk.Load(), s.manifest.Load()
	p := journal.Promise{Nonce: s.nonce, Log: log.Number, Offset: log.Length, Manifest: manifest.Number, Length: manifest.Length}
	return b.LogData(p.Append(buf[:0]), nil)
}

// commit puts b into the log and makes it visible. It is the caller's turn.
func (s *Store) commit(b *pebble.Batch, unsynced bool) (w written, err error) {
	defer func() {
		// The engine panics when it cannot go on with its log.
		if r := recover(); r != nil {
			w, err = written{}, s.fail(fmt.Errorf("write to the log: %v", r))
		}
	}()
	if unsynced {
		err = s.db.Apply(b, pebble.NoSync)
	} else {
		err = s.db.ApplyNoSyncWait(b, pebble.Sync)
	}
	if err != nil {
		return written{}, s.fail(fmt.Errorf("write to the log: %w", err))
	}
	// An error of the commit pipeline reaches only the logger, see diary.Fatalf.
	if err := s.usable(); err != nil {
		return written{}, err
	}
	s.ballast.grown(b.Len())
	s.applied++
	if !s.armed && b.Count() > 0 {
		s.armed = true
		s.timer.Reset(syncAfter)
	}
	if !unsynced {
		return written{b, s.applied}, nil
	}
	return written{}, b.Close()
}

// wait returns when w is on disk. Many wait at once.
func (s *Store) wait(w written) error {
	if w.batch == nil {
		return nil
	}
	if err := w.batch.SyncWait(); err != nil {
		return s.fail(fmt.Errorf("sync the log: %w", err))
	}
	for {
		old := s.synced.Load()
		if old >= w.number || s.synced.CompareAndSwap(old, w.number) {
			return w.batch.Close()
		}
	}
}

// syncLate runs on the timer's goroutine, some time after an update. Close waits
// for it at the gate.
func (s *Store) syncLate() {
	if s.gate.Enter() != nil {
		return // Close syncs.
	}
	defer s.gate.Leave()
	if err := s.syncAll(); err != nil {
		// There is no caller to tell: whoever comes next learns it, and Run.
		_ = s.fail(err)
	}
}

// syncAll syncs the updates that nobody has waited for, and then promises that
// they are all on disk: the last ones as well shall have something behind them
// that says so.
func (s *Store) syncAll() error {
	for _, step := range []func() (written, error){s.disarmed, s.testify} {
		select {
		case s.turn <- struct{}{}:
		case <-s.failed:
			return s.usable()
		}
		w, err := step()
		<-s.turn
		if err == nil {
			err = s.wait(w)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// disarmed is the barrier of the timer.
func (s *Store) disarmed() (written, error) {
	s.armed = false
	return s.barrier()
}
