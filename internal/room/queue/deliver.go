package queue

import (
	"context"
	"slices"
	"strings"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store"
)

// Mail is a message that comes from within the server rather than over the API.
type Mail struct {
	Body []byte
	// Group is the message group, or "". A FIFO queue asks for one.
	Group string
	// Trace is a trace header, or "".
	Trace string
	// From is the service that sends it, and on whose behalf: what the queue's
	// policy may name.
	From access.Caller
	// Attributes become message attributes of the type String, and Numbers of the
	// type Number.
	Attributes, Numbers map[string]string
}

// Deliver puts m on a queue. Errors that are faults are final: NotFound when the
// queue does not exist, or is not in the region of the source; Denied when its
// policy does not let the source in; Invalid when it does not take the message,
// because it is too big, or because a FIFO queue was given no group or does not
// recognise repetitions by content.
//
// Whoever has a transaction in the same store, in which what causes the message
// is written, can have it put on the queue there: see [Post].
//
// The message need not be on disk when Deliver returns. The caller is an outbox
// in the same store, which settles the delivery afterwards; the store's log
// keeps that order, so a power cut that forgets the message forgets that it was
// settled as well, and the outbox delivers it again. Whoever has no such record
// calls [Service.DeliverDurably].
func (s *Service) Deliver(ctx context.Context, queue arn.ARN, m Mail) error {
	return s.deliver(ctx, queue, m, store.Unsynced)
}

// DeliverDurably is Deliver for senders that forget: the message is on disk
// when it returns nil.
func (s *Service) DeliverDurably(ctx context.Context, queue arn.ARN, m Mail) error {
	return s.deliver(ctx, queue, m)
}

func (s *Service) deliver(ctx context.Context, to arn.ARN, m Mail, opts ...store.Option) error {
	q, err := s.admit(to, m.From)
	if err != nil {
		return err
	}
	out, err := s.send(ctx, q, []Draft{m.draft()}, opts...)
	if err != nil {
		return err
	}
	return out[0].Err
}

// admit returns the queue that mail is for, if its sender may put it there.
func (s *Service) admit(to arn.ARN, from access.Caller) (*queue, error) {
	if to.Service != "sqs" {
		return nil, fault.NotFound("The queue %s does not exist.", to)
	}
	if from.Region != to.Region {
		return nil, fault.NotFound("The queue %s is not in the region %s.", to, from.Region)
	}
	a := addressOf(to)
	if err := s.Allow(from, a, "SendMessage"); err != nil {
		return nil, err
	}
	q := s.lookup(a)
	if q == nil {
		return nil, fault.NotFound("The queue %s does not exist.", to)
	}
	return q, nil
}

func (m *Mail) draft() Draft {
	d := Draft{Body: string(m.Body), Group: m.Group, Trace: m.Trace, Sender: m.From.Service}
	d.add("String", m.Attributes)
	d.add("Number", m.Numbers)
	slices.SortFunc(d.Attributes, func(a, b Attribute) int { return strings.Compare(a.Name, b.Name) })
	return d
}

// add adds attributes of a type, of which none is empty.
func (d *Draft) add(kind string, attributes map[string]string) {
	for name, value := range attributes {
		if value != "" {
			d.Attributes = append(d.Attributes, Attribute{Name: name, Type: kind, Value: value})
		}
	}
}
