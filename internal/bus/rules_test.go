package bus

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/target"
	"github.com/dari-bus/dari/pattern"
)

const somePattern = `{"source":["a"]}`

func TestRuleOperationsSayWhatIsWrong(t *testing.T) {
	h := newHouse(t, func(o *Options) {
		o.Limits = DefaultLimits()
		o.Limits.RulesPerBus, o.Limits.WildcardRulesPerBus = 3, 1
	})
	ctx := t.Context()
	h.bus("b")
	h.rule(NewRule{Name: "with-target", Pattern: somePattern})
	h.ok(h.PutTargets(ctx, home, "", "with-target", []target.Target{queue("q")}))
	h.rule(NewRule{Name: "wild", Pattern: `{"source":[{"wildcard":"a*"}]}`})
	put := func(n NewRule) func() error {
		return func() error { _, err := h.PutRule(ctx, home, n); return err }
	}
	limit := fault.Limit("The requested resource exceeds the maximum number allowed.")
	for _, c := range []struct {
		name string
		call func() error
		want *fault.Error
	}{
		{"neither pattern nor schedule", put(NewRule{Name: "r"}),
			fault.Invalid("Parameter(s) EventPattern or ScheduleExpression must be specified.")},
		{"schedule on a custom bus", put(NewRule{Name: "r", Bus: "b", Schedule: "rate(5 minutes)"}),
			fault.Invalid("ScheduleExpression is supported only on the default event bus.")},
		{"bad schedule", put(NewRule{Name: "r", Schedule: "every day"}),
			fault.Invalid("Parameter ScheduleExpression is not valid.")},
		{"unknown bus", put(NewRule{Name: "r", Bus: "nope", Pattern: somePattern}),
			fault.NotFound("Event bus nope does not exist.")},
		{"pattern too long", put(NewRule{Name: "r", Pattern: `{"source":["` + strings.Repeat("x", 2048) + `"]}`}),
			fault.Invalid("Event pattern is not valid. Reason: The pattern is longer than 2048 characters.").WithCode("InvalidEventPatternException")},
		{"duplicate tags", put(NewRule{Name: "r", Pattern: somePattern, Tags: []Tag{{"a", "1"}, {"a", "2"}}}),
			fault.Invalid("Duplicated keys are not allowed.")},
		{"second wildcard", put(NewRule{Name: "r", Pattern: `{"source":[{"wildcard":"b*"}]}`}), limit},
		{"the same wildcard again", put(NewRule{Name: "wild", Pattern: `{"source":[{"wildcard":"b*"}]}`}), nil},
		{"third rule", put(NewRule{Name: "third", Pattern: somePattern}), nil},
		{"fourth rule", put(NewRule{Name: "fourth", Pattern: somePattern}), limit},
		{"describe unknown", func() error { _, err := h.DescribeRule(home, "", "nope"); return err },
			fault.NotFound("Rule nope does not exist on EventBus default.")},
		{"describe unknown on a bus", func() error {
			_, err := h.DescribeRule(home, "arn:aws:events:eu-central-1:111122223333:event-bus/b", "nope")
			return err
		}, fault.NotFound("Rule nope does not exist on EventBus b.")},
		{"describe on an unknown bus", func() error { _, err := h.DescribeRule(home, "nope", "r"); return err },
			fault.NotFound("Event bus nope does not exist.")},
		{"list on an unknown bus", func() error { _, _, err := h.ListRules(home, "nope", "", "", 0); return err },
			fault.NotFound("Event bus nope does not exist.")},
		{"enable unknown", func() error { return h.EnableRule(ctx, home, "", "nope") },
			fault.NotFound("Rule nope does not exist on EventBus default.")},
		{"disable unknown", func() error { return h.DisableRule(ctx, home, "b", "nope") },
			fault.NotFound("Rule nope does not exist on EventBus b.")},
		{"delete unknown", func() error { return h.DeleteRule(ctx, home, "", "nope") }, nil},
		{"delete on an unknown bus", func() error { return h.DeleteRule(ctx, home, "nope", "r") },
			fault.NotFound("Event bus nope does not exist.")},
		{"delete with targets", func() error { return h.DeleteRule(ctx, home, "", "with-target") },
			fault.Invalid("Rule can't be deleted since it has targets.")},
		{"delete", func() error { return h.DeleteRule(ctx, home, "", "third") }, nil},
		{"describe deleted", func() error { _, err := h.DescribeRule(home, "", "third"); return err },
			fault.NotFound("Rule third does not exist on EventBus default.")},
	} {
		t.Run(c.name, func(t *testing.T) { wantFault(t, c.call(), c.want) })
	}
}

func TestBadPatternIsAPatternError(t *testing.T) {
	h := newHouse(t)
	_, err := h.PutRule(t.Context(), home, NewRule{Name: "r", Pattern: `{"source":"a"}`})
	if _, ok := errors.AsType[*pattern.Error](err); !ok {
		t.Errorf("error %v is no *pattern.Error", err)
	}
}

