package table

import (
	"context"
	"fmt"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/store"
)

// A Writer changes a table within a transaction, and sees there what the
// transaction has changed. It must not be used after the transaction's closure
// has returned.
type Writer[R any] struct {
	t  *Table[R]
	tx store.Tx
}

// In returns what changes the table in a transaction of its store.
func (t *Table[R]) In(tx store.Tx) Writer[R] { return Writer[R]{t, tx} }

// seen is what the transaction sees.
func (w Writer[R]) seen() *records[R] {
	if w.t.next != nil {
		return w.t.next
	}
	return w.t.now.Load()
}

// Find returns a record, or nil when there is none.
func (w Writer[R]) Find(k Key) *R { return w.t.find(w.seen(), k) }

// Get returns a record, and the fault Missing when there is none.
func (w Writer[R]) Get(k Key) (*R, error) {
	if r := w.Find(k); r != nil {
		return r, nil
	}
	return nil, w.t.opt.Missing(k.Name)
}

// Count returns how many records of a place have names that begin with prefix.
func (w Writer[R]) Count(at access.Place, prefix string) int {
	return w.seen().Count(w.t.span(at, prefix))
}

// Create makes a record that is not there yet, else the fault is Exists.
func (w Writer[R]) Create(k Key, r *R) error {
	if w.Find(k) != nil {
		return w.t.opt.Exists(k.Name)
	}
	return w.Put(k, r)
}

// Put makes a record or replaces the one that is there. The table keeps r. The
// fault of one too many in the place is Full; see [Scale] for one that is too large.
func (w Writer[R]) Put(k Key, r *R) error {
	if err := k.check(); err != nil {
		return err
	}
	old := w.Find(k)
	if old == nil && w.Count(k.Place, "") >= w.t.opt.Max {
		return w.t.opt.Full
	}
	if err := w.weigh(k, old, r); err != nil {
		return err
	}
	key := w.t.key(k)
	value, err := w.t.write(r)
	if err == nil {
		err = w.tx.Put(key, value)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", key, err)
	}
	w.turn(w.seen().Put(key, r))
	return nil
}

// Change replaces a record by what fn makes of a copy of it, and returns that.
// The copy is shallow: see the package about what hangs on it. When fn returns
// an error, so does Change. It is called in the store's turn and must be short.
func (w Writer[R]) Change(k Key, fn func(r *R) error) (*R, error) {
	old, err := w.Get(k)
	if err != nil {
		return nil, err
	}
	r := new(R)
	*r = *old
	if err := fn(r); err != nil {
		return nil, err
	}
	if err := w.Put(k, r); err != nil {
		return nil, err
	}
	return r, nil
}

// Delete removes a record and returns it. When there is none, the fault is Missing.
func (w Writer[R]) Delete(k Key) (*R, error) {
	old, err := w.Get(k)
	if err != nil {
		return nil, err
	}
	if err := w.weigh(k, old, nil); err != nil {
		return nil, err
	}
	key := w.t.key(k)
	if err := w.tx.Delete(key); err != nil {
		return nil, fmt.Errorf("delete %s: %w", key, err)
	}
	w.turn(w.seen().Delete(key))
	return old, nil
}

// turn makes next what the transaction sees, and readers once it is kept.
func (w Writer[R]) turn(next records[R]) {
	if w.t.next == nil {
		w.tx.OnEnd(func(kept bool) {
			if kept {
				w.t.now.Store(w.t.next)
			}
			w.t.next = nil
		})
	}
	w.t.next = &next
}

// Create makes a record that is not there yet, in a transaction of its own.
func (t *Table[R]) Create(ctx context.Context, k Key, r *R) error {
	return t.opt.Store.Update(ctx, func(tx store.Tx) error { return t.In(tx).Create(k, r) })
}

// Change is [Writer.Change] in a transaction of its own.
func (t *Table[R]) Change(ctx context.Context, k Key, fn func(r *R) error, opts ...store.Option) (r *R, err error) {
	err = t.opt.Store.Update(ctx, func(tx store.Tx) (err error) {
		r, err = t.In(tx).Change(k, fn)
		return err
	}, opts...)
	return r, err
}

// Delete removes a record in a transaction of its own, also from a full disk,
// and returns it.
func (t *Table[R]) Delete(ctx context.Context, k Key) (r *R, err error) {
	err = t.opt.Store.Update(ctx, func(tx store.Tx) (err error) {
		r, err = t.In(tx).Delete(k)
		return err
	}, store.Draining)
	return r, err
}
