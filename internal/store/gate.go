package store

import "sync"

// A Gate counts the transactions inside an engine, so that Close can turn new
// ones away and wait for those that run. The zero Gate is open.
type Gate struct {
	mu     sync.Mutex
	inside int
	closed bool
	empty  chan struct{} // made by Shut, closed when the last one leaves
}

// Enter lets the caller in until Leave, or returns [ErrClosed]. It does not wait.
func (g *Gate) Enter() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return ErrClosed
	}
	g.inside++
	return nil
}

// Leave takes back one Enter.
func (g *Gate) Leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.inside--; g.inside == 0 && g.closed {
		close(g.empty)
	}
}

// Shut turns newcomers away from now on. The channel it returns is closed when
// everybody has left. Only the first call shuts the gate; the others return
// [ErrClosed].
func (g *Gate) Shut() (<-chan struct{}, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return nil, ErrClosed
	}
	g.closed, g.empty = true, make(chan struct{})
	if g.inside == 0 {
		close(g.empty)
	}
	return g.empty, nil
}
