package pattern

import "encoding/binary"

// ascii returns the beginning of a fold in lower case, as far as it consists
// of ASCII letters and characters without case, and how many units follow. A
// text begins with that much of the fold if it does so in lower case.
func (f fold) ascii() (text string, rest int) {
	for i, v := range f {
		if !v.ascii() {
			return text, len(f) - i
		}
		text += v.lower
	}
	return text, 0
}

// asciiEnd is the same from the end.
func (f fold) asciiEnd() (text string, rest int) {
	for i := len(f) - 1; i >= 0; i-- {
		if !f[i].ascii() {
			return text, i + 1
		}
		text = f[i].lower + text
	}
	return text, 0
}

// ascii says whether a unit is what it is in lower case for ASCII texts, and
// only for those.
func (v variants) ascii() bool {
	if len(v.lower) != 1 || len(v.upper) != 1 || v.lower[0] >= 0x80 || v.upper[0] >= 0x80 {
		return false
	}
	return lowByte(v.upper[0]) == v.lower[0] && (v.lower != v.upper || v.lower[0] < 'A' || v.lower[0] > 'Z' && v.lower[0] < 'a' || v.lower[0] > 'z')
}

func lowByte(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// appendLow appends s with its ASCII letters in lower case.
func appendLow(dst []byte, s string) []byte {
	const ones = 0x0101010101010101
	i := 0
	for ; i+8 <= len(s); i += 8 {
		w := load64(s, i)
		low := w &^ (0x80 * ones)
		// The highest bit of a byte is set where it is A or above, and Z or below.
		from := low + (0x80-'A')*ones
		to := low + (0x80-'Z'-1)*ones
		w |= (from &^ to &^ w) >> 2 & (0x20 * ones)
		dst = binary.LittleEndian.AppendUint64(dst, w)
	}
	for ; i < len(s); i++ {
		dst = append(dst, lowByte(s[i]))
	}
	return dst
}
