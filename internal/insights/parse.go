package insights

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/dari-bus/dari/internal/insights/eval"
)

// maxTerms bounds the operators of a query.
const maxTerms = 1000

// MaxLimit is how many rows a query may ask for.
const MaxLimit = 100_000

// A Query is a compiled query.
type Query struct {
	commands []command
	// display are the fields that results have.
	display []string
	// grouped says that results are groups of stats, and no events.
	grouped bool
}

// A command is one step of a query. Its sink hands rows on to next.
type command interface {
	sink(r *Run, next sink) sink
}

// A parser reads a query from its front.
type parser struct {
	scanner
	depth, terms int
	regexes      int // what is left of their bound
	out          *Query

	// projected are the fields that were shown or made so far, made those that were
	// made, and unclear those that have two meanings.
	projected, made, unclear map[string]bool
	// columns are the fields that there are behind stats; nil before.
	columns map[string]bool
	// used are the fields that the commands since the last one that keeps rows use.
	used []map[string]bool
	// shown are the fields that results have as far as is known.
	shown     []string
	displayed bool
	// parsed are the fields that parse made.
	parsed []string
	// grouping is the stats command that is read, and inside says that it is within
	// one of its functions.
	grouping *stats
	inside   bool
}

// Compile reads a query. An error is an [*Error].
func Compile(text string) (*Query, error) {
	if len(text) > MaxLength {
		return nil, &Error{Message: fmt.Sprintf("the query has more than %d characters", MaxLength)}
	}
	p := &parser{scanner: scanner{query: text}, regexes: maxRegex, projected: map[string]bool{}, made: map[string]bool{}, unclear: map[string]bool{}, used: []map[string]bool{{}}}
	p.out = &Query{}
	p.advance()
	for p.err == nil {
		p.command()
		if p.err != nil || !p.take("|") {
			break
		}
	}
	if p.err == nil && p.next.kind != end {
		p.unexpected("| or the end of the query")
	}
	if p.err != nil {
		return nil, p.err
	}
	p.finish()
	return p.out, nil
}

// refused are commands that AWS has and dari has not.
var refused = strings.Fields("pattern diff anomaly unmask unnest filterindex source join lookup search tail addtotals append eval where logtotals sql ppl")

// command reads a command.
func (p *parser) command() {
	t := p.next
	if t.kind != name {
		p.unexpected("a command: fields, display, filter, parse, stats, sort, limit or dedup")
		return
	}
	if last := len(p.out.commands) - 1; last >= 0 {
		if _, ok := p.out.commands[last].(*dedup); ok && !strings.EqualFold(t.text, "limit") {
			p.fail(t.start, t.end, "unexpected symbol found %s: behind dedup there may only be limit,", t.text)
			return
		}
	}
	p.advance()
	switch word := strings.ToLower(t.text); word {
	case "fields":
		p.fields()
	case "display":
		p.display()
	case "filter":
		p.add(&filter{p.expression()})
	case "parse":
		p.parse()
	case "stats":
		p.statistics()
	case "sort", "order":
		if word == "order" {
			p.take("by")
		}
		p.sort()
	case "limit", "head":
		p.limit()
	case "dedup":
		p.dedup()
	default:
		if slices.Contains(refused, word) {
			p.fail(t.start, t.end, "dari does not offer the command %s; there are fields, display, filter, parse, stats, sort, limit and dedup: it stands", t.text)
		} else {
			p.fail(t.start, t.end, "unexpected symbol found %s; expected is a command: fields, display, filter, parse, stats, sort, limit or dedup:", t.text)
		}
	}
}

func (p *parser) add(c command) {
	p.out.commands = append(p.out.commands, c)
	if k, ok := c.(keeper); ok && k.keeps() {
		p.used = append(p.used, map[string]bool{})
	}
}

// A keeper is a command that may keep rows until all are there.
type keeper interface{ keeps() bool }

// refer takes down that a field is used.
func (p *parser) refer(name string) {
	p.used[len(p.used)-1][name] = true
	for i := 0; i < len(name); i++ {
		if name[i] == '.' && p.made[name[:i]] {
			p.used[len(p.used)-1][name[:i]] = true
		}
	}
}

// field makes the expression of a field.
func (p *parser) field(t token) eval.Expr {
	if len(t.text) > eval.MaxName || t.text == "" {
		p.fail(t.start, t.end, "the name of a field has 1 to %d characters, this one has %d,", eval.MaxName, len(t.text))
		return nil
	}
	if p.columns != nil && !p.known(t.text) {
		p.fail(t.start, t.end, "Unknown symbols found in or after stats: %s", t.text)
		return nil
	}
	if p.grouping != nil && (!p.inside || p.unclear[t.text]) {
		p.fail(t.start, t.end, "Unknown symbols found in or after stats: %s", t.text)
		return nil
	}
	p.refer(t.text)
	return eval.Field(t.text)
}

// known says whether there is a field behind stats, or one that it is part of.
func (p *parser) known(name string) bool {
	for i := 0; i < len(name); i++ {
		if name[i] == '.' && p.columns[name[:i]] {
			return true
		}
	}
	return p.columns[name]
}

// define takes down that a field is made.
func (p *parser) define(t token) {
	if len(t.text) > eval.MaxName {
		p.fail(t.start, t.end, "the name of a field has 1 to %d characters,", eval.MaxName)
	}
	if p.projected[t.text] {
		p.unclear[t.text] = true
	}
	p.projected[t.text], p.made[t.text] = true, true
	if p.columns != nil {
		p.columns[t.text] = true
	}
}

