// Package jsonpath has the paths by which mapping templates and mapping expressions of
// API Gateway look into JSON, which are Jayway's JsonPath:
//
//	$.pets[0].name   $['a b']   $.pets[-1]   $.pets[0,2]   $.pets[1:3]
//	$.pets[*].name   $.*   $..name   $.pets[?(@.price < 100 && @.tag == 'x')]
//	$.pets.length()
//
// A path that is definite, which is one without anything that may lead to more than one
// value, leads to that value; others lead to the list of all that they find.
//
// A path is compiled once and looked up in values in a [value.Run], which bounds what that
// may take. What it finds are the values themselves, no copies. Of Jayway's functions there
// are length and size, min, max, sum, avg and keys; of its filters those with == != < <= >
// >= =~ in nin && || and !, and those that ask whether something is there.
//
// https://github.com/json-path/JsonPath
package jsonpath

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/dari-bus/dari/internal/vtl/value"
)

// MaxLength is how many bytes a path may have.
const MaxLength = 4096

// A Path is a compiled path.
type Path struct {
	// Effort is about how many steps of a run it took to compile.
	Effort int

	steps    []step
	function string
	many     bool // it may lead to more than one value
}

// A step leads from a value to others.
type step interface {
	find(e *evaluation, v value.Value, found func(value.Value) error) error
}

type (
	names  []string
	places []int
	slice  struct{ from, to int } // to is beyond any list when there is none
	all    struct{}
	deep   struct{} // a value and all that is in it
	filter struct{ test test }
)

// An evaluation is a path being looked up.
type evaluation struct {
	run   *value.Run
	root  value.Value
	depth int
}

// Find looks a path up in a value. It is not ok if the path leads nowhere; one that is not
// definite leads to a list, which may be empty.
func (p *Path) Find(r *value.Run, root value.Value) (v value.Value, ok bool, err error) {
	e := &evaluation{run: r, root: root}
	found, err := e.follow(p.steps, root)
	if err != nil {
		return nil, false, err
	}
	switch {
	case p.many:
		if v, err = r.JSONList(found); err != nil {
			return nil, false, err
		}
	case len(found) == 0:
		return nil, false, nil
	default:
		v = found[0]
	}
	if p.function != "" {
		v, err = call(r, p.function, v)
	}
	return v, err == nil, err
}

// follow returns what steps lead to.
func (e *evaluation) follow(steps []step, v value.Value) ([]value.Value, error) {
	at := []value.Value{v}
	for _, s := range steps {
		var next []value.Value
		for _, v := range at {
			if err := e.run.Work(0); err != nil {
				return nil, err
			}
			if err := s.find(e, v, func(v value.Value) error {
				next = append(next, v)
				return e.run.Take(24)
			}); err != nil {
				return nil, err
			}
		}
		at = next
	}
	return at, nil
}

func (s names) find(e *evaluation, v value.Value, found func(value.Value) error) error {
	m, ok := v.(*value.Map)
	if !ok {
		return nil
	}
	if len(s) == 1 {
		if v, ok := m.Find(s[0]); ok {
			return found(v)
		}
		return nil
	}
	if err := e.run.Work(16 * len(s)); err != nil {
		return err
	}
	part := value.NewMap()
	for _, name := range s {
		if v, ok := m.Find(name); ok {
			if err := e.run.Set(part, name, v); err != nil {
				return err
			}
		}
	}
	return found(part)
}

