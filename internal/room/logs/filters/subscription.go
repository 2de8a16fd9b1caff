package filters

import (
	"context"
	"strings"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/filter"
	"github.com/dari-bus/dari/internal/page"
	"github.com/dari-bus/dari/internal/store"
)

// Sender is the service that subscribers get their events from.
const Sender = "logs.amazonaws.com"

// A Subscription is a subscription filter, as it is stored.
type Subscription struct {
	Group, Name, Pattern string
	// Destination is an ARN. Role and Distribution are kept for those who ask.
	Destination        string
	Role, Distribution string `json:",omitempty"`
	// Created is in Unix milliseconds.
	Created int64
	// Lane is where its messages go in the outbox.
	Lane uint64

	pattern *filter.Pattern
}

// PutSubscription makes a subscription filter, or replaces the one of that name.
func (s *Service) PutSubscription(ctx context.Context, by access.Caller, f Subscription) error {
	if err := s.opt.Groups.Allow(by, by.Place, "PutSubscriptionFilter", f.Group); err != nil {
		return err
	}
	var err error
	if f.pattern, err = Compile(f.Pattern); err != nil {
		return err
	}
	group := groupARN(by.Place, f.Group)
	to, err := s.destination(by, group, &f)
	if err != nil {
		return err
	}
	f.Created = time.Now().UnixMilli()
	return s.opt.Store.Update(ctx, func(tx store.Tx) error {
		n, err := s.opt.Groups.Number(by.Place, f.Group)
		if err != nil {
			return err
		}
		key := keyOf(by.Place, n, f.Name)
		old := s.subscriptions.Find(key)
		if old == nil && s.subscriptions.Count(by.Place, of(n)) >= MaxSubscriptions {
			return errFull
		}
		if f.pattern.Regexes() > 0 && s.regexes(by.Place, n, "", f.Name) >= maxRegexes {
			return errFull
		}
		if f.Lane, err = s.opt.Outbox.Begin(tx, group, f.Name, to); err != nil {
			return err
		}
		if old != nil {
			f.Created = old.Created
			if err := s.opt.Outbox.Retire(tx, old.Lane); err != nil {
				return err
			}
		}
		return s.subscriptions.In(tx).Put(key, &f)
	})
}

// destination returns where a subscription leads, when its caller may have it lead
// there and it can.
func (s *Service) destination(by access.Caller, group arn.ARN, f *Subscription) (arn.ARN, error) {
	to, err := arn.Parse(f.Destination)
	if err != nil {
		return to, fault.Invalid("destinationArn %q is no ARN.", f.Destination)
	}
	switch {
	case to.Service == "lambda": // as AWS says it of a function without a permission, for there are none
		return to, fault.Invalid("Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute your function.")
	case to.Service != "sqs" || s.opt.Outbox == nil:
		return to, fault.Invalid("PutSubscriptionFilter operation cannot work with destinationArn for vendor %s; dari sends log events to SQS queues.", to.Service)
	case to.Region != by.Region || strings.HasSuffix(to.Resource, ".fifo"):
		return to, fault.Invalid("destinationArn %s must be a standard queue in the region %s.", to, by.Region)
	}
	if f.Role != "" {
		err := s.opt.Guard.Allow(&access.Ask{
			Caller: by, Action: "iam:PassRole", Resource: f.Role, Owner: by.Account,
			Keys: map[string][]string{"iam:PassedToService": {Sender}},
		})
		if err != nil {
			return to, err
		}
	}
	if s.opt.Outbox.Check(group, to) != nil {
		// One sentence for both: which queues others have is not for everybody to know.
		return to, fault.Invalid("Could not deliver test message to specified SQS queue. Check that the queue %s exists and that its policy lets %s send to it for %s.", to, Sender, group)
	}
	return to, nil
}

// DeleteSubscription deletes a subscription filter. What waits for its destination is
// not sent any more.
func (s *Service) DeleteSubscription(ctx context.Context, by access.Caller, group, name string) error {
	if err := s.opt.Groups.Allow(by, by.Place, "DeleteSubscriptionFilter", group); err != nil {
		return err
	}
	return s.opt.Store.Update(ctx, func(tx store.Tx) error {
		n, err := s.opt.Groups.Number(by.Place, group)
		if err != nil {
			return err
		}
		f, err := s.subscriptions.In(tx).Delete(keyOf(by.Place, n, name))
		if err != nil {
			return err
		}
		return s.opt.Outbox.Abandon(tx, f.Lane)
	}, store.Draining)
}

// Subscriptions returns a page of the subscription filters of a group whose names
// begin with prefix.
func (s *Service) Subscriptions(by access.Caller, group string, prefix *string, token string, limit int) ([]*Subscription, string, error) {
	if err := s.opt.Groups.Allow(by, by.Place, "DescribeSubscriptionFilters", group); err != nil {
		return nil, "", err
	}
	n, err := s.opt.Groups.Number(by.Place, group)
	if err != nil {
		return nil, "", err
	}
	var rows []*Subscription
	for f := range s.subscriptions.Each(by.Place, of(n)) {
		if begins(f.Name, prefix) {
			rows = append(rows, f)
		}
	}
	return page.Clip(rows, func(f *Subscription) string { return f.Name }, token, limit)
}
