package vtl

import (
	"fmt"
	"strings"

	"github.com/dari-bus/dari/internal/vtl/value"
)

// A node is a part of a template that writes or does something.
type node interface{ render(r *run) error }

type (
	text     string
	breaking struct{}
	stopping struct{}

	// set puts a value where a reference leads. What is nothing is not put.
	set struct {
		to    *reference
		value expr
	}
	conditional struct {
		branches  []branch
		otherwise []node
	}
	branch struct {
		when  expr
		nodes []node
	}
	loop struct {
		at    int
		name  string
		of    expr
		nodes []node
	}
	definition struct {
		name  string
		nodes []node
	}
)

func (t text) render(r *run) error { return r.Write(string(t)) }
func (breaking) render(*run) error { return errBreak }
func (stopping) render(*run) error { return errStop }

func (s *set) render(r *run) error {
	v, err := s.value.eval(r)
	if err != nil || v == nil {
		return r.locate(err, s.to.at)
	}
	return s.to.assign(r, v)
}

func (c *conditional) render(r *run) error {
	for _, b := range c.branches {
		v, err := b.when.eval(r)
		if err != nil {
			return err
		}
		if value.Truth(v) {
			return r.render(b.nodes)
		}
	}
	return r.render(c.otherwise)
}

func (d *definition) render(r *run) error {
	r.vars[d.name] = &block{d.nodes, r}
	return nil
}

func (l *loop) render(r *run) error {
	v, err := l.of.eval(r)
	if err != nil {
		return r.locate(err, l.at)
	}
	elements, ok := value.Elements(v)
	if !ok {
		return nil
	}
	state := &rounds{of: elements, outer: r.loop}
	defer r.restore(l.name, "foreach", "velocityCount", "velocityHasNext")()
	r.loop = state
	defer func() { r.loop = state.outer }()
	r.vars["foreach"] = state
	for i, item := range state.of {
		if i == MaxLoops {
			return r.locate(fmt.Errorf("#foreach goes round more than %d times", MaxLoops), l.at)
		}
		state.index = i
		r.vars[l.name], r.vars["velocityCount"], r.vars["velocityHasNext"] = item, int64(i+1), i+1 < len(state.of)
		if err := r.render(l.nodes); err == errBreak || err == nil && state.stopped {
			break
		} else if err != nil {
			return err
		}
		if err := r.Work(0); err != nil {
			return r.locate(err, l.at)
		}
	}
	return nil
}

// restore returns a function that gives variables the values that they have now.
func (r *run) restore(names ...string) func() {
	before := make([]Value, len(names))
	for i, name := range names {
		before[i] = r.vars[name]
	}
	return func() {
		for i, name := range names {
			if r.vars[name] = before[i]; before[i] == nil {
				delete(r.vars, name)
			}
		}
	}
}

// A block is what #define makes: it is rendered anew wherever it is printed.
type block struct {
	nodes []node
	run   *run
}

func (b *block) Print(*value.Run) error { return b.run.enter(b.nodes) }

// rounds are what $foreach says.
type rounds struct {
	of      []Value
	index   int
	outer   *rounds
	stopped bool
}

func (l *rounds) Get(name string) Value {
	switch name {
	case "index":
		return int64(l.index)
	case "count":
		return int64(l.index + 1)
	case "hasNext":
		return l.index+1 < len(l.of)
	case "first":
		return l.index == 0
	case "last":
		return l.index+1 == len(l.of)
	case "parent":
		if l.outer != nil {
			return l.outer
		}
	case "topmost":
		for l.outer != nil {
			l = l.outer
		}
		return l
	}
	return nil
}

func (l *rounds) Call(_ *value.Run, name string, _ []Value) (Value, error) {
	switch name {
	case "hasNext", "isFirst", "isLast", "getIndex", "getCount":
		for _, prefix := range []string{"is", "get"} {
			if rest, ok := strings.CutPrefix(name, prefix); ok {
				name = strings.ToLower(rest)
			}
		}
		return l.Get(name), nil
	case "stop":
		l.stopped = true
		return "", nil
	}
	return nil, nil
}

func (l *rounds) String() string { return "" }
