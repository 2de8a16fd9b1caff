package bus

import (
	"strconv"

	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/event"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/policy"
)

// A sender is who puts an event on a bus.
type sender struct {
	account string
	// rule is the ARN of the rule that passes the event on, and role the ARN of
	// its target's role; both are "" for a producer.
	rule, role string
}

// allowEvent says whether a sender may put an event on the bus. An account may
// use its own buses unless the policy denies it; anybody else needs to be let in.
func (b *bus) allowEvent(ev *event.Event, from sender) error {
	p := b.attributes.Load().policy
	if p == nil && from.account == b.Account {
		return nil
	}
	keys := map[string][]string{
		"events:source":             {ev.Source},
		"events:detail-type":        {ev.DetailType},
		"events:eventBusInvocation": {strconv.FormatBool(from.rule != "")},
	}
	if from.rule != "" {
		keys["aws:SourceArn"] = []string{from.rule}
		keys["aws:SourceAccount"] = []string{from.account}
	}
	switch p.Decide(policy.Request{
		Principal: policy.Principal{Account: from.account, ARN: from.role},
		Action:    "events:PutEvents", Resource: b.arn, Context: keys,
	}).Verdict {
	case policy.Allowed:
		return nil
	case policy.NotCovered:
		if from.account == b.Account {
			return nil
		}
	}
	return b.denied(from.account, "PutEvents", b.arn)
}

// allow says whether a caller may carry out an operation on the bus or on one
// of its rules, which creator has made. An account may do everything with its
// own; its policy lets others in.
func (b *bus) allow(at Place, op, resource, creator string) error {
	if at.Account == b.Account {
		return nil
	}
	keys := map[string][]string{}
	if creator != "" {
		keys["events:creatorAccount"] = []string{creator}
	}
	if b.attributes.Load().policy.Decide(policy.Request{
		Principal: policy.Principal{Account: at.Account},
		Action:    "events:" + op, Resource: resource, Context: keys,
	}).Verdict == policy.Allowed {
		return nil
	}
	return b.denied(at.Account, op, resource)
}

func (k key) denied(account, op, resource string) error {
	root := arn.ARN{Partition: arn.Partition(k.Region), Service: "iam", Account: account, Resource: "root"}
	return fault.Denied("User: %s is not authorized to perform: events:%s on resource: %s because no resource-based policy allows the events:%[2]s action",
		root, op, resource).WithCode("AccessDeniedException")
}
