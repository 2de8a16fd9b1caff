package insights

import (
	"strings"

	"github.com/dari-bus/dari/internal/insights/eval"
	"github.com/dari-bus/dari/internal/regex"
)

// A sink takes rows one by one.
type sink interface {
	add(*eval.Row) error
	end() error
}

// A through is what a command does to a row that goes through it; false drops the row.
type through struct {
	do   func(*eval.Row) bool
	next sink
}

func (t through) end() error { return t.next.end() }

func (t through) add(r *eval.Row) error {
	if !t.do(r) {
		return nil
	}
	return t.next.add(r)
}

// fields makes fields.
type fields struct{ items []item }

// An item is a field that is made.
type item struct {
	name string
	expr eval.Expr
}

func (c *fields) sink(_ *Run, next sink) sink {
	if len(c.items) == 0 {
		return next
	}
	return through{func(r *eval.Row) bool {
		for i := range c.items {
			r.Set(c.items[i].name, c.items[i].expr.Eval(r))
		}
		return true
	}, next}
}

// filter lets rows through of which its expression is true.
type filter struct{ expr eval.Expr }

func (c *filter) sink(_ *Run, next sink) sink {
	return through{func(r *eval.Row) bool { return c.expr.Eval(r).Truth() }, next}
}

// A parsing makes fields of the parts of a text.
type parsing struct {
	of    eval.Expr
	names []string
	// parts are what stands around the stars of a glob; regex is in their place.
	parts []string
	regex *regex.Regex
}

func (p *parser) parse() {
	c := &parsing{of: eval.Field(eval.FieldMessage)}
	if p.next.kind == text || p.next.kind == sign && p.next.text == "/" {
		p.refer(eval.FieldMessage)
	} else {
		c.of = p.primary()
	}
	t := p.next
	switch {
	case p.err != nil:
		return
	case t.kind == sign && t.text == "/":
		if c.regex = p.regex(&p.regexes); c.regex == nil {
			return
		}
		for _, n := range c.regex.SubexpNames() {
			if n != "" {
				c.names = append(c.names, n)
				p.define(token{text: n, start: t.start, end: t.end})
			}
		}
		if c.names == nil {
			p.fail(t.start, t.end, "a regular expression of parse names what it finds, such as (?<user>\\S+): the one")
		}
	case t.kind == text:
		p.advance()
		c.parts = strings.Split(t.text, "*")
		if p.want("as") {
			p.list(func() {
				if n, ok := p.alias(); ok {
					p.define(n)
					c.names = append(c.names, n.text)
				}
			})
		}
		if p.err == nil && len(c.names) != len(c.parts)-1 {
			p.fail(t.start, t.end, "the pattern of parse has %d stars, and %d names are behind as: it stands", len(c.parts)-1, len(c.names))
		}
	default:
		p.unexpected("a pattern in quotes or a regular expression between slashes")
	}
	p.parsed = append(p.parsed, c.names...)
	p.add(c)
}

func (c *parsing) sink(_ *Run, next sink) sink {
	return through{func(r *eval.Row) bool {
		v := c.of.Eval(r)
		if v.Kind == eval.Missing {
			return true
		}
		if c.regex != nil {
			c.match(r, v.String())
		} else {
			c.cut(r, v.String())
		}
		return true
	}, next}
}

func (c *parsing) match(r *eval.Row, s string) {
	found := c.regex.Find(s, r.Over)
	if found == nil {
		return
	}
	for i, n := range c.regex.SubexpNames() {
		if n != "" && found[2*i] >= 0 {
			r.Set(n, eval.TextOf(s[found[2*i]:found[2*i+1]]))
		}
	}
}

// cut cuts a text at the parts of a glob, which are looked for one after the other:
// what is between them is as short as it can be, and the last goes to the end.
func (c *parsing) cut(r *eval.Row, s string) {
	_, s, ok := strings.Cut(s, c.parts[0])
	if !ok {
		return
	}
	found := make([]string, len(c.names))
	for i, part := range c.parts[1:] {
		if part == "" && i == len(c.names)-1 {
			found[i], s = s, ""
			continue
		}
		if found[i], s, ok = strings.Cut(s, part); !ok {
			return
		}
	}
	for i, n := range c.names {
		r.Set(n, eval.TextOf(found[i]))
	}
}

// limit lets the first n rows through.
type limit struct{ n int }

func (c *limit) sink(_ *Run, next sink) sink {
	left := c.n
	return through{func(*eval.Row) bool {
		left--
		return left >= 0
	}, next}
}

// dedup lets the first row through of those that have the same values. Rows without
// a value are like no other.
type dedup struct{ keys []eval.Expr }

func (c *dedup) sink(r *Run, next sink) sink { return &deduper{c, r, next, map[string]bool{}} }

type deduper struct {
	*dedup
	run  *Run
	next sink
	seen map[string]bool
}

func (d *deduper) end() error { return d.next.end() }

func (d *deduper) add(r *eval.Row) error {
	key, whole := keyOf(d.keys, r, nil)
	if whole {
		if d.seen[key] {
			return nil
		}
		if !d.run.take(eval.RowCost + int64(len(key))) {
			return ErrMemory
		}
		d.seen[key] = true
	}
	return d.next.add(r)
}

// keyOf joins values, which it puts into values if that is not nil, so that different
// ones are different together, and says whether all were there.
func keyOf(exprs []eval.Expr, r *eval.Row, values []eval.Value) (key string, whole bool) {
	var b strings.Builder
	whole = true
	for i, e := range exprs {
		v := e.Eval(r)
		if values != nil {
			values[i] = v
		}
		if v.Kind == eval.Missing {
			whole = false
			b.WriteByte(0)
			continue
		}
		s := v.Word()
		b.WriteByte(1)
		for n := len(s); ; n >>= 7 {
			b.WriteByte(byte(n&0x7f | 0x80))
			if n < 0x80 {
				break
			}
		}
		b.WriteByte(2)
		b.WriteString(s)
	}
	return b.String(), whole
}
