package wire

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxPrinted bounds a value that an error repeats, in bytes. It is more than
// the longest member that people name things with, and less than a payload.
const maxPrinted = 8 << 10

const redacted = "***"

// printJava spells a value as AWS's services print it in an error: lists in
// brackets, structures as Type(member=value), null for what is absent.
func printJava(v reflect.Value, s *shape, l *limit) string {
	var b strings.Builder
	appendJava(&b, v, s, l)
	return cut(b.String(), maxPrinted)
}

// cut cuts s off where it is longer than most.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most] + "…"
}

func appendJava(b *strings.Builder, v reflect.Value, s *shape, l *limit) {
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
	if b.Len() > maxPrinted {
		return // what follows is cut off anyway
	}
	switch s.kind {
	case kindString:
		b.WriteString(cut(v.String(), maxPrinted))
	case kindBool:
		b.WriteString(strconv.FormatBool(v.Bool()))
	case kindInt:
		b.WriteString(strconv.FormatInt(v.Int(), 10))
	case kindFloat:
		b.WriteString(strconv.FormatFloat(v.Float(), 'g', -1, 64))
	case kindTime:
		b.WriteString(timeOf(v).UTC().Format("Mon Jan 02 15:04:05 UTC 2006"))
	case kindBlob:
		n := strconv.Itoa(v.Len())
		b.WriteString("java.nio.HeapByteBuffer[pos=0 lim=" + n + " cap=" + n + "]")
	default:
		appendJavaParts(b, v, s)
	}
}

func appendJavaParts(b *strings.Builder, v reflect.Value, s *shape) {
	switch s.kind {
	case kindList:
		b.WriteByte('[')
		for i := range v.Len() {
			if b.Len() > maxPrinted {
				break
			}
			if i > 0 {
				b.WriteString(", ")
			}
			appendJava(b, v.Index(i), s.elem, nil)
		}
		b.WriteByte(']')
	case kindMap:
		b.WriteByte('{')
		for i, key := range sortedKeys(v) {
			if b.Len() > maxPrinted {
				break
			}
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(cut(key.String(), maxPrinted) + "=")
			appendJava(b, v.MapIndex(key), s.elem, nil)
		}
		b.WriteByte('}')
	case kindStruct:
		b.WriteString(s.typ.Name() + "(")
		for i := range s.fields {
			f := &s.fields[i]
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(f.camel + "=")
			appendJava(b, f.of(v), f.shape, f.limit)
		}
		b.WriteByte(')')
	}
}

// sortedKeys returns the keys of the map v in order, so that the same input
// gives the same text.
func sortedKeys(v reflect.Value) []reflect.Value {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	return keys
}
