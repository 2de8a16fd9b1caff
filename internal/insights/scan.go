package insights

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/dari-bus/dari/internal/regex"
)

// The bounds of a query.
const (
	// MaxLength is how many bytes a query may have.
	MaxLength = 10_000
	maxDepth  = 50
	// maxRegex bounds the instructions of all regular expressions of a query, and
	// maxRegexText each of them.
	maxRegex     = 2000
	maxRegexText = 1024
)

// An Error says what is wrong with a query, and where: from the byte Start to End.
type Error struct {
	Message    string
	Start, End int
}

func (e *Error) Error() string { return e.Message }

// A token is the smallest part of a query.
type token struct {
	kind       tokenKind
	text       string // of quoted texts and names, what they say
	start, end int
}

type tokenKind uint8

const (
	end tokenKind = iota
	name
	quotedName
	text
	number
	sign
)

// A scanner cuts a query into tokens. What begins with a slash is a regular
// expression only where the parser asks for one.
type scanner struct {
	query string
	at    int
	// next is the token that comes.
	next token
	err  *Error
}

func (s *scanner) fail(start, end int, format string, args ...any) *Error {
	if s.err == nil {
		line := 1 + strings.Count(s.query[:start], "\n")
		position := start - strings.LastIndexByte(s.query[:start], '\n') - 1
		s.err = &Error{fmt.Sprintf(format, args...) + fmt.Sprintf(" at line %d and position %d", line, position), start, end}
	}
	return s.err
}

// blanks goes over white space and comments.
func (s *scanner) blanks() {
	for s.at < len(s.query) {
		switch c := s.query[s.at]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			s.at++
		case c == '#':
			if i := strings.IndexByte(s.query[s.at:], '\n'); i >= 0 {
				s.at += i
			} else {
				s.at = len(s.query)
			}
		default:
			return
		}
	}
}

// advance reads the next token.
func (s *scanner) advance() {
	s.blanks()
	begin := s.at
	s.next = token{start: begin, end: begin}
	if begin == len(s.query) || s.err != nil {
		return
	}
	switch c := s.query[begin]; {
	case isNameStart(c):
		s.next.kind, s.next.text = name, s.run(isNamePart)
	case c >= '0' && c <= '9':
		s.next.kind, s.next.text = number, s.number()
	case c == '"' || c == '\'':
		s.next.kind, s.next.text = text, s.quoted(c)
	case c == '`':
		s.next.kind, s.next.text = quotedName, s.quoted(c)
	default:
		s.next.kind, s.next.text = sign, s.sign()
		s.at += len(s.next.text)
	}
	s.next.end = s.at
}

func (s *scanner) run(ok func(byte) bool) string {
	begin := s.at
	for s.at < len(s.query) && ok(s.query[s.at]) {
		s.at++
	}
	return s.query[begin:s.at]
}

// number reads a number, and the unit of a period that stands close behind it.
func (s *scanner) number() string {
	begin := s.at
	digit := func(c byte) bool { return c >= '0' && c <= '9' }
	s.run(digit)
	if rest := s.query[s.at:]; len(rest) > 1 && rest[0] == '.' && digit(rest[1]) {
		s.at++
		s.run(digit)
	}
	s.run(func(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' })
	return s.query[begin:s.at]
}

// quoted reads up to the quote that closes. A backslash takes the meaning from a
// quote and from itself.
func (s *scanner) quoted(quote byte) string {
	var out strings.Builder
	begin := s.at
	for s.at++; s.at < len(s.query); s.at++ {
		switch c := s.query[s.at]; {
		case c == quote:
			s.at++
			return out.String()
		case c == '\\' && s.at+1 < len(s.query) && (s.query[s.at+1] == quote || s.query[s.at+1] == '\\'):
			s.at++
			out.WriteByte(s.query[s.at])
		default:
			out.WriteByte(c)
		}
	}
	s.fail(begin, len(s.query), "a quote is not closed that begins")
	return ""
}

var signs = []string{"!=", "<=", ">=", "=~"}

func (s *scanner) sign() string {
	for _, two := range signs {
		if strings.HasPrefix(s.query[s.at:], two) {
			return two
		}
	}
	_, n := utf8.DecodeRuneInString(s.query[s.at:])
	return s.query[s.at : s.at+n]
}

// regex reads a regular expression, whose slash is the next token.
func (s *scanner) regex(left *int) *regex.Regex {
	begin := s.next.start
	i := begin + 1
	for i < len(s.query) && s.query[i] != '/' {
		if s.query[i] == '\\' {
			i++
		}
		i++
	}
	if i >= len(s.query) {
		s.fail(begin, len(s.query), "a regular expression is not closed that begins")
		return nil
	}
	s.at = i + 1
	return s.compile(strings.ReplaceAll(s.query[begin+1:i], `\/`, "/"), begin, s.at, left)
}

// compile compiles a regular expression, if what is left of their bound allows it,
// and reads the next token.
func (s *scanner) compile(text string, start, end int, left *int) *regex.Regex {
	if len(text) > maxRegexText {
		s.fail(start, end, "a regular expression has more than %d bytes", maxRegexText)
		return nil
	}
	x, err := regex.Compile(text)
	if err != nil {
		s.fail(start, end, "%s: in a regular expression", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
		return nil
	}
	if *left -= x.Steps; *left < 0 {
		s.fail(start, end, "the regular expressions of the query are too large")
		return nil
	}
	s.advance()
	return x
}

func isNameStart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '@' || c >= utf8.RuneSelf
}

func isNamePart(c byte) bool { return isNameStart(c) || c >= '0' && c <= '9' || c == '.' }
