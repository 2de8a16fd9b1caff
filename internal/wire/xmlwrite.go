package wire

import (
	"encoding/base64"
	"fmt"
	"reflect"
	"strconv"
	"unicode/utf8"
)

// appendXML appends the members of v, a structure of shape s, one element each.
func appendXML(b []byte, v reflect.Value, s *shape) (_ []byte, err error) {
	for i := range s.fields {
		f := &s.fields[i]
		fv := f.of(v)
		if f.absent(fv) {
			continue
		}
		if b, err = appendElement(b, f.form.name, fv, f.shape, f.form); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// appendElement appends v as the element name; fm says how lists and maps are
// spelled. A flat list repeats the element.
func appendElement(b []byte, name string, v reflect.Value, s *shape, fm form) (_ []byte, err error) {
	if s.ptr {
		if v.IsNil() {
			return nil, fmt.Errorf("encode %s: a list or map holds a nil pointer", s.typ)
		}
		v = v.Elem()
	}
	switch {
	case s.kind == kindList && fm.flat:
		return appendEach(b, name, v, s)
	case s.kind == kindMap && fm.flat:
		return appendEntries(b, name, v, s, fm)
	}
	b = append(append(append(b, '<'), name...), '>')
	switch s.kind {
	case kindStruct:
		b, err = appendXML(b, v, s)
	case kindList:
		b, err = appendEach(b, fm.member, v, s)
	case kindMap:
		b, err = appendEntries(b, "entry", v, s, fm)
	default:
		b = appendText(b, v, s)
	}
	if err != nil {
		return nil, err
	}
	return append(append(append(b, "</"...), name...), '>'), nil
}

func appendEach(b []byte, name string, v reflect.Value, s *shape) (_ []byte, err error) {
	for i := range v.Len() {
		if len(b) > maxAnswer {
			return nil, errAnswerTooLarge
		}
		if b, err = appendElement(b, name, v.Index(i), s.elem, inner); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func appendEntries(b []byte, name string, v reflect.Value, s *shape, fm form) (_ []byte, err error) {
	for _, key := range sortedKeys(v) {
		b = append(append(append(b, '<'), name...), '>')
		b = appendLeaf(b, fm.key, key.String())
		if b, err = appendElement(b, fm.value, v.MapIndex(key), s.elem, inner); err != nil {
			return nil, err
		}
		b = append(append(append(b, "</"...), name...), '>')
	}
	return b, nil
}

// appendLeaf appends an element that holds text.
func appendLeaf(b []byte, name, text string) []byte {
	b = append(append(append(b, '<'), name...), '>')
	b = appendXMLString(b, text)
	return append(append(append(b, "</"...), name...), '>')
}

// appendText appends a scalar.
func appendText(b []byte, v reflect.Value, s *shape) []byte {
	switch s.kind {
	case kindBool:
		return strconv.AppendBool(b, v.Bool())
	case kindInt:
		return strconv.AppendInt(b, v.Int(), 10)
	case kindFloat:
		return strconv.AppendFloat(b, v.Float(), 'g', -1, v.Type().Bits())
	case kindTime:
		return timeOf(v).appendISO(b)
	case kindBlob:
		return base64.StdEncoding.AppendEncode(b, v.Bytes())
	default:
		return appendXMLString(b, v.String())
	}
}

// appendXMLString appends s as character data. Line ends and tabs are escaped,
// since a reader may change raw ones; what XML cannot hold becomes U+FFFD.
func appendXMLString(b []byte, s string) []byte {
	for _, r := range s {
		switch {
		case r == '&':
			b = append(b, "&amp;"...)
		case r == '<':
			b = append(b, "&lt;"...)
		case r == '>':
			b = append(b, "&gt;"...)
		case r == '"':
			b = append(b, "&quot;"...)
		case r == '\t', r == '\n', r == '\r':
			b = append(append(append(b, "&#x"...), hexDigits[r]), ';')
		case r < 0x20, r == 0xFFFE, r == 0xFFFF:
			b = append(b, "\ufffd"...)
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return b
}
