package e2e

import (
	"encoding/xml"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sq "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// send puts one message on a queue. The SDK checks the MD5 sums in the answer.
func (c *sdk) send(q queueRef, body string, change ...func(*sqs.SendMessageInput)) *sqs.SendMessageOutput {
	c.t.Helper()
	in := &sqs.SendMessageInput{QueueUrl: &q.url, MessageBody: &body}
	for _, f := range change {
		f(in)
	}
	return must(c.sq.SendMessage(c.t.Context(), in))(c.t)
}

// peek receives without deleting.
func (c *sdk) peek(q queueRef, max, wait int32) []sq.Message {
	c.t.Helper()
	return must(c.sq.ReceiveMessage(c.t.Context(), &sqs.ReceiveMessageInput{
		QueueUrl: &q.url, MaxNumberOfMessages: max, WaitTimeSeconds: wait,
		MessageSystemAttributeNames: []sq.MessageSystemAttributeName{"All"}, MessageAttributeNames: []string{"All"},
	}))(c.t).Messages
}

func bodies(ms []sq.Message) []string {
	var out []string
	for _, m := range ms {
		out = append(out, *m.Body)
	}
	return out
}

func (c *sdk) attribute(q queueRef, name string) string {
	c.t.Helper()
	out := must(c.sq.GetQueueAttributes(c.t.Context(), &sqs.GetQueueAttributesInput{
		QueueUrl: &q.url, AttributeNames: []sq.QueueAttributeName{sq.QueueAttributeName(name)},
	}))(c.t)
	return out.Attributes[name]
}

func TestAMessageIsInvisibleWhileItIsWorkedOn(t *testing.T) {
	t.Parallel()
	c := serve(t).sdk(t)
	q := c.queue("jobs", map[string]string{"VisibilityTimeout": "600"})
	sent := c.send(q, "work", func(in *sqs.SendMessageInput) {
		in.MessageAttributes = map[string]sq.MessageAttributeValue{
			"kind":  {DataType: aws.String("String"), StringValue: aws.String("é")},
			"n":     {DataType: aws.String("Number"), StringValue: aws.String("7")},
			"bytes": {DataType: aws.String("Binary"), BinaryValue: []byte{0, 255}},
		}
	})
	got := c.peek(q, 10, 1)
	if len(got) != 1 || *got[0].Body != "work" || *got[0].MessageId != *sent.MessageId || string(got[0].MessageAttributes["bytes"].BinaryValue) != "\x00\xff" {
		t.Fatalf("received %s", toJSON(got))
	}
	if a := got[0].Attributes; a["ApproximateReceiveCount"] != "1" || a["SentTimestamp"] == "" || a["SenderId"] == "" {
		t.Errorf("its attributes are %v", a)
	}
	if again := c.peek(q, 10, 0); len(again) > 0 {
		t.Fatalf("an invisible message was received: %s", toJSON(again))
	}
	if n := c.attribute(q, "ApproximateNumberOfMessagesNotVisible"); n != "1" {
		t.Errorf("%s messages are not visible, want 1", n)
	}
	must(c.sq.ChangeMessageVisibility(t.Context(), &sqs.ChangeMessageVisibilityInput{QueueUrl: &q.url, ReceiptHandle: got[0].ReceiptHandle, VisibilityTimeout: 0}))(t)
	again := c.peek(q, 10, 5)
	if len(again) != 1 || again[0].Attributes["ApproximateReceiveCount"] != "2" {
		t.Fatalf("made visible, received %s", toJSON(again))
	}
	must(c.sq.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: &q.url, ReceiptHandle: again[0].ReceiptHandle}))(t)
	for _, name := range []string{"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"} {
		if n := c.attribute(q, name); n != "0" {
			t.Errorf("%s is %s after the deletion", name, n)
		}
	}
}

func TestALongPollWakesForAMessage(t *testing.T) {
	t.Parallel()
	c := serve(t).sdk(t)
	q := c.queue("q", nil)
	type answer struct {
		out *sqs.ReceiveMessageOutput
		err error
		at  time.Time
	}
	answers := make(chan answer)
	go func() {
		out, err := c.sq.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &q.url, WaitTimeSeconds: 20})
		answers <- answer{out, err, time.Now()}
	}()
	select {
	case a := <-answers:
		t.Fatalf("an empty queue answered a long poll at once: %+v", a)
	case <-time.After(300 * time.Millisecond):
	}
	c.send(q, "hello")
	sent := time.Now()
	a := <-answers
	if a.err != nil || len(a.out.Messages) != 1 {
		t.Fatalf("the poll answered %+v, %v", a.out, a.err)
	}
	if took := a.at.Sub(sent); took > 2*time.Second {
		t.Errorf("the poll took %v to wake", took)
	}
	began := time.Now()
	if got := c.peek(c.queue("empty", nil), 1, 1); len(got) > 0 || time.Since(began) < time.Second {
		t.Errorf("an empty poll of 1 s gave %v after %v", got, time.Since(began))
	}
}

