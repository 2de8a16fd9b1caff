package table

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync/atomic"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/page"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/tree"
)

// A Key names a record of a table.
type Key struct {
	// Place is whose it is. Neither account nor region can hold a slash.
	access.Place
	// Name is the rest of the key. It may hold slashes, so that what belongs to
	// something, as rules do to a bus, is found under its name and a slash.
	Name string
}

// Options configure a Table of records of type R. All but Migrate, Complete and
// the words must be given.
type Options[R any] struct {
	Store store.Store
	// Prefix begins the keys in the store and ends with a slash: the name of the
	// room, a slash, and what the records are, such as "topic/subscription/".
	Prefix string
	// Version is the format in which records are written, from 1 on.
	Version int
	// Migrate returns the JSON of a record of an older version as this Version has
	// it. Version 0 is a record without one, of before there were tables. Nil takes
	// older records as they are.
	Migrate func(version int, record []byte) ([]byte, error)
	// Complete gives a record that was read what its JSON lacks, such as what is
	// compiled from its text. Open calls it for each, in the order of their keys.
	Complete func(k Key, r *R) error
	// Max is how many records an account may have in a region.
	Max int
	// Scale bounds how many bytes the records take, nil does not. Weight is about how many
	// one holds; where it does not grow, a record can always be changed.
	Scale  *Scale
	Weight func(r *R) int

	// Missing and Exists are the faults of a name that no record has, and of one
	// that is taken; Full is the fault of an account that has Max. They are said in
	// general words when nil.
	Missing, Exists func(name string) error
	Full            error
}

// A Table keeps records. Its methods may be called from many goroutines at
// once; those of a [Writer] belong to its transaction.
type Table[R any] struct {
	opt Options[R]
	// now is what readers see. The store's turn replaces it.
	now atomic.Pointer[records[R]]
	// next is what the transaction whose turn it is has made of now, nil when it has
	// changed nothing. Only that turn touches it.
	next *records[R]
}

// records are the records at one moment, under their keys in the store.
type records[R any] = tree.Map[*R]

// Open reads a table from the store. Its errors name the record that is broken.
func Open[R any](ctx context.Context, opt Options[R]) (*Table[R], error) {
	if opt.Store == nil || !strings.HasSuffix(opt.Prefix, "/") || opt.Version < 1 || opt.Max < 1 {
		return nil, fmt.Errorf("open the table %q: it needs a store, a prefix that ends with a slash, a version from 1 on, and how many records an account may have", opt.Prefix)
	}
	t := &Table[R]{opt: opt.withWords()}
	var all records[R]
	err := opt.Store.View(ctx, func(tx store.Tx) error {
		prefix := []byte(opt.Prefix)
		for key, value := range tx.Scan(prefix, store.End(prefix)) {
			r, err := t.read(key, value)
			if err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
			all = all.Put(bytes.Clone(key), r)
			if opt.Scale != nil {
				k, _ := t.parse(key) // it was just read as one
				opt.Scale.count(k.Account, t.weight(r))
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	t.now.Store(&all)
	return t, nil
}

func (o Options[R]) withWords() Options[R] {
	if o.Missing == nil {
		o.Missing = func(name string) error { return fault.NotFound("%s does not exist.", name) }
	}
	if o.Exists == nil {
		o.Exists = func(name string) error { return fault.Conflict("%s already exists.", name) }
	}
	if o.Full == nil {
		o.Full = fault.Limit("The account has as many in this region as it may have, which is %d.", o.Max)
	}
	return o
}

// Find returns a record, or nil when there is none. Like all that reads, it sees
// what transactions before it have left, and nothing of the one it is called
// from: that one asks [Table.In].
func (t *Table[R]) Find(k Key) *R { return t.find(t.now.Load(), k) }

func (t *Table[R]) find(in *records[R], k Key) *R {
	var buf [128]byte
	r, _ := in.Get(t.append(buf[:0], k))
	return r
}

// Get returns a record, and the fault Missing when there is none.
func (t *Table[R]) Get(k Key) (*R, error) {
	if r := t.Find(k); r != nil {
		return r, nil
	}
	return nil, t.opt.Missing(k.Name)
}

// List returns a page of the records of a place whose names begin with prefix,
// in the order of their names: those that keep wants, or all when it is nil.
// Tokens and limit are those of package page.
func (t *Table[R]) List(at access.Place, prefix string, keep func(*R) bool, token string, limit int) (rows []*R, next string, err error) {
	from, to := t.span(at, prefix)
	if token != "" {
		last, err := page.Decode(token)
		if err != nil {
			return nil, "", err
		}
		if after := append(t.key(Key{at, last}), 0); bytes.Compare(after, from) > 0 {
			from = after
		}
	}
	limit = cmp.Or(limit, page.Default)
	var last []byte
	for key, r := range t.now.Load().Scan(from, to) {
		if keep != nil && !keep(r) {
			continue
		}
		if len(rows) == limit {
			return rows, page.Encode(string(last[len(t.key(Key{at, ""})):])), nil
		}
		rows, last = append(rows, r), key
	}
	return rows, "", nil
}

// Each yields the records of a place whose names begin with prefix, in the order
// of their names and as they are when it begins.
func (t *Table[R]) Each(at access.Place, prefix string) iter.Seq[*R] {
	return func(yield func(*R) bool) {
		for _, r := range t.now.Load().Scan(t.span(at, prefix)) {
			if !yield(r) {
				return
			}
		}
	}
}

// All yields every record, in the order of their keys and as they are when it begins.
func (t *Table[R]) All() iter.Seq[*R] {
	return func(yield func(*R) bool) {
		for _, r := range t.now.Load().Scan(nil, nil) {
			if !yield(r) {
				return
			}
		}
	}
}

// Keyed yields every record with its key, as [Table.All] does.
func (t *Table[R]) Keyed() iter.Seq2[Key, *R] {
	return func(yield func(Key, *R) bool) {
		for key, r := range t.now.Load().Scan(nil, nil) {
			k, _ := t.parse(key) // it was made or read as one
			if !yield(k, r) {
				return
			}
		}
	}
}

// Count returns how many records of a place have names that begin with prefix.
// It takes no longer for many than for few.
func (t *Table[R]) Count(at access.Place, prefix string) int {
	return t.now.Load().Count(t.span(at, prefix))
}

// span returns where the records of a place are whose names begin with prefix.
func (t *Table[R]) span(at access.Place, prefix string) (from, to []byte) {
	from = t.key(Key{at, prefix})
	return from, store.End(from)
}

func (t *Table[R]) key(k Key) []byte { return t.append(nil, k) }

func (t *Table[R]) append(to []byte, k Key) []byte {
	to = append(to, t.opt.Prefix...)
	to = append(append(to, k.Account...), '/')
	to = append(append(to, k.Region...), '/')
	return append(to, k.Name...)
}

// parse returns the Key that a key in the store stands for.
func (t *Table[R]) parse(key []byte) (Key, error) {
	parts := strings.SplitN(string(key[len(t.opt.Prefix):]), "/", 3)
	if len(parts) < 3 {
		return Key{}, errNoKey
	}
	k := Key{access.Place{Account: parts[0], Region: parts[1]}, parts[2]}
	return k, k.check()
}

var errNoKey = errors.New("this is not the key of a record: it needs an account, a region and a name")

// check says whether a key can be told apart from all others.
func (k Key) check() error {
	if k.Account == "" || k.Region == "" || k.Name == "" || strings.Contains(k.Account+k.Region, "/") {
		return errNoKey
	}
	return nil
}
