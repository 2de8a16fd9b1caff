package delivery

import (
	"context"
	"errors"
	"runtime/debug"
	"time"

	"github.com/dari-bus/dari/internal/delivery/dead"
	"github.com/dari-bus/dari/internal/target"
	"github.com/dari-bus/dari/internal/watch"
)

var errTimeout = errors.New("the target did not answer in time")

// work carries out attempts until the lane has no more to start.
func (l *lane) work() {
	for {
		l.mu.Lock()
		paused := time.Now().Before(l.breaker.resume) && l.state != laneAbandoned
		if l.out.halted.Load() || len(l.ready) == 0 || paused || l.running > l.width() {
			l.running--
			l.pump()
			l.mu.Unlock()
			l.out.workers.Done()
			return
		}
		t := l.unready()
		abandoned := l.state == laneAbandoned
		l.mu.Unlock()

		if abandoned {
			l.settle(t, watch.Settlement{Outcome: watch.Abandoned}, nil)
		} else if !l.try(t) {
			return // another worker has its place
		}
	}
}

// try sees to one delivery whose turn it is, and reports whether foreign code
// came back in time. One that is too old, or has ended the process too often, is
// given up instead of tried.
func (l *lane) try(t *task) bool {
	switch {
	case t.late && t.dying:
		return l.keep(t, "the dead-letter queue did not answer in time")
	case t.late:
		t.late = false
		return l.failed(t, time.Now().Add(-l.plan.Timeout), l.plan.Timeout, nil, l.timeout())
	case l.tooOld(t):
		return l.giveUp(t, "MaximumEventAgeInSeconds")
	}
	leave, later, poison := l.out.suspects.watch(l, t)
	if leave != nil { // which may have taken a while
		defer leave()
		switch {
		case l.abandoned():
			l.settle(t, watch.Settlement{Outcome: watch.Abandoned}, nil)
			return true
		case l.out.attempts.Err() != nil:
			l.interrupted(t)
			return true
		case !later.IsZero():
			l.wait(t, l.out.Clock().Add(time.Until(later)).UnixMilli()+1)
			return true
		}
	}
	if poison != nil {
		return l.failed(t, time.Now(), 0, nil, poison)
	}
	return l.tryNow(t)
}

// tryNow makes one attempt and decides what comes after it.
func (l *lane) tryNow(t *task) bool {
	started := time.Now()
	input, fail, ok := l.attempt(t)
	took := time.Since(started)
	switch {
	case !ok:
		return false
	case fail == nil:
		t.attempts++
		l.judge(nil, took)
		l.observe(t, started, took, input, nil, time.Time{})
		l.settle(t, watch.Settlement{Outcome: watch.Delivered}, nil)
	case l.out.attempts.Err() != nil:
		l.interrupted(t)
	case fail.Throttled:
		l.observe(t, started, took, input, fail, time.Time{})
		t.code, t.message, t.input = fail.Code, fail.Message, input
		l.pushBack(t, started.Add(max(fail.After, time.Millisecond)))
	default:
		return l.failed(t, started, took, input, fail)
	}
	return true
}

// failed decides what comes after an attempt that failed.
func (l *lane) failed(t *task, started time.Time, took time.Duration, input []byte, fail *target.Error) bool {
	t.attempts++
	l.judge(fail, took)
	t.code, t.message = fail.Code, fail.Message
	wait, again := l.plan.Retry.wait(t.attempts)
	if fail.Permanent || !again {
		exhausted := ""
		if !fail.Permanent {
			exhausted = "MaximumRetryAttempts"
		}
		l.observe(t, started, took, input, fail, time.Time{})
		return l.giveUp(t, exhausted)
	}
	// A delivery that would come due after its last moment comes due at it, to
	// be given up in time.
	next := l.out.Clock().Add(max(wait, fail.After))
	if expires, ever := l.expires(t); ever && next.After(expires) {
		next = expires
	}
	l.observe(t, started, took, input, fail, next)
	l.wait(t, next.UnixMilli()+1)
	return true
}

