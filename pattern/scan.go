package pattern

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	anyValue  = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
	maxNumber = 1000 // characters of one number, in patterns and in events
	maxToken  = 256  // characters of an unknown word that an error repeats
)

// unexpected reports the character the reader stands before.
func (r *reader) unexpected(format string, args ...any) *Error {
	return r.failAt(r.pos, "Unexpected character (%s): %s", describe(r.text, r.pos), fmt.Sprintf(format, args...))
}

// space moves to the next character that is not white space, or to the end.
func (r *reader) space() error {
	for r.pos < len(r.text) {
		switch c := r.text[r.pos]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			r.pos++
		case c < ' ':
			return r.failAt(r.pos, "Illegal character (%s): only regular white space (\\r, \\n, \\t) is allowed between tokens", describe(r.text, r.pos))
		case c == '/':
			return r.unexpected("maybe a (non-standard) comment? (not recognized as one since Feature 'ALLOW_COMMENTS' not enabled for parser)")
		default:
			return nil
		}
	}
	return nil
}

// spaceBetween is space where the text may not end.
func (r *reader) spaceBetween() error {
	if err := r.space(); err != nil {
		return err
	}
	if r.pos == len(r.text) {
		return r.fail("Unexpected end-of-input within/between %s entries", r.scopes[len(r.scopes)-1])
	}
	return nil
}

// word reads true, false or null.
func (r *reader) word(w string) error {
	i := 0
	for i < len(w) && r.pos < len(r.text) && r.text[r.pos] == w[i] {
		i++
		r.pos++
	}
	if i < len(w) {
		return r.invalidToken()
	}
	return r.wordEnds()
}

// wordEnds fails if a known word is only the beginning of a longer one.
func (r *reader) wordEnds() error {
	if ok, _ := r.part(); ok && r.text[r.pos] >= '0' {
		return r.invalidToken()
	}
	return nil
}

// invalidToken reads to the end of the word that starts at r.at, and reports it.
func (r *reader) invalidToken() *Error {
	word := r.text[r.at:r.pos]
	for {
		ok, size := r.part()
		if !ok {
			break
		}
		word = r.text[r.at : r.pos+size]
		r.pos += size
		if units(word) >= maxToken {
			word += "..."
			break
		}
	}
	return r.fail("Unrecognized token '%s': was expecting %s", word, anyValue)
}

// part says whether the next character may continue a word, by the rule for
// Java's identifiers, and how long it is.
func (r *reader) part() (bool, int) {
	c, size := utf8.DecodeRuneInString(r.text[r.pos:])
	if size == 0 || c > 0xFFFF {
		return false, size
	}
	ignorable := c < 9 || c >= 0x0E && c < 0x1C || c >= 0x7F && c < 0xA0
	return ignorable || identifierStart(c) || unicode.In(c, unicode.Nd, unicode.Mn, unicode.Mc, unicode.Cf), size
}

func identifierStart(c rune) bool {
	return c <= 0xFFFF && (unicode.IsLetter(c) || unicode.In(c, unicode.Nl, unicode.Sc, unicode.Pc))
}

// oddValue reports what stands where a value should.
func (r *reader) oddValue(c byte) error {
	switch c {
	case 'N':
		return r.nonStandard("NaN")
	case 'I':
		return r.nonStandard("Infinity")
	case '+':
		r.pos++
		if err := r.infinity("+"); err != nil {
			return err
		}
		return r.failAt(r.pos, "Unexpected character ('+' (code 43)) in numeric value: JSON spec does not allow numbers to have plus signs: enable `JsonReadFeature.ALLOW_LEADING_PLUS_SIGN_FOR_NUMBERS` to allow")
	}
	first, size := utf8.DecodeRuneInString(r.text[r.pos:])
	if identifierStart(first) {
		r.pos += size
		return r.invalidToken()
	}
	return r.unexpected("expected a valid value %s", anyValue)
}

func (r *reader) nonStandard(w string) error {
	for i := 0; i < len(w); i++ {
		if r.pos == len(r.text) || r.text[r.pos] != w[i] {
			return r.invalidToken()
		}
		r.pos++
	}
	if err := r.wordEnds(); err != nil {
		return err
	}
	return r.fail("Non-standard token '%s': enable `JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS` to allow", w)
}

// infinity reports what follows a sign and is not a digit, if it is the end of
// the text or begins like a word for infinity.
func (r *reader) infinity(sign string) error {
	rest := r.text[r.pos:]
	switch {
	case rest == "I", rest == "" && sign == "+":
		r.pos = len(r.text)
		return r.fail("Unexpected end-of-input in a Number value")
	case rest == "":
		return r.fail("Unexpected end-of-inputNo digit following sign")
	case strings.HasPrefix(rest, "IN"):
		r.pos = r.at
		return r.nonStandard(sign + "INF")
	case strings.HasPrefix(rest, "In"):
		r.pos = r.at
		return r.nonStandard(sign + "Infinity")
	case strings.HasPrefix(rest, "I"):
		r.pos++ // the next one is what is unexpected
	}
	return nil
}

