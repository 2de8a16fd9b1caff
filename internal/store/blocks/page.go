package blocks

import (
	"bytes"
	"cmp"
	"slices"
	"time"
)

// A Found is an entry of a page.
type Found struct {
	Source uint64
	Entry
}

// A Position is that of an entry in the order of a log.
type Position struct {
	Time   int64
	Number uint64
}

// A Page asks for part of what a query finds.
type Page struct {
	// After is where the page begins, if it is not nil: behind that entry, or, when
	// Backward, before it.
	After *Position
	// Backward asks for the last ones rather than the first.
	Backward bool
	// Max and MaxBytes bound the entries and their texts. One entry always fits.
	Max, MaxBytes int
	// Within is how long the search may take; then the page is what is certain until
	// then. Zero is without a bound.
	Within time.Duration
}

// A Result is a page: entries in the order of their times, and what it took.
type Result struct {
	Entries []Found
	// More says that there may be more behind, or before, Reached: the last entry of
	// the page, or how far the search has come.
	More    bool
	Reached Position
}

// best are the first entries that were found so far, of a page, in any order, the
// one that would have to go first at the top: a heap.
type best struct {
	page     Page
	heap     []Found
	bytes    int
	full     bool // something had to go, or was not let in
	done     bool
	deadline time.Time
	// reached is how far the search has come when its time was up.
	late    bool
	reached Position
}

// sooner gives the order in which blocks are looked into.
func (b *best) sooner(x, y candidate) int {
	if b.page.Backward {
		return cmp.Or(cmp.Compare(y.last, x.last), cmp.Compare(y.at.number, x.at.number))
	}
	return cmp.Or(cmp.Compare(x.first, y.first), cmp.Compare(x.at.number, y.at.number)) // the numbers differ
}

// before says whether x comes before y in the direction of the page.
func (b *best) before(x, y *Entry) bool {
	if b.page.Backward {
		return x.Compare(y) > 0
	}
	return x.Compare(y) < 0
}

// certain says that no block from c on changes the page.
func (b *best) certain(c candidate) bool {
	edge := Entry{Time: c.first}
	if b.page.Backward {
		edge = Entry{Time: c.last, Number: ^uint64(0)}
	}
	if b.full && len(b.heap) > 0 && !b.before(&edge, &b.heap[0].Entry) {
		return true
	}
	if b.deadline.IsZero() || time.Now().Before(b.deadline) || !b.advances(&edge) {
		return false
	}
	b.late, b.reached = true, b.just(edge.Time)
	return true
}

// just returns the position that all entries of a time follow.
func (b *best) just(time int64) Position {
	if b.page.Backward {
		return Position{time + 1, 0}
	}
	return Position{time - 1, ^uint64(0)}
}

// advances says whether a page that ends before e is further than where it began.
func (b *best) advances(e *Entry) bool {
	at := b.just(e.Time)
	return b.page.After == nil || b.before(&Entry{Time: b.page.After.Time, Number: b.page.After.Number}, &Entry{Time: at.Time, Number: at.Number})
}

// wants says whether e is on the right side of where the page begins, and would
// be let in.
func (b *best) wants(e *Entry) bool {
	if a := b.page.After; a != nil && !b.before(&Entry{Time: a.Time, Number: a.Number}, e) {
		return false
	}
	return !b.full || len(b.heap) == 0 || b.before(e, &b.heap[0].Entry)
}

// add takes an entry in, and lets those go that the page has no room for.
func (b *best) add(source uint64, e *Entry) {
	f := Found{source, *e}
	f.Text = bytes.Clone(e.Text)
	b.heap = append(b.heap, f)
	b.bytes += len(f.Text)
	b.up(len(b.heap) - 1)
	for len(b.heap) > b.page.Max || b.bytes > b.page.MaxBytes && len(b.heap) > 1 {
		b.full = true
		last := len(b.heap) - 1
		b.bytes -= len(b.heap[0].Text)
		b.heap[0] = b.heap[last]
		b.heap[last] = Found{}
		b.heap = b.heap[:last]
		b.down()
	}
}

func (b *best) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if !b.before(&b.heap[parent].Entry, &b.heap[i].Entry) {
			return
		}
		b.heap[parent], b.heap[i] = b.heap[i], b.heap[parent]
		i = parent
	}
}

func (b *best) down() {
	for i := 0; ; {
		last := i
		for _, child := range []int{2*i + 1, 2*i + 2} {
			if child < len(b.heap) && b.before(&b.heap[last].Entry, &b.heap[child].Entry) {
				last = child
			}
		}
		if last == i {
			return
		}
		b.heap[i], b.heap[last] = b.heap[last], b.heap[i]
		i = last
	}
}

// result makes the page of what was found.
func (b *best) result() *Result {
	r := &Result{More: b.full || b.late}
	if b.late {
		b.heap = slices.DeleteFunc(b.heap, func(f Found) bool {
			return !b.before(&f.Entry, &Entry{Time: b.reached.Time, Number: b.reached.Number})
		})
	}
	slices.SortFunc(b.heap, func(x, y Found) int { return x.Compare(&y.Entry) })
	r.Entries = b.heap
	switch n := len(r.Entries); {
	case b.late:
		r.Reached = b.reached
	case n > 0 && b.page.Backward:
		r.Reached = Position{r.Entries[0].Time, r.Entries[0].Number}
	case n > 0:
		r.Reached = Position{r.Entries[n-1].Time, r.Entries[n-1].Number}
	}
	return r
}
