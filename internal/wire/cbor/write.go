package cbor

import (
	"encoding/binary"
	"fmt"
	"math"
	"reflect"
	"strings"

	"github.com/dari-bus/dari/internal/wire/shape"
)

// Append appends v, a value of shape s. Members that are absent are left out, a
// nil list that its tag does not omit is empty: null never appears.
func Append(b []byte, v reflect.Value, s *shape.Shape) ([]byte, error) {
	if s.Ptr {
		if v.IsNil() {
			return nil, fmt.Errorf("encode %s: a list or map holds a nil pointer", s.Type)
		}
		v = v.Elem()
	}
	switch s.Kind {
	case shape.KindString:
		return appendText(b, v.String()), nil
	case shape.KindBool:
		if v.Bool() {
			return append(b, majorSimple<<5|simpleTrue), nil
		}
		return append(b, majorSimple<<5|simpleFalse), nil
	case shape.KindInt:
		return appendInt(b, v.Int()), nil
	case shape.KindFloat:
		if v.Type().Bits() == 32 {
			return binary.BigEndian.AppendUint32(append(b, majorSimple<<5|floatSingle), math.Float32bits(float32(v.Float()))), nil
		}
		return appendDouble(b, v.Float()), nil
	case shape.KindTime:
		ms := shape.TimeOf(v).UnixMilli()
		return appendDouble(append(b, majorTag<<5|tagEpoch), float64(ms)/1000), nil
	case shape.KindBlob:
		return append(appendHead(b, majorBytes, uint64(v.Len())), v.Bytes()...), nil
	case shape.KindList:
		return appendList(b, v, s)
	case shape.KindMap:
		return appendMap(b, v, s)
	case shape.KindStruct:
		return appendMembers(b, v, s)
	default:
		return nil, fmt.Errorf("encode %s: CBOR holds no such value", s.Type)
	}
}

// appendMembers appends the structure v with further members before its own:
// names and texts in turn.
func appendMembers(b []byte, v reflect.Value, s *shape.Shape, first ...string) (_ []byte, err error) {
	n := len(first) / 2
	for i := range s.Fields {
		if f := &s.Fields[i]; !f.Absent(f.Of(v)) {
			n++
		}
	}
	b = appendEntries(b, n)
	for _, text := range first {
		b = appendText(b, text)
	}
	for i := range s.Fields {
		f := &s.Fields[i]
		fv := f.Of(v)
		if f.Absent(fv) {
			continue
		}
		if b, err = Append(appendText(b, f.Name), fv, f.Shape); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// AppendError appends e as a map, with the name as __type unless it is "". What it
// says beside its message is a structure of shape s, nil for nothing.
func AppendError(b []byte, name string, e *shape.Error, s *shape.Shape) []byte {
	var texts []string
	if name != "" {
		texts = append(texts, "__type", name)
	}
	if !s.HasMessage() {
		// Models have it either way, and the Go SDK wants it as the model has it.
		texts = append(texts, "message", e.Message, "Message", e.Message)
	}
	if s != nil {
		if whole, err := appendMembers(b, e.Details(), s, texts...); err == nil {
			return whole
		}
	}
	b = appendEntries(b, len(texts)/2)
	for _, text := range texts {
		b = appendText(b, text)
	}
	return b
}

func appendList(b []byte, v reflect.Value, s *shape.Shape) (_ []byte, err error) {
	b = appendHead(b, majorArray, uint64(v.Len()))
	for i := range v.Len() {
		if len(b) > shape.MaxAnswer {
			return nil, shape.ErrAnswerTooLarge
		}
		if b, err = Append(b, v.Index(i), s.Elem); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func appendMap(b []byte, v reflect.Value, s *shape.Shape) (_ []byte, err error) {
	keys := shape.SortedKeys(v)
	b = appendEntries(b, len(keys))
	for _, key := range keys {
		if b, err = Append(appendText(b, key.String()), v.MapIndex(key), s.Elem); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// appendEntries appends the beginning of a map with n entries.
func appendEntries(b []byte, n int) []byte { return appendHead(b, majorMap, uint64(n)) }

// appendText appends a string. What is not UTF-8 becomes U+FFFD.
func appendText(b []byte, s string) []byte {
	s = strings.ToValidUTF8(s, "\ufffd")
	return append(appendHead(b, majorText, uint64(len(s))), s...)
}

func appendInt(b []byte, n int64) []byte {
	if n < 0 {
		return appendHead(b, majorNegative, uint64(-1-n))
	}
	return appendHead(b, majorUint, uint64(n))
}

func appendDouble(b []byte, f float64) []byte {
	return binary.BigEndian.AppendUint64(append(b, majorSimple<<5|floatDouble), math.Float64bits(f))
}

// appendHead appends the beginning of an item, as short as it can be.
func appendHead(b []byte, major byte, n uint64) []byte {
	first := major << 5
	switch {
	case n < 24:
		return append(b, first|byte(n))
	case n <= math.MaxUint8:
		return append(b, first|24, byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(b, first|25), uint16(n))
	case n <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(b, first|26), uint32(n))
	default:
		return binary.BigEndian.AppendUint64(append(b, first|27), n)
	}
}
