package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eb "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"
)

// A trailEvent is the event of a call, as far as the tests look at it.
type trailEvent struct {
	Source, Region string
	DetailType     string `json:"detail-type"`
	Resources      []string
	Detail         struct {
		EventName, EventSource, AWSRegion, ErrorCode, ErrorMessage string
		UserIdentity, RequestParameters, ResponseElements          map[string]any
		ReadOnly                                                   bool
	}
}

func readTrail(t *testing.T, text string) (e trailEvent) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return e
}

// calls takes the events of calls from a queue until there are n.
func (c *sdk) calls(t *testing.T, q queueRef, n int) (found []trailEvent) {
	t.Helper()
	for _, m := range c.take(q, n, 10*time.Second) {
		found = append(found, readTrail(t, *m.Body))
	}
	return found
}

// rulesMayLog lets every rule of the account write to its log groups.
func rulesMayLog(t *testing.T, logs *lean) {
	t.Helper()
	err := logs.call(t.Context(), "Logs_20140328.PutResourcePolicy", map[string]any{"policyName": "rules", "policyDocument": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
		"Principal":{"Service":["events.amazonaws.com","delivery.logs.amazonaws.com"]},"Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}]}`}, nil)
	if err != nil {
		t.Fatal(err)
	}
}

func TestACallOfTheCLIIsInAQueueAndALogGroupWithinASecond(t *testing.T) {
	ctx := t.Context()
	s := serve(t)
	c, logs := s.sdk(t), newLean(s, 1)
	q := c.queue("seen", nil)
	if err := logs.call(ctx, "Logs_20140328.CreateLogGroup", map[string]any{"logGroupName": "/trail/calls"}, nil); err != nil {
		t.Fatal(err)
	}
	rulesMayLog(t, logs)
	c.rule("default", "calls", `{"source":["aws.sqs"],"detail-type":["AWS API Call via CloudTrail"],"detail":{"eventName":["CreateQueue"],"errorCode":[{"exists":false}]}}`,
		target("q", q.arn), target("l", "arn:aws:logs:us-east-1:000000000000:log-group:/trail/calls"))
	logged := func(name string) string {
		var out struct{ Events []struct{ Message string } }
		err := logs.call(ctx, "Logs_20140328.FilterLogEvents", map[string]any{"logGroupName": "/trail/calls", "filterPattern": `"` + name + `"`}, &out)
		if err != nil || len(out.Events) != 1 {
			return fmt.Sprintf("%d log events of %s, %v", len(out.Events), name, err)
		}
		return ""
	}

	s.run(t, t.TempDir(), tool(t, "aws"), "--endpoint-url", s.URL, "sqs", "create-queue", "--queue-name", "by-cli", "--attributes", "DelaySeconds=5")
	e := c.calls(t, q, 1)[0]
	if e.Source != "aws.sqs" || e.DetailType != "AWS API Call via CloudTrail" || len(e.Resources) != 0 ||
		e.Detail.RequestParameters["queueName"] != "by-cli" || e.Detail.EventSource != "sqs.amazonaws.com" || e.Detail.UserIdentity["type"] != "Root" {
		t.Errorf("the event is %+v", e)
	}
	eventually(t, 5*time.Second, func() string { return logged("by-cli") })

	var took []time.Duration
	for i := range 21 {
		name := fmt.Sprintf("fresh-%d", i)
		began := time.Now()
		c.queue(name, nil)
		if got := c.calls(t, q, 1)[0]; got.Detail.RequestParameters["queueName"] != name {
			t.Fatalf("%s is followed by %+v", name, got)
		}
		eventually(t, 5*time.Second, func() string { return logged(name) })
		took = append(took, time.Since(began))
	}
	median := quantile(sorted(took), 0.5)
	t.Logf("from the call to the queue and the log group: median %v, at most %v", median, quantile(sorted(took), 1))
	if median > time.Second {
		t.Errorf("the median is %v", median)
	}
}

func TestCallsThatOnlyReadReachRulesThatAskForThem(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := serve(t)
	c := s.sdk(t)
	usual, all := c.queue("usual", nil), c.queue("all", nil)
	const pattern = `{"source":["aws.events"],"detail":{"eventName":["ListEventBuses","CreateEventBus"]}}`
	c.rule("default", "usual", pattern, target("q", usual.arn))
	must(c.ev.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("all"), EventPattern: aws.String(pattern), State: eb.RuleStateEnabledWithAllCloudtrailManagementEvents}))(t)
	c.targets("default", "all", target("q", all.arn))
	must(c.ev.ListEventBuses(ctx, &eventbridge.ListEventBusesInput{}))(t)
	c.bus("shop")
	names := func(events []trailEvent) (names []string) {
		for _, e := range events {
			names = append(names, e.Detail.EventName)
		}
		slices.Sort(names)
		return names
	}
	if got := names(c.calls(t, all, 2)); !slices.Equal(got, []string{"CreateEventBus", "ListEventBuses"}) {
		t.Errorf("the rule that asks for all got %v", got)
	}
	if got := names(c.calls(t, usual, 1)); !slices.Equal(got, []string{"CreateEventBus"}) || len(c.receive(usual, 0)) > 0 {
		t.Errorf("the usual rule got %v and more", got)
	}
}

