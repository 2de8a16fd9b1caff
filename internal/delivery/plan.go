package delivery

import (
	"errors"
	"fmt"
	"time"

	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/delivery/dead"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/target"
	"github.com/dari-bus/dari/internal/transform"
)

// A laneState says whether a lane's target is still there.
type laneState uint8

const (
	laneLive      laneState = iota
	laneRetired             // its target was replaced: what waits goes on, nothing new comes
	laneAbandoned           // its target was deleted: what waits is abandoned
)

// planRecord is a plan in the store.
type planRecord struct {
	Plan
	State laneState `json:",omitempty"`
}

// A plan is a Plan made ready to deliver.
type plan struct {
	Plan
	account    string // whose its dead deliveries are
	arn        arn.ARN
	deadLetter arn.ARN // the zero ARN when there is none
	input      *transform.Input
	maxRetries int
	maxAge     time.Duration
}

func compile(p Plan) (*plan, error) {
	a, err := arn.Parse(p.Target.ARN)
	if err != nil {
		return nil, err
	}
	c := &plan{Plan: p, account: dead.AccountOf(p.Rule), arn: a, maxRetries: target.DefaultMaxAttempts, maxAge: target.DefaultMaxAge}
	if p.Target.DeadLetter != "" {
		if c.deadLetter, err = arn.Parse(p.Target.DeadLetter); err != nil {
			return nil, err
		}
	}
	if r := p.Target.Retry; r != nil {
		if r.MaxAttempts != nil {
			c.maxRetries = *r.MaxAttempts
		}
		if r.MaxAge != nil {
			c.maxAge = time.Duration(*r.MaxAge) * time.Second
		}
	}
	spec := transform.Spec{Target: p.Target.ID, Input: p.Target.Input, InputPath: p.Target.InputPath}
	if t := p.Target.Transformer; t != nil {
		spec.Template, spec.Paths = &t.Template, t.Paths
	}
	if c.input, err = transform.Compile(spec); err != nil {
		return nil, err
	}
	return c, nil
}

// AddPlan writes a plan in tx and returns its lane, which takes deliveries as
// soon as tx has committed. Should tx fail, the lane is never used.
func (o *Outbox) AddPlan(tx store.Tx, p Plan) (Lane, error) {
	id := Lane(o.next())
	l, err := o.newLane(id, p)
	if err != nil {
		return 0, err
	}
	if err := putPlan(tx, l, laneLive); err != nil {
		return 0, err
	}
	o.mu.Lock()
	o.lanes[id] = l
	o.countLanes()
	o.mu.Unlock()
	return id, nil
}

// render builds what the target is to receive.
func (p *plan) render(it *Item) ([]byte, *target.Error) {
	out, err := p.input.Render(it.Event.JSON, transform.Vars{
		RuleARN: p.Rule, RuleName: p.RuleName, IngestionTime: it.Ingested,
	})
	if err == nil {
		return out, nil
	}
	if e, ok := errors.AsType[*transform.Error](err); ok {
		return nil, target.Permanent(e.Code, "%s", e.Error())
	}
	return nil, target.Permanent(target.CodeInvalidParam, "%v", fmt.Errorf("build the input: %w", err))
}
