package event

import "unicode/utf8"

// plain holds the bytes that stand for themselves in a JSON string.
var plain = func() (t [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// minify removes the white space around the tokens of a JSON object, in place,
// and returns how many bytes are left. It reports false when b is not exactly
// one valid JSON object within the limits; b is then in disarray.
//
// It also says whether keys are unique, in the sense of [Event.UniqueKeys].
func minify(b []byte) (n int, unique, ok bool) {
	s := scanner{buf: b, squeeze: true, unique: true}
	s.space()
	if s.peek() != '{' || !s.value(1) {
		return 0, false, false
	}
	s.space()
	if s.r != len(b) {
		return 0, false, false
	}
	s.keep()
	return s.w, s.unique, true
}

// A scanner checks JSON in one pass. Its methods report false when what they
// stand on is not what they are named after; r is then where it went wrong.
type scanner struct {
	buf []byte
	r   int // the next byte to read
	// With squeeze, white space is removed in place: what has been kept is
	// buf[:w], followed by buf[run:r], which moves when the next gap is met.
	// Text without white space is thus never moved.
	squeeze bool
	w, run  int

	unique bool // no key of an object came twice so far
	keys   keys
}

// peek returns the next byte, and 0, which is no part of JSON, at the end.
func (s *scanner) peek() byte {
	if s.r < len(s.buf) {
		return s.buf[s.r]
	}
	return 0
}

// accept steps over c.
func (s *scanner) accept(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.r++
	return true
}

// space steps over white space.
func (s *scanner) space() {
	if s.r < len(s.buf) && s.buf[s.r] <= ' ' {
		s.gap()
	}
}

func (s *scanner) gap() {
	if s.squeeze {
		s.keep()
	}
	for s.r < len(s.buf) {
		switch s.buf[s.r] {
		case ' ', '\t', '\n', '\r':
			s.r++
			continue
		}
		break
	}
	s.run = s.r
}

// keep moves what was read since the last gap next to what is kept already.
func (s *scanner) keep() {
	if s.w == s.run {
		s.w = s.r
	} else {
		s.w += copy(s.buf[s.w:], s.buf[s.run:s.r])
	}
	s.run = s.r
}

// value steps over any value; an object or array is at depth.
func (s *scanner) value(depth int) bool {
	switch c := s.peek(); c {
	case '"':
		return s.str()
	case '{':
		return depth <= MaxDepth && s.object(depth)
	case '[':
		return depth <= MaxDepth && s.array(depth)
	case 't':
		return s.word("true")
	case 'f':
		return s.word("false")
	case 'n':
		return s.word("null")
	default:
		return s.number()
	}
}

func (s *scanner) object(depth int) bool {
	s.r++
	s.space()
	if s.accept('}') {
		return true
	}
	first, seen := s.keys.n, uint64(0)
	for {
		from := s.r
		if !s.str() {
			return false
		}
		if s.unique {
			s.unique = s.keys.add(first, &seen, s.buf[from+1:s.r-1])
		}
		s.space()
		if !s.accept(':') {
			return false
		}
		s.space()
		if !s.value(depth + 1) {
			return false
		}
		s.space()
		if !s.accept(',') {
			s.keys.n = first
			return s.accept('}')
		}
		s.space()
	}
}

func (s *scanner) array(depth int) bool {
	s.r++
	s.space()
	if s.accept(']') {
		return true
	}
	for {
		if !s.value(depth + 1) {
			return false
		}
		s.space()
		if !s.accept(',') {
			return s.accept(']')
		}
		s.space()
	}
}

func (s *scanner) str() bool {
	if !s.accept('"') {
		return false
	}
	for s.r < len(s.buf) {
		c := s.buf[s.r]
		switch {
		case plain[c]:
			s.r++
		case c == '"':
			s.r++
			return true
		case c == '\\':
			if !s.escape() {
				return false
			}
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRune(s.buf[s.r:])
			if r == utf8.RuneError && n == 1 {
				return false
			}
			s.r += n
		default:
			return false // a control character
		}
	}
	return false
}

func (s *scanner) escape() bool {
	s.r++
	switch s.peek() {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.r++
		return true
	case 'u':
		s.r++
		for range 4 {
			switch c := s.peek() | 0x20; {
			case '0' <= c && c <= '9' && s.peek() == c, 'a' <= c && c <= 'f':
				s.r++
			default:
				return false
			}
		}
		return true
	}
	return false
}

func (s *scanner) word(w string) bool {
	if len(s.buf)-s.r < len(w) || string(s.buf[s.r:s.r+len(w)]) != w {
		return false
	}
	s.r += len(w)
	return true
}

func (s *scanner) number() bool {
	from := s.r
	s.accept('-')
	if !s.accept('0') && !s.digits() {
		return false
	}
	if s.accept('.') && !s.digits() {
		return false
	}
	if s.accept('e') || s.accept('E') {
		if !s.accept('+') {
			s.accept('-')
		}
		if !s.digits() {
			return false
		}
	}
	return s.r-from <= maxNumber
}

func (s *scanner) digits() bool {
	from := s.r
	for s.r < len(s.buf) && '0' <= s.buf[s.r] && s.buf[s.r] <= '9' {
		s.r++
	}
	return s.r > from
}
