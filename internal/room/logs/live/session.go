package live

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/quote"
	"github.com/dari-bus/dari/internal/store/blocks"
)

// The bounds of a session.
const (
	// MaxEvents and maxBytes bound an update, as it is written in JSON. One event always
	// fits, and has memory of its own taken for what is more.
	MaxEvents = 500
	maxBytes  = 512 << 10
	// maxPending is from how many bytes on nothing more is taken that was not judged
	// yet, and maxBatches how many batches it may be.
	maxPending = 512 << 10
	maxBatches = 256
	// eventCost is what an event takes beside its text.
	eventCost = 128
	// Beat is how often there is an update, also an empty one, and lasts how long a
	// session is.
	Beat  = time.Second
	lasts = 3 * time.Hour
)

// An Event is one that a session shows.
type Event struct {
	Group, Stream string
	Time, Arrived int64
	Text          []byte
	// size is what it takes in an update.
	size int
}

// An Update is what came since the last one. Sampled says that more came than is in
// it.
type Update struct {
	Events  []Event
	Sampled bool
	bytes   int
}

// A batch is what one call has put into a stream. Sessions share it.
type batch struct {
	group  uint64
	stream string
	events []blocks.Entry
	size   int
}

// A Session is one watcher.
type Session struct {
	hub     *Hub
	watch   Watch
	batches chan batch
	pending atomic.Int64
	missed  atomic.Bool
	done    chan struct{}
	end     func()
	came    chan struct{} // has a token when there is something to show

	mu     sync.Mutex
	sample []Event
	bytes  int
	seen   int // how many matched since the last update
}

func newSession(h *Hub, w Watch) *Session {
	s := &Session{hub: h, watch: w, batches: make(chan batch, maxBatches), done: make(chan struct{}), came: make(chan struct{}, 1)}
	s.end = sync.OnceFunc(func() {
		h.leave(s)
		close(s.done)
	})
	return s
}

// Close ends the session. It may be called more than once.
func (s *Session) Close() { s.end() }

// hasRoom says whether a batch is worth to be offered.
func (s *Session) hasRoom() bool {
	return s.pending.Load() < maxPending && len(s.batches) < cap(s.batches)
}

// offer gives a batch to the session, which has room unless others were quicker.
func (s *Session) offer(b batch) {
	select {
	case s.batches <- b:
		s.pending.Add(int64(b.size))
	default:
		s.miss()
	}
}

// miss takes down that something is left out.
func (s *Session) miss() {
	s.missed.Store(true)
	s.tell()
}

func (s *Session) tell() {
	select {
	case s.came <- struct{}{}:
	default:
	}
}

// errOver ends a session that has lasted as long as one may.
var errOver = fault.Limit("The live session has lasted three hours and ends. Start another one.").WithCode("SessionTimeoutException")

// Run calls send with an update at least every second, and at the earliest every
// after the one before if something came, until the context ends, which is no
// error, or send fails, or three hours are over. It closes the session.
func (s *Session) Run(ctx context.Context, every time.Duration, send func(*Update) error) error {
	var judging sync.WaitGroup
	judging.Go(s.judgeAll)
	defer judging.Wait()
	defer s.Close()
	over := time.NewTimer(lasts)
	defer over.Stop()
	for {
		last := time.Now()
		beat := time.NewTimer(Beat)
		came := s.came
		if every >= Beat {
			came = nil
		}
		select {
		case <-came:
			beat.Reset(max(every-time.Since(last), 0))
			select {
			case <-beat.C:
			case <-ctx.Done():
				return nil
			}
		case <-beat.C:
		case <-over.C:
			return errOver
		case <-ctx.Done():
			return nil
		case <-s.done:
			return nil
		}
		u := s.take()
		if err := s.settle(ctx, u); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		if err := s.send(u, send); err != nil {
			return err
		}
	}
}

// send sends an update. An event that is larger than an update may be is left out when
// there is no memory for what it takes to write it.
func (s *Session) send(u *Update, send func(*Update) error) error {
	if more := writing * int64(u.bytes-maxBytes); more > 0 {
		if s.hub.memory.Try(more) {
			defer s.hub.memory.Give(more)
		} else {
			u = &Update{Sampled: true}
		}
	}
	return send(u)
}

// writing is how many times what an update has is in memory while it is sent: its
// texts, what is written of them in a buffer that has grown, and the message.
const writing = 4

// settle waits until what is in an update is on disk.
func (s *Session) settle(ctx context.Context, u *Update) error {
	if len(u.Events) == 0 || s.watch.Settled == nil {
		return nil
	}
	return s.watch.Settled(ctx)
}

// judgeAll judges what comes until the session ends.
func (s *Session) judgeAll() {
	for {
		select {
		case b := <-s.batches:
			s.judge(b)
			s.pending.Add(-int64(b.size))
		case <-s.done:
			return
		}
	}
}

func (s *Session) judge(b batch) {
	if !s.watch.Stream(b.stream) {
		return
	}
	name := s.watch.Groups[b.group]
	some := false
	for i := range b.events {
		select {
		case <-s.done: // a pattern can have much work
			return
		default:
		}
		e := &b.events[i]
		if s.watch.Match(e.Text) {
			// A control character is six bytes in JSON.
			s.keep(Event{name, b.stream, e.Time, e.Arrived, e.Text, quote.Size(e.Text) + eventCost})
			some = true
		}
	}
	if some {
		s.tell()
	}
}

// keep takes an event into the sample: as long as there is room, and then in the
// place of another, so that each that came has the same chance to be there.
func (s *Session) keep(e Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen++
	if len(s.sample) < MaxEvents && (len(s.sample) == 0 || s.bytes+e.size <= maxBytes) {
		s.sample, s.bytes = append(s.sample, e), s.bytes+e.size
		return
	}
	i := rand.IntN(s.seen)
	if i >= len(s.sample) {
		return
	}
	bytes := s.bytes + e.size - s.sample[i].size
	if bytes > maxBytes && len(s.sample) > 1 {
		return
	}
	s.bytes = bytes
	s.sample = append(slices.Delete(s.sample, i, i+1), e) // they stay in the order in which they came
}

// take returns what is to be shown, and begins anew.
func (s *Session) take() *Update {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := &Update{Events: s.sample, Sampled: s.seen > len(s.sample), bytes: s.bytes}
	u.Sampled = s.missed.Swap(false) || u.Sampled
	s.sample, s.bytes, s.seen = nil, 0, 0
	return u
}
