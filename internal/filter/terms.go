package filter

import (
	"bytes"
	"strings"
	"time"

	"github.com/dari-bus/dari/internal/regex"
)

// A term is a text or a regular expression that may be anywhere.
type term struct {
	text  []byte
	regex *regex.Regex
}

func (t *term) match(text []byte) bool {
	if t.regex != nil {
		return matches(t.regex, text)
	}
	return bytes.Contains(text, t.text)
}

// terms are a pattern of terms: none of not, and one of the groups whole. Without
// groups everything else matches.
type terms struct {
	groups [][]term
	not    []term
}

func (p *parser) terms() (matcher, error) {
	var out terms
	var must []term
	optional := false
	for {
		p.blanks()
		if p.at == len(p.text) {
			break
		}
		mark := p.peek()
		if mark == '?' || mark == '-' {
			p.at++
		}
		t, err := p.term()
		if err != nil {
			return nil, err
		}
		switch {
		case mark == '-':
			out.not = append(out.not, t)
		case mark == '?':
			optional = true
			out.groups = append(out.groups, []term{t})
		case optional:
			last := len(out.groups) - 1
			out.groups[last] = append(out.groups[last], t)
		default:
			must = append(must, t)
		}
	}
	if len(must) > 0 {
		out.groups = [][]term{must}
	}
	return &out, nil
}

func (p *parser) term() (t term, err error) {
	switch c := p.peek(); {
	case c == '"':
		text, err := p.quoted()
		if strings.TrimSpace(text) == "" {
			text = "" // a blank in quotes stands for everything
		}
		return term{text: []byte(text)}, err
	case c == '%':
		t.regex, err = p.regex()
		return t, err
	case isWord(c):
		t.text = []byte(p.run(isWord))
		if c := p.peek(); c != 0 && !isBlank(c) {
			return t, invalid("the term %q has a %q; put double quotes around what has other characters than letters, digits and underscores", t.text, c)
		}
		return t, nil
	case c == 0 || isBlank(c):
		return t, invalid("a mark stands alone; put the term right behind it")
	}
	return t, invalid("%q begins no term; put double quotes around what has other characters than letters, digits and underscores", p.rest())
}

func (t *terms) match(text []byte) bool {
	for i := range t.not {
		if t.not[i].match(text) {
			return false
		}
	}
	for _, group := range t.groups {
		if all(group, text) {
			return true
		}
	}
	return len(t.groups) == 0
}

func all(group []term, text []byte) bool {
	for i := range group {
		if !group[i].match(text) {
			return false
		}
	}
	return true
}

func (t *terms) extract([]byte) map[string]string { return map[string]string{} }

func (t *terms) holds() (texts [][]byte) {
	if len(t.groups) != 1 {
		return nil
	}
	for _, term := range t.groups[0] {
		if term.regex == nil {
			texts = append(texts, term.text)
		}
	}
	return texts
}

// patience is how long a text is looked at with a regular expression, which could take
// minutes for a megabyte. What takes longer does not match.
var patience = 5 * time.Second

func matches(x *regex.Regex, text []byte) bool {
	if !x.Long(len(text)) {
		return x.Match(text)
	}
	begun := time.Now()
	return x.Matches(text, func() bool { return time.Since(begun) > patience })
}

// maxRegexes is how many regular expressions a pattern may have.
const maxRegexes = 2

// regex reads a regular expression between percent signs. AWS knows no parentheses
// in it.
func (p *parser) regex() (*regex.Regex, error) {
	p.at++
	end := strings.IndexByte(p.rest(), '%')
	if end < 0 {
		return nil, invalid("a regular expression has no %% at its end")
	}
	text := p.rest()[:end]
	p.at += end + 1
	if p.regexes++; p.regexes > maxRegexes {
		return nil, invalid("it has more than %d regular expressions", maxRegexes)
	}
	for _, c := range text {
		plain := c < 0x80 && isWord(byte(c))
		if !plain && !strings.ContainsRune(`:_#=@/;,-^$?[]{}|\*+.`, c) {
			return nil, invalid("the regular expression %q may not have a %q", text, c)
		}
	}
	re, err := regex.Compile(text)
	if err != nil {
		return nil, invalid("%v", err)
	}
	return re, nil
}
