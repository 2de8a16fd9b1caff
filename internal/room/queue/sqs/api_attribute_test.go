package sqs

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func (c *client) attributes(q string, names ...string) object {
	c.t.Helper()
	attributes, _ := c.call("GetQueueAttributes", object{"QueueUrl": q, "AttributeNames": names})["Attributes"].(object)
	return attributes
}

func (c *client) set(q string, attributes object) {
	c.t.Helper()
	c.call("SetQueueAttributes", object{"QueueUrl": q, "Attributes": attributes})
}

var times = cmpopts.IgnoreMapEntries(func(k string, _ any) bool { return strings.HasSuffix(k, "Timestamp") })

func TestAttributesOfANewQueueAreThoseOfAWS(t *testing.T) {
	c := newClient(t)
	want := object{
		"QueueArn": at("q").ARN(), "ApproximateNumberOfMessages": "0", "ApproximateNumberOfMessagesNotVisible": "0",
		"ApproximateNumberOfMessagesDelayed": "0", "VisibilityTimeout": "30", "MaximumMessageSize": "1048576",
		"MessageRetentionPeriod": "345600", "DelaySeconds": "0", "ReceiveMessageWaitTimeSeconds": "0", "SqsManagedSseEnabled": "true",
	}
	q := c.createQueue("q", nil)
	got := c.attributes(q, "All")
	if diff := cmp.Diff(want, got, times); diff != "" {
		t.Errorf("standard (-want +got):\n%s", diff)
	}
	for _, name := range []string{"CreatedTimestamp", "LastModifiedTimestamp"} {
		if v, _ := got[name].(string); len(v) != 10 {
			t.Errorf("%s is %v; want seconds", name, v)
		}
	}
	f := c.createQueue("f.fifo", object{"FifoQueue": "true"})
	want["QueueArn"], want["FifoQueue"], want["ContentBasedDeduplication"] = at("f.fifo").ARN(), "true", "false"
	want["DeduplicationScope"], want["FifoThroughputLimit"] = "queue", "perQueue"
	if diff := cmp.Diff(want, c.attributes(f, "All"), times); diff != "" {
		t.Errorf("FIFO (-want +got):\n%s", diff)
	}
	if none := c.attributes(q); len(none) != 0 {
		t.Errorf("no names give %v", none)
	}
}

