package queue

import (
	"errors"

	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/policy"
)

// compile returns the parsed policy, nil when policies do not count. A stored
// policy that cannot be read, because it was stored when policies did not
// count, lets nobody in.
func (s *Service) compile(q *queue, text string) *policy.Document {
	if !s.options.EnforcePolicies || text == "" {
		return nil
	}
	d, err := policy.ParseResource(text)
	if err != nil {
		s.options.Logger.Warn("queue policy lets nobody in", "queue", q.arn, "err", err)
	}
	return d
}

// checkPolicy refuses what is no policy. Where policies do not count, that is
// only what is not JSON; the rest is remembered for its owner.
func (s *Service) checkPolicy(text string) error {
	if text == "" {
		return nil
	}
	_, err := policy.ParseResource(text)
	if err == nil || !s.options.EnforcePolicies && !errors.Is(err, policy.ErrNotJSON) {
		return nil
	}
	return fault.Invalid("Invalid value for the parameter Policy. Reason: %v.", err).WithCode(codeAttributeValue)
}

// Allow returns a Denied fault when somebody in account may not do action, such
// as "sqs:SendMessage", with the queue at a. Everybody may do everything with
// the queues of the own account, and with all of them unless policies count.
func (s *Service) Allow(a Address, account, action string) error {
	if !s.options.EnforcePolicies || account == a.Account {
		return nil
	}
	q, err := s.find(a)
	if err != nil {
		return err
	}
	return q.allow(policy.Request{Principal: policy.Principal{Account: account}, Action: action, Resource: q.arn})
}

// busService is whom the events of a rule come from.
const busService = "events.amazonaws.com"

// allowRule returns a Denied fault when the rule with the ARN source may not
// send to q.
func (s *Service) allowRule(q *queue, source string) error {
	if !s.options.EnforcePolicies {
		return nil
	}
	context := map[string][]string{"aws:SourceArn": {source}}
	if from, err := arn.Parse(source); err == nil {
		context["aws:SourceAccount"] = []string{from.Account}
	}
	return q.allow(policy.Request{
		Principal: policy.Principal{Service: busService},
		Action:    "sqs:SendMessage", Resource: q.arn, Context: context,
	})
}

func (q *queue) allow(r policy.Request) error {
	switch q.config().policy.Decide(r).Verdict {
	case policy.Allowed:
		return nil
	case policy.Denied:
		return fault.Denied("Access to the resource %s is denied: its policy has an explicit deny for %s.", q.arn, r.Action)
	}
	return fault.Denied("Access to the resource %s is denied: its policy does not allow %s.", q.arn, r.Action)
}
