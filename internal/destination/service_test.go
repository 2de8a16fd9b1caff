package destination

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/mem"
	"github.com/dari-bus/dari/internal/target"
)

var here = Scope{Account: "123456789012", Region: "eu-central-1"}

func open(t *testing.T, opt Options) *Service {
	t.Helper()
	if opt.Store == nil {
		opt.Store = mem.New()
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

func TestConnectionIsDescribedWithoutSecrets(t *testing.T) {
	s := open(t, Options{})
	n := basic("c")
	n.Description, n.KMSKey = "what for", "alias/k"
	n.Auth.Parameters = &Parameters{
		Header: []Parameter{{Key: "X-A", Value: "shown"}, {Key: "X-B", Value: "hidden", Secret: true}},
		Query:  []Parameter{{Key: "q", Value: "hidden", Secret: true}},
		Body:   []Parameter{{Key: "b", Value: "shown"}},
	}
	before := time.Now()
	created := s.mustConnect(t, n)
	got, err := s.DescribeConnection(here, "c")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(created, got); diff != "" {
		t.Errorf("created and described differ: %s", diff)
	}
	want := Connection{
		Scope: here, Name: "c", Description: "what for", KMSKey: "alias/k", Type: Basic, State: Authorized,
		Auth: Auth{Basic: &BasicAuth{User: "user"}, Parameters: &Parameters{
			Header: []Parameter{{Key: "X-A", Value: "shown"}, {Key: "X-B", Secret: true}},
			Query:  []Parameter{{Key: "q", Secret: true}},
			Body:   []Parameter{{Key: "b", Value: "shown"}},
		}},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Connection{}, "ARN", "SecretARN", "Created", "Modified", "Authorized")); diff != "" {
		t.Error(diff)
	}
	const uuid = `[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`
	for text, pattern := range map[string]string{
		got.ARN:       `^arn:aws:events:eu-central-1:123456789012:connection/c/` + uuid + `$`,
		got.SecretARN: `^arn:aws:secretsmanager:eu-central-1:123456789012:secret:events!connection/c/` + uuid + `-[A-Z2-7]{6}$`,
	} {
		if !regexp.MustCompile(pattern).MatchString(text) {
			t.Errorf("ARN %s does not match %s", text, pattern)
		}
	}
	for _, at := range []time.Time{got.Created, got.Modified, got.Authorized} {
		if at.Before(before.Add(-time.Second)) || at.After(time.Now()) {
			t.Errorf("time %v", at)
		}
	}
	for _, n := range []NewConnection{apiKey("k"), oauth("o")} {
		if text, _ := json.Marshal(s.mustConnect(t, n)); strings.Contains(string(text), "s3cret") {
			t.Errorf("secret in %s", text)
		}
	}
}

func TestConnectionsAreRefusedWithAReason(t *testing.T) {
	with := func(n NewConnection, change func(*NewConnection)) NewConnection { change(&n); return n }
	for name, c := range map[string]struct {
		n    NewConnection
		want string
	}{
		"nothing for its type": {NewConnection{Name: "c", Type: Basic}, "Parameter AuthParameters is not valid. Reason: the authorization type BASIC needs all of BasicAuthParameters."},
		"parameters of another type": {with(apiKey("c"), func(n *NewConnection) { n.Type = OAuth }),
			"Parameter AuthParameters is not valid. Reason: the authorization type OAUTH_CLIENT_CREDENTIALS takes OAuthParameters, not ApiKeyAuthParameters."},
		"two types at once": {with(apiKey("c"), func(n *NewConnection) { n.Auth.Basic = basic("").Auth.Basic }),
			"Parameter AuthParameters is not valid. Reason: the authorization type API_KEY takes ApiKeyAuthParameters, not BasicAuthParameters."},
		"half of a pair": {with(basic("c"), func(n *NewConnection) { n.Auth.Basic = &BasicAuth{User: "u"} }),
			"Parameter AuthParameters is not valid. Reason: the authorization type BASIC needs all of BasicAuthParameters."},
		"an unknown type": {NewConnection{Name: "c", Type: "NONE"}, `Parameter AuthorizationType is not valid. Reason: "NONE" is not BASIC, API_KEY or OAUTH_CLIENT_CREDENTIALS.`},
		"a key in a header that is never sent": {with(apiKey("c"), func(n *NewConnection) { n.Auth.APIKey = &APIKeyAuth{Name: "Host", Value: "x"} }),
			`Parameter ApiKeyName is not valid. Reason: "Host" cannot be sent as the name of a header.`},
		"a key in what is no header": {with(apiKey("c"), func(n *NewConnection) { n.Auth.APIKey = &APIKeyAuth{Name: "my key", Value: "x"} }),
			`Parameter ApiKeyName is not valid. Reason: "my key" cannot be sent as the name of a header.`},
		"a parameter without a name": {with(basic("c"), func(n *NewConnection) { n.Auth.Parameters = &Parameters{Body: []Parameter{{Value: "x"}}} }),
			"Parameter AuthParameters is not valid. Reason: every parameter of a request needs a Key."},
		"a token server that is no URL": {with(oauth("c"), func(n *NewConnection) {
			n.Auth.OAuth = &OAuthAuth{ClientID: "i", ClientSecret: "s", Endpoint: "ftp://x", Method: "POST"}
		}), "Parameter AuthorizationEndpoint is not valid. Reason: it must begin with https:// or http://."},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := open(t, Options{}).CreateConnection(t.Context(), here, c.n)
			wantFault(t, err, fault.KindInvalid, c.want)
		})
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

	for _, elsewhere := range []Scope{{"123456789012", "us-east-1"}, {"999999999999", "eu-central-1"}} {
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
	if err := s.Exists(a); fault.KindOf(err) != fault.KindNotFound || !strings.Contains(err.Error(), d.ARN[strings.LastIndex(d.ARN, "/"):]) {
		t.Errorf("the old ARN: %v", err)
	}
	_, err = s.CreateAPIDestination(t.Context(), here, NewAPIDestination{Name: "d", ConnectionARN: c.ARN, Endpoint: "https://x", Method: "GET"})
	if fault.KindOf(err) != fault.KindNotFound || !strings.Contains(err.Error(), "gone/") {
		t.Errorf("the old connection: %v", err)
	}
	if _, err := s.Endpoint(t.Context(), a); !isPermanent(err, target.CodeNoResource) {
		t.Errorf("calling the old ARN: %v", err)
	}
}

func isPermanent(err error, code string) bool {
	e := target.AsError(err)
	return e != nil && e.Permanent && e.Code == code
}

func TestUpdateConnectionChangesWhatIsGiven(t *testing.T) {
	s := open(t, Options{})
	first := s.mustConnect(t, basic("c"))
	_, a := s.mustCreate(t, "d", first.ARN, 0)
	update := func(ch ConnectionChange) (Connection, error) {
		t.Helper()
		return s.UpdateConnection(t.Context(), here, "c", ch)
	}
	text := "new"
	got, err := update(ConnectionChange{Description: &text})
	if err != nil || got.Description != "new" || got.Auth.Basic.User != "user" || got.ARN != first.ARN || got.SecretARN != first.SecretARN {
		t.Errorf("description: %+v, %v", got, err)
	}
	// Half of a pair leaves the other half.
	if _, err = update(ConnectionChange{Auth: &Auth{Basic: &BasicAuth{Password: "new-pass"}}}); err != nil {
		t.Fatal(err)
	}
	wantHeader(t, s, a, "Authorization", "Basic dXNlcjpuZXctcGFzcw==") // user:new-pass
	if _, err = update(ConnectionChange{Auth: &Auth{Parameters: &Parameters{Header: []Parameter{{Key: "X-A", Value: "1"}}}}}); err != nil {
		t.Fatal(err)
	}
	wantHeader(t, s, a, "Authorization", "Basic dXNlcjpuZXctcGFzcw==")
	wantHeader(t, s, a, "X-A", "1")

	_, err = update(ConnectionChange{Auth: &Auth{APIKey: &APIKeyAuth{Name: "n", Value: "v"}}})
	wantFault(t, err, fault.KindInvalid, "Parameter AuthParameters is not valid. Reason: the authorization type BASIC takes BasicAuthParameters, not ApiKeyAuthParameters.")
	_, err = update(ConnectionChange{Type: APIKey})
	wantFault(t, err, fault.KindInvalid, "Parameter AuthParameters is not valid. Reason: another authorization type needs ApiKeyAuthParameters.")
	_, err = update(ConnectionChange{Type: APIKey, Auth: &Auth{APIKey: &APIKeyAuth{Name: "n"}}})
	wantFault(t, err, fault.KindInvalid, "Parameter AuthParameters is not valid. Reason: the authorization type API_KEY needs all of ApiKeyAuthParameters.")

	got, err = update(ConnectionChange{Type: APIKey, Auth: &Auth{APIKey: &APIKeyAuth{Name: "X-Key", Value: "v"}}})
	if err != nil || got.Type != APIKey || got.Auth.Basic != nil || got.State != Authorized {
		t.Errorf("another type: %+v, %v", got, err)
	}
	wantHeader(t, s, a, "X-Key", "v")
	wantHeader(t, s, a, "X-A", "1")
}

// wantHeader checks a header that the connection adds.
func wantHeader(t *testing.T, s *Service, a arn.ARN, name, want string) {
	t.Helper()
	e, err := s.Endpoint(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, p := range e.Header {
		if p.Key == name {
			got = p.Value
		}
	}
	if got != want {
		t.Errorf("%s: %q, want %q", name, got, want)
	}
}

func TestDeauthorizedConnectionForgetsAndCanBeReused(t *testing.T) {
	st := mem.New()
	s := open(t, Options{Store: st})
	n := apiKey("c")
	n.Auth.Parameters = &Parameters{Body: []Parameter{{Key: "k", Value: "s3cret", Secret: true}}}
	c := s.mustConnect(t, n)
	d, a := s.mustCreate(t, "d", c.ARN, 0)
	if !d.Active {
		t.Error("the API destination is not active")
	}
	got, err := s.DeauthorizeConnection(t.Context(), here, "c")
	if err != nil || got.State != Deauthorizing {
		t.Errorf("%+v, %v", got, err)
	}
	got, _ = s.DescribeConnection(here, "c")
	if got.State != Deauthorized || got.Type != APIKey || got.Auth != (Auth{}) {
		t.Errorf("described: %+v", got)
	}
	if d, _ := s.DescribeAPIDestination(here, "d"); d.Active {
		t.Error("the API destination is still active")
	}
	_, err = s.Endpoint(t.Context(), a)
	if e := target.AsError(err); e == nil || e.Permanent || e.Throttled || !strings.Contains(e.Message, "DEAUTHORIZED") {
		t.Errorf("calling it: %+v", e)
	}
	_ = st.View(t.Context(), func(tx store.Tx) error {
		for k, v := range tx.Scan(nil, nil) {
			if strings.Contains(string(v), "s3cret") {
				t.Errorf("the secret is still in %s", k)
			}
		}
		return nil
	})
	_, err = s.UpdateConnection(t.Context(), here, "c", ConnectionChange{Auth: &Auth{APIKey: &APIKeyAuth{Name: "X-Key"}}})
	wantFault(t, err, fault.KindInvalid, "Parameter AuthParameters is not valid. Reason: the authorization type API_KEY needs all of ApiKeyAuthParameters.")
	if _, err = s.UpdateConnection(t.Context(), here, "c", ConnectionChange{Auth: &Auth{APIKey: &APIKeyAuth{Name: "X-Key", Value: "new"}}}); err != nil {
		t.Fatal(err)
	}
	wantHeader(t, s, a, "X-Key", "new")
}

func TestAPIDestinationFollowsItsConnection(t *testing.T) {
	s := open(t, Options{})
	c := s.mustConnect(t, basic("c"))
	d, a := s.mustCreate(t, "d", c.ARN, 0)
	if d.Rate != 300 || !d.Active {
		t.Errorf("%+v", d)
	}
	if _, err := s.DeleteConnection(t.Context(), here, "c"); err != nil {
		t.Fatal(err)
	}
	if d, err := s.DescribeAPIDestination(here, "d"); err != nil || d.Active || d.ConnectionARN != c.ARN {
		t.Errorf("%+v, %v", d, err)
	}
	_, err := s.Endpoint(t.Context(), a)
	if e := target.AsError(err); e == nil || e.Permanent || e.Throttled || !strings.Contains(e.Message, "does not exist") {
		t.Errorf("calling it: %+v", e)
	}
	other := s.mustConnect(t, basic("other"))
	method, endpoint, description, rate := "PATCH", "http://localhost:1/*", "", 5
	got, err := s.UpdateAPIDestination(t.Context(), here, "d", APIDestinationChange{
		ConnectionARN: &other.ARN, Method: &method, Endpoint: &endpoint, Description: &description, Rate: &rate,
	})
	want := APIDestination{Scope: here, Name: "d", ARN: d.ARN, ConnectionARN: other.ARN, Endpoint: endpoint, Method: method, Rate: 5, Active: true}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(APIDestination{}, "Created", "Modified")); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	if e, err := s.Endpoint(t.Context(), a); err != nil || e.Method != "PATCH" || e.URL != endpoint {
		t.Errorf("%+v, %v", e, err)
	}
	unknown := other.ARN + "x"
	if _, err := s.UpdateAPIDestination(t.Context(), here, "d", APIDestinationChange{ConnectionARN: &unknown}); fault.KindOf(err) != fault.KindNotFound {
		t.Errorf("an unknown connection: %v", err)
	}
}

func TestEndpointsAreURLs(t *testing.T) {
	for _, c := range []struct {
		url       string
		httpsOnly bool
		want      string
	}{
		{"https://api.example.com/a/*/b?c=d", true, ""},
		{"http://localhost:8080/hook", false, ""},
		{"http://localhost:8080/hook", true, "it must begin with https://, because this server allows no other."},
		{"ftp://example.com", false, "it must begin with https:// or http://."},
		{"www.example.com", false, "it must be a URL such as https://api.example.com/path."},
		{"https://", false, "it must be a URL such as https://api.example.com/path."},
		{"https://:80/", false, "it must be a URL such as https://api.example.com/path."},
		{"https://a:b:c/", false, "it must be a URL such as https://api.example.com/path."},
		{"https://*.example.com/", false, "path parameters (*) may stand in the path, not in the host."},
	} {
		s := open(t, Options{HTTPSOnly: c.httpsOnly})
		connection := s.mustConnect(t, basic("c"))
		_, err := s.CreateAPIDestination(t.Context(), here, NewAPIDestination{Name: "d", ConnectionARN: connection.ARN, Endpoint: c.url, Method: "POST"})
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", c.url, err)
			}
			continue
		}
		wantFault(t, err, fault.KindInvalid, "Parameter InvocationEndpoint is not valid. Reason: "+c.want)
	}
}

