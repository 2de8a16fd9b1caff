package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eb "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

func TestWhatWasAcceptedBeforeARestartArrivesAfterIt(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c := s.sdk(t)
	down := true
	var mu sync.Mutex
	r := receive(t, func(_ int, _ call, w http.ResponseWriter) {
		mu.Lock()
		defer mu.Unlock()
		if down {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	conn := c.connection("c", eb.ConnectionAuthorizationTypeApiKey, apiKey("k", "v"))
	q := c.queue("q", nil)
	c.rule("default", "r", `{"source":["s"]}`, target("q", q.arn), target("http", c.destination("d", conn, r.URL)))
	ids := c.put(entry("default", "s", "t", `{"n":1}`), entry("default", "s", "t", `{"n":2}`))
	r.wait(2, 20*time.Second)

	// Clients keep putting while the server stops and comes back: each call is
	// either acknowledged or fails, and what was acknowledged arrives.
	var during []string
	var putting sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	putting.Go(func() {
		for ctx.Err() == nil {
			out, err := c.ev.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []eb.PutEventsRequestEntry{entry("default", "s", "t", `{"n":3}`)}})
			if err == nil {
				during = append(during, *out.Entries[0].EventId)
			}
		}
	})
	s.stop(t)
	s.start(t)
	eventually(t, 10*time.Second, func() string {
		if s.metric(t, "dari_calls_total", `operation="PutEvents"`, `code=""`) < 3 {
			return "events put after the restart"
		}
		return ""
	})
	cancel()
	putting.Wait()
	mu.Lock()
	down = false
	mu.Unlock()

	want := append(ids, during...)
	wants := map[string]bool{}
	for _, id := range want {
		wants[id] = true
	}
	for _, m := range c.take(q, len(want), 30*time.Second) {
		delete(wants, eventID(t, *m.Body))
	}
	if len(wants) > 0 {
		t.Errorf("%d of %d events never reached the queue", len(wants), len(want))
	}
	eventually(t, 60*time.Second, func() string {
		came := map[string]bool{}
		for _, call := range r.all() {
			came[eventID(t, call.body)] = true
		}
		for _, id := range want {
			if !came[id] {
				return "the event " + id + " at the HTTP target"
			}
		}
		return ""
	})
}

// eventID returns the id of an event.
func eventID(t testing.TB, body string) string {
	t.Helper()
	var e struct{ ID string }
	if err := json.Unmarshal([]byte(body), &e); err != nil || e.ID == "" {
		t.Fatalf("no event: %s (%v)", body, err)
	}
	return e.ID
}

func TestEverythingIsThereAfterAKill(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c := s.sdk(t)
	c.bus("orders")
	q := c.queue("q", map[string]string{"VisibilityTimeout": "45"})
	conn := c.connection("c", eb.ConnectionAuthorizationTypeApiKey, apiKey("k", "v"))
	c.rule("orders", "r", `{"source":["s"]}`, target("q", q.arn), target("d", c.destination("d", conn, "http://127.0.0.1:9/")))
	c.send(q, "kept")
	describe := func() string {
		ctx := t.Context()
		return toJSON([]any{
			must(c.ev.ListEventBuses(ctx, &eventbridge.ListEventBusesInput{}))(t).EventBuses,
			must(c.ev.ListRules(ctx, &eventbridge.ListRulesInput{EventBusName: ptr("orders")}))(t).Rules,
			must(c.ev.ListTargetsByRule(ctx, &eventbridge.ListTargetsByRuleInput{EventBusName: ptr("orders"), Rule: ptr("r")}))(t).Targets,
			must(c.ev.ListConnections(ctx, &eventbridge.ListConnectionsInput{}))(t).Connections,
			must(c.ev.ListApiDestinations(ctx, &eventbridge.ListApiDestinationsInput{}))(t).ApiDestinations,
			c.attribute(q, "VisibilityTimeout"), c.attribute(q, "ApproximateNumberOfMessages"),
		})
	}
	before := describe()
	s.kill(t)
	s.start(t)
	if diff := diffJSON(t, []byte(before), []byte(describe())); diff != "" {
		t.Errorf("before (-) and after (+) kill -9:\n%s", diff)
	}
	if got := c.peek(q, 1, 1); len(got) != 1 || *got[0].Body != "kept" {
		t.Errorf("received %v, want the message from before", bodies(got))
	}
}

func ptr[T any](v T) *T { return &v }

func TestTwoServersDoNotShareADirectory(t *testing.T) {
	t.Parallel()
	s := serve(t)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, "serve", "--listen", freeAddr(t), "--data", s.Dir)
	cmd.Env = plainEnv()
	out, err := cmd.CombinedOutput()
	if err == nil || ctx.Err() != nil || !strings.Contains(string(out), filepath.Base(s.Dir)) {
		t.Errorf("a second server on %s: %v\n%s\nwant a refusal that names the directory", s.Dir, err, out)
	}
}

func TestHealthMetricsAndTailAnswer(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c := s.sdk(t)
	q := c.queue("q", nil)
	c.rule("default", "r", `{"source":["s"]}`, target("q", q.arn))

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/_dari/tail", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := httpClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	id := c.put(entry("default", "s", "t", `{"n":1}`))[0]
	c.one(q)

	lines := bufio.NewScanner(resp.Body)
	settled := false
	for !settled && lines.Scan() {
		line := lines.Bytes()
		if !json.Valid(line) {
			t.Fatalf("the tail said %s, want JSON lines", line)
		}
		settled = bytes.Contains(line, []byte(id)) && bytes.Contains(line, []byte("delivered"))
	}
	if !settled {
		t.Errorf("the tail ended (%v) without the delivery of %s", lines.Err(), id)
	}
	metrics := string(s.get(t, "/_dari/metrics"))
	for _, want := range []string{"dari_calls_total", "go_goroutines", "process_resident_memory_bytes"} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics have no %s", want)
		}
	}
	if n := s.metric(t, "dari_calls_total", `operation="PutEvents"`); n != 1 {
		t.Errorf("%v calls of PutEvents counted, want 1", n)
	}
	if dead := s.get(t, "/_dari/dead"); !json.Valid(dead) {
		t.Errorf("the dead deliveries are %s, want JSON", dead)
	}
}

func TestNothingIsKeptOfAnEphemeralServer(t *testing.T) {
	t.Parallel()
	s := serve(t, "--ephemeral")
	c := s.sdk(t)
	q := c.queue("q", nil)
	c.rule("default", "r", `{"source":["s"]}`, target("q", q.arn))
	c.put(entry("default", "s", "t", `{"n":1}`))
	c.one(q)
	s.stop(t)
	s.start(t)
	if rules := must(c.ev.ListRules(t.Context(), &eventbridge.ListRulesInput{}))(t).Rules; len(rules) > 0 {
		t.Errorf("after a restart there are rules: %s", toJSON(rules))
	}
	if files, err := filepath.Glob(filepath.Join(s.Dir, "*")); err != nil || len(files) > 0 {
		t.Errorf("an ephemeral server wrote %v (%v)", files, err)
	}
}

// TestAnUnknownPathIsAClearRefusal: people open the wrong URL.
func TestAnUnknownPathIsAClearRefusal(t *testing.T) {
	t.Parallel()
	s := serve(t)
	resp, err := httpClient.Get(fmt.Sprintf("%s/no/such/thing", s.URL))
	if err != nil {
		t.Fatal(err)
	}
	if body := readBody(t, resp); resp.StatusCode < 400 || resp.StatusCode >= 500 || len(body) == 0 {
		t.Errorf("an unknown path answers %s: %s", resp.Status, body)
	}
}
