package jsonpath

import (
	"errors"
	"fmt"
	"strings"

	"github.com/dari-bus/dari/internal/regex"
	"github.com/dari-bus/dari/internal/vtl/value"
)

// maxDepth is how deep filters may be nested.
const maxDepth = 50

// A test says whether a filter lets a value through.
type test interface {
	holds(e *evaluation, v value.Value) (bool, error)
}

type (
	anyOf    []test
	allOf    []test
	negation struct{ of test }
	// comparison compares what two operands are, or looks whether the first is there.
	comparison struct {
		a, b  operand
		op    string
		regex *regex.Regex
		list  []value.Value
	}
	// An operand is a path, from the value or from the root, or a constant.
	operand struct {
		path     *Path
		root     bool
		constant value.Value
	}
)

func (t anyOf) holds(e *evaluation, v value.Value) (bool, error) {
	for _, t := range t {
		if holds, err := t.holds(e, v); holds || err != nil {
			return holds, err
		}
	}
	return false, nil
}

func (t allOf) holds(e *evaluation, v value.Value) (bool, error) {
	for _, t := range t {
		if holds, err := t.holds(e, v); !holds || err != nil {
			return false, err
		}
	}
	return true, nil
}

func (t negation) holds(e *evaluation, v value.Value) (bool, error) {
	holds, err := t.of.holds(e, v)
	return !holds, err
}

func (o *operand) value(e *evaluation, v value.Value) (value.Value, bool, error) {
	switch {
	case o.path == nil:
		return o.constant, true, nil
	case o.root:
		v = e.root
	}
	return o.path.Find(e.run, v)
}

func (c *comparison) holds(e *evaluation, v value.Value) (bool, error) {
	a, ok, err := c.a.value(e, v)
	if err != nil || c.op == "" || !ok {
		return ok && err == nil || !ok && (c.op == "!=" || c.op == "nin") && err == nil, err
	}
	switch c.op {
	case "=~":
		text, isText := a.(string)
		if !isText {
			return false, nil
		}
		if err := e.run.Work(len(text) * c.regex.Steps * 4); err != nil { // before: it may take minutes
			return false, err
		}
		return c.regex.MatchString(text), nil
	case "in", "nin":
		for _, b := range c.list {
			if same, err := equal(e, a, b); same || err != nil {
				return same == (c.op == "in"), err
			}
		}
		return c.op == "nin", nil
	}
	b, ok, err := c.b.value(e, v)
	if err != nil || !ok {
		return c.op == "!=" && err == nil, err
	}
	if c.op == "==" || c.op == "!=" {
		same, err := equal(e, a, b)
		return same == (c.op == "=="), err
	}
	order, ok := value.Compare(a, b)
	if x, isText := a.(string); isText && !ok {
		y, too := b.(string)
		order, ok = strings.Compare(x, y), too
	}
	return ok && map[string]bool{"<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0}[c.op], e.run.Work(0)
}

// equal says whether two values are, which those of two kinds never are.
func equal(e *evaluation, a, b value.Value) (bool, error) {
	if _, isText := a.(string); isText || a == nil || b == nil {
		return a == b, e.run.Work(0)
	}
	if _, isText := b.(string); isText {
		return false, nil
	}
	return e.run.Equal(a, b)
}

// or reads a test.
func (s *scanner) or() test {
	if s.depth++; s.depth > maxDepth {
		s.err = fmt.Errorf("it is nested more than %d levels deep", maxDepth)
	}
	if s.err != nil {
		return nil
	}
	defer func() { s.depth-- }()
	out := anyOf{s.and()}
	for s.blanks(); s.err == nil && s.take("||"); s.blanks() {
		out = append(out, s.and())
	}
	return out
}

func (s *scanner) and() test {
	out := allOf{s.unary()}
	for s.blanks(); s.err == nil && s.take("&&"); s.blanks() {
		out = append(out, s.unary())
	}
	return out
}

func (s *scanner) unary() test {
	s.blanks()
	if s.take("!") {
		return negation{s.parenthesised()}
	}
	if s.peek() == '(' {
		return s.parenthesised()
	}
	return s.comparison()
}

func (s *scanner) parenthesised() test {
	s.blanks()
	if s.peek() != '(' {
		return s.comparison()
	}
	s.at++
	t := s.or()
	s.want(")")
	return t
}

func (s *scanner) comparison() test {
	c := &comparison{a: s.operand()}
	s.blanks()
	for _, op := range []string{"==", "!=", "<=", ">=", "=~", "<", ">", "nin ", "in "} {
		if s.take(op) {
			c.op = strings.TrimSpace(op)
			break
		}
	}
	s.blanks()
	switch {
	case s.err != nil || c.op == "":
	case c.op == "=~":
		c.regex = s.regex()
	case c.op == "in" || c.op == "nin":
		for s.want("["); s.err == nil; s.want(",") {
			s.blanks()
			c.list = append(c.list, s.operand().constant)
			if s.blanks(); s.take("]") {
				break
			}
		}
	default:
		c.b = s.operand()
	}
	return c
}

func (s *scanner) operand() operand {
	s.blanks()
	switch c := s.peek(); {
	case c == '@' || c == '$':
		s.at++
		return operand{path: s.path(), root: c == '$'}
	case c == '\'' || c == '"':
		return operand{constant: s.quoted()}
	}
	n := strings.IndexAny(s.text[s.at:], " \t)],&|=!<>")
	if n < 0 {
		n = len(s.text) - s.at
	}
	word := s.text[s.at:][:n]
	switch word {
	case "true", "false", "null":
	default:
		v, ok := value.Number(word, !strings.ContainsAny(word, ".eE"))
		if !ok || word == "" {
			s.fail("a path, a text in quotes, a number, true, false or null")
		}
		s.at += n
		return operand{constant: v}
	}
	s.at += n
	if word == "null" {
		return operand{}
	}
	return operand{constant: word == "true"}
}

// regex reads a regular expression between slashes. It has to match all of a text.
func (s *scanner) regex() *regex.Regex {
	if !s.take("/") {
		s.fail("a regular expression between slashes")
		return nil
	}
	n := strings.IndexByte(s.text[s.at:], '/')
	if n < 0 {
		s.fail("the slash behind a regular expression")
		return nil
	}
	text := `^(?:` + s.text[s.at:][:n] + `)$`
	if s.at += n + 1; s.take("i") {
		text = "(?i)" + text
	}
	re, err := regex.Compile(text)
	if err != nil {
		s.err = fmt.Errorf("its regular expression is not one that is offered: %w", err)
		return nil
	}
	const most = 2000
	if s.regexes += re.Steps; s.regexes > most {
		s.err = errors.New("its regular expressions are too large")
	}
	return re
}
