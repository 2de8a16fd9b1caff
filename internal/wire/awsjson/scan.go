package awsjson

import (
	"bytes"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/dari-bus/dari/internal/wire/shape"
)

// plain marks the bytes that stand for themselves in a JSON string.
var plain = func() (t [256]bool) {
	for c := 0x20; c < len(t); c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// str reads the string at the cursor, which is on its opening quote. The bytes
// are valid until the next string is read.
func (r *reader) str() ([]byte, error) {
	r.pos++
	start := r.pos
	text := r.text
	i := start
	for i < len(text) && plain[text[i]] {
		i++
	}
	r.pos = i
	if i < len(text) && text[i] == '"' {
		r.pos++
		return text[start:i], nil
	}
	return r.escaped(text[start:i])
}

// escaped reads the rest of a string whose first part, before the cursor, has
// no escapes.
func (r *reader) escaped(first []byte) ([]byte, error) {
	out := append(r.scratch[:0], first...)
	text := r.text
	for r.pos < len(text) {
		switch c := text[r.pos]; {
		case c == '"':
			r.pos++
			r.scratch = out // keeps what it has grown to
			return out, nil
		case c == '\\':
			var err error
			if out, err = r.escape(out); err != nil {
				return nil, err
			}
		case c < 0x20:
			return nil, r.bad("a control character in a string must be escaped")
		default:
			i := r.pos
			for i < len(text) && plain[text[i]] {
				i++
			}
			out = append(out, text[r.pos:i]...)
			r.pos = i
		}
	}
	return nil, r.bad("the text ends within a string")
}

// escape appends the character that the escape at the cursor stands for.
func (r *reader) escape(out []byte) ([]byte, error) {
	if r.pos+1 >= len(r.text) {
		return nil, r.bad("the text ends within a string")
	}
	c := r.text[r.pos+1]
	switch c {
	case '"', '\\', '/':
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	case 'u':
		return r.unicode(out)
	default:
		return nil, r.bad("there is no such escape")
	}
	r.pos += 2
	return append(out, c), nil
}

// unicode appends the character of a \u escape, or of a pair of them. Half a
// pair is not a character and becomes U+FFFD.
func (r *reader) unicode(out []byte) ([]byte, error) {
	hi, ok := r.hex(r.pos)
	if !ok {
		return nil, r.bad("four hexadecimal digits must follow \\u")
	}
	r.pos += 6
	if !utf16.IsSurrogate(hi) {
		return utf8.AppendRune(out, hi), nil
	}
	if lo, ok := r.hex(r.pos); ok {
		if c := utf16.DecodeRune(hi, lo); c != utf8.RuneError {
			r.pos += 6
			return utf8.AppendRune(out, c), nil
		}
	}
	return utf8.AppendRune(out, utf8.RuneError), nil
}

// hex reads the \u escape at i.
func (r *reader) hex(i int) (rune, bool) {
	if i+6 > len(r.text) || r.text[i] != '\\' || r.text[i+1] != 'u' {
		return 0, false
	}
	var c rune
	for _, d := range r.text[i+2 : i+6] {
		switch {
		case d >= '0' && d <= '9':
			d -= '0'
		case d >= 'a' && d <= 'f':
			d -= 'a' - 10
		case d >= 'A' && d <= 'F':
			d -= 'A' - 10
		default:
			return 0, false
		}
		c = c<<4 | rune(d)
	}
	return c, true
}

// numeral reads the number at the cursor.
func (r *reader) numeral() ([]byte, error) {
	start := r.pos
	if r.at('-') {
		r.pos++
	}
	if r.at('0') {
		r.pos++
	} else if !r.digits() {
		return nil, r.bad("a digit must come here")
	}
	if r.at('.') {
		r.pos++
		if !r.digits() {
			return nil, r.bad("a digit must follow the decimal point")
		}
	}
	if r.at('e') || r.at('E') {
		r.pos++
		if r.at('+') || r.at('-') {
			r.pos++
		}
		if !r.digits() {
			return nil, r.bad("a digit must follow the exponent")
		}
	}
	return r.text[start:r.pos], nil
}

func (r *reader) at(c byte) bool { return r.pos < len(r.text) && r.text[r.pos] == c }

// digits passes over digits and says whether there were any.
func (r *reader) digits() bool {
	start := r.pos
	for r.pos < len(r.text) && r.text[r.pos] >= '0' && r.text[r.pos] <= '9' {
		r.pos++
	}
	return r.pos > start
}

// word passes over a literal such as null.
func (r *reader) word(w string) error {
	if !bytes.HasPrefix(r.text[r.pos:], []byte(w)) {
		return r.bad("a value must come here")
	}
	r.pos += len(w)
	return nil
}

// skip passes over a value that nobody asked for; it must be good JSON
// nevertheless.
func (r *reader) skip(depth int) error {
	switch c := r.peek(); {
	case c == '{':
		return r.object("", depth+1, func([]byte) error { return r.skip(depth + 1) })
	case c == '[':
		return r.skipList(depth + 1)
	case c == '"':
		_, err := r.str()
		return err
	case c == 't':
		return r.word("true")
	case c == 'f':
		return r.word("false")
	case c == 'n':
		return r.word("null")
	case c == '-' || c >= '0' && c <= '9':
		_, err := r.numeral()
		return err
	default:
		return r.bad("a value must come here")
	}
}

func (r *reader) skipList(depth int) error {
	if depth > maxDepth {
		return r.tooDeep()
	}
	r.pos++
	if r.peek() == ']' {
		r.pos++
		return nil
	}
	for {
		if err := r.skip(depth); err != nil {
			return err
		}
		switch r.peek() {
		case ',':
			r.pos++
		case ']':
			r.pos++
			return nil
		default:
			return r.bad("a comma or ] must follow an element")
		}
	}
}

// found says in words what the value at the cursor is, as far as its first byte
// tells.
func (r *reader) found() string {
	switch c := r.peek(); {
	case c == '"':
		return "a string"
	case c == '{':
		return "an object"
	case c == '[':
		return "an array"
	case c == 't', c == 'f':
		return "a boolean"
	case c == 'n':
		return "null"
	case c == '-', c >= '0' && c <= '9':
		return "a number"
	case c == 0 && r.pos == len(r.text):
		return "the end of the text"
	default:
		return "something that is not JSON, at byte " + strconv.Itoa(r.pos)
	}
}

func (r *reader) bad(why string) error {
	return shape.Malformed("JSON", fmt.Sprintf("%s, at byte %d of %d", why, r.pos, len(r.text)))
}

func (r *reader) tooDeep() error {
	return shape.Malformed("JSON", fmt.Sprintf("values are nested more than %d deep", maxDepth))
}
