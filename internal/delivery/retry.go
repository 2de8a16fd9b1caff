package delivery

import (
	"math/rand/v2"
	"time"
)

// A Retry says when a delivery that failed is tried again, and when it is given up.
type Retry struct {
	// Phases follow one after the other; after the last one it is given up.
	Phases []Phase
	// MaxAge is how long after it came in it is given up, whatever is left of the
	// phases. 0 means never for that.
	MaxAge time.Duration
}

// A Phase is some retries. The wait before its first one is First, and doubles
// with each until it is Last; both may be 0, which is at once.
type Phase struct {
	Retries     int
	First, Last time.Duration
	// Jitter waits for a random part of it instead of the whole.
	Jitter bool
}

// FullJitter returns the retry table of EventBridge: 185 such retries take about
// a day, the default of maxAge.
func FullJitter(retries int, maxAge time.Duration) Retry {
	return Retry{
		Phases: []Phase{{Retries: retries, First: time.Second, Last: 1024 * time.Second, Jitter: true}},
		MaxAge: maxAge,
	}
}

// isZero reports whether nothing was said.
func (r *Retry) isZero() bool { return r.Phases == nil && r.MaxAge == 0 }

// wait returns how long to wait before the nth retry, n from 1, and false when
// there are fewer.
func (r *Retry) wait(n int) (time.Duration, bool) {
	for i := range r.Phases {
		p := &r.Phases[i]
		if n <= p.Retries {
			return p.wait(n), true
		}
		n -= p.Retries
	}
	return 0, false
}

func (p *Phase) wait(n int) time.Duration {
	wait := p.First
	for ; n > 1 && wait < p.Last; n-- {
		wait *= 2
	}
	wait = min(wait, p.Last)
	if p.Jitter && wait > 0 {
		wait = rand.N(wait)
	}
	return wait
}
