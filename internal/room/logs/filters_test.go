package logs

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/room/logs/filters"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/mem"
)

const (
	metricQ  = `"metricTransformations":[{"metricName":"m","metricNamespace":"n","metricValue":"1"`
	queueARN = "arn:aws:sqs:eu-central-1:111111111111:q"
)

// L16, L17 and L20 of the cases.
func TestMetricFiltersAreCheckedAsAWSDoes(t *testing.T) {
	c := withStream(t)
	put := func(name, pattern, rest string) string {
		p, _ := json.Marshal(pattern) // a string
		return fmt.Sprintf(`{"logGroupName":"g","filterName":%q,"filterPattern":%s,%s`, name, p, rest)
	}
	for _, pattern := range []string{"?ERROR ?WARN", `"[SUCCESS]"`} { // L16
		c.refuses("PutMetricFilter", put("f", pattern, metricQ+`,"dimensions":{"d":"$.d"}}]}`), "InvalidParameterException: The specified filter pattern does not support dimensions")
	}
	c.refuses("PutMetricFilter", put("f", "{ $.d = * }", metricQ+`,"dimensions":{"d":"$.d"},"defaultValue":0}]}`), // L17
		"InvalidParameterException: Invalid metric transformation: dimensions and default value are mutually exclusive properties")
	c.refuses("PutMetricFilter", put("f", "{ $.d = * }", metricQ+`,"dimensions":{"a":"$.a","b":"$.b","c":"$.c","d":"$.d"}}]}`), "InvalidParameterException: Invalid metric transformation: it has 4")
	c.refuses("PutMetricFilter", put("f", "{ $.d = * }", metricQ+`,"dimensions":{"a":"a"}}]}`), "InvalidParameterException: Invalid metric transformation: the dimension a")
	c.refuses("PutMetricFilter", put("f", "a", strings.Replace(metricQ, `"1"`, `"$.a"`, 1)+`}]}`), "InvalidParameterException: Invalid metric transformation: metricValue")
	// L20
	c.refuses("PutMetricFilter", put("f", "a", metricQ+`},{"metricName":"m","metricNamespace":"n","metricValue":"1"}]}`), "InvalidParameterException: 1 validation error detected: Value")
	c.refuses("PutMetricFilter", put("f", strings.Repeat("a", 1025), metricQ+`}]}`), "InvalidParameterException: 1 validation error detected: Value '"+strings.Repeat("a", 1025)+"' at 'filterPattern' failed to satisfy constraint: Member must have length less than or equal to 1024")
	c.refuses("PutMetricFilter", put("f", "a", strings.Replace(metricQ, `"m"`, `"`+strings.Repeat("m", 256)+`"`, 1)+`}]}`), "InvalidParameterException: 1 validation error detected: Value '"+strings.Repeat("m", 256)+"' at 'metricTransformations.1.member.metricName' failed to satisfy constraint: Member must have length less than or equal to 255")
	c.refuses("PutMetricFilter", put("f", "{ $.a", metricQ+`}]}`), "InvalidParameterException: Invalid filter pattern")
	c.refuses("PutMetricFilter", strings.Replace(put("f", "a", metricQ+`}]}`), `"g"`, `"none"`, 1), "ResourceNotFoundException: The specified log group does not exist.")
	c.refuses("DeleteMetricFilter", `{"logGroupName":"g","filterName":"f"}`, "ResourceNotFoundException: The specified filter does not exist.")

	for i := range filters.MaxMetrics {
		pattern := "a"
		if i < 5 {
			pattern = "%a%"
		}
		c.must("PutMetricFilter", put(fmt.Sprintf("f%03d", i), pattern, metricQ+`}]}`))
	}
	c.refuses("PutMetricFilter", put("more", "a", metricQ+`}]}`), "LimitExceededException: Resource limit exceeded.")
	c.refuses("PutMetricFilter", put("f099", "%b%", metricQ+`}]}`), "LimitExceededException: Resource limit exceeded.")
	c.must("PutMetricFilter", put("f000", "%b%", metricQ+`,"defaultValue":0.5,"unit":"Count"}]}`))
	if g := c.must("DescribeLogGroups", `{}`)["logGroups"].([]any)[0].(map[string]any); g["metricFilterCount"] != 100.0 {
		t.Errorf("the group has %v filters", g["metricFilterCount"])
	}
	first := c.must("DescribeMetricFilters", `{"logGroupName":"g","limit":1}`)
	row := first["metricFilters"].([]any)[0].(map[string]any)
	delete(row, "creationTime")
	want := map[string]any{
		"filterName": "f000", "filterPattern": "%b%", "logGroupName": "g", "applyOnTransformedLogs": false,
		"metricTransformations": []any{map[string]any{"metricName": "m", "metricNamespace": "n", "metricValue": "1", "defaultValue": 0.5, "unit": "Count"}},
	}
	if !reflect.DeepEqual(row, want) {
		t.Errorf("%v, want %v", row, want)
	}
	second := c.must("DescribeMetricFilters", fmt.Sprintf(`{"limit":1,"nextToken":%q,"metricName":"m","metricNamespace":"n"}`, first["nextToken"]))
	if name := second["metricFilters"].([]any)[0].(map[string]any)["filterName"]; name != "f001" {
		t.Errorf("then comes %v", name)
	}
	c.refuses("DescribeMetricFilters", `{"metricName":"m"}`, "InvalidParameterException: metricName and metricNamespace go together")
	c.refuses("DescribeMetricFilters", `{"nextToken":"x"}`, "InvalidParameterException: The specified nextToken is invalid.")
	if rows := c.must("DescribeMetricFilters", `{"metricName":"m","metricNamespace":"other"}`)["metricFilters"].([]any); len(rows) != 0 {
		t.Errorf("%v feed another metric", rows)
	}
	c.must("DeleteMetricFilter", `{"logGroupName":"g","filterName":"f000"}`)
	c.must("DeleteLogGroup", `{"logGroupName":"g"}`)
	c.must("CreateLogGroup", `{"logGroupName":"g"}`)
	if rows := c.must("DescribeMetricFilters", `{}`)["metricFilters"].([]any); len(rows) != 0 {
		t.Errorf("%d filters outlive their group", len(rows))
	}
}

