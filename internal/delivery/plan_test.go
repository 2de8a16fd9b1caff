package delivery

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/mem"
	"github.com/dari-bus/dari/internal/target"
	"github.com/dari-bus/dari/internal/watch"
)

// replace puts a new version of a target in the place of the one of old.
func (b *bench) replace(old Lane, tg target.Target) Lane {
	b.t.Helper()
	tg.ID, tg.ARN = "t", testQueue
	var id Lane
	b.update(func(tx store.Tx) (err error) {
		if id, err = b.out.AddPlan(tx, planOf(tg)); err != nil {
			return err
		}
		return b.out.RetirePlan(tx, old)
	})
	return id
}

func TestDeletingATargetAlsoAbandonsWhatWaitsForItsEarlierVersions(t *testing.T) {
	for _, restart := range []bool{false, true} {
		t.Run(fmt.Sprintf("restart %t", restart), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, options{Ready: 8, Sink: sinkFunc(func(d *target.Delivery) error {
					return target.Temporary(target.CodeConnection, "down")
				})})
				other := b.plan(target.Target{ID: "other"})
				first := b.plan(target.Target{})
				b.put(1, 20, first, other)
				second := b.replace(first, target.Target{Input: ptr(`"second"`)})
				b.put(21, 20, second)
				third := b.replace(second, target.Target{Input: ptr(`"third"`)})
				b.put(41, 20, third)
				pass(time.Second)
				if restart {
					b.stop()
					b.start()
				}
				b.update(func(tx store.Tx) error { return b.out.AbandonPlan(tx, third) })
				pass(time.Hour)
				if n := b.log.outcomes()[watch.Abandoned]; n != 60 {
					t.Errorf("%d abandoned, want 60", n)
				}
				b.wantRecords(map[string]int{"p": 1, "e": 20, "r": 20, "w": 20})
				b.stop()
			})
		})
	}
}

func TestAReplacedTargetIsNotForgottenWhileTheStoreStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := mem.New()
		slow := &stalled{Store: disk}
		cut := &severed{Store: slow}
		b := newBench(t, options{Store: cut, Backoff: time.Minute, Sink: sinkFunc(func(*target.Delivery) error {
			time.Sleep(time.Second)
			return target.Temporary(target.CodeConnection, "down")
		})})
		other, l := b.plan(target.Target{ID: "other"}), b.plan(target.Target{})
		starts := []func(){b.accept(b.big(1, 10, other)), b.accept(b.big(2, 10, l))}
		b.replace(l, target.Target{})
		starts[0]()
		slow.stall()
		pass(time.Second) // it has failed, and that is being written down
		starts[1]()
		pass(5 * time.Minute) // so has this one, which waits to be written down
		slow.goOn()
		pass(time.Second)
		cut.cut.Store(true) // kill -9
		b.cancel()
		<-b.done
		b.store, b.opt.Store = disk, disk
		b.opt.Sink = sinkFunc(func(*target.Delivery) error { return nil })
		b.start()
		pass(time.Hour)
		if n := b.log.outcomes()[watch.Delivered]; n != 2 {
			t.Errorf("outcomes %v, want 2 delivered", b.log.outcomes())
		}
		b.wantRecords(map[string]int{"p": 2})
		b.stop()
	})
}

func TestAReplacedTargetIsNotForgottenBeforeFirstPassesAreTakenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := mem.New()
		cut := &severed{Store: disk}
		b := newBench(t, options{Store: cut, Sink: target.SinkFunc(silent)})
		l := b.plan(target.Target{})
		b.put(1, 1, l)
		b.replace(l, target.Target{})
		cut.cut.Store(true)
		b.cancel()
		<-b.done
		// The disk cannot be read for a while.
		sick := &sickly{Store: disk}
		b.store, b.opt.Store = sick, sick
		b.opt.Sink = sinkFunc(func(*target.Delivery) error { return nil })
		out, err := Open(t.Context(), b.opt.real())
		if err != nil {
			t.Fatal(err)
		}
		sick.ill.Store(true)
		b.run(out)
		pass(5 * time.Minute)
		sick.ill.Store(false)
		pass(5 * time.Minute)
		if n := b.log.outcomes()[watch.Delivered]; n != 1 {
			t.Errorf("outcomes %v, want 1 delivered", b.log.outcomes())
		}
		b.wantRecords(map[string]int{"p": 1})
		b.stop()
	})
}

func TestAReplacementThatFailedDoesNotEndTheLane(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, options{Sink: sinkFunc(func(*target.Delivery) error { return nil })})
		l := b.plan(target.Target{})
		broken := errors.New("the transaction failed")
		err := b.store.Update(t.Context(), func(tx store.Tx) error {
			if err := b.out.RetirePlan(tx, l); err != nil {
				return err
			}
			return broken
		})
		if !errors.Is(err, broken) {
			t.Fatal(err)
		}
		pass(time.Hour)
		b.put(1, 1, l)
		pass(time.Hour)
		if n := b.log.outcomes()[watch.Delivered]; n != 1 {
			t.Errorf("outcomes %v, want 1 delivered", b.log.outcomes())
		}
		b.wantRecords(map[string]int{"p": 1})
		b.stop()
	})
}

func TestAnAbandonedLaneThatCannotBeReadIsLeftInPeace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sick := &sickly{Store: mem.New()}
		b := newBench(t, options{Store: sick, Sink: sinkFunc(func(*target.Delivery) error {
			return target.Temporary(target.CodeConnection, "down")
		})})
		l := b.plan(target.Target{})
		b.put(1, 3, l)
		pass(10 * time.Millisecond)
		sick.ill.Store(true)
		b.update(func(tx store.Tx) error { return b.out.AbandonPlan(tx, l) })
		pass(time.Minute)
		sick.ill.Store(false)
		pass(time.Minute)
		if n := b.log.outcomes()[watch.Abandoned]; n != 3 {
			t.Errorf("outcomes %v, want 3 abandoned", b.log.outcomes())
		}
		b.stop()
	})
}

func TestAReplacedTargetLeavesNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var up atomic.Bool
		b := newBench(t, options{Sink: sinkFunc(func(*target.Delivery) error {
			if !up.Load() {
				return target.Temporary(target.CodeConnection, "down")
			}
			return nil
		})})
		l := b.plan(target.Target{})
		for i := range 10 {
			b.put(i, 1, l)
			l = b.replace(l, target.Target{Input: ptr(fmt.Sprint(i))})
		}
		up.Store(true)
		pass(2 * time.Hour)
		b.wantRecords(map[string]int{"p": 1})
		if n := len(b.out.lanes); n != 1 {
			t.Errorf("%d lanes in memory, want 1", n)
		}
		b.stop()
	})
}
