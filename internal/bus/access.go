package bus

import (
	"strconv"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/event"
)

// allowEvent says whether a sender may put an event on the bus.
func (b *bus) allowEvent(ev *event.Event, from access.Caller) error {
	a := access.Ask{Caller: from, Action: "events:PutEvents", Resource: b.arn, Owner: b.Account, Policy: b.attributes.Load().policy}
	if a.Policy != nil || from.Identity != nil || from.Source != "" { // else no policy reads them
		a.Keys = map[string][]string{
			"events:source":             {ev.Source},
			"events:detail-type":        {ev.DetailType},
			"events:eventBusInvocation": {strconv.FormatBool(from.Source != "")},
		}
	}
	return b.guard.Allow(&a)
}

// passRole says whether a caller may hand a role on to rules.
func (b *bus) passRole(by access.Caller, role string) error {
	if role == "" {
		return nil
	}
	return b.guard.Allow(&access.Ask{
		Caller: by, Action: "iam:PassRole", Resource: role, Owner: b.Account,
		Keys: map[string][]string{"iam:PassedToService": {access.Events}},
	})
}

// allow says whether a caller may carry out an operation on the bus or on one
// of its rules. keys are the condition keys that it has beside everybody's.
func (b *bus) allow(by access.Caller, op, resource string, keys map[string][]string) error {
	return b.guard.Allow(&access.Ask{
		Caller: by, Action: "events:" + op, Resource: resource, Owner: b.Account,
		Policy: b.attributes.Load().policy, Keys: keys,
		Unlocks: op == "PutPermission" || op == "RemovePermission",
	})
}
