package destination

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/outbound"
	"github.com/dari-bus/dari/internal/store/mem"
	"github.com/dari-bus/dari/internal/store/table"
	"github.com/dari-bus/dari/internal/target"
)

// A tokenServer gives out tokens t1, t2, … or answers with a status.
type tokenServer struct {
	mu       sync.Mutex
	asked    int
	lifetime int // seconds
	status   int // when not 0
	hang     bool
}

func (s *tokenServer) set(fn func(*tokenServer)) { s.mu.Lock(); defer s.mu.Unlock(); fn(s) }

func (s *tokenServer) count() int { s.mu.Lock(); defer s.mu.Unlock(); return s.asked }

func (s *tokenServer) client() *outbound.Client {
	return over(func(r *http.Request) (*http.Response, error) {
		s.mu.Lock()
		s.asked++
		n, hang, status, lifetime := s.asked, s.hang, s.status, s.lifetime
		s.mu.Unlock()
		if hang {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}
		if status != 0 {
			return answer(status, `{"error":"invalid_client","secret":"s3cret"}`), nil
		}
		time.Sleep(100 * time.Millisecond) // all tests with it run on virtual time
		return answer(200, fmt.Sprintf(`{"access_token":"t%d","token_type":"bearer","expires_in":%d}`, n, lifetime)), nil
	})
}

// authorized makes a service with an AUTHORIZED connection and an API
// destination on it.
func authorized(t *testing.T, server *tokenServer) (*Service, arn.ARN) {
	t.Helper()
	s := open(t, Options{Client: server.client()})
	run(t, s)
	c := s.mustConnect(t, oauth("c"))
	_, a := s.mustCreate(t, "d", c.ARN, 1e6)
	settled(t, s, Authorized)
	return s, a
}

// settled waits until nothing moves and checks the state of the connection c.
func settled(t *testing.T, s *Service, want ConnectionState) Connection {
	t.Helper()
	time.Sleep(200 * time.Millisecond)
	synctest.Wait()
	c, err := s.DescribeConnection(here, "c")
	if err != nil || c.State != want {
		t.Fatalf("connection %+v, %v; want %s", c, err, want)
	}
	return c
}

// as-aws 20: AWS looks at how a token server is asked when it asks.
func TestConnectionThatCannotAskIsDeauthorizedLater(t *testing.T) {
	const isNoURL = "request for a token: Parameter AuthorizationEndpoint is not valid. Reason: it must be a URL such as https://api.example.com/path."
	for _, c := range []struct{ endpoint, method, reason string }{
		{"replace_this", "put", isNoURL},
		{"replace_this", "PUT", isNoURL},
		{"/token", "POST", isNoURL},
		{"localhost:8080", "POST", isNoURL},
		{"https://", "POST", isNoURL},
		{"ftp://x", "POST", "request for a token: Parameter AuthorizationEndpoint is not valid. Reason: it must begin with https:// or http://."},
		{"https://auth.example.com", "PATCH", `request for a token: Parameter HttpMethod is not valid. Reason: "PATCH" is not GET, POST or PUT.`},
		{"https://auth.example.com", "p ut", `request for a token: Parameter HttpMethod is not valid. Reason: "p ut" is not GET, POST or PUT.`},
	} {
		for _, httpsOnly := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				server := &tokenServer{lifetime: 3600}
				s := open(t, Options{Client: server.client(), HTTPSOnly: httpsOnly})
				run(t, s)
				bad := Auth{OAuth: &OAuthAuth{ClientID: "id", ClientSecret: "s3cret", Endpoint: c.endpoint, Method: c.method}}
				made := s.mustConnect(t, NewConnection{Name: "c", Type: OAuth, Auth: bad})
				if made.State != Authorizing || made.Auth.OAuth.Endpoint != c.endpoint || made.Auth.OAuth.Method != c.method {
					t.Errorf("made: %+v %+v", made, made.Auth.OAuth)
				}
				if got := settled(t, s, Deauthorized); got.StateReason != c.reason {
					t.Errorf("%s %s: %s; want %s", c.method, c.endpoint, got.StateReason, c.reason)
				}
				if n := server.count(); n > 0 {
					t.Errorf("%d requests for a token", n)
				}
				// A change is looked at in the same way, and a good one is a new start.
				for _, ch := range []struct {
					auth  Auth
					state ConnectionState
				}{{oauth("").Auth, Authorized}, {bad, Deauthorized}} {
					got, err := s.UpdateConnection(t.Context(), here, "c", ConnectionChange{Auth: &ch.auth})
					if err != nil || got.State != Authorizing || got.StateReason != "" {
						t.Errorf("changed: %+v, %v", got, err)
					}
					settled(t, s, ch.state)
				}
			})
		}
	}
}

func TestConnectionIsAuthorizedByAToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &tokenServer{lifetime: 3600}
		s := open(t, Options{Client: server.client()})
		run(t, s)
		c := s.mustConnect(t, oauth("c"))
		d, a := s.mustCreate(t, "d", c.ARN, 0)
		if c.State != Authorizing || d.Active {
			t.Errorf("%s, active %v", c.State, d.Active)
		}
		e := target.AsError(second(s.Endpoint(t.Context(), someRule, a)))
		if e == nil || !e.Throttled || e.After != time.Second {
			t.Errorf("calling it meanwhile: %+v", e)
		}
		now := settled(t, s, Authorized)
		if !now.Authorized.After(c.Authorized) || now.StateReason != "" {
			t.Errorf("%+v", now)
		}
		if d, _ := s.DescribeAPIDestination(here, "d"); !d.Active {
			t.Error("the API destination is not active")
		}
		wantHeader(t, s, a, "Authorization", "Bearer t1")
		if server.count() != 1 {
			t.Errorf("%d requests for a token", server.count())
		}
	})
}

func TestRefusedConnectionIsDeauthorizedAndTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &tokenServer{lifetime: 3600, status: 401}
		s := open(t, Options{Client: server.client()})
		run(t, s)
		c := s.mustConnect(t, oauth("c"))
		_, a := s.mustCreate(t, "d", c.ARN, 0)
		now := settled(t, s, Deauthorized)
		want := `request for a token: POST to https://auth.example.com answered 401 Unauthorized: {"error":"invalid_client","secret":"[hidden]"}`
		if now.StateReason != want {
			t.Errorf("reason %q", now.StateReason)
		}
		e := target.AsError(second(s.Endpoint(t.Context(), someRule, a)))
		if e == nil || e.Permanent || e.Throttled || !strings.HasSuffix(e.Message, "DEAUTHORIZED: "+want) {
			t.Errorf("calling it: %+v", e)
		}
		time.Sleep(24 * time.Hour)
		if n := server.count(); n < 24*60/6 || n > 24*60/4+20 {
			t.Errorf("%d requests for a token in a day", n)
		}
		server.set(func(s *tokenServer) { s.status = 0 })
		time.Sleep(6 * time.Minute)
		settled(t, s, Authorized)
	})
}

func TestUnreachableTokenServerIsGivenAFewTries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &tokenServer{lifetime: 3600, status: 503}
		s := open(t, Options{Client: server.client()})
		run(t, s)
		s.mustConnect(t, oauth("c"))
		settled(t, s, Authorizing)
		time.Sleep(2 * time.Second)
		settled(t, s, Authorizing)
		server.set(func(s *tokenServer) { s.status = 0 })
		time.Sleep(5 * time.Second)
		settled(t, s, Authorized)

		server.set(func(s *tokenServer) { s.hang = true })
		if _, err := s.UpdateConnection(t.Context(), here, "c", ConnectionChange{Auth: &Auth{Parameters: &Parameters{}}}); err != nil {
			t.Fatal(err)
		}
		settled(t, s, Authorizing)
		time.Sleep(30 * time.Second)
		if c := settled(t, s, Deauthorized); c.StateReason != "request for a token: POST to https://auth.example.com: no answer within 5s" {
			t.Errorf("reason %q", c.StateReason)
		}
		server.set(func(s *tokenServer) { s.hang = false })
		time.Sleep(2 * time.Minute)
		settled(t, s, Authorized)
	})
}

func TestChangedConnectionIsAuthorizedAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &tokenServer{lifetime: 3600, status: 401}
		s := open(t, Options{Client: server.client()})
		run(t, s)
		s.mustConnect(t, oauth("c"))
		settled(t, s, Deauthorized)
		server.set(func(s *tokenServer) { s.status = 0 })
		c, err := s.UpdateConnection(t.Context(), here, "c", ConnectionChange{Auth: &Auth{OAuth: &OAuthAuth{ClientSecret: "better"}}})
		if err != nil || c.State != Authorizing || c.StateReason != "" || c.Auth.OAuth.ClientID != "id" {
			t.Errorf("%+v, %v", c, err)
		}
		settled(t, s, Authorized)
		if _, err := s.DeauthorizeConnection(t.Context(), here, "c"); err != nil {
			t.Fatal(err)
		}
		n := server.count()
		time.Sleep(24 * time.Hour)
		settled(t, s, Deauthorized)
		if server.count() != n {
			t.Error("a connection that was deauthorized by its owner was tried again")
		}
	})
}

