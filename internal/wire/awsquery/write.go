package awsquery

import (
	"fmt"
	"reflect"
	"unicode/utf8"

	"github.com/dari-bus/dari/internal/wire/shape"
)

// Append appends the members of v, a structure of shape s, one element each.
func Append(b []byte, v reflect.Value, s *shape.Shape) (_ []byte, err error) {
	for i := range s.Fields {
		f := &s.Fields[i]
		fv := f.Of(v)
		if f.Absent(fv) {
			continue
		}
		if b, err = appendElement(b, f.Form.Name, fv, f.Shape, f.Form); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// appendElement appends v as the element name; fm says how lists and maps are
// spelled. A flat list repeats the element.
func appendElement(b []byte, name string, v reflect.Value, s *shape.Shape, fm shape.Form) (_ []byte, err error) {
	if s.Ptr {
		if v.IsNil() {
			return nil, fmt.Errorf("encode %s: a list or map holds a nil pointer", s.Type)
		}
		v = v.Elem()
	}
	switch {
	case s.Kind == shape.KindList && fm.Flat:
		return appendEach(b, name, v, s)
	case s.Kind == shape.KindMap && fm.Flat:
		return appendEntries(b, name, v, s, fm)
	}
	b = append(append(append(b, '<'), name...), '>')
	switch s.Kind {
	case shape.KindStruct:
		b, err = Append(b, v, s)
	case shape.KindList:
		b, err = appendEach(b, fm.Member, v, s)
	case shape.KindMap:
		b, err = appendEntries(b, "entry", v, s, fm)
	case shape.KindString:
		b = appendXMLString(b, v.String())
	default:
		b = shape.AppendText(b, v, s)
	}
	if err != nil {
		return nil, err
	}
	return append(append(append(b, "</"...), name...), '>'), nil
}

func appendEach(b []byte, name string, v reflect.Value, s *shape.Shape) (_ []byte, err error) {
	for i := range v.Len() {
		if len(b) > shape.MaxAnswer {
			return nil, shape.ErrAnswerTooLarge
		}
		if b, err = appendElement(b, name, v.Index(i), s.Elem, inner); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func appendEntries(b []byte, name string, v reflect.Value, s *shape.Shape, fm shape.Form) (_ []byte, err error) {
	for _, key := range shape.SortedKeys(v) {
		b = append(append(append(b, '<'), name...), '>')
		b = AppendLeaf(b, fm.Key, key.String())
		if b, err = appendElement(b, fm.Value, v.MapIndex(key), s.Elem, inner); err != nil {
			return nil, err
		}
		b = append(append(append(b, "</"...), name...), '>')
	}
	return b, nil
}

// AppendLeaf appends an element that holds text.
func AppendLeaf(b []byte, name, text string) []byte {
	b = append(append(append(b, '<'), name...), '>')
	b = appendXMLString(b, text)
	return append(append(append(b, "</"...), name...), '>')
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
			b = append(append(append(b, "&#x"...), "0123456789abcdef"[r]), ';')
		case r < 0x20, r == 0xFFFE, r == 0xFFFF:
			b = append(b, "\ufffd"...)
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return b
}
