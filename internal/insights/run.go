package insights

import (
	"strings"
	"time"

	"github.com/dari-bus/dari/internal/insights/eval"
)

// ErrMemory says that a run would have to keep more than it may.
var ErrMemory = eval.ErrMemory

// A Record is a log event. Text is only looked at while it is added.
type Record = eval.Record

// Fields returns the names of the fields of an event, as queries call them, and
// calls fn with each and what it has, until it returns false.
func Fields(record *Record, fn func(name, value string) bool) { eval.Fields(record, fn) }

// Limits bound a run.
type Limits struct {
	// Rows is how many rows the result may have, from 1 on.
	Rows int
	// Memory is about how many bytes may be kept.
	Memory int64
	// Over says that it is time to end, with the error that Add and End return then.
	// It is also asked in the middle of an event, with which a query may have work for
	// minutes. Nil is never.
	Over func() error
	// Now is when the query started.
	Now time.Time
}

// A Run is a query under way. It is for one goroutine.
type Run struct {
	bounds     eval.Bounds
	query      *Query
	limit      int
	used, most int64
	first      sink
	matched    int64
	// clipped says that there were more rows in the order that was asked for than there
	// is memory for, and that the last of them are not in the result.
	clipped bool
	result  [][]Field
}

// A Field is a field of a row of a result.
type Field struct{ Name, Value string }

// Start begins a run.
func (q *Query) Start(l Limits) *Run {
	r := &Run{query: q, limit: l.Rows, most: l.Memory, bounds: eval.Bounds{Now: l.Now.Unix(), Ended: l.Over}}
	r.first = &output{run: r}
	first := 0
	for i, c := range q.commands {
		if _, ok := c.(*sorting); ok {
			first = i
			break
		}
		if _, ok := c.(*stats); ok {
			first = i
			break
		}
	}
	for i := len(q.commands) - 1; i >= 0; i-- {
		r.first = q.commands[i].sink(r, r.first)
		if i == first {
			r.first = through{func(*eval.Row) bool {
				r.matched++
				return true
			}, r.first}
		}
	}
	return r
}

// Add adds an event. After an error the run is over.
func (r *Run) Add(record *Record) error {
	if r.bounds.Over() {
		return r.bounds.Err()
	}
	if err := r.first.add(eval.NewRow(&r.bounds, record)); err != nil {
		return err
	}
	return r.bounds.Err()
}

// Matched is how many events there were that all filters let through.
func (r *Run) Matched() int64 { return r.matched }

// End returns the rows of the result. The run is over.
func (r *Run) End() ([][]Field, error) {
	err := r.first.end()
	if r.bounds.Err() != nil {
		err = r.bounds.Err()
	}
	return r.result, err
}

// take says whether n more bytes may be kept.
func (r *Run) take(n int64) bool {
	if r.used+n > r.most {
		return false
	}
	r.used += n
	return true
}

func (r *Run) give(n int64) { r.used -= n }

// output collects the result.
type output struct {
	run  *Run
	full bool
}

func (o *output) end() error { return nil }

func (o *output) add(r *eval.Row) error {
	if len(o.run.result) >= o.run.limit {
		return nil
	}
	var fields []Field
	size := int64(eval.RowCost)
	show := func(name string) {
		if v := r.Get(name); v.Kind != eval.Missing {
			fields = append(fields, Field{name, strings.Clone(v.String())})
			size += eval.ValueCost + int64(len(fields[len(fields)-1].Value))
		}
	}
	for _, name := range o.run.query.display {
		show(name)
	}
	if !o.run.query.grouped {
		show(eval.FieldPtr)
	}
	if o.full = o.full || !o.run.take(size); o.full { // what comes later does not come in its place
		o.run.clipped = true
		return nil
	}
	o.run.result = append(o.run.result, fields)
	return nil
}

// Holds returns texts that every event has in it that a query is about.
func (q *Query) Holds() (all [][]byte) {
	for _, c := range q.commands {
		switch c := c.(type) {
		case *filter:
			all = append(all, holds(c.expr)...)
		case *fields:
			for _, i := range c.items {
				if i.name == eval.FieldMessage {
					return all
				}
			}
		case *parsing:
			for _, n := range c.names {
				if n == eval.FieldMessage {
					return all
				}
			}
		default:
			return all
		}
	}
	return all
}

// holds returns texts that an event has in it of which e is true.
func holds(e eval.Expr) [][]byte {
	switch e := e.(type) {
	case *eval.Binary:
		switch {
		case e.Op == "and":
			return append(holds(e.A), holds(e.B)...)
		case e.Op == "=" && e.A == eval.Field(eval.FieldMessage):
			if c, ok := e.B.(eval.Constant); ok && c.Kind == eval.IsText {
				if _, numeric := c.Number(); !numeric {
					return [][]byte{[]byte(c.Text)}
				}
			}
		}
	case *eval.Like:
		switch {
		case e.Of != eval.Field(eval.FieldMessage):
		case e.Regex == nil:
			return [][]byte{[]byte(e.Text)}
		default:
			if prefix, _ := e.Regex.LiteralPrefix(); prefix != "" {
				return [][]byte{[]byte(prefix)}
			}
		}
	}
	return nil
}
