package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eb "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sq "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// keyPair returns a provider of fixed credentials.
func keyPair(id, secret string) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: id, SecretAccessKey: secret}, nil
	})
}

// A sdk is the Go SDK's clients of one server, and what tests do with them
// again and again. Its methods end the test when something goes wrong.
type sdk struct {
	t      testing.TB
	server *server
	ev     *eventbridge.Client
	sq     *sqs.Client
}

func (s *server) sdk(t testing.TB) *sdk { return s.sdkAs(t, keyPair("test", "test")) }

func (s *server) sdkAs(t testing.TB, as aws.CredentialsProvider) *sdk {
	return &sdk{
		t: t, server: s,
		ev: eventbridge.New(eventbridge.Options{
			Region: region, BaseEndpoint: &s.URL, Credentials: as, HTTPClient: httpClient, Retryer: aws.NopRetryer{},
		}),
		sq: sqs.New(sqs.Options{
			Region: region, BaseEndpoint: &s.URL, Credentials: as, HTTPClient: httpClient, Retryer: aws.NopRetryer{},
		}),
	}
}

// must returns v, and ends the test when there is an error.
func must[T any](v T, err error) func(t testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// A queueRef is a queue that was made.
type queueRef struct{ url, arn string }

// rulesMaySend is a queue policy that lets every rule of the account in.
const rulesMaySend = `{"Version":"2012-10-17","Statement":[{"Sid":"rules","Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},` +
	`"Action":"sqs:SendMessage","Resource":"*"}]}`

// queue makes a queue that rules may send to, unless attributes hold another
// policy. An empty one is none.
func (c *sdk) queue(name string, attributes map[string]string) queueRef {
	c.t.Helper()
	attributes = maps.Clone(attributes)
	if p, given := attributes["Policy"]; !given {
		if attributes == nil {
			attributes = map[string]string{}
		}
		attributes["Policy"] = rulesMaySend
	} else if p == "" {
		delete(attributes, "Policy")
	}
	out := must(c.sq.CreateQueue(c.t.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes}))(c.t)
	return queueRef{*out.QueueUrl, queueARN(name)}
}

func queueARN(name string) string {
	return fmt.Sprintf("arn:aws:sqs:%s:%s:%s", region, account, name)
}

func ruleARN(bus, rule string) string {
	if bus == "default" {
		return fmt.Sprintf("arn:aws:events:%s:%s:rule/%s", region, account, rule)
	}
	return fmt.Sprintf("arn:aws:events:%s:%s:rule/%s/%s", region, account, bus, rule)
}

func (c *sdk) bus(name string) string {
	c.t.Helper()
	out := must(c.ev.CreateEventBus(c.t.Context(), &eventbridge.CreateEventBusInput{Name: &name}))(c.t)
	return *out.EventBusArn
}

// rule makes a rule with targets.
func (c *sdk) rule(bus, name, pattern string, targets ...eb.Target) {
	c.t.Helper()
	out := must(c.ev.PutRule(c.t.Context(), &eventbridge.PutRuleInput{EventBusName: &bus, Name: &name, EventPattern: &pattern}))(c.t)
	if got, want := aws.ToString(out.RuleArn), ruleARN(bus, name); got != want {
		c.t.Fatalf("the rule's ARN is %s, want %s", got, want)
	}
	if len(targets) == 0 {
		return
	}
	c.targets(bus, name, targets...)
}

func (c *sdk) targets(bus, rule string, targets ...eb.Target) {
	c.t.Helper()
	out := must(c.ev.PutTargets(c.t.Context(), &eventbridge.PutTargetsInput{EventBusName: &bus, Rule: &rule, Targets: targets}))(c.t)
	if out.FailedEntryCount != 0 {
		c.t.Fatalf("targets failed: %+v", out.FailedEntries)
	}
}

// target returns a target that takes the whole event. As on AWS, an API
// destination is called in a role.
func target(id, arn string) eb.Target {
	t := eb.Target{Id: &id, Arn: &arn}
	if strings.Contains(arn, ":api-destination/") {
		t.RoleArn = ptr("arn:aws:iam::" + account + ":role/invoke")
	}
	return t
}

// entry returns an entry for PutEvents.
func entry(bus, source, detailType, detail string) eb.PutEventsRequestEntry {
	return eb.PutEventsRequestEntry{EventBusName: &bus, Source: &source, DetailType: &detailType, Detail: &detail}
}

