package pattern

import "slices"

// A table is a hash table that never changes. Putting something in gives
// another table, which shares all but a small part with the one before, so
// that readers may go on with theirs. Keys are hashes; whoever needs to tell
// two things with one hash apart chains them.
//
// A small table is one leaf. In a large one the first bits of a hash choose a
// leaf, by way of a page of them, and the last bits a place in it. A leaf that
// gets too full is split, by which the directory may double. So a change
// copies a leaf, a page and the list of pages, about two kilobytes.
//
// In a large table a lookup waits for memory once or not at all: pages are few,
// and the place in a leaf is known before the leaf is.
type table[V any] struct {
	small []slot[V] // all of a small table, a power of two of them
	n     int       // how many are in it
	pages []page[V]
	bits  uint8 // how many bits of a hash choose the leaf
}

// A page is leaves: pageSize of them, or all if there are fewer. Neighbours
// may be the same, and those that nothing is in are nil.
type page[V any] []*leaf[V]

type leaf[V any] struct {
	slots [leafSlots]slot[V]
	n     uint8
	depth uint8 // how many of the first hash bits all of its entries share
}

type slot[V any] struct {
	hash uint64
	item *V // nil when the slot is free
}

const (
	leafSlots = 64
	leafFull  = 48
	pageBits  = 6
	pageSize  = 1 << pageBits
)

// get returns what is stored under a hash, or nil.
func (t *table[V]) get(hash uint64) *V {
	if t == nil {
		return nil
	}
	if t.pages == nil {
		mask := uint64(len(t.small) - 1)
		for i := hash & mask; ; i = (i + 1) & mask {
			s := &t.small[i&uint64(len(t.small)-1)]
			if s.item == nil {
				return nil
			}
			if s.hash == hash {
				return s.item
			}
		}
	}
	at := t.place(hash)
	l := t.pages[at>>pageBits][at%pageSize]
	if l == nil {
		return nil
	}
	for i := hash % leafSlots; ; i = (i + 1) % leafSlots {
		s := &l.slots[i]
		if s.item == nil {
			return nil
		}
		if s.hash == hash {
			return s.item
		}
	}
}

// all hands over everything in the table.
func (t *table[V]) all(yield func(uint64, *V) bool) {
	if t == nil {
		return
	}
	each := func(slots []slot[V]) bool {
		for _, s := range slots {
			if s.item != nil && !yield(s.hash, s.item) {
				return false
			}
		}
		return true
	}
	if !each(t.small) {
		return
	}
	var last *leaf[V]
	for _, p := range t.pages {
		for _, l := range p {
			if l != nil && l != last && !each(l.slots[:]) {
				return
			}
			last = l
		}
	}
}

// insert puts an item into slots that nobody else sees yet.
func insert[V any](slots []slot[V], hash uint64, item *V) {
	mask := uint64(len(slots) - 1)
	i := hash & mask
	for slots[i].item != nil {
		i = (i + 1) & mask
	}
	slots[i] = slot[V]{hash, item}
}

// with returns a table in which item is stored under hash, and nothing if item
// is nil. A table with nothing in it is nil.
func (t *table[V]) with(hash uint64, item *V) *table[V] {
	if t == nil {
		t = &table[V]{small: make([]slot[V], 2)}
	}
	n := t.n
	if t.get(hash) != nil {
		n--
	}
	if item != nil {
		n++
	}
	switch {
	case n == 0:
		return nil
	case t.pages == nil && n <= leafFull || n <= leafFull/4:
		return t.shrunk(n, hash, item)
	case t.pages == nil:
		l := &leaf[V]{}
		for h, x := range t.all {
			insert(l.slots[:], h, x)
		}
		l.n = uint8(t.n)
		t = &table[V]{pages: []page[V]{{l}}}
	}
	next := t.exchange(hash, item)
	next.n = n
	return next
}

// shrunk returns a small table that differs in what is stored under hash, with
// n entries.
func (t *table[V]) shrunk(n int, hash uint64, item *V) *table[V] {
	size := 2
	for size*3/4 < n {
		size *= 2
	}
	next := &table[V]{small: make([]slot[V], size), n: n}
	for h, x := range t.all {
		if h != hash {
			insert(next.small, h, x)
		}
	}
	if item != nil {
		insert(next.small, hash, item)
	}
	return next
}

