package eval

import (
	"bytes"
	"math"
	"slices"
	"strings"

	"github.com/dari-bus/dari/internal/regex"
)

// An Expr is a compiled expression.
type Expr interface {
	Eval(r *Row) Value
}

type (
	// Field is the value of a field; Binary has an operator, and OneOf says whether
	// a value is one of a list.
	Field    string
	Constant struct{ Value }
	Binary   struct {
		Op   string
		A, B Expr
	}
	Negation struct{ Of Expr }
	// Like says whether a text has another in it, or matches.
	Like struct {
		Of    Expr
		Text  string
		Regex *regex.Regex
	}
	OneOf struct {
		Of   Expr
		List []Expr
	}
	Call struct {
		Fn   func(r *Row, args []Expr) Value
		Args []Expr
	}
)

func (f Field) Eval(r *Row) Value    { return r.Get(string(f)) }
func (c Constant) Eval(*Row) Value   { return c.Value }
func (n Negation) Eval(r *Row) Value { return TruthOf(!n.Of.Eval(r).Truth()) }

// maxSpent bounds what functions make of an event, in bytes: a query can have hundreds
// of them, and an event a megabyte.
const maxSpent = 16 << 20

func (c *Call) Eval(r *Row) Value {
	if r.bounds.Over() {
		return Value{}
	}
	v := c.Fn(r, c.Args)
	if r.spent += int64(len(v.Text)); r.spent > maxSpent && r.bounds.failed == nil {
		r.bounds.failed = ErrMemory
	}
	return v
}

func (l *Like) Eval(r *Row) Value {
	if l.Of == Field(FieldMessage) && r.record != nil {
		_, shadowed := r.made[FieldMessage]
		switch { // without a copy
		case shadowed:
		case l.Regex == nil:
			return TruthOf(bytes.Contains(r.record.Text, []byte(l.Text)))
		case !l.Regex.Long(len(r.record.Text)):
			return TruthOf(l.Regex.Match(r.record.Text))
		}
	}
	v := l.Of.Eval(r)
	if v.Kind == Missing {
		return TruthOf(false)
	}
	if l.Regex != nil {
		return TruthOf(l.Regex.Matches([]byte(v.Word()), r.bounds.Over))
	}
	return TruthOf(strings.Contains(v.Word(), l.Text))
}

func (o *OneOf) Eval(r *Row) Value {
	v := o.Of.Eval(r)
	return TruthOf(v.Kind != Missing && slices.ContainsFunc(o.List, func(e Expr) bool {
		w := e.Eval(r)
		return w.Kind != Missing && compare(v, w) == 0
	}))
}

func (b *Binary) Eval(r *Row) Value {
	switch b.Op {
	case "and":
		return TruthOf(b.A.Eval(r).Truth() && b.B.Eval(r).Truth())
	case "or":
		return TruthOf(b.A.Eval(r).Truth() || b.B.Eval(r).Truth())
	}
	x, y := b.A.Eval(r), b.B.Eval(r)
	switch b.Op {
	case "+", "-", "*", "/", "%", "^":
		return calculate(b.Op, x, y)
	}
	if x.Kind == Missing || y.Kind == Missing {
		return TruthOf(b.Op == "!=" && x.Kind != y.Kind)
	}
	order := compare(x, y)
	switch b.Op {
	case "=":
		return TruthOf(order == 0)
	case "!=":
		return TruthOf(order != 0)
	case "<":
		return TruthOf(order < 0)
	case "<=":
		return TruthOf(order <= 0)
	case ">":
		return TruthOf(order > 0)
	}
	return TruthOf(order >= 0)
}

func calculate(op string, x, y Value) Value {
	a, ok := x.Number()
	b, both := y.Number()
	if !ok || !both {
		return Value{}
	}
	switch op {
	case "+":
		return NumberOf(a + b)
	case "-":
		return NumberOf(a - b)
	case "*":
		return NumberOf(a * b)
	case "/":
		return NumberOf(a / b)
	case "%":
		return NumberOf(math.Mod(a, b))
	}
	return NumberOf(math.Pow(a, b))
}
