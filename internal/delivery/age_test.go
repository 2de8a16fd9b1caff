package delivery

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dari-bus/dari/internal/target"
	"github.com/dari-bus/dari/internal/watch"
)

// Waiting for a rate limit uses up the age of an event, also of those that
// stand behind the one that was turned away.
func TestWhatWaitsTooLongForARateLimitIsDeadLettered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		free, late := time.Now(), 0
		b := newBench(t, options{Ready: 32, Sink: sinkFunc(func(d *target.Delivery) error {
			mu.Lock()
			defer mu.Unlock()
			if wait := time.Until(free); wait > 0 {
				return &target.Error{Code: target.CodeThrottling, Message: "rate", Throttled: true, After: wait}
			}
			free = time.Now().Add(time.Second)
			if time.Since(d.Ingested) > 61*time.Second {
				late++
			}
			return nil
		})})
		l := b.plan(target.Target{Retry: &target.RetryPolicy{MaxAge: ptr(60)}, DeadLetter: deadQueue})
		pass(time.Hour)
		b.put(0, 300, l)
		pass(10 * time.Minute)
		if late > 0 {
			t.Errorf("%d events were sent after their maximum age", late)
		}
		out := b.log.outcomes()
		if out[watch.Delivered] < 58 || out[watch.Delivered] > 62 || out[watch.Delivered]+out[watch.DeadLettered] != 300 {
			t.Errorf("outcomes %v, want 60 delivered and the rest dead-lettered", out)
		}
		for _, m := range b.log.deadLetters() {
			if m.Attributes["ERROR_CODE"] != target.CodeThrottling || m.Attributes["EXHAUSTED_RETRY_CONDITION"] != "MaximumEventAgeInSeconds" || m.Attributes["RETRY_ATTEMPTS"] != "0" {
				t.Fatalf("attributes %v", m.Attributes)
			}
		}
		b.wantRecords(map[string]int{"p": 1})
		b.stop()
	})
}

func TestWhatWaitsTooLongForASlowTargetIsDeadLettered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, options{Ready: 32, Width: 2, Sink: target.SinkFunc(silent)})
		l := b.plan(target.Target{Retry: &target.RetryPolicy{MaxAge: ptr(120)}, DeadLetter: deadQueue})
		pass(time.Hour)
		b.put(0, 200, l)
		pass(5 * time.Minute)
		if n := b.log.outcomes()[watch.DeadLettered]; n != 200 {
			t.Errorf("outcomes %v, want all 200 dead-lettered soon after two minutes", b.log.outcomes())
		}
		b.wantRecords(map[string]int{"p": 1})
		b.stop()
	})
}

func TestWhatGrewTooOldWhileDariWasDownGetsItsAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, options{Ready: 4, Width: 1, Sink: target.SinkFunc(silent)})
		l := b.plan(target.Target{Retry: &target.RetryPolicy{MaxAge: ptr(60)}, DeadLetter: deadQueue})
		b.put(0, 20, l)
		b.stop()
		time.Sleep(time.Hour)
		b.opt.Sink = sinkFunc(func(*target.Delivery) error { return nil })
		b.start()
		pass(time.Minute)
		// One was being tried when the server stopped: it counts as never tried.
		if n := b.log.outcomes()[watch.Delivered]; n != 20 {
			t.Errorf("outcomes %v, want 20 delivered", b.log.outcomes())
		}
		b.stop()
	})
}

func TestTheDefaultRetriesLastAboutADay(t *testing.T) {
	for range 20 {
		var total time.Duration
		for n := 1; n <= target.DefaultMaxAttempts; n++ {
			total += FullJitter(185, 0).Phases[0].wait(n)
		}
		if total < 18*time.Hour || total > 29*time.Hour {
			t.Errorf("%d retries lasted %v", target.DefaultMaxAttempts, total)
		}
	}
}
