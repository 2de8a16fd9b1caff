package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eb "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

// TestADeadTargetHarmsNobody lets deliveries pile up on a target that refuses
// connections and on one that takes them and never answers. Memory must stay
// bounded, the neighbours' events must arrive as quickly as before, and a
// restart with all of that waiting must not take long.
func TestADeadTargetHarmsNobody(t *testing.T) {
	if testing.Short() {
		t.Skip("takes minutes")
	}
	needLinux(t)
	const (
		backlog = 200_000 // deliveries per dead target
		maxRSS  = 300 << 20
	)
	s := serve(t)
	c := s.sdk(t)
	conn := c.connection("c", eb.ConnectionAuthorizationTypeApiKey, apiKey("k", "v"))
	fast := func(in *eventbridge.CreateApiDestinationInput) { in.InvocationRateLimitPerSecond = aws.Int32(100_000) }
	refusing := c.destination("refusing", conn, "http://"+freeAddr(t)+"/", fast)
	hanging := c.destination("hanging", conn, "http://"+hang(t)+"/", fast)
	c.rule("default", "dead", `{"source":["dead"]}`, target("refusing", refusing), target("hanging", hanging))
	q := c.queue("live", nil)
	c.rule("default", "live", `{"source":["live"]}`, target("q", q.arn))

	const samples = 1000
	client := newLean(s, 8)
	measureLatency(t, client, q.url, 100) // connections and caches
	before := measureLatency(t, client, q.url, samples)

	var peak atomic.Int64
	peak.Store(s.rss(t))
	began := time.Now()
	pile(t, s, backlog, &peak)
	t.Logf("%d events for two dead targets put in %v (%.0f a second)", backlog, time.Since(began), backlog/time.Since(began).Seconds())
	during := measureLatency(t, client, q.url, samples)
	peak.Store(max(peak.Load(), s.rss(t)))

	waiting := s.metric(t, "dari_deliveries_created_total") - s.metric(t, "dari_deliveries_settled_total")
	if waiting < 2*backlog {
		t.Errorf("%v deliveries are waiting, want %d", waiting, 2*backlog)
	}
	t.Logf("put to queue before: p50 %v, p99 %v", quantile(before, 0.5), quantile(before, 0.99))
	t.Logf("put to queue during: p50 %v, p99 %v", quantile(during, 0.5), quantile(during, 0.99))
	t.Logf("resident memory: %d MiB at most", peak.Load()>>20)
	if limit := 5*quantile(before, 0.5) + 20*time.Millisecond; quantile(during, 0.5) > limit {
		t.Errorf("the median latency of another target rose to %v, want at most %v", quantile(during, 0.5), limit)
	}
	if limit := 5*quantile(before, 0.99) + 250*time.Millisecond; quantile(during, 0.99) > limit {
		t.Errorf("the p99 latency of another target rose to %v, want at most %v", quantile(during, 0.99), limit)
	}
	if peak.Load() > maxRSS {
		t.Errorf("resident memory rose to %d MiB, want at most %d MiB", peak.Load()>>20, maxRSS>>20)
	}

	s.kill(t)
	began = time.Now()
	s.start(t)
	t.Logf("ready %v after kill -9 with the backlog", time.Since(began))
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("ready after %v, want 10 s at most", took)
	}
	after := measureLatency(t, client, q.url, 200)
	eventually(t, 60*time.Second, func() string {
		if s.metric(t, "dari_attempts_total", `code="CONNECTION_FAILURE"`) == 0 || s.metric(t, "dari_attempts_total", `code="TIMEOUT"`) == 0 {
			return "tries of both dead targets after the restart"
		}
		return ""
	})
	t.Logf("put to queue after the restart: p50 %v, p99 %v; resident memory %d MiB", quantile(after, 0.5), quantile(after, 0.99), s.rss(t)>>20)
	if s.rss(t) > maxRSS {
		t.Errorf("resident memory after the restart is %d MiB, want at most %d MiB", s.rss(t)>>20, maxRSS>>20)
	}
	began = time.Now()
	s.stop(t)
	t.Logf("stopped in %v", time.Since(began))
}

