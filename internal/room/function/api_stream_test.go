package function

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dari-bus/dari/internal/room/function/pool"
	"github.com/dari-bus/dari/internal/room/function/runtime"
	"github.com/dari-bus/dari/internal/wire/eventstream"
)

// Whoever sends much to functions that are slow leaves memory to others.
func TestPayloadsOfAnAccountLeaveMemoryToOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := make(chan struct{})
		d := openDoorWith(t, answers(func(runtime.Invocation) runtime.Result {
			<-end
			return runtime.Result{Payload: []byte(`1`)}
		}))
		call := func(account, path, body string) (int, string) {
			r := httptest.NewRequest("POST", path, strings.NewReader(body))
			r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+account+"/20260914/eu-central-1/lambda/aws4_request, SignedHeaders=host, Signature=x")
			w := httptest.NewRecorder()
			d.h.ServeHTTP(w, r)
			return w.Code, w.Body.String()
		}
		const one, two = "210987654321", "111111111111"
		for _, account := range []string{one, two} {
			if code, text := call(account, "/2015-03-31/functions", `{"FunctionName":"fn","Runtime":"python3.12","Handler":"a.h","Role":"arn:aws:iam::`+account+`:role/r","Code":{"ZipFile":`+zipped("a.py", "x")+`}}`); code != 201 {
				t.Fatal(text)
			}
		}
		const invoke, stream = "/2015-03-31/functions/fn/invocations", "/2021-11-15/functions/fn/response-streaming-invocations"
		large := `"` + strings.Repeat("x", 3<<20) + `"` // which is 6 MiB of the 10 of an account
		seen := make(chan int, 4)
		for _, c := range [][3]string{{one, invoke, large}, {one, invoke, "1"}, {two, stream, large}, {two, invoke, "1"}} {
			go func() {
				code, _ := call(c[0], c[1], c[2])
				seen <- code
			}()
		}
		synctest.Wait()
		for _, path := range []string{invoke, stream} {
			for _, account := range []string{one, two} {
				if code, text := call(account, path, large); code != 429 || !strings.Contains(text, `"Reason":"ConcurrentInvocationLimitExceeded"`) || !strings.Contains(text, "-memory") {
					t.Errorf("one more of %s: %d %s", account, code, text)
				}
			}
		}
		if len(seen) > 0 {
			t.Errorf("%d were answered too soon", len(seen))
		}
		close(end)
		for range cap(seen) {
			if code := <-seen; code != 200 {
				t.Errorf("answered with %d", code)
			}
		}
		for _, path := range []string{invoke, stream, stream} {
			if code, text := call(one, path, large); code != 200 {
				t.Errorf("when the others are done: %d %s", code, text)
			}
		}
	})
}

// A writer is a function that writes the parts that it is sent, a second apart, and
// fails if it is told to. It is done when it has ended.
type writer struct{ done chan error }

func (w writer) Start(context.Context, runtime.Config) (pool.Environment, error) { return w, nil }
func (writer) Alive() bool                                                       { return true }
func (writer) Stop()                                                             {}

func (w writer) Invoke(_ context.Context, in runtime.Invocation) (r runtime.Result, err error) {
	var do struct {
		Type  string
		Parts []string
		Fail  string
	}
	if err := json.Unmarshal(in.Payload, &do); err != nil {
		return r, err
	}
	if do.Fail != "" {
		r.FunctionError, r.Payload = "Unhandled", fmt.Appendf(nil, `{"errorMessage":%q}`, do.Fail)
	}
	if do.Type == "" || in.Stream == nil {
		if do.Fail == "" {
			r.Payload, r.ContentType = []byte(strings.Join(do.Parts, "")), "application/json"
		}
		return r, nil
	}
	defer func() {
		select {
		case w.done <- err:
		default:
		}
		err = nil // a function whose reader has gone has not failed
	}()
	to := in.Stream(do.Type)
	for _, part := range do.Parts {
		if _, err = io.WriteString(to, part); err != nil {
			return r, err
		}
		time.Sleep(time.Second)
	}
	r.LogTail = []byte("its log")
	return r, nil
}

