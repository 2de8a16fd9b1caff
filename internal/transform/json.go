package transform

import (
	"bytes"
	"encoding/json"
	"iter"
)

// This file walks through JSON that is known to be valid, without decoding it.
// A value is the slice of the document that holds it.

// members yields the members of an object: the keys as they stand, quotes and
// escapes included. Of anything but an object it yields nothing.
func members(v []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		i := skipSpace(v, 0)
		if at(v, i) != '{' {
			return
		}
		for i = skipSpace(v, i+1); at(v, i) == '"'; i = skipSpace(v, i+1) {
			end := skipString(v, i)
			key := v[i:end]
			i = skipSpace(v, end)
			if at(v, i) != ':' {
				return
			}
			i = skipSpace(v, i+1)
			end = skipValue(v, i)
			if !yield(key, v[i:end]) {
				return
			}
			i = skipSpace(v, end)
		}
	}
}

// elements yields the elements of an array. Of anything but an array it yields
// nothing.
func elements(v []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		i := skipSpace(v, 0)
		if at(v, i) != '[' {
			return
		}
		i = skipSpace(v, i+1)
		for i < len(v) && v[i] != ']' {
			end := skipValue(v, i)
			if end == i || !yield(v[i:end]) {
				return
			}
			i = skipSpace(v, end)
			if at(v, i) == ',' {
				i = skipSpace(v, i+1)
			}
		}
	}
}

// at returns the byte at i, and 0 past the end.
func at(b []byte, i int) byte {
	if i < len(b) {
		return b[i]
	}
	return 0
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return min(i, len(b))
}

// skipString returns the end of the string that begins at i.
func skipString(b []byte, i int) int {
	for i++; i < len(b); i++ {
		switch b[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
	return len(b)
}

// skipValue returns the end of the value that begins at i.
func skipValue(b []byte, i int) int {
	switch at(b, i) {
	case '"':
		return skipString(b, i)
	case '{', '[':
		depth := 0
		for i < len(b) {
			switch b[i] {
			case '"':
				i = skipString(b, i)
				continue
			case '{', '[':
				depth++
			case '}', ']':
				depth--
			}
			i++
			if depth == 0 {
				break
			}
		}
		return min(i, len(b))
	}
	for i < len(b) {
		switch b[i] {
		case ',', '}', ']', ' ', '\n', '\t', '\r':
			return i
		}
		i++
	}
	return i
}

// compact takes the white space around the tokens of a document out, where it lies.
func compact(v []byte) []byte {
	out := v[:0]
	for i := 0; i < len(v); {
		end := i + 1
		switch v[i] {
		case ' ', '\n', '\t', '\r':
			i++
			continue
		case '"':
			end = skipString(v, i)
		}
		out = append(out, v[i:end]...)
		i = end
	}
	return out
}

// isString reports whether a value is a string.
func isString(v []byte) bool { return at(v, 0) == '"' }

// isTree reports whether a value is an object or an array.
func isTree(v []byte) bool { return at(v, 0) == '{' || at(v, 0) == '[' }

// characters returns the decoded characters of a string.
func characters(v []byte) []byte {
	if len(v) >= 2 && bytes.IndexByte(v, '\\') < 0 {
		return v[1 : len(v)-1]
	}
	var s string
	if json.Unmarshal(v, &s) != nil {
		return nil
	}
	return []byte(s)
}
