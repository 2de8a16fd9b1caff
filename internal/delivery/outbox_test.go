package delivery

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/delivery/dead"
	"github.com/dari-bus/dari/internal/event"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/mem"
	"github.com/dari-bus/dari/internal/target"
	"github.com/dari-bus/dari/internal/watch"
)

const (
	testBus   = "arn:aws:events:eu-central-1:210987654321:event-bus/default"
	testRule  = "arn:aws:events:eu-central-1:210987654321:rule/builds"
	testQueue = "arn:aws:sqs:eu-central-1:210987654321:builds"
	deadQueue = "arn:aws:sqs:eu-central-1:210987654321:dead"
)

// A bench is an outbox with everything around it, for one test.
type bench struct {
	t      *testing.T
	store  store.Store
	opt    options
	out    *Outbox
	cancel context.CancelFunc
	done   chan error
	log    *record
}

// A record keeps what the hooks and the dead-letter queue were told.
type record struct {
	mu       sync.Mutex
	settled  []watch.Settlement
	attempts []watch.Attempt
	dead     []deadMessage
	deadErr  error
}

type deadMessage struct {
	Queue, Rule string
	Body        string
	Attributes  map[string]string
}

func (r *record) SendDeadLetter(_ context.Context, q arn.ARN, rule string, body []byte, attributes map[string]string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.deadErr != nil {
		return r.deadErr
	}
	r.dead = append(r.dead, deadMessage{q.String(), rule, string(body), attributes})
	return nil
}

func (r *record) deadLetters() []deadMessage {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.dead)
}

func (r *record) settlements() []watch.Settlement {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.settled)
}

func (r *record) outcomes() map[watch.Outcome]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := map[watch.Outcome]int{}
	for _, s := range r.settled {
		out[s.Outcome]++
	}
	return out
}

func newBench(t *testing.T, opt options) *bench {
	t.Helper()
	b := &bench{t: t, store: opt.Store, opt: opt, log: &record{}}
	if b.store == nil {
		b.store = mem.New()
	}
	b.opt.Store = b.store
	b.opt.DeadLetters = b.log
	b.opt.Hooks = watch.Hooks{
		Attempted: func(a *watch.Attempt) {
			b.log.mu.Lock()
			defer b.log.mu.Unlock()
			b.log.attempts = append(b.log.attempts, *a)
		},
		Settled: func(s *watch.Settlement) {
			b.log.mu.Lock()
			defer b.log.mu.Unlock()
			b.log.settled = append(b.log.settled, *s)
		},
	}
	b.start()
	return b
}

func (b *bench) start() {
	b.t.Helper()
	if m := b.opt.Memory; m != nil {
		b.opt.Memory = testMemory(m.Size()) // a process has its own
	}
	out, err := Open(b.t.Context(), b.opt.real())
	if err != nil {
		b.t.Fatal(err)
	}
	b.run(out)
}

func (b *bench) run(out *Outbox) {
	var ctx context.Context
	ctx, b.cancel = context.WithCancel(context.Background())
	b.out, b.done = out, make(chan error, 1)
	go func() { b.done <- out.Run(ctx) }()
}

func (b *bench) stop() {
	b.t.Helper()
	b.cancel()
	if err := <-b.done; err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) plan(tg target.Target) Lane {
	b.t.Helper()
	tg.ID = cmp.Or(tg.ID, "t")
	tg.ARN = cmp.Or(tg.ARN, testQueue)
	var id Lane
	b.update(func(tx store.Tx) (err error) {
		id, err = b.out.AddPlan(tx, planOf(tg))
		return err
	})
	return id
}

func (b *bench) update(fn func(store.Tx) error) {
	b.t.Helper()
	if err := b.store.Update(context.Background(), fn); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) put(from, n int, lanes ...Lane) {
	b.t.Helper()
	items := make([]Item, n)
	for i := range items {
		ev, err := event.New(
			event.Entry{Source: "shop", DetailType: "order", Detail: fmt.Sprintf(`{"n":%d}`, from+i)},
			event.Stamp{ID: fmt.Sprintf("id-%d", from+i), Account: "210987654321", Region: "eu-central-1", Now: time.Now()})
		if err != nil {
			b.t.Fatal(err)
		}
		items[i] = Item{ID: ev.ID, Body: ev.JSON, Source: testBus, Ingested: time.Now(), Lanes: lanes}
	}
	b.accept(items...)()
}

