// Package faulty wraps a store for tests: [New] makes it fail on cue, and
// [Strict] spoils whatever its callers had no right to keep.
//
// Both are stores in every other respect, and pass the suite of storetest.
package faulty

import (
	"context"
	"iter"
	"sync"

	"github.com/dari-bus/dari/internal/store"
)

// A Kind is a place where a store can fail.
type Kind string

// The kinds. A transaction that fails at any of them but Sync leaves nothing.
const (
	// View and Update fail before the closure runs.
	View   Kind = "view"
	Update Kind = "update"
	// Get, Put, Delete and DeleteRange fail within a transaction, as does Scan, at
	// each step. The transaction fails even if its closure takes no notice.
	Get         Kind = "get"
	Put         Kind = "put"
	Delete      Kind = "delete"
	DeleteRange Kind = "delete range"
	Scan        Kind = "scan"
	// Commit fails after the closure of an Update has run.
	Commit Kind = "commit"
	// Sync fails after the change has been applied. It is there, but Update does not
	// vouch for it: after a crash it could be gone.
	Sync Kind = "sync"
	// Close fails, and leaves the store open.
	Close Kind = "close"
)

// An Op is about to happen.
type Op struct {
	Kind Kind
	// Key is what it is about: the beginning for DeleteRange, the key that would be
	// next for Scan, nil where there is none. It must not be kept.
	Key []byte
	// Unsynced is set for Update, Commit and Sync.
	Unsynced bool
}

// New returns s with operations that fail with the error that fail returns for
// them. fail is called from many goroutines at once.
func New(s store.Store, fail func(Op) error) store.Store { return &faulty{s, fail} }

// Nth fails the nth operation of a kind with err, counted from 1, once.
func Nth(kind Kind, n int, err error) func(Op) error {
	return counting(kind, func(i int) bool { return i == n }, err)
}

// From fails the nth operation of a kind with err, counted from 1, and all
// that come later, as a disk that is broken does.
func From(kind Kind, n int, err error) func(Op) error {
	return counting(kind, func(i int) bool { return i >= n }, err)
}

func counting(kind Kind, hit func(int) bool, err error) func(Op) error {
	var mu sync.Mutex
	i := 0
	return func(op Op) error {
		if op.Kind != kind {
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		if i++; hit(i) {
			return err
		}
		return nil
	}
}

type faulty struct {
	store.Store
	fail func(Op) error
}

func (s *faulty) View(ctx context.Context, fn func(store.Tx) error) error {
	if err := s.fail(Op{Kind: View}); err != nil {
		return err
	}
	return s.Store.View(ctx, func(in store.Tx) error {
		return (&tx{Tx: in, fail: s.fail}).run(fn)
	})
}

func (s *faulty) Update(ctx context.Context, fn func(store.Tx) error, opts ...store.Option) error {
	unsynced := false
	for _, o := range opts {
		unsynced = unsynced || o == store.Unsynced
	}
	if err := s.fail(Op{Kind: Update, Unsynced: unsynced}); err != nil {
		return err
	}
	if err := s.Store.Update(ctx, func(in store.Tx) error {
		if err := (&tx{Tx: in, fail: s.fail}).run(fn); err != nil {
			return err
		}
		return s.fail(Op{Kind: Commit, Unsynced: unsynced})
	}, opts...); err != nil {
		return err
	}
	return s.fail(Op{Kind: Sync, Unsynced: unsynced})
}

func (s *faulty) Close() error {
	if err := s.fail(Op{Kind: Close}); err != nil {
		return err
	}
	return s.Store.Close()
}

type tx struct {
	store.Tx
	fail func(Op) error
	err  error
}

// run calls fn and remembers for it what went wrong within.
func (t *tx) run(fn func(store.Tx) error) error {
	if err := fn(t); err != nil {
		return err
	}
	return t.err
}

func (t *tx) at(kind Kind, key []byte) error {
	err := t.fail(Op{Kind: kind, Key: key})
	if err != nil && t.err == nil {
		t.err = err
	}
	return err
}

func (t *tx) Get(key []byte) ([]byte, error) {
	if err := t.at(Get, key); err != nil {
		return nil, err
	}
	return t.Tx.Get(key)
}

func (t *tx) Put(key, value []byte) error {
	if err := t.at(Put, key); err != nil {
		return err
	}
	return t.Tx.Put(key, value)
}

func (t *tx) Delete(key []byte) error {
	if err := t.at(Delete, key); err != nil {
		return err
	}
	return t.Tx.Delete(key)
}

func (t *tx) DeleteRange(from, to []byte) error {
	if err := t.at(DeleteRange, from); err != nil {
		return err
	}
	return t.Tx.DeleteRange(from, to)
}

func (t *tx) Scan(from, to []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		for k, v := range t.Tx.Scan(from, to) {
			if t.at(Scan, k) != nil || !yield(k, v) {
				return
			}
		}
	}
}
