package e2e

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// A receiver is somebody's HTTP service that events are sent to.
type receiver struct {
	*httptest.Server
	t testing.TB

	mu    sync.Mutex
	calls []call
}

// A call is one request that a receiver got.
type call struct {
	method, path, query string
	header              http.Header
	body                string
	at                  time.Time
}

// receive starts a receiver. answer gets the number of the call, from 1.
func receive(t testing.TB, answer func(n int, c call, w http.ResponseWriter)) *receiver {
	t.Helper()
	r := &receiver{t: t}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return // the caller went away; it will try again
		}
		c := call{req.Method, req.URL.Path, req.URL.RawQuery, req.Header, string(body), time.Now()}
		r.mu.Lock()
		r.calls = append(r.calls, c)
		n := len(r.calls)
		r.mu.Unlock()
		answer(n, c, w)
	}))
	t.Cleanup(r.Close)
	return r
}

// status answers every call with one status.
func status(code int) func(int, call, http.ResponseWriter) {
	return func(_ int, _ call, w http.ResponseWriter) { w.WriteHeader(code) }
}

// all returns the calls so far.
func (r *receiver) all() []call {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]call(nil), r.calls...)
}

// wait returns the calls once there are at least n.
func (r *receiver) wait(n int, within time.Duration) []call {
	r.t.Helper()
	eventually(r.t, within, func() string {
		if have := len(r.all()); have < n {
			return "calls of the receiver, as many as expected"
		}
		return ""
	})
	return r.all()
}
