package destination

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/mem"
	"github.com/dari-bus/dari/internal/target"
)

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
		Place: here.Place, Name: "c", Description: "what for", KMSKey: "alias/k", Type: Basic, State: Authorized,
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
	} {
		t.Run(name, func(t *testing.T) {
			_, err := open(t, Options{}).CreateConnection(t.Context(), here, c.n)
			wantFault(t, err, fault.KindInvalid, c.want)
		})
	}
	t.Run("a token server without TLS where none is allowed", func(t *testing.T) {
		n := with(oauth("c"), func(n *NewConnection) { n.Auth.OAuth.Endpoint = "HTTP://auth.example.com" })
		_, err := open(t, Options{HTTPSOnly: true}).CreateConnection(t.Context(), here, n)
		wantFault(t, err, fault.KindInvalid, "Parameter AuthorizationEndpoint is not valid. Reason: it must begin with https://, because this server allows no other.")
	})
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
	e, err := s.Endpoint(t.Context(), someRule, a)
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
	_, err = s.Endpoint(t.Context(), someRule, a)
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
