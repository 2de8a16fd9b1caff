// Package watch is the one tap that everything which happens to an event goes
// past: logs, metrics, the live tail, the console and the tests listen here,
// so they cannot disagree.
package watch

import (
	"time"

	"github.com/dari-bus/dari/internal/event"
)

// Hooks are called as things happen. Nil hooks are skipped. They run on the
// caller's goroutine, so they must be quick, must not block, and must not keep
// a pointer to what they are given beyond the call; the event's slices may be
// kept, not changed.
type Hooks struct {
	// Accepted is called when an event is on disk with the deliveries it caused.
	Accepted func(*Accepted)
	// Matched is called after Accepted with the rules that want the event,
	// possibly none, and before the first attempt at a target of theirs.
	Matched func(*Matched)
	// Refused is called when an entry of PutEvents is not accepted.
	Refused func(*Refused)
	// Attempted is called after one call to one target.
	Attempted func(*Attempt)
	// Settled is called once per delivery, when nothing more will be tried.
	Settled func(*Settlement)
}

// Accepted is one event taken in.
type Accepted struct {
	Event *event.Event
	// Bus is the ARN of the event bus.
	Bus string
	// Caller is who sent it: an access key id, an ARN, or "" when nobody signed.
	Caller     string
	RequestID  string
	Ingested   time.Time
	Deliveries int
}

// Refused is one entry not taken in, with what the caller was told.
type Refused struct {
	Bus, Caller, RequestID string
	Source, DetailType     string
	Code, Message          string
}

// Matched says which rules want an event.
type Matched struct {
	Event *event.Event
	Bus   string
	// Rules are ARNs, sorted.
	Rules []string
}

// A Route says which delivery something is about: one event on its way to one
// target of who owes it, which is mostly a rule.
type Route struct {
	EventID string
	// Source is the ARN of what the event came by, mostly a bus, Owner that of who
	// owes the delivery, and Target that of what it goes to; TargetID is the id
	// among the targets of the owner.
	Source, Owner, TargetID, Target string
}

// An Attempt is one call to one target.
type Attempt struct {
	Route
	// Number counts from 1.
	Number  int
	Started time.Time
	Took    time.Duration
	// Input is what the target was sent.
	Input []byte
	// Err is nil when the target took it. Code is the dead-letter code of Err.
	Err       error
	Code      string
	Retryable bool
	// Throttled means that the target was not called, because its rate limit was
	// reached; such an attempt is not counted.
	Throttled bool
	// Next is when it will be tried again; zero when it will not.
	Next time.Time
}

// An Outcome is how a delivery ended.
type Outcome string

// The outcomes.
const (
	// Delivered: the target took it.
	Delivered Outcome = "delivered"
	// DeadLettered: the dead-letter queue took it.
	DeadLettered Outcome = "dead-lettered"
	// Dead: it could not be delivered and is kept in the store, because the
	// target has no dead-letter queue, or that queue could not take it.
	Dead Outcome = "dead"
	// Abandoned: its rule or target was deleted.
	Abandoned Outcome = "abandoned"
)

// A Settlement is the end of one delivery.
type Settlement struct {
	Route
	Outcome Outcome
	// Attempts is how often the target was called.
	Attempts int
	// Code and Message say why it was not delivered; Exhausted is
	// MaximumRetryAttempts or MaximumEventAgeInSeconds when that ended it.
	Code, Message, Exhausted string
	// DeadLetterErr says why a configured dead-letter queue did not take it.
	DeadLetterErr string
	Ingested      time.Time
	// Latency is from ingestion to this settlement.
	Latency time.Duration
}

// Tee returns hooks that call each of hs in order.
func Tee(hs ...Hooks) Hooks {
	return Hooks{
		Accepted:  tee(hs, func(h Hooks) func(*Accepted) { return h.Accepted }),
		Refused:   tee(hs, func(h Hooks) func(*Refused) { return h.Refused }),
		Matched:   tee(hs, func(h Hooks) func(*Matched) { return h.Matched }),
		Attempted: tee(hs, func(h Hooks) func(*Attempt) { return h.Attempted }),
		Settled:   tee(hs, func(h Hooks) func(*Settlement) { return h.Settled }),
	}
}

func tee[T any](hs []Hooks, pick func(Hooks) func(*T)) func(*T) {
	var fns []func(*T)
	for _, h := range hs {
		if fn := pick(h); fn != nil {
			fns = append(fns, fn)
		}
	}
	switch len(fns) {
	case 0:
		return nil
	case 1:
		return fns[0]
	}
	return func(t *T) {
		for _, fn := range fns {
			fn(t)
		}
	}
}
