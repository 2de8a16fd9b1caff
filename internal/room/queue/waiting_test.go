package queue

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dari-bus/dari/internal/fault"
)

// longPoll receives in the background; the result says when.
func longPoll(r *rig, ctx context.Context, a Address, wait time.Duration) <-chan polled {
	out := make(chan polled, 1)
	go func() {
		found, err := r.Receive(ctx, a, Request{Max: 1, Wait: &wait})
		out <- polled{found, err, time.Now()}
	}()
	synctest.Wait()
	return out
}

type polled struct {
	found []Message
	err   error
	at    time.Time
}

func TestLongPollEndsWhenThereIsAMessage(t *testing.T) {
	tests := []struct {
		name string
		// prepare returns what makes a message visible two seconds after the poll began.
		prepare func(r *rig, a Address) (later func())
	}{
		{"sent", func(r *rig, a Address) func() {
			return func() { r.putAll(a, "m") }
		}},
		{"delayed before", func(r *rig, a Address) func() {
			delay := 2 * time.Second
			r.put(a, Draft{Body: "m", Delay: &delay})
			return func() {}
		}},
		{"invisible before", func(r *rig, a Address) func() {
			r.putAll(a, "m")
			hide := 2 * time.Second
			r.await(a, Request{Max: 1, Visibility: &hide})
			return func() {}
		}},
		{"invisible no longer", func(r *rig, a Address) func() {
			r.putAll(a, "m")
			m := r.get(a, 1)[0]
			return func() {
				if err := r.extend(a, m.Receipt, 0); err != nil {
					r.t.Fatal(err)
				}
			}
		}},
		{"invisible for less", func(r *rig, a Address) func() {
			r.putAll(a, "m")
			m := r.get(a, 1)[0]
			if err := r.extend(a, m.Receipt, 2*time.Second); err != nil {
				r.t.Fatal(err)
			}
			return func() {}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				a := r.create("q", nil)
				later := tt.prepare(r, a)
				start := time.Now()
				poll := longPoll(r, t.Context(), a, 20*time.Second)
				time.Sleep(2 * time.Second)
				later()
				got := <-poll
				wantBodies(t, got.found, "m")
				if waited := got.at.Sub(start); waited != 2*time.Second {
					t.Errorf("waited %s; want 2s", waited)
				}
			})
		})
	}
}

func TestLongPollEndsWithoutAMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		a := r.create("q", func(s *Settings) { s.Wait = 7 * time.Second })
		start := time.Now()
		found, err := r.Receive(t.Context(), a, Request{Max: 1})
		if err != nil || found != nil || time.Since(start) != 7*time.Second {
			t.Errorf("got %v, %v after %s", found, err, time.Since(start))
		}
		if n := r.lookup(a).waiting.line.Len(); n != 0 {
			t.Errorf("%d receivers still wait", n)
		}
	})
}

func TestReceiversAreServedInTheOrderInWhichTheyCame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		a := r.create("q", nil)
		var polls []<-chan polled
		for range 5 {
			polls = append(polls, longPoll(r, t.Context(), a, 20*time.Second))
		}
		r.putAll(a, "0")
		synctest.Wait()
		out, err := r.Send(t.Context(), a, []Draft{{Body: "1"}, {Body: "2"}, {Body: "3"}, {Body: "4"}})
		if err != nil || out[0].Err != nil {
			t.Fatal(err, out)
		}
		synctest.Wait()
		for i, p := range polls {
			wantBodies(t, (<-p).found, fmt.Sprint(i))
		}
	})
}

func TestReceiverWokenInVainKeepsItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		a := r.create("q", nil)
		first := longPoll(r, t.Context(), a, 20*time.Second)
		second := longPoll(r, t.Context(), a, 20*time.Second)
		q := r.lookup(a)
		q.mu.Lock()
		q.waiting.wake() // somebody else was faster
		q.mu.Unlock()
		synctest.Wait()
		r.putAll(a, "1")
		wantBodies(t, (<-first).found, "1")
		r.putAll(a, "2")
		wantBodies(t, (<-second).found, "2")
	})
}

func TestReceiverThatLeavesPassesItsTurnOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		a := r.create("q", nil)
		ctx, cancel := context.WithCancel(t.Context())
		gone := longPoll(r, ctx, a, 20*time.Second)
		stays := longPoll(r, t.Context(), a, 20*time.Second)
		q := r.lookup(a)
		// The first is woken and leaves before it can look.
		q.mu.Lock()
		cancel()
		q.waiting.wake()
		q.mu.Unlock()
		r.putAll(a, "m")
		if p := <-gone; p.err != nil || len(p.found) != 0 {
			t.Errorf("the one that left got %v, %v", p.found, p.err)
		}
		wantBodies(t, (<-stays).found, "m")
	})
}

func TestNobodyIsGivenAMessageAfterLeaving(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		a := r.create("q", nil)
		ctx, cancel := context.WithCancel(t.Context())
		poll := longPoll(r, ctx, a, 20*time.Second)
		cancel()
		<-poll
		r.putAll(a, "m")
		wait := 20 * time.Second
		if found, err := r.Receive(ctx, a, Request{Max: 1, Wait: &wait}); err != nil || found != nil {
			t.Errorf("got %v, %v", found, err)
		}
		wantCounts(t, r.counts(a), 1, 0, 0)
	})
}

func TestReceiverLearnsThatItsQueueIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		a := r.create("q", nil)
		poll := longPoll(r, t.Context(), a, 20*time.Second)
		if err := r.Delete(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		wantFault(t, (<-poll).err, fault.KindNotFound, "does not exist")
	})
}

// Every message is handed out exactly once where no timeout runs out, however
// many send, receive and leave.
func TestNoMessageIsLostBetweenReceiversThatComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		a := r.create("q", nil)
		const senders, each = 4, 100
		var wg sync.WaitGroup
		for s := range senders {
			wg.Go(func() {
				for i := range each {
					r.putAll(a, fmt.Sprintf("%d-%d", s, i))
					time.Sleep(time.Duration(s+1) * 7 * time.Millisecond)
				}
			})
		}
		var mu sync.Mutex
		seen := map[string]int{}
		hide := time.Hour
		for n := range 8 {
			wg.Go(func() {
				for idle := 0; idle < 40; {
					wait := time.Duration(n*3+5) * time.Millisecond
					found, err := r.Receive(t.Context(), a, Request{Max: 1 + n%3, Wait: &wait, Visibility: &hide})
					if err != nil {
						t.Error(err)
						return
					}
					idle++
					for _, m := range found {
						idle = 0
						mu.Lock()
						seen[m.Body]++
						mu.Unlock()
						r.finish(a, m)
					}
				}
			})
		}
		wg.Wait()
		for body, n := range seen {
			if n != 1 {
				t.Errorf("%s was received %d times", body, n)
			}
		}
		if len(seen) != senders*each {
			t.Errorf("%d messages were received; want %d", len(seen), senders*each)
		}
		wantCounts(t, r.counts(a), 0, 0, 0)
	})
}
