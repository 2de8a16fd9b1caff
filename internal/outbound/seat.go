package outbound

import (
	"context"
	"slices"
	"sync"
)

// seats bound how many calls are under way: so many in all, and so many of one
// name. A seat that becomes free goes to the name that holds the fewest, so that
// a name whose calls hang has no more than its share, and one that holds none
// is next.
type seats struct {
	all, perName int

	mu      sync.Mutex
	taken   map[string]int // by name, without zeros
	total   int
	waiting []*waiter // the longest first
}

type waiter struct {
	name   string
	seated chan struct{}
}

func newSeats(all, perName int) *seats {
	return &seats{all: all, perName: perName, taken: map[string]int{}}
}

// ask takes a seat, or a place among those who wait for one.
func (s *seats) ask(name string) (waits *waiter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.total < s.all && s.taken[name] < s.perName {
		s.seat(name)
		return nil
	}
	w := &waiter{name, make(chan struct{})}
	s.waiting = append(s.waiting, w)
	return w
}

// wait reports whether there was a seat for w before ctx ended.
func (s *seats) wait(ctx context.Context, w *waiter) bool {
	select {
	case <-w.seated:
		return true
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.Index(s.waiting, w)
	if i < 0 {
		return true // it was seated in the meantime
	}
	s.waiting = slices.Delete(s.waiting, i, i+1)
	return false
}

// leave gives a seat back.
func (s *seats) leave(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total--
	if s.taken[name]--; s.taken[name] == 0 {
		delete(s.taken, name)
	}
	next := -1
	for i, w := range s.waiting {
		if n := s.taken[w.name]; n < s.perName && (next < 0 || n < s.taken[s.waiting[next].name]) {
			next = i
		}
	}
	if next < 0 {
		return
	}
	w := s.waiting[next]
	s.waiting = slices.Delete(s.waiting, next, next+1)
	s.seat(w.name)
	close(w.seated)
}

func (s *seats) seat(name string) {
	s.total++
	s.taken[name]++
}
