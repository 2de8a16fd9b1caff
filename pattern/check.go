package pattern

import (
	"bytes"
	"math"
	"math/bits"
	"slices"
	"unicode/utf8"
)

// Facts are what is known about an event before it is matched. They hold of
// the text as it is, so they may be kept with it.
type Facts uint8

const (
	// Valid says that the text begins with a JSON object in UTF-8, as far as
	// [Check] would find.
	Valid Facts = 1 << iota
	// UniqueKeys says that no object has the same key twice, and that no key has
	// an escape or a dot in it. Then a match may stop where everything that the
	// patterns ask about was seen.
	UniqueKeys
)

// maxEvent is how long an event may be, in bytes.
const maxEvent = math.MaxInt32

// Check reads an event and returns what [Set.MatchKnown] may be told about it.
// A text that is not a JSON object in UTF-8 gives an *[EventError], and so does
// one of 2 GiB or more.
func Check(event []byte) (Facts, error) {
	c := checker{b: event, unique: true}
	if len(event) > maxEvent {
		return 0, tooLong
	}
	i := skipSpace(event, 0)
	if c.at(i) != '{' {
		c.fail(i, "a JSON object was expected")
	} else {
		c.object(i, 1)
	}
	switch {
	case c.err != nil:
		return 0, c.err
	case c.unique:
		return Valid | UniqueKeys, nil
	}
	return Valid, nil
}

var tooLong = &EventError{Reason: "an event of 2 GiB or more is too long", Offset: maxEvent}

// A checker reads JSON and keeps nothing of it but the keys of objects that are
// open. Its methods are told where something begins and return the place behind
// it, or failed. Handing the place on is faster than keeping it: each step would
// have to wait until the one before has written it.
type checker struct {
	b      []byte
	err    error
	unique bool
	keys   [maxKeys]uint32 // of the objects around the place
	n      int
}

const failed = -1

func (c *checker) fail(at int, reason string) int {
	c.err = &EventError{Reason: reason, Offset: at}
	return failed
}

// at returns the byte at a place, 0 behind the end.
func (c *checker) at(i int) byte {
	if i < len(c.b) {
		return c.b[i]
	}
	return 0
}

// space returns the place of what follows white space, and what it is.
func (c *checker) space(i int) (int, byte) {
	x := c.at(i)
	if x <= ' ' {
		i = skipSpace(c.b, i)
		x = c.at(i)
	}
	return i, x
}

func (c *checker) object(i, depth int) int {
	if depth > maxDepth {
		return c.fail(i, "objects and arrays may nest at most 1000 deep")
	}
	i, x := c.space(i + 1)
	if x == '}' {
		return i + 1
	}
	keys := keySet{from: c.n}
	for {
		if x != '"' {
			return c.fail(i, "a string was expected")
		}
		from := i + 1
		var plain bool
		if i, plain = c.str(from); i < 0 {
			return failed
		}
		c.unique = c.unique && plain && c.add(&keys, c.b[from:i-1])
		if i, x = c.space(i); x != ':' {
			return c.fail(i, "':' was expected")
		}
		i, x = c.space(i + 1)
		if i = c.value(i, x, depth); i < 0 {
			return failed
		}
		switch i, x = c.space(i); x {
		case '}':
			c.n = keys.from
			return i + 1
		case ',':
			i, x = c.space(i + 1)
		default:
			return c.fail(i, "',' was expected")
		}
	}
}

// A keySet is the keys of one object: their hashes are the checker's from a
// place on. Two that look alike count as equal, and so does everything once
// there are too many, which is the safe side.
type keySet struct {
	from  int
	bloom uint64
}

const maxKeys = 128 // of all objects around a place

// add adds a key and says whether it is one that was not there before.
func (c *checker) add(k *keySet, name []byte) bool {
	const dots = '.' * ones
	e, f := ends(view(name)) // all of a name that is not long
	if zeros(e^dots)|zeros(f^dots) != 0 || len(name) > 16 && bytes.IndexByte(name, '.') >= 0 || c.n == maxKeys {
		return false
	}
	h := hashEnds(view(name), e, f)
	bit, short := uint64(1)<<(h>>58), uint32(h)
	if k.bloom&bit != 0 && slices.Contains(c.keys[k.from:c.n], short) {
		return false
	}
	k.bloom |= bit
	c.keys[c.n] = short
	c.n++
	return true
}

