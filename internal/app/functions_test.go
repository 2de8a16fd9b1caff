package app

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/budget"
	"github.com/dari-bus/dari/internal/room/function"
	"github.com/dari-bus/dari/internal/room/function/catalog"
	"github.com/dari-bus/dari/internal/room/function/pool"
	"github.com/dari-bus/dari/internal/room/function/runner"
	"github.com/dari-bus/dari/internal/room/function/runtime"
	"github.com/dari-bus/dari/internal/room/queue"
	"github.com/dari-bus/dari/internal/store/mem"
	"github.com/dari-bus/dari/internal/watch"
)

// A workshop is functions, queues and the outbox between them, in virtual time. What
// the functions do is said by the test.
type workshop struct {
	*rooms
	t     *testing.T
	began time.Time
	// memory is for the messages that the function works on.
	memory *budget.Share
	do     func(c runtime.Config, in runtime.Invocation) (runtime.Result, error)

	mu   sync.Mutex
	runs []run
}

// A run is an invocation: when it was, since the beginning, and with what.
type run struct {
	At      time.Duration
	ID      string
	Payload string
	Stage   string // of the environment
}

var (
	worker = catalog.Address{Place: lifeCaller.Place, Name: "fn"}
	dead   = queue.Address{Place: lifeCaller.Place, Name: "dead"}
	told   = queue.Address{Place: lifeCaller.Place, Name: "told"}
)

// works runs a test in a workshop with a function and two queues.
func works(t *testing.T, test func(w *workshop)) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		log := slog.New(slog.DiscardHandler)
		a := &App{opt: Options{Memory: "auto", Log: log}, store: mem.New(), guard: access.Boundary{}, hooks: watch.Hooks{}}
		var err error
		if a.opt.memory, err = a.opt.newMemory(); err != nil {
			t.Fatal(err)
		}
		w := &workshop{rooms: &rooms{}, t: t, began: time.Now(), memory: budget.New(20<<20, []budget.Part{{Name: memoryBatches, Percent: 100}}).Share(memoryBatches)}
		for _, open := range []func() error{
			func() error { _, err := a.openIdentities(t.Context(), w.rooms); return err },
			func() error { _, err := a.openQueues(t.Context(), w.rooms, w.identities); return err },
			func() error { _, err := a.openOutbox(t.Context(), w.rooms, w.identities); return err },
		} {
			if err := open(); err != nil {
				t.Fatal(err)
			}
		}
		w.functions, err = function.Open(t.Context(), function.Options{
			Sources: functionSources{w.rooms}, Batches: w.memory,
			Options: runner.Options{
				Store: a.store, Guard: w.identities, Engine: w, Roles: functionRoles{w.rooms}, Outbox: functionDebts{w.outbox}, Queues: functionQueues{w.rooms},
				Logs: w, Endpoint: func() string { return "" }, Log: log, Dir: func(context.Context) (string, error) { return dir, nil },
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(context.Background())
		var running sync.WaitGroup
		for _, run := range []func(context.Context) error{w.functions.Run, w.functions.Mappings.Run, w.outbox.Run} {
			running.Go(func() {
				if err := run(ctx); err != nil {
					t.Error(err)
				}
			})
		}
		defer running.Wait()
		defer stop()
		for _, q := range []queue.Address{dead, told} {
			if err := w.queues.Create(t.Context(), q, queue.DefaultSettings(), nil, nil); err != nil {
				t.Fatal(err)
			}
		}
		w.create()
		test(w)
	})
}

func (w *workshop) create() {
	w.t.Helper()
	var b bytes.Buffer
	if err := zip.NewWriter(&b).Close(); err != nil {
		w.t.Fatal(err)
	}
	d := catalog.Draft{Zip: b.Bytes()}
	d.Runtime, d.Handler, d.Role = text("python3.12"), text("app.handler"), text("arn:aws:iam::000000000000:role/r")
	d.DeadLetter = text(dead.ARN())
	if _, err := w.functions.Create(w.t.Context(), lifeCaller, worker, d); err != nil {
		w.t.Fatal(err)
	}
}

func text(s string) *string { return &s }

// set sets what becomes of asynchronous events.
func (w *workshop) set(s catalog.AsyncSettings) {
	w.t.Helper()
	if _, err := w.functions.SetAsync(w.t.Context(), lifeCaller, worker, s, false); err != nil {
		w.t.Fatal(err)
	}
}

// reserve says how many environments the function has.
func (w *workshop) reserve(n int) {
	w.t.Helper()
	if err := w.functions.Reserve(w.t.Context(), lifeCaller, worker, &n); err != nil {
		w.t.Fatal(err)
	}
}

func (w *workshop) send(id, payload string) {
	w.t.Helper()
	by := lifeCaller
	by.RequestID = id
	if err := w.functions.Send(w.t.Context(), by, worker, []byte(payload)); err != nil {
		w.t.Fatal(err)
	}
}

