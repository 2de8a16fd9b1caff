package pattern

import "strings"

// A wildcard is filed under the part of it that is rarest among those filed
// before: its beginning, its end, or a few letters of a piece between stars.
// Whoever finds it by that part checks the whole of it.

const maxGram = 4

// gramAt returns the [ends] of the n bytes of s from i on.
func gramAt(s string, i, n int) uint64 {
	if n == maxGram {
		x := uint64(load32(s, i))
		return x | x<<32
	}
	a, _ := ends(s[i : i+n])
	return a
}

// A signature is the set of letters in a text, and of pairs of them that stand
// beside each other. A text that a wildcard matches has all that the wildcard
// has.
type signature struct {
	pairs   [4]uint64
	letters uint64
}

func (g *signature) add(s string) {
	for i := range len(s) {
		g.letters |= 1 << (s[i] & 63)
		if i > 0 {
			h := s[i-1]*37 + s[i]*101
			g.pairs[h>>6] |= 1 << (h & 63)
		}
	}
}

func (g *signature) within(o *signature) bool {
	return g.letters&^o.letters|g.pairs[0]&^o.pairs[0]|g.pairs[1]&^o.pairs[1]|g.pairs[2]&^o.pairs[2]|g.pairs[3]&^o.pairs[3] == 0
}

// grams hands over the letters by which a wildcard may be filed: of each piece
// all runs of maxGram, or the whole of a shorter one.
func (w wildcard) grams(yield func(string) bool) {
	for _, piece := range w {
		n := min(len(piece), maxGram)
		for i := 0; n > 0 && i+n <= len(piece); i++ {
			if !yield(piece[i : i+n]) {
				return
			}
		}
	}
}

// count notes that a wildcard has its letters, or has gone.
func (p *place) count(w wildcard, by int) {
	if p.popular == nil {
		p.popular = map[string]int{}
	}
	for x := range w.grams {
		if p.popular[x] += by; p.popular[x] == 0 {
			delete(p.popular, x)
		} else if p.popular[x] == by {
			// The key must not keep the pattern's text.
			delete(p.popular, x)
			p.popular[strings.Clone(x)] = by
		}
	}
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
			cost *= 4 // looked for at each place of a text
		}
		if cost < best {
			best, a.drawer, a.text = cost, d, text
		}
	}
	if head := w[0]; head != "" {
		text := `"` + head[:min(len(head), maxEnd)]
		try(inHeads, text, len(text)-1, r.heads.find(text).len())
	}
	if tail := w[len(w)-1]; tail != "" {
		text := tail[max(0, len(tail)-maxEnd):] + `"`
		try(inTails, text, len(text)-1, r.tails.find(text).len())
	}
	for _, piece := range w {
		// How many wildcards have some letters tells how common they are. Of
		// those in a piece that are alike the first are taken, so that wildcards
		// with a word in common are found by the same letters of it: others would
		// be more to look up.
		rarest, least := "", 1<<30
		for x := range (wildcard{piece}).grams {
			if n := c.place.popular[x]; n < least {
				rarest, least = x, n
			}
		}
		if n := len(rarest); n > 0 {
			try(inGrams, rarest, n, r.grams[n-1].find(rarest).len()+least/16)
		}
	}
	a.text = strings.Clone(a.text)
	a.sig = &signature{}
	for _, piece := range w {
		a.sig.add(piece)
	}
	return a
}
