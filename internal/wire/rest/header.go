package rest

import (
	"net/http"
	"reflect"
	"strings"

	"github.com/dari-bus/dari/internal/wire/shape"
)

// decodeHeader reads a header, whose lines are one list. An empty header is the
// empty string, and no other value.
func decodeHeader(lines []string, s *shape.Shape, v reflect.Value) error {
	if len(lines) == 0 {
		return nil
	}
	text := strings.Join(lines, ",")
	if s.Kind == shape.KindList {
		return decodeList(items(text, s.Elem), s, v)
	}
	if s.Kind != shape.KindString {
		if text = strings.TrimSpace(text); text == "" {
			return nil
		}
	}
	return shape.ReadText(text, s, v)
}

// items cuts a header at its commas, of which an HTTP date has one within.
func items(text string, elem *shape.Shape) []string {
	var all []string
	for text != "" {
		item, rest, quoted := unquote(strings.TrimLeft(text, " \t"))
		if !quoted {
			i := comma(text, elem.Kind == shape.KindTime && elem.Format == shape.HTTPDate)
			item, rest = strings.TrimSpace(text[:i]), text[i:]
		}
		all = append(all, item)
		text = strings.TrimPrefix(strings.TrimLeft(rest, " \t"), ",")
	}
	return all
}

// comma returns where the first item of text ends.
func comma(text string, date bool) int {
	i := strings.IndexByte(text, ',')
	if date && i >= 0 {
		if j := strings.IndexByte(text[i+1:], ','); j >= 0 {
			return i + 1 + j
		}
		return len(text)
	}
	if i < 0 {
		return len(text)
	}
	return i
}

// unquote reads an item in quotes, in which a backslash stands before a quote
// and before itself.
func unquote(text string) (item, rest string, ok bool) {
	if !strings.HasPrefix(text, `"`) {
		return "", "", false
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return b.String(), text[i+1:], true
		case c == '\\' && i+1 < len(text):
			i++
			b.WriteByte(text[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", "", false // a quote that does not end is a character
}

// decodePrefix reads the headers whose names begin with prefix. The names are in
// lower case, since HTTP does not keep theirs.
func decodePrefix(header http.Header, prefix string, s *shape.Shape, v reflect.Value) {
	for name, lines := range header {
		if len(name) < len(prefix) || !strings.EqualFold(name[:len(prefix)], prefix) {
			continue
		}
		if v.IsNil() {
			v.Set(reflect.MakeMap(s.Type))
		}
		elem := reflect.New(s.Type.Elem()).Elem()
		if s.Elem.Ptr {
			elem.Set(reflect.New(s.Elem.Type))
		}
		reflect.Indirect(elem).SetString(strings.Join(lines, ","))
		v.SetMapIndex(reflect.ValueOf(strings.ToLower(name[len(prefix):])).Convert(s.Type.Key()), elem)
	}
}

func encodeHeader(header http.Header, f *shape.Field, v reflect.Value) {
	switch {
	case f.Location == shape.InPrefix:
		for key, value := range v.Seq2() {
			header.Set(f.LocationName+key.String(), reflect.Indirect(value).String())
		}
	case f.Shape.Kind == shape.KindList:
		all := make([]string, v.Len())
		for i := range all {
			all[i] = string(shape.AppendText(nil, v.Index(i), f.Shape.Elem))
			if f.Shape.Elem.Kind == shape.KindString {
				all[i] = quote(all[i])
			}
		}
		if len(all) > 0 {
			header.Set(f.LocationName, strings.Join(all, ", "))
		}
	default:
		header.Set(f.LocationName, string(shape.AppendText(nil, v, f.Shape)))
	}
}

// quote puts an item of a header in quotes where it could not be told otherwise.
func quote(item string) string {
	if !strings.ContainsAny(item, `",`) {
		return item
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(item) + `"`
}

// EncodeMembers writes those members of an error into header that are there. They
// are in a structure of shape s, or a pointer to one; without a shape there are
// none.
func EncodeMembers(header http.Header, members any, s *shape.Shape) {
	if s == nil {
		return
	}
	v := reflect.Indirect(reflect.ValueOf(members))
	for i := range s.Fields {
		if f := &s.Fields[i]; f.Location == shape.InHeader && !f.Absent(f.Of(v)) {
			encodeHeader(header, f, f.Of(v))
		}
	}
}
