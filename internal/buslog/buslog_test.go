package buslog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dari-bus/dari/internal/event"
	"github.com/dari-bus/dari/internal/watch"
)

const testBus = "arn:aws:events:eu-central-1:111111111111:event-bus/shop"

// A group keeps what is written, and can be slow.
type group struct {
	mu    sync.Mutex
	calls [][]Line
	block chan struct{}
}

func (g *group) write(_ context.Context, bus string, lines []Line) error {
	if g.block != nil {
		<-g.block
	}
	if bus != testBus {
		return errors.New("of another bus")
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.calls = append(g.calls, lines)
	return nil
}

// records returns what was written.
func (g *group) records(t *testing.T) (all []map[string]any) {
	t.Helper()
	for _, lines := range g.calls {
		for _, l := range lines {
			var r map[string]any
			if err := json.Unmarshal(l.Text, &r); err != nil {
				t.Fatalf("%v: %.200s", err, l.Text)
			}
			all = append(all, r)
		}
	}
	return all
}

// during runs a log while fn goes on, until all is written.
func during(g *group, level Level, detail bool, fn func(watch.Hooks)) {
	l := New(Options{Log: slog.New(slog.DiscardHandler), Write: g.write, Wants: func(bus string) (Level, bool) {
		if bus != testBus {
			return Off, false
		}
		return level, detail
	}})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- l.Run(ctx) }()
	fn(l.Hooks())
	stop()
	<-done
}

// story is what happens to an event that one target takes at the second attempt, and
// another never.
func story(h watch.Hooks) {
	ev := &event.Event{ID: "e", Source: "shop", DetailType: "order", Account: "111111111111", Detail: []byte(`{"n":1}`), Time: time.Unix(1, 0)}
	h.Refused(&watch.Refused{Bus: testBus, Source: "shop", Code: "MalformedDetail", Message: "Detail is malformed."})
	h.Accepted(&watch.Accepted{Event: ev, Bus: testBus, RequestID: "r", Deliveries: 2})
	h.Matched(&watch.Matched{Event: ev, Bus: testBus, Rules: []string{"rule"}})
	good := watch.Route{EventID: "e", Source: testBus, Owner: "rule", TargetID: "1", Target: "good"}
	h.Attempted(&watch.Attempt{Route: good, Number: 1, Input: []byte("in"), Err: errors.New("busy"), Code: "THROTTLING", Retryable: true})
	h.Attempted(&watch.Attempt{Route: good, Number: 2, Input: []byte("in")})
	h.Settled(&watch.Settlement{Route: good, Outcome: watch.Delivered, Attempts: 2, Latency: time.Second})
	bad := watch.Route{EventID: "e", Source: testBus, Owner: "rule", TargetID: "2", Target: "bad"}
	h.Attempted(&watch.Attempt{Route: bad, Number: 1, Input: []byte("in"), Err: errors.New("gone"), Code: "NO_RESOURCE"})
	h.Settled(&watch.Settlement{Route: bad, Outcome: watch.DeadLettered, Attempts: 1, Code: "NO_RESOURCE", Message: "gone"})
	// What nobody asked for.
	h.Accepted(&watch.Accepted{Event: &event.Event{Source: "aws.s3"}, Bus: testBus})
	h.Matched(&watch.Matched{Event: &event.Event{Source: "aws.s3"}, Bus: testBus})
	h.Settled(&watch.Settlement{Route: watch.Route{Source: "another"}, Outcome: watch.Dead})
}

func TestEachLevelHasItsSteps(t *testing.T) {
	steps := map[Level]string{
		Off:   "",
		Error: "EVENT_INGEST_FAILURE INVOCATION_ATTEMPT_PERMANENT_FAILURE INVOCATION_FAILURE INVOCATION_DLQ",
		Info: "EVENT_INGEST_FAILURE EVENT_INGEST_SUCCESS RULE_MATCH INVOCATION_SUCCESS" +
			" INVOCATION_ATTEMPT_PERMANENT_FAILURE INVOCATION_FAILURE INVOCATION_DLQ",
		Trace: "EVENT_INGEST_FAILURE EVENT_RECEIPT EVENT_INGEST_SUCCESS RULE_MATCH_START RULE_MATCH" +
			" INVOCATION_START INVOCATION_ATTEMPT_START INVOCATION_ATTEMPT_RETRYABLE_FAILURE INVOCATION_ATTEMPT_START INVOCATION_ATTEMPT_SUCCESS INVOCATION_SUCCESS" +
			" INVOCATION_START INVOCATION_ATTEMPT_START INVOCATION_ATTEMPT_PERMANENT_FAILURE INVOCATION_FAILURE INVOCATION_DLQ",
	}
	for level, want := range steps {
		for _, detail := range []bool{false, true} {
			g := &group{}
			during(g, level, detail, story)
			var got []string
			for _, r := range g.records(t) {
				got = append(got, r["message_type"].(string))
				d := r["details"].(map[string]any)
				if _, in := d["event_detail"]; in != (detail && strings.HasPrefix(r["message_type"].(string), "EVENT_") && r["error"] == nil) {
					t.Errorf("%v, detail %v: %v", level, detail, r)
				}
				if _, in := d["target_input"]; in != (detail && strings.HasPrefix(r["message_type"].(string), "INVOCATION_ATTEMPT_")) {
					t.Errorf("%v, detail %v: %v", level, detail, r)
				}
				if r["resource_arn"] != testBus || LevelOf(r["log_level"].(string)) > level {
					t.Errorf("%v: %v", level, r)
				}
			}
			if !slices.Equal(got, strings.Fields(want)) {
				t.Errorf("%v: %v, want %v", level, got, want)
			}
		}
	}
}

