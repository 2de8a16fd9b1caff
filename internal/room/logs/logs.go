package logs

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/budget"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/policy"
	"github.com/dari-bus/dari/internal/room/logs/filters"
	"github.com/dari-bus/dari/internal/room/logs/live"
	"github.com/dari-bus/dari/internal/room/logs/query"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/blocks"
	"github.com/dari-bus/dari/internal/store/table"
)

// Options configure a Service. Store and Guard must be set.
type Options struct {
	Store store.Store
	// Guard is asked whether a caller may do what it asks for.
	Guard access.Guard
	// Memory bounds what packing and reading events take. Nil is without a bound.
	Memory *budget.Share
	// Outbox owes subscribers their events. Nil means that groups can have none.
	Outbox filters.Outbox
	// Answers is where live sessions take their memory from. Nil is without a bound.
	Answers *budget.Share
	// Log hears what goes wrong in the background. Nil means slog.Default().
	Log *slog.Logger
}

// A Service is all the log groups of one store.
type Service struct {
	opt      Options
	groups   *table.Table[Group]
	streams  *table.Table[Stream]
	policies *table.Table[Policy]
	events   *blocks.Log
	filters  *filters.Service
	live     *live.Hub
	queries  *query.Desk
	// definitions are queries that are written down, by their ids.
	definitions *table.Table[Definition]
	// documents are the policies of each place in one.
	documents atomic.Pointer[map[access.Place]*policy.Document]
	// swept wakes the sweep.
	swept chan struct{}

	// sweptOn is the day that was swept last. It is for the sweep alone.
	sweptOn int64
	// shorter says that the retention of a group has changed since.
	shorter atomic.Bool

	mu sync.Mutex
	// grown are the streams whose small blocks are to be merged, by their account.
	grown map[string]map[table.Key]bool
}

// How many there may be in an account and a region.
const (
	maxGroups   = 10_000
	maxStreams  = 100_000
	maxPolicies = 10
)

// The keys. Numbers are given once, to groups and to streams.
const (
	keyGroups   = "logs/group/"
	keyStreams  = "logs/stream/" // the name: the group's number, a slash, the stream's name
	keyPolicies = "logs/policy/"
	keyQueries  = "logs/query/"
	keyEvents   = "logs/"       // n, d/, h/ and b/ of package blocks
	keyNumber   = "logs/number" // the last number given
	keyGone     = "logs/gone/"  // number of a deleted group whose streams are to go: its place
)

// Open returns the service on what is in the store.
func Open(ctx context.Context, opt Options) (*Service, error) {
	if opt.Guard == nil {
		return nil, errors.New("open logs: they need a guard")
	}
	if opt.Log == nil {
		opt.Log = slog.Default()
	}
	s := &Service{opt: opt, swept: make(chan struct{}, 1), grown: map[string]map[table.Key]bool{}, live: live.NewHub(opt.Answers)}
	var err error
	s.groups, err = table.Open(ctx, table.Options[Group]{Store: opt.Store, Prefix: keyGroups, Version: 1, Max: maxGroups,
		Missing: func(string) error { return fault.NotFound("The specified log group does not exist.") },
		Exists:  func(string) error { return fault.Conflict("The specified log group already exists") },
		Full:    errFull,
	})
	if err == nil {
		s.streams, err = table.Open(ctx, table.Options[Stream]{Store: opt.Store, Prefix: keyStreams, Version: 1, Max: maxStreams,
			Missing:  func(string) error { return errNoStream },
			Exists:   func(string) error { return fault.Conflict("The specified log stream already exists") },
			Full:     errFull,
			Complete: func(k table.Key, st *Stream) error { return st.complete(k) },
		})
	}
	if err == nil {
		s.policies, err = table.Open(ctx, table.Options[Policy]{Store: opt.Store, Prefix: keyPolicies, Version: 1, Max: maxPolicies,
			Missing:  func(name string) error { return fault.NotFound("Policy with name [%s] does not exist.", name) },
			Full:     errFull,
			Complete: s.complete,
		})
	}
	if err == nil {
		s.definitions, err = table.Open(ctx, table.Options[Definition]{Store: opt.Store, Prefix: keyQueries, Version: 1, Max: maxDefinitions,
			Missing: func(string) error { return errNoDefinition },
			Full:    errFull,
		})
	}
	if err == nil {
		s.events, err = blocks.Open(blocks.Options{Store: opt.Store, Prefix: keyEvents, Memory: opt.Memory})
	}
	if err == nil {
		s.filters, err = filters.Open(ctx, filters.Options{Store: opt.Store, Guard: opt.Guard, Groups: filtered{s}, Outbox: opt.Outbox, Memory: opt.Memory})
	}
	if err != nil {
		return nil, fmt.Errorf("open logs: %w", err)
	}
	s.compile()
	s.openQueries()
	return s, nil
}

var (
	errFull     = fault.Limit("Resource limit exceeded.")
	errNoStream = fault.NotFound("The specified log stream does not exist.")
)

