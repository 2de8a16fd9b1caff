package app

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/bus"
	"github.com/dari-bus/dari/internal/event"
	"github.com/dari-bus/dari/internal/room/logs/groups"
	"github.com/dari-bus/dari/internal/target"
	"github.com/dari-bus/dari/internal/watch"
)

// A bus logs into a group of its own, which is made. A rule that sends to that group
// does not have the log feed itself.
func TestTheLogOfABusIsInItsGroupAndDoesNotFeedItself(t *testing.T) {
	a := openForTest(t)
	defer a.store.Close()
	defer a.listener.Close()
	ctx, by := t.Context(), access.Root(a.opt.Account, a.opt.Region)
	if _, err := a.buses.CreateEventBus(ctx, by, bus.NewBus{Name: "shop", Log: &bus.LogConfig{Level: "TRACE", IncludeDetail: "FULL"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := a.buses.PutRule(ctx, by, bus.NewRule{Bus: "shop", Name: "r", Pattern: `{"source":["shop"]}`}); err != nil {
		t.Fatal(err)
	}
	group := by.ARN("logs", "log-group:"+busLogGroup+"shop").String()
	if err := a.buses.PutTargets(ctx, by, "shop", "r", []target.Target{{ID: "log", ARN: group}}); err != nil {
		t.Fatal(err)
	}
	happened, cancel := a.feed.Subscribe()
	defer cancel()
	delivering, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.outbox.Run(delivering) }()
	step := func(want watch.Outcome) (types []string) {
		t.Helper()
		if want != "" {
			if _, err := a.buses.Put(ctx, by, []bus.Entry{{Bus: "shop", Entry: event.Entry{Source: "shop", DetailType: "order", Detail: `{"n":1}`}}}); err != nil {
				t.Fatal(err)
			}
			for r := range happened {
				if r.Kind == watch.KindSettled {
					if r.Outcome != want {
						t.Errorf("it was %s: %s", r.Outcome, r.Message)
					}
					break
				}
			}
		}
		ended, end := context.WithCancel(ctx)
		end()
		if err := a.busLog.Run(ended); err != nil { // which writes what there is
			t.Fatal(err)
		}
		hits, _, err := a.logs.Filter(ctx, by, by.Place, busLogGroup+"shop", groups.Filter{}, "", false, 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range hits {
			var r struct {
				Type string `json:"message_type"`
			}
			if err := json.Unmarshal(h.Text, &r); err != nil {
				t.Fatal(err)
			}
			if h.Stream != busLogStream {
				r.Type = "by the rule"
			}
			types = append(types, r.Type)
		}
		return types
	}
	first := step(watch.Dead) // there is no group yet
	want := []string{
		"EVENT_RECEIPT", "EVENT_INGEST_SUCCESS", "RULE_MATCH_START", "RULE_MATCH", "INVOCATION_START", "INVOCATION_ATTEMPT_START",
		"INVOCATION_ATTEMPT_PERMANENT_FAILURE", "INVOCATION_FAILURE",
	}
	if !slices.Equal(first, want) {
		t.Errorf("logged %v, want %v", first, want)
	}
	second := step(watch.Delivered)
	if n := len(second) - len(first); n != 9 || !slices.Contains(second, "by the rule") || !slices.Contains(second, "INVOCATION_SUCCESS") {
		t.Errorf("then %v is there", second)
	}
	if third := step(""); len(third) != len(second) {
		t.Errorf("the log went on by itself: %v", third)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// A bus that logs everything at full speed loses no event for it, and each record of its
// log is written or counted.
func TestAFloodOfABusIsLoggedOrCounted(t *testing.T) {
	a := openForTest(t)
	defer a.store.Close()
	defer a.listener.Close()
	ctx, by := t.Context(), access.Root(a.opt.Account, a.opt.Region)
	if _, err := a.buses.CreateEventBus(ctx, by, bus.NewBus{Name: "shop", Log: &bus.LogConfig{Level: "TRACE", IncludeDetail: "FULL"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := a.buses.PutRule(ctx, by, bus.NewRule{Bus: "shop", Name: "r", Pattern: `{"source":["shop"]}`}); err != nil {
		t.Fatal(err)
	}
	if err := a.logs.CreateGroup(ctx, by, groups.Group{Name: "events", Class: groups.Standard}); err != nil {
		t.Fatal(err)
	}
	if err := a.buses.PutTargets(ctx, by, "shop", "r", []target.Target{{ID: "log", ARN: by.ARN("logs", "log-group:events").String()}}); err != nil {
		t.Fatal(err)
	}
	running := func(run func(context.Context) error) (stop func()) {
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- run(ctx) }()
		return func() {
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	}
	noLog, noOutbox := running(a.busLog.Run), running(a.outbox.Run)
	const clients, calls = 4, 50
	var putting sync.WaitGroup
	entry := bus.Entry{Bus: "shop", Entry: event.Entry{Source: "shop", DetailType: "order", Detail: `{"text":"` + strings.Repeat("x", 3000) + `"}`}}
	for range clients {
		putting.Go(func() {
			for range calls {
				if _, err := a.buses.Put(ctx, by, slices.Repeat([]bus.Entry{entry}, 10)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	putting.Wait()
	noOutbox()
	noLog()
	const events, steps = clients * calls * 10, 8
	got, dropped := 0, 0
	a.each(t, "events", func(groups.Hit) { got++ })
	if got != events {
		t.Errorf("of %d events %d arrived", events, got)
	}
	got = 0
	a.each(t, busLogGroup+"shop", func(h groups.Hit) {
		var r struct {
			Details struct {
				Lost int `json:"dropped_records"`
			}
		}
		if err := json.Unmarshal(h.Text, &r); err != nil {
			t.Error(err)
		}
		if dropped += r.Details.Lost; r.Details.Lost == 0 {
			got++
		}
	})
	t.Logf("%d records are written, %d dropped", got, dropped)
	if got+dropped != events*steps || int64(dropped) != a.busLog.Dropped() {
		t.Errorf("%d records are written and %d dropped, of %d; %d are counted", got, dropped, events*steps, a.busLog.Dropped())
	}
}

// each goes through the events of a log group.
func (a *App) each(t *testing.T, group string, fn func(groups.Hit)) {
	t.Helper()
	by := access.Root(a.opt.Account, a.opt.Region)
	for token := ""; ; {
		hits, next, err := a.logs.Filter(t.Context(), by, by.Place, group, groups.Filter{}, token, false, groups.MaxEvents)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range hits {
			fn(h)
		}
		if token = next; token == "" {
			return
		}
	}
}
