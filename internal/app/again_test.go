package app

import (
	"context"
	"strings"
	"testing"
	"time"
)

// A machine of several may lead, follow and lead again: rooms that have run to
// their end can be opened anew on the same store.
func TestRoomsCanBeOpenedAgainOnTheSameStore(t *testing.T) {
	a := openForTest(t)
	defer a.listener.Close()
	defer a.store.Close()
	for round := range 3 {
		if round > 0 {
			var err error
			if a.rooms, err = a.openRooms(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		services := a.services()
		events, sqs := named(services, "events"), named(services, "sqs")
		r := newRecorder(t, services)
		if round == 0 {
			r.call(sqs, "CreateQueue", `{"QueueName":"q"}`)
			r.call(events, "PutRule", `{"Name":"r","EventPattern":"{\"source\":[\"a\"]}"}`)
			r.call(events, "PutTargets", `{"Rule":"r","Targets":[{"Id":"1","Arn":"arn:aws:sqs:us-east-1:000000000000:q"}]}`)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- runLayers(ctx, a.layers(), 10*time.Second) }()
		r.call(events, "PutEvents", `{"Entries":[{"Source":"a","DetailType":"d","Detail":"{}"}]}`)
		const receive = `{"QueueUrl":"http://localhost:4566/000000000000/q","WaitTimeSeconds":10}`
		if r.call(sqs, "ReceiveMessage", receive); strings.Count(r.answer, `"Body":`) != 1 {
			t.Errorf("round %d: got %s", round, r.answer)
		}
		stop()
		if err := <-ended; err != nil {
			t.Errorf("round %d: %v", round, err)
		}
	}
}

func TestAServerCanBeOpenedClosedAndOpenedAgainInOneProcess(t *testing.T) {
	dir := t.TempDir()
	for round, want := range []string{"CreateQueue", "SendMessage", "ReceiveMessage"} {
		a := openForTest(t, func(o *Options) { o.Ephemeral, o.Data = false, dir })
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- a.Run(ctx) }()
		body := map[string]string{
			"CreateQueue":    `{"QueueName":"q"}`,
			"SendMessage":    `{"QueueUrl":"http://localhost/000000000000/q","MessageBody":"kept"}`,
			"ReceiveMessage": `{"QueueUrl":"http://localhost/000000000000/q"}`,
		}[want]
		status, answer := call(t, a.URL(), want, body)
		if status != 200 || want == "ReceiveMessage" && !strings.Contains(answer, "kept") {
			t.Errorf("round %d: %s: %d %s", round, want, status, answer)
		}
		stop()
		if err := <-ended; err != nil {
			t.Errorf("round %d: %v", round, err)
		}
	}
}
