package disk

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/dari-bus/dari/internal/store/journal"
)

// A room watches how much room the disk has, and keeps some of it back.
//
// When less than low is left, updates are refused that would add to the store;
// those that drain it go on. When there is none at all, the ballast is given up
// so that they can, and so that the store can be opened at all: it must write
// what it reads back from its logs. The ballast is taken again as soon as there
// is room for it.
type room struct {
	fs       vfs.FS
	dir      string
	log      *slog.Logger
	low      int64 // 0: nobody knows how much room there is
	full     atomic.Bool
	unlooked atomic.Int64 // bytes written since the last look

	mu      sync.Mutex
	ballast int64 // bytes held, or 0
	want    int64 // bytes to hold
}

// openRoom takes the ballast, unless the disk is full. On a small disk, portion,
// which is what the engine collects in memory, becomes smaller: a ballast holds
// four portions, as many as may have to be written when the store is opened.
func openRoom(fs vfs.FS, dir string, log *slog.Logger, portion int) (*room, int) {
	r := &room{fs: fs, dir: dir, log: log}
	usage, err := fs.GetDiskUsage(dir)
	if err != nil {
		return r, portion // Such as a file system in memory. A full one is an error like others.
	}
	portion = min(portion, max(int(usage.TotalBytes/16), 128<<10))
	r.low, r.want = 2*int64(portion), 4*int64(portion)
	if _, err := fs.Stat(r.name()); err == nil {
		_ = r.take() // Of an earlier start. If it is not whole, it is taken anew when there is room.
	}
	r.look()
	return r, portion
}

// grown says that n bytes were written. Every so often, that is a reason to look
// how much room is left.
func (r *room) grown(n int) {
	if r.low > 0 && (r.unlooked.Add(int64(n)) > r.low/8 || r.full.Load()) {
		r.look()
	}
}

// look finds out how much room there is.
func (r *room) look() {
	if r.low == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unlooked.Store(0)
	usage, err := r.fs.GetDiskUsage(r.dir)
	if err != nil {
		return // It is asked again soon, and a write that fails needs no answer.
	}
	free := int64(usage.AvailBytes)
	if r.ballast == 0 && r.want > 0 && free >= r.want+2*r.low {
		if err := r.take(); err != nil {
			r.log.Warn("store: no room could be kept back for a full disk", "dir", r.dir, "err", err)
			r.want = 0
		}
		free -= r.want
	}
	enough := r.low
	if r.full.Load() {
		enough *= 2 // Not to and fro.
	}
	// What the ballast left free is for those that drain.
	r.turn(free < enough || r.ballast < r.want, free)
}

func (r *room) name() string { return filepath.Join(r.dir, journal.Ballast) }

// forMerging says no when merging would use up what the log and new tables may
// need soon: the ballast may be given up by then, and there is nothing after it.
func (r *room) forMerging() error {
	if r.low == 0 {
		return nil
	}
	if usage, err := r.fs.GetDiskUsage(r.dir); err == nil && int64(usage.AvailBytes) < r.low {
		return syscall.ENOSPC
	}
	return nil
}

// turn notes whether the disk is full. r.mu is held.
func (r *room) turn(full bool, free int64) {
	if r.full.Swap(full) == full {
		return
	}
	if full {
		r.log.Error("store: the disk is full; what is there can be received and deleted, and nothing be added", "dir", r.dir, "free_bytes", free)
	} else {
		r.log.Info("store: the disk has room again", "dir", r.dir, "free_bytes", free)
	}
}

// take makes the ballast. r.mu is held.
func (r *room) take() (err error) {
	f, err := r.fs.OpenReadWrite(r.name(), vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	err = f.Preallocate(0, r.want)
	if errors.Is(err, errors.ErrUnsupported) {
		err = fill(f, r.want)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, r.fs.Remove(r.name()))
	}
	r.ballast = r.want
	return nil
}

// fill writes n zeros, for file systems that cannot set room aside.
func fill(f vfs.File, n int64) error {
	zeros := make([]byte, min(n, 1<<20))
	for at := int64(0); at < n; at += int64(len(zeros)) {
		if _, err := f.WriteAt(zeros, at); err != nil {
			return err
		}
	}
	return f.Sync()
}

// give gives the ballast up, and reports whether there was one.
func (r *room) give() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ballast == 0 {
		return false
	}
	r.ballast = 0
	if err := r.fs.Remove(r.name()); err != nil {
		return false
	}
	r.turn(true, 0)
	r.log.Warn("store: the disk is full to the last byte; the room that was kept back is given up", "dir", r.dir, "file", journal.Ballast)
	return true
}

// passing reports whether an error says that the system lacks something that it
// may have again: room on the disk, or file descriptors.
func passing(err error) bool { return isFull(err) || isOut(err) }

func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

func isOut(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

// said makes an error that the system will not explain into one that it does.
func said(err error) error {
	switch {
	case err == nil:
		return nil
	case isFull(err):
		return fmt.Errorf("the disk is full; make room on it and start again: %w", err)
	case isOut(err):
		return fmt.Errorf("the process has too many files and connections open; allow it more (ulimit -n): %w", err)
	}
	return err
}
