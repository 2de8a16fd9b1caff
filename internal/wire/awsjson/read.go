// Package awsjson reads and writes JSON as AWS's dialects do: member names are
// compared exactly, what a shape does not have is passed over, and null never
// goes out.
package awsjson

import (
	"encoding/base64"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/dari-bus/dari/internal/wire/shape"
)

// maxDepth bounds how deep values may nest, known members or not.
const maxDepth = 512

// A reader decodes one JSON text into the Go value of a shape.
//
// It exists because the hot path of the server is PutEvents: it reads a body
// once, makes room for the members of a structure together, and knows where it
// is when something has the wrong type. Names are compared exactly, as AWS
// does, and members that the shape does not have are passed over. What it makes
// never points into the text.
type reader struct {
	text []byte
	pos  int
	// room is what is left of [shape.MaxParts]. Where there is none, elements are passed
	// over.
	room int
	// scratch holds a string while its escapes are resolved.
	scratch []byte
}

var readers = sync.Pool{New: func() any { return new(reader) }}

// Read decodes text into v, a value of shape s. Text of white space only leaves v
// as it is: it is an empty object. When there is more in lists and maps than anybody may
// ask for, the error is [shape.ErrTooManyParts], and v holds the first of them.
func Read(text []byte, s *shape.Shape, v reflect.Value) error {
	if !utf8.Valid(text) {
		return shape.Malformed("JSON", "it is not UTF-8")
	}
	r := readers.Get().(*reader)
	defer r.free()
	r.text, r.pos, r.room = text, 0, shape.MaxParts
	if r.peek() == 0 && r.pos == len(text) {
		return nil
	}
	present, err := r.value(s, v, -1)
	if err == nil && !present && s.Kind == shape.KindStruct && !s.Ptr {
		err = shape.Mistyped("a structure", "null")
	}
	if err != nil {
		return shape.Serialization(err)
	}
	if r.peek(); r.pos < len(text) {
		return r.bad("text follows the object")
	}
	if r.room < 0 {
		return shape.ErrTooManyParts
	}
	return nil
}

// maxScratch bounds what a reader at rest keeps, in bytes.
const maxScratch = 1 << 20

func (r *reader) free() {
	r.text = nil
	if cap(r.scratch) > maxScratch {
		r.scratch = nil
	}
	readers.Put(r)
}

