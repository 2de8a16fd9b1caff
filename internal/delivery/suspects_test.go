package delivery

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dari-bus/dari/internal/event"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/disk"
	"github.com/dari-bus/dari/internal/store/faulty"
	"github.com/dari-bus/dari/internal/store/mem"
	"github.com/dari-bus/dari/internal/target"
	"github.com/dari-bus/dari/internal/watch"
)

// The exit codes of the process that is ended by a delivery.
const (
	endedByPoison = 3
	endedAtLast   = 0
)

// attack F2: an event whose delivery ends the process ended every start after
// it as well. The test runs itself as that process, again and again.
func TestADeliveryThatEndsTheProcessIsGivenUp(t *testing.T) {
	if dir := os.Getenv("DARI_TEST_POISONED"); dir != "" {
		livePoisoned(t, dir)
		return
	}
	dir := t.TempDir()
	for start := 1; ; start++ {
		cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), "DARI_TEST_POISONED="+dir)
		out, err := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code == endedAtLast {
			if start != trusted+forgiven+1 {
				t.Errorf("the process lived from start %d on, want %d", start, trusted+forgiven+1)
			}
			break
		} else if code != endedByPoison || start > 10 {
			t.Fatalf("start %d ended with %d: %v\n%s", start, code, err, out)
		}
	}
	dead, err := os.ReadFile(filepath.Join(dir, "dead"))
	if err != nil || !strings.Contains(string(dead), "dari ended 3 times while it tried this delivery to "+testQueue) {
		t.Errorf("the dead letter says %q, %v", dead, err)
	}
}

