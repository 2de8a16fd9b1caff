package bus

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/delivery"
	"github.com/dari-bus/dari/internal/event"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/mem"
	"github.com/dari-bus/dari/internal/target"
)

// A sinkhole is an Outbox that forgets everything.
type sinkhole struct{ lane delivery.Lane }

func (s *sinkhole) AddPlan(store.Tx, delivery.Plan) (delivery.Lane, error) {
	s.lane++
	return s.lane, nil
}
func (s *sinkhole) RetirePlan(store.Tx, delivery.Lane) error      { return nil }
func (s *sinkhole) AbandonPlan(store.Tx, delivery.Lane) error     { return nil }
func (s *sinkhole) Prepare([]delivery.Item) (release func())      { return func() {} }
func (s *sinkhole) Owe(store.Tx, []delivery.Item) (func(), error) { return func() {}, nil }

// putting returns a service with a number of rules, and 10 events of about
// 1 KB, each of which one target wants. It leaves out the outbox and the disk.
func putting(tb testing.TB, rules int) (*Service, []Entry) {
	tb.Helper()
	s, err := Open(tb.Context(), Options{Store: mem.New(), Outbox: &sinkhole{}, Guard: access.Boundary{}})
	if err != nil {
		tb.Fatal(err)
	}
	for i := range rules {
		name := fmt.Sprintf("rule-%d", i)
		if _, err := s.PutRule(tb.Context(), home, NewRule{Name: name, Pattern: fmt.Sprintf(`{"source":["app-%d"],"detail":{"kind":["order"]}}`, i)}); err != nil {
			tb.Fatal(err)
		}
		if err := s.PutTargets(tb.Context(), home, "", name, []target.Target{queue("q")}); err != nil {
			tb.Fatal(err)
		}
	}
	var items []string
	for i := range 20 {
		items = append(items, fmt.Sprintf(`{"sku":"item-%04d","amount":%d.50}`, i, i))
	}
	detail := `{"kind":"order","items":[` + strings.Join(items, ",") + `],"text":"some words that nobody looks at"}`
	entries := make([]Entry, 10)
	for i := range entries {
		entries[i] = Entry{Entry: event.Entry{Source: fmt.Sprintf("app-%d", i%rules), DetailType: "order placed", Detail: detail}}
	}
	return s, entries
}

func BenchmarkPut(b *testing.B) {
	for _, rules := range []int{1, 100, 300} {
		b.Run(fmt.Sprintf("rules=%d", rules), func(b *testing.B) {
			s, entries := putting(b, rules)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Put(b.Context(), from, entries); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*len(entries))/b.Elapsed().Seconds(), "events/s")
		})
	}
}

func TestPutAllocatesLittle(t *testing.T) {
	s, entries := putting(t, 10)
	// It is 8 for each event; with the race detector, under which pools forget on
	// purpose, some 12.
	const most = 16
	n := testing.AllocsPerRun(100, func() {
		if _, err := s.Put(t.Context(), from, entries); err != nil {
			t.Fatal(err)
		}
	})
	if n > float64(most*len(entries)) {
		t.Errorf("%.0f allocations for %d events; want at most %d for each", n, len(entries), most)
	}
}
