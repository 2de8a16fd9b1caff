package app

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/dari-bus/dari/internal/store"
)

// call makes one call of the SQS API and returns its status and its answer.
func call(t *testing.T, url, operation, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.0")
	req.Header.Set("X-Amz-Target", "AmazonSQS."+operation)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Errorf("%s: %v", operation, err)
		return 0, ""
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Errorf("%s: %v", operation, err)
	}
	return resp.StatusCode, string(b)
}

func TestAStopEndsLongPollsInAnOrderlyWay(t *testing.T) {
	a := openForTest(t)
	calls := make(chan struct{}, 10)
	a.server.ConnState = func(c net.Conn, s http.ConnState) {
		a.listener.State(c, s)
		if s == http.StateActive {
			calls <- struct{}{}
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	if status, answer := call(t, a.URL(), "CreateQueue", `{"QueueName":"q"}`); status != 200 {
		t.Fatalf("CreateQueue: %d %s", status, answer)
	}
	<-calls
	polled := make(chan struct{})
	go func() {
		defer close(polled)
		status, answer := call(t, a.URL(), "ReceiveMessage", `{"QueueUrl":"`+a.URL()+`/000000000000/q","WaitTimeSeconds":20}`)
		if status != 200 || strings.Contains(answer, "Messages") {
			t.Errorf("the long poll was answered with %d %s, want no messages", status, answer)
		}
	}()
	<-calls
	began := time.Now()
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	<-polled
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the stop took %v", took)
	}
}

// Issue 7, "Done when" 5: a call whose headers had been read, but that had not
// reached its handler yet, was dropped without an answer when the stop began.
func TestACallThatHasJustComeInWhenTheStopBeginsIsAnswered(t *testing.T) {
	a := openForTest(t)
	ctx, stop := context.WithCancel(t.Context())
	a.server.ConnState = func(c net.Conn, s http.ConnState) {
		a.listener.State(c, s)
		if s != http.StateActive {
			return
		}
		stop()
		for { // until nobody is let in any more
			c, err := net.Dial("tcp", a.listener.Addr().String())
			if err != nil {
				return
			}
			c.Close()
		}
	}
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	if status, answer := call(t, a.URL(), "ListQueues", `{}`); status != 200 {
		t.Errorf("the call was answered with %d %s", status, answer)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestAServerThatIsStoppedBeforeItServesEndsWell(t *testing.T) {
	a := openForTest(t)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := a.Run(ctx); err != nil {
		t.Error(err)
	}
}

// A hopeless store has failed, and who waits for it waits for ever.
type hopeless struct {
	store.Store
	failed chan struct{}
}

var errHopeless = errors.New("the disk is gone")

func (h *hopeless) Run(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-h.failed:
		return errHopeless
	}
}

func (h *hopeless) Close() error { return errHopeless }

func TestAStoreThatFailsEndsTheServerWhoeverStillWaitsForIt(t *testing.T) {
	a := openForTest(t)
	a.stopWithin = 100 * time.Millisecond
	release := make(chan struct{})
	defer close(release)
	inside := make(chan struct{})
	go func() {
		_ = a.store.Update(context.Background(), func(store.Tx) error {
			close(inside)
			<-release
			return nil
		})
	}()
	<-inside
	h := &hopeless{a.store, make(chan struct{})}
	a.store = h
	ended := make(chan error, 1)
	go func() { ended <- a.Run(t.Context()) }()
	close(h.failed)
	select {
	case err := <-ended:
		// attack F17: it is said once.
		if !errors.Is(err, errHopeless) || strings.Count(err.Error(), errHopeless.Error()) != 1 {
			t.Errorf("Run returned %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("Run has not returned")
	}
}
