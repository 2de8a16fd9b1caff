package disk

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/storetest"
)

// A history is a store under load whose contents say which updates it holds:
// update n writes the record n, moves the counter from n-1 to n, and deletes
// the record n-window in one of two ways.
type history struct {
	s *Store
	// acked is the highest number whose synced update returned nil. That of an
	// unsynced one promises less.
	acked atomic.Uint64
}

const window = 40

var counter = []byte("counter")

func record(n uint64) []byte { return fmt.Appendf(nil, "record/%010d", n) }

// step makes the next update; it fails only when the store does.
func (h *history) step(t *testing.T, rng *rand.Rand) error {
	unsynced := rng.IntN(3) == 0
	var opts []store.Option
	if unsynced {
		opts = append(opts, store.Unsynced)
	}
	size, byRange := rng.IntN(3000), rng.IntN(2) == 0
	var n uint64
	err := h.s.Update(t.Context(), func(tx store.Tx) error {
		v, err := tx.Get(counter)
		if err != nil {
			return err
		}
		if v != nil {
			n = binary.BigEndian.Uint64(v)
		}
		n++
		err = errors.Join(
			tx.Put(counter, binary.BigEndian.AppendUint64(nil, n)),
			tx.Put(record(n), make([]byte, size)),
		)
		if n <= window {
			return err
		}
		if byRange {
			return errors.Join(err, tx.DeleteRange(record(n-window), record(n-window+1)))
		}
		return errors.Join(err, tx.Delete(record(n-window)))
	}, opts...)
	if err != nil || unsynced {
		return err
	}
	for {
		old := h.acked.Load()
		if old >= n || h.acked.CompareAndSwap(old, n) {
			return nil
		}
	}
}

// check opens what a crash left in fs, and finds a beginning of the history
// that is at least as long as what had been acknowledged.
func check(t *testing.T, fs vfs.FS, acked uint64) (found uint64) {
	t.Helper()
	s, err := Open(Options{Dir: "data", FS: fs, Log: quiet})
	if err != nil {
		t.Errorf("after a crash: %v", err)
		return 0
	}
	defer s.Close()
	err = s.View(t.Context(), func(tx store.Tx) error {
		v, err := tx.Get(counter)
		if err != nil {
			return err
		}
		if v != nil {
			found = binary.BigEndian.Uint64(v)
		}
		next := uint64(1)
		if found > window {
			next = found - window + 1
		}
		for k := range tx.Scan([]byte("record/"), store.End([]byte("record/"))) {
			if string(k) != string(record(next)) {
				return fmt.Errorf("the history has %d updates, and %s where %s should be", found, k, record(next))
			}
			next++
		}
		if next != found+1 {
			return fmt.Errorf("the history has %d updates, and ends with %s", found, record(next-1))
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if found < acked {
		t.Errorf("the history ends with update %d; %d had been acknowledged", found, acked)
	}
	return found
}

// TestACrashKeepsABeginningThatHoldsAllAcknowledged pulls the plug at random
// moments under load, with all, some or none of the unsynced data kept.
func TestACrashKeepsABeginningThatHoldsAllAcknowledged(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes its time; make test does not skip it")
	}
	seed := storetest.Seed(t)
	rng := rand.New(rand.NewPCG(seed, 0))
	for life := range 3 {
		fs := vfs.NewCrashableMem()
		// Small portions, so that logs turn over and tables are written and merged.
		h := &history{s: openTest(t, Options{Dir: "data", FS: fs, MemTableBytes: 32 << 10})}
		stop := make(chan struct{})
		var wg sync.WaitGroup
		for w := range 8 {
			rng := rand.New(rand.NewPCG(seed, uint64(life*100+w+1)))
			wg.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					if err := h.step(t, rng); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		for range 8 {
			waitFor(t, h, h.acked.Load()+uint64(rng.IntN(150)))
			acked := h.acked.Load()
			clone := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: []int{0, 30, 70, 100}[rng.IntN(4)], RNG: rng})
			check(t, clone, acked)
		}
		close(stop)
		wg.Wait()
		if err := h.s.Close(); err != nil {
			t.Fatal(err)
		}
		check(t, fs.CrashClone(vfs.CrashCloneCfg{}), h.acked.Load())
	}
}

// waitFor returns when n updates have been acknowledged.
func waitFor(t *testing.T, h *history, n uint64) {
	t.Helper()
	for h.acked.Load() < n && !t.Failed() {
		if err := h.s.View(t.Context(), func(store.Tx) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
}

// TestACrashWhileRecoveringLosesNothing crashes again and again, each time
// soon after opening what the crash before it left.
func TestACrashWhileRecoveringLosesNothing(t *testing.T) {
	rng := rand.New(rand.NewPCG(storetest.Seed(t), 0))
	fs := vfs.NewCrashableMem()
	var acked uint64
	for range 20 {
		h := &history{s: openTest(t, Options{Dir: "data", FS: fs, MemTableBytes: 16 << 10})}
		h.acked.Store(acked)
		for range rng.IntN(60) {
			if err := h.step(t, rng); err != nil {
				t.Fatal(err)
			}
		}
		acked = h.acked.Load()
		next := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: rng.IntN(101), RNG: rng})
		if err := h.s.Close(); err != nil {
			t.Fatal(err)
		}
		fs = next
		// What the crash kept of the unsynced updates is history from now on.
		acked = check(t, fs.CrashClone(vfs.CrashCloneCfg{}), acked)
	}
}

func TestAnUnsyncedUpdateIsOnDiskInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fs := vfs.NewCrashableMem()
		s := openTest(t, Options{Dir: "data", FS: fs})
		for round := range 2 {
			key := fmt.Appendf(nil, "key %d", round)
			if err := s.Update(t.Context(), func(tx store.Tx) error { return tx.Put(key, nil) }, store.Unsynced); err != nil {
				t.Fatal(err)
			}
			// The next synced update would do it as well: there is none.
			time.Sleep(store.SyncWithin)
			synctest.Wait()
			if !holds(t, fs, key) {
				t.Errorf("%s is not on disk after %v", key, store.SyncWithin)
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestASyncedUpdateTakesUnsyncedOnesAlong(t *testing.T) {
	for name, fn := range map[string]func(store.Tx) error{
		"with a write": func(tx store.Tx) error { return tx.Put([]byte("b"), nil) },
		"without":      func(tx store.Tx) error { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			fs := vfs.NewCrashableMem()
			s := openTest(t, Options{Dir: "data", FS: fs})
			err := s.Update(t.Context(), func(tx store.Tx) error { return tx.Put([]byte("a"), nil) }, store.Unsynced)
			if err != nil {
				t.Fatal(err)
			}
			if holds(t, fs, []byte("a")) {
				t.Fatal("an unsynced update is on disk at once: this test shows nothing")
			}
			if err := s.Update(t.Context(), fn); err != nil {
				t.Fatal(err)
			}
			if !holds(t, fs, []byte("a")) {
				t.Error("a synced update is on disk, the unsynced one before it is not")
			}
		})
	}
}

// holds reports whether key would be there after a crash now that keeps
// nothing but what was synced.
func holds(t *testing.T, fs *vfs.MemFS, key []byte) (there bool) {
	t.Helper()
	s, err := Open(Options{Dir: "data", FS: fs.CrashClone(vfs.CrashCloneCfg{}), Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.View(t.Context(), func(tx store.Tx) error {
		v, err := tx.Get(key)
		there = v != nil
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return there
}
