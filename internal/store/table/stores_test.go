package table_test

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/disk"
	"github.com/dari-bus/dari/internal/store/faulty"
	"github.com/dari-bus/dari/internal/store/mem"
	"github.com/dari-bus/dari/internal/store/storetest"
	"github.com/dari-bus/dari/internal/store/table"
)

func openDisk(t *testing.T, fs vfs.FS) store.Store {
	t.Helper()
	s, err := disk.Open(disk.Options{Dir: "data", FS: fs, MemTableBytes: 32 << 10, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // The test may have closed it.
	return s
}

// onBoth runs a test on both engines.
func onBoth(t *testing.T, test func(t *testing.T, s store.Store)) {
	t.Run("mem", func(t *testing.T) { test(t, mem.New()) })
	t.Run("disk", func(t *testing.T) { test(t, openDisk(t, vfs.NewMem())) })
}

var errBroken = errors.New("broken on purpose")

// TestWhateverFailsMemoryIsWhatTheStoreHas runs a random history against a table
// and a map on a store that fails at random, and opens the table again now and
// then: what readers see, what the store holds and what was acknowledged are one.
func TestWhateverFailsMemoryIsWhatTheStoreHas(t *testing.T) {
	onBoth(t, func(t *testing.T, s store.Store) {
		rng := rand.New(rand.NewPCG(storetest.Seed(t), 0))
		kinds := []faulty.Kind{faulty.Update, faulty.Put, faulty.Delete, faulty.Commit}
		failing, failed := faulty.Kind(""), 0
		opt := options(faulty.New(s, func(op faulty.Op) error {
			if op.Kind != failing {
				return nil
			}
			failed++
			return errBroken
		}))
		opt.Max = 15
		things, model := open(t, opt), map[string]int{}
		for step := range 500 {
			failing = ""
			if rng.IntN(4) == 0 {
				failing = kinds[rng.IntN(len(kinds))]
			}
			next, told := maps.Clone(model), failed
			err := opt.Store.Update(t.Context(), func(tx store.Tx) error {
				for range 1 + rng.IntN(3) {
					if err := someChange(rng, things.In(tx), next, opt.Max); err != nil {
						return err
					}
				}
				if rng.IntN(10) == 0 {
					return errBroken
				}
				return nil
			})
			if err == nil {
				model = next
			}
			if err != nil && !errors.Is(err, errBroken) || err == nil && failed > told {
				t.Fatalf("step %d: %v after %d failures", step, err, failed-told)
			}
			if got := shown(things); got != printed(model) {
				t.Fatalf("step %d: readers see\n%s\nwant\n%s", step, got, printed(model))
			}
			if failing = ""; rng.IntN(50) == 0 {
				things = open(t, opt)
				if got := shown(things); got != printed(model) {
					t.Fatalf("step %d: the store has\n%s\nwant\n%s", step, got, printed(model))
				}
			}
		}
		if failed < 15 {
			t.Errorf("only %d failures", failed)
		}
	})
}

// someChange makes one change, and checks the fault when it must not be made.
func someChange(rng *rand.Rand, w table.Writer[thing], model map[string]int, limit int) error {
	name := string(rune('a' + rng.IntN(20)))
	n, there := model[name]
	value := rng.IntN(1000)
	var err error
	var want fault.Kind
	switch op := rng.IntN(4); {
	case op == 0:
		if _, err = w.Delete(key(name)); !there {
			want = fault.KindNotFound
		}
		delete(model, name)
	case op == 1:
		_, err = w.Change(key(name), func(r *thing) error { r.Count++; return nil })
		if !there {
			want = fault.KindNotFound
		} else {
			model[name] = n + 1
		}
	case !there && len(model) == limit:
		err, want = w.Put(key(name), newThing(name, value)), fault.KindLimit
	case op == 2 && there:
		err, want = w.Create(key(name), newThing(name, value)), fault.KindConflict
	default:
		err = w.Put(key(name), newThing(name, value))
		model[name] = value
	}
	if want != 0 && fault.KindOf(err) == want {
		return nil
	}
	return err
}

func printed(model map[string]int) string {
	var out strings.Builder
	for _, name := range slices.Sorted(maps.Keys(model)) {
		fmt.Fprintln(&out, newThing(name, model[name]))
	}
	return out.String()
}

func TestADiskThatIsFullStillLetsRecordsGo(t *testing.T) {
	var full atomic.Bool
	s := faulty.Full(mem.New(), &full)
	things := open(t, options(s))
	fill(t, things, here, "a", "b")
	full.Store(true)
	if err := things.Create(t.Context(), key("c"), newThing("c", 0)); !errors.Is(err, store.ErrFull) {
		t.Errorf("Create = %v", err)
	}
	grow := func(r *thing) error { r.Count++; return nil }
	if _, err := things.Change(t.Context(), key("a"), grow); !errors.Is(err, store.ErrFull) {
		t.Errorf("Change = %v", err)
	}
	if _, err := things.Change(t.Context(), key("a"), grow, store.Draining); err != nil {
		t.Error(err)
	}
	if _, err := things.Delete(t.Context(), key("b")); err != nil {
		t.Error(err)
	}
	if got := shown(things); got != "a1A\n" {
		t.Errorf("left is\n%s", got)
	}
}

// TestReadersSeeOneMoment moves a sum between two records while others read:
// they find it whole. Under -race it also shows that nobody needs a lock.
func TestReadersSeeOneMoment(t *testing.T) {
	onBoth(t, func(t *testing.T, s store.Store) {
		things := open(t, options(s))
		fill(t, things, here, "down", "up")
		var writers, readers sync.WaitGroup
		var stop atomic.Bool
		const each = 40
		for w := range 4 {
			writers.Go(func() {
				for i := range each {
					other := fmt.Sprintf("other-%d-%d", w, i)
					err := s.Update(t.Context(), func(tx store.Tx) error {
						_, err1 := things.In(tx).Change(key("up"), func(r *thing) error { r.Count++; return nil })
						_, err2 := things.In(tx).Change(key("down"), func(r *thing) error { r.Count--; return nil })
						return errors.Join(err1, err2, things.In(tx).Create(key(other), newThing(other, 0)))
					}, store.Unsynced)
					if err == nil && i%2 == 0 {
						_, err = things.Delete(t.Context(), key(other))
					}
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		for range 4 {
			readers.Go(func() {
				for last := 0; !stop.Load(); {
					sum, up := 0, 0
					for r := range things.Each(here, "") {
						sum += r.Count
						up = max(up, r.Count)
					}
					if sum != 0 || up < last {
						t.Errorf("readers see %d, after %d", sum, last)
					}
					last = up
					if _, _, err := things.List(here, "other", nil, "", 10); err != nil || things.Find(key("up")) == nil {
						t.Error("what is there was not found", err)
					}
				}
			})
		}
		writers.Wait()
		stop.Store(true)
		readers.Wait()
		if up := things.Find(key("up")).Count; up != 4*each || things.Count(here, "other") != 2*each {
			t.Errorf("%d ups, %d others", up, things.Count(here, "other"))
		}
	})
}

// TestACrashForgetsNothingThatWasAcknowledged lets writers count while the disk
// is copied as a power cut would leave it.
func TestACrashForgetsNothingThatWasAcknowledged(t *testing.T) {
	rng := rand.New(rand.NewPCG(storetest.Seed(t), 0))
	fs := vfs.NewCrashableMem()
	things := open(t, options(openDisk(t, fs)))
	const writers = 4
	var acked [writers]atomic.Int64
	var running sync.WaitGroup
	var stop atomic.Bool
	for w := range writers {
		name := fmt.Sprint("counter-", w)
		fill(t, things, here, name)
		running.Go(func() {
			for !stop.Load() {
				r, err := things.Change(t.Context(), key(name), func(r *thing) error { r.Count++; return nil })
				if err != nil {
					t.Error(err)
					return
				}
				acked[w].Store(int64(r.Count))
			}
		})
	}
	for crash := range 6 {
		for acked[crash%writers].Load() < int64(20*(crash+1)) && !t.Failed() {
			runtime.Gosched()
		}
		var want [writers]int64
		for w := range acked {
			want[w] = acked[w].Load()
		}
		left := openDisk(t, fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: rng.IntN(101), RNG: rng}))
		again := open(t, options(left)) // while the first one lives: the process goes on
		for w := range want {
			if r := again.Find(key(fmt.Sprint("counter-", w))); r == nil || int64(r.Count) < want[w] {
				t.Errorf("after a crash counter %d is %v, and %d was acknowledged", w, r, want[w])
			}
		}
		if _, err := again.Change(t.Context(), key("counter-0"), func(r *thing) error { r.Count = 0; return nil }); err != nil {
			t.Error(err)
		}
	}
	stop.Store(true)
	running.Wait()
}
