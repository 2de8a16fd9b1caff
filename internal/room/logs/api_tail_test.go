package logs

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/signature"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/mem"
	"github.com/dari-bus/dari/internal/wire/eventstream"
)

const groupOfTail = "arn:aws:logs:eu-central-1:" + account + ":log-group:g"

// A recorder keeps what is written, to be looked at while more comes.
type recorder struct {
	mu      sync.Mutex
	written bytes.Buffer
	header  http.Header
}

func (r *recorder) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.written.Write(b)
}

func (r *recorder) Read(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.written.Read(b)
}

func (r *recorder) Header() http.Header { return r.header }
func (r *recorder) WriteHeader(int)     {}
func (r *recorder) Flush()              {}

// tail starts a session and returns what it has written, and its end.
func (c *client) tail(ctx context.Context, body string) (*recorder, <-chan struct{}) {
	c.t.Helper()
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "http://stream-logs.localhost:4566/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "Logs_20140328.StartLiveTail")
	if err := signature.Sign(r, []byte(body), signature.Credentials{AccessKey: account, Secret: "x", Region: "eu-central-1", Service: "logs"}, time.Now()); err != nil {
		c.t.Fatal(err)
	}
	w, ended := &recorder{header: http.Header{}}, make(chan struct{})
	go func() {
		defer close(ended)
		c.h.ServeHTTP(w, r)
	}()
	synctest.Wait()
	return w, ended
}

// updates reads what a session has sent: the kind of each message, with the number
// of events in an update and whether they are a sample.
func updates(t *testing.T, r *recorder) (all []string, last []byte) {
	t.Helper()
	for {
		m, err := eventstream.Read(r)
		if err == io.EOF {
			return all, last
		}
		if err != nil {
			t.Fatal(err)
		}
		kind := m.Header(":event-type") + m.Header(":exception-type")
		if kind == "sessionUpdate" {
			var u liveTailSessionUpdate
			if err := json.Unmarshal(m.Payload, &u); err != nil {
				t.Fatal(err)
			}
			kind = fmt.Sprint(len(u.SessionResults), ",", u.SessionMetadata.Sampled)
		}
		all, last = append(all, kind), m.Payload
	}
}

// rooms-ahead L43
func TestALiveSessionHasAnUpdateEachSecondAndEndsAfterThreeHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := withStream(t)
		w, ended := c.tail(t.Context(), `{"logGroupIdentifiers":["`+groupOfTail+`"],"logEventFilterPattern":"\"b c\" -no","logStreamNamePrefixes":["s"]}`)
		time.Sleep(3*time.Second + time.Millisecond)
		synctest.Wait()
		if all, _ := updates(t, w); fmt.Sprint(all) != "[initial-response sessionStart 0,false 0,false 0,false]" {
			t.Errorf("with nothing written: %v", all)
		}
		at := make([]time.Time, 400)
		for i := range at {
			at[i] = time.Now()
		}
		c.must("CreateLogStream", `{"logGroupName":"g","logStreamName":"other"}`)
		c.must("PutLogEvents", events(at, "b c "))
		c.must("PutLogEvents", events(at, "b c "))
		c.must("PutLogEvents", events(at, "b c no"))
		c.must("PutLogEvents", strings.Replace(events(at, "b c "), `"logStreamName":"s"`, `"logStreamName":"other"`, 1))
		time.Sleep(time.Second)
		synctest.Wait()
		if all, _ := updates(t, w); fmt.Sprint(all) != "[500,true]" {
			t.Errorf("800 in a second: %v", all)
		}
		c.must("PutLogEvents", events(at[:1], "b c "))
		time.Sleep(time.Second)
		synctest.Wait()
		all, last := updates(t, w)
		want := fmt.Sprintf(`{"sessionMetadata":{"sampled":false},"sessionResults":[{"logStreamName":"s","logGroupIdentifier":"111111111111:g","message":"b c 0","timestamp":%d,"ingestionTime":%d}]}`, at[0].UnixMilli(), time.Now().Add(-time.Second).UnixMilli())
		if fmt.Sprint(all) != "[1,false]" || string(last) != want {
			t.Errorf("one: %v\n%s\n%s", all, last, want)
		}
		time.Sleep(3 * time.Hour)
		<-ended
		all, last = updates(t, w)
		if n := len(all); n < 3*3600-10 || all[n-1] != "SessionTimeoutException" || !strings.Contains(string(last), "three hours") {
			t.Errorf("%d messages, the last is %v: %s", n, all[len(all)-1], last)
		}
	})
}

