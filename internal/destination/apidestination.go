package destination

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/page"
	"github.com/dari-bus/dari/internal/store"
)

// DefaultRate is the rate limit of an API destination that was given none, in
// calls per second.
const DefaultRate = 300

// An APIDestination is an HTTP endpoint that rules can call. Its JSON is the
// record in the store.
type APIDestination struct {
	access.Place
	Name          string
	ARN           string
	Description   string `json:",omitempty"`
	ConnectionARN string
	// Endpoint is a URL, with stars in its path for path parameters.
	Endpoint, Method string
	// Rate is the limit in calls per second.
	Rate     int
	Created  time.Time
	Modified time.Time
	// Active means that its connection is AUTHORIZED. It is found out when it is
	// asked for.
	Active bool `json:"-"`
}

// NewAPIDestination is what CreateApiDestination is asked for.
type NewAPIDestination struct {
	Name, Description, ConnectionARN string
	Endpoint, Method                 string
	// Rate is in calls per second. Zero means DefaultRate.
	Rate int
}

// An APIDestinationChange is what UpdateApiDestination is asked for. Nil
// members mean no change.
type APIDestinationChange struct {
	Description, ConnectionARN, Endpoint, Method *string
	Rate                                         *int
}

// An APIDestinationFilter narrows a list. Its zero value lists everything.
type APIDestinationFilter struct{ Prefix, ConnectionARN string }

