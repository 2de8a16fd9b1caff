package bus

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/fault"
)

func TestTagsKeepTheOrderInWhichTheyWereSet(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	h.bus("b")
	h.rule(NewRule{Name: "r", Bus: "b", Pattern: somePattern, Tags: []Tag{{"z", "1"}}})
	h.rule(NewRule{Name: "r", Pattern: somePattern, Tags: []Tag{{"z", "1"}}})
	for _, resource := range []string{
		"arn:aws:events:eu-central-1:111122223333:rule/r",
		"arn:aws:events:eu-central-1:111122223333:rule/b/r",
		"arn:aws:events:eu-central-1:111122223333:event-bus/b",
		"arn:aws:events:eu-central-1:111122223333:event-bus/default",
	} {
		h.ok(h.TagResource(ctx, home, resource, []Tag{{"z", "1"}, {"a", "2"}, {"m", "3"}}))
		h.ok(h.TagResource(ctx, home, resource, []Tag{{"b", ""}, {"z", "4"}}))
		h.ok(h.UntagResource(ctx, home, resource, []string{"a", "unknown"}))
		for range 2 {
			tags, err := h.ListTagsForResource(home, resource)
			h.ok(err)
			if diff := cmp.Diff([]Tag{{"z", "4"}, {"m", "3"}, {"b", ""}}, tags); diff != "" {
				t.Errorf("%s (-want +got):\n%s", resource, diff)
			}
			h.reopen()
		}
	}
}

func TestTagOperationsSayWhatIsWrong(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	h.rule(NewRule{Name: "r", Pattern: somePattern, Tags: []Tag{{"k", "v"}}})
	h.ok(h.DisableRule(ctx, home, "", "r"))
	many := func(n int) (tags []Tag) {
		for i := range n {
			tags = append(tags, Tag{fmt.Sprint(i), ""})
		}
		return tags
	}
	const rule = "arn:aws:events:eu-central-1:111122223333:rule/r"
	limit := fault.Limit("The requested resource exceeds the maximum number allowed.")
	for _, c := range []struct {
		name, resource string
		tags           []Tag
		want           *fault.Error
	}{
		{"unknown rule", "arn:aws:events:eu-central-1:111122223333:rule/nope", nil,
			fault.NotFound("Rule nope does not exist on EventBus default.")},
		{"unknown rule on an unknown bus", "arn:aws:events:eu-central-1:111122223333:rule/b/nope", nil,
			fault.NotFound("Event bus b does not exist.")},
		{"unknown bus", "arn:aws:events:eu-central-1:111122223333:event-bus/nope", nil,
			fault.NotFound("Event bus nope does not exist.")},
		{"rule of another region", "arn:aws:events:us-east-1:111122223333:rule/r", nil,
			fault.NotFound("Event bus default does not exist.")},
		{"no ARN", "r", nil,
			fault.Invalid("Parameter ResourceARN is not valid. Reason: Provided Arn is not in correct format.")},
		{"an ARN of something else", "arn:aws:events:eu-central-1:111122223333:archive/a", nil,
			fault.Invalid("Parameter ResourceARN is not valid. Reason: Only rules and event buses have tags.")},
		{"duplicates", rule, []Tag{{"a", "1"}, {"a", "1"}}, fault.Invalid("Duplicated keys are not allowed.")},
		{"reserved", rule, []Tag{{"aws:a", "1"}}, fault.Invalid("Tag keys that begin with aws: are reserved; aws:a cannot be set.")},
		{"too many at once", rule, many(51), limit},
		{"too many in all", rule, many(50), limit},
		{"just enough", rule, many(49), nil},
	} {
		t.Run(c.name, func(t *testing.T) { wantFault(t, h.TagResource(ctx, home, c.resource, c.tags), c.want) })
	}
	_, err := h.ListTagsForResource(home, "arn:aws:events:eu-central-1:111122223333:rule/nope")
	wantFault(t, err, fault.NotFound("Rule nope does not exist on EventBus default."))
	wantFault(t, h.UntagResource(ctx, home, "arn:aws:events:eu-central-1:111122223333:event-bus/nope", nil), fault.NotFound("Event bus nope does not exist."))
}

func TestNewRuleWithAnOldNameHasNoTags(t *testing.T) {
	h := newHouse(t)
	h.rule(NewRule{Name: "r", Pattern: somePattern, Tags: []Tag{{"k", "v"}}})
	h.ok(h.DeleteRule(t.Context(), home, "", "r"))
	h.rule(NewRule{Name: "r", Pattern: somePattern})
	tags, err := h.ListTagsForResource(home, h.ruleARNOf("r"))
	h.ok(err)
	if len(tags) > 0 {
		t.Errorf("tags %v", tags)
	}
}
