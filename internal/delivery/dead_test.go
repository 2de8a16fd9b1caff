package delivery

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/disk"
	"github.com/dari-bus/dari/internal/store/mem"
	"github.com/dari-bus/dari/internal/target"
	"github.com/dari-bus/dari/internal/watch"
)

// A crash may come between the keeping of a dead delivery and the end of its
// record; what is then kept for a second time is still one.
func TestADeadDeliveryThatIsRepeatedCountsOnce(t *testing.T) {
	s := mem.New()
	d := deadLetters{}
	put := func(seq uint64) {
		if err := s.Update(t.Context(), func(tx store.Tx) error { return d.put(tx, seq, 1, &DeadLetter{Event: json.RawMessage("{}")}, 3, 1<<20) }); err != nil {
			t.Fatal(err)
		}
	}
	for _, seq := range []uint64{1, 2, 3, 3, 2} {
		put(seq)
	}
	if d.kept != 3 || d.pushed.Load() != 0 {
		t.Errorf("%d kept and %d pushed out, want 3 and 0", d.kept, d.pushed.Load())
	}
	for _, seq := range []uint64{9, 5, 6, 4} { // an old event may die late
		put(seq)
	}
	var left []uint64
	if err := s.View(t.Context(), func(tx store.Tx) error {
		for k := range tx.Scan([]byte(prefixDead), store.End([]byte(prefixDead))) {
			if key := decodeDeadKey(k); key.lane != 0 {
				left = append(left, key.seq)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(left) != "[5 6 9]" || d.pushed.Load() != 4 {
		t.Errorf("%v kept, %d pushed out", left, d.pushed.Load())
	}
}

// attack F7: one event of 1 MB that dies at 200 targets was kept 200 times, and
// a list of them was made in memory.
func TestTheEventOfDeadDeliveriesIsKeptAndReadOnce(t *testing.T) {
	s := mem.New()
	d := &deadLetters{}
	event := json.RawMessage(`"` + strings.Repeat("x", 1<<20) + `"`)
	const targets = 200
	put := func(seq uint64, l Lane, most int64) {
		t.Helper()
		if err := s.Update(t.Context(), func(tx store.Tx) error {
			return d.put(tx, seq, l, &DeadLetter{Event: event, Target: fmt.Sprint(l)}, 1000, most)
		}); err != nil {
			t.Fatal(err)
		}
	}
	for seq := uint64(1); seq <= 2; seq++ {
		for l := range Lane(targets) {
			put(seq, l+1, 10<<20)
		}
	}
	if d.bytes > 3<<20 || d.kept != 2*targets {
		t.Fatalf("%d kept in %d bytes, want %d in little more than the two events", d.kept, d.bytes, 2*targets)
	}
	again := &deadLetters{}
	o := &Outbox{Options: Options{Store: s}}
	if err := s.View(t.Context(), again.load); err != nil || again.bytes != d.bytes || again.kept != d.kept {
		t.Errorf("%d kept in %d bytes after a start (%v), want %d in %d", again.kept, again.bytes, err, d.kept, d.bytes)
	}
	n, last := 0, ""
	for _, dead := range deadOf(t, o, "") {
		if !bytes.Equal(dead.Event, event) || dead.Target != fmt.Sprint(n%targets+1) {
			t.Fatalf("the dead delivery %d is at %s with %d bytes", n, dead.Target, len(dead.Event))
		}
		if n++; n == targets/2 {
			last = dead.ID
		}
	}
	rest := 0
	for _, dead := range deadOf(t, o, last) {
		if rest++; rest == 1 && (dead.Target != fmt.Sprint(targets/2+1) || len(dead.Event) != len(event)) {
			t.Fatalf("behind %s comes %+v", last, dead)
		}
	}
	if n != 2*targets || rest != n-targets/2 {
		t.Errorf("%d dead deliveries, %d from the middle on", n, rest)
	}
	put(3, 1, 1<<21+1<<20) // the first event has to go, with all that is dead of it
	if d.kept != targets+1 || d.bytes > 3<<20 || d.pushed.Load() != targets {
		t.Errorf("%d kept in %d bytes, %d pushed out", d.kept, d.bytes, d.pushed.Load())
	}
	left := 0
	if err := s.View(t.Context(), func(tx store.Tx) error {
		for _, v := range tx.Scan(nil, nil) {
			left += len(v)
		}
		return nil
	}); err != nil || left > 3<<20 {
		t.Errorf("%d bytes in the store, %v", left, err)
	}
}

func TestAnIDOfNoDeadDeliveryIsRefused(t *testing.T) {
	o := &Outbox{Options: Options{Store: mem.New()}}
	for _, id := range []string{"x", "1", "1-", "01-1", "1-1 ", "-1-1"} {
		if _, err := o.Dead(t.Context(), id); err == nil || !strings.Contains(err.Error(), "is not the ID of a dead delivery") {
			t.Errorf("%q: %v", id, err)
		}
	}
}

// BenchmarkDead keeps dead deliveries when there are too many already, so that
// each pushes out the oldest.
func BenchmarkDead(b *testing.B) {
	s, err := disk.Open(disk.Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	d := deadLetters{}
	seq := uint64(0)
	for b.Loop() {
		err := s.Update(b.Context(), func(tx store.Tx) error {
			seq++
			return d.put(tx, seq, 1, &DeadLetter{Event: json.RawMessage("{}")}, 1000, 1<<30)
		}, store.Unsynced)
		if err != nil {
			b.Fatal(err)
		}
	}
}

// A hanging queue does not take dead letters and does not say so.
type hanging struct{}

func (hanging) SendDeadLetter(ctx context.Context, _ arn.ARN, _ string, _ []byte, _ map[string]string) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestADeadLetterQueueThatHangsDoesNotHoldUpTheStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Options{Grace: 2 * time.Second, Sink: sinkFunc(func(*target.Delivery) error {
			return target.Permanent(target.CodeNoResource, "gone")
		})})
		b.stop()
		working := b.opt.DeadLetters
		b.opt.DeadLetters = hanging{}
		b.start()
		b.put(1, 3, b.plan(target.Target{DeadLetter: deadQueue}))
		pass(time.Second)
		begin := time.Now()
		b.stop()
		if took := time.Since(begin); took > 3*time.Second {
			t.Errorf("the stop took %v", took)
		}
		b.opt.DeadLetters = working
		b.start()
		pass(time.Minute)
		if out := b.log.outcomes(); out[watch.DeadLettered] != 3 || len(out) != 1 {
			t.Errorf("outcomes %v, want 3 dead-lettered", out)
		}
		b.wantRecords(map[string]int{"p": 1})
		b.stop()
	})
}

func TestAnInputThatCannotBeBuiltIsDeadLetteredUntried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tried atomic.Bool
		b := newBench(t, Options{Sink: sinkFunc(func(*target.Delivery) error {
			tried.Store(true)
			return nil
		})})
		b.put(1, 3, b.plan(target.Target{InputPath: ptr("$.detail.nothing"), DeadLetter: deadQueue}))
		pass(time.Minute)
		if tried.Load() {
			t.Error("the target was called")
		}
		for _, m := range b.log.deadLetters() {
			if m.Attributes["ERROR_CODE"] != target.CodeInvalidParam || m.Attributes["RETRY_ATTEMPTS"] != "0" || m.Attributes["EXHAUSTED_RETRY_CONDITION"] != "" {
				t.Errorf("attributes %v", m.Attributes)
			}
		}
		if out := b.log.outcomes(); out[watch.DeadLettered] != 3 {
			t.Errorf("outcomes %v", out)
		}
		b.wantRecords(map[string]int{"p": 1})
		b.stop()
	})
}

func TestAPanicEndsTheDeliveryAndNotTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Options{Sink: sinkFunc(func(d *target.Delivery) error {
			if d.Event.ID == "id-2" {
				panic("a mistake of ours")
			}
			return nil
		})})
		b.put(1, 3, b.plan(target.Target{DeadLetter: deadQueue}))
		pass(time.Minute)
		if out := b.log.outcomes(); out[watch.DeadLettered] != 1 || out[watch.Delivered] != 2 {
			t.Errorf("outcomes %v, want 1 dead-lettered and 2 delivered", out)
		}
		if m := b.log.deadLetters()[0]; m.Attributes["ERROR_CODE"] != target.CodeInternal {
			t.Errorf("attributes %v", m.Attributes)
		}
		b.wantRecords(map[string]int{"p": 1})
		b.stop()
	})
}

func TestARecordThatCannotBeReadHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var up atomic.Bool
		b := newBench(t, Options{Backoff: func(int) time.Duration { return time.Minute }, Sink: sinkFunc(func(*target.Delivery) error {
			if !up.Load() {
				return target.Temporary(target.CodeConnection, "down")
			}
			return nil
		})})
		l := b.plan(target.Target{})
		b.put(0, 5, l) // will wait
		pass(time.Second)
		cut := &severed{Store: b.store}
		b.opt.Store = cut
		b.stop()
		b.opt.Sink = target.SinkFunc(silent)
		b.store = cut
		b.start()
		b.put(5, 5, l) // in their first pass when the server dies
		cut.cut.Store(true)
		b.cancel()
		<-b.done
		b.store, b.opt.Store = cut.Store, cut.Store
		damaged := 0
		b.update(func(tx store.Tx) error {
			var keys [][]byte
			for k := range tx.Scan([]byte(prefixEvent), store.End([]byte(prefixEvent))) {
				keys = append(keys, append([]byte(nil), k...))
			}
			for _, i := range []int{1, 6} {
				damaged++
				if err := tx.Put(keys[i], []byte{99}); err != nil {
					return err
				}
			}
			return nil
		})
		up.Store(true)
		b.opt.Sink = sinkFunc(func(*target.Delivery) error { return nil })
		b.start()
		pass(time.Hour)
		if n := b.log.outcomes()[watch.Delivered]; n != 8 {
			t.Errorf("%d delivered, want 8", n)
		}
		b.wantRecords(map[string]int{"p": 1, "e": 2, "r": 1, "w": 1})
		b.stop()
	})
}
