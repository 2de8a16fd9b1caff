package delivery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/target"
	"github.com/dari-bus/dari/internal/watch"
)

// A counter is a room in the store of the outbox: what it takes is a record.
type counter struct {
	full   bool // refuses before the transaction
	closed bool // refuses within it
	broken error
	sent   atomic.Int32
	begun  int
}

var errFullCounter = target.Permanent("FULL", "the counter is full")

func (c *counter) Send(context.Context, *target.Delivery) error {
	c.sent.Add(1)
	if c.full {
		return errFullCounter
	}
	return nil
}

func (c *counter) Begin() target.Round {
	c.begun++
	return &counterRound{of: c}
}

type counterRound struct {
	of    *counter
	added []string
	taken []string
}

func (r *counterRound) Add(d *target.Delivery) error {
	if r.of.full {
		return errFullCounter
	}
	r.added = append(r.added, d.ID+" "+string(d.Input)+" "+d.ARN.Resource)
	return nil
}

func (r *counterRound) Take(_ store.Tx, n int) (bool, error) {
	if r.of.closed || r.of.broken != nil {
		return false, r.of.broken
	}
	r.taken = append(r.taken, r.added[n])
	return true, nil
}

func (r *counterRound) Seal(tx store.Tx) error {
	for _, what := range r.taken {
		if err := tx.Put([]byte("counter/"+what), nil); err != nil {
			return err
		}
	}
	return nil
}

// counted lists what the counter has.
func (b *bench) counted() (all []string) {
	b.t.Helper()
	if err := b.store.View(b.t.Context(), func(tx store.Tx) error {
		for k := range tx.Scan([]byte("counter/"), store.End([]byte("counter/"))) {
			all = append(all, strings.TrimPrefix(string(k), "counter/"))
		}
		return nil
	}); err != nil {
		b.t.Fatal(err)
	}
	return all
}

// owe owes events as a bus does; between is called before the transaction.
func (b *bench) owe(between func(), items ...Item) error {
	b.t.Helper()
	defer b.out.Prepare(items)()
	between()
	var start func()
	if err := b.store.Update(b.t.Context(), func(tx store.Tx) (err error) {
		start, err = b.out.Owe(tx, items)
		return err
	}); err != nil {
		return err
	}
	start()
	return nil
}

func nothing() {}

func TestWhatIsHandedOverInTheTransactionLeavesNothingToSettle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &counter{}
		b := newBench(t, options{Sink: c, Renderings: testMemory(1 << 20)})
		l := b.plan(target.Target{InputPath: ptr("$.detail.text")})
		other := b.plan(target.Target{ID: "u", ARN: testQueue + "2", Input: ptr(`"u"`)})
		if err := b.owe(nothing, b.big(1, 1, l, other), b.big(2, 1, l)); err != nil {
			t.Fatal(err)
		}
		// There is no waiting: all of it is there, and told.
		if got := b.counted(); !slices.Equal(got, []string{`big-1 "u" builds2`, `big-1 "x" builds`, `big-2 "x" builds`}) {
			t.Errorf("the counter has %q", got)
		}
		if c.begun != 1 || c.sent.Load() != 0 || b.out.Renderings.Used() != 0 {
			t.Errorf("%d rounds, %d sent, %d bytes of renderings", c.begun, c.sent.Load(), b.out.Renderings.Used())
		}
		b.wantRecords(map[string]int{"p": 2})
		if out := b.log.outcomes(); out[watch.Delivered] != 3 || len(b.log.attempts) != 3 {
			t.Errorf("outcomes %v after %d attempts", out, len(b.log.attempts))
		}
		a, s := b.log.attempts[0], b.log.settlements()[0]
		if a.Number != 1 || string(a.Input) != `"x"` || a.Err != nil || a.Owner != testRule || s.Attempts != 1 || s.Route != a.Route {
			t.Errorf("told of %+v and %+v", a, s)
		}
		b.stop()
	})
}

func TestWhatIsNotHandedOverGoesByTheOutbox(t *testing.T) {
	broken := func(b *bench, c *counter) { c.full = true }
	for name, tt := range map[string]struct {
		target  target.Target
		before  func(b *bench, c *counter) // of Prepare
		between func(b *bench, c *counter) // it and the transaction
		want    watch.Outcome
		code    string
	}{
		"refused before":     {before: broken, want: watch.Dead, code: "FULL"},
		"refused within":     {between: func(_ *bench, c *counter) { c.closed = true }, want: watch.Delivered},
		"cannot be rendered": {target: target.Target{InputPath: ptr("$.detail.nothing")}, want: watch.Dead, code: target.CodeInvalidParam},
		"needs more memory":  {target: target.Target{InputPath: ptr("$.detail.text")}, before: func(b *bench, _ *counter) { b.out.Renderings.Try(b.out.Renderings.Size()) }, between: func(b *bench, _ *counter) { b.out.Renderings.Give(b.out.Renderings.Size()) }, want: watch.Delivered},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &counter{}
				b := newBench(t, options{Sink: c, Renderings: testMemory(1 << 20)})
				if tt.target.InputPath != nil && strings.Contains(*tt.target.InputPath, "text") {
					tt.target.Transformer = &target.Transformer{Paths: map[string]string{"t": "$.detail.text"}, Template: `{"t":<t>}`}
					tt.target.InputPath = nil
				}
				l := b.plan(tt.target)
				if tt.before != nil {
					tt.before(b, c)
				}
				if err := b.owe(func() {
					if tt.between != nil {
						tt.between(b, c)
					}
				}, b.big(1, 300, l)); err != nil {
					t.Fatal(err)
				}
				pass(time.Minute)
				s := b.log.settlements()
				if len(s) != 1 || s[0].Outcome != tt.want || s[0].Code != tt.code || len(b.counted()) != 0 {
					t.Errorf("settled as %+v, the counter has %q", s, b.counted())
				}
				if tt.want == watch.Delivered && c.sent.Load() != 1 {
					t.Errorf("%d sent", c.sent.Load())
				}
				b.stop()
			})
		})
	}
}