func (s places) find(e *evaluation, v value.Value, found func(value.Value) error) error {
	l, ok := v.(*value.List)
	if !ok {
		return nil
	}
	if err := e.run.Work(16 * len(s)); err != nil {
		return err
	}
	items := l.Items()
	for _, i := range s {
		if i < 0 {
			i += len(items)
		}
		if i >= 0 && i < len(items) {
			if err := found(items[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s slice) find(_ *evaluation, v value.Value, found func(value.Value) error) error {
	l, ok := v.(*value.List)
	if !ok {
		return nil
	}
	items := l.Items()
	from, to := s.from, min(s.to, len(items))
	if from < 0 {
		from = max(from+len(items), 0)
	}
	if to < 0 {
		to += len(items)
	}
	for i := from; i < to; i++ {
		if err := found(items[i]); err != nil {
			return err
		}
	}
	return nil
}

func (all) find(_ *evaluation, v value.Value, found func(value.Value) error) error {
	inner, _ := value.Elements(v)
	for _, v := range inner {
		if err := found(v); err != nil {
			return err
		}
	}
	return nil
}

func (d deep) find(e *evaluation, v value.Value, found func(value.Value) error) error {
	inner, isInner := value.Elements(v)
	if !isInner {
		return nil
	}
	if err := e.run.Work(16 * len(inner)); err != nil {
		return err
	}
	if err := found(v); err != nil {
		return err
	}
	if e.depth++; e.depth > value.MaxNesting {
		return value.ErrNesting // a template can put a value into itself
	}
	defer func() { e.depth-- }()
	for _, v := range inner {
		if err := d.find(e, v, found); err != nil {
			return err
		}
	}
	return nil
}

func (f filter) find(e *evaluation, v value.Value, found func(value.Value) error) error {
	candidates := []value.Value{v}
	if l, ok := v.(*value.List); ok {
		candidates = l.Items()
	} else if _, ok := v.(*value.Map); !ok {
		return nil
	}
	for _, v := range candidates {
		if err := e.run.Work(0); err != nil {
			return err
		}
		holds, err := f.test.holds(e, v)
		if err == nil && holds {
			err = found(v)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// call is what a function at the end of a path makes of what the path leads to.
func call(r *value.Run, name string, v value.Value) (value.Value, error) {
	switch name {
	case "length", "size":
		if inner, ok := value.Elements(v); ok {
			return int64(len(inner)), nil
		}
		return r.Call(v, "length", nil)
	case "keys":
		return r.Call(v, "keySet", nil)
	}
	inner, _ := value.Elements(v)
	if err := r.Work(16 * len(inner)); err != nil {
		return nil, err
	}
	sum, least, most, n := 0.0, math.Inf(1), math.Inf(-1), 0
	for _, v := range inner {
		if f, ok := value.Float(v); ok {
			sum, least, most, n = sum+f, min(least, f), max(most, f), n+1
		}
	}
	if n == 0 {
		return nil, fmt.Errorf("the path ends with %s(), and leads to no numbers", name)
	}
	return map[string]float64{"sum": sum, "min": least, "max": most, "avg": sum / float64(n)}[name], nil
}

// Compile reads a path. One that does not begin with $ begins at the root all the same.
func Compile(text string) (*Path, error) {
	if len(text) > MaxLength {
		return nil, fmt.Errorf("a path has at most %d bytes", MaxLength)
	}
	s := &scanner{text: strings.TrimSpace(text)}
	if !s.take("$") && s.text != "" && s.text[0] != '[' && s.text[0] != '.' {
		s.text = "." + s.text
	}
	p := s.path()
	if s.err == nil && s.at < len(s.text) {
		s.fail("the end")
	}
	if s.err != nil {
		return nil, fmt.Errorf("the path %q: %w", text, s.err)
	}
	p.Effort = 20 * (len(text) + s.regexes)
	return p, nil
}

type scanner struct {
	text    string
	at      int
	depth   int
	regexes int // the instructions of all its regular expressions
	err     error
}

func (s *scanner) fail(want string) {
	if s.err == nil {
		s.err = fmt.Errorf("at %q %s is expected", s.text[min(s.at, len(s.text)):], want)
	}
}

func (s *scanner) peek() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

func (s *scanner) take(text string) bool {
	if !strings.HasPrefix(s.text[s.at:], text) {
		return false
	}
	s.at += len(text)
	return true
}

func (s *scanner) want(text string) {
	if s.blanks(); !s.take(text) {
		s.fail(strconv.Quote(text))
	}
}

func (s *scanner) blanks() {
	for s.at < len(s.text) && (s.text[s.at] == ' ' || s.text[s.at] == '\t') {
		s.at++
	}
}

// path reads the steps of a path behind its $ or @.
func (s *scanner) path() *Path {
	p := &Path{}
	for s.err == nil {
		switch {
		case s.take(".."):
			p.steps, p.many = append(p.steps, deep{}), true
			if s.peek() != '[' {
				s.member(p)
			}
		case s.take("."):
			s.member(p)
		case s.take("["):
			st, many := s.bracket()
			p.steps, p.many = append(p.steps, st), p.many || many
			s.want("]")
		default:
			return p
		}
	}
	return p
}

// member reads what stands behind a dot.
func (s *scanner) member(p *Path) {
	if s.take("*") {
		p.steps, p.many = append(p.steps, all{}), true
		return
	}
	n := strings.IndexAny(s.text[s.at:], ".[]()=!<>&|, \t")
	if n < 0 {
		n = len(s.text) - s.at
	}
	name := s.text[s.at:][:n]
	if name == "" {
		s.fail("a name")
		return
	}
	if s.at += n; !s.take("()") {
		p.steps = append(p.steps, names{name})
		return
	}
	switch name {
	case "length", "size", "keys", "min", "max", "sum", "avg":
		p.function = name
	default:
		s.err = fmt.Errorf("there is no function %s(): length, size, keys, min, max, sum and avg are offered", name)
	}
}

// bracket reads what stands between [ and ], and whether it may lead to many values.
func (s *scanner) bracket() (st step, many bool) {
	s.blanks()
	switch c := s.peek(); {
	case c == '*':
		s.at++
		return all{}, true
	case c == '?':
		s.at++
		s.want("(")
		f := filter{s.or()}
		s.want(")")
		return f, true
	case c == '\'' || c == '"':
		out := names{s.quoted()}
		for s.blanks(); s.err == nil && s.take(","); s.blanks() {
			s.blanks()
			out = append(out, s.quoted())
		}
		return out, false
	}
	first, ok := s.number()
	if s.blanks(); s.take(":") {
		s.blanks()
		to, bounded := s.number()
		if !bounded {
			to = math.MaxInt
		}
		return slice{first, to}, true
	}
	if !ok {
		s.fail("a name in quotes, a number, * or a filter")
		return nil, false
	}
	out := places{first}
	for ; s.err == nil && s.take(","); s.blanks() {
		s.blanks()
		i, ok := s.number()
		if !ok {
			s.fail("a number")
		}
		out = append(out, i)
	}
	return out, len(out) > 1
}

// number reads a whole number, if there is one.
func (s *scanner) number() (int, bool) {
	n := 0
	for c := s.peek(); c == '-' && n == 0 || c >= '0' && c <= '9'; c = s.peek() {
		s.at, n = s.at+1, n+1
	}
	if n == 0 {
		return 0, false
	}
	i, err := strconv.ParseInt(s.text[s.at-n:s.at], 10, 32)
	if err != nil {
		s.at -= n
		s.fail("a number that an index can be")
	}
	return int(i), true
}

// quoted reads a text in quotes, in which a backslash makes the character behind it plain.
func (s *scanner) quoted() string {
	quote := s.peek()
	if quote != '\'' && quote != '"' {
		s.fail("a name in quotes")
		return ""
	}
	var out []byte
	for s.at++; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; {
		case c == quote:
			s.at++
			return string(out)
		case c == '\\' && s.at+1 < len(s.text):
			s.at++
			fallthrough
		default:
			out = append(out, s.text[s.at])
		}
	}
	s.err = errors.New("a text in it is never ended")
	return ""
}
