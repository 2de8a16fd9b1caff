package build

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/build/catalog"
	"github.com/dari-bus/dari/internal/room/build/runner"
	"github.com/dari-bus/dari/internal/store/table"
)

// A line is who waits for a turn and who has one. It is memory alone: nothing is
// written while its lock is held.
//
// As many builds run as there are slots, and no more than memory lets them, by what each
// may use. The next turn is of the account that has the fewest, and of those the one that
// has waited longest for one. So that nobody takes all slots for hours, an account
// that has no build running needs none of them, up to as many again.
type line struct {
	slots int
	// memory is what running builds may use together; 0 is no bound. One that may use
	// more gets all of it.
	memory int64

	mu sync.Mutex
	// active counts the builds that are not over, of each project and of each account,
	// whose key has no name.
	active map[table.Key]int
	all    int
	// waiting are the builds of each account in their order, and accounts those that
	// have some, the one first that has waited longest for a turn.
	waiting  map[string][]entrant
	accounts []string
	running  map[table.Key]*turn
	used     int64
	claims   map[[sha256.Size]byte]*claim
	// claimed are the keys of claims, the oldest first.
	claimed [][sha256.Size]byte
}

// An entrant is a build that waits.
type entrant struct {
	build  table.Key
	until  time.Time
	memory int64
}

// A turn is what a build has while it runs.
type turn struct {
	entrant
	cancel context.CancelCauseFunc
	// ending says that it ends by itself, and written is closed when that is on disk.
	ending  bool
	written chan struct{}
}

// A claim is a token that a build is being started with, or was lately.
type claim struct {
	key   [sha256.Size]byte
	build table.Key
	begun int64
	// known is closed once it is known whether the build has come to be.
	known chan struct{}
	kept  bool
}

func newLine(slots int, memory int64) *line {
	return &line{
		slots: slots, memory: memory, active: map[table.Key]int{}, waiting: map[string][]entrant{},
		running: map[table.Key]*turn{}, claims: map[[sha256.Size]byte]*claim{},
	}
}

// The keys that active counts a build under.
func counted(b *Build) [2]table.Key {
	var account table.Key
	account.Place.Account = b.place.Account
	return [2]table.Key{account, {Place: b.place, Name: b.Project}}
}

// enter counts a build that is to be, if there may be one more.
func (l *line) enter(b *Build) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	keys := counted(b)
	if limit := catalog.Val(b.ConcurrentBuildLimit); limit > 0 && l.active[keys[1]] >= limit {
		return fault.Limit("Cannot have more than %d active builds for the project", limit)
	}
	if l.active[keys[0]] >= maxWaiting+l.slots {
		return fault.Limit("Cannot have more than %d builds in queue for the account", maxWaiting)
	}
	if l.all-len(l.running) >= maxLine {
		return fault.Limit("Cannot have more than %d builds in queue on this server", maxLine)
	}
	l.count(b, 1)
	return nil
}

// leave counts a build no more.
func (l *line) leave(b *Build) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count(b, -1)
}

func (l *line) count(b *Build, n int) {
	l.all += n
	for _, k := range counted(b) {
		if l.active[k] += n; l.active[k] == 0 {
			delete(l.active, k)
		}
	}
}

// share is what a build may use of the memory.
func (l *line) share(b *Build) int64 {
	n := b.Environment.Memory()
	if l.memory > 0 {
		n = min(n, l.memory)
	}
	return n
}

// join puts a build at the end of its account's, unless it is there.
func (l *line) join(b *Build) {
	within := time.Duration(*b.QueuedTimeoutInMinutes) * time.Minute
	l.put(entrant{b.key(), time.UnixMilli(b.Current().Begin).Add(within), l.share(b)})
}

func (l *line) put(e entrant) {
	l.mu.Lock()
	defer l.mu.Unlock()
	account := e.build.Place.Account
	own := l.waiting[account]
	if l.running[e.build] != nil || slices.ContainsFunc(own, func(o entrant) bool { return o.build == e.build }) {
		return
	}
	if len(own) == 0 {
		l.accounts = append(l.accounts, account)
	}
	l.waiting[account] = append(own, e)
}