// hang listens, takes connections and never says anything.
func hang(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var taken sync.WaitGroup
	taken.Go(func() {
		var conns []net.Conn
		for {
			c, err := l.Accept()
			if err != nil {
				break
			}
			conns = append(conns, c)
		}
		for _, c := range conns {
			c.Close()
		}
	})
	t.Cleanup(func() {
		l.Close()
		taken.Wait()
	})
	return l.Addr().String()
}

// pile puts n events for the dead targets and watches the memory meanwhile.
func pile(t *testing.T, s *server, n int, peak *atomic.Int64) {
	t.Helper()
	var body strings.Builder
	body.WriteString(`{"Entries":[`)
	for i := range 10 {
		if i > 0 {
			body.WriteByte(',')
		}
		fmt.Fprintf(&body, `{"Source":"dead","DetailType":"t","Detail":"{\"text\":\"%s\"}"}`, strings.Repeat("x", 400))
	}
	body.WriteString(`]}`)
	client := newLean(s, 8)
	var left atomic.Int64
	left.Store(int64(n / 10))
	var putting sync.WaitGroup
	errs := make(chan error, 8)
	for range 8 {
		putting.Go(func() {
			var buf bytes.Buffer
			for left.Add(-1) >= 0 {
				answer, err := client.do(t.Context(), "AWSEvents.PutEvents", []byte(body.String()), &buf)
				if err == nil && !bytes.Contains(answer, []byte(`"FailedEntryCount":0`)) {
					err = fmt.Errorf("entries failed: %s", answer)
				}
				if err != nil {
					errs <- err
					return
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { putting.Wait(); close(done) }()
	for {
		select {
		case <-done:
			select {
			case err := <-errs:
				t.Fatal(err)
			default:
				return
			}
		case <-time.After(100 * time.Millisecond):
			peak.Store(max(peak.Load(), s.rss(t)))
		}
	}
}

// measureLatency puts events one at a time and says, sorted, how long each
// took from the call of PutEvents until a waiting receiver had it.
func measureLatency(t testing.TB, client *lean, queueURL string, n int) []time.Duration {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	arrivals, failed := make(chan arrival), make(chan error, 1)
	var receiving sync.WaitGroup
	receiving.Go(func() { failed <- receiveAll(ctx, client, queueURL, arrivals) })
	defer receiving.Wait()
	defer cancel()

	var took []time.Duration
	for i := range n {
		number := fmt.Sprintf("%d-%d", time.Now().UnixNano(), i)
		began := time.Now()
		var out putAnswer
		err := client.call(ctx, "AWSEvents.PutEvents", map[string]any{"Entries": []map[string]string{
			{"Source": "live", "DetailType": "t", "Detail": `{"n":"` + number + `"}`},
		}}, &out)
		if err != nil || out.FailedEntryCount != 0 {
			t.Fatalf("put: %v %+v", err, out)
		}
		for number != "" {
			select {
			case a := <-arrivals:
				if a.number == number { // otherwise one that came twice, after a crash
					took = append(took, a.at.Sub(began))
					number = ""
				}
			case err := <-failed:
				t.Fatal(err)
			}
		}
	}
	return sorted(took)
}

type arrival struct {
	number string
	at     time.Time
}

// receiveAll receives and deletes until ctx ends.
func receiveAll(ctx context.Context, client *lean, queueURL string, arrivals chan<- arrival) error {
	for {
		ms, err := client.receive(ctx, queueURL, 20)
		at := time.Now()
		if err != nil {
			return err
		}
		for _, m := range ms {
			var e struct{ Detail struct{ N string } }
			if err := json.Unmarshal([]byte(m.Body), &e); err != nil {
				return err
			}
			select {
			case arrivals <- arrival{e.Detail.N, at}:
			case <-ctx.Done():
			}
		}
		if len(ms) == 0 {
			continue
		}
		if _, err := client.remove(context.WithoutCancel(ctx), queueURL, ms); err != nil {
			return err
		}
	}
}
