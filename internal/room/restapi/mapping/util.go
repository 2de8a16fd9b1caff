package mapping

import (
	"encoding/base64"
	"errors"
	"net/url"
	"strings"
	"unicode/utf16"

	"github.com/dari-bus/dari/internal/vtl/value"
)

// util is $util.
type util struct{}

func (util) Get(string) value.Value { return nil }
func (util) String() string         { return "" }

func (util) Call(r *value.Run, name string, arguments []value.Value) (value.Value, error) {
	if len(arguments) != 1 {
		return nil, nil
	}
	if arguments[0] == nil {
		switch {
		case name == "escapeJavaScript":
			return "null", nil
		case utils[name] != nil:
			return "", nil
		}
		return nil, nil
	}
	s, err := r.Text(arguments[0])
	if err != nil {
		return nil, err
	}
	fn := utils[name]
	switch {
	case name == "parseJson":
		if err := r.Work(len(s)); err != nil {
			return nil, err
		}
		return value.ReadJSON(s, r.Take)
	case fn == nil:
		return nil, nil
	}
	if err := r.Take(6 * len(s)); err != nil { // the most that each makes of a byte
		return nil, err
	}
	return fn(s)
}

// utils are the functions that make a text of a text.
var utils = map[string]func(string) (string, error){
	"escapeJavaScript": escapeJavaScript, "urlEncode": urlEncode, "urlDecode": urlDecode,
	"base64Encode": func(s string) (string, error) { return base64.StdEncoding.EncodeToString([]byte(s)), nil },
	"base64Decode": base64Decode,
}

// escapeJavaScript writes a text as JavaScript has it between quotes, as Java's libraries
// do: with ' as \', which is no JSON, and all beyond ASCII as \u.
func escapeJavaScript(s string) (string, error) {
	if strings.TrimSpace(s) == "" {
		return "{}", nil
	}
	const hex = "0123456789ABCDEF"
	b := make([]byte, 0, len(s)+len(s)/8)
	for _, c := range s {
		switch {
		case c == '\'' || c == '"' || c == '\\':
			b = append(b, '\\', byte(c))
		case strings.ContainsRune("\b\f\n\r\t", c):
			b = append(b, '\\', "bfnrt"[strings.IndexRune("\b\f\n\r\t", c)])
		case c >= ' ' && c <= 0x7f:
			b = append(b, byte(c))
		default:
			for _, u := range utf16.AppendRune(nil, c) {
				b = append(b, '\\', 'u', hex[u>>12], hex[u>>8&15], hex[u>>4&15], hex[u&15])
			}
		}
	}
	return string(b), nil
}

// urlEncode writes a text as a form has it, as Java does.
func urlEncode(s string) (string, error) {
	return strings.NewReplacer("~", "%7E", "%2A", "*").Replace(url.QueryEscape(s)), nil
}

func urlDecode(s string) (string, error) {
	out, err := url.QueryUnescape(s)
	if err != nil {
		return "", errors.New("$util.urlDecode expects two hexadecimal digits behind each %")
	}
	return out, nil
}

func base64Decode(s string) (string, error) {
	out, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return "", errors.New("$util.base64Decode expects base64, with its = at the end")
	}
	return string(out), nil
}
