package runner

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/function/catalog"
	"github.com/dari-bus/dari/internal/room/function/pool"
	"github.com/dari-bus/dari/internal/room/function/runtime"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/mem"
)

var (
	place = access.Place{Account: "210987654321", Region: "eu-central-1"}
	me    = access.Root(place.Account, place.Region)
	fn    = catalog.Address{Place: place, Name: "fn"}
)

const (
	queue = "arn:aws:sqs:eu-central-1:210987654321:q"
	dead  = "arn:aws:sqs:eu-central-1:210987654321:dead"
)

// A told is what a queue was told.
type told struct {
	Queue string
	Message
}

// A house is what is around the runner. Its functions answer with their variable WORD
// and what they were sent; they raise what is to be raised, and take a second when they
// are told to wait.
type house struct {
	mu       sync.Mutex
	told     []told
	owed     []Event
	started  int
	refusing bool
}

func (h *house) Start(_ context.Context, c runtime.Config) (pool.Environment, error) {
	return env{c.Env["WORD"]}, nil
}

type env struct{ word string }

func (e env) Invoke(ctx context.Context, in runtime.Invocation) (runtime.Result, error) {
	var event struct{ Raise, Wait string }
	_ = json.Unmarshal(in.Payload, &event)
	if event.Wait != "" {
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return runtime.Result{}, ctx.Err()
		}
	}
	if event.Raise != "" {
		text, err := json.Marshal(map[string]string{"errorMessage": event.Raise, "errorType": "ValueError"})
		return runtime.Result{Payload: text, FunctionError: "Unhandled"}, err
	}
	return runtime.Result{Payload: fmt.Appendf(nil, `{"word":%q,"got":%s}`, e.word, in.Payload)}, nil
}
func (env) Alive() bool { return true }
func (env) Stop()       {}

func (*house) Check(catalog.Address, string) error { return nil }
func (*house) Assume(context.Context, catalog.Address, string) (runtime.Credentials, time.Time, error) {
	return runtime.Credentials{}, time.Now().Add(6 * time.Hour), nil
}
func (*house) Begin(store.Tx, catalog.Address, *catalog.Async) (uint64, error) { return 1, nil }
func (*house) Retire(store.Tx, uint64) error                                   { return nil }
func (*house) Abandon(store.Tx, uint64) error                                  { return nil }
func (h *house) Owe(_ store.Tx, _ uint64, e Event) (func(), error) {
	h.owed = append(h.owed, e)
	return func() { h.started++ }, nil
}
func (*house) Append(context.Context, catalog.Address, string, string, []runtime.Line) error {
	return nil
}
func (h *house) Send(_ context.Context, _ catalog.Address, role, to string, m Message) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.refusing {
		return errors.New("the role may not")
	}
	h.told = append(h.told, told{to, m})
	return nil
}

func ptr[T any](v T) *T { return &v }