// expires returns when a delivery is too old, if it ever is.
func (l *lane) expires(t *task) (at time.Time, ever bool) {
	return t.item.Ingested.Add(l.plan.Retry.MaxAge), l.plan.Retry.MaxAge > 0
}

// takeUp is how long after a start a delivery may be late because of the time
// before it.
const takeUp = 10 * time.Second

// tooOld reports whether the age of an event is used up: by attempts, or by
// waiting for its turn at a target that is slow or has a rate limit. A delivery
// that was never tried because dari was not running gets its attempt.
func (l *lane) tooOld(t *task) bool {
	expires, ever := l.expires(t)
	if !ever || l.out.Clock().Before(expires) || t.code == "" && expires.Before(l.out.opened.Add(takeUp)) {
		return false
	}
	if t.code == "" {
		t.code, t.message = target.CodeThrottling, "The maximum age of the event was over before its turn came at "+l.plan.Target+"."
	}
	return true
}

// attempt builds the input and sends it, and reports whether it came back in
// time. A panic on the way is our mistake, but the delivery that brings it about
// must not take the server down with it, now and after every start.
func (l *lane) attempt(t *task) (input []byte, fail *target.Error, ok bool) {
	if fail = l.crowded(); fail != nil {
		return nil, fail, true
	}
	if input = t.input; input == nil {
		if input, fail = l.render(t); fail != nil {
			return input, fail, true
		}
	}
	l.depart(t)
	fail = l.send(t, input)
	return input, fail, l.landed(t)
}

// crowded fails an attempt when too many before it have not come back.
func (l *lane) crowded() *target.Error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lost < l.out.Width {
		return nil
	}
	return target.Temporary(target.CodeTimeout, "%s was not called: %d earlier calls have not come back", l.plan.Target, l.lost)
}

// light is the effort up to which an input is made at once: milliseconds. What
// takes longer takes turns, on half of the processors, so that many of them
// hold up neither what is light, nor the callers of the server, nor its stop.
const light = 16 << 20

// render builds the input, in memory that is set aside for that.
func (l *lane) render(t *task) (input []byte, fail *target.Error) {
	if l.plan.Payload.Effort(len(t.item.Body)) > light {
		select {
		case l.out.heavy <- struct{}{}:
			defer func() { <-l.out.heavy }()
		case <-l.out.attempts.Done():
			return nil, target.AsError(l.out.attempts.Err())
		}
	}
	needs, _ := l.plan.Payload.Cost(len(t.item.Body))
	if err := l.out.Renderings.Take(l.out.attempts, int64(needs)); err != nil {
		return nil, target.AsError(err)
	}
	defer l.out.Renderings.Give(int64(needs))
	defer l.recoverInto(t, &fail)
	input, err := l.plan.Payload.Render(l.delivery(t))
	return input, target.AsError(err)
}

// delivery is what the sides of a plan are told of a task.
func (l *lane) delivery(t *task) *target.Delivery {
	return &target.Delivery{
		ID: t.item.ID, Body: t.item.Body, Owner: l.plan.Owner,
		Forwarded: t.item.Forwarded, Trace: t.item.Trace,
		Attempt: t.attempts + 1, Ingested: t.item.Ingested,
	}
}

func (l *lane) send(t *task, input []byte) (fail *target.Error) {
	defer l.recoverInto(t, &fail)
	ctx, cancel := context.WithTimeoutCause(l.out.attempts, l.plan.Timeout, errTimeout)
	defer cancel()
	d := l.delivery(t)
	d.Input = input
	err := l.plan.Sink.Send(ctx, d)
	if err != nil && context.Cause(ctx) == errTimeout {
		if _, ok := errors.AsType[*target.Error](err); !ok {
			return l.timeout()
		}
	}
	return target.AsError(err)
}

