package bus

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/delivery"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/target"
)

const (
	anyRole   = "arn:aws:iam::111122223333:role/r"
	otherBus  = "arn:aws:events:eu-central-1:444455556666:event-bus/default"
	ownBus    = "arn:aws:events:eu-central-1:111122223333:event-bus/b"
	anAPI     = "arn:aws:events:eu-central-1:111122223333:api-destination/d/1"
	goneAPI   = "arn:aws:events:eu-central-1:111122223333:api-destination/gone/1"
	fifoQueue = "arn:aws:sqs:eu-central-1:111122223333:q.fifo"
)

func TestPutTargetsSaysWhatIsWrong(t *testing.T) {
	gone := fault.NotFound("An api-destination 'gone' does not exist.")
	h := newHouse(t, func(o *Options) {
		o.CheckTarget = func(_ access.Place, a arn.ARN) error {
			if a.String() == goneAPI {
				return gone
			}
			return nil
		}
	})
	h.rule(NewRule{Name: "r", Pattern: somePattern})
	text := func(s string) *string { return &s }
	notARN := func(s string) *fault.Error {
		return fault.Invalid("Parameter %s is not valid. Reason: Provided Arn is not in correct format.", s)
	}
	needsRole := func(s string) *fault.Error { return fault.Invalid("RoleArn is required for target %s.", s) }
	template := &target.Transformer{Template: `"<x>"`}
	for _, c := range []struct {
		name   string
		target target.Target
		want   *fault.Error
	}{
		{"no arn", target.Target{ARN: "queue"}, notARN("queue")},
		{"unsupported service", target.Target{ARN: "arn:aws:iam::111122223333:role/r"},
			fault.Invalid("iam is not a supported service for a target.")},
		{"two inputs", target.Target{ARN: queue("q").ARN, Input: text(`1`), InputPath: text(`$`)},
			fault.Invalid("Only one of Input, InputPath, or InputTransformer must be provided for target x.")},
		{"input is not JSON", target.Target{ARN: queue("q").ARN, Input: text(`{`)},
			fault.Invalid("Input for target x is not valid JSON.")},
		{"bad path", target.Target{ARN: queue("q").ARN, InputPath: text(`detail`)},
			fault.Invalid("Invalid InputPath for target x.")},
		{"unknown placeholder", target.Target{ARN: queue("q").ARN, Transformer: template},
			fault.Invalid("InputTemplate for target x contains invalid placeholder x.")},
		{"path that leads nowhere", target.Target{ARN: queue("q").ARN, InputPath: text(`$.detail.nowhere`)}, nil},
		{"input of a bus", target.Target{ARN: ownBus, Input: text(`{}`)},
			fault.Invalid("Input, InputPath and InputTransformer are not supported for target x, because it is an event bus.")},
		{"path of a bus", target.Target{ARN: ownBus, InputPath: text(`$`)},
			fault.Invalid("Input, InputPath and InputTransformer are not supported for target x, because it is an event bus.")},
		{"a bus at home", target.Target{ARN: ownBus}, nil},
		{"a bus of others", target.Target{ARN: otherBus}, needsRole(otherBus)},
		{"a bus of others with a role", target.Target{ARN: otherBus, RoleARN: anyRole}, nil},
		{"role is no ARN", target.Target{ARN: otherBus, RoleARN: "me"}, notARN("me")},
		{"API destination without a role", target.Target{ARN: anAPI}, needsRole(anAPI)},
		{"API destination", target.Target{ARN: anAPI, RoleARN: anyRole}, nil},
		{"API destination that is not there", target.Target{ARN: goneAPI, RoleARN: anyRole}, gone},
		{"an archive", target.Target{ARN: "arn:aws:events:eu-central-1:111122223333:archive/a"},
			fault.Invalid("Parameter arn:aws:events:eu-central-1:111122223333:archive/a is not valid. Reason: It is neither an event bus nor an API destination.")},
		{"FIFO queue without a group", target.Target{ARN: fifoQueue},
			fault.Invalid("Parameter(s) SqsParameters must be specified for target: x.")},
		{"FIFO queue", target.Target{ARN: fifoQueue, Queue: &target.QueueParameters{Group: "g"}}, nil},
		{"dead letters to a topic", target.Target{ARN: queue("q").ARN, DeadLetter: "arn:aws:sns:eu-central-1:111122223333:t"},
			fault.Invalid("Parameter DeadLetterConfig.Arn is not valid for target x. Reason: A dead-letter queue must be a standard SQS queue.")},
		{"dead letters to a FIFO queue", target.Target{ARN: queue("q").ARN, DeadLetter: fifoQueue},
			fault.Invalid("Parameter DeadLetterConfig.Arn is not valid for target x. Reason: A dead-letter queue must be a standard SQS queue.")},
		{"dead letters to nothing", target.Target{ARN: queue("q").ARN, DeadLetter: "dlq"}, notARN("dlq")},
		{"a state machine without a role", target.Target{ARN: "arn:aws:states:eu-central-1:111122223333:stateMachine:m"},
			needsRole("arn:aws:states:eu-central-1:111122223333:stateMachine:m")},
		{"a queue that is not there", target.Target{ARN: "arn:aws:sqs:us-west-2:999999999999:nobody"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.target.ID = "x"
			wantFault(t, h.PutTargets(t.Context(), home, "", "r", []target.Target{c.target}), c.want)
		})
	}
	wantFault(t, h.PutTargets(t.Context(), home, "", "nope", []target.Target{queue("q")}),
		fault.NotFound("Rule nope does not exist on EventBus default."))
	wantFault(t, h.PutTargets(t.Context(), home, "nope", "r", []target.Target{queue("q")}),
		fault.NotFound("Event bus nope does not exist."))
}

