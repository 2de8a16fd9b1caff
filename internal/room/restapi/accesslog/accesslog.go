// Package accesslog writes the line that an access log of API Gateway has for a request:
// a format in which $context variables stand, filled in.
//
// A format is compiled once, and may be rendered by many goroutines at once. A variable
// that has no value is "-". Values are of strangers, and a line is read by machines: what
// a value says cannot end the string, the element, the field or the line that it stands
// in. AWS copies values as they are; a format that was compiled raw does so too.
//
// Where AWS's documentation is silent, this is what is chosen. A format that begins with {
// is JSON: there a variable outside of quotes, whose value is no JSON, gets quotes. One that
// begins with < is XML, one with a comma between its first two variables is CSV, and in all
// others double quotes are where values end, as in the Common Log Format.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
package accesslog

import (
	"strings"

	"github.com/dari-bus/dari/internal/fault"
)

// MaxLength is how many bytes a format may have.
const MaxLength = 3 << 10

// A Format is a compiled format.
type Format struct {
	pieces []piece
	end    string // what stands behind the last variable
}

// A piece is what stands before a variable, and the variable.
type piece struct {
	before, name string
	write        func(b []byte, value string) []byte
}

const sigil = "$context."

// Compile reads a format. An error is a fault, with what AWS tells who sets one.
func Compile(text string, raw bool) (*Format, error) {
	if text == "" {
		return nil, fault.Invalid("Access Log value must not be empty")
	}
	if len(text) > MaxLength {
		return nil, fault.Invalid("Access Log format must have at most %d bytes, this one has %d", MaxLength, len(text))
	}
	line := strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
	if strings.ContainsAny(line, "\r\n") {
		return nil, fault.Invalid("Access Log format must be single line, new line character is allowed only at end of the format")
	}
	f := &Format{}
	f.cut(line)
	known := false
	for _, p := range f.pieces {
		known = known || p.name == "requestId" || p.name == "extendedRequestId"
	}
	if !known {
		return nil, fault.Invalid("Access Log format must be single line, and must contain at least $context.requestId or $context.extendedRequestId")
	}
	f.choose(raw)
	return f, nil
}

// cut finds the variables of a format.
func (f *Format) cut(text string) {
	start := 0
	for at := 0; ; {
		i := strings.Index(text[at:], sigil)
		if i < 0 {
			break
		}
		at += i
		n := NameLength(text[at+len(sigil):])
		if n == 0 {
			at += len(sigil)
			continue
		}
		name := text[at+len(sigil):][:n]
		f.pieces = append(f.pieces, piece{before: text[start:at], name: name})
		at += len(sigil) + n
		start = at
	}
	f.end = text[start:]
}

// NameLength is how long the name of a variable is that a text begins with: words with dots
// between.
func NameLength(s string) int {
	n := 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '-':
			n = i + 1
		case c == '.' && n == i && i > 0: // part of the name if more of it follows
		default:
			return n
		}
	}
	return n
}

// choose finds out, for each variable, what a value there must not end.
func (f *Format) choose(raw bool) {
	if raw {
		for i := range f.pieces {
			f.pieces[i].write = writeRaw
		}
		return
	}
	within, without := writeInQuotes, writeLine
	switch start := strings.TrimLeft(f.pieces[0].before, " \t"); {
	case strings.HasPrefix(start, "{"), strings.HasPrefix(start, "["):
		within, without = writeInJSON, writeJSON
	case strings.HasPrefix(start, "<"):
		within, without = writeXML, writeXML
	case len(f.pieces) > 1 && strings.Trim(f.pieces[1].before, ` "`) == ",":
		within, without = writeInCSV, writeCSV
	}
	quoted := false
	for i := range f.pieces {
		p := &f.pieces[i]
		quoted = quoted != oddQuotes(p.before)
		if p.write = without; quoted {
			p.write = within
		}
	}
}

// oddQuotes says whether a text begins or ends something in quotes.
func oddQuotes(s string) (odd bool) {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			odd = !odd
		}
	}
	return odd
}

// Append appends the line of a request, without a line break. The value of a variable is
// what context says of its name, which is what stands behind "$context."; an empty one is
// none.
func (f *Format) Append(b []byte, context func(name string) string) []byte {
	for i := range f.pieces {
		p := &f.pieces[i]
		b = append(b, p.before...)
		value := context(p.name)
		if value == "" {
			value = "-"
		}
		b = p.write(b, value)
	}
	return append(b, f.end...)
}
