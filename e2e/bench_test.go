package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	eb "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

// The benchmarks run the real binary in its own process, with everything
// durable, over HTTP on the loopback. One operation is one call of PutEvents
// with ten entries of about a kilobyte, all of which match one rule whose target
// is a queue. Compare runs with benchstat:
//
//	go test -run '^$' -bench . -benchtime 3s -count 6 . | tee new.txt
//	benchstat old.txt new.txt
//
// accepted/s counts events until the last call was answered, delivered/s until
// the queue held them all. server-µs/event and client-µs/event are processor
// time; where both share the cores, the client's is taken from the server.

func BenchmarkPutToQueue(b *testing.B) {
	needLinux(b)
	for _, rules := range []int{1, 1000} {
		b.Run(fmt.Sprintf("rules=%d", rules), func(b *testing.B) {
			s := serve(b, "--limits", "none")
			makeRules(b, s, rules)
			for _, clients := range []int{1, 16} {
				b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) { putToQueue(b, s, clients) })
			}
		})
	}
}

// makeRules makes n rules. The first, "hit", matches the benchmark's events
// and has no target yet; the others have a target and look at the same fields.
func makeRules(b *testing.B, s *server, n int) {
	b.Helper()
	c := s.sdk(b)
	c.rule("default", "hit", `{"source":["bench"],"detail":{"kind":["k0"],"size":[{"numeric":[">=",0]}]}}`)
	other := c.queue("other", nil)
	var next atomic.Int64
	var making sync.WaitGroup
	for range min(16, n-1) {
		making.Go(func() {
			for i := next.Add(1); i < int64(n); i = next.Add(1) {
				pattern := fmt.Sprintf(`{"source":["bench"],"detail":{"kind":["k%d",{"prefix":"x%d-"}],"size":[{"numeric":[">=",0]}]}}`, i, i)
				c.rule("default", fmt.Sprintf("miss-%d", i), pattern, target("t", other.arn))
			}
		})
	}
	making.Wait()
}

// entryMark is where a body carries the time at which it was sent, in
// nanoseconds.
const entryMark = "0000000000000000000"

// benchBody is a call of PutEvents with ten entries of about a kilobyte.
func benchBody() []byte {
	var body strings.Builder
	body.WriteString(`{"Entries":[`)
	for i := range 10 {
		if i > 0 {
			body.WriteByte(',')
		}
		detail := toJSON(map[string]any{
			"kind": "k0", "size": 1000 + i, "sent": entryMark, "name": fmt.Sprintf("order-%d", i),
			"tags": []string{"a", "b", "c"}, "nested": map[string]any{"x": 1.5, "y": nil, "z": true},
			"text": strings.Repeat("lorem ipsum ", 65),
		})
		body.WriteString(toJSON(map[string]any{"Source": "bench", "DetailType": "Bench Event", "Detail": detail, "Resources": []string{"arn:aws:bench:::thing/1"}}))
	}
	body.WriteString(`]}`)
	return []byte(body.String())
}

// A stamper writes the time into a body's entries, in place.
type stamper struct {
	body []byte
	at   []int
}

func newStamper() *stamper {
	s := &stamper{body: benchBody()}
	for from := 0; ; {
		i := bytes.Index(s.body[from:], []byte(entryMark))
		if i < 0 {
			return s
		}
		s.at = append(s.at, from+i)
		from += i + len(entryMark)
	}
}

func (s *stamper) stamp(t time.Time) {
	text := strconv.FormatInt(t.UnixNano(), 10) // 19 digits until the year 2286
	for _, i := range s.at {
		copy(s.body[i:], text)
	}
}