// rooms-ahead C4 and C5.
func TestASessionAndWhatItIsDenied(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := serve(t)
	c := s.sdk(t)
	q := c.queue("q", nil)
	must(c.ev.PutRule(ctx, &eventbridge.PutRuleInput{
		Name: aws.String("r"), EventPattern: aws.String(`{"source":["aws.logs","aws.sts","aws.iam"]}`), State: eb.RuleStateEnabledWithAllCloudtrailManagementEvents,
	}))(t)
	c.targets("default", "r", target("q", q.arn))
	as := keyPair("test", "test")
	ids := iam.New(iam.Options{BaseEndpoint: &s.URL, Region: "eu-central-1", Credentials: as, HTTPClient: httpClient})
	role := must(ids.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("dev"), AssumeRolePolicyDocument: aws.String(trustRoot)}))(t).Role
	_, tokens := s.identities(as)
	out := must(tokens.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: role.Arn, RoleSessionName: aws.String("anna")}))(t)
	held := *out.Credentials
	far := sts.New(sts.Options{BaseEndpoint: &s.URL, Region: "eu-central-1", Credentials: as, HTTPClient: httpClient})
	must(far.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: role.Arn, RoleSessionName: aws.String("far")}))(t)

	env := []string{"AWS_ACCESS_KEY_ID=" + *held.AccessKeyId, "AWS_SECRET_ACCESS_KEY=" + *held.SecretAccessKey, "AWS_SESSION_TOKEN=" + *held.SessionToken}
	said := s.runAs(t, env, tool(t, "aws"), "--endpoint-url", s.URL, "logs", "put-retention-policy", "--log-group-name", "/app/x", "--retention-in-days", "7")
	found := map[string]trailEvent{}
	for _, e := range c.calls(t, q, 3) {
		found[e.Detail.EventName] = e
	}
	if got := slices.Sorted(maps.Keys(found)); !slices.Equal(got, []string{"AssumeRole", "CreateRole", "PutRetentionPolicy"}) || len(c.receive(q, 0)) > 0 {
		t.Fatalf("there are events of %v, or more", got)
	}
	if e := found["CreateRole"]; e.Region != "us-east-1" || e.Detail.AWSRegion != "us-east-1" {
		t.Errorf("what was called in eu-central-1 of IAM is in %s, %s", e.Region, e.Detail.AWSRegion)
	}
	text := toJSON(found["AssumeRole"].Detail.ResponseElements)
	if !strings.Contains(text, *held.AccessKeyId) || strings.Contains(text, *held.SecretAccessKey) || strings.Contains(text, *held.SessionToken) {
		t.Errorf("AssumeRole answered %s", text)
	}

	denied := found["PutRetentionPolicy"].Detail
	sentence := "User: arn:aws:sts::000000000000:assumed-role/dev/anna is not authorized to perform: logs:PutRetentionPolicy on resource: " +
		"arn:aws:logs:us-east-1:000000000000:log-group:/app/x:log-stream: because no identity-based policy allows the logs:PutRetentionPolicy action"
	if denied.ErrorCode != "AccessDenied" || denied.ErrorMessage != sentence || denied.RequestParameters != nil || denied.ResponseElements != nil || !strings.Contains(said, sentence) {
		t.Errorf("the record is %+v; the CLI said %s", denied, said)
	}
	session := denied.UserIdentity["sessionContext"].(map[string]any)
	delete(session["attributes"].(map[string]any), "creationDate")
	want := map[string]any{
		"type": "AssumedRole", "principalId": *role.RoleId + ":anna", "arn": "arn:aws:sts::000000000000:assumed-role/dev/anna",
		"accountId": account, "accessKeyId": *held.AccessKeyId,
		"sessionContext": map[string]any{
			"sessionIssuer": map[string]any{"type": "Role", "principalId": *role.RoleId, "arn": *role.Arn, "accountId": account, "userName": "dev"},
			"attributes":    map[string]any{"mfaAuthenticated": "false"},
		},
	}
	if diff := cmp.Diff(want, denied.UserIdentity); diff != "" {
		t.Error(diff)
	}
}

