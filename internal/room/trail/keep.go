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

var errNoTime = errors.New("there was no time to record the call")

// A keeping is a record on its way to where it is kept.
type keeping struct {
	record *Record
	text   []byte
	wish   wish
	// noEvent is why there is no event of it.
	noEvent error
	// ended has room for what became of it.
	ended chan error
}

// Keep keeps a record: in the history if it is of a call that manages resources, and
// as an event if that is wished for. All of it is on disk when Keep returns nil, and was
// written in one transaction.
func (s *Service) Keep(ctx context.Context, r *Record) error {
	ctx, cancel := context.WithTimeoutCause(ctx, keepWithin, errNoTime)
	defer cancel()
	k := &keeping{record: r, wish: s.wishes(r), ended: make(chan error, 1)}
	if !r.ManagementEvent && !k.wish.event {
		return nil
	}
	var err error
	if k.text, err = r.text(); err != nil {
		return err
	}
	if !r.ManagementEvent {
		return s.gather(ctx, k)
	}
	d, err := s.history.Draft(ctx, r.place(), r.kind(), k.text)
	if err != nil {
		return err
	}
	return errors.Join(s.write(ctx, []*keeping{k}, d), k.noEvent)
}

// write writes what is wished for of records, and further parts, in one transaction.
func (s *Service) write(ctx context.Context, all []*keeping, parts ...Emission) error {
	kept := false
	defer func() {
		for _, p := range parts {
			p.End(kept)
		}
	}()
	parts = append(parts, s.copies(all)...)
	for _, k := range all {
		if !k.wish.event {
			continue
		}
		e, failed := s.emission(k.record, k.text)
		if k.noEvent = failed; failed == nil {
			parts = append(parts, e)
		}
	}
	err := s.opt.Store.Update(ctx, func(tx store.Tx) error {
		for _, p := range parts {
			if err := p.Owe(tx); err != nil {
				return err
			}
		}
		return nil
	})
	kept = err == nil
	return err
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
