package pool

import (
	"time"

	"github.com/dari-bus/dari/internal/room/function/catalog"
)

// A Kept says how many environments of a version are to be ready before anybody asks.
type Kept struct {
	Version catalog.Found
	Count   int
}

// Readiness is how things stand with the environments that are kept of a version.
type Readiness struct {
	// Ready are those that have started, and Free those of them that have no invocation.
	Ready, Free int
	// Problem says why there are fewer than there should be, if there is more to it than
	// that they are being started.
	Problem string
}

// Keep has environments kept, and no longer those that it had said before.
func (p *Pool) Keep(all []Kept) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.kept = all
	p.tend()
}

// keyOf names a version in the revision that it has.
func keyOf(f catalog.Found) string { return f.At.ARN() + " " + f.Revision }

// Kept says how things stand.
func (p *Pool) Kept(f catalog.Found) (r Readiness) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := keyOf(f)
	for e := range p.all {
		if e.kept && e.ready && e.key == key {
			r.Ready++
		}
	}
	for _, e := range p.idle {
		if e.kept && e.key == key {
			r.Free++
		}
	}
	if trouble := p.troubles[key]; trouble != nil {
		r.Problem = trouble.text
	}
	return r
}

// A trouble is why an environment could not be kept, and until when that is not tried again.
type trouble struct {
	text  string
	until time.Time
}

// troubled is how long that is.
const troubled = 30 * time.Second

// tend starts what is to be kept and is not there, and lets the rest go as others do;
// with mu held.
func (p *Pool) tend() {
	if p.closed {
		return
	}
	wanted := map[string]int{}
	for _, k := range p.kept {
		wanted[keyOf(k.Version)] += k.Count
	}
	for e := range p.all {
		if !e.kept {
			continue
		}
		if gone := e.stale || e.ready && e.old(); gone || wanted[e.key] <= 0 {
			e.kept, e.idleSince = false, time.Now()
			continue
		}
		wanted[e.key]--
	}
	for key := range p.troubles {
		if wanted[key] <= 0 {
			delete(p.troubles, key)
		}
	}
	for _, k := range p.kept {
		key := keyOf(k.Version)
		for ; wanted[key] > 0; wanted[key]-- {
			if t := p.troubles[key]; t != nil && time.Now().Before(t.until) {
				break
			}
			w := &waiter{found: k.Version, key: key, function: k.Version.At.Whole().ARN()}
			if !p.mayKeep(k.Version.Memory) || !p.allocate(w) {
				p.troubles[key] = &trouble{"There is no room for as many environments at the moment.", time.Now().Add(troubled)}
				break
			}
			w.got.kept = true
			go p.prepare(k.Version, w.got)
		}
	}
}

// mayKeep says whether one more may be kept: half of all is for those that are not.
func (p *Pool) mayKeep(memory int) bool {
	n := 1
	for e := range p.all {
		if e.kept {
			n, memory = n+1, memory+e.memory
		}
	}
	return n <= p.opt.Most/2 && memory <= p.opt.MemoryMB/2
}

// prepare starts an environment that is kept, and has its code initialized.
func (p *Pool) prepare(f catalog.Found, e *environment) {
	err := p.start(p.ctx, f, e)
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.dispatch()
	if err != nil {
		p.troubles[e.key] = &trouble{err.Error(), time.Now().Add(troubled)}
	}
	if err != nil || e.stale || p.closed {
		p.remove(e)
		return
	}
	e.ready, e.idleSince = true, time.Now()
	p.idle = append(p.idle, e)
}
