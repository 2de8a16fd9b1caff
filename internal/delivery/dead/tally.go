package dead

import "container/heap"

// A tally says what an account holds.
type tally struct {
	account string
	held    [2]int64 // by measure
	pushed  uint64   // how many were pushed out
	// oldest is a key that none of it comes before: the store need not go through
	// all that were pushed out to find the next.
	oldest key
	place  [2]int // in the ranking by each measure
}

// A measure is one of the two in which an account can hold most.
type measure int

const (
	number measure = iota
	size           // in bytes
)

// tallies are those of all accounts that hold anything.
type tallies struct {
	of    map[string]*tally
	ranks [2]ranking // by measure
	held  [2]int64   // of all together
}

func newTallies() tallies {
	return tallies{of: map[string]*tally{}, ranks: [2]ranking{{by: number}, {by: size}}}
}

// add counts something that an account holds from now on, or no longer.
func (t *tallies) add(account string, n, bytes int64) *tally {
	a := t.of[account]
	if a == nil {
		a = &tally{account: account}
		t.of[account] = a
		heap.Push(&t.ranks[number], a)
		heap.Push(&t.ranks[size], a)
	}
	for m, change := range [2]int64{n, bytes} {
		a.held[m] += change
		t.held[m] += change
		heap.Fix(&t.ranks[m], a.place[m])
	}
	if a.held[number] == 0 && n < 0 {
		heap.Remove(&t.ranks[number], a.place[number])
		heap.Remove(&t.ranks[size], a.place[size])
		delete(t.of, account)
	}
	return a
}

// most returns who holds most: a itself if nobody holds more.
func (t *tallies) most(m measure, a *tally) *tally {
	if first := t.ranks[m].all[0]; first.held[m] > a.held[m] {
		return first
	}
	return a
}

// A ranking is a heap of tallies, the one that holds most first.
type ranking struct {
	by  measure
	all []*tally
}

func (r *ranking) Len() int { return len(r.all) }

func (r *ranking) Less(i, j int) bool { return r.all[i].held[r.by] > r.all[j].held[r.by] }

func (r *ranking) Swap(i, j int) {
	r.all[i], r.all[j] = r.all[j], r.all[i]
	r.all[i].place[r.by], r.all[j].place[r.by] = i, j
}

// Push is for container/heap.
func (r *ranking) Push(x any) {
	t := x.(*tally)
	t.place[r.by] = len(r.all)
	r.all = append(r.all, t)
}

// Pop is for container/heap.
func (r *ranking) Pop() any {
	last := len(r.all) - 1
	t := r.all[last]
	r.all[last] = nil
	r.all = r.all[:last]
	return t
}
