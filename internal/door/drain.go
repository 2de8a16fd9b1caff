package door

import (
	"container/list"
	"context"
	"net/http"
	"time"
)

// While a server stops, a connection on which no call is under way is kept for a
// moment all the same: for a call that was sent before its client could know. One
// that was answered before has less to wait for than one that is new.
const (
	idleFor = 100 * time.Millisecond
	newFor  = time.Second
)

// Drain waits until all connections are gone, which nothing but their ends and
// their server's answers bring about; the listener must be closed. Those without
// a call under way it closes after a moment. An error is that of the context.
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

// closeQuiet closes the connections that have had their moment.
func (l *Listener) closeQuiet() {
	var quiet []*conn
	l.each(func(c *conn) {
		waits := time.Since(c.since)
		if c.state == http.StateIdle && waits >= idleFor || c.state == http.StateNew && waits >= newFor {
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