func (l *lane) timeout() *target.Error {
	return target.Temporary(target.CodeTimeout, "%s did not answer within %v", l.plan.Target, l.plan.Timeout)
}

// recoverInto makes an error of a panic.
func (l *lane) recoverInto(t *task, fail **target.Error) {
	if r := recover(); r != nil {
		l.out.Log.Error("an attempt panicked", "owner", l.plan.Owner, "target", l.plan.Target, "item", t.item.ID, "panic", r, "stack", string(debug.Stack()))
		*fail = target.Permanent(target.CodeInternal, "dari failed in delivering to %s; its log has the details", l.plan.Target)
	}
}

// judge narrows or widens the lane by how the attempt went.
func (l *lane) judge(fail *target.Error, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.breaker.judge(fail != nil, fail != nil && fail.Permanent, took)
}

// pushBack returns a task that was throttled and pauses the lane.
func (l *lane) pushBack(t *task, resume time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.again(t)
	l.breaker.resume = resume
}

// interrupted deals with an attempt that the end of the grace cut off. It is
// not counted, and will be repeated by the next start.
func (l *lane) interrupted(t *task) {
	if t.firstPass() {
		l.wait(t, l.out.wall())
		return
	}
	l.leave(t.room)
}

// giveUp ends a delivery that failed for good. It reports whether the
// dead-letter queue answered in time.
func (l *lane) giveUp(t *task, exhausted string) bool {
	t.exhausted = exhausted
	if l.plan.DeadLetters == nil {
		return l.keep(t, "")
	}
	t.dying = true
	l.depart(t)
	err := l.deadLetter(t)
	if !l.landed(t) {
		return false
	}
	switch {
	case err == nil:
		l.settle(t, t.settlement(watch.DeadLettered), nil)
	case l.out.attempts.Err() != nil:
		l.interrupted(t)
	default:
		return l.keep(t, err.Error())
	}
	return true
}

// keep ends a delivery that failed for good and that no dead-letter queue took.
func (l *lane) keep(t *task, deadLetterErr string) bool {
	s := t.settlement(watch.Dead)
	s.DeadLetterErr = deadLetterErr
	l.settle(t, s, &dead.Letter{
		Event: t.item.Body, Source: l.plan.Source, Owner: l.plan.Owner,
		TargetID: l.plan.ID, Target: l.plan.Target,
		Code: s.Code, Message: s.Message, Exhausted: s.Exhausted, DeadLetterErr: s.DeadLetterErr,
		Attempts: t.attempts, Ingested: t.item.Ingested, Died: time.Now().UTC(),
	})
	return true
}

func (t *task) settlement(o watch.Outcome) watch.Settlement {
	return watch.Settlement{Outcome: o, Code: t.code, Message: t.message, Exhausted: t.exhausted}
}

func (l *lane) deadLetter(t *task) (err error) {
	var failed *target.Error
	defer func() {
		if failed != nil {
			err = failed
		}
	}()
	defer l.recoverInto(t, &failed)
	ctx, cancel := context.WithTimeoutCause(l.out.attempts, l.plan.Timeout, errTimeout)
	defer cancel()
	return l.plan.DeadLetters.SendDeadLetter(ctx, l.delivery(t), &target.Failure{
		Code: t.code, Message: t.message, Exhausted: t.exhausted, Attempts: t.attempts,
	})
}

func (l *lane) observe(t *task, started time.Time, took time.Duration, input []byte, fail *target.Error, next time.Time) {
	if l.out.Hooks.Attempted == nil {
		return
	}
	a := watch.Attempt{Route: l.route(&t.item), Number: t.attempts, Started: started, Took: took, Input: input, Next: next}
	if fail != nil {
		a.Err, a.Code, a.Throttled = fail, fail.Code, fail.Throttled
		a.Retryable = !fail.Permanent
	}
	l.out.Hooks.Attempted(&a)
}
