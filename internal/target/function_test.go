package target_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/target"
	"github.com/dari-bus/dari/internal/target/targettest"
)

const fn = "arn:aws:lambda:eu-central-1:123456789012:function:fn"

func TestFunctionPassesTheSuite(t *testing.T) {
	targettest.Run(t, func(t *testing.T) targettest.Stage {
		s := &stage{}
		sink := target.Function(func(ctx context.Context, _ arn.ARN, e target.FunctionEvent) error { return s.take(ctx, e.Payload) })
		return s.stage(sink, fn, fault.NotFound("no such function"), fault.Unavailable("busy"))
	})
}

func TestAFunctionEventCarriesTraceAndRule(t *testing.T) {
	var got target.FunctionEvent
	sink := target.Function(func(_ context.Context, _ arn.ARN, e target.FunctionEvent) error { got = e; return nil })
	err := sink.Send(t.Context(), &target.Delivery{Input: []byte(`{}`), Body: []byte(`{"a":1}`), Owner: "arn:rule", Trace: "Root=1"})
	want := target.FunctionEvent{Payload: []byte(`{}`), Trace: "Root=1", Rule: "arn:rule"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v: %s", err, diff)
	}
}

// A function whose policy does not let the rule in is told from one that is not there.
func TestWhatAFunctionRefusesIsNotTriedAgain(t *testing.T) {
	for code, err := range map[string]error{
		target.CodeNoPermission: fault.Denied("no"), target.CodeNoResource: fault.NotFound("no"), target.CodeInvalidParam: fault.Invalid("too large"),
	} {
		sink := target.Function(func(context.Context, arn.ARN, target.FunctionEvent) error { return err })
		if e := target.AsError(sink.Send(t.Context(), &target.Delivery{})); e == nil || e.Code != code || !e.Permanent {
			t.Errorf("%v gives %+v, want %s for good", err, e, code)
		}
	}
}
