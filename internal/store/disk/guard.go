package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/dari-bus/dari/internal/store/journal"
)

// guard stands between the engine and the file system and sees to it that a
// failed write stops the store in an orderly way.
//
// The engine cannot go on when it fails to write its log, its manifest or a
// directory: it panics with locks held, or exits the process. So an operation
// of that kind that fails marks the store as failed and does not return. And
// once the store has failed, whatever the reason, nothing that changes the
// directory returns: the engine rests as it is, and cannot make things worse in
// the background, such as deleting a log for the sake of a table that was never
// finished.
//
// The exception is writing and syncing the log, because callers wait for it:
// there the error is passed on, and they are told.
//
// What the system lacks for a while is no failure yet: for room on the disk the
// ballast is given up, and for a file descriptor a spare one, or one waits.
type guard struct {
	vfs.FS
	s *Store
}

// vital reports whether the engine does not survive an error on this file.
func vital(name string) bool {
	base := filepath.Base(name)
	return journal.IsLog(name) || strings.HasPrefix(base, "MANIFEST") || strings.HasPrefix(base, "marker.")
}

// freeze does not return if the store has failed.
func (g guard) freeze() {
	if g.s.usable() != nil {
		select {}
	}
}

// mind returns err unless the engine would not survive it.
func (g guard) mind(vital bool, op, name string, err error) error {
	if err != nil && vital {
		_ = g.s.fail(fmt.Errorf("%s %s: %w", op, name, err))
		g.freeze()
	}
	if passing(err) {
		time.Sleep(failPause) // The engine would repeat what failed at once, for ever.
	}
	return err
}

// How long an operation is tried again while the process has no file descriptor
// for it: one that the engine cannot do without, and another one.
const (
	failPause  = 500 * time.Millisecond
	lackPause  = 100 * time.Millisecond
	lackVital  = 5 * time.Minute
	lackOthers = 10 * time.Second
)

// merging is what the engine writes to tidy up. That can wait until there is
// room: what is kept back is for what is new.
const merging vfs.DiskWriteCategory = "pebble-compaction"

// patient runs an operation, and again as long as what it lacks can be had. It
// is not for syncs: what a failed one has lost, the next one does not bring back.
func (g guard) patient(vital bool, c vfs.DiskWriteCategory, fn func() error) error {
	within := lackOthers
	if vital {
		within = lackVital
	}
	for began := time.Now(); ; {
		given := g.s.ballast.given.Load()
		err := fn()
		switch {
		case isFull(err) && c != merging && (g.s.ballast.give(given) || g.dropLogs()):
		case isOut(err) && g.s.spares.give():
			g.s.log.Warn("store: the process has too many files and connections open; allow it more (ulimit -n)", "dir", g.s.dir, "err", err)
		case isOut(err) && time.Since(began) < within:
			time.Sleep(lackPause)
		default:
			return err
		}
	}
}

// dropLogs makes room while the store is being opened: of the logs that are kept
// to be used again, and reports whether there were any. They are those before
// the first one that was read back; the engine removes them at the end anyway.
func (g guard) dropLogs() (dropped bool) {
	names, err := g.FS.List(g.s.dir)
	if err != nil || g.s.opened.Load() {
		return false
	}
	for _, name := range names {
		if journal.IsLog(name) && journal.LogNumber(name) < g.s.firstLog.Load() {
			dropped = g.FS.Remove(filepath.Join(g.s.dir, name)) == nil || dropped
		}
	}
	return dropped
}

// open opens or makes a file.
func (g guard) open(name string, vital bool, c vfs.DiskWriteCategory, op string, fn func() (vfs.File, error)) (vfs.File, error) {
	var f vfs.File
	err := g.patient(vital, c, func() (err error) { f, err = fn(); return err })
	if err = g.mind(vital, op, name, err); err != nil {
		return nil, err
	}
	return &guardedFile{File: f, g: g, name: name, vital: vital, category: c}, nil
}

// Unwrap returns the file system below.
func (g guard) Unwrap() vfs.FS { return g.FS }

// Open opens a file to read. The engine does so with the logs that it is about to
// read back.
func (g guard) Open(name string, opts ...vfs.OpenOption) (f vfs.File, err error) {
	if journal.IsLog(name) {
		g.s.firstLog.CompareAndSwap(0, journal.LogNumber(name))
		if g.s.replayed, err = journal.CheckLog(g.FS, name, g.s.replayed); err != nil {
			return nil, err
		}
	}
	err = g.patient(false, vfs.WriteCategoryUnspecified, func() (err error) { f, err = g.FS.Open(name, opts...); return err })
	return f, err
}

// Create creates a file that is guarded, too.
func (g guard) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	g.freeze()
	if journal.IsTable(name) {
		g.s.ballast.look() // It takes more than its updates did.
	}
	f, err := g.open(name, vital(name), c, "create", func() (vfs.File, error) { return g.FS.Create(name, c) })
	return g.mark(f, name, err)
}

