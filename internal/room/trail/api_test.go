package trail

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/signature"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/mem"
	"github.com/dari-bus/dari/internal/wire"
)

// groups are log groups that keep what they get.
type groups struct {
	lines []string // ARNs, streams and names of calls
	// broken is what they say of what is written to them.
	broken error
	// gone says that they go before a transaction is over.
	gone bool
}

func (g *groups) Writes(access.Caller, string, string) error { return nil }

func (g *groups) Draft(_ access.Caller, group, stream string, _ int64, texts [][]byte) (Emission, error) {
	w := written{groups: g}
	for _, text := range texts {
		w.new = append(w.new, group+" "+stream+" "+nameOf(string(text)))
	}
	return w, g.broken
}

type written struct {
	*groups
	new []string
}

func (w written) Owe(store.Tx) error {
	if w.gone {
		return fault.NotFound("it has gone")
	}
	return nil
}

func (w written) End(kept bool) {
	if kept {
		w.lines = append(w.lines, w.new...)
	}
}

func act(string, string) (access.Caller, error) { return access.Caller{}, nil }

// nameOf is the name of the call that a record is of.
func nameOf(record string) string {
	var r Record
	if err := json.Unmarshal([]byte(record), &r); err != nil {
		return err.Error()
	}
	return r.EventName
}

// A door is the room as callers see it, and a queue.
type door struct {
	*house
	t *testing.T
	h http.Handler
}

func openDoor(t *testing.T, strict bool) *door {
	t.Helper()
	return doorOf(t, open(t, mem.New(), func(o *Options) { o.Strict = strict }))
}

func doorOf(t *testing.T, h *house) *door {
	t.Helper()
	d := &door{house: h, t: t}
	sqs := &wire.Service{
		Name: "sqs", Title: "SQS", Target: "AmazonSQS", Protocols: []wire.Protocol{wire.JSON10}, Quotas: []string{}, Deviations: []string{},
		Operations: []wire.Operation{wire.Op("SendMessage", func(context.Context, *sendInput) (*wire.Empty, error) { return nil, nil }).OnData()},
	}
	var err error
	if d.h, err = wire.NewHandler(wire.Options{Services: []*wire.Service{API(d.Service), sqs}, Record: d.Record}); err != nil {
		t.Fatal(err)
	}
	return d
}

// onBus are the names of the calls that were on the bus.
func (d *door) onBus() (names []string) {
	for _, e := range d.events {
		names = append(names, nameOf(e.Detail))
	}
	return names
}

type sendInput struct {
	QueueUrl, MessageBody *string
}

// call returns what an operation answers: a JSON object, or an error's code and message.
func (d *door) call(target, body string) (map[string]any, string) {
	d.t.Helper()
	r := httptest.NewRequest(http.MethodPost, "http://localhost:4566/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", target)
	service := "cloudtrail"
	if strings.HasPrefix(target, "AmazonSQS") {
		service = "sqs"
	}
	if err := signature.Sign(r, []byte(body), signature.Credentials{AccessKey: account, Secret: "x", Region: "eu-central-1", Service: service}, time.Now()); err != nil {
		d.t.Fatal(err)
	}
	w := httptest.NewRecorder()
	d.h.ServeHTTP(w, r)
	var out map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		d.t.Fatal(err, w.Body)
	}
	if w.Code != http.StatusOK {
		return nil, fmt.Sprint(out["__type"], ": ", out["message"])
	}
	return out, ""
}

const prefix = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101."

func (d *door) must(name, body string) map[string]any {
	d.t.Helper()
	out, fail := d.call(prefix+name, body)
	if fail != "" {
		d.t.Fatalf("%s %s: %s", name, body, fail)
	}
	return out
}

func (d *door) refuses(name, body, want string) {
	d.t.Helper()
	if _, fail := d.call(prefix+name, body); !strings.HasPrefix(fail, want) {
		d.t.Errorf("%s %.200s: %q, want %q", name, body, fail, want)
	}
}

// Both names of the service lead to it: old clients send the short one.
func TestBothTargetPrefixesLeadToTheTrail(t *testing.T) {
	d := openDoor(t, false)
	for _, p := range []string{prefix, "CloudTrail_20131101."} {
		if out, fail := d.call(p+"DescribeTrails", `{}`); fail != "" || len(out["trailList"].([]any)) != 0 {
			t.Errorf("%s: %v %s", p, out, fail)
		}
	}
}

