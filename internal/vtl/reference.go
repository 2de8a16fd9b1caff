package vtl

import "github.com/dari-bus/dari/internal/vtl/value"

// A reference leads from a variable by steps to a value.
type reference struct {
	at      int
	source  string // as it is written
	slashes string // those before it, in a text
	root    string
	steps   []step
}

// A step leads to a member, to what a method returns or to what an index names.
type step struct {
	at        int
	name      string
	call      bool
	arguments []expr
	index     expr
}

func (f *reference) render(r *run) error {
	v, err := f.eval(r)
	if err != nil {
		return err
	}
	if err := r.Write(f.slashes[:len(f.slashes)/2]); err != nil {
		return r.locate(err, f.at)
	}
	if len(f.slashes)%2 == 1 {
		return r.locate(r.Write(f.source), f.at)
	}
	return r.locate(r.Print(v), f.at)
}

// eval is what the reference leads to. API Gateway has an empty text for nothing.
func (f *reference) eval(r *run) (Value, error) {
	v, err := f.follow(r, f.steps)
	if v == nil {
		v = ""
	}
	return v, err
}

func (f *reference) follow(r *run, steps []step) (Value, error) {
	if err := r.Work(0); err != nil {
		return nil, r.locate(err, f.at)
	}
	v := r.vars[f.root]
	for i := range steps {
		if v == nil {
			return nil, nil
		}
		var err error
		if v, err = steps[i].follow(r, v); err != nil {
			return nil, r.locate(err, steps[i].at)
		}
	}
	return v, nil
}

func (s *step) follow(r *run, v Value) (Value, error) {
	if err := r.Work(0); err != nil {
		return nil, err
	}
	switch {
	case s.index != nil:
		key, err := s.index.eval(r)
		if err != nil {
			return nil, err
		}
		return r.At(v, key)
	case !s.call:
		return value.Member(v, s.name), nil
	}
	arguments := make([]Value, len(s.arguments))
	for i, e := range s.arguments {
		var err error
		if arguments[i], err = e.eval(r); err != nil {
			return nil, err
		}
	}
	return r.Call(v, s.name, arguments)
}

// assign puts a value where the reference leads. If it leads nowhere, nothing happens.
func (f *reference) assign(r *run, v Value) error {
	if len(f.steps) == 0 {
		r.vars[f.root] = v
		return nil
	}
	last := &f.steps[len(f.steps)-1]
	to, err := f.follow(r, f.steps[:len(f.steps)-1])
	if err != nil || to == nil {
		return err
	}
	var key Value = last.name
	if last.index != nil {
		if key, err = last.index.eval(r); err != nil {
			return err
		}
	}
	return r.locate(r.Set(to, key, v), last.at)
}
