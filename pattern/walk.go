package pattern

import "math/bits"

// The walk over an event that is known to be valid JSON: one pass, in which
// the values of the paths that rules ask about are looked up as they are met,
// and everything else is stepped over without a look inside.

// maxWalk only keeps the walk from recursing without end should the text not be
// what it was said to be. Whoever checked it has refused less.
const maxWalk = 2 * maxDepth

// object walks through the object at i, whose path so far led to n, inside an
// array element, and returns the place behind it.
//
// Where keys are known to be unique, the rest of an object is of no interest
// once all nodes below n were met; if the object is also the last place of
// interest, the walk is over.
func (s *sheet) object(n *node, i int, in int32, depth int, last bool) int {
	b := s.bytes
	left := n.kids
	if depth > maxWalk {
		return len(b)
	}
	i++
	for {
		if i < len(b) && b[i] == ',' {
			i++
		}
		if i < len(b) && b[i] != '"' {
			for i < len(b) && (b[i] <= ' ' || b[i] == ',') {
				i++
			}
		}
		if i >= len(b) || b[i] != '"' {
			return min(i+1, len(b)) // the end of the object
		}
		i++
		start := i
		child, end := s.key(n, i)
		if end >= len(b) {
			return len(b)
		}
		empty := end == start && depth > 1
		i = end + 1
		for i < len(b) && (b[i] <= ' ' || b[i] == ':') {
			i++
		}
		if child == nil {
			if i < len(b) && b[i] == '"' {
				i = skipString(b, i+1)
			} else {
				i = skipValue(b, i)
			}
			continue
		}
		left--
		i = s.value(child, i, in, depth, empty, last && left == 0)
		if left == 0 && s.unique {
			if last {
				s.over = true
			}
			if s.over {
				return i
			}
			return skipRest(b, i)
		}
	}
}

// key reads a key and returns the node that it leads to, and the place of its
// closing quote.
func (s *sheet) key(n *node, i int) (*node, int) {
	b := s.bytes
	if i+8 > len(b) {
		return s.escapedKey(n, i)
	}
	// Most keys are short, and their closing quote is in the first word.
	w := load(b, i)
	if m := zeros(w^'"'*ones) | zeros(w^'\\'*ones); m != 0 {
		k := bits.TrailingZeros64(m) >> 3
		if b[i+k] != '"' {
			return s.escapedKey(n, i)
		}
		w &= 1<<(8*k) - 1
		for x := range n.few {
			if kid := &n.few[x]; kid.word == w && kid.n == k {
				return kid.node, i + k
			}
		}
		if n.many == nil && s.unique {
			return nil, i + k
		}
		return s.child(n, w, b[i:i+k]), i + k
	}
	end := stringEnd(b, i+8)
	if end >= len(b) || b[end] != '"' {
		return s.escapedKey(n, i)
	}
	return s.child(n, w, b[i:end]), end
}

// escapedKey is key for those with escapes, and for those at the very end of
// the text.
func (s *sheet) escapedKey(n *node, i int) (*node, int) {
	end := skipString(s.bytes, i) - 1
	if end < i {
		return nil, len(s.bytes)
	}
	name := s.decoded[s.unescape(view(s.bytes[i-1:end+1])):]
	return n.step(view(name[1 : len(name)-1])), end
}

func (s *sheet) child(n *node, word uint64, name []byte) *node {
	if c := n.child(word, view(name)); c != nil || s.unique {
		return c
	}
	for _, c := range name {
		if c == '.' {
			return n.step(view(name))
		}
	}
	return nil
}

// value walks through the value at i, which lies at n. Scalars under an empty
// key count for nothing, see [event.value].
func (s *sheet) value(n *node, i int, in int32, depth int, empty, last bool) int {
	b := s.bytes
	if i >= len(b) {
		return len(b)
	}
	switch b[i] {
	case '"':
		end := stringEnd(b, i+1)
		if end >= len(b) || b[end] != '"' {
			end = skipString(b, end)
			if n.field != nil && !empty && end-i > 1 {
				from := s.unescape(view(b[i:end]))
				s.scalar(n.field, from, len(s.decoded), true, in)
			}
			return end
		}
		if n.field != nil && !empty {
			s.scalar(n.field, i, end+1, false, in)
		}
		return end + 1
	case '{':
		if n.kids > 0 {
			return s.object(n, i, in, depth+1, last)
		}
		return skipRest(b, i+1)
	case '[':
		return s.array(n, i, in, depth+1, empty)
	}
	if n.field == nil || empty {
		return skipScalar(b, i)
	}
	if c := b[i]; c == '-' || c-'0' <= 9 {
		return s.number(n.field, i, in)
	}
	end := skipScalar(b, i)
	if end > i {
		s.scalar(n.field, i, end, false, in)
	}
	return end
}

// array walks through the array at i. It adds nothing to the path.
func (s *sheet) array(n *node, i int, in int32, depth int, empty bool) int {
	b := s.bytes
	if depth > maxWalk {
		return len(b)
	}
	id := int32(-1)
	i++
	for {
		for i < len(b) && (b[i] <= ' ' || b[i] == ',') {
			i++
		}
		if i >= len(b) {
			s.endArray(id)
			return len(b)
		}
		if c := b[i]; (c == '-' || c-'0' <= 9) && n.field != nil && !empty {
			i = s.number(n.field, i, in)
			continue
		}
		switch b[i] {
		case ']', '}':
			s.endArray(id)
			return i + 1
		case '{', '[':
			if b[i] == '{' && n.kids == 0 {
				i = skipRest(b, i+1)
				continue
			}
			if id < 0 {
				id = int32(len(s.arrays))
				s.arrays = append(s.arrays, 0)
			}
			e := int32(len(s.elements))
			s.elements = append(s.elements, element{parent: in, array: id})
			i = s.value(n, i, e, depth, empty, false)
			s.elements[e].end = int32(len(s.elements))
		default:
			was := i
			i = s.value(n, i, in, depth, empty, false)
			if i == was { // not JSON after all
				s.endArray(id)
				return len(b)
			}
		}
	}
}

// endArray notes which elements were in an array, if it has a number.
func (s *sheet) endArray(id int32) {
	if id >= 0 {
		s.arrays[id] = int32(len(s.elements))
	}
}

// unescape appends a string, quotes included, to the decoded texts, and returns
// where it begins.
func (s *sheet) unescape(text string) int {
	from := len(s.decoded)
	for i := 0; i < len(text); {
		if text[i] != '\\' || i+1 >= len(text) {
			s.decoded = append(s.decoded, text[i])
			i++
			continue
		}
		if c, ok := simpleEscape(text[i+1]); ok {
			s.decoded = append(s.decoded, c)
			i += 2
			continue
		}
		u := rune(0)
		for k := i + 2; k < min(i+6, len(text)); k++ {
			h, _ := hexDigit(text[k])
			u = u<<4 | rune(h)
		}
		s.decoded = appendUnit(s.decoded, u)
		i += 6
	}
	return from
}
