package shape

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// MaxPrinted bounds a value that an error repeats, in bytes. It is more than
// the longest member that people name things with, and less than a payload.
const MaxPrinted = 8 << 10

const redacted = "***"

// printJava spells a value as AWS's services print it in an error: lists in
// brackets, structures as Type(member=value), null for what is absent.
func printJava(v reflect.Value, s *Shape, l *limit) string {
	var b strings.Builder
	appendJava(&b, v, s, l)
	return Cut(b.String(), MaxPrinted)
}

// Cut cuts s off where it is longer than most.
func Cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most] + "…"
}

func appendJava(b *strings.Builder, v reflect.Value, s *Shape, l *limit) {
	if isNull(v) {
		b.WriteString("null")
		return
	}
	if l != nil && l.secret {
		b.WriteString(redacted)
		return
	}
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if b.Len() > MaxPrinted {
		return // what follows is cut off anyway
	}
	switch s.Kind {
	case KindString:
		b.WriteString(Cut(v.String(), MaxPrinted))
	case KindBool:
		b.WriteString(strconv.FormatBool(v.Bool()))
	case KindInt:
		b.WriteString(strconv.FormatInt(v.Int(), 10))
	case KindFloat:
		b.WriteString(strconv.FormatFloat(v.Float(), 'g', -1, 64))
	case KindTime:
		b.WriteString(TimeOf(v).UTC().Format("Mon Jan 02 15:04:05 UTC 2006"))
	case KindBlob:
		n := strconv.Itoa(v.Len())
		b.WriteString("java.nio.HeapByteBuffer[pos=0 lim=" + n + " cap=" + n + "]")
	default:
		appendJavaParts(b, v, s)
	}
}

func appendJavaParts(b *strings.Builder, v reflect.Value, s *Shape) {
	switch s.Kind {
	case KindList:
		b.WriteByte('[')
		for i := range v.Len() {
			if b.Len() > MaxPrinted {
				break
			}
			if i > 0 {
				b.WriteString(", ")
			}
			appendJava(b, v.Index(i), s.Elem, nil)
		}
		b.WriteByte(']')
	case KindMap:
		b.WriteByte('{')
		for i, key := range SortedKeys(v) {
			if b.Len() > MaxPrinted {
				break
			}
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(Cut(key.String(), MaxPrinted) + "=")
			appendJava(b, v.MapIndex(key), s.Elem, nil)
		}
		b.WriteByte('}')
	case KindStruct:
		b.WriteString(s.Type.Name() + "(")
		for i := range s.Fields {
			f := &s.Fields[i]
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(f.camel + "=")
			appendJava(b, f.Of(v), f.Shape, f.limit)
		}
		b.WriteByte(')')
	}
}

// SortedKeys returns the keys of the map v in order, so that the same input
// gives the same text.
func SortedKeys(v reflect.Value) []reflect.Value {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	return keys
}
