package pattern

import (
	"strings"
	"unicode/utf8"
)

// The tokens of events. Patterns have a reader of their own, because their
// errors carry the positions of the service; here only speed and strictness
// count.

func (e *event) fail(reason string) error {
	return &EventError{Reason: reason, Offset: e.pos}
}

// peek returns the next byte, 0 at the end.
func (e *event) peek() byte {
	if e.pos < len(e.text) {
		return e.text[e.pos]
	}
	return 0
}

func (e *event) space() {
	for e.pos < len(e.text) {
		switch e.text[e.pos] {
		case ' ', '\t', '\n', '\r':
			e.pos++
		default:
			return
		}
	}
}

func (e *event) expect(c byte) error {
	if e.peek() != c {
		return e.fail("'" + string(c) + "' was expected")
	}
	e.pos++
	return nil
}

func (e *event) word(w string) error {
	if !strings.HasPrefix(e.text[e.pos:], w) {
		return e.fail("a value was expected")
	}
	e.pos += len(w)
	return nil
}

func (e *event) number() error {
	start := e.pos
	if e.peek() == '-' {
		e.pos++
	}
	if e.peek() == '0' {
		e.pos++
	} else if e.digits() == 0 {
		e.pos = start
		return e.fail("a value was expected")
	}
	if e.peek() == '.' {
		e.pos++
		if e.digits() == 0 {
			return e.fail("a digit was expected")
		}
	}
	if e.peek()|0x20 == 'e' {
		e.pos++
		if c := e.peek(); c == '+' || c == '-' {
			e.pos++
		}
		if e.digits() == 0 {
			return e.fail("a digit was expected")
		}
	}
	if e.pos-start > maxNumber {
		return e.fail("a number may have at most 1000 characters")
	}
	return nil
}

func (e *event) digits() int {
	start := e.pos
	for e.peek() >= '0' && e.peek() <= '9' {
		e.pos++
	}
	return e.pos - start
}

// str reads a string and returns it decoded, with quotes around it.
func (e *event) str() (string, error) {
	if e.peek() != '"' {
		return "", e.fail("a string was expected")
	}
	start := e.pos
	ascii := true
	for e.pos++; e.pos < len(e.text); e.pos++ {
		switch c := e.text[e.pos]; {
		case c == '"':
			e.pos++
			return e.checked(start, ascii)
		case c == '\\':
			return e.escaped(start)
		case c < ' ':
			return "", e.fail("a control character in a string must be escaped")
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return "", e.fail("the string has no end")
}

func (e *event) checked(start int, ascii bool) (string, error) {
	s := e.text[start:e.pos]
	if !ascii && !utf8.ValidString(s) {
		return "", e.fail("the string is not UTF-8 text")
	}
	return s, nil
}

// escaped decodes the string that begins at start, from the first backslash,
// which is the next byte.
func (e *event) escaped(start int) (string, error) {
	from := len(e.decoded)
	if !utf8.ValidString(e.text[start:e.pos]) {
		return "", e.fail("the string is not UTF-8 text")
	}
	e.decoded = append(e.decoded, e.text[start:e.pos]...)
	for e.pos < len(e.text) {
		c := e.text[e.pos]
		switch {
		case c == '"':
			e.pos++
			e.decoded = append(e.decoded, c)
			return view(e.decoded[from:]), nil
		case c == '\\':
			if err := e.escape(); err != nil {
				return "", err
			}
		case c < ' ':
			return "", e.fail("a control character in a string must be escaped")
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRuneInString(e.text[e.pos:])
			if r == utf8.RuneError && size == 1 {
				return "", e.fail("the string is not UTF-8 text")
			}
			e.decoded = append(e.decoded, e.text[e.pos:e.pos+size]...)
			e.pos += size
		default:
			e.decoded = append(e.decoded, c)
			e.pos++
		}
	}
	return "", e.fail("the string has no end")
}

func (e *event) escape() error {
	e.pos++
	if c, ok := simpleEscape(e.peek()); ok {
		e.decoded = append(e.decoded, c)
		e.pos++
		return nil
	}
	if e.peek() != 'u' {
		return e.fail("the escape sequence is unknown")
	}
	u := rune(0)
	for range 4 {
		e.pos++
		h, ok := hexDigit(e.peek())
		if !ok {
			return e.fail("a hexadecimal digit was expected")
		}
		u = u<<4 | rune(h)
	}
	e.pos++
	e.decoded = appendUnit(e.decoded, u)
	return nil
}
