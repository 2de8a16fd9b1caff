package outbound_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dari-bus/dari/internal/outbound"
)

// A roundTripper is a network in memory.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// hanging is a network that answers nothing at /hang, and the rest at once. It
// counts the calls under way and keeps the most there have been.
func hanging(now, most *atomic.Int32) roundTripper {
	return func(r *http.Request) (*http.Response, error) {
		most.Store(max(most.Load(), now.Add(1)))
		defer now.Add(-1)
		if r.URL.Path == "/hang" {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}
		return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(""))}, nil
	}
}

// attack F10: 25 slow targets and a well one behind one host and port.
func TestSlowTargetsDoNotHoldOthersOfTheSameHost(t *testing.T) {
	const slowOnes, each = 25, 8
	hung := make(chan struct{}, slowOnes*each)
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if r.URL.Path == "/hang" {
			hung <- struct{}{}
			<-r.Context().Done()
		}
	}))
	defer srv.Close()
	client := outbound.New(outbound.Options{})
	ctx, stop := context.WithCancel(t.Context())
	var group sync.WaitGroup
	defer group.Wait()
	defer stop()
	for i := range slowOnes * each {
		group.Go(func() {
			req, _ := http.NewRequestWithContext(ctx, "POST", srv.URL+"/hang", nil)
			_, _ = client.Call(req, outbound.Terms{For: fmt.Sprint(i % slowOnes), Within: time.Hour})
		})
	}
	for range slowOnes * each {
		select {
		case <-hung:
		case <-time.After(slow):
			t.Fatal("the slow targets wait for each other")
		}
	}
	if _, err := client.Call(post(t, srv.URL+"/ok"), outbound.Terms{For: "ok", Within: slow}); err != nil {
		t.Error(err)
	}
}

// attack F10: what waits for its turn has not been tried, and is not late.
func TestWaitingForATurnIsNotTheTargetsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int32
		client := outbound.New(outbound.Options{Calls: 4, Transport: hanging(&now, &most)})
		call := func(path, name string, within time.Duration) error {
			_, err := client.Call(post(t, "http://x"+path), outbound.Terms{For: name, Within: within})
			return err
		}
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() { _ = call("/hang", "slow", 3*time.Second) })
		}
		synctest.Wait()
		started := time.Now()
		if err := call("/ok", "ok", time.Second); err != nil || time.Since(started) != 3*time.Second {
			t.Errorf("after %v: %v", time.Since(started), err)
		}
		group.Wait()
		for range 4 {
			group.Go(func() { _ = call("/hang", "slow", time.Minute) })
		}
		synctest.Wait()
		started = time.Now()
		e := outbound.AsError(call("/ok", "ok", time.Minute))
		if e == nil || !e.Throttled || e.Permanent || e.After != time.Second || time.Since(started) != 5*time.Second {
			t.Errorf("after %v: %+v", time.Since(started), e)
		}
		group.Wait()
		if most.Load() != 4 {
			t.Errorf("%d calls at once", most.Load())
		}
	})
}

// attack F10: a name whose calls hang gets its share and no more.
func TestTurnGoesToWhoeverHasTheFewest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int32
		client := outbound.New(outbound.Options{Calls: 10, Transport: hanging(&now, &most)})
		var group sync.WaitGroup
		for range 100 {
			group.Go(func() {
				_, _ = client.Call(post(t, "http://x/hang"), outbound.Terms{For: "slow", Within: time.Second})
			})
		}
		synctest.Wait()
		if now.Load() != 8 {
			t.Errorf("%d calls of one name", now.Load())
		}
		for _, name := range []string{"a", "b", "c"} {
			group.Go(func() {
				_, _ = client.Call(post(t, "http://x/hang"), outbound.Terms{For: name, Within: time.Minute})
			})
		}
		synctest.Wait()
		if now.Load() != 10 {
			t.Errorf("%d calls in all", now.Load())
		}
		time.Sleep(time.Second) // the slow ones leave; c is seated before the 92 that came first
		synctest.Wait()
		started := time.Now()
		if _, err := client.Call(post(t, "http://x/ok"), outbound.Terms{For: "ok", Within: time.Second}); err != nil || time.Since(started) > time.Second {
			t.Errorf("after %v: %v", time.Since(started), err)
		}
		group.Wait()
		if now.Load() != 0 || most.Load() > 10 {
			t.Errorf("%d at the end, %d at once", now.Load(), most.Load())
		}
	})
}

func TestCancelledWaitForATurnIsTheCause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int32
		client := outbound.New(outbound.Options{Calls: 1, Transport: hanging(&now, &most)})
		var group sync.WaitGroup
		group.Go(func() {
			_, _ = client.Call(post(t, "http://x/hang"), outbound.Terms{For: "slow", Within: time.Second})
		})
		synctest.Wait()
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(io.ErrClosedPipe)
		req, _ := http.NewRequestWithContext(ctx, "POST", "http://x/ok", nil)
		if _, err := client.Call(req, outbound.Terms{For: "ok", Within: time.Second}); err != io.ErrClosedPipe {
			t.Errorf("error %v", err)
		}
		group.Wait()
		// Nobody who has gone away is given a turn.
		if _, err := client.Call(post(t, "http://x/ok"), outbound.Terms{For: "ok", Within: time.Second}); err != nil {
			t.Error(err)
		}
	})
}
