package wire

import (
	"encoding/base64"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// maxDepth bounds how deep values may nest, known members or not.
const maxDepth = 512

// maxParts bounds what the elements of lists and maps come to, in bytes without
// their texts: {} is two bytes on the wire, and a structure in memory.
const maxParts = 8 << 20

// A jsonReader decodes one JSON text into the Go value of a shape.
//
// It exists because the hot path of the server is PutEvents: it reads a body
// once, makes room for the members of a structure together, and knows where it
// is when something has the wrong type. Names are compared exactly, as AWS
// does, and members that the shape does not have are passed over. What it makes
// never points into the text.
type jsonReader struct {
	text []byte
	pos  int
	// room is what is left of maxParts. Where there is none, elements are passed
	// over.
	room int
	// scratch holds a string while its escapes are resolved.
	scratch []byte
}

var jsonReaders = sync.Pool{New: func() any { return new(jsonReader) }}

// readJSON decodes text into v, a structure of shape s. Text of white space
// only is an empty object. When there is more in lists and maps than anybody may
// ask for, the error is errTooManyParts, and v holds the first of them.
func readJSON(text []byte, s *shape, v reflect.Value) error {
	if !utf8.Valid(text) {
		return notJSON("it is not UTF-8")
	}
	r := jsonReaders.Get().(*jsonReader)
	defer r.free()
	r.text, r.pos, r.room = text, 0, maxParts
	if r.peek() == 0 && r.pos == len(text) {
		return nil
	}
	if r.peek() != '{' {
		return mistyped("a structure", r.found())
	}
	if err := r.structure(s, v, 0); err != nil {
		return err
	}
	if r.peek(); r.pos < len(text) {
		return r.bad("text follows the object")
	}
	if r.room < 0 {
		return errTooManyParts
	}
	return nil
}

// maxScratch bounds what a reader at rest keeps, in bytes.
const maxScratch = 1 << 20

func (r *jsonReader) free() {
	r.text = nil
	if cap(r.scratch) > maxScratch {
		r.scratch = nil
	}
	jsonReaders.Put(r)
}

// peek passes over white space and returns the byte after it, zero at the end.
func (r *jsonReader) peek() byte {
	for ; r.pos < len(r.text); r.pos++ {
		switch c := r.text[r.pos]; c {
		case ' ', '\n', '\r', '\t':
		default:
			return c
		}
	}
	return 0
}

// value decodes the next value into v. A null leaves v as it is and reports
// false.
func (r *jsonReader) value(s *shape, v reflect.Value, depth int) (present bool, err error) {
	if r.peek() == 'n' {
		return false, r.word("null")
	}
	if s.ptr {
		p := reflect.New(s.typ)
		v.Set(p)
		v = p.Elem()
	}
	switch s.kind {
	case kindStruct:
		err = r.structure(s, v, depth+1)
	case kindList:
		err = r.list(s, v, depth+1)
	case kindMap:
		err = r.dictionary(s, v, depth+1)
	case kindInt, kindFloat:
		err = r.number(s, v)
	case kindTime:
		err = r.time(v)
	default:
		err = r.scalar(s, v)
	}
	return true, err
}

func (r *jsonReader) structure(s *shape, v reflect.Value, depth int) error {
	var slab []string
	return r.object("a structure", depth, func(name []byte) error {
		i, ok := s.index[string(name)]
		if !ok {
			return r.skip(depth)
		}
		f := &s.fields[i]
		fv := f.of(v)
		if f.shape.kind == kindString && f.shape.ptr && fv.Type() == stringPtr && r.peek() == '"' {
			if len(slab) == 0 {
				slab = make([]string, s.strings)
			}
			if err := r.into(&slab[0]); err != nil {
				return err
			}
			fv.Set(reflect.ValueOf(&slab[0]))
			slab = slab[1:]
			return nil
		}
		if present, err := r.value(f.shape, fv, depth); err != nil {
			return within(err, "."+f.name)
		} else if !present {
			fv.SetZero() // the last of two members with one name counts
		}
		return nil
	})
}

var stringPtr = reflect.TypeFor[*string]()

// into decodes the next string into s.
func (r *jsonReader) into(s *string) error {
	b, err := r.str()
	*s = string(b)
	return err
}

func (r *jsonReader) list(s *shape, v reflect.Value, depth int) error {
	if r.peek() != '[' {
		return mistyped("a list", r.found())
	}
	if depth > maxDepth {
		return r.tooDeep()
	}
	r.pos++
	v.Set(reflect.MakeSlice(s.typ, 0, 0))
	if r.peek() == ']' {
		r.pos++
		return nil
	}
	for n := 0; ; n++ {
		if err := r.element(s, v, n, depth); err != nil {
			return within(err, "["+strconv.Itoa(n)+"]")
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

// element decodes the next element of the list v, which is its nth.
func (r *jsonReader) element(s *shape, v reflect.Value, n, depth int) error {
	if r.room -= int(s.elem.size); r.room < 0 {
		return r.skip(depth)
	}
	if n == v.Cap() {
		v.Grow(max(4, n))
	}
	v.SetLen(n + 1)
	present, err := r.value(s.elem, v.Index(n), depth)
	if err == nil && !present {
		err = mistyped(s.elem.kind.String(), "null")
	}
	return err
}

func (r *jsonReader) dictionary(s *shape, v reflect.Value, depth int) error {
	v.Set(reflect.MakeMap(s.typ))
	return r.object("a map", depth, func(name []byte) error {
		if r.room -= int(s.elem.size + entrySize); r.room < 0 {
			return r.skip(depth)
		}
		key := reflect.ValueOf(string(name)).Convert(s.typ.Key())
		elem := reflect.New(s.typ.Elem()).Elem()
		present, err := r.value(s.elem, elem, depth)
		if err == nil && !present {
			err = mistyped(s.elem.kind.String(), "null")
		}
		if err != nil {
			return within(err, "."+clip(key.String()))
		}
		v.SetMapIndex(key, elem)
		return nil
	})
}

// object reads an object and calls member with each name, before its value. The
// name is valid until the next string is read.
func (r *jsonReader) object(want string, depth int, member func(name []byte) error) error {
	if r.peek() != '{' {
		return mistyped(want, r.found())
	}
	if depth > maxDepth {
		return r.tooDeep()
	}
	r.pos++
	if r.peek() == '}' {
		r.pos++
		return nil
	}
	for {
		if r.peek() != '"' {
			return r.bad("a member's name in quotes must come here")
		}
		name, err := r.str()
		if err != nil {
			return err
		}
		if r.peek() != ':' {
			return r.bad("a colon must follow a member's name")
		}
		r.pos++
		if err := member(name); err != nil {
			return err
		}
		switch r.peek() {
		case ',':
			r.pos++
		case '}':
			r.pos++
			return nil
		default:
			return r.bad("a comma or } must follow a member")
		}
	}
}

// scalar decodes strings, bytes and booleans.
func (r *jsonReader) scalar(s *shape, v reflect.Value) error {
	if s.kind == kindBool {
		switch r.peek() {
		case 't':
			v.SetBool(true)
			return r.word("true")
		case 'f':
			v.SetBool(false)
			return r.word("false")
		}
		return mistyped("true or false", r.found())
	}
	if r.peek() != '"' {
		return mistyped(s.kind.String(), r.found())
	}
	b, err := r.str()
	if err != nil {
		return err
	}
	if s.kind == kindString {
		v.SetString(string(b))
		return nil
	}
	blob, err := base64.StdEncoding.AppendDecode([]byte{}, b)
	if err != nil {
		return mistyped("bytes in base64", "a string that is not base64")
	}
	v.SetBytes(blob)
	return nil
}

func (r *jsonReader) number(s *shape, v reflect.Value) error {
	if c := r.peek(); c != '-' && (c < '0' || c > '9') {
		return mistyped(s.kind.String(), r.found())
	}
	lit, err := r.numeral()
	if err != nil {
		return err
	}
	if s.kind == kindInt {
		n, ok := parseInteger(string(lit))
		if !ok || v.OverflowInt(n) {
			return mistyped(fmt.Sprintf("an integer of %d bits", v.Type().Bits()), "the number "+clip(string(lit)))
		}
		v.SetInt(n)
		return nil
	}
	f, err := strconv.ParseFloat(string(lit), 64)
	if err != nil || v.OverflowFloat(f) {
		return mistyped(fmt.Sprintf("a number of %d bits", v.Type().Bits()), "the number "+clip(string(lit)))
	}
	v.SetFloat(f)
	return nil
}

// parseInteger reads an integer. 10.0 and 1e3 are integers too.
func parseInteger(s string) (int64, bool) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, true
	}
	if !strings.ContainsAny(s, ".eE") {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	// A float beyond 2^53 may already be another integer than the one written.
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0, false
	}
	return int64(f), true
}

func (r *jsonReader) time(v reflect.Value) error {
	var s string
	switch c := r.peek(); {
	case c == '"':
		b, err := r.str()
		if err != nil {
			return err
		}
		s = string(b)
	case c == '-' || c >= '0' && c <= '9':
		b, err := r.numeral()
		if err != nil {
			return err
		}
		s = string(b)
	default:
		return mistyped(kindTime.String(), r.found())
	}
	t, err := parseTime(s)
	if err != nil {
		return mistyped(kindTime.String(), strconv.Quote(clip(s)))
	}
	v.Set(reflect.ValueOf(t))
	return nil
}

// clip keeps s short enough for an error.
func clip(s string) string {
	if len(s) <= 64 {
		return s
	}
	return strings.ToValidUTF8(s[:64], "") + "…"
}
