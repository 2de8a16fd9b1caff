package pattern

import (
	"math/bits"
	"slices"
)

// Deciding a candidate: its anchor is known to hold, now the rest is looked at,
// each condition at most once per event however many conjunctions share it.

// judge finds out how the event stands to a condition.
func (s *sheet) judge(c *cond) uint32 {
	if v := *s.verdicts.at(c.id); v&judged != 0 {
		return v
	}
	verdict := uint32(judged)
	values := s.kept[c.slot]
	switch {
	case len(values) == 0:
		if c.absent {
			verdict |= vacant
		}
	case len(s.elements) == 1 || !c.absent && len(values) == 1 && values[0].node == 0:
		for i := range values {
			if s.holds(c, &values[i]) {
				verdict |= passes
				break
			}
		}
	default:
		verdict |= s.judgePositions(c, values)
	}
	v := s.verdicts.at(c.id)
	*v |= verdict
	return *v
}

// judgePositions finds out in which array elements a condition holds.
func (s *sheet) judgePositions(c *cond, values []kept) uint32 {
	from := len(s.nodes)
	verdict := uint32(0)
	sorted := true
	for i := range values {
		n := values[i].node
		if c.absent && n > 0 {
			verdict |= positioned
		}
		k := len(s.nodes)
		if k > from && s.nodes[k-1] == n || !s.holds(c, &values[i]) {
			continue
		}
		sorted = sorted && (k == from || s.nodes[k-1] < n)
		s.nodes = append(s.nodes, n)
	}
	list := s.nodes[from:]
	if !sorted {
		slices.Sort(list)
		list = slices.Compact(list)
		s.nodes = s.nodes[:from+len(list)]
	}
	switch {
	case len(list) > 0:
		verdict |= passes
		if list[len(list)-1] > 0 {
			verdict |= positioned
		}
	case c.absent:
		verdict |= doubtful
	}
	s.spans = append(s.spans, span{int32(from), int32(len(s.nodes))})
	return verdict | uint32(len(s.spans))<<spanShift
}

// elementsOf returns the elements in which a judged condition holds, ascending.
func (s *sheet) elementsOf(v uint32) []int32 {
	if k := v >> spanShift; k > 0 {
		sp := s.spans[k-1]
		return s.nodes[sp.from:sp.to]
	}
	return nowhere
}

// decide says whether all conditions of a conjunction hold together. The
// anchor was hit, or is absent.
func (s *sheet) decide(a *anchored) (bool, error) {
	if len(a.rest.conds) == 0 && !a.rest.absent {
		return true, nil
	}
	fits, placed := true, false
	for _, x := range a.rest.conds {
		v := s.judge(x)
		if v&(passes|vacant|doubtful) == 0 {
			return false, nil
		}
		fits = fits && v&doubtful == 0
		placed = placed || v&positioned != 0
	}
	if len(s.elements) > 1 || a.rest.absent && a.conj.anchor.absent {
		v := s.judge(a.conj.anchor)
		if v&(passes|vacant|doubtful) == 0 {
			return false, nil
		}
		fits = fits && v&doubtful == 0
		placed = placed || v&positioned != 0
	}
	if !placed {
		return fits, nil
	}
	if !a.rest.absent {
		if together, ok := s.together(a.conj); ok {
			return together, nil
		}
	}
	return s.bySearch(a.conj)
}

// bySearch decides by the language's definition, which is about the values of
// all conditions in the order of their paths.
func (s *sheet) bySearch(c *conj) (bool, error) {
	s.ordered = append(append(s.ordered[:0], c.anchor), c.rest.conds...)
	slices.SortFunc(s.ordered, func(a, b *cond) int { return compareUnits(a.place.path, b.place.path) })
	for _, x := range s.ordered {
		s.judge(x) // what it notes has to stay
	}
	s.list = s.list[:0]
	mark := len(s.nodes)
	for _, x := range s.ordered {
		v := verdict{absent: x.absent}
		if known := s.judge(x); known&passes != 0 {
			v.passed = s.elementsOf(known)
		}
		if x.absent {
			from := len(s.nodes)
			for i := range s.kept[x.slot] {
				s.nodes = append(s.nodes, s.kept[x.slot][i].node)
			}
			v.all = ascending(s.nodes[from:])
		}
		s.list = append(s.list, v)
	}
	yes, err := s.consistent(s.list)
	clear(s.ordered)
	s.nodes = s.nodes[:mark]
	return yes, err
}

