package groups

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/dari-bus/dari/internal/store/disk"
)

// bytesOf is what the files of a store take, without the logs of its engine, which
// are a few and used again.
func bytesOf(t *testing.T, fs vfs.FS, dir string) (n int64) {
	t.Helper()
	names, err := fs.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		info, err := fs.Stat(fs.PathJoin(dir, name))
		switch {
		case err != nil || strings.HasSuffix(name, ".log"): // or it was deleted just now
		case info.IsDir():
			n += bytesOf(t, fs, fs.PathJoin(dir, name))
		default:
			n += info.Size()
		}
	}
	return n
}

// TestRetentionFreesTheDisk measures the files of the store. A table that holds other
// things as well is left until the engine writes it anew, which is why there are many.
func TestRetentionFreesTheDisk(t *testing.T) {
	if testing.Short() {
		t.Skip("writes megabytes")
	}
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)))
		fs := vfs.NewMem()
		st, err := disk.Open(disk.Options{Dir: "data", FS: fs, MemTableBytes: 256 << 10, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		defer st.Close()
		go st.Run(t.Context())
		s := withStream(t, Options{Store: st})
		if err := s.SetRetention(t.Context(), root, "g", 1); err != nil {
			t.Fatal(err)
		}
		stop := run(t, s)
		empty := bytesOf(t, fs, "data")
		rng := rand.New(rand.NewPCG(1, 2))
		for range 200 {
			batch := make([]string, 500)
			for i := range batch {
				batch[i] = fmt.Sprintf("%016x %016x %016x %016x", rng.Uint64(), rng.Uint64(), rng.Uint64(), rng.Uint64())
			}
			s.mustPut(t, "s", batch...)
			time.Sleep(time.Second)
		}
		full := bytesOf(t, fs, "data")
		time.Sleep(24*time.Hour - time.Minute)
		if n := bytesOf(t, fs, "data"); n < full/2 {
			t.Errorf("of %d bytes %d are left before anything has expired", full, n)
		}
		time.Sleep(24*time.Hour + 2*time.Minute)
		left := bytesOf(t, fs, "data")
		t.Logf("%d bytes at first, %d with events, %d when they have expired", empty, full, left)
		if full < 4_000_000 || left > full/4 {
			t.Errorf("%d bytes are left of %d", left, full)
		}
		stop()
	})
}
