package target_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dari-bus/dari/internal/outbound"
	"github.com/dari-bus/dari/internal/target"
)

// A roundTripper is a network in memory.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// over returns a client of the network fn.
func over(fn roundTripper) *outbound.Client {
	return outbound.New(outbound.Options{Transport: fn})
}

func answer(status int, header http.Header, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body))}
}

// callWith makes a call that is answered by fn.
func callWith(ctx context.Context, e target.Endpoint, fn roundTripper) *target.Error {
	if e.URL == "" {
		e.Method, e.URL = "POST", "https://user:pass@api.example.com/secret-path?key=secret-query"
	}
	client := over(fn)
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
			{503, "3600", time.Hour, false},
			// attack F13: what is said of "later" has a ceiling.
			{503, "3601", time.Hour, false},
			{503, "99999999999", time.Hour, false},
			{429, "99999999999999999999999999", time.Hour, false},
			{503, "-99999999999999999999999999", 0, true},
			{503, now.Add(48 * time.Hour).Format(http.TimeFormat), time.Hour, false},
			{503, "Fri, 31 Dec 9999 23:59:59 GMT", time.Hour, false},
			{503, "Mon, 01 Jan 0001 00:00:00 GMT", 0, false},
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
	sink := target.APIDestination(directory{endpoint: target.Endpoint{Method: "POST", URL: srv.URL}}, outbound.New(outbound.Options{}))
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
	sink := target.APIDestination(directory{endpoint: target.Endpoint{Method: "POST", URL: srv.URL}}, outbound.New(outbound.Options{}))
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
