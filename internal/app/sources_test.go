package app

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/room/function/mapping"
	"github.com/dari-bus/dari/internal/room/function/runtime"
	"github.com/dari-bus/dari/internal/room/identity/directory"
	"github.com/dari-bus/dari/internal/room/queue"
)

// work is the queue that the function works on.
var (
	work    = queue.Address{Place: lifeCaller.Place, Name: "work"}
	ordered = queue.Address{Place: lifeCaller.Place, Name: "work.fifo"}
)

// source makes a queue, whose messages are hidden for a minute, and a mapping from it.
func (w *workshop) source(a queue.Address, c mapping.Change) string {
	w.t.Helper()
	s := queue.DefaultSettings()
	s.Visibility = time.Minute
	if err := w.queues.Create(w.t.Context(), a, s, nil, nil); err != nil {
		w.t.Fatal(err)
	}
	c.Function = &worker
	m, err := w.functions.Mappings.Create(w.t.Context(), lifeCaller, a.ARN(), c, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return m.UUID
}

func (w *workshop) put(a queue.Address, drafts ...queue.Draft) {
	w.t.Helper()
	out, err := w.queues.Send(w.t.Context(), a, drafts)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, o := range out {
		if o.Err != nil {
			w.t.Fatal(o.Err)
		}
	}
}

func drafts(bodies ...string) (all []queue.Draft) {
	for _, b := range bodies {
		all = append(all, queue.Draft{Body: b, Sender: "me"})
	}
	return all
}

// left is how many messages a queue has, those included that somebody works on.
func (w *workshop) left(a queue.Address) int {
	w.t.Helper()
	i, err := w.queues.Info(a)
	if err != nil {
		w.t.Fatal(err)
	}
	return i.Visible + i.Hidden + i.Delayed
}

// bodies are those of the records of each run, with a comma between.
func (w *workshop) bodies() (all []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.runs {
		all = append(all, strings.Join(bodiesOf(w.t, r.Payload), ","))
	}
	return all
}

func bodiesOf(t *testing.T, payload string) (all []string) {
	var e struct{ Records []struct{ Body string } }
	if err := json.Unmarshal([]byte(payload), &e); err != nil {
		t.Error(err)
	}
	for _, r := range e.Records {
		all = append(all, r.Body)
	}
	return all
}

func succeeds(runtime.Config, runtime.Invocation) (runtime.Result, error) {
	return runtime.Result{Payload: []byte(`null`)}, nil
}

func TestAFunctionSeesMessagesAsAtAWS(t *testing.T) {
	works(t, func(w *workshop) {
		w.do = succeeds
		w.source(work, mapping.Change{})
		sent := time.Now().UnixMilli()
		w.put(work, queue.Draft{Body: `{"a":"<é>"}`, Sender: "me", Attributes: []queue.Attribute{{Name: "bytes", Type: "Binary", Value: "\x00\xff"}, {Name: "text", Type: "String.x", Value: "v"}}})
		synctest.Wait()
		if n := w.left(work); n != 0 {
			t.Errorf("%d messages are left", n)
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		if len(w.runs) != 1 {
			t.Fatalf("what ran: %v", w.runs)
		}
		var got struct {
			Records []struct{ MessageID, ReceiptHandle string }
		}
		if err := json.Unmarshal([]byte(w.runs[0].Payload), &got); err != nil || len(got.Records) != 1 {
			t.Fatalf("%v: %s", err, w.runs[0].Payload)
		}
		want := fmt.Sprintf(`{"Records":[{"messageId":"%s","receiptHandle":"%s","body":"{\"a\":\"<é>\"}",`+
			`"attributes":{"ApproximateReceiveCount":"1","SentTimestamp":"%d","SenderId":"me","ApproximateFirstReceiveTimestamp":"%d"},`+
			`"messageAttributes":{"bytes":{"binaryValue":"AP8=","stringListValues":[],"binaryListValues":[],"dataType":"Binary"},"text":{"stringValue":"v","stringListValues":[],"binaryListValues":[],"dataType":"String.x"}},`+
			`"md5OfMessageAttributes":"MD5","md5OfBody":"e1da99bd94ebd8b3d6e4a2a41be5bd45","eventSource":"aws:sqs","eventSourceARN":"arn:aws:sqs:eu-central-1:000000000000:work","awsRegion":"eu-central-1"}]}`,
			got.Records[0].MessageID, got.Records[0].ReceiptHandle, sent, sent)
		var digests struct {
			Records []struct{ MD5OfMessageAttributes, MD5OfBody string }
		}
		if err := json.Unmarshal([]byte(w.runs[0].Payload), &digests); err != nil || len(digests.Records[0].MD5OfMessageAttributes) != 32 {
			t.Errorf("%v: %+v", err, digests)
		}
		want = strings.Replace(want, "MD5", digests.Records[0].MD5OfMessageAttributes, 1)
		want = strings.Replace(want, "e1da99bd94ebd8b3d6e4a2a41be5bd45", digests.Records[0].MD5OfBody, 1)
		if diff := cmp.Diff(want, w.runs[0].Payload); diff != "" {
			t.Error(diff)
		}
	})
}

func TestABatchWaitsForItsWindowOrUntilItIsFull(t *testing.T) {
	works(t, func(w *workshop) {
		w.do = succeeds
		w.source(work, mapping.Change{BatchSize: number(15), Window: number(20)})
		w.put(work, drafts("1", "2")...)
		time.Sleep(10 * time.Second)
		w.ran() // yet
		w.put(work, drafts("3")...)
		time.Sleep(11 * time.Second)
		for i := range 4 {
			w.put(work, drafts(fmt.Sprint(i, "a"), fmt.Sprint(i, "b"), fmt.Sprint(i, "c"), fmt.Sprint(i, "d"))...)
		}
		synctest.Wait()
		got := w.bodies()
		if len(got) != 2 || got[0] != "1,2,3" || strings.Count(got[1], ",") != 14 {
			t.Errorf("the batches are %q", got)
		}
	})
}

// The messages of a batch that waits for longer than its queue hides them are nobody
// else's meanwhile, and while the function works on them.
func TestABatchMayWaitForLongerThanItsQueueHidesMessages(t *testing.T) {
	works(t, func(w *workshop) {
		w.do = func(c runtime.Config, in runtime.Invocation) (runtime.Result, error) {
			time.Sleep(58 * time.Second)
			return succeeds(c, in)
		}
		w.source(work, mapping.Change{BatchSize: number(100), Window: number(200)})
		w.put(work, drafts("1")...)
		time.Sleep(150 * time.Second)
		w.ran() // yet
		w.put(work, drafts("2")...)
		time.Sleep(107 * time.Second) // the window, and all but a second of the function's time
		i, err := w.queues.Info(work)
		if got := w.bodies(); err != nil || len(got) != 1 || got[0] != "1,2" || i.Hidden != 2 {
			t.Errorf("%v: the function saw %q, and of the messages are %d hidden", err, got, i.Hidden)
		}
		time.Sleep(10 * time.Minute)
		if got := w.bodies(); len(got) != 1 || w.left(work) != 0 {
			t.Errorf("the function saw %q, and %d messages are left", got, w.left(work))
		}
	})
}

// row F28
func TestWhatNoFilterMatchesIsDeletedAndNotSeen(t *testing.T) {
	works(t, func(w *workshop) {
		w.do = succeeds
		w.source(work, mapping.Change{Filters: &[]string{`{"body":{"my-number":[{"numeric":[">",100]}]}}`, `{"body":["plain"]}`}})
		w.put(work, drafts(`{"my-number":101}`, `{"my-number":99}`, `no JSON`, `plain`)...)
		synctest.Wait()
		if got := w.bodies(); strings.Join(got, ",") != `{"my-number":101},plain` || w.left(work) != 0 {
			t.Errorf("the function saw %q, and %d messages are left", got, w.left(work))
		}
	})
}

func TestMessagesOfAFunctionThatFailsComeBack(t *testing.T) {
	works(t, func(w *workshop) {
		w.do = func(c runtime.Config, in runtime.Invocation) (runtime.Result, error) {
			if time.Since(w.began) < time.Minute {
				return raises(c, in)
			}
			return succeeds(c, in)
		}
		w.source(work, mapping.Change{})
		w.put(work, drafts("1")...)
		time.Sleep(59 * time.Second)
		if n := w.left(work); n != 1 {
			t.Errorf("%d messages are left; want the one that comes back", n)
		}
		time.Sleep(2 * time.Second)
		w.mu.Lock()
		defer w.mu.Unlock()
		if len(w.runs) != 2 || w.runs[1].At != time.Minute || !strings.Contains(w.runs[1].Payload, `"ApproximateReceiveCount":"2"`) {
			t.Errorf("what ran: %+v", w.runs)
		}
	})
}

// A function names what it has not worked on. Where that is no answer, nothing is.
func TestOnlyWhatAFunctionHasWorkedOnIsDeleted(t *testing.T) {
	for answer, left := range map[string]int{
		`{"batchItemFailures":[{"itemIdentifier":"ID"}]}`: 1,
		`{"batchItemFailures":[]}`:                        0,
		`{"batchItemFailures":null}`:                      0,
		`{}`:                                              0,
		`null`:                                            0,
		``:                                                0,
		`{"batchItemFailures":[{"itemIdentifier":"unknown"}]}`:    2,
		`{"batchItemFailures":[{"itemIdentifier":""}]}`:           2,
		`{"batchItemFailures":[{"other":"ID"}]}`:                  2,
		`{"batchItemFailures":[{"itemIdentifier":"ID"},{"a":1}]}`: 2,
		`"text"`:   2,
		`not JSON`: 2,
	} {
		works(t, func(w *workshop) {
			w.do = func(_ runtime.Config, in runtime.Invocation) (runtime.Result, error) {
				var e struct{ Records []struct{ MessageID string } }
				if err := json.Unmarshal(in.Payload, &e); err != nil {
					return runtime.Result{}, err
				}
				return runtime.Result{Payload: []byte(strings.ReplaceAll(answer, "ID", e.Records[0].MessageID))}, nil
			}
			yes := true
			w.source(work, mapping.Change{Partial: &yes})
			w.put(work, drafts("1", "2")...)
			synctest.Wait()
			if n := w.left(work); n != left {
				t.Errorf("after %s %d messages are left; want %d", answer, n, left)
			}
		})
	}
}

func TestAMappingHasNoMoreBatchesThanItSays(t *testing.T) {
	works(t, func(w *workshop) {
		var now, most atomic.Int32
		w.do = func(c runtime.Config, in runtime.Invocation) (runtime.Result, error) {
			if n := now.Add(1); n > most.Load() {
				most.Store(n)
			}
			time.Sleep(time.Second)
			now.Add(-1)
			return succeeds(c, in)
		}
		w.source(work, mapping.Change{BatchSize: number(1), Concurrency: number(3)})
		for i := range 9 {
			w.put(work, drafts(fmt.Sprint(i))...)
		}
		time.Sleep(3500 * time.Millisecond)
		if most.Load() != 3 || w.left(work) != 0 {
			t.Errorf("%d batches were worked on at a time, and %d messages are left after three seconds", most.Load(), w.left(work))
		}
	})
}

func TestMessagesOfAGroupComeInOrderThoughAFunctionFails(t *testing.T) {
	works(t, func(w *workshop) {
		failed := map[string]bool{}
		w.do = func(c runtime.Config, in runtime.Invocation) (runtime.Result, error) {
			time.Sleep(100 * time.Millisecond)
			first := bodiesOf(t, string(in.Payload))[0]
			w.mu.Lock()
			defer w.mu.Unlock()
			if !failed[first] { // each batch at first
				failed[first] = true
				return raises(c, in)
			}
			return succeeds(c, in)
		}
		w.source(ordered, mapping.Change{BatchSize: number(2)})
		for i := range 6 {
			for _, g := range []string{"a", "b", "c"} {
				w.put(ordered, queue.Draft{Body: fmt.Sprint(g, i), Group: g, DedupID: fmt.Sprint(g, i), Sender: "me"})
			}
		}
		time.Sleep(20 * time.Minute)
		last := map[byte]byte{}
		seen := map[string]bool{}
		for _, batch := range w.bodies() {
			for body := range strings.SplitSeq(batch, ",") {
				if at := body[1]; at > last[body[0]]+1 && at != '0' {
					t.Errorf("%s came after %c of its group", body, last[body[0]])
				} else if at > last[body[0]] {
					last[body[0]] = at
				}
				seen[body] = true
			}
		}
		if n := w.left(ordered); n != 0 || len(seen) != 18 {
			t.Errorf("%d messages are left, and %v were seen", n, slices.Sorted(maps.Keys(seen)))
		}
	})
}

// What the role may not, the mapping does not, and says so; nothing is lost meanwhile.
func TestAMappingReceivesWithTheRightsOfTheRole(t *testing.T) {
	works(t, func(w *workshop) {
		w.do = succeeds
		const trust = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"lambda.amazonaws.com"}}}`
		root := access.Root(lifeCaller.Account, lifeCaller.Region)
		role, err := w.identities.Create(t.Context(), root, directory.Role, directory.Entity{Name: "r", Path: "/", Trust: trust, MaxSession: 3600})
		if err != nil {
			t.Fatal(err)
		}
		let := func(actions string) {
			t.Helper()
			document := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":[` + actions + `],"Resource":"*"}}`
			if err := w.identities.PutInline(t.Context(), root, directory.Role, role.Name, "p", document); err != nil {
				t.Fatal(err)
			}
		}
		let(`"sqs:ReceiveMessage","sqs:GetQueueAttributes"`)
		if err := w.queues.Create(t.Context(), work, queue.DefaultSettings(), nil, nil); err != nil {
			t.Fatal(err)
		}
		_, err = w.functions.Mappings.Create(t.Context(), lifeCaller, work.ARN(), mapping.Change{Function: &worker}, nil)
		if err == nil || err.Error() != "The provided execution role does not have permissions to call DeleteMessage on SQS" {
			t.Errorf("a role that may not delete: %v", err)
		}
		let(`"sqs:*"`)
		m, err := w.functions.Mappings.Create(t.Context(), lifeCaller, work.ARN(), mapping.Change{Function: &worker}, nil)
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		let(`"sqs:DeleteMessage"`)
		w.put(work, drafts("1")...)
		time.Sleep(5 * time.Second)
		if text := w.functions.Mappings.Problem(m.UUID); text != "PROBLEM: The provided execution role does not have permissions to call ReceiveMessage on SQS" {
			t.Errorf("the mapping says %q", text)
		}
		w.ran()
		let(`"sqs:*"`)
		time.Sleep(2 * time.Minute)
		if text := w.functions.Mappings.Problem(m.UUID); text != "" || w.left(work) != 0 {
			t.Errorf("the mapping says %q, and %d messages are left", text, w.left(work))
		}
	})
}

