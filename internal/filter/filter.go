package filter

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// MaxLength is how many characters a pattern may have.
const MaxLength = 1024

// A Kind is one of the three languages.
type Kind uint8

// The kinds of patterns.
const (
	Terms Kind = iota
	JSON
	Fields
)

// A Pattern is a compiled pattern.
type Pattern struct {
	kind    Kind
	matcher matcher
	regexes int
}

type matcher interface {
	match(text []byte) bool
	// extract returns what the pattern's selectors and names stand for in a text
	// that matches.
	extract(text []byte) map[string]string
	// holds are texts that every text that matches has.
	holds() [][]byte
}

// Compile reads a pattern. An error is a sentence that begins with AWS's words.
func Compile(text string) (*Pattern, error) {
	if utf8.RuneCountInString(text) > MaxLength {
		return nil, invalid("it has more than %d characters", MaxLength)
	}
	p := &parser{text: text}
	p.blanks()
	out := &Pattern{}
	var err error
	switch p.peek() {
	case '{':
		out.kind = JSON
		out.matcher, err = p.json()
	case '[':
		out.kind = Fields
		out.matcher, err = p.fields()
	default:
		out.matcher, err = p.terms()
	}
	if err != nil {
		return nil, err
	}
	out.regexes = p.regexes
	return out, nil
}

// Match says whether a text matches.
func (p *Pattern) Match(text []byte) bool { return p.matcher.match(text) }

// Extract returns what the selectors and the names of a pattern stand for in a text
// that matches, such as "$.level" or "$status".
func (p *Pattern) Extract(text []byte) map[string]string { return p.matcher.extract(text) }

// Holds returns texts that every text that matches has in it.
func (p *Pattern) Holds() [][]byte { return p.matcher.holds() }

// Kind returns which language the pattern is in.
func (p *Pattern) Kind() Kind { return p.kind }

// Regexes returns how many regular expressions the pattern has.
func (p *Pattern) Regexes() int { return p.regexes }

func invalid(format string, args ...any) error {
	return fmt.Errorf("Invalid filter pattern: "+format+".", args...)
}

// A parser reads a pattern from its front.
type parser struct {
	text    string
	at      int
	regexes int
}

func (p *parser) peek() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

func (p *parser) rest() string { return p.text[p.at:] }

func (p *parser) blanks() {
	for p.at < len(p.text) && isBlank(p.text[p.at]) {
		p.at++
	}
}

// take takes a token if it comes next, behind blanks.
func (p *parser) take(token string) bool {
	p.blanks()
	if !strings.HasPrefix(p.rest(), token) {
		return false
	}
	p.at += len(token)
	return true
}

// words takes words in capitals that follow each other, such as NOT EXISTS.
func (p *parser) words(words ...string) bool {
	begin := p.at
	for _, w := range words {
		p.blanks()
		end := p.at + len(w)
		if !strings.HasPrefix(p.rest(), w) || end < len(p.text) && isWord(p.text[end]) {
			p.at = begin
			return false
		}
		p.at = end
	}
	return true
}

// run takes bytes as long as ok wants them.
func (p *parser) run(ok func(byte) bool) string {
	begin := p.at
	for p.at < len(p.text) && ok(p.text[p.at]) {
		p.at++
	}
	return p.text[begin:p.at]
}

// quoted reads a text in double quotes, in which a backslash takes away the meaning
// of a quote or of itself.
func (p *parser) quoted() (string, error) {
	var out strings.Builder
	for p.at++; p.at < len(p.text); p.at++ {
		switch c := p.text[p.at]; {
		case c == '"':
			p.at++
			return out.String(), nil
		case c == '\\' && p.at+1 < len(p.text) && (p.text[p.at+1] == '"' || p.text[p.at+1] == '\\'):
			p.at++
			out.WriteByte(p.text[p.at])
		default:
			out.WriteByte(c)
		}
	}
	return "", invalid("a quote is not closed")
}

// atEnd is an error unless nothing but blanks is left.
func (p *parser) atEnd() error {
	if p.blanks(); p.at < len(p.text) {
		return invalid("%q is too much", p.rest())
	}
	return nil
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c >= utf8.RuneSelf
}