// What a token server says of credentials that have been replaced since does
// not count.
func TestAnswerForOldCredentialsChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := over(func(*http.Request) (*http.Response, error) {
			time.Sleep(time.Second)
			return answer(401, ""), nil
		})
		s := open(t, Options{Client: client})
		run(t, s)
		s.mustConnect(t, oauth("c"))
		settled(t, s, Authorizing)
		auth := basic("").Auth
		if _, err := s.UpdateConnection(t.Context(), here, "c", ConnectionChange{Type: Basic, Auth: &auth}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		settled(t, s, Authorized)
		if _, err := s.CreateConnection(t.Context(), here, oauth("gone")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
		if _, err := s.DeleteConnection(t.Context(), here, "gone"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		if _, err := s.DescribeConnection(here, "gone"); err == nil {
			t.Error("a deleted connection is back")
		}
	})
}

func TestAuthorizationGoesOnAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := mem.New()
		server := &tokenServer{lifetime: 3600}
		s := open(t, Options{Store: st, Client: server.client()})
		c := s.mustConnect(t, oauth("c")) // and nobody runs
		_, a := s.mustCreate(t, "d", c.ARN, 0)

		s = open(t, Options{Store: st, Client: server.client()})
		run(t, s)
		settled(t, s, Authorized)

		s = open(t, Options{Store: st, Client: server.client()})
		settled(t, s, Authorized)
		wantHeader(t, s, a, "Authorization", "Bearer t2") // tokens are not kept over a restart
	})
}

func TestManyConnectionsAreAuthorizedAFewAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		now, most := 0, 0
		client := over(func(*http.Request) (*http.Response, error) {
			mu.Lock()
			now++
			most = max(most, now)
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			now--
			mu.Unlock()
			return answer(200, `{"access_token":"t"}`), nil
		})
		s := open(t, Options{Client: client})
		run(t, s)
		for i := range 40 {
			s.mustConnect(t, oauth(fmt.Sprintf("c%d", i)))
		}
		time.Sleep(6 * time.Second)
		synctest.Wait()
		rows, _, _ := s.ListConnections(here, ConnectionFilter{State: Authorized}, "", 100)
		if len(rows) != 40 || most != atOnce {
			t.Errorf("%d authorized, %d at once", len(rows), most)
		}
	})
}

