package live

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dari-bus/dari/internal/budget"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store/blocks"
)

func all(owner string) Watch {
	return Watch{Owner: owner, Groups: map[uint64]string{7: "g"}, Stream: func(string) bool { return true }, Match: func([]byte) bool { return true }}
}

func lines(n, size int) (out []blocks.Entry) {
	for i := range n {
		out = append(out, blocks.Entry{Time: int64(i), Text: []byte(fmt.Sprint(i, " ", strings.Repeat("x", size)))})
	}
	return out
}

// A reader who does not read holds nobody up, and costs no more than its bounds.
func TestNobodyWaitsForAReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHub(nil)
		s, err := h.Open(all("a"))
		if err != nil {
			t.Fatal(err)
		}
		stuck, read := make(chan *Update), make(chan *Update, 10)
		go s.Run(t.Context(), 0, func(u *Update) error {
			stuck <- u
			read <- u
			return nil
		})
		h.Publish(7, "s", lines(1, 1))
		synctest.Wait()
		for range 20 {
			h.Publish(7, "s", lines(10, 100_000))
			synctest.Wait()
		}
		s.mu.Lock()
		if s.bytes > maxBytes+200_000 || len(s.sample) > MaxEvents || s.pending.Load() > 0 {
			t.Errorf("%d bytes, %d events, %d pending", s.bytes, len(s.sample), s.pending.Load())
		}
		s.mu.Unlock()
		if u := <-stuck; len(u.Events) != 1 || u.Sampled {
			t.Errorf("first %d, sampled %v", len(u.Events), u.Sampled)
		}
		if u := <-stuck; len(u.Events) < 2 || !u.Sampled {
			t.Errorf("then %d, sampled %v", len(u.Events), u.Sampled)
		}
		s.Close()
		if synctest.Wait(); len(*h.watched.Load()) != 0 || h.all != 0 || len(h.owned) != 0 {
			t.Error("the session is remembered")
		}
	})
}

func TestWhatIsNotJudgedYetIsBounded(t *testing.T) {
	h := NewHub(nil)
	s, err := h.Open(all("a")) // and nobody runs it
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for range 100 {
		h.Publish(7, "s", lines(10, 10_000))
	}
	if n := s.pending.Load(); n > maxPending+200_000 || !s.missed.Load() {
		t.Errorf("%d bytes wait", n)
	}
	for range 2 * maxBatches {
		h.Publish(7, "s", lines(1, 1))
	}
}

func TestTheSampleIsFairAndInOrder(t *testing.T) {
	h := NewHub(nil)
	late := 0
	for range 20 {
		s, err := h.Open(all("a"))
		if err != nil {
			t.Fatal(err)
		}
		s.judge(batch{group: 7, events: lines(2000, 1)})
		u := s.take()
		if len(u.Events) != MaxEvents || !u.Sampled {
			t.Fatalf("%d events", len(u.Events))
		}
		for i := range u.Events {
			if i > 0 && u.Events[i].Time <= u.Events[i-1].Time {
				t.Fatal("not in order")
			}
			if u.Events[i].Time >= 1000 {
				late++
			}
		}
		s.Close()
	}
	if late < 4500 || late > 5500 { // of 10,000; the deviation is about 43
		t.Errorf("%d of the latter half", late)
	}
}

// rooms-ahead L43, and 15 sessions an account as at AWS.
func TestSessionsAreBoundedByAccountAndInMemory(t *testing.T) {
	h := NewHub(nil)
	var open []*Session
	for range MaxSessions {
		s, err := h.Open(all("a"))
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, s)
	}
	if _, err := h.Open(all("a")); fault.KindOf(err) != fault.KindLimit {
		t.Errorf("the 16th: %v", err)
	}
	if s, err := h.Open(all("b")); err != nil {
		t.Errorf("another account: %v", err)
	} else {
		s.Close()
	}
	open[0].Close()
	open[0].Close()
	if s, err := h.Open(all("a")); err != nil {
		t.Errorf("after one ended: %v", err)
	} else {
		s.Close()
	}
	share := budget.New(9*sessionMemory, []budget.Part{{Name: "x", Percent: 100}}).Share("x")
	h = NewHub(share)
	of := func(account string, region int) Watch {
		w := all(fmt.Sprint(account, "/", region))
		w.Account = account
		return w
	}
	for i := range 3 { // one account has half of what there is room for, in all regions
		_, err := h.Open(of("a", i))
		if (err != nil) != (i == 2) || i == 2 && fault.KindOf(err) != fault.KindLimit {
			t.Errorf("%d: %v", i, err)
		}
	}
	for i, account := range []string{"b", "c", "d"} {
		_, err := h.Open(of(account, 0))
		if (err != nil) != (i == 2) || i == 2 && fault.KindOf(err) != fault.KindLimit {
			t.Errorf("%s: %v", account, err)
		}
	}
	if share.Used() != 4*sessionMemory {
		t.Errorf("%d bytes", share.Used())
	}
}

