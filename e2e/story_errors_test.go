package e2e

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eb "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/smithy-go"
)

func disableRule(name string) *eventbridge.DisableRuleInput {
	return &eventbridge.DisableRuleInput{Name: &name}
}

func enableRule(name string) *eventbridge.EnableRuleInput {
	return &eventbridge.EnableRuleInput{Name: &name}
}

// code returns the code and the sentence of an API error.
func code(err error) (code, message string) {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode(), e.ErrorMessage()
	}
	return fmt.Sprintf("%T", err), fmt.Sprint(err)
}

func TestErrorsAreTheSDKsOwnTypes(t *testing.T) {
	t.Parallel()
	c := serve(t).sdk(t)
	ctx := t.Context()

	_, err := c.ev.DescribeRule(ctx, &eventbridge.DescribeRuleInput{Name: aws.String("nope")})
	if e, ok := errors.AsType[*eb.ResourceNotFoundException](err); !ok || e.ErrorMessage() != "Rule nope does not exist on EventBus default." {
		t.Errorf("an unknown rule: %v", err)
	}
	c.bus("orders")
	_, err = c.ev.CreateEventBus(ctx, &eventbridge.CreateEventBusInput{Name: aws.String("orders")})
	if e, ok := errors.AsType[*eb.ResourceAlreadyExistsException](err); !ok || e.ErrorMessage() != "Event bus orders already exists." {
		t.Errorf("a second bus of the name: %v", err)
	}
	_, err = c.ev.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("r"), EventPattern: aws.String(`{"source":["a"],"detail":{"n":[{"numberic":["=",1]}]}}`)})
	e, ok := errors.AsType[*eb.InvalidEventPatternException](err)
	if !ok || !strings.HasPrefix(e.ErrorMessage(), "Event pattern is not valid. Reason: Unrecognized match type numberic") ||
		!strings.Contains(e.ErrorMessage(), "line: 1, column: ") {
		t.Errorf("an unknown operator: %v", err)
	}
	_, err = c.ev.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("a b"), EventPattern: aws.String(`{"source":["a"]}`)})
	if got, message := code(err); got != "ValidationException" ||
		message != `1 validation error detected: Value 'a b' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [\.\-_A-Za-z0-9]+` {
		t.Errorf("a bad name: %s: %s", got, message)
	}
	_, err = c.ev.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("r"), ScheduleExpression: aws.String("rate(10 seconds)")})
	if got, message := code(err); got != "ValidationException" || message != "Parameter ScheduleExpression is not valid." {
		t.Errorf("a bad schedule: %s: %s", got, message)
	}
	_, err = c.ev.CreateArchive(ctx, &eventbridge.CreateArchiveInput{ArchiveName: aws.String("a"), EventSourceArn: aws.String("arn:aws:events:us-east-1:000000000000:event-bus/default")})
	if got, message := code(err); err == nil || !strings.Contains(message, "dari does not offer CreateArchive") {
		t.Errorf("an operation that is not offered: %s: %s", got, message)
	}
	_, err = c.ev.DeleteEventBus(ctx, &eventbridge.DeleteEventBusInput{Name: aws.String("default")})
	if got, message := code(err); got != "ValidationException" || message != "Cannot delete event bus default." {
		t.Errorf("deleting the default bus: %s: %s", got, message)
	}
}

func TestBadEntriesAreRefusedOneByOne(t *testing.T) {
	t.Parallel()
	c := serve(t).sdk(t)
	ctx := t.Context()
	good := entry("default", "s", "t", `{}`)
	noSource := entry("default", "", "t", `{}`)
	noType := eb.PutEventsRequestEntry{Source: aws.String("s"), Detail: aws.String("{}")}
	list := entry("default", "s", "t", `[1]`)
	ours := entry("default", "aws.ec2", "t", `{}`)
	unknown := entry("nobus", "s", "t", `{}`)
	out := must(c.ev.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []eb.PutEventsRequestEntry{good, noSource, noType, list, ours, unknown}}))(t)
	var got []string
	for _, e := range out.Entries {
		if (e.EventId == nil) == (e.ErrorCode == nil) {
			t.Errorf("an entry has either an id or an error: %s", toJSON(e))
		}
		got = append(got, aws.ToString(e.ErrorCode)+" "+aws.ToString(e.ErrorMessage))
	}
	want := []string{
		" ",
		"InvalidArgument Parameter Source is not valid. Reason: Source is a required argument.",
		"InvalidArgument Parameter DetailType is not valid. Reason: DetailType is a required argument.",
		"MalformedDetail Detail is malformed.",
		"NotAuthorizedForSourceException Not authorized for the source.",
		" ",
	}
	if out.FailedEntryCount != 4 || !slices.Equal(got, want) {
		t.Errorf("%d failed:\n%s\nwant 4:\n%s", out.FailedEntryCount, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}

	_, err := c.ev.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: slices.Repeat([]eb.PutEventsRequestEntry{good}, 11)})
	if got, message := code(err); got != "ValidationException" || !strings.HasPrefix(message, "1 validation error detected: Value '[PutEventsRequestEntry(") ||
		!strings.HasSuffix(message, "at 'entries' failed to satisfy constraint: Member must have length less than or equal to 10") {
		t.Errorf("eleven entries: %s: %s", got, message)
	}
	big := entry("default", "s", "t", `{"x":"`+strings.Repeat("x", 1<<20)+`"}`)
	_, err = c.ev.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []eb.PutEventsRequestEntry{big}})
	if got, message := code(err); got != "ValidationException" || message != "Total size of the entries in the request is over the limit." {
		t.Errorf("an entry over 1 MiB: %s: %s", got, message)
	}
}