// exchange returns a large table that differs in what is stored under hash.
func (t *table[V]) exchange(hash uint64, item *V) *table[V] {
	at := int(t.place(hash))
	old := t.pages[at>>pageBits][at%pageSize]
	if old == nil {
		old = &leaf[V]{depth: t.bits}
	}
	if item != nil && old.n >= leafFull {
		return t.split(old, at).exchange(hash, item)
	}
	l := &leaf[V]{depth: old.depth}
	for _, s := range old.slots {
		if s.item != nil && s.hash != hash {
			insert(l.slots[:], s.hash, s.item)
			l.n++
		}
	}
	if item != nil {
		insert(l.slots[:], hash, item)
		l.n++
	}
	if l.n == 0 {
		l = nil
	}
	width := 1 << (t.bits - old.depth)
	return t.replace(at&^(width-1), width, l)
}

// place returns which leaf a hash leads to.
func (t *table[V]) place(hash uint64) uint64 { return hash >> 1 >> ((63 - t.bits) & 63) }

// replace returns a table with another leaf at some neighbouring places.
func (t *table[V]) replace(from, width int, l *leaf[V]) *table[V] {
	next := &table[V]{pages: slices.Clone(t.pages), bits: t.bits}
	for i := from; i < from+width; i++ {
		p := &next.pages[i>>pageBits]
		if i == from || i%pageSize == 0 {
			*p = slices.Clone(*p)
		}
		(*p)[i%pageSize] = l
	}
	return next
}

// split returns a table in which the leaf at a place is divided in two.
func (t *table[V]) split(l *leaf[V], at int) *table[V] {
	if l.depth == t.bits {
		t, at = t.double(), 2*at
	}
	halves := [2]*leaf[V]{{depth: l.depth + 1}, {depth: l.depth + 1}}
	for i := range l.slots {
		if s := &l.slots[i]; s.item != nil {
			h := halves[s.hash>>(63-l.depth)&1]
			insert(h.slots[:], s.hash, s.item)
			h.n++
		}
	}
	width := 1 << (t.bits - l.depth)
	from := at &^ (width - 1)
	for i, h := range halves {
		if h.n == 0 {
			h = nil
		}
		t = t.replace(from+i*width/2, width/2, h)
	}
	return t
}

// double returns the same table with a directory twice as long.
func (t *table[V]) double() *table[V] {
	n := 1 << (t.bits + 1)
	next := &table[V]{pages: make([]page[V], max(1, n>>pageBits)), bits: t.bits + 1}
	for i := range next.pages {
		next.pages[i] = make(page[V], min(n, pageSize))
		for k := range next.pages[i] {
			old := (i<<pageBits + k) / 2
			next.pages[i][k] = t.pages[old>>pageBits][old%pageSize]
		}
	}
	return next
}

// A vector is a list that never changes, with cheap changed copies.
type vector[T any] struct {
	pages []*vectorPage[T]
}

type vectorPage[T any] [pageSize]*[vectorChunk]T

const (
	vectorShift = 4
	vectorChunk = 1 << vectorShift
)

// at returns the i-th entry, which must have been set.
func (v *vector[T]) at(i uint32) *T {
	return &v.pages[i>>(vectorShift+pageBits)][i>>vectorShift%pageSize][i%vectorChunk]
}

// get is at for entries that may not have been set, which are zero.
func (v *vector[T]) get(i uint32) (zero T) {
	p := int(i >> (vectorShift + pageBits))
	if p >= len(v.pages) || v.pages[p] == nil || v.pages[p][i>>vectorShift%pageSize] == nil {
		return zero
	}
	return *v.at(i)
}

// with returns a vector that differs in one entry, and is long enough for it.
func (v vector[T]) with(i uint32, x T) vector[T] {
	at := int(i >> (vectorShift + pageBits))
	next := make([]*vectorPage[T], max(len(v.pages), at+1))
	copy(next, v.pages)
	p := new(vectorPage[T])
	if next[at] != nil {
		*p = *next[at]
	}
	next[at] = p
	c := new([vectorChunk]T)
	if old := p[i>>vectorShift%pageSize]; old != nil {
		*c = *old
	}
	c[i%vectorChunk] = x
	p[i>>vectorShift%pageSize] = c
	return vector[T]{next}
}