// livePoisoned is the process. It ends in the middle of an attempt at the
// event called poison; what else there is, it delivers.
func livePoisoned(t *testing.T, dir string) {
	s, err := disk.Open(disk.Options{Dir: filepath.Join(dir, "data")})
	if err != nil {
		t.Fatal(err)
	}
	settled := make(chan watch.Settlement, 16)
	out, err := Open(t.Context(), options{
		Store: s,
		Sink: sinkFunc(func(d *target.Delivery) error {
			if d.ID == "poison" {
				os.Exit(endedByPoison)
			}
			return nil
		}),
		Hooks:     watch.Hooks{Settled: func(s *watch.Settlement) { settled <- *s }},
		keptApart: 10 * time.Millisecond,
	}.real())
	if err != nil {
		t.Fatal(err)
	}
	if out.suspects.record.Starts == 0 { // the first start of all
		ids := []string{"one", "poison", "three"}
		if err := s.Update(t.Context(), func(tx store.Tx) error { return owe(tx, out, ids) }); err != nil {
			t.Fatal(err)
		}
		if out, err = Open(t.Context(), out.Options); err != nil { // for which they are a backlog
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- out.Run(ctx) }()
	for s := range settled {
		if s.EventID == "poison" {
			if err := os.WriteFile(filepath.Join(dir, "dead"), []byte(s.Message), 0o600); err != nil {
				t.Fatal(err)
			}
			break
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if err := s.View(t.Context(), func(tx store.Tx) error {
		if b, err := tx.Get([]byte(keyStart)); b != nil || err != nil {
			return fmt.Errorf("an orderly end leaves %q for the next start (%v)", b, err)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// owe writes one delivery of each event, for one target.
func owe(tx store.Tx, out *Outbox, ids []string) error {
	l, err := out.AddPlan(tx, planOf(target.Target{ID: "t", ARN: testQueue}))
	if err != nil {
		return err
	}
	var items []Item
	for _, id := range ids {
		ev, err := event.New(event.Entry{Source: "shop", DetailType: "order", Detail: "{}"},
			event.Stamp{ID: id, Account: "210987654321", Region: "eu-central-1", Now: time.Now()})
		if err != nil {
			return err
		}
		items = append(items, Item{ID: ev.ID, Body: ev.JSON, Source: testBus, Ingested: time.Now(), Lanes: []Lane{l}})
	}
	_, err = out.Owe(tx, items)
	return err
}

// What waits on a full disk is delivered there, so that there is room again,
// also when it is found after a crash, and watched.
func TestAStartOnAFullDiskDelivers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var full atomic.Bool
		s := faulty.Full(mem.New(), &full)
		settled := make(chan watch.Settlement, 1)
		opt := options{
			Store: s, Sink: sinkFunc(func(*target.Delivery) error { return nil }),
			Hooks: watch.Hooks{Settled: func(s *watch.Settlement) { settled <- *s }},
		}
		out, err := Open(t.Context(), opt.real())
		if err == nil {
			out.suspects.record.Starts = trusted // and one more
			err = s.Update(t.Context(), func(tx store.Tx) error {
				return errors.Join(owe(tx, out, []string{"one"}), out.suspects.put(tx))
			})
		}
		if err != nil {
			t.Fatal(err)
		}
		full.Store(true)
		if out, err = Open(t.Context(), opt.real()); err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- out.Run(ctx) }()
		select {
		case err := <-done:
			t.Fatalf("Run ended: %v", err)
		case s := <-settled:
			if s.Outcome != watch.Delivered {
				t.Errorf("the delivery ended with %+v", s)
			}
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// watchForTest returns suspects that watch, and an outbox that has been opened now.
func watchForTest(t *testing.T, known ...spotted) (*suspects, *lane) {
	o := &Outbox{Options: options{Store: mem.New()}.real().withDefaults(), firstSeq: 100, opened: time.Now()}
	o.attempts = t.Context()
	s := newSuspects(o)
	s.until = time.Now().Add(time.Hour)
	s.record = startRecord{Starts: 5, Spotted: known}
	return s, &lane{id: 1, plan: &plan{}, out: o}
}

func taskOf(seq uint64) *task { return &task{held: &held{seq: seq}} }

// Whatever ended the process, a delivery that gets through once is no suspect.
func TestASuspectThatGetsThroughIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l := watchForTest(t, spotted{1, 7, 1}, spotted{2, 7, 2})
		time.Sleep(keptApart)
		leave, later, poison := s.watch(l, taskOf(7))
		if poison != nil || !later.IsZero() || len(s.trying) != 1 || s.trying[0].Ends != 2 {
			t.Fatalf("it is tried as %+v, later at %v, %v", s.trying, later, poison)
		}
		leave()
		if len(s.trying) != 0 || len(s.record.Spotted) != 1 {
			t.Errorf("left are %+v, tried %+v", s.record, s.trying)
		}
		if leave, _, _ := s.watch(l, taskOf(100)); leave != nil {
			t.Error("what came in after the start is watched")
		}
	})
}

// Somebody who kills the process at will finds it with some deliveries each time.
func TestASuspectIsKeptApartBeforeItIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l := watchForTest(t, spotted{1, 7, 2}, spotted{1, 8, forgiven})
		leave, later, poison := s.watch(l, taskOf(7))
		if want := s.out.opened.Add(2 * keptApart); poison != nil || !later.Equal(want) || len(s.trying) != 0 || len(s.record.Spotted) != 2 {
			t.Fatalf("it is tried at %v, %v, and left are %+v; want it tried at %v", later, poison, s.record, want)
		}
		leave()
		time.Sleep(2 * keptApart)
		leave, later, poison = s.watch(l, taskOf(7))
		if poison != nil || !later.IsZero() || len(s.trying) != 1 || s.trying[0].Ends != 3 {
			t.Fatalf("it is tried as %+v, later at %v, %v", s.trying, later, poison)
		}
		leave()
		if _, _, poison = s.watch(l, taskOf(8)); poison == nil || !poison.Permanent {
			t.Errorf("what ended the process %d times is tried again: %v", forgiven, poison)
		}
	})
}

// What is watched goes on side by side; only suspects are tried one by one.
func TestWatchingHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l := watchForTest(t, spotted{1, 1, 1}, spotted{1, 2, 1})
		time.Sleep(keptApart)
		began := make(chan uint64, 100)
		for seq := range uint64(50) {
			go func() {
				s.watch(l, taskOf(seq)) // which never ends
				began <- seq
			}()
		}
		synctest.Wait()
		if n := len(began); n != 49 {
			t.Errorf("%d attempts have begun, want all but one suspect", n)
		}
		time.Sleep(spotlight)
		synctest.Wait()
		if n := len(began); n != 50 {
			t.Errorf("%d attempts have begun when the first suspect has gone on, want all", n)
		}
		time.Sleep(spotlight)
		synctest.Wait()
		if len(s.trying) != 0 {
			t.Errorf("what takes long is still suspected: %+v", s.trying)
		}
	})
}
