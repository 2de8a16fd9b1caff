package watch

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/dari-bus/dari/internal/event"
)

var update = flag.Bool("update", false, "write the golden files and docs/metrics.md")

// golden compares got with a file, or writes the file.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got); go test ./internal/watch -update writes it:\n%s", file, diff)
	}
}

const (
	busARN   = "arn:aws:events:eu-central-1:111122223333:event-bus/orders"
	ruleARN  = "arn:aws:events:eu-central-1:111122223333:rule/orders/big"
	queueARN = "arn:aws:sqs:eu-central-1:111122223333:inbox"
	hookARN  = "arn:aws:events:eu-central-1:111122223333:api-destination/hook/0f0e0d0c"
)

// story tells h of a refused entry, an event that nobody wants, and one with
// five deliveries that end in all ways there are.
func story(h Hooks) {
	begin := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	to := func(id, target string) Route {
		return Route{EventID: "e2", Source: busARN, Owner: ruleARN, TargetID: id, Target: target}
	}
	failed := errors.New("connection refused")

	h.Refused(&Refused{
		Bus: busARN, Caller: "AKIAEXAMPLE", RequestID: "r0", Source: "shop", DetailType: "order",
		Code: "MalformedDetail", Message: "Detail is malformed.",
	})
	plain := &event.Event{ID: "e1", Source: "shop", DetailType: "ping", JSON: []byte(`{"id":"e1"}`)}
	h.Accepted(&Accepted{Event: plain, Bus: busARN, Ingested: begin})
	h.Matched(&Matched{Event: plain, Bus: busARN})

	big := &event.Event{ID: "e2", Source: "shop", DetailType: "order", JSON: []byte(`{"id":"e2","detail":{"amount":7}}`)}
	h.Accepted(&Accepted{Event: big, Bus: busARN, Caller: "AKIAEXAMPLE", RequestID: "r1", Ingested: begin, Deliveries: 5})
	h.Matched(&Matched{Event: big, Bus: busARN, Rules: []string{ruleARN, ruleARN + "ger"}})

	h.Attempted(&Attempt{Route: to("q", queueARN), Number: 1, Started: begin, Took: 800 * time.Microsecond, Input: []byte(`{"amount":7}`)})
	h.Settled(&Settlement{Route: to("q", queueARN), Outcome: Delivered, Attempts: 1, Ingested: begin, Latency: 2 * time.Millisecond})

	h.Attempted(&Attempt{
		Route: to("h", hookARN), Number: 1, Started: begin, Err: errors.New("over the limit"), Code: "THROTTLING",
		Retryable: true, Throttled: true, Next: begin.Add(time.Second),
	})
	h.Attempted(&Attempt{
		Route: to("h", hookARN), Number: 1, Started: begin, Took: 3 * time.Second, Input: []byte("not JSON"),
		Err: failed, Code: "CONNECTION_FAILURE", Retryable: true, Next: begin.Add(time.Minute),
	})
	h.Attempted(&Attempt{
		Route: to("h", hookARN), Number: 2, Started: begin.Add(time.Minute), Took: 20 * time.Millisecond, Input: []byte("not JSON"),
		Err: failed, Code: "CONNECTION_FAILURE", Retryable: true,
	})
	h.Settled(&Settlement{
		Route: to("h", hookARN), Outcome: DeadLettered, Attempts: 2, Code: "CONNECTION_FAILURE", Message: failed.Error(),
		Exhausted: "MaximumRetryAttempts", Ingested: begin, Latency: time.Minute,
	})
	h.Settled(&Settlement{
		Route: to("b", busARN), Outcome: Dead, Attempts: 1, Code: "NO_RESOURCE", Message: "no such bus",
		DeadLetterErr: "no such queue", Ingested: begin, Latency: time.Second,
	})
	h.Settled(&Settlement{Route: to("l", "arn:aws:lambda:eu-central-1:111122223333:function:f"), Outcome: Abandoned, Ingested: begin, Latency: time.Hour})
	h.Settled(&Settlement{Route: Route{EventID: "e2", Source: busARN}, Outcome: Abandoned, Ingested: begin, Latency: time.Hour})
}

func TestLogTellsTheStory(t *testing.T) {
	for name, level := range map[string]slog.Level{"log-debug.txt": slog.LevelDebug, "log-info.txt": slog.LevelInfo} {
		var b bytes.Buffer
		story(Log(slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{
			Level: level,
			ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
				if a.Key == slog.TimeKey {
					return slog.Attr{}
				}
				return a
			},
		}))))
		golden(t, filepath.Join("testdata", name), b.String())
	}
}

func TestMetricsCountTheStory(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	story(Metrics(reg))
	called := Calls(reg)
	called("events", "PutEvents", "", 3*time.Millisecond)
	called("events", "PutRule", "InvalidEventPatternException", time.Millisecond)
	Gauges(reg, func() float64 { return 7 }, func() float64 { return 2 })
	Trail(reg, func() int64 { return 3 }, func() int64 { return 4096 })
	BusLogs(reg, func() int64 { return 5 })
	StageLogs(reg, func() int64 { return 6 })
	w := httptest.NewRecorder()
	promhttp.HandlerFor(reg, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	body, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, filepath.Join("testdata", "metrics.txt"), string(body))
	for _, m := range declared {
		if !strings.Contains(string(body), "# TYPE "+m.name+" ") {
			t.Errorf("the story does not touch %s", m.name)
		}
	}
}

func TestFeedShowsTheStory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := NewFeed(100)
		records, cancel := f.Subscribe()
		defer cancel()
		story(f.Hooks())
		f.Close()
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		for r := range records {
			r.Time = r.Time.UTC()
			if err := enc.Encode(r); err != nil {
				t.Fatal(err)
			}
		}
		golden(t, filepath.Join("testdata", "feed.ndjson"), b.String())
	})
}

func TestMetricsAreDocumented(t *testing.T) {
	var b strings.Builder
	b.WriteString(`# Metrics

The server shows its metrics at ` + "`/_dari/metrics`" + ` in the format of Prometheus, together with the usual
` + "`go_*` and `process_*`" + ` metrics. Counters begin at zero when the server starts. Labels take few values; no
metric carries the id of an event or the name of a bus, a rule or a target: the log and the live tail do.
The nearest metric of CloudWatch stands in brackets.

A server without access keys shows them to everybody on the machine. One that has keys asks for SigV4, as for every call (the
service is ` + "`dari`" + `), by a key of the account of ` + "`-account`" + `: put something that signs between it and a Prometheus.

This page is written from the declarations in ` + "`internal/watch/metrics.go`" + ` by
` + "`go test ./internal/watch -update`" + `.

| metric | type | labels | meaning |
|---|---|---|---|
`)
	for _, m := range declared {
		typ := "counter"
		if m.buckets != nil {
			typ = "histogram"
		}
		if m.gauge {
			typ = "gauge"
		}
		var names []string
		for _, l := range m.labels {
			names = append(names, "`"+l+"`")
		}
		if !strings.HasSuffix(m.help, ".") || m.help[0] < 'A' || m.help[0] > 'Z' {
			t.Errorf("%s: the help is not a sentence: %s", m.name, m.help)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", m.name, typ, strings.Join(names, ", "), m.help)
	}
	golden(t, filepath.Join("..", "..", "docs", "metrics.md"), b.String())
}
