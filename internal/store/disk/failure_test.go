package disk

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/storetest"
)

// newFaulty returns fs with operations that fail as fault says.
func newFaulty(fs vfs.FS, fault func(errorfs.Op) error) vfs.FS {
	return errorfs.Wrap(fs, errorfs.InjectorFunc(fault))
}

// breaking returns fs with operations that fail with EIO while broken is set
// and which says so.
func breaking(fs vfs.FS, broken *atomic.Bool, which func(errorfs.Op) bool) vfs.FS {
	return newFaulty(fs, func(op errorfs.Op) error {
		if broken.Load() && which(op) {
			return syscall.EIO
		}
		return nil
	})
}

func TestAFailedWriteStopsTheStore(t *testing.T) {
	for _, tt := range []struct {
		name  string
		which func(errorfs.Op) bool
	}{
		{"sync of the log", func(op errorfs.Op) bool {
			return strings.HasSuffix(op.Path, ".log") && (op.Kind == errorfs.OpFileSync || op.Kind == errorfs.OpFileSyncData)
		}},
		{"write to the log", func(op errorfs.Op) bool {
			return strings.HasSuffix(op.Path, ".log") && op.Kind == errorfs.OpFileWrite
		}},
		{"new log", func(op errorfs.Op) bool {
			return strings.HasSuffix(op.Path, ".log") && (op.Kind == errorfs.OpCreate || op.Kind == errorfs.OpOpen)
		}},
		{"write of a table", func(op errorfs.Op) bool {
			return strings.HasSuffix(op.Path, ".sst") && op.Kind == errorfs.OpFileWrite
		}},
		{"sync of the manifest", func(op errorfs.Op) bool {
			return strings.Contains(op.Path, "MANIFEST") && (op.Kind == errorfs.OpFileSync || op.Kind == errorfs.OpFileSyncData)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var broken atomic.Bool
			disk := vfs.NewCrashableMem()
			h := &history{s: openTest(t, Options{Dir: "data", FS: breaking(disk, &broken, tt.which), MemTableBytes: 32 << 10})}
			rng := rand.New(rand.NewPCG(storetest.Seed(t), 0))
			for range 100 {
				if err := h.step(t, rng); err != nil {
					t.Fatal(err)
				}
			}
			broken.Store(true)
			h.untilFailure(t, rng)
			// It stays failed, even if the disk recovers.
			broken.Store(false)
			nop := func(store.Tx) error { return nil }
			for name, err := range map[string]error{
				"Update": h.s.Update(t.Context(), nop),
				"View":   h.s.View(t.Context(), nop),
				"Run":    h.s.Run(t.Context()),
				"Close":  h.s.Close(),
			} {
				if !errors.Is(err, ErrFailed) || !errors.Is(err, syscall.EIO) && !strings.Contains(err.Error(), syscall.EIO.Error()) {
					t.Errorf("%s of a failed store = %v, want ErrFailed with the reason", name, err)
				}
			}
			// What was under way when the store failed may still be synced, and then is
			// acknowledged: so first the one, then the other.
			acked := h.acked.Load()
			check(t, disk.CrashClone(vfs.CrashCloneCfg{}), acked)
			check(t, disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 50, RNG: rng}), acked)
		})
	}
}

// untilFailure updates until the store fails. The update at hand need not
// return, but whatever returns nil counts as acknowledged.
func (h *history) untilFailure(t *testing.T, rng *rand.Rand) {
	t.Helper()
	own := rand.New(rand.NewPCG(rng.Uint64(), 0))
	done := make(chan struct{})
	go func() { // The engine may keep it for ever.
		defer close(done)
		for h.step(t, own) == nil {
		}
	}()
	select {
	case <-h.s.failed:
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("updates neither return nor fail")
	}
}

// TestNoSingleFaultLosesAnAcknowledgedUpdate lets one operation on the disk
// fail, at a random place in the life of a store, from its creation on.
func TestNoSingleFaultLosesAnAcknowledgedUpdate(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes its time; make test does not skip it")
	}
	rng := rand.New(rand.NewPCG(storetest.Seed(t), 0))
	failed := 0
	for range 60 {
		disk := vfs.NewCrashableMem()
		fault := errorfs.OnIndex(int32(rng.IntN(600)))
		fs := newFaulty(disk, func(op errorfs.Op) error {
			if op.Kind.ReadOrWrite() == errorfs.OpIsRead {
				return nil
			}
			return fault.MaybeError(op)
		})
		h := &history{}
		var err error
		h.s, err = Open(Options{Dir: "data", FS: fs, Log: quiet, MemTableBytes: 16 << 10})
		if err != nil {
			failed++
			check(t, disk.CrashClone(vfs.CrashCloneCfg{}), 0)
			continue
		}
		own := rand.New(rand.NewPCG(rng.Uint64(), 0))
		done := make(chan struct{})
		go func() {
			defer close(done)
			for i := 0; i < 150 && h.step(t, own) == nil; i++ {
			}
		}()
		select {
		case <-h.s.failed:
			failed++
		case <-done:
		}
		acked := h.acked.Load()
		check(t, disk.CrashClone(vfs.CrashCloneCfg{}), acked)
		if err := h.s.Close(); err != nil && !strings.Contains(err.Error(), errorfs.ErrInjected.Error()) {
			t.Error(err)
		}
	}
	if failed < 10 {
		t.Errorf("%d of 60 faults were noticed: this test shows little", failed)
	}
}