func (b *bench) accept(items ...Item) (start func()) {
	b.t.Helper()
	b.update(func(tx store.Tx) (err error) {
		start, err = b.out.Owe(tx, items)
		return err
	})
	return start
}

// records counts what the outbox keeps, by kind; the kind b are the bodies of
// the dead.
func (b *bench) records() map[string]int {
	b.t.Helper()
	out := map[string]int{}
	err := b.store.View(context.Background(), func(tx store.Tx) error {
		for k := range tx.Scan([]byte("delivery/"), store.End([]byte("delivery/"))) {
			kind := string(k[len("delivery/") : len("delivery/")+1])
			if string(k) == keyStart || string(k) == keyTrying {
				continue
			}
			if kind == "k" && lastNumber(k) == 0 {
				kind = "b"
			}
			out[kind]++
		}
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return out
}

func (b *bench) wantRecords(want map[string]int) {
	b.t.Helper()
	if got := b.records(); !maps.Equal(got, want) {
		b.t.Errorf("records left: %v, want %v", got, want)
	}
}

// deadOf returns the dead deliveries that are kept, from behind an ID.
func deadOf(t *testing.T, o *Outbox, after string) (kept []*dead.Letter) {
	t.Helper()
	each, err := o.Dead().Read(t.Context(), "210987654321", after)
	if err != nil {
		t.Fatal(err)
	}
	for d, err := range each {
		if err != nil {
			t.Fatal(err)
		}
		kept = append(kept, d)
	}
	return kept
}

// testLog is a log that is written to b, which is read when all is over.
func testLog(b *strings.Builder) *slog.Logger { return slog.New(slog.NewTextHandler(b, nil)) }

func sinkFunc(fn func(d *target.Delivery) error) target.Sink {
	return target.SinkFunc(func(_ context.Context, d *target.Delivery) error { return fn(d) })
}

// pass lets virtual time go by, and what was due in it happen.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func ptr[T any](v T) *T { return &v }

func TestDeliveredEventLeavesNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []string
		b := newBench(t, options{Sink: sinkFunc(func(d *target.Delivery) error {
			got = append(got, string(d.Input))
			return nil
		}), Width: 1})
		b.put(1, 1, b.plan(target.Target{InputPath: ptr("$.detail")}))
		pass(time.Second)
		if !slices.Equal(got, []string{`{"n":1}`}) {
			t.Errorf("target got %q", got)
		}
		b.wantRecords(map[string]int{"p": 1})
		b.stop()
	})
}

func TestRetryGoesOnUntilTheTargetTakesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var numbers []int
		b := newBench(t, options{Sink: sinkFunc(func(d *target.Delivery) error {
			numbers = append(numbers, d.Attempt)
			if d.Attempt < 5 {
				return target.Temporary(target.CodeFromTarget, "not now")
			}
			return nil
		})})
		b.put(1, 1, b.plan(target.Target{}))
		pass(time.Minute)
		if want := []int{1, 2, 3, 4, 5}; !slices.Equal(numbers, want) {
			t.Errorf("attempts %v, want %v", numbers, want)
		}
		b.wantRecords(map[string]int{"p": 1})
		b.stop()
	})
}

func TestRetryGivesUpAfterADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, options{
			Sink:    sinkFunc(func(*target.Delivery) error { return target.Temporary(target.CodeConnection, "refused") }),
			Backoff: 17 * time.Minute,
		})
		begin := time.Now()
		b.put(1, 1, b.plan(target.Target{DeadLetter: deadQueue}))
		pass(23*time.Hour + 59*time.Minute)
		if n := len(b.log.deadLetters()); n != 0 {
			t.Fatalf("%d dead letters before the day is over", n)
		}
		pass(2 * time.Minute)
		if n := len(b.log.deadLetters()); n != 1 {
			t.Fatalf("%d dead letters after a day, want 1", n)
		}
		m := b.log.deadLetters()[0]
		if m.Attributes["EXHAUSTED_RETRY_CONDITION"] != "MaximumEventAgeInSeconds" {
			t.Errorf("attributes %v", m.Attributes)
		}
		if took := b.log.settlements()[0].Latency; took < 24*time.Hour || took > 24*time.Hour+time.Minute {
			t.Errorf("settled %v after %v", took, begin)
		}
		b.wantRecords(map[string]int{"p": 1})
		b.stop()
	})
}

