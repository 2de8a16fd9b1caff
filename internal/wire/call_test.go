package wire

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
)

func TestTheHooksSeeTheWholeCall(t *testing.T) {
	var before, after Call
	now := time.Date(2026, 1, 29, 12, 0, 0, 0, time.UTC)
	h := newHandler(t, Options{
		Clock:  func() time.Time { now = now.Add(time.Millisecond); return now },
		Before: func(_ context.Context, c *Call) error { before = *c; return nil },
		After:  func(_ context.Context, c *Call) { after = *c },
	})
	w := do(h, request(t, "POST", "/", `{"Word":"hi"}`, "X-Amz-Target", "AWSEvents.Echo", "User-Agent", "test"))
	if date := w.Header().Get("Date"); date != "Thu, 29 Jan 2026 12:00:00 GMT" {
		t.Errorf("date %q is not that of the clock", date)
	}
	caller := access.Root("000000000000", "us-east-1")
	caller.RequestID, caller.UserAgent, caller.SourceIP = w.Header().Get("X-Amzn-Requestid"), "test", "192.0.2.1"
	word := "hi"
	want := Call{
		Service: "events", Operation: "Echo", Recorded: "Echo", In: &echoInput{Word: &word},
		Caller: Caller{Caller: caller, Scheme: "http", Host: "localhost:4566"},
		Began:  time.Date(2026, 1, 29, 12, 0, 0, 1e6, time.UTC),
	}
	same := cmpopts.IgnoreUnexported(Call{})
	if diff := cmp.Diff(want, before, same); diff != "" {
		t.Errorf("before: %s", diff)
	}
	want.Status, want.Duration = 200, after.Duration
	want.Out = &echoOutput{Word: "hi", Caller: after.Out.(*echoOutput).Caller}
	if diff := cmp.Diff(want, after, same); diff != "" || after.Duration <= 0 {
		t.Errorf("after %s: %s", after.Duration, diff)
	}
}

func TestAfterIsToldOfEveryCallHoweverItEnded(t *testing.T) {
	for _, c := range []struct {
		name, target, body string
		keys               access.Credentials
		refuse             *Error
		before             error
		want               Call
		asked, in          bool
	}{
		{name: "it failed", target: "AWSEvents.Echo", body: `{"Fail":"late"}`, want: Call{Operation: "Echo", Status: 503, Code: "RequestThrottled"}, asked: true, in: true},
		{name: "it panicked", target: "AWSEvents.Panic", body: `{}`, want: Call{Operation: "Panic", Status: 500, Code: "InternalException"}, asked: true, in: true},
		{name: "it was denied", target: "AWSEvents.Echo", body: `{}`, before: fault.Denied("not you"), want: Call{Operation: "Echo", Status: 400, Code: "AccessDeniedException"}, asked: true, in: true},
		{name: "its input breaks a limit", target: "AWSEvents.Echo", body: `{"Word":"too long"}`, want: Call{Operation: "Echo", Status: 400, Code: "ValidationException"}, in: true},
		{name: "its input cannot be read", target: "AWSEvents.Echo", body: `{`, want: Call{Operation: "Echo", Status: 400, Code: "SerializationException"}},
		{name: "it is not offered", target: "AWSEvents.ActivateEventSource", body: `{}`, want: Call{Operation: "ActivateEventSource", Status: 400, Code: "UnsupportedOperationException"}},
		{name: "it is no operation", target: "AWSEvents.NoSuchThing", body: `{}`, want: Call{Status: 400, Code: "UnknownOperationException"}},
		{name: "it is not signed", target: "AWSEvents.Echo", body: `{}`, keys: access.Keys{}, want: Call{Status: 403, Code: "MissingAuthenticationTokenException"}},
		{name: "the door refused it", target: "AWSEvents.Echo", body: `{}`, refuse: &Error{Code: "AccessDeniedException", Status: 403, Message: "No."}, want: Call{Status: 403, Code: "AccessDeniedException"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got *Call
			asked := false
			h := newHandler(t, Options{
				Keys:   c.keys,
				Before: func(context.Context, *Call) error { asked = true; return c.before },
				After:  func(_ context.Context, c *Call) { got = c },
			})
			r := request(t, "POST", "/", c.body, "X-Amz-Target", c.target)
			if c.refuse != nil {
				h.(Handler).Refuse(httptest.NewRecorder(), r, c.refuse)
			} else {
				do(h, r)
			}
			if got == nil {
				t.Fatal("After was not told")
			}
			if got.Service != "events" || got.Operation != c.want.Operation || got.Status != c.want.Status || got.Code != c.want.Code ||
				got.Err == nil || got.Err.Code != c.want.Code || got.Out != nil || (got.In != nil) != c.in || asked != c.asked {
				t.Errorf("got %+v, asked before: %v", got, asked)
			}
		})
	}
}

