package insights

import (
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strconv"
	"strings"
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
	start func(arg, rank expr) accumulator
	arg   expr // nil for count(*)
	rank  expr // of pct
}

// An accumulator is what is known of a group so far.
type accumulator interface {
	// add returns how many bytes more it keeps.
	add(r *row, arg, rank expr) int64
	value() value
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
func (p *parser) aggregate(t token) expr {
	name := strings.ToLower(t.text)
	a := aggregate{name: fmt.Sprintf("\x00%d", len(p.grouping.aggregates)), start: func(_, _ expr) accumulator { return aggregates[name]() }}
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
			rank, ok := args[1].(constant)
			n, numeric := rank.number()
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

func (a aggregated) eval(r *row) value { return r.made[string(a)] }

func args0(args []expr) expr {
	if len(args) == 0 {
		return nil
	}
	return args[0]
}

func (c *stats) keeps() bool { return true }

func (c *stats) sink(r *Run, next sink) sink {
	keys := make([]expr, len(c.by))
	for i := range c.by {
		keys[i] = c.by[i].expr
	}
	return &grouper{c: c, run: r, next: next, keys: keys, groups: map[string]*group{}}
}

type grouper struct {
	c      *stats
	run    *Run
	next   sink
	keys   []expr
	groups map[string]*group
}

type group struct {
	keys []value
	accs []accumulator
	size int64
}

// groupCost is what a group, and each thing that is known of it, takes at least.
const groupCost = 192

func (g *grouper) add(r *row) error {
	values := make([]value, len(g.keys))
	key, _ := keyOf(g.keys, r, values)
	found := g.groups[key]
	if found == nil {
		size := groupCost*int64(1+len(g.c.aggregates)) + int64(len(key))
		for i := range values {
			values[i] = values[i].alone()
			size += values[i].size()
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
			if order := sorts(a.keys[i], b.keys[i]); order != 0 {
				return order
			}
		}
		return 0
	})
	for i, found := range all {
		all[i] = nil
		g.run.give(found.size) // what comes next counts what it keeps
		calculated := &row{run: g.run, made: map[string]value{}}
		for i, a := range g.c.aggregates {
			calculated.made[a.name] = found.accs[i].value()
		}
		out := &row{made: make(map[string]value, len(g.c.by)+len(g.c.made)), run: g.run}
		for i, b := range g.c.by {
			out.made[b.name] = found.keys[i]
		}
		for _, m := range g.c.made {
			out.made[m.name] = m.expr.eval(calculated)
		}
		if err := g.next.add(out); err != nil {
			return err
		}
		if g.run.over() {
			break
		}
	}
	return g.next.end()
}

type count struct{ n float64 }

func (c *count) value() value { return numberOf(c.n) }

func (c *count) add(r *row, arg, _ expr) int64 {
	if arg == nil || arg.eval(r).kind != missing {
		c.n++
	}
	return 0
}

// A distinct counts values by their hashes.
type distinct struct{ seen map[uint64]struct{} }

func (d *distinct) value() value { return numberOf(float64(len(d.seen))) }

func (d *distinct) add(r *row, arg, _ expr) int64 {
	v := arg.eval(r)
	if v.kind == missing {
		return 0
	}
	h := fnv.New64a()
	h.Write([]byte(v.word()))
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

func (m *moments) add(r *row, arg, _ expr) int64 {
	if x, ok := arg.eval(r).number(); ok {
		m.n++
		m.sum += x
		d := x - m.mean
		m.mean += d / m.n
		m.squares += d * (x - m.mean)
	}
	return 0
}

func (m *moments) value() value {
	if m.n == 0 {
		return value{}
	}
	return numberOf(m.of(m))
}

// An extreme is the first or the last value in the order of sort, or of numbers only.
type extreme struct {
	numbers, less bool
	best          value
}

func (e *extreme) value() value { return e.best }

func (e *extreme) add(r *row, arg, _ expr) int64 {
	v := arg.eval(r)
	if v.kind == missing {
		return 0
	}
	if e.numbers {
		n, ok := v.number()
		if !ok {
			return 0
		}
		if v.kind == isText {
			v = numberOf(n)
		}
	}
	if order := sorts(v, e.best); e.best.kind != missing && (order == 0 || order < 0 != e.less) {
		return 0
	}
	grown := v.size() - e.best.size()
	e.best = v.alone()
	return grown
}

// A timed is the value of the first or the last event that has one.
type timed struct {
	less bool
	at   float64
	best value
}

func (t *timed) value() value { return t.best }

func (t *timed) add(r *row, arg, _ expr) int64 {
	v, at := arg.eval(r), r.get(fieldTime)
	if v.kind == missing || at.kind != isTime || t.best.kind != missing && (at.num < t.at) != t.less {
		return 0
	}
	grown := v.size() - t.best.size()
	t.best, t.at = v.alone(), at.num
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

func (p *percentile) add(r *row, arg, rank expr) int64 {
	x, ok := arg.eval(r).number()
	if !ok {
		return 0
	}
	p.rank, _ = rank.eval(r).number()
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

func (p *percentile) value() value {
	if len(p.numbers) == 0 {
		return value{}
	}
	slices.Sort(p.numbers)
	i := int(math.Ceil(p.rank/100*float64(len(p.numbers)))) - 1
	return numberOf(p.numbers[max(i, 0)])
}

// period reads a period, such as 5m.
func (p *parser) period() expr {
	t := p.next
	digits := strings.TrimRight(t.text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
	unit, known := units[strings.ToLower(t.text[len(digits):])]
	n, err := strconv.Atoi(digits)
	if t.kind != number || !known || err != nil || n < 1 || n > 10_000_000 {
		p.fail(t.start, t.end, "a period is a number and a unit, such as 30s, 5m, 1h or 1d, not %q", t.text)
		return nil
	}
	p.advance()
	unit.millis *= int64(n)
	unit.months *= n
	return unit
}
