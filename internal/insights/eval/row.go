package eval

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/dari-bus/dari/internal/rawjson"
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
	// object is what the event's text says as JSON, once it was asked.
	object rawjson.Value
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
			root, _ := rawjson.Of(v.tree)
			return ofJSON(walk(root, name[i+1:]))
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
func (r *Row) discovered() rawjson.Value {
	if !r.parsed {
		r.parsed = true
		if v, ok := rawjson.Of(r.record.Text); ok && v.Kind() == rawjson.Object {
			r.object = v
		}
	}
	return r.object
}

// walk finds what a path such as items.0.id leads to: null, or nothing, if there is no
// such thing. A dot may also be part of a name: the whole path goes before its parts,
// and short ones before long ones.
func walk(v rawjson.Value, path string) (found rawjson.Value) {
	if v.Kind() == rawjson.List {
		first, rest, more := strings.Cut(path, ".")
		i, err := strconv.Atoi(first)
		if err != nil || i < 0 {
			return found
		}
		if found, _ = v.Element(i); more {
			found = walk(found, rest)
		}
		return found
	}
	var parts map[int]rawjson.Value // by the length of their names
	whole := false
	for name, inner := range v.Members() {
		switch n := len(name); {
		case string(name) == path:
			found, whole = inner, true
		case n < len(path) && path[n] == '.' && string(name) == path[:n]:
			if parts == nil {
				parts = map[int]rawjson.Value{}
			}
			parts[n] = inner
		}
	}
	if whole {
		return found
	}
	for _, n := range slices.Sorted(maps.Keys(parts)) {
		if found = walk(parts[n], path[n+1:]); found.Kind() != rawjson.None && found.Kind() != rawjson.Null {
			break
		}
	}
	return found
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
	flatten("", r.discovered(), maxDiscovered, fn)
}

// maxDiscovered is how many fields are discovered in an event, as at AWS: the first
// ones.
const maxDiscovered = 1000

// flatten calls fn with the leaves of a value and returns how many more there may be,
// those counted that it passes over, or -1 when it is over.
func flatten(path string, v rawjson.Value, left int, fn func(name, value string) bool) int {
	each := func(key string, inner rawjson.Value) bool {
		if path != "" {
			key = path + "." + key
		} else if strings.HasPrefix(key, "@") {
			key = "@" + key
		}
		if key != "" && len(key) <= MaxName {
			left = flatten(key, inner, left, fn)
		} else { // for none and for a longer one nobody can ask, and there may be very many
			left--
		}
		return left > 0
	}
	switch v.Kind() {
	case rawjson.Object:
		for name, inner := range v.Members() {
			if !each(string(name), inner) {
				break
			}
		}
	case rawjson.List:
		i := 0
		for inner := range v.Elements() {
			if !each(strconv.Itoa(i), inner) {
				break
			}
			i++
		}
	case rawjson.Null, rawjson.None:
	default:
		if left--; !fn(path, ofJSON(v).String()) {
			return -1
		}
	}
	return left
}
