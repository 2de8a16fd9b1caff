// Package budget holds the memory that strangers can make the process use.
//
// A [Budget] is a number of bytes for the whole process. It is cut into named
// shares, one for each thing that grows with what others send: bodies of
// requests, renderings, deliveries that wait in memory, and so on. Whoever is
// about to hold such bytes takes them from the share and gives them back
// afterwards; where the share is used up, it waits or is told no. So what is
// in memory in all has a bound, whatever the number of callers, targets and
// readers.
//
// What does not grow with strangers (the program, the store's cache, compiled
// rules under their quotas) is not counted. [Budget.Total] minus all shares is
// left for it.
//
// Everything here may be used from many goroutines at once.
package budget

import (
	"context"
	"fmt"
	"sync/atomic"

	"golang.org/x/sync/semaphore"
)

// A Budget is memory for the process, in bytes, cut into shares.
type Budget struct {
	total  int64
	shares []*Share
}

// A Part names a share and says how much of the whole it is.
type Part struct {
	Name string
	// Percent is the share of the whole, from 1 to 100.
	Percent int64
	// What says in half a sentence what is counted, for the documentation.
	What string
}

// New cuts total bytes into parts. It panics when a name stands twice or the
// parts come to more than the whole: both are mistakes in the program.
func New(total int64, parts []Part) *Budget {
	b := &Budget{total: total}
	sum := int64(0)
	for _, p := range parts {
		sum += p.Percent
		if p.Percent < 1 || sum > 100 || b.find(p.Name) != nil {
			panic(fmt.Sprintf("budget: the part %q does not fit", p.Name))
		}
		size := max(total/100*p.Percent, 1)
		b.shares = append(b.shares, newShare(p.Name, size))
	}
	return b
}

// Total returns the size of the whole in bytes.
func (b *Budget) Total() int64 { return b.total }

// Share returns the share with a name. It panics when there is none.
func (b *Budget) Share(name string) *Share {
	s := b.find(name)
	if s == nil {
		panic(fmt.Sprintf("budget: there is no part %q", name))
	}
	return s
}

func (b *Budget) find(name string) *Share {
	for _, s := range b.shares {
		if s.name == name {
			return s
		}
	}
	return nil
}

// A Share is a part of a budget. Those who wait for it are served in the order
// in which they came, so that a large one is not passed over for ever.
//
// A nil Share has no bound: everything is granted at once.
type Share struct {
	name string
	size int64
	free *semaphore.Weighted
	used atomic.Int64
}

func newShare(name string, size int64) *Share {
	return &Share{name: name, size: size, free: semaphore.NewWeighted(size)}
}

// Size returns how many bytes there are in all.
func (s *Share) Size() int64 { return s.size }

// Used returns how many bytes are taken now.
func (s *Share) Used() int64 { return s.used.Load() }

// Take waits until n bytes are free and takes them; the caller gives the same n
// back with Give. More than the share has counts as the whole share, so that
// whatever is permitted at all gets its turn, alone. The error is the
// context's, and nothing is taken then.
func (s *Share) Take(ctx context.Context, n int64) error {
	if s == nil || n <= 0 {
		return nil
	}
	n = min(n, s.size)
	if err := s.free.Acquire(ctx, n); err != nil {
		return context.Cause(ctx)
	}
	s.used.Add(n)
	return nil
}

// Try takes n bytes if they are free now and nobody waits, and says whether it did.
func (s *Share) Try(n int64) bool {
	if s == nil || n <= 0 {
		return true
	}
	n = min(n, s.size)
	if !s.free.TryAcquire(n) {
		return false
	}
	s.used.Add(n)
	return true
}

// Give returns n bytes that were taken with Take or Try.
func (s *Share) Give(n int64) {
	if s == nil || n <= 0 {
		return
	}
	n = min(n, s.size)
	s.used.Add(-n)
	s.free.Release(n)
}