// asksForSends has a trail write the records of all messages that are sent to a log group.
func (s *server) asksForSends(t *testing.T, group string) {
	t.Helper()
	ids, _ := s.identities(keyPair("test", "test"))
	const trust = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"cloudtrail.amazonaws.com"}}}`
	const writes = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}}`
	role := must(ids.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: ptr("watcher"), AssumeRolePolicyDocument: ptr(trust)}))(t)
	must(ids.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: ptr("watcher"), PolicyName: ptr("p"), PolicyDocument: ptr(writes)}))(t)
	client := newLean(s, 1)
	const cloudTrail = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101."
	field := func(name, value string) map[string]any {
		return map[string]any{"Field": name, "Equals": []string{value}}
	}
	for _, c := range []struct {
		target string
		in     map[string]any
	}{
		{"Logs_20140328.CreateLogGroup", map[string]any{"logGroupName": group}},
		{cloudTrail + "CreateTrail", map[string]any{
			"Name": "sends", "S3BucketName": "bucket", "CloudWatchLogsRoleArn": *role.Role.Arn,
			"CloudWatchLogsLogGroupArn": "arn:aws:logs:us-east-1:" + account + ":log-group:" + group + ":*",
		}},
		{cloudTrail + "PutEventSelectors", map[string]any{"TrailName": "sends", "AdvancedEventSelectors": []any{map[string]any{
			"FieldSelectors": []any{field("eventCategory", "Data"), field("resources.type", "AWS::SQS::Queue"), field("eventName", "SendMessage")},
		}}}},
		{cloudTrail + "StartLogging", map[string]any{"Name": "sends"}},
	} {
		if err := client.call(t.Context(), c.target, c.in, nil); err != nil {
			t.Fatal(c.target, err)
		}
	}
}

// sends are the ids of the messages whose records are in a log group.
func (s *server) sends(t *testing.T, group string) map[string]bool {
	t.Helper()
	client, found := newLean(s, 1), map[string]bool{}
	in := map[string]any{"logGroupName": group}
	for {
		var out struct {
			Events    []struct{ Message string }
			NextToken string
		}
		if err := client.call(t.Context(), "Logs_20140328.FilterLogEvents", in, &out); err != nil {
			t.Fatal(err)
		}
		for _, e := range out.Events {
			var r struct {
				ResponseElements struct{ MessageID string }
			}
			if err := json.Unmarshal([]byte(e.Message), &r); err != nil {
				t.Fatal(err)
			}
			found[r.ResponseElements.MessageID] = true
		}
		if out.NextToken == "" {
			return found
		}
		in["nextToken"] = out.NextToken
	}
}

// The record of a call is written in the transaction of its event, and a queue of the
// house has that then. Records of calls on data, which are written together, are in their
// trail's log group.
func TestNoTrailOfAnAnsweredCallIsLostToKill9(t *testing.T) {
	if testing.Short() {
		t.Skip("kills the server again and again")
	}
	random := rand.New(rand.NewPCG(seed(t), 1))
	s := serve(t)
	c := s.sdk(t)
	q := c.queue("seen", map[string]string{"VisibilityTimeout": "600"})
	c.rule("default", "calls", `{"source":["aws.sqs"],"detail":{"eventName":["CreateQueue"]}}`, target("q", q.arn))
	box := c.queue("box", nil)
	s.asksForSends(t, "/sends")

	load, stop := context.WithCancel(t.Context())
	defer stop()
	var running sync.WaitGroup
	answered, sent := make([][]string, 4), make([][]string, 8)
	for i := range sent {
		running.Go(func() {
			client := newLean(s, 1)
			for load.Err() == nil {
				var out struct{ MessageID string }
				if client.call(t.Context(), "AmazonSQS.SendMessage", map[string]any{"QueueUrl": box.url, "MessageBody": "m"}, &out) == nil {
					sent[i] = append(sent[i], out.MessageID)
				} else {
					<-time.After(10 * time.Millisecond)
				}
			}
		})
	}
	for i := range answered {
		running.Go(func() {
			client := newLean(s, 1)
			for n := 0; load.Err() == nil; n++ {
				name := fmt.Sprintf("made-%d-%d", i, n)
				if client.call(t.Context(), "AmazonSQS.CreateQueue", map[string]any{"QueueName": name}, nil) == nil {
					answered[i] = append(answered[i], name)
				} else {
					<-time.After(10 * time.Millisecond) // it is down
				}
			}
		})
	}
	for range 6 {
		eventually(t, 30*time.Second, s.unready)
		<-time.After(time.Duration(200+random.IntN(800)) * time.Millisecond)
		s.kill(t)
		s.launch(t)
	}
	eventually(t, 30*time.Second, s.unready)
	stop()
	running.Wait()

	seen := map[string]bool{}
	taker := newLean(s, 1)
	for {
		ms, err := taker.receive(t.Context(), q.url, 1)
		if err != nil {
			t.Fatal(err)
		}
		if len(ms) == 0 {
			break
		}
		for _, m := range ms {
			name, _ := readTrail(t, m.Body).Detail.RequestParameters["queueName"].(string)
			seen[name] = true
		}
	}
	all := slices.Concat(answered...)
	for _, name := range all {
		if !seen[name] {
			t.Errorf("CreateQueue of %s was answered, and is in no record", name)
		}
	}
	recorded := s.sends(t, "/sends")
	messages := slices.Concat(sent...)
	for _, id := range messages {
		if !recorded[id] {
			t.Errorf("the message %s was answered, and is in no record", id)
		}
	}
	t.Logf("%d calls were answered, of %d that were recorded, and %d messages, of %d", len(all), len(seen), len(messages), len(recorded))
	if len(all) < 50 || len(messages) < 50 {
		t.Error("the server was hardly up")
	}
}
