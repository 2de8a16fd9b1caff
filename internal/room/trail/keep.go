package trail

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/event"
	"github.com/dari-bus/dari/internal/room/trail/trails"
	"github.com/dari-bus/dari/internal/store"
)

// A wish is what is to be done with a record beside keeping it in the history.
type wish struct {
	// event says that it is an event on the bus.
	event bool
	// trails are those that want it.
	trails []*trails.Trail
}

// wishes returns what is to be done with a record.
func (s *Service) wishes(r *Record) wish {
	wanting := s.trails.Wanting(r.place(), r.seen())
	return wish{event: len(wanting) > 0 || r.ManagementEvent && !s.opt.Strict, trails: wanting}
}

// keepWithin is how long a call waits for its record to be written at most.
const keepWithin = 10 * time.Second

// Keep keeps a record: in the history if it is of a call that manages resources, and
// as an event if that is wished for. Both are on disk when it returns nil, in one
// transaction.
func (s *Service) Keep(ctx context.Context, r *Record) error {
	ctx, cancel := context.WithTimeoutCause(ctx, keepWithin, errors.New("there was no time to record the call"))
	defer cancel()
	w := s.wishes(r)
	if !r.ManagementEvent && !w.event {
		return nil
	}
	text, err := r.text()
	if err != nil {
		return err
	}
	var parts []Emission
	defer func() {
		for _, p := range parts {
			p.End(err == nil)
		}
	}()
	if r.ManagementEvent {
		d, failed := s.history.Draft(ctx, r.place(), r.kind(), text)
		if err = failed; err != nil {
			return err
		}
		parts = append(parts, d)
	}
	parts = append(parts, s.copies(w.trails, r, text)...)
	var noEvent error
	if w.event {
		e, failed := s.emission(r, text)
		if noEvent = failed; failed == nil {
			parts = append(parts, e)
		}
	}
	err = s.opt.Store.Update(ctx, func(tx store.Tx) error {
		for _, p := range parts {
			if err := p.Owe(tx); err != nil {
				return err
			}
		}
		return nil
	})
	return errors.Join(err, noEvent)
}

// emission is the record as an event.
func (s *Service) emission(r *Record, text []byte) (Emission, error) {
	at, err := r.time()
	if err != nil {
		return nil, err
	}
	from := access.Caller{Place: r.place(), KeyID: r.UserIdentity.AccessKeyID, RequestID: r.RequestID}
	e, err := s.opt.Emit(from, event.Entry{Source: r.busSource(), DetailType: detailType, Detail: string(text), Time: at})
	if err != nil {
		return nil, fmt.Errorf("make the event of a record: %w", err)
	}
	return e, nil
}
