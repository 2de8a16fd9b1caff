package groups

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/blocks"
	"github.com/dari-bus/dari/internal/store/disk"
	"github.com/dari-bus/dari/internal/store/mem"
	"github.com/dari-bus/dari/internal/store/storetest"
)

const account = "111111111111"

var root = access.Root(account, "eu-central-1")

// open opens the groups of a store.
func open(t testing.TB, opt Options) *Service {
	t.Helper()
	opt.Log = slog.New(slog.DiscardHandler)
	if opt.Guard == nil {
		opt.Guard = access.Boundary{}
	}
	s, err := Open(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// withStream opens groups on an empty store, and makes the group g with the stream s.
func withStream(t testing.TB, opt Options) *Service {
	t.Helper()
	if opt.Store == nil {
		opt.Store = mem.New()
	}
	s := open(t, opt)
	s.mustCreate(t, "g", "s")
	return s
}

// mustCreate makes a group with streams.
func (s *Service) mustCreate(t testing.TB, group string, streams ...string) {
	t.Helper()
	if err := s.CreateGroup(t.Context(), root, Group{Name: group, Class: Standard}); err != nil {
		t.Fatal(err)
	}
	for _, name := range streams {
		if err := s.CreateStream(t.Context(), root, root.Place, group, name); err != nil {
			t.Fatal(err)
		}
	}
}

// entries are texts of now.
func entries(texts ...string) []blocks.Entry {
	all := make([]blocks.Entry, len(texts))
	for i, text := range texts {
		all[i] = blocks.Entry{Time: time.Now().UnixMilli(), Text: []byte(text)}
	}
	return all
}

// mustPut puts texts into a stream of the group g, now.
func (s *Service) mustPut(t testing.TB, stream string, texts ...string) {
	t.Helper()
	if r, err := s.Put(t.Context(), root, root.Place, "g", stream, entries(texts...)); err != nil || !r.None() {
		t.Fatal(r, err)
	}
}

// texts returns all that is in the group g, by a filter.
func (s *Service) texts(t testing.TB, f Filter) (all []string) {
	t.Helper()
	hits, _, err := s.Filter(t.Context(), root, root.Place, "g", f, "", false, MaxEvents)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range hits {
		all = append(all, string(h.Text))
	}
	return all
}

// find returns the stream s of the group g.
func (s *Service) find(t testing.TB) *Stream {
	t.Helper()
	g, err := s.Group(root.Place, "g")
	if err != nil {
		t.Fatal(err)
	}
	return s.streams.Find(streamKey(root.Place, g, "s"))
}

// stored is what blocks take in the store, in bytes.
func stored(t testing.TB, s *Service) (n int) {
	t.Helper()
	err := s.opt.Store.View(t.Context(), func(tx store.Tx) error {
		for _, kind := range []string{"logs/b/", "logs/h/", "logs/d/"} {
			for k, v := range tx.Scan([]byte(kind), store.End([]byte(kind))) {
				n += len(k) + len(v)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestADeletedGroupLeavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := withStream(t, Options{})
		s.mustPut(t, "s", "m", "m")
		if err := s.DeleteGroup(t.Context(), root, root.Place, "g"); err != nil {
			t.Fatal(err)
		}
		s.mustCreate(t, "g")
		line := []blocks.Entry{{Time: time.Now().UnixMilli(), Text: []byte("m")}}
		if _, err := s.Put(t.Context(), root, root.Place, "g", "s", line); fault.KindOf(err) != fault.KindNotFound {
			t.Errorf("the stream of the group before: %v", err)
		}
		if err := s.CreateStream(t.Context(), root, root.Place, "g", "s"); err != nil {
			t.Fatal(err)
		}
		if got := s.texts(t, Filter{}); len(got) != 0 {
			t.Errorf("the new group has %q", got)
		}
		stop := run(t, s)
		synctest.Wait()
		stop()
		n := 0
		for range s.streams.All() {
			n++
		}
		if n != 1 || stored(t, s) != 0 {
			t.Errorf("%d streams and %d bytes are left", n, stored(t, s))
		}
	})
}

// TestAPowerCutForgetsNoAcknowledgedEvent pulls the plug under load.
func TestAPowerCutForgetsNoAcknowledgedEvent(t *testing.T) {
	rng := rand.New(rand.NewPCG(storetest.Seed(t), 0))
	fs := vfs.NewCrashableMem()
	openDisk := func(fs vfs.FS) store.Store {
		st, err := disk.Open(disk.Options{Dir: "data", FS: fs, MemTableBytes: 64 << 10, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = st.Close() })
		return st
	}
	s := open(t, Options{Store: openDisk(fs)})
	s.mustCreate(t, "g")
	const writers = 3
	var acked [writers]atomic.Int64
	var running sync.WaitGroup
	var stop atomic.Bool
	now := time.Now().UnixMilli()
	for w := range writers {
		stream := fmt.Sprint("s", w)
		if err := s.CreateStream(t.Context(), root, root.Place, "g", stream); err != nil {
			t.Fatal(err)
		}
		running.Go(func() {
			for n := int64(1); !stop.Load(); n++ {
				_, err := s.Put(t.Context(), root, root.Place, "g", stream, []blocks.Entry{{Time: now + n, Text: fmt.Append(nil, n)}})
				if err != nil {
					t.Error(err)
					return
				}
				acked[w].Store(n)
				if n%100 == 0 {
					if err := s.merge(t.Context()); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	for crash := range 4 {
		for acked[crash%writers].Load() < int64(150*(crash+1)) && !t.Failed() {
			time.Sleep(time.Millisecond)
		}
		var want [writers]int64
		for w := range want {
			want[w] = acked[w].Load()
		}
		copied := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: rng.IntN(101), RNG: rng})
		again := open(t, Options{Store: openDisk(copied)})
		for w := range want {
			texts := again.texts(t, Filter{Streams: []string{fmt.Sprint("s", w)}})
			for i, text := range texts {
				if text != fmt.Sprint(i+1) {
					t.Fatalf("event %d of stream %d is %s", i+1, w, text)
				}
			}
			if int64(len(texts)) < want[w] {
				t.Errorf("stream %d has %d events, and %d were acknowledged", w, len(texts), want[w])
			}
		}
	}
	stop.Store(true)
	running.Wait()
}
