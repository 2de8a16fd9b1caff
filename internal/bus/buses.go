package bus

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/page"
	"github.com/dari-bus/dari/internal/store"
)

// A Bus describes an event bus.
type Bus struct {
	Name, ARN string
	// Description, KMSKey and DeadLetter are "" when not set; Log is nil.
	Description string
	KMSKey      string
	DeadLetter  string
	Log         *LogConfig
	// Policy is the text of the policy, "" when there is none.
	Policy            string
	Created, Modified time.Time
}

// A LogConfig says what a bus should log.
type LogConfig struct {
	IncludeDetail, Level string `json:",omitempty"`
}

// A NewBus is a bus to be created.
type NewBus struct {
	Name string
	// EventSource names a partner event source, of which there are none.
	EventSource string
	Description string
	KMSKey      string
	DeadLetter  string
	Log         *LogConfig
	Tags        []Tag
}

// A BusChange says what to change about a bus. Nil fields stay as they are; an
// empty string unsets the attribute.
type BusChange struct {
	Description, KMSKey, DeadLetter *string
	Log                             *LogConfig
}

func (b *bus) describe() Bus { return b.attributes.Load().describe() }

func (a *attributes) describe() Bus {
	return Bus{
		Name: a.Name, ARN: a.key().arn(),
		Description: a.Description, KMSKey: a.KMSKey, DeadLetter: a.DeadLetter, Log: a.Log,
		Policy: a.Policy, Created: a.Created, Modified: a.Modified,
	}
}

// CreateEventBus makes a bus.
func (s *Service) CreateEventBus(ctx context.Context, by access.Caller, n NewBus) (Bus, error) {
	switch {
	case n.EventSource != "":
		return Bus{}, fault.NotFound("Event source %s does not exist.", n.EventSource)
	case strings.Contains(n.Name, "/"):
		return Bus{}, fault.Invalid("Event bus name must not contain '/'.")
	}
	if err := s.checkTags(n.Tags); err != nil {
		return Bus{}, err
	}
	k := key{by.Place, n.Name}
	if err := s.opt.Guard.Allow(access.Own(by, "events:CreateEventBus", k.arn())); err != nil {
		return Bus{}, err
	}
	s.creating.Lock()
	defer s.creating.Unlock()
	if n.Name == DefaultName || s.lookup(k) != nil {
		return Bus{}, fault.Conflict("Event bus %s already exists.", n.Name)
	}
	if len(s.inPlace(by.Place, "")) >= s.opt.Limits.Buses {
		return Bus{}, overLimit()
	}
	b := s.newBus(k)
	t := now()
	r := busRecord{
		Place: by.Place, Name: n.Name, Description: n.Description, KMSKey: n.KMSKey,
		DeadLetter: n.DeadLetter, Log: n.Log, Tags: n.Tags, Created: t, Modified: t,
	}
	if err := s.saveBus(ctx, b, r); err != nil {
		return Bus{}, err
	}
	s.buses.Store(k, b)
	return b.describe(), nil
}

// DescribeEventBus returns a bus by name or ARN; "" means the default bus.
func (s *Service) DescribeEventBus(by access.Caller, ref string) (Bus, error) {
	b, err := s.find(by, "DescribeEventBus", ref)
	if err != nil {
		return Bus{}, err
	}
	if err := b.allow(by, "DescribeEventBus", b.arn, nil); err != nil {
		return Bus{}, err
	}
	return b.describe(), nil
}

// ListEventBuses returns the buses of a place by name, the default bus among
// them, and the token of the next page.
func (s *Service) ListEventBuses(by access.Caller, prefix, token string, limit int) ([]Bus, string, error) {
	if err := s.opt.Guard.Allow(access.Own(by, "events:ListEventBuses", "*")); err != nil {
		return nil, "", err
	}
	all, next, err := page.Clip(s.inPlace(by.Place, prefix), func(a *attributes) string { return a.Name }, token, limit)
	if err != nil {
		return nil, "", err
	}
	rows := make([]Bus, len(all))
	for i, a := range all {
		rows[i] = a.describe()
	}
	return rows, next, nil
}

// inPlace returns the buses of a place whose names begin with prefix, sorted by
// name, in a slice of the caller. The default bus is always there, but perhaps
// not in the store.
func (s *Service) inPlace(at access.Place, prefix string) []*attributes {
	all := slices.Collect(s.attributes.Each(at, prefix))
	i, there := slices.BinarySearchFunc(all, DefaultName, func(a *attributes, name string) int { return strings.Compare(a.Name, name) })
	if !there && strings.HasPrefix(DefaultName, prefix) {
		all = slices.Insert(all, i, s.unchanged(key{at, DefaultName}))
	}
	return all
}

// UpdateEventBus changes attributes of a bus.
func (s *Service) UpdateEventBus(ctx context.Context, by access.Caller, ref string, c BusChange) (Bus, error) {
	b, err := s.lock(by, "UpdateEventBus", ref)
	if err != nil {
		return Bus{}, err
	}
	defer b.writing.Unlock()
	if err := b.allow(by, "UpdateEventBus", b.arn, nil); err != nil {
		return Bus{}, err
	}
	r := b.attributes.Load().busRecord
	set(&r.Description, c.Description)
	set(&r.KMSKey, c.KMSKey)
	set(&r.DeadLetter, c.DeadLetter)
	if c.Log != nil {
		r.Log = c.Log
	}
	if err := s.changeBus(ctx, b, r); err != nil {
		return Bus{}, err
	}
	return b.describe(), nil
}

func set(to, from *string) {
	if from != nil {
		*to = *from
	}
}

// DeleteEventBus removes a bus without rules. A bus that is not there is no error.
func (s *Service) DeleteEventBus(ctx context.Context, by access.Caller, ref string) error {
	s.creating.Lock()
	defer s.creating.Unlock()
	b, err := s.lock(by, "DeleteEventBus", ref)
	if fault.KindOf(err) == fault.KindNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	defer b.writing.Unlock()
	if err := b.allow(by, "DeleteEventBus", b.arn, nil); err != nil {
		return err
	}
	switch {
	case b.Name == DefaultName:
		return fault.Invalid("Cannot delete event bus default.")
	case b.size() > 0:
		return fault.Invalid("Event bus can't be deleted since it has rules.")
	}
	if _, err := s.attributes.Delete(ctx, b.record()); err != nil {
		return err
	}
	b.deleted = true
	s.buses.Delete(b.key)
	s.setLogged(b.arn, nil)
	return nil
}

// changeBus replaces the attributes of a bus, whose writing lock is held.
func (s *Service) changeBus(ctx context.Context, b *bus, r busRecord) error {
	r.Modified = now()
	return s.saveBus(ctx, b, r)
}

func (s *Service) saveBus(ctx context.Context, b *bus, r busRecord) error {
	a := &attributes{busRecord: r}
	if err := a.compile(); err != nil {
		return err
	}
	return s.opt.Store.Update(ctx, func(tx store.Tx) error {
		tx.OnEnd(func(kept bool) {
			if kept {
				b.attributes.Store(a)
				s.setLogged(b.arn, a.Log)
			}
		})
		return s.attributes.In(tx).Put(b.record(), a)
	})
}
