package sqs

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/wire"
)

// A client speaks to the service over the wire, in both dialects.
type client struct {
	t testing.TB
	*rig
	http http.Handler
}

func newClient(t testing.TB) *client { return newClientOn(newRig(t)) }

func newClientOn(r *rig) *client {
	r.t.Helper()
	h, err := wire.NewHandler(wire.Options{Services: []*wire.Service{API(r.Service)}, Account: account, Region: region, Log: quiet})
	if err != nil {
		r.t.Fatal(err)
	}
	return &client{t: r.t, rig: r, http: h}
}

// object is a JSON object.
type object = map[string]any

// raw makes a call in JSON and returns the answer.
func (c *client) raw(operation string, in any) *http.Response {
	c.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		c.t.Fatal(err)
	}
	req := httptest.NewRequest("POST", "http://localhost:4566/", strings.NewReader(string(body)))
	req.Header.Set("X-Amz-Target", "AmazonSQS."+operation)
	req.Header.Set("Content-Type", "application/x-amz-json-1.0")
	w := httptest.NewRecorder()
	c.http.ServeHTTP(w, req)
	return w.Result()
}

// call makes a call that succeeds.
func (c *client) call(operation string, in any) object {
	c.t.Helper()
	res := c.raw(operation, in)
	body, _ := io.ReadAll(res.Body)
	if res.StatusCode != http.StatusOK {
		c.t.Fatalf("%s: %d %s", operation, res.StatusCode, body)
	}
	out := object{}
	if len(body) > 0 {
		if err := json.Unmarshal(body, &out); err != nil {
			c.t.Fatalf("%s: %v in %s", operation, err, body)
		}
	}
	return out
}

// A failure is what a client sees of an error.
type failure struct {
	status               int
	shape, query, reason string
}

func (c *client) fail(operation string, in any) failure {
	c.t.Helper()
	res := c.raw(operation, in)
	var body struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	if err := json.NewDecoder(res.Body).Decode(&body); err != nil || body.Type == "" {
		c.t.Fatalf("%s did not fail: %d, %v", operation, res.StatusCode, err)
	}
	return failure{res.StatusCode, strings.TrimPrefix(body.Type, "com.amazonaws.sqs#"), res.Header.Get("X-Amzn-Query-Error"), body.Message}
}

