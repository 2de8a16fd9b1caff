package wire

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/signature"
	"github.com/dari-bus/dari/internal/wire/awsquery"
)

func newRequest(t testing.TB, method, url, body string, header ...string) *http.Request {
	t.Helper()
	r := httptest.NewRequest(method, url, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return r
}

func setBody(r *http.Request, body string) {
	r.Body = io.NopCloser(strings.NewReader(body))
	r.ContentLength = int64(len(body))
}

// sign signs r as the key AKIDEXAMPLE for eu-central-1, now.
func sign(t testing.TB, r *http.Request, body, service string) {
	t.Helper()
	err := signature.Sign(r, []byte(body), signature.Credentials{AccessKey: "AKIDEXAMPLE", Secret: "secret", Region: "eu-central-1", Service: service}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
}

type echoInput struct {
	Word  *string
	Fail  *string
	Names []string `json:",omitempty" query:"Name,flat"`
	Url   *string  `query:",url"`
}

type echoOutput struct {
	Word   string            `json:",omitempty"`
	Names  []string          `query:"Name,flat,json=names"`
	Caller map[string]string `json:",omitempty"`
	Url    string            `json:",omitempty"`
}

func echo(ctx context.Context, in *echoInput) (*echoOutput, error) {
	if in.Fail != nil {
		return nil, failures[*in.Fail]
	}
	c := CallerFrom(ctx)
	out := &echoOutput{Names: in.Names, Caller: map[string]string{
		"AccessKey": c.KeyID, "Account": c.Account, "Region": c.Region, "Trace": c.Trace, "At": c.Scheme + "://" + c.Host,
	}}
	if in.Word != nil {
		out.Word = *in.Word
	}
	if in.Url != nil {
		out.Url = *in.Url
	}
	return out, nil
}

var failures = map[string]error{
	"missing": fault.NotFound("Rule r does not exist on EventBus default."),
	"queue":   &Error{Code: "QueueDoesNotExist", QueryCode: "AWS.SimpleQueueService.NonExistentQueue", Message: "The specified queue does not exist.", QueryMessage: "The specified queue does not exist for this wsdl version."},
	"ours":    errors.New("disk sda1 is on fire"),
	"late":    &Error{Code: "RequestThrottled", Message: "Later.", Status: 503},
}

// services has one of each dialect: events, and a queue that speaks two.
func services() []*Service {
	rows := []Operation{
		Op("Echo", echo),
		Op("Forget", func(context.Context, *echoInput) (*None, error) { return &None{}, nil }),
		Op("Touch", func(context.Context, *echoInput) (*Empty, error) { return nil, nil }),
		Op("List", func(context.Context, *echoInput) (*Empty, error) { return nil, nil }).AtRoot(),
		Op("Panic", func(context.Context, *echoInput) (*Empty, error) { panic("a secret of ours") }),
		Refuse("ActivateEventSource", "partner event sources need a partner account"),
	}
	return []*Service{
		{Name: "events", Title: "Amazon EventBridge", Target: "AWSEvents", Version: "2015-10-07", Protocols: []Protocol{JSON11}, Operations: rows,
			Limits: Limits{"echoInput.Word": {Max: 5}}},
		{Name: "sqs", Title: "Amazon SQS", Target: "AmazonSQS", Version: "2012-11-05", Namespace: "http://queue.amazonaws.com/doc/2012-11-05/",
			ErrorNamespace: "com.amazonaws.sqs", Protocols: []Protocol{JSON10, Query}, Operations: rows},
		{Name: "cloudtrail", Title: "AWS CloudTrail", Target: "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101", Protocols: []Protocol{JSON11}, Operations: rows},
	}
}

func newHandler(t testing.TB, o Options) http.Handler {
	t.Helper()
	if o.Services == nil {
		o.Services = services()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	h, err := NewHandler(o)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// request makes a request to a server at localhost:4566. header is names and
// values in turn.
func request(t testing.TB, method, path, body string, header ...string) *http.Request {
	t.Helper()
	return newRequest(t, method, "http://localhost:4566"+path, body, header...)
}

func do(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// mask takes the request id out of an answer, after checking that it is one.
func mask(t testing.TB, w *httptest.ResponseRecorder) string {
	t.Helper()
	id := w.Header().Get("X-Amzn-Requestid")
	if _, err := uuid.Parse(id); err != nil {
		t.Errorf("request id %q: %v", id, err)
	}
	if w.Header().Get("Date") == "" || w.Header().Get("Content-Length") == "" {
		t.Errorf("no Date or no Content-Length: %v", w.Header())
	}
	return strings.ReplaceAll(w.Body.String(), id, "ID")
}

const scope = "AWS4-HMAC-SHA256 Credential=123456789012/20260129/eu-central-1/"

func TestOurOwnFailuresAreLoggedAndHidden(t *testing.T) {
	for _, c := range []struct{ target, body, logged string }{
		{"AWSEvents.Echo", `{"Fail":"ours"}`, "disk sda1 is on fire"},
		{"AWSEvents.Panic", `{}`, "a secret of ours"},
	} {
		var log bytes.Buffer
		h := newHandler(t, Options{Log: slog.New(slog.NewJSONHandler(&log, nil))})
		w := do(h, request(t, "POST", "/", c.body, "X-Amz-Target", c.target))
		want := `{"__type":"InternalException","message":"The server failed while it handled the request. Its log has the reason under the request id ID."}`
		if got := mask(t, w); w.Code != 500 || got != want {
			t.Errorf("%s: got %d %s", c.target, w.Code, got)
		}
		var line map[string]any
		if err := json.Unmarshal(log.Bytes(), &line); err != nil {
			t.Fatalf("%s: the log is not one line: %s", c.target, log.String())
		}
		if !strings.Contains(log.String(), c.logged) || line["request"] != w.Header().Get("X-Amzn-Requestid") || line["service"] != "events" {
			t.Errorf("%s: logged %s", c.target, log.String())
		}
	}
	w := do(newHandler(t, Options{}), request(t, "POST", "/", "Action=Panic&Version=2012-11-05", "Content-Type", awsquery.FormType))
	if !strings.Contains(w.Body.String(), "<Type>Receiver</Type><Code>InternalFailure</Code>") {
		t.Errorf("query: got %s", w.Body)
	}
}

func TestTheURLOfAQueueStandsForItself(t *testing.T) {
	h := newHandler(t, Options{Host: "bus.example.com", Scheme: "https"})
	for path, want := range map[string]string{
		"/000000000000/q?Action=Echo&Version=2012-11-05":  "<Url>https://bus.example.com/000000000000/q</Url>",
		"/000000000000/q/?Action=Echo&Version=2012-11-05": "<Url>https://bus.example.com/000000000000/q</Url>",
		"/x?Action=Echo&Version=2012-11-05&Url=given":     "<Url>given</Url>",
		"/?Action=Echo&Version=2012-11-05":                "</Caller></EchoResult>",
	} {
		if w := do(h, request(t, "GET", path, "")); !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: got %s, want %s", path, w.Body, want)
		}
	}
}

// What may not be served at all is refused in the caller's words all the same.
func TestARefusalIsInTheDialectOfTheRequest(t *testing.T) {
	h, err := NewHandler(Options{Services: services()})
	if err != nil {
		t.Fatal(err)
	}
	no := &Error{Code: "AccessDeniedException", QueryCode: "AccessDenied", Status: 403, Message: "No."}
	for _, c := range []struct {
		method, path, body string
		header             []string
		want               string
	}{
		{"POST", "/", "{}", []string{"X-Amz-Target", "AWSEvents.Echo"}, `{"__type":"AccessDeniedException","message":"No."}`},
		{"POST", "/", "{}", []string{"X-Amz-Target", "AmazonSQS.Echo"}, `{"__type":"com.amazonaws.sqs#AccessDeniedException","message":"No."}`},
		{"GET", "/?Action=Echo", "", nil, "<Code>AccessDenied</Code><Message>No.</Message>"},
		{"POST", "/", "Action=Echo", []string{"Content-Type", awsquery.FormType}, "<Code>AccessDenied</Code><Message>No.</Message>"},
		{"HEAD", "/?Action=Echo", "", nil, ""},
	} {
		w := httptest.NewRecorder()
		h.Refuse(w, request(t, c.method, c.path, c.body, c.header...), no)
		if got := mask(t, w); w.Code != 403 || !strings.Contains(got, c.want) || c.method == "HEAD" && got != "" {
			t.Errorf("%s %s %v: got %d %s", c.method, c.path, c.header, w.Code, got)
		}
	}
}

func TestWithKeysOnlySignedCallsPass(t *testing.T) {
	h := newHandler(t, Options{Keys: access.Keys{"AKIDEXAMPLE": {Secret: "secret", Account: "210987654321"}, "123456789012": {Secret: "secret", Account: "123456789012"}}})
	for _, c := range []struct {
		name             string
		service, sign    string
		key, secret      string
		target, body     string
		status           int
		code, queryError string
	}{
		{"good", "events", "events", "AKIDEXAMPLE", "secret", "AWSEvents.Echo", "{}", 200, `"Account":"210987654321"`, ""},
		{"good, an account for a key", "events", "events", "123456789012", "secret", "AWSEvents.Echo", "{}", 200, `"Account":"123456789012"`, ""},
		{"wrong secret", "events", "events", "AKIDEXAMPLE", "guess", "AWSEvents.Echo", "{}", 403, `"InvalidSignatureException"`, ""},
		{"unknown key", "events", "events", "AKIDOTHER", "secret", "AWSEvents.Echo", "{}", 403, `"UnrecognizedClientException"`, ""},
		{"not signed", "events", "", "", "", "AWSEvents.Echo", "{}", 403, `"MissingAuthenticationTokenException"`, ""},
		{"not signed, unknown operation", "events", "", "", "", "AWSEvents.Ecko", "{}", 403, `"MissingAuthenticationTokenException"`, ""},
		{"signed for another service", "events", "sqs", "AKIDEXAMPLE", "secret", "AWSEvents.Echo", "{}", 404, "which the request is signed for", "InvalidAction;Sender"},
		{"JSON of a service with two dialects", "sqs", "sqs", "AKIDEXAMPLE", "guess", "AmazonSQS.Echo", "{}", 403, `"com.amazonaws.sqs#InvalidSignatureException"`, "SignatureDoesNotMatch;Sender"},
		{"a form, wrong secret", "sqs", "sqs", "AKIDEXAMPLE", "guess", "", "Action=Echo&Version=2012-11-05", 403, "<Code>SignatureDoesNotMatch</Code>", ""},
		{"a form, unknown key", "sqs", "sqs", "AKIDOTHER", "guess", "", "Action=Echo&Version=2012-11-05", 403, "<Code>InvalidClientTokenId</Code>", ""},
		{"a form, not signed", "sqs", "", "", "", "", "Action=Echo&Version=2012-11-05", 403, "<Code>MissingAuthenticationToken</Code><Message>Request is missing Authentication Token</Message>", ""},
		{"a form, good", "sqs", "sqs", "AKIDEXAMPLE", "secret", "", "Action=Echo&Version=2012-11-05", 200, "<value>eu-central-1</value>", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := request(t, "POST", "/", c.body, "Content-Type", awsquery.FormType)
			if c.target != "" {
				r.Header.Set("Content-Type", "application/x-amz-json-1.1")
				r.Header.Set("X-Amz-Target", c.target)
			}
			if c.sign != "" {
				err := signature.Sign(r, []byte(c.body), signature.Credentials{AccessKey: c.key, Secret: c.secret, Region: "eu-central-1", Service: c.sign}, time.Now())
				if err != nil {
					t.Fatal(err)
				}
			}
			w := do(h, r)
			if got := mask(t, w); w.Code != c.status || !strings.Contains(got, c.code) || w.Header().Get("X-Amzn-Query-Error") != c.queryError {
				t.Errorf("got %d %s %s", w.Code, w.Header().Get("X-Amzn-Query-Error"), got)
			}
		})
	}
	if w := do(newHandler(t, Options{Keys: access.Keys(nil)}), request(t, "POST", "/", "{}", "X-Amz-Target", "AWSEvents.Echo")); w.Code != 403 {
		t.Errorf("a map without keys: got %d, want 403", w.Code)
	}
}

// Without keys everybody may call, and whatever is wrong with the credentials
// only costs them their effect.
func TestWithoutKeysAnythingPasses(t *testing.T) {
	h := newHandler(t, Options{})
	for _, header := range []string{"", "Bearer x", "AWS4-HMAC-SHA256 nonsense", scope + "events/aws4_request, SignedHeaders=, Signature=", "AWS4-HMAC-SHA256 Credential=A/20260129/EU!/events/aws4_request, SignedHeaders=host, Signature=0"} {
		if w := do(h, request(t, "POST", "/", "{}", "X-Amz-Target", "AWSEvents.Touch", "Authorization", header)); w.Code != 200 {
			t.Errorf("%q: got %d %s", header, w.Code, w.Body)
		}
	}
}

func TestAnAbortedCallIsLeftToTheServer(t *testing.T) {
	h := newHandler(t, Options{Services: []*Service{{Name: "events", Target: "AWSEvents", Protocols: []Protocol{JSON11}, Operations: []Operation{
		Op("Abort", func(context.Context, *echoInput) (*None, error) { panic(http.ErrAbortHandler) }),
	}}}})
	defer func() {
		if p := recover(); p != http.ErrAbortHandler {
			t.Errorf("recovered %v", p)
		}
	}()
	do(h, request(t, "POST", "/", "", "X-Amz-Target", "AWSEvents.Abort"))
}

// Through a real connection: what net/http adds and keeps must not disturb.
func TestAServerAnswersSignedCallsOnOneConnection(t *testing.T) {
	srv := httptest.NewServer(newHandler(t, Options{Keys: access.Keys{"AKIDEXAMPLE": {Secret: "secret"}}}))
	defer srv.Close()
	for i := range 3 {
		body := `{"Word":"hi"}`
		r, err := http.NewRequestWithContext(t.Context(), "POST", srv.URL, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Amz-Target", "AWSEvents.Echo")
		r.Header.Set("Content-Type", "application/x-amz-json-1.1")
		sign(t, r, body, "events")
		resp, err := srv.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != 200 || resp.ContentLength != int64(len(got)) || !strings.HasPrefix(string(got), `{"Word":"hi"`) {
			t.Errorf("call %d: got %s %s", i, resp.Status, got)
		}
	}
}

func TestCallsRunSideBySide(t *testing.T) {
	h := newHandler(t, Options{})
	for _, word := range []string{"a", "bb", "ccc", "dddd"} {
		t.Run(word, func(t *testing.T) {
			t.Parallel()
			for range 200 {
				w := do(h, request(t, "POST", "/", "Action=Echo&Version=2012-11-05&Word="+word, "Content-Type", awsquery.FormType))
				var got struct {
					Word string `xml:"EchoResult>Word"`
				}
				if err := xml.Unmarshal(w.Body.Bytes(), &got); err != nil || got.Word != word {
					t.Fatalf("got %s (%v)", w.Body, err)
				}
			}
		})
	}
}
