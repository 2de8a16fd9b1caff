package door

import (
	"container/list"
	"context"
	"net/http"
	"time"
)

// While a server stops, a connection on which no known call is under way is kept
// for a while all the same: one that was answered for what its client may have
// sent before it could know, one that is new for its first call, and one on which
// a call is being read for the rest of that.
const (
	idleFor    = 100 * time.Millisecond
	newFor     = time.Second
	readingFor = 3 * time.Second
)

// Drain waits until all connections are gone, which nothing but their ends and
// their server's answers bring about; the listener must be closed. Those without
// a known call under way it closes after a while. An error is that of the context.
func (l *Listener) Drain(ctx context.Context) error {
	tick := time.NewTicker(idleFor)
	defer tick.Stop()
	for {
		l.mu.Lock()
		left, changed := l.conns, l.change()
		l.mu.Unlock()
		if left == 0 {
			return nil
		}
		select {
		case <-changed:
		case <-tick.C:
			l.closeQuiet()
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// closeQuiet closes the connections that have had their while.
func (l *Listener) closeQuiet() {
	var quiet []*conn
	l.each(func(c *conn) {
		most := readingFor
		switch c.state {
		case http.StateIdle:
			most = idleFor
		case http.StateNew:
			most = newFor
		}
		if time.Since(c.since) >= most {
			quiet = append(quiet, c)
		}
	})
	for _, c := range quiet {
		_ = c.Close() // nobody waits for its end
	}
}

// each calls do with each of the connections that may be closed, under l.mu.
func (l *Listener) each(do func(*conn)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, who := range []*list.List{&l.strangers, &l.guests} {
		for e := who.Front(); e != nil; e = e.Next() {
			do(e.Value.(*conn))
		}
	}
}
