package delivery

import (
	"context"
	"errors"
	"iter"
	"sync"
	"sync/atomic"

	"github.com/dari-bus/dari/internal/store"
)

// A severed store stops answering when it is cut: what the process that used
// it still wants to write is lost, as in a crash.
type severed struct {
	store.Store
	cut atomic.Bool
}

var errCut = errors.New("the process is gone")

func (s *severed) View(ctx context.Context, fn func(store.Tx) error) error {
	if s.cut.Load() {
		return errCut
	}
	return s.Store.View(ctx, fn)
}

func (s *severed) Update(ctx context.Context, fn func(store.Tx) error, opts ...store.Option) error {
	if s.cut.Load() {
		return errCut
	}
	return s.Store.Update(ctx, fn, opts...)
}

// A stalled store holds its updates while it stalls.
type stalled struct {
	store.Store
	gate atomic.Pointer[chan struct{}]
}

func (s *stalled) stall() {
	c := make(chan struct{})
	s.gate.Store(&c)
}

func (s *stalled) goOn() { close(*s.gate.Swap(nil)) }

func (s *stalled) Update(ctx context.Context, fn func(store.Tx) error, opts ...store.Option) error {
	if gate := s.gate.Load(); gate != nil {
		<-*gate
	}
	return s.Store.Update(ctx, fn, opts...)
}

// A sickly store cannot be read while it is ill.
type sickly struct {
	store.Store
	ill atomic.Bool
}

var errIll = errors.New("a read failed")

func (s *sickly) View(ctx context.Context, fn func(store.Tx) error) error {
	if s.ill.Load() {
		return errIll
	}
	return s.Store.View(ctx, fn)
}

// A full store lets so many records be written in each transaction.
type full struct {
	store.Store
	room atomic.Int64
}

var errFull = errors.New("no room")

func (s *full) Update(ctx context.Context, fn func(store.Tx) error, opts ...store.Option) error {
	return s.Store.Update(ctx, func(tx store.Tx) error { return fn(&fullTx{tx, s.room.Load()}) }, opts...)
}

type fullTx struct {
	store.Tx
	room int64
}

func (f *fullTx) Put(key, value []byte) error {
	if f.room--; f.room < 0 {
		return errFull
	}
	return f.Tx.Put(key, value)
}

// A measured store knows the most that one View has read.
type measured struct {
	store.Store
	mu   sync.Mutex
	most int
}

func (s *measured) View(ctx context.Context, fn func(store.Tx) error) error {
	return s.Store.View(ctx, func(tx store.Tx) error {
		m := &measuredTx{Tx: tx}
		err := fn(m)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.most = max(s.most, m.read)
		return err
	})
}

type measuredTx struct {
	store.Tx
	read int
}

func (m *measuredTx) Get(key []byte) ([]byte, error) {
	v, err := m.Tx.Get(key)
	m.read += len(v)
	return v, err
}

func (m *measuredTx) Scan(from, to []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(k, v []byte) bool) {
		for k, v := range m.Tx.Scan(from, to) {
			m.read += len(v)
			if !yield(k, v) {
				return
			}
		}
	}
}
