package bus

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/faulty"
	"github.com/dari-bus/dari/internal/target"
)

// run runs the schedules of h until the returned function is called.
func (h *house) run() (stop func()) {
	ctx, cancel := context.WithCancel(h.t.Context())
	done := make(chan error)
	s := h.Service
	go func() { done <- s.Run(ctx) }()
	return func() {
		h.t.Helper()
		cancel()
		if err := <-done; err != nil {
			h.t.Errorf("Run: %v", err)
		}
	}
}

// schedule makes a rule of the default bus with a schedule and one target.
func (h *house) schedule(name, expression string) {
	h.t.Helper()
	h.rule(NewRule{Name: name, Schedule: expression})
	h.ok(h.PutTargets(h.t.Context(), home, "", name, []target.Target{queue("q")}))
}

// fired lists the firings so far as minutes and seconds since start.
func (h *house) fired(start time.Time) []string {
	h.outbox.mu.Lock()
	defer h.outbox.mu.Unlock()
	var out []string
	for _, it := range h.outbox.items {
		out = append(out, eventOf(it.Body).Time.Sub(start).String())
	}
	return out
}

func TestRateFiresAfterEachInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		start := time.Now()
		stop := h.run()
		time.Sleep(10 * time.Second)
		h.schedule("r", "rate(1 minute)")
		time.Sleep(3*time.Minute + time.Second)
		if diff := cmp.Diff([]string{"1m10s", "2m10s", "3m10s"}, h.fired(start)); diff != "" {
			t.Errorf("firings (-want +got):\n%s", diff)
		}
		// A change begins the count anew, and a disabled rule does not fire.
		time.Sleep(20 * time.Second)
		h.rule(NewRule{Name: "r", Schedule: "rate(2 minutes)"})
		time.Sleep(2*time.Minute + time.Second)
		h.ok(h.DisableRule(t.Context(), home, "", "r"))
		time.Sleep(10 * time.Minute)
		h.ok(h.EnableRule(t.Context(), home, "", "r"))
		time.Sleep(2*time.Minute + time.Second)
		if diff := cmp.Diff([]string{"1m10s", "2m10s", "3m10s", "5m31s", "17m32s"}, h.fired(start)); diff != "" {
			t.Errorf("firings (-want +got):\n%s", diff)
		}
		_, err := h.RemoveTargets(t.Context(), home, "", "r", []string{"q"})
		h.ok(err)
		h.ok(h.DeleteRule(t.Context(), home, "", "r"))
		time.Sleep(time.Hour)
		if n := len(h.outbox.items); n != 5 {
			t.Errorf("%d firings after the rule was deleted; want 5", n)
		}
		stop()
	})
}

func TestScheduledEventIsTheOneOfEventBridge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		stop := h.run()
		h.schedule("r", "cron(0 12 * * ? *)")
		time.Sleep(24 * time.Hour)
		stop()
		ev := eventOf(h.outbox.items[0].Body)
		want := `{"version":"0","id":"` + ev.ID + `","detail-type":"Scheduled Event","source":"aws.events","account":"111122223333",` +
			`"time":"2000-01-01T12:00:00Z","region":"eu-central-1","resources":["arn:aws:events:eu-central-1:111122223333:rule/r"],"detail":{}}`
		if string(ev.JSON) != want {
			t.Errorf("event\n%s\nwant\n%s", ev.JSON, want)
		}
		wantLog := []string{
			"accepted aws.events on " + homeBus + " from arn:aws:events:eu-central-1:111122223333:rule/r : 1",
			"matched aws.events [arn:aws:events:eu-central-1:111122223333:rule/r]",
		}
		if diff := cmp.Diff(wantLog, h.log.lines); diff != "" {
			t.Errorf("hooks (-want +got):\n%s", diff)
		}
		if h.outbox.started != 1 {
			t.Errorf("%d events were started", h.outbox.started)
		}
	})
}

func TestScheduledEventIsMatchedByOtherRules(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		ctx := t.Context()
		stop := h.run()
		// Both fires on its schedule and matches the event of it: once, not twice.
		h.rule(NewRule{Name: "both", Schedule: "rate(1 hour)", Pattern: `{"source":["aws.events"]}`})
		h.rule(NewRule{Name: "listener", Pattern: `{"detail-type":["Scheduled Event"]}`})
		h.rule(NewRule{Name: "silent", Schedule: "rate(1 day)"})
		h.bus("b")
		h.rule(NewRule{Name: "elsewhere", Bus: "b", Pattern: `{"source":["aws.events"]}`})
		for _, r := range []string{"both", "listener", "silent"} {
			h.ok(h.PutTargets(ctx, home, "", r, []target.Target{queue("q")}))
		}
		h.ok(h.PutTargets(ctx, home, "b", "elsewhere", []target.Target{queue("q")}))
		time.Sleep(time.Hour + time.Second)
		if diff := cmp.Diff([]string{"both/q: aws.events", "listener/q: aws.events"}, h.outbox.went()); diff != "" {
			t.Errorf("deliveries (-want +got):\n%s", diff)
		}
		h.put(entry("x"))
		stop()
	})
}

