package pattern

import (
	"slices"
	"strings"
)

// A wildcard is filed under the part of it that is rarest among those filed
// before: its beginning, its end, or a few letters of a piece between stars.
// Whoever finds it by that part checks the whole of it.

const maxGram = 4

// grams are alternatives filed under letters that occur anywhere in a text, all
// of one length.
type grams struct {
	piles *table[slot[pile]]
	// bloom says where it is worth looking. Bits are never taken back, so it is
	// made anew when that has been due often.
	bloom []uint64
	n     int
	stale int
}

// gramAt returns the n bytes of s from i on as a number.
func gramAt(s string, i, n int) uint32 {
	if n == maxGram {
		return load32(s, i)
	}
	var x uint32
	for k := range n {
		x |= uint32(s[i+k]) << (8 * k)
	}
	return x
}

func bloomBit(x uint32, words int) (word int, bit uint64) {
	h := x * 0x9E3779B1 >> 15
	h ^= h >> 7
	return int(h>>6) & (words - 1), 1 << (h & 63)
}

func (g *grams) at(x uint32) *pile {
	if g == nil {
		return nil
	}
	return get(g.piles, mix(uint64(x)))
}

// filed returns how many alternatives are filed under a gram.
func (g *grams) filed(x uint32) int {
	if p := g.at(x); p != nil {
		return len(p.alts)
	}
	return 0
}

func (g *grams) edit(a *alt, add bool) *grams {
	next := grams{}
	if g != nil {
		next = *g
	}
	x := gramAt(a.text, 0, len(a.text))
	next.piles = editPile(next.piles, mix(uint64(x)), a.text, a, add)
	if add {
		next.n++
	} else {
		next.n--
		next.stale++
	}
	if next.n == 0 {
		return nil
	}
	if words := bloomWords(next.n); words > len(next.bloom) || next.stale > next.n+1000 {
		next.sow(words)
	} else if add {
		next.bloom = slices.Clone(next.bloom)
		w, bit := bloomBit(x, len(next.bloom))
		next.bloom[w] |= bit
	}
	return &next
}

// bloomWords is the size of a bloom filter for n grams.
func bloomWords(n int) int {
	words := 16
	for words < 4096 && words*64 < n*32 {
		words *= 2
	}
	return words
}

func (g *grams) sow(words int) {
	g.bloom, g.stale = make([]uint64, words), 0
	for s := range g.piles.all {
		w, bit := bloomBit(gramAt(s.item.text, 0, len(s.item.text)), words)
		g.bloom[w] |= bit
	}
}

// A signature is the set of pairs of letters that stand beside each other in a
// text. A text that a wildcard matches has all the pairs of the wildcard.
type signature [4]uint64

func (g *signature) add(s string) {
	for i := 0; i+1 < len(s); i++ {
		h := s[i]*37 + s[i+1]*101
		g[h>>6] |= 1 << (h & 63)
	}
}

func (g *signature) within(o *signature) bool {
	return g[0]&^o[0]|g[1]&^o[1]|g[2]&^o[2]|g[3]&^o[3] == 0
}

// newAlt decides where an alternative is filed, given what is there already.
func newAlt(c *cond, t test, r *rare) *alt {
	switch t := t.(type) {
	case prefix:
		return &alt{cond: c, drawer: inHeads, text: string(t)}
	case suffix:
		return &alt{cond: c, drawer: inTails, text: string(t)}
	case foldPrefix:
		text, rest := t.ascii()
		return lowAlt(c, t, inLowHeads, text, rest)
	case foldSuffix:
		text, rest := t.asciiEnd()
		return lowAlt(c, t, inLowTails, text, rest)
	case foldWhole:
		head, rest := t.ascii()
		tail, _ := t.asciiEnd()
		if len(tail) > len(head) {
			return lowAlt(c, t, inLowTails, tail, rest)
		}
		return lowAlt(c, t, inLowHeads, head, rest)
	case wildcard:
		return wildAlt(c, t, r)
	}
	return &alt{cond: c, test: t, drawer: inTexts}
}

func lowAlt(c *cond, t test, d drawer, text string, rest int) *alt {
	a := &alt{cond: c, drawer: d, text: text}
	if rest > 0 {
		a.test = t
	}
	if text == "" {
		a.drawer = inTexts
	}
	return a
}

// maxEnd is how much of a wildcard's beginning or end is looked at. More would
// only add lengths to try.
const maxEnd = 12

func wildAlt(c *cond, w wildcard, r *rare) *alt {
	a := &alt{cond: c, test: w, drawer: inTexts}
	if len(w) == 1 { // no star: found by all of it
		a.drawer, a.text = inHeads, quote(w[0])
		return a
	}
	best := 1 << 30
	try := func(d drawer, text string, letters, there int) {
		// Few letters are in many texts, however few alternatives have them.
		cost := (there + 1) * [5]int{4000, 64, 8, 2, 1}[min(letters, 4)]
		if d == inGrams {
			cost *= 2 // looked for at each place of a text
		}
		if cost < best {
			best, a.drawer, a.text = cost, d, text
		}
	}
	if head := w[0]; head != "" {
		text := `"` + head[:min(len(head), maxEnd)]
		try(inHeads, text, len(text)-1, len(r.heads.at(text)))
	}
	if tail := w[len(w)-1]; tail != "" {
		text := tail[max(0, len(tail)-maxEnd):] + `"`
		try(inTails, text, len(text)-1, len(r.tails.at(text)))
	}
	if best > 2 {
		for _, piece := range w {
			n := min(len(piece), maxGram)
			for i := 0; n > 0 && i+n <= len(piece); i++ {
				x := gramAt(piece, i, n)
				try(inGrams, piece[i:i+n], n, r.grams[n-1].filed(x))
			}
		}
	}
	a.text = strings.Clone(a.text)
	a.sig = &signature{}
	for _, piece := range w {
		a.sig.add(piece)
	}
	return a
}
