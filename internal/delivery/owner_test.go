package delivery

import (
	"encoding/json"
	"log/slog"
	"time"

	"github.com/dari-bus/dari/internal/budget"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/target"
	"github.com/dari-bus/dari/internal/watch"
)

// options are those of an outbox whose owners are rules, with what their side needs.
type options struct {
	Sink        target.Sink
	DeadLetters target.DeadLetterQueue
	Backoff     time.Duration // instead of full jitter

	Store              store.Store
	Hooks              watch.Hooks
	Log                *slog.Logger
	Width, Ready       int
	ReadyBytes         int64
	Memory, Renderings *budget.Share
	Timeout, Grace     time.Duration
	MaxDead            int
	MaxDeadBytes       int64
	Clock              func() time.Time
	keptApart          time.Duration
	otherOwners        map[string]Owner
}

func (o options) real() Options {
	owners := map[string]Owner{"rule": o.rule}
	for kind, owner := range o.otherOwners {
		owners[kind] = owner
	}
	return Options{
		Store: o.Store, Owners: owners, Hooks: o.Hooks, Log: o.Log, Width: o.Width, Ready: o.Ready, ReadyBytes: o.ReadyBytes,
		Memory: o.Memory, Renderings: o.Renderings, Timeout: o.Timeout, Grace: o.Grace,
		MaxDead: o.MaxDead, MaxDeadBytes: o.MaxDeadBytes, Clock: o.Clock, keptApart: o.keptApart,
	}
}

// rule is the side of rules, as package bus has it.
func (o options) rule(p *Plan) (Course, error) {
	var spec struct{ Target target.Target }
	if err := json.Unmarshal(p.Spec, &spec); err != nil {
		return Course{}, err
	}
	b, err := target.Bind(spec.Target, p.Owner, "builds", o.Sink, o.DeadLetters)
	if err != nil {
		return Course{}, err
	}
	n, age := target.DefaultMaxAttempts, target.DefaultMaxAge
	if r := spec.Target.Retry; r != nil && r.MaxAttempts != nil {
		n = *r.MaxAttempts
	}
	if r := spec.Target.Retry; r != nil && r.MaxAge != nil {
		age = time.Duration(*r.MaxAge) * time.Second
	}
	c := Course{Payload: b, Sink: b, Retry: FullJitter(n, age)}
	if o.Backoff > 0 {
		c.Retry.Phases = []Phase{{Retries: n, First: o.Backoff, Last: o.Backoff}}
	}
	if b.Taker() != nil {
		c.Desk = b
	}
	if spec.Target.DeadLetter != "" {
		c.DeadLetters = b
	}
	return c, nil
}

// planOf is the plan of a target of the rule of all tests.
func planOf(tg target.Target) Plan {
	spec, err := json.Marshal(struct{ Target target.Target }{tg})
	if err != nil {
		panic(err)
	}
	return Plan{Kind: "rule", Owner: testRule, ID: tg.ID, Source: testBus, Target: tg.ARN, Spec: spec}
}
