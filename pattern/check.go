package pattern

import (
	"bytes"
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

// Check reads an event and returns what [Set.MatchKnown] may be told about it.
// A text that is not a JSON object in UTF-8 gives an *[EventError].
func Check(event []byte) (Facts, error) {
	c := checker{b: event, unique: true}
	c.space()
	if c.peek() != '{' {
		return 0, c.fail("a JSON object was expected")
	}
	if err := c.object(1); err != nil {
		return 0, err
	}
	if c.unique {
		return Valid | UniqueKeys, nil
	}
	return Valid, nil
}

// A checker reads JSON and remembers nothing but where it is.
type checker struct {
	b      []byte
	i      int
	unique bool
	keys   [maxKeys]uint32 // of the objects around the place
	n      int
}

func (c *checker) fail(reason string) error {
	return &EventError{Reason: reason, Offset: c.i}
}

func (c *checker) peek() byte {
	if c.i < len(c.b) {
		return c.b[c.i]
	}
	return 0
}

func (c *checker) space() {
	if c.i < len(c.b) && c.b[c.i] <= ' ' {
		c.i = skipSpace(c.b, c.i)
	}
}

func (c *checker) object(depth int) error {
	if depth > maxDepth {
		return c.fail("objects and arrays may nest at most 1000 deep")
	}
	c.i++
	c.space()
	if c.peek() == '}' {
		c.i++
		return nil
	}
	keys := keySet{from: c.n}
	for {
		if c.peek() != '"' {
			return c.fail("a string was expected")
		}
		from := c.i + 1
		escaped, err := c.str()
		if err != nil {
			return err
		}
		if c.unique {
			c.unique = !escaped && c.add(&keys, c.b[from:c.i-1])
		}
		c.space()
		if c.peek() != ':' {
			return c.fail("':' was expected")
		}
		c.i++
		c.space()
		if err := c.value(depth); err != nil {
			return err
		}
		c.space()
		if c.peek() == '}' {
			c.i++
			c.n = keys.from
			return nil
		}
		if c.peek() != ',' {
			return c.fail("',' was expected")
		}
		c.i++
		c.space()
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
	if bytes.IndexByte(name, '.') >= 0 || c.n == maxKeys {
		return false
	}
	h := hashText(view(name))
	bit, short := uint64(1)<<(h>>58), uint32(h)
	if k.bloom&bit != 0 && slices.Contains(c.keys[k.from:c.n], short) {
		return false
	}
	k.bloom |= bit
	c.keys[c.n] = short
	c.n++
	return true
}

func (c *checker) array(depth int) error {
	if depth > maxDepth {
		return c.fail("objects and arrays may nest at most 1000 deep")
	}
	c.i++
	c.space()
	if c.peek() == ']' {
		c.i++
		return nil
	}
	for {
		if err := c.value(depth); err != nil {
			return err
		}
		c.space()
		if c.peek() == ']' {
			c.i++
			return nil
		}
		if c.peek() != ',' {
			return c.fail("',' was expected")
		}
		c.i++
		c.space()
	}
}

func (c *checker) value(depth int) error {
	switch c.peek() {
	case '{':
		return c.object(depth + 1)
	case '[':
		return c.array(depth + 1)
	case '"':
		_, err := c.str()
		return err
	case 't':
		return c.word("true")
	case 'f':
		return c.word("false")
	case 'n':
		return c.word("null")
	}
	return c.number()
}

func (c *checker) word(w string) error {
	if !bytes.HasPrefix(c.b[c.i:], []byte(w)) {
		return c.fail("a value was expected")
	}
	c.i += len(w)
	return nil
}

// str reads a string and says whether it has escapes.
func (c *checker) str() (escaped bool, err error) {
	start := c.i
	ascii := true
	c.i++
	for {
		for c.i+8 <= len(c.b) {
			w := load(c.b, c.i)
			m := zeros(w^'"'*ones) | zeros(w^'\\'*ones) | (w-' '*ones)&^w&highs | w&highs
			if m != 0 {
				c.i += bits.TrailingZeros64(m) >> 3
				break
			}
			c.i += 8
		}
		if c.i >= len(c.b) {
			return false, c.fail("the string has no end")
		}
		switch x := c.b[c.i]; {
		case x == '"':
			c.i++
			if !ascii && !utf8.Valid(c.b[start:c.i]) {
				return false, c.fail("the string is not UTF-8 text")
			}
			return escaped, nil
		case x == '\\':
			escaped = true
			if err := c.escape(); err != nil {
				return false, err
			}
		case x < ' ':
			return false, c.fail("a control character in a string must be escaped")
		case x >= utf8.RuneSelf:
			ascii = false
			for c.i < len(c.b) && c.b[c.i] >= utf8.RuneSelf {
				c.i++
			}
		default:
			c.i++
		}
	}
}

func (c *checker) escape() error {
	c.i++
	if _, ok := simpleEscape(c.peek()); ok {
		c.i++
		return nil
	}
	if c.peek() != 'u' {
		return c.fail("the escape sequence is unknown")
	}
	for range 4 {
		c.i++
		if _, ok := hexDigit(c.peek()); !ok {
			return c.fail("a hexadecimal digit was expected")
		}
	}
	c.i++
	return nil
}

func (c *checker) number() error {
	start := c.i
	if c.peek() == '-' {
		c.i++
	}
	if c.peek() == '0' {
		c.i++
	} else if c.digits() == 0 {
		c.i = start
		return c.fail("a value was expected")
	}
	if c.peek() == '.' {
		c.i++
		if c.digits() == 0 {
			return c.fail("a digit was expected")
		}
	}
	if c.peek()|0x20 == 'e' {
		c.i++
		if x := c.peek(); x == '+' || x == '-' {
			c.i++
		}
		if c.digits() == 0 {
			return c.fail("a digit was expected")
		}
	}
	if c.i-start > maxNumber {
		return c.fail("a number may have at most 1000 characters")
	}
	return nil
}

func (c *checker) digits() int {
	start := c.i
	for c.i < len(c.b) && c.b[c.i]-'0' <= 9 {
		c.i++
	}
	return c.i - start
}
