package pattern

import "slices"

// affixes are alternatives filed under the beginning or the end of a text. A
// lookup tries each length that occurs, of which there are few in practice.
type affixes struct {
	lengths []length // ascending
	piles   *table[slot[pile]]
	n       int
	few     []affix // all of them, as long as n is at most fewAffixes
}

// An affix is an alternative with the first word of its text, so that most
// comparisons look at nothing else.
type affix struct {
	word, mask uint64
	text       string
	alt        *alt
}

const fewAffixes = 8

func newAffix(a *alt) affix {
	mask := ^uint64(0)
	if n := len(a.text); n < 8 {
		mask = 1<<(8*n) - 1
	}
	return affix{firstWord(a.text), mask, a.text, a}
}

// firstWord returns the first eight bytes of a text, zeros behind its end.
func firstWord(s string) uint64 {
	if len(s) >= 8 {
		return load64(s, 0)
	}
	return wordOf(s)
}

// A length is how many alternatives have a text of that length.
type length struct{ n, uses int }

// A pile is the alternatives that are filed under one text.
type pile struct {
	text string
	alts []*alt
	next *pile // another text with the same hash
	// sigs are the signatures of alts, beside each other, so that those which
	// cannot hold are passed over without a look at them. It is nil if one has
	// none.
	sigs []signature
}

func newPile(text string, alts []*alt, next *pile) *pile {
	p := &pile{text: text, alts: alts, next: next}
	for _, a := range alts {
		if a.sig == nil {
			p.sigs = nil
			break
		}
		p.sigs = append(p.sigs, *a.sig)
	}
	return p
}

func (a *affixes) none() bool { return len(a.lengths) == 0 }

// at returns the alternatives under a text.
func (a *affixes) at(text string) []*alt {
	for p := get(a.piles, hashText(text)); p != nil; p = p.next {
		if p.text == text {
			return p.alts
		}
	}
	return nil
}

// edit returns affixes with an alternative more or less.
func (a affixes) edit(x *alt, add bool) affixes {
	next := affixes{lengths: editLengths(a.lengths, len(x.text), add), piles: editPile(a.piles, hashText(x.text), x.text, x, add)}
	if next.n = a.n - 1; add {
		next.n = a.n + 1
	}
	if next.n <= fewAffixes {
		next.few = next.list()
	}
	return next
}

// list returns all alternatives.
func (a *affixes) list() []affix {
	var list []affix
	for s := range a.piles.all {
		for p := s.item; p != nil; p = p.next {
			for _, x := range p.alts {
				list = append(list, newAffix(x))
			}
		}
	}
	return list
}

func editLengths(lengths []length, n int, add bool) []length {
	lengths = slices.Clone(lengths)
	i, found := slices.BinarySearchFunc(lengths, n, func(l length, n int) int { return l.n - n })
	switch {
	case add && found:
		lengths[i].uses++
	case add:
		lengths = slices.Insert(lengths, i, length{n, 1})
	case found:
		if lengths[i].uses--; lengths[i].uses == 0 {
			lengths = slices.Delete(lengths, i, i+1)
		}
	}
	return lengths
}

func editPile(t *table[slot[pile]], hash uint64, text string, a *alt, add bool) *table[slot[pile]] {
	var chain *pile
	var alts []*alt
	for p := get(t, hash); p != nil; p = p.next {
		if p.text == text {
			alts = p.alts
		} else {
			chain = &pile{p.text, p.alts, chain, p.sigs}
		}
	}
	if alts = edit(alts, a, add); len(alts) > 0 {
		chain = newPile(text, alts, chain)
	}
	return put(t, hash, chain)
}

// networks are address ranges, by family and number of bits.
type networks struct {
	v4, v6 []length
	piles  *table[slot[pile]]
}

func (n *networks) none() bool { return len(n.v4) == 0 && len(n.v6) == 0 }

func (n networks) edit(t network, c *cond, add bool) networks {
	if t.v6 {
		n.v6 = editLengths(n.v6, t.bits, add)
	} else {
		n.v4 = editLengths(n.v4, t.bits, add)
	}
	k := networkKey(t.address, t.bits)
	text := string(k[:])
	hash := hashText(text)
	var alts []*alt
	for p := get(n.piles, hash); p != nil; p = p.next {
		if p.text == text {
			alts = p.alts
		}
	}
	// The alternative that is taken out is one of the same condition's.
	a := &alt{cond: c}
	if i := slices.IndexFunc(alts, func(x *alt) bool { return x.cond == c }); !add && i >= 0 {
		a = alts[i]
	}
	n.piles = editPile(n.piles, hash, text, a, add)
	return n
}

// networkKey names the network of so many bits that an address lies in.
func networkKey(a address, bits int) (k [18]byte) {
	k[16] = byte(bits)
	if a.v6 {
		k[17] = 1
	}
	copy(k[:bits/8], a.bytes[:])
	if rest := bits % 8; rest > 0 {
		k[bits/8] = a.bytes[bits/8] &^ (0xFF >> rest)
	}
	return k
}
