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

const group = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/events/g"

func TestLogsPassTheSuite(t *testing.T) {
	targettest.Run(t, func(t *testing.T) targettest.Stage {
		s := &stage{}
		sink := target.Logs(func(ctx context.Context, _ arn.ARN, e target.LogEvent) error { return s.take(ctx, e.Text) }, nil)
		return s.stage(sink, group, fault.NotFound("no such group"), fault.Unavailable("busy"))
	})
}

func TestALogEventHasTheTimeOfTheEventOrOfTheTransformer(t *testing.T) {
	const body = `{"time":"2026-01-02T03:04:05Z","detail":{}}`
	for _, c := range []struct {
		input string
		made  bool
		want  target.LogEvent
		code  string
	}{
		{body, false, target.LogEvent{Time: 1767323045000, Text: []byte(body), Rule: "arn:rule"}, ""},
		{`{"timestamp":1767323045001,"message":"m"}`, true, target.LogEvent{Time: 1767323045001, Text: []byte("m"), Rule: "arn:rule"}, ""},
		{`{"timestamp":"1767323045001","message":"m"}`, true, target.LogEvent{Time: 1767323045001, Text: []byte("m"), Rule: "arn:rule"}, ""},
		{`{"timestamp":"2026-01-02T03:04:05Z","message":"é"}`, true, target.LogEvent{Time: 1767323045000, Text: []byte("é"), Rule: "arn:rule"}, ""},
		{`{"timestamp":"yesterday","message":"m"}`, true, target.LogEvent{}, target.CodeInvalidParam},
		{`{"timestamp":1,"message":{"a":1}}`, true, target.LogEvent{}, target.CodeInvalidParam},
		{`{"message":"m"}`, true, target.LogEvent{}, target.CodeInvalidParam},
		{`"m"`, true, target.LogEvent{}, target.CodeInvalidParam},
	} {
		var got target.LogEvent
		sink := target.Logs(func(_ context.Context, _ arn.ARN, e target.LogEvent) error { got = e; return nil }, nil)
		to := &target.Target{}
		if c.made {
			to.Transformer = &target.Transformer{}
		}
		err := sink.Send(t.Context(), &target.Delivery{Body: []byte(body), Input: []byte(c.input), Owner: "arn:rule", Target: to})
		if e := target.AsError(err); e != nil && (e.Code != c.code || !e.Permanent) || e == nil && c.code != "" {
			t.Errorf("%s: %v, want %q", c.input, err, c.code)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.input, diff)
		}
	}
}
