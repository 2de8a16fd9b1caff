package disk

import (
	"bytes"
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

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/journal"
	"github.com/dari-bus/dari/internal/store/journal/journaltest"
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
		{"*.log", "is missing"},
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

// A log is lost that another one follows.
func TestALostLogInTheMiddleIsNoticed(t *testing.T) {
	var held atomic.Bool
	mem := vfs.NewCrashableMem()
	fs := newFaulty(mem, func(op errorfs.Op) error {
		if held.Load() && op.Kind == errorfs.OpCreate && strings.HasSuffix(op.Path, ".sst") {
			return syscall.ENOSPC // Nothing leaves the logs.
		}
		return nil
	})
	s := openTest(t, Options{Dir: "data", FS: fs, MemTableBytes: 64 << 10})
	held.Store(true)
	n := 0
	for logs := 0; logs < 3; n++ {
		if err := put(t, s, n, 5000); err != nil {
			t.Fatal(err)
		}
		logs = 0
		for _, name := range list(t, mem) {
			if journal.IsLog(name) {
				logs++
			}
		}
	}
	disk := mem.CrashClone(vfs.CrashCloneCfg{})
	held.Store(false)
	var logs []string
	for _, name := range list(t, disk) {
		if journal.IsLog(name) {
			logs = append(logs, filepath.Join("data", name))
		}
	}
	if err := disk.Remove(logs[len(logs)-2]); err != nil {
		t.Fatal(err)
	}
	there, err := count(t, disk, n)
	if !errors.Is(err, journal.ErrDamaged) || !strings.Contains(err.Error(), "is missing; it would be lost with") {
		t.Errorf("without %s of %q: %d of %d records, %v", logs[len(logs)-2], logs, there, n, err)
	}
}

// The kind behind attack F12 and F15: what cannot be read of the manifest is not
// taken for its end, and the tables in it not for nobody's.
func TestNoByteOfTheManifestIsReadAsItsEnd(t *testing.T) {
	base := vfs.NewCrashableMem()
	s := openTest(t, Options{Dir: "data", FS: base})
	const n = 30
	for i := range n {
		if err := put(t, s, i, 100); err != nil {
			t.Fatal(err)
		}
		if i%10 == 9 {
			if err := s.db.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := put(t, s, n, 100); err != nil { // It promises what was flushed last.
		t.Fatal(err)
	}
	is, err := pebble.Peek("data", base)
	if err != nil {
		t.Fatal(err)
	}
	manifest := journaltest.ReadFile(t, base, is.ManifestFilename)
	for at := range manifest {
		disk := base.CrashClone(vfs.CrashCloneCfg{})
		b := bytes.Clone(manifest)
		b[at] ^= 1 << (at % 8)
		journaltest.WriteFile(t, disk, is.ManifestFilename, b)
		before := list(t, disk)
		if there, err := count(t, disk, n+1); err == nil && there < n+1 {
			t.Errorf("with byte %d of %d damaged, %d of %d records are there", at, len(b), there, n+1)
		} else if err != nil && !slices.Equal(list(t, disk), before) {
			t.Errorf("with byte %d of %d damaged, the files were %q and are %q", at, len(b), before, list(t, disk))
		}
	}
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
		s, err := Open(Options{Dir: "data", FS: fs, Log: quiet})
		if err == nil {
			// The cut comes after the start, or never.
			_ = s.Close()
		}
		for name, left := range map[string]vfs.FS{"kill -9": disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rand.New(rand.NewPCG(1, 2))}), "a power cut": disk.CrashClone(vfs.CrashCloneCfg{})} {
			s, err := Open(Options{Dir: "data", FS: left, Log: quiet})
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
	if _, err := Open(Options{Dir: dir, Log: quiet}); !errors.Is(err, ErrLocked) {
		t.Errorf("opened a second time: %v", err)
	}
}