func TestEventArrivesThroughAnOAuthConnection(t *testing.T) {
	tokens := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		if r.Form.Get("client_id") != "id" || r.Form.Get("client_secret") != "s3cret" || r.Form.Get("grant_type") != "client_credentials" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = io.WriteString(w, `{"access_token":"tok","token_type":"Bearer","expires_in":3600}`)
	}))
	defer tokens.Close()
	var got []string
	api := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got = []string{r.Method, r.RequestURI, r.Header.Get("Authorization"), r.Header.Get("X-Tenant"), string(b)}
	}))
	defer api.Close()

	s := open(t, Options{})
	n := oauth("c")
	n.Auth.OAuth.Endpoint = tokens.URL
	n.Auth.OAuth.Parameters = &Parameters{
		Header: []Parameter{{Key: "Content-Type", Value: "application/x-www-form-urlencoded"}},
		Body:   []Parameter{{Key: "grant_type", Value: "client_credentials"}},
	}
	n.Auth.Parameters = &Parameters{
		Header: []Parameter{{Key: "X-Tenant", Value: "me"}},
		Query:  []Parameter{{Key: "v", Value: "2"}},
		Body:   []Parameter{{Key: "from", Value: "dari"}},
	}
	c := s.mustConnect(t, n)
	d, err := s.CreateAPIDestination(t.Context(), here, NewAPIDestination{Name: "d", ConnectionARN: c.ARN, Endpoint: api.URL + "/u/*", Method: "PUT"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.authorize(t.Context(), s.connections.Find(table.Key{Place: here.Place, Name: "c"})); err != nil {
		t.Fatal(err)
	}
	a, _ := arn.Parse(d.ARN)
	err = target.APIDestination(s, s.opt.Client).Send(t.Context(), &target.Delivery{Owner: someRule,
		Body: []byte(`{"detail":{"user":7}}`), Input: []byte(`{"n":1}`), ARN: a,
		Target: &target.Target{HTTP: &target.HTTPParameters{Path: []string{"$.detail.user"}, Query: map[string]string{"v": "1"}}},
	})
	want := []string{"PUT", "/u/7?v=2", "Bearer tok", "me", `{"n":1,"from":"dari"}`}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
}

func TestTokenRequestIsWhatTheServerWants(t *testing.T) {
	params := &Parameters{
		Header: []Parameter{{Key: "X-A", Value: "1"}, {Key: "User-Agent", Value: "mine"}},
		Query:  []Parameter{{Key: "q", Value: "a b"}},
		Body:   []Parameter{{Key: "grant_type", Value: "client_credentials"}, {Key: "client_secret", Value: "other"}},
	}
	form := &Parameters{Header: []Parameter{{Key: "content-type", Value: "application/x-www-form-urlencoded; charset=utf-8"}}, Body: params.Body}
	for _, c := range []struct {
		name, method string
		p            *Parameters
		uri, kind    string
		body         string
	}{
		{"plain", "POST", nil, "/token?own=1", "application/json; charset=utf-8", `{"client_id":"id","client_secret":"s3cret"}`},
		{"with parameters", "PUT", params, "/token?own=1&q=a+b", "application/json; charset=utf-8",
			`{"client_id":"id","client_secret":"other","grant_type":"client_credentials"}`},
		{"as a form", "POST", form, "/token?own=1", "application/x-www-form-urlencoded; charset=utf-8",
			"client_id=id&client_secret=other&grant_type=client_credentials"},
		{"by put", "put", nil, "/token?own=1", "application/json; charset=utf-8", `{"client_id":"id","client_secret":"s3cret"}`},
		{"by GET", "GET", nil, "/token?own=1", "application/json; charset=utf-8", `{"client_id":"id","client_secret":"s3cret"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				b, _ := io.ReadAll(r.Body)
				got = []string{r.Method, r.RequestURI, r.Header.Get("Content-Type"), r.Header.Get("Accept"), r.UserAgent(), string(b)}
				_, _ = io.WriteString(w, `{"access_token":"t","token_type":"MAC","expires_in":"60"}`)
			}))
			defer srv.Close()
			o := OAuthAuth{ClientID: "id", ClientSecret: "s3cret", Endpoint: srv.URL + "/token?own=1", Method: c.method, Parameters: c.p}
			tok, err := o.fetch(t.Context(), outbound.New(outbound.Options{}), "c", "")
			if err != nil {
				t.Fatal(err)
			}
			want := []string{strings.ToUpper(c.method), c.uri, c.kind, "application/json", "Amazon/EventBridge/ApiDestinations", c.body}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if tok.scheme != "MAC" || tok.text != "t" || tok.expired.Sub(tok.fetched) != time.Minute || tok.stale.Sub(tok.fetched) != 54*time.Second {
				t.Errorf("%+v", tok)
			}
		})
	}
}

func TestAnswersOfTokenServers(t *testing.T) {
	for _, c := range []struct {
		name         string
		status       int
		body, header string
		refused      bool
		code         string
		message      string
	}{
		{"a token", 200, `{"access_token":"t"}`, "Bearer t", false, "", ""},
		{"created", 201, `{"access_token":"t","token_type":"bearer","expires_in":null}`, "Bearer t", false, "", ""},
		{"no token", 200, `{"ok":false,"error":"bad_verification_code"}`, "", true, "NO_PERMISSIONS", "without an access_token: bad_verification_code"},
		{"nothing", 200, `{}`, "", true, "NO_PERMISSIONS", "without an access_token: and no error"},
		{"no JSON", 200, `access_token=t`, "", true, "NO_PERMISSIONS", "not the JSON of a token"},
		{"a token that would be two headers", 200, `{"access_token":"t\r\nX-A: 1"}`, "", true, "NO_PERMISSIONS", "control characters"},
		{"unauthorized", 401, "", "", true, "NO_PERMISSIONS", "401 Unauthorized"},
		{"bad request", 400, `{"error":"invalid_grant"}`, "", true, "NO_PERMISSIONS", `400 Bad Request: {"error":"invalid_grant"}`},
		{"not found", 404, "", "", true, "NO_PERMISSIONS", "404"},
		{"elsewhere", 302, "", "", true, "NO_PERMISSIONS", "302 Found"},
		{"too many", 429, "", "", false, "THROTTLING", "429"},
		{"broken", 500, "", "", false, "ERROR_FROM_TARGET", "500"},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := over(func(*http.Request) (*http.Response, error) { return answer(c.status, c.body), nil })
			tok, err := oauth("").Auth.OAuth.fetch(t.Context(), client, "c", "")
			if c.header != "" {
				if err != nil || tok.scheme+" "+tok.text != c.header {
					t.Errorf("%+v, %v", tok, err)
				}
				return
			}
			e := target.AsError(err)
			if e == nil || e.Permanent != c.refused || e.Code != c.code || !strings.Contains(e.Message, c.message) {
				t.Errorf("%+v", e)
			}
		})
	}
}

func TestLifetimes(t *testing.T) {
	for text, want := range map[string]time.Duration{
		`3600`: time.Hour, `"60"`: time.Minute, `1.5`: 1500 * time.Millisecond, `1e300`: 365 * 24 * time.Hour,
		``: time.Hour, `null`: time.Hour, `0`: time.Hour, `-5`: time.Hour, `"soon"`: time.Hour, `{}`: time.Hour, `"NaN"`: time.Hour,
	} {
		if got := lifetime(json.RawMessage(text)); got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}

func TestReasonsAreNotLongerThanAWSAllows(t *testing.T) {
	if got := []rune(clip(strings.Repeat("é", 600))); len(got) != 512 {
		t.Errorf("%d characters", len(got))
	}
}
