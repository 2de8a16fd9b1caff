package delivery

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dari-bus/dari/internal/event"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/disk"
	"github.com/dari-bus/dari/internal/store/mem"
	"github.com/dari-bus/dari/internal/target"
	"github.com/dari-bus/dari/internal/watch"
)

// BenchmarkOutbox takes events in, ten at a time, and hands them to a sink
// that does nothing: what the outbox itself costs.
func BenchmarkOutbox(b *testing.B) {
	engines := map[string]func(b *testing.B) store.Store{
		"mem": func(*testing.B) store.Store { return mem.New() },
		"disk": func(b *testing.B) store.Store {
			s, err := disk.Open(disk.Options{Dir: b.TempDir()})
			if err != nil {
				b.Fatal(err)
			}
			return s
		},
	}
	for _, engine := range []string{"mem", "disk"} {
		for _, clients := range []int{1, 16} {
			for _, targets := range []int{1, 5} {
				b.Run(fmt.Sprintf("store=%s/clients=%d/targets=%d", engine, clients, targets), func(b *testing.B) {
					benchOutbox(b, engines[engine](b), clients, targets)
				})
			}
		}
	}
}

// BenchmarkDrain hands over a backlog: everything waits on disk until the
// target comes back.
func BenchmarkDrain(b *testing.B) {
	for _, targets := range []int{1, 5} {
		b.Run(fmt.Sprintf("targets=%d", targets), func(b *testing.B) { benchDrain(b, targets) })
	}
}

func benchDrain(b *testing.B, targets int) {
	s, err := disk.Open(disk.Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	back := make(chan struct{})
	var settled sync.WaitGroup
	settled.Add(b.N * targets)
	out, err := Open(b.Context(), options{
		Store: s,
		Sink:  target.SinkFunc(func(context.Context, *target.Delivery) error { <-back; return nil }),
		Hooks: watch.Hooks{Settled: func(*watch.Settlement) { settled.Done() }},
	}.real())
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- out.Run(ctx) }()
	var lanes []Lane
	for i := range targets {
		lanes = append(lanes, benchPlan(b, s, out, i))
	}
	ev := benchEvent(b)
	for range b.N {
		start := benchAccept(b, s, out, []Item{{ID: ev.ID, Body: ev.JSON, Source: testBus, Ingested: time.Now(), Lanes: lanes}}, store.Unsynced)
		start()
	}
	b.ResetTimer()
	close(back)
	settled.Wait()
	b.ReportMetric(float64(b.N*targets)/b.Elapsed().Seconds(), "deliveries/s")
	b.StopTimer()
	cancel()
	if err := <-done; err != nil {
		b.Fatal(err)
	}
}

func benchPlan(b *testing.B, s store.Store, out *Outbox, i int) (l Lane) {
	err := s.Update(b.Context(), func(tx store.Tx) (err error) {
		l, err = out.AddPlan(tx, planOf(target.Target{ID: fmt.Sprint(i), ARN: testQueue}))
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return l
}

func benchEvent(b *testing.B) *event.Event {
	ev, err := event.New(
		event.Entry{Source: "shop", DetailType: "order", Detail: `{"text":"` + strings.Repeat("x", 700) + `"}`},
		event.Stamp{ID: "7bf73129-1428-4cd3-a780-95db273d1602", Account: "210987654321", Region: "eu-central-1", Now: time.Now()})
	if err != nil {
		b.Fatal(err)
	}
	return ev
}

func benchAccept(b *testing.B, s store.Store, out *Outbox, items []Item, opts ...store.Option) (start func()) {
	err := s.Update(context.Background(), func(tx store.Tx) (err error) {
		start, err = out.Owe(tx, items)
		return err
	}, opts...)
	if err != nil {
		b.Error(err)
		return func() {}
	}
	return start
}

func benchOutbox(b *testing.B, s store.Store, clients, targets int) {
	const batch = 10
	var settled sync.WaitGroup
	out, err := Open(b.Context(), options{
		Store: s,
		Sink:  target.SinkFunc(func(context.Context, *target.Delivery) error { return nil }),
		Hooks: watch.Hooks{Settled: func(*watch.Settlement) { settled.Done() }},
	}.real())
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- out.Run(ctx) }()
	var lanes []Lane
	for i := range targets {
		lanes = append(lanes, benchPlan(b, s, out, i))
	}
	ev := benchEvent(b)

	b.ReportAllocs()
	b.ResetTimer()
	var clientsDone sync.WaitGroup
	rounds := b.N/(clients*batch) + 1
	settled.Add(clients * rounds * batch * targets)
	for range clients {
		clientsDone.Go(func() {
			for range rounds {
				items := make([]Item, batch)
				for i := range items {
					items[i] = Item{ID: ev.ID, Body: ev.JSON, Source: testBus, Ingested: time.Now(), Lanes: lanes}
				}
				benchAccept(b, s, out, items)()
			}
		})
	}
	clientsDone.Wait()
	settled.Wait()
	b.ReportMetric(float64(clients*rounds*batch)/b.Elapsed().Seconds(), "events/s")
	b.StopTimer()
	cancel()
	if err := <-done; err != nil {
		b.Fatal(err)
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}