func TestDeadLetterCarriesTheReason(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		want map[string]string
	}{
		{"retries used up", target.Temporary(target.CodeFromTarget, "503\tbusy"), map[string]string{
			"RULE_ARN": testRule, "TARGET_ARN": testQueue, "ERROR_CODE": "ERROR_FROM_TARGET", "ERROR_MESSAGE": "503 busy",
			"RETRY_ATTEMPTS": "2", "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
		}},
		{"permanent", target.Permanent(target.CodeNoResource, "no such queue"), map[string]string{
			"RULE_ARN": testRule, "TARGET_ARN": testQueue, "ERROR_CODE": "NO_RESOURCE", "ERROR_MESSAGE": "no such queue",
			"RETRY_ATTEMPTS": "0",
		}},
		{"an error of no kind", errors.New("surprise"), map[string]string{
			"RULE_ARN": testRule, "TARGET_ARN": testQueue, "ERROR_CODE": "INTERNAL_ERROR", "ERROR_MESSAGE": "surprise",
			"RETRY_ATTEMPTS": "2", "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, options{Sink: sinkFunc(func(*target.Delivery) error { return c.err })})
				b.put(1, 1, b.plan(target.Target{DeadLetter: deadQueue, Retry: &target.RetryPolicy{MaxAttempts: ptr(2)}, Input: ptr(`{"x":1}`)}))
				pass(time.Minute)
				if len(b.log.deadLetters()) != 1 {
					t.Fatalf("%d dead letters, want 1", len(b.log.deadLetters()))
				}
				m := b.log.deadLetters()[0]
				if !maps.Equal(m.Attributes, c.want) {
					t.Errorf("attributes\n got %v\nwant %v", m.Attributes, c.want)
				}
				if m.Queue != deadQueue || m.Rule != testRule || !strings.Contains(m.Body, `"detail":{"n":1}`) {
					t.Errorf("dead letter %+v: want the original event", m)
				}
				b.wantRecords(map[string]int{"p": 1})
				b.stop()
			})
		})
	}
}

func TestWithoutADeadLetterQueueTheDeliveryIsKeptAsDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, options{
			MaxDead: 3, Width: 1,
			Sink: sinkFunc(func(*target.Delivery) error { return target.Permanent(target.CodeNoResource, "gone") }),
		})
		b.put(1, 5, b.plan(target.Target{}))
		pass(time.Minute)
		b.wantRecords(map[string]int{"p": 1, "k": 3, "b": 3})
		kept, pushed := deadOf(t, b.out, ""), b.out.Dead().PushedOut("210987654321")
		if len(kept) != 3 || pushed != 2 {
			t.Fatalf("%d kept, %d pushed out, want 3 and 2", len(kept), pushed)
		}
		var envelope struct{ Detail struct{ N int } }
		if err := json.Unmarshal(kept[0].Event, &envelope); err != nil || envelope.Detail.N != 3 {
			t.Errorf("oldest kept is %s (%v), want the third event", kept[0].Event, err)
		}
		if kept[0].Code != target.CodeNoResource || kept[0].Message != "gone" || kept[0].Attempts != 1 {
			t.Errorf("kept %+v", kept[0])
		}
		b.stop()
		b.start()
		b.put(6, 1, b.plan(target.Target{}))
		pass(time.Minute)
		b.wantRecords(map[string]int{"p": 2, "k": 3, "b": 3})
		if n := b.out.Dead().Count(); n != 3 {
			t.Errorf("%d are said to be kept, want 3", n)
		}
		b.stop()
	})
}

func TestADeadLetterQueueThatFailsLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, options{Sink: sinkFunc(func(*target.Delivery) error { return target.Permanent(target.CodeNoResource, "gone") })})
		b.log.deadErr = errors.New("no such dead-letter queue")
		b.put(1, 1, b.plan(target.Target{DeadLetter: deadQueue}))
		pass(time.Minute)
		kept := deadOf(t, b.out, "")
		if len(kept) != 1 || kept[0].DeadLetterErr != "no such dead-letter queue" {
			t.Errorf("kept %+v", kept)
		}
		b.stop()
	})
}

func TestASlowTargetDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var last time.Time
		b := newBench(t, options{Sink: target.SinkFunc(func(ctx context.Context, d *target.Delivery) error {
			if d.Target.ID == "slow" {
				<-ctx.Done()
				return ctx.Err()
			}
			last = time.Now()
			return nil
		}), Width: 1})
		slow, quick := b.plan(target.Target{ID: "slow"}), b.plan(target.Target{ID: "quick"})
		begin := time.Now()
		b.put(1, 500, slow, quick)
		pass(time.Second)
		if n := b.log.outcomes()[watch.Delivered]; n != 500 {
			t.Errorf("%d delivered within a second, want 500", n)
		}
		if d := last.Sub(begin); d > 50*time.Millisecond {
			t.Errorf("the quick target was served after %v", d)
		}
		b.stop()
	})
}

func TestWhatIsOverTheBoundWaitsOnDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		open := make(chan struct{})
		var mu sync.Mutex
		got := map[string]int{}
		b := newBench(t, options{Ready: 16, Width: 4, Sink: target.SinkFunc(func(ctx context.Context, d *target.Delivery) error {
			<-open
			mu.Lock()
			defer mu.Unlock()
			got[d.ID]++
			return nil
		})})
		l := b.plan(target.Target{})
		for i := range 50 {
			b.put(i*10, 10, l)
		}
		synctest.Wait()
		if n := b.out.Waiting(); n != b.records()["w"] {
			t.Errorf("%d are said to wait of %v", n, b.records())
		}
		if r := b.records(); r["w"] < 450 || r["e"] != 500 {
			t.Errorf("records %v: want most of 500 deliveries on disk", r)
		}
		if held := b.out.memory.Used(); held > 40*1024 {
			t.Errorf("%d bytes held in memory", held)
		}
		close(open)
		pass(time.Minute)
		if len(got) != 500 {
			t.Errorf("%d events arrived, want 500", len(got))
		}
		for id, n := range got {
			if n != 1 {
				t.Errorf("%s arrived %d times", id, n)
			}
		}
		b.wantRecords(map[string]int{"p": 1})
		if held := b.out.memory.Used(); held != 0 {
			t.Errorf("%d bytes are still charged", held)
		}
		b.stop()
	})
}

func TestAnOrderlyStopLosesAndRepeatsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		got := map[string]int{}
		b := newBench(t, options{Ready: 64, Width: 2, Sink: target.SinkFunc(func(ctx context.Context, d *target.Delivery) error {
			time.Sleep(10 * time.Millisecond)
			if d.Target.ID == "b" && d.Attempt == 1 && len(d.ID)%2 == 0 {
				return target.Temporary(target.CodeFromTarget, "once more")
			}
			mu.Lock()
			defer mu.Unlock()
			got[d.Target.ID+d.ID]++
			return nil
		})})
		la, lb := b.plan(target.Target{ID: "a"}), b.plan(target.Target{ID: "b"})
		for i := range 20 {
			b.put(i*10, 10, la, lb)
			pass(20 * time.Millisecond)
			b.stop()
			b.start()
		}
		pass(time.Hour)
		if len(got) != 400 {
			t.Errorf("%d deliveries arrived, want 400", len(got))
		}
		for id, n := range got {
			if n != 1 {
				t.Errorf("%s arrived %d times", id, n)
			}
		}
		b.wantRecords(map[string]int{"p": 2})
		b.stop()
	})
}

func TestWhatWaitsForAReplacedTargetIsDeliveredAsItWas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var up atomic.Bool
		var got []string
		b := newBench(t, options{Width: 1, Sink: sinkFunc(func(d *target.Delivery) error {
			if !up.Load() {
				return target.Temporary(target.CodeConnection, "down")
			}
			got = append(got, string(d.Input))
			return nil
		})})
		old := b.plan(target.Target{Input: ptr(`"old"`)})
		b.put(1, 1, old)
		pass(time.Second)
		b.update(func(tx store.Tx) error { return b.out.RetirePlan(tx, old) })
		b.put(2, 1, b.plan(target.Target{Input: ptr(`"new"`)}))
		up.Store(true)
		b.stop()
		b.start()
		pass(time.Hour)
		slices.Sort(got)
		if !slices.Equal(got, []string{`"new"`, `"old"`}) {
			t.Errorf("got %q", got)
		}
		b.wantRecords(map[string]int{"p": 1})
		b.stop()
	})
}

