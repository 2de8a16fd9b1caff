package disk

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/dari-bus/dari/internal/store"
)

// attack F15, and the kind: a file is lost. The store says so, or needs it not;
// and it touches nothing.
func TestALostFileIsNotTakenForANewStore(t *testing.T) {
	const n = 100
	for _, c := range []struct {
		lost string
		says string // empty: nothing is lost
	}{
		{"marker.manifest.*", "marker.manifest.…"},
		{"marker.*", "marker.manifest.…"},
		{"marker.format-version.*", "doctor"},
		{"MANIFEST-*", "MANIFEST-"},
		{"*.sst", "does not exist"},
		{"OPTIONS-*", ""},
	} {
		t.Run(c.lost, func(t *testing.T) {
			disk := filled(t)
			before := list(t, disk)
			for _, name := range before {
				if ok, _ := filepath.Match(c.lost, name); ok {
					if err := disk.Remove(filepath.Join("data", name)); err != nil {
						t.Fatal(err)
					}
				}
			}
			left := list(t, disk)
			if len(left) == len(before) {
				t.Fatalf("no %s among %q", c.lost, before)
			}
			there, err := count(t, disk, n)
			if c.says == "" {
				if err != nil || there != n {
					t.Errorf("%d records, %v; want %d", there, err, n)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "dari doctor -data data") {
				t.Errorf("Open = %v (%d records), want an error with %q and the way on", err, there, c.says)
			}
			if now := list(t, disk); !slices.Equal(now, left) {
				t.Errorf("the directory held %q, and now holds %q", left, now)
			}
		})
	}
}

func list(t *testing.T, disk vfs.FS) []string {
	t.Helper()
	names, err := disk.List("data")
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return names
}

// The first start is cut off after each of its operations. What it leaves is no
// lost store.
func TestAFirstStartThatWasCutOffIsRepeated(t *testing.T) {
	for i := range int32(60) {
		disk := vfs.NewCrashableMem()
		cut := errorfs.OnIndex(i)
		var off atomic.Bool
		fs := newFaulty(disk, func(op errorfs.Op) error {
			if op.Kind.ReadOrWrite() == errorfs.OpIsWrite && (off.Load() || cut.MaybeError(op) != nil) {
				off.Store(true)
				return syscall.EIO
			}
			return nil
		})
		s, err := Open(Options{Dir: "data", FS: fs, Logger: quiet})
		if err == nil {
			// The cut comes after the start, or never.
			_ = s.Close()
		}
		for name, left := range map[string]vfs.FS{"kill -9": disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rand.New(rand.NewPCG(1, 2))}), "a power cut": disk.CrashClone(vfs.CrashCloneCfg{})} {
			s, err := Open(Options{Dir: "data", FS: left, Logger: quiet})
			if err != nil {
				t.Fatalf("cut off by %s after %d operations: %v; it left %q", name, i, err, list(t, left))
			}
			_ = s.Close()
		}
	}
}

// attack F16: the directory was there before, open to all, and so were its files.
func TestTheFilesAreForTheirOwner(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	defer syscall.Umask(syscall.Umask(0))
	fill := func(s *Store) {
		t.Helper()
		for i := range 3 {
			if err := s.Update(t.Context(), func(tx store.Tx) error { return tx.Put(record(uint64(i)), nil) }); err != nil {
				t.Fatal(err)
			}
			if err := s.db.Flush(); err != nil { // A table, and a log that is used again.
				t.Fatal(err)
			}
		}
	}
	look := func(when string) {
		t.Helper()
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			info, err := e.Info()
			if errors.Is(err, fs.ErrNotExist) {
				continue // The engine has removed it.
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := info.Mode().Perm(); got&0o077 != 0 && e.Name() != "of somebody else" {
				t.Errorf("%s: %s has mode %o", when, e.Name(), got)
			}
		}
	}
	s := openTest(t, Options{Dir: dir})
	fill(s)
	look("while it runs")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(dir, "of somebody else")
	if err := os.WriteFile(other, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if err := os.Chmod(filepath.Join(dir, e.Name()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s = openTest(t, Options{Dir: dir})
	look("opened again")
	fill(s)
	look("opened again, while it runs")
	for name, want := range map[string]os.FileMode{other: 0o644, dir: 0o755} {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s, which is not ours to close: %v, %v", name, info.Mode(), err)
		}
	}
	if _, err := Open(Options{Dir: dir, Logger: quiet}); !errors.Is(err, ErrLocked) {
		t.Errorf("opened a second time: %v", err)
	}
}
