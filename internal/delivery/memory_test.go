package delivery

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dari-bus/dari/internal/budget"
	"github.com/dari-bus/dari/internal/event"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/mem"
	"github.com/dari-bus/dari/internal/target"
	"github.com/dari-bus/dari/internal/watch"
)

// putBig puts n events of about size bytes, each in a transaction of its own.
func (b *bench) putBig(n, size int, lanes ...Lane) {
	b.t.Helper()
	for i := range n {
		b.accept(b.big(i, size, lanes...))()
	}
}

func (b *bench) big(i, size int, lanes ...Lane) Item {
	b.t.Helper()
	ev, err := event.New(
		event.Entry{Source: "shop", DetailType: "order", Detail: fmt.Sprintf(`{"n":%d,"text":%q}`, i, strings.Repeat("x", size))},
		event.Stamp{ID: fmt.Sprintf("big-%d", i), Account: "210987654321", Region: "eu-central-1", Now: time.Now()})
	if err != nil {
		b.t.Fatal(err)
	}
	return Item{ID: ev.ID, Body: ev.JSON, Source: testBus, Ingested: time.Now(), Lanes: lanes}
}

// testMemory is memory for all lanes of a test.
func testMemory(n int64) *budget.Share {
	return budget.New(n, []budget.Part{{Name: "deliveries", Percent: 100}}).Share("deliveries")
}

// A silent target swallows what it is sent until the attempt is called off.
func silent(ctx context.Context, _ *target.Delivery) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestBigEventsThatWaitOnDiskAreReadWithinTheBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size = 10 << 10
		b := newBench(t, options{ReadyBytes: 4 * size, Memory: testMemory(64 * size), Width: 2, Sink: target.SinkFunc(silent)})
		l := b.plan(target.Target{})
		b.putBig(200, size, l)
		pass(time.Second)
		if held := b.out.memory.Used(); held > 5*size {
			t.Errorf("one lane holds %d KiB, want at most %d", held>>10, 5*size>>10)
		}
		b.stop()
	})
}

func TestLanesThatReadAtOnceStayWithinTheBoundOfAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size, lanes = 40 << 10, 25
		var stuck atomic.Bool
		stuck.Store(true)
		b := newBench(t, options{ReadyBytes: 8 * size, Memory: testMemory(20 * size), Width: 1, Sink: target.SinkFunc(func(ctx context.Context, d *target.Delivery) error {
			if stuck.Load() {
				return silent(ctx, d)
			}
			return nil
		})})
		var ids []Lane
		for i := range lanes {
			ids = append(ids, b.plan(target.Target{ID: fmt.Sprint(i)}))
		}
		for _, id := range ids {
			b.putBig(20, size, id)
		}
		b.stop()
		b.start()
		pass(time.Second)
		if held, most := b.out.memory.Used(), b.out.memory.Size(); held > most {
			t.Errorf("%d KiB held in memory, want at most %d", held>>10, most>>10)
		}
		stuck.Store(false)
		pass(time.Hour)
		b.wantRecords(map[string]int{"p": lanes})
		if held := b.out.memory.Used(); held != 0 {
			t.Errorf("%d bytes are still charged", held)
		}
		b.stop()
	})
}

func TestVeryManyLanesStayWithinTheBoundOfAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size, lanes = 1 << 10, 500
		b := newBench(t, options{Memory: testMemory(256 << 10), Width: 1, Sink: target.SinkFunc(silent)})
		for i := range lanes {
			b.putBig(10, size, b.plan(target.Target{ID: fmt.Sprint(i)}))
		}
		pass(time.Second)
		if held, most := b.out.memory.Used(), b.out.memory.Size(); held > most {
			t.Errorf("%d KiB held in memory, want at most %d", held>>10, most>>10)
		}
		b.stop()
	})
}

func TestEventsOnTheirWayToDiskCountTowardsTheBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, options{Ready: 16, Width: 1, Sink: target.SinkFunc(silent)})
		l := b.plan(target.Target{})
		var starts []func()
		for i := range 100 { // a hundred callers wait for the disk together
			starts = append(starts, b.accept(b.big(i, 100, l)))
		}
		for _, start := range starts {
			start()
		}
		synctest.Wait()
		if held := b.out.memory.Used(); held > 40*1024 {
			t.Errorf("%d bytes held in memory, where 16 deliveries of less than 1 KiB may be", held)
		}
		b.stop()
	})
}

