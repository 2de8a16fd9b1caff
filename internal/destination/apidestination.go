package destination

import (
	"cmp"
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/table"
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
	if err := s.allow(by, "CreateApiDestination", destinationPrefix, n.Name); err != nil {
		return APIDestination{}, err
	}
	if err := checkURL("InvocationEndpoint", n.Endpoint, s.opt.HTTPSOnly); err != nil {
		return APIDestination{}, err
	}
	d := &destination{APIDestination: APIDestination{
		Place: by.Place, Name: n.Name, Description: n.Description, ConnectionARN: n.ConnectionARN,
		ARN:      by.ARN("events", destinationPrefix+n.Name+"/"+uuid.NewString()).String(),
		Endpoint: n.Endpoint, Method: n.Method, Rate: cmp.Or(n.Rate, DefaultRate),
		Created: time.Now().UTC(),
	}}
	d.Modified = d.Created
	d.limit = newLimit(d.Rate)
	k := table.Key{Place: by.Place, Name: n.Name}
	err := s.opt.Store.Update(ctx, func(tx store.Tx) error {
		w := s.destinations.In(tx)
		if w.Find(k) == nil { // that a name is taken is said first
			if err := s.checkConnection(by, n.ConnectionARN); err != nil {
				return err
			}
		}
		return w.Create(k, d)
	})
	if err != nil {
		return APIDestination{}, err
	}
	return s.shown(d), nil
}

// DescribeAPIDestination returns an API destination.
func (s *Service) DescribeAPIDestination(by access.Caller, name string) (APIDestination, error) {
	if err := s.allow(by, "DescribeApiDestination", destinationPrefix, name); err != nil {
		return APIDestination{}, err
	}
	d, err := s.destinations.Get(table.Key{Place: by.Place, Name: name})
	if err != nil {
		return APIDestination{}, err
	}
	return s.shown(d), nil
}

// ListAPIDestinations returns a page of the API destinations that pass the filter, by name.
func (s *Service) ListAPIDestinations(by access.Caller, f APIDestinationFilter, token string, limit int) ([]APIDestination, string, error) {
	if err := s.allowList(by, "ListApiDestinations"); err != nil {
		return nil, "", err
	}
	passes := func(d *destination) bool { return f.ConnectionARN == "" || f.ConnectionARN == d.ConnectionARN }
	found, next, err := s.destinations.List(by.Place, f.Prefix, passes, token, limit)
	rows := make([]APIDestination, len(found))
	for i, d := range found {
		rows[i] = s.shown(d)
	}
	return rows, next, err
}

// UpdateAPIDestination changes an API destination. Deliveries that wait for it
// go where it points when they are tried again.
func (s *Service) UpdateAPIDestination(ctx context.Context, by access.Caller, name string, ch APIDestinationChange) (APIDestination, error) {
	if err := s.allow(by, "UpdateApiDestination", destinationPrefix, name); err != nil {
		return APIDestination{}, err
	}
	if ch.Endpoint != nil {
		if err := checkURL("InvocationEndpoint", *ch.Endpoint, s.opt.HTTPSOnly); err != nil {
			return APIDestination{}, err
		}
	}
	var d *destination
	err := s.opt.Store.Update(ctx, func(tx store.Tx) (err error) {
		d, err = s.destinations.In(tx).Change(table.Key{Place: by.Place, Name: name}, func(d *destination) error {
			if ch.ConnectionARN != nil {
				if err := s.checkConnection(by, *ch.ConnectionARN); err != nil {
					return err
				}
			}
			replace(&d.Description, ch.Description)
			replace(&d.ConnectionARN, ch.ConnectionARN)
			replace(&d.Endpoint, ch.Endpoint)
			replace(&d.Method, ch.Method)
			replace(&d.Rate, ch.Rate)
			d.Modified = time.Now().UTC()
			return nil
		})
		tx.OnEnd(func(kept bool) {
			if kept {
				d.limit.set(d.Rate)
			}
		})
		return err
	})
	if err != nil {
		return APIDestination{}, err
	}
	return s.shown(d), nil
}

// DeleteAPIDestination removes an API destination. Deliveries that wait for it
// fail for good when they are tried again.
func (s *Service) DeleteAPIDestination(ctx context.Context, by access.Caller, name string) error {
	if err := s.allow(by, "DeleteApiDestination", destinationPrefix, name); err != nil {
		return err
	}
	_, err := s.destinations.Delete(ctx, table.Key{Place: by.Place, Name: name})
	return err
}

// Exists returns nil when there is an API destination with that ARN for rules
// in a place, and a NotFound fault when there is none.
func (s *Service) Exists(from access.Place, a arn.ARN) error {
	if s.destinationAt(from.Account, a) == nil {
		return noDestination(strings.TrimPrefix(a.Resource, destinationPrefix))
	}
	return nil
}

// A destination is an APIDestination with its rate limit, which all of its
// versions share.
type destination struct {
	APIDestination
	limit *limit
}

// shown returns d as a caller sees it.
func (s *Service) shown(d *destination) APIDestination {
	c := s.connectionAt(d.ConnectionARN)
	out := d.APIDestination
	out.Active = c != nil && c.State == Authorized
	return out
}

// checkConnection says what is wrong with the connection of an API destination:
// it must be in the same account and region.
func (s *Service) checkConnection(by access.Caller, connectionARN string) error {
	if c := s.connectionAt(connectionARN); c != nil && c.Place == by.Place {
		return nil
	}
	_, name, _ := strings.Cut(connectionARN, ":"+connectionPrefix)
	if bare, _, _ := strings.Cut(name, "/"); s.connections.Find(table.Key{Place: by.Place, Name: bare}) == nil {
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