func (c *checker) array(i, depth int) int {
	if depth > maxDepth {
		return c.fail(i, "objects and arrays may nest at most 1000 deep")
	}
	i, x := c.space(i + 1)
	if x == ']' {
		return i + 1
	}
	for {
		if i = c.value(i, x, depth); i < 0 {
			return failed
		}
		switch i, x = c.space(i); x {
		case ']':
			return i + 1
		case ',':
			i, x = c.space(i + 1)
		default:
			return c.fail(i, "',' was expected")
		}
	}
}

// value checks the value at i, which begins with x.
func (c *checker) value(i int, x byte, depth int) int {
	switch x {
	case '{':
		return c.object(i, depth+1)
	case '[':
		return c.array(i, depth+1)
	case '"':
		i, _ = c.str(i + 1)
		return i
	case 't':
		return c.word(i, "true")
	case 'f':
		return c.word(i, "false")
	case 'n':
		return c.word(i, "null")
	}
	return c.number(i)
}

func (c *checker) word(i int, w string) int {
	if !bytes.HasPrefix(c.b[i:], []byte(w)) {
		return c.fail(i, "a value was expected")
	}
	return i + len(w)
}

// str checks a string whose first character, behind its quote, is at i, and
// says whether it is without escapes.
func (c *checker) str(i int) (end int, plain bool) {
	b, start := c.b, i
	ascii := true
	plain = true
	for {
		for i+8 <= len(b) {
			w := load(b, i)
			m := zeros(w^'"'*ones) | zeros(w^'\\'*ones) | (w-' '*ones)&^w&highs | w&highs
			if m != 0 {
				i += bits.TrailingZeros64(m) >> 3
				break
			}
			i += 8
		}
		if i >= len(b) {
			return c.fail(i, "the string has no end"), false
		}
		switch x := b[i]; {
		case x == '"':
			if !ascii && !utf8.Valid(b[start:i]) {
				return c.fail(i+1, "the string is not UTF-8 text"), false
			}
			return i + 1, plain
		case x == '\\':
			plain = false
			if i = c.escape(i + 1); i < 0 {
				return failed, false
			}
		case x < ' ':
			return c.fail(i, "a control character in a string must be escaped"), false
		case x >= utf8.RuneSelf:
			ascii = false
			for i < len(b) && b[i] >= utf8.RuneSelf {
				i++
			}
		default:
			i++
		}
	}
}

// escape checks what follows a backslash.
func (c *checker) escape(i int) int {
	x := c.at(i)
	if _, ok := simpleEscape(x); ok {
		return i + 1
	}
	if x != 'u' {
		return c.fail(i, "the escape sequence is unknown")
	}
	for k := i + 1; k <= i+4; k++ {
		if _, ok := hexDigit(c.at(k)); !ok {
			return c.fail(k, "a hexadecimal digit was expected")
		}
	}
	return i + 5
}

func (c *checker) number(i int) int {
	start := i
	if c.at(i) == '-' {
		i++
	}
	from := i
	if c.at(i) == '0' {
		i++
	} else if i = c.digits(i); i == from {
		return c.fail(start, "a value was expected")
	}
	if c.at(i) == '.' {
		from = i + 1
		if i = c.digits(from); i == from {
			return c.fail(i, "a digit was expected")
		}
	}
	if c.at(i)|0x20 == 'e' {
		from = i + 1
		if x := c.at(from); x == '+' || x == '-' {
			from++
		}
		if i = c.digits(from); i == from {
			return c.fail(i, "a digit was expected")
		}
	}
	if i-start > maxNumber {
		return c.fail(i, "a number may have at most 1000 characters")
	}
	return i
}

// digits returns the place behind digits.
func (c *checker) digits(i int) int {
	for i+8 <= len(c.b) {
		n := digitCount(load(c.b, i))
		if i += n; n < 8 {
			return i
		}
	}
	for i < len(c.b) && c.b[i]-'0' <= 9 {
		i++
	}
	return i
}