// nextNumber gives a number to a group or a stream.
func nextNumber(tx store.Tx) (uint64, error) {
	n := uint64(1)
	b, err := tx.Get([]byte(keyNumber))
	if err != nil {
		return 0, err
	}
	if len(b) == 8 {
		n += binary.BigEndian.Uint64(b)
	}
	return n, tx.Put([]byte(keyNumber), binary.BigEndian.AppendUint64(nil, n))
}

// resource is what a guard is asked about for what is done with a group or, if it
// is named, a stream. AWS asks about the streams of a group also when it is the
// group that is changed.
func resource(at access.Place, group, stream string) string {
	return at.ARN("logs", "log-group:"+group+":log-stream:"+stream).String()
}

// groupARN names a group for what is about its tags.
func groupARN(at access.Place, group string) string {
	return at.ARN("logs", "log-group:"+group).String()
}

// unlocks are the operations by which an owner gets out of a policy that denies
// everything.
var unlocks = map[string]bool{"PutResourcePolicy": true, "DeleteResourcePolicy": true, "DescribeResourcePolicies": true}

// allow returns a Denied fault when the caller may not do action with a resource of
// a place.
func (s *Service) allow(by access.Caller, at access.Place, action, resource string) error {
	return s.opt.Guard.Allow(&access.Ask{
		Caller: by, Action: "logs:" + action, Resource: resource, Owner: at.Account,
		Policy: (*s.documents.Load())[at], Unlocks: unlocks[action],
	})
}

// A Policy lets services and guests use the groups of its place.
type Policy struct {
	Name, Text string
	Changed    int64

	document *policy.Document
	place    access.Place
}

// complete parses a stored policy. One that cannot be read lets nobody in.
func (s *Service) complete(k table.Key, p *Policy) (err error) {
	p.place = k.Place
	if p.document, err = policy.ParseResource(p.Text); err != nil {
		s.opt.Log.Warn("logs: a resource policy lets nobody in", "policy", p.Name, "account", k.Account, "err", err)
	}
	return nil
}

// compile makes one document of the policies of each place.
func (s *Service) compile() {
	all := map[access.Place]*policy.Document{}
	for p := range s.policies.All() {
		if p.document == nil {
			continue
		}
		joined := all[p.place]
		if joined == nil {
			joined = &policy.Document{Version: p.document.Version}
			all[p.place] = joined
		}
		joined.Statements = append(joined.Statements, p.document.Statements...)
	}
	s.documents.Store(&all)
}

// PutPolicy makes a resource policy, or replaces the one of that name.
func (s *Service) PutPolicy(ctx context.Context, by access.Caller, name, text string) (*Policy, error) {
	if err := s.allow(by, by.Place, "PutResourcePolicy", resource(by.Place, "", "")); err != nil {
		return nil, err
	}
	if name == "" {
		return nil, fault.Invalid("policyName is missing: a resource policy of the account has a name.")
	}
	d, err := policy.ParseResource(text)
	if err != nil {
		return nil, fault.Invalid("Invalid resource policy: %v.", err)
	}
	p := &Policy{Name: name, Text: text, Changed: time.Now().UnixMilli(), document: d, place: by.Place}
	return p, s.changePolicies(ctx, func(w table.Writer[Policy]) error { return w.Put(table.Key{Place: by.Place, Name: name}, p) })
}

// DeletePolicy deletes a resource policy.
func (s *Service) DeletePolicy(ctx context.Context, by access.Caller, name string) error {
	if err := s.allow(by, by.Place, "DeleteResourcePolicy", resource(by.Place, "", "")); err != nil {
		return err
	}
	return s.changePolicies(ctx, func(w table.Writer[Policy]) error {
		_, err := w.Delete(table.Key{Place: by.Place, Name: name})
		return err
	}, store.Draining)
}

// changePolicies changes policies and what was made of them together.
func (s *Service) changePolicies(ctx context.Context, fn func(table.Writer[Policy]) error, opts ...store.Option) error {
	return s.opt.Store.Update(ctx, func(tx store.Tx) error {
		if err := fn(s.policies.In(tx)); err != nil {
			return err
		}
		tx.OnEnd(func(kept bool) {
			if kept {
				s.compile()
			}
		})
		return nil
	}, opts...)
}

// Policies returns a page of the resource policies of the caller.
func (s *Service) Policies(by access.Caller, token string, limit int) ([]*Policy, string, error) {
	if err := s.allow(by, by.Place, "DescribeResourcePolicies", resource(by.Place, "", "")); err != nil {
		return nil, "", err
	}
	rows, next, err := s.policies.List(by.Place, "", nil, token, limit)
	return rows, next, badToken(err)
}

// badToken says of a token that it is none, in this service's words.
func badToken(err error) error {
	if fault.KindOf(err) == fault.KindInvalid {
		return fault.Invalid("The specified nextToken is invalid.")
	}
	return err
}

// withTags returns tags with more of them, or a fault when they are too many.
func withTags(tags, more map[string]string) (map[string]string, error) {
	const maxTags = 50
	all := maps.Clone(tags)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, more)
	if len(all) > maxTags {
		return nil, fault.Invalid("The log group would have %d tags; it may have %d.", len(all), maxTags).WithCode("TooManyTagsException")
	}
	return all, nil
}