func TestBatchesAnswerForEachEntry(t *testing.T) {
	t.Parallel()
	c := serve(t).sdk(t)
	ctx := t.Context()
	q := c.queue("q", map[string]string{"MaximumMessageSize": "1024"})
	out := must(c.sq.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &q.url, Entries: []sq.SendMessageBatchRequestEntry{
		{Id: aws.String("a"), MessageBody: aws.String("one")},
		{Id: aws.String("b"), MessageBody: aws.String("two")},
	}}))(t)
	if len(out.Successful) != 2 || len(out.Failed) != 0 {
		t.Fatalf("batch: %s", toJSON(out))
	}
	var many []sq.SendMessageBatchRequestEntry
	for i := range 11 {
		many = append(many, sq.SendMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), MessageBody: aws.String("x")})
	}
	_, err := c.sq.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &q.url, Entries: many})
	if e, ok := errors.AsType[*sq.TooManyEntriesInBatchRequest](err); !ok || e.ErrorMessage() != "Maximum number of entries per request are 10. You have sent 11." {
		t.Errorf("eleven entries: %v", err)
	}
	many[1].Id = many[0].Id
	_, err = c.sq.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &q.url, Entries: many[:2]})
	if _, ok := errors.AsType[*sq.BatchEntryIdsNotDistinct](err); !ok {
		t.Errorf("the same id twice: %v", err)
	}
	_, err = c.sq.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &q.url, MessageBody: aws.String(strings.Repeat("x", 1025))})
	if got, message := code(err); got != "InvalidParameterValue" || message != "One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes." {
		t.Errorf("a body over the maximum: %s: %s", got, message)
	}
	ms := c.peek(q, 10, 1)
	changed := must(c.sq.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &q.url, Entries: []sq.ChangeMessageVisibilityBatchRequestEntry{
		{Id: aws.String("x"), ReceiptHandle: ms[0].ReceiptHandle, VisibilityTimeout: 100},
		{Id: aws.String("y"), ReceiptHandle: aws.String("made up"), VisibilityTimeout: 100},
	}}))(t)
	if len(changed.Successful) != 1 || len(changed.Failed) != 1 || aws.ToString(changed.Failed[0].Id) != "y" {
		t.Errorf("visibility batch: %s", toJSON(changed))
	}
	deleted := must(c.sq.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &q.url, Entries: []sq.DeleteMessageBatchRequestEntry{
		{Id: aws.String("x"), ReceiptHandle: ms[0].ReceiptHandle}, {Id: aws.String("y"), ReceiptHandle: ms[1].ReceiptHandle},
	}}))(t)
	if len(deleted.Successful) != 2 {
		t.Errorf("delete batch: %s", toJSON(deleted))
	}
}

func TestAMessageNobodyCanHandleIsRedriven(t *testing.T) {
	t.Parallel()
	c := serve(t).sdk(t)
	ctx := t.Context()
	dead := c.queue("dead", nil)
	q := c.queue("q", map[string]string{
		"VisibilityTimeout": "0",
		"RedrivePolicy":     fmt.Sprintf(`{"deadLetterTargetArn":"%s","maxReceiveCount":"2"}`, dead.arn),
	})
	c.send(q, "poison")
	for range 2 {
		if got := c.peek(q, 1, 2); len(got) != 1 {
			t.Fatalf("received %d messages, want 1", len(got))
		}
	}
	if got := c.peek(q, 1, 1); len(got) != 0 {
		t.Errorf("a third receive gave %s", toJSON(got))
	}
	sources := must(c.sq.ListDeadLetterSourceQueues(ctx, &sqs.ListDeadLetterSourceQueuesInput{QueueUrl: &dead.url}))(t)
	if !slices.Equal(sources.QueueUrls, []string{q.url}) {
		t.Errorf("the sources of the dead-letter queue are %v", sources.QueueUrls)
	}
	if got := c.peek(dead, 1, 5); len(got) != 1 || *got[0].Body != "poison" || got[0].Attributes["DeadLetterQueueSourceArn"] != q.arn {
		t.Fatalf("the dead-letter queue holds %s", toJSON(got))
	}
}

