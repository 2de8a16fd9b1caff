package bus

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/dari-bus/dari/internal/delivery"
	"github.com/dari-bus/dari/internal/target"
)

// OwnerKind is the kind of the plans of rules; see [delivery.Options].
const OwnerKind = "rule"

// A ruleSpec is what a plan of a target of a rule has to know.
type ruleSpec struct {
	RuleName string
	Target   target.Target
}

// plan is what the outbox is told of a target.
func (r *rule) plan(t *target.Target) (delivery.Plan, error) {
	spec, err := json.Marshal(ruleSpec{r.name, *t})
	return delivery.Plan{Kind: OwnerKind, Owner: r.arn, ID: t.ID, Source: r.bus.arn, Target: t.ARN, Spec: spec}, err
}

// Owner returns the side of rules for an outbox: sink carries out their attempts,
// and queue, which may be nil, takes what failed for good.
func Owner(sink target.Sink, queue target.DeadLetterQueue) delivery.Owner {
	return func(p *delivery.Plan) (delivery.Course, error) {
		var spec ruleSpec
		if err := json.Unmarshal(p.Spec, &spec); err != nil {
			return delivery.Course{}, fmt.Errorf("target %s of %s: %w", p.ID, p.Owner, err)
		}
		b, err := target.Bind(spec.Target, p.Owner, spec.RuleName, sink, queue)
		if err != nil {
			return delivery.Course{}, fmt.Errorf("target %s of %s: %w", p.ID, p.Owner, err)
		}
		c := delivery.Course{Payload: b, Sink: b, Retry: retries(spec.Target.Retry)}
		if b.Taker() != nil {
			c.Desk = b
		}
		if spec.Target.DeadLetter != "" {
			c.DeadLetters = b
		}
		return c, nil
	}
}

// retries is the retry policy of a target.
func retries(p *target.RetryPolicy) delivery.Retry {
	n, age := target.DefaultMaxAttempts, target.DefaultMaxAge
	if p != nil && p.MaxAttempts != nil {
		n = *p.MaxAttempts
	}
	if p != nil && p.MaxAge != nil {
		age = time.Duration(*p.MaxAge) * time.Second
	}
	return delivery.FullJitter(n, age)
}