func TestFiringSurvivesARestart(t *testing.T) {
	for _, c := range []struct {
		name        string
		expression  string
		runs, sleep time.Duration
		tolerance   time.Duration
		want        []string
	}{
		{"nothing was missed", "rate(1 hour)", 90 * time.Minute, 10 * time.Minute, 0, []string{"1h0m0s", "2h0m0s"}},
		{"missed within the tolerance", "rate(1 hour)", 90 * time.Minute, 30*time.Minute + 50*time.Second, 0, []string{"1h0m0s", "2h0m0s"}},
		{"missed too long ago", "rate(1 hour)", 90 * time.Minute, 32 * time.Minute, 0, []string{"1h0m0s"}},
		{"missed often, the last of them lately", "rate(1 hour)", 90 * time.Minute, 10*time.Hour + 30*time.Minute + 20*time.Second, 0, []string{"1h0m0s", "12h0m0s"}},
		{"with more tolerance", "rate(1 hour)", 90 * time.Minute, 32 * time.Minute, 5 * time.Minute, []string{"1h0m0s", "2h0m0s"}},
		{"cron", "cron(0 * * * ? *)", 90 * time.Minute, 30*time.Minute + 50*time.Second, 0, []string{"1h0m0s", "2h0m0s"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t, func(o *Options) { o.ScheduleTolerance = c.tolerance })
				start := time.Now()
				stop := h.run()
				h.schedule("r", c.expression)
				time.Sleep(c.runs)
				stop()
				time.Sleep(c.sleep)
				h.reopen()
				stop = h.run()
				time.Sleep(30*time.Minute - 51*time.Second)
				stop()
				got := h.fired(start)
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Errorf("firings (-want +got):\n%s", diff)
				}
				h.reopen()
				stop = h.run()
				before := time.Now()
				time.Sleep(time.Hour)
				stop()
				if n := len(h.fired(start)) - len(got); n != 1 {
					t.Errorf("%d firings in the hour after %v; want 1", n, before.Sub(start))
				}
			})
		})
	}
}

func TestRunFiresManySchedulesInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		start := time.Now()
		for i := 59; i > 0; i-- {
			h.schedule(fmt.Sprintf("r-%d", i), fmt.Sprintf("cron(%d 0 1 1 ? 2000)", i))
		}
		stop := h.run()
		time.Sleep(time.Hour)
		stop()
		var want []string
		for i := 1; i < 60; i++ {
			want = append(want, (time.Duration(i) * time.Minute).String())
		}
		if diff := cmp.Diff(want, h.fired(start)); diff != "" {
			t.Errorf("firings (-want +got):\n%s", diff)
		}
		if _, _, ok := h.clock.next(); ok {
			t.Error("something is due although every schedule has ended")
		}
	})
}

func TestRuleThatIsDeletedWhileItIsDueStaysDeleted(t *testing.T) {
	h := newHouse(t)
	h.rule(NewRule{Name: "r", Schedule: "rate(1 minute)"})
	r, at, _ := h.clock.next()
	h.ok(h.DeleteRule(t.Context(), home, "", "r"))
	h.ok(h.fire(t.Context(), r, at))
	h.reopen()
	rules, _, err := h.ListRules(home, "", "", "", 0)
	h.ok(err)
	if len(rules) > 0 {
		t.Errorf("rules %v", rules)
	}
}

func TestRunEndsWhenAFiringCannotBeWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.schedule("r", "rate(1 minute)")
		broken := errors.New("the disk is full")
		h.opt.Store = failing{h.store, broken}
		h.reopen()
		err := h.Run(t.Context())
		if want := "fire arn:aws:events:eu-central-1:111122223333:rule/r: the disk is full"; !errors.Is(err, broken) || err.Error() != want {
			t.Errorf("error %v; want %s", err, want)
		}
		if h.outbox.started != 0 || len(h.log.lines) != 0 {
			t.Errorf("%d events were started, and the hooks were told %q", h.outbox.started, h.log.lines)
		}
		// It fires once the disk is well again.
		h.opt.Store = h.store
		h.reopen()
		h.outbox.items = nil
		stop := h.run()
		time.Sleep(time.Second)
		stop()
		if n := len(h.outbox.items); n != 1 {
			t.Errorf("%d firings; want 1", n)
		}
	})
}

// attack F17: a full disk is not the end of the schedules, and rules can be taken away.
func TestAScheduleWaitsForRoomOnTheDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		var full atomic.Bool
		h.opt.Store = faulty.Full(h.store, &full)
		h.reopen()
		h.schedule("r", "rate(1 minute)")
		stop := h.run()
		full.Store(true)
		time.Sleep(90 * time.Second)
		if n := h.outbox.count(); n != 0 {
			t.Errorf("%d firings on a full disk", n)
		}
		full.Store(false)
		time.Sleep(2 * time.Second)
		if n := h.outbox.count(); n != 1 {
			t.Errorf("%d firings when there is room; want 1", n)
		}
		stop()
		full.Store(true)
		if _, err := h.PutRule(t.Context(), home, NewRule{Name: "new", Schedule: "rate(1 minute)"}); !errors.Is(err, store.ErrFull) {
			t.Errorf("a rule for a full disk: %v", err)
		}
		_, err := h.RemoveTargets(t.Context(), home, "", "r", []string{"q"})
		h.ok(err)
		h.ok(h.DeleteRule(t.Context(), home, "", "r"))
	})
}
