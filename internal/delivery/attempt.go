package delivery

import (
	"context"
	"errors"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
	"unicode"

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

// try makes one attempt and decides what comes after it. A delivery that is too
// old is given up instead. It reports whether the attempt ended in time.
func (l *lane) try(t *task) bool {
	switch {
	case t.late && t.dying:
		return l.keep(t, "the dead-letter queue did not answer in time")
	case t.late:
		t.late = false
		return l.failed(t, time.Now().Add(-l.out.Timeout), l.out.Timeout, nil, l.timeout())
	case l.tooOld(t):
		return l.giveUp(t, "MaximumEventAgeInSeconds")
	}
	leave, later, poison := l.out.suspects.watch(l, t)
	if leave != nil { // which may have taken a while
		defer leave()
		if l.abandoned() {
			l.settle(t, watch.Settlement{Outcome: watch.Abandoned}, nil)
			return true
		}
		if l.out.attempts.Err() != nil {
			l.interrupted(t)
			return true
		}
		if !later.IsZero() {
			l.wait(t, l.out.Clock().Add(time.Until(later)).UnixMilli()+1)
			return true
		}
	}
	started := time.Now()
	if poison != nil {
		return l.failed(t, started, 0, nil, poison)
	}
	input, fail, ok := l.attempt(t)
	took := time.Since(started)

	if !ok {
		return false
	}
	if fail != nil && l.out.attempts.Err() != nil {
		l.interrupted(t)
		return true
	}
	if fail != nil && fail.Throttled {
		l.observe(t, started, took, input, fail, time.Time{})
		t.code, t.message, t.input = fail.Code, fail.Message, input
		l.pushBack(t, started.Add(max(fail.After, time.Millisecond)))
		return true
	}
	if fail != nil {
		return l.failed(t, started, took, input, fail)
	}
	t.attempts++
	l.judge(nil, took)
	l.observe(t, started, took, input, nil, time.Time{})
	l.settle(t, watch.Settlement{Outcome: watch.Delivered}, nil)
	return true
}

// failed decides what comes after an attempt that failed.
func (l *lane) failed(t *task, started time.Time, took time.Duration, input []byte, fail *target.Error) bool {
	t.attempts++
	l.judge(fail, took)
	t.code, t.message = fail.Code, fail.Message
	exhausted := ""
	if !fail.Permanent && t.attempts > l.plan.maxRetries {
		exhausted = "MaximumRetryAttempts"
	}
	if fail.Permanent || exhausted != "" {
		l.observe(t, started, took, input, fail, time.Time{})
		return l.giveUp(t, exhausted)
	}
	// A delivery that would come due after its last moment comes due at it, to
	// be given up in time.
	next := l.out.Clock().Add(max(l.out.Backoff(t.attempts), fail.After))
	if expires := l.expires(t); next.After(expires) {
		next = expires
	}
	l.observe(t, started, took, input, fail, next)
	l.wait(t, next.UnixMilli()+1)
	return true
}

func (l *lane) expires(t *task) time.Time { return t.item.Ingested.Add(l.plan.maxAge) }

// takeUp is how long after a start a delivery may be late because of the time
// before it.
const takeUp = 10 * time.Second

// tooOld reports whether the age of an event is used up: by attempts, or by
// waiting for its turn at a target that is slow or has a rate limit. A delivery
// that was never tried because dari was not running gets its attempt.
func (l *lane) tooOld(t *task) bool {
	expires := l.expires(t)
	if l.out.Clock().Before(expires) || t.code == "" && expires.Before(l.out.opened.Add(takeUp)) {
		return false
	}
	if t.code == "" {
		t.code, t.message = target.CodeThrottling, "The maximum age of the event was over before its turn came at "+l.plan.Target.ARN+"."
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
	return target.Temporary(target.CodeTimeout, "%s was not called: %d earlier calls have not come back", l.plan.Target.ARN, l.lost)
}

// light is the effort up to which an input is made at once: milliseconds. What
// takes longer takes turns, on half of the processors, so that many of them
// hold up neither what is light, nor the callers of the server, nor its stop.
const light = 16 << 20

// render builds the input, in memory that is set aside for that.
func (l *lane) render(t *task) (input []byte, fail *target.Error) {
	if l.plan.input.Effort(len(t.item.Event.JSON)) > light {
		select {
		case l.out.heavy <- struct{}{}:
			defer func() { <-l.out.heavy }()
		case <-l.out.attempts.Done():
			return nil, target.AsError(l.out.attempts.Err())
		}
	}
	needs, _ := l.plan.input.Cost(len(t.item.Event.JSON))
	if err := l.out.Renderings.Take(l.out.attempts, int64(needs)); err != nil {
		return nil, target.AsError(err)
	}
	defer l.out.Renderings.Give(int64(needs))
	defer l.recoverInto(t, &fail)
	return l.plan.render(&t.item)
}

func (l *lane) send(t *task, input []byte) (fail *target.Error) {
	defer l.recoverInto(t, &fail)
	ctx, cancel := context.WithTimeoutCause(l.out.attempts, l.out.Timeout, errTimeout)
	defer cancel()
	err := l.out.Sink.Send(ctx, &target.Delivery{
		Event: t.item.Event, Input: input,
		Target: &l.plan.Target, ARN: l.plan.arn,
		Rule: l.plan.Rule, Bus: t.item.Bus,
		Forwarded: t.item.Forwarded, Trace: t.item.Trace,
		Attempt: t.attempts + 1, Ingested: t.item.Ingested,
	})
	if err != nil && context.Cause(ctx) == errTimeout {
		if _, ok := errors.AsType[*target.Error](err); !ok {
			return l.timeout()
		}
	}
	return target.AsError(err)
}

func (l *lane) timeout() *target.Error {
	return target.Temporary(target.CodeTimeout, "%s did not answer within %v", l.plan.Target.ARN, l.out.Timeout)
}

// recoverInto makes an error of a panic.
func (l *lane) recoverInto(t *task, fail **target.Error) {
	if r := recover(); r != nil {
		l.out.Log.Error("an attempt panicked", "rule", l.plan.Rule, "target", l.plan.Target.ARN, "event", t.item.Event.ID, "panic", r, "stack", string(debug.Stack()))
		*fail = target.Permanent(target.CodeInternal, "dari failed in delivering to %s; its log has the details", l.plan.Target.ARN)
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
	if l.plan.deadLetter.Resource == "" {
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
		Event: t.item.Event.JSON, Bus: l.plan.Bus, Rule: l.plan.Rule,
		TargetID: l.plan.Target.ID, Target: l.plan.Target.ARN,
		Code: s.Code, Message: s.Message, Exhausted: s.Exhausted, DeadLetterErr: s.DeadLetterErr,
		Attempts: t.attempts, Ingested: t.item.Ingested, Died: time.Now().UTC(),
	})
	return true
}

func (t *task) settlement(o watch.Outcome) watch.Settlement {
	return watch.Settlement{Outcome: o, Code: t.code, Message: t.message, Exhausted: t.exhausted}
}

func (l *lane) deadLetter(t *task) (err error) {
	if l.out.DeadLetters == nil {
		return errors.New("this server reaches no dead-letter queues")
	}
	var failed *target.Error
	defer func() {
		if failed != nil {
			err = failed
		}
	}()
	defer l.recoverInto(t, &failed)
	attributes := map[string]string{
		"RULE_ARN":       l.plan.Rule,
		"TARGET_ARN":     l.plan.Target.ARN,
		"ERROR_CODE":     t.code,
		"ERROR_MESSAGE":  printable(t.message),
		"RETRY_ATTEMPTS": strconv.Itoa(max(0, t.attempts-1)),
	}
	if t.exhausted != "" {
		attributes["EXHAUSTED_RETRY_CONDITION"] = t.exhausted
	}
	ctx, cancel := context.WithTimeoutCause(l.out.attempts, l.out.Timeout, errTimeout)
	defer cancel()
	return l.out.DeadLetters.SendDeadLetter(ctx, l.plan.deadLetter, l.plan.Rule, t.item.Event.JSON, attributes)
}

// printable makes a text fit for a message attribute: not empty, no control
// characters, at most 1,000 characters.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, s)
	if r := []rune(s); len(r) > 1000 {
		s = string(r[:1000])
	}
	if strings.TrimSpace(s) == "" {
		return "unknown"
	}
	return s
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