// C1: LookupEvents takes one attribute, not two of which one is lost.
func TestEventsAreLookedUpByOneAttribute(t *testing.T) {
	d := openDoor(t, false)
	d.refuses("LookupEvents", `{"LookupAttributes":[{"AttributeKey":"Username","AttributeValue":"anna"},{"AttributeKey":"ReadOnly","AttributeValue":"false"}]}`,
		"InvalidLookupAttributesException: ")
}

// C2: there are 50 events in an answer, no more can be asked for, and the third call
// within a second is refused.
func TestLookupEventsHasAPageAndAPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := openDoor(t, false)
		for range 60 {
			d.must("DescribeTrails", `{}`)
		}
		first := d.must("LookupEvents", `{}`)
		if n := len(first["Events"].([]any)); n != 50 {
			t.Errorf("an answer has %d events", n)
		}
		d.refuses("LookupEvents", `{"MaxResults":51}`, "InvalidMaxResultsException: ")
		d.refuses("LookupEvents", `{}`, "ThrottlingException: Rate exceeded")
		time.Sleep(time.Second)
		rest := d.must("LookupEvents", fmt.Sprintf(`{"NextToken":%q,"LookupAttributes":[{"AttributeKey":"EventName","AttributeValue":"DescribeTrails"}]}`, first["NextToken"]))
		if n := len(rest["Events"].([]any)); n != 10 {
			t.Errorf("the second page has %d events", n)
		}
		d.refuses("LookupEvents", `{"NextToken":"none"}`, "InvalidNextTokenException: ")
		time.Sleep(time.Second)
		d.refuses("LookupEvents", `{"StartTime":2,"EndTime":1}`, "InvalidTimeRangeException: ")
		if out := d.must("LookupEvents", `{"EventCategory":"insight"}`); len(out["Events"].([]any)) != 0 {
			t.Errorf("insights: %v", out)
		}
	})
}

// C7: a row's ReadOnly is a text, its Resources a list also when there are none, and
// its CloudTrailEvent a text of JSON, in which readOnly is a boolean.
func TestARowOfLookupEvents(t *testing.T) {
	d := openDoor(t, false)
	d.must("CreateTrail", `{"Name":"abc","S3BucketName":"bucket"}`)
	d.must("ListTrails", `{}`)
	rows := d.must("LookupEvents", `{}`)["Events"].([]any)
	if len(rows) != 2 {
		t.Fatal(rows)
	}
	listed, created := rows[0].(map[string]any), rows[1].(map[string]any)
	for name, want := range map[string]any{"EventName": "CreateTrail", "ReadOnly": "false", "EventSource": "cloudtrail.amazonaws.com", "Username": "root", "AccessKeyId": account} {
		if created[name] != want {
			t.Errorf("%s is %v, want %v", name, created[name], want)
		}
	}
	if _, ok := created["EventTime"].(float64); !ok {
		t.Errorf("EventTime is %v", created["EventTime"])
	}
	if n, ok := listed["Resources"].([]any); listed["ReadOnly"] != "true" || !ok || len(n) != 0 {
		t.Errorf("ListTrails: %v", listed)
	}
	var record map[string]any
	if err := json.Unmarshal([]byte(created["CloudTrailEvent"].(string)), &record); err != nil || record["readOnly"] != false || record["eventID"] != created["EventId"] {
		t.Errorf("%v %v", err, record)
	}
}

