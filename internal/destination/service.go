package destination

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/outbound"
	"github.com/dari-bus/dari/internal/store"
)

// DefaultMax is how many connections, and how many API destinations, an
// account may have in a region.
const DefaultMax = 3000

// Options configure a Service.
type Options struct {
	Store store.Store
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
	Options

	wake chan struct{} // tells Run that a connection wants a token

	// mu is held through one change at a time, from the look at the state to the
	// new state. Readers take the state without it.
	mu    sync.Mutex
	state atomic.Pointer[state]
}

// A key names a connection or an API destination.
type key struct {
	access.Place
	name string
}

// A state is everything that there is. It is not changed: a change makes
// another one.
type state struct {
	connections  map[key]*connection
	destinations map[key]*destination
}

// What stands before the name in an ARN.
const (
	connectionPrefix  = "connection/"
	destinationPrefix = "api-destination/"
)

// Open reads what is in the store. Connections that use OAuth are authorized
// by Run.
func Open(ctx context.Context, opt Options) (*Service, error) {
	opt.MaxConnections = cmp.Or(opt.MaxConnections, DefaultMax)
	opt.MaxDestinations = cmp.Or(opt.MaxDestinations, DefaultMax)
	s := &Service{Options: opt, wake: make(chan struct{}, 1)}
	first := &state{connections: map[key]*connection{}, destinations: map[key]*destination{}}
	err := opt.Store.View(ctx, func(tx store.Tx) error {
		if err := each(tx, connectionRecords, func(c Connection) {
			first.connections[key{c.Place, c.Name}] = s.live(c, nil)
		}); err != nil {
			return err
		}
		return each(tx, destinationRecords, func(d APIDestination) {
			first.destinations[key{d.Place, d.Name}] = &destination{d, newLimit(d.Rate)}
		})
	})
	if err != nil {
		return nil, fmt.Errorf("open the API destinations: %w", err)
	}
	s.state.Store(first)
	return s, nil
}

// commit writes a record under k, or removes it when record is nil, and then
// shows the change to readers. Called with mu held.
func (s *Service) commit(ctx context.Context, k []byte, record any, apply func(next *state), opts ...store.Option) error {
	err := s.Store.Update(ctx, func(tx store.Tx) error {
		if record == nil {
			return tx.Delete(k)
		}
		b, err := json.Marshal(record)
		if err != nil {
			return err
		}
		return tx.Put(k, b)
	}, opts...)
	if err != nil {
		return fmt.Errorf("write %s: %w", k, err)
	}
	old := s.state.Load()
	next := &state{maps.Clone(old.connections), maps.Clone(old.destinations)}
	apply(next)
	s.state.Store(next)
	return nil
}

// connectionAt returns the connection with that ARN, or nil.
func (st *state) connectionAt(text string) *connection {
	a, err := arn.Parse(text)
	if err != nil {
		return nil
	}
	if c := st.connections[keyOf(a, connectionPrefix)]; c != nil && c.ARN == text {
		return c
	}
	return nil
}

// destinationAt returns the API destination with that ARN, as far as an account
// can see it, or nil. Nobody can let others use one, so to another account it is
// not there.
func (st *state) destinationAt(account string, a arn.ARN) *destination {
	if a.Account != account {
		return nil
	}
	if d := st.destinations[keyOf(a, destinationPrefix)]; d != nil && d.ARN == a.String() {
		return d
	}
	return nil
}

// keyOf returns the key that the thing with the ARN has, if it is there at all.
// What stands after the name in the ARN is not looked at.
func keyOf(a arn.ARN, prefix string) key {
	rest, ok := strings.CutPrefix(a.Resource, prefix)
	if !ok {
		return key{}
	}
	name, _, _ := strings.Cut(rest, "/")
	return key{access.Place{Account: a.Account, Region: a.Region}, name}
}

// What the keys in the store begin with. The account, the region and the name
// follow; none of them can hold a slash.
const (
	connectionRecords  = "destination/connection/"
	destinationRecords = "destination/api-destination/"
)

func connectionKey(k key) []byte { return recordKey(connectionRecords, k) }

func destinationKey(k key) []byte { return recordKey(destinationRecords, k) }

func recordKey(prefix string, k key) []byte {
	return []byte(prefix + k.Account + "/" + k.Region + "/" + k.name)
}

// each reads the records under a prefix.
func each[T any](tx store.Tx, prefix string, fn func(T)) error {
	for k, v := range tx.Scan([]byte(prefix), store.End([]byte(prefix))) {
		var record T
		if err := json.Unmarshal(v, &record); err != nil {
			return fmt.Errorf("read %s: %w", k, err)
		}
		fn(record)
	}
	return nil
}