func TestAMoveTaskSendsDeadLettersBack(t *testing.T) {
	t.Parallel()
	c := serve(t).sdk(t)
	ctx := t.Context()
	dead := c.queue("dead", nil)
	q := c.queue("q", map[string]string{
		"VisibilityTimeout": "0",
		"RedrivePolicy":     fmt.Sprintf(`{"deadLetterTargetArn":"%s","maxReceiveCount":"1"}`, dead.arn),
	})
	for i := range 5 {
		c.send(q, fmt.Sprintf("m%d", i))
	}
	if got := c.peek(q, 10, 2); len(got) != 5 {
		t.Fatalf("received %v", bodies(got))
	}
	eventually(t, 10*time.Second, func() string {
		c.peek(q, 10, 0)
		if n := c.attribute(dead, "ApproximateNumberOfMessages"); n != "5" {
			return "5 dead letters, have " + n
		}
		return ""
	})
	_, err := c.sq.StartMessageMoveTask(ctx, &sqs.StartMessageMoveTaskInput{SourceArn: &dead.arn})
	if got, _ := code(err); got == "UnsupportedOperation" || strings.Contains(fmt.Sprint(err), "does not offer") {
		t.Skipf("move tasks are refused: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, 10*time.Second, func() string {
		tasks := must(c.sq.ListMessageMoveTasks(ctx, &sqs.ListMessageMoveTasksInput{SourceArn: &dead.arn}))(t)
		if len(tasks.Results) != 1 || aws.ToString(tasks.Results[0].Status) != "COMPLETED" {
			return "a completed task, have " + toJSON(tasks.Results)
		}
		return ""
	})
	if n := c.attribute(q, "ApproximateNumberOfMessages"); n != "5" {
		t.Errorf("%s messages are back, want 5", n)
	}
}

func TestAFIFOQueueKeepsOrderWithinAGroup(t *testing.T) {
	t.Parallel()
	c := serve(t).sdk(t)
	ctx := t.Context()
	q := c.queue("q.fifo", map[string]string{"FifoQueue": "true", "VisibilityTimeout": "600"})
	send := func(group, id, body string) *sqs.SendMessageOutput {
		return c.send(q, body, func(in *sqs.SendMessageInput) { in.MessageGroupId, in.MessageDeduplicationId = &group, &id })
	}
	first := send("a", "1", "a1")
	if again := send("a", "1", "a1 again"); *again.MessageId != *first.MessageId {
		t.Errorf("a repeated deduplication id made a new message: %s, %s", *first.MessageId, *again.MessageId)
	}
	send("a", "2", "a2")
	send("b", "3", "b1")
	if first.SequenceNumber == nil {
		t.Error("a message of a FIFO queue has no sequence number")
	}
	one := c.peek(q, 1, 1)
	if !slices.Equal(bodies(one), []string{"a1"}) {
		t.Fatalf("received %v, want a1", bodies(one))
	}
	other := c.peek(q, 10, 0)
	if !slices.Equal(bodies(other), []string{"b1"}) {
		t.Fatalf("while a1 is with a receiver, received %v, want b1 only", bodies(other))
	}
	must(c.sq.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &q.url, ReceiptHandle: one[0].ReceiptHandle}))(t)
	if next := c.peek(q, 10, 1); !slices.Equal(bodies(next), []string{"a2"}) {
		t.Fatalf("received %v, want a2", bodies(next))
	}
	_, err := c.sq.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &q.url, MessageBody: aws.String("x")})
	if got, message := code(err); got != "MissingParameter" || message != "The request must contain the parameter MessageGroupId." {
		t.Errorf("without a group: %s: %s", got, message)
	}
	_, err = c.sq.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &q.url, MessageBody: aws.String("x"), MessageGroupId: aws.String("g")})
	if got, message := code(err); got != "InvalidParameterValue" || message != "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly" {
		t.Errorf("without a deduplication id: %s: %s", got, message)
	}
}

