package url

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/budget"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/policy"
	"github.com/dari-bus/dari/internal/room/function/catalog"
	"github.com/dari-bus/dari/internal/room/function/runner"
	"github.com/dari-bus/dari/internal/room/function/runtime"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/table"
)

// A URL is that of a function or an alias, as it is stored.
type URL struct {
	// ID is the first label of its host.
	ID string
	// Qualifier is the alias, or "".
	Qualifier string
	Auth      string
	// Mode is "" while nobody has said one, which is buffered.
	Mode string `json:",omitempty"`
	CORS *CORS  `json:",omitempty"`
	// Created and Modified are in Unix microseconds.
	Created, Modified int64
}

// weight is about how many bytes a URL takes, with what is kept of its owner.
func (u *URL) weight() int {
	n := 512
	if c := u.CORS; c != nil {
		for _, text := range slices.Concat(c.Headers, c.Methods, c.Origins, c.Expose) {
			n += 16 + len(text)
		}
	}
	return n
}

// The words of Auth and Mode.
const (
	authNone = "NONE"
	authIAM  = "AWS_IAM"
	buffered = "BUFFERED"
	streamed = "RESPONSE_STREAM"
)

// CORS says which pages may call a URL.
type CORS struct {
	Credentials                       *bool    `json:",omitempty"`
	Headers, Methods, Origins, Expose []string `json:",omitempty"`
	MaxAge                            *int     `json:",omitempty"`
}

func (c *CORS) isEmpty() bool {
	return c.Credentials == nil && c.MaxAge == nil && len(c.Headers)+len(c.Methods)+len(c.Origins)+len(c.Expose) == 0
}

// An owner is the function that a URL leads to, as it is stored.
type owner struct{ Account, Name, Qualifier string }

// Functions are what URLs lead to: see [runner.Runner].
type Functions interface {
	Find(a catalog.Address) (catalog.Found, error)
	// Has says whether there still is what was found.
	Has(tx store.Tx, a catalog.Address) bool
	// Attach has a part told of what is deleted.
	Attach(p catalog.Part)
	PolicyOf(a catalog.Address) *policy.Document
	Call(ctx context.Context, a catalog.Address, in runtime.Invocation) (runner.Answer, error)
	Begin(ctx context.Context, a catalog.Address, in runtime.Invocation) (*runner.Stream, error)
}

// Options configure a Service. All up to the functions must be given.
type Options struct {
	Store     store.Store
	Guard     access.Guard
	Functions Functions
	// Configured is that of [catalog.Options].
	Configured func(account string) bool
	// Payloads is the memory for events while functions run; nil has no bound.
	Payloads *budget.Divided
}

// A Service is the URLs of functions. Its methods may be called from many goroutines at
// once.
type Service struct {
	opt  Options
	urls *table.Table[URL]
	// owners are kept in the regions, by the ids of URLs.
	owners *table.Table[owner]
}

// maxURLs is how many URLs an account may have in a region: one for each function and
// alias that it may have. maxBytes is what they come to of an account, and of all accounts
// that callers made up; and maxOwners is how many there may be of all.
const (
	maxURLs   = 11_000
	maxBytes  = 16 << 20
	maxOwners = 1_000_000
)

// Open reads what is in the store.
func Open(ctx context.Context, opt Options) (*Service, error) {
	if opt.Store == nil || opt.Guard == nil || opt.Functions == nil {
		return nil, errors.New("open the URLs of functions: they need a store, a guard and functions")
	}
	s := &Service{opt: opt}
	var err error
	s.urls, err = table.Open(ctx, table.Options[URL]{
		Store: opt.Store, Prefix: "function/url/", Version: 1, Max: maxURLs, Weight: (*URL).weight,
		Scale: &table.Scale{Max: maxBytes, What: "URLs of functions", Code: "LimitExceededException", Configured: opt.Configured},
	})
	if err != nil {
		return nil, err
	}
	if s.owners, err = table.Open(ctx, table.Options[owner]{Store: opt.Store, Prefix: "function/url-owner/", Version: 1, Max: maxOwners}); err != nil {
		return nil, err
	}
	opt.Functions.Attach(s.drop)
	return s, nil
}

func key(a catalog.Address) table.Key {
	return table.Key{Place: a.Place, Name: a.Name + "/" + a.Qualifier}
}

// ownerKey is the key of an owner: of all accounts in one place, since a host does not
// say whose it is.
func ownerKey(region, id string) table.Key {
	return table.Key{Place: access.Place{Account: "all", Region: region}, Name: id}
}

// find returns the URL that a host leads to, and what it is one of.
func (s *Service) find(region, id string) (*URL, catalog.Address) {
	if !access.IsRegion(region) {
		return nil, catalog.Address{}
	}
	o := s.owners.Find(ownerKey(region, id))
	if o == nil {
		return nil, catalog.Address{}
	}
	a := catalog.Address{Place: access.Place{Account: o.Account, Region: region}, Name: o.Name, Qualifier: o.Qualifier}
	if u := s.urls.Find(key(a)); u != nil && u.ID == id {
		return u, a
	}
	return nil, a
}

// A Change is what is to be said of a URL; what is nil stays.
type Change struct {
	Auth, Mode *string
	CORS       *CORS
}

func (c Change) apply(u *URL) {
	if c.Auth != nil {
		u.Auth = *c.Auth
	}
	if c.Mode != nil {
		u.Mode = *c.Mode
	}
	if c.CORS != nil {
		if u.CORS = c.CORS; c.CORS.isEmpty() {
			u.CORS = nil
		}
	}
	u.Modified = time.Now().UnixMicro()
}

