package wire

import (
	"bytes"
	"compress/gzip"
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

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/dari-bus/dari/internal/fault"
)

func setBody(r *http.Request, body string) {
	r.Body = io.NopCloser(strings.NewReader(body))
	r.ContentLength = int64(len(body))
}

// sign signs r as the key AKIDEXAMPLE for eu-central-1, now.
func sign(t testing.TB, r *http.Request, body, service string) {
	t.Helper()
	err := Sign(r, []byte(body), Credentials{AccessKey: "AKIDEXAMPLE", Secret: "secret", Region: "eu-central-1", Service: service}, time.Now())
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
	Names  []string          `query:"Name,flat"`
	Caller map[string]string `json:",omitempty"`
	Url    string            `json:",omitempty"`
}

func echo(ctx context.Context, in *echoInput) (*echoOutput, error) {
	if in.Fail != nil {
		return nil, failures[*in.Fail]
	}
	c := CallerFrom(ctx)
	out := &echoOutput{Names: in.Names, Caller: map[string]string{
		"AccessKey": c.AccessKey, "Account": c.Account, "Region": c.Region, "Trace": c.Trace, "At": c.Scheme + "://" + c.Host,
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

func TestAnswersInTheDialectOfTheRequest(t *testing.T) {
	const form = "application/x-www-form-urlencoded; charset=utf-8"
	xmlError := func(code, message string) string {
		return `<ErrorResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><Error><Type>Sender</Type><Code>` + code +
			`</Code><Message>` + message + `</Message></Error><RequestId>ID</RequestId></ErrorResponse>`
	}
	h := newHandler(t, Options{})
	for _, c := range []struct {
		name        string
		r           *http.Request
		status      int
		contentType string
		body        string
		queryError  string
	}{
		{name: "JSON 1.1", r: request(t, "POST", "/", `{"Word":"héllo"}`, "Content-Type", "application/x-amz-json-1.1; charset=utf-8", "X-Amz-Target", "AWSEvents.Echo", "X-Amzn-Trace-Id", "Root=1"),
			status: 200, contentType: "application/x-amz-json-1.1",
			body: `{"Word":"héllo","Names":[],"Caller":{"AccessKey":"","Account":"000000000000","At":"http://localhost:4566","Region":"us-east-1","Trace":"Root=1"}}`},
		{name: "JSON 1.1, signed", r: request(t, "POST", "/?x=y", `{}`, "X-Amz-Target", "AWSEvents.Echo", "X-Amz-Date", "20260129T120000Z",
			"Authorization", scope+"events/aws4_request, SignedHeaders=host;x-amz-date;x-amz-target, Signature=00"),
			status: 200, contentType: "application/x-amz-json-1.1",
			body: `{"Names":[],"Caller":{"AccessKey":"123456789012","Account":"123456789012","At":"http://localhost:4566","Region":"eu-central-1","Trace":""}}`},
		{name: "JSON 1.1, signed for a set of regions", r: request(t, "POST", "/", `{}`, "X-Amz-Target", "AWSEvents.Echo", "X-Amz-Date", "20260129T120000Z", "X-Amz-Region-Set", "*",
			"Authorization", "AWS4-ECDSA-P256-SHA256 Credential=AKID/20260129/events/aws4_request, SignedHeaders=host, Signature=00"),
			status: 200, contentType: "application/x-amz-json-1.1",
			body: `{"Names":[],"Caller":{"AccessKey":"AKID","Account":"000000000000","At":"http://localhost:4566","Region":"us-east-1","Trace":""}}`},
		{name: "no output", r: request(t, "POST", "/", "", "X-Amz-Target", "AWSEvents.Forget"), status: 200, contentType: "application/x-amz-json-1.1"},
		{name: "empty output", r: request(t, "POST", "/", "{}", "X-Amz-Target", "AWSEvents.Touch"), status: 200, contentType: "application/x-amz-json-1.1", body: "{}"},
		{name: "a target with dots", r: request(t, "POST", "/", "{}", "X-Amz-Target", "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.Touch"),
			status: 200, contentType: "application/x-amz-json-1.1", body: "{}"},
		{name: "a target without its front", r: request(t, "POST", "/", "{}", "X-Amz-Target", "CloudTrail_20131101.Touch"),
			status: 200, contentType: "application/x-amz-json-1.1", body: "{}"},
		{name: "JSON 1.1, a fault", r: request(t, "POST", "/", `{"Fail":"missing"}`, "X-Amz-Target", "AWSEvents.Echo"), status: 400, contentType: "application/x-amz-json-1.1",
			body: `{"__type":"ResourceNotFoundException","message":"Rule r does not exist on EventBus default."}`},
		{name: "JSON 1.1, a limit", r: request(t, "POST", "/", `{"Word":"longer"}`, "X-Amz-Target", "AWSEvents.Echo"), status: 400, contentType: "application/x-amz-json-1.1",
			body: `{"__type":"ValidationException","message":"1 validation error detected: Value 'longer' at 'word' failed to satisfy constraint: Member must have length less than or equal to 5"}`},
		{name: "JSON 1.1, bad JSON", r: request(t, "POST", "/", `{"Word":1}`, "X-Amz-Target", "AWSEvents.Echo"), status: 400, contentType: "application/x-amz-json-1.1",
			body: `{"__type":"SerializationException","message":"Word: expected a string, found a number."}`},
		{name: "JSON 1.1, unknown", r: request(t, "POST", "/", `{}`, "X-Amz-Target", "AWSEvents.Ecko"), status: 400, contentType: "application/x-amz-json-1.1",
			body: `{"__type":"UnknownOperationException","message":"Amazon EventBridge has no operation Ecko."}`},
		{name: "JSON 1.1, refused", r: request(t, "POST", "/", `{}`, "X-Amz-Target", "AWSEvents.ActivateEventSource"), status: 400, contentType: "application/x-amz-json-1.1",
			body: `{"__type":"UnsupportedOperationException","message":"dari does not offer ActivateEventSource: partner event sources need a partner account."}`},
		{name: "JSON 1.0", r: request(t, "POST", "/", `{"Word":"w"}`, "Content-Type", "application/x-amz-json-1.0", "X-Amz-Target", "AmazonSQS.Echo", "X-Amzn-Query-Mode", "true"),
			status: 200, contentType: "application/x-amz-json-1.0",
			body: `{"Word":"w","Names":[],"Caller":{"AccessKey":"","Account":"000000000000","At":"http://localhost:4566","Region":"us-east-1","Trace":""}}`},
		{name: "JSON 1.0, an error with two names", r: request(t, "POST", "/", `{"Fail":"queue"}`, "X-Amz-Target", "AmazonSQS.Echo"), status: 400, contentType: "application/x-amz-json-1.0",
			body: `{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"The specified queue does not exist."}`, queryError: "AWS.SimpleQueueService.NonExistentQueue;Sender"},
		{name: "JSON 1.1, an error with two names", r: request(t, "POST", "/", `{"Fail":"queue"}`, "X-Amz-Target", "AWSEvents.Echo"), status: 400, contentType: "application/x-amz-json-1.1",
			body: `{"__type":"QueueDoesNotExist","message":"The specified queue does not exist."}`},
		{name: "a form, action last", r: request(t, "POST", "/", "Word=a%26b&Name.1=x&Name.2=%3Cy&Action=Echo&Version=2012-11-05", "Content-Type", form), status: 200, contentType: "text/xml",
			body: `<EchoResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><EchoResult><Word>a&amp;b</Word><Name>x</Name><Name>&lt;y</Name>` +
				`<Caller><entry><key>AccessKey</key><value></value></entry><entry><key>Account</key><value>000000000000</value></entry><entry><key>At</key><value>http://localhost:4566</value></entry>` +
				`<entry><key>Region</key><value>us-east-1</value></entry><entry><key>Trace</key><value></value></entry></Caller></EchoResult><ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata></EchoResponse>`},
		{name: "a form, no output", r: request(t, "POST", "/000000000000/q", "Action=Forget&Version=2012-11-05", "Content-Type", form), status: 200, contentType: "text/xml",
			body: `<ForgetResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata></ForgetResponse>`},
		{name: "a form, empty output", r: request(t, "POST", "/?Version=2012-11-05", "Action=Touch"), status: 200, contentType: "text/xml",
			body: `<TouchResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><TouchResult></TouchResult><ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata></TouchResponse>`},
		{name: "a query string", r: request(t, "GET", "/?Action=Touch", ""), status: 200, contentType: "text/xml",
			body: `<TouchResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><TouchResult></TouchResult><ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata></TouchResponse>`},
		{name: "a form, signed, of an older version", r: request(t, "POST", "/", "Action=Forget&Version=2009-02-01", "Content-Type", form, "X-Amz-Date", "20260129T120000Z",
			"Authorization", scope+"sqs/aws4_request, SignedHeaders=host, Signature=00"), status: 200, contentType: "text/xml",
			body: `<ForgetResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata></ForgetResponse>`},
		{name: "a form, an error with two names", r: request(t, "POST", "/", "Action=Echo&Version=2012-11-05&Fail=queue", "Content-Type", form), status: 400, contentType: "text/xml",
			body: xmlError("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist for this wsdl version.")},
		{name: "a form, unknown", r: request(t, "POST", "/", "Action=Ecko&Version=2012-11-05", "Content-Type", form), status: 400, contentType: "text/xml",
			body: xmlError("InvalidAction", "Amazon SQS has no operation Ecko.")},
		{name: "a form, refused", r: request(t, "POST", "/", "Action=ActivateEventSource&Version=2012-11-05", "Content-Type", form), status: 400, contentType: "text/xml",
			body: xmlError("UnsupportedOperation", "dari does not offer ActivateEventSource: partner event sources need a partner account.")},
		{name: "a form that is none", r: request(t, "POST", "/", "Action=Echo&Version=2012-11-05&Word=%zz", "Content-Type", form), status: 400, contentType: "text/xml",
			body: xmlError("MalformedInput", "The parameters of the request cannot be read: invalid URL escape &quot;%zz&quot;.")},
		{name: "a form for a service that speaks JSON", r: request(t, "POST", "/", "Action=PutEvents&Version=2015-10-07", "Content-Type", form), status: 404, contentType: "text/xml",
			body: `<ErrorResponse><Error><Type>Sender</Type><Code>InvalidAction</Code><Message>The action PutEvents with version &quot;2015-10-07&quot; is of no service that dari offers in this protocol.</Message></Error><RequestId>ID</RequestId></ErrorResponse>`},
		{name: "a target of another service than signed", r: request(t, "POST", "/", "{}", "X-Amz-Target", "AmazonSQS.Echo", "X-Amz-Date", "20260129T120000Z",
			"Authorization", scope+"events/aws4_request, SignedHeaders=host, Signature=00"), status: 404, contentType: "application/x-amz-json-1.1",
			body: `{"__type":"UnknownOperationException","message":"The operation AmazonSQS.Echo is none of events, which the request is signed for."}`},
		{name: "a target of no service", r: request(t, "POST", "/", "{}", "X-Amz-Target", "Kinesis_20131202.PutRecord", "Content-Type", "application/x-amz-json-1.1"), status: 404, contentType: "application/x-amz-json-1.1",
			body: `{"__type":"UnknownOperationException","message":"The operation Kinesis_20131202.PutRecord is of no service that dari offers; it offers events, sqs, cloudtrail."}`},
		{name: "GET with a target", r: request(t, "GET", "/", "", "X-Amz-Target", "AWSEvents.Echo"), status: 404, contentType: "application/x-amz-json-1.1",
			body: `{"__type":"UnknownOperationException","message":"The operation AWSEvents.Echo must be called with POST."}`},
		{name: "a target without an operation, by host", r: newRequest(t, "POST", "http://events.eu-central-1.localhost:4566/", "{}"), status: 404, contentType: "application/x-amz-json-1.1",
			body: `{"__type":"UnknownOperationException","message":"POST / is no AWS request: neither X-Amz-Target nor Action names an operation."}`},
		{name: "nothing at all", r: request(t, "GET", "/favicon.ico", ""), status: 404, contentType: "application/json",
			body: `{"__type":"UnknownOperationException","message":"GET /favicon.ico is no AWS request: neither X-Amz-Target nor Action names an operation."}`},
		{name: "HEAD", r: request(t, "HEAD", "/", ""), status: 404, contentType: "application/json"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := do(h, c.r)
			if w.Code != c.status || w.Header().Get("Content-Type") != c.contentType || w.Header().Get("X-Amzn-Query-Error") != c.queryError {
				t.Errorf("got %d %s, query error %q", w.Code, w.Header().Get("Content-Type"), w.Header().Get("X-Amzn-Query-Error"))
			}
			if diff := cmp.Diff(c.body, mask(t, w)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestServicesThatAreNotThereAnswerInTheirDialect(t *testing.T) {
	h := newHandler(t, Options{})
	ask := func(service, method, body string, header ...string) *httptest.ResponseRecorder {
		header = append(header, "X-Amz-Date", "20260129T120000Z", "Authorization", scope+service+"/aws4_request, SignedHeaders=host, Signature=00")
		return do(h, request(t, method, "/2015-03-31/functions", body, header...))
	}
	const message = "dari does not offer the service lambda; it offers events, sqs, cloudtrail."
	says := func(service string) string { return strings.Replace(message, "lambda", service, 1) }

	w := ask("lambda", "GET", "")
	if got := w.Header().Get("X-Amzn-Errortype"); w.Code != 400 || got != "UnsupportedOperationException" || !strings.Contains(w.Body.String(), message) {
		t.Errorf("REST: got %d %s %s", w.Code, got, w.Body)
	}
	w = ask("dynamodb", "POST", "{}", "X-Amz-Target", "DynamoDB_20120810.ListTables", "Content-Type", "application/x-amz-json-1.0")
	if want := `{"__type":"UnsupportedOperationException","message":"` + says("dynamodb") + `"}`; w.Body.String() != want || w.Header().Get("Content-Type") != "application/x-amz-json-1.0" {
		t.Errorf("JSON: got %s", w.Body)
	}
	w = ask("iam", "POST", "Action=ListUsers&Version=2010-05-08", "Content-Type", formType)
	if !strings.Contains(w.Body.String(), "<Code>UnsupportedOperation</Code><Message>"+says("iam")) {
		t.Errorf("query: got %s", w.Body)
	}
	w = ask("s3", "GET", "")
	if !strings.HasPrefix(w.Body.String(), "<Error><Code>NotImplemented</Code><Message>"+says("s3")) || w.Header().Get("X-Amz-Request-Id") == "" {
		t.Errorf("S3: got %s", w.Body)
	}
	w = ask("monitoring", "POST", "\xa0", "Smithy-Protocol", "rpc-v2-cbor", "Content-Type", "application/cbor")
	want := "\xa2\x79\x00\x06__type\x79\x00\x1dUnsupportedOperationException\x79\x00\x07message\x79\x00" + string(rune(len(says("monitoring")))) + says("monitoring")
	if w.Body.String() != want || w.Header().Get("Smithy-Protocol") != "rpc-v2-cbor" || w.Header().Get("Content-Type") != "application/cbor" {
		t.Errorf("CBOR: got %q, want %q", w.Body, want)
	}
}

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
	w := do(newHandler(t, Options{}), request(t, "POST", "/", "Action=Panic&Version=2012-11-05", "Content-Type", formType))
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

func TestBodiesAreBounded(t *testing.T) {
	h := newHandler(t, Options{MaxBody: 100})
	pack := func(s string) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write([]byte(s)) // into memory
		_ = z.Close()
		return b.String()
	}
	fits := `{"Word":"w"}` + strings.Repeat(" ", 88)
	for _, c := range []struct {
		name, body, encoding string
		chunked              bool
		status               int
		want                 string
	}{
		{"the largest", fits, "", false, 200, `"Word":"w"`},
		{"the largest, of unknown length", fits, "", true, 200, `"Word":"w"`},
		{"one more", fits + " ", "", false, 413, "RequestEntityTooLargeException"},
		{"one more, of unknown length", fits + " ", "", true, 413, "must be no larger than 100 bytes"},
		{"packed", pack(fits), "gzip", false, 200, `"Word":"w"`},
		{"packed, as identity", fits, "identity", false, 200, `"Word":"w"`},
		{"packed, one more", pack(fits + " "), "gzip", false, 413, "RequestEntityTooLargeException"},
		{"packed, a bomb", pack(strings.Repeat(" ", 20000)), "gzip", false, 413, "RequestEntityTooLargeException"},
		{"not packed at all", fits, "gzip", false, 400, "is not valid gzip"},
		{"packed and cut off", pack(fits)[:20], "GZIP", false, 400, "is not valid gzip: it ends too early"},
		{"packed otherwise", fits, "br", false, 415, `The Content-Encoding \"br\" is not understood`},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := request(t, "POST", "/", c.body, "X-Amz-Target", "AWSEvents.Echo", "Content-Encoding", c.encoding)
			if c.chunked {
				r.ContentLength = -1
			}
			w := do(h, r)
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.want) {
				t.Errorf("got %d %s, want %d %s", w.Code, w.Body, c.status, c.want)
			}
		})
	}
}

func TestABodyThatBreaksOffIsTheClientsMistake(t *testing.T) {
	r := request(t, "POST", "/", "", "X-Amz-Target", "AWSEvents.Echo")
	r.Body, r.ContentLength = io.NopCloser(io.MultiReader(strings.NewReader("{"), errorReader{})), 5
	if w := do(newHandler(t, Options{}), r); w.Code != 400 || !strings.Contains(w.Body.String(), "ended before its body was complete") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

type errorReader struct{}

func (errorReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestPagesOfOtherOriginsMayNotCall(t *testing.T) {
	h := newHandler(t, Options{Origins: []string{"https://console.example.com"}})
	const form = "Action=Touch&Version=2012-11-05"
	for _, c := range []struct {
		name, method, path, body string
		header                   []string
		status                   int
	}{
		{"no browser", "POST", "/", form, nil, 200},
		{"same origin", "POST", "/", form, []string{"Origin", "http://localhost:4566", "Sec-Fetch-Site", "same-origin"}, 200},
		{"other origin", "POST", "/", form, []string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}, 403},
		{"other origin, old browser", "POST", "/", form, []string{"Origin", "https://evil.example"}, 403},
		{"an image that is an action", "GET", "/?" + form, "", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"typed into the address bar", "GET", "/?" + form, "", []string{"Sec-Fetch-Site", "none"}, 200},
		{"an origin that may", "POST", "/", form, []string{"Origin", "https://console.example.com", "Sec-Fetch-Site", "cross-site"}, 200},
	} {
		header := c.header
		if c.method == "POST" {
			header = append(header, "Content-Type", formType)
		}
		if w := do(h, request(t, c.method, c.path, c.body, header...)); w.Code != c.status {
			t.Errorf("%s: got %d %s, want %d", c.name, w.Code, w.Body, c.status)
		}
	}
}

func TestWithKeysOnlySignedCallsPass(t *testing.T) {
	h := newHandler(t, Options{Keys: KeyMap{"AKIDEXAMPLE": {Secret: "secret", Account: "210987654321"}, "123456789012": {Secret: "secret"}}})
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
			r := request(t, "POST", "/", c.body, "Content-Type", formType)
			if c.target != "" {
				r.Header.Set("Content-Type", "application/x-amz-json-1.1")
				r.Header.Set("X-Amz-Target", c.target)
			}
			if c.sign != "" {
				err := Sign(r, []byte(c.body), Credentials{AccessKey: c.key, Secret: c.secret, Region: "eu-central-1", Service: c.sign}, time.Now())
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
	if w := do(newHandler(t, Options{Keys: KeyMap(nil)}), request(t, "POST", "/", "{}", "X-Amz-Target", "AWSEvents.Echo")); w.Code != 403 {
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

func TestEachCallIsObserved(t *testing.T) {
	var got Observation
	now := at(t, "20260129T120000Z")
	h := newHandler(t, Options{
		Clock:   func() time.Time { now = now.Add(time.Millisecond); return now },
		Observe: func(_ context.Context, o Observation) { got = o },
	})
	w := do(h, request(t, "POST", "/", `{"Fail":"late"}`, "X-Amz-Target", "AWSEvents.Echo", "User-Agent", "test"))
	if date := w.Header().Get("Date"); date != "Thu, 29 Jan 2026 12:00:00 GMT" {
		t.Errorf("date %q is not that of the clock", date)
	}
	want := Observation{
		Service: "events", Operation: "Echo", Protocol: "awsJson1_1", Status: 503, Code: "RequestThrottled",
		Caller:       Caller{Account: "000000000000", Region: "us-east-1", RequestID: w.Header().Get("X-Amzn-Requestid"), Scheme: "http", Host: "localhost:4566"},
		Began:        at(t, "20260129T120000Z").Add(time.Millisecond),
		RequestBytes: 15, ResponseBytes: w.Body.Len(), UserAgent: "test", RemoteAddr: "192.0.2.1:1234",
	}
	if got.Duration <= 0 {
		t.Error("no duration")
	}
	got.Duration = 0
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	do(h, request(t, "POST", "/", `{}`, "X-Amz-Target", "AWSEvents.NoSuchThing"))
	if got.Operation != "" || got.Service != "events" || got.Code != "UnknownOperationException" {
		t.Errorf("unknown operation: got %+v; the client's words must not become names", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	do(h, request(t, "POST", "/", `{}`, "X-Amz-Target", "AWSEvents.Touch").WithContext(ctx))
	if got.Status != statusClientGone {
		t.Errorf("client gone: got %d, want %d", got.Status, statusClientGone)
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
	srv := httptest.NewServer(newHandler(t, Options{Keys: KeyMap{"AKIDEXAMPLE": {Secret: "secret"}}}))
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
				w := do(h, request(t, "POST", "/", "Action=Echo&Version=2012-11-05&Word="+word, "Content-Type", formType))
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
