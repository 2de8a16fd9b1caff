package pattern

import "math/bits"

// A table is a hash table that never changes. Putting something in gives
// another table, which shares all but a small part with the one before, so
// that readers may go on with theirs. Keys are hashes; whoever needs to tell
// two things with one hash apart chains them.
//
// The first bits of a hash choose a leaf, the last ones a place in it. A leaf
// that gets too full is split, by which the directory may double.
type table[V any] struct {
	dir   []*leaf[V]
	shift uint8 // 64 - the number of hash bits that the directory uses
}

type leaf[V any] struct {
	depth uint8 // how many of the first hash bits all of its entries share
	n     uint8
	slots []slot[V] // a power of two of them
}

type slot[V any] struct {
	hash uint64
	item *V // nil when the slot is free
}

const (
	leafSlots = 64
	leafFull  = 48
)

// get returns what is stored under a hash, or nil.
func (t *table[V]) get(hash uint64) *V {
	if t == nil {
		return nil
	}
	l := t.dir[hash>>(t.shift&63)&uint64(len(t.dir)-1)]
	mask := uint64(len(l.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		s := &l.slots[i&uint64(len(l.slots)-1)]
		if s.item == nil {
			return nil
		}
		if s.hash == hash {
			return s.item
		}
	}
}

// with returns a table in which item is stored under hash, and nothing if item
// is nil. A table with nothing in it is nil.
func (t *table[V]) with(hash uint64, item *V) *table[V] {
	if t == nil {
		if item == nil {
			return nil
		}
		l := &leaf[V]{slots: make([]slot[V], 4)}
		l.insert(hash, item)
		return &table[V]{dir: []*leaf[V]{l}, shift: 64}
	}
	at := hash >> (t.shift & 63) & uint64(len(t.dir)-1)
	old := t.dir[at]
	if item == nil {
		return t.without(hash, old)
	}
	l := old.copyWith(hash, item)
	if l.n <= leafFull {
		return t.replace(hash, l)
	}
	return t.split(l, hash)
}

// copyWith returns a copy of the leaf with the item in it.
func (l *leaf[V]) copyWith(hash uint64, item *V) *leaf[V] {
	size := len(l.slots)
	if int(l.n)+1 > size*3/4 && size < leafSlots {
		size *= 2
	}
	c := &leaf[V]{depth: l.depth, slots: make([]slot[V], size)}
	for _, s := range l.slots {
		if s.item != nil && s.hash != hash {
			c.insert(s.hash, s.item)
		}
	}
	c.insert(hash, item)
	return c
}

// insert puts an item into a leaf that nobody else sees yet.
func (l *leaf[V]) insert(hash uint64, item *V) {
	mask := uint64(len(l.slots) - 1)
	i := hash & mask
	for l.slots[i].item != nil {
		i = (i + 1) & mask
	}
	l.slots[i] = slot[V]{hash, item}
	l.n++
}

func (t *table[V]) without(hash uint64, old *leaf[V]) *table[V] {
	size := len(old.slots)
	for size > 4 && int(old.n)-1 <= size/4 {
		size /= 2
	}
	c := &leaf[V]{depth: old.depth, slots: make([]slot[V], size)}
	for _, s := range old.slots {
		if s.item != nil && s.hash != hash {
			c.insert(s.hash, s.item)
		}
	}
	if c.n == 0 && len(t.dir) == 1 {
		return nil
	}
	return t.replace(hash, c)
}

// replace returns a table with another leaf where hash leads to. A leaf
// without entries stays: the hashes that come next will fill it again.
func (t *table[V]) replace(hash uint64, l *leaf[V]) *table[V] {
	dir := make([]*leaf[V], len(t.dir))
	copy(dir, t.dir)
	width := len(dir) >> l.depth
	from := int(hash>>(t.shift&63)&uint64(len(dir)-1)) &^ (width - 1)
	for i := range width {
		dir[from+i] = l
	}
	return &table[V]{dir, t.shift}
}

// split returns a table in which the leaf l, which is too full and stands for
// the one that hash leads to, is divided.
func (t *table[V]) split(l *leaf[V], hash uint64) *table[V] {
	dir, shift := t.dir, t.shift
	if l.depth == 64-shift {
		shift--
		dir = make([]*leaf[V], 2*len(t.dir))
		for i, x := range t.dir {
			dir[2*i], dir[2*i+1] = x, x
		}
	} else {
		dir = append([]*leaf[V](nil), dir...)
	}
	halves := [2]*leaf[V]{}
	for i := range halves {
		halves[i] = &leaf[V]{depth: l.depth + 1, slots: make([]slot[V], leafSlots)}
	}
	for _, s := range l.slots {
		if s.item != nil {
			halves[s.hash>>(63-l.depth)&1].insert(s.hash, s.item)
		}
	}
	width := len(dir) >> l.depth
	from := int(hash>>(shift&63)) &^ (width - 1)
	for i := range width {
		dir[from+i] = halves[i/(width/2)]
	}
	next := &table[V]{dir, shift}
	for _, h := range halves {
		if h.n > leafFull {
			return next.split(h, h.any())
		}
	}
	return next
}

// any returns the hash of one of the entries.
func (l *leaf[V]) any() uint64 {
	for _, s := range l.slots {
		if s.item != nil {
			return s.hash
		}
	}
	return 0
}

// A vector is a list that never changes, with cheap changed copies.
type vector[T any] struct {
	chunks []*[vectorChunk]T
}

const (
	vectorChunk = 64
	vectorShift = 6
)

// at returns the i-th entry, which must have been set.
func (v *vector[T]) at(i uint32) *T {
	return &v.chunks[i>>vectorShift][i%vectorChunk]
}

// get is at for entries that may not have been set, which are zero.
func (v *vector[T]) get(i uint32) (zero T) {
	if c := i >> vectorShift; int(c) < len(v.chunks) && v.chunks[c] != nil {
		return *v.at(i)
	}
	return zero
}

// with returns a vector that differs in one entry, and is long enough for it.
func (v vector[T]) with(i uint32, x T) vector[T] {
	n := max(len(v.chunks), int(i>>vectorShift)+1)
	next := make([]*[vectorChunk]T, n, n+bits.Len(uint(n)))
	copy(next, v.chunks)
	c := new([vectorChunk]T)
	if old := next[i>>vectorShift]; old != nil {
		*c = *old
	}
	c[i%vectorChunk] = x
	next[i>>vectorShift] = c
	return vector[T]{next}
}
