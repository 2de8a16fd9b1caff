package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eb "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// allow is a queue policy that lets a rule send.
func allow(q queueRef, rule string) map[string]string {
	return map[string]string{"Policy": fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
		"Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"%s",
		"Condition":{"ArnEquals":{"aws:SourceArn":"%s"}}}]}`, q.arn, rule)}
}

func (c *sdk) setAttributes(q queueRef, attributes map[string]string) {
	c.t.Helper()
	must(c.sq.SetQueueAttributes(c.t.Context(), &sqs.SetQueueAttributesInput{QueueUrl: &q.url, Attributes: attributes}))(c.t)
}

func TestRulesNeedAPolicyOfTheQueue(t *testing.T) {
	t.Parallel()
	c := serve(t).sdk(t)
	none := map[string]string{"Policy": ""}
	open, closed, other, dead := c.queue("open", none), c.queue("closed", none), c.queue("other", none), c.queue("dead", none)
	rule := ruleARN("default", "r")
	c.setAttributes(open, allow(open, rule))
	c.setAttributes(other, allow(other, ruleARN("default", "another")))
	c.setAttributes(dead, allow(dead, rule))
	withDead := func(id string, q queueRef) eb.Target {
		tg := target(id, q.arn)
		tg.DeadLetterConfig = &eb.DeadLetterConfig{Arn: &dead.arn}
		return tg
	}
	c.rule("default", "r", `{"source":["s"]}`, withDead("open", open), withDead("closed", closed), withDead("other", other))
	id := c.put(entry("default", "s", "t", `{}`))[0]
	if got := eventID(t, *c.one(open).Body); got != id {
		t.Errorf("the open queue got %s", got)
	}
	refused := map[string]string{}
	for _, m := range c.take(dead, 2, 20*time.Second) {
		a := attributes(m)
		refused[a["TARGET_ARN"]] = a["ERROR_CODE"]
	}
	if refused[closed.arn] != "NO_RESOURCE" || refused[other.arn] != "NO_RESOURCE" || len(refused) != 2 {
		t.Errorf("dead letters by target: %v, want NO_RESOURCE of the two closed queues, as on AWS", refused)
	}
}

func TestAnotherAccountNeedsAPermission(t *testing.T) {
	t.Parallel()
	s := serve(t)
	owner, stranger := s.sdk(t), s.sdkAs(t, keyPair("111122223333", "any"))
	ctx := t.Context()
	bus := owner.bus("shared")
	q := owner.queue("q", nil)
	owner.rule("shared", "r", `{"source":["s"]}`, target("q", q.arn))

	put := func() eb.PutEventsResultEntry {
		t.Helper()
		out := must(stranger.ev.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []eb.PutEventsRequestEntry{entry(bus, "s", "t", `{"n":1}`)}}))(t)
		return out.Entries[0]
	}
	if e := put(); aws.ToString(e.ErrorCode) != "AccessDeniedException" {
		t.Errorf("without a permission: %s", toJSON(e))
	}
	must(owner.ev.PutPermission(ctx, &eventbridge.PutPermissionInput{
		EventBusName: ptr("shared"), Action: ptr("events:PutEvents"), Principal: ptr("111122223333"), StatementId: ptr("them"),
	}))(t)
	e := put()
	if e.ErrorCode != nil {
		t.Fatalf("with a permission: %s", toJSON(e))
	}
	var got struct{ ID, Account string }
	if err := json.Unmarshal([]byte(*owner.one(q).Body), &got); err != nil || got.ID != *e.EventId || got.Account != "111122223333" {
		t.Errorf("the event is %+v (%v), want the sender's account", got, err)
	}
	must(owner.ev.RemovePermission(ctx, &eventbridge.RemovePermissionInput{EventBusName: ptr("shared"), StatementId: ptr("them")}))(t)
	if e := put(); aws.ToString(e.ErrorCode) != "AccessDeniedException" {
		t.Errorf("after the permission was taken back: %s", toJSON(e))
	}
	// What is not shared cannot be seen.
	if _, err := stranger.ev.DescribeEventBus(ctx, &eventbridge.DescribeEventBusInput{Name: ptr("shared")}); err == nil {
		t.Error("another account sees the bus by its name")
	}
}

func TestAFIFOQueueIsATarget(t *testing.T) {
	t.Parallel()
	c := serve(t).sdk(t)
	q := c.queue("q.fifo", map[string]string{"FifoQueue": "true", "ContentBasedDeduplication": "true"})
	_, err := c.ev.PutRule(t.Context(), &eventbridge.PutRuleInput{Name: ptr("r"), EventPattern: ptr(`{"source":["s"]}`)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.ev.PutTargets(t.Context(), &eventbridge.PutTargetsInput{Rule: ptr("r"), Targets: []eb.Target{target("q", q.arn)}})
	if got, message := code(err); got != "ValidationException" || message != "Parameter(s) SqsParameters must be specified for target: q." {
		t.Errorf("a FIFO queue without a group: %s: %s", got, message)
	}
	tg := target("q", q.arn)
	tg.SqsParameters = &eb.SqsParameters{MessageGroupId: ptr("g")}
	c.targets("default", "r", tg)
	id := c.put(entry("default", "s", "t", `{"n":1}`))[0]
	m := c.one(q)
	if eventID(t, *m.Body) != id || m.Attributes["MessageGroupId"] != "g" {
		t.Errorf("received %s with %v", *m.Body, m.Attributes)
	}
}

func TestAScheduleFiresAMinuteAfterItsRuleWasMade(t *testing.T) {
	if testing.Short() {
		t.Skip("takes more than a minute")
	}
	t.Parallel()
	c := serve(t).sdk(t)
	q, seen := c.queue("q", nil), c.queue("seen", nil)
	began := time.Now()
	must(c.ev.PutRule(t.Context(), &eventbridge.PutRuleInput{Name: ptr("every-minute"), ScheduleExpression: ptr("rate(1 minute)")}))(t)
	c.targets("default", "every-minute", target("q", q.arn))
	c.rule("default", "watch", `{"source":["aws.events"]}`, target("q", seen.arn))
	got := c.take(q, 1, 90*time.Second)
	if len(got) != 1 {
		t.Fatal("nothing within 90 s")
	}
	if after := time.Since(began); after < 55*time.Second {
		t.Errorf("fired %v after the rule was made, want about a minute", after)
	}
	var e map[string]any
	if err := json.Unmarshal([]byte(*got[0].Body), &e); err != nil {
		t.Fatal(err)
	}
	delete(e, "id")
	at, _ := e["time"].(string)
	delete(e, "time")
	want := fmt.Sprintf(`{"version":"0","detail-type":"Scheduled Event","source":"aws.events","account":"%s","region":"%s","resources":["%s"],"detail":{}}`,
		account, region, ruleARN("default", "every-minute"))
	if diff := diffJSON(t, []byte(want), []byte(toJSON(e))); diff != "" || !strings.HasSuffix(at, "Z") {
		t.Errorf("the event, at %s:\n%s", at, diff)
	}
}
