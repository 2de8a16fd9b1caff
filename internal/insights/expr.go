package insights

import (
	"strconv"
	"strings"

	"github.com/dari-bus/dari/internal/insights/eval"
)

// expression reads an expression, beginning with what binds least.
func (p *parser) expression() eval.Expr { return p.binary(0) }

// levels are the operators that are read from the left, those that bind least first.
// What compares stands between and and +.
var levels = [][]string{{"or"}, {"and"}, nil, {"+", "-"}, {"*", "/", "%"}}

func (p *parser) binary(level int) eval.Expr {
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
		out = &eval.Binary{Op: op, A: out, B: p.binary(level + 1)}
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

func (p *parser) comparison() eval.Expr {
	if p.take("not") {
		if p.deeper(); p.err != nil {
			return nil
		}
		defer p.higher()
		return eval.Negation{Of: p.comparison()}
	}
	left := p.binary(3)
	if p.err != nil {
		return nil
	}
	if op, ok := p.takeAny([]string{"=~", "!=", "<=", ">=", "=", "<", ">"}); ok {
		if op == "=~" {
			return p.like(left, true)
		}
		return &eval.Binary{Op: op, A: left, B: p.binary(3)}
	}
	negated := p.take("not")
	var out eval.Expr
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
		return eval.Negation{Of: out}
	}
	return out
}

func (p *parser) like(of eval.Expr, regex bool) eval.Expr {
	if p.next.kind == sign && p.next.text == "/" {
		return &eval.Like{Of: of, Regex: p.regex(&p.regexes)}
	}
	t := p.next
	if t.kind != text {
		p.unexpected("a text in quotes or a regular expression between slashes")
		return nil
	}
	if regex {
		p.at = t.end
		return &eval.Like{Of: of, Regex: p.compile(t.text, t.start, t.end, &p.regexes)}
	}
	p.advance()
	return &eval.Like{Of: of, Text: t.text}
}

func (p *parser) oneOf(of eval.Expr) eval.Expr {
	if !p.want("[") {
		return nil
	}
	out := &eval.OneOf{Of: of}
	for p.err == nil {
		out.List = append(out.List, p.binary(3))
		if !p.take(",") {
			break
		}
	}
	p.want("]")
	return out
}

func (p *parser) power() eval.Expr {
	if p.deeper(); p.err != nil {
		return nil
	}
	defer p.higher()
	if p.take("-") {
		return &eval.Binary{Op: "-", A: eval.Constant{Value: eval.NumberOf(0)}, B: p.power()}
	}
	out := p.primary()
	if p.err == nil && p.take("^") {
		return &eval.Binary{Op: "^", A: out, B: p.power()}
	}
	return out
}

func (p *parser) primary() eval.Expr {
	t := p.next
	switch t.kind {
	case text:
		p.advance()
		return eval.Constant{Value: eval.TextOf(t.text)}
	case number:
		n, err := strconv.ParseFloat(t.text, 64)
		if err != nil {
			p.unexpected("a number")
			return nil
		}
		p.advance()
		return eval.Constant{Value: eval.Value{Kind: eval.IsNum, Num: n, Text: t.text}}
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
			return eval.Constant{Value: eval.TruthOf(strings.EqualFold(t.text, "true"))}
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
func (p *parser) call(t token) eval.Expr {
	fn, known := eval.Functions[strings.ToLower(t.text)]
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
			return eval.Field(made)
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
	args := p.arguments(fn.Period)
	if p.err == nil && (len(args) < fn.Least || fn.Most >= 0 && len(args) > fn.Most) {
		p.fail(t.start, t.end, "the function %s has %d arguments, not %d,", t.text, fn.Least, len(args))
	}
	return &eval.Call{Fn: fn.Fn, Args: args}
}

// arguments reads arguments up to the parenthesis that closes. The one at the place
// period is a period such as 5m.
func (p *parser) arguments(period int) (args []eval.Expr) {
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