// events calls InvokeWithResponseStream and returns its status and the events, each as
// its kind and what it carries.
func (d *door) events(query, payload string) (int, []string) {
	d.t.Helper()
	r := httptest.NewRequest("POST", "/2021-11-15/functions/fn/response-streaming-invocations"+query, strings.NewReader(payload))
	r.Header.Set("X-Amz-Log-Type", "Tail")
	w := httptest.NewRecorder()
	d.h.ServeHTTP(w, r)
	if w.Header().Get("Content-Type") != eventstream.ContentType {
		return w.Code, []string{w.Body.String()}
	}
	var all []string
	for w.Body.Len() > 0 {
		m, err := eventstream.Read(w.Body)
		if err != nil {
			d.t.Fatal(err)
		}
		for _, h := range m.Headers {
			if h.Name == ":event-type" {
				all = append(all, h.Value+" "+string(m.Payload))
			}
		}
	}
	return w.Code, all
}

func TestAnswersAreStreamedAsEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := openDoorWith(t, writer{make(chan error, 1)})
		d.mustCreate("")
		for _, c := range []struct {
			payload string
			want    []string
		}{
			{`{"Type":"text/plain","Parts":["one","two"]}`, []string{"PayloadChunk one", "PayloadChunk two", `InvokeComplete {"LogResult":"aXRzIGxvZw=="}`}},
			{`{"Type":"text/plain","Parts":["one"],"Fail":"broke"}`, []string{"PayloadChunk one", `InvokeComplete {"ErrorCode":"Unhandled","ErrorDetails":"{\"errorMessage\":\"broke\"}","LogResult":"aXRzIGxvZw=="}`}},
			{`{"Type":"text/plain"}`, []string{`InvokeComplete {"LogResult":"aXRzIGxvZw=="}`}},
			{`{"Parts":["{\"whole\":1}"]}`, []string{`PayloadChunk {"whole":1}`, `InvokeComplete {"LogResult":""}`}},
			{`{"Fail":"at once"}`, []string{`InvokeComplete {"ErrorCode":"Unhandled","ErrorDetails":"{\"errorMessage\":\"at once\"}","LogResult":""}`}},
		} {
			status, got := d.events("", c.payload)
			if status != 200 || strings.Join(got, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("%s: %d %q; want %q", c.payload, status, got, c.want)
			}
		}
		for query, want := range map[string]int{"?Qualifier=none": 404} {
			if status, got := d.events(query, `{}`); status != want {
				t.Errorf("%s: %d %q; want %d", query, status, got, want)
			}
		}
		if status, got := d.events("", `no json`); status != 400 {
			t.Errorf("%d %q", status, got)
		}
		d.want("PUT /2017-10-31/functions/fn/concurrency", `{"ReservedConcurrentExecutions":0}`, 200)
		if status, got := d.events("", `{}`); status != 429 {
			t.Errorf("%d %q", status, got)
		}
	})
}

// deaf is a client that does not take the head of its answer.
type deaf struct{ *httptest.ResponseRecorder }

func (deaf) Write([]byte) (int, error) { return 0, http.ErrHandlerTimeout }

// A function whose answer nobody reads waits no longer than it takes to be sure of that.
func TestAnAnswerThatNobodyReadsDoesNotHoldItsFunction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := writer{make(chan error, 1)}
		d := openDoorWith(t, w)
		d.mustCreate("")
		began := time.Now()
		func() {
			defer func() { _ = recover() }() // the connection ends
			d.h.ServeHTTP(deaf{httptest.NewRecorder()}, httptest.NewRequest("POST", "/2021-11-15/functions/fn/response-streaming-invocations", strings.NewReader(`{"Type":"x","Parts":["one","two"]}`)))
		}()
		if err := <-w.done; err == nil {
			t.Error("somebody read it")
		}
		if took := time.Since(began); took != 20*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}
