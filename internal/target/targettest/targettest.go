// Package targettest is the suite that every sink passes: what it is given
// arrives unchanged, also when it is big and when many send at once, failures
// say whether they are worth repeating, and the end of a context ends a call.
package targettest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/target"
)

// A Stage is a sink with a destination behind it, made for one test. Its
// functions change how the destination behaves from the next call on.
type Stage struct {
	Sink target.Sink
	// Target is what the sink is to deliver to. Its ARN must be set.
	Target target.Target
	// Received returns what has arrived. All deliveries of the suite have the
	// event itself as their input, so it does not matter which of the two the
	// destination gets.
	Received func() [][]byte
	// Refuse makes the destination fail in a way that no repetition mends.
	Refuse func()
	// Falter makes it fail in a way that may pass.
	Falter func()
	// Hang makes it take calls and not answer them until they are given up. The
	// channel gets a value, or is closed, when the first has been taken.
	Hang func() <-chan struct{}
}

// slow is how long a test waits for what should happen at once.
const slow = 10 * time.Second

// Run runs the suite. open is called once for each test.
func Run(t *testing.T, open func(t *testing.T) Stage) {
	run := func(name string, fn func(*testing.T, Stage)) {
		t.Run(name, func(t *testing.T) { fn(t, open(t)) })
	}
	run("what is sent arrives", arrives)
	run("a big payload arrives whole", big)
	run("many may send at once", concurrent)
	run("a refusal is permanent", refusal)
	run("a failure that may pass is temporary", failure)
	run("a cancelled call returns", cancelled)
	run("a call that is cancelled beforehand delivers nothing", cancelledBefore)
}

func arrives(t *testing.T, s Stage) {
	d := delivery(t, s, `{"n": 1.0, "é": "<&>"}`)
	input, original := bytes.Clone(d.Input), bytes.Clone(d.Body)
	if err := s.Sink.Send(t.Context(), d); err != nil {
		t.Fatalf("Send: %v", err)
	}
	if got := s.Received(); len(got) != 1 || !bytes.Equal(got[0], input) {
		t.Errorf("received %q, want %q", got, input)
	}
	if !bytes.Equal(d.Input, input) || !bytes.Equal(d.Body, original) {
		t.Error("the sink changed what it was given")
	}
}

func big(t *testing.T, s Stage) {
	d := delivery(t, s, `{"text":"`+strings.Repeat("é", 1<<19)+`"}`)
	if err := s.Sink.Send(t.Context(), d); err != nil {
		t.Fatalf("Send: %v", err)
	}
	if got := s.Received(); len(got) != 1 || !bytes.Equal(got[0], d.Input) {
		t.Errorf("a payload of %d bytes did not arrive as it was sent", len(d.Input))
	}
}

func concurrent(t *testing.T, s Stage) {
	const senders, each = 16, 8
	var group sync.WaitGroup
	var want []string
	for i := range senders {
		all := make([]*target.Delivery, each)
		for j := range all {
			all[j] = delivery(t, s, fmt.Sprintf(`{"sender":%d,"number":%d}`, i, j))
			want = append(want, string(all[j].Input))
		}
		group.Go(func() {
			for _, d := range all {
				if err := s.Sink.Send(t.Context(), d); err != nil {
					t.Errorf("Send: %v", err)
				}
			}
		})
	}
	group.Wait()
	var got []string
	for _, b := range s.Received() {
		got = append(got, string(b))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(slices.Compact(got), want) {
		t.Errorf("%d different payloads arrived of %d, or others", len(got), len(want))
	}
}

func refusal(t *testing.T, s Stage) {
	s.Refuse()
	e := sendFails(t, s)
	if !e.Permanent || e.Throttled {
		t.Errorf("error %+v is not permanent", e)
	}
}

func failure(t *testing.T, s Stage) {
	s.Falter()
	e := sendFails(t, s)
	if e.Permanent || e.Throttled {
		t.Errorf("error %+v is not temporary", e)
	}
}

func sendFails(t *testing.T, s Stage) *target.Error {
	t.Helper()
	err := s.Sink.Send(t.Context(), delivery(t, s, `{}`))
	e, ok := errors.AsType[*target.Error](err)
	if !ok {
		t.Fatalf("Send: %v is not a *target.Error", err)
	}
	if e.Code == "" || e.Message == "" {
		t.Errorf("error %+v has no code or no message", e)
	}
	return e
}

func cancelled(t *testing.T, s Stage) {
	taken := s.Hang()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	d := delivery(t, s, `{}`)
	go func() { done <- s.Sink.Send(ctx, d) }()
	await(t, taken, "the destination was not called")
	cancel()
	if err := await(t, done, "the call was cancelled and did not return"); err == nil {
		t.Error("a call that nobody answered succeeded")
	}
}

func cancelledBefore(t *testing.T, s Stage) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	done := make(chan error, 1)
	d := delivery(t, s, `{}`)
	go func() { done <- s.Sink.Send(ctx, d) }()
	if err := await(t, done, "the call did not return"); err == nil {
		t.Error("a call that was cancelled beforehand succeeded")
	}
	if got := s.Received(); len(got) != 0 {
		t.Errorf("received %q", got)
	}
}

func await[T any](t *testing.T, c <-chan T, complaint string) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(slow):
		t.Fatal(complaint)
	}
	panic("unreachable")
}

// delivery makes a first attempt to deliver an event with that detail, which
// came straight from a producer.
func delivery(t *testing.T, s Stage, detail string) *target.Delivery {
	t.Helper()
	a, err := arn.Parse(s.Target.ARN)
	if err != nil {
		t.Fatal(err)
	}
	head := `{"version":"0","id":"6a7e8feb-b491-4cf7-a9f1-bf3703467718","detail-type":"Test","source":"targettest",` +
		`"account":"123456789012","time":"2026-01-02T03:04:05Z","region":"eu-central-1","resources":[],"detail":`
	text := []byte(head + detail + "}")
	return &target.Delivery{
		ID: "6a7e8feb-b491-4cf7-a9f1-bf3703467718", Body: text,
		Input: bytes.Clone(text), Target: &s.Target, ARN: a,
		Owner: "arn:aws:events:eu-central-1:123456789012:rule/test",
		// The time does not matter to a sink.
		Attempt: 1, Ingested: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
}
