package vtl

import (
	"fmt"
	"strings"
)

// The bounds of a template.
const (
	// MaxLength is how many bytes it may have: AWS's quota.
	MaxLength = 300 << 10
	maxDepth  = 100
)

// An Error says what is wrong with a template or a run of it, and where.
type Error struct {
	Line, Column int // from 1 on
	Message      string
}

func (e *Error) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Message)
}

// errorAt makes an error of a place in a source.
func errorAt(source string, at int, message string) *Error {
	before := source[:min(at, len(source))]
	return &Error{1 + strings.Count(before, "\n"), len(before) - strings.LastIndexByte(before, '\n'), message}
}

// A scanner goes over a source. Texts in double quotes are sources of their own; base is
// where theirs begins in that of the template.
type scanner struct {
	src   string
	at    int
	base  int
	depth int
	err   *scanError // the first one
}

// A scanError is an error before its line is known.
type scanError struct {
	at      int
	message string
}

// fail notes an error at a place, unless there was one before.
func (s *scanner) fail(at int, format string, args ...any) {
	if s.err == nil {
		s.err = &scanError{s.base + at, fmt.Sprintf(format, args...)}
	}
}

// deeper goes one level down, until higher. It says whether that was allowed.
func (s *scanner) deeper() bool {
	if s.depth++; s.depth > maxDepth {
		s.fail(s.at, "the template is nested more than %d levels deep", maxDepth)
	}
	return s.err == nil
}

func (s *scanner) higher() { s.depth-- }

// rest is what comes.
func (s *scanner) rest() string { return s.src[s.at:] }

// peek returns the byte that comes, 0 at the end.
func (s *scanner) peek() byte { return s.ahead(0) }

func (s *scanner) ahead(n int) byte {
	if s.at+n < len(s.src) {
		return s.src[s.at+n]
	}
	return 0
}

// take goes over a text if it comes.
func (s *scanner) take(text string) bool {
	if !strings.HasPrefix(s.rest(), text) {
		return false
	}
	s.at += len(text)
	return true
}

// want goes over a text that must come, with blanks before it.
func (s *scanner) want(text, where string) bool {
	if s.blanks(); s.err == nil && !s.take(text) {
		s.fail(s.at, "%s expected %q, not %s", where, text, s.seen())
	}
	return s.err == nil
}

// seen is what comes, for an error.
func (s *scanner) seen() string {
	rest := s.rest()
	if rest == "" {
		return "the end"
	}
	if i := strings.IndexAny(rest, "\r\n"); i > 0 {
		rest = rest[:i]
	}
	const most = 20
	if len(rest) > most {
		rest = strings.ToValidUTF8(rest[:most], "") + "…"
	}
	return fmt.Sprintf("%q", rest)
}

// blanks goes over white space.
func (s *scanner) blanks() {
	for s.at < len(s.src) && isBlank(s.src[s.at]) {
		s.at++
	}
}

// gobble goes over the rest of a line, if there is nothing but blanks.
func (s *scanner) gobble() {
	rest := strings.TrimLeft(s.rest(), " \t")
	for _, end := range []string{"\r\n", "\n", "\r"} {
		if strings.HasPrefix(rest, end) {
			s.at = len(s.src) - len(rest) + len(end)
			return
		}
	}
}

// identifier goes over a name of a variable or a member, if one comes.
func (s *scanner) identifier() string {
	start := s.at
	if !isLetter(s.peek()) {
		return ""
	}
	for s.at < len(s.src) && (isLetter(s.src[s.at]) || isDigit(s.src[s.at]) || s.src[s.at] == '-') {
		s.at++
	}
	return s.src[start:s.at]
}

// word goes over a name of a directive or an operator, if one comes.
func (s *scanner) word() string {
	n := wordLength(s.rest())
	s.at += n
	return s.src[s.at-n : s.at]
}

func wordLength(text string) int {
	n := 0
	for n < len(text) && (isLetter(text[n]) || text[n] == '@' || n > 0 && isDigit(text[n])) {
		n++
	}
	return n
}

// directive reads which directive a text that begins with # names, #name or #{name}, and
// how long it is; none is "".
func directive(text string) (name string, length int) {
	if strings.HasPrefix(text, "#{") {
		n := wordLength(text[2:])
		if n > 0 && strings.HasPrefix(text[2+n:], "}") {
			return text[2:][:n], n + len("#{}")
		}
		return "", 0
	}
	n := wordLength(text[1:])
	return text[1:][:n], 1 + n
}

func isBlank(c byte) bool  { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }
