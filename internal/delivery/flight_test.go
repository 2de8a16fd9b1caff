package delivery

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/target"
	"github.com/dari-bus/dari/internal/watch"
)

// A wedged target holds whoever calls it until it is freed, whatever their
// context says.
type wedged struct {
	free    chan struct{}
	holding atomic.Int64
}

func newWedged() *wedged { return &wedged{free: make(chan struct{})} }

func (w *wedged) hold() {
	w.holding.Add(1)
	defer w.holding.Add(-1)
	<-w.free
}

func (w *wedged) Send(_ context.Context, d *target.Delivery) error {
	if d.Target.ID != "t" {
		return nil
	}
	w.hold()
	return nil
}

func (w *wedged) SendDeadLetter(context.Context, arn.ARN, string, []byte, map[string]string) error {
	w.hold()
	return nil
}

// attack F1: a sink that does not obey its context wedged its lane for good.
func TestAnAttemptEndsAtItsDeadlineWhateverTheSinkDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWedged()
		b := newBench(t, options{Sink: w, Width: 2, Timeout: 5 * time.Second, Backoff: time.Second})
		l := b.plan(target.Target{DeadLetter: deadQueue, Retry: &target.RetryPolicy{MaxAttempts: ptr(3)}})
		b.put(1, 10, l, b.plan(target.Target{ID: "well"}))
		pass(time.Second)
		if out := b.log.outcomes(); out[watch.Delivered] != 10 {
			t.Errorf("outcomes %v, want 10 delivered to the target that is well", out)
		}
		pass(2 * time.Minute)
		if out := b.log.outcomes(); out[watch.DeadLettered] != 10 {
			t.Errorf("outcomes %v, want 10 dead-lettered", out)
		}
		if n := w.holding.Load(); n != 2 {
			t.Errorf("%d calls are held, want no more than the lane is wide", n)
		}
		for _, m := range b.log.deadLetters() {
			if m.Attributes["ERROR_CODE"] != target.CodeTimeout || m.Attributes["RETRY_ATTEMPTS"] != "3" {
				t.Errorf("attributes %v", m.Attributes)
			}
		}
		if held := b.out.memory.Used(); held < 2*512 || held > 2*1024 {
			t.Errorf("%d bytes are charged, want those of the two events that are held", held)
		}
		close(w.free)
		pass(time.Second)
		if held := b.out.memory.Used(); held != 0 {
			t.Errorf("%d bytes are charged after the calls have come back", held)
		}
		b.wantRecords(map[string]int{"p": 2})
		b.put(20, 5, l)
		pass(time.Second)
		if out := b.log.outcomes(); out[watch.Delivered] != 15 {
			t.Errorf("outcomes %v, want the lane to go on", out)
		}
		b.stop()
	})
}

// attack F1: SIGTERM never ended the process.
func TestTheStopEndsWithinTheGraceWhateverTheSinkDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWedged()
		var log strings.Builder
		b := newBench(t, options{Sink: w, Grace: 2 * time.Second, Log: testLog(&log)})
		b.put(1, 3, b.plan(target.Target{}), b.plan(target.Target{ID: "well"}))
		pass(time.Second)
		begin := time.Now()
		b.stop()
		if took := time.Since(begin); took > 2*time.Second+slack+100*time.Millisecond {
			t.Errorf("the stop took %v", took)
		}
		if n := strings.Count(log.String(), "an attempt that does not end is left behind"); n != 3 {
			t.Errorf("it is said %d times that an attempt is left behind:\n%s", n, log.String())
		}
		close(w.free)
		b.opt.Sink = sinkFunc(func(*target.Delivery) error { return nil })
		b.start()
		pass(time.Minute)
		if out := b.log.outcomes(); out[watch.Delivered] != 6 || len(out) != 1 {
			t.Errorf("outcomes %v, want all delivered once, some of them by the next start", out)
		}
		b.wantRecords(map[string]int{"p": 2})
		b.stop()
	})
}