// in runs a test in virtual time with a runner that has the function fn.
func in(t *testing.T, test func(*testing.T, *house, *Runner)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		h := &house{}
		r, err := Open(t.Context(), Options{
			Store: mem.New(), Guard: access.Boundary{ServicesNeedPolicy: true}, Engine: h, Roles: h, Outbox: h, Queues: h, Logs: h,
			Dir: func(context.Context) (string, error) { return dir, nil }, Endpoint: func() string { return "" }, Log: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- r.Run(ctx) }()
		var zipped bytes.Buffer
		if err := zip.NewWriter(&zipped).Close(); err != nil {
			t.Fatal(err)
		}
		_, err = r.Create(ctx, me, fn, catalog.Draft{Zip: zipped.Bytes(), Change: catalog.Change{
			Runtime: ptr("python3.12"), Handler: ptr("a.h"), Role: ptr("arn:aws:iam::210987654321:role/r"), DeadLetter: ptr(dead),
			Environment: &map[string]string{"WORD": "old"},
		}})
		if err != nil {
			t.Fatal(err)
		}
		test(t, h, r)
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func event(payload string) Event { return Event{ID: "id-" + payload, Payload: []byte(payload)} }

// row F25: only what runs at the change sees the old configuration.
func TestEventsRunWithTheFunctionAsItIsThen(t *testing.T) {
	in(t, func(t *testing.T, h *house, r *Runner) {
		ctx := t.Context()
		if err := r.Reserve(ctx, me, fn, ptr(1)); err != nil {
			t.Fatal(err)
		}
		if _, err := r.SetAsync(ctx, me, fn, catalog.AsyncSettings{OnSuccess: queue}, false); err != nil {
			t.Fatal(err)
		}
		first := make(chan error, 1)
		go func() { first <- r.Attempt(ctx, fn, event(`{"wait":"1"}`), 1) }()
		synctest.Wait()
		failure, ok := errors.AsType[*Failure](r.Attempt(ctx, fn, event(`{"n":2}`), 1))
		if !ok || !failure.Throttled {
			t.Errorf("a second event while the first runs: %+v", failure)
		}
		if _, err := r.UpdateConfiguration(ctx, me, fn, &catalog.Change{Environment: &map[string]string{"WORD": "new"}}, ""); err != nil {
			t.Fatal(err)
		}
		if err := <-first; err != nil {
			t.Fatal(err)
		}
		if err := r.Attempt(ctx, fn, event(`{"n":2}`), 1); err != nil {
			t.Fatal(err)
		}
		for i, want := range []string{`{"word":"old","got":{"wait":"1"}}`, `{"word":"new","got":{"n":2}}`} {
			if body := string(h.told[i].Body); !strings.Contains(body, `"responsePayload":`+want) {
				t.Errorf("event %d: %s, want %s", i+1, body, want)
			}
		}
	})
}

func TestFailuresOfFunctionsCountAndThoseToRunThemDoNot(t *testing.T) {
	in(t, func(t *testing.T, h *house, r *Runner) {
		ctx := t.Context()
		failure, ok := errors.AsType[*Failure](r.Attempt(ctx, fn, event(`{"raise":"boom"}`), 1))
		if !ok || failure.Throttled || failure.Answer != `{"errorMessage":"boom","errorType":"ValueError"}` {
			t.Errorf("it raises: %+v", failure)
		}
		if err := r.Reserve(ctx, me, fn, ptr(0)); err != nil {
			t.Fatal(err)
		}
		if failure, ok = errors.AsType[*Failure](r.Attempt(ctx, fn, event(`{}`), 1)); !ok || !failure.Throttled {
			t.Errorf("it may not run: %+v", failure)
		}
		if err := r.Delete(ctx, me, fn); err != nil {
			t.Fatal(err)
		}
		if failure, ok = errors.AsType[*Failure](r.Attempt(ctx, fn, event(`{}`), 1)); !ok || !failure.Throttled {
			t.Errorf("it is gone: %+v", failure)
		}
	})
}

func TestDestinationsAreToldAsAtAWS(t *testing.T) {
	in(t, func(t *testing.T, h *house, r *Runner) {
		ctx := t.Context()
		if _, err := r.SetAsync(ctx, me, fn, catalog.AsyncSettings{OnSuccess: queue, OnFailure: queue}, false); err != nil {
			t.Fatal(err)
		}
		if err := r.Attempt(ctx, fn, event(`{"n":1}`), 2); err != nil {
			t.Fatal(err)
		}
		const now = "2000-01-01T00:00:00.000Z" // where virtual time begins
		success := `{"version":"1.0","timestamp":"` + now + `","requestContext":{"requestId":"id-{\"n\":1}","functionArn":"` + fn.ARN() + `:$LATEST","condition":"Success","approximateInvokeCount":2},` +
			`"requestPayload":{"n":1},"responseContext":{"statusCode":200,"executedVersion":"$LATEST"},"responsePayload":{"word":"old","got":{"n":1}}}`
		if err := r.Failed(ctx, fn, event(`{}`), Ending{Failure: Failure{Answer: `{"errorMessage":"boom"}`}, Attempts: 3}); err != nil {
			t.Fatal(err)
		}
		if err := r.Failed(ctx, fn, event(`{}`), Ending{Failure: Failure{Answer: "Rate Exceeded.", Throttled: true}, TooOld: true}); err != nil {
			t.Fatal(err)
		}
		failure := func(condition string, n int, response string) string {
			return `{"version":"1.0","timestamp":"` + now + `","requestContext":{"requestId":"id-{}","functionArn":"` + fn.ARN() + `:$LATEST","condition":"` + condition + `","approximateInvokeCount":` + fmt.Sprint(n) + `},` +
				`"requestPayload":{}` + response + `}`
		}
		const raised = `,"responseContext":{"statusCode":200,"executedVersion":"$LATEST","functionError":"Unhandled"},"responsePayload":{"errorMessage":"boom"}`
		letter := func(message, status string) told {
			return told{dead, Message{[]byte(`{}`), map[string]string{"RequestID": "id-{}", "ErrorMessage": message}, map[string]string{"ErrorCode": status}}}
		}
		want := []told{
			{queue, Message{Body: []byte(success)}},
			letter("boom", "200"), {queue, Message{Body: []byte(failure("RetriesExhausted", 3, raised))}},
			letter("Rate Exceeded.", "429"), {queue, Message{Body: []byte(failure("EventAgeExceeded", 0, ""))}},
		}
		if diff := cmp.Diff(want, h.told); diff != "" {
			t.Error(diff)
		}

		// A success stays one when nobody can be told; a failure is told until it is.
		h.refusing = true
		if err := r.Attempt(ctx, fn, event(`{"n":1}`), 1); err != nil {
			t.Errorf("a success that cannot be told: %v", err)
		}
		if err := r.Failed(ctx, fn, event(`{}`), Ending{Failure: Failure{Answer: "x"}, Attempts: 3}); err == nil {
			t.Error("a failure that cannot be told is taken for told")
		}
	})
}

func TestWhatNobodyWantsToBeToldIsSaid(t *testing.T) {
	in(t, func(t *testing.T, h *house, r *Runner) {
		if _, err := r.UpdateConfiguration(t.Context(), me, fn, &catalog.Change{DeadLetter: ptr("")}, ""); err != nil {
			t.Fatal(err)
		}
		if err := r.Failed(t.Context(), fn, event(`{}`), Ending{Failure: Failure{Answer: "x"}, Attempts: 3}); !errors.Is(err, errNowhere) {
			t.Errorf("got %v, want %v", err, errNowhere)
		}
	})
}

func TestEventsAreOwedToThoseWhoMayBeSentThem(t *testing.T) {
	in(t, func(t *testing.T, h *house, r *Runner) {
		ctx := t.Context()
		rule, err := access.Service(access.Events, "arn:aws:events:eu-central-1:210987654321:rule/r")
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Send(ctx, rule, fn, []byte(`{}`)); fault.KindOf(err) != fault.KindDenied || len(h.owed) > 0 {
			t.Errorf("a rule without a permission: %v, and %d are owed", err, len(h.owed))
		}
		if _, err := r.AddPermission(ctx, me, fn, catalog.Permission{Sid: "s", Action: "lambda:InvokeFunction", Principal: access.Events, SourceARN: rule.Source}); err != nil {
			t.Fatal(err)
		}
		by := me
		by.RequestID, by.Trace = "request", "Root=1-2-3"
		for _, c := range []struct {
			by      access.Caller
			payload string
		}{{rule, `{"n":1}`}, {by, ""}} {
			if err := r.Send(ctx, c.by, fn, []byte(c.payload)); err != nil {
				t.Errorf("%s%s: %v", c.by.Principal, c.by.Source, err)
			}
		}
		if len(h.owed) != 2 || h.started != 2 || string(h.owed[0].Payload) != `{"n":1}` || len(h.owed[0].ID) != 36 || !strings.HasPrefix(h.owed[0].Trace, "Root=1-") {
			t.Fatalf("%d are owed, %d started: %+v", len(h.owed), h.started, h.owed)
		}
		if diff := cmp.Diff(Event{"request", []byte("{}"), "Root=1-2-3", fn.ARN()}, h.owed[1]); diff != "" {
			t.Error(diff)
		}
		for size, code := range map[int]string{1 << 20: "", 1<<20 + 1: "RequestTooLargeException"} {
			payload := []byte(`"` + strings.Repeat("x", size-2) + `"`)
			err := r.Send(ctx, me, fn, payload)
			if f, _ := errors.AsType[*fault.Error](err); (f == nil) != (code == "") || f != nil && f.Code != code {
				t.Errorf("%d bytes: %v, want %s", size, err, code)
			}
		}
		if err := r.Check(me, fn.With("none"), []byte("{}")); fault.KindOf(err) != fault.KindNotFound {
			t.Errorf("a dry run of what is not there: %v", err)
		}
	})
}

// row F26, and its kind.
func TestWhatIsNoJSONIsRefusedWithItsPlace(t *testing.T) {
	for payload, want := range map[string]string{
		"n\x87r":           "Invalid UTF-8 start byte 0x87\n at [Source: (byte[]); line: 1, column: 3]",
		"{\"a\":\n  \x80}": "Invalid UTF-8 start byte 0x80\n at [Source: (byte[]); line: 2, column: 4]",
		"{\"a\":\n x}":     "line: 2, column: 3]",
		"{} {}":            "line: 1, column: 5]",
		"{":                "line: 1, column: 2]",
		"größe":            "line: 1, column: 2]",
	} {
		err := checkJSON([]byte(payload))
		f, ok := errors.AsType[*fault.Error](err)
		if !ok || f.Code != "InvalidRequestContentException" || !strings.HasPrefix(f.Message, "Could not parse request body into json: Could not parse payload into json: ") || !strings.HasSuffix(f.Message, want) {
			t.Errorf("%q: %v; want %q", payload, err, want)
		}
	}
	for _, payload := range []string{`{}`, ` [1,"größe",null]`, `"\ud800"`, "0"} {
		if err := checkJSON([]byte(payload)); err != nil {
			t.Errorf("%q: %v", payload, err)
		}
	}
}

func TestLongAnswersAreCutBetweenCharacters(t *testing.T) {
	long := strings.Repeat("é", 10_000)
	text, err := json.Marshal(map[string]any{"errorMessage": long, "errorType": "E", "stackTrace": []string{long}})
	if err != nil {
		t.Fatal(err)
	}
	var e struct{ ErrorMessage, ErrorType string }
	if err := json.Unmarshal([]byte(brief(text)), &e); err != nil || e.ErrorType != "E" || e.ErrorMessage != long[:4096] {
		t.Errorf("%d bytes, %v", len(e.ErrorMessage), err)
	}
	if got := errorMessage(brief(text)); got != long[:1024] {
		t.Errorf("the attribute has %d bytes", len(got))
	}
	if got := brief([]byte(long)); !json.Valid([]byte(got)) || len(got) > maxAnswer {
		t.Errorf("%d bytes of what was no JSON", len(got))
	}
	if got := cut("aé", 2); got != "a" {
		t.Errorf("cut to %q", got)
	}
}
