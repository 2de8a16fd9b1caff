package disk

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/atomicfs"

	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/journal"
)

var (
	// ErrLocked means that another server has the directory open.
	ErrLocked = errors.New("the data directory is in use")
	// ErrFailed means that a write to the disk failed, and that the store has
	// stopped because of it.
	ErrFailed = errors.New("the store has failed and takes no more changes")
)

// Options say where a store is and how much memory it may use.
type Options struct {
	// Dir is the directory. It is created, with its parents, if it is missing.
	Dir string
	// Log gets what the engine has to tell an operator: stalls, slow or full
	// disks, damaged files. Its own diary goes there at the Debug level. Nil means
	// slog.Default().
	Log *slog.Logger
	// CacheBytes bounds the cache of blocks read from disk. 0 means 8 MiB.
	CacheBytes int64
	// MaxFiles bounds how many tables are kept open, beside a few other files. 0
	// means 256; less than 64 is 64.
	MaxFiles int
	// MemTableBytes is how much is collected in memory before it is written to a
	// table; up to four such portions may wait for the disk, then updates wait,
	// too. The first portions are smaller, so that a small store stays small. An
	// update of more than half of it is slower. 0 means 8 MiB.
	MemTableBytes int
	// FS is the file system; nil means that of the operating system. Tests crash it.
	FS vfs.FS
}

// Store is the engine. It must be closed.
type Store struct {
	dir    string
	fs     vfs.FS // the system's, below all that watches over it
	log    *slog.Logger
	db     *pebble.DB
	lock   *pebble.Lock
	health io.Closer // watches for slow operations
	gate   store.Gate

	failure atomic.Pointer[error]
	failed  chan struct{} // closed after failure is set
	opened  atomic.Bool

	ballast  *ballast
	spares   spares
	deleted  deleted
	small    uint64      // bytes that a store may have that is merged as a whole
	identity os.FileInfo // of the directory's lock; Open sets it

	// synced is the highest number of an update known to be on disk.
	synced atomic.Uint64
	// onDisk is how much of which log is, and manifest how much of that; the next
	// batch says so.
	onDisk, manifest atomic.Pointer[journal.Extent]
	nonce            [4]byte
	newestLog        *atomicfs.Marker
	replayed         uint64        // while the logs are read back: the sequence number that comes next
	firstLog         atomic.Uint64 // that was read back
	timer            *time.Timer

	// turn is a lock, taken by sending, that one can stop waiting for. It is held
	// while a closure runs and its batch is applied, and guards the fields below.
	turn    chan struct{}
	applied uint64 // number of the last update that was applied
	armed   bool   // the timer will sync
}

var _ store.Store = (*Store)(nil)

// Open opens the store in o.Dir, or makes an empty one. After a crash it first
// reads back the write-ahead log, which takes well under a second.
func Open(o Options) (*Store, error) {
	o = o.withDefaults()
	lock, err := lockDir(o)
	if err != nil {
		return nil, err
	}
	s := &Store{dir: o.Dir, fs: o.FS, log: o.Log, lock: lock, failed: make(chan struct{}), turn: make(chan struct{}, 1)}
	s.ballast, o.MemTableBytes = openBallast(o.FS, o.Dir, o.Log, o.MemTableBytes)
	s.small = 64 * uint64(o.MemTableBytes)
	_, s.spares.on = o.FS.(private)
	s.spares.take()
	binary.LittleEndian.PutUint32(s.nonce[:], rand.Uint32())
	s.onDisk.Store(&journal.Extent{})
	s.manifest.Store(&journal.Extent{})
	s.timer = time.AfterFunc(time.Hour, s.syncLate)
	s.timer.Stop()
	po := s.engineOptions(o)
	opened := make(chan error, 1)
	go func() {
		var err error
		s.db, err = s.openEngine(po)
		opened <- err
	}()
	select {
	case err = <-opened:
	case <-s.failed:
		// It may never come back.
		return nil, fmt.Errorf("open store in %s: %w", o.Dir, s.usable())
	}
	if _, real := o.FS.(private); real && err == nil {
		s.identity, err = os.Stat(filepath.Join(o.Dir, "LOCK"))
	}
	if err != nil {
		s.spares.close()
		if s.newestLog != nil {
			err = errors.Join(err, s.newestLog.Close())
		}
		err = errors.Join(advise(o.Dir, err), s.health.Close(), lock.Close())
		return nil, fmt.Errorf("open store in %s: %w", o.Dir, err)
	}
	s.opened.Store(true)
	return s, nil
}

func (s *Store) openEngine(po *pebble.Options) (*pebble.DB, error) {
	dir := s.dir
	marker, newest, err := atomicfs.LocateMarker(po.FS, dir, "log")
	if err != nil {
		return nil, err
	}
	s.newestLog = marker
	isNew, err := journal.CheckFiles(s.fs, dir, newest)
	if err != nil {
		return nil, err
	}
	db, err := pebble.Open(dir, po)
	if err != nil || !isNew {
		return db, err
	}
	// The log of a new store is made before its format is raised. Begin another
	// one, in which damage can be told from a torn end.
	if err := db.Close(); err != nil {
		return nil, err
	}
	return pebble.Open(dir, po)
}

