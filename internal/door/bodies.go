package door

import (
	"context"
	"errors"
	"time"

	"github.com/dari-bus/dari/internal/budget"
)

// Bodies is the memory that bodies of requests are read into. When it is used
// up, those wait who come, and the strangers who are slow with theirs are hung
// up on, the slowest first, for as long as somebody waits. So those who only
// pretend to send something take nothing away from the others.
type Bodies struct {
	door  *Listener
	share *budget.Share
}

// Bodies returns the memory for bodies that come in by l.
func (l *Listener) Bodies(share *budget.Share) *Bodies { return &Bodies{l, share} }

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
	if !b.share.Try(n) {
		defer b.makeRoom()()
		waiting, cancel := context.WithTimeoutCause(ctx, waitForRoom, errNoRoom)
		defer cancel()
		if err := b.share.Take(waiting, n); err != nil {
			return err
		}
	}
	b.hold(ctx, n)
	return nil
}

// Give gives n bytes back that were taken with Take in the same call.
func (b *Bodies) Give(ctx context.Context, n int64) {
	b.share.Give(n)
	b.hold(ctx, -n)
}

func (b *Bodies) hold(ctx context.Context, n int64) {
	if c, ok := ctx.Value(connKey{}).(*conn); ok {
		b.door.mu.Lock()
		c.held += n
		b.door.mu.Unlock()
	}
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
	slow := b.door.which(func(c *conn) bool { return c.held > 0 && time.Since(c.since) >= slowAfter })
	if len(slow) > 0 {
		_ = slow[0].Close() // which fails its reading, and that gives its memory back
	}
}
