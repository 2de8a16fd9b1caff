package vtl

import "github.com/dari-bus/dari/internal/vtl/value"

// An expr is a compiled expression.
type expr interface{ eval(r *run) (Value, error) }

type (
	constant      struct{ Value }
	interpolation []node
	listing       []expr
	span          struct {
		at       int
		from, to expr
	}
	mapping struct {
		at            int
		names, values []expr
	}
	negation struct{ of expr }
	binary   struct {
		at   int
		op   string
		a, b expr
	}
)

func (c constant) eval(*run) (Value, error) { return c.Value, nil }

func (i interpolation) eval(r *run) (Value, error) {
	return r.Capture(func() error { return r.render(i) })
}

func (l listing) eval(r *run) (Value, error) {
	items := make([]Value, len(l))
	for i, e := range l {
		var err error
		if items[i], err = e.eval(r); err != nil {
			return nil, err
		}
	}
	return r.List(items)
}

func (s *span) eval(r *run) (Value, error) {
	a, err := s.from.eval(r)
	if err != nil {
		return nil, err
	}
	b, err := s.to.eval(r)
	if err != nil {
		return nil, err
	}
	v, err := r.Range(a, b)
	return v, r.locate(err, s.at)
}

func (m *mapping) eval(r *run) (Value, error) {
	out := value.NewMap()
	for i := range m.names {
		name, err := m.names[i].eval(r)
		if err != nil {
			return nil, err
		}
		v, err := m.values[i].eval(r)
		if err != nil {
			return nil, err
		}
		if err := r.Set(out, name, v); err != nil {
			return nil, r.locate(err, m.at)
		}
	}
	return out, nil
}

func (n negation) eval(r *run) (Value, error) {
	v, err := n.of.eval(r)
	return !value.Truth(v), err
}

func (b *binary) eval(r *run) (Value, error) {
	if err := r.Work(0); err != nil {
		return nil, r.locate(err, b.at)
	}
	x, err := b.a.eval(r)
	if err != nil {
		return nil, err
	}
	if b.op == "&&" && !value.Truth(x) || b.op == "||" && value.Truth(x) {
		return b.op == "||", nil
	}
	y, err := b.b.eval(r)
	if err != nil {
		return nil, err
	}
	v, err := b.apply(r, x, y)
	return v, r.locate(err, b.at)
}

func (b *binary) apply(r *run, x, y Value) (Value, error) {
	switch b.op {
	case "&&", "||":
		return value.Truth(y), nil
	case "==", "!=":
		same, err := r.Equal(x, y)
		return same == (b.op == "=="), err
	case "<", "<=", ">", ">=":
		order, ok := value.Compare(x, y)
		switch {
		case !ok: // Velocity 1.7 compares nothing but numbers
			return false, nil
		case b.op == "<":
			return order < 0, nil
		case b.op == "<=":
			return order <= 0, nil
		case b.op == ">":
			return order > 0, nil
		}
		return order >= 0, nil
	case "+":
		if value.IsText(x) || value.IsText(y) {
			return r.Capture(func() error {
				if err := r.Print(x); err != nil {
					return err
				}
				return r.Print(y)
			})
		}
	}
	return value.Calculate(b.op, x, y)
}
