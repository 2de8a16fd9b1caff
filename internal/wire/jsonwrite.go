package wire

import (
	"encoding/base64"
	"fmt"
	"math"
	"net/http"
	"reflect"
	"strconv"
	"unicode/utf8"
)

// appendJSON appends v, a value of shape s. Members that are absent are left
// out, a nil list that its tag does not omit is []: null never appears.
func appendJSON(b []byte, v reflect.Value, s *shape) ([]byte, error) {
	return appendJSONAs(b, v, s, false)
}

// appendJSONAs is appendJSON with the choice of the query protocol's JSON: some
// members have other names there, and a flat map is a list of its entries.
func appendJSONAs(b []byte, v reflect.Value, s *shape, query bool) ([]byte, error) {
	if s.ptr {
		if v.IsNil() {
			return nil, fmt.Errorf("encode %s: a list or map holds a nil pointer", s.typ)
		}
		v = v.Elem()
	}
	switch s.kind {
	case kindString:
		return appendString(b, v.String()), nil
	case kindBool:
		return strconv.AppendBool(b, v.Bool()), nil
	case kindInt:
		return strconv.AppendInt(b, v.Int(), 10), nil
	case kindFloat:
		return appendFloat(b, v.Float(), v.Type().Bits())
	case kindTime:
		return timeOf(v).appendEpoch(b), nil
	case kindBlob:
		b = append(b, '"')
		b = base64.StdEncoding.AppendEncode(b, v.Bytes())
		return append(b, '"'), nil
	case kindList:
		return appendList(b, v, s, query)
	case kindMap:
		return appendMap(b, v, s, query)
	default:
		return appendStruct(b, v, s, query)
	}
}

func appendStruct(b []byte, v reflect.Value, s *shape, query bool) ([]byte, error) {
	b = append(b, '{')
	first := true
	for i := range s.fields {
		f := &s.fields[i]
		fv := f.of(v)
		if f.absent(fv) {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		name := f.name
		if query {
			name = f.form.json
		}
		b = append(appendString(b, name), ':')
		var err error
		if query && f.form.flat && f.shape.kind == kindMap {
			b, err = appendPairs(b, fv, f.shape, f.form)
		} else {
			b, err = appendJSONAs(b, fv, f.shape, query)
		}
		if err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

func appendList(b []byte, v reflect.Value, s *shape, query bool) (_ []byte, err error) {
	b = append(b, '[')
	for i := range v.Len() {
		if len(b) > maxAnswer {
			return nil, errAnswerTooLarge
		}
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendJSONAs(b, v.Index(i), s.elem, query); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

func appendMap(b []byte, v reflect.Value, s *shape, query bool) (_ []byte, err error) {
	b = append(b, '{')
	for i, key := range sortedKeys(v) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, key.String()), ':')
		if b, err = appendJSONAs(b, v.MapIndex(key), s.elem, query); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

// appendPairs appends the map v as a list of structures of key and value.
func appendPairs(b []byte, v reflect.Value, s *shape, fm form) (_ []byte, err error) {
	b = append(b, '[')
	for i, key := range sortedKeys(v) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(append(b, '{'), fm.key), ':')
		b = append(appendString(b, key.String()), ',')
		b = append(appendString(b, fm.value), ':')
		if b, err = appendJSONAs(b, v.MapIndex(key), s.elem, true); err != nil {
			return nil, err
		}
		b = append(b, '}')
	}
	return append(b, ']'), nil
}

// maxAnswer bounds an answer, in bytes. Ten messages of 1 MiB come to no more,
// with each byte escaped at its worst.
const maxAnswer = 64 << 20

var errAnswerTooLarge error = &Error{
	Code: "ResponseTooLargeException", QueryCode: "ResponseTooLarge", Status: http.StatusServiceUnavailable,
	Message: "The answer has more bytes than dari sends at once; ask for less at a time.",
}

// appendFloat appends f without an exponent where people would not use one.
func appendFloat(b []byte, f float64, bits int) ([]byte, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, fmt.Errorf("encode the number %v: JSON has no such number", f)
	}
	format := byte('f')
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(b, f, format, -1, bits), nil
}

const hexDigits = "0123456789abcdef"

// appendString appends s in quotes. What is not UTF-8 becomes U+FFFD; all other
// characters beyond ASCII stay as they are.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if !plain[c] {
				b = appendEscape(append(b, s[start:i]...), c)
				start = i + 1
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			b = append(append(b, s[start:i]...), "\ufffd"...)
			start = i + 1
		}
		i += size
	}
	return append(append(b, s[start:]...), '"')
}

func appendEscape(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\b':
		return append(b, '\\', 'b')
	case '\f':
		return append(b, '\\', 'f')
	case '\n':
		return append(b, '\\', 'n')
	case '\r':
		return append(b, '\\', 'r')
	case '\t':
		return append(b, '\\', 't')
	default:
		return append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
	}
}