func TestADeadLetterQueueThatDoesNotComeBackIsLeftBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWedged()
		b := newBench(t, options{Timeout: 5 * time.Second, Sink: sinkFunc(func(*target.Delivery) error {
			return target.Permanent(target.CodeNoResource, "gone")
		})})
		b.stop()
		b.opt.DeadLetters = w
		b.start()
		b.put(1, 3, b.plan(target.Target{DeadLetter: deadQueue}))
		pass(time.Minute)
		for _, d := range deadOf(t, b.out, "") {
			if d.Code != target.CodeNoResource || !strings.Contains(d.DeadLetterErr, "did not answer in time") {
				t.Errorf("kept %+v", d)
			}
		}
		b.wantRecords(map[string]int{"p": 1, "k": 3, "b": 3})
		close(w.free)
		b.stop()
	})
}

func TestAPanicInTheDeadLetterQueueIsAReasonToKeepTheDelivery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, options{Sink: sinkFunc(func(*target.Delivery) error {
			return target.Permanent(target.CodeNoResource, "gone")
		})})
		b.stop()
		b.opt.DeadLetters = panicking{}
		b.start()
		b.put(1, 1, b.plan(target.Target{DeadLetter: deadQueue}))
		pass(time.Minute)
		for _, d := range deadOf(t, b.out, "") {
			if !strings.Contains(d.DeadLetterErr, "its log has the details") {
				t.Errorf("kept %+v", d)
			}
		}
		b.wantRecords(map[string]int{"p": 1, "k": 1, "b": 1})
		b.stop()
	})
}

type panicking struct{}

func (panicking) SendDeadLetter(context.Context, arn.ARN, string, []byte, map[string]string) error {
	panic("a mistake of ours")
}

// attack F19: a timer learns neither that the clock was set nor that the
// machine slept.
func TestDeliveriesFollowTheClockWhenItIsSet(t *testing.T) {
	for _, c := range []struct {
		name         string
		begin, later time.Duration // how wrong the clock is
	}{
		{"it is put on by an hour", 0, time.Hour},
		{"it was an hour slow and is put right", -time.Hour, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var wrong atomic.Int64
				wrong.Store(int64(c.begin))
				var tried int
				b := newBench(t, options{
					Clock:   func() time.Time { return time.Now().Add(time.Duration(wrong.Load())) },
					Backoff: 10 * time.Minute,
					Sink: sinkFunc(func(*target.Delivery) error {
						tried++
						return target.Temporary(target.CodeConnection, "refused")
					}),
				})
				b.put(1, 1, b.plan(target.Target{}))
				pass(time.Second)
				wrong.Store(int64(c.later))
				pass(45 * time.Second)
				if tried != 2 {
					t.Errorf("tried %d times, want again when the clock says that it is due", tried)
				}
				b.stop()
			})
		})
	}
}

// attack F2: what cannot be made is a dead letter with the reason, and the
// event does no harm on the way there, nor do many at once.
func TestAnInputThatIsTooLongIsDeadLettered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		template := "[" + strings.Repeat("<e>,", 2045) + "<e>]"
		b := newBench(t, options{
			Renderings: testMemory(8 << 20),
			Sink:       sinkFunc(func(*target.Delivery) error { return fmt.Errorf("the target was called") }),
		})
		b.putBig(20, 100<<10, b.plan(target.Target{
			Transformer: &target.Transformer{Paths: map[string]string{"e": "$.detail"}, Template: template}, DeadLetter: deadQueue,
		}))
		pass(time.Minute)
		if n := len(b.log.deadLetters()); n != 20 {
			t.Errorf("%d dead letters, want 20", n)
		}
		for _, m := range b.log.deadLetters() {
			if m.Attributes["ERROR_CODE"] != target.CodeInvalidParam || !strings.Contains(m.Attributes["ERROR_MESSAGE"], "more than 1048576 bytes") || m.Attributes["RETRY_ATTEMPTS"] != "0" {
				t.Errorf("attributes %v", m.Attributes)
			}
		}
		b.wantRecords(map[string]int{"p": 1})
		b.stop()
	})
}
