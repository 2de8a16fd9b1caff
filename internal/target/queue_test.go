package target_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/target"
	"github.com/dari-bus/dari/internal/target/targettest"
)

// A stage is a destination in memory: it keeps what it gets, or fails, or hangs.
type stage struct {
	mu       sync.Mutex
	received [][]byte
	err      error
	hang     chan struct{}
}

func (s *stage) take(ctx context.Context, b []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hang != nil {
		close(s.hang)
		<-ctx.Done()
		return ctx.Err()
	}
	if s.err == nil {
		s.received = append(s.received, b)
	}
	return s.err
}

func (s *stage) stage(sink target.Sink, to string, refusal, failure error) targettest.Stage {
	fail := func(err error) func() {
		return func() { s.mu.Lock(); defer s.mu.Unlock(); s.err = err }
	}
	return targettest.Stage{
		Sink: sink, Target: target.Target{ID: "1", ARN: to},
		Received: func() [][]byte { s.mu.Lock(); defer s.mu.Unlock(); return s.received },
		Refuse:   fail(refusal),
		Falter:   fail(failure),
		Hang: func() <-chan struct{} {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.hang = make(chan struct{})
			return s.hang
		},
	}
}

func TestQueuePassesTheSuite(t *testing.T) {
	targettest.Run(t, func(t *testing.T) targettest.Stage {
		s := &stage{}
		sink := target.Queue(func(ctx context.Context, _ arn.ARN, m target.QueueMessage) error { return s.take(ctx, m.Body) }, nil)
		return s.stage(sink, "arn:aws:sqs:eu-central-1:123456789012:q", fault.NotFound("no such queue"), fault.Unavailable("busy"))
	})
}

func TestQueueMessageCarriesGroupTraceAndRule(t *testing.T) {
	queue := arn.ARN{Partition: "aws", Service: "sqs", Region: "eu-central-1", Account: "123456789012", Resource: "q.fifo"}
	var to arn.ARN
	var got target.QueueMessage
	sink := target.Queue(func(_ context.Context, q arn.ARN, m target.QueueMessage) error { to, got = q, m; return nil }, nil)
	err := sink.Send(t.Context(), &target.Delivery{
		Input: []byte(`{"a":1}`), ARN: queue, Owner: "arn:rule", Trace: "Root=1",
		Target: &target.Target{Queue: &target.QueueParameters{Group: "g"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := target.QueueMessage{Body: []byte(`{"a":1}`), Group: "g", Trace: "Root=1", Rule: "arn:rule"}
	if diff := cmp.Diff(want, got); diff != "" || to != queue {
		t.Errorf("to %v: %s", to, diff)
	}
}

// The faults of a room become outcomes; a missing permission has another code
// for queues than for buses.
func TestFaultsBecomeOutcomes(t *testing.T) {
	of := func(err error) (queue, bus *target.Error) {
		d := &target.Delivery{Target: &target.Target{}}
		return target.AsError(target.Queue(func(context.Context, arn.ARN, target.QueueMessage) error { return err }, nil).Send(t.Context(), d)),
			target.AsError(target.Bus(func(context.Context, arn.ARN, *target.Delivery) error { return err }).Send(t.Context(), d))
	}
	for _, c := range []struct {
		err        error
		queue, bus string
		permanent  bool
	}{
		{fault.NotFound("x"), "NO_RESOURCE", "NO_RESOURCE", true},
		{fault.Denied("x"), "NO_RESOURCE", "NO_PERMISSIONS", true},
		{fault.Invalid("x"), "INVALID_PARAMETER", "INVALID_PARAMETER", true},
		{fault.Limit("x"), "THROTTLING", "THROTTLING", false},
		{fault.Conflict("x"), "ERROR_FROM_TARGET", "ERROR_FROM_TARGET", false},
		{fault.Unavailable("x"), "ERROR_FROM_TARGET", "ERROR_FROM_TARGET", false},
		{errors.New("x"), "INTERNAL_ERROR", "INTERNAL_ERROR", false},
		{context.DeadlineExceeded, "TIMEOUT", "TIMEOUT", false},
		{fmt.Errorf("wrapped: %w", fault.NotFound("x")), "NO_RESOURCE", "NO_RESOURCE", true},
		{target.Permanent("UNKNOWN", "x"), "UNKNOWN", "UNKNOWN", true},
	} {
		queue, bus := of(c.err)
		if queue.Code != c.queue || queue.Permanent != c.permanent {
			t.Errorf("queue: %v gives %+v", c.err, queue)
		}
		if bus.Code != c.bus || bus.Permanent != c.permanent {
			t.Errorf("bus: %v gives %+v", c.err, bus)
		}
	}
	if queue, bus := of(nil); queue != nil || bus != nil {
		t.Errorf("no error gives %v and %v", queue, bus)
	}
}