func TestEveryServiceThatNeedsNoRoleIsAccepted(t *testing.T) {
	h := newHouse(t)
	h.rule(NewRule{Name: "r", Pattern: somePattern})
	for service, s := range services {
		a := "arn:aws:" + service + ":eu-central-1:111122223333:thing"
		err := h.PutTargets(t.Context(), home, "", "r", []target.Target{{ID: "x", ARN: a}})
		if got := err != nil; got != s.needsRole {
			t.Errorf("%s without a role: %v; needs a role: %v", service, err, s.needsRole)
		}
		h.ok(h.PutTargets(t.Context(), home, "", "r", []target.Target{{ID: "x", ARN: a, RoleARN: anyRole}}))
	}
}

func TestSixthTargetFailsTheWholeRequest(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	h.rule(NewRule{Name: "r", Pattern: somePattern})
	h.ok(h.PutTargets(ctx, home, "", "r", []target.Target{queue("a"), queue("b"), queue("c"), queue("d")}))
	err := h.PutTargets(ctx, home, "", "r", []target.Target{queue("a"), queue("e"), queue("f")})
	wantFault(t, err, fault.Limit("The requested resource exceeds the maximum number allowed."))
	if got := targetIDs(t, h, "r"); got != "[a b c d]" {
		t.Errorf("targets %s; want [a b c d]", got)
	}
	h.ok(h.PutTargets(ctx, home, "", "r", []target.Target{queue("a"), queue("e"), queue("e")}))
	if got := targetIDs(t, h, "r"); got != "[a b c d e]" {
		t.Errorf("targets %s; want [a b c d e]", got)
	}
}

func targetIDs(t *testing.T, h *house, rule string) string {
	t.Helper()
	targets, _, err := h.ListTargetsByRule(home, "", rule, "", 0)
	h.ok(err)
	var ids []string
	for _, tg := range targets {
		ids = append(ids, tg.ID)
	}
	return fmt.Sprint(ids)
}

func TestLastOfTwoTargetsWithOneIDCounts(t *testing.T) {
	h := newHouse(t)
	h.rule(NewRule{Name: "r", Pattern: somePattern})
	first, last := queue("x"), queue("x")
	first.ARN, last.ARN = first.ARN+"1", last.ARN+"2"
	h.ok(h.PutTargets(t.Context(), home, "", "r", []target.Target{first, last}))
	got, _, err := h.ListTargetsByRule(home, "", "r", "", 0)
	h.ok(err)
	if diff := cmp.Diff([]target.Target{last}, got); diff != "" {
		t.Errorf("targets (-want +got):\n%s", diff)
	}
	if len(h.outbox.plans) != 1 {
		t.Errorf("%d lanes were made; want 1", len(h.outbox.plans))
	}
}

func TestTargetGetsANewLaneOnlyWhenItChanges(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	h.rule(NewRule{Name: "r", Pattern: somePattern})
	h.ok(h.PutTargets(ctx, home, "", "r", []target.Target{queue("a"), queue("b")}))
	h.reopen()
	h.ok(h.PutTargets(ctx, home, "", "r", []target.Target{queue("a"), queue("b")}))
	if len(h.outbox.plans) != 2 || len(h.outbox.ended) != 0 {
		t.Fatalf("putting the same again made lanes %v and ended %v", h.outbox.plans, h.outbox.ended)
	}
	changed := queue("a")
	changed.DeadLetter, changed.HasDeadLetter = queue("dlq").ARN, true
	h.ok(h.PutTargets(ctx, home, "", "r", []target.Target{changed}))
	_, err := h.RemoveTargets(ctx, home, "", "r", []string{"b"})
	h.ok(err)
	want := map[delivery.Lane]string{1: "retired", 2: "abandoned"}
	if diff := cmp.Diff(want, h.outbox.ended); diff != "" {
		t.Errorf("ended lanes (-want +got):\n%s", diff)
	}
	wantPlan := delivery.Plan{
		Kind: OwnerKind, Owner: "arn:aws:events:eu-central-1:111122223333:rule/r", ID: "a",
		Source: "arn:aws:events:eu-central-1:111122223333:event-bus/default", Target: changed.ARN,
		Spec: []byte(`{"RuleName":"r","Target":{"ID":"a","ARN":"` + changed.ARN + `","DeadLetter":"` + changed.DeadLetter + `","HasDeadLetter":true}}`),
	}
	if diff := cmp.Diff(wantPlan, h.outbox.plans[3]); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
}

