package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eb "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

// seed returns the seed of a random test and prints it. DARI_SEED repeats one.
func seed(t testing.TB) uint64 {
	t.Helper()
	n := rand.Uint64()
	if text := os.Getenv("DARI_SEED"); text != "" {
		var err error
		if n, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("DARI_SEED: %v", err)
		}
	}
	t.Logf("repeat with: DARI_SEED=%d go test -run '^%s$' .", n, t.Name())
	return n
}

// A crashPlan says how much TestNothingAcknowledgedIsLostToKill9 does.
type crashPlan struct {
	kills   int           // at least
	events  int           // acknowledged, at least
	pace    time.Duration // between two calls of a client
	within  time.Duration // what is behind arrives
	flaky   bool          // an HTTP target gets the events as well
	clients int
}

// planCrash returns the plan of an ordinary run, or, with DARI_KILL9, of one with
// that many events as fast as they go, to the queue only.
func planCrash(t *testing.T) crashPlan {
	text := os.Getenv("DARI_KILL9")
	if text == "" {
		return crashPlan{kills: 60, events: 1000, pace: 40 * time.Millisecond, within: 120 * time.Second, flaky: true, clients: 4}
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("DARI_KILL9, a number of events: %v", err)
	}
	return crashPlan{kills: 60, events: n, pace: time.Microsecond, within: 30 * time.Minute, clients: 16}
}

// TestNothingAcknowledgedIsLostToKill9 puts events from several clients while
// the server is killed again and again, some of the times while it is starting.
// Every event id that was answered must reach the queue, once, and the HTTP target.
// A message whose deletion was acknowledged must not come back.
func TestNothingAcknowledgedIsLostToKill9(t *testing.T) {
	if testing.Short() {
		t.Skip("takes minutes")
	}
	plan := planCrash(t)
	random := rand.New(rand.NewPCG(seed(t), 1))
	s := serve(t)
	c := s.sdk(t)
	flaky := newFlakyTarget(t, random.Uint64())
	q := c.queue("q", map[string]string{"VisibilityTimeout": "3"})
	conn := c.connection("c", eb.ConnectionAuthorizationTypeApiKey, apiKey("k", "v"))
	d := c.destination("d", conn, flaky.URL, func(in *eventbridge.CreateApiDestinationInput) {
		in.InvocationRateLimitPerSecond = aws.Int32(100_000)
	})
	c.rule("default", "r", `{"source":["load"]}`, target("q", q.arn))
	if plan.flaky {
		c.targets("default", "r", target("d", d))
	}

	load, stopLoad := context.WithCancel(t.Context())
	defer stopLoad()
	var answered atomic.Int64
	puts := make([]*putter, plan.clients)
	taker := &taker{client: newLean(s, 4), queue: q.url, arrived: map[string]int{}, bodies: map[string]string{}, deleted: map[string]time.Time{}}
	var running sync.WaitGroup
	for i := range puts {
		puts[i] = &putter{client: newLean(s, 1), number: i, pace: plan.pace, acknowledged: map[string]int{}, answered: &answered}
		running.Go(func() { puts[i].run(load) })
	}
	for range 4 {
		running.Go(func() { taker.run(load) })
	}

	kills := 0
	var starts []time.Duration
	for ; kills < plan.kills || answered.Load() < int64(plan.events) && !t.Failed(); kills++ {
		if kills%5 != 4 { // every fifth is killed whether it has come up or not
			began := time.Now()
			eventually(t, 30*time.Second, s.unready)
			starts = append(starts, time.Since(began))
		}
		<-time.After(time.Duration(random.Int64N(int64(1200 * time.Millisecond))))
		s.kill(t)
		s.launch(t)
	}
	eventually(t, 30*time.Second, s.unready)
	stopLoad()
	running.Wait()

	acknowledged := map[string]string{}
	for _, p := range puts {
		for id, n := range p.acknowledged {
			acknowledged[id] = p.detail(n)
		}
	}
	t.Logf("%d kills, %d events acknowledged; ready after p50 %v, max %v", kills, len(acknowledged), quantile(sorted(starts), 0.5), quantile(sorted(starts), 1))
	if len(acknowledged) < plan.events {
		t.Errorf("only %d events were acknowledged: the server was hardly up", len(acknowledged))
	}
	taker.drain(t, acknowledged, plan.within)
	eventually(t, plan.within, func() string {
		if !plan.flaky {
			return ""
		}
		if n := len(flaky.missing(acknowledged)); n > 0 {
			return fmt.Sprintf("%d of %d events at the HTTP target", n, len(acknowledged))
		}
		return ""
	})

	for id, detail := range acknowledged {
		if body := taker.bodies[id]; !bytes.Contains([]byte(body), []byte(`"detail":`+detail+`}`)) {
			t.Fatalf("the event %s has the detail %s, but arrived as %s", id, detail, body)
		}
	}
	for id, n := range taker.arrived {
		if _, ok := acknowledged[id]; ok && n != 1 {
			t.Errorf("the event %s came %d times to the queue, which takes it in the transaction that accepts it", id, n)
		}
	}
	for _, why := range taker.wrong {
		t.Error(why)
	}
	t.Logf("the queue got %s", duplicates(taker.arrived))
	t.Logf("the HTTP target got %s, and %d calls that it failed on purpose", duplicates(flaky.arrived), flaky.failed)
}

