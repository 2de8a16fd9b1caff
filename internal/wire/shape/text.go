package shape

import (
	"encoding/base64"
	"math"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Scalar says whether a value of s is one text: a string, a number and so on.
func (s *Shape) Scalar() bool {
	switch s.Kind {
	case KindString, KindBool, KindInt, KindFloat, KindTime, KindBlob:
		return true
	default:
		return false
	}
}

// ReadText decodes into v, a scalar of shape s, what forms, paths and headers
// spell: text is all that there is of the value.
func ReadText(text string, s *Shape, v reflect.Value) error {
	if s.Ptr {
		p := reflect.New(s.Type)
		v.Set(p)
		v = p.Elem()
	}
	ok := true
	switch s.Kind {
	case KindString:
		if !utf8.ValidString(text) {
			return Mistyped("text in UTF-8", "other bytes")
		}
		v.SetString(text)
	case KindBool:
		var yes bool
		yes, ok = parseBool(text)
		v.SetBool(yes)
	case KindInt:
		n, err := strconv.ParseInt(text, 10, v.Type().Bits())
		ok = err == nil
		v.SetInt(n)
	case KindFloat:
		f, err := strconv.ParseFloat(text, v.Type().Bits())
		ok = err == nil
		v.SetFloat(f)
	case KindTime:
		t, err := ParseTime(text)
		ok = err == nil
		v.Set(reflect.ValueOf(t))
	case KindBlob:
		blob, err := base64.StdEncoding.AppendDecode([]byte{}, []byte(text))
		ok = err == nil
		v.SetBytes(blob)
	}
	if !ok {
		return Mistyped(s.Kind.String(), strconv.Quote(Clip(text)))
	}
	return nil
}

func parseBool(text string) (yes, ok bool) {
	switch strings.ToLower(text) {
	case "true", "1":
		return true, true
	case "false", "0":
		return false, true
	default:
		return false, false
	}
}

// AppendText appends v, a scalar of shape s, as forms, headers and XML spell it.
// Timestamps are ISO 8601 where s does not say otherwise.
func AppendText(b []byte, v reflect.Value, s *Shape) []byte {
	v = reflect.Indirect(v)
	switch s.Kind {
	case KindBool:
		return strconv.AppendBool(b, v.Bool())
	case KindInt:
		return strconv.AppendInt(b, v.Int(), 10)
	case KindFloat:
		if name, special := SpecialFloat(v.Float()); special {
			return append(b, name...)
		}
		return strconv.AppendFloat(b, v.Float(), 'g', -1, v.Type().Bits())
	case KindTime:
		switch t := TimeOf(v); s.Format {
		case EpochSeconds:
			return t.AppendEpoch(b)
		case HTTPDate:
			return t.UTC().AppendFormat(b, httpDate)
		default:
			return t.appendISO(b)
		}
	case KindBlob:
		return base64.StdEncoding.AppendEncode(b, v.Bytes())
	default:
		return append(b, v.String()...)
	}
}

// SpecialFloat returns the name of a float that is no number.
func SpecialFloat(f float64) (name string, special bool) {
	switch {
	case math.IsNaN(f):
		return "NaN", true
	case math.IsInf(f, 1):
		return "Infinity", true
	case math.IsInf(f, -1):
		return "-Infinity", true
	default:
		return "", false
	}
}
