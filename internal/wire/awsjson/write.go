package awsjson

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"

	"github.com/dari-bus/dari/internal/quote"
	"github.com/dari-bus/dari/internal/wire/shape"
)

// Append appends v, a value of shape s. Members that are absent are left
// out, a nil list that its tag does not omit is []: null never appears.
func Append(b []byte, v reflect.Value, s *shape.Shape) ([]byte, error) {
	return AppendAs(b, v, s, false)
}

// AppendAs is [Append] with the choice of the query protocol's JSON: some
// members have other names there, and a flat map is a list of its entries.
func AppendAs(b []byte, v reflect.Value, s *shape.Shape, query bool) ([]byte, error) {
	if s.Ptr {
		if v.IsNil() {
			return nil, fmt.Errorf("encode %s: a list or map holds a nil pointer", s.Type)
		}
		v = v.Elem()
	}
	switch s.Kind {
	case shape.KindString:
		return quote.JSON(b, v.String()), nil
	case shape.KindBool:
		return strconv.AppendBool(b, v.Bool()), nil
	case shape.KindInt:
		return strconv.AppendInt(b, v.Int(), 10), nil
	case shape.KindFloat:
		return appendFloat(b, v.Float(), v.Type().Bits()), nil
	case shape.KindTime:
		return appendTime(b, v, s), nil
	case shape.KindDocument:
		return appendDocument(b, v.Bytes())
	case shape.KindBlob:
		b = append(b, '"')
		b = base64.StdEncoding.AppendEncode(b, v.Bytes())
		return append(b, '"'), nil
	case shape.KindList:
		return appendList(b, v, s, query)
	case shape.KindMap:
		return appendMap(b, v, s, query)
	default:
		return appendStruct(b, v, s, query)
	}
}

func appendStruct(b []byte, v reflect.Value, s *shape.Shape, query bool) ([]byte, error) {
	b = append(b, '{')
	first := true
	for i := range s.Fields {
		f := &s.Fields[i]
		fv := f.Of(v)
		if f.Absent(fv) {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		name := f.Name
		if query {
			name = f.Form.JSON
		}
		b = append(quote.JSON(b, name), ':')
		var err error
		if query && f.Form.Flat && f.Shape.Kind == shape.KindMap {
			b, err = appendPairs(b, fv, f.Shape, f.Form)
		} else {
			b, err = AppendAs(b, fv, f.Shape, query)
		}
		if err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

func appendList(b []byte, v reflect.Value, s *shape.Shape, query bool) (_ []byte, err error) {
	b = append(b, '[')
	for i := range v.Len() {
		if len(b) > shape.MaxAnswer {
			return nil, shape.ErrAnswerTooLarge
		}
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = AppendAs(b, v.Index(i), s.Elem, query); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

func appendMap(b []byte, v reflect.Value, s *shape.Shape, query bool) (_ []byte, err error) {
	b = append(b, '{')
	for i, key := range shape.SortedKeys(v) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(quote.JSON(b, key.String()), ':')
		if b, err = AppendAs(b, v.MapIndex(key), s.Elem, query); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

// appendPairs appends the map v as a list of structures of key and value.
func appendPairs(b []byte, v reflect.Value, s *shape.Shape, fm shape.Form) (_ []byte, err error) {
	b = append(b, '[')
	for i, key := range shape.SortedKeys(v) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(quote.JSON(append(b, '{'), fm.Key), ':')
		b = append(quote.JSON(b, key.String()), ',')
		b = append(quote.JSON(b, fm.Value), ':')
		if b, err = AppendAs(b, v.MapIndex(key), s.Elem, true); err != nil {
			return nil, err
		}
		b = append(b, '}')
	}
	return append(b, ']'), nil
}

// appendFloat appends f without an exponent where people would not use one. What
// is no number is a string.
func appendFloat(b []byte, f float64, bits int) []byte {
	if name, special := shape.SpecialFloat(f); special {
		return quote.JSON(b, name)
	}
	format := byte('f')
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(b, f, format, -1, bits)
}

func appendTime(b []byte, v reflect.Value, s *shape.Shape) []byte {
	if s.Format == shape.Usual || s.Format == shape.EpochSeconds {
		return shape.TimeOf(v).AppendEpoch(b)
	}
	return append(shape.AppendText(append(b, '"'), v, s), '"')
}

// appendDocument appends what a room holds for JSON, if that is so.
func appendDocument(b, document []byte) ([]byte, error) {
	if !json.Valid(document) {
		return nil, fmt.Errorf("encode a document of %d bytes: it is not JSON", len(document))
	}
	return append(b, document...), nil
}
