package trail

import (
	"errors"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/trail/trails"
	"github.com/dari-bus/dari/internal/store"
)

// Logs are the log groups that trails write to.
type Logs interface {
	// Writes returns nil when a caller may write to a stream of the group of an ARN,
	// and make the stream.
	Writes(by access.Caller, group, stream string) error
	// Draft makes an event ready for a stream, with its time in Unix milliseconds. Owe
	// returns a fault, and writes nothing, when there is no place for it any more.
	Draft(by access.Caller, group, stream string, millis int64, text []byte) (Emission, error)
}

// copies are the record for the log groups of the trails that want it. What is wrong
// with one is said by the trail's status and holds nobody up.
func (s *Service) copies(wanting []*trails.Trail, r *Record, text []byte) (parts []Emission) {
	for _, t := range wanting {
		if t.Group == "" {
			continue
		}
		c := &groupCopy{trails: s.trails, of: t}
		if d, err := s.draftFor(t, r, text); err != nil {
			c.failed = err
		} else {
			c.draft = d
		}
		parts = append(parts, c)
	}
	return parts
}

func (s *Service) draftFor(t *trails.Trail, r *Record, text []byte) (Emission, error) {
	by, err := s.opt.Act(t.ARN(), t.Role)
	if err != nil {
		return nil, err
	}
	return s.opt.Logs.Draft(by, t.Group, t.Stream(r.AWSRegion), time.Now().UnixMilli(), text)
}

// A groupCopy is a record on its way to the log group of a trail, or why there is no way.
type groupCopy struct {
	trails *trails.Book
	of     *trails.Trail
	draft  Emission
	failed error
}

func (c *groupCopy) Owe(tx store.Tx) error {
	if c.failed == nil {
		err := c.draft.Owe(tx)
		if f, ok := errors.AsType[*fault.Error](err); ok {
			c.failed, err = f, nil // the group has gone meanwhile, and nothing is written
		}
		if err != nil {
			return err
		}
	}
	return c.trails.Settle(tx, c.of, c.failed)
}

func (c *groupCopy) End(kept bool) {
	if c.draft != nil {
		c.draft.End(kept && c.failed == nil)
	}
}
