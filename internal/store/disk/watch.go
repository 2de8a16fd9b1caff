package disk

import (
	"context"
	"errors"
	iofs "io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// watchEvery is how often a server looks after its directory.
const watchEvery = time.Second

// Run returns nil when ctx ends, and the reason if the store fails before. A
// server runs it beside its other parts, so that a broken disk stops it. It also
// looks after what surrounds the store: that the directory is still there, what of
// the disk and of file descriptors is kept back, and that what was deleted in ranges
// leaves the disk.
func (s *Store) Run(ctx context.Context) error {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	drained := uint64(0)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.failed:
			return s.usable()
		case <-tick.C:
			if err := s.present(); err != nil {
				return s.fail(err)
			}
			s.ballast.look()
			s.spares.take()
			drained = s.drained(drained)
			s.reclaim(ctx)
		}
	}
}

var errVanished = errors.New("the data directory was removed, moved away or replaced while the server ran; what is written to it now would be lost")

// present reports it when the directory is no longer the one that was opened.
func (s *Store) present() error {
	lock := filepath.Join(s.dir, "LOCK")
	if _, err := s.fs.Stat(lock); errors.Is(err, iofs.ErrNotExist) {
		return errVanished
	}
	if _, real := s.fs.(private); !real {
		return nil
	}
	now, err := os.Stat(lock)
	if err == nil && !os.SameFile(s.identity, now) {
		return errVanished
	}
	return nil // Who cannot look does not know: writing will tell.
}

// spareFiles is how many descriptors are kept back: a log, a manifest, the
// directory, and a flush and two compactions with what they read and write.
const spareFiles = 8

// spares are file descriptors that the store holds for the moment in which
// others have used up all that the process may have.
type spares struct {
	mu    sync.Mutex
	on    bool
	files []*os.File
}

// take takes as many as are missing, as far as there are any.
func (s *spares) take() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.on && len(s.files) < spareFiles {
		f, err := os.Open(os.DevNull)
		if err != nil {
			return // They are all in use: next time.
		}
		s.files = append(s.files, f)
	}
}

// give gives back one, and reports whether it did.
func (s *spares) give() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.files)
	if n == 0 {
		return false
	}
	f := s.files[n-1]
	s.files = s.files[:n-1]
	return f.Close() == nil
}

// close gives back all of them for good.
func (s *spares) close() {
	s.mu.Lock()
	s.on = false
	s.mu.Unlock()
	for s.give() {
	}
}
