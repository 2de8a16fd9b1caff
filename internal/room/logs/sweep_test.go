package logs

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/blocks"
	"github.com/dari-bus/dari/internal/store/mem"
)

// run runs the service until stop is called.
func run(t *testing.T, s *Service) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	return func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// heads counts the blocks in the store.
func heads(t *testing.T, s *Service) (n int) {
	t.Helper()
	err := s.opt.Store.View(t.Context(), func(tx store.Tx) error {
		for range tx.Scan([]byte("logs/h/"), store.End([]byte("logs/h/"))) {
			n++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestSmallBlocksAreMergedAlsoAfterAStartAndOfDaysThatArePast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)))
		c := withStream(t)
		put := func(n int) {
			for range n {
				c.must("PutLogEvents", events([]time.Time{time.Now()}, "m"))
			}
		}
		put(smallestPile - 1)
		c = open(t, c.s.opt.Store, access.Boundary{}) // the process was killed
		stop := run(t, c.s)
		synctest.Wait()
		if n := heads(t, c.s); n != smallestPile-1 {
			t.Errorf("%d blocks of a pile that is too small", n)
		}
		put(1)
		synctest.Wait()
		if n := heads(t, c.s); n != 1 {
			t.Errorf("%d blocks of a pile that has grown", n)
		}
		put(5)
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		if n := heads(t, c.s); n != 1 {
			t.Errorf("%d blocks of a day that is past", n)
		}
		if st := c.s.streams.Find(streamKey(c.s.place(), c.s.group(t), "s")); st.Small != 0 {
			t.Errorf("%d small blocks are still counted", st.Small)
		}
		stop()
		if n := len(messages(c.must("FilterLogEvents", `{"logGroupName":"g"}`))); n != smallestPile+5 {
			t.Errorf("%d events are left", n)
		}
	})
}

func (s *Service) place() access.Place { return access.Root(account, "eu-central-1").Place }

func (s *Service) group(t *testing.T) *Group {
	t.Helper()
	g, err := s.groups.Get(groupKey(s.place(), "g"))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestLargeBlocksAreNoReasonToMerge(t *testing.T) {
	c := withStream(t)
	g := c.s.group(t)
	for range smallestPile {
		big := []blocks.Entry{{Time: time.Now().UnixMilli(), Text: make([]byte, 300<<10)}}
		if _, err := c.s.Put(t.Context(), access.Root(account, "eu-central-1"), c.s.place(), "g", "s", big); err != nil {
			t.Fatal(err)
		}
	}
	if st := c.s.streams.Find(streamKey(c.s.place(), g, "s")); st.Small != 0 {
		t.Errorf("%d small blocks are counted", st.Small)
	}
}

func TestNoAccountKeepsOthersFromBeingMerged(t *testing.T) {
	c := withStream(t)
	for i := range 3 * maxGrown {
		c.s.pileUp(&Stream{Name: fmt.Sprint(i), at: access.Place{Account: "222222222222", Region: "eu-central-1"}})
	}
	c.s.pileUp(&Stream{Name: "s", at: c.s.place()})
	keys := c.s.takeGrown()
	if len(keys) != 2 || keys[0].Account == keys[1].Account {
		t.Errorf("the first to be merged are %v", keys)
	}
	n := 2
	for len(c.s.takeGrown()) > 0 {
		n++
	}
	if n != maxGrown+1 || len(c.s.grown) != 0 {
		t.Errorf("%d streams waited", n)
	}
}

// A viewed store counts its views.
type viewed struct {
	store.Store
	views atomic.Int64
}

func (v *viewed) View(ctx context.Context, fn func(store.Tx) error) error {
	v.views.Add(1)
	return v.Store.View(ctx, fn)
}

func TestWhatHasExpiredIsLookedForInOneView(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := &viewed{Store: mem.New()}
		c := open(t, st, access.Boundary{})
		for i := range 200 {
			c.must("CreateLogGroup", fmt.Sprintf(`{"logGroupName":"g%d"}`, i))
			c.must("PutRetentionPolicy", fmt.Sprintf(`{"logGroupName":"g%d","retentionInDays":1}`, i))
		}
		before := st.views.Load()
		stop := run(t, c.s)
		time.Sleep(time.Hour)
		synctest.Wait()
		stop()
		if n := st.views.Load() - before; n > 70 {
			t.Errorf("%d views in an hour with nothing to do", n)
		}
	})
}
