package e2e

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lt "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sq "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// worker is a function that sends the bodies of what it works on to a queue.
const worker = `
import os
import boto3

sqs = boto3.client("sqs", endpoint_url=os.environ["AWS_ENDPOINT_URL"])

def handler(event, context):
    for record in event.get("Records", [event]):
        sqs.send_message(QueueUrl=os.environ["OUT"], MessageBody=record["body"])
`

// packed is a zip with an app.py.
func packed(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create("app.py")
	if err == nil {
		_, err = w.Write([]byte(text))
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestTerraformHasFunctionsWorkOnQueues(t *testing.T) {
	t.Parallel()
	tool(t, "python3")
	s := serve(t)
	c := s.sdk(t)
	tf := newTerraform(t, s, "mappings.tf")
	const code = "def handler(event, context):\n    return {}\n"
	if err := os.WriteFile(filepath.Join(tf.dir, "code.zip"), packed(t, code), 0o600); err != nil {
		t.Fatal(err)
	}
	tf.do("init")
	tf.do("apply", "-auto-approve")
	tf.unchanged()
	q := queueRef{s.URL + "/" + account + "/orders", queueARN("orders")}
	must(c.sq.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &q.url, MessageBody: ptr(`{"total":101}`)}))(t)
	must(c.sq.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &q.url, MessageBody: ptr(`{"total":99}`)}))(t)
	eventually(t, 60*time.Second, func() string { return c.holds(q, 0) })

	change := []string{"-var=enabled=false", "-var=above=500"}
	tf.do(append([]string{"apply", "-auto-approve"}, change...)...)
	tf.unchanged(change...)
	tf.do(append([]string{"destroy", "-auto-approve"}, change...)...)
}

// holds says what is in the way of a queue having so many messages.
func (c *sdk) holds(q queueRef, n int) string {
	c.t.Helper()
	out, err := c.sq.GetQueueAttributes(c.t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &q.url, AttributeNames: []sq.QueueAttributeName{sq.QueueAttributeNameAll}})
	if err != nil {
		return err.Error()
	}
	have := 0
	for _, name := range []string{"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"} {
		var m int
		if _, err := fmt.Sscan(out.Attributes[name], &m); err != nil {
			return err.Error()
		}
		have += m
	}
	if have != n {
		return fmt.Sprintf("the queue %s has %d messages; want %d", q.arn, have, n)
	}
	return ""
}

// Events that a function was sent and messages that it is to work on: what was
// acknowledged is worked on, and no process of a server that was killed goes on.
func TestKill9LosesNothingOfFunctionsAndLeavesNoProcesses(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	needLinux(t)
	t.Parallel()
	if out, err := exec.Command(tool(t, "python3"), "-c", "import boto3").CombinedOutput(); err != nil {
		missing(t, "boto3 is not installed: %s", out)
	}
	s := serve(t)
	c := s.sdk(t)
	in := c.queue("in", map[string]string{"VisibilityTimeout": "20"})
	out := c.queue("out", map[string]string{"VisibilityTimeout": "600"})
	name := "survivor-" + strings.ReplaceAll(filepath.Base(filepath.Dir(s.Dir)), ".", "") + fmt.Sprint(os.Getpid())
	functions := lambda.New(lambda.Options{Region: region, BaseEndpoint: &s.URL, Credentials: keyPair("test", "test"), HTTPClient: httpClient, Retryer: aws.NopRetryer{}})
	must(functions.CreateFunction(t.Context(), &lambda.CreateFunctionInput{
		FunctionName: &name, Runtime: "python3.12", Handler: ptr("app.handler"), Role: ptr("arn:aws:iam::" + account + ":role/nobody-made"),
		Timeout: aws.Int32(15), Code: &lt.FunctionCode{ZipFile: packed(t, worker)}, Environment: &lt.Environment{Variables: map[string]string{"OUT": out.url}},
	}))(t)
	must(functions.CreateEventSourceMapping(t.Context(), &lambda.CreateEventSourceMappingInput{
		FunctionName: &name, EventSourceArn: &in.arn, BatchSize: aws.Int32(5), ScalingConfig: &lt.ScalingConfig{MaximumConcurrency: aws.Int32(2)},
	}))(t)

	want := map[string]bool{}
	for round := range 5 {
		for i := range 20 {
			event, message := fmt.Sprintf("event %d.%d", round, i), fmt.Sprintf("message %d.%d", round, i)
			must(functions.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: &name, InvocationType: lt.InvocationTypeEvent, Payload: fmt.Appendf(nil, `{"body":%q}`, event)}))(t)
			must(c.sq.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &in.url, MessageBody: &message}))(t)
			want[event], want[message] = true, true
		}
		time.Sleep(time.Duration(round) * 700 * time.Millisecond) // the kill is to come amid the work
		s.kill(t)
		eventually(t, 10*time.Second, func() string { return processesOf(t, name) })
		s.start(t)
	}
	eventually(t, 4*time.Minute, func() string {
		for _, m := range c.receive(out, 1) {
			delete(want, *m.Body)
		}
		if len(want) > 0 {
			return fmt.Sprintf("%d events and messages were not worked on", len(want))
		}
		return ""
	})
	eventually(t, time.Minute, func() string { return c.holds(in, 0) })
	s.kill(t)
	eventually(t, 10*time.Second, func() string { return processesOf(t, name) })
}

// processesOf says which processes of a function there are.
func processesOf(t *testing.T, function string) string {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range all {
		// Those that end meanwhile, and those of others, cannot be read.
		if b, err := os.ReadFile(path); err == nil && bytes.Contains(b, []byte("AWS_LAMBDA_FUNCTION_NAME="+function+"\x00")) {
			return "a process of the function is left: " + path
		}
	}
	return ""
}