func TestRunReturnsWhenItsContextEnds(t *testing.T) {
	s := openTest(t, Options{Dir: "data", FS: vfs.NewMem()})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Run(ctx); err != nil {
		t.Errorf("Run = %v", err)
	}
}

// filled returns a disk with a table of 100 records, and no log to speak of.
func filled(t *testing.T) *vfs.MemFS {
	t.Helper()
	fs := vfs.NewCrashableMem()
	s := openTest(t, Options{Dir: "data", FS: fs})
	if err := s.Update(t.Context(), func(tx store.Tx) error {
		for i := range uint64(100) {
			if err := tx.Put(record(i), []byte(strings.Repeat("x", 1000))); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := s.db.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return fs
}

func TestAFailedReadIsTheErrorOfTheTransaction(t *testing.T) {
	var broken atomic.Bool
	fs := breaking(filled(t), &broken, func(op errorfs.Op) bool {
		return strings.HasSuffix(op.Path, ".sst") && op.Kind == errorfs.OpFileReadAt
	})
	s := openTest(t, Options{Dir: "data", FS: fs})
	broken.Store(true)
	readsFail(t, s, func(err error) bool { return errors.Is(err, syscall.EIO) })
	// Nothing was lost, so the store goes on, once the engine opens the file anew.
	broken.Store(false)
	var err error
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); {
		if err = s.View(t.Context(), func(tx store.Tx) error {
			_, err := tx.Get(record(1))
			return err
		}); err == nil {
			return
		}
	}
	t.Errorf("after the disk has recovered: %v", err)
}

func TestADamagedTableIsAnError(t *testing.T) {
	fs := filled(t)
	damage(t, fs, ".sst", 200)
	s := openTest(t, Options{Dir: "data", FS: fs})
	readsFail(t, s, func(err error) bool { return strings.Contains(err.Error(), "checksum") })
}

// readsFail checks that no way to read the records gets away without an error.
func readsFail(t *testing.T, s *Store, want func(error) bool) {
	t.Helper()
	get := func(tx store.Tx) error {
		_, err := tx.Get(record(0))
		return err
	}
	// The closure pays no attention, and does not have to.
	scan := func(tx store.Tx) error {
		for range tx.Scan(nil, nil) {
		}
		return nil
	}
	for name, err := range map[string]error{
		"View with Get":    s.View(t.Context(), get),
		"View with Scan":   s.View(t.Context(), scan),
		"Update with Get":  s.Update(t.Context(), get),
		"Update with Scan": s.Update(t.Context(), scan),
	} {
		if err == nil || !want(err) {
			t.Errorf("%s = %v", name, err)
		}
	}
}

func TestADamagedLogIsNotReadAsItsEnd(t *testing.T) {
	fs := vfs.NewCrashableMem()
	h := &history{s: openTest(t, Options{Dir: "data", FS: fs})}
	rng := rand.New(rand.NewPCG(storetest.Seed(t), 0))
	// About 180 kB, all in one log: damage near its end would be taken for a torn end.
	for range 120 {
		if err := h.step(t, rng); err != nil {
			t.Fatal(err)
		}
	}
	crashed := fs.CrashClone(vfs.CrashCloneCfg{})
	damage(t, crashed, ".log", 40_000)
	s, err := Open(Options{Dir: "data", FS: crashed, Log: quiet})
	if err == nil {
		s.Close()
		t.Error("the store opened as if nothing had come after the damage")
	}
}

// damage changes some bytes in the only file with a suffix.
func damage(t *testing.T, fs *vfs.MemFS, suffix string, at int64) {
	t.Helper()
	names, err := fs.List("data")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		path := filepath.Join("data", name)
		info, err := fs.Stat(path)
		if err != nil || !strings.HasSuffix(name, suffix) || info.Size() <= at+4 {
			continue
		}
		f, err := fs.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		all, err := io.ReadAll(f)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		for i := range 4 {
			all[at+int64(i)] ^= 0xff
		}
		w, err := fs.Create(path, vfs.WriteCategoryUnspecified)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(all); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(w.Sync(), w.Close()); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatalf("no file *%s of more than %d bytes among %q", suffix, at, names)
}
