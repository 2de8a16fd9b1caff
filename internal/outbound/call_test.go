package outbound_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/dari-bus/dari/internal/outbound"
)

// attack F18: what HTTP cannot carry does not become so by trying again.
func TestFaultsOfTheRequestArePermanent(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("called") }))
	defer srv.Close()
	client := outbound.New(outbound.Options{})
	for name, spoil := range map[string]func(*http.Request){
		"a header with a line break": func(r *http.Request) { r.Header.Set("X-A", "1\r\nX-B: 2") },
		"a header with NUL":          func(r *http.Request) { r.Header.Set("X-A", "\x00") },
		"a header without a name":    func(r *http.Request) { r.Header[""] = []string{"x"} },
		"a header with a bad name":   func(r *http.Request) { r.Header["a b"] = []string{"x"} },
		"a method of two words":      func(r *http.Request) { r.Method = "GET /x" },
		"a scheme that is not HTTP":  func(r *http.Request) { r.URL.Scheme = "ftp" },
		"no host":                    func(r *http.Request) { r.URL.Host = "" },
		"a port that is none":        func(r *http.Request) { r.URL.Host = "127.0.0.1:99999" },
	} {
		req := post(t, srv.URL)
		spoil(req)
		_, err := client.Call(req, outbound.Terms{For: "d", Within: slow})
		if e := outbound.AsError(err); e == nil || !e.Permanent || e.Code != outbound.CodeInvalidParam {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

// An answer that is wanted and breaks off is none.
func TestAnswerThatBreaksOffIsTemporary(t *testing.T) {
	client := outbound.New(outbound.Options{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		body := io.MultiReader(strings.NewReader(`{"access_token":"t`), iotest.ErrReader(io.ErrUnexpectedEOF))
		return &http.Response{StatusCode: 200, Body: io.NopCloser(body)}, nil
	})})
	if _, err := client.Call(post(t, "http://x"), outbound.Terms{For: "d", Within: slow}); err != nil {
		t.Errorf("nobody wants it: %v", err)
	}
	_, err := client.Call(post(t, "http://x"), outbound.Terms{For: "d", Within: slow, Keep: 100})
	if e := outbound.AsError(err); e == nil || e.Permanent || e.Code != outbound.CodeConnection {
		t.Errorf("%+v", e)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			t.Errorf("called %s", r.URL)
		}
		w.Header().Set("Location", r.URL.Query().Get("to"))
		w.WriteHeader(http.StatusTemporaryRedirect)
	}))
	defer srv.Close()
	for _, to := range []string{"/there", "http://169.254.169.254/", "://", ""} {
		_, err := outbound.New(outbound.Options{}).Call(post(t, srv.URL+"/?to="+to), outbound.Terms{For: "d", Within: slow})
		if e := outbound.AsError(err); e == nil || !e.Permanent || !strings.Contains(e.Message, "307") {
			t.Errorf("to %q: %+v", to, e)
		}
	}
}

func TestUserOfAURLAuthorizes(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "who is "+r.Header.Get("Authorization"), 400)
	}))
	defer srv.Close()
	req := post(t, strings.Replace(srv.URL, "//", "//user:p4ssw0rd@", 1))
	_, err := outbound.New(outbound.Options{}).Call(req, outbound.Terms{For: "d", Within: slow})
	if err == nil || !strings.HasSuffix(err.Error(), "400 Bad Request: who is Basic [hidden]") || req.Header.Get("Authorization") != "" {
		t.Errorf("error %v", err)
	}
}

func TestCancelledCallEndsWithTheCause(t *testing.T) {
	cause := errors.New("the server stops")
	ctx, cancel := context.WithCancelCause(t.Context())
	address, wantClosed := serve(t, drip("HTTP/1.1 200 OK\r\n\r\n", "x"))
	client := outbound.New(outbound.Options{})
	done := make(chan error, 1)
	go func() {
		_, err := client.Call(post(t, address).WithContext(ctx), outbound.Terms{For: "d", Within: slow, Keep: 1 << 20})
		done <- err
	}()
	cancel(cause)
	if err := <-done; err != cause {
		t.Errorf("error %v", err)
	}
	wantClosed()
}

// What is opened is read as it comes, whatever the status, and has its turn until it is
// closed.
func TestAnOpenedAnswerIsReadAsItComes(t *testing.T) {
	more := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // or the server does not see that the client has gone
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "a")
		_ = http.NewResponseController(w).Flush()
		select {
		case <-more:
			_, _ = io.WriteString(w, "b")
		case <-r.Context().Done():
		}
	}))
	defer srv.Close()
	client := outbound.New(outbound.Options{Calls: 1})
	defer client.CloseIdle()
	resp, err := client.Open(post(t, srv.URL), outbound.Terms{For: "d", Within: slow})
	if err != nil || resp.StatusCode != http.StatusTeapot {
		t.Fatalf("%v %v", resp, err)
	}
	first := make([]byte, 1)
	if _, err := io.ReadFull(resp.Body, first); err != nil || first[0] != 'a' {
		t.Errorf("%q %v", first, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := client.Open(post(t, srv.URL).WithContext(ctx), outbound.Terms{For: "d", Within: slow}); outbound.AsError(err) == nil || !outbound.AsError(err).Throttled {
		t.Errorf("a second one had a turn: %v", err)
	}
	close(more)
	if rest, err := io.ReadAll(resp.Body); err != nil || string(rest) != "b" {
		t.Errorf("%q %v", rest, err)
	}
	resp.Body.Close()
	resp, err = client.Open(post(t, srv.URL), outbound.Terms{For: "d", Within: slow})
	if err != nil {
		t.Fatalf("after the first was closed: %v", err)
	}
	resp.Body.Close()
}

// An answer that is opened ends with its time.
func TestAnOpenedAnswerEndsWithItsTime(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // or the server does not see that the client has gone
		if r.URL.Path == "/body" {
			_ = http.NewResponseController(w).Flush()
		}
		<-r.Context().Done()
	}))
	defer srv.Close()
	client := outbound.New(outbound.Options{})
	defer client.CloseIdle()
	_, err := client.Open(post(t, srv.URL), outbound.Terms{For: "d", Within: 20 * time.Millisecond})
	if e := outbound.AsError(err); e == nil || e.Code != outbound.CodeTimeout {
		t.Errorf("no head: %v", err)
	}
	resp, err := client.Open(post(t, srv.URL+"/body"), outbound.Terms{For: "d", Within: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.ReadAll(resp.Body); err == nil {
		t.Error("a body without an end ended well")
	}
}
