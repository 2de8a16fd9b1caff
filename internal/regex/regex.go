// Package regex has regular expressions of strangers, which are tried on texts of
// strangers: they can be stopped in the midst of a text. One that goes over a megabyte
// may have billions of steps to take.
package regex

import (
	"io"
	"regexp"
	"regexp/syntax"
	"unicode/utf8"
)

// A Regex is a compiled regular expression.
type Regex struct {
	*regexp.Regexp
	// Steps is how many instructions it has: as many may be carried out for each
	// character of a text.
	Steps int
}

// Compile compiles a regular expression.
func Compile(text string) (*Regex, error) {
	parsed, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, err
	}
	prog, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return nil, err
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, err
	}
	return &Regex{re, max(len(prog.Inst), 1)}, nil
}

// unasked is how many steps are taken without asking whether it is over: some tens of
// milliseconds.
const unasked = 1 << 20

// Matches says whether a text matches. A text that is long is asked about: when it is
// over, its end has come.
func (x *Regex) Matches(text []byte, over func() bool) bool {
	if x.Long(len(text)) {
		return x.MatchReader(x.reader(string(text), over))
	}
	return x.Match(text)
}

// Find returns where a text matches, and the parts of it, as
// [regexp.Regexp.FindStringSubmatchIndex] does.
func (x *Regex) Find(text string, over func() bool) []int {
	if x.Long(len(text)) {
		return x.FindReaderSubmatchIndex(x.reader(text, over))
	}
	return x.FindStringSubmatchIndex(text)
}

// Long says whether a text of some bytes is one that is asked about.
func (x *Regex) Long(text int) bool { return text > unasked/x.Steps }

func (x *Regex) reader(text string, over func() bool) *reader {
	return &reader{text: text, over: over, every: max(unasked/x.Steps, 1)}
}

// A reader reads a text, whose end has come when it is over.
type reader struct {
	text        string
	over        func() bool
	every, left int
}

func (r *reader) ReadRune() (c rune, size int, err error) {
	if r.left--; r.left < 0 {
		if r.left = r.every; r.over() {
			r.text = ""
		}
	}
	if r.text == "" {
		return 0, 0, io.EOF
	}
	c, size = utf8.DecodeRuneInString(r.text)
	r.text = r.text[size:]
	return c, size, nil
}
