package insights

import (
	"errors"
	"time"
)

// ErrMemory says that a run would have to keep more than it may.
var ErrMemory = errors.New("the query keeps more than there is memory for: filter more, or ask for fewer groups or a shorter time")

// Limits bound a run.
type Limits struct {
	// Rows is how many rows the result may have, from 1 on.
	Rows int
	// Memory is about how many bytes may be kept.
	Memory int64
	// Now is when the query started.
	Now time.Time
}

// A Run is a query under way. It is for one goroutine.
type Run struct {
	query      *Query
	limit      int
	used, most int64
	now        int64
	first      sink
	matched    int64
	clipped    bool
	result     [][]Field
}

// A Field is a field of a row of a result.
type Field struct{ Name, Value string }

// Start begins a run.
func (q *Query) Start(l Limits) *Run {
	r := &Run{query: q, limit: l.Rows, most: l.Memory, now: l.Now.Unix()}
	r.first = &output{r}
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
			r.first = through{func(*row) bool {
				r.matched++
				return true
			}, r.first}
		}
	}
	return r
}

// Add adds an event. After an error the run is over.
func (r *Run) Add(record *Record) error {
	return r.first.add(&row{record: record, now: r.now})
}

// Matched is how many events there were that all filters let through.
func (r *Run) Matched() int64 { return r.matched }

// Clipped says that there were more rows in the order that was asked for than there is
// memory for, and that the last of them are not in the result.
func (r *Run) Clipped() bool { return r.clipped }

// End returns the rows of the result. The run is over.
func (r *Run) End() ([][]Field, error) {
	err := r.first.end()
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
type output struct{ run *Run }

func (o *output) end() error { return nil }

func (o *output) add(r *row) error {
	if len(o.run.result) >= o.run.limit {
		return nil
	}
	if !o.run.take(rowCost + int64(len(o.run.query.display))*valueCost) {
		o.run.clipped = true
		return nil
	}
	var fields []Field
	names := o.run.query.display
	for _, name := range names {
		if v := r.get(name); v.kind != missing {
			fields = append(fields, Field{name, v.String()})
		}
	}
	if !o.run.query.grouped {
		fields = append(fields, Field{fieldPtr, r.get(fieldPtr).String()})
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
				if i.name == fieldMessage {
					return all
				}
			}
		case *parsing:
			for _, n := range c.names {
				if n == fieldMessage {
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
func holds(e expr) [][]byte {
	switch e := e.(type) {
	case *binary:
		switch {
		case e.op == "and":
			return append(holds(e.a), holds(e.b)...)
		case e.op == "=" && e.a == field(fieldMessage):
			if c, ok := e.b.(constant); ok && c.kind == isText {
				if _, numeric := c.number(); !numeric {
					return [][]byte{[]byte(c.text)}
				}
			}
		}
	case *like:
		switch {
		case e.of != field(fieldMessage):
		case e.regex == nil:
			return [][]byte{[]byte(e.text)}
		default:
			if prefix, _ := e.regex.LiteralPrefix(); prefix != "" {
				return [][]byte{[]byte(prefix)}
			}
		}
	}
	return nil
}
