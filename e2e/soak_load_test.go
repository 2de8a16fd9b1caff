package e2e

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"time"
)

// soakIDs yields the ids of the soak's events in a text, whatever it is.
func soakIDs(text []byte) iter.Seq[string] {
	return func(yield func(string) bool) {
		for {
			_, rest, ok := bytes.Cut(text, []byte(`"soak":"`))
			id, after, closed := bytes.Cut(rest, []byte(`"`))
			if !ok || !closed || !yield(string(id)) {
				return
			}
			text = after
		}
	}
}

// A soakPutter puts events of 100 bytes to 250 KB, up to ten a call, and
// remembers the kind of those that were acknowledged. A kind names the target
// that an event goes to beside the queue.
type soakPutter struct {
	client  *lean
	name    string
	account string
	kinds   []string // of the events, each as often as it stands here

	mu           sync.Mutex
	next         int
	acknowledged map[string]string // the kind, by id
	refused      map[string]int    // calls by what was answered, and entries
	took         []time.Duration   // how long calls took that were answered
}

func (p *soakPutter) run(ctx context.Context) {
	pace := time.NewTicker(100 * time.Millisecond)
	defer pace.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-pace.C:
			// What a failed call did is not known, so it counts for nothing. A call
			// that has begun is not cut off, for its answer would be lost.
			_ = p.put(context.WithoutCancel(ctx), "", 1+rand.N(10))
		}
	}
}

// put puts up to n events of one kind, or of any when kind is "".
func (p *soakPutter) put(ctx context.Context, kind string, n int) error {
	var entries []map[string]string
	var ids, kinds []string
	p.mu.Lock()
	for room := 900_000; n > 0; n-- {
		is := kind
		if is == "" {
			is = p.kinds[rand.N(len(p.kinds))]
		}
		size := int(100 * math.Pow(2500, math.Pow(rand.Float64(), 2)))
		if soakKeptDead[is] {
			size = min(size, 1000) // so that none of those that are kept is pushed out
		}
		if room -= size; room < 0 {
			break
		}
		p.next++
		id := fmt.Sprintf("%s-%d", p.name, p.next)
		ids, kinds = append(ids, id), append(kinds, is)
		entries = append(entries, map[string]string{
			"Source": "soak", "DetailType": is, "Detail": fmt.Sprintf(`{"soak":"%s","pad":"%s"}`, id, strings.Repeat("x", size)),
		})
	}
	p.mu.Unlock()
	var out putAnswer
	began := time.Now()
	err := p.client.call(ctx, "AWSEvents.PutEvents", map[string]any{"Entries": entries}, &out)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		why := "no answer"
		if _, after, ok := strings.Cut(err.Error(), " answers "); ok {
			why, _, _ = strings.Cut(after, ":")
		}
		p.refused[why]++
		return err
	}
	p.took = append(p.took, time.Since(began))
	for i, e := range out.Entries {
		if e.EventId != "" {
			p.acknowledged[ids[i]] = kinds[i]
			continue
		}
		p.refused["an entry: "+e.ErrorCode]++
	}
	if out.FailedEntryCount == len(entries) {
		return fmt.Errorf("no entry was accepted: %v", out.Entries)
	}
	return nil
}

func (p *soakPutter) each(do func(id, kind string)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, kind := range p.acknowledged {
		do(id, kind)
	}
}

// A soakTaker receives and deletes, and remembers what came.
type soakTaker struct {
	client *lean
	queue  string
	note   func(leanMessage) // nil, or called for each message in its order

	mu   sync.Mutex
	seen map[string]bool
}

func (k *soakTaker) run(ctx context.Context) {
	pace := time.NewTicker(20 * time.Millisecond)
	defer pace.Stop()
	for ctx.Err() == nil {
		<-pace.C
		ms, err := k.client.receive(ctx, k.queue, 1)
		if err != nil || len(ms) == 0 {
			continue // the server is down, or there is nothing
		}
		k.mu.Lock()
		for _, m := range ms {
			for id := range soakIDs([]byte(m.Body)) {
				k.seen[id] = true
			}
			if k.note != nil {
				k.note(m)
			}
		}
		k.mu.Unlock()
		_, _ = k.client.remove(ctx, k.queue, ms) // what is not deleted comes again
	}
}

func (k *soakTaker) has(id string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.seen[id]
}

func (k *soakTaker) count() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.seen)
}
