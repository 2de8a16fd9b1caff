package watch

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// maxPending is how many bytes of events and inputs one reader may be behind,
// so that many large events do not fill the memory of a server. One record may
// go beyond it.
const maxPending = 2 << 20

// ReaderMemory is what one reader of a feed holds at most, in bytes: what it is
// behind, and the record at hand with its text.
const ReaderMemory = 6 << 20

// A Feed shows what happens to whoever subscribes, as it happens. It never
// holds up what it reports: a reader that falls behind loses records, and is
// told how many, at the place where they are missing. Without readers it costs
// one load of a flag per hook.
type Feed struct {
	size    int
	readers atomic.Int32

	mu     sync.Mutex
	subs   map[*subscription]struct{}
	closed bool
}

// A subscription is one reader. show fills pending, and a goroutine of its own
// carries it to records: a channel alone could not tell a reader that is up to
// date again what it missed, until something else happened.
type subscription struct {
	pending chan Record   // closed when nothing more will come; guarded by Feed.mu
	lost    chan struct{} // has a token after missed went up
	done    chan struct{} // closed when the reader has left
	records chan Record

	bytes  atomic.Int64
	missed atomic.Uint64 // since the last record that was taken
}

// NewFeed returns a feed whose readers may be size records behind.
func NewFeed(size int) *Feed {
	return &Feed{size: size, subs: map[*subscription]struct{}{}}
}

// Subscribe returns a channel of what happens from now on. Close closes it,
// once what came before has been read. The reader must call cancel when it is
// through, which closes it at once; cancel may be called more than once.
func (f *Feed) Subscribe() (records <-chan Record, cancel func()) {
	s := &subscription{
		pending: make(chan Record, f.size),
		lost:    make(chan struct{}, 1),
		done:    make(chan struct{}),
		records: make(chan Record),
	}
	go s.carry()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		close(s.pending)
	} else {
		f.subs[s] = struct{}{}
		f.readers.Add(1)
	}
	return s.records, sync.OnceFunc(func() {
		f.drop(s)
		close(s.done)
		for range s.records { // until carry has ended
		}
	})
}

// Close ends every subscription, and those to come.
func (f *Feed) Close() {
	f.mu.Lock()
	f.closed = true
	subs := slices.Collect(maps.Keys(f.subs))
	f.mu.Unlock()
	for _, s := range subs {
		f.drop(s)
	}
}

func (f *Feed) drop(s *subscription) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.subs[s]; ok {
		delete(f.subs, s)
		f.readers.Add(-1)
		close(s.pending)
	}
}

func (f *Feed) show(r Record) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for s := range f.subs {
		if !s.put(r) {
			s.missed.Add(1)
			select {
			case s.lost <- struct{}{}:
			default:
			}
		}
	}
}

// put reports whether there was room for r. The caller holds Feed.mu.
func (s *subscription) put(r Record) bool {
	room := cap(s.pending) - len(s.pending)
	if room == 0 || s.bytes.Load() > maxPending {
		return false
	}
	if s.missed.Load() > 0 {
		if room == 1 {
			return false
		}
		if n := s.missed.Swap(0); n > 0 {
			s.pending <- missed(n, r.Time)
		}
	}
	s.bytes.Add(r.weight())
	s.pending <- r
	return true
}

// carry takes records from pending to the reader.
func (s *subscription) carry() {
	defer close(s.records)
	for {
		r, ok := s.next()
		if !ok {
			return
		}
		select {
		case s.records <- r:
		case <-s.done:
			return
		}
	}
}

// next waits for something to tell. When the reader has caught up, that may be
// what it missed.
func (s *subscription) next() (Record, bool) {
	for {
		closed := false
		select {
		case r, ok := <-s.pending:
			if ok {
				s.bytes.Add(-r.weight())
				return r, true
			}
			closed = true
		default:
		}
		if n := s.missed.Swap(0); n > 0 {
			return missed(n, time.Now()), true
		}
		if closed {
			return Record{}, false
		}
		select {
		case r, ok := <-s.pending:
			if ok {
				s.bytes.Add(-r.weight())
				return r, true
			}
		case <-s.lost: // the last of pending was taken just as there was no room
		}
	}
}

func missed(n uint64, at time.Time) Record { return Record{Time: at, Kind: KindMissed, Missed: n} }

// weight is what is large in a record.
func (r *Record) weight() int64 { return int64(len(r.Event) + len(r.Input)) }
