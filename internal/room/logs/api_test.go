package logs

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/logs/groups"
	"github.com/dari-bus/dari/internal/signature"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/mem"
	"github.com/dari-bus/dari/internal/wire"
)

const account = "111111111111"

// A client calls the room over the wire.
type client struct {
	t  *testing.T
	s  *Service
	st store.Store
	h  http.Handler
}

func open(t *testing.T, st store.Store, guard access.Guard) *client {
	t.Helper()
	return openWith(t, Options{Store: st, Guard: guard})
}

func openWith(t *testing.T, opt Options) *client {
	t.Helper()
	opt.Log = slog.New(slog.DiscardHandler)
	s, err := Open(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	h, err := wire.NewHandler(wire.Options{Services: []*wire.Service{API(s)}})
	if err != nil {
		t.Fatal(err)
	}
	return &client{t, s, opt.Store, h}
}

// call returns what an operation answers: a JSON object, or an error's code and message.
func (c *client) call(name, body string) (map[string]any, string) {
	c.t.Helper()
	answer := c.raw(name, body)
	var out map[string]any
	if answer != "" {
		if err := json.Unmarshal([]byte(answer), &out); err != nil {
			c.t.Fatal(err, answer)
		}
	}
	if out["__type"] != nil {
		return nil, fmt.Sprint(out["__type"], ": ", out["message"])
	}
	return out, ""
}

// raw returns the body of an answer.
func (c *client) raw(name, body string) string {
	c.t.Helper()
	r := httptest.NewRequest(http.MethodPost, "http://localhost:4566/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "Logs_20140328."+name)
	if err := signature.Sign(r, []byte(body), signature.Credentials{AccessKey: account, Secret: "x", Region: "eu-central-1", Service: "logs"}, time.Now()); err != nil {
		c.t.Fatal(err)
	}
	w := httptest.NewRecorder()
	c.h.ServeHTTP(w, r)
	b, err := io.ReadAll(w.Result().Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return string(b)
}

func (c *client) must(name, body string) map[string]any {
	c.t.Helper()
	out, fail := c.call(name, body)
	if fail != "" {
		c.t.Fatalf("%s %s: %s", name, body, fail)
	}
	return out
}

func (c *client) refuses(name, body, want string) {
	c.t.Helper()
	if _, fail := c.call(name, body); !strings.HasPrefix(fail, want) {
		c.t.Errorf("%s %.200s: %q, want %q", name, body, fail, want)
	}
}

// events makes the body of a PutLogEvents for the group g and the stream s.
func events(at []time.Time, text string) string {
	var all []map[string]any
	for i, t := range at {
		all = append(all, map[string]any{"timestamp": t.UnixMilli(), "message": fmt.Sprint(text, i)})
	}
	b, _ := json.Marshal(map[string]any{"logGroupName": "g", "logStreamName": "s", "logEvents": all}) // strings and numbers
	return string(b)
}

func messages(out map[string]any) (all []string) {
	for _, e := range out["events"].([]any) {
		all = append(all, e.(map[string]any)["message"].(string))
	}
	return all
}

func withStream(t *testing.T) *client {
	c := open(t, mem.New(), access.Boundary{})
	c.must("CreateLogGroup", `{"logGroupName":"g"}`)
	c.must("CreateLogStream", `{"logGroupName":"g","logStreamName":"s"}`)
	return c
}

func TestMistakesAreSaidInAWSsWords(t *testing.T) {
	c := withStream(t)
	now := time.Now()
	c.refuses("CreateLogGroup", `{"logGroupName":"g"}`, "ResourceAlreadyExistsException: The specified log group already exists")
	c.refuses("CreateLogStream", `{"logGroupName":"g","logStreamName":"s"}`, "ResourceAlreadyExistsException: The specified log stream already exists")
	c.refuses("DeleteLogGroup", `{"logGroupName":"none"}`, "ResourceNotFoundException: The specified log group does not exist.")
	c.refuses("GetLogEvents", `{"logGroupName":"g","logStreamName":"none"}`, "ResourceNotFoundException: The specified log stream does not exist.")
	c.refuses("CreateLogGroup", `{"logGroupName":"a b"}`, "InvalidParameterException: 1 validation error detected: Value 'a b' at 'logGroupName'")
	c.refuses("PutRetentionPolicy", `{"logGroupName":"g","retentionInDays":2}`, "InvalidParameterException: ")
	c.refuses("FilterLogEvents", `{"logGroupName":"g","limit":10001}`, "InvalidParameterException: 1 validation error detected: Value '10001' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 10000")
	c.refuses("FilterLogEvents", `{"logGroupName":"g","nextToken":"invalid-token"}`, "InvalidParameterException: The specified nextToken is invalid.")
	c.refuses("GetLogEvents", `{"logGroupName":"g","logStreamName":"s","nextToken":"invalid-token"}`, "InvalidParameterException: The specified nextToken is invalid.")
	c.refuses("FilterLogEvents", `{"logGroupName":"g","filterPattern":"{ $.a"}`, "InvalidParameterException: Invalid filter pattern")
	c.refuses("DescribeLogGroups", `{"logGroupNamePrefix":"a","logGroupNamePattern":"b"}`, "InvalidParameterException: LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
	c.refuses("DescribeLogStreams", `{"logGroupName":"a","logGroupIdentifier":"b"}`, "InvalidParameterException: LogGroup name and LogGroup ARN are mutually exclusive parameters.")
	c.refuses("DeleteResourcePolicy", `{"policyName":"x"}`, "ResourceNotFoundException: Policy with name [x] does not exist.")
	c.refuses("PutLogEvents", events([]time.Time{now, now.Add(-1 * time.Second)}, ""), "InvalidParameterException: Log events in a single PutLogEvents request must be in chronological order.")
	c.refuses("PutLogEvents", events([]time.Time{now.Add(-25 * time.Hour), now}, ""), "InvalidParameterException: The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
	c.refuses("PutLogEvents", events([]time.Time{now}, strings.Repeat("x", 1<<20)), "InvalidParameterException: Log event too large: ")
	c.refuses("PutLogEvents", events([]time.Time{now, now}, strings.Repeat("x", 700_000)), "InvalidParameterException: Upload too large: ")
	c.refuses("CreateLogGroup", `{"logGroupName":"k","kmsKeyId":"arn:aws:kms:x"}`, "InvalidParameterException: dari does not encrypt")
	c.must("PutLogGroupDeletionProtection", `{"logGroupIdentifier":"g","deletionProtectionEnabled":true}`)
	c.refuses("DeleteLogGroup", `{"logGroupName":"g"}`, "OperationAbortedException: ")
}

// ahead L22, L23, L25.
func TestEventsAreReadInPages(t *testing.T) {
	c := withStream(t)
	begin := time.Now().Add(-time.Hour).Truncate(time.Second)
	var at []time.Time
	for i := range 25 {
		at = append(at, begin.Add(time.Duration(i)*time.Second))
	}
	c.must("PutLogEvents", events(at[:3], "word "))
	span := fmt.Sprintf(`"logGroupName":"g","startTime":%d,"endTime":%d`, at[0].UnixMilli(), at[2].UnixMilli())
	if got := messages(c.must("GetLogEvents", `{"logStreamName":"s",`+span+`}`)); len(got) != 2 {
		t.Errorf("the end of GetLogEvents is not part of it; got %q", got)
	}
	if got := messages(c.must("FilterLogEvents", `{`+span+`}`)); len(got) != 3 {
		t.Errorf("the end of FilterLogEvents is part of it; got %q", got)
	}
	c.must("PutLogEvents", events(at[3:], "more "))

	token, sizes := "", []int{}
	for range 4 {
		out := c.must("GetLogEvents", `{"logGroupName":"g","logStreamName":"s","startFromHead":true,"limit":20`+token+`}`)
		next := `,"nextToken":"` + out["nextForwardToken"].(string) + `"`
		if sizes = append(sizes, len(messages(out))); len(sizes) == 3 && next != token {
			t.Errorf("at the end the token is %s, and was %s", next, token)
		}
		token = next
	}
	if fmt.Sprint(sizes) != "[20 5 0 0]" {
		t.Errorf("pages of %v", sizes)
	}
	last := c.must("GetLogEvents", `{"logGroupName":"g","logStreamName":"s","limit":2}`)
	before := c.must("GetLogEvents", `{"logGroupName":"g","logStreamName":"s","limit":2,"nextToken":"`+last["nextBackwardToken"].(string)+`"}`)
	if got := fmt.Sprint(messages(before), messages(last)); got != "[[more 18 more 19] [more 20 more 21]]" && got != "[more 18 more 19] [more 20 more 21]" {
		t.Errorf("the last are %s", got)
	}

	out := c.must("FilterLogEvents", `{"logGroupName":"g","limit":20}`)
	rest := c.must("FilterLogEvents", `{"logGroupName":"g","limit":20,"nextToken":"`+out["nextToken"].(string)+`"}`)
	if len(messages(out)) != 20 || len(messages(rest)) != 5 || rest["nextToken"] != nil {
		t.Errorf("pages of %d and %d", len(messages(out)), len(messages(rest)))
	}
	if got := messages(c.must("FilterLogEvents", `{"logGroupName":"g","filterPattern":"word"}`)); fmt.Sprint(got) != "[word 0 word 1 word 2]" {
		t.Errorf("found %q", got)
	}
	latest := c.must("FilterLogEvents", fmt.Sprintf(`{"logGroupName":"g","limit":1,"startFromHead":false,"startTime":%d}`, at[0].UnixMilli()))
	if got := messages(latest); fmt.Sprint(got) != "[more 21]" {
		t.Errorf("the latest is %q", got)
	}
}

// ahead L26.
func TestEventsThatAreTooOldOrTooNewAreNotKeptAndTheOthersAre(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)))
		c := withStream(t)
		now := time.Now()
		for _, x := range []struct {
			at   []time.Time
			want string
		}{
			{[]time.Time{now.Add(-14*24*time.Hour - time.Hour), now.Add(-14*24*time.Hour + time.Hour)}, "map[tooOldLogEventEndIndex:1]"},
			{[]time.Time{now, now.Add(3 * time.Hour)}, "map[tooNewLogEventStartIndex:1]"},
			{[]time.Time{now.Add(-30 * 24 * time.Hour)}, "map[tooOldLogEventEndIndex:1]"},
		} {
			if got := fmt.Sprint(c.must("PutLogEvents", events(x.at, "m"))["rejectedLogEventsInfo"]); got != x.want {
				t.Errorf("%s, want %s", got, x.want)
			}
		}
		if got := messages(c.must("FilterLogEvents", `{"logGroupName":"g"}`)); fmt.Sprint(got) != "[m1 m0]" {
			t.Errorf("kept are %q", got)
		}
		c.must("PutRetentionPolicy", `{"logGroupName":"g","retentionInDays":1}`)
		if got := fmt.Sprint(c.must("PutLogEvents", events([]time.Time{now.Add(-25 * time.Hour), now.Add(-time.Hour - 1)}, "m"))["rejectedLogEventsInfo"]); got != "map[expiredLogEventEndIndex:1]" {
			t.Error(got)
		}
	})
}

