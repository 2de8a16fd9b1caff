package value

import (
	"fmt"
	"math/big"
	"slices"
)

// A Value is what a reference leads to: nil for nothing, a bool, a string, an int64, a
// *big.Int beyond it, a float64, a [*List], a [*Map] or an [Object].
type Value = any

// An Object is a value that whoever runs the template makes.
type Object interface {
	// Get returns a member, as $object.name or $object["name"], nil for nothing.
	Get(name string) Value
	// Call calls a method, nil for one that it has not.
	Call(r *Run, name string, arguments []Value) (Value, error)
	// String is what is printed.
	String() string
}

// A Printer is a text that is made anew whenever it is printed.
type Printer interface {
	Print(r *Run) error
}

// A Settable is an object with members that a template may set.
type Settable interface {
	Set(r *Run, name string, v Value) error
}

// A List is a list. One that comes of JSON prints as JSON.
type List struct {
	items []Value
	json  bool
}

// NewList makes a list of values.
func NewList(items ...Value) *List { return &List{items: items} }

// List makes a list of values in a run.
func (r *Run) List(items []Value) (Value, error) {
	return &List{items: items}, r.Take((len(items) + 1) * sizeOfValue)
}

// JSONList makes one that prints as JSON.
func (r *Run) JSONList(items []Value) (Value, error) {
	return &List{items, true}, r.Take((len(items) + 1) * sizeOfValue)
}

// Items are its elements, which must not be changed.
func (l *List) Items() []Value { return l.items }

func (l *List) at(i int64) (Value, error) {
	if i < 0 || i >= int64(len(l.items)) {
		return nil, fmt.Errorf("the list has %d elements, and none at %d", len(l.items), i)
	}
	return l.items[i], nil
}

// sizeOfValue and sizeOfMember are about what an element or a member of a map takes
// beside what it says.
const (
	sizeOfValue  = 24
	sizeOfMember = 80
)

func (l *List) insert(r *Run, i int, items ...Value) error {
	if err := r.Take(len(items) * sizeOfValue); err != nil {
		return err
	}
	if err := r.Work((len(l.items) - i) * 16); err != nil {
		return err
	}
	l.items = slices.Insert(l.items, i, items...)
	return nil
}

func (l *List) remove(r *Run, i int) (Value, error) {
	v := l.items[i]
	err := r.Work((len(l.items) - i) * 16)
	l.items = slices.Delete(l.items, i, i+1)
	return v, err
}

// A Map is a map, in the order in which its members came. Names are texts, numbers or
// truths.
type Map struct {
	names, values []Value
	index         map[Value]int // once there are more than few members
}

// few is how many members are found without an index.
const few = 8

// NewMap makes an empty map.
func NewMap() *Map { return &Map{} }

// Len is how many members it has.
func (m *Map) Len() int { return len(m.names) }

// Names are those of its members, in their order; they must not be changed.
func (m *Map) Names() []Value { return m.names }

func (m *Map) find(name Value) int {
	switch name.(type) {
	case string, int64, bool, float64, nil:
	default:
		return -1
	}
	if m.index != nil {
		if i, ok := m.index[name]; ok {
			return i
		}
		return -1
	}
	return slices.Index(m.names, name)
}

// Get returns a member, nil for none.
func (m *Map) Get(name Value) Value {
	if i := m.find(name); i >= 0 {
		return m.values[i]
	}
	return nil
}

// Find returns a member and whether there is one.
func (m *Map) Find(name string) (Value, bool) {
	if i := m.find(name); i >= 0 {
		return m.values[i], true
	}
	return nil, false
}

// Put puts a member.
func (m *Map) Put(name string, v Value) { m.set(name, v) }

// set puts a member and returns what it was.
func (m *Map) set(name, v Value) (before Value) {
	if i := m.find(name); i >= 0 {
		before, m.values[i] = m.values[i], v
		return before
	}
	m.names, m.values = append(m.names, name), append(m.values, v)
	switch n := len(m.names); {
	case m.index != nil:
		m.index[name] = n - 1
	case n > few:
		m.reindex()
	}
	return nil
}

func (m *Map) reindex() {
	m.index = nil
	if len(m.names) <= few {
		return
	}
	m.index = make(map[Value]int, len(m.names))
	for i, name := range m.names {
		m.index[name] = i
	}
}

func (m *Map) put(r *Run, name, v Value) (Value, error) {
	switch name.(type) {
	case string, int64, bool, float64, nil:
	default:
		return nil, fmt.Errorf("a name in a map is a text, a number or true or false, not a %s", kindOf(name))
	}
	if err := r.Take(sizeOfMember); err != nil {
		return nil, err
	}
	return m.set(name, v), nil
}

func (m *Map) remove(r *Run, name Value) (Value, error) {
	i := m.find(name)
	if i < 0 {
		return nil, nil
	}
	v := m.values[i]
	m.names, m.values = slices.Delete(m.names, i, i+1), slices.Delete(m.values, i, i+1)
	m.reindex()
	return v, r.Work(len(m.names) * 64)
}

type (
	// An entry is a member of a map.
	entry struct{ key, value Value }
	// An iterator goes over a list.
	iterator struct {
		of   []Value
		next int
	}
)

func (i *iterator) rest() []Value {
	rest := i.of[i.next:]
	i.next = len(i.of)
	return rest
}

// Elements are what a #foreach goes over. It is not ok for what none goes over.
func Elements(v Value) (all []Value, ok bool) {
	switch v := v.(type) {
	case *List:
		return v.items, true
	case *Map:
		return v.values, true
	case *iterator:
		return v.rest(), true
	}
	return nil, false
}

// kindOf says what a value is, for an error and for its methods.
func kindOf(v Value) string {
	switch v.(type) {
	case nil:
		return "nothing"
	case string, Printer:
		return "string"
	case bool:
		return "boolean"
	case int64, float64, *big.Int:
		return "number"
	case *List:
		return "list"
	case *Map:
		return "map"
	case *entry:
		return "entry"
	case *iterator:
		return "iterator"
	}
	return "object"
}
