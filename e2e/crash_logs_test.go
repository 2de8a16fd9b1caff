package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A logger puts lines into a stream of its own, ten a call, and remembers those that
// were acknowledged.
type logger struct {
	client       *lean
	stream       string
	acknowledged map[string]bool
}

func (l *logger) run(ctx context.Context) {
	for n := 0; ctx.Err() == nil; n++ {
		var lines []map[string]any
		for i := range 10 {
			lines = append(lines, map[string]any{"timestamp": time.Now().UnixMilli(), "message": fmt.Sprintf("%s line %d", l.stream, 10*n+i)})
		}
		// It is not cut off by the end of the load, since an answer on its way would be lost.
		err := l.client.call(context.Background(), "Logs_20140328.PutLogEvents", map[string]any{"logGroupName": "/load", "logStreamName": l.stream, "logEvents": lines}, nil)
		if err != nil {
			<-time.After(10 * time.Millisecond) // it is down
			continue
		}
		for _, line := range lines {
			l.acknowledged[line["message"].(string)] = true
		}
	}
}

// lines counts the lines of the group by their texts.
func lines(t *testing.T, c *lean) map[string]int {
	t.Helper()
	got := map[string]int{}
	in := map[string]any{"logGroupName": "/load"}
	for {
		var out struct {
			Events    []struct{ Message string }
			NextToken string
		}
		if err := c.call(t.Context(), "Logs_20140328.FilterLogEvents", in, &out); err != nil {
			t.Fatal(err)
		}
		for _, e := range out.Events {
			got[e.Message]++
		}
		if out.NextToken == "" {
			return got
		}
		in["nextToken"] = out.NextToken
	}
}

// TestNoAcknowledgedLogEventIsLostToKill9 puts lines, and events that a rule sends to
// the same group, while the server is killed again and again: what was acknowledged is
// in the group, and nothing is in it twice.
func TestNoAcknowledgedLogEventIsLostToKill9(t *testing.T) {
	if testing.Short() {
		t.Skip("kills the server again and again")
	}
	random := rand.New(rand.NewPCG(seed(t), 1))
	s := serve(t)
	c := s.sdk(t)
	group := newLean(s, 1)
	if err := group.call(t.Context(), "Logs_20140328.CreateLogGroup", map[string]any{"logGroupName": "/load"}, nil); err != nil {
		t.Fatal(err)
	}
	rulesMayLog(t, group)
	c.rule("default", "r", `{"source":["load"]}`, target("g", "arn:aws:logs:us-east-1:"+account+":log-group:/load"))

	load, stop := context.WithCancel(t.Context())
	defer stop()
	var running sync.WaitGroup
	var answered atomic.Int64
	loggers, puts := make([]*logger, 3), make([]*putter, 2)
	for i := range loggers {
		l := &logger{client: newLean(s, 1), stream: fmt.Sprint("s", i), acknowledged: map[string]bool{}}
		if err := group.call(t.Context(), "Logs_20140328.CreateLogStream", map[string]any{"logGroupName": "/load", "logStreamName": l.stream}, nil); err != nil {
			t.Fatal(err)
		}
		loggers[i] = l
		running.Go(func() { l.run(load) })
	}
	for i := range puts {
		puts[i] = &putter{client: newLean(s, 1), number: i, pace: 10 * time.Millisecond, acknowledged: map[string]int{}, answered: &answered}
		running.Go(func() { puts[i].run(load) })
	}
	for range 8 {
		eventually(t, 30*time.Second, s.unready)
		<-time.After(time.Duration(200+random.IntN(800)) * time.Millisecond)
		s.kill(t)
		s.launch(t)
	}
	eventually(t, 30*time.Second, s.unready)
	stop()
	running.Wait()

	got := lines(t, group)
	ids := map[string]bool{}
	for text, n := range got {
		if n != 1 {
			t.Errorf("%q is in the group %d times", text, n)
		}
		var e struct{ ID string }
		if json.Unmarshal([]byte(text), &e) == nil {
			ids[e.ID] = true
		}
	}
	count := 0
	for _, l := range loggers {
		for text := range l.acknowledged {
			if count++; got[text] == 0 {
				t.Errorf("%q was acknowledged, and is not in the group", text)
			}
		}
	}
	for _, p := range puts {
		for id := range p.acknowledged {
			if !ids[id] {
				t.Errorf("the event %s was acknowledged, and is not in the group", id)
			}
		}
	}
	t.Logf("%d lines and %d events were acknowledged, and %d are there", count, answered.Load(), len(got))
	if count < 500 || answered.Load() < 100 {
		t.Error("the server was hardly up")
	}
}
