package accesslog

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/dari-bus/dari/internal/quote"
)

func writeRaw(b []byte, value string) []byte { return append(b, value...) }

// writeInJSON writes a value within a string of JSON.
func writeInJSON(b []byte, value string) []byte {
	start := len(b)
	b = quote.JSON(b, value)
	return append(b[:start], b[start+1:len(b)-1]...)
}

// writeJSON writes a value where JSON expects one.
func writeJSON(b []byte, value string) []byte {
	if json.Valid([]byte(value)) && !strings.ContainsAny(value, "\r\n") {
		return append(b, value...)
	}
	return quote.JSON(b, value)
}

// writeXML writes a value as the text of an element or within an attribute.
func writeXML(b []byte, value string) []byte {
	for _, c := range value {
		switch {
		case c == '&':
			b = append(b, "&amp;"...)
		case c == '<':
			b = append(b, "&lt;"...)
		case c == '>':
			b = append(b, "&gt;"...)
		case c == '"':
			b = append(b, "&quot;"...)
		case c == '\'':
			b = append(b, "&apos;"...)
		case c < ' ' && c != '\t', c == 0xFFFE, c == 0xFFFF: // XML has no way to say them, or they end the line
			b = utf8.AppendRune(b, utf8.RuneError)
		default:
			b = utf8.AppendRune(b, c)
		}
	}
	return b
}

// writeCSV writes a value as a field, which gets quotes if it must.
func writeCSV(b []byte, value string) []byte {
	if !strings.ContainsAny(value, ",\"\r\n") {
		return writeInCSV(b, value)
	}
	return append(writeInCSV(append(b, '"'), value), '"')
}

// writeInCSV writes a value within a field that has quotes.
func writeInCSV(b []byte, value string) []byte {
	for _, c := range value {
		switch {
		case c == '"':
			b = append(b, `""`...)
		case c < ' ' && c != '\t':
			b = append(b, ' ')
		default:
			b = utf8.AppendRune(b, c)
		}
	}
	return b
}

// writeLine writes a value as part of a line, as the servers do whose format it is:
// control characters as \xhh.
func writeLine(b []byte, value string) []byte {
	const hex = "0123456789abcdef"
	for i := 0; i < len(value); i++ {
		if c := value[i]; c < ' ' || c == 0x7f {
			b = append(b, '\\', 'x', hex[c>>4], hex[c&15])
		} else {
			b = append(b, c)
		}
	}
	return b
}

// writeInQuotes writes a value as part of a line between double quotes.
func writeInQuotes(b []byte, value string) []byte {
	return writeLine(b, strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value))
}
