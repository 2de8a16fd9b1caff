package groups

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/budget"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/policy"
	"github.com/dari-bus/dari/internal/room/logs/filters"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/blocks"
	"github.com/dari-bus/dari/internal/store/table"
)

// Options configure a Service. Store, Guard and Log must be set.
type Options struct {
	Store store.Store
	// Guard is asked whether a caller may do what it asks for.
	Guard access.Guard
	// Memory bounds what reading and merging events take, and Ingest what packing new ones
	// does and making messages of them for subscribers, of which no account has more than
	// half. They are two, so that those who search keep nobody from writing. Nil is without
	// a bound.
	Memory, Ingest *budget.Share
	// Outbox owes subscribers their events. Nil means that groups can have none.
	Outbox filters.Outbox
	// Published is told of the events that were put into a stream, in the store's turn and
	// before they are on disk, for which there is [Service.Settle]. It must not wait, and
	// copies what it keeps. Nil tells nobody.
	Published func(group uint64, stream string, events []blocks.Entry)
	// Log hears what goes wrong in the background.
	Log *slog.Logger
}

// A Service is all the log groups of one store. Its methods may be called from many
// goroutines at once.
type Service struct {
	// Filters are the metric and subscription filters of the groups.
	Filters *filters.Service

	opt      Options
	groups   *table.Table[Group]
	streams  *table.Table[Stream]
	policies *table.Table[Policy]
	events   *blocks.Log
	// ingest is the memory of what is being written, by account.
	ingest *budget.Divided
	// documents are the policies of each place in one.
	documents atomic.Pointer[map[access.Place]*policy.Document]
	// piles are the streams whose small blocks are to be merged, by their account.
	piles *blocks.Piles[table.Key]
	// sweptOn is the day that was swept last. It is for the sweep alone.
	sweptOn int64
	// shorter says that the retention of a group has changed since.
	shorter atomic.Bool
	// deleted says that streams were deleted since.
	deleted atomic.Bool
}

// How many there may be in an account and a region, of all its groups.
const (
	maxGroups   = 10_000
	MaxStreams  = 100_000
	maxPolicies = 10
)

// The keys. Numbers are given once, to groups and to streams.
const (
	keyGroups   = "logs/group/"
	keyStreams  = "logs/stream/" // the name: the group's number, a slash, the stream's name
	keyPolicies = "logs/policy/"
	keyEvents   = "logs/"       // n, d/, h/ and b/ of package blocks
	keyNumber   = "logs/number" // the last number given
	keyLeft     = "logs/left/"  // numbers of a group and of a deleted stream whose events are to go: their times
	keyGone     = "logs/gone/"  // number of a deleted group whose streams are to go: its place
)

// Open returns the groups that are in the store.
func Open(ctx context.Context, opt Options) (*Service, error) {
	if opt.Guard == nil {
		return nil, errors.New("open log groups: they need a guard")
	}
	if opt.Published == nil {
		opt.Published = func(uint64, string, []blocks.Entry) {}
	}
	s := &Service{opt: opt, ingest: opt.Ingest.Divided(), piles: blocks.NewPiles[table.Key]()}
	var err error
	s.groups, err = table.Open(ctx, table.Options[Group]{Store: opt.Store, Prefix: keyGroups, Version: 1, Max: maxGroups,
		Missing: func(string) error { return fault.NotFound("The specified log group does not exist.") },
		Exists:  func(string) error { return fault.Conflict("The specified log group already exists") },
		Full:    errFull,
	})
	if err == nil {
		s.streams, err = table.Open(ctx, table.Options[Stream]{Store: opt.Store, Prefix: keyStreams, Version: 1, Max: MaxStreams,
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
		s.events, err = blocks.Open(blocks.Options{Store: opt.Store, Prefix: keyEvents, Memory: opt.Memory})
	}
	if err == nil {
		s.Filters, err = filters.Open(ctx, filters.Options{Store: opt.Store, Guard: opt.Guard, Groups: filtered{s}, Outbox: opt.Outbox})
	}
	if err != nil {
		return nil, fmt.Errorf("open log groups: %w", err)
	}
	s.compile()
	return s, nil
}

// Events are the events of all groups, by the numbers of these, for who has asked
// [Service.Allow] and reads a lot.
func (s *Service) Events() *blocks.Log { return s.events }

// Settle returns when all events that anybody can read by now are on disk. Those that
// others of the house write may be read up to a second before.
func (s *Service) Settle(ctx context.Context) error {
	return s.opt.Store.Update(ctx, func(store.Tx) error { return nil }, store.Draining)
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

// ARN returns the ARN of a group, without the ":*" that AWS often adds.
func ARN(at access.Place, group string) arn.ARN { return at.ARN("logs", "log-group:"+group) }

// PlaceOf returns the place and the name of the group that an ARN names, with or
// without what stands behind the group: ":*", or a stream. ok is false when it names
// none; whether there is such a group is not asked.
func PlaceOf(a arn.ARN) (at access.Place, group string, ok bool) {
	group, ok = strings.CutPrefix(a.Resource, "log-group:")
	group, _, _ = strings.Cut(group, ":")
	return access.Place{Account: a.Account, Region: a.Region}, group, ok && group != "" && a.Service == "logs" && access.IsAccount(a.Account)
}

// Allow returns a Denied fault when the caller may not do action, such as
// "PutLogEvents", with a group of a place; without a name it is about all of them.
func (s *Service) Allow(by access.Caller, at access.Place, action, group string) error {
	return s.allow(by, at, action, resource(at, group, ""))
}

// resource is what a guard is asked about for what is done with a group or, if it
// is named, a stream. AWS asks about the streams of a group also when it is the
// group that is changed.
func resource(at access.Place, group, stream string) string {
	return at.ARN("logs", "log-group:"+group+":log-stream:"+stream).String()
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
