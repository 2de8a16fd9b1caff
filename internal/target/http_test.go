package target_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/outbound"
	"github.com/dari-bus/dari/internal/target"
	"github.com/dari-bus/dari/internal/target/targettest"
)

// A directory answers with one endpoint, or an error.
type directory struct {
	endpoint target.Endpoint
	err      error
}

func (d directory) Endpoint(context.Context, string, arn.ARN) (*target.Endpoint, error) {
	if d.err != nil {
		return nil, d.err
	}
	return &d.endpoint, nil
}

const destinationARN = "arn:aws:events:eu-central-1:123456789012:api-destination/d/0"

func call(t *testing.T, e target.Endpoint, p *target.HTTPParameters) error {
	t.Helper()
	return target.APIDestination(directory{endpoint: e}, outbound.New(outbound.Options{})).Send(t.Context(), delivery(p))
}

func delivery(p *target.HTTPParameters) *target.Delivery {
	body := []byte(`{"id":"e-1","detail":{"user":"a/b","n":1.50,"none":null,"deep":{"x":[1]},"blank":" "}}`)
	return &target.Delivery{
		Body: body, Input: body,
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
		client := outbound.New(outbound.Options{})
		t.Cleanup(client.CloseIdle)
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
	err := target.APIDestination(directory{endpoint: target.Endpoint{Method: "PUT", URL: url + "/hook?a=b"}}, outbound.New(outbound.Options{})).Send(t.Context(), d)
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
			sink := target.APIDestination(directory{endpoint: target.Endpoint{Method: "POST", URL: url, Body: params}}, outbound.New(outbound.Options{}))
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
	err := target.APIDestination(directory{endpoint: target.Endpoint{Method: "POST", URL: "http://x", Body: params}}, outbound.New(outbound.Options{})).Send(t.Context(), d)
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

// attack F18: what an event brings into a header that HTTP cannot carry is
// dead-lettered at once.
func TestHeaderThatCannotBeSentIsPermanent(t *testing.T) {
	for _, value := range []string{"Root=1\r\nX: 1", "a\nb", "a\x00b", "\x7f"} {
		quoted, _ := json.Marshal(value)
		traced, named := delivery(nil), delivery(&target.HTTPParameters{Header: map[string]string{"X-A": "$.detail.value"}})
		traced.Trace = value
		named.Body = []byte(`{"detail":{"value":` + string(quoted) + `}}`)
		for _, d := range []*target.Delivery{traced, named} {
			sink := target.APIDestination(directory{endpoint: target.Endpoint{Method: "POST", URL: "http://x"}}, over(func(*http.Request) (*http.Response, error) {
				t.Errorf("%q was sent", value)
				return answer(200, http.Header{}, ""), nil
			}))
			e := target.AsError(sink.Send(t.Context(), d))
			if e == nil || !e.Permanent || e.Code != target.CodeInvalidParam || !strings.Contains(e.Message, "control character") {
				t.Errorf("%q: %+v", value, e)
			}
		}
	}
}

func TestDirectorysErrorIsTheOutcome(t *testing.T) {
	want := &target.Error{Code: target.CodeThrottling, Message: "not now", Throttled: true, After: time.Second}
	err := target.APIDestination(directory{err: want}, outbound.New(outbound.Options{})).Send(t.Context(), delivery(nil))
	if got := target.AsError(err); got != want {
		t.Errorf("%+v", got)
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
		client := over(func(r *http.Request) (*http.Response, error) {
			if r.URL.Host != "api.example.com" || r.URL.Scheme != "https" || r.URL.RawQuery != "q=*" {
				t.Errorf("called %s", r.URL)
			}
			got = r.URL.RequestURI()
			return answer(200, http.Header{}, ""), nil
		})
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
		client := over(func(r *http.Request) (*http.Response, error) {
			if all, _ := url.ParseQuery(r.URL.RawQuery); !slices.Equal(all[key], []string{value}) {
				t.Errorf("%q, %q, %q: query %q", endpoint, key, value, r.URL.RawQuery)
			}
			return answer(200, http.Header{}, ""), nil
		})
		if err := target.APIDestination(directory{endpoint: e}, client).Send(t.Context(), d); err != nil && !target.AsError(err).Permanent {
			t.Error(err)
		}
	})
}

func BenchmarkAPIDestinationOnLoopback(b *testing.B) {
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	defer srv.Close()
	sink := target.APIDestination(directory{endpoint: target.Endpoint{Method: "POST", URL: srv.URL + "/hook?a=b",
		Header: []target.Parameter{{Key: "Authorization", Value: "Basic eA=="}}}}, outbound.New(outbound.Options{}))
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := sink.Send(b.Context(), delivery(nil)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// attack F2, beside the template: each parameter of a target may be a path to
// all of the event, and there may be as many as fit into PutTargets. One event
// of 900 KB and 1,000 query parameters came to more than 1 GiB.
func TestParametersHaveABoundInAll(t *testing.T) {
	address, last := record(t)
	big := []byte(`{"detail":{"t":"` + strings.Repeat("t", 60<<10) + `"}}`)
	send := func(p *target.HTTPParameters) error {
		d := delivery(p)
		d.Body = big
		e := target.Endpoint{Method: "POST", URL: address + "/*"}
		return target.APIDestination(directory{endpoint: e}, outbound.New(outbound.Options{})).Send(t.Context(), d)
	}
	if err := send(&target.HTTPParameters{Path: []string{"p"}, Query: map[string]string{"q": "$.detail.t"}}); err != nil {
		t.Fatal(err)
	}
	if req, _ := last(); len(req.URL.Query().Get("q")) != 60<<10 {
		t.Errorf("a parameter of %d bytes arrived", len(req.URL.Query().Get("q")))
	}
	for name, p := range map[string]*target.HTTPParameters{
		"path":   {Path: []string{"$.detail.t", "$.detail.t"}},
		"query":  {Path: []string{"p"}, Query: map[string]string{"a": "$.detail.t", "b": "$.detail.t"}},
		"header": {Path: []string{"p"}, Header: map[string]string{"A": "$.detail.t", "B": "$.detail.t"}},
		"mixed":  {Path: []string{"$.detail.t"}, Query: map[string]string{"a": strings.Repeat("q", 5<<10)}},
	} {
		e, ok := errors.AsType[*target.Error](send(p))
		if !ok || e.Code != target.CodeInvalidParam || !e.Permanent || !strings.Contains(e.Message, "more than 65536 bytes") {
			t.Errorf("%s: %v", name, e)
		}
	}
}
