package doctor

import (
	"bytes"
	"errors"
	"math/big"

	"github.com/cockroachdb/pebble/v2"

	"github.com/dari-bus/dari/internal/store/disk"
)

// A Span is the keys from From on that come before To. A nil To means the end.
type Span struct{ From, To []byte }

// An explorer reads a store of which not every block can be read. An iterator
// that meets such a block ends, and does not know where the next one begins. So
// the explorer comes from both sides, and looks for what can be read in between
// by halving.
type explorer struct {
	db   disk.Reader
	each func(key, value []byte) error
	lost []Span
	err  error // of each
}

// halvings bounds the search. What is smaller than 1/2^halvings of a gap, in the
// order of keys, may be taken for lost with what is around it.
const halvings = 6

// explore calls each for every key that can be read, in no order, and returns
// the spans in which nothing can be. splits are keys in ascending order at which
// it begins afresh, such as the ends of tables.
func explore(db disk.Reader, splits [][]byte, each func(key, value []byte) error) ([]Span, error) {
	e := explorer{db: db, each: each}
	var from []byte
	for _, to := range append(splits, nil) {
		e.explore(from, to, halvings)
		from = to
	}
	return e.lost, e.err
}

func (e *explorer) explore(from, to []byte, depth int) {
	o := &pebble.IterOptions{LowerBound: from, UpperBound: to}
	if last, whole := e.run(o, (*pebble.Iterator).First, (*pebble.Iterator).Next); whole {
		return
	} else if last != nil {
		from = append(last, 0)
	}
	o = &pebble.IterOptions{LowerBound: from, UpperBound: to}
	if last, whole := e.run(o, (*pebble.Iterator).Last, (*pebble.Iterator).Prev); whole {
		return
	} else if last != nil {
		to = last
	}
	middle := between(from, to)
	if depth == 0 || middle == nil {
		e.lose(from, to)
		return
	}
	e.explore(from, middle, depth-1)
	e.explore(middle, to, depth-1)
}

// run reads from one end until it can read no more. It returns the last key that
// it read, and whether there is nothing more to do.
func (e *explorer) run(o *pebble.IterOptions, first, next func(*pebble.Iterator) bool) (last []byte, whole bool) {
	if e.err != nil {
		return nil, true
	}
	it, err := e.db.NewIter(o)
	if err != nil {
		return nil, false
	}
	for ok := first(it); ok; ok = next(it) {
		value, err := it.ValueAndErr()
		if err != nil {
			break
		}
		if e.err = e.each(it.Key(), value); e.err != nil {
			break
		}
		last = append(last[:0], it.Key()...)
	}
	return last, errors.Join(it.Error(), it.Close()) == nil || e.err != nil
}

// lose notes what nobody can read. It comes in ascending order.
func (e *explorer) lose(from, to []byte) {
	if n := len(e.lost); n > 0 && bytes.Equal(e.lost[n-1].To, from) {
		e.lost[n-1].To = to
		return
	}
	e.lost = append(e.lost, Span{from, to})
}

// between returns a key in the middle of two, or nil if there is none.
func between(from, to []byte) []byte {
	n := max(len(from), len(to)) + 2
	low := new(big.Int).SetBytes(append(bytes.Clone(from), make([]byte, n-len(from))...))
	high := new(big.Int).Lsh(big.NewInt(1), uint(8*n))
	if to != nil {
		high.SetBytes(append(bytes.Clone(to), make([]byte, n-len(to))...))
	}
	middle := low.Add(low, high).Rsh(low, 1).FillBytes(make([]byte, n))
	if bytes.Compare(middle, from) <= 0 || to != nil && bytes.Compare(middle, to) >= 0 {
		return nil
	}
	return middle
}
