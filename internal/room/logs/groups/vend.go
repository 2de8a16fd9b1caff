package groups

import (
	"context"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/blocks"
)

// Vend appends the log of a service to a stream of the account that it acts for. Group
// and stream are made if they are not there: the account asked for the log. The
// events are in order, and need not be on disk when Vend returns.
func (s *Service) Vend(ctx context.Context, from access.Caller, group, stream string, events []blocks.Entry) error {
	at := from.Place
	for _, action := range []string{"CreateLogStream", "PutLogEvents"} {
		if err := s.allow(from, at, action, resource(at, group, stream)); err != nil {
			return err
		}
	}
	if err := checkBatch(events); err != nil {
		return err
	}
	g, err := s.vended(ctx, from, group)
	if err != nil {
		return err
	}
	events, _ = judge(g, events, time.Now())
	if len(events) == 0 {
		return nil
	}
	w := s.writing(at, g, stream, events)
	w.making = true
	if err := w.take(ctx); err != nil {
		return err
	}
	return w.carryOut(ctx, store.Unsynced)
}

// vended returns a group, which it makes if it is not there. A service that acts for
// nobody else is let in by a policy for the group's events alone.
func (s *Service) vended(ctx context.Context, from access.Caller, name string) (g *Group, err error) {
	at := from.Place
	if g := s.groups.Find(groupKey(at, name)); g != nil {
		return g, nil
	}
	if from.Service == "" {
		if err := s.allow(from, at, "CreateLogGroup", resource(at, name, "")); err != nil {
			return nil, err
		}
	}
	err = s.opt.Store.Update(ctx, func(tx store.Tx) error {
		if g = s.groups.In(tx).Find(groupKey(at, name)); g != nil {
			return nil
		}
		n, err := nextNumber(tx)
		if err != nil {
			return err
		}
		g = &Group{Name: name, Number: n, Created: time.Now().UnixMilli(), Class: Standard}
		return s.groups.In(tx).Create(groupKey(at, name), g)
	}, store.Unsynced)
	return g, err
}