func TestQueuesAreMadeListedChangedAndDeleted(t *testing.T) {
	t.Parallel()
	c := serve(t).sdk(t)
	ctx := t.Context()
	q := c.queue("settings", nil)
	if want := fmt.Sprintf("http://localhost:%s/%s/settings", strings.Split(c.server.Addr, ":")[1], account); q.url != want {
		t.Errorf("the URL is %s, want %s", q.url, want)
	}
	all := must(c.sq.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &q.url, AttributeNames: []sq.QueueAttributeName{"All"}}))(t).Attributes
	for name, want := range map[string]string{
		"VisibilityTimeout": "30", "DelaySeconds": "0", "MessageRetentionPeriod": "345600", "ReceiveMessageWaitTimeSeconds": "0",
		"QueueArn": q.arn, "SqsManagedSseEnabled": "true", "ApproximateNumberOfMessages": "0", "MaximumMessageSize": "1048576",
	} {
		if all[name] != want {
			t.Errorf("%s is %q, want %q", name, all[name], want)
		}
	}
	must(c.sq.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{QueueUrl: &q.url, Attributes: map[string]string{"DelaySeconds": "2"}}))(t)
	began := time.Now()
	c.send(q, "later")
	if got := c.peek(q, 1, 5); len(got) != 1 || time.Since(began) < 2*time.Second {
		t.Errorf("a message delayed by 2 s: %v after %v", bodies(got), time.Since(began))
	}
	_, err := c.sq.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("settings"), Attributes: map[string]string{"DelaySeconds": "3"}})
	if e, ok := errors.AsType[*sq.QueueNameExists](err); !ok || e.ErrorMessage() != "A queue already exists with the same name and a different value for attribute DelaySeconds" {
		t.Errorf("the same name with other attributes: %v", err)
	}
	_, err = c.sq.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{QueueUrl: &q.url, Attributes: map[string]string{"Colour": "red"}})
	if _, ok := errors.AsType[*sq.InvalidAttributeName](err); !ok {
		t.Errorf("an unknown attribute: %v", err)
	}
	must(c.sq.TagQueue(ctx, &sqs.TagQueueInput{QueueUrl: &q.url, Tags: map[string]string{"team": "build", "x": "y"}}))(t)
	must(c.sq.UntagQueue(ctx, &sqs.UntagQueueInput{QueueUrl: &q.url, TagKeys: []string{"x"}}))(t)
	if tags := must(c.sq.ListQueueTags(ctx, &sqs.ListQueueTagsInput{QueueUrl: &q.url}))(t).Tags; !maps.Equal(tags, map[string]string{"team": "build"}) {
		t.Errorf("tagged %v", tags)
	}
	for i := range 25 {
		c.queue(fmt.Sprintf("page-%02d", i), nil)
	}
	n := 0
	pages := sqs.NewListQueuesPaginator(c.sq, &sqs.ListQueuesInput{QueueNamePrefix: aws.String("page-"), MaxResults: aws.Int32(10)})
	for pages.HasMorePages() {
		n += len(must(pages.NextPage(ctx))(t).QueueUrls)
	}
	if n != 25 {
		t.Errorf("%d queues listed, want 25", n)
	}
	c.send(q, "gone")
	must(c.sq.PurgeQueue(ctx, &sqs.PurgeQueueInput{QueueUrl: &q.url}))(t)
	for _, name := range []string{"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"} {
		if n := c.attribute(q, name); n != "0" {
			t.Errorf("after the purge, %s is %s", name, n)
		}
	}
	_, err = c.sq.PurgeQueue(ctx, &sqs.PurgeQueueInput{QueueUrl: &q.url})
	if _, ok := errors.AsType[*sq.PurgeQueueInProgress](err); !ok {
		t.Errorf("a second purge within a minute: %v", err)
	}
	must(c.sq.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: &q.url}))(t)
	_, err = c.sq.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String("settings")})
	if e, ok := errors.AsType[*sq.QueueDoesNotExist](err); !ok || e.ErrorMessage() != "The specified queue does not exist." {
		t.Errorf("a deleted queue: %v", err)
	}
}