func TestEventsThatCannotBeWrittenTakeNoRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &full{Store: mem.New()}
		s.room.Store(1 << 20)
		b := newBench(t, options{Store: s, Ready: 4, Sink: sinkFunc(func(*target.Delivery) error { return nil })})
		l := b.plan(target.Target{})
		s.room.Store(3)
		items := []Item{b.big(1, 100, l), b.big(2, 100, l), b.big(3, 100, l), b.big(4, 100, l)}
		err := b.store.Update(t.Context(), func(tx store.Tx) error {
			_, err := b.out.Owe(tx, items)
			return err
		})
		if !errors.Is(err, errFull) {
			t.Fatalf("Accept: %v", err)
		}
		if held := b.out.memory.Used(); held != 0 {
			t.Errorf("%d bytes are charged", held)
		}
		s.room.Store(1 << 20)
		b.accept(items...)()
		b.wantRecords(map[string]int{"p": 1, "e": 4}) // there was room in memory for all
		pass(time.Second)
		b.wantRecords(map[string]int{"p": 1})
		b.stop()
	})
}

func TestHoardingLanesLeaveRoomForOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size = 10 << 10
		var served atomic.Int64
		b := newBench(t, options{ReadyBytes: 16 * size, Memory: testMemory(128 * size), Width: 4, Sink: target.SinkFunc(func(ctx context.Context, d *target.Delivery) error {
			if d.Target.ID != "quick" {
				return silent(ctx, d)
			}
			time.Sleep(10 * time.Millisecond)
			served.Add(1)
			return nil
		})})
		for i := range 10 {
			b.putBig(50, size, b.plan(target.Target{ID: fmt.Sprint(i)}))
		}
		quick := b.plan(target.Target{ID: "quick"})
		b.putBig(400, size, quick)
		pass(1100 * time.Millisecond)
		if n := served.Load(); n < 200 {
			t.Errorf("%d of 400 events served: want several attempts at a time, which would serve all, not one, which serves 110", n)
		}
		b.stop()
	})
}

func TestAStoreThatStallsStopsTheReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var up atomic.Bool
		var tried atomic.Int64
		b := newBench(t, options{Ready: 16, Backoff: time.Second, Sink: sinkFunc(func(*target.Delivery) error {
			if !up.Load() {
				return target.Temporary(target.CodeConnection, "refused")
			}
			tried.Add(1)
			return nil
		})})
		l := b.plan(target.Target{})
		for i := range 100 {
			b.put(i*10, 10, l)
		}
		b.stop()
		slow := &stalled{Store: b.store}
		slow.stall()
		b.opt.Store = slow
		up.Store(true)
		b.start()
		pass(time.Minute)
		if n := tried.Load(); n > 100 {
			t.Errorf("%d deliveries went out and could not be settled, want no more than a few pages", n)
		}
		slow.goOn()
		pass(time.Minute)
		b.wantRecords(map[string]int{"p": 1})
		if n := tried.Load(); n != 1000 {
			t.Errorf("%d attempts at 1000 deliveries", n)
		}
		b.stop()
	})
}

func TestUnfinishedFirstPassesAreReadWithinTheBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size = 10 << 10
		down := &severed{Store: mem.New()}
		b := newBench(t, options{Store: down, Width: 1, Sink: target.SinkFunc(silent)})
		l := b.plan(target.Target{})
		b.putBig(100, size, l)
		down.cut.Store(true)
		b.cancel()
		<-b.done
		views := &measured{Store: down.Store}
		b.store, b.opt.Store = views, views
		b.opt.ReadyBytes = 4 * size
		b.start()
		pass(time.Second)
		if views.most > 8*size {
			t.Errorf("%d KiB read in one go", views.most>>10)
		}
		b.stop()
	})
}

// A target that is too slow for what comes in is not only sent what is new.
func TestAStreamOfNewDeliveriesDoesNotShutOutThoseOnDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fresh, old int
		b := newBench(t, options{Ready: 32, Width: 1, Sink: sinkFunc(func(d *target.Delivery) error {
			if time.Since(d.Ingested) < time.Second {
				fresh++
			} else {
				old++
			}
			time.Sleep(10 * time.Millisecond)
			return nil
		})})
		l := b.plan(target.Target{})
		for i := range 4000 {
			b.put(i, 1, l)
			time.Sleep(5 * time.Millisecond)
		}
		b.stop()
		if total := fresh + old; old < total/5 {
			t.Errorf("%d attempts at new deliveries, and %d at those that had waited on disk", fresh, old)
		}
	})
}

