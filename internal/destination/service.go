package destination

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/outbound"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/table"
)

// DefaultMax is how many connections, and how many API destinations, an
// account may have in a region.
const DefaultMax = 3000

// Options configure a Service.
type Options struct {
	Store store.Store
	// Guard is asked whether a caller may do what it asks for. It must be set.
	Guard access.Guard
	// Client asks for tokens.
	Client *outbound.Client
	// HTTPSOnly refuses endpoints that do not begin with https://, as EventBridge
	// does. By default http:// is taken as well, because on one's own machines
	// and networks many endpoints have no certificate. It is looked at when an
	// endpoint is set; those that are there stay.
	HTTPSOnly bool
	// MaxConnections and MaxDestinations bound how many an account may have in a
	// region. Default DefaultMax.
	MaxConnections, MaxDestinations int
}

// A Service keeps connections and API destinations.
type Service struct {
	opt          Options
	connections  *table.Table[connection]
	destinations *table.Table[destination]
	wake         chan struct{} // tells Run that a connection wants a token
}

// What stands before the name in an ARN.
const (
	connectionPrefix  = "connection/"
	destinationPrefix = "api-destination/"
)

// Open reads what is in the store. Connections that use OAuth are authorized
// by Run.
func Open(ctx context.Context, opt Options) (*Service, error) {
	if opt.Guard == nil {
		return nil, errors.New("open the API destinations: they need a guard")
	}
	opt.MaxConnections = cmp.Or(opt.MaxConnections, DefaultMax)
	opt.MaxDestinations = cmp.Or(opt.MaxDestinations, DefaultMax)
	s := &Service{opt: opt, wake: make(chan struct{}, 1)}
	errLimit := fault.Limit("The requested resource exceeds the maximum number allowed.")
	var err error
	s.connections, err = table.Open(ctx, table.Options[connection]{
		Store: opt.Store, Prefix: "destination/connection/", Version: 1, Max: opt.MaxConnections,
		Complete: func(_ table.Key, c *connection) error { s.renew(c); return nil },
		Missing:  noConnection,
		Exists:   func(name string) error { return fault.Conflict("Connection %s already exists.", name) },
		Full:     errLimit,
	})
	if err != nil {
		return nil, fmt.Errorf("open the connections: %w", err)
	}
	s.destinations, err = table.Open(ctx, table.Options[destination]{
		Store: opt.Store, Prefix: "destination/api-destination/", Version: 1, Max: opt.MaxDestinations,
		Complete: func(_ table.Key, d *destination) error { d.limit = newLimit(d.Rate); return nil },
		Missing:  noDestination,
		Exists:   func(name string) error { return fault.Conflict("An api-destination '%s' already exists.", name) },
		Full:     errLimit,
	})
	if err != nil {
		return nil, fmt.Errorf("open the API destinations: %w", err)
	}
	return s, nil
}

// allow says whether a caller may carry out an operation on what is its own.
// Nobody can let others use it.
func (s *Service) allow(by access.Caller, op, prefix, name string) error {
	return s.opt.Guard.Allow(access.Own(by, "events:"+op, by.ARN("events", prefix+name).String()))
}

// allowList is allow for a list.
func (s *Service) allowList(by access.Caller, op string) error {
	return s.opt.Guard.Allow(access.Own(by, "events:"+op, "*"))
}

// connectionAt returns the connection with that ARN, or nil.
func (s *Service) connectionAt(text string) *connection {
	a, err := arn.Parse(text)
	if err != nil {
		return nil
	}
	if c := s.connections.Find(keyOf(a, connectionPrefix)); c != nil && c.ARN == text {
		return c
	}
	return nil
}

// destinationAt returns the API destination with that ARN, as far as an account
// can see it, or nil. Nobody can let others use one, so to another account it is
// not there.
func (s *Service) destinationAt(account string, a arn.ARN) *destination {
	if a.Account != account {
		return nil
	}
	if d := s.destinations.Find(keyOf(a, destinationPrefix)); d != nil && d.ARN == a.String() {
		return d
	}
	return nil
}

// keyOf returns the key that the thing with the ARN has, if it is there at all.
// What stands after the name in the ARN is not looked at.
func keyOf(a arn.ARN, prefix string) table.Key {
	rest, ok := strings.CutPrefix(a.Resource, prefix)
	if !ok {
		return table.Key{}
	}
	name, _, _ := strings.Cut(rest, "/")
	return table.Key{Place: access.Place{Account: a.Account, Region: a.Region}, Name: name}
}