func putToQueue(b *testing.B, s *server, clients int) {
	c := s.sdk(b)
	q := c.queue(fmt.Sprintf("bench-%d", rand.Uint64()), nil)
	c.targets("default", "hit", eb.Target{Id: ptr("q"), Arn: &q.arn})
	client := newLean(s, clients)
	stampers := make([]*stamper, clients)
	latencies := make([][]time.Duration, clients)
	for i := range stampers {
		stampers[i] = newStamper()
	}
	b.SetBytes(int64(len(stampers[0].body)))
	ctx := b.Context()
	var left atomic.Int64
	left.Store(int64(b.N))
	failed := make(chan error, clients)

	b.ResetTimer()
	serverCPU, clientCPU, began := s.cpu(b), ownCPU(b), time.Now()
	var putting sync.WaitGroup
	for i := range clients {
		putting.Go(func() {
			var buf bytes.Buffer
			for left.Add(-1) >= 0 {
				start := time.Now()
				stampers[i].stamp(start)
				answer, err := client.do(ctx, "AWSEvents.PutEvents", stampers[i].body, &buf)
				if err == nil && !bytes.Contains(answer, []byte(`"FailedEntryCount":0`)) {
					err = fmt.Errorf("entries failed: %s", answer)
				}
				if err != nil {
					failed <- err
					return
				}
				latencies[i] = append(latencies[i], time.Since(start))
			}
		})
	}
	putting.Wait()
	accepted := time.Since(began)
	select {
	case err := <-failed:
		b.Fatal(err)
	default:
	}
	clientCPU = ownCPU(b) - clientCPU
	events := 10 * b.N
	eventually(b, 2*time.Minute, func() string {
		n, err := client.held(ctx, q.url)
		if err != nil {
			b.Fatal(err)
		}
		if n != events {
			return fmt.Sprintf("%d messages, have %d", events, n)
		}
		return ""
	})
	delivered := time.Since(began)
	b.StopTimer()
	serverCPU = s.cpu(b) - serverCPU

	var puts []time.Duration
	for _, l := range latencies {
		puts = append(puts, l...)
	}
	puts = sorted(puts)
	through := queueLatencies(b, client, q.url, min(events, 2000))
	b.ReportMetric(float64(events)/accepted.Seconds(), "accepted/s")
	b.ReportMetric(float64(events)/delivered.Seconds(), "delivered/s")
	b.ReportMetric(milliseconds(quantile(puts, 0.5)), "put-p50-ms")
	b.ReportMetric(milliseconds(quantile(puts, 0.99)), "put-p99-ms")
	b.ReportMetric(milliseconds(quantile(through, 0.5)), "queued-p50-ms")
	b.ReportMetric(milliseconds(quantile(through, 0.99)), "queued-p99-ms")
	b.ReportMetric(float64(serverCPU.Microseconds())/float64(events), "server-µs/event")
	b.ReportMetric(float64(clientCPU.Microseconds())/float64(events), "client-µs/event")
	b.ReportMetric(float64(s.rss(b))/(1<<20), "server-MiB")
}

// queueLatencies receives n messages and says, sorted, how long after the call
// that put them they stood in the queue. The queue tells milliseconds.
func queueLatencies(b *testing.B, client *lean, queueURL string, n int) []time.Duration {
	b.Helper()
	var took []time.Duration
	for len(took) < n {
		ms, err := client.receive(b.Context(), queueURL, 0)
		if err != nil || len(ms) == 0 {
			b.Fatalf("after %d messages: %v", len(took), err)
		}
		for _, m := range ms {
			var e struct{ Detail struct{ Sent string } }
			if err := json.Unmarshal([]byte(m.Body), &e); err != nil {
				b.Fatal(err)
			}
			sent, err1 := strconv.ParseInt(e.Detail.Sent, 10, 64)
			queued, err2 := strconv.ParseInt(m.Attributes["SentTimestamp"], 10, 64)
			if err1 != nil || err2 != nil {
				b.Fatal(err1, err2)
			}
			took = append(took, max(0, time.Duration(queued)*time.Millisecond-time.Duration(sent)+time.Millisecond/2))
		}
	}
	return sorted(took)
}

// BenchmarkLatency is one event at a time, from the call of PutEvents until a
// receiver that waits in a long poll has it.
func BenchmarkLatency(b *testing.B) {
	s := serve(b)
	c := s.sdk(b)
	q := c.queue("live", nil)
	c.rule("default", "live", `{"source":["live"]}`, target("q", q.arn))
	client := newLean(s, 2)
	measureLatency(b, client, q.url, 50)
	b.ResetTimer()
	took := measureLatency(b, client, q.url, b.N)
	b.StopTimer()
	b.ReportMetric(milliseconds(quantile(took, 0.5)), "p50-ms")
	b.ReportMetric(milliseconds(quantile(took, 0.99)), "p99-ms")
}

// BenchmarkStart is from the start of the process on an empty directory until
// it has answered its first call, and its memory once it has.
func BenchmarkStart(b *testing.B) {
	needLinux(b)
	var took []time.Duration
	var memory int64
	for b.Loop() {
		b.StopTimer()
		s := newServer(b)
		client := newLean(s, 1)
		b.StartTimer()
		began := time.Now()
		s.launch(b)
		for {
			if err := client.call(context.Background(), "AWSEvents.ListRules", struct{}{}, nil); err == nil {
				break
			}
			if time.Since(began) > 30*time.Second {
				b.Fatalf("no answer:\n%s", s.log(b, 8<<10))
			}
			<-time.After(200 * time.Microsecond)
		}
		took = append(took, time.Since(began))
		b.StopTimer()
		memory = max(memory, s.rss(b))
		s.stop(b)
		b.StartTimer()
	}
	b.ReportMetric(milliseconds(quantile(sorted(took), 0.5)), "first-answer-ms")
	b.ReportMetric(float64(memory)/(1<<20), "idle-MiB")
}