// TestRetentionEmptiesReadsAtOnceAndTheDiskSoon measures in bytes.
func TestRetentionEmptiesReadsAtOnceAndTheDiskSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)))
		c := withStream(t)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- c.s.Run(ctx) }()
		c.must("PutRetentionPolicy", `{"logGroupName":"g","retentionInDays":1}`)
		text := ""
		for i := range 2000 {
			text += fmt.Sprint(rand.IntN(1000), "-", i, " ")
		}
		for range 20 {
			c.must("PutLogEvents", events([]time.Time{time.Now()}, text))
			time.Sleep(time.Second)
		}
		full := stored(t, c.st)
		time.Sleep(24*time.Hour - 30*time.Second)
		if n := len(messages(c.must("FilterLogEvents", `{"logGroupName":"g"}`))); n != 20 {
			t.Errorf("%d events before they expire", n)
		}
		time.Sleep(31 * time.Second)
		if n := len(messages(c.must("FilterLogEvents", `{"logGroupName":"g"}`))); n != 0 {
			t.Errorf("%d events are read that have expired", n)
		}
		if n := len(messages(c.must("GetLogEvents", `{"logGroupName":"g","logStreamName":"s"}`))); n != 0 {
			t.Errorf("%d events are read that have expired", n)
		}
		time.Sleep(24 * time.Hour)
		if left := stored(t, c.st); left != 0 || full < 50_000 {
			t.Errorf("%d bytes are left of %d", left, full)
		}
		if n := c.must("DescribeLogGroups", `{}`)["logGroups"].([]any)[0].(map[string]any)["storedBytes"]; n != 0.0 {
			t.Errorf("%v bytes are said to be stored", n)
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// stored is what blocks take in the store, in bytes.
func stored(t *testing.T, st store.Store) (n int) {
	t.Helper()
	err := st.View(t.Context(), func(tx store.Tx) error {
		for _, kind := range []string{"logs/b/", "logs/h/", "logs/d/"} {
			for k, v := range tx.Scan([]byte(kind), store.End([]byte(kind))) {
				n += len(k) + len(v)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// may is the guard of somebody who may do one thing with one resource.
type may struct{ action, resource string }

func (m may) Allow(a *access.Ask) error {
	if a.Action == m.action && a.Resource == m.resource {
		return nil
	}
	return fault.Denied("%s on %s", a.Action, a.Resource)
}

// ahead I31, I32.
func TestTheGuardIsAskedAboutTheStreamsOfAGroup(t *testing.T) {
	c := open(t, mem.New(), may{})
	const g = "arn:aws:logs:eu-central-1:111111111111:log-group:/app/x"
	for name, want := range map[string]string{
		`PutRetentionPolicy {"logGroupName":"/app/x","retentionInDays":1}`:                               g + ":log-stream:",
		`DeleteLogGroup {"logGroupName":"/app/x"}`:                                                       g + ":log-stream:",
		`CreateLogStream {"logGroupName":"/app/x","logStreamName":"s"}`:                                  g + ":log-stream:s",
		`GetLogEvents {"logGroupName":"/app/x","logStreamName":"s"}`:                                     g + ":log-stream:s",
		`TagResource {"resourceArn":"` + g + `","tags":{"a":"b"}}`:                                       g,
		`UntagResource {"resourceArn":"` + g + `","tagKeys":["a"]}`:                                      g,
		`ListTagsForResource {"resourceArn":"` + g + `"}`:                                                g,
		`FilterLogEvents {"logGroupIdentifier":"` + g + `"}`:                                             g + ":log-stream:",
		`PutLogGroupDeletionProtection {"logGroupIdentifier":"/app/x","deletionProtectionEnabled":true}`: g + ":log-stream:",
	} {
		op, body, _ := strings.Cut(name, " ")
		c.refuses(op, body, "AccessDeniedException: logs:"+op+" on "+want)
	}
}

func TestARuleWritesWhereAPolicyLetsIt(t *testing.T) {
	c := open(t, mem.New(), access.Boundary{ServicesNeedPolicy: true})
	c.must("CreateLogGroup", `{"logGroupName":"/aws/events/g"}`)
	from, err := access.Service(access.Events, "arn:aws:events:eu-central-1:"+account+":rule/r")
	if err != nil {
		t.Fatal(err)
	}
	deliver := func(group string, at time.Time) error {
		to := arn.New("logs", "eu-central-1", account, "log-group:"+group)
		return c.s.Deliver(t.Context(), groups.Line{Group: to, From: from, Time: at.UnixMilli(), Text: []byte("{}")})
	}
	now := time.Now()
	if err := deliver("/aws/events/g:*", now); fault.KindOf(err) != fault.KindDenied || !strings.Contains(err.Error(), "because no resource-based policy allows the logs:CreateLogStream action") {
		t.Errorf("without a policy: %v", err)
	}
	c.must("PutResourcePolicy", `{"policyName":"p","policyDocument":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":[\"events.amazonaws.com\",\"delivery.logs.amazonaws.com\"]},\"Action\":[\"logs:CreateLogStream\",\"logs:PutLogEvents\"],\"Resource\":\"arn:aws:logs:eu-central-1:111111111111:log-group:/aws/events/*:*\"}]}"}`)
	for range 2 {
		if err := deliver("/aws/events/g:*", now); err != nil {
			t.Error(err)
		}
	}
	if got := messages(c.must("FilterLogEvents", `{"logGroupName":"/aws/events/g"}`)); len(got) != 2 {
		t.Errorf("the group has %q", got)
	}
	if got := c.must("DescribeLogStreams", `{"logGroupName":"/aws/events/g"}`)["logStreams"].([]any); len(got) != 1 {
		t.Errorf("a rule has %d streams", len(got))
	}
	for _, x := range []struct {
		group string
		at    time.Time
		want  fault.Kind
	}{{"/aws/events/none", now, fault.KindNotFound}, {"/other", now, fault.KindDenied}, {"/aws/events/g", now.Add(-15 * 24 * time.Hour), fault.KindInvalid}} {
		if err := deliver(x.group, x.at); fault.KindOf(err) != x.want {
			t.Errorf("%s: %v", x.group, err)
		}
	}
	c.must("DeleteResourcePolicy", `{"policyName":"p"}`)
	if err := deliver("/aws/events/g", now); fault.KindOf(err) != fault.KindDenied {
		t.Errorf("the policy is gone: %v", err)
	}
}
