package pattern

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// An Error says why a text is not an event pattern. Its sentences are those
// that EventBridge answers after "Event pattern is not valid. Reason: ".
type Error struct {
	// Reason is the sentence without its position.
	Reason string
	// Line and Column are where the reader stood, both counted from 1, columns
	// in UTF-16 code units. Both are 0 for the few reasons that EventBridge
	// reports without a position.
	Line, Column int
	// Path is the dotted path of the field being read, empty at the top.
	Path string

	text  string // the whole pattern
	twice bool   // the position is printed twice
}

// Error returns the reason and, where EventBridge gives one, its position.
// Mistakes inside a list of anything-but carry the position twice, as they do
// in the service: they are reported once from inside the list and once more
// from outside it.
func (e *Error) Error() string {
	if e.Line == 0 {
		return e.Reason
	}
	suffix := "\n at " + source(e.text, e.Line, e.Column)
	if e.twice {
		suffix += suffix
	}
	return e.Reason + suffix
}

// bare returns an error about the pattern as a whole.
func bare(text, format string, args ...any) *Error {
	return &Error{Reason: fmt.Sprintf(format, args...), text: text}
}

// source names a place in a text.
func source(text string, line, column int) string {
	return fmt.Sprintf("[Source: (String)\"%s\"; line: %d, column: %d]", text, line, column)
}

// position turns a byte offset into a line and a column. A line ends with \n,
// \r or both.
func position(text string, offset int) (line, column int) {
	line, start := 1, 0
	for i := 0; i < offset; i++ {
		switch text[i] {
		case '\r':
			if i+1 < offset && text[i+1] == '\n' {
				i++
			}
			line, start = line+1, i+1
		case '\n':
			line, start = line+1, i+1
		}
	}
	return line, units(text[start:offset]) + 1
}

// units counts the UTF-16 code units of s.
func units(s string) int {
	n := utf8.RuneCountInString(s)
	for _, r := range s {
		if r > 0xFFFF {
			n++
		}
	}
	return n
}

// describe prints one code unit the way the JSON reader of the service does.
func describe(text string, offset int) string {
	if offset >= len(text) {
		return "end of text"
	}
	r, _ := utf8.DecodeRuneInString(text[offset:])
	shown := string(r)
	if r > 0xFFFF { // the first half of a surrogate pair, which cannot be printed
		r, shown = 0xD800+(r-0x10000)>>10, "?"
	}
	switch {
	case r < 0x20 || r >= 0x7F && r < 0xA0:
		return fmt.Sprintf("(CTRL-CHAR, code %d)", r)
	case r > 0xFF:
		return fmt.Sprintf("'%s' (code %d / 0x%x)", shown, r, r)
	default:
		return fmt.Sprintf("'%s' (code %d)", shown, r)
	}
}

// join appends a key to a dotted path. An empty key is a key like any other.
func join(path string, depth int, key string) string {
	if depth == 0 {
		return key
	}
	var b strings.Builder
	b.Grow(len(path) + 1 + len(key))
	b.WriteString(path)
	b.WriteByte('.')
	b.WriteString(key)
	return b.String()
}
