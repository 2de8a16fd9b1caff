package trail

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/mem"
	"github.com/dari-bus/dari/internal/wire"
)

type makeInput struct {
	QueueUrl, Secret, Fail *string
}

type makeOutput struct{ Arn, Secret string }

// door serves a few operations, whose calls are recorded.
func (h *house) door(t *testing.T) func(operation, body string) *httptest.ResponseRecorder {
	t.Helper()
	do := func(_ context.Context, in *makeInput) (*makeOutput, error) {
		switch wire.Val(in.Fail) {
		case "denied":
			return nil, fault.Denied("User: you is not authorized")
		case "wrong":
			return nil, fault.Invalid("The secret %s is too short.", *in.Secret)
		}
		return &makeOutput{"arn", "hunter2"}, nil
	}
	hidden := wire.Limits{"makeInput.Secret": {Secret: true}, "makeOutput.Secret": {Secret: true}}
	aws, err := wire.NewHandler(wire.Options{Record: h.Record, Services: []*wire.Service{{
		Name: "sqs", Title: "SQS", Target: "AmazonSQS", Version: "1", Protocols: []wire.Protocol{wire.JSON10}, Limits: hidden,
		Operations: []wire.Operation{
			wire.Op("Make", do), wire.Op("Look", do).Reads().As("Look20121105"), wire.Op("Lend", do).Reads().ThatGrants(), wire.Op("Send", do).OnData(),
		},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	return func(operation, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("POST", "http://sqs.local:4566/", strings.NewReader(body))
		r.Header.Set("X-Amz-Target", "AmazonSQS."+operation)
		r.Header.Set("User-Agent", strings.Repeat("a", 2000))
		w := httptest.NewRecorder()
		aws.ServeHTTP(w, r)
		return w
	}
}

func TestTheRecordOfACall(t *testing.T) {
	h := open(t, mem.New(), nil)
	do := h.door(t)
	by := access.Root("000000000000", "us-east-1")
	want := Record{
		EventVersion: "1.11", UserIdentity: UserIdentity{Type: "Root", PrincipalID: by.Account, ARN: by.Principal, AccountID: by.Account},
		EventSource: "sqs.amazonaws.com", AWSRegion: "us-east-1", SourceIPAddress: "192.0.2.1", UserAgent: strings.Repeat("a", 1024),
		EventType: "AwsApiCall", ManagementEvent: true, RecipientAccountID: by.Account, EventCategory: "Management",
		TLSDetails: &TLSDetails{"sqs.local:4566"},
	}
	const secret = `{"secret":"HIDDEN_DUE_TO_SECURITY_REASONS"}`
	const made = `{"arn":"arn","secret":"HIDDEN_DUE_TO_SECURITY_REASONS"}`
	for _, c := range []struct {
		operation, body, in, out, code, message string
		reads                                   bool
	}{
		{"Make", `{"Secret":"hunter2"}`, secret, made, "", "", false},
		{"Look", `{"Secret":"hunter2"}`, secret, `null`, "", "", true},
		{"Lend", `{"Secret":"hunter2"}`, secret, made, "", "", true},
		{"Make", `{"Secret":"hunter2","Fail":"denied"}`, `null`, `null`, "AccessDenied", "User: you is not authorized", false}, // rooms-ahead C5
		{"Make", `{"Secret":"hunter2","Fail":"wrong"}`, `{"secret":"HIDDEN_DUE_TO_SECURITY_REASONS","fail":"wrong"}`, `null`,
			"ValidationException", "The secret HIDDEN_DUE_TO_SECURITY_REASONS is too short.", false},
		{"Make", `[`, `null`, `null`, "SerializationException", "", false},
	} {
		w := do(c.operation, c.body)
		rows, _, err := h.Lookup(t.Context(), by, Query{Max: 1})
		if err != nil || len(rows) != 1 {
			t.Fatalf("%s: %d rows, %v", c.operation, len(rows), err)
		}
		got := rows[0].Record
		want.EventName, want.ReadOnly = c.operation, c.reads
		if c.operation == "Look" {
			want.EventName = "Look20121105" // as the row has it
		}
		want.RequestParameters, want.ResponseElements, want.ErrorCode = []byte(c.in), []byte(c.out), c.code
		want.ErrorMessage, want.EventTime, want.EventID, want.RequestID = got.ErrorMessage, got.EventTime, got.EventID, w.Header().Get("X-Amzn-Requestid")
		if diff := cmp.Diff(want, got); diff != "" || c.message != "" && got.ErrorMessage != c.message || strings.Contains(rows[0].Text, "hunter2") {
			t.Errorf("%s %s: %s %q", c.operation, c.body, diff, got.ErrorMessage)
		}
		if age := time.Since(rows[0].Time); age < 0 || age > time.Minute {
			t.Errorf("it is %v old", age)
		}
	}
	do("Send", `{}`)
	if got := h.names(t, by, Query{Attribute: "EventName", Value: "Send"}); got != nil {
		t.Errorf("a call on data is in the history: %v", got)
	}
}

// Whoever only says who they are is nobody on a server where they may do nothing, and
// writes into no account's history.
func TestACallByNobodyIsNotRecorded(t *testing.T) {
	h := open(t, mem.New(), func(o *Options) { o.IdentitiesOnly = true })
	by := access.Root("000000000000", "us-east-1")
	h.door(t)("Make", `{}`)
	if got := h.names(t, by, Query{}); got != nil {
		t.Errorf("the history has %v", got)
	}
	user := by
	user.Identity = &access.Identity{ID: "AIDA", User: "eve"}
	c := &wire.Call{Service: "sqs", Operation: "Make"}
	c.Caller.Caller = user
	h.Record(t.Context(), c)
	if got := h.names(t, by, Query{}); len(got) != 1 {
		t.Errorf("of a user the history has %v", got)
	}
}

func TestACallWhoseRecordCannotBeWrittenSucceeds(t *testing.T) {
	st := &full{Store: mem.New()}
	h := open(t, st, nil)
	do := h.door(t)
	if w := do("Make", `{}`); w.Code != 200 || h.Lost() != 0 {
		t.Fatalf("%d %s, %d are lost", w.Code, w.Body, h.Lost())
	}
	st.full = true
	if w := do("Make", `{}`); w.Code != 200 || h.Lost() != 1 {
		t.Errorf("%d %s, %d are lost", w.Code, w.Body, h.Lost())
	}
}

// full is a store whose disk may be full.
type full struct {
	store.Store
	full bool
}

func (f *full) Update(ctx context.Context, fn func(store.Tx) error, opts ...store.Option) error {
	if f.full {
		return errors.Join(store.ErrFull)
	}
	return f.Store.Update(ctx, fn, opts...)
}

func TestWhoCalledIsToldAsCloudTrailDoes(t *testing.T) {
	issued := time.Date(2026, 9, 14, 9, 0, 0, 0, time.UTC)
	session := &SessionContext{Attributes: SessionAttributes{"2026-09-14T09:00:00Z", "false"}}
	for _, c := range []struct {
		by   access.Caller
		want UserIdentity
		name string
	}{
		{access.Caller{Place: anna.Place, Principal: "arn:aws:iam::111111111111:root", KeyID: "K"},
			UserIdentity{Type: "Root", PrincipalID: account, ARN: "arn:aws:iam::111111111111:root", AccountID: account, AccessKeyID: "K"}, "root"},
		{access.Caller{Place: anna.Place, Principal: "u", KeyID: "K", Identity: &access.Identity{ID: "AIDA", User: "eve"}},
			UserIdentity{Type: "IAMUser", PrincipalID: "AIDA", ARN: "u", AccountID: account, AccessKeyID: "K", UserName: "eve"}, "eve"},
		{access.Caller{Place: anna.Place, Principal: "u", KeyID: "K", Identity: &access.Identity{ID: "AIDA", User: "eve", Temporary: true, Issued: issued}},
			UserIdentity{Type: "IAMUser", PrincipalID: "AIDA", ARN: "u", AccountID: account, AccessKeyID: "K", UserName: "eve", SessionContext: session}, "eve"},
		{access.Caller{Place: anna.Place, Principal: "s", KeyID: "K", Identity: &access.Identity{ID: "AROA:bob", Role: "arn:aws:iam::111111111111:role/x/dev", Temporary: true, Issued: issued, Source: "src"}},
			UserIdentity{Type: "AssumedRole", PrincipalID: "AROA:bob", ARN: "s", AccountID: account, AccessKeyID: "K", SessionContext: &SessionContext{
				SessionIssuer: &SessionIssuer{"Role", "AROA", "arn:aws:iam::111111111111:role/x/dev", account, "dev"}, Attributes: session.Attributes, SourceIdentity: "src",
			}}, "bob"},
		{access.Caller{Place: anna.Place, Service: access.Events, Source: "r"}, UserIdentity{Type: "AWSService", InvokedBy: "events.amazonaws.com"}, ""},
	} {
		got := identityOf(&c.by)
		if diff := cmp.Diff(c.want, got); diff != "" || got.name() != c.name {
			t.Errorf("%s, named %q", diff, got.name())
		}
	}
}

func TestTheOwnerOfAResourceHasARecordOfItsOwn(t *testing.T) {
	h := open(t, mem.New(), nil)
	do := h.door(t)
	const url = `{"QueueUrl":"http://localhost:4566/222222222222/q"`
	do("Make", url+`}`)
	do("Make", url+`,"Fail":"denied"}`)
	do("Make", url+`,"Fail":"wrong","Secret":"s"}`)
	do("Make", `{"QueueUrl":"http://localhost:4566/000000000000/q"}`)
	rows, _, err := h.Lookup(t.Context(), access.Root("222222222222", "us-east-1"), Query{Max: 50})
	if err != nil || len(rows) != 1 {
		t.Fatalf("the owner has %d records, %v", len(rows), err)
	}
	own, _, err := h.Lookup(t.Context(), access.Root("000000000000", "us-east-1"), Query{Max: 50})
	if err != nil || len(own) != 4 {
		t.Fatalf("the caller has %d records, %v", len(own), err)
	}
	first := own[3]
	if rows[0].SharedEventID == "" || rows[0].SharedEventID != first.SharedEventID || rows[0].EventID == first.EventID || own[0].SharedEventID != "" {
		t.Errorf("they are %s and %s", rows[0].Text, first.Text)
	}
	want := UserIdentity{Type: "AWSAccount", PrincipalID: "000000000000", AccountID: "000000000000"}
	if diff := cmp.Diff(want, rows[0].UserIdentity); diff != "" || rows[0].RecipientAccountID != "222222222222" {
		t.Error(diff)
	}
}
