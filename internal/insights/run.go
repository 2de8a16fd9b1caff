package insights

import (
	"errors"
	"strings"
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
	// Over says that it is time to end, with the error that Add and End return then.
	// It is also asked in the middle of an event, with which a query may have work for
	// minutes. Nil is never.
	Over func() error
	// Now is when the query started.
	Now time.Time
}

// A Run is a query under way. It is for one goroutine.
type Run struct {
	query      *Query
	limit      int
	used, most int64
	now        int64 // when the query started, in Unix seconds
	ended      func() error
	failed     error
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
	r := &Run{query: q, limit: l.Rows, most: l.Memory, now: l.Now.Unix(), ended: l.Over}
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
	if r.over() {
		return r.failed
	}
	if err := r.first.add(&row{run: r, record: record}); err != nil {
		return err
	}
	return r.failed
}

// over says that the run is to end. Whoever has more to do for a row asks, and need
// not care what it makes of the row then.
func (r *Run) over() bool {
	if r.failed == nil && r.ended != nil {
		r.failed = r.ended()
	}
	return r.failed != nil
}

// Matched is how many events there were that all filters let through.
func (r *Run) Matched() int64 { return r.matched }

// End returns the rows of the result. The run is over.
func (r *Run) End() ([][]Field, error) {
	err := r.first.end()
	if r.failed != nil {
		err = r.failed
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

func (o *output) add(r *row) error {
	if len(o.run.result) >= o.run.limit {
		return nil
	}
	var fields []Field
	size := int64(rowCost)
	show := func(name string) {
		if v := r.get(name); v.kind != missing {
			fields = append(fields, Field{name, strings.Clone(v.String())})
			size += valueCost + int64(len(fields[len(fields)-1].Value))
		}
	}
	for _, name := range o.run.query.display {
		show(name)
	}
	if !o.run.query.grouped {
		show(fieldPtr)
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
