package filters

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/filter"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/table"
)

// Options configure a Service. Store, Guard and Groups must be set.
type Options struct {
	Store store.Store
	// Guard is asked whether a caller may hand its role on.
	Guard  access.Guard
	Groups Groups
	// Outbox owes subscribers their events. Nil means that there can be none.
	Outbox Outbox
}

// Groups are the log groups that have the filters.
type Groups interface {
	// Allow returns a Denied fault when a caller may not do action with a group; a
	// group without a name stands for all.
	Allow(by access.Caller, at access.Place, action, group string) error
	// Number returns the number of a group, or the fault that there is none.
	Number(at access.Place, group string) (uint64, error)
}

// An Outbox is where subscribers are owed their events. All but Check is for within
// a transaction of the store, and harmless when that fails; Abandon is called last in
// one that will not.
type Outbox interface {
	// Check says whether events of a group can be sent to a destination.
	Check(group, destination arn.ARN) error
	// Begin begins a lane from a group to a destination.
	Begin(tx store.Tx, group arn.ARN, filter string, destination arn.ARN) (lane uint64, err error)
	// Retire ends a lane in whose place there is another: what waits is sent.
	Retire(tx store.Tx, lane uint64) error
	// Abandon ends a lane and forgets what waits.
	Abandon(tx store.Tx, lane uint64) error
	// Owe has messages sent. start is called when the transaction has committed.
	Owe(tx store.Tx, group arn.ARN, messages []Message) (start func(), err error)
}

// A Service is the filters of all groups of one store.
type Service struct {
	opt           Options
	metrics       *table.Table[Metric]
	subscriptions *table.Table[Subscription]
}

// The most filters there may be of a group.
const (
	MaxMetrics       = 100
	MaxSubscriptions = 2
	maxRegexes       = 5      // in all patterns of a group
	maxOfPlace       = 10_000 // of each kind, in an account and a region
)

// The keys. Names are a group's number, a slash and the name of the filter.
const (
	keyMetrics       = "logs/metric/"
	keySubscriptions = "logs/subscription/"
)

var errFull = fault.Limit("Resource limit exceeded.")

func missing(string) error { return fault.NotFound("The specified filter does not exist.") }

// Open returns the filters that are in the store.
func Open(ctx context.Context, opt Options) (*Service, error) {
	if opt.Guard == nil {
		return nil, errors.New("open filters: they need a guard")
	}
	s := &Service{opt: opt}
	var err error
	s.metrics, err = table.Open(ctx, table.Options[Metric]{Store: opt.Store, Prefix: keyMetrics, Version: 1, Max: maxOfPlace, Missing: missing, Full: errFull})
	if err == nil {
		s.subscriptions, err = table.Open(ctx, table.Options[Subscription]{
			Store: opt.Store, Prefix: keySubscriptions, Version: 1, Max: maxOfPlace, Missing: missing, Full: errFull,
			Complete: func(_ table.Key, f *Subscription) (err error) {
				f.pattern, err = filter.Compile(f.Pattern)
				return err
			},
		})
	}
	if err != nil {
		return nil, fmt.Errorf("open filters: %w", err)
	}
	return s, nil
}

// of begins the names of the records of a group.
func of(group uint64) string { return fmt.Sprintf("%016x/", group) }

func keyOf(at access.Place, group uint64, name string) table.Key {
	return table.Key{Place: at, Name: of(group) + name}
}

// Compile compiles a filter pattern. A text that is none is an Invalid fault.
func Compile(text string) (*filter.Pattern, error) {
	p, err := filter.Compile(text)
	if err != nil {
		return nil, fault.Invalid("%v", err)
	}
	return p, nil
}

// regexes counts the patterns of a group that have regular expressions, those of two
// filters aside. It is for within a transaction that has changed none of them.
func (s *Service) regexes(at access.Place, group uint64, metric, subscription string) (n int) {
	for f := range s.metrics.Each(at, of(group)) {
		if f.Regexes > 0 && f.Name != metric {
			n++
		}
	}
	for f := range s.subscriptions.Each(at, of(group)) {
		if f.pattern.Regexes() > 0 && f.Name != subscription {
			n++
		}
	}
	return n
}

// Drop deletes the filters of a group, last in a transaction that will not fail.
func (s *Service) Drop(tx store.Tx, at access.Place, group uint64) error {
	for f := range s.metrics.Each(at, of(group)) {
		if _, err := s.metrics.In(tx).Delete(keyOf(at, group, f.Name)); err != nil {
			return err
		}
	}
	for f := range s.subscriptions.Each(at, of(group)) {
		if _, err := s.subscriptions.In(tx).Delete(keyOf(at, group, f.Name)); err != nil {
			return err
		}
		if err := s.opt.Outbox.Abandon(tx, f.Lane); err != nil {
			return err
		}
	}
	return nil
}

// groupARN names a group.
func groupARN(at access.Place, group string) arn.ARN { return at.ARN("logs", "log-group:"+group) }

// begins says whether name begins with prefix, of which there may be none.
func begins(name string, prefix *string) bool {
	return prefix == nil || strings.HasPrefix(name, *prefix)
}
