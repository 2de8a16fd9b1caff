package bus

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/delivery"
	"github.com/dari-bus/dari/internal/policy"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/table"
	"github.com/dari-bus/dari/internal/watch"
	"github.com/dari-bus/dari/pattern"
)

// An Outbox takes the deliveries that events cause. delivery.Outbox is one.
//
// Every method is called inside a transaction of the service's store and takes
// effect in memory at once. Except for AbandonPlan it is harmless when the
// transaction then fails.
type Outbox interface {
	// AddPlan begins a lane: a new target, or a new version of one.
	AddPlan(tx store.Tx, p delivery.Plan) (delivery.Lane, error)
	// RetirePlan ends a lane whose target was replaced: what waits is delivered.
	RetirePlan(tx store.Tx, l delivery.Lane) error
	// AbandonPlan ends a lane whose target was deleted: what waits is abandoned.
	// It is called last in a transaction that will commit.
	AbandonPlan(tx store.Tx, l delivery.Lane) error
	// Prepare makes ready, before the transaction, what Owe can hand over within it.
	// release is called after it, whatever came of it. It is no method for inside.
	Prepare(items []delivery.Item) (release func())
	// Owe writes events and their deliveries. start is called once, after the
	// transaction has committed.
	Owe(tx store.Tx, items []delivery.Item) (start func(), err error)
}

// Options configure a Service.
type Options struct {
	Store  store.Store
	Outbox Outbox
	Hooks  watch.Hooks
	// Guard is asked whether a caller may do what it asks for. It must be set.
	Guard access.Guard
	// Limits are DefaultLimits when zero.
	Limits Limits
	// CheckTarget says whether a target of a kind that must exist does, such as
	// an API destination, for rules of a place, and returns a fault if not. Nil
	// asks nothing.
	CheckTarget func(from access.Place, t arn.ARN) error
	// ScheduleTolerance is how late a schedule may still fire when the service was
	// down, or stood still, at the time. Default 1 minute, at least 1 second.
	ScheduleTolerance time.Duration
}

// A Service is the buses of all places.
type Service struct {
	opt   Options
	born  time.Time // when the store was first opened: the age of default buses
	buses sync.Map  // key → *bus: those in memory
	clock *clock

	// logged has what buses log, by their ARNs: those that log anything. It is replaced
	// as a whole, since it is asked for each step of each event.
	logged atomic.Pointer[map[string]LogConfig]

	attributes *table.Table[attributes]
	rules      *table.Table[version]
	targets    *table.Table[targetRecord]

	// creating serialises the creation and deletion of buses. It is taken
	// before the writing lock of a bus.
	creating sync.Mutex
}

// Open reads the buses from the store. Schedules fire once Run is called.
func Open(ctx context.Context, opt Options) (*Service, error) {
	if opt.Guard == nil {
		return nil, errors.New("open the buses: they need a guard")
	}
	if opt.Limits == (Limits{}) {
		opt.Limits = DefaultLimits()
	}
	if opt.ScheduleTolerance == 0 {
		opt.ScheduleTolerance = time.Minute
	}
	opt.ScheduleTolerance = max(opt.ScheduleTolerance, time.Second)
	s := &Service{opt: opt, clock: newClock()}
	s.logged.Store(&map[string]LogConfig{})
	if err := s.load(ctx); err != nil {
		return nil, fmt.Errorf("open the buses: %w", err)
	}
	if s.born.IsZero() {
		s.born = now()
		err := opt.Store.Update(ctx, func(tx store.Tx) error {
			text, err := s.born.MarshalText()
			if err != nil {
				return err
			}
			return tx.Put([]byte(keyBorn), text)
		})
		if err != nil {
			return nil, fmt.Errorf("open the buses: %w", err)
		}
	}
	return s, nil
}

// now returns the time in whole seconds, as everything but the ingestion of an
// event is stamped.
func now() time.Time { return time.Now().UTC().Truncate(time.Second) }

// A bus is one event bus in memory.
type bus struct {
	key
	arn        string
	guard      access.Guard
	attributes atomic.Pointer[attributes]
	// rules are those of all buses; ours are behind our name.
	rules *table.Table[version]
	// set holds the patterns of the rules that events are matched against.
	set *pattern.Set[*rule]

	// writing serialises changes. It is held while a change is made durable, so
	// nobody who only reads may ask for it.
	writing sync.Mutex
	deleted bool
}

// attributes are what a bus is apart from its rules. They are never changed,
// only replaced.
type attributes struct {
	busRecord
	policy *policy.Document // nil when there is none
}

// compile compiles what is text in the record.
func (a *attributes) compile() (err error) {
	if a.Policy != "" {
		a.policy, err = policy.ParseResource(a.Policy)
	}
	return err
}

// lookup returns the bus in memory, or nil. A default bus that nobody has
// changed is not in memory.
func (s *Service) lookup(k key) *bus {
	b, ok := s.buses.Load(k)
	if !ok {
		return nil
	}
	return b.(*bus)
}

// materialise returns the bus in memory and puts it there first if need be.
func (s *Service) materialise(k key) *bus {
	if b := s.lookup(k); b != nil {
		return b
	}
	b, _ := s.buses.LoadOrStore(k, s.newBus(k))
	return b.(*bus)
}

func (s *Service) newBus(k key) *bus {
	b := &bus{key: k, arn: k.arn(), guard: s.opt.Guard, rules: s.rules, set: pattern.NewSet[*rule]()}
	b.attributes.Store(s.unchanged(k))
	return b
}

// unchanged are the attributes of a bus that nobody has changed, such as a default one.
func (s *Service) unchanged(k key) *attributes {
	return &attributes{busRecord: busRecord{Place: k.Place, Name: k.Name, Created: s.born, Modified: s.born}}
}

// find returns the bus that a caller means by ref for an operation. It may
// return one that is not in memory and so must not be changed: a default bus, or
// for somebody of another account one that does not exist. It does not ask whether
// the caller may carry out the operation.
func (s *Service) find(by access.Caller, op, ref string) (*bus, error) {
	k, err := resolve(by.Place, ref)
	if err != nil {
		return nil, err
	}
	if k.Region != by.Region {
		return nil, s.missing(by, op, k)
	}
	b := s.lookup(k)
	switch {
	case b != nil:
		return b, nil
	case k.Name == DefaultName || k.Account != by.Account:
		// An empty bus lets nobody in from another account, and refuses them in the
		// words of one that is there: which there are is not theirs to know.
		return s.newBus(k), nil
	}
	return nil, s.missing(by, op, k)
}

// missing says that a bus is not there, to a caller who may know.
func (s *Service) missing(by access.Caller, op string, k key) error {
	if err := s.newBus(k).allow(by, op, k.arn(), nil); err != nil {
		return err
	}
	return busNotFound(k.Name)
}

// lock returns the bus that a caller means, with its writing lock held. A default
// bus comes into memory for its own account only.
func (s *Service) lock(by access.Caller, op, ref string) (*bus, error) {
	b, err := s.find(by, op, ref)
	if err != nil {
		return nil, err
	}
	if b.Name == DefaultName && b.Account == by.Account {
		b = s.materialise(b.key)
	}
	b.writing.Lock()
	if b.deleted {
		b.writing.Unlock()
		return nil, busNotFound(b.Name)
	}
	return b, nil
}

// rule returns the rule with a name, or nil.
func (b *bus) rule(name string) *rule {
	if v := b.rules.Find(b.ruleRecord(name)); v != nil {
		return v.rule
	}
	return nil
}

// size returns the number of rules.
func (b *bus) size() int { return b.rules.Count(b.Place, b.Name+"/") }
