// Package target is where events go: what a target of a rule is, and one file
// per kind that knows how to hand a payload to it.
package target

import (
	"context"
	"encoding/json"
	"time"

	"github.com/dari-bus/dari/internal/arn"
)

// A Target is one target of one rule, as it is stored. Its JSON is the record
// in the store.
type Target struct {
	ID      string
	ARN     string
	RoleARN string `json:",omitempty"`

	// At most one of Input, InputPath and Transformer is set.
	Input       *string      `json:",omitempty"`
	InputPath   *string      `json:",omitempty"`
	Transformer *Transformer `json:",omitempty"`

	// DeadLetter is the ARN of the dead-letter queue, or "". HasDeadLetter tells
	// an empty DeadLetterConfig from none.
	DeadLetter    string `json:",omitempty"`
	HasDeadLetter bool   `json:",omitempty"`
	// Retry is nil when the target has no retry policy of its own.
	Retry *RetryPolicy `json:",omitempty"`

	HTTP *HTTPParameters `json:",omitempty"`
	// Queue is set when the target has SQS parameters.
	Queue *QueueParameters `json:",omitempty"`
	// Other holds the parameters of kinds that dari does not deliver to, by the
	// name of the member, so that they are listed as they were given.
	Other map[string]json.RawMessage `json:",omitempty"`
}

// A Transformer is an input transformer: named paths into the event and the
// template that they fill.
type Transformer struct {
	Paths    map[string]string `json:",omitempty"`
	Template string
}

// A RetryPolicy says when to give up. Nil fields mean the defaults.
type RetryPolicy struct {
	// MaxAttempts is the number of retries after the first attempt: 0 to 185, default 185.
	MaxAttempts *int `json:",omitempty"`
	// MaxAge is in seconds from ingestion: 60 to 86,400, default 86,400.
	MaxAge *int `json:",omitempty"`
}

// The defaults of a retry policy, which are also its upper limits.
const (
	DefaultMaxAttempts = 185
	DefaultMaxAge      = 24 * time.Hour
)

// HTTPParameters shape the request to an API destination or a REST API.
type HTTPParameters struct {
	Path   []string          `json:",omitempty"`
	Header map[string]string `json:",omitempty"`
	Query  map[string]string `json:",omitempty"`
}

// QueueParameters are for FIFO and fair queues.
type QueueParameters struct {
	Group string `json:",omitempty"`
}

// A Delivery is one payload on its way to one target.
type Delivery struct {
	// ID names the original, which is an event or a message, and Body is what it
	// says; Input is what the target is to receive. Neither may be changed.
	ID          string
	Body, Input []byte
	Target      *Target
	// ARN is Target.ARN, parsed.
	ARN arn.ARN
	// Owner is the ARN of what owes the delivery, such as a rule.
	Owner string
	// Forwarded means that the event came here through a bus target.
	Forwarded bool
	// Trace is the trace header of the producer, or "".
	Trace string
	// Attempt counts from 1.
	Attempt  int
	Ingested time.Time
}

// A Sink makes one attempt to hand one payload to one destination.
//
// Send may be called from many goroutines at once. It may be called again for
// a payload that has already arrived: delivery is at least once. When it returns
// nil the payload is durable; in the store of the outbox it may be written
// unsynced, since the delivery is settled later there, and a crash that takes the
// one takes the other. An error should be an [*Error]; any other counts as a
// temporary INTERNAL_ERROR.
type Sink interface {
	Send(ctx context.Context, d *Delivery) error
}

// A SinkFunc is a Sink made of a function.
type SinkFunc func(ctx context.Context, d *Delivery) error

// Send calls f.
func (f SinkFunc) Send(ctx context.Context, d *Delivery) error { return f(ctx, d) }

// A Registry holds the sink of each kind of target, by the service part of the
// ARN, or by service and resource type ("events/api-destination") where one
// service has several.
type Registry map[string]Sink

// Send hands d to the sink of its kind. A kind that is not in the registry is
// a permanent error that says so.
func (r Registry) Send(ctx context.Context, d *Delivery) error {
	kind := Kind(d.ARN)
	if s, ok := r[kind]; ok {
		return s.Send(ctx, d)
	}
	return Permanent(CodeNoResource, "dari does not deliver to %s targets; the target %s was not called", kind, d.Target.ARN)
}

// Kind returns the key of an ARN's kind in a Registry.
func Kind(a arn.ARN) string {
	if a.Service != "events" {
		return a.Service
	}
	for i := range len(a.Resource) {
		if a.Resource[i] == '/' {
			return a.Service + "/" + a.Resource[:i]
		}
	}
	return a.Service
}
