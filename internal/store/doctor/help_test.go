package doctor

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/disk"
	"github.com/dari-bus/dari/internal/store/storetest"
)

func record(i int) []byte { return fmt.Appendf(nil, "record/%010d", i) }

// stocked returns what kill -9 leaves of a store with records 0 to n-1, of which
// the last third is in the log alone.
func stocked(t *testing.T, n int) *vfs.MemFS {
	t.Helper()
	mem := vfs.NewCrashableMem()
	o := disk.Options{Dir: "data", FS: mem, Log: slog.New(slog.DiscardHandler)}
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
	s, err := disk.Open(disk.Options{Dir: "data", FS: fs, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return 0, err
	}
	defer s.Close()
	return storetest.Count(t, s, record, n)
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