func (w *workshop) Start(_ context.Context, c runtime.Config) (pool.Environment, error) {
	return workbench{w, c}, nil
}

func (w *workshop) Append(context.Context, catalog.Address, string, string, []runtime.Line) error {
	return nil
}

type workbench struct {
	*workshop
	config runtime.Config
}

func (b workbench) Invoke(_ context.Context, in runtime.Invocation) (runtime.Result, error) {
	b.mu.Lock()
	b.runs = append(b.runs, run{time.Since(b.began).Truncate(100 * time.Millisecond), in.RequestID, string(in.Payload), b.config.Env["STAGE"]})
	b.mu.Unlock()
	return b.do(b.config, in)
}

func (workbench) Alive() bool { return true }
func (workbench) Stop()       {}

// ran compares what ran with what should have.
func (w *workshop) ran(want ...run) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if diff := cmp.Diff(want, w.runs); diff != "" {
		w.t.Errorf("what ran: %s", diff)
	}
}

// has returns what is on a queue: the body of the one message, and its attributes.
func (w *workshop) has(q queue.Address) (body string, attributes []queue.Attribute) {
	w.t.Helper()
	zero := time.Duration(0)
	messages, err := w.queues.Receive(w.t.Context(), q, queue.Request{Max: 10, Wait: &zero})
	if err != nil || len(messages) != 1 {
		w.t.Fatalf("the queue %s has %v, %v; want one message", q.Name, messages, err)
	}
	return messages[0].Body, messages[0].Attributes
}

// stamped is a record as it is told, with its own timestamp in the place of TIME.
func stamped(t *testing.T, want, got string) string {
	t.Helper()
	var r struct{ Timestamp string }
	if err := json.Unmarshal([]byte(got), &r); err != nil {
		t.Fatal(err)
	}
	if _, err := time.Parse("2006-01-02T15:04:05.000Z", r.Timestamp); err != nil {
		t.Error(err)
	}
	return strings.ReplaceAll(want, "TIME", r.Timestamp)
}

// raises is a function that always fails.
func raises(runtime.Config, runtime.Invocation) (runtime.Result, error) {
	return runtime.Result{FunctionError: "Unhandled", Payload: []byte(`{"errorMessage":"boom","errorType":"ValueError"}`)}, nil
}

const fnLatest = "arn:aws:lambda:eu-central-1:000000000000:function:fn:$LATEST"

func attributesOf(id, code, message string) []queue.Attribute {
	return []queue.Attribute{{Name: "ErrorCode", Type: "Number", Value: code}, {Name: "ErrorMessage", Type: "String", Value: message}, {Name: "RequestID", Type: "String", Value: id}}
}

func TestAFunctionThatRaisesIsTriedThreeTimesAndThenTold(t *testing.T) {
	works(t, func(w *workshop) {
		w.do = raises
		w.set(catalog.AsyncSettings{OnFailure: told.ARN()})
		w.send("6a7e8feb-1", `{"n": 1.0, "é": "<&>"}`)
		time.Sleep(10 * time.Minute)
		event := `{"n": 1.0, "é": "<&>"}`
		w.ran(run{0, "6a7e8feb-1", event, ""}, run{time.Minute, "6a7e8feb-1", event, ""}, run{3 * time.Minute, "6a7e8feb-1", event, ""})
		body, attributes := w.has(dead)
		if diff := cmp.Diff(attributesOf("6a7e8feb-1", "200", "boom"), attributes); diff != "" || body != event {
			t.Errorf("the dead-letter queue has %s with %s", body, diff)
		}
		body, attributes = w.has(told)
		want := stamped(t, `{"version":"1.0","timestamp":"TIME","requestContext":{"requestId":"6a7e8feb-1","functionArn":"`+fnLatest+`","condition":"RetriesExhausted","approximateInvokeCount":3},`+
			`"requestPayload":{"n":1.0,"é":"<&>"},"responseContext":{"statusCode":200,"executedVersion":"$LATEST","functionError":"Unhandled"},"responsePayload":{"errorMessage":"boom","errorType":"ValueError"}}`, body)
		if diff := cmp.Diff(want, body); diff != "" || len(attributes) != 0 {
			t.Errorf("the destination has attributes %v and %s", attributes, diff)
		}
	})
}

func TestAnEventIsTriedNoLongerThanItsAgeAllows(t *testing.T) {
	works(t, func(w *workshop) {
		w.do = raises
		age := 90
		w.set(catalog.AsyncSettings{MaxAge: &age, OnFailure: told.ARN()})
		w.send("1", `{}`)
		time.Sleep(91 * time.Second)
		w.ran(run{0, "1", `{}`, ""}, run{time.Minute, "1", `{}`, ""})
		w.has(dead)
		if body, _ := w.has(told); !strings.Contains(body, `"condition":"EventAgeExceeded","approximateInvokeCount":2}`) || !strings.Contains(body, `"responsePayload":{"errorMessage":"boom"`) {
			t.Errorf("the destination has %s", body)
		}
	})
}

