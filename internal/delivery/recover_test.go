package delivery

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dari-bus/dari/internal/store/mem"
	"github.com/dari-bus/dari/internal/target"
	"github.com/dari-bus/dari/internal/watch"
)

// One target of an event has failed and waits, the other was being tried when
// the process died: only the latter is to be tried at the start.
func TestACrashDoesNotCutShortAWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tries atomic.Int64
		cut := &severed{Store: mem.New()}
		b := newBench(t, options{Store: cut, Backoff: time.Hour, Sink: target.SinkFunc(func(ctx context.Context, d *target.Delivery) error {
			if d.Target.ID == "slow" {
				return silent(ctx, d)
			}
			if tries.Add(1) == 1 {
				return target.Temporary(target.CodeConnection, "down")
			}
			return nil
		})})
		b.put(1, 1, b.plan(target.Target{ID: "down"}), b.plan(target.Target{ID: "slow"}))
		pass(time.Second)
		cut.cut.Store(true)
		b.cancel()
		<-b.done
		b.store, b.opt.Store = cut.Store, cut.Store
		b.start()
		pass(50 * time.Minute)
		if n := tries.Load(); n != 1 {
			t.Errorf("%d tries before the hour was over, want 1", n)
		}
		pass(20 * time.Minute)
		if n := tries.Load(); n != 2 || b.log.outcomes()[watch.Delivered] != 1 {
			t.Errorf("%d tries, outcomes %v: want the second to deliver", n, b.log.outcomes())
		}
		b.stop()
	})
}