// An outbox keeps what it is told.
type outbox struct {
	refuses map[string]bool
	lanes   map[uint64]string // live, retired or abandoned
	last    uint64
	owed    []filters.Message
	started int
}

func (o *outbox) Check(_, destination arn.ARN) error {
	if o.refuses[destination.String()] {
		return errors.New("no")
	}
	return nil
}

func (o *outbox) Begin(store.Tx, arn.ARN, string, arn.ARN) (uint64, error) {
	o.last++
	o.lanes[o.last] = "live"
	return o.last, nil
}

func (o *outbox) Retire(_ store.Tx, lane uint64) error {
	o.lanes[lane] = "retired"
	return nil
}

func (o *outbox) Abandon(_ store.Tx, lane uint64) error {
	o.lanes[lane] = "abandoned"
	return nil
}

func (o *outbox) Owe(_ store.Tx, _ arn.ARN, messages []filters.Message) (func(), error) {
	o.owed = append(o.owed, messages...)
	return func() { o.started++ }, nil
}

func withSubscribers(t *testing.T) (*client, *outbox) {
	o := &outbox{refuses: map[string]bool{}, lanes: map[uint64]string{}}
	c := openWith(t, Options{Store: mem.New(), Guard: access.Boundary{}, Outbox: o})
	c.must("CreateLogGroup", `{"logGroupName":"g"}`)
	c.must("CreateLogStream", `{"logGroupName":"g","logStreamName":"s"}`)
	return c, o
}

