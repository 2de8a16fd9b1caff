package pattern

import (
	"math"
	"math/bits"
	"slices"
)

// Most numbers of events are far from every number that a rule mentions. So
// they are read roughly at first, within a bound on the error, and exactly
// only where that could make a difference.

// A pointHit is the conditions that hold of a number. The key of their table
// leaves out the last bits, so that a rough number finds its neighbours.
type pointHit struct {
	value float64
	next  *pointHit
	list
}

const pointShift = 10

func pointKey(x float64) uint64 { return mix(math.Float64bits(x) >> pointShift) }

// unsigned returns x, or 0 for -0.
func unsigned(x float64) float64 {
	if x == 0 {
		return 0
	}
	return x
}

// points are conditions filed under single numbers.
type points struct {
	table     *table[slot[pointHit]]
	low, high float64 // all of them lie between these
}

func (p *points) none() bool { return p.table == nil }

// at returns what is filed under a number, or nil.
func (p *points) at(x float64) *pointHit {
	if p.table == nil || x < p.low || x > p.high {
		return nil
	}
	for h := get(p.table, pointKey(x)); h != nil; h = h.next {
		if h.value == x {
			return h
		}
	}
	return nil
}

// near says whether one of the numbers may lie between two that are equal but
// for a rounding error, or infinite.
func (p *points) near(low, high float64) bool {
	if p.table == nil || high < p.low || low > p.high {
		return false
	}
	return math.IsInf(high, 0) || get(p.table, pointKey(low)) != nil || get(p.table, pointKey(high)) != nil
}

func (p points) edit(x float64, c *cond, add bool) points {
	x = unsigned(x)
	hash := pointKey(x)
	var chain *pointHit
	var ids []uint32
	for h := get(p.table, hash); h != nil; h = h.next {
		if h.value == x {
			ids = h.all()
		} else {
			chain = &pointHit{h.value, chain, h.list}
		}
	}
	if ids = edit(ids, c.id, add); len(ids) > 0 {
		chain = &pointHit{x, chain, newList(ids)}
	}
	next := points{put(p.table, hash, chain), min(p.low, x), max(p.high, x)}
	if p.table == nil {
		next.low, next.high = x, x
	}
	return next
}

var powers = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// rough reads a number that is valid JSON. The number lies between low and
// high; if they are equal, it is exactly that and comparable, see byValue.
func rough(s string) (low, high float64) {
	i, negative := 0, false
	if s[0] == '-' {
		i, negative = 1, true
	}
	var m uint64
	digits, exponent, point := 0, 0, false
	for ; i < len(s); i++ {
		c := s[i]
		if c == '.' {
			point = true
			if i+9 <= len(s) && digits <= 11 && m > 0 && allDigits(load64(s, i+1)) {
				m = m*1e8 + eightDigits(load64(s, i+1))
				digits, exponent, i = digits+8, -8, i+8
			}
			continue
		}
		if c-'0' > 9 {
			break
		}
		if digits < 19 {
			if m = m*10 + uint64(c-'0'); m > 0 {
				digits++
			}
			if point {
				exponent--
			}
			continue
		}
		digits++
		if !point {
			exponent++
		}
	}
	if i < len(s) {
		e, ok := exponentOf(s[i+1:])
		if !ok {
			return math.Inf(-1), math.Inf(1)
		}
		exponent += e
	}
	if m == 0 {
		return 0, 0
	}
	if exponent < -22 || exponent > 22 {
		return math.Inf(-1), math.Inf(1)
	}
	f := float64(m)
	if exponent < 0 {
		f /= powers[-exponent]
	} else {
		f *= powers[exponent]
	}
	if negative {
		f = -f
	}
	if digits <= 15 {
		return f, f
	}
	// Four roundings at most, of 2^-53 each.
	slack := math.Abs(f) * 0x1p-50
	return f - slack, f + slack
}

// readNumber is rough for the number at i of a text. It also returns the place
// behind it.
//
// Numbers as programs write them, some digits, a point and up to 15 digits, are
// read in three loads.
func readNumber(b []byte, i int) (low, high float64, end int) {
	from, negative := i, b[i] == '-'
	if negative {
		i++
	}
	if i+8 > len(b) {
		return slowNumber(b, from)
	}
	if c := b[i] - '0'; c <= 9 && !scalarByte[b[i+1]] {
		if f := float64(c); !negative || c == 0 {
			return f, f, i + 1
		} else {
			return -f, -f, i + 1
		}
	}
	w := load(b, i)
	n := digitCount(w)
	if n == 0 || n == 8 || i+n+17 > len(b) {
		return slowNumber(b, from)
	}
	m := digitsOf(w, n)
	i += n
	digits := n
	if b[i] == '.' {
		i++
		w = load(b, i)
		k := digitCount(w)
		switch {
		case k == 0:
			return slowNumber(b, from)
		case k < 8:
			m = m*tens[k&7] + digitsOf(w, k)
		default:
			m = m*1e8 + eightDigits(w)
			w = load(b, i+8)
			if more := digitCount(w); more > 0 {
				if k += more; more == 8 || n+k > 19 {
					return slowNumber(b, from)
				}
				m = m*tens[more&7] + digitsOf(w, more)
			}
		}
		digits += k
		i += k
	}
	if b[i]|0x20 == 'e' {
		return slowNumber(b, from)
	}
	if m == 0 {
		return 0, 0, i // -0 has no sign of its own
	}
	f := float64(m)
	if digits <= 15 {
		if f /= powers[digits-n]; negative {
			f = -f
		}
		return f, f, i
	}
	// Three roundings, of 2^-53 each. Multiplying is faster than dividing.
	f *= inverses[(digits-n)&15]
	slack := f * 0x1p-50
	if negative {
		return -f - slack, slack - f, i
	}
	return f - slack, f + slack, i
}

