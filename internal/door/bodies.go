package door

import (
	"context"
	"errors"
	"time"

	"github.com/dari-bus/dari/internal/budget"
)

// Bodies is the memory that bodies of requests are read into. When it is used
// up, those wait who come, and those who are slow with theirs and not known yet
// are hung up on, the slowest first, for as long as somebody waits. So those who
// only pretend to send something take little away from the others, and half of
// it is for connections that a known call has come in by.
type Bodies struct {
	door             *Listener
	share, strangers *budget.Share
}

// Bodies returns the memory for bodies that come in by l. Half of the share must
// be more than what is taken for one body.
func (l *Listener) Bodies(share *budget.Share) *Bodies {
	half := budget.New(share.Size()/2, []budget.Part{{Name: "strangers", Percent: 100}})
	return &Bodies{l, share, half.Share("strangers")}
}

const (
	// waitForRoom is how long a body waits for memory.
	waitForRoom = 5 * time.Second
	// slowAfter is when a body is slow, and how often somebody who waits has a
	// slow one make room.
	slowAfter = 500 * time.Millisecond
)

var errNoRoom = errors.New("there was no memory for the body in time")

// Take takes n bytes for the body of the call with this context, or says in an
// error that there were none in time.
func (b *Bodies) Take(ctx context.Context, n int64) error {
	waiting, cancel := context.WithTimeoutCause(ctx, waitForRoom, errNoRoom)
	defer cancel()
	c, ok := ctx.Value(connKey{}).(*conn)
	stranger := ok && !c.isKnown()
	if stranger {
		if err := b.take(waiting, b.strangers, n); err != nil {
			return err
		}
	}
	if err := b.take(waiting, b.share, n); err != nil {
		if stranger {
			b.strangers.Give(n)
		}
		return err
	}
	if ok {
		c.hold(n, stranger)
	}
	return nil
}

func (b *Bodies) take(ctx context.Context, share *budget.Share, n int64) error {
	if share.Try(n) {
		return nil
	}
	defer b.makeRoom()()
	return share.Take(ctx, n)
}

// Most returns how many bytes there are in all.
func (b *Bodies) Most() int64 { return b.share.Size() }

// Give gives n bytes back that were taken with Take in the same call.
func (b *Bodies) Give(ctx context.Context, n int64) {
	b.share.Give(n)
	if c, ok := ctx.Value(connKey{}).(*conn); ok {
		b.strangers.Give(c.release(n))
	}
}

// Known is [Known], and what the call holds is no stranger's any more: what it keeps for
// long does not keep strangers out.
func (b *Bodies) Known(ctx context.Context) {
	Known(ctx)
	if c, ok := ctx.Value(connKey{}).(*conn); ok {
		b.strangers.Give(c.own())
	}
}

// own returns how much c holds as a stranger, which it does no longer.
func (c *conn) own() int64 {
	c.door.mu.Lock()
	defer c.door.mu.Unlock()
	n := c.strange
	c.strange = 0
	return n
}

func (c *conn) isKnown() bool {
	c.door.mu.Lock()
	defer c.door.mu.Unlock()
	return c.known
}

func (c *conn) hold(n int64, stranger bool) {
	c.door.mu.Lock()
	defer c.door.mu.Unlock()
	c.held, c.heldSince = c.held+n, time.Now()
	if stranger {
		c.strange += n
	}
}

// release takes n off what c holds and returns how much of that was a stranger's.
func (c *conn) release(n int64) int64 {
	c.door.mu.Lock()
	defer c.door.mu.Unlock()
	strange := min(n, c.strange)
	c.held, c.strange = c.held-n, c.strange-strange
	return strange
}

// makeRoom hangs up on a slow one now and then, until it is told to stop.
func (b *Bodies) makeRoom() (stop func()) {
	done := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for tick := time.NewTicker(slowAfter); ; {
			b.hangUp()
			select {
			case <-tick.C:
			case <-done:
				tick.Stop()
				return
			}
		}
	}()
	return func() {
		close(done)
		<-ended
	}
}

func (b *Bodies) hangUp() {
	var slowest *conn
	b.door.each(func(c *conn) {
		slow := c.held > 0 && time.Since(c.heldSince) >= slowAfter
		if slow && (slowest == nil || c.heldSince.Before(slowest.heldSince)) {
			slowest = c
		}
	})
	if slowest != nil {
		_ = slowest.Close() // which fails its reading, and that gives its memory back
	}
}
