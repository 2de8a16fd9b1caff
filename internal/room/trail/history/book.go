package history

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/budget"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/blocks"
	"github.com/dari-bus/dari/internal/store/table"
)

// Options configure a Book. All but Memory must be set.
type Options struct {
	Store store.Store
	// MaxBytes bounds the texts of an account's records, in bytes.
	MaxBytes int64
	// PlaceOf says whose record a text is.
	PlaceOf func(text []byte) access.Place
	// Memory bounds what reading and merging records take. Nil is without a bound.
	Memory *budget.Share
	// Log hears what goes wrong in the background.
	Log *slog.Logger
}

// The bounds on histories.
const (
	maxRegions   = 64 // in which an account has one, beside the rest
	maxHistories = 10_000
)

// Shared histories. The one in the region rest has an account's records of further
// regions as well, and that of others has those of further accounts.
const rest = "us-east-1"

var others = access.Place{Account: "others", Region: rest}

// A Book is the histories of one store. Its methods may be called from many
// goroutines at once.
type Book struct {
	opt Options
	// records are read and merged in memory that is bounded. in is the same, for what
	// calls write, which holds no more than the calls themselves.
	records, in *blocks.Log
	histories   *table.Table[history]
	piles       *blocks.Piles[pile]
	pushedOut   atomic.Int64

	// mu is never held while the store is used.
	mu       sync.Mutex
	accounts map[string]*account
	// count is how many histories there are, of which there are as many as most before
	// accounts share one.
	count, most int
}

// The keys.
const (
	keyHistories = "trail/history/"
	keyNumber    = "trail/number" // the last number given to a history
	keyRecords   = "trail/"       // n, d/, h/ and b/ of package blocks
)

// Open returns the histories in the store.
func Open(ctx context.Context, opt Options) (*Book, error) {
	if opt.MaxBytes <= 0 || opt.PlaceOf == nil || opt.Log == nil {
		return nil, errors.New("open the histories: they need a bound, a way to tell whose a record is, and a log")
	}
	b := &Book{opt: opt, piles: blocks.NewPiles[pile](), accounts: map[string]*account{}, most: maxHistories}
	var err error
	if b.histories, err = table.Open(ctx, table.Options[history]{Store: opt.Store, Prefix: keyHistories, Version: 1, Max: 1, Complete: b.found}); err == nil {
		b.records, err = blocks.Open(blocks.Options{Store: opt.Store, Prefix: keyRecords, Memory: opt.Memory})
	}
	if err == nil {
		b.in, err = blocks.Open(blocks.Options{Store: opt.Store, Prefix: keyRecords})
	}
	if err == nil {
		err = opt.Store.View(ctx, b.measure)
	}
	return b, err
}

// PushedOut is how many bytes of records went before their time, since the start.
func (b *Book) PushedOut() int64 { return b.pushedOut.Load() }

// found takes in a history that was read.
func (b *Book) found(k table.Key, h *history) error {
	a := b.accounts[k.Account]
	if a == nil {
		a = newAccount(k.Account)
		b.accounts[k.Account] = a
	}
	a.regions[k.Region] = newLive(h)
	b.count++
	return nil
}

// measure counts what there is when the book opens: what was written to the segments
// that were open is known to their blocks alone.
func (b *Book) measure(tx store.Tx) error {
	for _, a := range b.accounts {
		for _, l := range a.regions {
			for k := range kinds {
				g := l.last(k)
				if g == nil {
					continue
				}
				var err error
				if g.Bytes, err = b.records.SizeOf(tx, l.Number, g.Source, g.Begun); err != nil {
					return err
				}
				b.piles.Add(a.name, pile{l.Number, g.Source, g.Begun})
			}
			for _, g := range l.Segments {
				a.sizes[g.Kind] += g.Bytes
			}
		}
	}
	return nil
}

// hold returns the account whose histories have the records of a place, which is
// changed to one of theirs. The caller releases it.
func (b *Book) hold(at *access.Place) *account {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.accounts[at.Account] == nil && b.count >= b.most {
		*at = others
	}
	a := b.accounts[at.Account]
	if a == nil {
		a = newAccount(at.Account)
		b.accounts[at.Account] = a
	}
	a.holders++
	return a
}

// release forgets an account that has nothing.
func (b *Book) release(a *account) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if a.holders--; a.holders == 0 && len(a.regions) == 0 {
		delete(b.accounts, a.name)
	}
}

// all holds all accounts.
func (b *Book) all() (all []*account) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, a := range b.accounts {
		a.holders++
		all = append(all, a)
	}
	return all
}

// Read returns a page of what a query finds in the history of a place. The query is of
// no log. A place whose account has no history finds what is its own in the one of all
// others.
func (b *Book) Read(ctx context.Context, at access.Place, q blocks.Query, p blocks.Page) (*blocks.Result, error) {
	h := b.histories.Find(key(at))
	if h == nil {
		if h = b.histories.Find(key(others)); h == nil {
			return &blocks.Result{}, nil
		}
		match := q.Match
		q.Holds = append(slices.Clip(q.Holds), []byte(at.Account))
		q.Match = func(source uint64, e *blocks.Entry) bool {
			return b.opt.PlaceOf(e.Text) == at && (match == nil || match(source, e))
		}
	}
	q.Log = h.Number
	return b.records.Read(ctx, &q, p)
}

func key(at access.Place) table.Key { return table.Key{Place: at, Name: "events"} }
