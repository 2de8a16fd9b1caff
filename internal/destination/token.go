package destination

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/dari-bus/dari/internal/outbound"
)

const (
	// A token that comes without a lifetime is taken to last this long, which
	// costs no more than one request too many.
	defaultLifetime = time.Hour
	// A token is renewed when a tenth of its lifetime is left, or this much.
	maxMargin = time.Minute
	// A token that a destination refuses is kept when it is younger than this,
	// so that one which refuses every token does not have the token server asked
	// for each event.
	minAge = time.Second
	// maxPause is the longest that a token server is left alone that does not
	// answer, and maxPauseRefused one that refuses.
	maxPause        = time.Minute
	maxPauseRefused = 5 * time.Minute
)

// A token is what a token server gave out.
type token struct {
	scheme, text string
	fetched      time.Time
	// It is renewed from stale on, and used until expired.
	stale, expired time.Time
}

func newToken(scheme, text string, lifetime time.Duration) *token {
	now := time.Now()
	return &token{
		scheme: scheme, text: text, fetched: now,
		stale:   now.Add(lifetime - min(lifetime/10, maxMargin)),
		expired: now.Add(lifetime),
	}
}

// credentials fetch the tokens of one connection, and keep the last one.
//
// One request is under way at a time, and all who need its token wait for it.
// After a failure nobody asks for a while, which grows with every further one:
// a token server that is down is not met by every event that waits.
type credentials struct {
	oauth      OAuthAuth
	connection string // its ARN
	client     *outbound.Client
	turn       chan struct{} // holds whoever asks the token server

	mu       sync.Mutex
	token    *token // nil when there is none
	failures int    // in a row
	failed   *outbound.Error
	rest     time.Time // nobody asks before it
	running  bool      // Run is at it
}

func newCredentials(c Connection, client *outbound.Client) *credentials {
	return &credentials{oauth: *c.Auth.OAuth, connection: c.ARN, client: client, turn: make(chan struct{}, 1)}
}

// get returns a token. Its error is an [*outbound.Error], permanent when the
// token server refused, or the cause of ctx when that was cancelled.
func (c *credentials) get(ctx context.Context) (*token, error) {
	if t, err := c.known(); t != nil || err != nil {
		return t, asError(err)
	}
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.Canceled) {
			return nil, context.Cause(ctx)
		}
		return nil, outbound.Temporary(outbound.CodeTimeout, "waiting for a token from %s: %v", c.oauth.host(), context.Cause(ctx))
	}
	if t, err := c.known(); t != nil || err != nil {
		return t, asError(err) // somebody asked in the meantime
	}
	t, err := c.oauth.fetch(ctx, c.client, c.connection, c.old())
	if errors.Is(ctx.Err(), context.Canceled) {
		return nil, context.Cause(ctx) // which says nothing about the token server
	}
	failed := outbound.AsError(err)
	if failed != nil && failed.Throttled {
		return nil, failed // nor does this: it was not asked
	}
	return c.learn(t, failed)
}

// known returns what need not be asked for: a token, or the failure of a
// moment ago. Both are nil when it is time to ask.
func (c *credentials) known() (*token, *outbound.Error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if c.token != nil && now.Before(c.token.stale) {
		return c.token, nil
	}
	if !now.Before(c.rest) {
		return nil, nil
	}
	if c.token != nil && now.Before(c.token.expired) {
		return c.token, nil
	}
	e := *c.failed
	e.After = c.rest.Sub(now)
	return nil, &e
}

// old returns the text of the last token, or "".
func (c *credentials) old() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token == nil {
		return ""
	}
	return c.token.text
}

// learn takes in the answer of the token server. When it could not give a new
// token, the old one is used to its end.
func (c *credentials) learn(t *token, failed *outbound.Error) (*token, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if failed == nil {
		c.token, c.failed, c.failures, c.rest = t, nil, 0, time.Time{}
		return t, nil
	}
	c.failures++
	failed.After = max(failed.After, pause(c.failures, failed.Permanent))
	c.failed, c.rest = failed, time.Now().Add(failed.After)
	if c.token != nil && time.Now().Before(c.token.expired) && !failed.Permanent {
		return c.token, nil
	}
	c.token = nil
	return nil, failed
}

// pause returns how long to leave a token server alone after the nth failure
// in a row: one that refuses longer than one that does not answer.
func pause(n int, refused bool) time.Duration {
	longest := maxPause
	if refused {
		longest = maxPauseRefused
	}
	d := min(longest, time.Second<<min(n-1, 10))
	return d - d/10 + rand.N(d/5) // so that connections to one server part
}

// refused says that a destination did not accept t.
func (c *credentials) refused(t *token) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token == t && time.Since(t.fetched) >= minAge {
		c.token = nil
	}
}

// failuresInARow returns how often the token server has failed since it last
// gave a token.
func (c *credentials) failuresInARow() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.failures
}

// asError makes an error of e; a nil e must not become one that is not nil.
func asError(e *outbound.Error) error {
	if e == nil {
		return nil
	}
	return e
}
