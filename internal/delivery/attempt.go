package delivery

import (
	"context"
	"errors"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/dari-bus/dari/internal/target"
	"github.com/dari-bus/dari/internal/watch"
)

var errTimeout = errors.New("the target did not answer in time")

// work carries out attempts until the lane has no more to start.
func (l *lane) work() {
	for {
		l.mu.Lock()
		paused := time.Now().Before(l.resume) && l.state != laneAbandoned
		if l.out.halted.Load() || len(l.ready) == 0 || paused || l.running > l.width() {
			l.running--
			l.pump()
			l.mu.Unlock()
			return
		}
		t := l.ready[0]
		l.ready[0] = nil
		if l.ready = l.ready[1:]; len(l.ready) == 0 {
			l.ready = nil // lets go of the array
		}
		abandoned := l.state == laneAbandoned
		l.mu.Unlock()

		if abandoned {
			l.settle(t, watch.Settlement{Outcome: watch.Abandoned}, nil)
			continue
		}
		l.try(t)
	}
}

// try makes one attempt and decides what comes after it. A delivery that is too
// old is given up instead.
func (l *lane) try(t *task) {
	expires := t.item.Ingested.Add(l.plan.maxAge)
	if l.tooOld(t, expires) {
		l.giveUp(t, "MaximumEventAgeInSeconds")
		return
	}
	started := time.Now()
	input, fail := l.attempt(t)
	took := time.Since(started)

	if fail != nil && l.out.attempts.Err() != nil {
		l.interrupted(t)
		return
	}
	if fail != nil && fail.Throttled {
		l.observe(t, started, took, input, fail, time.Time{})
		t.code, t.message, t.input = fail.Code, fail.Message, input
		l.pushBack(t, started.Add(max(fail.After, time.Millisecond)))
		return
	}
	t.attempts++
	l.judge(fail, took)
	if fail == nil {
		l.observe(t, started, took, input, nil, time.Time{})
		l.settle(t, watch.Settlement{Outcome: watch.Delivered}, nil)
		return
	}
	t.code, t.message = fail.Code, fail.Message
	exhausted := ""
	if !fail.Permanent && t.attempts > l.plan.maxRetries {
		exhausted = "MaximumRetryAttempts"
	}
	if fail.Permanent || exhausted != "" {
		l.observe(t, started, took, input, fail, time.Time{})
		l.giveUp(t, exhausted)
		return
	}
	// A delivery that would come due after its last moment comes due at it, to
	// be given up in time.
	next := time.Now().Add(max(l.out.Backoff(t.attempts), fail.After))
	if next.After(expires) {
		next = expires
	}
	l.observe(t, started, took, input, fail, next)
	l.wait(t, next.UnixMilli()+1)
}

// takeUp is how long after a start a delivery may be late because of the time
// before it.
const takeUp = 10 * time.Second

// tooOld reports whether the age of an event is used up: by attempts, or by
// waiting for its turn at a target that is slow or has a rate limit. A delivery
// that was never tried because dari was not running gets its attempt.
func (l *lane) tooOld(t *task, expires time.Time) bool {
	if time.Now().Before(expires) || t.code == "" && expires.Before(l.out.opened.Add(takeUp)) {
		return false
	}
	if t.code == "" {
		t.code, t.message = target.CodeThrottling, "The maximum age of the event was over before its turn came at "+l.plan.Target.ARN+"."
	}
	return true
}

// attempt builds the input and sends it. A panic on the way is our mistake, but
// the delivery that brings it about must not take the server down with it, now
// and after every start.
func (l *lane) attempt(t *task) (input []byte, fail *target.Error) {
	defer func() {
		if r := recover(); r != nil {
			l.out.Log.Error("an attempt panicked", "rule", l.plan.Rule, "target", l.plan.Target.ARN, "event", t.item.Event.ID, "panic", r, "stack", string(debug.Stack()))
			fail = target.Permanent(target.CodeInternal, "dari failed in delivering to %s; its log has the details", l.plan.Target.ARN)
		}
	}()
	if input = t.input; input == nil {
		if input, fail = l.plan.render(&t.item); fail != nil {
			return input, fail
		}
	}
	return input, l.send(t, input)
}

func (l *lane) send(t *task, input []byte) *target.Error {
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
			return target.Temporary(target.CodeTimeout, "%s did not answer within %v", l.plan.Target.ARN, l.out.Timeout)
		}
	}
	return target.AsError(err)
}

// judge narrows or widens the lane by how the attempt went. A permanent error
// says something of the payload, not of the target's health.
func (l *lane) judge(fail *target.Error, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case fail == nil:
		l.failures = 0
	case !fail.Permanent && took < quick:
		l.failures++
		if l.broken() {
			l.resume = time.Now().Add(min(maxPace, time.Millisecond<<min(l.failures-breakAfter, 10)))
		}
	}
}

// pushBack returns a task that was throttled and pauses the lane.
func (l *lane) pushBack(t *task, resume time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ready = append([]*task{t}, l.ready...)
	l.resume = resume
}

// interrupted deals with an attempt that the end of the grace cut off. It is
// not counted, and will be repeated by the next start.
func (l *lane) interrupted(t *task) {
	if t.firstPass() {
		l.wait(t, time.Now().UnixMilli())
		return
	}
	l.leave(t.cost())
}

// giveUp ends a delivery that failed for good.
func (l *lane) giveUp(t *task, exhausted string) {
	s := watch.Settlement{Code: t.code, Message: t.message, Exhausted: exhausted}
	if l.plan.deadLetter.Resource != "" {
		err := l.deadLetter(t, exhausted)
		if err == nil {
			s.Outcome = watch.DeadLettered
			l.settle(t, s, nil)
			return
		}
		if l.out.attempts.Err() != nil {
			l.interrupted(t)
			return
		}
		s.DeadLetterErr = err.Error()
	}
	s.Outcome = watch.Dead
	l.settle(t, s, l.newDead(t, s))
}

func (l *lane) deadLetter(t *task, exhausted string) error {
	if l.out.DeadLetters == nil {
		return errors.New("this server reaches no dead-letter queues")
	}
	attributes := map[string]string{
		"RULE_ARN":       l.plan.Rule,
		"TARGET_ARN":     l.plan.Target.ARN,
		"ERROR_CODE":     t.code,
		"ERROR_MESSAGE":  printable(t.message),
		"RETRY_ATTEMPTS": strconv.Itoa(max(0, t.attempts-1)),
	}
	if exhausted != "" {
		attributes["EXHAUSTED_RETRY_CONDITION"] = exhausted
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
