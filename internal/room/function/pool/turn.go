package pool

import (
	"slices"
	"time"

	"github.com/dari-bus/dari/internal/room/function/catalog"
)

// maxWaiting is how many invocations may wait for an environment.
const maxWaiting = 1000

// A waiter is an invocation that waits for an environment.
type waiter struct {
	found         catalog.Found
	key, function string
	// answered is closed when there is an environment for it, warm or yet to be started,
	// or err says why there will be none.
	answered chan struct{}
	got      *environment
	warm     bool
	err      error
}

func (w *waiter) account() string { return w.found.At.Account }

// enter lets an invocation wait for its turn, which may have come when it returns. Where
// too many wait already, the last one of the account that has most of them goes.
func (p *Pool) enter(w *waiter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		w.err = ErrClosed
		close(w.answered)
		return
	}
	p.waiting = append(p.waiting, w)
	p.dispatch()
	if len(p.waiting) > maxWaiting {
		p.answer(p.least(), ErrFull)
	}
}

// least is the last of those who wait for the account that most wait for.
func (p *Pool) least() (last *waiter) {
	waits, most := map[string]int{}, 0
	for _, w := range p.waiting {
		if waits[w.account()]++; waits[w.account()] >= most {
			last, most = w, waits[w.account()]
		}
	}
	return last
}

// leave ends the waiting of an invocation, unless it has been answered.
func (p *Pool) leave(w *waiter, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if slices.Contains(p.waiting, w) {
		p.answer(w, err)
		p.dispatch()
	}
}

// answer answers one who waits; with mu held.
func (p *Pool) answer(w *waiter, err error) {
	i := slices.Index(p.waiting, w)
	p.waiting = slices.Delete(p.waiting, i, i+1)
	w.err = err
	close(w.answered)
}

// dispatch gives environments to those whose turn it is, as long as there are any; with
// mu held.
func (p *Pool) dispatch() {
	for p.serve() {
	}
}

// serve gives one environment, and says whether there was one: to the account that has
// the fewest invocations with one, for the first of its own that came. An account that
// there is no room for, since it has all that it may have or wants more memory than is
// free, keeps nobody else waiting.
func (p *Pool) serve() bool {
	var firsts []*waiter
	seen := map[string]bool{}
	for _, w := range p.waiting {
		if !seen[w.account()] {
			seen[w.account()], firsts = true, append(firsts, w)
		}
	}
	slices.SortStableFunc(firsts, func(a, b *waiter) int { return p.busy[a.account()] - p.busy[b.account()] })
	for _, w := range firsts {
		if p.acquire(w) {
			p.busy[w.account()]++
			p.answer(w, nil)
			return true
		}
	}
	return false
}

// A use is how many environments there are, and what memory they have.
type use struct{ n, memory int }

func (u use) plus(n, memory int) use { return use{u.n + n, u.memory + memory} }

// hold counts an environment, or with -1 one less; with mu held.
func (p *Pool) hold(e *environment, n int) {
	p.memory += n * e.memory
	if p.held[e.account] = p.held[e.account].plus(n, n*e.memory); p.held[e.account].n == 0 {
		delete(p.held, e.account)
	}
}

// over says that an account has so much that it may not have a waiter's environment as
// well: some are left for another one, and memory for them, since nobody can be made to
// give back what runs for minutes.
func (p *Pool) over(held use, w *waiter) bool {
	return held.n >= p.opt.Most-p.opt.Most/8 || held.memory+w.found.Memory > p.opt.MemoryMB-p.opt.MemoryMB/8
}

// acquire gets an environment for one who waits, and says whether there was one: a warm
// one, or room for one that is yet to be started.
func (p *Pool) acquire(w *waiter) bool {
	for i := len(p.idle) - 1; i >= 0; i-- {
		if e := p.idle[i]; e.key == w.key && !e.old() {
			p.idle = slices.Delete(p.idle, i, i+1)
			w.got, w.warm = e, true
			return true
		}
	}
	return p.allocate(w)
}

// allocate makes room for an environment that is yet to be started, if it can. Nothing is
// stopped in vain.
func (p *Pool) allocate(w *waiter) bool {
	all, held := use{len(p.all), p.memory}, p.held[w.account()]
	for _, e := range p.idle {
		if e.kept {
			continue
		}
		if all = all.plus(-1, -e.memory); e.account == w.account() {
			held = held.plus(-1, -e.memory)
		}
	}
	if !p.fits(w, all, held) {
		return false
	}
	for !p.fits(w, use{len(p.all), p.memory}, p.held[w.account()]) {
		p.makeRoom(w)
	}
	e := &environment{key: w.key, function: w.function, account: w.account(), latest: w.found.Number == catalog.Latest, memory: w.found.Memory}
	p.all[e] = true
	p.hold(e, 1)
	p.there.Add(1)
	w.got = e
	return true
}

// fits says whether there is room for an environment beside all others, of which its
// account holds some. One alone always fits, and those that are kept do not count then.
func (p *Pool) fits(w *waiter, all, held use) bool {
	if all.n < p.opt.Most && all.memory+w.found.Memory <= p.opt.MemoryMB && !p.over(held, w) {
		return true
	}
	for e := range p.all {
		if e.kept {
			all.n--
		}
	}
	return all.n == 0
}

// makeRoom stops the environment that has been idle for longest, of the account itself
// if that has all that it may have.
func (p *Pool) makeRoom(w *waiter) {
	var idlest *environment
	over := p.over(p.held[w.account()], w)
	for _, e := range p.idle {
		own := e.account == w.account()
		if !e.kept && (idlest == nil || over && own) {
			if idlest = e; own || !over {
				break
			}
		}
	}
	p.remove(idlest)
}

// old says that the credentials of an environment end soon.
func (e *environment) old() bool { return time.Until(e.expires) < leastLeft }

// leastLeft is how long credentials must be good when an invocation begins: as long as
// the longest may take.
const leastLeft = 20 * time.Minute