func TestAMappingThatIsDisabledReceivesNothing(t *testing.T) {
	works(t, func(w *workshop) {
		w.do = succeeds
		uuid := w.source(work, mapping.Change{})
		set := func(enabled bool) {
			if _, _, err := w.functions.Mappings.Update(t.Context(), lifeCaller, uuid, mapping.Change{Enabled: &enabled}); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		set(false)
		w.put(work, drafts("1")...)
		time.Sleep(time.Hour)
		w.ran()
		set(true)
		if got := w.bodies(); len(got) != 1 {
			t.Errorf("the function saw %q", got)
		}
		if _, err := w.functions.Mappings.Delete(t.Context(), lifeCaller, uuid); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		w.put(work, drafts("2")...)
		time.Sleep(time.Hour)
		if got := w.bodies(); len(got) != 1 || w.left(work) != 1 {
			t.Errorf("the function saw %q, and %d messages are left", got, w.left(work))
		}
	})
}

// A batch that its function has no environment for is tried again while its messages are
// hidden, and then left to the queue.
func TestABatchThatIsThrottledComesAgain(t *testing.T) {
	works(t, func(w *workshop) {
		w.do = succeeds
		w.reserve(0)
		w.source(work, mapping.Change{})
		w.put(work, drafts("1")...)
		time.Sleep(5 * time.Minute)
		w.ran()
		if err := w.functions.Reserve(t.Context(), lifeCaller, worker, nil); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		if got := w.bodies(); len(got) != 1 || w.left(work) != 0 {
			t.Errorf("the function saw %q, and %d messages are left", got, w.left(work))
		}
	})
}

// More messages than there is memory for wait in their queue, and are all worked on. None
// has been received once more when it is, and so none is a dead letter.
func TestBatchesHaveNoMoreMemoryThanThereIs(t *testing.T) {
	works(t, func(w *workshop) {
		var again atomic.Int32
		w.do = func(c runtime.Config, in runtime.Invocation) (runtime.Result, error) {
			again.Add(int32(strings.Count(string(in.Payload), `"ApproximateReceiveCount":"`) - strings.Count(string(in.Payload), `"ApproximateReceiveCount":"1"`)))
			time.Sleep(time.Second)
			return succeeds(c, in)
		}
		w.source(work, mapping.Change{})
		err := w.queues.Configure(t.Context(), work, func(s *queue.Settings) error {
			s.Redrive = &queue.Redrive{Target: dead.ARN(), MaxReceives: 1}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		body := strings.Repeat("x", 200<<10)
		for range 30 {
			w.put(work, drafts(body, body, body, body, body)...)
		}
		most := int64(0)
		for range 60 {
			time.Sleep(time.Second)
			most = max(most, w.memory.Used())
		}
		if n := w.left(work); n != 0 || most == 0 || most > w.memory.Size() || w.memory.Used() != 0 {
			t.Errorf("%d messages are left; %d bytes of %d were taken, and %d are", n, most, w.memory.Size(), w.memory.Used())
		}
		if n := again.Load(); n > 0 || w.left(dead) > 0 {
			t.Errorf("%d of 150 messages came more than once, and %d are dead letters", n, w.left(dead))
		}
	})
}
