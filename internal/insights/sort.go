package insights

import (
	"slices"

	"github.com/dari-bus/dari/internal/insights/eval"
)

// A sorting gives rows an order, and so keeps them until all are there.
type sorting struct {
	keys []sortKey
	// need are the fields that are needed behind it.
	need []string
	// most is how many rows are needed: 0 is as many as the run may answer, and -1
	// all of them.
	most int
}

type sortKey struct {
	expr       eval.Expr
	descending bool
}

func (c *sorting) keeps() bool { return true }

func (c *sorting) sink(r *Run, next sink) sink {
	most := c.most
	if most == 0 {
		most = r.limit
	}
	return &sorter{c: c, run: r, next: next, most: most}
}

type sorter struct {
	c    *sorting
	run  *Run
	next sink
	most int
	rows []sorted
	// whole says that the first most rows are sorted and the others come after
	// them, as far as they were there then.
	whole bool
}

// A sorted is a row with what it is sorted by.
type sorted struct {
	keys []eval.Value
	row  *eval.Row
	size int64
}

func (s *sorter) compare(a, b sorted) int {
	for i, k := range s.c.keys {
		order := eval.Sort(a.keys[i], b.keys[i])
		if k.descending {
			order = -order
		}
		if order != 0 {
			return order
		}
	}
	return 0
}

func (s *sorter) add(r *eval.Row) error {
	n := sorted{keys: make([]eval.Value, len(s.c.keys))}
	for i, k := range s.c.keys {
		n.keys[i] = k.expr.Eval(r)
	}
	if s.whole && s.compare(n, s.rows[s.most-1]) >= 0 {
		return nil
	}
	for i := range n.keys {
		n.keys[i] = n.keys[i].Alone()
		n.size += n.keys[i].Size()
	}
	var size int64
	n.row, size = r.Keep(s.c.need)
	n.size += size
	for !s.run.take(n.size) {
		if s.most < 0 || len(s.rows) < 2 {
			return ErrMemory
		}
		// There is no room for as many: those that come last go.
		s.run.clipped = true
		s.most = max(min(len(s.rows)/2, s.most/2), 1)
		s.cut()
	}
	s.rows = append(s.rows, n)
	if s.most > 0 && len(s.rows) >= 2*s.most {
		s.cut()
	}
	return nil
}

// cut leaves the first most rows.
func (s *sorter) cut() {
	slices.SortStableFunc(s.rows, s.compare)
	if s.most < 0 || len(s.rows) < s.most {
		return
	}
	for i := s.most; i < len(s.rows); i++ {
		s.run.give(s.rows[i].size)
		s.rows[i] = sorted{}
	}
	s.rows, s.whole = s.rows[:s.most], true
}

func (s *sorter) end() error {
	s.cut()
	for i := range s.rows {
		// What comes next counts what it keeps of the row.
		s.run.give(s.rows[i].size)
		r := s.rows[i].row
		s.rows[i] = sorted{}
		if err := s.next.add(r); err != nil {
			return err
		}
		if s.run.bounds.Over() {
			break
		}
	}
	return s.next.end()
}