// A control character is six bytes in JSON: an update is bounded by what it is when it is
// written. One event always fits, if there is memory for it.
func TestUpdatesAreBoundedAsTheyAreWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		share := budget.New(12*sessionMemory, []budget.Part{{Name: "x", Percent: 100}}).Share("x")
		h := NewHub(share)
		s, err := h.Open(all("a"))
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		updates, used := make(chan *Update, 1), int64(0)
		go s.Run(ctx, Beat, func(u *Update) error {
			used = share.Used()
			updates <- u
			return nil
		})
		text := strings.Repeat("\x01", 10_000)
		events := make([]blocks.Entry, 50)
		for i := range events {
			events[i].Text = []byte(text)
		}
		h.Publish(7, "s", events)
		if u := <-updates; !u.Sampled || len(u.Events) != maxBytes/(6*len(text)+2+eventCost) || used != sessionMemory {
			t.Errorf("%d events, sampled %v, with %d bytes taken", len(u.Events), u.Sampled, used)
		}
		large := []blocks.Entry{{Text: []byte(strings.Repeat(text, 100))}}
		h.Publish(7, "s", large)
		if u := <-updates; u.Sampled || len(u.Events) != 1 || used < sessionMemory+writing*(6*100*10_000-maxBytes) {
			t.Errorf("%d events, sampled %v, with %d bytes taken", len(u.Events), u.Sampled, used)
		}
		share.Try(share.Size() - share.Used() - 1<<20)
		h.Publish(7, "s", large)
		if u := <-updates; !u.Sampled || len(u.Events) != 0 {
			t.Errorf("%d events without memory for them, sampled %v", len(u.Events), u.Sampled)
		}
		s.Close()
	})
}

// Whoever writes pays nothing for watchers who have no room.
func TestWhatNobodyHasRoomForIsNotCopied(t *testing.T) {
	h := NewHub(nil)
	s, err := h.Open(all("a")) // and nobody runs it
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	events := lines(10, 100_000)
	h.Publish(7, "s", events)
	if n := testing.AllocsPerRun(10, func() { h.Publish(7, "s", events) }); n > 0 || !s.missed.Load() {
		t.Errorf("%v allocations, missed %v", n, s.missed.Load())
	}
}

func TestASessionThatCannotBeSentEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHub(nil)
		s, err := h.Open(all("a"))
		if err != nil {
			t.Fatal(err)
		}
		gone := errors.New("gone")
		began := time.Now()
		if err := s.Run(t.Context(), Beat, func(*Update) error { return gone }); !errors.Is(err, gone) || time.Since(began) != Beat {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		if h.all != 0 {
			t.Error("the session is remembered")
		}
	})
}

func TestNothingIsShownBeforeItIsOnDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHub(nil)
		w, disk := all("a"), make(chan error)
		w.Settled = func(context.Context) error { return <-disk }
		s, err := h.Open(w)
		if err != nil {
			t.Fatal(err)
		}
		shown := make(chan int, 10)
		ended := make(chan error, 1)
		go func() {
			ended <- s.Run(t.Context(), 0, func(u *Update) error {
				shown <- len(u.Events)
				return nil
			})
		}()
		h.Publish(7, "s", lines(3, 1))
		synctest.Wait()
		if len(shown) != 0 {
			t.Error("shown before it is on disk")
		}
		disk <- nil
		if n := <-shown; n != 3 {
			t.Errorf("%d events", n)
		}
		time.Sleep(Beat) // an update without events waits for nothing
		if n := <-shown; n != 0 {
			t.Errorf("%d events", n)
		}
		h.Publish(7, "s", lines(1, 1))
		failed := errors.New("the disk fails")
		disk <- failed
		if err := <-ended; !errors.Is(err, failed) {
			t.Error(err)
		}
	})
}
