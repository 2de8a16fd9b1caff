package trail

import (
	"errors"
	"slices"
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
	// Draft makes events ready for a stream, all with one time in Unix milliseconds. Owe
	// returns a fault, and writes nothing, when there is no place for them any more.
	Draft(by access.Caller, group, stream string, millis int64, texts [][]byte) (Emission, error)
}

// A groupCopy is records on their way to the log group of a trail, or why there is no way.
type groupCopy struct {
	trails *trails.Book
	of     *trails.Trail
	stream string
	texts  [][]byte
	draft  Emission
	failed error
}

// copies are records for the log groups of the trails that want them, those of a stream
// together. What is wrong with one is said by the trail's status and holds nobody up.
func (s *Service) copies(all []*keeping) (parts []Emission) {
	var found []*groupCopy
	for _, k := range all {
		for _, t := range k.wish.trails {
			if t.Group == "" {
				continue
			}
			stream := t.Stream(k.record.AWSRegion)
			i := slices.IndexFunc(found, func(c *groupCopy) bool { return c.of == t && c.stream == stream })
			if i < 0 {
				i = len(found)
				found = append(found, &groupCopy{trails: s.trails, of: t, stream: stream})
			}
			found[i].texts = append(found[i].texts, k.text)
		}
	}
	for _, c := range found {
		if d, err := s.draftFor(c); err != nil {
			c.failed = err
		} else {
			c.draft = d
		}
		parts = append(parts, c)
	}
	return parts
}

func (s *Service) draftFor(c *groupCopy) (Emission, error) {
	by, err := s.opt.Act(c.of.ARN(), c.of.Role)
	if err != nil {
		return nil, err
	}
	return s.opt.Logs.Draft(by, c.of.Group, c.stream, time.Now().UnixMilli(), c.texts)
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
