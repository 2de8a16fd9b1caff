package pattern

import "slices"

// affixes are alternatives filed under the beginning or the end of a text. A
// lookup tries each length that occurs, of which there are few in practice.
type affixes struct {
	lengths []length // ascending
	piles
	few []affix // all of them, as long as there are at most fewAffixes
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

func (a *affixes) none() bool { return len(a.lengths) == 0 }

// edit returns affixes with an alternative more or less.
func (a affixes) edit(x *alt, add bool) affixes {
	next := affixes{lengths: editLengths(a.lengths, len(x.text), add), piles: a.piles.edit(x.text, x, add)}
	if next.n <= fewAffixes {
		next.few = next.list()
	}
	return next
}

// list returns all alternatives.
func (a *affixes) list() []affix {
	var list []affix
	for t := range a.table.all {
		for _, x := range t.pile.alts() {
			list = append(list, newAffix(x))
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

// networks are address ranges, by family and number of bits.
type networks struct {
	v4, v6 []length
	piles
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
	alts := n.find(text).alts()
	// The alternative that is taken out is one of the same condition's.
	a := &alt{cond: c}
	if i := slices.IndexFunc(alts, func(x *alt) bool { return x.cond == c }); !add && i >= 0 {
		a = alts[i]
	}
	n.piles = n.piles.edit(text, a, add)
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
