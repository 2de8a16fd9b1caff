package app

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/room/identity/directory"
	"github.com/dari-bus/dari/internal/room/trail"
	"github.com/dari-bus/dari/internal/signature"
)

// With -enforce-iam and without keys, users may do what their policies say, and
// nobody else may do anything; a server where nobody could does not start.
func TestEnforcingIAMLetsOnlyUsersIn(t *testing.T) {
	opt := Defaults()
	opt.Listen, opt.Data, opt.Log = "127.0.0.1:0", t.TempDir(), slog.New(slog.DiscardHandler)
	open := func(enforce bool) (*App, error) {
		opt.EnforceIAM = enforce
		return Open(t.Context(), opt)
	}
	if _, err := open(true); err == nil || !strings.Contains(err.Error(), "nobody could do anything") {
		t.Errorf("a server for nobody starts: %v", err)
	}
	a, err := open(false)
	if err != nil {
		t.Fatal(err)
	}
	root := access.Root("000000000000", "us-east-1")
	_, err = a.identities.Create(t.Context(), root, directory.User, directory.Entity{Name: "anna"})
	if err != nil {
		t.Fatal(err)
	}
	_, key, secret, err := a.identities.CreateKey(t.Context(), root, "anna")
	err = errors.Join(err,
		a.identities.PutInline(t.Context(), root, directory.User, "anna", "p", `{"Statement":{"Effect":"Allow","Action":"sqs:ListQueues","Resource":"*"}}`),
		a.listener.Close(), a.store.Close())
	if err != nil {
		t.Fatal(err)
	}

	if a, err = open(true); err != nil {
		t.Fatal(err)
	}
	defer a.store.Close()
	defer a.listener.Close()
	call := func(key, secret, service, target, body string) string {
		r := httptest.NewRequest(http.MethodPost, "http://"+a.listener.Addr().String()+"/", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-amz-json-1.1")
		r.Header.Set("X-Amz-Target", target)
		if key != "" {
			c := signature.Credentials{AccessKey: key, Secret: secret, Region: "us-east-1", Service: service}
			if err := signature.Sign(r, []byte(body), c, time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		w := httptest.NewRecorder()
		a.front.ServeHTTP(w, r)
		return w.Body.String()
	}
	const put = `{"Entries":[{"Source":"a","DetailType":"b","Detail":"{}"}]}`
	const nobody = "because everybody is held to policies"
	for _, c := range []struct{ key, secret, service, target, body, want string }{
		{"", "", "sqs", "AmazonSQS.ListQueues", `{}`, nobody},
		{"dari", "dari", "sqs", "AmazonSQS.ListQueues", `{}`, nobody},
		{"", "", "events", "AWSEvents.PutEvents", put, nobody},
		{"111111111111", "x", "events", "AWSEvents.ListRules", `{}`, nobody},
		{key.ID, secret, "sqs", "AmazonSQS.ListQueues", `{}`, `{`},
		{key.ID, secret, "events", "AWSEvents.ListRules", `{}`, "because no identity-based policy allows the events:ListRules action"},
		{key.ID, "wrong", "sqs", "AmazonSQS.ListQueues", `{}`, "signature we calculated does not match"},
	} {
		if got := call(c.key, c.secret, c.service, c.target, c.body); !strings.Contains(got, c.want) || c.want == "{" && strings.Contains(got, "__type") {
			t.Errorf("%s of %q: %s\nwant %s", c.target, c.key, got, c.want)
		}
	}

	// Nobody writes into the history of the account that they say they are.
	if err := errors.Join(a.listener.Close(), a.store.Close()); err != nil {
		t.Fatal(err)
	}
	if a, err = open(false); err != nil {
		t.Fatal(err)
	}
	defer a.store.Close()
	defer a.listener.Close()
	rows, _, err := a.trail.Lookup(t.Context(), root, trail.Query{Max: 50})
	if err != nil || len(rows) != 1 || rows[0].Username != "anna" || rows[0].ErrorCode != "AccessDenied" {
		t.Errorf("on record are %+v, %v", rows, err)
	}
}
