package target_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	"errors"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/event"
	"github.com/dari-bus/dari/internal/target"
	"github.com/dari-bus/dari/internal/target/targettest"
)

// A directory answers with one endpoint, or an error.
type directory struct {
	endpoint target.Endpoint
	err      error
}

func (d directory) Endpoint(context.Context, arn.ARN) (*target.Endpoint, error) {
	if d.err != nil {
		return nil, d.err
	}
	return &d.endpoint, nil
}

const destinationARN = "arn:aws:events:eu-central-1:123456789012:api-destination/d/0"

func call(t *testing.T, e target.Endpoint, p *target.HTTPParameters) error {
	t.Helper()
	return target.APIDestination(directory{endpoint: e}, nil).Send(t.Context(), delivery(p))
}

func delivery(p *target.HTTPParameters) *target.Delivery {
	body := []byte(`{"id":"e-1","detail":{"user":"a/b","n":1.50,"none":null,"deep":{"x":[1]},"blank":" "}}`)
	return &target.Delivery{
		Event: &event.Event{JSON: body}, Input: body,
		Target: &target.Target{ARN: destinationARN, HTTP: p},
	}
}

// record starts a server that keeps the last request and its body.
func record(t *testing.T) (address string, last func() (*http.Request, string)) {
	var mu sync.Mutex
	var req *http.Request
	var body []byte
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		req = r
		body, _ = io.ReadAll(r.Body)
	}))
	t.Cleanup(srv.Close)
	return srv.URL, func() (*http.Request, string) {
		mu.Lock()
		defer mu.Unlock()
		if req == nil {
			t.Fatal("the endpoint was not called")
		}
		return req, string(body)
	}
}

func TestAPIDestinationPassesTheSuite(t *testing.T) {
	targettest.Run(t, func(t *testing.T) targettest.Stage {
		var mu sync.Mutex
		var received [][]byte
		var status atomic.Int32
		status.Store(200)
		taken := make(chan struct{}, 100)
		hang := atomic.Bool{}
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			b, _ := io.ReadAll(r.Body)
			if hang.Load() {
				taken <- struct{}{}
				<-r.Context().Done()
				return
			}
			mu.Lock()
			defer mu.Unlock()
			received = append(received, b)
			w.WriteHeader(int(status.Load()))
		}))
		t.Cleanup(srv.Close)
		client := target.NewClient()
		t.Cleanup(client.CloseIdleConnections)
		return targettest.Stage{
			Sink:     target.APIDestination(directory{endpoint: target.Endpoint{Method: "POST", URL: srv.URL}}, client),
			Target:   target.Target{ID: "1", ARN: destinationARN},
			Received: func() [][]byte { mu.Lock(); defer mu.Unlock(); return slices.Clone(received) },
			Refuse:   func() { status.Store(400) },
			Falter:   func() { status.Store(503) },
			Hang:     func() <-chan struct{} { hang.Store(true); return taken },
		}
	})
}

