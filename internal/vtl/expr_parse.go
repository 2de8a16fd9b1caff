package vtl

import (
	"slices"
	"strings"

	"github.com/dari-bus/dari/internal/vtl/value"
)

// levels are the operators that are read from the left, those that bind least first, as
// they are written and in words.
var levels = [][]operator{
	{{"||", "or"}},
	{{"&&", "and"}},
	{{"==", "eq"}, {"!=", "ne"}},
	{{"<=", "le"}, {">=", "ge"}, {"<", "lt"}, {">", "gt"}},
	{{"+", ""}, {"-", ""}},
	{{"*", ""}, {"/", ""}, {"%", ""}},
}

type operator struct{ sign, word string }

// expression reads an expression.
func (p *parser) expression() expr { return p.binary(0) }

func (p *parser) binary(level int) expr {
	if level == len(levels) {
		return p.unary()
	}
	if level == 0 {
		if !p.deeper() {
			return constant{}
		}
		defer p.higher()
	}
	out := p.binary(level + 1)
	for n := 0; p.err == nil; n++ {
		p.blanks()
		at := p.at
		op := p.operator(levels[level])
		if op == "" {
			break
		}
		if n == maxOperators {
			p.fail(at, "there are more than %d operators in a row", maxOperators)
		}
		out = &binary{p.base + at, op, out, p.binary(level + 1)}
	}
	return out
}

// maxOperators bounds how deep what is read from the left becomes.
const maxOperators = 1000

// operator goes over an operator of a level, if one comes.
func (p *parser) operator(of []operator) string {
	word := p.rest()[:wordLength(p.rest())]
	for _, op := range of {
		if word != "" && op.word == word {
			p.at += len(word)
			return op.sign
		}
		if p.take(op.sign) {
			return op.sign
		}
	}
	return ""
}

func (p *parser) unary() expr {
	p.blanks()
	word := p.rest()[:wordLength(p.rest())]
	switch {
	case word == "not":
		p.at += len(word)
	case p.peek() == '!':
		p.at++
	default:
		return p.primary()
	}
	if !p.deeper() {
		return constant{}
	}
	defer p.higher()
	return negation{p.unary()}
}

// primary reads a value without operators.
func (p *parser) primary() expr {
	p.blanks()
	if p.err != nil {
		return constant{}
	}
	if !p.deeper() {
		return constant{}
	}
	defer p.higher()
	at := p.at
	switch c := p.peek(); {
	case c == '$':
		if ref := p.reference(); ref != nil {
			return ref
		}
	case c == '"' || c == '\'':
		return p.quoted(c)
	case c == '[':
		return p.list()
	case c == '{':
		return p.mapping()
	case c == '(':
		p.at++
		e := p.expression()
		p.want(")", "an expression in parentheses")
		return e
	case isDigit(c), (c == '-' || c == '.') && (isDigit(p.ahead(1)) || p.ahead(1) == '.' && isDigit(p.ahead(2))):
		return constant{p.number()}
	case p.truth():
		return constant{p.word() == "true"}
	case p.rest()[:wordLength(p.rest())] == "null":
		p.word()
		return constant{}
	}
	p.at = at
	p.fail(at, "expected a value: a reference, a text in quotes, a number, a list or a map, not %s", p.seen())
	return constant{}
}

// truth says whether true or false comes.
func (p *parser) truth() bool {
	word := p.rest()[:wordLength(p.rest())]
	return word == "true" || word == "false"
}

// quoted reads a text in quotes. In double quotes it is a template.
func (p *parser) quoted(quote byte) expr {
	at := p.at
	end := at + 1
	for doubled := true; doubled; end++ {
		i := strings.IndexByte(p.src[end:], quote)
		if i < 0 {
			p.fail(at, "the text that begins with %c is never ended", quote)
			return constant{}
		}
		end += i
		if doubled = end+1 < len(p.src) && p.src[end+1] == quote; doubled {
			end++
		}
	}
	q := string(quote)
	said := strings.ReplaceAll(p.src[at+1:end-1], q+q, q)
	p.at = end
	if quote == '\'' || !strings.ContainsAny(said, "$#") {
		return constant{said}
	}
	inner := &parser{scanner{src: said, base: p.base + at + 1, depth: p.depth, err: p.err}}
	nodes := inner.whole()
	p.err = inner.err
	return interpolation(nodes)
}

