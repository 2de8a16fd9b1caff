package cbor

import (
	"encoding/binary"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/dari-bus/dari/internal/wire/shape"
)

// Read decodes data into v, a structure of shape s. No data is an empty map.
// When there is more in lists and maps than anybody may ask for, the error is
// [shape.ErrTooManyParts], and v holds the first of them. What is decoded does
// not point into data.
func Read(data []byte, s *shape.Shape, v reflect.Value) error {
	if len(data) == 0 {
		return nil
	}
	if err := wellFormed.Wellformed(data); err != nil {
		return malformed(err.Error())
	}
	r := reader{data: data, room: shape.MaxParts}
	if present, err := r.value(s, v); err != nil {
		return shape.Serialization(err)
	} else if !present {
		return shape.Serialization(shape.Mistyped("a structure", "null"))
	}
	if r.room < 0 {
		return shape.ErrTooManyParts
	}
	return nil
}

// A reader walks over data that is known to be one well-formed item.
type reader struct {
	data []byte
	pos  int
	// room is what is left of [shape.MaxParts]. Where there is none, elements are
	// passed over.
	room int
}

// A head is the beginning of an item: its major type, the low bits of its first
// byte, and the number that these stand for.
type head struct {
	major, info byte
	arg         uint64
}

func (h head) open() bool { return h.info == openLength }

func (r *reader) head() head {
	first := r.data[r.pos]
	r.pos++
	h := head{major: first >> 5, info: first & 0x1f}
	switch rest := r.data[r.pos:]; h.info {
	case 24:
		h.arg = uint64(rest[0])
		r.pos++
	case 25:
		h.arg = uint64(binary.BigEndian.Uint16(rest))
		r.pos += 2
	case 26:
		h.arg = uint64(binary.BigEndian.Uint32(rest))
		r.pos += 4
	case 27:
		h.arg = binary.BigEndian.Uint64(rest)
		r.pos += 8
	default:
		h.arg = uint64(h.info)
	}
	return h
}

// ends says whether the item that has had n parts ends here, and passes over the
// break of one whose length is open.
func (r *reader) ends(h head, n int) bool {
	if !h.open() {
		return uint64(n) == h.arg
	}
	if r.data[r.pos] == majorSimple<<5|openLength {
		r.pos++
		return true
	}
	return false
}

// value decodes the next item into v. A null leaves v as it is and reports
// false. Tags say nothing that the shape does not say.
func (r *reader) value(s *shape.Shape, v reflect.Value) (present bool, err error) {
	h := r.head()
	for h.major == majorTag {
		h = r.head()
	}
	if h.major == majorSimple && (h.info == simpleNull || h.info == simpleNone) {
		return false, nil
	}
	if s.Ptr {
		p := reflect.New(s.Type)
		v.Set(p)
		v = p.Elem()
	}
	switch s.Kind {
	case shape.KindStruct:
		err = r.structure(h, s, v)
	case shape.KindList:
		err = r.list(h, s, v)
	case shape.KindMap:
		err = r.dictionary(h, s, v)
	default:
		err = r.scalar(h, s, v)
	}
	return true, err
}

func (r *reader) structure(h head, s *shape.Shape, v reflect.Value) error {
	return r.entries(h, "a structure", func(name []byte) error {
		i, ok := s.Index[string(name)]
		if !ok {
			r.skip()
			return nil
		}
		f := &s.Fields[i]
		fv := f.Of(v)
		if present, err := r.value(f.Shape, fv); err != nil {
			return shape.Within(err, "."+f.Name)
		} else if !present {
			fv.SetZero() // the last of two members with one name counts
		}
		return nil
	})
}

func (r *reader) dictionary(h head, s *shape.Shape, v reflect.Value) error {
	v.Set(reflect.MakeMap(s.Type))
	return r.entries(h, "a map", func(name []byte) error {
		if r.room -= s.Part(); r.room < 0 {
			r.skip()
			return nil
		}
		key := reflect.ValueOf(string(name)).Convert(s.Type.Key())
		elem := reflect.New(s.Type.Elem()).Elem()
		if err := r.element(s.Elem, elem); err != nil {
			return shape.Within(err, "."+shape.Clip(key.String()))
		}
		v.SetMapIndex(key, elem)
		return nil
	})
}