// form makes a call in the query protocol and returns status and XML, or what
// accept says.
func (c *client) form(path, params string, accept ...string) (int, string) {
	c.t.Helper()
	values := url.Values{"Version": {"2012-11-05"}}
	for param := range strings.FieldsSeq(params) {
		k, v, _ := strings.Cut(param, "=")
		values.Set(k, v)
	}
	req := httptest.NewRequest("POST", "http://localhost:4566"+path, strings.NewReader(values.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header["Accept"] = accept
	w := httptest.NewRecorder()
	c.http.ServeHTTP(w, req)
	return w.Code, w.Body.String()
}

// wantForm makes a call in the query protocol and compares what is inside of
// the result.
func (c *client) wantForm(path, params, want string) {
	c.t.Helper()
	_, got := c.form(path, params)
	if _, after, ok := strings.Cut(got, "Result>"); ok {
		got, _, _ = strings.Cut(after, "</"+strings.TrimPrefix(strings.Fields(params)[0], "Action=")+"Result>")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		c.t.Errorf("%s (-want +got):\n%s", params, diff)
	}
}

func urlFor(name string) string { return "http://localhost:4566/" + account + "/" + name }

func (c *client) createQueue(name string, attributes object) string {
	c.t.Helper()
	return c.call("CreateQueue", object{"QueueName": name, "Attributes": attributes})["QueueUrl"].(string)
}

func TestAPIIsTheWholeOfSQS(t *testing.T) {
	var names []string
	for _, o := range API(newRig(t).Service).Operations {
		if o.Refused != "" {
			t.Errorf("%s is refused: %s", o.Name, o.Refused)
		}
		names = append(names, o.Name)
	}
	slices.Sort(names)
	want := strings.Fields(`AddPermission CancelMessageMoveTask ChangeMessageVisibility ChangeMessageVisibilityBatch
		CreateQueue DeleteMessage DeleteMessageBatch DeleteQueue GetQueueAttributes GetQueueUrl
		ListDeadLetterSourceQueues ListMessageMoveTasks ListQueueTags ListQueues PurgeQueue ReceiveMessage
		RemovePermission SendMessage SendMessageBatch SetQueueAttributes StartMessageMoveTask TagQueue UntagQueue`)
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestErrorsAreThoseOfSQS(t *testing.T) {
	c := newClient(t)
	q := c.createQueue("q", nil)
	f := c.createQueue("f.fifo", object{"FifoQueue": "true"})
	gone := urlFor("gone")
	long := strings.Repeat("x", 1<<20+1)
	entry := func(id string) object { return object{"Id": id, "MessageBody": "m"} }
	many := make([]object, 20)
	for i := range many {
		many[i] = entry("e")
	}
	const (
		invalid = "InvalidParameterValueException"
		miss    = "MissingRequiredParameterException"
	)
	for _, tt := range []struct {
		operation string
		in        object
		want      failure
	}{
		{"SendMessage", object{"QueueUrl": gone, "MessageBody": "m"}, failure{400, "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue;Sender", "The specified queue does not exist."}},
		{"GetQueueUrl", object{"QueueName": "gone"}, failure{400, "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue;Sender", "The specified queue does not exist."}},
		{"DeleteQueue", object{"QueueUrl": "gone"}, failure{400, "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue;Sender", "The specified queue does not exist."}},
		{"SendMessage", object{"MessageBody": "m"}, failure{400, "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue;Sender", "The specified queue does not exist."}},
		{"CreateQueue", object{"QueueName": "a.b"}, failure{400, invalid, "InvalidParameterValue;Sender", "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"}},
		{"CreateQueue", object{}, failure{400, miss, "MissingParameter;Sender", "The request must contain the parameter QueueName."}},
		{"CreateQueue", object{"QueueName": strings.Repeat("q", 81)}, failure{400, invalid, "InvalidParameterValue;Sender", "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"}},
		{"CreateQueue", object{"QueueName": "x.fifo"}, failure{400, invalid, "InvalidParameterValue;Sender", "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length."}},
		{"CreateQueue", object{"QueueName": "x", "Attributes": object{"FifoQueue": "true"}}, failure{400, invalid, "InvalidParameterValue;Sender", "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length."}},
		{"CreateQueue", object{"QueueName": "q", "Attributes": object{"DelaySeconds": "1"}}, failure{400, "QueueNameExists", "QueueAlreadyExists;Sender", "A queue already exists with the same name and a different value for attribute DelaySeconds"}},
		{"GetQueueAttributes", object{"QueueUrl": q, "AttributeNames": []string{"Foo"}}, failure{400, "InvalidAttributeName", "InvalidAttributeName;Sender", "Unknown Attribute Foo."}},
		{"SetQueueAttributes", object{"QueueUrl": q, "Attributes": object{"VisibilityTimeout": "43201"}}, failure{400, "InvalidAttributeValue", "InvalidAttributeValue;Sender", "Invalid value for the parameter VisibilityTimeout."}},
		{"SetQueueAttributes", object{"QueueUrl": q, "Attributes": object{"FifoQueue": "true"}}, failure{400, "InvalidAttributeName", "InvalidAttributeName;Sender", "Unknown Attribute FifoQueue."}},
		{"SetQueueAttributes", object{"QueueUrl": f, "Attributes": object{"FifoQueue": "false"}}, failure{400, "InvalidAttributeValue", "InvalidAttributeValue;Sender", "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported."}},
		{"SetQueueAttributes", object{"QueueUrl": q, "Attributes": object{"QueueArn": "x"}}, failure{400, "InvalidAttributeName", "InvalidAttributeName;Sender", "Unknown Attribute QueueArn."}},
		{"SetQueueAttributes", object{"QueueUrl": q, "Attributes": object{"RedrivePolicy": `{"deadLetterTargetArn": "dummy", "maxReceiveCount": 42}`}}, failure{400, invalid, "InvalidParameterValue;Sender", `Value {"deadLetterTargetArn": "dummy", "maxReceiveCount": 42} for parameter RedrivePolicy is invalid. Reason: Invalid value for deadLetterTargetArn.`}},
		{"SendMessage", object{"QueueUrl": q, "MessageBody": ""}, failure{400, miss, "MissingParameter;Sender", "The request must contain the parameter MessageBody."}},
		{"SendMessage", object{"QueueUrl": q, "MessageBody": "\u0001"}, failure{400, "InvalidMessageContents", "InvalidMessageContents;Sender", "Invalid binary character '#x1' was found in the message body, the set of allowed characters is #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"}},
		{"SendMessage", object{"QueueUrl": q, "MessageBody": long}, failure{400, invalid, "InvalidParameterValue;Sender", "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes."}},
		{"SendMessage", object{"QueueUrl": f, "MessageBody": "m", "MessageDeduplicationId": "d"}, failure{400, miss, "MissingParameter;Sender", "The request must contain the parameter MessageGroupId."}},
		{"SendMessage", object{"QueueUrl": f, "MessageBody": "m", "MessageGroupId": ""}, failure{400, invalid, "InvalidParameterValue;Sender", "Value  for parameter MessageGroupId is invalid. Reason: MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length."}},
		{"ReceiveMessage", object{"QueueUrl": q, "MaxNumberOfMessages": 11}, failure{400, invalid, "InvalidParameterValue;Sender", "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided."}},
		{"ReceiveMessage", object{"QueueUrl": q, "WaitTimeSeconds": 21}, failure{400, invalid, "InvalidParameterValue;Sender", "Value 21 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided."}},
		{"ReceiveMessage", object{"QueueUrl": q, "VisibilityTimeout": 1 << 40}, failure{400, invalid, "InvalidParameterValue;Sender", "Value 1099511627776 for parameter VisibilityTimeout is invalid. Reason: Must be >= 0 and <= 43200, if provided."}},
		{"ReceiveMessage", object{"QueueUrl": q, "AttributeNames": []string{"Foo"}}, failure{400, "InvalidAttributeName", "InvalidAttributeName;Sender", "Unknown Attribute Foo."}},
		{"DeleteMessage", object{"QueueUrl": q, "ReceiptHandle": "foo"}, failure{404, "ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid;Sender", `The input receipt handle "foo" is not a valid receipt handle.`}},
		{"DeleteMessage", object{"QueueUrl": q}, failure{400, miss, "MissingParameter;Sender", "The request must contain the parameter ReceiptHandle."}},
		{"ChangeMessageVisibility", object{"QueueUrl": q, "ReceiptHandle": "foo"}, failure{400, miss, "MissingParameter;Sender", "The request must contain the parameter VisibilityTimeout."}},
		{"SendMessageBatch", object{"QueueUrl": q, "Entries": []object{}}, failure{400, "EmptyBatchRequest", "AWS.SimpleQueueService.EmptyBatchRequest;Sender", "There should be at least one SendMessageBatchRequestEntry in the request."}},
		{"SendMessageBatch", object{"QueueUrl": q, "Entries": many}, failure{400, "TooManyEntriesInBatchRequest", "AWS.SimpleQueueService.TooManyEntriesInBatchRequest;Sender", "Maximum number of entries per request are 10. You have sent 20."}},
		{"DeleteMessageBatch", object{"QueueUrl": q, "Entries": []object{entry("a:b")}}, failure{400, "InvalidBatchEntryId", "AWS.SimpleQueueService.InvalidBatchEntryId;Sender", "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long."}},
		{"ChangeMessageVisibilityBatch", object{"QueueUrl": q, "Entries": []object{entry("a"), entry("a")}}, failure{400, "BatchEntryIdsNotDistinct", "AWS.SimpleQueueService.BatchEntryIdsNotDistinct;Sender", "Id a repeated."}},
		{"SendMessageBatch", object{"QueueUrl": q, "Entries": []object{{"Id": "a", "MessageBody": long[1:]}, entry("b")}}, failure{400, "BatchRequestTooLong", "AWS.SimpleQueueService.BatchRequestTooLong;Sender", "Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes."}},
		{"SendMessageBatch", object{"QueueUrl": f, "Entries": []object{entry("a")}}, failure{400, invalid, "InvalidParameterValue;Sender", "The request must contain the parameter MessageGroupId."}},
		{"ListQueues", object{"MaxResults": 0}, failure{400, invalid, "InvalidParameterValue;Sender", "Value 0 for parameter MaxResults is invalid. Reason: MaxResults must be an integer between 1 and 1000."}},
		{"ListQueues", object{"MaxResults": 1, "NextToken": "x"}, failure{400, invalid, "InvalidParameterValue;Sender", "Parameter NextToken is not valid."}},
		{"CancelMessageMoveTask", object{"TaskHandle": "foo"}, failure{400, invalid, "InvalidParameterValue;Sender", "Value for parameter TaskHandle is invalid."}},
		{"StartMessageMoveTask", object{"SourceArn": at("gone").ARN()}, failure{404, "ResourceNotFoundException", "ResourceNotFoundException;Sender", "The resource that you specified for the SourceArn parameter doesn't exist."}},
		{"RemovePermission", object{"QueueUrl": q, "Label": "l"}, failure{400, invalid, "InvalidParameterValue;Sender", "Value l for parameter Label is invalid. Reason: can't find label."}},
	} {
		if got := c.fail(tt.operation, tt.in); got != tt.want {
			t.Errorf("%s\n got %+v\nwant %+v", tt.operation, got, tt.want)
		}
	}
	c.call("PurgeQueue", object{"QueueUrl": q})
	want := failure{403, "PurgeQueueInProgress", "AWS.SimpleQueueService.PurgeQueueInProgress;Sender", "Only one PurgeQueue operation on q is allowed every 60 seconds."}
	if got := c.fail("PurgeQueue", object{"QueueUrl": q}); got != want {
		t.Errorf("PurgeQueue\n got %+v\nwant %+v", got, want)
	}
}

func TestMessagesTravelInJSON(t *testing.T) {
	c := newClient(t)
	q := c.createQueue("q", nil)
	if q != urlFor("q") {
		t.Errorf("the URL is %s", q)
	}
	sent := c.call("SendMessage", object{
		"QueueUrl": q, "MessageBody": "msg",
		"MessageAttributes": object{
			"Hello": object{"DataType": "String", "StringValue": "There"}, "General": object{"DataType": "String", "StringValue": "Kenobi"},
			"Help.Me": object{"DataType": "String", "StringValue": "Me"},
		},
		"MessageSystemAttributes": object{"AWSTraceHeader": object{"DataType": "String", "StringValue": "Root=1"}},
	})
	id := sent["MessageId"]
	want := object{
		"MessageId": id, "MD5OfMessageBody": "6e2baaf3b97dbeef01c0043275f9a0e7", "MD5OfMessageAttributes": "4c360f3fdafd970e05fae2f149d997f5",
		"MD5OfMessageSystemAttributes": sent["MD5OfMessageSystemAttributes"],
	}
	if diff := cmp.Diff(want, sent); diff != "" {
		t.Errorf("SendMessage (-want +got):\n%s", diff)
	}
	text := func(s string) object { return object{"DataType": "String", "StringValue": s} }
	// The digests are those that AWS answered with.
	for _, tt := range []struct {
		names  []string
		digest any
		want   any
	}{
		{nil, nil, nil},
		{[]string{"Foo"}, nil, nil},
		{[]string{"Hello", "Foo"}, "a311262e065454b75da111d535b8dacd", object{"Hello": text("There")}},
		{[]string{"Hel.*"}, "83fee93c1bcd8b9a5a923ffacdc636c7", object{"Hello": text("There"), "Help.Me": text("Me")}},
		{[]string{"Hello", "General"}, "fca026605781cb4126a1e9044df24232", object{"Hello": text("There"), "General": text("Kenobi")}},
		{[]string{".*"}, "4c360f3fdafd970e05fae2f149d997f5", object{"Hello": text("There"), "General": text("Kenobi"), "Help.Me": text("Me")}},
		{[]string{"*"}, "4c360f3fdafd970e05fae2f149d997f5", object{"Hello": text("There"), "General": text("Kenobi"), "Help.Me": text("Me")}}, // as-aws 6
		{[]string{"Help*", "Hel*"}, nil, nil},
		{[]string{"All"}, "4c360f3fdafd970e05fae2f149d997f5", object{"Hello": text("There"), "General": text("Kenobi"), "Help.Me": text("Me")}},
	} {
		got := c.call("ReceiveMessage", object{"QueueUrl": q, "MessageAttributeNames": tt.names, "VisibilityTimeout": 0})["Messages"].([]any)[0].(object)
		want := object{"MessageId": id, "ReceiptHandle": got["ReceiptHandle"], "Body": "msg", "MD5OfBody": "6e2baaf3b97dbeef01c0043275f9a0e7"}
		if tt.want != nil {
			want["MessageAttributes"], want["MD5OfMessageAttributes"] = tt.want, tt.digest
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%v (-want +got):\n%s", tt.names, diff)
		}
	}
	got := c.call("ReceiveMessage", object{"QueueUrl": q, "AttributeNames": []string{"All"}})["Messages"].([]any)[0].(object)
	system := got["Attributes"].(object)
	if diff := cmp.Diff(object{
		"SenderId": account, "ApproximateReceiveCount": "10", "AWSTraceHeader": "Root=1",
		"SentTimestamp": system["SentTimestamp"], "ApproximateFirstReceiveTimestamp": system["ApproximateFirstReceiveTimestamp"],
	}, system); diff != "" {
		t.Errorf("system attributes (-want +got):\n%s", diff)
	}
	if n := len(system["SentTimestamp"].(string)); n != 13 {
		t.Errorf("SentTimestamp is %s; want milliseconds", system["SentTimestamp"])
	}
	if empty := c.call("ReceiveMessage", object{"QueueUrl": q}); len(empty) != 0 {
		t.Errorf("nothing is %v; want no Messages", empty)
	}
	c.call("ChangeMessageVisibility", object{"QueueUrl": q, "ReceiptHandle": got["ReceiptHandle"], "VisibilityTimeout": 60})
	c.call("DeleteMessage", object{"QueueUrl": q, "ReceiptHandle": got["ReceiptHandle"]})
	c.call("DeleteQueue", object{"QueueUrl": q})
}

func TestBatchesTellEachEntryItsFate(t *testing.T) {
	c := newClient(t)
	q := c.createQueue("q", object{"MaximumMessageSize": "1024"})
	out := c.call("SendMessageBatch", object{"QueueUrl": q, "Entries": []object{
		{"Id": "good", "MessageBody": "a"},
		{"Id": "big", "MessageBody": strings.Repeat("a", 1025)},
		{"Id": "bad", "MessageBody": "\u0000"},
		{"Id": "attr", "MessageBody": "a", "MessageAttributes": object{"n": object{"DataType": "Number", "StringValue": "x"}}},
	}})
	want := object{
		"Successful": []any{object{"Id": "good", "MessageId": out["Successful"].([]any)[0].(object)["MessageId"], "MD5OfMessageBody": "0cc175b9c0f1b6a831c399e269772661"}},
		"Failed": []any{
			object{"Id": "big", "SenderFault": true, "Code": "InvalidParameterValue", "Message": "One or more parameters cannot be validated. Reason: Message must be shorter than 1024 bytes."}, // as-aws 14
			object{"Id": "attr", "SenderFault": true, "Code": "InvalidParameterValue", "Message": "Can't cast the value of message (user) attribute 'n' to a number."},
			object{"Id": "bad", "SenderFault": true, "Code": "InvalidMessageContents", "Message": "Invalid binary character '#x0' was found in the message body, the set of allowed characters is #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"},
		},
	}
	if diff := cmp.Diff(want, out); diff != "" {
		t.Errorf("SendMessageBatch (-want +got):\n%s", diff)
	}
	receipt := c.call("ReceiveMessage", object{"QueueUrl": q})["Messages"].([]any)[0].(object)["ReceiptHandle"]
	for _, operation := range []string{"ChangeMessageVisibilityBatch", "DeleteMessageBatch"} {
		out := c.call(operation, object{"QueueUrl": q, "Entries": []object{
			{"Id": "good", "ReceiptHandle": receipt, "VisibilityTimeout": 60}, {"Id": "bad", "ReceiptHandle": "foo", "VisibilityTimeout": 1},
		}})
		want := object{
			"Successful": []any{object{"Id": "good"}},
			"Failed":     []any{object{"Id": "bad", "SenderFault": true, "Code": "ReceiptHandleIsInvalid", "Message": `The input receipt handle "foo" is not a valid receipt handle.`}},
		}
		if diff := cmp.Diff(want, out); diff != "" {
			t.Errorf("%s (-want +got):\n%s", operation, diff)
		}
	}
}

// as-aws 10: clients decide by whether the member is there.
func TestBatchWithOneFateHasOneList(t *testing.T) {
	c := newClient(t)
	q := c.createQueue("q", nil)
	for _, tt := range []struct {
		operation string
		entry     object
		list      string
	}{
		{"SendMessageBatch", object{"MessageBody": "a"}, "Successful"},
		{"SendMessageBatch", object{"MessageBody": "\u0000"}, "Failed"},
		{"DeleteMessageBatch", object{"ReceiptHandle": "foo"}, "Failed"},
		{"ChangeMessageVisibilityBatch", object{"ReceiptHandle": "foo", "VisibilityTimeout": 1}, "Failed"},
		{"ChangeMessageVisibilityBatch", object{"VisibilityTimeout": 0}, "Successful"},
		{"DeleteMessageBatch", object{}, "Successful"},
	} {
		tt.entry["Id"] = "a"
		if tt.list == "Successful" && tt.entry["MessageBody"] == nil {
			tt.entry["ReceiptHandle"] = c.call("ReceiveMessage", object{"QueueUrl": q, "VisibilityTimeout": 0})["Messages"].([]any)[0].(object)["ReceiptHandle"]
		}
		out := c.call(tt.operation, object{"QueueUrl": q, "Entries": []object{tt.entry}})
		if list, _ := out[tt.list].([]any); len(out) != 1 || len(list) != 1 {
			t.Errorf("%s: %v; want %s alone", tt.operation, out, tt.list)
		}
	}
}

// as-aws 7, for every operation and in both dialects.
func TestQueueCanBeCalledByItsNameAlone(t *testing.T) {
	c := newClient(t)
	c.createQueue("my-queue", nil)
	c.call("SendMessage", object{"QueueUrl": "my-queue", "MessageBody": "m"})
	receipt := c.call("ReceiveMessage", object{"QueueUrl": "my-queue"})["Messages"].([]any)[0].(object)["ReceiptHandle"]
	for _, tt := range []struct {
		operation string
		in        object
	}{
		{"SendMessageBatch", object{"Entries": []object{{"Id": "a", "MessageBody": "m"}}}},
		{"ChangeMessageVisibility", object{"ReceiptHandle": receipt, "VisibilityTimeout": 9}},
		{"ChangeMessageVisibilityBatch", object{"Entries": []object{{"Id": "a", "ReceiptHandle": receipt, "VisibilityTimeout": 9}}}},
		{"DeleteMessage", object{"ReceiptHandle": receipt}},
		{"DeleteMessageBatch", object{"Entries": []object{{"Id": "a", "ReceiptHandle": receipt}}}},
		{"GetQueueAttributes", object{"AttributeNames": []string{"All"}}},
		{"SetQueueAttributes", object{"Attributes": object{"DelaySeconds": "0"}}},
		{"AddPermission", object{"Label": "l", "AWSAccountIds": []string{account}, "Actions": []string{"*"}}},
		{"RemovePermission", object{"Label": "l"}},
		{"TagQueue", object{"Tags": object{"k": "v"}}},
		{"ListQueueTags", object{}},
		{"UntagQueue", object{"TagKeys": []string{"k"}}},
		{"ListDeadLetterSourceQueues", object{}},
		{"PurgeQueue", object{}},
	} {
		tt.in["QueueUrl"] = "my-queue"
		c.call(tt.operation, tt.in)
	}
	c.wantForm("/", "Action=GetQueueAttributes QueueUrl=my-queue AttributeName.1=QueueArn",
		"<Attribute><Name>QueueArn</Name><Value>"+at("my-queue").ARN()+"</Value></Attribute>")
	if status, got := c.form("/", "Action=DeleteQueue QueueUrl=my-queue"); status != 200 {
		t.Errorf("DeleteQueue: %d %s", status, got)
	}
}

// as-aws 5: instrumented clients send their trace as a header.
func TestTraceOfTheRequestIsTheTraceOfTheMessage(t *testing.T) {
	a := api{newRig(t).Service}
	in := wire.Caller{Caller: access.Root(account, region)}
	in.Trace = "Root=1-3152b799-8954dae64eda91bc9a23a7e8;Parent=7fa8c0f79203be72;Sampled=1"
	ctx := wire.WithCaller(t.Context(), in)
	name, body, own, kind := "q", "m", "Root=own", "String"
	if _, err := a.CreateQueue(ctx, &createQueueRequest{QueueName: &name}); err != nil {
		t.Fatal(err)
	}
	given := messageInput{MessageBody: &body, MessageSystemAttributes: map[string]messageAttribute{traceHeader: {DataType: &kind, StringValue: &own}}}
	for want, message := range map[string]messageInput{in.Trace: {MessageBody: &body}, own: given} {
		sent, err := a.SendMessage(ctx, &sendMessageRequest{QueueUrl: &name, messageInput: message})
		if err != nil || (sent.MD5OfMessageSystemAttributes != "") != (want == own) {
			t.Errorf("%s: %+v, %v; a digest is of what was sent as an attribute", want, sent, err)
		}
		if _, err := a.SendMessageBatch(ctx, &sendMessageBatchRequest{QueueUrl: &name, Entries: []sendBatchEntry{{&body, message}}}); err != nil {
			t.Fatal(err)
		}
		ten := 10
		got, err := a.ReceiveMessage(ctx, &receiveMessageRequest{QueueUrl: &name, AttributeNames: []string{"All"}, MaxNumberOfMessages: &ten})
		if err != nil || len(got.Messages) != 2 || got.Messages[0].Attributes[traceHeader] != want || got.Messages[1].Attributes[traceHeader] != want {
			t.Errorf("received %+v, %v; want two with the trace %s", got, err, want)
		}
	}
	in.Trace = "\xff" // no text, and no reason to lose the message
	if _, err := a.SendMessage(wire.WithCaller(t.Context(), in), &sendMessageRequest{QueueUrl: &name, messageInput: messageInput{MessageBody: &body}}); err != nil {
		t.Error(err)
	}
}

func TestOtherAccountsNeedThePolicy(t *testing.T) {
	r := newRig(t)
	c := newClientOn(r)
	q := c.createQueue("q", nil)
	c.call("AddPermission", object{"QueueUrl": q, "Label": "l", "AWSAccountIds": []string{"999999999999"}, "Actions": []string{"SendMessage"}})
	stranger := API(r.Service)
	ctx := wire.WithCaller(t.Context(), wire.Caller{Caller: access.Root("999999999999", region), Host: "localhost:4566"})
	a := api{r.Service}
	body := "m"
	if _, err := a.SendMessage(ctx, &sendMessageRequest{QueueUrl: &q, messageInput: messageInput{MessageBody: &body}}); err != nil {
		t.Errorf("an account that the policy names: %v", err)
	}
	_, err := a.ReceiveMessage(ctx, &receiveMessageRequest{QueueUrl: &q})
	e, ok := stranger.Error(err)
	want := wire.Error{
		Code: "AccessDeniedException", QueryCode: "AccessDenied", Status: http.StatusForbidden,
		Message: "User: arn:aws:iam::999999999999:root is not authorized to perform: sqs:ReceiveMessage on resource: " + at("q").ARN() +
			" because no resource-based policy allows the sqs:ReceiveMessage action",
	}
	if diff := cmp.Diff(want, e); !ok || diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestMessagesTravelInForms(t *testing.T) {
	c := newClient(t)
	c.wantForm("/", "Action=CreateQueue QueueName=q Attribute.1.Name=VisibilityTimeout Attribute.1.Value=0 Tag.1.Key=k Tag.1.Value=v", "<QueueUrl>"+urlFor("q")+"</QueueUrl>")
	_, sent := c.form("/"+account+"/q", "Action=SendMessage MessageBody=a&b MessageAttribute.1.Name=n MessageAttribute.1.Value.DataType=Number MessageAttribute.1.Value.StringValue=7")
	for _, part := range []string{
		`<SendMessageResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><SendMessageResult><MessageId>`,
		"<MD5OfMessageBody>" + BodyDigest("a&b") + "</MD5OfMessageBody>", "<MD5OfMessageAttributes>", "<ResponseMetadata><RequestId>",
	} {
		if !strings.Contains(sent, part) {
			t.Errorf("SendMessage: no %s in %s", part, sent)
		}
	}
	_, got := c.form("/", "Action=ReceiveMessage QueueUrl="+urlFor("q")+" AttributeName=ApproximateReceiveCount MessageAttributeName.1=All")
	for _, part := range []string{
		"<ReceiveMessageResult><Message><MessageId>", "<Body>a&amp;b</Body>",
		"<Attribute><Name>ApproximateReceiveCount</Name><Value>1</Value></Attribute>",
		"<MessageAttribute><Name>n</Name><Value><StringValue>7</StringValue><DataType>Number</DataType></Value></MessageAttribute>",
	} {
		if !strings.Contains(got, part) {
			t.Errorf("ReceiveMessage: no %s in %s", part, got)
		}
	}
	_, receipt, _ := strings.Cut(got, "<ReceiptHandle>")
	receipt, _, _ = strings.Cut(receipt, "</ReceiptHandle>")
	c.wantForm("/"+account+"/q", "Action=DeleteMessageBatch DeleteMessageBatchRequestEntry.1.Id=a DeleteMessageBatchRequestEntry.1.ReceiptHandle="+receipt+" DeleteMessageBatchRequestEntry.2.Id=b DeleteMessageBatchRequestEntry.2.ReceiptHandle=foo",
		"<DeleteMessageBatchResultEntry><Id>a</Id></DeleteMessageBatchResultEntry><BatchResultErrorEntry><Id>b</Id><SenderFault>true</SenderFault><Code>ReceiptHandleIsInvalid</Code><Message>The input receipt handle &quot;foo&quot; is not a valid receipt handle.</Message></BatchResultErrorEntry>")
	c.wantForm("/", "Action=ListQueues", "<QueueUrl>"+urlFor("q")+"</QueueUrl>")
	c.wantForm("/", "Action=ListQueueTags QueueUrl="+urlFor("q"), "<Tag><Key>k</Key><Value>v</Value></Tag>")
	c.wantForm("/", "Action=GetQueueAttributes AttributeName.1=VisibilityTimeout AttributeName.2=QueueArn QueueUrl="+urlFor("q"),
		"<Attribute><Name>QueueArn</Name><Value>"+at("q").ARN()+"</Value></Attribute><Attribute><Name>VisibilityTimeout</Name><Value>0</Value></Attribute>")
	status, gone := c.form("/"+account+"/gone", "Action=SendMessage MessageBody=m")
	want := "<Error><Type>Sender</Type><Code>AWS.SimpleQueueService.NonExistentQueue</Code><Message>The specified queue does not exist for this wsdl version.</Message>"
	if status != 400 || !strings.Contains(gone, want) {
		t.Errorf("%d %s; want 400 with %s", status, gone, want)
	}
	if status, got := c.form("/"+account+"/q", "Action=DeleteQueue"); status != 200 || strings.Contains(got, "Result>") {
		t.Errorf("DeleteQueue: %d %s", status, got)
	}
}

// as-aws 11 and 12
func TestFormsAreAnsweredInJSONToThoseWhoAcceptIt(t *testing.T) {
	c := newClient(t)
	q := "/" + account + "/q"
	c.createQueue("q", nil)
	c.form(q, "Action=SendMessage MessageBody=m MessageAttribute.1.Name=n MessageAttribute.1.Value.DataType=Number MessageAttribute.1.Value.StringValue=7")
	for _, tt := range []struct{ path, params, want string }{
		{q, "Action=GetQueueAttributes AttributeName.1=QueueArn AttributeName.2=DelaySeconds", `{"GetQueueAttributesResponse":{"GetQueueAttributesResult":{"Attributes":[{"Name":"DelaySeconds","Value":"0"},{"Name":"QueueArn","Value":"` + at("q").ARN() + `"}]},"ResponseMetadata":{"RequestId":"`},
		{q, "Action=ReceiveMessage MessageAttributeName.1=All AttributeName.1=ApproximateReceiveCount", `{"ReceiveMessageResponse":{"ReceiveMessageResult":{"messages":[{"MessageId":"`},
		{"/", "Action=ListQueues", `{"ListQueuesResponse":{"ListQueuesResult":{"queueUrls":["` + urlFor("q") + `"]},"ResponseMetadata":{"RequestId":"`},
		{q, "Action=DeleteMessage ReceiptHandle=x", `{"Error":{"Type":"Sender","Code":"ReceiptHandleIsInvalid","Message":"The input receipt handle \"x\" is not a valid receipt handle."},"RequestId":"`},
		{q, "Action=ListQueues", `{"Error":{"Type":"Sender","Code":"InvalidAction","Message":"The action ListQueues is not valid for this endpoint."},"RequestId":"`},
		{q, "Action=CreateQueue QueueName=new", `{"Error":{"Type":"Sender","Code":"InvalidAction","Message":"The action CreateQueue is not valid for this endpoint."},"RequestId":"`},
		{q, "Action=GetQueueUrl QueueName=q", `{"GetQueueUrlResponse":{"GetQueueUrlResult":{"QueueUrl":"` + urlFor("q")},
		{q, "Action=PurgeQueue", `{"PurgeQueueResponse":{"ResponseMetadata":{"RequestId":"`},
	} {
		_, got := c.form(tt.path, tt.params, "application/json")
		if !strings.HasPrefix(got, tt.want) || !json.Valid([]byte(got)) {
			t.Errorf("%s:\n got %s\nwant %s", tt.params, got, tt.want)
		}
		if part := `"Attributes":[{"Name":"ApproximateReceiveCount","Value":"1"}],"MD5OfMessageAttributes":"`; strings.Contains(got, "messages") && !strings.Contains(got, part) {
			t.Errorf("no %s in %s", part, got)
		}
	}
	if _, got := c.form(q, "Action=DeleteMessage ReceiptHandle=x"); !strings.Contains(got, "is not a valid receipt handle.</Message><Detail/></Error>") {
		t.Errorf("the error is %s", got)
	}
}