func TestWhatIsDeniedBeforeIsNotCarriedOut(t *testing.T) {
	carried := false
	h := newHandler(t, Options{
		Services: []*Service{{Name: "events", Target: "AWSEvents", Protocols: []Protocol{JSON11}, Operations: []Operation{
			Op("Put", func(context.Context, *echoInput) (*None, error) { carried = true; return nil, nil }).Reads().OnData(),
		}}},
		Before: func(ctx context.Context, c *Call) error {
			if !c.ReadOnly || !c.Data || CallerFrom(ctx).Account != c.Caller.Account {
				t.Errorf("asked about %+v", c)
			}
			return fault.Denied("not you")
		},
	})
	if w := do(h, request(t, "POST", "/", "{}", "X-Amz-Target", "AWSEvents.Put")); carried || !strings.Contains(w.Body.String(), "not you") {
		t.Errorf("carried out: %v, answer %s", carried, w.Body)
	}
}

// flushed says on a channel when the client could have its answer.
type flushed struct {
	*httptest.ResponseRecorder
	has chan struct{}
}

func (f flushed) Flush() { close(f.has) }

func TestAClientHasItsAnswerBeforeTheHookIsTold(t *testing.T) {
	w := flushed{httptest.NewRecorder(), make(chan struct{})}
	h := newHandler(t, Options{After: func(context.Context, *Call) { <-w.has }})
	h.ServeHTTP(w, request(t, "POST", "/", "{}", "X-Amz-Target", "AWSEvents.Touch"))
}

// What is left for later neither holds up the connection nor grows without end.
func TestWhatIsLeftForLaterIsBounded(t *testing.T) {
	const places = 64 // of package later
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		ended := make(chan error, 2*places)
		h := newHandler(t, Options{
			Log: slog.New(slog.NewTextHandler(&log, nil)),
			After: func(_ context.Context, c *Call) {
				c.Later(func(ctx context.Context) { <-ctx.Done(); ended <- ctx.Err() })
			},
		})
		call := func() time.Duration {
			began := time.Now()
			do(h, request(t, "POST", "/", "{}", "X-Amz-Target", "AWSEvents.Touch"))
			return time.Since(began)
		}
		for i := range places {
			if took := call(); took != 0 {
				t.Fatalf("call %d waited %s", i, took)
			}
		}
		if took := call(); took != time.Second || !strings.Contains(log.String(), "is let go") {
			t.Errorf("with no room left a call waited %s; log: %s", took, &log)
		}
		if err := h.(Handler).Wait(t.Context()); err != nil || len(ended) != places {
			t.Errorf("%d ended, %v", len(ended), err)
		}
		if took := call(); took != 0 {
			t.Errorf("with room again a call waited %s", took)
		}
		within, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := h.(Handler).Wait(within); err == nil {
			t.Error("Wait did not say that something is left")
		}
		if err := h.(Handler).Wait(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestAHookThatPanicsHarmsNobody(t *testing.T) {
	var log bytes.Buffer
	h := newHandler(t, Options{
		Log: slog.New(slog.NewTextHandler(&log, nil)),
		After: func(_ context.Context, c *Call) {
			c.Later(func(context.Context) { panic("later") })
			panic("at once")
		},
	})
	if w := do(h, request(t, "POST", "/", "{}", "X-Amz-Target", "AWSEvents.Touch")); w.Code != http.StatusOK {
		t.Errorf("got %d", w.Code)
	}
	if err := h.(Handler).Wait(t.Context()); err != nil || strings.Count(log.String(), "panic in a hook") != 2 {
		t.Errorf("%v, log: %s", err, &log)
	}
}

func TestACallIsRecordedBeforeItsAnswerIsSent(t *testing.T) {
	w := httptest.NewRecorder()
	var got []string
	var code string
	h := newHandler(t, Options{Record: func(ctx context.Context, c *Call) {
		if w.Body.Len() > 0 || w.Code != 200 || w.Flushed || ctx.Err() != nil {
			t.Errorf("%s was recorded when the client knew: %d %q", c.Operation, w.Code, w.Body)
		}
		got = append(got, c.Operation)
		code = c.Code
	}})
	for _, c := range []struct{ target, body, code string }{
		{"Echo", `{"Word":"hi"}`, ""},
		{"Echo", `{"Fail":"late"}`, "RequestThrottled"},
		{"Echo", `{`, "SerializationException"},
		{"Panic", `{}`, "InternalException"},
		{"ActivateEventSource", `{}`, "UnsupportedOperationException"},
	} {
		w, got = httptest.NewRecorder(), nil
		ctx, gone := context.WithCancel(t.Context())
		gone()
		h.ServeHTTP(w, request(t, "POST", "/", c.body, "X-Amz-Target", "AWSEvents."+c.target).WithContext(ctx))
		if len(got) != 1 || got[0] != c.target || code != c.code {
			t.Errorf("%s %s was recorded as %v, %q", c.target, c.body, got, code)
		}
	}
}

func TestACallByNobodyIsNotRecorded(t *testing.T) {
	h := newHandler(t, Options{Keys: access.Keys{}, Record: func(_ context.Context, c *Call) { t.Errorf("%+v was recorded", c) }})
	do(h, request(t, "POST", "/", `{}`, "X-Amz-Target", "AWSEvents.Echo"))
	h.(Handler).Refuse(httptest.NewRecorder(), request(t, "POST", "/", `{}`, "X-Amz-Target", "AWSEvents.Echo"), &Error{Code: "No"})
	open := newHandler(t, Options{Record: func(_ context.Context, c *Call) { t.Errorf("%+v was recorded", c) }})
	do(open, request(t, "POST", "/", `{}`, "X-Amz-Target", "AWSEvents.NoSuchThing"))
}
