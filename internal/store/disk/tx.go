package disk

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/cockroachdb/pebble/v2"

	"github.com/dari-bus/dari/internal/store"
)

// A Reader is what a snapshot, an indexed batch and the engine itself have in common.
type Reader interface {
	Get(key []byte) ([]byte, io.Closer, error)
	NewIter(o *pebble.IterOptions) (*pebble.Iterator, error)
}

type tx struct {
	store.Ending
	reads Reader
	batch *pebble.Batch // nil in a View
	ended bool
	// deleted are the ranges that it deletes.
	deleted ranges
	// err is the read error that ended a Scan.
	err error
}

// Read runs fn, which may not write, on what r reads.
func Read(r Reader, fn func(store.Tx) error) error {
	t := &tx{reads: r}
	defer t.end()
	return t.run(fn)
}

// run calls fn; a Scan that was cut short is an error whatever fn made of it.
func (t *tx) run(fn func(store.Tx) error) error {
	err := fn(t)
	if t.err != nil {
		return t.err
	}
	return err
}

// end makes every further use an error. The batch may be in other hands soon.
func (t *tx) end() {
	t.ended, t.reads, t.batch = true, nil, nil
	t.End(false)
}

func (t *tx) Get(key []byte) ([]byte, error) {
	if t.ended {
		return nil, store.ErrEnded
	}
	v, closer, err := t.reads.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read key %q: %w", key, err)
	}
	// Not Clone: an empty value must not become nil, which means absent.
	v = append(make([]byte, 0, len(v)), v...)
	return v, closer.Close()
}

func (t *tx) Put(key, value []byte) error {
	if err := t.writable(); err != nil {
		return err
	}
	return t.batch.Set(key, value, nil)
}

func (t *tx) Delete(key []byte) error {
	if err := t.writable(); err != nil {
		return err
	}
	return t.batch.Delete(key, nil)
}

func (t *tx) DeleteRange(from, to []byte) error {
	if err := t.writable(); err != nil {
		return err
	}
	if to == nil {
		var err error
		if to, err = t.past(); err != nil {
			return err
		}
	}
	if bytes.Compare(from, to) >= 0 {
		return nil
	}
	if t.deleted == nil {
		t.deleted = ranges{}
	}
	t.deleted[string(from)] = max(t.deleted[string(from)], string(to))
	return t.batch.DeleteRange(from, to, nil)
}

// past returns a key after the last one.
func (t *tx) past() ([]byte, error) {
	it, err := t.reads.NewIter(nil)
	if err != nil {
		return nil, err
	}
	var to []byte
	if it.Last() {
		to = append(bytes.Clone(it.Key()), 0)
	}
	return to, it.Close()
}

func (t *tx) Scan(from, to []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		if t.ended || t.err != nil || to != nil && bytes.Compare(from, to) >= 0 {
			return
		}
		if err := t.scan(from, to, yield); err != nil {
			t.err = fmt.Errorf("scan from key %q: %w", from, err)
		}
	}
}

func (t *tx) scan(from, to []byte, yield func(key, value []byte) bool) (err error) {
	if len(from) == 0 {
		from = nil // The engine does not expect an empty bound.
	}
	it, err := t.reads.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: to})
	if err != nil {
		return err
	}
	// Close also returns the error that made the iterator end.
	defer func() { err = errors.Join(err, it.Close()) }()
	for ok := it.First(); ok; ok = it.Next() {
		value, err := it.ValueAndErr()
		if err != nil {
			return err
		}
		if !yield(it.Key(), value) {
			return nil
		}
	}
	return nil
}

func (t *tx) writable() error {
	if t.ended {
		return store.ErrEnded
	}
	if t.batch == nil {
		return store.ErrReadOnly
	}
	return nil
}