// number reads a number, and not the dots of a range behind it.
func (p *parser) number() Value {
	start := p.at
	p.take("-")
	digits := func() {
		for isDigit(p.peek()) {
			p.at++
		}
	}
	digits()
	whole := true
	if p.peek() == '.' && p.ahead(1) != '.' {
		whole = false
		p.at++
		digits()
	}
	if c := p.peek(); c == 'e' || c == 'E' {
		mark := p.at
		if p.at++; p.peek() == '+' || p.peek() == '-' {
			p.at++
		}
		if isDigit(p.peek()) {
			whole = false
			digits()
		} else {
			p.at = mark
		}
	}
	v, ok := value.Number(p.src[start:p.at], whole)
	if !ok {
		p.fail(start, "the number %s is too large", p.src[start:p.at])
	}
	return v
}

// list reads a list or a range.
func (p *parser) list() expr {
	at := p.at
	p.at++
	var of []expr
	p.blanks()
	for p.err == nil && !p.take("]") {
		if len(of) > 0 && !p.want(",", "between the elements of a list") {
			break
		}
		of = append(of, p.expression())
		if p.blanks(); len(of) == 1 && p.take("..") {
			r := &span{p.base + at, of[0], p.expression()}
			p.want("]", "behind a range")
			return r
		}
	}
	return listing(of)
}

func (p *parser) mapping() expr {
	p.at++
	m := &mapping{at: p.base + p.at}
	p.blanks()
	for p.err == nil && !p.take("}") {
		if len(m.names) > 0 && !p.want(",", "between the members of a map") {
			break
		}
		m.names = append(m.names, p.expression())
		p.want(":", "behind the name of a member")
		m.values = append(m.values, p.expression())
		p.blanks()
	}
	return m
}

// reference reads what begins with $. It is nil for what is none, with p where it was.
func (p *parser) reference() *reference {
	start := p.at
	if p.peek() != '$' {
		return nil
	}
	p.at++
	p.take("!") // quiet, which all are
	formal := p.take("{")
	ref := &reference{at: p.base + start, root: p.identifier()}
	if ref.root == "" {
		p.at = start
		return nil
	}
	if !p.deeper() {
		return nil
	}
	defer p.higher()
	for p.err == nil {
		at := p.at
		if p.take("[") {
			ref.steps = append(ref.steps, step{at: p.base + at, index: p.expression()})
			p.want("]", "behind the index of "+p.src[start:at])
			continue
		}
		if p.peek() != '.' || !isLetter(p.ahead(1)) {
			break
		}
		p.at++
		s := step{at: p.base + p.at}
		if s.name = p.identifier(); p.take("(") {
			s.call, s.arguments = true, p.arguments(s.name)
		}
		ref.steps = append(ref.steps, s)
	}
	if formal && p.err == nil && !p.take("}") {
		p.fail(p.at, "%s expected } behind it, not %s", p.src[start:p.at], p.seen())
	}
	ref.source = p.src[start:p.at]
	return ref
}

// arguments reads those of a method, behind its parenthesis.
func (p *parser) arguments(of string) (out []expr) {
	p.blanks()
	for p.err == nil && !p.take(")") {
		if len(out) > 0 && !p.want(",", "between the arguments of "+of) {
			break
		}
		out = append(out, p.expression())
		p.blanks()
	}
	return out
}

func (r *reference) endsInCall() bool {
	return slices.ContainsFunc(r.steps[max(len(r.steps)-1, 0):], func(s step) bool { return s.call })
}
