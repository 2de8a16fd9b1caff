package app

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/function/catalog"
	"github.com/dari-bus/dari/internal/room/function/mapping"
	"github.com/dari-bus/dari/internal/room/queue"
	"github.com/dari-bus/dari/internal/room/queue/sqs"
)

// functionSources are where event source mappings meet the queues: they receive with the
// rights of the role of their function.
type functionSources struct{ rooms *rooms }

// at returns the queue with an ARN, if the role of a function may do some operations there.
func (s functionSources) at(of catalog.Address, role string, to arn.ARN, operations ...string) (queue.Address, error) {
	a := queue.Address{Place: access.Place{Account: to.Account, Region: to.Region}, Name: to.Resource}
	by, err := s.rooms.runsAs(of, role)
	if err != nil {
		return a, err
	}
	for _, op := range operations {
		if err := s.rooms.queues.Allow(by, a, op); fault.KindOf(err) == fault.KindDenied {
			return a, fault.Denied("%v", err).WithCode(op)
		} else if err != nil {
			return a, err
		}
	}
	return a, nil
}

func (s functionSources) Look(of catalog.Address, role string, from arn.ARN) (time.Duration, error) {
	a, err := s.at(of, role, from, "ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
	if err != nil {
		return 0, err
	}
	settings, err := s.rooms.queues.Settings(a)
	if err != nil {
		return 0, err
	}
	return settings.Visibility, nil
}

func (s functionSources) Await(ctx context.Context, of catalog.Address, role string, from arn.ARN) error {
	a, err := s.at(of, role, from, "ReceiveMessage")
	if err != nil {
		return err
	}
	return s.rooms.queues.Await(ctx, a)
}

func (s functionSources) Receive(ctx context.Context, of catalog.Address, role string, from arn.ARN, most int) ([]mapping.Message, error) {
	a, err := s.at(of, role, from, "ReceiveMessage")
	if err != nil {
		return nil, err
	}
	now := time.Duration(0)
	found, err := s.rooms.queues.Receive(ctx, a, queue.Request{Max: most, Wait: &now})
	all := make([]mapping.Message, len(found))
	for i := range found {
		all[i] = received(&found[i])
	}
	return all, err
}

func (s functionSources) Delete(ctx context.Context, of catalog.Address, role string, from arn.ARN, receipts []string) error {
	a, err := s.at(of, role, from, "DeleteMessage")
	if err != nil {
		return err
	}
	fates, err := s.rooms.queues.Remove(ctx, a, receipts)
	return errors.Join(append(fates, err)...)
}

func (s functionSources) Return(ctx context.Context, of catalog.Address, role string, from arn.ARN, receipts []string) error {
	return s.extend(ctx, of, role, from, receipts, queue.Timeout{Unseen: true})
}

func (s functionSources) Hide(ctx context.Context, of catalog.Address, role string, from arn.ARN, receipts []string, long time.Duration) error {
	return s.extend(ctx, of, role, from, receipts, queue.Timeout{Hide: long})
}

// extend needs no right of the role's, as there is none at AWS that mappings ask for.
func (s functionSources) extend(ctx context.Context, of catalog.Address, role string, from arn.ARN, receipts []string, as queue.Timeout) error {
	a, err := s.at(of, role, from)
	if err != nil {
		return err
	}
	timeouts := make([]queue.Timeout, len(receipts))
	for i, r := range receipts {
		timeouts[i] = as
		timeouts[i].Receipt = r
	}
	fates, err := s.rooms.queues.Extend(ctx, a, timeouts)
	return errors.Join(append(fates, err)...)
}

// received is a message in the words of mappings.
func received(m *queue.Message) mapping.Message {
	millis := func(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }
	out := mapping.Message{
		ID: m.ID, Receipt: m.Receipt, Body: m.Body, MD5: sqs.BodyDigest(m.Body), AttributesMD5: sqs.AttributesDigest(m.Attributes),
		System: mapping.System{
			ReceiveCount: strconv.Itoa(m.Receives), Trace: m.Trace, Sent: millis(m.Sent), Group: m.Group, Sender: m.Sender,
			DedupID: m.DedupID, FirstReceived: millis(m.First), Origin: m.Origin,
		},
	}
	if m.Sequence != 0 {
		out.System.Sequence = strconv.FormatUint(m.Sequence, 10)
	}
	for _, a := range m.Attributes {
		out.Attributes = append(out.Attributes, mapping.Attribute(a))
	}
	return out
}
