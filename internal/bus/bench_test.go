package bus

import (
	"fmt"
	"testing"

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
func (s *sinkhole) RetirePlan(store.Tx, delivery.Lane) error         { return nil }
func (s *sinkhole) AbandonPlan(store.Tx, delivery.Lane) error        { return nil }
func (s *sinkhole) Accept(store.Tx, []delivery.Item) (func(), error) { return func() {}, nil }

// BenchmarkPut puts 10 events of about 1 KB in one call, of which one target
// each wants, past a number of rules. It leaves out the outbox and the disk.
func BenchmarkPut(b *testing.B) {
	for _, rules := range []int{1, 100, 300} {
		b.Run(fmt.Sprintf("rules=%d", rules), func(b *testing.B) {
			s, err := Open(b.Context(), Options{Store: mem.New(), Outbox: &sinkhole{}})
			if err != nil {
				b.Fatal(err)
			}
			for i := range rules {
				name := fmt.Sprintf("rule-%d", i)
				if _, err := s.PutRule(b.Context(), home, NewRule{Name: name, Pattern: fmt.Sprintf(`{"source":["app-%d"],"detail":{"kind":["order"]}}`, i)}); err != nil {
					b.Fatal(err)
				}
				if err := s.PutTargets(b.Context(), home, "", name, []target.Target{queue("q")}); err != nil {
					b.Fatal(err)
				}
			}
			detail := `{"kind":"order","items":[`
			for i := range 20 {
				detail += fmt.Sprintf(`{"sku":"item-%04d","amount":%d.50},`, i, i)
			}
			detail += `{}],"text":"some words that nobody looks at"}`
			entries := make([]Entry, 10)
			for i := range entries {
				entries[i] = Entry{Entry: event.Entry{
					Source: fmt.Sprintf("app-%d", i%rules), DetailType: "order placed", Detail: detail,
				}}
			}
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
