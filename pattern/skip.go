package pattern

import (
	"encoding/binary"
	"math/bits"
)

// Skipping over text that is known to be valid JSON, eight bytes at a time. No
// function here reads behind the end of the text, valid or not.

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// zeros marks the lowest zero byte of w by its highest bit. Bytes above it may
// be marked wrongly.
func zeros(w uint64) uint64 { return (w - ones) &^ w & highs }

func load(b []byte, i int) uint64 { return binary.LittleEndian.Uint64(b[i : i+8]) }

// skipString returns the place behind a string whose first character, behind
// its quote, is at i.
func skipString(b []byte, i int) int {
	for {
		i = stringEnd(b, i)
		if i >= len(b) || b[i] == '"' {
			return min(i+1, len(b))
		}
		i += 2
	}
}

// stringEnd returns the place of the next quote or backslash, or the end.
func stringEnd(b []byte, i int) int {
	for i+8 <= len(b) {
		w := load(b, i)
		if m := zeros(w^'"'*ones) | zeros(w^'\\'*ones); m != 0 {
			return i + bits.TrailingZeros64(m)>>3
		}
		i += 8
	}
	for i < len(b) && b[i] != '"' && b[i] != '\\' {
		i++
	}
	return min(i, len(b))
}

// skipScalar returns the place behind a number, true, false or null.
func skipScalar(b []byte, i int) int {
	for i+8 <= len(b) {
		w := load(b, i)
		// What may follow is a comma, a bracket or brace, or white space.
		m := zeros(w^','*ones) | zeros((w|0x20*ones)^'}'*ones) | (w-0x21*ones)&^w&highs
		if m != 0 {
			return i + bits.TrailingZeros64(m)>>3
		}
		i += 8
	}
	for i < len(b) && scalarByte[b[i]] {
		i++
	}
	return i
}

var scalarByte = func() (t [256]bool) {
	for _, c := range "+-.0123456789eEtrufalsn" {
		t[c] = true
	}
	return t
}()

// skipRestPlain is [skipRest] for every processor.
func skipRestPlain(b []byte, i int) int {
	depth := 1
	for {
		for i+8 <= len(b) {
			w := load(b, i)
			x := w | 0x20*ones // makes braces of brackets
			m := zeros(w^'"'*ones) | zeros(x^'{'*ones) | zeros(x^'}'*ones)
			if m != 0 {
				i += bits.TrailingZeros64(m) >> 3
				break
			}
			i += 8
		}
		for ; i < len(b); i++ {
			if c := b[i]; c == '"' || c|0x20 == '{' || c|0x20 == '}' {
				break
			}
		}
		if i >= len(b) {
			return len(b)
		}
		c := b[i]
		i++
		switch {
		case c == '"':
			i = skipString(b, i)
		case c|0x20 == '{':
			depth++
		default:
			if depth--; depth == 0 {
				return i
			}
		}
	}
}

// skipValue returns the place behind the value at i.
func skipValue(b []byte, i int) int {
	if i >= len(b) {
		return len(b)
	}
	switch b[i] {
	case '"':
		return skipString(b, i+1)
	case '{', '[':
		return skipRest(b, i+1)
	}
	return skipScalar(b, i)
}

// skipSpace returns the place of the next character that is not white space.
func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}
