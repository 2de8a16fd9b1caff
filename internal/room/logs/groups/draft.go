package groups

import (
	"context"
	"fmt"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/logs/filters"
	"github.com/dari-bus/dari/internal/store"
)

// A Draft is lines on their way into a transaction of the caller's own, with what the
// group's subscribers are owed of them. Whoever has one calls Owe in the transaction and
// End after it.
type Draft struct {
	*writing
	owed *filters.Owed
}

// Draft makes a line ready, with the texts of more that differ from it in nothing else.
// Its faults are those of [Service.Deliver], and Unavailable while there is no memory to
// make messages for subscribers. Whoever asks for it counts the memory of the texts:
// twice, beside what they take already.
func (s *Service) Draft(l Line, more ...[]byte) (*Draft, error) {
	w, err := s.admit(&l, more...)
	if err != nil {
		return nil, err
	}
	if n := s.Filters.Cost(w.at, w.group.Number, w.events); s.ingest.Try(w.at.Account, n) {
		w.taken = n
	} else {
		return nil, fault.Unavailable("The log group %s has subscribers, and there is not memory enough to make their messages now. Please try again.", w.group.Name)
	}
	if w.packed, err = s.events.PackCounted(context.Background(), w.events); err != nil {
		w.free()
		return nil, err
	}
	owed, err := s.Filters.Owed(w.at, w.group.Name, w.group.Number, w.stream, w.events)
	if err != nil {
		w.free()
		return nil, err
	}
	return &Draft{w, owed}, nil
}

// Owe writes the lines. When there is no place for them any more, since their group has gone
// meanwhile or has too many streams, that is a fault, and nothing is written.
func (d *Draft) Owe(tx store.Tx) error {
	if err := d.fits(tx); err != nil {
		return err
	}
	err := d.write(tx)
	if err == nil {
		err = d.owed.Owe(tx)
	}
	if err != nil {
		return fmt.Errorf("write lines to %s: %v", d.group.Name, err) // no fault, since something may be written
	}
	return nil
}

// End is called once, when the transaction is over; kept says that it is on disk.
func (d *Draft) End(kept bool) {
	defer d.free()
	if kept {
		d.owed.Start()
	}
}

// Writes says whether a caller may write to a stream of a group, and make the stream:
// nil, or a fault, which is NotFound when there is no such group.
func (s *Service) Writes(by access.Caller, to arn.ARN, stream string) error {
	at, group, ok := PlaceOf(to)
	if !ok {
		return fault.Invalid("%s is not the ARN of a log group.", to)
	}
	for _, action := range []string{"CreateLogStream", "PutLogEvents"} {
		if err := s.allow(by, at, action, resource(at, group, stream)); err != nil {
			return err
		}
	}
	_, err := s.groups.Get(groupKey(at, group))
	return err
}