func TestATrailFromBeginningToEnd(t *testing.T) {
	d := openDoor(t, false)
	made := d.must("CreateTrail", `{"Name":"abc","S3BucketName":"bucket","TagsList":[{"Key":"k","Value":"v"}]}`)
	arn := made["TrailARN"].(string)
	if arn != "arn:aws:cloudtrail:eu-central-1:111111111111:trail/abc" || made["IncludeGlobalServiceEvents"] != true || made["IsMultiRegionTrail"] != false {
		t.Error(made)
	}
	status := d.must("GetTrailStatus", `{"Name":"`+arn+`"}`)
	if status["IsLogging"] != false || status["LatestDeliveryError"] != nil || status["StartLoggingTime"] != nil {
		t.Error(status)
	}
	d.must("StartLogging", `{"Name":"abc"}`)
	status = d.must("GetTrailStatus", `{"Name":"abc"}`)
	if status["IsLogging"] != true || status["LatestDeliveryError"] != "NoSuchBucket" || status["StartLoggingTime"] == nil || status["TimeLoggingStarted"] == "" {
		t.Error(status)
	}
	if got := fmt.Sprint(d.must("GetEventSelectors", `{"TrailName":"abc"}`)["EventSelectors"]); got != "[map[DataResources:[] ExcludeManagementEventSources:[] IncludeManagementEvents:true ReadWriteType:All]]" {
		t.Error(got)
	}
	d.must("PutEventSelectors", `{"TrailName":"abc","AdvancedEventSelectors":[{"Name":"n","FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]}]}]}`)
	if got := fmt.Sprint(d.must("GetEventSelectors", `{"TrailName":"abc"}`)); got != "map[AdvancedEventSelectors:[map[FieldSelectors:[map[Equals:[Management] Field:eventCategory]] Name:n]] TrailARN:"+arn+"]" {
		t.Error(got)
	}
	d.refuses("PutEventSelectors", `{"TrailName":"abc"}`, "InvalidEventSelectorsException: ")
	d.must("AddTags", `{"ResourceId":"`+arn+`","TagsList":[{"Key":"b","Value":"c"}]}`)
	d.must("RemoveTags", `{"ResourceId":"`+arn+`","TagsList":[{"Key":"k"}]}`)
	if got := fmt.Sprint(d.must("ListTags", `{"ResourceIdList":["`+arn+`"]}`)["ResourceTagList"]); got != "[map[ResourceId:"+arn+" TagsList:[map[Key:b Value:c]]]]" {
		t.Error(got)
	}
	d.refuses("ListTags", `{"ResourceIdList":["abc"]}`, "CloudTrailARNInvalidException: ")
	d.refuses("ListTags", `{"ResourceIdList":["`+arn+`x"]}`, "ResourceNotFoundException: ")
	d.refuses("GetInsightSelectors", `{"TrailName":"abc"}`, "InsightNotEnabledException: Trail "+arn+" does not have Insights enabled. Edit the trail settings to enable Insights, and then try the operation again.")
	d.refuses("PutInsightSelectors", `{"TrailName":"abc","InsightSelectors":[{"InsightType":"ApiCallRateInsight"}]}`, "UnsupportedOperationException: ")
	d.must("PutInsightSelectors", `{"TrailName":"abc","InsightSelectors":[]}`)
	d.refuses("UpdateTrail", `{"Name":"abc","KmsKeyId":"k"}`, "KmsKeyNotFoundException: ")
	d.refuses("UpdateTrail", `{"Name":"abc","SnsTopicName":"t"}`, "InvalidSnsTopicNameException: ")
	if got := d.must("UpdateTrail", `{"Name":"abc","IsMultiRegionTrail":true}`); got["IsMultiRegionTrail"] != true || got["S3BucketName"] != "bucket" {
		t.Error(got)
	}
	if got := d.must("GetTrail", `{"Name":"abc"}`)["Trail"].(map[string]any); got["HasCustomEventSelectors"] != true || got["HomeRegion"] != "eu-central-1" {
		t.Error(got)
	}
	if got := fmt.Sprint(d.must("ListTrails", `{}`)["Trails"]); got != "[map[HomeRegion:eu-central-1 Name:abc TrailARN:"+arn+"]]" {
		t.Error(got)
	}
	d.must("StopLogging", `{"Name":"abc"}`)
	d.must("DeleteTrail", `{"Name":"abc"}`)
	d.refuses("GetTrailStatus", `{"Name":"abc"}`, "TrailNotFoundException: Unknown trail: "+arn+" for the user: 111111111111")
}

const withGroup = `{"Name":"abc","S3BucketName":"bucket","CloudWatchLogsLogGroupArn":"arn:aws:logs:eu-central-1:111111111111:log-group:g:*","CloudWatchLogsRoleArn":"arn:aws:iam::111111111111:role/r"}`

// The log group of a trail has what it wants while it logs, and its status says when
// the group takes nothing.
func TestRecordsGoIntoTheLogGroupOfATrail(t *testing.T) {
	d := openDoor(t, false)
	d.must("CreateTrail", withGroup)
	d.must("DescribeTrails", `{}`)
	if d.groups.lines != nil {
		t.Errorf("a trail that does not log wrote %q", d.groups.lines)
	}
	d.must("StartLogging", `{"Name":"abc"}`)
	d.must("PutEventSelectors", `{"TrailName":"abc","EventSelectors":[{"ReadWriteType":"WriteOnly"}]}`)
	d.must("ListTrails", `{}`)
	const stream = "arn:aws:logs:eu-central-1:111111111111:log-group:g:* 111111111111_CloudTrail_eu-central-1 "
	if want := []string{stream + "StartLogging", stream + "PutEventSelectors"}; !slices.Equal(d.groups.lines, want) {
		t.Errorf("the log group has %q, want %q", d.groups.lines, want)
	}
	if status := d.must("GetTrailStatus", `{"Name":"abc"}`); status["LatestCloudWatchLogsDeliveryTime"] == nil || status["LatestCloudWatchLogsDeliveryError"] != nil {
		t.Error(status)
	}
	d.groups.broken = fault.Denied("not you")
	d.must("AddTags", `{"ResourceId":"arn:aws:cloudtrail:eu-central-1:111111111111:trail/abc","TagsList":[]}`)
	if status := d.must("GetTrailStatus", `{"Name":"abc"}`); status["LatestCloudWatchLogsDeliveryError"] != "not you" {
		t.Error(status)
	}
	if rows := d.must("LookupEvents", `{"LookupAttributes":[{"AttributeKey":"EventName","AttributeValue":"AddTags"}]}`)["Events"].([]any); len(rows) != 1 {
		t.Errorf("the history has %v of a call that the log group did not take", rows)
	}
}

