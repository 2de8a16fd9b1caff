package pattern

import "slices"

// A table is a hash table that never changes. Putting something in gives
// another table, which shares all but a small part with the one before, so
// that readers may go on with theirs.
//
// A small table is one leaf. In a large one the first bits of a hash choose a
// leaf, by way of a page of them, and the last bits a place in it. A leaf that
// gets too full is split, by which the directory may double. So a change
// copies a leaf, a page and the list of pages.
//
// In a large table a lookup waits for memory once or not at all: pages are few,
// and the place in a leaf is known before the leaf is.
type table[S slotted] struct {
	small []S // all of a small table, a power of two of them
	n     int // how many are in it
	pages []*page[S]
	bits  uint8 // how many bits of a hash choose the leaf
}

// A slotted is what a table consists of: slots that are free or not, and know
// their hash.
type slotted interface {
	free() bool
	hashed() uint64
}

// A page is leaves. Neighbours may be the same, and those that nothing is in
// are nil.
type page[S slotted] [pageSize]*leaf[S]

type leaf[S slotted] [leafSlots]S

const (
	leafSlots = 32
	leafFull  = 28
	pageBits  = 6
	pageSize  = 1 << pageBits
)

// slots returns those in which a hash may be found: from the place of its last
// bits on, up to the first free one. There are none or a power of two of them.
func (t *table[S]) slots(hash uint64) []S {
	if t == nil {
		return nil
	}
	if t.pages == nil {
		return t.small
	}
	at := t.place(hash)
	if l := t.pages[at>>pageBits][at%pageSize]; l != nil {
		return l[:]
	}
	return nil
}

// place returns which leaf a hash leads to.
func (t *table[S]) place(hash uint64) uint64 { return hash >> ((64 - t.bits) & 63) }

// all hands over everything in the table.
func (t *table[S]) all(yield func(*S) bool) {
	if t == nil {
		return
	}
	each := func(slots []S) bool {
		for i := range slots {
			if s := &slots[i]; !(*s).free() && !yield(s) {
				return false
			}
		}
		return true
	}
	if !each(t.small) {
		return
	}
	var last *leaf[S]
	for _, p := range t.pages {
		for _, l := range p {
			if l != nil && l != last && !each(l[:]) {
				return
			}
			last = l
		}
	}
}

// insert puts a slot among others that nobody else sees yet.
func insert[S slotted](slots []S, s S) {
	mask := uint64(len(slots) - 1)
	i := s.hashed() & mask
	for !slots[i].free() {
		i = (i + 1) & mask
	}
	slots[i] = s
}

// with returns a table with now in place of the slot with a hash that is the
// same, or without it if now is nil. A table with nothing in it is nil.
func (t *table[S]) with(hash uint64, same func(*S) bool, now *S) *table[S] {
	if t == nil {
		t = &table[S]{}
	}
	n := t.n
	if slices.ContainsFunc(t.slots(hash), func(s S) bool { return !s.free() && same(&s) }) {
		n--
	}
	if now != nil {
		n++
	}
	switch {
	case n == 0:
		return nil
	case t.pages == nil && n <= leafFull || n <= leafFull/4:
		return t.shrunk(n, same, now)
	case t.bits > pageBits && n < 1<<t.bits:
		t = t.rebuilt()
	case t.pages == nil:
		l := &leaf[S]{}
		for s := range t.all {
			insert(l[:], *s)
		}
		t = &table[S]{pages: []*page[S]{{}}, bits: pageBits}
		for i := range t.pages[0] {
			t.pages[0][i] = l
		}
	}
	next := t.exchange(hash, same, now)
	next.n = n
	return next
}

// shrunk is with for what becomes a small table, of n slots.
func (t *table[S]) shrunk(n int, same func(*S) bool, now *S) *table[S] {
	size := 2
	for size < leafSlots && size*3/4 < n {
		size *= 2
	}
	next := &table[S]{small: make([]S, size), n: n}
	for s := range t.all {
		if !same(s) {
			insert(next.small, *s)
		}
	}
	if now != nil {
		insert(next.small, *now)
	}
	return next
}

// exchange is with for a large table.
func (t *table[S]) exchange(hash uint64, same func(*S) bool, now *S) *table[S] {
	l, n := &leaf[S]{}, 0
	at := int(t.place(hash))
	for _, s := range t.slots(hash) {
		if !s.free() && !same(&s) {
			if n++; n == leafFull && now != nil {
				return t.split(at).exchange(hash, same, now)
			}
			insert(l[:], s)
		}
	}
	from, width := t.reach(at)
	switch {
	case now != nil:
		insert(l[:], *now)
	case n == 0:
		l = nil
	default:
		from, width = t.merge(l, n, from, width)
	}
	return t.replace(from, width, l)
}