// unpack reads what a subscriber gets.
func unpack(t *testing.T, body []byte) (p struct {
	MessageType, Owner, LogGroup, LogStream string
	SubscriptionFilters                     []string
	LogEvents                               []struct {
		ID        string
		Timestamp int64
		Message   string
	}
}) {
	t.Helper()
	var m struct{ Awslogs struct{ Data []byte } }
	if err := json.Unmarshal(body, &m); err != nil {
		t.Fatal(err)
	}
	zip, err := gzip.NewReader(bytes.NewReader(m.Awslogs.Data))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(zip)
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// L28 and L29 of the cases, as far as they can be while there are no functions.
func TestSubscriptionsLeadWhereTheyCan(t *testing.T) {
	c, o := withSubscribers(t)
	put := func(name, destination, rest string) string {
		return fmt.Sprintf(`{"logGroupName":"g","filterName":%q,"filterPattern":"","destinationArn":%q%s}`, name, destination, rest)
	}
	for destination, want := range map[string]string{
		"arn:aws:lambda:eu-central-1:111111111111:function:f": "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute your function.",
		"arn:aws:kinesis:eu-central-1:111111111111:stream/s":  "PutSubscriptionFilter operation cannot work with destinationArn for vendor kinesis",
		"arn:aws:sqs:us-east-1:111111111111:q":                "destinationArn arn:aws:sqs:us-east-1:111111111111:q must be",
		queueARN + ".fifo":                                    "destinationArn " + queueARN + ".fifo must be",
		"arn:aws:sqs:eu-central-1:111111111111:none":          "Could not deliver test message to specified SQS queue.",
		"q": `destinationArn "q" is no ARN`,
	} {
		o.refuses["arn:aws:sqs:eu-central-1:111111111111:none"] = true
		c.refuses("PutSubscriptionFilter", put("f", destination, ""), "InvalidParameterException: "+want)
	}
	c.refuses("PutSubscriptionFilter", put("f", queueARN, `,"applyOnTransformedLogs":true`), "InvalidParameterException: dari does not transform")
	c.must("PutSubscriptionFilter", put("a", queueARN, `,"roleArn":"arn:aws:iam::111111111111:role/r","distribution":"Random"`))
	c.must("PutSubscriptionFilter", put("b", queueARN, ""))
	c.refuses("PutSubscriptionFilter", put("c", queueARN, ""), "LimitExceededException: Resource limit exceeded.")
	rows := c.must("DescribeSubscriptionFilters", `{"logGroupName":"g"}`)["subscriptionFilters"].([]any)
	for _, r := range rows {
		delete(r.(map[string]any), "creationTime")
	}
	want := []any{
		map[string]any{"filterName": "a", "logGroupName": "g", "filterPattern": "", "destinationArn": queueARN, "roleArn": "arn:aws:iam::111111111111:role/r", "distribution": "Random", "applyOnTransformedLogs": false},
		map[string]any{"filterName": "b", "logGroupName": "g", "filterPattern": "", "destinationArn": queueARN, "distribution": "ByLogStream", "applyOnTransformedLogs": false},
	}
	if !reflect.DeepEqual(rows, want) {
		t.Errorf("%v, want %v", rows, want)
	}
	c.must("PutSubscriptionFilter", put("a", queueARN, ""))
	c.must("DeleteSubscriptionFilter", `{"logGroupName":"g","filterName":"b"}`)
	c.refuses("DeleteSubscriptionFilter", `{"logGroupName":"g","filterName":"b"}`, "ResourceNotFoundException: The specified filter does not exist.")
	if want := map[uint64]string{1: "retired", 2: "abandoned", 3: "live"}; !reflect.DeepEqual(o.lanes, want) {
		t.Errorf("lanes %v, want %v", o.lanes, want)
	}
	c.must("DeleteLogGroup", `{"logGroupName":"g"}`)
	if o.lanes[3] != "abandoned" {
		t.Error("a subscription outlives its group")
	}
}

func TestASubscriberIsOwedWhatMatches(t *testing.T) {
	c, o := withSubscribers(t)
	c.must("PutSubscriptionFilter", `{"logGroupName":"g","filterName":"errors","filterPattern":"ERROR","destinationArn":"`+queueARN+`"}`)
	now := time.Now()
	c.must("PutLogEvents", events([]time.Time{now, now, now}, "INFO <"))
	if len(o.owed) != 0 {
		t.Fatalf("%d messages are owed for nothing", len(o.owed))
	}
	c.must("PutLogEvents", events([]time.Time{now, now}, "ERROR <é>"))
	if len(o.owed) != 1 || o.started != 1 {
		t.Fatalf("%d messages, %d started", len(o.owed), o.started)
	}
	p := unpack(t, o.owed[0].Body)
	if p.MessageType != "DATA_MESSAGE" || p.Owner != account || p.LogGroup != "g" || p.LogStream != "s" || !slices.Equal(p.SubscriptionFilters, []string{"errors"}) || len(p.LogEvents) != 2 {
		t.Fatalf("%+v", p)
	}
	found := c.must("FilterLogEvents", `{"logGroupName":"g","filterPattern":"ERROR"}`)["events"].([]any)
	for i, e := range p.LogEvents {
		f := found[i].(map[string]any)
		if e.ID != f["eventId"] || e.Message != f["message"] || e.Timestamp != now.UnixMilli() {
			t.Errorf("%+v, kept is %v", e, f)
		}
	}
	if o.owed[0].ID != p.LogEvents[0].ID {
		t.Errorf("the message is called %s", o.owed[0].ID)
	}
	c.must("DeleteSubscriptionFilter", `{"logGroupName":"g","filterName":"errors"}`)
	c.must("PutLogEvents", events([]time.Time{now}, "ERROR"))
	if len(o.owed) != 1 {
		t.Error("who has left is owed more")
	}
}

// A message has at most 256 KiB, so that a queue takes it, unless it has one event.
func TestALargeBatchIsManyMessages(t *testing.T) {
	c, o := withSubscribers(t)
	c.must("PutSubscriptionFilter", `{"logGroupName":"g","filterName":"all","filterPattern":"","destinationArn":"`+queueARN+`"}`)
	rng := rand.New(rand.NewPCG(1, 2))
	var batch []map[string]any
	for range 20 {
		text := make([]byte, 40_000)
		for i := range text {
			text[i] = byte(' ' + rng.IntN(94))
		}
		batch = append(batch, map[string]any{"timestamp": time.Now().UnixMilli(), "message": string(text)})
	}
	body, err := json.Marshal(map[string]any{"logGroupName": "g", "logStreamName": "s", "logEvents": batch})
	if err != nil {
		t.Fatal(err)
	}
	c.must("PutLogEvents", string(body))
	n := 0
	for _, m := range o.owed {
		for _, e := range unpack(t, m.Body).LogEvents {
			if e.Message != batch[n]["message"] {
				t.Fatalf("event %d is another one", n)
			}
			n++
		}
		if len(m.Body) > 256<<10 {
			t.Errorf("a message has %d bytes", len(m.Body))
		}
	}
	if n != len(batch) || len(o.owed) < 4 {
		t.Errorf("%d of %d events came in %d messages", n, len(batch), len(o.owed))
	}
}
