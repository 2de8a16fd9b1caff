package app

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/bus"
	"github.com/dari-bus/dari/internal/event"
	"github.com/dari-bus/dari/internal/room/logs/groups"
	"github.com/dari-bus/dari/internal/room/queue"
	"github.com/dari-bus/dari/internal/store/disk"
	"github.com/dari-bus/dari/internal/store/storetest"
	"github.com/dari-bus/dari/internal/target"
	"github.com/dari-bus/dari/internal/watch"
)

// A life is the rooms on one disk, without a port, until the power is cut.
type life struct {
	*rooms
	ended chan watch.Outcome // of each delivery
	// halt ends the deliveries, and stop closes the disk as well.
	halt, stop func()
}

var lifeQueues = []queue.Address{
	{Place: lifeCaller.Place, Name: "plain"},
	{Place: lifeCaller.Place, Name: "ordered.fifo"},
}

func newLife(t *testing.T, fs vfs.FS) *life {
	t.Helper()
	s, err := disk.Open(disk.Options{Dir: "data", FS: fs, Log: slog.New(slog.DiscardHandler), MemTableBytes: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	l := &life{ended: make(chan watch.Outcome, 1<<16)}
	a := &App{opt: Options{Memory: "auto", trailBytes: leastTrail, Log: slog.New(slog.DiscardHandler)}, store: s, guard: access.Boundary{}}
	if a.opt.memory, err = a.opt.newMemory(); err != nil {
		t.Fatal(err)
	}
	a.hooks.Settled = func(s *watch.Settlement) {
		select {
		case l.ended <- s.Outcome:
		default: // nobody wants to know of so many
		}
	}
	if l.rooms, err = a.openRooms(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- l.outbox.Run(ctx) }()
	l.halt = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	l.stop = func() {
		l.halt()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	return l
}

var lifeCaller = access.Root("000000000000", "eu-central-1")

// lifeGroup is a log group.
const lifeGroup = "/life"

// settle makes rules that send everything to two queues, one of which is FIFO, and to
// a log group.
func (l *life) settle(t *testing.T) {
	t.Helper()
	if err := l.logs.CreateGroup(t.Context(), lifeCaller, groups.Group{Name: lifeGroup, Class: groups.Standard}); err != nil {
		t.Fatal(err)
	}
	l.rule(t, "logged", target.Target{ID: "g", ARN: lifeCaller.Place.ARN("logs", "log-group:"+lifeGroup).String()})
	for i, a := range lifeQueues {
		s := queue.DefaultSettings()
		s.ContentDedup = a.FIFO()
		if err := l.queues.Create(t.Context(), a, s, nil, nil); err != nil {
			t.Fatal(err)
		}
		tg := target.Target{ID: "q", ARN: a.ARN()}
		if a.FIFO() {
			tg.Queue = &target.QueueParameters{Group: "g"}
		}
		l.rule(t, fmt.Sprint("r", i), tg)
	}
}

// rule makes a rule that sends everything to a target.
func (l *life) rule(t *testing.T, name string, to target.Target) {
	t.Helper()
	if _, err := l.buses.PutRule(t.Context(), lifeCaller, bus.NewRule{Name: name, Pattern: `{"source":["life"]}`}); err != nil {
		t.Fatal(err)
	}
	if err := l.buses.PutTargets(t.Context(), lifeCaller, "", name, []target.Target{to}); err != nil {
		t.Fatal(err)
	}
}

// logged counts the lines of each event in the log group.
func (l *life) logged(t *testing.T) map[string]int {
	t.Helper()
	hits, next, err := l.logs.Filter(t.Context(), lifeCaller, lifeCaller.Place, lifeGroup, groups.Filter{}, "", false, 10_000)
	if err != nil || next != "" {
		t.Fatal(err, next)
	}
	got := map[string]int{}
	for _, h := range hits {
		var e struct{ ID string }
		if err := json.Unmarshal(h.Text, &e); err != nil {
			t.Fatal(err)
		}
		got[e.ID]++
	}
	return got
}

// put puts ten events and returns their ids.
func (l *life) put(t *testing.T) (ids []string) {
	entries := make([]bus.Entry, 10)
	for i := range entries {
		entries[i].Entry = event.Entry{Source: "life", DetailType: "t", Detail: fmt.Sprintf(`{"n":%d}`, i)}
	}
	results, err := l.buses.Put(t.Context(), lifeCaller, entries)
	if err != nil {
		t.Error(err)
	}
	for _, r := range results {
		ids = append(ids, r.ID)
	}
	return ids
}

// held counts the messages of each event in a queue.
func (l *life) held(t *testing.T, a queue.Address) map[string]int {
	t.Helper()
	got := map[string]int{}
	zero := time.Duration(0)
	for {
		messages, err := l.queues.Receive(t.Context(), a, queue.Request{Max: 10, Wait: &zero})
		if err != nil {
			t.Fatal(err)
		}
		if len(messages) == 0 {
			return got
		}
		receipts := make([]string, len(messages))
		for i, m := range messages {
			var e struct{ ID string }
			if err := json.Unmarshal([]byte(m.Body), &e); err != nil {
				t.Fatal(err)
			}
			got[e.ID]++
			receipts[i] = m.Receipt
		}
		if _, err := l.queues.Remove(t.Context(), a, receipts); err != nil {
			t.Fatal(err)
		}
	}
}

// An event for a queue or a log group of the house is there when PutEvents answers, and a power
// cut at whatever moment, with all, some or none of what was not synced kept,
// neither takes it away nor brings it a second time.
func TestEveryAcknowledgedEventIsInTheQueuesAndTheLogExactlyOnce(t *testing.T) {
	rng := rand.New(rand.NewPCG(storetest.Seed(t), 0))
	fs := vfs.NewCrashableMem()
	l := newLife(t, fs)
	l.settle(t)
	for cut := range 4 {
		acks := make(chan []string, 100)
		var putting sync.WaitGroup
		for range 6 {
			putting.Go(func() {
				for range 5 {
					acks <- l.put(t)
				}
			})
		}
		acked := map[string]bool{}
		for range 1 + rng.IntN(25) {
			for _, id := range <-acks {
				acked[id] = true
			}
		}
		fs = fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: []int{0, 30, 70, 100}[rng.IntN(4)], RNG: rng})
		putting.Wait()
		l.stop()
		l = newLife(t, fs)
		lines := l.logged(t)
		for name, got := range map[string]map[string]int{"plain": l.held(t, lifeQueues[0]), "ordered": l.held(t, lifeQueues[1]), "log": lines} {
			for id := range acked {
				if got[id] == 0 {
					t.Errorf("cut %d: the acknowledged event %s is not in the %s", cut, id, name)
				}
			}
			for id, n := range got {
				if n != 1 {
					t.Errorf("cut %d: the event %s is %d times in the %s", cut, id, n, name)
				}
			}
		}
		if n := l.outbox.Waiting(); n != 0 {
			t.Errorf("cut %d: %d deliveries are left", cut, n)
		}
	}
	l.stop()
}

// What a queue does not take goes by the outbox: it is retried, and then kept
// with the reason.
func TestAQueueThatIsNotThereIsTriedByTheOutbox(t *testing.T) {
	l := newLife(t, vfs.NewCrashableMem())
	defer l.stop()
	l.settle(t)
	if err := l.queues.Delete(t.Context(), lifeQueues[0]); err != nil {
		t.Fatal(err)
	}
	l.put(t)
	ended := map[watch.Outcome]int{}
	for range 30 {
		ended[<-l.ended]++
	}
	if ended[watch.Dead] != 10 || ended[watch.Delivered] != 20 {
		t.Errorf("ended as %v", ended)
	}
	l.halt()
	each, err := l.outbox.Dead().Read(t.Context(), "000000000000", "")
	if err != nil {
		t.Fatal(err)
	}
	kept := 0
	for d, err := range each {
		if kept++; err != nil || d.Code != target.CodeNoResource || d.Target != lifeQueues[0].ARN() {
			t.Errorf("kept %+v, %v", d, err)
		}
	}
	if kept != 10 {
		t.Errorf("%d are kept, want 10", kept)
	}
	if n := len(l.held(t, lifeQueues[1])); n != 10 {
		t.Errorf("the other queue has %d, want 10", n)
	}
}