func TestListsAreSortedFilteredAndPaged(t *testing.T) {
	s := open(t, Options{})
	one := s.mustConnect(t, basic("b1"))
	s.mustConnect(t, oauth("b2"))
	two := s.mustConnect(t, basic("a1"))
	_, _ = s.CreateConnection(t.Context(), Scope{"123456789012", "us-east-1"}, basic("b0"))
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
	if _, err := s.CreateConnection(t.Context(), Scope{here.Account, "us-east-1"}, basic("3")); err != nil {
		t.Error(err)
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
	if err := s.Exists(a); err != nil {
		t.Error(err)
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
				if _, err := s.Endpoint(t.Context(), a); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if n := len(s.state.Load().destinations); n != 161 {
		t.Errorf("%d API destinations", n)
	}
}

func TestRateLimitIsSharedAndSaysWhenToComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Options{})
		c := s.mustConnect(t, basic("c"))
		_, a := s.mustCreate(t, "d", c.ARN, 10)
		_, other := s.mustCreate(t, "other", c.ARN, 10)
		for range 10 { // one second's worth at once
			if _, err := s.Endpoint(t.Context(), a); err != nil {
				t.Fatal(err)
			}
		}
		e := target.AsError(second(s.Endpoint(t.Context(), a)))
		if e == nil || !e.Throttled || e.Permanent || e.Code != "THROTTLING" || e.After != 100*time.Millisecond {
			t.Fatalf("the eleventh call: %+v", e)
		}
		if _, err := s.Endpoint(t.Context(), other); err != nil {
			t.Errorf("another API destination: %v", err)
		}
		// Being turned away costs nothing: 16 lanes that come back whenever they
		// are told to make use of the whole limit.
		started, let := time.Now(), 0
		var mu sync.Mutex
		var group sync.WaitGroup
		for range 16 {
			group.Go(func() {
				for time.Since(started) < 10*time.Second {
					e := target.AsError(second(s.Endpoint(t.Context(), a)))
					if e == nil {
						mu.Lock()
						let++
						mu.Unlock()
						continue
					}
					time.Sleep(e.After)
				}
			})
		}
		group.Wait()
		if let < 99 || let > 101 {
			t.Errorf("%d calls in ten seconds, want 100", let)
		}
		rate := 1000
		if _, err := s.UpdateAPIDestination(t.Context(), here, "d", APIDestinationChange{Rate: &rate}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		for i := range 1000 {
			if _, err := s.Endpoint(t.Context(), a); err != nil {
				t.Fatalf("call %d after the limit was raised: %v", i, err)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }

// A roundTripper is a network in memory.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

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