// allow asks whether a caller may do something, such as GetFunctionUrlConfig. Only those
// of the account may.
func (s *Service) allow(by access.Caller, a catalog.Address, op, auth string) error {
	ask := &access.Ask{Caller: by, Action: "lambda:" + op, Resource: a.ARN(), Owner: a.Account, OwnerOnly: true}
	if auth != "" {
		ask.Keys = map[string][]string{"lambda:FunctionUrlAuthType": {auth}}
	}
	return s.opt.Guard.Allow(ask)
}

func (s *Service) authOf(a catalog.Address) string {
	if u := s.urls.Find(key(a)); u != nil {
		return u.Auth
	}
	return ""
}

func noFunction() error { return fault.NotFound("Function does not exist") }
func noURL() error      { return fault.NotFound("The resource you requested does not exist.") }

// Create makes a URL.
func (s *Service) Create(ctx context.Context, by access.Caller, a catalog.Address, c Change) (*URL, error) {
	if err := s.allow(by, a, "CreateFunctionUrlConfig", *c.Auth); err != nil {
		return nil, err
	}
	u := &URL{ID: newID(), Qualifier: a.Qualifier}
	c.apply(u)
	u.Created = u.Modified
	err := s.opt.Store.Update(ctx, func(tx store.Tx) error {
		if !s.opt.Functions.Has(tx, a) {
			return noFunction()
		}
		if s.urls.In(tx).Find(key(a)) != nil {
			return fault.Conflict("Failed to create function url config for [functionArn = %s]. Error message:  FunctionUrlConfig exists for this Lambda function", a.ARN())
		}
		if err := s.urls.In(tx).Create(key(a), u); err != nil {
			return err
		}
		return s.owners.In(tx).Create(ownerKey(a.Region, u.ID), &owner{a.Account, a.Name, a.Qualifier})
	})
	return u, err
}

// newID is 32 letters and digits, as at AWS.
func newID() string {
	b := make([]byte, 20)
	_, _ = rand.Read(b) // never fails
	return strings.ToLower(base32.StdEncoding.EncodeToString(b))
}

// Update changes a URL.
func (s *Service) Update(ctx context.Context, by access.Caller, a catalog.Address, c Change) (u *URL, err error) {
	auth := s.authOf(a)
	if c.Auth != nil {
		auth = *c.Auth
	}
	if err := s.allow(by, a, "UpdateFunctionUrlConfig", auth); err != nil {
		return nil, err
	}
	err = s.opt.Store.Update(ctx, func(tx store.Tx) error {
		switch {
		case !s.opt.Functions.Has(tx, a):
			return noFunction()
		case s.urls.In(tx).Find(key(a)) == nil:
			return noURL()
		}
		u, err = s.urls.In(tx).Change(key(a), func(u *URL) error {
			c.apply(u)
			return nil
		})
		return err
	})
	return u, err
}

// Get returns a URL.
func (s *Service) Get(by access.Caller, a catalog.Address) (*URL, error) {
	if err := s.allow(by, a, "GetFunctionUrlConfig", s.authOf(a)); err != nil {
		return nil, err
	}
	if u := s.urls.Find(key(a)); u != nil {
		return u, nil
	}
	return nil, noURL()
}

// Delete deletes a URL. That of the function leaves those of its aliases.
func (s *Service) Delete(ctx context.Context, by access.Caller, a catalog.Address) error {
	if err := s.allow(by, a, "DeleteFunctionUrlConfig", s.authOf(a)); err != nil {
		return err
	}
	return s.opt.Store.Update(ctx, func(tx store.Tx) error {
		if s.urls.In(tx).Find(key(a)) == nil {
			return noURL()
		}
		return s.remove(tx, a)
	}, store.Draining)
}

// List returns the URLs of a function, its own first.
func (s *Service) List(by access.Caller, a catalog.Address) ([]*URL, error) {
	if err := s.allow(by, a, "ListFunctionUrlConfigs", ""); err != nil {
		return nil, err
	}
	if _, err := s.opt.Functions.Find(a.Whole()); err != nil {
		return nil, noFunction()
	}
	return slices.Collect(s.urls.Each(a.Place, a.Name+"/")), nil
}

// drop deletes the URL of an alias that goes, or all of a function.
func (s *Service) drop(tx store.Tx, a catalog.Address) error {
	if a.Qualifier != "" {
		return s.remove(tx, a)
	}
	for u := range s.urls.Each(a.Place, a.Name+"/") {
		if err := s.remove(tx, a.With(u.Qualifier)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) remove(tx store.Tx, a catalog.Address) error {
	u := s.urls.In(tx).Find(key(a))
	if u == nil {
		return nil
	}
	_, err := s.urls.In(tx).Delete(key(a))
	if err == nil {
		_, err = s.owners.In(tx).Delete(ownerKey(a.Region, u.ID))
	}
	return err
}

// Domain is below what URLs are of a server with a public host: its name, or localhost
// where that is an address, of which there are no names below.
func Domain(host string) (name, port string) {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name, port = host, ""
	}
	if name = strings.Trim(name, "[]"); net.ParseIP(name) != nil {
		name = ""
	}
	return cmp.Or(strings.ToLower(name), "localhost"), port
}

// Address is where the URL is, for callers in a region of a server with a public host.
func (u *URL) Address(scheme, host, region string) string {
	name, port := Domain(host)
	if port != "" {
		name = net.JoinHostPort(name, port)
	}
	return scheme + "://" + u.ID + ".lambda-url." + region + "." + name + "/"
}