func TestWhatWaitsForADeletedTargetIsAbandoned(t *testing.T) {
	for _, restart := range []bool{false, true} {
		t.Run(fmt.Sprintf("restart %t", restart), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, options{Ready: 8, Sink: sinkFunc(func(d *target.Delivery) error {
					return target.Temporary(target.CodeConnection, "down")
				})})
				l := b.plan(target.Target{})
				b.put(1, 100, l)
				pass(time.Second)
				b.update(func(tx store.Tx) error { return b.out.AbandonPlan(tx, l) })
				if restart {
					b.stop()
					b.start()
				}
				pass(time.Hour)
				if n := b.log.outcomes()[watch.Abandoned]; n != 100 {
					t.Errorf("%d abandoned, want 100", n)
				}
				b.put(101, 1, l)
				if n := b.log.outcomes()[watch.Abandoned]; n != 101 {
					t.Errorf("%d abandoned, want 101", n)
				}
				b.wantRecords(map[string]int{})
				b.stop()
			})
		})
	}
}

func TestThrottledIsNoAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		free := time.Now()
		var mu sync.Mutex
		var numbers []int
		b := newBench(t, options{Sink: sinkFunc(func(d *target.Delivery) error {
			mu.Lock()
			defer mu.Unlock()
			if wait := time.Until(free); wait > 0 {
				return &target.Error{Code: target.CodeThrottling, Message: "rate", Throttled: true, After: wait}
			}
			free = time.Now().Add(time.Second)
			numbers = append(numbers, d.Attempt)
			return nil
		})})
		begin := time.Now()
		b.put(1, 10, b.plan(target.Target{Retry: &target.RetryPolicy{MaxAttempts: ptr(0)}, DeadLetter: deadQueue}))
		pass(time.Minute)
		if n := b.log.outcomes()[watch.Delivered]; n != 10 {
			t.Fatalf("%v, want 10 delivered", b.log.outcomes())
		}
		if slices.Max(numbers) != 1 {
			t.Errorf("attempts %v: throttling must not count", numbers)
		}
		last := b.log.settlements()[9]
		if last.Latency < 9*time.Second || last.Latency > 10*time.Second {
			t.Errorf("the last of ten at one a second took %v after %v", last.Latency, begin)
		}
		b.stop()
	})
}

func TestThrottledForTooLongIsDeadLettered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, options{Sink: sinkFunc(func(d *target.Delivery) error {
			return &target.Error{Code: target.CodeThrottling, Message: "rate", Throttled: true, After: 10 * time.Second}
		})})
		b.put(1, 1, b.plan(target.Target{Retry: &target.RetryPolicy{MaxAge: ptr(60)}, DeadLetter: deadQueue}))
		pass(2 * time.Minute)
		if len(b.log.deadLetters()) != 1 || b.log.deadLetters()[0].Attributes["ERROR_CODE"] != target.CodeThrottling {
			t.Errorf("dead letters %+v", b.log.deadLetters())
		}
		b.stop()
	})
}

func TestATargetThatKeepsFailingIsProbed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		inFlight, most, attempts := 0, 0, 0
		var up atomic.Bool
		b := newBench(t, options{Sink: sinkFunc(func(d *target.Delivery) error {
			mu.Lock()
			inFlight++
			if attempts++; attempts > 3*breakAfter && !up.Load() {
				most = max(most, inFlight)
			}
			ok := up.Load()
			mu.Unlock()
			time.Sleep(time.Millisecond)
			mu.Lock()
			inFlight--
			mu.Unlock()
			if ok {
				return nil
			}
			return target.Temporary(target.CodeConnection, "refused")
		})})
		l := b.plan(target.Target{})
		for i := range 20 {
			b.put(i*10, 10, l)
			pass(100 * time.Millisecond)
		}
		mu.Lock()
		if most != 1 {
			t.Errorf("%d attempts in flight at a failing target, want 1", most)
		}
		mu.Unlock()
		up.Store(true)
		pass(2 * time.Hour)
		if n := b.log.outcomes()[watch.Delivered]; n != 200 {
			t.Errorf("%v, want 200 delivered", b.log.outcomes())
		}
		b.wantRecords(map[string]int{"p": 1})
		b.stop()
	})
}

func TestAStoreThatFailsEndsRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, options{Sink: sinkFunc(func(d *target.Delivery) error { return nil })})
		l := b.plan(target.Target{})
		b.put(1, 1, l)
		b.store.Close()
		if err := <-b.done; !errors.Is(err, store.ErrClosed) {
			t.Errorf("Run returned %v, want the store's error", err)
		}
		b.cancel()
	})
}
