package target

import (
	"context"

	"github.com/dari-bus/dari/internal/arn"
)

// A FunctionEvent is what a function target receives.
type FunctionEvent struct {
	// Payload is the input of the target. It must not be changed.
	Payload []byte
	// Trace is the producer's trace header, or "".
	Trace string
	// Rule is the ARN of the rule on whose behalf EventBridge sends: the source
	// ARN that the function's policy may name.
	Rule string
}

// Function returns the sink for functions. send has a function take an event, as
// durably as [Sink] asks for; what becomes of it then is no matter of the rule's. It may
// be called from many goroutines at once.
//
// A function that does not exist is NO_RESOURCE, and one whose policy does not let the
// rule in NO_PERMISSIONS. Neither is retried.
func Function(send func(ctx context.Context, function arn.ARN, e FunctionEvent) error) Sink {
	return SinkFunc(func(ctx context.Context, d *Delivery) error {
		return refusal(send(ctx, d.ARN, FunctionEvent{d.Input, d.Trace, d.Owner}), CodeNoPermission)
	})
}
