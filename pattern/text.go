package pattern

import (
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Text is kept as UTF-8, with one addition: JSON can spell half of a surrogate
// pair, which no UTF-8 can. Such a half is kept as the three bytes it would
// have if it were a character, so that it equals itself and nothing else.

// appendUnit appends one UTF-16 code unit that was spelled as an escape, and
// joins it with the unit before it if the two are a pair.
func appendUnit(b []byte, u rune) []byte {
	if !utf16.IsSurrogate(u) {
		return utf8.AppendRune(b, u)
	}
	if n := len(b); u >= 0xDC00 && n >= 3 && b[n-3] == 0xED && b[n-2] >= 0xA0 && b[n-2] < 0xB0 {
		high := 0xD000 | rune(b[n-2]&0x3F)<<6 | rune(b[n-1]&0x3F)
		return utf8.AppendRune(b[:n-3], utf16.DecodeRune(high, u))
	}
	return append(b, 0xED, 0x80|byte(u>>6)&0x3F, 0x80|byte(u)&0x3F)
}

// simpleEscape returns what a one-letter escape stands for.
func simpleEscape(c byte) (byte, bool) {
	switch c {
	case '"', '\\', '/':
		return c, true
	case 'b':
		return '\b', true
	case 'f':
		return '\f', true
	case 'n':
		return '\n', true
	case 'r':
		return '\r', true
	case 't':
		return '\t', true
	}
	return 0, false
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// compareUnits orders two texts by their UTF-16 code units. That differs from
// the order of their bytes where a character beyond U+FFFF meets one from
// U+E000 to U+FFFF: the former's first unit is the lower one.
func compareUnits(a, b string) int {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	if i < len(a) && i < len(b) && (a[i] >= 0xED || b[i] >= 0xED) {
		return slices.Compare(unitsOf(a), unitsOf(b))
	}
	return strings.Compare(a[i:], b[i:])
}

// unitsOf returns the UTF-16 code units of s.
func unitsOf(s string) []rune {
	out := make([]rune, 0, len(s))
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 && i+2 < len(s) { // a lone surrogate
			out = append(out, 0xD000|rune(s[i+1]&0x3F)<<6|rune(s[i+2]&0x3F))
			i += 3
			continue
		}
		if hi, lo := utf16.EncodeRune(r); hi != utf8.RuneError {
			out = append(out, hi, lo)
		} else {
			out = append(out, r)
		}
		i += size
	}
	return out
}
