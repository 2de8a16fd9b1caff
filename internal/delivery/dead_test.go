package delivery

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/target"
	"github.com/dari-bus/dari/internal/watch"
)

// A hanging queue does not take dead letters and does not say so.
type hanging struct{}

func (hanging) SendDeadLetter(ctx context.Context, _ arn.ARN, _ string, _ []byte, _ map[string]string) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestADeadLetterQueueThatHangsDoesNotHoldUpTheStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, options{Grace: 2 * time.Second, Sink: sinkFunc(func(*target.Delivery) error {
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
		b := newBench(t, options{Sink: sinkFunc(func(*target.Delivery) error {
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
		b := newBench(t, options{Sink: sinkFunc(func(d *target.Delivery) error {
			if d.ID == "id-2" {
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
		b := newBench(t, options{Backoff: time.Minute, Sink: sinkFunc(func(*target.Delivery) error {
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