// attack8: 400 calls with 15 kB each to 150 targets took a gigabyte while they waited
// for the store, of which nothing was counted.
func TestWhatWaitsToBeHandedOverIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &counter{}
		b := newBench(t, options{Sink: c, Renderings: testMemory(1 << 20)})
		var lanes []Lane
		for i := range 10 {
			lanes = append(lanes, b.plan(target.Target{ID: fmt.Sprint(i)}))
		}
		if err := b.owe(func() {
			if used := b.out.Renderings.Used(); used < 800_000 {
				t.Errorf("%d bytes are counted", used)
			}
		}, b.big(1, 100_000, lanes...)); err != nil {
			t.Fatal(err)
		}
		pass(time.Minute)
		n := 10 - c.sent.Load()
		if out := b.log.outcomes(); out[watch.Delivered] != 10 || n == 0 || n > 5 || b.out.Renderings.Used() != 0 {
			t.Errorf("outcomes %v, %d handed over, %d bytes are still counted", out, n, b.out.Renderings.Used())
		}
		b.stop()
	})
}

// A target that is replaced while an event comes in gets it as it is now, by the
// outbox; one that is deleted gets nothing.
func TestWhatWasMadeReadyForATargetThatIsGoneIsNotHandedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &counter{}
		b := newBench(t, options{Sink: c})
		l, gone := b.plan(target.Target{}), b.plan(target.Target{ID: "gone"})
		items := []Item{b.big(1, 1, l), b.big(2, 1, gone)}
		if err := b.owe(func() {
			items[0].Lanes = []Lane{b.replace(l, target.Target{Input: ptr(`"new"`)})}
			b.update(func(tx store.Tx) error { return b.out.AbandonPlan(tx, gone) })
		}, items...); err != nil {
			t.Fatal(err)
		}
		pass(time.Minute)
		if out := b.log.outcomes(); out[watch.Delivered] != 1 || out[watch.Abandoned] != 1 || c.sent.Load() != 1 || len(b.counted()) != 0 {
			t.Errorf("outcomes %v, %d sent, the counter has %q", out, c.sent.Load(), b.counted())
		}
		b.stop()
	})
}

func TestATakerThatFailsFailsTheTransaction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &counter{broken: errors.New("broken")}
		b := newBench(t, options{Sink: c})
		l := b.plan(target.Target{})
		if err := b.owe(nothing, b.big(1, 1, l)); !errors.Is(err, c.broken) {
			t.Errorf("%v, want %v", err, c.broken)
		}
		pass(time.Minute)
		b.wantRecords(map[string]int{"p": 1})
		if used := b.out.memory.Used(); used != 0 || len(b.log.settlements()) != 0 {
			t.Errorf("%d bytes charged, settled %+v", used, b.log.settlements())
		}
		b.stop()
	})
}

// What comes after Owe in a transaction may fail, or panic under a call, which goes
// on with an error. Then a lane must have as much room as before.
func TestATransactionThatFailsKeepsNoRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, options{Sink: &counter{}})
		l := b.plan(target.Target{})
		for _, fail := range []func() error{
			func() error { return errors.New("broken") },
			func() error { panic("broken") },
		} {
			func() {
				defer func() { _ = recover() }()
				_ = b.store.Update(t.Context(), func(tx store.Tx) error {
					if _, err := b.out.Owe(tx, []Item{b.big(1, 1, l)}); err != nil {
						t.Error(err)
					}
					return fail()
				})
			}()
			if used, coming := b.out.memory.Used(), b.out.lane(l).coming; used != 0 || coming != 0 {
				t.Errorf("%d bytes are charged, and %d deliveries are to come", used, coming)
			}
		}
		b.stop()
	})
}

// One transaction hands over a bounded part, since others wait for it.
func TestATransactionHandsOverABoundedPart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &counter{}
		b := newBench(t, options{Sink: c, ReadyBytes: 1 << 30, Memory: testMemory(1 << 30)})
		var ids []Lane
		for i := range 100 {
			ids = append(ids, b.plan(target.Target{ID: fmt.Sprint(i), ARN: fmt.Sprint(testQueue, i)}))
		}
		if err := b.owe(nothing, b.big(1, 200<<10, ids...)); err != nil {
			t.Fatal(err)
		}
		if n := len(b.counted()); n == 0 || n > 11 {
			t.Errorf("%d of 200 KiB each were handed over", n)
		}
		var small []Item
		for i := range 10 {
			small = append(small, b.big(10+i, 1, ids...))
		}
		before := len(b.counted())
		if err := b.owe(nothing, small...); err != nil {
			t.Fatal(err)
		}
		if n := len(b.counted()) - before; n != mostOffers {
			t.Errorf("%d of 1,000 were handed over, want %d", n, mostOffers)
		}
		pass(time.Minute)
		if out := b.log.outcomes(); out[watch.Delivered] != 1100 {
			t.Errorf("outcomes %v, want 1,100 delivered", out)
		}
		b.stop()
	})
}