func TestQuotasAreThoseOfAWS(t *testing.T) {
	t.Parallel()
	c := serve(t).sdk(t)
	q := queueARN("q")
	c.rule("default", "r000", `{"source":["a"]}`, target("1", q), target("2", q), target("3", q), target("4", q), target("5", q))
	_, err := c.ev.PutTargets(t.Context(), &eventbridge.PutTargetsInput{Rule: aws.String("r000"), Targets: []eb.Target{target("6", q)}})
	if e, ok := errors.AsType[*eb.LimitExceededException](err); !ok || e.ErrorMessage() != "The requested resource exceeds the maximum number allowed." {
		t.Errorf("the sixth target: %v", err)
	}
	for i := 1; i < 300; i++ {
		c.rule("default", fmt.Sprintf("r%03d", i), `{"source":["a"]}`)
	}
	_, err = c.ev.PutRule(t.Context(), &eventbridge.PutRuleInput{Name: aws.String("r300"), EventPattern: aws.String(`{"source":["a"]}`)})
	if _, ok := errors.AsType[*eb.LimitExceededException](err); !ok {
		t.Errorf("the 301st rule: %v", err)
	}
	c.rule("default", "r299", `{"source":["b"]}`) // an update is no new rule

	// All of them come back page by page, in order and once.
	for _, limit := range []*int32{nil, ptr[int32](1), ptr[int32](7), ptr[int32](100)} {
		var names []string
		var token *string
		for {
			page := must(c.ev.ListRules(t.Context(), &eventbridge.ListRulesInput{Limit: limit, NextToken: token}))(t)
			if n := len(page.Rules); n == 0 || limit != nil && n > int(*limit) || n > 100 {
				t.Fatalf("a page of %d rules, limit %d", n, aws.ToInt32(limit))
			}
			for _, r := range page.Rules {
				names = append(names, *r.Name)
			}
			if token = page.NextToken; token == nil {
				break
			}
		}
		if len(slices.Compact(slices.Clone(names))) != 300 || !slices.IsSorted(names) {
			t.Errorf("%d rules listed %d at a time, sorted: %v; want 300, sorted", len(names), aws.ToInt32(limit), slices.IsSorted(names))
		}
	}
	byTarget := must(c.ev.ListRuleNamesByTarget(t.Context(), &eventbridge.ListRuleNamesByTargetInput{TargetArn: &q}))(t)
	if !slices.Equal(byTarget.RuleNames, []string{"r000"}) {
		t.Errorf("rules of the target: %v", byTarget.RuleNames)
	}
	prefixed := must(c.ev.ListRules(t.Context(), &eventbridge.ListRulesInput{NamePrefix: aws.String("r29")}))(t)
	if len(prefixed.Rules) != 10 || prefixed.NextToken != nil {
		t.Errorf("%d rules begin with r29, want 10 and no token", len(prefixed.Rules))
	}
	_, err = c.ev.ListRules(t.Context(), &eventbridge.ListRulesInput{NextToken: aws.String("made up")})
	if got, _ := code(err); got != "ValidationException" {
		t.Errorf("a token that nobody issued: %v", err)
	}
}

func TestQuotasCanBeLifted(t *testing.T) {
	t.Parallel()
	c := serve(t, "--limits", "none").sdk(t)
	q := queueARN("q")
	c.rule("default", "r000", `{"source":["a"]}`, target("1", q), target("2", q), target("3", q), target("4", q), target("5", q))
	c.targets("default", "r000", target("6", q), target("7", q))
	for i := 1; i < 310; i++ {
		c.rule("default", fmt.Sprintf("r%03d", i), `{"source":["a"]}`)
	}
}