// CreateAPIDestination makes an API destination on a connection that is there.
func (s *Service) CreateAPIDestination(ctx context.Context, by access.Caller, n NewAPIDestination) (APIDestination, error) {
	if err := checkURL("InvocationEndpoint", n.Endpoint, s.HTTPSOnly); err != nil {
		return APIDestination{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.state.Load()
	if now.destinations[key{by.Place, n.Name}] != nil {
		return APIDestination{}, fault.Conflict("An api-destination '%s' already exists.", n.Name)
	}
	if err := now.checkConnection(by, n.ConnectionARN); err != nil {
		return APIDestination{}, err
	}
	if count(now.destinations, by.Place) >= s.MaxDestinations {
		return APIDestination{}, errLimit
	}
	d := APIDestination{
		Place: by.Place, Name: n.Name, Description: n.Description, ConnectionARN: n.ConnectionARN,
		ARN:      by.ARN("events", destinationPrefix+n.Name+"/"+uuid.NewString()).String(),
		Endpoint: n.Endpoint, Method: n.Method, Rate: cmp.Or(n.Rate, DefaultRate),
		Created: time.Now().UTC(),
	}
	d.Modified = d.Created
	return s.keepDestination(ctx, d, nil)
}

// DescribeAPIDestination returns an API destination.
func (s *Service) DescribeAPIDestination(by access.Caller, name string) (APIDestination, error) {
	now := s.state.Load()
	d := now.destinations[key{by.Place, name}]
	if d == nil {
		return APIDestination{}, noDestination(name)
	}
	return now.shown(d.APIDestination), nil
}

// ListAPIDestinations returns a page of the API destinations that pass the filter, by name.
func (s *Service) ListAPIDestinations(by access.Caller, f APIDestinationFilter, token string, limit int) ([]APIDestination, string, error) {
	now := s.state.Load()
	var rows []APIDestination
	for k, d := range now.destinations {
		if k.Place == by.Place && strings.HasPrefix(k.name, f.Prefix) && (f.ConnectionARN == "" || f.ConnectionARN == d.ConnectionARN) {
			rows = append(rows, now.shown(d.APIDestination))
		}
	}
	slices.SortFunc(rows, func(a, b APIDestination) int { return cmp.Compare(a.Name, b.Name) })
	return page.Clip(rows, func(d APIDestination) string { return d.Name }, token, limit)
}

// UpdateAPIDestination changes an API destination. Deliveries that wait for it
// go where it points when they are tried again.
func (s *Service) UpdateAPIDestination(ctx context.Context, by access.Caller, name string, ch APIDestinationChange) (APIDestination, error) {
	if ch.Endpoint != nil {
		if err := checkURL("InvocationEndpoint", *ch.Endpoint, s.HTTPSOnly); err != nil {
			return APIDestination{}, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.state.Load()
	old := now.destinations[key{by.Place, name}]
	if old == nil {
		return APIDestination{}, noDestination(name)
	}
	if ch.ConnectionARN != nil {
		if err := now.checkConnection(by, *ch.ConnectionARN); err != nil {
			return APIDestination{}, err
		}
	}
	d := old.APIDestination
	replace(&d.Description, ch.Description)
	replace(&d.ConnectionARN, ch.ConnectionARN)
	replace(&d.Endpoint, ch.Endpoint)
	replace(&d.Method, ch.Method)
	replace(&d.Rate, ch.Rate)
	d.Modified = time.Now().UTC()
	return s.keepDestination(ctx, d, old.limit)
}

// DeleteAPIDestination removes an API destination. Deliveries that wait for it
// fail for good when they are tried again.
func (s *Service) DeleteAPIDestination(ctx context.Context, by access.Caller, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := key{by.Place, name}
	if s.state.Load().destinations[k] == nil {
		return noDestination(name)
	}
	return s.commit(ctx, destinationKey(k), nil, func(next *state) { delete(next.destinations, k) }, store.Draining)
}

// Exists returns nil when there is an API destination with that ARN for rules
// in a place, and a NotFound fault when there is none.
func (s *Service) Exists(from access.Place, a arn.ARN) error {
	if s.state.Load().destinationAt(from.Account, a) == nil {
		return noDestination(strings.TrimPrefix(a.Resource, destinationPrefix))
	}
	return nil
}

// A destination is an APIDestination with its rate limit.
type destination struct {
	APIDestination
	limit *limit
}

// keepDestination writes an API destination, with the limit that it has or,
// when that is nil, a new one. Called with mu held.
func (s *Service) keepDestination(ctx context.Context, d APIDestination, l *limit) (APIDestination, error) {
	if l == nil {
		l = newLimit(d.Rate)
	}
	k := key{d.Place, d.Name}
	err := s.commit(ctx, destinationKey(k), d, func(next *state) { next.destinations[k] = &destination{d, l} })
	if err != nil {
		return APIDestination{}, err
	}
	l.set(d.Rate)
	return s.state.Load().shown(d), nil
}

// shown returns d as a caller sees it.
func (st *state) shown(d APIDestination) APIDestination {
	c := st.connectionAt(d.ConnectionARN)
	d.Active = c != nil && c.State == Authorized
	return d
}

// checkConnection says what is wrong with the connection of an API destination:
// it must be in the same account and region.
func (st *state) checkConnection(by access.Caller, connectionARN string) error {
	if c := st.connectionAt(connectionARN); c != nil && c.Place == by.Place {
		return nil
	}
	_, name, _ := strings.Cut(connectionARN, ":"+connectionPrefix)
	if bare, _, _ := strings.Cut(name, "/"); st.connections[key{by.Place, bare}] == nil {
		name = bare // else only the end of the ARN is wrong, so it is shown
	}
	return noConnection(name)
}

func replace[T any](to *T, value *T) {
	if value != nil {
		*to = *value
	}
}

func noDestination(name string) error {
	return fault.NotFound("Failed to describe the api-destination(s). An api-destination '%s' does not exist.", name)
}

// checkURL says what is wrong with the URL of an endpoint.
func checkURL(parameter, text string, httpsOnly bool) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "":
		return invalid(parameter, "it must be a URL such as https://api.example.com/path.")
	case httpsOnly && u.Scheme != "https":
		return invalid(parameter, "it must begin with https://, because this server allows no other.")
	case u.Scheme != "https" && u.Scheme != "http":
		return invalid(parameter, "it must begin with https:// or http://.")
	case strings.Contains(u.Host, "*"):
		return invalid(parameter, "path parameters (*) may stand in the path, not in the host.")
	}
	return nil
}
