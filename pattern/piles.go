package pattern

import (
	"strings"
	"sync/atomic"
)

// piles are alternatives filed under a part of the texts that they hold of: a
// beginning, an end, or some letters anywhere. Like tables they never change,
// but for the bloom filter.
type piles struct {
	table *table[tag]
	n     int // how many alternatives there are
	// bloom says where it is worth looking. It is shared by all that came one
	// from the other, since a bit too many does no harm, and made anew for more
	// of them, or when many bits are there for nothing.
	bloom []uint64
	stale int
}

// A tag is where a pile is found. Like a hit it has what tells a short text
// from others.
type tag struct {
	a, b uint64 // the text's ends
	n    uint32 // its length, 0 in a free slot
	pile *pile
}

func (t tag) free() bool { return t.n == 0 }

func (t tag) hashed() uint64 {
	if t.n <= 16 {
		return hashShort(int(t.n), t.a, t.b)
	}
	return hashText(t.pile.text)
}

// is says whether a tag is that of a text with such ends.
func (t *tag) is(text string, a, b uint64) bool {
	return t.a == a && t.b == b && int(t.n) == len(text) && (t.n <= 16 || t.pile.text == text)
}

// A pile is the alternatives that are filed under one text, at least one.
type pile struct {
	first  signed
	more   []signed
	demand bool // one of them has a signature
	text   string
}

// A signed is an alternative with its signature beside it, so that those which
// cannot hold are passed over without a look at them.
type signed struct {
	signature // empty if nothing is known
	alt       *alt
}

func newPile(text string, alts []*alt) *pile {
	p := &pile{text: strings.Clone(text)}
	for i, a := range alts {
		x := signed{alt: a}
		if a.sig != nil {
			x.signature = *a.sig
			p.demand = true
		}
		if i == 0 {
			p.first = x
		} else {
			p.more = append(p.more, x)
		}
	}
	return p
}

// alts returns the alternatives, also of a pile that is nil.
func (p *pile) alts() []*alt {
	if p == nil {
		return nil
	}
	alts := []*alt{p.first.alt}
	for i := range p.more {
		alts = append(alts, p.more[i].alt)
	}
	return alts
}

// len returns how many there are.
func (p *pile) len() int {
	if p == nil {
		return 0
	}
	return 1 + len(p.more)
}

// find returns what is filed under a text, or nil.
func (p *piles) find(text string) *pile {
	if p.n == 0 {
		return nil
	}
	a, b := ends(text)
	hash := hashEnds(text, a, b)
	if !p.may(hash) {
		return nil
	}
	return p.look(text, a, b, hash)
}

// may says whether something may be filed under a hash.
func (p *piles) may(hash uint64) bool {
	w, bit := bloomBit(hash, len(p.bloom))
	return atomic.LoadUint64(&p.bloom[w])&bit != 0
}

func (p *piles) look(text string, a, b, hash uint64) *pile {
	slots := p.table.slots(hash)
	if len(slots) == 0 {
		return nil
	}
	for i := hash; ; i++ {
		t := &slots[i&uint64(len(slots)-1)]
		if t.is(text, a, b) {
			return t.pile
		}
		if t.n == 0 {
			return nil
		}
	}
}

// edit returns piles with an alternative more or less under a text.
func (p piles) edit(text string, x *alt, add bool) piles {
	a, b := ends(text)
	hash := hashEnds(text, a, b)
	var now *tag
	if alts := edit(p.look(text, a, b, hash).alts(), x, add); len(alts) > 0 {
		now = &tag{a, b, uint32(len(text)), newPile(text, alts)}
	}
	p.table = p.table.with(hash, func(t *tag) bool { return t.is(text, a, b) }, now)
	if add {
		p.n++
	} else {
		p.n--
		p.stale++
	}
	switch words := bloomWords(p.n); {
	case p.n == 0:
		return piles{}
	case words > len(p.bloom) || p.stale > p.n+1000:
		p.bloom, p.stale = make([]uint64, words), 0
		for t := range p.table.all {
			w, bit := bloomBit(t.hashed(), words)
			p.bloom[w] |= bit
		}
	case add:
		w, bit := bloomBit(hash, len(p.bloom))
		atomic.OrUint64(&p.bloom[w], bit)
	}
	return p
}

// bloomBit returns where a bloom filter of so many words has the bit of a hash.
// Tables use the first bits and the last ones of a hash.
func bloomBit(hash uint64, words int) (word int, bit uint64) {
	return int(hash>>14) & (words - 1), 1 << (hash >> 8 & 63)
}

// bloomWords is the size of a bloom filter for n alternatives.
func bloomWords(n int) int {
	words := 16
	for words < 4096 && words*64 < n*32 {
		words *= 2
	}
	return words
}
