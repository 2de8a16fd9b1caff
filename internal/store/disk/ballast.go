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

// A ballast watches how much room the disk has, and keeps some of it back.
//
// When less than low is left, updates are refused that would add to the store;
// those that drain it go on. When there is none at all, what is held is given up
// so that they can, and so that the store can be opened at all: it must write
// what it reads back from its logs. It is taken again as soon as there is room
// for it.
type ballast struct {
	fs       vfs.FS
	dir      string
	log      *slog.Logger
	low      int64 // 0: nobody knows how much room there is
	full     atomic.Bool
	unlooked atomic.Int64 // bytes written since the last look
	given    atomic.Int64 // how often it was given up

	mu   sync.Mutex
	held int64 // bytes, or 0
	want int64 // bytes to hold
}

// openBallast takes the ballast, unless the disk is full. On a small disk, portion,
// which is what the engine collects in memory, becomes smaller: a ballast holds
// five portions, of which four may have to be written before the logs that hold
// them can go, and one is for the log meanwhile.
func openBallast(fs vfs.FS, dir string, log *slog.Logger, portion int) (*ballast, int) {
	b := &ballast{fs: fs, dir: dir, log: log}
	usage, err := fs.GetDiskUsage(dir)
	if err != nil {
		return b, portion // Such as a file system in memory. A full one is an error like others.
	}
	portion = min(portion, max(int(usage.TotalBytes/16), 128<<10))
	b.low, b.want = 2*int64(portion), 5*int64(portion)
	if _, err := fs.Stat(b.name()); err == nil {
		_ = b.take() // Of an earlier start. If it is not whole, it is taken anew when there is room.
	}
	b.look()
	return b, portion
}

// grown says that n bytes were written. Every so often, that is a reason to look
// how much room is left.
func (b *ballast) grown(n int) {
	if b.low > 0 && (b.unlooked.Add(int64(n)) > b.low/8 || b.full.Load()) {
		b.look()
	}
}

// look finds out how much room there is.
func (b *ballast) look() {
	if b.low == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.unlooked.Store(0)
	usage, err := b.fs.GetDiskUsage(b.dir)
	if err != nil {
		return // It is asked again soon, and a write that fails needs no answer.
	}
	free := int64(usage.AvailBytes)
	if b.held == 0 && b.want > 0 && free >= b.want+2*b.low {
		if err := b.take(); err != nil {
			b.log.Warn("store: no room could be kept back for a full disk", "dir", b.dir, "err", err)
			b.want = 0
		}
		free -= b.want
	}
	enough := b.low
	if b.full.Load() {
		enough *= 2 // Not to and fro.
	}
	// What the ballast left free is for those that drain.
	b.turn(free < enough || b.held < b.want, free)
}

func (b *ballast) name() string { return filepath.Join(b.dir, journal.Ballast) }

// forMerging says no when merging would use up what the log and new tables may
// need soon. While the ballast is there, they have that, and merging may go on to the
// last byte: it is what gives back the room of what was deleted. When the ballast was
// given up, there is nothing after it.
func (b *ballast) forMerging() error {
	b.mu.Lock()
	held := b.held > 0
	b.mu.Unlock()
	if b.low == 0 || held {
		return nil
	}
	if usage, err := b.fs.GetDiskUsage(b.dir); err == nil && int64(usage.AvailBytes) < b.low {
		return syscall.ENOSPC
	}
	return nil
}

// turn notes whether the disk is full. b.mu is held.
func (b *ballast) turn(full bool, free int64) {
	if b.full.Swap(full) == full {
		return
	}
	if full {
		b.log.Error("store: the disk is full; what is there can be received and deleted, and nothing be added", "dir", b.dir, "free_bytes", free)
	} else {
		b.log.Info("store: the disk has room again", "dir", b.dir, "free_bytes", free)
	}
}

// take makes the ballast. b.mu is held.
func (b *ballast) take() (err error) {
	f, err := b.fs.OpenReadWrite(b.name(), vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	err = f.Preallocate(0, b.want)
	if errors.Is(err, errors.ErrUnsupported) {
		err = fill(f, b.want)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, b.fs.Remove(b.name()))
	}
	b.held = b.want
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

// give gives the ballast up, unless that was done since it had been given up so many
// times, and reports whether there is room because of it: two who write find the disk
// full at the same time, and one ballast is for both.
func (b *ballast) give(times int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.given.Load() != times {
		return true
	}
	if b.held == 0 {
		return false
	}
	b.held = 0
	if err := b.fs.Remove(b.name()); err != nil {
		return false
	}
	b.given.Add(1)
	b.turn(true, 0)
	b.log.Warn("store: the disk is full to the last byte; the room that was kept back is given up", "dir", b.dir, "file", journal.Ballast)
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