// mark notes which log is the newest one.
func (g guard) mark(f vfs.File, name string, err error) (vfs.File, error) {
	if err != nil || !journal.IsLog(name) || g.s.newestLog == nil {
		return f, err
	}
	return f, g.s.newestLog.Move(strings.TrimSuffix(filepath.Base(name), ".log"))
}

// ReuseForWrite makes a new file of an old one, in two steps, of which each can
// be tried again.
func (g guard) ReuseForWrite(old, name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if err := g.Rename(old, name); err != nil {
		return nil, err
	}
	f, err := g.OpenReadWrite(name, c)
	return g.mark(f, name, err)
}

// OpenReadWrite opens a file that is guarded, too.
func (g guard) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	g.freeze()
	return g.open(name, vital(name), c, "open", func() (vfs.File, error) { return g.FS.OpenReadWrite(name, c, opts...) })
}

// OpenDir opens a directory, which the engine does in order to sync it.
func (g guard) OpenDir(name string) (vfs.File, error) {
	return g.open(name, true, vfs.WriteCategoryUnspecified, "open", func() (vfs.File, error) { return g.FS.OpenDir(name) })
}

// Remove removes a file.
func (g guard) Remove(name string) error {
	g.freeze()
	// Files that are left over do no harm; a marker says which manifest counts.
	return g.mind(vital(name) && !journal.IsLog(name), "remove", name, g.FS.Remove(name))
}

// RemoveAll removes a directory.
func (g guard) RemoveAll(name string) error {
	g.freeze()
	return g.FS.RemoveAll(name)
}

// Rename renames a file.
func (g guard) Rename(old, name string) error {
	g.freeze()
	return g.mind(vital(name), "rename to", name, g.patient(true, vfs.WriteCategoryUnspecified, func() error { return g.FS.Rename(old, name) }))
}

// Link links a file.
func (g guard) Link(old, name string) error {
	g.freeze()
	return g.FS.Link(old, name)
}

type guardedFile struct {
	vfs.File
	g        guard
	name     string
	vital    bool
	category vfs.DiskWriteCategory
	// written is how long the log or the manifest is; only the engine's one writer touches it.
	written int64
}

// change carries out one operation that changes the file.
func (f *guardedFile) change(op string, fn func() error) error {
	if !journal.IsLog(f.name) {
		f.g.freeze()
		return f.g.mind(f.vital, op, f.name, fn())
	}
	err := fn()
	if err != nil {
		_ = f.g.s.fail(fmt.Errorf("%s %s: %w", op, f.name, err))
	}
	return err
}

// Write writes to the file.
func (f *guardedFile) Write(p []byte) (n int, err error) {
	err = f.change("write", func() error {
		return f.g.patient(f.vital, f.category, func() error {
			if f.category == merging {
				if err := f.g.s.ballast.forMerging(); err != nil {
					return err
				}
			}
			m, err := f.File.Write(p[n:])
			n += m
			return err
		})
	})
	f.written += int64(n)
	return n, err
}

// WriteAt writes to the file.
func (f *guardedFile) WriteAt(p []byte, at int64) (n int, err error) {
	err = f.change("write", func() error {
		return f.g.patient(f.vital, f.category, func() (err error) { n, err = f.File.WriteAt(p, at); return err })
	})
	return n, err
}

// Sync syncs the file.
func (f *guardedFile) Sync() error { return f.sync(f.File.Sync) }

// SyncData syncs the contents of the file.
func (f *guardedFile) SyncData() error { return f.sync(f.File.SyncData) }

func (f *guardedFile) sync(fn func() error) error {
	return f.change("sync", func() error {
		if err := fn(); err != nil {
			return err
		}
		if journal.IsManifest(f.name) {
			f.g.s.manifest.Store(&journal.Extent{Number: journal.ManifestNumber(f.name), Length: f.written})
		}
		if !journal.IsLog(f.name) {
			return nil
		}
		// What has no name any more is synced, and gone all the same.
		if _, err := f.g.FS.Stat(f.name); errors.Is(err, fs.ErrNotExist) {
			return errVanished
		}
		f.g.s.onDisk.Store(&journal.Extent{Number: journal.LogNumber(f.name), Length: f.written})
		return nil
	})
}

// SyncTo syncs the beginning of the file.
func (f *guardedFile) SyncTo(length int64) (full bool, err error) {
	err = f.change("sync", func() (err error) { full, err = f.File.SyncTo(length); return err })
	return full, err
}

// Stat is what the engine asks of a log that it reuses.
func (f *guardedFile) Stat() (vfs.FileInfo, error) {
	i, err := f.File.Stat()
	return i, f.g.mind(f.vital, "stat", f.name, err)
}

// Close closes the file. The engine closes a log to begin the next one, and
// does not survive it if an earlier write to that log has failed.
func (f *guardedFile) Close() error {
	f.g.freeze()
	return f.g.mind(f.vital, "close", f.name, f.File.Close())
}