func TestAttributesAreReadBackAsTheyWereSet(t *testing.T) {
	c := newClient(t)
	c.createQueue("dead", nil)
	dead := at("dead").ARN()
	q := c.createQueue("q", object{
		"MessageRetentionPeriod": "345600", "VisibilityTimeout": "30", "MaximumMessageSize": "262144",
		"ReceiveMessageWaitTimeSeconds": "0", "DelaySeconds": "0",
	})
	policy := `{ "Version": "2012-10-17", "Statement": [] }`
	c.set(q, object{
		"VisibilityTimeout": "1", "DelaySeconds": "900", "MaximumMessageSize": "1024", "MessageRetentionPeriod": "60",
		"ReceiveMessageWaitTimeSeconds": "20", "Policy": policy,
		"RedrivePolicy":      `{ "maxReceiveCount": "5", "deadLetterTargetArn": "` + dead + `" }`,
		"RedriveAllowPolicy": `{"redrivePermission":"byQueue","sourceQueueArns":["` + dead + `"]}`,
	})
	want := object{
		"VisibilityTimeout": "1", "DelaySeconds": "900", "MaximumMessageSize": "1024", "MessageRetentionPeriod": "60",
		"ReceiveMessageWaitTimeSeconds": "20", "Policy": policy,
		"RedrivePolicy":      `{"deadLetterTargetArn":"` + dead + `","maxReceiveCount":5}`,
		"RedriveAllowPolicy": `{"redrivePermission":"byQueue","sourceQueueArns":["` + dead + `"]}`,
	}
	names := []string{"VisibilityTimeout", "DelaySeconds", "MaximumMessageSize", "MessageRetentionPeriod", "ReceiveMessageWaitTimeSeconds", "Policy", "RedrivePolicy", "RedriveAllowPolicy"}
	c.restart()
	if diff := cmp.Diff(want, newClientOn(c.rig).attributes(q, names...)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	c = newClientOn(c.rig)
	c.set(q, object{"Policy": "", "RedrivePolicy": "", "RedriveAllowPolicy": ""})
	if got := c.attributes(q, "Policy", "RedrivePolicy", "RedriveAllowPolicy"); len(got) != 0 {
		t.Errorf("after they were removed: %v", got)
	}
}

// as-aws 8: Python and CDK write True.
func TestTruthMayBeginWithACapital(t *testing.T) {
	c := newClient(t)
	given := object{"FifoQueue": "True", "ContentBasedDeduplication": "True", "SqsManagedSseEnabled": "False"}
	f := c.createQueue("f.fifo", given)
	names := []string{"FifoQueue", "ContentBasedDeduplication", "SqsManagedSseEnabled"}
	want := object{"FifoQueue": "true", "ContentBasedDeduplication": "true", "SqsManagedSseEnabled": "false"}
	if diff := cmp.Diff(want, c.attributes(f, names...)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	c.createQueue("f.fifo", given)
	c.createQueue("f.fifo", want)
	c.set(f, object{"FifoQueue": "TRUE", "ContentBasedDeduplication": "False", "SqsManagedSseEnabled": "True"})
	want["ContentBasedDeduplication"], want["SqsManagedSseEnabled"] = "false", "true"
	if diff := cmp.Diff(want, c.attributes(f, names...)); diff != "" {
		t.Errorf("after they were set (-want +got):\n%s", diff)
	}
	got := c.fail("SetQueueAttributes", object{"QueueUrl": f, "Attributes": object{"FifoQueue": "False"}})
	if !strings.HasSuffix(got.reason, "Modifying queue type is not supported.") {
		t.Errorf("got %+v", got)
	}
}

func TestCreatingAQueueTwiceIsFineIfTheAttributesAgree(t *testing.T) {
	c := newClient(t)
	q := c.createQueue("q", object{"DelaySeconds": "1", "VisibilityTimeout": "60"})
	for _, attributes := range []object{nil, {"DelaySeconds": "1"}, {"VisibilityTimeout": "60", "MaximumMessageSize": "1048576"}} {
		if again := c.createQueue("q", attributes); again != q {
			t.Errorf("%v gave %s", attributes, again)
		}
	}
	c.set(q, object{"DelaySeconds": "2"})
	got := c.fail("CreateQueue", object{"QueueName": "q", "Attributes": object{"DelaySeconds": "1"}})
	if got.shape != "QueueNameExists" || !strings.HasSuffix(got.reason, "a different value for attribute DelaySeconds") {
		t.Errorf("got %+v", got)
	}
	f := object{"FifoQueue": "true"}
	c.createQueue("f.fifo", f)
	c.createQueue("f.fifo", f)
}

func TestOnlyOneEncryptionAtATime(t *testing.T) {
	c := newClient(t)
	names := []string{"KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled"}
	q := c.createQueue("q", object{"KmsMasterKeyId": "k", "KmsDataKeyReusePeriodSeconds": "6000"})
	want := object{"KmsMasterKeyId": "k", "KmsDataKeyReusePeriodSeconds": "6000", "SqsManagedSseEnabled": "false"}
	if diff := cmp.Diff(want, c.attributes(q, names...)); diff != "" {
		t.Errorf("KMS (-want +got):\n%s", diff)
	}
	got := c.fail("SetQueueAttributes", object{"QueueUrl": q, "Attributes": object{"SqsManagedSseEnabled": "true"}})
	if got.shape != "InvalidAttributeName" || !strings.HasPrefix(got.reason, "You can use one type of server-side encryption (SSE) at one time.") {
		t.Errorf("got %+v", got)
	}
	c.set(q, object{"SqsManagedSseEnabled": "true", "KmsMasterKeyId": ""})
	if diff := cmp.Diff(object{"SqsManagedSseEnabled": "true"}, c.attributes(q, names...)); diff != "" {
		t.Errorf("SSE (-want +got):\n%s", diff)
	}
}

func TestBadAttributesAreRefused(t *testing.T) {
	c := newClient(t)
	q := c.createQueue("q", nil)
	f := c.createQueue("f.fifo", object{"FifoQueue": "true"})
	for name, values := range map[string]string{
		"VisibilityTimeout": "-1,43201,x,1.5,99999999999999999999", "DelaySeconds": "901,", "MaximumMessageSize": "1023,1048577",
		"MessageRetentionPeriod": "59,1209601", "ReceiveMessageWaitTimeSeconds": "21", "SqsManagedSseEnabled": "yes",
		"KmsDataKeyReusePeriodSeconds": "59,86401", "Policy": "{",
	} {
		for v := range strings.SplitSeq(values, ",") {
			got := c.fail("SetQueueAttributes", object{"QueueUrl": q, "Attributes": object{name: v}})
			if got.shape != "InvalidAttributeValue" || !strings.HasPrefix(got.reason, "Invalid value for the parameter "+name+".") {
				t.Errorf("%s=%s: %+v", name, v, got)
			}
		}
	}
	for _, tt := range []struct{ name, bad, good, reason string }{ // as-aws 13
		{"FifoQueue", "yes", "true", "Unknown Attribute FifoQueue."},
		{"ContentBasedDeduplication", "yes", "False", "Unknown Attribute ContentBasedDeduplication."},
		{"DeduplicationScope", "all", "queue", "You can specify the DeduplicationScope only when FifoQueue is set to true."},
		{"FifoThroughputLimit", "None", "perQueue", "You can specify the FifoThroughputLimit only when FifoQueue is set to true."},
	} {
		if got := c.fail("SetQueueAttributes", object{"QueueUrl": f, "Attributes": object{tt.name: tt.bad}}); got.shape != "InvalidAttributeValue" {
			t.Errorf("%s=%s: %+v", tt.name, tt.bad, got)
		}
		want := failure{400, "InvalidAttributeName", "InvalidAttributeName;Sender", tt.reason}
		for _, v := range []string{tt.bad, tt.good} {
			if got := c.fail("SetQueueAttributes", object{"QueueUrl": q, "Attributes": object{tt.name: v}}); got != want {
				t.Errorf("standard queue, %s=%s:\n got %+v\nwant %+v", tt.name, v, got, want)
			}
		}
		if tt.name == "FifoQueue" {
			continue // the name of the queue is at fault then
		}
		if got := c.fail("CreateQueue", object{"QueueName": "new", "Attributes": object{tt.name: tt.good}}); got != want {
			t.Errorf("a new standard queue, %s:\n got %+v\nwant %+v", tt.name, got, want)
		}
	}
	for _, v := range []string{
		`x`, `{}`, `{"deadLetterTargetArn":"a"}`, `{"maxReceiveCount":1}`, `{"deadLetterTargetArn":1,"maxReceiveCount":1}`,
		`{"deadLetterTargetArn":"a","maxReceiveCount":"x"}`, `{"deadLetterTargetArn":"a","maxReceiveCount":1.5}`,
	} {
		got := c.fail("SetQueueAttributes", object{"QueueUrl": q, "Attributes": object{"RedrivePolicy": v}})
		if want := "Value " + v + " for parameter RedrivePolicy is invalid. Reason: "; !strings.HasPrefix(got.reason, want) || got.shape != "InvalidParameterValueException" {
			t.Errorf("%s: %+v", v, got)
		}
	}
	for _, v := range []string{
		`x`, `{}`, `{"redrivePermission":"some"}`, `{"redrivePermission":"byQueue"}`, `{"redrivePermission":"allowAll","sourceQueueArns":["a"]}`,
		`{"redrivePermission":"byQueue","sourceQueueArns":["a","a","a","a","a","a","a","a","a","a","a"]}`,
	} {
		got := c.fail("SetQueueAttributes", object{"QueueUrl": q, "Attributes": object{"RedriveAllowPolicy": v}})
		if want := "Value " + v + " for parameter RedriveAllowPolicy is invalid. Reason: "; !strings.HasPrefix(got.reason, want) || got.shape != "InvalidParameterValueException" {
			t.Errorf("%s: %+v", v, got)
		}
	}
	got := c.fail("SetQueueAttributes", object{"QueueUrl": f, "Attributes": object{"FifoThroughputLimit": "perMessageGroupId"}})
	if !strings.Contains(got.reason, "DeduplicationScope must be messageGroup") {
		t.Errorf("got %+v", got)
	}
	c.set(f, object{"FifoThroughputLimit": "perMessageGroupId", "DeduplicationScope": "messageGroup"})
}

func TestTagsAreSetAndRemoved(t *testing.T) {
	c := newClient(t)
	q := c.call("CreateQueue", object{"QueueName": "q", "tags": object{"a": "1", "b": "2"}})["QueueUrl"]
	c.call("TagQueue", object{"QueueUrl": q, "Tags": object{"b": "3", "c": ""}})
	c.call("UntagQueue", object{"QueueUrl": q, "TagKeys": []string{"a", "x"}})
	if diff := cmp.Diff(object{"Tags": object{"b": "3", "c": ""}}, c.call("ListQueueTags", object{"QueueUrl": q})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	tags := object{}
	for i := range 49 {
		tags[fmt.Sprint(i)] = ""
	}
	if got := c.fail("TagQueue", object{"QueueUrl": q, "Tags": tags}); !strings.HasPrefix(got.reason, "Too many tags added for queue q.") {
		t.Errorf("got %+v", got)
	}
	for _, tags := range []object{{"": "v"}, {strings.Repeat("k", 129): "v"}, {"k": strings.Repeat("v", 257)}, {"aws:k": "v"}, nil} {
		if got := c.fail("TagQueue", object{"QueueUrl": q, "Tags": tags}); got.status != 400 {
			t.Errorf("%v: %+v", tags, got)
		}
	}
	c.call("UntagQueue", object{"QueueUrl": q, "TagKeys": []string{"b", "c"}})
	if diff := cmp.Diff(object{}, c.call("ListQueueTags", object{"QueueUrl": q})); diff != "" { // as-aws 10
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestQueuesAreListedInPages(t *testing.T) {
	c := newClient(t)
	for _, name := range []string{"b", "a2", "a1", "a3"} {
		c.createQueue(name, nil)
	}
	var all []any
	for token := any(nil); ; {
		in := object{"QueueNamePrefix": "a", "MaxResults": 2}
		if token != nil {
			in["NextToken"] = token
		}
		out := c.call("ListQueues", in)
		all = append(all, out["QueueUrls"].([]any)...)
		if token = out["NextToken"]; token == nil {
			break
		}
	}
	if diff := cmp.Diff([]any{urlFor("a1"), urlFor("a2"), urlFor("a3")}, all); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if out := c.call("ListQueues", object{"QueueNamePrefix": "x"}); len(out) != 0 {
		t.Errorf("no queues are %v", out)
	}
}

func TestPermissionsAreStatementsOfThePolicy(t *testing.T) {
	c := newClient(t)
	q := c.createQueue("q", nil)
	add := func(label string, accounts, actions []string) {
		t.Helper()
		c.call("AddPermission", object{"QueueUrl": q, "Label": label, "AWSAccountIds": accounts, "Actions": actions})
	}
	add("one", []string{"668614515564", account}, []string{"ReceiveMessage"})
	arn := at("q").ARN()
	want := `{"Version":"2008-10-17","Id":"` + arn + `/SQSDefaultPolicy","Statement":[{"Sid":"one","Effect":"Allow","Principal":{"AWS":["arn:aws:iam::668614515564:root","arn:aws:iam::` + account + `:root"]},"Action":"SQS:ReceiveMessage","Resource":"` + arn + `"}]}`
	if diff := cmp.Diff(want, c.attributes(q, "Policy")["Policy"]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	add("two", []string{account}, []string{"*", "SendMessage"})
	for _, tt := range []struct {
		label             string
		accounts, actions []string
		want              string
	}{
		{"one", []string{account}, []string{"*"}, "Value one for parameter Label is invalid. Reason: Already exists."},
		{"a b", []string{account}, []string{"*"}, "parameter Label is invalid"},
		{"x", []string{"12"}, []string{"*"}, "Value [12] for parameter PrincipalId is invalid. Reason: Unable to verify."},
		{"x", []string{account}, []string{"Foo"}, "Value SQS:Foo for parameter ActionName is invalid. Reason: Please refer to the appropriate WSDL for a list of valid actions."},
		// as-aws 9
		{"x", []string{account}, []string{"SendMessage", "RemovePermission"}, "Value SQS:RemovePermission for parameter ActionName is invalid. Reason: Only the queue owner is allowed to invoke this action."},
		{"x", []string{account}, []string{"SetQueueAttributes"}, "Value SQS:SetQueueAttributes for parameter ActionName is invalid. Reason: Only the queue owner is allowed to invoke this action."},
		{"x", []string{account}, strings.Fields("SendMessage SendMessage SendMessage SendMessage SendMessage SendMessage SendMessage SendMessage"), "8 Actions were found, maximum allowed is 7."},
		{"x", nil, []string{"*"}, "The request must contain the parameter AWSAccountIds."},
	} {
		got := c.fail("AddPermission", object{"QueueUrl": q, "Label": tt.label, "AWSAccountIds": tt.accounts, "Actions": tt.actions})
		if !strings.Contains(got.reason, tt.want) {
			t.Errorf("got %+v; want %s", got, tt.want)
		}
	}
	c.call("RemovePermission", object{"QueueUrl": q, "Label": "one"})
	if got := c.attributes(q, "Policy")["Policy"].(string); strings.Contains(got, `"one"`) || !strings.Contains(got, `"Action":["SQS:*","SQS:SendMessage"]`) {
		t.Errorf("the policy is %s", got)
	}
	c.call("RemovePermission", object{"QueueUrl": q, "Label": "two"})
	if got := c.attributes(q, "Policy"); len(got) != 0 {
		t.Errorf("the policy is %v", got)
	}
}

func TestMessageAttributesAreChecked(t *testing.T) {
	c := newClient(t)
	q := c.createQueue("q", nil)
	text := object{"DataType": "String", "StringValue": "v"}
	eleven := object{}
	for i := range 11 {
		eleven[fmt.Sprint("a", i)] = text
	}
	for _, tt := range []struct {
		attributes object
		want       string
	}{
		{eleven, "Number of message attributes [11] exceeds the allowed maximum [10]."},
		{object{"ErrorDetails": object{"DataType": "String", "StringValue": ""}}, "Message (user) attribute 'ErrorDetails' must contain a non-empty value of type 'String'."},
		{object{"b": object{"DataType": "Binary", "StringValue": "x"}}, "must contain a non-empty value of type 'Binary'"},
		{object{"n": object{"StringValue": "x"}}, "The message attribute 'n' must contain non-empty message attribute type."},
		{object{"n": object{"DataType": "Text", "StringValue": "x"}}, "The message attribute 'n' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String."},
		{object{"n": object{"DataType": "Number", "StringValue": "1x"}}, "Can't cast the value of message (user) attribute 'n' to a number."},
		{object{"n": object{"DataType": "String", "StringListValues": []string{"x"}}}, "Message attribute list values in SendMessage operation are not supported."},
		{object{"n": object{"DataType": "String", "StringValue": "\u0002"}}, "Invalid binary character '#x2'"},
		{object{"AWS.x": text}, "reserved"}, {object{"amazon.x": text}, "reserved"},
		{object{".x": text}, "period"}, {object{"x.": text}, "period"}, {object{"x..y": text}, "period"},
		{object{"x y": text}, "letters, digits"}, {object{strings.Repeat("x", 257): text}, "256"},
	} {
		got := c.fail("SendMessage", object{"QueueUrl": q, "MessageBody": "m", "MessageAttributes": tt.attributes})
		if got.status != 400 || !strings.Contains(got.reason, tt.want) {
			t.Errorf("got %+v; want %s", got, tt.want)
		}
	}
	for _, system := range []object{{"Foo": text}, {"AWSTraceHeader": object{"DataType": "Number", "StringValue": "1"}}, {"AWSTraceHeader": object{"DataType": "String"}}} {
		if got := c.fail("SendMessage", object{"QueueUrl": q, "MessageBody": "m", "MessageSystemAttributes": system}); got.shape != "InvalidParameterValueException" {
			t.Errorf("%v: %+v", system, got)
		}
	}
	sent := c.call("SendMessage", object{"QueueUrl": q, "MessageBody": "test", "MessageAttributes": object{"attr1": object{
		"DataType": "Binary", "BinaryValue": []byte("traceparent\x1e00-774062d6c37081a5a0b9b5b88e30627c-2d2482211f6489da-01"),
	}}})
	if want := "8cbe4db156db8a94db8b801b7addb984"; sent["MD5OfMessageAttributes"] != want { // as AWS answered
		t.Errorf("the digest is %v; want %s", sent["MD5OfMessageAttributes"], want)
	}
}

func TestNumbersOfAttributes(t *testing.T) {
	for s, want := range map[string]bool{
		"0": true, "-1.5": true, "+7": true, "1e126": true, "1E-128": true, ".5": true, "00000000000000000000000000000000000000000001": true,
		"12345678901234567890123456789012345678": true, "123456789012345678901234567890123456789": false,
		"": false, "x": false, "1.2.3": false, "0x1": false, "1e127": false, "1e": false, "Inf": false, "1_000": false, "--1": false, ".": false,
	} {
		if number(s) != want {
			t.Errorf("number(%q) is %t", s, !want)
		}
	}
}

func TestDeadLettersAreMovedOverTheWire(t *testing.T) {
	c := newClient(t)
	dead := c.createQueue("dead", nil)
	c.createQueue("q", object{"RedrivePolicy": `{"deadLetterTargetArn":"` + at("dead").ARN() + `","maxReceiveCount":1}`})
	if diff := cmp.Diff(object{"queueUrls": []any{urlFor("q")}}, c.call("ListDeadLetterSourceQueues", object{"QueueUrl": dead})); diff != "" {
		t.Errorf("sources (-want +got):\n%s", diff)
	}
	c.call("SendMessage", object{"QueueUrl": dead, "MessageBody": "m"})
	source := at("dead").ARN()
	handle := c.call("StartMessageMoveTask", object{"SourceArn": source, "DestinationArn": at("q").ARN(), "MaxNumberOfMessagesPerSecond": 5})["TaskHandle"]
	got := c.call("ListMessageMoveTasks", object{"SourceArn": source})["Results"].([]any)[0].(object)
	want := object{
		"TaskHandle": handle, "Status": "RUNNING", "SourceArn": source, "DestinationArn": at("q").ARN(), "MaxNumberOfMessagesPerSecond": 5.,
		"ApproximateNumberOfMessagesMoved": 0., "ApproximateNumberOfMessagesToMove": 1., "StartedTimestamp": got["StartedTimestamp"],
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("task (-want +got):\n%s", diff)
	}
	if out := c.call("CancelMessageMoveTask", object{"TaskHandle": handle}); out["ApproximateNumberOfMessagesMoved"] != 0. {
		t.Errorf("cancelled: %v", out)
	}
	got = c.call("ListMessageMoveTasks", object{"SourceArn": source, "MaxResults": 10})["Results"].([]any)[0].(object)
	if _, has := got["TaskHandle"]; has || got["Status"] != "CANCELLED" {
		t.Errorf("task: %v", got)
	}
}