// digits reads a number.
func (r *reader) digits() error {
	if r.text[r.pos] == '-' {
		r.pos++
		if err := r.infinity("-"); err != nil {
			return err
		}
		if c := r.text[r.pos]; c == '.' {
			return r.oddValue(c)
		} else if c < '0' || c > '9' || r.text[r.pos-1] == 'I' {
			return r.inNumber("expected digit (0-9) to follow minus sign, for valid numeric value")
		}
	}
	if r.text[r.pos] == '0' {
		r.pos++
		if r.run() > 0 {
			r.pos = strings.IndexByte(r.text[r.at:], '0') + r.at + 1
			return r.fail("Invalid numeric value: Leading zeroes not allowed")
		}
	} else {
		r.run()
	}
	if r.pos < len(r.text) && r.text[r.pos] == '.' {
		r.pos++
		if r.run() == 0 {
			return r.inNumber("Decimal point not followed by a digit")
		}
	}
	if r.pos < len(r.text) && r.text[r.pos]|0x20 == 'e' {
		r.pos++
		if r.pos < len(r.text) && (r.text[r.pos] == '-' || r.text[r.pos] == '+') {
			r.pos++
		}
		if r.pos == len(r.text) {
			return r.fail("Unexpected end-of-inputexpected a digit for number exponent")
		}
		if r.run() == 0 {
			return r.inNumber("Exponent indicator not followed by a digit")
		}
	}
	r.number = r.text[r.at:r.pos]
	if len(r.scopes) == 0 && r.pos < len(r.text) { // the reader wants to see that it is over
		switch r.text[r.pos] {
		case ' ', '\t', '\n':
			r.pos++
		case '\r':
		default:
			return r.unexpected("Expected space separating root-level values")
		}
	}
	if len(r.number) > maxNumber {
		return r.failBare("Number value length (%d) exceeds the maximum allowed (%d, from `StreamReadConstraints.getMaxNumberLength()`)", len(r.number), maxNumber)
	}
	return nil
}

// run skips digits and counts them.
func (r *reader) run() int {
	start := r.pos
	for r.pos < len(r.text) && r.text[r.pos] >= '0' && r.text[r.pos] <= '9' {
		r.pos++
	}
	return r.pos - start
}

func (r *reader) inNumber(comment string) *Error {
	at := min(r.pos, len(r.text)-1)
	return r.failAt(at, "Unexpected character (%s) in numeric value: %s", describe(r.text, at), comment)
}

// quoted reads a string or name to its closing quote and decodes it. What it
// returns may hold lone surrogates, encoded as if they were characters.
func (r *reader) quoted(what, atEnd string) (string, error) {
	var b []byte
	escaped := false
	start := r.pos
	for r.pos < len(r.text) {
		switch c := r.text[r.pos]; {
		case c == '"':
			r.pos++
			if !escaped {
				return r.text[start : r.pos-1], nil
			}
			return string(append(b, r.text[start:r.pos-1]...)), nil
		case c == '\\':
			b = append(b, r.text[start:r.pos]...)
			escaped = true
			r.pos++
			var err error
			if b, err = r.escape(b); err != nil {
				return "", err
			}
			start = r.pos
		case c < ' ':
			return "", r.failAt(r.pos, "Illegal unquoted character (%s): has to be escaped using backslash to be included in %s", describe(r.text, r.pos), what)
		default:
			r.pos++
		}
	}
	return "", r.fail("Unexpected end-of-input%s", atEnd)
}

// escape decodes what follows a backslash and appends it.
func (r *reader) escape(b []byte) ([]byte, error) {
	if r.pos == len(r.text) {
		return nil, r.fail("Unexpected end-of-input in character escape sequence")
	}
	c := r.text[r.pos]
	if u, ok := simpleEscape(c); ok {
		r.pos++
		return append(b, u), nil
	}
	if c != 'u' {
		return nil, r.failAt(r.pos, "Unrecognized character escape %s", describe(r.text, r.pos))
	}
	r.pos++
	u := rune(0)
	for range 4 {
		if r.pos == len(r.text) {
			return nil, r.fail("Unexpected end-of-input in character escape sequence")
		}
		h, ok := hexDigit(r.text[r.pos])
		if !ok {
			return nil, r.unexpected("expected a hex-digit for character escape sequence")
		}
		u = u<<4 | rune(h)
		r.pos++
	}
	return appendUnit(b, u), nil
}
