package vtl

import (
	"errors"
	"maps"

	"github.com/dari-bus/dari/internal/vtl/value"
)

// MaxLoops is how often a #foreach may go round: AWS's quota.
const MaxLoops = 1000

// A Value is what a reference leads to.
type Value = value.Value

// maxCalls is how deep blocks may be in each other.
const maxCalls = 20

// Usual is what a template of API Gateway needs at most: its payloads have 10 MB. The
// steps are a part of a second.
var Usual = value.Limits{Steps: 10_000_000, Output: 10 << 20, Memory: 64 << 20}

// A run is a template being run. It is for one goroutine.
type run struct {
	*value.Run
	template *Template
	vars     map[string]Value
	calls    int
	loop     *rounds // the innermost #foreach
}

// Run runs a template with variables, and returns what it writes. An error is an [*Error].
func (t *Template) Run(vars map[string]Value, limits value.Limits) (string, error) {
	r := &run{Run: value.NewRun(limits), template: t, vars: maps.Clone(vars)}
	if r.vars == nil {
		r.vars = map[string]Value{}
	}
	err := r.render(t.nodes)
	if err != nil && !errors.Is(err, errStop) && !errors.Is(err, errBreak) {
		return "", r.locate(err, 0)
	}
	return r.Output(), nil
}

// errStop and errBreak are how #stop and #break leave the nodes that they stand in.
var (
	errStop  = errors.New("#stop")
	errBreak = errors.New("#break")
)

// locate says where an error happened, if it is not said yet.
func (r *run) locate(err error, at int) error {
	var located *Error
	if err == nil || err == errStop || err == errBreak || errors.As(err, &located) {
		return err
	}
	return errorAt(r.template.source, at, err.Error())
}

// enter renders the nodes of a block.
func (r *run) enter(nodes []node) error {
	if r.calls == maxCalls {
		return errors.New("blocks are in each other more than 20 levels deep")
	}
	r.calls++
	err := r.render(nodes)
	r.calls--
	if err == errBreak {
		return nil
	}
	return err
}

func (r *run) render(nodes []node) error {
	for _, n := range nodes {
		if err := r.Work(0); err != nil {
			return err
		}
		if err := n.render(r); err != nil {
			return err
		}
	}
	return nil
}