// masks is what together works with: for each condition a bit.
type masks struct {
	own      []uint64 // by element: the conditions that hold right there
	touched  []int32  // the elements that have any, or that lie around such
	families [][]uint64
	arrays   []int32 // by element: the last array below it that has a family, + 1
	next     []int32 // by array: the one before it, + 1
	product  [2][]uint64
}

// maxFamily is how many sets of conditions are kept for one array. More than a
// few take an event made for the purpose.
const maxFamily = 64

// together says whether one choice of array elements satisfies all conditions,
// none of which may be absent. It gives up on events made to be hard.
//
// It works from the innermost elements outwards. An element offers the
// conditions that hold right in it, together with a choice from each array in
// it; an array offers what one of its elements does. Only sets that are in no
// other one are kept, of which there are hardly ever more than one or two.
func (s *sheet) together(c *conj) (yes, ok bool) {
	m := &s.masks
	bit, full := uint64(1), uint64(0)
	m.touched = m.touched[:0]
	m.grow(len(s.elements), len(s.arrays))
	for i := -1; i < len(c.rest.conds); i++ {
		x := c.anchor
		if i >= 0 {
			x = c.rest.conds[i]
		}
		list := s.elementsOf(s.judge(x))
		if list[0] == 0 {
			continue // holds outside of all arrays, which suits every choice
		}
		if bit == around {
			m.clear(s)
			return false, false
		}
		s.note(list, bit)
		full |= bit
		bit <<= 1
	}
	if bits.OnesCount64(full) <= 1 {
		m.clear(s)
		return true, true
	}
	yes, ok = s.merge(full)
	m.clear(s)
	return yes, ok
}

// grow makes room for so many elements and arrays.
func (m *masks) grow(elements, arrays int) {
	if n := elements - len(m.own); n > 0 {
		m.own = append(m.own, make([]uint64, n)...)
		m.arrays = append(m.arrays, make([]int32, n)...)
	}
	if n := arrays - len(m.families); n > 0 {
		m.families = append(m.families, make([][]uint64, n)...)
		m.next = append(m.next, make([]int32, n)...)
	}
}

const around = 1 << 63 // marks elements that were touched

// note notes that a condition holds in some elements.
func (s *sheet) note(list []int32, bit uint64) {
	m := &s.masks
	for _, n := range list {
		for e := n; e != 0; e = s.elements[e].parent {
			if m.own[e] != 0 {
				break
			}
			m.own[e] = around
			m.touched = append(m.touched, e)
		}
		m.own[n] |= bit
	}
}

// clear leaves everything as it was found.
func (m *masks) clear(s *sheet) {
	for _, e := range m.touched {
		a := s.elements[e].array
		m.own[e] = 0
		m.families[a] = m.families[a][:0]
		m.arrays[e], m.arrays[s.elements[e].parent] = 0, 0
	}
}

// merge works from the innermost elements outwards.
func (s *sheet) merge(full uint64) (yes, ok bool) {
	m := &s.masks
	slices.Sort(m.touched)
	for i := len(m.touched) - 1; i >= 0; i-- {
		e := m.touched[i]
		offers, ok := m.offers(e)
		if !ok {
			return false, false
		}
		a := s.elements[e].array
		family := m.families[a]
		if len(family) == 0 {
			p := s.elements[e].parent
			m.next[a], m.arrays[p] = m.arrays[p], a+1
		}
		for _, x := range offers {
			if x == full {
				return true, true
			}
			family = maximal(family, x)
		}
		m.families[a] = family
		if len(family) > maxFamily {
			return false, false
		}
	}
	offers, ok := m.offers(0)
	return slices.Contains(offers, full), ok
}

// offers returns the sets of conditions that an element can satisfy.
func (m *masks) offers(e int32) ([]uint64, bool) {
	now, then := &m.product[0], &m.product[1]
	*now = append((*now)[:0], m.own[e]&^around)
	for a := m.arrays[e]; a != 0; a = m.next[a-1] {
		*then = (*then)[:0]
		for _, x := range *now {
			for _, y := range m.families[a-1] {
				*then = maximal(*then, x|y)
			}
		}
		if len(*then) > maxFamily {
			return nil, false
		}
		now, then = then, now
	}
	return *now, true
}

// maximal adds a set to a family unless it is within another, and removes
// those that are within it.
func maximal(family []uint64, x uint64) []uint64 {
	for _, y := range family {
		if x&^y == 0 {
			return family
		}
	}
	kept := family[:0]
	for _, y := range family {
		if y&^x != 0 {
			kept = append(kept, y)
		}
	}
	return append(kept, x)
}
