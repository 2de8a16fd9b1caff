package disk

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/dari-bus/dari/internal/store"
)

// attack F17 on a file system of the kernel's. It needs to mount one.
func TestAFullTmpfsCanBeDrained(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=40m"); err != nil {
		t.Skipf("a small file system cannot be mounted here: %v", err)
	}
	defer func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	}()
	data := filepath.Join(dir, "data")
	s := openTest(t, Options{Dir: data})
	n, others := untilFull(t, s, 0, 10_000), 0
	// Others take the rest, down to the last byte.
	hog := filepath.Join(dir, "hog")
	f, err := os.Create(hog)
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		var m int
		m, err = f.Write(make([]byte, 4096))
		others += m
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := put(t, s, n, 10); !errors.Is(err, store.ErrFull) {
		t.Errorf("a record on the full disk: %v", err)
	}
	next := 0
	for ; next < n/2; next++ {
		if err := drain(t, s, next); err != nil {
			t.Fatalf("record %d of %d, while others have %d bytes: %v", next, n, others, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openTest(t, Options{Dir: data})
	for ; next < n; next++ {
		if err := drain(t, s, next); err != nil {
			t.Fatalf("record %d of %d, started anew: %v", next, n, err)
		}
	}
	if err := os.Remove(hog); err != nil {
		t.Fatal(err)
	}
	roomAgain(t, s, n)
}
