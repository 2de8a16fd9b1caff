package bus

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/delivery"
	"github.com/dari-bus/dari/internal/event"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/watch"
)

// An Entry is one event as a producer hands it in, with the bus it is for.
type Entry struct {
	event.Entry
	// Bus is a name or an ARN; "" means the default bus.
	Bus string
	// Trace is the entry's own trace header, or "".
	Trace string
}

// A Result is what became of one entry: an ID when it was accepted, a code and
// a message when it was not.
type Result struct {
	ID            string
	Code, Message string
}

// An intake is an event on its way in, with the rules that want it.
type intake struct {
	event *event.Event
	item  delivery.Item
	rules []*rule
}

// item is what the outbox is told of an event.
func item(ev *event.Event, bus string, arrived time.Time) delivery.Item {
	return delivery.Item{ID: ev.ID, Body: ev.JSON, Source: bus, Ingested: arrived}
}

// Put takes events in and returns a result for each entry, in their order. An
// entry that is refused does not keep the others out; when Put returns an
// error, nothing was taken in.
//
// An entry for a bus that does not exist is accepted and dropped, as
// EventBridge does.
func (s *Service) Put(ctx context.Context, from access.Caller, entries []Entry) ([]Result, error) {
	size := 0
	for i := range entries {
		size += event.Size(entries[i].Entry)
	}
	if size > s.opt.Limits.RequestBytes {
		return nil, fault.Invalid("Total size of the entries in the request is over the limit.")
	}
	arrived := time.Now()
	results := make([]Result, len(entries))
	taken := make([]intake, 0, len(entries))
	for i := range entries {
		in, err := s.take(from, &entries[i], arrived)
		if f, ok := errors.AsType[*fault.Error](err); ok {
			results[i] = Result{Code: cmp.Or(f.Code, "InvalidArgument"), Message: f.Message}
			continue
		}
		if err != nil {
			return nil, err
		}
		results[i].ID = in.event.ID
		taken = append(taken, in)
	}
	if err := s.commit(ctx, from, taken); err != nil {
		return nil, err
	}
	s.tellRefused(from, entries, results)
	return results, nil
}

// own stamps an event of the house's own and finds the rules that want it.
func (s *Service) own(from access.Caller, e event.Entry) (intake, error) {
	arrived := time.Now()
	ev, err := event.New(e, stamp(from.Place, arrived))
	if err != nil {
		return intake{}, err
	}
	k := key{from.Place, DefaultName}
	in := intake{event: ev, item: item(ev, k.arn(), arrived)}
	in.item.Trace = from.Trace
	if b := s.lookup(k); b != nil {
		in.rules, err = b.match(ev)
	}
	return in, err
}

// take checks an entry, stamps it and finds the rules that want it. An error
// that is a fault is about this entry only.
func (s *Service) take(from access.Caller, e *Entry, arrived time.Time) (intake, error) {
	if err := event.CheckSource(e.Source); err != nil {
		return intake{}, err
	}
	ev, err := event.New(e.Entry, stamp(from.Place, arrived))
	if err != nil {
		return intake{}, err
	}
	k, err := resolve(from.Place, e.Bus)
	if err != nil {
		return intake{}, err
	}
	b, there := s.lookup(k), true
	if b == nil || k.Region != from.Region {
		b, there = s.newBus(k), false // which lets nobody in but its own account
	}
	in := intake{event: ev, item: item(ev, b.arn, arrived)}
	in.item.Trace = cmp.Or(e.Trace, from.Trace)
	if err := b.allowEvent(ev, from); err != nil || !there {
		return in, err
	}
	in.rules, err = b.match(ev)
	return in, err
}

func stamp(at access.Place, arrived time.Time) event.Stamp {
	return event.Stamp{ID: uuid.NewString(), Account: at.Account, Region: at.Region, Now: arrived}
}

// commit writes the events that somebody wants, in one transaction, tells the
// hooks about all of them and starts the deliveries.
func (s *Service) commit(ctx context.Context, from access.Caller, taken []intake) error {
	start := func() {}
	if d := s.debts(taken); d != nil {
		defer d.release()
		err := s.opt.Store.Update(ctx, func(tx store.Tx) (err error) {
			start, err = d.owe(tx)
			return err
		})
		if err != nil {
			return err
		}
	}
	s.tellTaken(from, taken)
	start()
	return nil
}

func (s *Service) tellTaken(from access.Caller, taken []intake) {
	if s.opt.Hooks.Matched == nil && s.opt.Hooks.Accepted == nil {
		return
	}
	for i := range taken {
		in := &taken[i]
		if s.opt.Hooks.Accepted != nil {
			s.opt.Hooks.Accepted(&watch.Accepted{
				Event: in.event, Bus: in.item.Source, Caller: cmp.Or(from.KeyID, from.Source), RequestID: from.RequestID,
				Ingested: in.item.Ingested, Deliveries: len(in.item.Lanes),
			})
		}
		if s.opt.Hooks.Matched != nil {
			s.opt.Hooks.Matched(&watch.Matched{Event: in.event, Bus: in.item.Source, Rules: ruleARNs(in.rules)})
		}
	}
}

func (s *Service) tellRefused(from access.Caller, entries []Entry, results []Result) {
	if s.opt.Hooks.Refused == nil {
		return
	}
	for i, r := range results {
		if r.Code == "" {
			continue
		}
		bus := entries[i].Bus
		if k, err := resolve(from.Place, bus); err == nil {
			bus = k.arn()
		}
		s.opt.Hooks.Refused(&watch.Refused{
			Bus: bus, Caller: cmp.Or(from.KeyID, from.Source), RequestID: from.RequestID,
			Source: entries[i].Source, DetailType: entries[i].DetailType,
			Code: r.Code, Message: r.Message,
		})
	}
}

func ruleARNs(rules []*rule) []string {
	arns := make([]string, len(rules))
	for i, r := range rules {
		arns[i] = r.arn
	}
	slices.Sort(arns)
	return arns
}