func TestARecordHasOneMegabyteAndSaysWhatItLeftOut(t *testing.T) {
	g := &group{}
	during(g, Info, true, func(h watch.Hooks) {
		big := &event.Event{ID: "e", Source: "shop", Detail: []byte(`"` + strings.Repeat("x", 1<<20) + `"`)}
		h.Accepted(&watch.Accepted{Event: big, Bus: testBus})
	})
	records := g.records(t)
	if len(records) != 1 || len(records[0]["dropped_fields"].([]any)) != 1 || records[0]["dropped_fields"].([]any)[0] != "details.event_detail" {
		t.Errorf("%v", records)
	}
}

// A log that is not written does not hold up the bus: what is too much is dropped,
// which is said as soon as something can be.
func TestWhatIsTooMuchIsDroppedAndSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &group{block: make(chan struct{})}
		during(g, Info, true, func(h watch.Hooks) {
			big := &event.Event{ID: "e", Source: "shop", Detail: []byte(`"` + strings.Repeat("x", 500_000) + `"`)}
			h.Accepted(&watch.Accepted{Event: big, Bus: testBus})
			time.Sleep(2 * linger) // the first is being written
			for range 19 {
				h.Accepted(&watch.Accepted{Event: big, Bus: testBus})
			}
			close(g.block)
		})
		records := g.records(t)
		last := records[len(records)-1]
		if last["message_type"] != "RECORDS_DROPPED" || last["details"].(map[string]any)["dropped_records"] != float64(20-len(records)+1) || len(records) < 8 {
			t.Errorf("of 20 records %d are there, and last is %v", len(records)-1, last)
		}
		for _, lines := range g.calls {
			size := 0
			for _, l := range lines {
				size += len(l.Text) + lineExtra
			}
			if size > mostBytes {
				t.Errorf("%d bytes are written at a time", size)
			}
		}
	})
}

func TestEveryTextThatARecordHoldsIsCounted(t *testing.T) {
	long := strings.Repeat("x", 10_000)
	for i, tell := range []func(watch.Hooks){
		func(h watch.Hooks) {
			h.Accepted(&watch.Accepted{Event: &event.Event{Source: "shop", Resources: []string{long}}, Bus: testBus})
		},
		func(h watch.Hooks) {
			h.Accepted(&watch.Accepted{Event: &event.Event{Source: "shop", Detail: []byte(long)}, Bus: testBus})
		},
		func(h watch.Hooks) { h.Refused(&watch.Refused{Bus: testBus, Source: long}) },
		func(h watch.Hooks) { h.Refused(&watch.Refused{Bus: testBus, DetailType: long}) },
		func(h watch.Hooks) { h.Refused(&watch.Refused{Bus: testBus, Message: long}) },
		func(h watch.Hooks) {
			h.Attempted(&watch.Attempt{Route: watch.Route{Source: testBus}, Number: 2, Input: []byte(long)})
		},
		func(h watch.Hooks) {
			h.Settled(&watch.Settlement{Route: watch.Route{Source: testBus}, Outcome: watch.Dead, Message: long})
		},
	} {
		l := New(Options{Wants: func(string) (Level, bool) { return Trace, true }})
		for range 1000 { // nobody writes
			tell(l.Hooks())
		}
		if n := len(l.pending); n == 0 || n > mostPending/2/len(long) || l.bytes > mostPending/2 || l.Dropped() < int64(1000-n) {
			t.Errorf("%d: %d records wait with %d bytes, %d are dropped", i, n, l.bytes, l.Dropped())
		}
	}
}

