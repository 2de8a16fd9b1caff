package groups

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

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
		s := withStream(t, Options{})
		put := func(n int) {
			for range n {
				s.mustPut(t, "s", "m")
			}
		}
		put(blocks.SmallestPile - 1)
		s = open(t, Options{Store: s.opt.Store}) // the process was killed
		stop := run(t, s)
		synctest.Wait()
		if n := heads(t, s); n != blocks.SmallestPile-1 {
			t.Errorf("%d blocks of a pile that is too small", n)
		}
		put(1)
		synctest.Wait()
		if n := heads(t, s); n != 1 {
			t.Errorf("%d blocks of a pile that has grown", n)
		}
		put(5)
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		if n := heads(t, s); n != 1 {
			t.Errorf("%d blocks of a day that is past", n)
		}
		if st := s.find(t); st.Small != 0 {
			t.Errorf("%d small blocks are still counted", st.Small)
		}
		stop()
		if n := len(s.texts(t, Filter{})); n != blocks.SmallestPile+5 {
			t.Errorf("%d events are left", n)
		}
	})
}

func TestLargeBlocksAreNoReasonToMerge(t *testing.T) {
	s := withStream(t, Options{})
	for range blocks.SmallestPile {
		s.mustPut(t, "s", string(make([]byte, 300<<10)))
	}
	if st := s.find(t); st.Small != 0 {
		t.Errorf("%d small blocks are counted", st.Small)
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
		s := open(t, Options{Store: st})
		for i := range 200 {
			name := fmt.Sprint("g", i)
			s.mustCreate(t, name)
			if err := s.SetRetention(t.Context(), root, name, 1); err != nil {
				t.Fatal(err)
			}
		}
		before := st.views.Load()
		stop := run(t, s)
		time.Sleep(time.Hour)
		synctest.Wait()
		stop()
		if n := st.views.Load() - before; n > 70 {
			t.Errorf("%d views in an hour with nothing to do", n)
		}
	})
}

// A stream may have very many blocks, and the store has one writer: it is gone at once,
// and its events day by day, also when the process was killed between.
func TestADeletedStreamIsGoneAtOnceAndFromDiskSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := withStream(t, Options{})
		if err := s.CreateStream(t.Context(), root, root.Place, "g", "other"); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			s.mustPut(t, "s", "one", "two")
			s.mustPut(t, "other", "three")
			time.Sleep(24 * time.Hour)
		}
		if err := s.DeleteStream(t.Context(), root, root.Place, "g", "s"); err != nil {
			t.Fatal(err)
		}
		if got := s.texts(t, Filter{}); len(got) != 3 || got[0] != "three" {
			t.Errorf("%q can be read", got)
		}
		if n := heads(t, s); n != 6 {
			t.Errorf("%d blocks: they are deleted while others wait", n)
		}
		s = open(t, Options{Store: s.opt.Store})
		stop := run(t, s)
		synctest.Wait()
		stop()
		if n := heads(t, s); n != 3 {
			t.Errorf("%d blocks are left", n)
		}
		g, err := s.Group(root.Place, "g")
		if err != nil {
			t.Fatal(err)
		}
		if sizes, err := s.Sizes(t.Context(), []*Group{g}); err != nil || sizes[0] != int64(3*len("three")) {
			t.Errorf("%d bytes are left: %v", sizes, err)
		}
		err = s.opt.Store.View(t.Context(), func(tx store.Tx) error {
			for key := range tx.Scan([]byte(keyLeft), store.End([]byte(keyLeft))) {
				t.Errorf("%q is left", key)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
