package bus

import (
	"fmt"
	"sync"
	"testing"

	"github.com/dari-bus/dari/internal/target"
)

// TestEventsAreNeverLostToAChange puts events while the rule that wants them
// is changed in every way that keeps it there. Each event must have been
// accepted for the target exactly once, and never for a lane that has ended.
func TestEventsAreNeverLostToAChange(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	h.ruleTo("r", "a")
	const senders, rounds = 4, 100
	var puts, changes sync.WaitGroup
	for range senders {
		puts.Go(func() {
			for range rounds {
				if r, err := h.Put(ctx, from, []Entry{entry("a"), entry("b")}); err != nil || r[0].ID == "" {
					t.Errorf("put: %v %v", r, err)
				}
			}
		})
	}
	stop := make(chan struct{})
	change := func(fn func(i int) error) {
		changes.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				if err := fn(i); err != nil {
					t.Errorf("change: %v", err)
				}
			}
		})
	}
	change(func(i int) error {
		q := queue("q")
		q.RoleARN = fmt.Sprintf("arn:aws:iam::111122223333:role/%d", i)
		return h.PutTargets(ctx, home, "", "r", []target.Target{q})
	})
	change(func(i int) error {
		_, err := h.PutRule(ctx, home, NewRule{Name: "r", Pattern: fmt.Sprintf(`{"source":["a","b%d"]}`, i)})
		return err
	})
	change(func(i int) error {
		_, err := h.PutRule(ctx, home, NewRule{Name: fmt.Sprintf("other-%d", i%50), Pattern: somePattern})
		return err
	})
	change(func(i int) error { return h.DeleteRule(ctx, home, "", fmt.Sprintf("other-%d", i%50)) })
	change(func(int) error { _, _, err := h.ListRules(home, "", "", "", 0); return err })
	puts.Wait()
	close(stop)
	changes.Wait()
	if got := len(h.outbox.went()); got != senders*rounds {
		t.Errorf("%d deliveries; want %d", got, senders*rounds)
	}
	if h.outbox.started != senders*rounds {
		t.Errorf("%d events were started; want %d", h.outbox.started, senders*rounds)
	}
}
