package bus

import (
	"container/heap"
	"sync"
	"time"
)

// A clock knows when which rule is due. Its methods may be called from many
// goroutines at once.
type clock struct {
	// changed holds a token when the earliest time may be another one.
	changed chan struct{}

	mu    sync.Mutex
	dues  dues
	where map[*rule]*due
}

// A due is a rule and when its schedule fires next.
type due struct {
	rule  *rule
	at    time.Time
	index int // in the heap
}

func newClock() *clock {
	return &clock{changed: make(chan struct{}, 1), where: map[*rule]*due{}}
}

// set notes when a rule is due; the zero time means never.
func (c *clock) set(r *rule, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	d, known := c.where[r]
	switch {
	case !known && at.IsZero():
		return
	case !known:
		d = &due{rule: r, at: at}
		c.where[r] = d
		heap.Push(&c.dues, d)
	case at.IsZero():
		delete(c.where, r)
		heap.Remove(&c.dues, d.index)
	default:
		d.at = at
		heap.Fix(&c.dues, d.index)
	}
	select {
	case c.changed <- struct{}{}:
	default: // a token is there already
	}
}

// next returns the rule that is due first and when. There may be none.
func (c *clock) next() (r *rule, at time.Time, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.dues) == 0 {
		return nil, time.Time{}, false
	}
	return c.dues[0].rule, c.dues[0].at, true
}

// dues is a heap, the earliest first, and by ARN what is due together.
type dues []*due

func (d dues) Len() int { return len(d) }

func (d dues) Less(i, j int) bool {
	if c := d[i].at.Compare(d[j].at); c != 0 {
		return c < 0
	}
	return d[i].rule.arn < d[j].rule.arn
}

func (d dues) Swap(i, j int) {
	d[i], d[j] = d[j], d[i]
	d[i].index, d[j].index = i, j
}

// Push is for container/heap.
func (d *dues) Push(x any) {
	e := x.(*due)
	e.index = len(*d)
	*d = append(*d, e)
}

// Pop is for container/heap.
func (d *dues) Pop() any {
	old := *d
	e := old[len(old)-1]
	old[len(old)-1] = nil
	*d = old[:len(old)-1]
	return e
}
