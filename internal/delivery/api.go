package delivery

import (
	"context"
	"encoding/json"
	"time"

	"github.com/dari-bus/dari/internal/target"
)

// A Lane names one version of one plan of an owner, such as a target of a rule.
// A plan that is replaced gets a new lane; what waits in the old one is delivered
// as the plan was when it came in.
type Lane uint64

// A Plan is what a lane delivers to, as it is kept in the store.
type Plan struct {
	// Kind says of which kind the owner is: a key of Options.Owners.
	Kind string
	// Owner is the ARN of what owes the deliveries, such as a rule. What dies of
	// them belongs to its account.
	Owner string
	// ID names the plan among those of its owner.
	ID string
	// Source is the ARN of what the items come by, such as a bus, and Target the
	// one of what they go to.
	Source, Target string
	// Spec is what the owner's side has to know besides. Nobody else reads it.
	Spec json.RawMessage `json:",omitempty"`
}

// An Owner is the side of those who owe deliveries of one kind. It makes of a
// plan what to do with its deliveries, when the plan is added and at every start.
type Owner func(p *Plan) (Course, error)

// A Course is what is done with the deliveries of a plan. All of its parts may be
// called from many goroutines at once.
type Course struct {
	// Payload makes what is sent. Nil sends the body of the item.
	Payload Payload
	// Sink carries out one attempt.
	Sink target.Sink
	// Desk hands a delivery over within the transaction that owes it. Nil when the
	// destination is not in the store of the outbox.
	Desk Desk
	// Timeout ends an attempt. 0 is that of the outbox.
	Timeout time.Duration
	// Retry says when it is repeated. The zero Retry is EventBridge's.
	Retry Retry
	// DeadLetters takes what failed for good. Nil, or an error, keeps it as dead.
	DeadLetters DeadLetters
}

// A Payload makes what is sent of what came in.
type Payload interface {
	// Render returns what is sent, for a d without it. An error should be a
	// permanent [target.Error], since another attempt would render the same.
	Render(d *target.Delivery) ([]byte, error)
	// Effort returns about how many bytes Render looks at, at most, for a body of
	// that length: a measure of the time that it takes.
	Effort(body int) int
	// Cost returns how many bytes of memory Render needs for it while it works,
	// and how long what it returns can be.
	Cost(body int) (needs, payload int)
}

// A Desk is where deliveries are handed over within a transaction. What it does
// not take goes by the Sink.
type Desk interface {
	// Taker is who takes them. Plans with the same one share its rounds.
	Taker() target.Taker
	// Add adds d to a round of the Taker.
	Add(r target.Round, d *target.Delivery) error
}

// DeadLetters writes down somewhere else what failed for good.
type DeadLetters interface {
	// SendDeadLetter puts d and what became of it on a dead-letter queue. It is
	// durable there when it returns nil. It may be called again.
	SendDeadLetter(ctx context.Context, d *target.Delivery, f *target.Failure) error
}

// An Item is something that is owed, with the lanes that it is for.
type Item struct {
	// ID names it everywhere, and Body is what it says. Body must not be changed.
	ID   string
	Body []byte
	// Source is the ARN of what it came by, such as an event bus.
	Source   string
	Ingested time.Time
	// Forwarded means that it came to Source by a delivery from another one.
	Forwarded bool
	// Trace is the producer's trace header, or "".
	Trace string
	Lanes []Lane

	offers []offer // what can be handed over to which lane; see Prepare
}
