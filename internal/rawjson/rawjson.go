// Package rawjson looks into JSON where it lies.
//
// What encoding/json makes of a text can take fifty times the memory of the text, and
// texts are of strangers. A [Value] here is a piece of the text: each look walks over
// that piece once more, and makes nothing but what is asked for. It is for texts of
// which a few values are wanted.
package rawjson

import (
	"bytes"
	"encoding/json"
	"iter"
	"unicode/utf8"
)

// A Value is a JSON value in a text. The zero Value is none.
type Value struct{ text []byte } // from its first byte on, with what follows it

// Of returns the value that a text is, with nothing but blanks around it. The text must
// not change while the value is in use.
func Of(text []byte) (Value, bool) {
	if !json.Valid(text) {
		return Value{}, false
	}
	return Value{skip(text)}, true
}

// The kinds of values.
const (
	None   = 0
	Object = '{'
	List   = '['
	String = '"'
	Number = '0'
	True   = 't'
	False  = 'f'
	Null   = 'n'
)

// Kind says what kind of value it is.
func (v Value) Kind() byte {
	if len(v.text) == 0 {
		return None
	}
	if c := v.text[0]; c != '-' && (c < '0' || c > '9') {
		return c
	}
	return Number
}

// Raw returns the value as it is written.
func (v Value) Raw() []byte { return v.text[:v.end()] }

// Text returns what a string says, as encoding/json reads it. It may be part of the
// text.
func (v Value) Text() []byte {
	raw := v.Raw()
	if inner := raw[1 : len(raw)-1]; bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		return inner
	}
	var s string
	_ = json.Unmarshal(raw, &s) // it is valid
	return []byte(s)
}

// Members are the members of an object, in their order; others have none. A name may
// come twice: the last is meant.
func (v Value) Members() iter.Seq2[[]byte, Value] {
	return func(yield func([]byte, Value) bool) {
		if v.Kind() != Object {
			return
		}
		for rest := skip(v.text[1:]); rest[0] != '}'; {
			name := Value{rest}
			rest = skip(rest[name.end():])
			inner := Value{skip(rest[1:])} // behind the colon
			if !yield(name.Text(), inner) {
				return
			}
			rest = inner.next()
		}
	}
}

// Elements are the elements of a list, in their order; others have none.
func (v Value) Elements() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		if v.Kind() != List {
			return
		}
		for rest := skip(v.text[1:]); rest[0] != ']'; {
			inner := Value{rest}
			if !yield(inner) {
				return
			}
			rest = inner.next()
		}
	}
}

// Member returns the member of an object that has a name.
func (v Value) Member(name string) (found Value, ok bool) {
	for n, inner := range v.Members() {
		if string(n) == name {
			found, ok = inner, true
		}
	}
	return found, ok
}

// Element returns an element of a list, from 0 on.
func (v Value) Element(i int) (Value, bool) {
	for inner := range v.Elements() {
		if i == 0 {
			return inner, true
		}
		i--
	}
	return Value{}, false
}

// next is the text from what follows the value and a comma on.
func (v Value) next() []byte {
	rest := skip(v.text[v.end():])
	if rest[0] == ',' {
		rest = skip(rest[1:])
	}
	return rest
}

// end is where the value ends.
func (v Value) end() int {
	depth := 0
	for i := 0; i < len(v.text); i++ {
		switch v.text[i] {
		case '"':
			if i += endOfString(v.text[i:]) - 1; depth == 0 {
				return i + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 { // behind a number or a word
				return i
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return i
			}
		}
	}
	return len(v.text)
}

func endOfString(b []byte) int {
	i := 1
	for b[i] != '"' {
		if b[i] == '\\' {
			i++
		}
		i++
	}
	return i + 1
}

// skip goes over blanks.
func skip(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t' || b[0] == '\r' || b[0] == '\n') {
		b = b[1:]
	}
	return b
}