// alias reads the name behind as.
func (p *parser) alias() (token, bool) {
	t := p.next
	if t.kind != name && t.kind != quotedName {
		p.unexpected("a name")
		return t, false
	}
	p.advance()
	return t, true
}

// named reads an expression and the name that it gets: its own text, unless there is
// another behind as.
func (p *parser) named() (e eval.Expr, as string, plain bool) {
	begin := p.next.start
	e = p.expression()
	if p.err != nil {
		return nil, "", false
	}
	text := strings.TrimSpace(p.query[begin:p.next.start])
	f, plain := e.(eval.Field)
	if p.take("as") {
		t, ok := p.alias()
		if !ok {
			return nil, "", false
		}
		p.define(t)
		return e, t.text, false
	}
	if plain {
		return e, string(f), true
	}
	if i := strings.IndexByte(text, '#'); i > 0 { // a comment
		text = strings.TrimSpace(text[:i])
	}
	p.define(token{text: text, start: begin, end: p.next.start})
	return e, text, false
}

// list calls item for one or more items with commas between them.
func (p *parser) list(item func()) {
	for p.err == nil {
		item()
		if p.err != nil || !p.take(",") {
			return
		}
	}
}

func (p *parser) fields() {
	c := &fields{}
	p.list(func() {
		e, as, plain := p.named()
		if p.err != nil {
			return
		}
		if !plain {
			c.items = append(c.items, item{as, e})
		}
		p.projected[as] = true
		p.show(as)
	})
	p.add(c)
}

func (p *parser) display() {
	c := &fields{}
	p.shown, p.displayed = nil, false
	p.list(func() {
		e, as, plain := p.named()
		if p.err != nil {
			return
		}
		if !plain {
			c.items = append(c.items, item{as, e})
		}
		p.show(as)
	})
	p.displayed = true
	p.add(c)
}

// show adds a field to what results have, unless display has said all that.
func (p *parser) show(name string) {
	if !p.displayed && !slices.Contains(p.shown, name) {
		p.shown = append(p.shown, name)
	}
}

func (p *parser) limit() {
	t := p.next
	n, err := strconv.Atoi(t.text)
	if t.kind != number || err != nil || n < 1 || n > MaxLimit {
		p.fail(t.start, t.end, "a limit is a number from 1 to %d, not %q", MaxLimit, t.text)
		return
	}
	p.advance()
	p.latestFirst()
	p.add(&limit{n})
}

// latestFirst sorts events by their time, if nothing has given them an order yet.
func (p *parser) latestFirst() {
	for _, c := range p.out.commands {
		switch c.(type) {
		case *sorting, *stats, *limit, *dedup:
			return
		}
	}
	p.used[len(p.used)-1][eval.FieldTime] = true
	p.add(&sorting{keys: []sortKey{{eval.Field(eval.FieldTime), true}}})
}

func (p *parser) dedup() {
	p.latestFirst()
	c := &dedup{}
	p.list(func() { c.keys = append(c.keys, p.binary(3)) })
	p.add(c)
}

func (p *parser) sort() {
	c := &sorting{}
	p.list(func() {
		e := p.binary(3)
		descending := p.take("desc")
		if !descending {
			p.take("asc")
		}
		c.keys = append(c.keys, sortKey{e, descending})
	})
	p.add(c)
}

// finish says what results have, and which fields rows need that are kept.
func (p *parser) finish() {
	q := p.out
	if p.shown == nil {
		p.shown = []string{eval.FieldTime, eval.FieldMessage}
	}
	for _, name := range p.parsed {
		p.show(name)
	}
	q.display = p.shown
	p.latestFirst()
	need := map[string]bool{}
	for _, name := range q.display {
		need[name] = true
		for i := 0; i < len(name); i++ {
			if name[i] == '.' && p.made[name[:i]] {
				need[name[:i]] = true
			}
		}
	}
	if q.grouped = p.columns != nil; !q.grouped {
		need[eval.FieldPtr] = true
	}
	left, exact := 0, true
	for i := len(q.commands) - 1; i >= 0; i-- {
		switch c := q.commands[i].(type) {
		case *limit:
			left, exact = c.n, true
		case *filter, *dedup, *stats:
			exact = false
		case *sorting:
			if c.most = left; !exact {
				c.most = -1
			}
			exact = false
		}
		if k, ok := q.commands[i].(keeper); ok && k.keeps() {
			maps.Copy(need, p.used[len(p.used)-1])
			p.used = p.used[:len(p.used)-1]
			switch c := q.commands[i].(type) {
			case *sorting:
				c.need = slices.Sorted(maps.Keys(need))
			case *stats:
				clear(need) // what is behind it is made by it
			}
		}
	}
}

// take takes a sign or a word if it comes next.
func (p *parser) take(what string) bool {
	t := p.next
	if t.kind != sign && t.kind != name || !strings.EqualFold(t.text, what) || p.err != nil {
		return false
	}
	p.advance()
	return true
}

// want takes what must come next.
func (p *parser) want(what string) bool {
	if p.take(what) {
		return true
	}
	p.unexpected(what)
	return false
}

func (p *parser) unexpected(expected string) {
	t := p.next
	what := p.query[t.start:t.end]
	if t.kind == end {
		what = "the end of the query"
	}
	p.fail(t.start, t.end, "unexpected symbol found %s; expected is %s:", what, expected)
}

// deeper and higher count how deep expressions are in each other.
func (p *parser) deeper() {
	if p.depth++; p.depth > maxDepth*4 { // an expression in parentheses is up to four steps
		p.fail(p.next.start, p.next.end, "the query is nested too deeply")
	}
}

func (p *parser) higher() { p.depth-- }