func TestRulesAreReadBackAsWritten(t *testing.T) {
	t.Parallel()
	c := serve(t).sdk(t)
	ctx := t.Context()
	bus := c.bus("orders")
	pattern := "{ \"source\" : [ \"a\" ],\n \"detail\": {\"n\": [{\"numeric\": [\">\", 1e2]}]} }"
	must(c.ev.PutRule(ctx, &eventbridge.PutRuleInput{
		Name: aws.String("r"), EventBusName: &bus, EventPattern: &pattern, Description: aws.String("d"),
		State: eb.RuleStateDisabled, Tags: []eb.Tag{{Key: aws.String("b"), Value: aws.String("2")}, {Key: aws.String("a"), Value: aws.String("")}},
	}))(t)
	got := must(c.ev.DescribeRule(ctx, &eventbridge.DescribeRuleInput{Name: aws.String("r"), EventBusName: aws.String("orders")}))(t)
	if aws.ToString(got.EventPattern) != pattern || aws.ToString(got.Description) != "d" || got.State != eb.RuleStateDisabled ||
		aws.ToString(got.EventBusName) != "orders" || aws.ToString(got.CreatedBy) != account || got.RoleArn != nil || got.ScheduleExpression != nil {
		t.Errorf("described as %s", toJSON(got))
	}
	arn := ruleARN("orders", "r")
	tags := must(c.ev.ListTagsForResource(ctx, &eventbridge.ListTagsForResourceInput{ResourceARN: &arn}))(t)
	if toJSON(tags.Tags) != `[{"Key":"b","Value":"2"},{"Key":"a","Value":""}]` {
		t.Errorf("tagged %s", toJSON(tags.Tags))
	}
	// A second PutRule replaces everything but the tags and targets.
	c.targets("orders", "r", target("t", queueARN("q")))
	c.rule("orders", "r", `{"source":["b"]}`)
	got = must(c.ev.DescribeRule(ctx, &eventbridge.DescribeRuleInput{Name: aws.String("r"), EventBusName: aws.String("orders")}))(t)
	if got.Description != nil || got.State != eb.RuleStateEnabled {
		t.Errorf("after an update without them, description and state are %s", toJSON(got))
	}
	_, err := c.ev.DeleteRule(ctx, &eventbridge.DeleteRuleInput{Name: aws.String("r"), EventBusName: aws.String("orders")})
	if got, message := code(err); got != "ValidationException" || message != "Rule can't be deleted since it has targets." {
		t.Errorf("deleting a rule with targets: %s: %s", got, message)
	}
	_, err = c.ev.DeleteEventBus(ctx, &eventbridge.DeleteEventBusInput{Name: aws.String("orders")})
	if err == nil {
		t.Error("a bus with rules was deleted")
	}
	removed := must(c.ev.RemoveTargets(ctx, &eventbridge.RemoveTargetsInput{Rule: aws.String("r"), EventBusName: aws.String("orders"), Ids: []string{"t", "u"}}))(t)
	if removed.FailedEntryCount != 1 || aws.ToString(removed.FailedEntries[0].TargetId) != "u" {
		t.Errorf("removing a target and an unknown one: %s", toJSON(removed))
	}
	must(c.ev.DeleteRule(ctx, &eventbridge.DeleteRuleInput{Name: aws.String("r"), EventBusName: aws.String("orders")}))(t)
	must(c.ev.DeleteEventBus(ctx, &eventbridge.DeleteEventBusInput{Name: aws.String("orders")}))(t)
}

func TestPatternsCanBeTried(t *testing.T) {
	t.Parallel()
	c := serve(t).sdk(t)
	event := `{"id":"1","account":"000000000000","source":"s","time":"2024-01-01T00:00:00Z","region":"us-east-1","resources":[],"detail-type":"t","detail":{"ip":"10.0.0.7","n":[1,2]}}`
	for pattern, want := range map[string]bool{
		`{"detail":{"ip":[{"cidr":"10.0.0.0/24"}]}}`:                        true,
		`{"detail":{"ip":[{"cidr":"10.0.1.0/24"}]}}`:                        false,
		`{"detail":{"n":[2]},"source":[{"anything-but":"x"}]}`:              true,
		`{"$or":[{"source":["x"]},{"detail":{"gone":[{"exists":false}]}}]}`: true,
	} {
		out := must(c.ev.TestEventPattern(t.Context(), &eventbridge.TestEventPatternInput{EventPattern: &pattern, Event: &event}))(t)
		if out.Result != want {
			t.Errorf("%s: %v, want %v", pattern, out.Result, want)
		}
	}
	_, err := c.ev.TestEventPattern(t.Context(), &eventbridge.TestEventPatternInput{EventPattern: aws.String(`{"source":["s"]}`), Event: aws.String(`[]`)})
	if got, message := code(err); got != "ValidationException" || message != "Parameter Event is not valid." {
		t.Errorf("an event that is a list: %s: %s", got, message)
	}
}