// duplicates says how much came more than once.
func duplicates(arrived map[string]int) string {
	extra := 0
	for _, n := range arrived {
		extra += n - 1
	}
	return fmt.Sprintf("%d events, %d duplicates (%.2f %%)", len(arrived), extra, 100*float64(extra)/float64(max(1, len(arrived))))
}

// A putter puts events, ten a call, and remembers those that were acknowledged.
type putter struct {
	client       *lean
	number       int
	pace         time.Duration
	next         int
	acknowledged map[string]int // the number of the event, by its id
	answered     *atomic.Int64  // events, of all putters
}

func (p *putter) detail(n int) string {
	return fmt.Sprintf(`{"client":%d,"n":%d,"text":"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}`, p.number, n)
}

func (p *putter) run(ctx context.Context) {
	pace := time.NewTicker(p.pace)
	defer pace.Stop()
	for ctx.Err() == nil {
		<-pace.C
		p.put()
	}
}

// put makes one call. When it fails, the events may or may not have been
// accepted; nothing is known of them. It is not cut off by the end of the
// load, since an answer on its way would be lost.
func (p *putter) put() {
	var entries []map[string]string
	first := p.next
	for range 10 {
		entries = append(entries, map[string]string{"Source": "load", "DetailType": "t", "Detail": p.detail(p.next)})
		p.next++
	}
	var out putAnswer
	if err := p.client.call(context.Background(), "AWSEvents.PutEvents", map[string]any{"Entries": entries}, &out); err != nil {
		return
	}
	for i, e := range out.Entries {
		if e.EventId != "" {
			p.acknowledged[e.EventId] = first + i
			p.answered.Add(1)
		}
	}
}

// A taker receives and deletes, and remembers what came and what is gone.
type taker struct {
	client  *lean
	queue   string
	mu      sync.Mutex
	arrived map[string]int       // how many messages carried an event
	bodies  map[string]string    // by event id
	deleted map[string]time.Time // when the deletion of a message was acknowledged
	wrong   []string
	seen    map[string]bool // message ids
}

func (k *taker) run(ctx context.Context) {
	for ctx.Err() == nil {
		if n, err := k.once(); err != nil || n == 0 {
			<-time.After(10 * time.Millisecond) // the server is down, or idle
		}
	}
}

// once receives up to ten messages and deletes them.
func (k *taker) once() (int, error) {
	began := time.Now()
	ms, err := k.client.receive(context.Background(), k.queue, 0)
	if err != nil || len(ms) == 0 {
		return 0, err
	}
	k.keep(ms, began)
	gone, err := k.client.remove(context.Background(), k.queue, ms)
	if err != nil {
		return len(ms), nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, id := range gone {
		k.deleted[id] = time.Now()
	}
	return len(ms), nil
}

func (k *taker) keep(ms []leanMessage, asked time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.seen == nil {
		k.seen = map[string]bool{}
	}
	for _, m := range ms {
		if at, ok := k.deleted[m.MessageId]; ok && asked.After(at) {
			k.wrong = append(k.wrong, fmt.Sprintf("the message %s came back %v after its deletion was acknowledged", m.MessageId, asked.Sub(at)))
		}
		if k.seen[m.MessageId] {
			continue // received again, since it was not deleted: no duplicate of the bus
		}
		k.seen[m.MessageId] = true
		var e struct{ ID string }
		if err := json.Unmarshal([]byte(m.Body), &e); err != nil || e.ID == "" {
			k.wrong = append(k.wrong, fmt.Sprintf("a message is no event: %s (%v)", m.Body, err))
			continue
		}
		k.arrived[e.ID]++
		k.bodies[e.ID] = m.Body
	}
}

// drain receives until every acknowledged event has come.
func (k *taker) drain(t *testing.T, acknowledged map[string]string, within time.Duration) {
	t.Helper()
	missing := func() string {
		k.mu.Lock()
		defer k.mu.Unlock()
		n := 0
		for id := range acknowledged {
			if k.arrived[id] == 0 {
				n++
			}
		}
		if n > 0 {
			return fmt.Sprintf("%d of %d acknowledged events in the queue", n, len(acknowledged))
		}
		return ""
	}
	eventually(t, within, func() string {
		for {
			n, err := k.once()
			if err != nil {
				t.Fatal(err)
			}
			if n == 0 {
				return missing()
			}
		}
	})
}

// A flakyTarget is an HTTP service that fails one call in ten, and now and
// then takes its time.
type flakyTarget struct {
	*receiver
	mu      sync.Mutex
	random  *rand.Rand
	arrived map[string]int
	failed  int
}

func newFlakyTarget(t *testing.T, seed uint64) *flakyTarget {
	f := &flakyTarget{random: rand.New(rand.NewPCG(seed, 2)), arrived: map[string]int{}}
	f.receiver = receive(t, func(_ int, c call, w http.ResponseWriter) {
		f.mu.Lock()
		defer f.mu.Unlock()
		var e struct{ ID string }
		if f.random.IntN(10) == 0 || json.Unmarshal([]byte(c.body), &e) != nil {
			f.failed++
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		f.arrived[e.ID]++
	})
	return f
}

func (f *flakyTarget) missing(ids map[string]string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var missing []string
	for id := range ids {
		if f.arrived[id] == 0 {
			missing = append(missing, id)
		}
	}
	return missing
}
