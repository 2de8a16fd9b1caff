package insights

import (
	"bytes"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/dari-bus/dari/internal/regex"
)

// An expr is a compiled expression.
type expr interface {
	eval(r *row) value
}

type (
	field    string
	constant struct{ value }
	binary   struct {
		op   string
		a, b expr
	}
	negation struct{ of expr }
	// like says whether a text has another in it, or matches.
	like struct {
		of    expr
		text  string
		regex *regex.Regex
	}
	oneOf struct {
		of   expr
		list []expr
	}
	call struct {
		fn   func(r *row, args []expr) value
		args []expr
	}
)

func (f field) eval(r *row) value    { return r.get(string(f)) }
func (c constant) eval(*row) value   { return c.value }
func (n negation) eval(r *row) value { return truthOf(!n.of.eval(r).truth()) }

// maxSpent bounds what functions make of an event, in bytes: a query can have hundreds
// of them, and an event a megabyte.
const maxSpent = 16 << 20

func (c *call) eval(r *row) value {
	if r.run.over() {
		return value{}
	}
	v := c.fn(r, c.args)
	if r.spent += int64(len(v.text)); r.spent > maxSpent && r.run.failed == nil {
		r.run.failed = ErrMemory
	}
	return v
}

func (l *like) eval(r *row) value {
	if l.of == field(fieldMessage) && r.record != nil {
		_, shadowed := r.made[fieldMessage]
		switch { // without a copy
		case shadowed:
		case l.regex == nil:
			return truthOf(bytes.Contains(r.record.Text, []byte(l.text)))
		case !l.regex.Long(len(r.record.Text)):
			return truthOf(l.regex.Match(r.record.Text))
		}
	}
	v := l.of.eval(r)
	if v.kind == missing {
		return truthOf(false)
	}
	if l.regex != nil {
		return truthOf(l.regex.Matches([]byte(v.word()), r.run.over))
	}
	return truthOf(strings.Contains(v.word(), l.text))
}

func (o *oneOf) eval(r *row) value {
	v := o.of.eval(r)
	return truthOf(v.kind != missing && slices.ContainsFunc(o.list, func(e expr) bool {
		w := e.eval(r)
		return w.kind != missing && compare(v, w) == 0
	}))
}

func (b *binary) eval(r *row) value {
	switch b.op {
	case "and":
		return truthOf(b.a.eval(r).truth() && b.b.eval(r).truth())
	case "or":
		return truthOf(b.a.eval(r).truth() || b.b.eval(r).truth())
	}
	x, y := b.a.eval(r), b.b.eval(r)
	switch b.op {
	case "+", "-", "*", "/", "%", "^":
		return calculate(b.op, x, y)
	}
	if x.kind == missing || y.kind == missing {
		return truthOf(b.op == "!=" && x.kind != y.kind)
	}
	order := compare(x, y)
	switch b.op {
	case "=":
		return truthOf(order == 0)
	case "!=":
		return truthOf(order != 0)
	case "<":
		return truthOf(order < 0)
	case "<=":
		return truthOf(order <= 0)
	case ">":
		return truthOf(order > 0)
	}
	return truthOf(order >= 0)
}

func calculate(op string, x, y value) value {
	a, ok := x.number()
	b, both := y.number()
	if !ok || !both {
		return value{}
	}
	switch op {
	case "+":
		return numberOf(a + b)
	case "-":
		return numberOf(a - b)
	case "*":
		return numberOf(a * b)
	case "/":
		return numberOf(a / b)
	case "%":
		return numberOf(math.Mod(a, b))
	}
	return numberOf(math.Pow(a, b))
}

// expression reads an expression, beginning with what binds least.
func (p *parser) expression() expr { return p.binary(0) }

// levels are the operators that are read from the left, those that bind least first.
// What compares stands between and and +.
var levels = [][]string{{"or"}, {"and"}, nil, {"+", "-"}, {"*", "/", "%"}}

func (p *parser) binary(level int) expr {
	if level == 2 {
		return p.comparison()
	}
	if level == len(levels) {
		return p.power()
	}
	if p.deeper(); p.err != nil {
		return nil
	}
	defer p.higher()
	out := p.binary(level + 1)
	for p.err == nil {
		op, ok := p.takeAny(levels[level])
		if !ok {
			break
		}
		if p.terms++; p.terms > maxTerms {
			p.fail(p.next.start, p.next.end, "the query has more than %d operators", maxTerms)
			return nil
		}
		out = &binary{op, out, p.binary(level + 1)}
	}
	return out
}

func (p *parser) takeAny(ops []string) (string, bool) {
	for _, op := range ops {
		if p.take(op) {
			return op, true
		}
	}
	return "", false
}