// remove takes the i-th of an account's builds out; with mu held.
func (l *line) remove(account string, i int) entrant {
	own := l.waiting[account]
	e := own[i]
	if own = slices.Delete(own, i, i+1); len(own) == 0 {
		delete(l.waiting, account)
		l.accounts = slices.DeleteFunc(l.accounts, func(a string) bool { return a == account })
	} else {
		l.waiting[account] = own
	}
	return e
}

// pull takes a build out that waits, if it does.
func (l *line) pull(k table.Key) (e entrant, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.IndexFunc(l.waiting[k.Place.Account], func(e entrant) bool { return e.build == k })
	if i < 0 {
		return e, false
	}
	return l.remove(k.Place.Account, i), true
}

// late takes those out that have waited too long.
func (l *line) late() (all []entrant) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, account := range slices.Clone(l.accounts) {
		for i := len(l.waiting[account]) - 1; i >= 0; i-- {
			if !time.Now().Before(l.waiting[account][i].until) {
				all = append(all, l.remove(account, i))
			}
		}
	}
	return all
}

// next gives a turn, or says for how long there is none for sure.
func (l *line) next(ctx context.Context) (t *turn, within context.Context, until time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	own := map[string]int{}
	for k := range l.running {
		own[k.Place.Account]++
	}
	order := slices.Clone(l.accounts)
	slices.SortStableFunc(order, func(a, b string) int { return cmp.Compare(own[a], own[b]) })
	for _, account := range order {
		busy := own[account] > 0
		if len(l.running) >= 2*l.slots || busy && len(l.running) >= l.slots {
			break // those that follow have more
		}
		if l.memory > 0 && l.used+l.waiting[account][0].memory > l.memory {
			if !busy {
				break // what others give back is for this one
			}
			continue
		}
		t = &turn{entrant: l.remove(account, 0), written: make(chan struct{})}
		if len(l.waiting[account]) > 0 { // its next turn comes after those of all others
			l.accounts = append(slices.DeleteFunc(l.accounts, func(a string) bool { return a == account }), account)
		}
		l.running[t.build], l.used = t, l.used+t.memory
		within, t.cancel = context.WithCancelCause(ctx)
		return t, within, 0
	}
	until = time.Hour
	for _, all := range l.waiting {
		for _, e := range all {
			until = min(until, time.Until(e.until))
		}
	}
	return nil, nil, until
}

// part ends a turn.
func (l *line) part(t *turn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t.cancel(nil)
	delete(l.running, t.build)
	l.used -= t.memory
}

// stop ends a build that runs and says whether it does: one whose end is being written
// is not stopped any more. t is nil when it does not run.
func (l *line) stop(k table.Key) (t *turn, stopped bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if t = l.running[k]; t == nil || t.ending {
		return t, false
	}
	t.cancel(runner.ErrStopped)
	return t, true
}

// end says that a build ends by itself, and whether it was stopped before: from now on
// it is not.
func (l *line) end(t *turn, within context.Context) (stopped bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t.ending = true
	return errors.Is(context.Cause(within), runner.ErrStopped)
}

// tokenHolds is how long the same token means the same build, and maxClaims how many
// tokens are remembered at most.
const (
	tokenHolds = 5 * time.Minute
	maxClaims  = 50_000
)

// claim claims the token of a build, or returns the claim that another one has on it.
func (l *line) claim(b *Build) *claim {
	if b.Token == "" {
		return nil
	}
	c := &claim{sha256.Sum256([]byte(b.place.Account + "/" + b.place.Region + "/" + b.Project + "/" + b.Token)), b.key(), b.Started, make(chan struct{}), false}
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.claimed) > 0 {
		old := l.claims[l.claimed[0]]
		if old != nil && b.Started-old.begun < tokenHolds.Milliseconds() && len(l.claimed) < maxClaims {
			break
		}
		delete(l.claims, l.claimed[0])
		l.claimed = l.claimed[1:]
	}
	if old := l.claims[c.key]; old != nil {
		return old
	}
	l.claims[c.key], l.claimed = c, append(l.claimed, c.key)
	return c
}

// settle says whether the build of a claim has come to be.
func (l *line) settle(c *claim, kept bool) {
	if c == nil {
		return
	}
	if c.kept = kept; !kept {
		l.disclaim(c)
	}
	close(c.known)
}

// disclaim forgets a claim.
func (l *line) disclaim(c *claim) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.claims[c.key] == c {
		delete(l.claims, c.key)
	}
}
