package destination

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"

	"github.com/dari-bus/dari/internal/outbound"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/table"
)

const (
	// tokenTimeout ends a request for a token that Run makes.
	tokenTimeout = 5 * time.Second
	// patience is after how many tries a connection whose token server does not
	// answer is DEAUTHORIZED. The pauses between them add up to seven seconds. One
	// whose token server wants to be left alone for longer than it would be anyway
	// is so at once, and says why.
	patience = 4
	// atOnce bounds the requests for tokens that Run makes at the same time.
	atOnce = 8
	// maxReason is the longest StateReason, in characters.
	maxReason = 512
)

// Run finds out whether connections that use OAuth are in order, by asking for
// a token: those that are new or changed at once, those that failed again and
// again. It returns nil when ctx ends, and an error when the store fails.
func (s *Service) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	slots := make(chan struct{}, atOnce)
	g.Go(func() error {
		for {
			timer := time.NewTimer(s.startDue(ctx, g, slots))
			select {
			case <-ctx.Done():
				timer.Stop()
				return nil
			case <-s.wake:
				timer.Stop()
			case <-timer.C:
			}
		}
	})
	return g.Wait()
}

// startDue starts a try for each connection that is due one, as long as there
// are slots, and returns how long it will be until the next. A try that ends
// gives back its slot first and wakes Run then, so what found no slot is not
// forgotten.
func (s *Service) startDue(ctx context.Context, g *errgroup.Group, slots chan struct{}) time.Duration {
	next := time.Hour
	for c := range s.connections.All() {
		if !c.wantsToken() {
			continue
		}
		select {
		case slots <- struct{}{}:
		default:
			return next
		}
		wait, ours := c.credentials.claim()
		if !ours {
			<-slots
			next = min(next, wait)
			continue
		}
		g.Go(func() error {
			defer s.wakeUp()
			defer func() { <-slots }()
			defer c.credentials.release()
			return s.authorize(ctx, c)
		})
	}
	return next
}

// claim reports whether it is time for a try that nobody is at yet, and if not,
// how long it will be.
func (c *credentials) claim() (wait time.Duration, ours bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running {
		return time.Hour, false
	}
	if wait := time.Until(c.rest); wait > 0 {
		return wait, false
	}
	c.running = true
	return 0, true
}

func (c *credentials) release() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running = false
}

// authorize makes one try for one connection.
func (s *Service) authorize(ctx context.Context, c *connection) error {
	try, cancel := context.WithTimeoutCause(ctx, tokenTimeout, errTokenTimeout)
	defer cancel()
	_, err := c.credentials.get(try)
	if ctx.Err() != nil {
		return nil
	}
	if err := s.settle(ctx, c, err); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

var errTokenTimeout = fmt.Errorf("no answer within %v", tokenTimeout)

// settle changes the state of a connection by how the last request for a token
// went. A connection that was changed in the meantime is left alone, and one
// that is AUTHORIZED stays so until its token server refuses.
func (s *Service) settle(ctx context.Context, c *connection, tokenErr error) error {
	k := table.Key{Place: c.Place, Name: c.Name}
	return s.opt.Store.Update(ctx, func(tx store.Tx) error {
		w := s.connections.In(tx)
		now := w.Find(k)
		if now == nil || now.credentials != c.credentials {
			return nil
		}
		next := *now
		if !next.hear(tokenErr) {
			return nil
		}
		if err := w.Put(k, &next); err != nil {
			return err
		}
		// After the table's own: Run shall find what it is woken for.
		tx.OnEnd(func(kept bool) {
			if kept {
				s.watch(&next)
			}
		})
		return nil
	}, store.Draining)
}

// hear takes in how a request for a token went, and reports whether that is news.
func (c *connection) hear(tokenErr error) bool {
	if tokenErr == nil {
		known := c.State == Authorized
		c.State, c.StateReason, c.Authorized = Authorized, "", time.Now().UTC()
		return !known
	}
	failed, reason := outbound.AsError(tokenErr), clip(tokenErr.Error())
	impatient := c.State == Authorizing && (failed.After > maxPause || c.credentials.failuresInARow() >= patience)
	if !failed.Permanent && !impatient || c.State == Deauthorized && c.StateReason == reason {
		return false
	}
	c.State, c.StateReason = Deauthorized, reason
	return true
}

// wakeUp has Run look again.
func (s *Service) wakeUp() {
	select {
	case s.wake <- struct{}{}:
	default: // it will look anyway
	}
}

func clip(reason string) string {
	if utf8.RuneCountInString(reason) <= maxReason {
		return reason
	}
	return string([]rune(reason)[:maxReason-1]) + "…"
}