func (p *parser) comparison() expr {
	if p.take("not") {
		if p.deeper(); p.err != nil {
			return nil
		}
		defer p.higher()
		return negation{p.comparison()}
	}
	left := p.binary(3)
	if p.err != nil {
		return nil
	}
	if op, ok := p.takeAny([]string{"=~", "!=", "<=", ">=", "=", "<", ">"}); ok {
		if op == "=~" {
			return p.like(left, true)
		}
		return &binary{op, left, p.binary(3)}
	}
	negated := p.take("not")
	var out expr
	switch {
	case p.take("like"):
		out = p.like(left, false)
	case p.take("in"):
		out = p.oneOf(left)
	case negated:
		p.unexpected("like or in")
		return nil
	default:
		return left
	}
	if negated {
		return negation{out}
	}
	return out
}

func (p *parser) like(of expr, regex bool) expr {
	if p.next.kind == sign && p.next.text == "/" {
		return &like{of: of, regex: p.regex(&p.regexes)}
	}
	t := p.next
	if t.kind != text {
		p.unexpected("a text in quotes or a regular expression between slashes")
		return nil
	}
	if regex {
		p.at = t.end
		return &like{of: of, regex: p.compile(t.text, t.start, t.end, &p.regexes)}
	}
	p.advance()
	return &like{of: of, text: t.text}
}

func (p *parser) oneOf(of expr) expr {
	if !p.want("[") {
		return nil
	}
	out := &oneOf{of: of}
	for p.err == nil {
		out.list = append(out.list, p.binary(3))
		if !p.take(",") {
			break
		}
	}
	p.want("]")
	return out
}

func (p *parser) power() expr {
	if p.deeper(); p.err != nil {
		return nil
	}
	defer p.higher()
	if p.take("-") {
		return &binary{"-", constant{numberOf(0)}, p.power()}
	}
	out := p.primary()
	if p.err == nil && p.take("^") {
		return &binary{"^", out, p.power()}
	}
	return out
}

func (p *parser) primary() expr {
	t := p.next
	switch t.kind {
	case text:
		p.advance()
		return constant{textOf(t.text)}
	case number:
		n, err := strconv.ParseFloat(t.text, 64)
		if err != nil {
			p.unexpected("a number")
			return nil
		}
		p.advance()
		return constant{value{kind: isNum, num: n, text: t.text}}
	case quotedName:
		p.advance()
		return p.field(t)
	case name:
		p.advance()
		if p.next.kind == sign && p.next.text == "(" {
			return p.call(t)
		}
		switch strings.ToLower(t.text) {
		case "true", "false":
			return constant{truthOf(strings.EqualFold(t.text, "true"))}
		}
		if reserved[strings.ToLower(t.text)] {
			p.fail(t.start, t.end, "unexpected symbol found %s", t.text)
			return nil
		}
		return p.field(t)
	}
	if p.take("(") {
		out := p.expression()
		p.want(")")
		return out
	}
	p.unexpected("a field, a value or a function")
	return nil
}

// reserved are words that fields with such names are quoted for, with backticks.
var reserved = map[string]bool{"and": true, "or": true, "not": true, "in": true, "like": true, "as": true, "by": true}

// call reads the arguments of a function, whose name was read. What stats made is
// called by the text that made it.
func (p *parser) call(t token) expr {
	fn, known := functions[strings.ToLower(t.text)]
	if p.columns != nil {
		made := ""
		for c := range p.columns {
			if rest := p.query[t.start:]; len(c) > len(made) && strings.HasPrefix(rest, c) && strings.HasSuffix(c, ")") {
				made = c
			}
		}
		if made != "" {
			p.at = t.start + len(made)
			p.advance()
			p.refer(made)
			return field(made)
		}
	}
	if p.grouping != nil && !p.inside && aggregates[strings.ToLower(t.text)] != nil {
		return p.aggregate(t)
	}
	if !known {
		p.fail(t.start, t.end, "unknown function %s", t.text)
		return nil
	}
	p.want("(")
	args := p.arguments(fn.period)
	if p.err == nil && (len(args) < fn.least || fn.most >= 0 && len(args) > fn.most) {
		p.fail(t.start, t.end, "the function %s has %d arguments, not %d,", t.text, fn.least, len(args))
	}
	return &call{fn.fn, args}
}

// arguments reads arguments up to the parenthesis that closes. The one at the place
// period is a period such as 5m.
func (p *parser) arguments(period int) (args []expr) {
	for !p.take(")") && p.err == nil {
		if len(args) > 0 && !p.want(",") {
			break
		}
		if len(args)+1 == period {
			args = append(args, p.period())
			continue
		}
		args = append(args, p.expression())
	}
	return args
}
