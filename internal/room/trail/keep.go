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
	"github.com/dari-bus/dari/internal/store/blocks"
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
	var parts []part
	defer func() {
		for _, p := range parts {
			p.end(err == nil)
		}
	}()
	if r.ManagementEvent {
		var p part
		if p, err = s.entry(ctx, r, text); err != nil {
			return err
		}
		parts = append(parts, p)
	}
	parts = append(parts, s.copies(w.trails, r, text)...)
	var noEvent error
	if w.event {
		p, failed := s.emission(r, text)
		if noEvent = failed; failed == nil {
			parts = append(parts, p)
		}
	}
	err = s.opt.Store.Update(ctx, func(tx store.Tx) error {
		for _, p := range parts {
			if err := p.write(tx); err != nil {
				return err
			}
		}
		return nil
	})
	return errors.Join(err, noEvent)
}

// A part of what a record becomes: what is written, and what is done at the end.
type part struct {
	write func(store.Tx) error
	end   func(kept bool)
}

// entry is the record in the history.
func (s *Service) entry(ctx context.Context, r *Record, text []byte) (part, error) {
	now := time.Now().UnixMilli()
	at, err := s.room(ctx, r.place(), now, int64(len(text)))
	if err != nil {
		return part{}, err
	}
	packed, err := s.in.Pack(ctx, []blocks.Entry{{Time: now, Arrived: now, Text: text}})
	if err != nil {
		s.unused(at, int64(len(text)))
		return part{}, err
	}
	return part{
		func(tx store.Tx) error {
			if !s.there(tx, at) {
				return errors.New("the account's history was cut where the record belongs")
			}
			return s.in.Add(tx, at.number, at.source, packed)
		},
		func(kept bool) {
			packed.Free()
			if kept {
				s.pileUp(at)
			} else {
				s.unused(at, int64(len(text)))
			}
		},
	}, nil
}

// emission is the record as an event.
func (s *Service) emission(r *Record, text []byte) (part, error) {
	at, err := r.time()
	if err != nil {
		return part{}, err
	}
	from := access.Caller{Place: r.place(), KeyID: r.UserIdentity.AccessKeyID, RequestID: r.RequestID}
	e, err := s.opt.Emit(from, event.Entry{Source: r.busSource(), DetailType: detailType, Detail: string(text), Time: at})
	if err != nil {
		return part{}, fmt.Errorf("make the event of a record: %w", err)
	}
	return part{e.Owe, e.End}, nil
}
