package watch

import (
	"fmt"
	"io"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/dari-bus/dari/internal/event"
)

func TestTeeCallsEachInOrderAndLeavesOutWhatIsNil(t *testing.T) {
	var got []string
	say := func(s string) Hooks {
		return Hooks{Accepted: func(*Accepted) { got = append(got, s) }}
	}
	h := Tee(say("a"), Hooks{Refused: func(*Refused) {}}, say("b"))
	h.Accepted(nil)
	if diff := cmp.Diff([]string{"a", "b"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if h.Matched != nil || h.Refused == nil {
		t.Error("a hook that nobody has is not nil, or one that somebody has is")
	}
}

// BenchmarkHooks tells the story; Quiet is what a server has: metrics, a log
// above Debug, and a feed that nobody reads.
func BenchmarkHooks(b *testing.B) {
	b.Run("quiet", func(b *testing.B) {
		h := quiet()
		b.ReportAllocs()
		for b.Loop() {
			h.Accepted(&someEvent)
			h.Attempted(&someAttempt)
			h.Settled(&someSettlement)
		}
	})
	b.Run("read", func(b *testing.B) {
		f := NewFeed(1000)
		records, cancel := f.Subscribe()
		defer cancel()
		go func() {
			for range records {
			}
		}()
		h := f.Hooks()
		b.ReportAllocs()
		for b.Loop() {
			h.Accepted(&someEvent)
			h.Attempted(&someAttempt)
			h.Settled(&someSettlement)
		}
	})
}

var (
	someEvent      = Accepted{Event: &event.Event{ID: "e", JSON: []byte("{}")}, Bus: busARN, Deliveries: 1}
	someMatch      = Matched{Event: someEvent.Event, Bus: busARN, Rules: []string{ruleARN}}
	someRefusal    = Refused{Code: "InternalFailure"}
	someRoute      = Route{EventID: "e", Source: busARN, Owner: ruleARN, TargetID: "1", Target: queueARN}
	someAttempt    = Attempt{Route: someRoute, Number: 2, Input: []byte("{}")}
	someSettlement = Settlement{Route: someRoute, Outcome: Delivered, Attempts: 2}
)

func quiet() Hooks {
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	return Tee(Log(log), Metrics(prometheus.NewRegistry()), NewFeed(10).Hooks())
}

func TestHooksThatNobodyReadsAllocateNothing(t *testing.T) {
	h := quiet()
	for name, fn := range map[string]func(){
		"Accepted":  func() { h.Accepted(&someEvent) },
		"Matched":   func() { h.Matched(&someMatch) },
		"Refused":   func() { h.Refused(&someRefusal) },
		"Attempted": func() { h.Attempted(&someAttempt) },
		"Settled":   func() { h.Settled(&someSettlement) },
	} {
		fn() // makes the children
		if n := testing.AllocsPerRun(100, fn); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func TestLabelsStayFewWhateverTheCodes(t *testing.T) {
	reg := prometheus.NewRegistry()
	h := Metrics(reg)
	for i := range 3 * maxChildren {
		h.Refused(&Refused{Code: fmt.Sprint("code", i)})
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if n := len(f.GetMetric()); n > maxChildren+1 {
			t.Errorf("%s has %d children", f.GetName(), n)
		}
		if f.GetName() != refused.name {
			continue
		}
		sum, other := 0.0, 0.0
		for _, m := range f.GetMetric() {
			sum += m.GetCounter().GetValue()
			if m.GetLabel()[0].GetValue() == "other" {
				other = m.GetCounter().GetValue()
			}
		}
		if sum != 3*maxChildren || other != 2*maxChildren {
			t.Errorf("%v refusals, %v of them other", sum, other)
		}
	}
}

func TestKindIsTheServiceOrOneOfItsKinds(t *testing.T) {
	for arn, want := range map[string]string{
		queueARN: "sqs",
		hookARN:  "events/api-destination",
		busARN:   "events/event-bus",
		"arn:aws:events:eu-central-1:111122223333:something/else": "events",
		"arn:aws:lambda:::function:f":                             "lambda",
		"":                                                        "unknown",
		"no arn":                                                  "unknown",
		"arn:aws::::":                                             "unknown",
	} {
		if got := kindOf(arn); got != want {
			t.Errorf("kindOf(%q) = %q, want %q", arn, got, want)
		}
	}
}

// reading puts what a feed says into few words.
func reading(r Record) string {
	if r.Kind == KindMissed {
		return fmt.Sprintf("missed %d", r.Missed)
	}
	return r.EventID
}

func accept(h Hooks, ids ...string) {
	for _, id := range ids {
		h.Accepted(&Accepted{Event: &event.Event{ID: id, JSON: []byte("{}")}})
	}
}

func TestASlowReaderIsToldWhatItMissedAndWhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := NewFeed(3)
		h := f.Hooks()
		records, cancel := f.Subscribe()
		defer cancel()
		var got []string
		read := func(n int) {
			for range n {
				got = append(got, reading(<-records))
			}
			synctest.Wait()
		}
		accept(h, "a")
		synctest.Wait() // a is on its way, three more have room
		accept(h, "b", "c", "d", "x", "y")
		read(3)
		accept(h, "e", "f", "z") // d is on its way; room for the gap, e and f
		read(4)
		// Nothing more happens, and still it learns of z.
		read(1)
		accept(h, "g")
		read(1)
		want := []string{"a", "b", "c", "d", "missed 2", "e", "f", "missed 1", "g"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

func TestLargeEventsFillAReaderSooner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := NewFeed(1000)
		h := f.Hooks()
		records, cancel := f.Subscribe()
		defer cancel()
		big := &event.Event{ID: "big", JSON: make([]byte, 1<<20)}
		for range 100 {
			h.Accepted(&Accepted{Event: big})
		}
		f.Close()
		taken, lost := 0, uint64(0)
		for r := range records {
			if r.Kind == KindMissed {
				lost += r.Missed
			} else {
				taken++
			}
		}
		if taken > maxPending>>20+2 || taken < 2 || lost != uint64(100-taken) {
			t.Errorf("%d taken, %d missed", taken, lost)
		}
	})
}

func TestAReaderThatLeavesHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := NewFeed(1)
		h := f.Hooks()
		_, cancel := f.Subscribe()
		accept(h, "a", "b", "c")
		cancel()
		cancel()
		records, cancel := f.Subscribe()
		accept(h, "d")
		if got := reading(<-records); got != "d" {
			t.Errorf("the next reader begins with %s", got)
		}
		cancel()
		if _, ok := <-records; ok {
			t.Error("open after cancel")
		}
		f.Close()
		records, cancel = f.Subscribe()
		defer cancel()
		if _, ok := <-records; ok {
			t.Error("a closed feed has readers")
		}
		accept(h, "e")
	})
}

func TestManyReadAndComeAndGo(t *testing.T) {
	f := NewFeed(8)
	h := f.Hooks()
	var readers, writers sync.WaitGroup
	const events = 2000
	for range 4 {
		records, cancel := f.Subscribe()
		readers.Go(func() {
			defer cancel()
			seen := uint64(0)
			for r := range records {
				if seen++; r.Kind == KindMissed {
					seen += r.Missed - 1
				}
			}
			if seen != 2*events {
				t.Errorf("a reader saw or missed %d of %d", seen, 2*events)
			}
		})
	}
	for range 2 {
		writers.Go(func() {
			for range events {
				accept(h, "a")
			}
		})
	}
	for range 50 {
		_, cancel := f.Subscribe()
		cancel()
	}
	writers.Wait()
	f.Close()
	readers.Wait()
}
