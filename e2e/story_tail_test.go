package e2e

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// logs is the Go SDK's client, which puts a prefix before the host for live sessions.
func (s *server) logs(t *testing.T) *cloudwatchlogs.Client {
	t.Helper()
	here := &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, s.Addr)
	}}
	t.Cleanup(here.CloseIdleConnections)
	return cloudwatchlogs.New(cloudwatchlogs.Options{
		Region: region, BaseEndpoint: &s.URL, Credentials: keyPair("test", "test"),
		HTTPClient: &http.Client{Transport: inOnePiece{here}}, Retryer: aws.NopRetryer{},
	})
}

// A live session of the Go SDK shows what comes in, and when the server stops it ends
// like one that is over: the stream has its end, and no error.
func TestALiveSessionEndsInOrderWhenTheServerStops(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c := s.logs(t)
	group, stream := "/app", "one"
	must(c.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &group}))(t)
	must(c.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &group, LogStreamName: &stream}))(t)
	arn := "arn:aws:logs:" + region + ":" + account + ":log-group:" + group
	var sessions []*cloudwatchlogs.StartLiveTailEventStream
	for range 3 {
		out := must(c.StartLiveTail(t.Context(), &cloudwatchlogs.StartLiveTailInput{LogGroupIdentifiers: []string{arn}, LogEventFilterPattern: aws.String("ERROR -probe")}))(t)
		sessions = append(sessions, out.GetStream())
		defer out.GetStream().Close()
	}
	for _, session := range sessions {
		start, ok := (<-session.Events()).(*types.StartLiveTailResponseStreamMemberSessionStart)
		if !ok || start.Value.LogGroupIdentifiers[0] != arn || *start.Value.LogEventFilterPattern != "ERROR -probe" {
			t.Fatalf("a session begins with %+v", start)
		}
	}
	now := time.Now().UnixMilli()
	var events []types.InputLogEvent
	for _, text := range []string{"ERROR one\x01", "INFO two", "ERROR probe", "ERROR é"} {
		events = append(events, types.InputLogEvent{Timestamp: &now, Message: &text})
	}
	must(c.PutLogEvents(t.Context(), &cloudwatchlogs.PutLogEventsInput{LogGroupName: &group, LogStreamName: &stream, LogEvents: events}))(t)
	for _, session := range sessions {
		var got []string
		for len(got) < 2 {
			update, ok := (<-session.Events()).(*types.StartLiveTailResponseStreamMemberSessionUpdate)
			if !ok || update.Value.SessionMetadata.Sampled {
				t.Fatalf("an update is %+v: %v", update, session.Err())
			}
			for _, e := range update.Value.SessionResults {
				got = append(got, *e.Message)
			}
		}
		if all := strings.Join(got, ","); all != "ERROR one\x01,ERROR é" {
			t.Errorf("seen: %q", all)
		}
	}
	began := time.Now()
	s.stop(t)
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("the server took %v to stop", took)
	}
	for i, session := range sessions {
		for range session.Events() { // up to its end
		}
		if err := session.Err(); err != nil {
			t.Errorf("session %d was cut off: %v", i, err)
		}
	}
}
