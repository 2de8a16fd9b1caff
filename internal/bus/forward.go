package bus

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/event"
	"github.com/dari-bus/dari/internal/target"
)

// Forward takes the event of a delivery in on another bus of this service: the
// bus is a target of a rule. The event stays what it is, with one exception: in
// another region it gets a new id, as on EventBridge.
//
// A bus that does not exist is a NotFound fault, and one whose policy does not
// let the rule's account in a Denied fault; neither gets better by trying
// again. The event is marked as forwarded; it is the sink's business not to
// pass such an event on. Forward may be called again for an event that has
// already arrived.
func (s *Service) Forward(ctx context.Context, to arn.ARN, d *target.Delivery) error {
	from, err := access.Role(d.Target.RoleARN, d.Owner)
	if err != nil {
		return err
	}
	from.Trace = d.Trace
	region := from.Region
	from.Region = to.Region // where the call is made
	b, err := s.find(from, "PutEvents", to.String())
	if err != nil {
		return err
	}
	ev, err := event.Parse(d.Body)
	if err != nil {
		return err
	}
	if err := b.allowEvent(ev, from); err != nil {
		return err
	}
	if to.Region != region {
		if ev, err = renamed(ev, d, b.arn); err != nil {
			return err
		}
	}
	in := intake{event: ev, item: item(ev, b.arn, time.Now())}
	in.item.Forwarded, in.item.Trace = true, d.Trace
	if in.rules, err = b.match(ev); err != nil {
		return err
	}
	return s.commit(ctx, from, []intake{in})
}

// renamed returns an event with a new id and nothing else changed. The id
// follows from the delivery: when that is repeated, so is the id.
func renamed(ev *event.Event, d *target.Delivery, to string) (*event.Event, error) {
	id := uuid.NewSHA1(uuid.Nil, []byte(strings.Join([]string{ev.ID, d.Owner, d.Target.ID, to}, "\n")))
	entry := event.Entry{
		Source: ev.Source, DetailType: ev.DetailType, Detail: string(ev.Detail), Resources: ev.Resources, Time: ev.Time,
	}
	return event.New(entry, event.Stamp{ID: id.String(), Account: ev.Account, Region: ev.Region, Now: ev.Time})
}
