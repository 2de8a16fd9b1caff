package app

import (
	"context"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/delivery"
	"github.com/dari-bus/dari/internal/room/logs/filters"
	"github.com/dari-bus/dari/internal/room/queue"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/target"
)

// subscriberKind is the kind of the plans of subscription filters; see [delivery.Options].
const subscriberKind = "subscription filter"

// subscribers are where log groups meet the outbox and the queues.
type subscribers struct {
	outbox *delivery.Outbox
	queues *queue.Service
}

// mail is what the queues are told of a message of a group.
func mail(group string, body []byte) (queue.Mail, error) {
	from, err := access.Service(filters.Sender, group)
	return queue.Mail{Body: body, From: from}, err
}

func (s subscribers) Check(group, destination arn.ARN) error {
	m, err := mail(group.String(), []byte("{}"))
	if err != nil {
		return err
	}
	return s.queues.NewPost().Add(destination, m)
}

func (s subscribers) Begin(tx store.Tx, group arn.ARN, filter string, destination arn.ARN) (uint64, error) {
	l, err := s.outbox.AddPlan(tx, delivery.Plan{
		Kind: subscriberKind, Owner: group.String(), ID: filter, Source: group.String(), Target: destination.String(),
	})
	return uint64(l), err
}

func (s subscribers) Retire(tx store.Tx, lane uint64) error {
	return s.outbox.RetirePlan(tx, delivery.Lane(lane))
}

func (s subscribers) Abandon(tx store.Tx, lane uint64) error {
	return s.outbox.AbandonPlan(tx, delivery.Lane(lane))
}

func (s subscribers) Owe(tx store.Tx, group arn.ARN, messages []filters.Message) (start func(), err error) {
	items := make([]delivery.Item, len(messages))
	for i, m := range messages {
		items[i] = delivery.Item{ID: m.ID, Body: m.Body, Source: group.String(), Ingested: time.Now(), Lanes: []delivery.Lane{delivery.Lane(m.Lane)}}
	}
	return s.outbox.Owe(tx, items)
}

// subscribersSide is the side of subscription filters for the outbox.
func subscribersSide(queues *queue.Service) delivery.Owner {
	return func(p *delivery.Plan) (delivery.Course, error) {
		to, err := arn.Parse(p.Target)
		if err != nil {
			return delivery.Course{}, err
		}
		at, group := &target.Target{ID: p.ID, ARN: p.Target}, p.Owner
		queue := target.Queue(func(ctx context.Context, _ arn.ARN, m target.QueueMessage) error {
			mail, err := mail(group, m.Body)
			if err != nil {
				return err
			}
			return queues.Deliver(ctx, to, mail)
		}, nil)
		return delivery.Course{Sink: target.SinkFunc(func(ctx context.Context, d *target.Delivery) error {
			d.Target, d.ARN, d.Input = at, to, d.Body
			return queue.Send(ctx, d)
		})}, nil
	}
}
