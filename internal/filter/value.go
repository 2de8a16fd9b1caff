package filter

import (
	"strconv"
	"strings"

	"github.com/dari-bus/dari/internal/rawjson"
	"github.com/dari-bus/dari/internal/regex"
)

// A value is what a field is compared with.
type value struct {
	quoted bool
	text   string
	// number is what text says, if it was not quoted and is one.
	number  float64
	numeric bool
	regex   *regex.Regex
	// parts are text cut at its stars, nil when it has none.
	parts []string
}

// A test is one comparison with a field.
type test struct {
	op string // = != < > <= >=, or IS NULL, IS TRUE, IS FALSE, NOT EXISTS
	value
}

var comparisons = []string{"!=", "<=", ">=", "=", "<", ">"}

// test reads an operator and what follows it. A bare value goes on as long as ok
// wants its bytes.
func (p *parser) test(ok func(byte) bool) (t test, err error) {
	for _, op := range comparisons {
		if p.take(op) {
			t.op = op
			break
		}
	}
	if t.op == "" {
		return t, invalid("at %q a comparison is missing: = != < > <= >=", p.rest())
	}
	p.blanks()
	switch p.peek() {
	case '"':
		t.quoted = true
		t.text, err = p.quoted()
	case '%':
		t.regex, err = p.regex()
	default:
		t.text = p.run(ok)
		if t.text == "" {
			return t, invalid("at %q a value is missing", p.rest())
		}
		t.number, t.numeric = number(t.text)
	}
	if err != nil {
		return t, err
	}
	if strings.Contains(t.text, "*") {
		t.parts = strings.Split(t.text, "*")
	}
	if (t.op[0] == '<' || t.op[0] == '>') && !t.numeric {
		return t, invalid("%s needs a number behind it", t.op)
	}
	if t.regex != nil && t.op != "=" && t.op != "!=" {
		return t, invalid("regular expressions are compared with = and !=")
	}
	return t, nil
}

// number reads a number as JSON and AWS have it: with a sign and an exponent, and
// neither hexadecimal nor infinite.
func number(s string) (float64, bool) {
	if strings.Trim(s, "0123456789+-.eE") != "" {
		return 0, false
	}
	n, err := strconv.ParseFloat(s, 64)
	return n, err == nil
}

// holdsText says whether a text is equal to the value.
func (v *value) holdsText(s string) bool {
	switch {
	case v.regex != nil:
		return matches(v.regex, []byte(s))
	case v.parts != nil:
		return glob(v.parts, s)
	}
	return v.text == s
}

// glob says whether s is what the parts are with anything between them.
func glob(parts []string, s string) bool {
	first, last := parts[0], parts[len(parts)-1]
	if len(s) < len(first)+len(last) || !strings.HasPrefix(s, first) || !strings.HasSuffix(s, last) {
		return false
	}
	s = s[len(first) : len(s)-len(last)]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(s, part)
		if i < 0 {
			return false
		}
		s = s[i+len(part):]
	}
	return true
}

// compare compares numbers.
func (t *test) compare(n float64) bool {
	switch t.op {
	case "<":
		return n < t.number
	case ">":
		return n > t.number
	case "<=":
		return n <= t.number
	case ">=":
		return n >= t.number
	case "!=":
		return n != t.number
	}
	return n == t.number
}

// matchText tests a field of a line, which is a number if it reads as one.
func (t *test) matchText(s string) bool {
	if t.numeric {
		if n, ok := number(s); ok {
			return t.compare(n)
		}
		return t.op == "!="
	}
	return t.holdsText(s) == (t.op == "=")
}

// matchJSON tests a value of a JSON text.
func (t *test) matchJSON(v rawjson.Value) bool {
	switch t.op {
	case "IS NULL":
		return v.Kind() == rawjson.Null
	case "IS TRUE":
		return v.Kind() == rawjson.True
	case "IS FALSE":
		return v.Kind() == rawjson.False
	}
	text, _ := scalar(v)
	differs := t.op == "!="
	switch v.Kind() {
	case rawjson.String:
		if t.numeric {
			return differs // text is no number
		}
		return t.holdsText(text) != differs
	case rawjson.Number:
		if n, ok := number(text); ok && t.numeric {
			return t.compare(n)
		}
		return (!t.quoted && t.holdsText(text)) != differs
	case rawjson.True, rawjson.False:
		return (!t.quoted && !t.numeric && t.holdsText(text)) != differs
	}
	return false // null, an object or a list
}
