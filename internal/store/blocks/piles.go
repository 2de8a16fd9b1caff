package blocks

import (
	"context"
	"sync"
)

// SmallestPile is from how many small blocks on it is worth to merge them.
const SmallestPile = 64

// maxPiles is how many piles of an owner may wait. What is more has its turn when it
// has grown further, or when its owner sees to it.
const maxPiles = 1000

// Piles are the sources whose small blocks wait to be merged, by owners, such as
// accounts: one of each owner has its turn before another of any has. A K names one.
type Piles[K comparable] struct {
	wanted chan struct{}

	mu      sync.Mutex
	waiting map[string]map[K]bool
}

// NewPiles returns none.
func NewPiles[K comparable]() *Piles[K] {
	return &Piles[K]{wanted: make(chan struct{}, 1), waiting: map[string]map[K]bool{}}
}

// Add has the blocks of a source merged.
func (p *Piles[K]) Add(owner string, k K) {
	p.mu.Lock()
	of := p.waiting[owner]
	if of == nil {
		of = map[K]bool{}
		p.waiting[owner] = of
	}
	if len(of) < maxPiles {
		of[k] = true
	}
	p.mu.Unlock()
	p.Sweep()
}

// Sweep has whoever waits for Wanted go on now.
func (p *Piles[K]) Sweep() {
	select {
	case p.wanted <- struct{}{}:
	default:
	}
}

// Wanted is sent to when some wait, or Sweep was called.
func (p *Piles[K]) Wanted() <-chan struct{} { return p.wanted }

// Each calls fn with all that wait, also those that come meanwhile, until it returns an
// error.
func (p *Piles[K]) Each(fn func(K) error) error {
	for {
		next := p.next()
		if len(next) == 0 {
			return nil
		}
		for _, k := range next {
			if err := fn(k); err != nil {
				return err
			}
		}
	}
}

// next takes one of each owner.
func (p *Piles[K]) next() (next []K) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for owner, of := range p.waiting {
		for k := range of {
			next = append(next, k)
			delete(of, k)
			break
		}
		if len(of) == 0 {
			delete(p.waiting, owner)
		}
	}
	return next
}

// MergeDays makes fewer blocks of the small ones that a source brought on the days from
// the time first to the time last.
func (l *Log) MergeDays(ctx context.Context, log, source uint64, first, last int64) error {
	for day := int64(dayOf(first)); day <= int64(dayOf(last)); day++ {
		for more := true; more; {
			var err error
			if more, err = l.merge(ctx, log, source, day*millisInDay); err != nil {
				return err
			}
		}
	}
	return nil
}
