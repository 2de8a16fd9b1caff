package target_test

import (
	"context"
	"testing"

	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/target"
	"github.com/dari-bus/dari/internal/target/targettest"
)

func TestBusPassesTheSuite(t *testing.T) {
	targettest.Run(t, func(t *testing.T) targettest.Stage {
		s := &stage{}
		sink := target.Bus(func(ctx context.Context, _ arn.ARN, d *target.Delivery) error { return s.take(ctx, d.Body) })
		return s.stage(sink, "arn:aws:events:eu-central-1:123456789012:event-bus/other", fault.Denied("not you"), fault.Unavailable("busy"))
	})
}

func TestBusTakesAnEventOneHopOnly(t *testing.T) {
	called := false
	sink := target.Bus(func(context.Context, arn.ARN, *target.Delivery) error { called = true; return nil })
	err := sink.Send(t.Context(), &target.Delivery{
		ID: "e-1", Target: &target.Target{}, Forwarded: true,
	})
	e := target.AsError(err)
	if e == nil || !e.Permanent || e.Code != "THIRD_ACCOUNT_HOP_DETECTED" || called {
		t.Fatalf("second hop: %+v, called %v", e, called)
	}
	want := "Event ingestion rejected for event e-1 because an event can be sent to an event bus target only once. " +
		"This event was previously delivered to an event bus target."
	if e.Message != want {
		t.Errorf("message %q", e.Message)
	}
}
