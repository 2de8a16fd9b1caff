package target

import (
	"context"

	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/store"
)

// A QueueMessage is what a queue target receives.
type QueueMessage struct {
	// Body is the input of the target. It must not be changed.
	Body []byte
	// Group is the message group, or "". A FIFO queue asks for one.
	Group string
	// Trace is the producer's trace header, or "".
	Trace string
	// Rule is the ARN of the rule on whose behalf EventBridge sends: the source
	// ARN that the queue's policy may name.
	Rule string
}

// A QueueRound is a [Round] of queues. Add makes m ready for a queue.
type QueueRound interface {
	Add(queue arn.ARN, m QueueMessage) error
	Take(tx store.Tx, n int) (bool, error)
	Seal(tx store.Tx) error
}

// Queue returns the sink for SQS queues. send puts a message on a queue, as
// durably as [Sink] asks for; it may be called from many goroutines at once.
// begin begins a round of queues in the store of the outbox. It may be nil.
//
// A queue that does not exist and one whose policy does not let the rule in
// look the same in a dead letter, NO_RESOURCE, because they do on AWS. A
// message that the queue does not take, such as one without a group for a FIFO
// queue, is INVALID_PARAMETER. Neither is retried; any other error is.
func Queue(send func(ctx context.Context, queue arn.ARN, m QueueMessage) error, begin func() QueueRound) Sink {
	return &queues{send, begin}
}

type queues struct {
	send  func(ctx context.Context, queue arn.ARN, m QueueMessage) error
	begin func() QueueRound
}

func (q *queues) Send(ctx context.Context, d *Delivery) error {
	return refusal(q.send(ctx, d.ARN, queueMessage(d)), CodeNoResource)
}

func (q *queues) Begin() Round {
	if q.begin == nil {
		return nil
	}
	return queueRound{q.begin()}
}

type queueRound struct{ QueueRound }

func (r queueRound) Add(d *Delivery) error { return r.QueueRound.Add(d.ARN, queueMessage(d)) }

func queueMessage(d *Delivery) QueueMessage {
	m := QueueMessage{Body: d.Input, Trace: d.Trace, Rule: d.Owner}
	if q := d.Target.Queue; q != nil {
		m.Group = q.Group
	}
	return m
}