var inverses = [16]float64{1, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12, 1e-13, 1e-14, 1e-15}

func slowNumber(b []byte, i int) (low, high float64, end int) {
	end = skipScalar(b, i)
	low, high = rough(view(b[i:end]))
	return low, high, end
}

var tens = [8]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7}

// digitCount returns how many of eight bytes are digits before the first one
// that is none.
func digitCount(w uint64) int {
	t := w ^ '0'*ones // 0 to 9 where there is a digit
	return bits.TrailingZeros64((t+0x76*ones|t)&highs) >> 3
}

// digitsOf returns the number that the first n of eight bytes spell, 1 to 7.
func digitsOf(w uint64, n int) uint64 {
	return eightDigits(w<<((64-8*n)&63) | '0'*ones>>(8*n&63))
}

// allDigits says whether eight bytes are digits.
func allDigits(w uint64) bool {
	return (w&0xF0F0F0F0F0F0F0F0)|((w+0x0606060606060606)&0xF0F0F0F0F0F0F0F0)>>4 == 0x3333333333333333
}

// eightDigits returns the number that eight digits spell, the first one in the
// lowest byte. Neighbours are put together, then pairs, then fours.
func eightDigits(w uint64) uint64 {
	w -= '0' * ones
	w = w*10 + w>>8
	return ((w&0x000000FF000000FF)*(100+1000000<<32) + (w>>16&0x000000FF000000FF)*(1+10000<<32)) >> 32
}

func exponentOf(s string) (int, bool) {
	if s == "" {
		return 0, false // not JSON after all
	}
	negative := false
	if s[0] == '-' || s[0] == '+' {
		negative, s = s[0] == '-', s[1:]
	}
	if len(s) > 4 {
		return 0, false
	}
	n := 0
	for i := range len(s) {
		n = n*10 + int(s[i]-'0')
	}
	if negative {
		n = -n
	}
	return n, true
}

// ranges is a tree of numeric ranges, sorted by their lower ends. Each node
// knows the highest upper end below it. It is a treap: a search tree whose
// nodes have random ranks, none above its parent's. Trees never change.
type ranges struct {
	low, high   float64 // infinite if open
	top         float64 // the highest high in this tree
	rank        uint64
	entries     []rangeHit // those from low to high
	left, right *ranges
}

type rangeHit struct {
	numeric
	cond *cond
}

// edit returns the tree with a condition under a range more or less.
func (t *ranges) edit(n numeric, c *cond, add bool) *ranges {
	low, high := n.ends()
	low, high = unsigned(low), unsigned(high)
	return t.put(low, high, rangeHit{n, c}, add)
}

func (t *ranges) put(low, high float64, h rangeHit, add bool) *ranges {
	if t == nil {
		if !add {
			return nil
		}
		rank := key{}.number(math.Float64bits(low)).number(math.Float64bits(high))[0]
		return &ranges{low: low, high: high, top: high, rank: rank, entries: []rangeHit{h}}
	}
	n := *t
	switch {
	case low < t.low || low == t.low && high < t.high:
		n.left = t.left.put(low, high, h, add)
		if n.left != nil && n.left.rank > n.rank {
			l := *n.left
			n.left = l.right
			n.settle()
			l.right = &n
			return l.settle()
		}
	case low > t.low || high > t.high:
		n.right = t.right.put(low, high, h, add)
		if n.right != nil && n.right.rank > n.rank {
			r := *n.right
			n.right = r.left
			n.settle()
			r.left = &n
			return r.settle()
		}
	default:
		if n.entries = edit(slices.Clip(t.entries), h, add); len(n.entries) == 0 {
			return joinRanges(t.left, t.right)
		}
	}
	return n.settle()
}

// settle works out what a new node knows about those below.
func (t *ranges) settle() *ranges {
	t.top = t.high
	if t.left != nil {
		t.top = max(t.top, t.left.top)
	}
	if t.right != nil {
		t.top = max(t.top, t.right.top)
	}
	return t
}

// joinRanges joins two trees, the first of which lies before the second.
func joinRanges(a, b *ranges) *ranges {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	case a.rank > b.rank:
		n := *a
		n.right = joinRanges(a.right, b)
		return n.settle()
	default:
		n := *b
		n.left = joinRanges(a, b.left)
		return n.settle()
	}
}

// least returns the lowest end, infinite if one is open.
func (t *ranges) least() float64 {
	for t.left != nil {
		t = t.left
	}
	return t.low
}

// near says whether a range of a condition that was not found yet reaches into
// that from low to high.
func (t *ranges) near(s *sheet, low, high float64) bool {
	for t != nil && t.top >= low {
		if t.low <= high && t.high >= low {
			for i := range t.entries {
				if *s.verdicts.at(t.entries[i].cond.id)&queued == 0 {
					return true
				}
			}
		}
		if t.left.near(s, low, high) {
			return true
		}
		if t.low > high {
			return false
		}
		t = t.right
	}
	return false
}

// find reports the conditions of the ranges that x lies in.
func (t *ranges) find(s *sheet, x float64) {
	for t != nil && t.top >= x {
		if t.left != nil {
			t.left.find(s, x)
		}
		if t.low > x {
			return
		}
		if t.high >= x {
			for i := range t.entries {
				if h := &t.entries[i]; h.contains(x) {
					s.hit(h.cond.id)
				}
			}
		}
		t = t.right
	}
}
