package insights

import (
	"io"
	"regexp"
	"unicode/utf8"
)

// A regex is a regular expression, with how many instructions it has: so many steps
// may be needed for each character of a text.
type regex struct {
	*regexp.Regexp
	steps int
}

// maxSteps is how many steps are taken without asking whether it is time to end: some
// tens of milliseconds. A text of a megabyte can take minutes otherwise.
const maxSteps = 1 << 20

func (x *regex) long(text int) bool { return text > maxSteps/max(x.steps, 1) }

// match says whether a text matches.
func (x *regex) match(run *Run, text string) bool {
	if x.long(len(text)) {
		return x.MatchReader(x.reader(run, text))
	}
	return x.MatchString(text)
}

// find returns where a text matches, and the parts of it.
func (x *regex) find(run *Run, text string) []int {
	if x.long(len(text)) {
		return x.FindReaderSubmatchIndex(x.reader(run, text))
	}
	return x.FindStringSubmatchIndex(text)
}

func (x *regex) reader(run *Run, text string) *reader {
	return &reader{run: run, text: text, every: max(maxSteps/max(x.steps, 1), 1)}
}

// A reader reads a text, whose end has come when the run is over.
type reader struct {
	run         *Run
	text        string
	every, left int
}

func (r *reader) ReadRune() (c rune, size int, err error) {
	if r.left--; r.left < 0 {
		if r.left = r.every; r.run.over() {
			return 0, 0, io.EOF
		}
	}
	if r.text == "" {
		return 0, 0, io.EOF
	}
	c, size = utf8.DecodeRuneInString(r.text)
	r.text = r.text[size:]
	return c, size, nil
}
