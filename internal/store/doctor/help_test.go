package doctor

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/disk"
	"github.com/dari-bus/dari/internal/store/journal"
)

func record(i int) []byte { return fmt.Appendf(nil, "record/%010d", i) }

// stocked returns what kill -9 leaves of a store with records 0 to n-1, of which
// the last third is in the log alone.
func stocked(t *testing.T, n int) *vfs.MemFS {
	t.Helper()
	mem := vfs.NewCrashableMem()
	o := disk.Options{Dir: "data", FS: mem, Logger: slog.New(slog.DiscardHandler)}
	rng := rand.New(rand.NewPCG(1, 2))
	for part, to := range []int{n * 2 / 3, n} {
		// What is in a log is put into a table when it is read back.
		s, err := disk.Open(o)
		if err != nil {
			t.Fatal(err)
		}
		from := part * (n * 2 / 3)
		for i := from; i < to; i++ {
			b := make([]byte, 1000)
			for k := range b {
				b[k] = byte(rng.Uint32())
			}
			if err := s.Update(t.Context(), func(tx store.Tx) error { return tx.Put(record(i), b) }); err != nil {
				t.Fatal(err)
			}
		}
		if part == 1 {
			t.Cleanup(func() { _ = s.Close() })
		} else if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return mem.CrashClone(vfs.CrashCloneCfg{})
}

// count returns how many of the first n records a server would find, or why it
// would not start.
func count(t *testing.T, fs vfs.FS, n int) (there int, err error) {
	t.Helper()
	s, err := disk.Open(disk.Options{Dir: "data", FS: fs, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return 0, err
	}
	defer s.Close()
	err = s.View(t.Context(), func(tx store.Tx) error {
		for i := range n {
			v, err := tx.Get(record(i))
			if err != nil {
				return err
			}
			if v != nil {
				there++
			}
		}
		return nil
	})
	return there, err
}

func list(t *testing.T, fs vfs.FS) []string {
	t.Helper()
	names, err := fs.List("data")
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return names
}

// newestLog returns the name and the contents of the newest log.
func newestLog(t *testing.T, fs vfs.FS) (string, []byte) {
	t.Helper()
	newest := ""
	for _, name := range list(t, fs) {
		if journal.IsLog(name) {
			newest = filepath.Join("data", name)
		}
	}
	return newest, readFile(t, fs, newest)
}

func readFile(t *testing.T, fs vfs.FS, name string) []byte {
	t.Helper()
	f, err := fs.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(f)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	return b
}

func writeFile(t *testing.T, fs vfs.FS, name string, b []byte) {
	t.Helper()
	f, err := fs.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Write(slices.Clone(b))
	if err := errors.Join(err, f.Sync(), f.Close(), syncDir(fs, filepath.Dir(name))); err != nil {
		t.Fatal(err)
	}
}
