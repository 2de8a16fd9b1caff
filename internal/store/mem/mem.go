// Package mem keeps a store in memory, for tests and for servers that may
// forget everything when they stop.
//
// It promises what every store promises, except that nothing outlives the
// process: an Update is applied when it returns, and Unsynced changes nothing.
// Readers see an immutable tree, so a View costs nothing to begin, may last as
// long as it likes, and neither waits for writers nor makes them wait. A write
// takes time in the logarithm of the number of keys; so does DeleteRange,
// whatever the size of the range.
package mem

import (
	"bytes"
	"context"
	"iter"
	"sync"
	"sync/atomic"

	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/tree"
)

// Store is the engine.
type Store struct {
	gate store.Gate
	// root is what a View sees. Only the holder of mu replaces it.
	root atomic.Pointer[keys]
	mu   sync.Mutex
}

// keys are what is in a store at one moment.
type keys = tree.Map[[]byte]

// New returns an empty store.
func New() store.Store {
	s := &Store{}
	s.root.Store(&keys{})
	return s
}

// View runs fn against the tree of this moment.
func (s *Store) View(ctx context.Context, fn func(store.Tx) error) error {
	if err := s.gate.Enter(); err != nil {
		return err
	}
	defer s.gate.Leave()
	if err := ctx.Err(); err != nil {
		return err
	}
	t := &tx{root: *s.root.Load(), readOnly: true}
	defer t.end()
	return fn(t)
}

// Update runs fn and publishes the tree it leaves behind.
func (s *Store) Update(ctx context.Context, fn func(store.Tx) error, _ ...store.Option) error {
	if err := s.gate.Enter(); err != nil {
		return err
	}
	defer s.gate.Leave()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	t := &tx{root: *s.root.Load()}
	defer t.end()
	if err := fn(t); err != nil {
		return err
	}
	root := t.root
	s.root.Store(&root)
	t.End(true)
	return nil
}

// Close waits for running transactions and lets go of the tree.
func (s *Store) Close() error {
	left, err := s.gate.Shut()
	if err != nil {
		return err
	}
	<-left
	s.root.Store(&keys{})
	return nil
}

type tx struct {
	store.Ending
	root     keys
	readOnly bool
	ended    bool
}

// end makes every further use an error.
func (t *tx) end() {
	t.ended, t.root = true, keys{}
	t.End(false)
}

func (t *tx) Get(key []byte) ([]byte, error) {
	if t.ended {
		return nil, store.ErrEnded
	}
	v, _ := t.root.Get(key)
	return v, nil
}

func (t *tx) Put(key, value []byte) error {
	if err := t.writable(); err != nil {
		return err
	}
	// Not Clone: an empty value must not become nil, which means absent.
	t.root = t.root.Put(bytes.Clone(key), append([]byte{}, value...))
	return nil
}

func (t *tx) Delete(key []byte) error {
	if err := t.writable(); err != nil {
		return err
	}
	t.root = t.root.Delete(key)
	return nil
}

func (t *tx) DeleteRange(from, to []byte) error {
	if err := t.writable(); err != nil {
		return err
	}
	t.root = t.root.DeleteRange(from, to)
	return nil
}

func (t *tx) Scan(from, to []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		for k, v := range t.root.Scan(from, to) {
			if !yield(k, v) {
				return
			}
		}
	}
}

func (t *tx) writable() error {
	if t.ended {
		return store.ErrEnded
	}
	if t.readOnly {
		return store.ErrReadOnly
	}
	return nil
}
