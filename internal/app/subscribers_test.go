package app

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/dari-bus/dari/internal/room/queue"
	"github.com/dari-bus/dari/internal/signature"
	"github.com/dari-bus/dari/internal/target"
	"github.com/dari-bus/dari/internal/watch"
	"github.com/dari-bus/dari/internal/wire"
)

// callLogs makes a call to the logs of a life.
func (l *life) callLogs(t *testing.T, operation, body string) {
	t.Helper()
	h, err := wire.NewHandler(wire.Options{Services: l.services()})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "http://localhost:4566/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "Logs_20140328."+operation)
	credentials := signature.Credentials{AccessKey: lifeCaller.Account, Secret: "x", Region: lifeCaller.Region, Service: "logs"}
	if err := signature.Sign(r, []byte(body), credentials, time.Now()); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	if h.ServeHTTP(w, r); w.Code != http.StatusOK {
		t.Fatalf("%s: %s", operation, w.Body)
	}
}

// subscribe makes a group whose events with ERROR are for the first queue, and puts one.
func (l *life) subscribe(t *testing.T) {
	t.Helper()
	if err := l.queues.Create(t.Context(), lifeQueues[0], queue.DefaultSettings(), nil, nil); err != nil {
		t.Fatal(err)
	}
	l.callLogs(t, "CreateLogGroup", `{"logGroupName":"g"}`)
	l.callLogs(t, "CreateLogStream", `{"logGroupName":"g","logStreamName":"s"}`)
	l.callLogs(t, "PutSubscriptionFilter", `{"logGroupName":"g","filterName":"f","filterPattern":"ERROR","destinationArn":"`+lifeQueues[0].ARN()+`"}`)
}

func (l *life) error(t *testing.T) {
	t.Helper()
	l.callLogs(t, "PutLogEvents", fmt.Sprintf(`{"logGroupName":"g","logStreamName":"s","logEvents":[{"timestamp":%d,"message":"ERROR"}]}`, time.Now().UnixMilli()))
}

// What PutLogEvents has acknowledged is sent to subscribers, though the power fails
// before it could be.
func TestAPowerCutTakesNothingFromSubscribers(t *testing.T) {
	fs := vfs.NewCrashableMem()
	l := newLife(t, fs)
	l.subscribe(t)
	l.halt() // from here on the outbox takes, and sends nothing
	l.error(t)
	cut := fs.CrashClone(vfs.CrashCloneCfg{})
	l.stop()
	l = newLife(t, cut)
	defer l.stop()
	if outcome := <-l.ended; outcome != watch.Delivered {
		t.Errorf("it was %s", outcome)
	}
	zero := time.Duration(0)
	messages, err := l.queues.Receive(t.Context(), lifeQueues[0], queue.Request{Max: 10, Wait: &zero})
	if err != nil || len(messages) != 1 || !strings.HasPrefix(messages[0].Body, `{"awslogs":{"data":"`) {
		t.Errorf("the queue has %v, %v", messages, err)
	}
}

// A queue that is gone is no reason to refuse log events; what was for it is kept.
func TestWhatASubscriberDoesNotTakeIsKept(t *testing.T) {
	l := newLife(t, vfs.NewCrashableMem())
	defer l.stop()
	l.subscribe(t)
	if err := l.queues.Delete(t.Context(), lifeQueues[0]); err != nil {
		t.Fatal(err)
	}
	l.error(t)
	if outcome := <-l.ended; outcome != watch.Dead {
		t.Errorf("it was %s", outcome)
	}
	l.halt()
	each, err := l.outbox.Dead().Read(t.Context(), lifeCaller.Account, "")
	if err != nil {
		t.Fatal(err)
	}
	kept := 0
	for d, err := range each {
		if kept++; err != nil || d.Code != target.CodeNoResource || d.Owner != "arn:aws:logs:eu-central-1:000000000000:log-group:g" {
			t.Errorf("kept %+v, %v", d, err)
		}
	}
	if kept != 1 {
		t.Errorf("%d are kept", kept)
	}
}
