package destination

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/outbound"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/mem"
	"github.com/dari-bus/dari/internal/target"
)

var here = access.Root("123456789012", "eu-central-1")

// someRule is a rule there, for which endpoints are called.
const someRule = "arn:aws:events:eu-central-1:123456789012:rule/r"

func open(t *testing.T, opt Options) *Service {
	t.Helper()
	if opt.Store == nil {
		opt.Store = mem.New()
	}
	if opt.Guard == nil {
		opt.Guard = access.Boundary{}
	}
	if opt.Client == nil {
		opt.Client = outbound.New(outbound.Options{})
	}
	s, err := Open(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func basic(name string) NewConnection {
	return NewConnection{Name: name, Type: Basic, Auth: Auth{Basic: &BasicAuth{User: "user", Password: "pass"}}}
}

func apiKey(name string) NewConnection {
	return NewConnection{Name: name, Type: APIKey, Auth: Auth{APIKey: &APIKeyAuth{Name: "X-Key", Value: "s3cret"}}}
}

func oauth(name string) NewConnection {
	return NewConnection{Name: name, Type: OAuth, Auth: Auth{OAuth: &OAuthAuth{
		ClientID: "id", ClientSecret: "s3cret", Endpoint: "https://auth.example.com/token", Method: "POST",
	}}}
}

func (s *Service) mustConnect(t *testing.T, n NewConnection) Connection {
	t.Helper()
	c, err := s.CreateConnection(t.Context(), here, n)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (s *Service) mustCreate(t *testing.T, name, connectionARN string, perSecond int) (APIDestination, arn.ARN) {
	t.Helper()
	d, err := s.CreateAPIDestination(t.Context(), here, NewAPIDestination{
		Name: name, ConnectionARN: connectionARN, Endpoint: "https://api.example.com/hook", Method: "POST", Rate: perSecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	a, err := arn.Parse(d.ARN)
	if err != nil {
		t.Fatal(err)
	}
	return d, a
}

// wantFault checks the kind and the sentence of an error.
func wantFault(t *testing.T, err error, kind fault.Kind, sentence string) {
	t.Helper()
	if fault.KindOf(err) != kind || err.Error() != sentence {
		t.Errorf("error %v (kind %d), want %s (kind %d)", err, fault.KindOf(err), sentence, kind)
	}
}

func TestNamesAreTakenWithinAnAccountAndRegion(t *testing.T) {
	s := open(t, Options{})
	c := s.mustConnect(t, basic("x"))
	s.mustCreate(t, "x", c.ARN, 0)
	_, err := s.CreateConnection(t.Context(), here, apiKey("x"))
	wantFault(t, err, fault.KindConflict, "Connection x already exists.")
	_, err = s.CreateAPIDestination(t.Context(), here, NewAPIDestination{Name: "x", ConnectionARN: c.ARN, Endpoint: "https://x", Method: "GET"})
	wantFault(t, err, fault.KindConflict, "An api-destination 'x' already exists.")

	for _, elsewhere := range []access.Caller{access.Root("123456789012", "us-east-1"), access.Root("999999999999", "eu-central-1")} {
		if _, err := s.CreateConnection(t.Context(), elsewhere, basic("x")); err != nil {
			t.Errorf("%v: %v", elsewhere, err)
		}
		// A connection belongs to its own account and region only.
		_, err := s.CreateAPIDestination(t.Context(), elsewhere, NewAPIDestination{Name: "x", ConnectionARN: c.ARN, Endpoint: "https://x", Method: "GET"})
		if fault.KindOf(err) != fault.KindNotFound {
			t.Errorf("%v: %v", elsewhere, err)
		}
	}
}

func TestWhatDoesNotExistIsNotFound(t *testing.T) {
	s := open(t, Options{})
	c := s.mustConnect(t, basic("gone"))
	d, a := s.mustCreate(t, "gone", c.ARN, 0)
	if err := s.DeleteAPIDestination(t.Context(), here, "gone"); err != nil {
		t.Fatal(err)
	}
	if got, err := s.DeleteConnection(t.Context(), here, "gone"); err != nil || got.State != Deleting || got.ARN != c.ARN {
		t.Fatalf("%+v, %v", got, err)
	}
	connection := "Failed to describe the connection(s). Connection 'gone' does not exist."
	destination := "Failed to describe the api-destination(s). An api-destination 'gone' does not exist."
	_, err := s.DescribeConnection(here, "gone")
	wantFault(t, err, fault.KindNotFound, connection)
	_, err = s.UpdateConnection(t.Context(), here, "gone", ConnectionChange{})
	wantFault(t, err, fault.KindNotFound, connection)
	_, err = s.DeauthorizeConnection(t.Context(), here, "gone")
	wantFault(t, err, fault.KindNotFound, connection)
	_, err = s.DeleteConnection(t.Context(), here, "gone")
	wantFault(t, err, fault.KindNotFound, connection)
	_, err = s.DescribeAPIDestination(here, "gone")
	wantFault(t, err, fault.KindNotFound, destination)
	_, err = s.UpdateAPIDestination(t.Context(), here, "gone", APIDestinationChange{})
	wantFault(t, err, fault.KindNotFound, destination)
	wantFault(t, s.DeleteAPIDestination(t.Context(), here, "gone"), fault.KindNotFound, destination)
	_, err = s.CreateAPIDestination(t.Context(), here, NewAPIDestination{Name: "d", ConnectionARN: c.ARN, Endpoint: "https://x", Method: "GET"})
	wantFault(t, err, fault.KindNotFound, connection)

	// The same name makes another thing, and the old ARN stays broken.
	again := s.mustConnect(t, basic("gone"))
	s.mustCreate(t, "gone", again.ARN, 0)
	if again.ARN == c.ARN {
		t.Error("the new connection has the ARN of the old one")
	}
	if err := s.Exists(here.Place, a); fault.KindOf(err) != fault.KindNotFound || !strings.Contains(err.Error(), d.ARN[strings.LastIndex(d.ARN, "/"):]) {
		t.Errorf("the old ARN: %v", err)
	}
	_, err = s.CreateAPIDestination(t.Context(), here, NewAPIDestination{Name: "d", ConnectionARN: c.ARN, Endpoint: "https://x", Method: "GET"})
	if fault.KindOf(err) != fault.KindNotFound || !strings.Contains(err.Error(), "gone/") {
		t.Errorf("the old connection: %v", err)
	}
	if _, err := s.Endpoint(t.Context(), someRule, a); !isPermanent(err, target.CodeNoResource) {
		t.Errorf("calling the old ARN: %v", err)
	}
}

func isPermanent(err error, code string) bool {
	e := target.AsError(err)
	return e != nil && e.Permanent && e.Code == code
}

func TestListsAreSortedFilteredAndPaged(t *testing.T) {
	s := open(t, Options{})
	one := s.mustConnect(t, basic("b1"))
	s.mustConnect(t, oauth("b2"))
	two := s.mustConnect(t, basic("a1"))
	_, _ = s.CreateConnection(t.Context(), access.Root("123456789012", "us-east-1"), basic("b0"))
	names := func(f ConnectionFilter, limit int) (out []string) {
		for token, more := "", true; more; more = token != "" {
			rows, next, err := s.ListConnections(here, f, token, limit)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range rows {
				out = append(out, c.Name)
				if c.Auth.Basic != nil && c.Auth.Basic.Password != "" {
					t.Error("a list shows a password")
				}
			}
			token = next
		}
		return out
	}
	for _, c := range []struct {
		f    ConnectionFilter
		want []string
	}{
		{ConnectionFilter{}, []string{"a1", "b1", "b2"}},
		{ConnectionFilter{Prefix: "b"}, []string{"b1", "b2"}},
		{ConnectionFilter{Prefix: "b1"}, []string{"b1"}},
		{ConnectionFilter{State: Authorizing}, []string{"b2"}},
		{ConnectionFilter{Prefix: "c"}, nil},
	} {
		for _, limit := range []int{0, 1, 2} {
			if diff := cmp.Diff(c.want, names(c.f, limit)); diff != "" {
				t.Errorf("%+v by %d: %s", c.f, limit, diff)
			}
		}
	}
	if _, _, err := s.ListConnections(here, ConnectionFilter{}, "bad", 0); fault.KindOf(err) != fault.KindInvalid {
		t.Errorf("a token that is none: %v", err)
	}
	s.mustCreate(t, "y", one.ARN, 0)
	s.mustCreate(t, "x", two.ARN, 0)
	rows, _, err := s.ListAPIDestinations(here, APIDestinationFilter{}, "", 0)
	if err != nil || len(rows) != 2 || rows[0].Name != "x" || !rows[0].Active {
		t.Errorf("%+v, %v", rows, err)
	}
	rows, _, err = s.ListAPIDestinations(here, APIDestinationFilter{ConnectionARN: one.ARN}, "", 0)
	if err != nil || len(rows) != 1 || rows[0].Name != "y" {
		t.Errorf("%+v, %v", rows, err)
	}
}

func TestQuotasHoldForEachAccountAndRegion(t *testing.T) {
	s := open(t, Options{MaxConnections: 2, MaxDestinations: 1})
	c := s.mustConnect(t, basic("1"))
	s.mustConnect(t, basic("2"))
	_, err := s.CreateConnection(t.Context(), here, basic("3"))
	wantFault(t, err, fault.KindLimit, "The requested resource exceeds the maximum number allowed.")
	s.mustCreate(t, "1", c.ARN, 0)
	_, err = s.CreateAPIDestination(t.Context(), here, NewAPIDestination{Name: "2", ConnectionARN: c.ARN, Endpoint: "https://x", Method: "GET"})
	wantFault(t, err, fault.KindLimit, "The requested resource exceeds the maximum number allowed.")
	if _, err := s.CreateConnection(t.Context(), access.Root(here.Account, "us-east-1"), basic("3")); err != nil {
		t.Error(err)
	}
}

func TestNothingOpensWithoutAGuard(t *testing.T) {
	if _, err := Open(t.Context(), Options{Store: mem.New()}); err == nil {
		t.Error("it opened")
	}
}

func TestEverythingIsThereAfterARestart(t *testing.T) {
	st := mem.New()
	s := open(t, Options{Store: st})
	n := oauth("o")
	n.Auth.OAuth.Parameters = &Parameters{Body: []Parameter{{Key: "scope", Value: "all"}}}
	n.Auth.Parameters = &Parameters{}
	s.mustConnect(t, n)
	c := s.mustConnect(t, apiKey("k"))
	s.mustConnect(t, basic("gone"))
	_, _ = s.DeleteConnection(t.Context(), here, "gone")
	_, a := s.mustCreate(t, "d", c.ARN, 7)
	before := everything(t, s)

	s = open(t, Options{Store: st})
	if diff := cmp.Diff(before, everything(t, s)); diff != "" {
		t.Error(diff)
	}
	wantHeader(t, s, a, "X-Key", "s3cret")
	if err := s.Exists(here.Place, a); err != nil {
		t.Error(err)
	}
}

// What a server of before there were tables left in the store.
func TestRecordsWithoutAVersionAreRead(t *testing.T) {
	const (
		connection = `{"Account":"123456789012","Region":"eu-central-1","Name":"k","ARN":"arn:aws:events:eu-central-1:123456789012:connection/k/1","SecretARN":"arn:aws:secretsmanager:eu-central-1:123456789012:secret:events!connection/k/2-abcdef","Type":"API_KEY","Auth":{"APIKey":{"Name":"X-Key","Value":"s3cret"}},"State":"AUTHORIZED","Created":"2026-01-02T03:04:05Z","Modified":"2026-01-02T03:04:05Z","Authorized":"2026-01-02T03:04:05Z"}`
		endpoint   = `{"Account":"123456789012","Region":"eu-central-1","Name":"d","ARN":"arn:aws:events:eu-central-1:123456789012:api-destination/d/3","ConnectionARN":"arn:aws:events:eu-central-1:123456789012:connection/k/1","Endpoint":"https://api.example.com/hook","Method":"POST","Rate":7,"Created":"2026-01-02T03:04:05Z","Modified":"2026-01-02T03:04:05Z"}`
	)
	st := mem.New()
	if err := st.Update(t.Context(), func(tx store.Tx) error {
		return errors.Join(
			tx.Put([]byte("destination/connection/123456789012/eu-central-1/k"), []byte(connection)),
			tx.Put([]byte("destination/api-destination/123456789012/eu-central-1/d"), []byte(endpoint)),
		)
	}); err != nil {
		t.Fatal(err)
	}
	s := open(t, Options{Store: st})
	d, err := s.DescribeAPIDestination(here, "d")
	if err != nil || !d.Active || d.Rate != 7 {
		t.Errorf("%+v, %v", d, err)
	}
	a, err := arn.Parse(d.ARN)
	if err != nil {
		t.Fatal(err)
	}
	wantHeader(t, s, a, "X-Key", "s3cret")
	faster := 9
	if _, err := s.UpdateAPIDestination(t.Context(), here, "d", APIDestinationChange{Rate: &faster}); err != nil {
		t.Fatal(err)
	}
	if d, err := open(t, Options{Store: st}).DescribeAPIDestination(here, "d"); err != nil || d.Rate != 9 || !d.Active {
		t.Errorf("once it was changed: %+v, %v", d, err)
	}
}

func everything(t *testing.T, s *Service) []any {
	t.Helper()
	connections, _, err1 := s.ListConnections(here, ConnectionFilter{}, "", 0)
	destinations, _, err2 := s.ListAPIDestinations(here, APIDestinationFilter{}, "", 0)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	return []any{connections, destinations}
}

func TestFailedWriteChangesNothing(t *testing.T) {
	st := mem.New()
	s := open(t, Options{Store: st})
	c := s.mustConnect(t, basic("c"))
	s.mustCreate(t, "d", c.ARN, 0)
	before := everything(t, s)
	st.Close()
	_, err1 := s.CreateConnection(t.Context(), here, basic("new"))
	_, err2 := s.UpdateConnection(t.Context(), here, "c", ConnectionChange{Auth: &Auth{Basic: &BasicAuth{User: "other"}}})
	_, err3 := s.DeleteConnection(t.Context(), here, "c")
	err4 := s.DeleteAPIDestination(t.Context(), here, "d")
	for _, err := range []error{err1, err2, err3, err4} {
		if !errors.Is(err, store.ErrClosed) {
			t.Errorf("error %v", err)
		}
	}
	if diff := cmp.Diff(before, everything(t, s)); diff != "" {
		t.Error(diff)
	}
}

func TestManyChangeAndReadAtOnce(t *testing.T) {
	s := open(t, Options{})
	shared := s.mustConnect(t, basic("shared"))
	_, a := s.mustCreate(t, "shared", shared.ARN, 1e6)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for j := range 20 {
				name := fmt.Sprintf("c%d-%d", i, j)
				c, err := s.CreateConnection(t.Context(), here, basic(name))
				if err != nil {
					t.Error(err)
				}
				if _, err := s.CreateAPIDestination(t.Context(), here, NewAPIDestination{Name: name, ConnectionARN: c.ARN, Endpoint: "https://x", Method: "GET"}); err != nil {
					t.Error(err)
				}
				if _, err := s.Endpoint(t.Context(), someRule, a); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if n := s.destinations.Count(here.Place, ""); n != 161 {
		t.Errorf("%d API destinations", n)
	}
}

// A roundTripper is a network in memory.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// over returns a client of the network fn.
func over(fn roundTripper) *outbound.Client {
	return outbound.New(outbound.Options{Transport: fn})
}

func answer(status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
}

var _ target.Directory = (*Service)(nil)

// run starts Run and stops it when the test ends.
func run(t *testing.T, s *Service) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}