// put puts entries, ten a call, and returns their event ids.
func (c *sdk) put(entries ...eb.PutEventsRequestEntry) []string {
	c.t.Helper()
	var ids []string
	for len(entries) > 0 {
		n := min(10, len(entries))
		out := must(c.ev.PutEvents(c.t.Context(), &eventbridge.PutEventsInput{Entries: entries[:n]}))(c.t)
		if out.FailedEntryCount != 0 || len(out.Entries) != n {
			c.t.Fatalf("of %d entries, %d failed: %+v", n, out.FailedEntryCount, out.Entries)
		}
		for _, e := range out.Entries {
			ids = append(ids, *e.EventId)
		}
		entries = entries[n:]
	}
	return ids
}

// take receives and deletes until n messages have come, or the time is over.
// It then returns what there is.
func (c *sdk) take(q queueRef, n int, within time.Duration) []sq.Message {
	c.t.Helper()
	var all []sq.Message
	deadline := time.Now().Add(within)
	for len(all) < n && time.Now().Before(deadline) {
		wait := int32(min(5, max(1, time.Until(deadline).Seconds())))
		all = append(all, c.receive(q, wait)...)
	}
	return all
}

// receive takes up to ten messages from a queue and deletes them.
func (c *sdk) receive(q queueRef, waitSeconds int32) []sq.Message {
	c.t.Helper()
	out := must(c.sq.ReceiveMessage(c.t.Context(), &sqs.ReceiveMessageInput{
		QueueUrl: &q.url, MaxNumberOfMessages: 10, WaitTimeSeconds: waitSeconds,
		MessageAttributeNames: []string{"All"}, MessageSystemAttributeNames: []sq.MessageSystemAttributeName{"All"},
	}))(c.t)
	if len(out.Messages) == 0 {
		return nil
	}
	var gone []sq.DeleteMessageBatchRequestEntry
	for i, m := range out.Messages {
		gone = append(gone, sq.DeleteMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(i)), ReceiptHandle: m.ReceiptHandle})
	}
	deleted := must(c.sq.DeleteMessageBatch(c.t.Context(), &sqs.DeleteMessageBatchInput{QueueUrl: &q.url, Entries: gone}))(c.t)
	if len(deleted.Failed) > 0 {
		c.t.Fatalf("delete: %+v", deleted.Failed)
	}
	return out.Messages
}

// one takes exactly one message.
func (c *sdk) one(q queueRef) sq.Message {
	c.t.Helper()
	got := c.take(q, 1, 20*time.Second)
	if len(got) != 1 {
		c.t.Fatalf("%d messages in %s, want 1; dead deliveries: %s", len(got), q.arn, c.server.dead(c.t))
	}
	return got[0]
}

// dead returns what /_dari/dead lists.
func (s *server) dead(t testing.TB) string {
	t.Helper()
	return clip(s.get(t, "/_dari/dead"))
}

// get reads one of dari's own pages.
func (s *server) get(t testing.TB, path string) []byte {
	t.Helper()
	resp, err := httpClient.Get(s.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	body := readBody(t, resp)
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s answers %s: %s", path, resp.Status, body)
	}
	return body
}

func readBody(t testing.TB, resp *http.Response) []byte {
	t.Helper()
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// attributes returns a message's attributes as text.
func attributes(m sq.Message) map[string]string {
	out := map[string]string{}
	for name, v := range m.MessageAttributes {
		out[name] = aws.ToString(v.StringValue)
	}
	return out
}

// toJSON returns v as JSON text.
func toJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // only given what can be marshalled
	}
	return string(b)
}

// metric returns the sum of a metric's series on /_dari/metrics whose labels
// hold all of the given pieces of text, such as `outcome="delivered"`.
func (s *server) metric(t testing.TB, name string, labels ...string) float64 {
	t.Helper()
	var sum float64
	found := false
	for line := range strings.Lines(string(s.get(t, "/_dari/metrics"))) {
		series, value, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		base, rest, _ := strings.Cut(series, "{")
		if base != name {
			continue
		}
		found = true
		all := true
		for _, l := range labels {
			all = all && strings.Contains(rest, l)
		}
		if all {
			var v float64
			if _, err := fmt.Sscan(value, &v); err != nil {
				t.Fatalf("metric %s: %v", line, err)
			}
			sum += v
		}
	}
	if !found && len(labels) == 0 {
		t.Fatalf("there is no metric %s", name)
	}
	return sum
}