// advise says how to go on, unless it is the system that failed rather than
// what the directory holds.
func advise(dir string, err error) error {
	if passing(err) {
		return said(err)
	}
	if d, ok := errors.AsType[*journal.Damage](err); ok {
		err = d // The engine has more to say, and nothing of use.
	}
	if no, ok := errors.AsType[syscall.Errno](err); ok && no != syscall.ENOENT {
		return err
	}
	return fmt.Errorf("%w.\nNothing was changed. This says what is damaged and how to go on: dari doctor -data %s", err, dir)
}

// Lock locks a directory for somebody who looks at its files without a Store,
// and returns the file system that they are in. The directory must be there.
func Lock(o Options) (vfs.FS, *pebble.Lock, error) {
	o = o.withDefaults()
	if _, err := o.FS.Stat(o.Dir); err != nil {
		return nil, nil, fmt.Errorf("there is no data directory: %w", err)
	}
	lock, err := lockDir(o)
	return o.FS, lock, err
}

func lockDir(o Options) (*pebble.Lock, error) {
	if o.Dir == "" {
		return nil, errors.New("open store: no data directory was given")
	}
	if err := o.FS.MkdirAll(o.Dir, ownerDir); err != nil {
		return nil, fmt.Errorf("create data directory: %w", err)
	}
	if fs, ok := o.FS.(private); ok {
		if err := fs.close(o.Dir); err != nil {
			o.Log.Warn("store: files are open to others", "dir", o.Dir, "err", err)
		}
	}
	lock, err := pebble.LockDirectory(o.Dir, o.FS)
	if err == nil {
		return lock, nil
	}
	if _, ok := errors.AsType[*fs.PathError](err); ok {
		// The file could not even be opened: nobody else is to blame.
		return nil, fmt.Errorf("lock data directory %s: %w", o.Dir, err)
	}
	return nil, fmt.Errorf("%w: another dari server has %s open; stop that server, or give this one a directory of its own with --data (%w)", ErrLocked, o.Dir, err)
}

// View runs fn against a snapshot. The files that the snapshot needs are kept
// until fn returns, so a View should not last for minutes.
func (s *Store) View(ctx context.Context, fn func(store.Tx) error) error {
	if err := s.gate.Enter(); err != nil {
		return err
	}
	defer s.gate.Leave()
	if err := s.ready(ctx); err != nil {
		return err
	}
	snap := s.db.NewSnapshot()
	defer snap.Close() // It returns nothing but nil.
	return Read(snap, fn)
}

// Update runs fn and waits until what it wrote is on disk.
func (s *Store) Update(ctx context.Context, fn func(store.Tx) error, opts ...store.Option) error {
	if err := s.gate.Enter(); err != nil {
		return err
	}
	defer s.gate.Leave()
	if s.ballast.full.Load() && !slices.Contains(opts, store.Draining) {
		if s.ballast.look(); s.ballast.full.Load() {
			return store.ErrFull
		}
	}
	w, err := s.apply(ctx, fn, slices.Contains(opts, store.Unsynced))
	if err != nil {
		return err
	}
	return s.wait(w)
}

// Close waits for running transactions, syncs and unlocks the directory. If
// the store has failed, it returns the failure instead.
func (s *Store) Close() error {
	left, err := s.gate.Shut()
	if err != nil {
		return err
	}
	select {
	case <-left:
	case <-s.failed:
		return s.usable()
	}
	s.timer.Stop()
	defer s.spares.close()
	closed := make(chan error, 1)
	go func() { closed <- errors.Join(s.syncAll(), s.db.Close()) }()
	select {
	case err = <-closed:
	case <-s.failed:
		// It may never come back.
		return s.usable()
	}
	if err := errors.Join(err, s.newestLog.Close(), s.health.Close(), s.lock.Close()); err != nil {
		return fmt.Errorf("close store in %s: %w", s.dir, err)
	}
	return nil
}

// ready says why a transaction may not begin.
func (s *Store) ready(ctx context.Context) error {
	if err := s.usable(); err != nil {
		return err
	}
	return ctx.Err()
}

// usable returns the failure, if there was one.
func (s *Store) usable() error {
	if f := s.failure.Load(); f != nil {
		return *f
	}
	return nil
}

// fail stops the store and returns the failure: the first one, if there are
// several. It is called from within the engine and takes no locks.
func (s *Store) fail(why error) error {
	err := fmt.Errorf("%w: %s: %w", ErrFailed, s.dir, said(why))
	if s.failure.CompareAndSwap(nil, &err) {
		close(s.failed)
	}
	return s.usable()
}
