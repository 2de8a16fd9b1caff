package insights

import (
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/dari-bus/dari/internal/insights/eval"
)

// A stats command puts rows into groups and calculates something of each.
type stats struct {
	by []item
	// aggregates have their results in fields whose names nobody can write; made are
	// made of these.
	aggregates []aggregate
	made       []item
}

type aggregate struct {
	name  string
	start func(arg, rank eval.Expr) accumulator
	arg   eval.Expr // nil for count(*)
	rank  eval.Expr // of pct
}

// An accumulator is what is known of a group so far.
type accumulator interface {
	// add returns how many bytes more it keeps.
	add(r *eval.Row, arg, rank eval.Expr) int64
	value() eval.Value
}

// aggregates are the functions of stats, by their names in small letters.
var aggregates = map[string]func() accumulator{
	"count":          func() accumulator { return &count{} },
	"count_distinct": func() accumulator { return &distinct{seen: map[uint64]struct{}{}} },
	"sum":            func() accumulator { return &moments{of: func(m *moments) float64 { return m.sum }} },
	"avg":            func() accumulator { return &moments{of: func(m *moments) float64 { return m.sum / m.n }} },
	"stddev": func() accumulator {
		return &moments{of: func(m *moments) float64 { return math.Sqrt(m.squares / m.n) }}
	},
	"min":        func() accumulator { return &extreme{numbers: true, less: true} },
	"max":        func() accumulator { return &extreme{numbers: true} },
	"sortsfirst": func() accumulator { return &extreme{less: true} },
	"sortslast":  func() accumulator { return &extreme{} },
	"earliest":   func() accumulator { return &timed{less: true} },
	"latest":     func() accumulator { return &timed{} },
	"pct":        func() accumulator { return &percentile{} },
	"percentile": func() accumulator { return &percentile{} },
}

func (p *parser) statistics() {
	c := &stats{}
	p.grouping = c
	projected := p.projected
	p.projected = map[string]bool{} // the names of what it makes are its own
	p.list(func() {
		if e, as, _ := p.named(); p.err == nil {
			c.made = append(c.made, item{as, e})
		}
	})
	p.inside = true
	if p.take("by") {
		p.projected = projected
		p.list(func() {
			if e, as, _ := p.named(); p.err == nil {
				c.by = append(c.by, item{as, e})
			}
		})
	}
	p.grouping, p.inside = nil, false
	if p.err == nil && len(c.aggregates) == 0 {
		p.fail(p.next.start, p.next.end, "stats has no function such as count(*):")
	}
	p.columns, p.projected, p.made, p.unclear = map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}
	p.shown, p.displayed, p.parsed = nil, false, nil
	for _, i := range slices.Concat(c.by, c.made) {
		p.columns[i.name] = true
		p.show(i.name)
	}
	p.add(c)
}

// aggregate reads the arguments of a function of stats.
func (p *parser) aggregate(t token) eval.Expr {
	name := strings.ToLower(t.text)
	a := aggregate{name: fmt.Sprintf("\x00%d", len(p.grouping.aggregates)), start: func(_, _ eval.Expr) accumulator { return aggregates[name]() }}
	p.want("(")
	p.inside = true
	defer func() { p.inside = false }()
	switch {
	case name == "count" && (p.take("*") || p.next.text == ")"):
		p.want(")")
	default:
		args := p.arguments(0)
		most := 1
		if name == "pct" || name == "percentile" {
			most = 2
		}
		if p.err == nil && len(args) != most {
			p.fail(t.start, t.end, "the function %s has %d arguments, not %d,", t.text, most, len(args))
			return nil
		}
		if a.arg = args0(args); most == 2 && p.err == nil {
			rank, ok := args[1].(eval.Constant)
			n, numeric := rank.Number()
			if !ok || !numeric || n < 0 || n > 100 {
				p.fail(t.start, t.end, "the percentile of %s is a number from 0 to 100,", t.text)
			}
			a.rank = args[1]
		}
	}
	p.grouping.aggregates = append(p.grouping.aggregates, a)
	return aggregated(a.name)
}

// aggregated is what an aggregate has come to.
type aggregated string

func (a aggregated) Eval(r *eval.Row) eval.Value { return r.Get(string(a)) }

func args0(args []eval.Expr) eval.Expr {
	if len(args) == 0 {
		return nil
	}
	return args[0]
}

func (c *stats) keeps() bool { return true }

func (c *stats) sink(r *Run, next sink) sink {
	keys := make([]eval.Expr, len(c.by))
	for i := range c.by {
		keys[i] = c.by[i].expr
	}
	return &grouper{c: c, run: r, next: next, keys: keys, groups: map[string]*group{}}
}

type grouper struct {
	c      *stats
	run    *Run
	next   sink
	keys   []eval.Expr
	groups map[string]*group
}

type group struct {
	keys []eval.Value
	accs []accumulator
	size int64
}

// groupCost is what a group, and each thing that is known of it, takes at least.
const groupCost = 192

func (g *grouper) add(r *eval.Row) error {
	values := make([]eval.Value, len(g.keys))
	key, _ := keyOf(g.keys, r, values)
	found := g.groups[key]
	if found == nil {
		size := groupCost*int64(1+len(g.c.aggregates)) + int64(len(key))
		for i := range values {
			values[i] = values[i].Alone()
			size += values[i].Size()
		}
		if !g.run.take(size) {
			return ErrMemory
		}
		found = &group{keys: values, size: size}
		for _, a := range g.c.aggregates {
			found.accs = append(found.accs, a.start(a.arg, a.rank))
		}
		g.groups[key] = found
	}
	for i, a := range g.c.aggregates {
		n := found.accs[i].add(r, a.arg, a.rank)
		if n != 0 && !g.run.take(n) {
			return ErrMemory
		}
		found.size += n
	}
	return nil
}

