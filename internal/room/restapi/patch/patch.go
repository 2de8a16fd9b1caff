// Package patch carries out patch operations as API Gateway has them: an operation, a
// path, and a value that is always a text.
//
// It looks like JSON Patch and is not: "-" is a name like any other, add and replace of a
// name do the same, and of the operations of JSON Patch most paths know only some. What
// is not known is refused in AWS's sentences, of which it has two kinds: see [Set].
package patch

import (
	"slices"
	"strconv"
	"strings"

	"github.com/dari-bus/dari/internal/fault"
)

// An Operation is one change.
type Operation struct {
	Op, Path, From string
	// Value is nil when none was sent.
	Value *string
}

// Text is the value, "" when there is none.
func (o *Operation) Text() string {
	if o.Value == nil {
		return ""
	}
	return *o.Value
}

// Bool is the value as AWS reads it: what is not "true" is false.
func (o *Operation) Bool() bool { return strings.EqualFold(o.Text(), "true") }

// Int is the value as a number. what names it in the fault of what is none.
func (o *Operation) Int(what string, least, most int) (int, error) {
	n, err := strconv.Atoi(o.Text())
	if err != nil || n < least || n > most {
		return 0, fault.Invalid("Invalid %s: %.100q must be a number from %d to %d.", what, o.Text(), least, most)
	}
	return n, nil
}

// Removes says whether the operation takes something away.
func (o *Operation) Removes() bool { return o.Op == "remove" }

// Parts are those of a path, in which ~1 was a slash and ~0 a tilde.
func Parts(path string) []string {
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, p := range parts {
		parts[i] = unescape.Replace(p)
	}
	return parts
}

var unescape = strings.NewReplacer("~1", "/", "~0", "~")

// Values are what operations put below a path, by the names there.
func Values(ops []Operation, path string) map[string]string {
	all := map[string]string{}
	for i := range ops {
		name, ok := strings.CutPrefix(ops[i].Path, path+"/")
		if ok && !ops[i].Removes() {
			all[unescape.Replace(name)] = ops[i].Text()
		}
	}
	return all
}

// A Rule says what becomes of operations on a path.
type Rule[T any] struct {
	// Path is what it is about. Its last part is * for any name.
	Path string
	// Ops are those that it knows; none is replace alone.
	Ops []string
	// Do makes the change. name is what stands in the place of *.
	Do func(to *T, name string, o *Operation) error
}

// Any are all operations that there are.
var Any = []string{"add", "remove", "replace"}

// A Set is the rules of one kind of thing.
type Set[T any] struct {
	// Lists says that a refusal lists the paths that there are.
	Lists bool
	// PathOnly says that an operation which a path does not know is as if there were no
	// such path.
	PathOnly bool
	Rules    []Rule[T]
}

// Apply makes changes in to, one after the other. When one is refused, to is of no use
// any more.
func (s *Set[T]) Apply(to *T, ops []Operation) error {
	for i := range ops {
		if err := s.one(to, &ops[i]); err != nil {
			return err
		}
	}
	return nil
}

func (s *Set[T]) one(to *T, o *Operation) error {
	for i := range s.Rules {
		r := &s.Rules[i]
		name, ok := r.match(o.Path)
		if !ok {
			continue
		}
		if !slices.Contains(r.ops(), o.Op) {
			return s.refuseOp(r, o)
		}
		return r.Do(to, name, o)
	}
	return s.refusePath(o)
}

// match says whether a rule is about a path, and what stands there in the place of *.
func (r *Rule[T]) match(path string) (name string, ok bool) {
	head, named := strings.CutSuffix(r.Path, "*")
	if !named {
		return "", path == r.Path
	}
	name, ok = strings.CutPrefix(path, head)
	if !ok || name == "" || strings.Contains(name, "/") {
		return "", false
	}
	return unescape.Replace(name), true
}

func (r *Rule[T]) ops() []string {
	if r.Ops == nil {
		return []string{"replace"}
	}
	return r.Ops
}

func (s *Set[T]) refuseOp(r *Rule[T], o *Operation) error {
	switch {
	case s.PathOnly:
		return s.refusePath(o)
	case s.Lists:
		return fault.Invalid("Invalid patch path  '%s' specified for op '%s'. Please choose supported operations", o.Path, o.Op)
	case len(r.ops()) == 1:
		return fault.Invalid("Invalid patch operation specified. Must be one of: [%s]", r.ops()[0])
	}
	return fault.Invalid("Invalid patch operation specified. Must be 'add'|'remove'|'replace'")
}

func (s *Set[T]) refusePath(o *Operation) error {
	switch {
	case o.Path == "":
		return fault.Invalid("Invalid patch path null")
	case !s.Lists:
		return fault.Invalid("Invalid patch path %s", o.Path)
	case o.Op != "replace":
		return fault.Invalid("Invalid patch path  '%s' specified for op '%s'. Please choose supported operations", o.Path, o.Op)
	}
	paths := make([]string, len(s.Rules))
	for i := range s.Rules {
		paths[i] = s.Rules[i].Path
	}
	return fault.Invalid("Invalid patch path  '%s' specified for op '%s'. Must be one of: [%s]", o.Path, o.Op, strings.Join(paths, ", "))
}
