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
		c, err := s.copyFor(t, r, text)
		if err != nil {
			s.trails.Settle(t, err)
			continue
		}
		parts = append(parts, c)
	}
	return parts
}

func (s *Service) copyFor(t *trails.Trail, r *Record, text []byte) (*groupCopy, error) {
	by, err := s.opt.Act(t.ARN(), t.Role)
	if err != nil {
		return nil, err
	}
	e, err := s.opt.Logs.Draft(by, t.Group, t.Stream(r.AWSRegion), time.Now().UnixMilli(), text)
	if err != nil {
		return nil, err
	}
	return &groupCopy{Emission: e, trails: s.trails, of: t}, nil
}

// A groupCopy is a record on its way to the log group of a trail.
type groupCopy struct {
	Emission
	trails *trails.Book
	of     *trails.Trail
	// gone is why there is no place for it any more.
	gone error
}

func (c *groupCopy) Owe(tx store.Tx) error {
	err := c.Emission.Owe(tx)
	if f, ok := errors.AsType[*fault.Error](err); ok {
		c.gone = f
		return nil
	}
	return err
}

func (c *groupCopy) End(kept bool) {
	c.Emission.End(kept && c.gone == nil)
	if kept {
		c.trails.Settle(c.of, c.gone)
	}
}
