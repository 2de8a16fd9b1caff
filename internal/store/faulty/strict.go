package faulty

import (
	"context"
	"iter"

	"github.com/dari-bus/dari/internal/store"
)

// Strict returns s with slices that are overwritten as soon as they are no
// longer valid: those of Get when the transaction ends, those of Scan at the
// next step. A caller that keeps one finds garbage in it, and in a test with
// -race is caught reading it.
func Strict(s store.Store) store.Store { return strict{s} }

type strict struct{ store.Store }

func (s strict) View(ctx context.Context, fn func(store.Tx) error) error {
	return s.Store.View(ctx, func(in store.Tx) error { return (&strictTx{Tx: in}).run(fn) })
}

func (s strict) Update(ctx context.Context, fn func(store.Tx) error, opts ...store.Option) error {
	return s.Store.Update(ctx, func(in store.Tx) error { return (&strictTx{Tx: in}).run(fn) }, opts...)
}

type strictTx struct {
	store.Tx
	lent [][]byte
}

func (t *strictTx) run(fn func(store.Tx) error) error {
	defer func() { spoil(t.lent...) }()
	return fn(t)
}

func (t *strictTx) Get(key []byte) ([]byte, error) {
	v, err := t.Tx.Get(key)
	if v == nil || err != nil {
		return nil, err
	}
	v = lend(v)
	t.lent = append(t.lent, v)
	return v, nil
}

func (t *strictTx) Scan(from, to []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		for k, v := range t.Tx.Scan(from, to) {
			k, v = lend(k), lend(v)
			more := yield(k, v)
			spoil(k, v)
			if !more {
				return
			}
		}
	}
}

// lend returns a copy that has no room to append to.
func lend(b []byte) []byte { return append(make([]byte, 0, len(b)), b...) }

func spoil(slices ...[]byte) {
	for _, b := range slices {
		for i := range b {
			b[i] = 0xdb
		}
	}
}
