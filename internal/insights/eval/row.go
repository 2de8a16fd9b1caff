package eval

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// A Record is a log event. Text is only looked at while it is added.
type Record struct {
	// Time and Arrived are in Unix milliseconds.
	Time, Arrived int64
	Text          []byte
	// Stream and Group are the values of @logStream and @log, and Ptr returns that
	// of @ptr.
	Stream, Group string
	Ptr           func() string
}

// A Row is an event on its way through a query: what commands have made, and, until
// it is kept, the event.
type Row struct {
	bounds *Bounds
	made   map[string]Value
	// kept are what a row has that was kept, sorted by their names. What was made since
	// goes before.
	kept   []named
	record *Record
	// message is the event's text, once it was asked: a query may name it many times.
	message Value
	// tree is what the event's text says as JSON, once it was asked.
	tree   map[string]any
	parsed bool
	// spent is about how many bytes functions have made of the event.
	spent int64
}

// NewRow returns a row of an event, or, for nil, one of what is made.
func NewRow(bounds *Bounds, record *Record) *Row { return &Row{bounds: bounds, record: record} }

// Over says that the run is to end.
func (r *Row) Over() bool { return r.bounds.Over() }

// A named is a value and the field that has it.
type named struct {
	name string
	Value
}

// The fields that every event has.
const (
	FieldTime    = "@timestamp"
	FieldArrived = "@ingestionTime"
	FieldMessage = "@message"
	FieldStream  = "@logStream"
	FieldGroup   = "@log"
	FieldPtr     = "@ptr"
)

// Get returns the value of a field.
func (r *Row) Get(name string) Value {
	if v, ok := r.has(name); ok {
		return v
	}
	for i := 0; i < len(name); i++ { // a field of what jsonParse made
		if name[i] != '.' {
			continue
		}
		if v, ok := r.has(name[:i]); ok && v.Kind == IsTree {
			return ofJSON(walk(v.tree, name[i+1:]))
		}
	}
	if r.record == nil || r.bounds.Over() {
		return Value{}
	}
	switch name {
	case FieldTime:
		return timeOf(float64(r.record.Time))
	case FieldArrived:
		return timeOf(float64(r.record.Arrived))
	case FieldMessage:
		if r.message.Kind == Missing {
			r.message = TextOf(string(r.record.Text))
		}
		return r.message
	case FieldStream:
		return TextOf(r.record.Stream)
	case FieldGroup:
		return TextOf(r.record.Group)
	case FieldPtr:
		return TextOf(r.record.Ptr())
	}
	if strings.HasPrefix(name, "@@") { // a field of JSON that begins with @
		name = name[1:]
	} else if strings.HasPrefix(name, "@") {
		return Value{}
	}
	return ofJSON(walk(r.discovered(), name))
}

// has returns what was made or kept of a field.
func (r *Row) has(name string) (Value, bool) {
	if v, ok := r.made[name]; ok {
		return v, true
	}
	i, ok := slices.BinarySearchFunc(r.kept, name, func(n named, name string) int { return strings.Compare(n.name, name) })
	if !ok {
		return Value{}, false
	}
	return r.kept[i].Value, true
}

// discovered returns what the event says if it is a JSON object.
func (r *Row) discovered() map[string]any {
	if r.parsed {
		return r.tree
	}
	r.parsed = true
	r.tree = objectOf(r.record.Text)
	return r.tree
}

// objectOf reads a JSON object, or returns nil.
func objectOf(text []byte) map[string]any {
	text = bytes.TrimSpace(text)
	if len(text) < 2 || text[0] != '{' || text[len(text)-1] != '}' {
		return nil
	}
	tree, _ := decode(text).(map[string]any)
	return tree
}

// decode reads JSON, or returns nil.
func decode(text []byte) any {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil || d.More() {
		return nil
	}
	return v
}

// walk finds what a path such as items.0.id leads to. A dot may also be part of a
// name.
func walk(v any, path string) any {
	switch v := v.(type) {
	case []any:
		first, rest, more := strings.Cut(path, ".")
		i, err := strconv.Atoi(first)
		if err != nil || i < 0 || i >= len(v) {
			return nil
		}
		if !more {
			return v[i]
		}
		return walk(v[i], rest)
	case map[string]any:
		if found, ok := v[path]; ok {
			return found
		}
		for i := 0; i < len(path); i++ {
			if path[i] != '.' {
				continue
			}
			if inner, ok := v[path[:i]]; ok {
				if found := walk(inner, path[i+1:]); found != nil {
					return found
				}
			}
		}
	}
	return nil
}

// Set gives a field a value.
func (r *Row) Set(name string, v Value) {
	if r.made == nil {
		r.made = map[string]Value{}
	}
	r.made[name] = v
}

// Keep returns a row that has the named fields, which are sorted, and needs the event
// no more, and about what it takes.
func (r *Row) Keep(names []string) (*Row, int64) {
	kept := &Row{bounds: r.bounds}
	size := int64(RowCost)
	for _, name := range names {
		if v := r.Get(name); v.Kind != Missing {
			v = v.Alone()
			kept.kept = append(kept.kept, named{name, v})
			size += v.Size()
		}
	}
	return kept, size + ValueCost*int64(cap(kept.kept)-len(kept.kept))
}

// RowCost is what a row takes beside its values.
const RowCost = 256

// Fields returns the names of the fields of an event, as queries call them, and
// calls fn with each and what it has, until it returns false.
func Fields(record *Record, fn func(name, value string) bool) {
	r := &Row{bounds: &Bounds{}, record: record}
	for _, name := range []string{FieldTime, FieldArrived, FieldMessage, FieldStream, FieldGroup} {
		if !fn(name, r.Get(name).String()) {
			return
		}
	}
	flatten("", any(r.discovered()), maxDiscovered, fn)
}

// maxDiscovered is how many fields are discovered in an event, as at AWS.
const maxDiscovered = 1000

// flatten calls fn with the leaves of a tree and returns how many more there may be,
// or -1 when it is over.
func flatten(path string, v any, left int, fn func(name, value string) bool) int {
	each := func(key string, inner any) {
		if left <= 0 {
			return
		}
		if path != "" {
			key = path + "." + key
		} else if strings.HasPrefix(key, "@") {
			key = "@" + key
		}
		if len(key) <= MaxName { // a longer one nobody can ask for
			left = flatten(key, inner, left, fn)
		}
	}
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			each(key, v[key])
		}
	case []any:
		for i, inner := range v {
			each(strconv.Itoa(i), inner)
		}
	case nil:
	default:
		if left--; !fn(path, ofJSON(v).String()) {
			return -1
		}
	}
	return left
}