func TestRequestHasItsFixedHeadersAndTheInput(t *testing.T) {
	url, last := record(t)
	d := delivery(nil)
	d.Trace = "Root=1-2-3"
	err := target.APIDestination(directory{endpoint: target.Endpoint{Method: "PUT", URL: url + "/hook?a=b"}}, nil).Send(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	req, body := last()
	if req.Method != "PUT" || req.RequestURI != "/hook?a=b" || body != string(d.Input) {
		t.Errorf("%s %s %s", req.Method, req.RequestURI, body)
	}
	want := http.Header{
		"User-Agent":      {"Amazon/EventBridge/ApiDestinations"},
		"Range":           {"bytes=0-1048575"},
		"Content-Type":    {"application/json; charset=utf-8"},
		"Accept-Encoding": {"gzip,deflate"},
		"Content-Length":  {"86"},
		"X-Amzn-Trace-Id": {"Root=1-2-3"},
	}
	if diff := cmp.Diff(want, req.Header); diff != "" {
		t.Error(diff)
	}
}

func TestHeaderRules(t *testing.T) {
	for _, c := range []struct {
		name       string
		target     map[string]string
		connection []target.Parameter
		want       map[string]string // a value of "" means absent
	}{
		{"the target's own", map[string]string{"X-One": "1"}, nil, map[string]string{"X-One": "1"}},
		{"the connection wins", map[string]string{"x-one": "t"}, []target.Parameter{{Key: "X-ONE", Value: "c"}}, map[string]string{"X-One": "c"}},
		{"authorization wins over both", map[string]string{"Authorization": "t"},
			[]target.Parameter{{Key: "authorization", Value: "c"}, {Key: "Authorization", Value: "Basic eA=="}}, map[string]string{"Authorization": "Basic eA=="}},
		{"content type may be replaced", map[string]string{"content-type": "text/plain"}, nil, map[string]string{"Content-Type": "text/plain"}},
		{"user agent and range may not", map[string]string{"User-Agent": "x", "range": "bytes=1-2"}, []target.Parameter{{Key: "user-agent", Value: "y"}},
			map[string]string{"User-Agent": "Amazon/EventBridge/ApiDestinations", "Range": "bytes=0-1048575"}},
		{"reserved ones are left out", map[string]string{"Via": "x", "cache-control": "x", "Expect": "100-continue", "Referer": "x", "Content-Length": "1", "TE": "x", "If-Match": "x"},
			[]target.Parameter{{Key: "Origin", Value: "x"}, {Key: "Date", Value: "x"}},
			map[string]string{"Via": "", "Cache-Control": "", "Expect": "", "Referer": "", "Te": "", "If-Match": "", "Origin": "", "Date": ""}},
		{"a path gives a value of the event", map[string]string{"X-N": "$.detail.n", "X-User": "$.detail.user", "X-Tree": "$.detail.deep"}, nil,
			map[string]string{"X-N": "1.50", "X-User": "a/b", "X-Tree": `{"x":[1]}`}},
		{"a path to nothing leaves the header out", map[string]string{"X-N": "$.detail.nope"}, nil, map[string]string{"X-N": ""}},
		{"what only looks like a path stays", map[string]string{"X-Price": "$5"}, nil, map[string]string{"X-Price": "$5"}},
		{"a name is never a path, nor is the connection's value", nil, []target.Parameter{{Key: "X-N", Value: "$.detail.n"}}, map[string]string{"X-N": "$.detail.n"}},
		{"values are trimmed", map[string]string{"X-One": "  1\t"}, nil, map[string]string{"X-One": "1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			url, last := record(t)
			if err := call(t, target.Endpoint{Method: "POST", URL: url, Header: c.connection}, &target.HTTPParameters{Header: c.target}); err != nil {
				t.Fatal(err)
			}
			req, _ := last()
			for k, v := range c.want {
				if got := req.Header.Get(k); got != v {
					t.Errorf("%s: %q, want %q", k, got, v)
				}
			}
		})
	}
}

func TestConnectionWinsInTheQuery(t *testing.T) {
	for _, c := range []struct {
		name, endpoint string
		target         map[string]string
		connection     []target.Parameter
		want           string
	}{
		{"none", "", nil, nil, ""},
		{"the endpoint's is kept as it is spelled", "?a=%2f+x&b&a=2", nil, nil, "a=%2f+x&b&a=2"},
		{"all three", "?a=1", map[string]string{"c": "3", "b": "2"}, []target.Parameter{{Key: "d", Value: "4"}}, "a=1&b=2&c=3&d=4"},
		{"the target's replaces the endpoint's", "?a=1&%61=2&z=1", map[string]string{"a": "t"}, nil, "z=1&a=t"},
		{"the connection's replaces both", "?k=e", map[string]string{"k": "t"}, []target.Parameter{{Key: "k", Value: "c"}}, "k=c"},
		{"special characters are escaped", "", map[string]string{"a b": "x&y=z#"}, nil, "a+b=x%26y%3Dz%23"},
		{"a path gives a value of the event", "", map[string]string{"u": "$.detail.user", "no": "$.detail.nope"}, nil, "u=a%2Fb"},
		{"a star is no placeholder", "?q=*", nil, nil, "q=*"},
	} {
		t.Run(c.name, func(t *testing.T) {
			url, last := record(t)
			if err := call(t, target.Endpoint{Method: "GET", URL: url + "/" + c.endpoint, Query: c.connection}, &target.HTTPParameters{Query: c.target}); err != nil {
				t.Fatal(err)
			}
			if req, _ := last(); req.URL.RawQuery != c.want {
				t.Errorf("query %q, want %q", req.URL.RawQuery, c.want)
			}
		})
	}
}

func TestPathParametersFillTheStarsInOrder(t *testing.T) {
	for _, c := range []struct {
		name, path string
		values     []string
		want       string // the request URI, or a part of the error when it begins with "!"
	}{
		{"one", "/u/*", []string{"x"}, "/u/x"},
		{"several", "/*/a-*-*/*", []string{"1", "2", "3", "4"}, "/1/a-2-3/4"},
		{"surplus is ignored", "/*", []string{"1", "2"}, "/1"},
		{"a slash stays inside", "/u/*/end", []string{"a/b?c#d%e"}, "/u/a%2Fb%3Fc%23d%25e/end"},
		{"a star is a value like another", "/*/*", []string{"*", "x"}, "/%2A/x"},
		{"the spelling of the endpoint stays", "/a%2fb/*", []string{"é"}, "/a%2fb/%C3%A9"},
		{"a path gives a value of the event", "/u/*", []string{"$.detail.user"}, "/u/a%2Fb"},
		{"too few", "/*/*", []string{"1"}, "!has 2 path parameters"},
		{"nothing there", "/u/*", []string{"$.detail.nope"}, "!nothing at $.detail.nope"},
		{"blank", "/u/*", []string{"$.detail.blank"}, "!blank"},
		{"a step up", "/u/*/x", []string{".."}, "!a step in the path"},
		{"a step up in two parts", "/u/**/x", []string{".", "."}, "!a step in the path"},
		{"a step up with the endpoint's help", "/u/%2e*/x", []string{"."}, "!a step in the path"},
		{"dots in a name are fine", "/u/*", []string{"..a"}, "/u/..a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			url, last := record(t)
			err := call(t, target.Endpoint{Method: "POST", URL: url + c.path}, &target.HTTPParameters{Path: c.values})
			if want, bad := strings.CutPrefix(c.want, "!"); bad {
				e := target.AsError(err)
				if e == nil || !e.Permanent || e.Code != target.CodeInvalidParam || !strings.Contains(e.Message, want) {
					t.Fatalf("error %+v", e)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if req, _ := last(); req.RequestURI != c.want {
				t.Errorf("called %s, want %s", req.RequestURI, c.want)
			}
		})
	}
}

func TestBodyParametersGoIntoAnObject(t *testing.T) {
	params := []target.Parameter{{Key: "key", Value: `"<é>`}, {Key: "b", Value: "new"}}
	for _, c := range []struct{ name, input, want string }{
		{"an object", `{"a": 1.00, "n": {"b": 2}}`, `{"a":1.00,"n":{"b": 2},"key":"\"<é>","b":"new"}`},
		{"the connection wins", `{"b":"old","a":1}`, `{"a":1,"key":"\"<é>","b":"new"}`},
		{"an empty object", `{ }`, `{"key":"\"<é>","b":"new"}`},
		{"a list is sent as it is", `[1, 2]`, `[1, 2]`},
		{"text is sent as it is", `"x"`, `"x"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			url, last := record(t)
			d := delivery(nil)
			d.Input = []byte(c.input)
			sink := target.APIDestination(directory{endpoint: target.Endpoint{Method: "POST", URL: url, Body: params}}, nil)
			if err := sink.Send(t.Context(), d); err != nil {
				t.Fatal(err)
			}
			if _, body := last(); body != c.want {
				t.Errorf("body %s, want %s", body, c.want)
			}
		})
	}
	d := delivery(nil)
	d.Input = []byte(`{"a":1`)
	err := target.APIDestination(directory{endpoint: target.Endpoint{Method: "POST", URL: "http://x", Body: params}}, nil).Send(t.Context(), d)
	if e := target.AsError(err); e == nil || e.Code != target.CodeInvalidJSON || !e.Permanent {
		t.Errorf("half an object: %+v", e)
	}
}

func TestUnusableHeadersAreRefused(t *testing.T) {
	for _, h := range []map[string]string{{"a b": "x"}, {"": "x"}, {"X": "a\r\nSecret: 1"}, {"X": "a\x00"}} {
		err := call(t, target.Endpoint{Method: "POST", URL: "http://x"}, &target.HTTPParameters{Header: h})
		if e := target.AsError(err); e == nil || e.Code != target.CodeInvalidParam || !e.Permanent {
			t.Errorf("%q: %+v", h, e)
		}
	}
}

// A roundTripper is a network in memory.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answer(status int, header http.Header, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body))}
}

// callWith makes a call that is answered by fn.
func callWith(ctx context.Context, e target.Endpoint, fn roundTripper) *target.Error {
	if e.URL == "" {
		e.Method, e.URL = "POST", "https://user:pass@api.example.com/secret-path?key=secret-query"
	}
	client := &http.Client{Transport: fn}
	return target.AsError(target.APIDestination(directory{endpoint: e}, client).Send(ctx, delivery(nil)))
}

func TestStatusDecidesTheOutcome(t *testing.T) {
	for _, c := range []struct {
		status    int
		code      string // "" is success
		permanent bool
	}{
		{200, "", false}, {201, "", false}, {202, "", false}, {204, "", false}, {206, "", false}, {299, "", false},
		{101, "ERROR_FROM_TARGET", true}, {301, "ERROR_FROM_TARGET", true}, {302, "ERROR_FROM_TARGET", true}, {307, "ERROR_FROM_TARGET", true}, {304, "ERROR_FROM_TARGET", true},
		{400, "ERROR_FROM_TARGET", true}, {403, "ERROR_FROM_TARGET", true}, {404, "ERROR_FROM_TARGET", true}, {408, "ERROR_FROM_TARGET", true}, {410, "ERROR_FROM_TARGET", true}, {413, "ERROR_FROM_TARGET", true},
		{401, "ERROR_FROM_TARGET", false}, {407, "ERROR_FROM_TARGET", false}, {409, "ERROR_FROM_TARGET", false},
		{429, "THROTTLING", false},
		{500, "ERROR_FROM_TARGET", false}, {502, "ERROR_FROM_TARGET", false}, {503, "ERROR_FROM_TARGET", false}, {504, "ERROR_FROM_TARGET", false}, {599, "ERROR_FROM_TARGET", false},
		{600, "ERROR_FROM_TARGET", true},
	} {
		calls := 0
		e := callWith(t.Context(), target.Endpoint{}, func(*http.Request) (*http.Response, error) {
			calls++
			return answer(c.status, http.Header{"Location": {"https://elsewhere.example.com/"}}, "because"), nil
		})
		switch {
		case calls != 1:
			t.Errorf("%d: %d calls", c.status, calls)
		case c.code == "" && e != nil:
			t.Errorf("%d: %v", c.status, e)
		case c.code != "" && (e == nil || e.Code != c.code || e.Permanent != c.permanent || e.Throttled):
			t.Errorf("%d: %+v", c.status, e)
		}
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now().UTC()
		for _, c := range []struct {
			status    int
			header    string
			after     time.Duration
			permanent bool
		}{
			{503, "", 0, false},
			{503, "120", 2 * time.Minute, false},
			{503, " 7 ", 7 * time.Second, false},
			{429, "0", 0, false},
			{503, "-1", 0, true},
			{429, "-86400", 0, true},
			{503, now.Add(90 * time.Second).Format(http.TimeFormat), 90 * time.Second, false},
			{503, now.Add(90 * time.Second).Format(time.ANSIC), 90 * time.Second, false},
			{503, now.Add(-time.Hour).Format(http.TimeFormat), 0, false},
			{503, "soon", 0, false},
			{503, "1.5", 0, false},
			{503, "99999999999999999", 9223372036 * time.Second, false},
			{400, "120", 0, true},
		} {
			e := callWith(t.Context(), target.Endpoint{}, func(*http.Request) (*http.Response, error) {
				return answer(c.status, http.Header{"Retry-After": {c.header}}, ""), nil
			})
			if e == nil || e.After != c.after || e.Permanent != c.permanent {
				t.Errorf("%d with Retry-After %q: %+v", c.status, c.header, e)
			}
		}
	})
}

func TestNoAnswerWithinFiveSecondsIsATimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		started := time.Now()
		e := callWith(t.Context(), target.Endpoint{}, func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		if e == nil || e.Code != target.CodeTimeout || e.Permanent || time.Since(started) != 5*time.Second {
			t.Fatalf("after %v: %+v", time.Since(started), e)
		}
		if e.Message != "POST to https://api.example.com: no answer within 5s" {
			t.Errorf("message %q", e.Message)
		}
	})
}

// A body that never ends does not turn a delivered event into one to repeat.
func TestStatusCountsWhateverBecomesOfTheBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stall := func(status int) roundTripper {
			return func(r *http.Request) (*http.Response, error) {
				pr, pw := io.Pipe()
				context.AfterFunc(r.Context(), func() { pw.CloseWithError(r.Context().Err()) })
				go pw.Write([]byte("the beginning"))
				return &http.Response{StatusCode: status, Header: http.Header{}, Body: pr}, nil
			}
		}
		if e := callWith(t.Context(), target.Endpoint{}, stall(200)); e != nil {
			t.Errorf("200 with a body that stalls: %v", e)
		}
		e := callWith(t.Context(), target.Endpoint{}, stall(404))
		if e == nil || !e.Permanent || !strings.HasSuffix(e.Message, "404 Not Found: the beginning") {
			t.Errorf("404 with a body that stalls: %+v", e)
		}
	})
}

func TestNoConnectionIsTemporary(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	for name, url := range map[string]string{
		"refused": "http://" + address + "/secret-path", "no such name": "http://nowhere.invalid/secret-path",
	} {
		e := target.AsError(call(t, target.Endpoint{Method: "POST", URL: url}, nil))
		if e == nil || e.Code != target.CodeConnection || e.Permanent {
			t.Errorf("%s: %+v", name, e)
		}
		if !strings.HasPrefix(e.Message, "POST to http://") || strings.Contains(e.Message, "secret") {
			t.Errorf("%s: message %q", name, e.Message)
		}
	}
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	defer srv.Close()
	e := target.AsError(call(t, target.Endpoint{Method: "POST", URL: srv.URL}, nil))
	if e == nil || e.Code != target.CodeConnection || e.Permanent || !strings.Contains(e.Message, "certificate") {
		t.Errorf("a certificate that nobody knows: %+v", e)
	}
}

func TestErrorsShowTheAnswerWithoutSecrets(t *testing.T) {
	compressed := func(encoding string, text string) []byte {
		var b bytes.Buffer
		var w io.WriteCloser
		switch encoding {
		case "gzip":
			w = gzip.NewWriter(&b)
		case "deflate":
			w = zlib.NewWriter(&b)
		case "bare":
			w, _ = flate.NewWriter(&b, flate.BestSpeed)
		}
		_, _ = io.WriteString(w, text)
		w.Close()
		return b.Bytes()
	}
	for _, c := range []struct{ name, encoding, body, want string }{
		{"nothing", "", "", ""},
		{"text", "", "no such thing", ": no such thing"},
		{"lines", "", " a\r\n\tb\x00c \n", ": a   b c"},
		{"no text", "", "\xff\xfe", ""},
		{"long", "", strings.Repeat("é", 200), ": " + strings.Repeat("é", 100) + "…"},
		{"secrets", "", "you sent Basic dTpw and p4ssw0rd", ": you sent Basic [hidden] and [hidden]"},
		{"a secret across the end", "", strings.Repeat("x", 195) + "p4ssw0rd", ": " + strings.Repeat("x", 195) + "[hidd…"},
		{"gzip", "gzip", string(compressed("gzip", "zipped p4ssw0rd")), ": zipped [hidden]"},
		{"deflate", "deflate", string(compressed("deflate", "deflated")), ": deflated"},
		{"bare deflate", "deflate", string(compressed("bare", "deflated")), ": deflated"},
		{"gzip that is none", "gzip", "plain", ""},
		{"gzip cut off", "gzip", string(compressed("gzip", "zipped"))[:20], ""},
		{"unknown encoding", "br", "brotli", ""},
	} {
		e := callWith(t.Context(), target.Endpoint{Secrets: []string{"dTpw", "p4ss", "p4ssw0rd", ""}}, func(*http.Request) (*http.Response, error) {
			return answer(400, http.Header{"Content-Encoding": {c.encoding}}, c.body), nil
		})
		want := "POST to https://api.example.com answered 400 Bad Request" + c.want
		if c.name == "gzip cut off" { // what could be decoded is shown
			if !strings.HasPrefix(e.Message, "POST to https://api.example.com answered 400 Bad Request") {
				t.Errorf("%s: %q", c.name, e.Message)
			}
			continue
		}
		if e.Message != want {
			t.Errorf("%s: %q, want %q", c.name, e.Message, want)
		}
	}
}

func TestRefusedCredentialsAreReported(t *testing.T) {
	for status, want := range map[int]int{200: 0, 401: 1, 403: 0, 407: 1, 500: 0} {
		n := 0
		e := target.Endpoint{Method: "POST", URL: "https://x", Refused: func() { n++ }}
		callWith(t.Context(), e, func(*http.Request) (*http.Response, error) { return answer(status, http.Header{}, ""), nil })
		if n != want {
			t.Errorf("%d: reported %d times", status, n)
		}
	}
}

func TestDirectorysErrorIsTheOutcome(t *testing.T) {
	want := &target.Error{Code: target.CodeThrottling, Message: "not now", Throttled: true, After: time.Second}
	err := target.APIDestination(directory{err: want}, nil).Send(t.Context(), delivery(nil))
	if got := target.AsError(err); got != want {
		t.Errorf("%+v", got)
	}
}

func TestConnectionsAreKept(t *testing.T) {
	var opened atomic.Int32
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(503)
		_, _ = io.WriteString(w, strings.Repeat("x", 100<<10))
	}))
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened.Add(1)
		}
	}
	srv.Start()
	defer srv.Close()
	sink := target.APIDestination(directory{endpoint: target.Endpoint{Method: "POST", URL: srv.URL}}, nil)
	for range 20 {
		if err := sink.Send(t.Context(), delivery(nil)); err == nil {
			t.Fatal("503 is no success")
		}
	}
	if n := opened.Load(); n != 1 {
		t.Errorf("%d connections for 20 calls in a row", n)
	}
}

// The other side may close a kept connection just as it is used again. Nothing
// of that reaches an event.
func TestConnectionClosedWhileIdleIsReplaced(t *testing.T) {
	var calls atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1) }))
	defer srv.Close()
	sink := target.APIDestination(directory{endpoint: target.Endpoint{Method: "POST", URL: srv.URL}}, nil)
	for i := range 100 {
		if err := sink.Send(t.Context(), delivery(nil)); err != nil {
			t.Fatalf("call %d: %v", i, err)
		}
		srv.CloseClientConnections()
	}
	if calls.Load() < 100 {
		t.Errorf("%d calls arrived", calls.Load())
	}
}

func TestReservedHeadersAreKnownInAnySpelling(t *testing.T) {
	for _, h := range []string{"host", "Host", "HOST", "HTTP2-Settings", "a-IM"} {
		if !target.ReservedHeader(h) {
			t.Errorf("%s is not reserved", h)
		}
	}
	for _, h := range []string{"Authorization", "X-Api-Key", "Accept", "Cookie", "Content-Type"} {
		if target.ReservedHeader(h) {
			t.Errorf("%s is reserved", h)
		}
	}
}

func FuzzPathParametersStayInTheirPlace(f *testing.F) {
	f.Add("a", "b")
	f.Add("../..", "%2e%2e")
	f.Add("a/b?c#d", "\\")
	f.Add("*", "")
	f.Add(".", "\x00é\xff")
	f.Fuzz(func(t *testing.T, one, two string) {
		var got string
		client := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			if r.URL.Host != "api.example.com" || r.URL.Scheme != "https" || r.URL.RawQuery != "q=*" {
				t.Errorf("called %s", r.URL)
			}
			got = r.URL.RequestURI()
			return answer(200, http.Header{}, ""), nil
		})}
		d := delivery(&target.HTTPParameters{Path: []string{one, two}})
		sink := target.APIDestination(directory{endpoint: target.Endpoint{Method: "POST", URL: "https://api.example.com/u/*/x-*/end?q=*"}}, client)
		err := sink.Send(t.Context(), d)
		if err != nil {
			if e, ok := errors.AsType[*target.Error](err); !ok || e.Code != target.CodeInvalidParam {
				t.Errorf("%q, %q: %v", one, two, err)
			}
			return
		}
		segments := strings.Split(strings.TrimSuffix(got, "?q=*"), "/")
		if len(segments) != 5 || segments[1] != "u" || segments[4] != "end" || !strings.HasPrefix(segments[3], "x-") {
			t.Errorf("%q, %q: called %s", one, two, got)
		}
		if strings.HasPrefix(one, "$") || strings.HasPrefix(two, "$") {
			return // may be paths
		}
		first, err1 := url.PathUnescape(segments[2])
		second, err2 := url.PathUnescape(segments[3])
		if err1 != nil || err2 != nil || first != one || second != "x-"+two || first == ".." || first == "." {
			t.Errorf("%q, %q: called %s", one, two, got)
		}
	})
}

func FuzzConnectionWinsInTheQuery(f *testing.F) {
	f.Add("a=1&b=2", "a", "x")
	f.Add("%61=1", "a", "&")
	f.Add("a", "a", "")
	f.Add("%zz=1&;", "%zz", "+ é")
	f.Fuzz(func(t *testing.T, endpoint, key, value string) {
		e := target.Endpoint{Method: "GET", URL: "https://api.example.com/?" + endpoint, Query: []target.Parameter{{Key: key, Value: value}}}
		d := delivery(&target.HTTPParameters{Query: map[string]string{key: "the target's"}})
		client := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			if all, _ := url.ParseQuery(r.URL.RawQuery); !slices.Equal(all[key], []string{value}) {
				t.Errorf("%q, %q, %q: query %q", endpoint, key, value, r.URL.RawQuery)
			}
			return answer(200, http.Header{}, ""), nil
		})}
		if err := target.APIDestination(directory{endpoint: e}, client).Send(t.Context(), d); err != nil && !target.AsError(err).Permanent {
			t.Error(err)
		}
	})
}

func BenchmarkAPIDestinationOnLoopback(b *testing.B) {
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	defer srv.Close()
	sink := target.APIDestination(directory{endpoint: target.Endpoint{Method: "POST", URL: srv.URL + "/hook?a=b",
		Header: []target.Parameter{{Key: "Authorization", Value: "Basic eA=="}}}}, nil)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := sink.Send(b.Context(), delivery(nil)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func TestReservedListIsTheOneOfTheDocumentation(t *testing.T) {
	documented := strings.Fields(`A-IM Accept-Charset Accept-Datetime Accept-Encoding Cache-Control Connection Content-Encoding
		Content-Length Content-MD5 Date Expect Forwarded From Host HTTP2-Settings If-Match If-Modified-Since If-None-Match If-Range
		If-Unmodified-Since Max-Forwards Origin Pragma Proxy-Authorization Range Referer TE Trailer Transfer-Encoding User-Agent Upgrade Via Warning`)
	all := map[string]bool{}
	for _, h := range documented {
		all[h] = target.ReservedHeader(h)
	}
	if slices.Contains(slices.Collect(maps.Values(all)), false) {
		t.Errorf("%v", all)
	}
}