// peek passes over white space and returns the byte after it, zero at the end.
func (r *reader) peek() byte {
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
func (r *reader) value(s *shape.Shape, v reflect.Value, depth int) (present bool, err error) {
	if r.peek() == 'n' {
		return false, r.word("null")
	}
	if s.Ptr {
		p := reflect.New(s.Type)
		v.Set(p)
		v = p.Elem()
	}
	switch s.Kind {
	case shape.KindStruct:
		err = r.structure(s, v, depth+1)
	case shape.KindList:
		err = r.list(s, v, depth+1)
	case shape.KindMap:
		err = r.dictionary(s, v, depth+1)
	case shape.KindInt, shape.KindFloat:
		err = r.number(s, v)
	case shape.KindTime:
		err = r.time(v)
	case shape.KindDocument:
		err = r.document(v, depth)
	default:
		err = r.scalar(s, v)
	}
	return true, err
}

func (r *reader) structure(s *shape.Shape, v reflect.Value, depth int) error {
	var slab []string
	return r.object("a structure", depth, func(name []byte) error {
		i, ok := s.Index[string(name)]
		if !ok {
			return r.skip(depth)
		}
		f := &s.Fields[i]
		fv := f.Of(v)
		if f.Shape.Kind == shape.KindString && f.Shape.Ptr && fv.Type() == stringPtr && r.peek() == '"' {
			if len(slab) == 0 {
				slab = make([]string, s.Strings)
			}
			if err := r.into(&slab[0]); err != nil {
				return err
			}
			fv.Set(reflect.ValueOf(&slab[0]))
			slab = slab[1:]
			return nil
		}
		if present, err := r.value(f.Shape, fv, depth); err != nil {
			return shape.Within(err, "."+f.Name)
		} else if !present {
			fv.SetZero() // the last of two members with one name counts
		}
		return nil
	})
}

var stringPtr = reflect.TypeFor[*string]()

// into decodes the next string into s.
func (r *reader) into(s *string) error {
	b, err := r.str()
	*s = string(b)
	return err
}

func (r *reader) list(s *shape.Shape, v reflect.Value, depth int) error {
	if r.peek() != '[' {
		return shape.Mistyped("a list", r.found())
	}
	if depth > maxDepth {
		return r.tooDeep()
	}
	r.pos++
	v.Set(reflect.MakeSlice(s.Type, 0, 0))
	if r.peek() == ']' {
		r.pos++
		return nil
	}
	for n := 0; ; n++ {
		if err := r.element(s, v, n, depth); err != nil {
			return shape.Within(err, "["+strconv.Itoa(n)+"]")
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
func (r *reader) element(s *shape.Shape, v reflect.Value, n, depth int) error {
	if r.room -= s.Part(); r.room < 0 {
		return r.skip(depth)
	}
	if n == v.Cap() {
		v.Grow(max(4, n))
	}
	v.SetLen(n + 1)
	present, err := r.value(s.Elem, v.Index(n), depth)
	if err == nil && !present {
		err = shape.Mistyped(s.Elem.Kind.String(), "null")
	}
	return err
}

func (r *reader) dictionary(s *shape.Shape, v reflect.Value, depth int) error {
	v.Set(reflect.MakeMap(s.Type))
	return r.object("a map", depth, func(name []byte) error {
		if r.room -= s.Part(); r.room < 0 {
			return r.skip(depth)
		}
		key := reflect.ValueOf(string(name)).Convert(s.Type.Key())
		elem := reflect.New(s.Type.Elem()).Elem()
		present, err := r.value(s.Elem, elem, depth)
		if err == nil && !present {
			err = shape.Mistyped(s.Elem.Kind.String(), "null")
		}
		if err != nil {
			return shape.Within(err, "."+shape.Clip(key.String()))
		}
		v.SetMapIndex(key, elem)
		return nil
	})
}

// object reads an object and calls member with each name, before its value. The
// name is valid until the next string is read.
func (r *reader) object(want string, depth int, member func(name []byte) error) error {
	if r.peek() != '{' {
		return shape.Mistyped(want, r.found())
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
func (r *reader) scalar(s *shape.Shape, v reflect.Value) error {
	if s.Kind == shape.KindBool {
		switch r.peek() {
		case 't':
			v.SetBool(true)
			return r.word("true")
		case 'f':
			v.SetBool(false)
			return r.word("false")
		}
		return shape.Mistyped("true or false", r.found())
	}
	if r.peek() != '"' {
		return shape.Mistyped(s.Kind.String(), r.found())
	}
	b, err := r.str()
	if err != nil {
		return err
	}
	if s.Kind == shape.KindString {
		v.SetString(string(b))
		return nil
	}
	blob, err := base64.StdEncoding.AppendDecode([]byte{}, b)
	if err != nil {
		return shape.Mistyped("bytes in base64", "a string that is not base64")
	}
	v.SetBytes(blob)
	return nil
}

// document keeps the next value as it is written.
func (r *reader) document(v reflect.Value, depth int) error {
	start := r.pos
	if err := r.skip(depth); err != nil {
		return err
	}
	v.SetBytes(slices.Clone(r.text[start:r.pos]))
	return nil
}

// special decodes the names of floats that are no numbers.
func (r *reader) special(s *shape.Shape, v reflect.Value) error {
	name, err := r.str()
	if err != nil {
		return err
	}
	switch string(name) {
	case "NaN":
		v.SetFloat(math.NaN())
	case "Infinity":
		v.SetFloat(math.Inf(1))
	case "-Infinity":
		v.SetFloat(math.Inf(-1))
	default:
		return shape.Mistyped(s.Kind.String(), "a string")
	}
	return nil
}

func (r *reader) number(s *shape.Shape, v reflect.Value) error {
	if s.Kind == shape.KindFloat && r.peek() == '"' {
		return r.special(s, v)
	}
	if c := r.peek(); c != '-' && (c < '0' || c > '9') {
		return shape.Mistyped(s.Kind.String(), r.found())
	}
	lit, err := r.numeral()
	if err != nil {
		return err
	}
	if s.Kind == shape.KindInt {
		n, ok := parseInteger(string(lit))
		if !ok || v.OverflowInt(n) {
			return shape.Mistyped(fmt.Sprintf("an integer of %d bits", v.Type().Bits()), "the number "+shape.Clip(string(lit)))
		}
		v.SetInt(n)
		return nil
	}
	f, err := strconv.ParseFloat(string(lit), 64)
	if err != nil || v.OverflowFloat(f) {
		return shape.Mistyped(fmt.Sprintf("a number of %d bits", v.Type().Bits()), "the number "+shape.Clip(string(lit)))
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

func (r *reader) time(v reflect.Value) error {
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
		return shape.Mistyped(shape.KindTime.String(), r.found())
	}
	t, err := shape.ParseTime(s)
	if err != nil {
		return shape.Mistyped(shape.KindTime.String(), strconv.Quote(shape.Clip(s)))
	}
	v.Set(reflect.ValueOf(t))
	return nil
}