func TestPutRuleReplacesAllButTargetsAndTags(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	h.bus("b")
	text := " {\n \"source\" : [ \"a\" ] } "
	h.rule(NewRule{Name: "r", Bus: "b", Pattern: text, Description: "d", RoleARN: "role", State: Disabled, Tags: []Tag{{"k", "v"}}})
	h.ok(h.PutTargets(ctx, home, "b", "r", []target.Target{queue("q")}))
	want := Rule{
		Name: "r", ARN: "arn:aws:events:eu-central-1:111122223333:rule/b/r", Bus: "b", Pattern: text,
		State: Disabled, Description: "d", RoleARN: "role", CreatedBy: "111122223333",
	}
	check := func() {
		t.Helper()
		got, err := h.DescribeRule(home, "b", "r")
		h.ok(err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("rule (-want +got):\n%s", diff)
		}
		tags, err := h.ListTagsForResource(home, want.ARN)
		h.ok(err)
		if diff := cmp.Diff([]Tag{{"k", "v"}}, tags); diff != "" {
			t.Errorf("tags (-want +got):\n%s", diff)
		}
		targets, _, err := h.ListTargetsByRule(home, "b", "r", "", 0)
		h.ok(err)
		if diff := cmp.Diff([]target.Target{queue("q")}, targets); diff != "" {
			t.Errorf("targets (-want +got):\n%s", diff)
		}
	}
	check()
	h.rule(NewRule{Name: "r", Bus: "b", Pattern: somePattern, Tags: []Tag{{"ignored", "on update"}}})
	want.Pattern, want.State, want.Description, want.RoleARN = somePattern, Enabled, "", ""
	check()
	h.reopen()
	check()
}

func TestRuleARNLeavesOutTheDefaultBus(t *testing.T) {
	h := newHouse(t)
	arn, err := h.PutRule(t.Context(), access.Root("111122223333", "us-gov-east-1"), NewRule{Name: "r", Pattern: somePattern})
	h.ok(err)
	if want := "arn:aws-us-gov:events:us-gov-east-1:111122223333:rule/r"; arn != want {
		t.Errorf("ARN %s; want %s", arn, want)
	}
}

func TestStateIsKeptWhenEnabledTwice(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	h.rule(NewRule{Name: "r", Pattern: somePattern, State: EnabledWithAllManagementEvents})
	for _, c := range []struct {
		call func() error
		want State
	}{
		{func() error { return h.EnableRule(ctx, home, "", "r") }, EnabledWithAllManagementEvents},
		{func() error { return h.DisableRule(ctx, home, "", "r") }, Disabled},
		{func() error { return h.DisableRule(ctx, home, "", "r") }, Disabled},
		{func() error { return h.EnableRule(ctx, home, "", "r") }, Enabled},
	} {
		h.ok(c.call())
		r, err := h.DescribeRule(home, "", "r")
		h.ok(err)
		if r.State != c.want {
			t.Errorf("state %s; want %s", r.State, c.want)
		}
	}
}

func TestRulesArePagedInOrderWhileSomeAreDeleted(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	var want []string
	for i := range 250 {
		name := fmt.Sprintf("rule-%03d", i)
		h.rule(NewRule{Name: name, Pattern: somePattern})
		want = append(want, name)
	}
	h.rule(NewRule{Name: "other", Pattern: somePattern})
	for _, limit := range []int{0, 1, 50, 99, 100} {
		var got []string
		pages := 0
		for token := ""; ; pages++ {
			rows, next, err := h.ListRules(home, "", "rule-", token, limit)
			h.ok(err)
			for _, r := range rows {
				got = append(got, r.Name)
			}
			if token = next; token == "" {
				break
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("limit %d (-want +got):\n%s", limit, diff)
		}
		if limit == 50 && pages != 4 {
			t.Errorf("%d pages had a token; want 4", pages)
		}
	}
	rows, token, err := h.ListRules(home, "", "rule-", "", 10)
	h.ok(err)
	h.ok(h.DeleteRule(ctx, home, "", rows[9].Name))
	rows, _, err = h.ListRules(home, "", "rule-", token, 1)
	h.ok(err)
	if rows[0].Name != "rule-010" {
		t.Errorf("after a deletion the next page begins at %s; want rule-010", rows[0].Name)
	}
}

func TestEventPatternIsTestedOnWhatEveryEventHas(t *testing.T) {
	h := newHouse(t)
	event := `{"id":"1","account":"1","source":"a","time":"2024-01-01T00:00:00Z","region":"r","detail-type":"t"}`
	for _, c := range []struct {
		pattern, event string
		want           bool
		reason         string
	}{
		{somePattern, event, true, ""},
		{`{"source":["b"]}`, event, false, ""},
		{`{"detail":{"x":[{"exists":false}]}}`, event, true, ""},
		{somePattern, `[]`, false, "it is not a JSON object"},
		{somePattern, `hello`, false, "it is not a JSON object"},
		{somePattern, `null`, false, "it is not a JSON object"},
		{somePattern, `{"source":"a"}`, false, "the event has no id"},
	} {
		got, err := h.TestEventPattern(home, c.pattern, c.event)
		if c.reason == "" {
			wantFault(t, err, nil)
		} else {
			// The caller gets AWS's sentence (as-aws 18), we get the reason.
			f, _ := errors.AsType[*fault.Error](err)
			wantFault(t, f, fault.Invalid("Parameter Event is not valid."))
			if want := "Parameter Event is not valid. Reason: " + c.reason; fmt.Sprint(err) != want {
				t.Errorf("%s: %v; want %s", c.event, err, want)
			}
		}
		if got != c.want {
			t.Errorf("%s on %s: %v; want %v", c.pattern, c.event, got, c.want)
		}
	}
	_, err := h.TestEventPattern(home, `{"source":"a"}`, event)
	if _, ok := errors.AsType[*pattern.Error](err); !ok {
		t.Errorf("error %v is no *pattern.Error", err)
	}
}
