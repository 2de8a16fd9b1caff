package delivery

import (
	"context"
	"time"

	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/event"
	"github.com/dari-bus/dari/internal/target"
)

// A Lane names one version of one target of one rule. A target that is
// replaced gets a new lane; what waits in the old one is delivered as the
// target was when the event came in.
type Lane uint64

// A Plan is what a lane delivers to.
type Plan struct {
	// Bus and Rule are ARNs.
	Bus, Rule string
	RuleName  string
	Target    target.Target
}

// An Item is one event with the lanes that it is for.
type Item struct {
	Event *event.Event
	// Bus is the ARN of the event bus that took it in.
	Bus      string
	Ingested time.Time
	// Forwarded means that it reached Bus through a bus target.
	Forwarded bool
	// Trace is the producer's trace header, or "".
	Trace string
	Lanes []Lane
}

// A DeadLetterQueue takes deliveries that failed for good.
type DeadLetterQueue interface {
	// SendDeadLetter puts body with the string attributes on a queue, on behalf
	// of a rule. The message is durable when it returns nil.
	SendDeadLetter(ctx context.Context, queue arn.ARN, rule string, body []byte, attributes map[string]string) error
}
