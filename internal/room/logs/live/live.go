// Package live shows events to those who watch log groups, while they come in.
//
// A [Hub] is told of every batch that anybody may read. Without watchers that costs one
// load of a pointer. It never waits for a watcher: each [Session] has a queue with
// a bound, a goroutine of its own judges what is in it and keeps a fair sample of
// what came since the last update, and what is beyond either bound is left out and
// said to be. A reader who does not read so costs nobody but itself anything.
//
// Sessions are bounded by account and in all, since each of them holds memory for as
// long as it lasts.
package live

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/dari-bus/dari/internal/budget"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store/blocks"
)

// MaxSessions is how many sessions an account may have in a region.
const MaxSessions = 15

// sessionMemory is what a session holds at most: a batch that is judged and those
// behind it, the sample, and the one that is sent.
const sessionMemory = 4 << 20

// A Hub leads events to the sessions that watch their group.
type Hub struct {
	memory *budget.Share
	// watched has the sessions of each group. It is replaced, never changed.
	watched atomic.Pointer[map[uint64][]*Session]

	mu sync.Mutex
	// owned counts the sessions of each owner, and of each account, and all is their
	// sum.
	owned map[string]int
	of    map[string]int
	all   int
}

// NewHub returns a hub whose sessions take their memory from a share; they take at
// most half of it, since others are served from it too, and those of one account half
// of that. A nil share has no bound.
func NewHub(memory *budget.Share) *Hub {
	h := &Hub{memory: memory, owned: map[string]int{}, of: map[string]int{}}
	h.watched.Store(&map[uint64][]*Session{})
	return h
}

// A Watch says what a session wants to see.
type Watch struct {
	// Owner is whose sessions are counted together, of an account's.
	Account, Owner string
	// Groups are the groups by their numbers, with what the watcher calls them.
	Groups map[uint64]string
	// Stream says whether a stream is wanted, and Match whether a text is. Both are
	// called by the session's own goroutine only.
	Stream func(name string) bool
	Match  func(text []byte) bool
	// Settled returns when all that was published so far is on disk: what a power cut
	// could still take back is not shown. It is called before each update that has
	// events; its error ends the session. Nil is for what is on disk when it is published.
	Settled func(ctx context.Context) error
}

// Open begins a session, from whose return on all that is published is seen. Close
// ends it.
func (h *Hub) Open(w Watch) (*Session, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.owned[w.Owner] >= MaxSessions {
		return nil, fault.Limit("The account has %d live sessions in this region; it may have %d.", h.owned[w.Owner], MaxSessions)
	}
	if !h.fits(w.Account) || !h.memory.Try(sessionMemory) {
		return nil, fault.Limit("There is no memory for another live session. End one, or give dari more (-memory).")
	}
	s := newSession(h, w)
	h.owned[w.Owner]++
	h.of[w.Account]++
	h.all++
	next := maps.Clone(*h.watched.Load())
	for g := range w.Groups {
		next[g] = append(slices.Clip(next[g]), s)
	}
	h.watched.Store(&next)
	return s, nil
}

// fits says whether there may be another session, of an account.
func (h *Hub) fits(account string) bool {
	if h.memory == nil {
		return true
	}
	most := int(max(h.memory.Size()/2/sessionMemory, 1))
	return h.all < most && h.of[account] < (most+1)/2
}

// leave forgets a session.
func (h *Hub) leave(s *Session) {
	h.mu.Lock()
	defer h.mu.Unlock()
	next := maps.Clone(*h.watched.Load())
	for g := range s.watch.Groups {
		rest := slices.DeleteFunc(slices.Clone(next[g]), func(o *Session) bool { return o == s })
		if next[g] = rest; len(rest) == 0 {
			delete(next, g)
		}
	}
	h.watched.Store(&next)
	if h.owned[s.watch.Owner]--; h.owned[s.watch.Owner] == 0 {
		delete(h.owned, s.watch.Owner)
	}
	if h.of[s.watch.Account]--; h.of[s.watch.Account] == 0 {
		delete(h.of, s.watch.Account)
	}
	h.all--
	h.memory.Give(sessionMemory)
}

// Publish shows a batch of events of a stream to those who watch its group. It
// copies what it shows and waits for nobody.
func (h *Hub) Publish(group uint64, stream string, events []blocks.Entry) {
	sessions := (*h.watched.Load())[group]
	if len(sessions) == 0 {
		return
	}
	var b batch
	for _, s := range sessions {
		if !s.hasRoom() {
			s.miss()
			continue
		}
		if b.events == nil { // there is one for whom it is worth to be copied
			b = copyOf(group, stream, events)
		}
		s.offer(b)
	}
}

func copyOf(group uint64, stream string, events []blocks.Entry) batch {
	b := batch{group: group, stream: stream, events: slices.Clone(events)}
	for i := range b.events {
		e := &b.events[i]
		e.Text = bytes.Clone(e.Text)
		b.size += len(e.Text) + eventCost
	}
	return b
}