// Calls on data are recorded when a trail asks, for its log group and the bus, and
// are not in the history.
func TestCallsOnDataAreRecordedWhenATrailAsks(t *testing.T) {
	d := openDoor(t, false)
	send := func() {
		t.Helper()
		if _, fail := d.call("AmazonSQS.SendMessage", `{"QueueUrl":"http://localhost:4566/111111111111/orders","MessageBody":"m"}`); fail != "" {
			t.Fatal(fail)
		}
	}
	d.must("CreateTrail", withGroup)
	d.must("StartLogging", `{"Name":"abc"}`)
	send()
	if slices.Contains(d.onBus(), "SendMessage") {
		t.Error("a call on data was on the bus, and no trail asked for it")
	}
	for queue, want := range map[string]bool{"orders": true, "mail": false} {
		d.must("PutEventSelectors", `{"TrailName":"abc","AdvancedEventSelectors":[{"FieldSelectors":[{"Field":"eventCategory","Equals":["Data"]},
			{"Field":"resources.type","Equals":["AWS::SQS::Queue"]},{"Field":"resources.ARN","Equals":["arn:aws:sqs:eu-central-1:111111111111:`+queue+`"]}]}]}`)
		d.events, d.groups.lines = nil, nil
		send()
		if slices.Contains(d.onBus(), "SendMessage") != want || (len(d.groups.lines) > 0) != want {
			t.Errorf("%s: bus %q, log group %q", queue, d.onBus(), d.groups.lines)
		}
	}
	if rows := d.must("LookupEvents", `{"LookupAttributes":[{"AttributeKey":"EventName","AttributeValue":"SendMessage"}]}`)["Events"].([]any); len(rows) != 0 {
		t.Errorf("the history has calls on data: %v", rows)
	}
}

// In the strict setting calls are on the bus as far as a trail wants them.
func TestWhenStrictATrailPutsCallsOnTheBus(t *testing.T) {
	d := openDoor(t, true)
	d.must("CreateTrail", `{"Name":"abc","S3BucketName":"bucket"}`)
	d.must("StartLogging", `{"Name":"abc"}`)
	d.must("PutEventSelectors", `{"TrailName":"abc","EventSelectors":[{"ReadWriteType":"WriteOnly","ExcludeManagementEventSources":["kms.amazonaws.com"]}]}`)
	d.must("ListTrails", `{}`)
	d.must("StopLogging", `{"Name":"abc"}`)
	d.must("DeleteTrail", `{"Name":"abc"}`)
	if want := []string{"StartLogging", "PutEventSelectors"}; !slices.Equal(d.onBus(), want) {
		t.Errorf("the bus has %q, want %q", d.onBus(), want)
	}
}

// A log group that goes while a record is written fails neither the record nor the
// call.
func TestALogGroupThatGoesHoldsNoRecordUp(t *testing.T) {
	d := openDoor(t, false)
	d.must("CreateTrail", withGroup)
	d.must("StartLogging", `{"Name":"abc"}`)
	d.groups.gone = true
	d.must("UpdateTrail", `{"Name":"abc"}`)
	if status := d.must("GetTrailStatus", `{"Name":"abc"}`); status["LatestCloudWatchLogsDeliveryError"] != "it has gone" {
		t.Error(status)
	}
	if rows := d.must("LookupEvents", `{"LookupAttributes":[{"AttributeKey":"EventName","AttributeValue":"UpdateTrail"}]}`)["Events"].([]any); len(rows) != 1 || d.Lost() != 0 {
		t.Errorf("the history has %v, and %d were lost", rows, d.Lost())
	}
}