func TestASuccessAfterAFailureIsTold(t *testing.T) {
	works(t, func(w *workshop) {
		w.do = func(c runtime.Config, in runtime.Invocation) (runtime.Result, error) {
			if time.Since(w.began) < time.Minute {
				return raises(c, in)
			}
			return runtime.Result{Payload: []byte(`[1]`)}, nil
		}
		w.set(catalog.AsyncSettings{OnSuccess: told.ARN()})
		w.send("1", `{}`)
		time.Sleep(10 * time.Minute)
		w.ran(run{0, "1", `{}`, ""}, run{time.Minute, "1", `{}`, ""})
		body, _ := w.has(told)
		want := stamped(t, `{"version":"1.0","timestamp":"TIME","requestContext":{"requestId":"1","functionArn":"`+fnLatest+`","condition":"Success","approximateInvokeCount":2},`+
			`"requestPayload":{},"responseContext":{"statusCode":200,"executedVersion":"$LATEST"},"responsePayload":[1]}`, body)
		if diff := cmp.Diff(want, body); diff != "" {
			t.Error(diff)
		}
	})
}

// Row F25: events that wait are bound to no configuration. Those that are throttled
// come again, and that is no attempt of theirs.
func TestThrottledEventsComeAgainAndRunWithWhatTheFunctionIsThen(t *testing.T) {
	works(t, func(w *workshop) {
		w.do = func(runtime.Config, runtime.Invocation) (runtime.Result, error) {
			time.Sleep(time.Minute)
			return runtime.Result{Payload: []byte(`null`)}, nil
		}
		configure := func(stage string) {
			ch := catalog.Change{Environment: &map[string]string{"STAGE": stage}, Timeout: number(120)}
			if _, err := w.functions.UpdateConfiguration(t.Context(), lifeCaller, worker, &ch, ""); err != nil {
				t.Fatal(err)
			}
		}
		configure("old")
		w.reserve(1)
		for i := range 4 {
			w.send(fmt.Sprint(i), `{}`)
			synctest.Wait() // the first one is to be first
		}
		time.Sleep(30 * time.Second)
		configure("new")
		time.Sleep(10 * time.Minute)
		w.mu.Lock()
		defer w.mu.Unlock()
		stages := map[string]int{}
		ids := map[string]bool{}
		for _, r := range w.runs {
			stages[r.Stage]++
			ids[r.ID] = true
		}
		if len(w.runs) != 4 || len(ids) != 4 || w.runs[0].Stage != "old" || stages["new"] != 3 {
			t.Errorf("what ran: %+v", w.runs)
		}
	})
}

func number(n int) *int { return &n }

// As at AWS, where a function that may not run at all keeps nothing waiting.
func TestEventsOfAFunctionWithoutEnvironmentsEndAtOnce(t *testing.T) {
	works(t, func(w *workshop) {
		w.do = raises
		w.set(catalog.AsyncSettings{OnFailure: told.ARN()})
		w.reserve(0)
		w.send("1", `{}`)
		time.Sleep(time.Second)
		w.ran()
		if _, attributes := w.has(dead); cmp.Diff(attributesOf("1", "429", "Rate Exceeded."), attributes) != "" {
			t.Errorf("the dead letter has %v", attributes)
		}
		body, _ := w.has(told)
		want := stamped(t, `{"version":"1.0","timestamp":"TIME","requestContext":{"requestId":"1","functionArn":"`+fnLatest+`","condition":"ZeroReservedConcurrency","approximateInvokeCount":0},"requestPayload":{}}`, body)
		if diff := cmp.Diff(want, body); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAnEventThatIsThrottledForTooLongIsTold(t *testing.T) {
	works(t, func(w *workshop) {
		w.do = func(runtime.Config, runtime.Invocation) (runtime.Result, error) {
			time.Sleep(10 * time.Minute)
			return runtime.Result{Payload: []byte(`null`)}, nil
		}
		age := 60
		w.set(catalog.AsyncSettings{MaxAge: &age, OnFailure: told.ARN()})
		w.reserve(1)
		w.send("1", `{}`)
		synctest.Wait()
		w.send("2", `{}`)
		time.Sleep(65 * time.Second)
		w.ran(run{0, "1", `{}`, ""})
		if body, _ := w.has(told); !strings.Contains(body, `"condition":"EventAgeExceeded","approximateInvokeCount":0},"requestPayload":{}}`) {
			t.Errorf("the destination has %s", body)
		}
	})
}