// attack F11: each lane kept one event whatever its size, and there is no bound
// on how many lanes there are.
func TestManyDeadTargetsWithBigEventsStayWithinTheMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size, lanes = 20 << 10, 60 // ten times as much as there is
		var most atomic.Int64
		var b *bench
		var up atomic.Bool
		b = newBench(t, options{Memory: testMemory(lanes * size / 10), Backoff: time.Minute, Sink: sinkFunc(func(*target.Delivery) error {
			if most.Store(max(most.Load(), b.opt.Memory.Used())); up.Load() {
				return nil
			}
			return target.Temporary(target.CodeConnection, "refused")
		})})
		ids := make([]Lane, lanes)
		for i := range ids {
			ids[i] = b.plan(target.Target{ID: fmt.Sprint(i)})
		}
		b.putBig(6, size, ids...)
		pass(4 * time.Minute)
		b.stop()
		b.opt.Hooks.Attempted = nil // which keeps what it is told
		before := heap()
		b.start()
		pass(4 * time.Minute)
		if more := heap() - before; more > b.opt.Memory.Size()+1<<20 {
			t.Errorf("the heap is %d KiB larger than before the deliveries were tried", more>>10)
		}
		if held := b.opt.Memory.Size(); most.Load() > held {
			t.Errorf("%d KiB held, want at most %d", most.Load()>>10, held>>10)
		}
		up.Store(true)
		pass(time.Hour)
		b.wantRecords(map[string]int{"p": lanes})
		if n := b.log.outcomes()[watch.Delivered]; n != 6*lanes {
			t.Errorf("%d delivered, want %d", n, 6*lanes)
		}
		if held := b.out.memory.Used() + b.out.memory.brisk.Used() + b.out.memory.other.Used(); held != 0 {
			t.Errorf("%d bytes are still charged", held)
		}
		b.stop()
	})
}

// heap is how much memory is in use.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// attack F11: also when the memory is used up, a slow target delays no other,
// neither with small events nor with big ones.
func TestTargetsThatHangLeaveMemoryForThoseThatAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size, lanes = 20 << 10, 60
		var late atomic.Int64
		b := newBench(t, options{
			Memory: testMemory(lanes * size / 4), Timeout: 30 * time.Second, Backoff: time.Second,
			Sink: target.SinkFunc(func(ctx context.Context, d *target.Delivery) error {
				if d.Target.ID != "well" {
					return silent(ctx, d)
				}
				time.Sleep(10 * time.Millisecond)
				late.Store(max(late.Load(), int64(time.Since(d.Ingested))))
				return nil
			}),
		})
		well := b.plan(target.Target{ID: "well"})
		b.put(0, 1, well)
		pass(time.Second) // it is known to be well
		for i := range lanes {
			b.putBig(10, size, b.plan(target.Target{ID: fmt.Sprint(i)}))
		}
		pass(time.Minute)
		for i := range 50 {
			b.putBig(1, size, well)
			b.put(i, 1, well)
			pass(100 * time.Millisecond)
		}
		pass(5 * time.Second)
		if n := b.log.outcomes()[watch.Delivered]; n != 101 {
			t.Errorf("%d events were delivered to the target that is well, want 101", n)
		}
		if worst := time.Duration(late.Load()); worst > time.Second {
			t.Errorf("an event came %v late", worst)
		}
		if held := b.opt.Memory.Used(); held > b.opt.Memory.Size() {
			t.Errorf("%d KiB held", held>>10)
		}
		b.cancel()
		<-b.done
	})
}

// attack F2, in time: inputs that take long to make held up the deliveries of
// others, those who called the server, and its stop.
func TestInputsThatTakeLongTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent atomic.Int64
		b := newBench(t, options{Sink: target.SinkFunc(func(_ context.Context, d *target.Delivery) error {
			sent.Add(1)
			return nil
		})})
		paths, template := map[string]string{}, "["
		for i := range 10 {
			paths[fmt.Sprint("v", i)] = "$.detail" + strings.Repeat(".a", 20)
			template += fmt.Sprintf("<v%d>,", i)
		}
		heavy := b.plan(target.Target{Transformer: &target.Transformer{Paths: paths, Template: strings.TrimSuffix(template, ",") + "]"}})
		light := b.plan(target.Target{ID: "light", Transformer: &target.Transformer{Paths: map[string]string{"t": "$.detail.text"}, Template: `{"t":<t>}`}})
		for range cap(b.out.heavy) {
			b.out.heavy <- struct{}{} // others are having their turns
		}
		b.putBig(3, 100<<10, heavy, light)
		pass(time.Minute)
		if n := sent.Load(); n != 3 {
			t.Errorf("%d arrived while others had their turns, want 3: those that take no time", n)
		}
		<-b.out.heavy
		pass(time.Second)
		if n := sent.Load(); n != 6 {
			t.Errorf("%d arrived after a turn had become free, want 6", n)
		}
		b.out.heavy <- struct{}{}
		b.putBig(3, 100<<10, heavy)
		pass(time.Second)
		began := time.Now()
		b.stop()
		if took := time.Since(began); took > b.out.Grace+slack {
			t.Errorf("the stop took %v", took)
		}
	})
}