// entries calls entry with each key of a map, before its value.
func (r *reader) entries(h head, want string, entry func(name []byte) error) error {
	if h.major != majorMap {
		return shape.Mistyped(want, found(h))
	}
	for n := 0; !r.ends(h, n); n++ {
		key := r.head()
		if key.major != majorText {
			return malformed("a member's name must be text")
		}
		name, err := r.text(key)
		if err != nil {
			return err
		}
		if err := entry(name); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) list(h head, s *shape.Shape, v reflect.Value) error {
	if h.major != majorArray {
		return shape.Mistyped("a list", found(h))
	}
	v.Set(reflect.MakeSlice(s.Type, 0, 0))
	for n := 0; !r.ends(h, n); n++ {
		if r.room -= s.Part(); r.room < 0 {
			r.skip()
			continue
		}
		if n == v.Cap() {
			v.Grow(max(4, n))
		}
		v.SetLen(n + 1)
		if err := r.element(s.Elem, v.Index(n)); err != nil {
			return shape.Within(err, "["+strconv.Itoa(n)+"]")
		}
	}
	return nil
}

// element decodes what may not be null.
func (r *reader) element(s *shape.Shape, v reflect.Value) error {
	present, err := r.value(s, v)
	if err == nil && !present {
		err = shape.Mistyped(s.Kind.String(), "null")
	}
	return err
}

func (r *reader) scalar(h head, s *shape.Shape, v reflect.Value) error {
	switch s.Kind {
	case shape.KindString:
		if h.major == majorText {
			text, err := r.text(h)
			v.SetString(string(text))
			return err
		}
	case shape.KindBlob:
		if h.major == majorBytes {
			v.SetBytes(append([]byte{}, r.str(h)...))
			return nil
		}
		return shape.Mistyped("bytes", found(h))
	case shape.KindBool:
		if h.major == majorSimple && (h.info == simpleFalse || h.info == simpleTrue) {
			v.SetBool(h.info == simpleTrue)
			return nil
		}
	case shape.KindInt:
		return integer(h, v)
	case shape.KindFloat:
		if f, ok := number(h); ok {
			if v.OverflowFloat(f) {
				return shape.Mistyped(fmt.Sprintf("a number of %d bits", v.Type().Bits()), "a greater one")
			}
			v.SetFloat(f)
			return nil
		}
	case shape.KindTime:
		f, ok := number(h)
		if ok && math.Abs(f) <= shape.MaxEpoch {
			v.Set(reflect.ValueOf(epoch(h, f)))
			return nil
		}
		return shape.Mistyped("a timestamp in Unix seconds", found(h))
	}
	return shape.Mistyped(s.Kind.String(), found(h))
}

// integer decodes an integer, which must fit.
func integer(h head, v reflect.Value) error {
	if h.major != majorUint && h.major != majorNegative {
		return shape.Mistyped(shape.KindInt.String(), found(h))
	}
	n := int64(h.arg)
	if h.major == majorNegative {
		n = -1 - n
	}
	if h.arg > math.MaxInt64 || v.OverflowInt(n) {
		return shape.Mistyped(fmt.Sprintf("an integer of %d bits", v.Type().Bits()), "a greater one")
	}
	v.SetInt(n)
	return nil
}

// number returns the value of an integer or a float.
func number(h head) (float64, bool) {
	switch {
	case h.major == majorUint:
		return float64(h.arg), true
	case h.major == majorNegative:
		return -1 - float64(h.arg), true
	case h.major != majorSimple:
		return 0, false
	}
	switch h.info {
	case floatHalf:
		return half(uint16(h.arg)), true
	case floatSingle:
		return float64(math.Float32frombits(uint32(h.arg))), true
	case floatDouble:
		return math.Float64frombits(h.arg), true
	default:
		return 0, false
	}
}

// half returns the number that the 16 bits of a half float stand for.
func half(bits uint16) float64 {
	exponent, fraction := int(bits>>10&0x1f), float64(bits&0x3ff)
	f := 0.0
	switch exponent {
	case 0:
		f = math.Ldexp(fraction, -24)
	case 31:
		if f = math.Inf(1); fraction != 0 {
			return math.NaN()
		}
	default:
		f = math.Ldexp(fraction+1024, exponent-25)
	}
	if bits&0x8000 != 0 {
		return -f
	}
	return f
}

// epoch returns the time f, which h stands for. A double tells microseconds
// today; what is beyond them is no part of the time, but of its spelling.
func epoch(h head, f float64) shape.Time {
	sec, frac := math.Modf(f)
	nanos := int64(math.Round(frac*1e6)) * 1e3
	if h.major != majorSimple {
		nanos = 0
	}
	return shape.At(time.Unix(int64(sec), nanos).UTC())
}

// text returns the string that h begins, which must be UTF-8. It is valid until
// the next string is read.
func (r *reader) text(h head) ([]byte, error) {
	b := r.str(h)
	if !utf8.Valid(b) {
		return nil, malformed("a text is not UTF-8")
	}
	return b, nil
}

// str returns the bytes of the text or byte string that h begins.
func (r *reader) str(h head) []byte {
	if !h.open() {
		b := r.data[r.pos : r.pos+int(h.arg)]
		r.pos += int(h.arg)
		return b
	}
	var all []byte
	for !r.ends(h, 0) {
		all = append(all, r.str(r.head())...)
	}
	return all
}

// skip passes over an item.
func (r *reader) skip() {
	h := r.head()
	switch h.major {
	case majorBytes, majorText:
		r.str(h)
	case majorTag:
		r.skip()
	case majorArray, majorMap:
		for n := 0; !r.ends(h, n); n++ {
			r.skip()
			if h.major == majorMap {
				r.skip()
			}
		}
	}
}

// found says in words what the item that begins with h is.
func found(h head) string {
	switch h.major {
	case majorUint, majorNegative:
		return "an integer"
	case majorBytes:
		return "bytes"
	case majorText:
		return "a string"
	case majorArray:
		return "a list"
	case majorMap:
		return "a map"
	}
	switch h.info {
	case simpleFalse, simpleTrue:
		return "a boolean"
	case simpleNull, simpleNone:
		return "null"
	case floatHalf, floatSingle, floatDouble:
		return "a number"
	default:
		return "a simple value"
	}
}
