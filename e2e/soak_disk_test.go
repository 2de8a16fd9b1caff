package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// A smallDisk is a file system of a size, and the file that fills it.
type smallDisk struct{ dir string }

// newSmallDisk mounts one, and returns nil where that is not permitted.
func newSmallDisk(t testing.TB, size int) *smallDisk {
	dir := t.TempDir()
	if err := mount(dir, size); err != nil {
		t.Logf("no disk is filled up, for none can be mounted: %v", err)
		return nil
	}
	t.Cleanup(func() {
		if err := unmount(dir); err != nil {
			t.Error(err)
		}
	})
	return &smallDisk{dir}
}

func (d *smallDisk) filler() string { return filepath.Join(d.dir, "filler") }

// fill leaves no room for a while, whatever the server frees meanwhile.
func (d *smallDisk) fill(hold time.Duration) {
	f, err := os.Create(d.filler())
	if err != nil {
		return // not even that has room
	}
	defer f.Close()
	var over <-chan time.Time // from when it is full
	pace := time.NewTicker(20 * time.Millisecond)
	defer pace.Stop()
	piece := make([]byte, 1<<20)
	for {
		for size := len(piece); size >= 4096; {
			if _, err := f.Write(piece[:size]); err != nil {
				size /= 2
			}
		}
		if over == nil {
			over = time.After(hold)
		}
		select {
		case <-over:
			return
		case <-pace.C:
		}
	}
}

func (d *smallDisk) empty(t testing.TB) {
	if err := os.Remove(d.filler()); err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
}

// mount makes a file system in memory. Only root may.
func mount(dir string, size int) error {
	out, err := exec.Command("mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%d", size), "tmpfs", dir).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

func unmount(dir string) error {
	if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
		return fmt.Errorf("unmount %s: %w: %s", dir, err, out)
	}
	return nil
}
