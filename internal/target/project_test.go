package target_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/target"
	"github.com/dari-bus/dari/internal/target/targettest"
)

const webShop = "arn:aws:codebuild:eu-central-1:123456789012:project/web-shop"

func TestProjectPassesTheSuite(t *testing.T) {
	targettest.Run(t, func(t *testing.T) targettest.Stage {
		s := &stage{}
		sink := target.Project(func(ctx context.Context, _ arn.ARN, b target.ProjectBuild) error { return s.take(ctx, b.Input) })
		return s.stage(sink, webShop, fault.NotFound("no such project"), fault.Unavailable("busy"))
	})
}

// What a build is told: the input, who starts it, and a token that is the same when
// the delivery is made again, and another one for another target of the rule.
func TestProjectIsToldWhoStartsItAndOnce(t *testing.T) {
	var got []target.ProjectBuild
	sink := target.Project(func(_ context.Context, to arn.ARN, b target.ProjectBuild) error {
		if to.String() != webShop {
			t.Errorf("to %s", to)
		}
		got = append(got, b)
		return nil
	})
	to, err := arn.Parse(webShop)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"one", "one", "two"} {
		err := sink.Send(t.Context(), &target.Delivery{
			ID: "event", Input: []byte(`{"a":1}`), ARN: to, Owner: "arn:rule", Target: &target.Target{ID: id, RoleARN: "arn:role"},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	build := func(token string) target.ProjectBuild {
		return target.ProjectBuild{Input: []byte(`{"a":1}`), Token: token, Rule: "arn:rule", Role: "arn:role"}
	}
	if diff := cmp.Diff([]target.ProjectBuild{build("event/one"), build("event/one"), build("event/two")}, got); diff != "" {
		t.Error(diff)
	}
}

func TestProjectSaysWhyItStartsNoBuild(t *testing.T) {
	for _, c := range []struct {
		err       error
		code      string
		permanent bool
	}{
		{fault.NotFound("none"), target.CodeNoResource, true},
		{fault.Denied("no"), target.CodeNoPermission, true},
		{fault.Invalid("what"), target.CodeInvalidParam, true},
		{fault.Limit("too many"), target.CodeThrottling, false}, // as long as others wait
	} {
		sink := target.Project(func(context.Context, arn.ARN, target.ProjectBuild) error { return c.err })
		got, ok := errors.AsType[*target.Error](sink.Send(t.Context(), &target.Delivery{Target: &target.Target{}}))
		if !ok || got.Code != c.code || got.Permanent != c.permanent {
			t.Errorf("%v: %+v, want %s", c.err, got, c.code)
		}
	}
}