func TestAFloodOfOneAccountLeavesOthersRoom(t *testing.T) {
	l := New(Options{Wants: func(string) (Level, bool) { return Trace, true }})
	other := strings.Replace(testBus, "111111111111", "222222222222", 1)
	for i := range 1000 { // on many buses
		story(named(l.Hooks(), fmt.Sprint(testBus, i%100)))
	}
	before := len(l.pending)
	story(named(l.Hooks(), other))
	if n := len(l.pending) - before; n < 10 || l.unsaid[other] != 0 {
		t.Errorf("%d records of another account wait, and %d are dropped", n, l.unsaid[other])
	}
	if n := int64(len(l.pending)) + l.Dropped(); n != 1001*int64(len(l.pending)-before) {
		t.Errorf("%d records are neither written nor dropped", n)
	}
}

// named are hooks that tell others of the same on another bus.
func named(h watch.Hooks, bus string) watch.Hooks {
	return watch.Hooks{
		Accepted: func(a *watch.Accepted) {
			if a.Bus == testBus {
				a.Bus = bus
			}
			h.Accepted(a)
		},
		Matched:   func(m *watch.Matched) { m.Bus = bus; h.Matched(m) },
		Refused:   func(f *watch.Refused) { f.Bus = bus; h.Refused(f) },
		Attempted: func(a *watch.Attempt) { a.Source = bus; h.Attempted(a) },
		Settled:   func(s *watch.Settlement) { s.Source = bus; h.Settled(s) },
	}
}

// A log group that takes nothing, or nothing in time, is told later what it has missed.
func TestWhatCouldNotBeWrittenIsSaidLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &group{}
		var mended atomic.Bool
		var said strings.Builder
		l := New(Options{Log: slog.New(slog.NewTextHandler(&said, nil)), Wants: func(string) (Level, bool) { return Info, false }, Write: func(ctx context.Context, bus string, lines []Line) error {
			if !mended.Load() {
				<-ctx.Done()
				return context.Cause(ctx)
			}
			return g.write(ctx, bus, lines)
		}})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- l.Run(ctx) }()
		tell := func() { l.Hooks().Refused(&watch.Refused{Bus: testBus}) }
		for range 3 {
			tell()
			tell()
			time.Sleep(linger + patience + time.Millisecond)
		}
		mended.Store(true)
		tell()
		time.Sleep(2 * linger)
		stop()
		<-done
		records := g.records(t)
		if n := len(records); n != 2 || records[1]["details"].(map[string]any)["dropped_records"] != 6.0 || l.Dropped() != 6 || l.bytes != 0 || len(l.of) != 0 || len(l.unsaid) != 0 {
			t.Errorf("%v; %d are dropped, %d bytes are counted", records, l.Dropped(), l.bytes)
		}
		if n := strings.Count(said.String(), "\n"); n != 1 || !strings.Contains(said.String(), "took too long") {
			t.Errorf("the log of the server has %d lines: %s", n, said.String())
		}
	})
}

// Whoever makes buses, and deletes them before their log has a group, leaves nothing behind.
func TestABusThatIsGoneIsToldNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var gone atomic.Bool
		var written atomic.Int64
		l := New(Options{Log: slog.New(slog.DiscardHandler), Wants: func(bus string) (Level, bool) {
			if gone.Load() && bus == testBus {
				return Off, false
			}
			return Info, false
		}, Write: func(_ context.Context, bus string, _ []Line) error {
			if bus == testBus {
				written.Add(1)
			}
			return errors.New("there is no such log group")
		}})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- l.Run(ctx) }()
		for _, bus := range []string{testBus, testBus, testBus + "2", testBus + "2"} {
			if bus != testBus {
				gone.Store(true)
			}
			l.Hooks().Refused(&watch.Refused{Bus: bus})
			time.Sleep(2 * linger)
		}
		stop()
		<-done
		if l.unsaid[testBus] != 0 || written.Load() != 2 { // each record, and with the second that the first was dropped
			t.Errorf("%d records are to be told, and it was written %d times", l.unsaid[testBus], written.Load())
		}
	})
}

// A busy bus is written as fast as it can be, not once in a while.
func TestMuchIsWrittenAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &group{}
		during(g, Trace, false, func(h watch.Hooks) {
			begun := time.Now()
			for range 2500 {
				h.Refused(&watch.Refused{Bus: testBus})
				h.Refused(&watch.Refused{Bus: testBus})
				synctest.Wait()
			}
			if took := time.Since(begun); took != 0 {
				t.Errorf("it took %v", took)
			}
		})
		if n := len(g.records(t)); n != 5000 {
			t.Errorf("%d of 5,000 records are there", n)
		}
	})
}
