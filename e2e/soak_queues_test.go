package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"
)

// A soakFIFO sends numbers in a few groups. A send whose outcome is not known
// is repeated with its deduplication id, so each group must come in order and
// without a gap.
type soakFIFO struct {
	client *lean
	queue  string

	mu       sync.Mutex
	sentTo   [4]int // by group, the last number that was acknowledged
	received [4]int
	wrong    []string
}

func (f *soakFIFO) run(ctx context.Context) {
	pace := time.NewTicker(50 * time.Millisecond)
	defer pace.Stop()
	for n := 0; ctx.Err() == nil; n++ {
		<-pace.C
		group := n % len(f.sentTo)
		f.mu.Lock()
		body := fmt.Sprintf("%d %d", group, f.sentTo[group]+1)
		f.mu.Unlock()
		err := f.client.call(context.WithoutCancel(ctx), "AmazonSQS.SendMessage", map[string]any{
			"QueueUrl": f.queue, "MessageBody": body, "MessageGroupId": body[:1], "MessageDeduplicationId": strings.ReplaceAll(body, " ", "-"),
		}, nil)
		if err == nil {
			f.mu.Lock()
			f.sentTo[group]++
			f.mu.Unlock()
		}
	}
}

// note checks the order. What comes again was seen in its place before.
func (f *soakFIFO) note(m leanMessage) {
	var group, n int
	if _, err := fmt.Sscan(m.Body, &group, &n); err != nil || group >= len(f.received) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if n > f.received[group]+1 && len(f.wrong) < 10 {
		f.wrong = append(f.wrong, fmt.Sprintf("in the FIFO group %d, number %d came after %d", group, n, f.received[group]))
	}
	f.received[group] = max(f.received[group], n)
}

func (f *soakFIFO) missing() (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for group, last := range f.sentTo {
		n += max(last-f.received[group], 0)
	}
	return n
}

func (f *soakFIFO) sent() (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, last := range f.sentTo {
		n += last
	}
	return n
}

// soakMoves sends messages to a dead-letter queue and has them moved to where
// they are consumed.
type soakMoves struct {
	client               *lean
	queue, from, toQueue string // where they are sent, and the ARNs of both queues
	to                   *soakTaker

	mu           sync.Mutex
	number       int
	acknowledged []string
}

func (m *soakMoves) run(ctx context.Context) {
	pace := time.NewTicker(50 * time.Millisecond)
	defer pace.Stop()
	for ctx.Err() == nil {
		<-pace.C
		m.number++
		id := fmt.Sprintf("move-%d", m.number)
		body := fmt.Sprintf(`{"soak":"%s","pad":"%s"}`, id, strings.Repeat("x", rand.N(10_000)))
		err := m.client.call(context.WithoutCancel(ctx), "AmazonSQS.SendMessage", map[string]any{"QueueUrl": m.queue, "MessageBody": body}, nil)
		if err == nil {
			m.mu.Lock()
			m.acknowledged = append(m.acknowledged, id)
			m.mu.Unlock()
		}
		if m.number%40 == 0 {
			m.move(ctx)
		}
	}
}

// move starts a task. It is refused while another one runs.
func (m *soakMoves) move(ctx context.Context) {
	_ = m.client.call(ctx, "AmazonSQS.StartMessageMoveTask", map[string]any{"SourceArn": m.from, "DestinationArn": m.toQueue}, nil)
}

func (m *soakMoves) missing() (n int) {
	m.move(context.Background())
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, id := range m.acknowledged {
		if !m.to.has(id) {
			n++
		}
	}
	return n
}

func (m *soakMoves) sent() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.acknowledged)
}