// The host does not matter, which is why both prefixes of L43 are served.
func TestALiveSessionShowsALineAtOnceIfAskedTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := withStream(t)
		ctx, cancel := context.WithCancel(t.Context())
		w, ended := c.tail(ctx, `{"logGroupIdentifiers":["`+groupOfTail+`"],"updateMillis":10}`)
		for range 3 {
			c.must("PutLogEvents", events([]time.Time{time.Now()}, "x"))
			time.Sleep(11 * time.Millisecond)
		}
		time.Sleep(1500 * time.Millisecond)
		synctest.Wait()
		if all, _ := updates(t, w); fmt.Sprint(all) != "[initial-response sessionStart 1,false 1,false 1,false 0,false]" {
			t.Errorf("%v", all)
		}
		cancel() // as the server does when it stops
		<-ended
	})
}

// A slow store has what it is told, and syncs when disk is closed.
type slow struct {
	store.Store
	disk chan struct{}
}

func (s *slow) Update(ctx context.Context, fn func(store.Tx) error, opts ...store.Option) error {
	err := s.Store.Update(ctx, fn, opts...)
	if !slices.Contains(opts, store.Unsynced) {
		<-s.disk
	}
	return err
}

func TestALiveSessionShowsNothingThatAPowerCutCouldTakeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := &slow{mem.New(), make(chan struct{})}
		close(st.disk)
		c := open(t, st, access.Boundary{})
		c.must("CreateLogGroup", `{"logGroupName":"g"}`)
		c.must("CreateLogStream", `{"logGroupName":"g","logStreamName":"s"}`)
		c.must("PutLogEvents", events([]time.Time{time.Now()}, "x")) // which takes the first numbers
		w, ended := c.tail(t.Context(), `{"logGroupIdentifiers":["`+groupOfTail+`"],"updateMillis":0}`)
		st.disk = make(chan struct{})
		put := make(chan string, 1)
		go func() {
			_, fail := c.call("PutLogEvents", events([]time.Time{time.Now()}, "x"))
			put <- fail
		}()
		if err := c.s.Deliver(t.Context(), lineFor(t, "g", "", "a rule's, which waits for no disk")); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if all, _ := updates(t, w); fmt.Sprint(all) != "[initial-response sessionStart]" {
			t.Errorf("before the disk has it: %v", all)
		}
		close(st.disk)
		synctest.Wait()
		if all, _ := updates(t, w); !strings.HasPrefix(fmt.Sprint(all), "[2,false") {
			t.Errorf("then: %v", all)
		}
		if fail := <-put; fail != "" {
			t.Error(fail)
		}
		time.Sleep(3 * time.Hour)
		<-ended
	})
}

func TestWhatNoLiveSessionCanBeAbout(t *testing.T) {
	c := withStream(t)
	c.must("CreateLogGroup", `{"logGroupName":"rare","logGroupClass":"INFREQUENT_ACCESS"}`)
	c.must("CreateLogGroup", `{"logGroupName":"h"}`)
	for body, want := range map[string]string{
		`{}`:                            "InvalidParameterException: 1 validation error",
		`{"logGroupIdentifiers":["g"]}`: "InvalidParameterException: A live session names its log groups by their ARNs",
		`{"logGroupIdentifiers":["` + groupOfTail + `:*"]}`:                                                                      "InvalidParameterException: 1 validation error detected: Value '[",
		`{"logGroupIdentifiers":["` + groupOfTail + `none"]}`:                                                                    "ResourceNotFoundException: The specified log group does not exist.",
		`{"logGroupIdentifiers":["` + groupOfTail + `","` + groupOfTail + `"]}`:                                                  "InvalidParameterException: The log group g is named twice.",
		`{"logGroupIdentifiers":["` + groupOfTail + `","` + strings.TrimSuffix(groupOfTail, "g") + `h"],"logStreamNames":["s"]}`: "InvalidParameterException: Streams can be chosen in a live session of one",
		`{"logGroupIdentifiers":["` + groupOfTail + `"],"logStreamNames":["s"],"logStreamNamePrefixes":["s"]}`:                   "InvalidParameterException: LogStream names and",
		`{"logGroupIdentifiers":["` + groupOfTail + `"],"logEventFilterPattern":"{"}`:                                            "InvalidParameterException: Invalid filter pattern",
		`{"logGroupIdentifiers":["` + strings.TrimSuffix(groupOfTail, "g") + `rare"]}`:                                           "InvalidOperationException: The log group rare is of the class",
	} {
		c.refuses("StartLiveTail", body, want)
	}
	none := open(t, mem.New(), access.Boundary{})
	none.refuses("StartLiveTail", `{"logGroupIdentifiers":["`+strings.Replace(groupOfTail, account, "222222222222", 1)+`"]}`, "AccessDeniedException")
}
