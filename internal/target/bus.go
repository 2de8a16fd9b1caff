package target

import (
	"context"

	"github.com/dari-bus/dari/internal/arn"
)

// Bus returns the sink for event buses. forward takes the event of d in on
// another bus and returns when it is durable there; it may be called from many
// goroutines at once.
//
// An event makes one hop: one that already came through a bus target is
// refused with THIRD_ACCOUNT_HOP_DETECTED, which is what keeps two buses that
// point at each other from passing an event back and forth for ever. A bus
// that does not exist is NO_RESOURCE, one whose policy does not let the sender
// in NO_PERMISSIONS. None of them is retried; any other error is.
func Bus(forward func(ctx context.Context, bus arn.ARN, d *Delivery) error) Sink {
	return SinkFunc(func(ctx context.Context, d *Delivery) error {
		if d.Forwarded {
			return Permanent(CodeThirdHop, "Event ingestion rejected for event %s because an event can be sent to an event bus target only once. "+
				"This event was previously delivered to an event bus target.", d.ID)
		}
		return refusal(forward(ctx, d.ARN, d), CodeNoPermission)
	})
}
