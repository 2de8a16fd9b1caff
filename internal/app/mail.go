package app

import (
	"context"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/room/queue"
	"github.com/dari-bus/dari/internal/target"
)

// queueSink is where targets meet the queues.
func queueSink(queues *queue.Service) target.Sink {
	return target.Queue(
		func(ctx context.Context, to arn.ARN, m target.QueueMessage) error {
			mail, err := mailOf(m)
			if err != nil {
				return err
			}
			return queues.Deliver(ctx, to, mail)
		},
		func() target.QueueRound { return post{queues.NewPost()} },
	)
}

// mailOf is what the queues are told of a message to a target.
func mailOf(m target.QueueMessage) (queue.Mail, error) {
	from, err := access.Service(access.Events, m.Rule)
	return queue.Mail{Body: m.Body, Group: m.Group, Trace: m.Trace, From: from}, err
}

// A post is a round of queue targets.
type post struct{ *queue.Post }

func (p post) Add(to arn.ARN, m target.QueueMessage) error {
	mail, err := mailOf(m)
	if err != nil {
		return err
	}
	return p.Post.Add(to, mail)
}

// deadLetters puts what failed for good on queues.
type deadLetters struct{ queues *queue.Service }

func (d deadLetters) SendDeadLetter(ctx context.Context, to arn.ARN, rule string, body []byte, attributes map[string]string) error {
	from, err := access.Service(access.Events, rule)
	if err != nil {
		return err
	}
	return d.queues.DeliverDurably(ctx, to, queue.Mail{Body: body, From: from, Attributes: attributes})
}