func (g *grouper) end() error {
	all := make([]*group, 0, len(g.groups))
	for _, found := range g.groups {
		all = append(all, found)
	}
	g.groups = nil
	slices.SortFunc(all, func(a, b *group) int {
		for i := range a.keys {
			if order := eval.Sort(a.keys[i], b.keys[i]); order != 0 {
				return order
			}
		}
		return 0
	})
	for i, found := range all {
		all[i] = nil
		g.run.give(found.size) // what comes next counts what it keeps
		calculated := eval.NewRow(&g.run.bounds, nil)
		for i, a := range g.c.aggregates {
			calculated.Set(a.name, found.accs[i].value())
		}
		out := eval.NewRow(&g.run.bounds, nil)
		for i, b := range g.c.by {
			out.Set(b.name, found.keys[i])
		}
		for _, m := range g.c.made {
			out.Set(m.name, m.expr.Eval(calculated))
		}
		if err := g.next.add(out); err != nil {
			return err
		}
		if g.run.bounds.Over() {
			break
		}
	}
	return g.next.end()
}

type count struct{ n float64 }

func (c *count) value() eval.Value { return eval.NumberOf(c.n) }

func (c *count) add(r *eval.Row, arg, _ eval.Expr) int64 {
	if arg == nil || arg.Eval(r).Kind != eval.Missing {
		c.n++
	}
	return 0
}

// A distinct counts values by their hashes.
type distinct struct{ seen map[uint64]struct{} }

func (d *distinct) value() eval.Value { return eval.NumberOf(float64(len(d.seen))) }

func (d *distinct) add(r *eval.Row, arg, _ eval.Expr) int64 {
	v := arg.Eval(r)
	if v.Kind == eval.Missing {
		return 0
	}
	h := fnv.New64a()
	h.Write([]byte(v.Word()))
	if _, known := d.seen[h.Sum64()]; known {
		return 0
	}
	d.seen[h.Sum64()] = struct{}{}
	return 32
}

// moments are how many numbers there were, their sum, and that of the squares of how
// far they are from their mean.
type moments struct {
	of                    func(*moments) float64
	n, sum, mean, squares float64
}

func (m *moments) add(r *eval.Row, arg, _ eval.Expr) int64 {
	if x, ok := arg.Eval(r).Number(); ok {
		m.n++
		m.sum += x
		d := x - m.mean
		m.mean += d / m.n
		m.squares += d * (x - m.mean)
	}
	return 0
}

func (m *moments) value() eval.Value {
	if m.n == 0 {
		return eval.Value{}
	}
	return eval.NumberOf(m.of(m))
}

// An extreme is the first or the last value in the order of sort, or of numbers only.
type extreme struct {
	numbers, less bool
	best          eval.Value
}

func (e *extreme) value() eval.Value { return e.best }

func (e *extreme) add(r *eval.Row, arg, _ eval.Expr) int64 {
	v := arg.Eval(r)
	if v.Kind == eval.Missing {
		return 0
	}
	if e.numbers {
		n, ok := v.Number()
		if !ok {
			return 0
		}
		if v.Kind == eval.IsText {
			v = eval.NumberOf(n)
		}
	}
	if order := eval.Sort(v, e.best); e.best.Kind != eval.Missing && (order == 0 || order < 0 != e.less) {
		return 0
	}
	grown := v.Size() - e.best.Size()
	e.best = v.Alone()
	return grown
}

// A timed is the value of the first or the last event that has one.
type timed struct {
	less bool
	at   float64
	best eval.Value
}

func (t *timed) value() eval.Value { return t.best }

func (t *timed) add(r *eval.Row, arg, _ eval.Expr) int64 {
	v, at := arg.Eval(r), r.Get(eval.FieldTime)
	if v.Kind == eval.Missing || at.Kind != eval.IsTime || t.best.Kind != eval.Missing && (at.Num < t.at) != t.less {
		return 0
	}
	grown := v.Size() - t.best.Size()
	t.best, t.at = v.Alone(), at.Num
	return grown
}

// A percentile keeps numbers: all of them, up to a bound, and then a fair sample.
type percentile struct {
	rank    float64
	numbers []float64
	seen    uint64
	random  uint64
}

// maxSample is how many numbers a percentile is taken of.
const maxSample = 4096

func (p *percentile) add(r *eval.Row, arg, rank eval.Expr) int64 {
	x, ok := arg.Eval(r).Number()
	if !ok {
		return 0
	}
	p.rank, _ = rank.Eval(r).Number()
	p.seen++
	if len(p.numbers) < maxSample {
		p.numbers = append(p.numbers, x)
		return 16
	}
	p.random = p.random*6364136223846793005 + 1442695040888963407
	if i := (p.random >> 32) % p.seen; i < maxSample {
		p.numbers[i] = x
	}
	return 0
}

func (p *percentile) value() eval.Value {
	if len(p.numbers) == 0 {
		return eval.Value{}
	}
	slices.Sort(p.numbers)
	i := int(math.Ceil(p.rank/100*float64(len(p.numbers)))) - 1
	return eval.NumberOf(p.numbers[max(i, 0)])
}

// period reads a period, such as 5m.
func (p *parser) period() eval.Expr {
	t := p.next
	digits := strings.TrimRight(t.text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
	n, err := strconv.Atoi(digits)
	out, known := eval.PeriodOf(n, t.text[len(digits):])
	if t.kind != number || !known || err != nil || n < 1 || n > 10_000_000 {
		p.fail(t.start, t.end, "a period is a number and a unit, such as 30s, 5m, 1h or 1d, not %q", t.text)
		return nil
	}
	p.advance()
	return out
}