func TestRemoveTargetsReportsUnknownIDs(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	h.rule(NewRule{Name: "r", Pattern: somePattern})
	h.ok(h.PutTargets(ctx, home, "", "r", []target.Target{queue("a"), queue("b")}))
	failures, err := h.RemoveTargets(ctx, home, "", "r", []string{"a", "nope", "a"})
	h.ok(err)
	want := []Failure{
		{"nope", "ResourceNotFoundException", "Rule 'r' does not have a target with the Id 'nope'."},
		{"a", "ResourceNotFoundException", "Rule 'r' does not have a target with the Id 'a'."},
	}
	if diff := cmp.Diff(want, failures); diff != "" {
		t.Errorf("failures (-want +got):\n%s", diff)
	}
	for range 2 {
		if got := targetIDs(t, h, "r"); got != "[b]" {
			t.Errorf("targets %s; want [b]", got)
		}
		h.reopen()
	}
	_, err = h.RemoveTargets(ctx, home, "", "nope", []string{"a"})
	wantFault(t, err, fault.NotFound("Rule nope does not exist on EventBus default."))
}

func TestRoleOfABusElsewhereIsKept(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	h.rule(NewRule{Name: "r", Pattern: somePattern})
	h.ok(h.PutTargets(ctx, home, "", "r", []target.Target{{ID: "x", ARN: otherBus, RoleARN: anyRole}}))
	h.ok(h.PutTargets(ctx, home, "", "r", []target.Target{{ID: "x", ARN: otherBus}}))
	got, _, err := h.ListTargetsByRule(home, "", "r", "", 0)
	h.ok(err)
	if got[0].RoleARN != anyRole {
		t.Errorf("role %q; want %q", got[0].RoleARN, anyRole)
	}
}

func TestRulesAreFoundByTheirTarget(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	h.bus("b")
	for _, r := range []NewRule{{Name: "c"}, {Name: "a"}, {Name: "b"}, {Name: "a", Bus: "b"}} {
		r.Pattern = somePattern
		h.rule(r)
		h.ok(h.PutTargets(ctx, home, r.Bus, r.Name, []target.Target{queue("q")}))
	}
	names, next, err := h.ListRuleNamesByTarget(home, "", queue("q").ARN, "", 2)
	h.ok(err)
	if diff := cmp.Diff([]string{"a", "b"}, names); diff != "" || next == "" {
		t.Errorf("first page (-want +got), token %q:\n%s", next, diff)
	}
	names, next, err = h.ListRuleNamesByTarget(home, "", queue("q").ARN, next, 2)
	h.ok(err)
	if diff := cmp.Diff([]string{"c"}, names); diff != "" || next != "" {
		t.Errorf("second page (-want +got), token %q:\n%s", next, diff)
	}
	names, _, err = h.ListRuleNamesByTarget(home, "", queue("nobody").ARN, "", 0)
	h.ok(err)
	if len(names) != 0 {
		t.Errorf("rules %v have a target that nobody has", names)
	}
}

func TestWhatCouldNotBeWrittenWasNotDone(t *testing.T) {
	broken := errors.New("the disk is full")
	h := newHouse(t)
	h.ruleTo("r", "a")
	good := h.opt.Store
	h.opt.Store = failing{good, broken}
	h.reopen()
	ctx := t.Context()
	for name, call := range map[string]func() error{
		"CreateEventBus": func() error { _, err := h.CreateEventBus(ctx, home, NewBus{Name: "b"}); return err },
		"PutRule":        func() error { _, err := h.PutRule(ctx, home, NewRule{Name: "new", Pattern: somePattern}); return err },
		"PutRule again": func() error {
			_, err := h.PutRule(ctx, home, NewRule{Name: "r", Pattern: `{"source":["b"]}`})
			return err
		},
		"DisableRule": func() error { return h.DisableRule(ctx, home, "", "r") },
		"PutTargets":  func() error { return h.PutTargets(ctx, home, "", "r", []target.Target{queue("p")}) },
		"TagResource": func() error { return h.TagResource(ctx, home, h.ruleARNOf("r"), []Tag{{"k", "v"}}) },
		"PutPermission": func() error {
			return h.PutPermission(ctx, home, Permission{Action: "events:PutEvents", Principal: "*", StatementID: "s"})
		},
		"Put": func() error { _, err := h.Put(ctx, from, []Entry{entry("a")}); return err },
	} {
		if err := call(); !errors.Is(err, broken) {
			t.Errorf("%s: error %v; want %v", name, err, broken)
		}
	}
	before := h.describeAll()
	h.opt.Store = good
	h.reopen()
	if diff := cmp.Diff(h.describeAll(), before); diff != "" {
		t.Errorf("memory is not what the disk has (-disk +memory):\n%s", diff)
	}
	if got := h.outbox.started; got != 0 {
		t.Errorf("%d deliveries were started", got)
	}
	if len(h.log.lines) > 0 {
		t.Errorf("the hooks were told %q", h.log.lines)
	}
}
