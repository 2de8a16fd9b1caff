// Package store is a small ordered key-value interface with transactions.
//
// Everything durable in dari goes through a Store: a room owns the keys that
// begin with its name and a slash, and nobody else reads or writes them. The
// engines are store/disk (Pebble) and store/mem; store/storetest holds the
// suite that both pass, and store/faulty breaks on cue.
package store

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/dari-bus/dari/internal/fault"
)

var (
	// ErrClosed is returned by every method of a store that has been closed.
	ErrClosed = errors.New("store is closed")
	// ErrReadOnly is returned for a write inside View.
	ErrReadOnly = errors.New("store: a View does not write")
	// ErrEnded is returned by a Tx that is used after its closure has returned.
	ErrEnded = errors.New("store: the transaction has ended")
	// ErrFull is returned by an Update that is not Draining while the disk is full.
	// Nothing was changed, not even within the closure, which did not run.
	ErrFull error = fault.Unavailable("The server's disk is full. Until there is room again, what is there can be received and deleted, and nothing be added.")
)

// A Store keeps ordered keys. All methods may be called from many goroutines
// at once.
//
// All rooms may share one, heavy writers such as logs and metrics among them, as
// long as these write at most about 64 KiB in one Update: whoever has more goes on
// in the next. What a caller gets as a whole, such as the entries of one PutEvents,
// may be more. Measured on two processors, 20 MB of log lines a second made
// PutEvents slower by as much in a store of their own (p99 54 to 62 ms) as in the
// same one (49 to 54 ms), since it is the disk and the processors that they share;
// written in portions of 1 MB they made it 131 ms in the same store. At 1 MB a
// second there was nothing to see. docs/performance.md has the figures.
type Store interface {
	// View runs fn against one consistent moment, which holds every Update that
	// returned before View was called. It never waits for an Update, nor an
	// Update for it. Writing in it is [ErrReadOnly].
	View(ctx context.Context, fn func(Tx) error) error

	// Update runs fn and keeps what it wrote, all of it or, when fn returns an
	// error, nothing. When Update returns nil, the change survives a power cut,
	// unless Unsynced was given.
	//
	// Closures run one at a time, so they must be short: no network, no disk
	// of their own, no waiting, and no Update within one. The wait for the disk happens after the closure
	// has left, and callers that wait together share one sync. A transaction
	// may see what an earlier one wrote before that one is on disk; it can
	// never be on disk itself without the earlier one. An Update that writes
	// nothing still returns no earlier than what it may have seen is on disk.
	//
	// fn runs exactly once. ctx is looked at before fn runs, not after: a
	// change that has been applied is never reported as cancelled.
	Update(ctx context.Context, fn func(Tx) error, opts ...Option) error

	// Close waits for running transactions, syncs, and frees what the store holds.
	// It must not be called from within one. A second Close returns ErrClosed.
	Close() error
}

// A Tx reads and writes within one transaction; it sees its own writes. It
// must not be used after its closure returns, nor from two goroutines.
// Slices it hands out are valid until the transaction ends, and must not be
// changed; slices it is given are copied.
type Tx interface {
	// Get returns the value, and nil when the key is absent. A value that is
	// present is never nil, also when it is empty.
	Get(key []byte) ([]byte, error)
	Put(key, value []byte) error
	// Delete removes a key. An absent key is no error.
	Delete(key []byte) error
	// DeleteRange removes the keys k with from <= k < to in one operation. A nil
	// to means the end of the store.
	DeleteRange(from, to []byte) error
	// Scan yields the keys k with from <= k < to in ascending byte order, as
	// the transaction sees them when the loop begins: what the loop's body
	// writes does not change what it is given. A nil to means the end of the
	// store. A read error ends the sequence early, and then View or Update
	// returns that error. Each key and value is valid until the next step.
	Scan(from, to []byte) iter.Seq2[[]byte, []byte]
	// OnEnd is for those who keep in memory what they write. When the closure of an
	// Update has returned, and before that of the next one runs, the functions that
	// it was given run in their order: with true when the change has been applied,
	// and everybody may see it, with false when nothing of it remains or the store
	// has failed. They must be short and not use the store. A View ends with false.
	OnEnd(fn func(kept bool))
}

// An Option changes how one Update is carried out.
type Option uint8

// Unsynced returns from Update as soon as the change is applied. After a power
// cut, and after kill -9 as well, since engines gather what they write, it is
// there if a later synced Update is, or if SyncWithin has passed. It is for what
// may be repeated, such as settling a delivery.
const Unsynced Option = 1

// Draining marks an Update that the store carries out also when its disk is full:
// one that takes away, or one without which nothing can be taken away, such as
// handing out a message. It should write little.
const Draining Option = 2

// SyncWithin bounds how long an unsynced change stays exposed to a crash when no
// synced one follows it.
const SyncWithin = time.Second

// End returns the first key after all keys that begin with prefix: the to of a
// Scan or DeleteRange over that prefix. It is nil when there is none.
func End(prefix []byte) []byte {
	end := append([]byte(nil), prefix...)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i]++; end[i] != 0 {
			return end[:i+1]
		}
	}
	return nil
}
