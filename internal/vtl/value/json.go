package value

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// ReadJSON reads a text as API Gateway does, which is generous: names and texts need no
// quotes, or may have single ones, and a text that does not begin with { or [ and is no
// other JSON is a string. What it makes is counted by take, which may be nil.
func ReadJSON(text string, take func(bytes int) error) (Value, error) {
	if take == nil {
		take = func(int) error { return nil }
	}
	j := &reader{text: text, take: take}
	j.blanks()
	if c := j.peek(); c != '{' && c != '[' {
		return j.plain(text)
	}
	v, err := j.value(0)
	if err != nil {
		return nil, err
	}
	if j.blanks(); j.at < len(text) {
		return nil, j.unexpected("the end")
	}
	return v, nil
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }

type reader struct {
	text string
	at   int
	take func(int) error
}

func (j *reader) blanks() {
	for j.at < len(j.text) && isBlank(j.text[j.at]) {
		j.at++
	}
}

func (j *reader) peek() byte {
	if j.at < len(j.text) {
		return j.text[j.at]
	}
	return 0
}

func (j *reader) unexpected(want string) error {
	if j.at >= len(j.text) {
		return fmt.Errorf("the text is no JSON: it ends where %s is expected", want)
	}
	return fmt.Errorf("the text is no JSON: at byte %d %s is expected", j.at+1, want)
}

// plain is what a whole text is that is neither an object nor a list.
func (j *reader) plain(text string) (Value, error) {
	if c := j.peek(); c == '"' || c == '\'' {
		if s, err := j.quoted(c); err == nil {
			if j.blanks(); j.at == len(text) {
				return s, nil
			}
		}
		return text, nil
	}
	if v := bare(strings.TrimSpace(text)); kindOf(v) != "string" {
		return v, nil
	}
	return text, nil
}

func (j *reader) value(depth int) (Value, error) {
	if depth == MaxNesting {
		return nil, ErrNesting
	}
	j.blanks()
	if err := j.take(sizeOfValue); err != nil {
		return nil, err
	}
	switch c := j.peek(); c {
	case '{':
		return j.object(depth)
	case '[':
		return j.list(depth)
	case '"', '\'':
		return j.quoted(c)
	}
	word := j.word(",]}")
	if word == "" {
		return nil, j.unexpected("a value")
	}
	return bare(word), nil
}

// word goes over a text without quotes, up to what ends it.
func (j *reader) word(end string) string {
	n := strings.IndexAny(j.text[j.at:], end)
	if n < 0 {
		n = len(j.text) - j.at
	}
	j.at += n
	return strings.TrimRight(j.text[j.at-n:j.at], " \t\r\n")
}

// bare is what a text without quotes says.
func bare(word string) Value {
	switch word {
	case "null":
		return nil
	case "true", "false":
		return word == "true"
	}
	number, whole := isNumber(word)
	if !number {
		return word
	}
	if v, ok := Number(word, whole); ok {
		return v
	}
	return word
}

// isNumber says whether a text is a number of JSON, and whether it is a whole one.
func isNumber(word string) (number, whole bool) {
	digits := func() (n int) {
		for n < len(word) && isDigit(word[n]) {
			n++
		}
		word = word[n:]
		return n
	}
	word = strings.TrimPrefix(word, "-")
	zero := strings.HasPrefix(word, "0")
	if n := digits(); n == 0 || n > 1 && zero {
		return false, false
	}
	if whole = true; strings.HasPrefix(word, ".") {
		whole, word = false, word[1:]
		if digits() == 0 {
			return false, false
		}
	}
	if len(word) > 0 && (word[0] == 'e' || word[0] == 'E') {
		whole, word = false, word[1:]
		if len(word) > 0 && (word[0] == '+' || word[0] == '-') {
			word = word[1:]
		}
		if digits() == 0 {
			return false, false
		}
	}
	return word == "", whole
}

func (j *reader) list(depth int) (Value, error) {
	out := &List{json: true}
	j.at++
	for {
		if j.blanks(); j.peek() == ']' {
			j.at++
			return out, nil
		}
		v, err := j.value(depth + 1)
		if err != nil {
			return nil, err
		}
		out.items = append(out.items, v)
		if err := j.comma(']'); err != nil {
			return nil, err
		}
	}
}

func (j *reader) object(depth int) (Value, error) {
	out := NewMap()
	j.at++
	for {
		if j.blanks(); j.peek() == '}' {
			j.at++
			return out, nil
		}
		name, err := j.name()
		if err != nil {
			return nil, err
		}
		if j.blanks(); j.peek() != ':' {
			return nil, j.unexpected("a colon")
		}
		j.at++
		v, err := j.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if err := j.take(sizeOfMember); err != nil {
			return nil, err
		}
		out.Put(name, v)
		if err := j.comma('}'); err != nil {
			return nil, err
		}
	}
}

func (j *reader) name() (string, error) {
	if c := j.peek(); c == '"' || c == '\'' {
		return j.quoted(c)
	}
	if name := j.word(":,{}[]\"'"); name != "" {
		return name, nil
	}
	return "", j.unexpected("a name")
}

// comma goes over one. There need be none before the end.
func (j *reader) comma(end byte) error {
	j.blanks()
	switch j.peek() {
	case ',':
		j.at++
		return nil
	case end:
		return nil
	}
	return j.unexpected("a comma or " + string(end))
}

// quoted reads a text in quotes. What has no escapes is a part of the whole text.
func (j *reader) quoted(quote byte) (string, error) {
	start := j.at + 1
	escaped := false
	for j.at = start; ; j.at++ {
		switch c := j.peek(); {
		case j.at >= len(j.text):
			return "", errors.New("the text is no JSON: a string in it is never ended")
		case c == '\\':
			escaped = true
			j.at++
			continue
		case c != quote:
			continue
		}
		break
	}
	said := j.text[start:j.at]
	j.at++
	if !escaped {
		return said, nil
	}
	if err := j.take(len(said)); err != nil {
		return "", err
	}
	if quote == '\'' {
		said = strings.NewReplacer(`\'`, `'`, `"`, `\"`, `\\`, `\\`).Replace(said)
	}
	return unescape(said)
}

func unescape(said string) (s string, err error) {
	control := strings.NewReplacer("\n", `\n`, "\r", `\r`, "\t", `\t`)
	if err := json.Unmarshal([]byte(`"`+control.Replace(said)+`"`), &s); err != nil {
		return "", errors.New("the text is no JSON: a string in it has an escape that there is not")
	}
	return s, nil
}
