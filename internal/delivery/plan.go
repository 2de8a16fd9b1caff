package delivery

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/dari-bus/dari/internal/delivery/dead"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/target"
)

// A laneState says whether a lane's target is still there.
type laneState uint8

const (
	laneLive      laneState = iota
	laneRetired             // its target was replaced: what waits goes on, nothing new comes
	laneAbandoned           // its target was deleted: what waits is abandoned
)

// planVersion is the version of a planRecord that is written.
const planVersion = 2

// planRecord is a plan in the store.
type planRecord struct {
	Version int
	Plan
	State laneState `json:",omitempty"`
}

// decodePlan reads a planRecord. Those of version 1 did not say so, and were all
// of targets of rules, whose side finds what it needs in the record itself.
func decodePlan(b []byte) (planRecord, error) {
	var v struct{ Version int }
	if err := json.Unmarshal(b, &v); err != nil {
		return planRecord{}, err
	}
	switch v.Version {
	case planVersion:
		var p planRecord
		return p, json.Unmarshal(b, &p)
	case 0:
		var first struct {
			Bus, Rule string
			Target    struct{ ID, ARN string }
			State     laneState
		}
		if err := json.Unmarshal(b, &first); err != nil {
			return planRecord{}, err
		}
		return planRecord{planVersion, Plan{
			Kind: "rule", Owner: first.Rule, ID: first.Target.ID,
			Source: first.Bus, Target: first.Target.ARN, Spec: slices.Clone(b),
		}, first.State}, nil
	}
	return planRecord{}, fmt.Errorf("plan of version %d: this dari knows version %d", v.Version, planVersion)
}

// A plan is a Plan made ready to deliver.
type plan struct {
	Plan
	Course
	account string // whose its dead deliveries are
}

func (o *Outbox) compile(p Plan) (*plan, error) {
	owner, ok := o.Owners[p.Kind]
	if !ok {
		return nil, fmt.Errorf("the plan %s of %s is of the kind %q, which this dari does not know", p.ID, p.Owner, p.Kind)
	}
	course, err := owner(&p)
	if err != nil {
		return nil, err
	}
	if course.Payload == nil {
		course.Payload = asItIs{}
	}
	course.Timeout = or(course.Timeout, o.Timeout)
	if course.Retry.isZero() {
		course.Retry = FullJitter(target.DefaultMaxAttempts, target.DefaultMaxAge)
	}
	return &plan{Plan: p, Course: course, account: dead.AccountOf(p.Owner)}, nil
}

// asItIs sends the body.
type asItIs struct{}

func (asItIs) Render(d *target.Delivery) ([]byte, error) { return d.Body, nil }
func (asItIs) Effort(int) int                            { return 0 }
func (asItIs) Cost(int) (needs, payload int)             { return 0, 0 }

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