// merge puts into a leaf of n slots what is in the one beside it, with which it
// was split, as long as that is little, and returns the places that it is for.
func (t *table[S]) merge(l *leaf[S], n, from, width int) (int, int) {
	for width < 1<<t.bits {
		beside, same := t.reach(from ^ width)
		other := t.pages[beside>>pageBits][beside%pageSize]
		if other == nil || beside != from^width || same != width {
			break
		}
		for _, s := range other {
			if !s.free() {
				n++
			}
		}
		if n > leafFull/2 {
			break
		}
		for _, s := range other {
			if !s.free() {
				insert(l[:], s)
			}
		}
		from, width = from&^width, 2*width
	}
	return from, width
}

// rebuilt returns the same table with a directory of the size that suits it.
func (t *table[S]) rebuilt() *table[S] {
	bits := uint8(pageBits)
	for t.n>>bits > leafFull/2 {
		bits++
	}
	for ; ; bits++ {
		next := &table[S]{n: t.n, pages: make([]*page[S], 1<<(bits-pageBits)), bits: bits}
		for i := range next.pages {
			next.pages[i] = &page[S]{}
		}
		if next.fill(t) {
			return next
		}
	}
}

// fill puts what another table has into an empty large one that nobody else
// sees yet, and says whether it fits.
func (t *table[S]) fill(from *table[S]) bool {
	counts := make([]uint8, 1<<t.bits)
	for s := range from.all {
		at := t.place((*s).hashed())
		l := &t.pages[at>>pageBits][at%pageSize]
		if *l == nil {
			*l = &leaf[S]{}
		}
		if counts[at]++; counts[at] > leafFull {
			return false
		}
		insert((*l)[:], *s)
	}
	return true
}

// reach returns the neighbouring places that share the leaf at one of them:
// those with which some of the first bits of their hashes are alike.
func (t *table[S]) reach(at int) (from, width int) {
	same := func(a, b int) bool {
		return t.pages[a>>pageBits][a%pageSize] == t.pages[b>>pageBits][b%pageSize]
	}
	if t.pages[at>>pageBits][at%pageSize] == nil {
		return at, 1
	}
	for width = 1; width < 1<<t.bits; width *= 2 {
		// A leaf that reaches as far as twice the width is found there at both ends.
		wide := at &^ (2*width - 1)
		if !same(wide, wide+width) || !same(wide, wide+2*width-1) {
			break
		}
	}
	return at &^ (width - 1), width
}

// replace returns a table with another leaf at some neighbouring places.
func (t *table[S]) replace(from, width int, l *leaf[S]) *table[S] {
	next := &table[S]{pages: slices.Clone(t.pages), bits: t.bits}
	for i := from; i < from+width; i++ {
		p := &next.pages[i>>pageBits]
		if i == from || i%pageSize == 0 {
			copied := **p
			*p = &copied
		}
		(*p)[i%pageSize] = l
	}
	return next
}

// split returns a table in which the leaf at a place is divided in two.
func (t *table[S]) split(at int) *table[S] {
	from, width := t.reach(at)
	if width == 1 {
		t, at = t.double(), 2*at
		from, width = at, 2
	}
	old := t.pages[at>>pageBits][at%pageSize]
	halves := [2]*leaf[S]{{}, {}}
	for _, s := range old {
		if !s.free() {
			insert(halves[int(t.place(s.hashed()))/(width/2)&1][:], s)
		}
	}
	for i, l := range halves {
		if !slices.ContainsFunc(l[:], func(s S) bool { return !s.free() }) {
			l = nil
		}
		t = t.replace(from+i*width/2, width/2, l)
	}
	return t
}

// double returns the same table with a directory twice as long.
func (t *table[S]) double() *table[S] {
	next := &table[S]{pages: make([]*page[S], 2*len(t.pages)), bits: t.bits + 1}
	for i := range next.pages {
		p := &page[S]{}
		for k := range p {
			p[k] = t.pages[i/2][(i%2)*pageSize/2+k/2]
		}
		next.pages[i] = p
	}
	return next
}

// A slot is something outside of the table, under a hash. Whoever needs to tell
// two things with one hash apart chains them.
type slot[V any] struct {
	hash uint64
	item *V
}

func (s slot[V]) free() bool     { return s.item == nil }
func (s slot[V]) hashed() uint64 { return s.hash }

// get returns what is stored under a hash, or nil.
func get[V any](t *table[slot[V]], hash uint64) *V {
	slots := t.slots(hash)
	if len(slots) == 0 {
		return nil
	}
	for i := hash; ; i++ {
		s := &slots[i&uint64(len(slots)-1)]
		if s.hash == hash || s.item == nil {
			return s.item
		}
	}
}

// put returns a table in which item is stored under a hash, and nothing if item
// is nil.
func put[V any](t *table[slot[V]], hash uint64, item *V) *table[slot[V]] {
	same := func(s *slot[V]) bool { return s.hash == hash }
	if item == nil {
		return t.with(hash, same, nil)
	}
	return t.with(hash, same, &slot[V]{hash, item})
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