// TestTheQueryProtocolOfOldClients speaks to SQS as the AWS CLI of Debian 12
// does: a form in, XML out, sent to the queue's own URL.
func TestTheQueryProtocolOfOldClients(t *testing.T) {
	t.Parallel()
	s := serve(t)
	call := func(path string, form url.Values) (int, []byte) {
		t.Helper()
		form.Set("Version", "2012-11-05")
		resp, err := httpClient.PostForm(s.URL+path, form)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, readBody(t, resp)
	}
	status, body := call("/", url.Values{"Action": {"CreateQueue"}, "QueueName": {"old"}, "Attribute.1.Name": {"VisibilityTimeout"}, "Attribute.1.Value": {"77"}})
	var made struct {
		XMLName xml.Name `xml:"http://queue.amazonaws.com/doc/2012-11-05/ CreateQueueResponse"`
		URL     string   `xml:"CreateQueueResult>QueueUrl"`
		ID      string   `xml:"ResponseMetadata>RequestId"`
	}
	if err := xml.Unmarshal(body, &made); err != nil || status != http.StatusOK || made.URL == "" || made.ID == "" {
		t.Fatalf("CreateQueue: %d %s (%v)", status, body, err)
	}
	path := "/" + account + "/old"
	status, body = call(path, url.Values{
		"Action": {"SendMessage"}, "MessageBody": {"<a> & é"},
		"MessageAttribute.1.Name": {"k"}, "MessageAttribute.1.Value.DataType": {"String"}, "MessageAttribute.1.Value.StringValue": {"v"},
	})
	if status != http.StatusOK || !strings.Contains(string(body), "<MD5OfMessageBody>") {
		t.Fatalf("SendMessage: %d %s", status, body)
	}
	status, body = call(path, url.Values{"Action": {"ReceiveMessage"}, "MaxNumberOfMessages": {"10"}, "AttributeName.1": {"All"}, "MessageAttributeName.1": {"All"}})
	var got struct {
		Messages []struct {
			Body, ReceiptHandle string
			Attribute           []struct{ Name, Value string }
			MessageAttribute    []struct {
				Name  string
				Value struct{ StringValue, DataType string }
			}
		} `xml:"ReceiveMessageResult>Message"`
	}
	if err := xml.Unmarshal(body, &got); err != nil || status != http.StatusOK || len(got.Messages) != 1 {
		t.Fatalf("ReceiveMessage: %d %s (%v)", status, body, err)
	}
	m := got.Messages[0]
	if m.Body != "<a> & é" || len(m.Attribute) < 4 || len(m.MessageAttribute) != 1 || m.MessageAttribute[0].Value.StringValue != "v" {
		t.Errorf("received %+v", m)
	}
	status, body = call(path, url.Values{
		"Action":                              {"DeleteMessageBatch"},
		"DeleteMessageBatchRequestEntry.1.Id": {"a"}, "DeleteMessageBatchRequestEntry.1.ReceiptHandle": {m.ReceiptHandle},
	})
	if status != http.StatusOK || !strings.Contains(string(body), "<DeleteMessageBatchResultEntry><Id>a</Id>") {
		t.Errorf("DeleteMessageBatch: %d %s", status, body)
	}
	// as-aws 12: what is not offered at a queue's URL, and answers in JSON.
	for _, tt := range []struct {
		action, accept string
		status         int
		part           string
	}{
		{"", "application/json", http.StatusNotFound, "<UnknownOperationException/>"},
		{"ListQueues", "", http.StatusBadRequest, "<Code>InvalidAction</Code><Message>The action ListQueues is not valid for this endpoint.</Message><Detail/></Error>"},
		{"FooBar", "application/json", http.StatusBadRequest, `"Code":"InvalidAction","Message":"The action FooBar is not valid for this endpoint."}`},
		{"GetQueueAttributes&AttributeName.1=VisibilityTimeout", "application/json", http.StatusOK, `{"GetQueueAttributesResponse":{"GetQueueAttributesResult":{"Attributes":[{"Name":"VisibilityTimeout","Value":"77"}]}`},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if tt.action != "" {
			req.URL.RawQuery = "Version=2012-11-05&Action=" + tt.action
		}
		req.Header.Set("Accept", tt.accept)
		resp, err := httpClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if body := readBody(t, resp); resp.StatusCode != tt.status || !strings.Contains(string(body), tt.part) {
			t.Errorf("GET %s?%s: %d %s, want %d with %s", path, req.URL.RawQuery, resp.StatusCode, body, tt.status, tt.part)
		}
	}
	status, body = call("/", url.Values{"Action": {"GetQueueUrl"}, "QueueName": {"nobody"}})
	var failed struct {
		XMLName xml.Name `xml:"ErrorResponse"`
		Code    string   `xml:"Error>Code"`
		Type    string   `xml:"Error>Type"`
		Message string   `xml:"Error>Message"`
	}
	if err := xml.Unmarshal(body, &failed); err != nil || status != http.StatusBadRequest || failed.Type != "Sender" ||
		failed.Code != "AWS.SimpleQueueService.NonExistentQueue" || failed.Message != "The specified queue does not exist for this wsdl version." {
		t.Errorf("an unknown queue: %d %s (%v)", status, body, err)
	}
}
