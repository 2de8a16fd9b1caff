package delivery

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/mem"
	"github.com/dari-bus/dari/internal/target"
)

// A severed store stops answering when it is cut: what the process that used
// it still wants to write is lost, as in a crash.
type severed struct {
	store.Store
	cut atomic.Bool
}

var errCut = errors.New("the process is gone")

func (s *severed) View(ctx context.Context, fn func(store.Tx) error) error {
	if s.cut.Load() {
		return errCut
	}
	return s.Store.View(ctx, fn)
}

func (s *severed) Update(ctx context.Context, fn func(store.Tx) error, opts ...store.Option) error {
	if s.cut.Load() {
		return errCut
	}
	return s.Store.Update(ctx, fn, opts...)
}

// TestCrashesLoseNothing puts events for targets that fail at random, and
// crashes the outbox again and again. In the end every delivery has arrived at
// least once, or is dead, and nothing is left in the store.
func TestCrashesLoseNothing(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("DARI_TEST_SEED"); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seed = n
	}
	for i := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			if crashAtRandom(t, seed+i); t.Failed() {
				t.Fatalf("repeat with DARI_TEST_SEED=%d go test -run %s ./internal/delivery", seed+i, t.Name())
			}
		})
	}
}

func crashAtRandom(t *testing.T, seed uint64) {
	var mu sync.Mutex
	rnd := rand.New(rand.NewPCG(seed, 0))
	arrived := map[string]int{}
	sink := target.SinkFunc(func(ctx context.Context, d *target.Delivery) error {
		mu.Lock()
		luck, wait := rnd.IntN(100), time.Duration(rnd.IntN(int(20*time.Millisecond)))
		mu.Unlock()
		time.Sleep(wait)
		switch {
		case d.Target.ID == "dead" || luck < 20:
			return target.Temporary(target.CodeFromTarget, "bad luck")
		case luck < 25:
			return &target.Error{Code: target.CodeThrottling, Message: "rate", Throttled: true, After: 30 * time.Millisecond}
		}
		mu.Lock()
		defer mu.Unlock()
		arrived[d.Target.ID+" "+d.Event.ID]++
		return nil
	})
	disk := mem.New()
	b := newBench(t, Options{Store: &severed{Store: disk}, Sink: sink, Ready: 8, Width: 3})
	lanes := []Lane{
		b.plan(target.Target{ID: "a"}), b.plan(target.Target{ID: "b"}),
		b.plan(target.Target{ID: "dead", DeadLetter: deadQueue, Retry: &target.RetryPolicy{MaxAttempts: ptr(3)}}),
	}
	events := 0
	for range 10 {
		for range 5 {
			mu.Lock()
			n, wait := rnd.IntN(10)+1, time.Duration(rnd.IntN(int(30*time.Millisecond)))
			mu.Unlock()
			b.put(events, n, lanes...)
			events += n
			time.Sleep(wait)
		}
		b.store.(*severed).cut.Store(true)
		b.cancel()
		<-b.done
		b.store = &severed{Store: disk}
		b.opt.Store = b.store
		b.start()
	}
	pass(12 * time.Hour)
	mu.Lock()
	defer mu.Unlock()
	for i := range events {
		for _, id := range []string{"a", "b"} {
			if arrived[fmt.Sprintf("%s id-%d", id, i)] == 0 {
				t.Errorf("seed %d: event %d never arrived at %s", seed, i, id)
			}
		}
	}
	deadIDs := map[string]bool{}
	for _, m := range b.log.deadLetters() {
		deadIDs[m.Body] = true
	}
	if len(deadIDs) != events {
		t.Errorf("seed %d: %d of %d events were dead-lettered", seed, len(deadIDs), events)
	}
	b.wantRecords(map[string]int{"p": 3})
	b.stop()
}
