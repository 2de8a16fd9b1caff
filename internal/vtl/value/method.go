package value

import (
	"errors"
	"math"
	"slices"
)

// A method is one of a kind of values, with the fewest and the most arguments that it
// takes. What it makes of arguments of a kind that it does not take is nothing: there is
// no such method in Java, and Velocity goes on.
type method struct {
	least, most int
	fn          func(r *Run, v Value, arguments []Value) (Value, error)
}

// methodsOf returns the methods of a value, and the name of its kind.
func methodsOf(v Value) (string, map[string]method) {
	kind := kindOf(v)
	switch kind {
	case "string":
		return kind, ofString
	case "list":
		return kind, ofList
	case "map":
		return kind, ofMap
	case "number":
		return kind, ofNumber
	case "entry":
		return kind, ofEntry
	case "iterator":
		return kind, ofIterator
	}
	return kind, nil
}

// refused are the methods that Java has and this has not, by the kind of value.
var refused = map[string]string{
	"string": " chars codePointAt codePointBefore codePointCount codePoints contentEquals copyValueOf getBytes getChars intern join lines regionMatches repeat stripIndent stripLeading stripTrailing subSequence toCharArray translateEscapes ",
	"list":   " containsAll forEach listIterator parallelStream removeAll removeIf replaceAll retainAll sort stream toArray ",
	"map":    " compute computeIfAbsent computeIfPresent forEach merge replace replaceAll ",
}

// ofAll are methods of all values. Their least is how many arguments they take.
var ofAll = map[string]method{
	"toString": {0, 0, func(r *Run, v Value, _ []Value) (Value, error) { return r.Text(v) }},
	"equals": {1, 1, func(r *Run, v Value, a []Value) (Value, error) {
		if a[0] == nil || kindOf(v) != kindOf(a[0]) {
			return false, nil
		}
		return r.Equal(v, a[0])
	}},
}

var ofEntry = map[string]method{
	"getKey":   {0, 0, func(_ *Run, v Value, _ []Value) (Value, error) { return v.(*entry).key, nil }},
	"getValue": {0, 0, func(_ *Run, v Value, _ []Value) (Value, error) { return v.(*entry).value, nil }},
}

var ofIterator = map[string]method{
	"hasNext": {0, 0, func(_ *Run, v Value, _ []Value) (Value, error) {
		i := v.(*iterator)
		return i.next < len(i.of), nil
	}},
	"next": {0, 0, func(_ *Run, v Value, _ []Value) (Value, error) {
		i := v.(*iterator)
		if i.next == len(i.of) {
			return nil, errors.New("the iterator has no next element")
		}
		i.next++
		return i.of[i.next-1], nil
	}},
}

var ofNumber = map[string]method{
	"intValue": {0, 0, whole}, "longValue": {0, 0, whole},
	"doubleValue": {0, 0, func(_ *Run, v Value, _ []Value) (Value, error) {
		f, _ := Float(v)
		return f, nil
	}},
	"compareTo": {1, 1, func(_ *Run, v Value, a []Value) (Value, error) {
		if order, ok := Compare(v, a[0]); ok {
			return int64(order), nil
		}
		return nil, nil
	}},
}

// whole is a number without what is behind its point.
func whole(_ *Run, v Value, _ []Value) (Value, error) {
	f, isFloat := v.(float64)
	if !isFloat {
		return v, nil
	}
	switch {
	case math.IsNaN(f): // as Java has it
		return int64(0), nil
	case f < math.MinInt64 || f >= math.MaxInt64:
		return nil, errors.New("the number is too large for a whole one")
	}
	return int64(f), nil
}

var ofList = map[string]method{
	"size":    {0, 0, func(_ *Run, v Value, _ []Value) (Value, error) { return int64(len(v.(*List).items)), nil }},
	"isEmpty": {0, 0, func(_ *Run, v Value, _ []Value) (Value, error) { return len(v.(*List).items) == 0, nil }},
	"get": {1, 1, func(_ *Run, v Value, a []Value) (Value, error) {
		if i, ok := a[0].(int64); ok {
			return v.(*List).at(i)
		}
		return nil, nil
	}},
	"set": {2, 2, func(r *Run, v Value, a []Value) (Value, error) {
		l := v.(*List)
		i, ok := a[0].(int64)
		if !ok {
			return nil, nil
		}
		before, err := l.at(i)
		if err == nil {
			l.items[i] = a[1]
		}
		return before, err
	}},
	"add": {1, 2, func(r *Run, v Value, a []Value) (Value, error) {
		l := v.(*List)
		if len(a) == 1 {
			return true, l.insert(r, len(l.items), a[0])
		}
		i, ok := a[0].(int64)
		if !ok {
			return nil, nil
		}
		if i != int64(len(l.items)) {
			if _, err := l.at(i); err != nil {
				return nil, err
			}
		}
		return nil, l.insert(r, int(i), a[1])
	}},
	"addAll": {1, 1, func(r *Run, v Value, a []Value) (Value, error) {
		if more, ok := a[0].(*List); ok {
			l := v.(*List)
			return len(more.items) > 0, l.insert(r, len(l.items), more.items...)
		}
		return nil, nil
	}},
	"remove": {1, 1, func(r *Run, v Value, a []Value) (Value, error) {
		l := v.(*List)
		if i, ok := a[0].(int64); ok {
			if _, err := l.at(i); err != nil {
				return nil, err
			}
			return l.remove(r, int(i))
		}
		i, err := l.find(r, a[0])
		if i >= 0 && err == nil {
			_, err = l.remove(r, i)
		}
		return i >= 0, err
	}},
	"contains": {1, 1, func(r *Run, v Value, a []Value) (Value, error) {
		i, err := v.(*List).find(r, a[0])
		return i >= 0, err
	}},
	"indexOf": {1, 1, func(r *Run, v Value, a []Value) (Value, error) {
		i, err := v.(*List).find(r, a[0])
		return int64(i), err
	}},
	"subList": {2, 2, func(r *Run, v Value, a []Value) (Value, error) {
		l := v.(*List)
		from, isFrom := a[0].(int64)
		to, isTo := a[1].(int64)
		switch {
		case !isFrom || !isTo:
			return nil, nil
		case from < 0 || to < from || to > int64(len(l.items)):
			return nil, errors.New("the list has no such part")
		}
		return &List{slices.Clone(l.items[from:to]), l.json}, r.Take(int(to-from+1) * sizeOfValue)
	}},
	"iterator": {0, 0, func(r *Run, v Value, _ []Value) (Value, error) {
		return &iterator{of: v.(*List).items}, r.Take(sizeOfMember)
	}},
	"clear": {0, 0, func(_ *Run, v Value, _ []Value) (Value, error) {
		v.(*List).items = nil
		return nil, nil
	}},
}

// find returns where the first element is that equals a value, -1 for none.
func (l *List) find(r *Run, v Value) (int, error) {
	for i, item := range l.items {
		if err := r.Work(0); err != nil {
			return -1, err
		}
		if kindOf(item) != kindOf(v) {
			continue
		}
		if same, err := r.Equal(item, v); same || err != nil {
			return i, err
		}
	}
	return -1, nil
}

var ofMap = map[string]method{
	"size":    {0, 0, func(_ *Run, v Value, _ []Value) (Value, error) { return int64(v.(*Map).Len()), nil }},
	"isEmpty": {0, 0, func(_ *Run, v Value, _ []Value) (Value, error) { return v.(*Map).Len() == 0, nil }},
	"get":     {1, 1, func(_ *Run, v Value, a []Value) (Value, error) { return v.(*Map).Get(a[0]), nil }},
	"getOrDefault": {2, 2, func(_ *Run, v Value, a []Value) (Value, error) {
		if m := v.(*Map); m.find(a[0]) >= 0 {
			return m.Get(a[0]), nil
		}
		return a[1], nil
	}},
	"put": {2, 2, func(r *Run, v Value, a []Value) (Value, error) { return v.(*Map).put(r, a[0], a[1]) }},
	"putIfAbsent": {2, 2, func(r *Run, v Value, a []Value) (Value, error) {
		m := v.(*Map)
		if before := m.Get(a[0]); before != nil {
			return before, nil
		}
		return m.put(r, a[0], a[1])
	}},
	"putAll": {1, 1, func(r *Run, v Value, a []Value) (Value, error) {
		from, ok := a[0].(*Map)
		if !ok || from == v {
			return nil, nil
		}
		for i, name := range from.names {
			if _, err := v.(*Map).put(r, name, from.values[i]); err != nil {
				return nil, err
			}
		}
		return nil, nil
	}},
	"remove":      {1, 1, func(r *Run, v Value, a []Value) (Value, error) { return v.(*Map).remove(r, a[0]) }},
	"containsKey": {1, 1, func(_ *Run, v Value, a []Value) (Value, error) { return v.(*Map).find(a[0]) >= 0, nil }},
	"containsValue": {1, 1, func(r *Run, v Value, a []Value) (Value, error) {
		i, err := (&List{items: v.(*Map).values}).find(r, a[0])
		return i >= 0, err
	}},
	"keySet": {0, 0, func(r *Run, v Value, _ []Value) (Value, error) { return r.List(slices.Clone(v.(*Map).names)) }},
	"values": {0, 0, func(r *Run, v Value, _ []Value) (Value, error) { return r.List(slices.Clone(v.(*Map).values)) }},
	"entrySet": {0, 0, func(r *Run, v Value, _ []Value) (Value, error) {
		m := v.(*Map)
		out := make([]Value, 0, m.Len())
		for i, name := range m.names {
			out = append(out, &entry{name, m.values[i]})
		}
		return &List{items: out}, r.Take(m.Len() * sizeOfMember)
	}},
	"clear": {0, 0, func(_ *Run, v Value, _ []Value) (Value, error) {
		*v.(*Map) = Map{}
		return nil, nil
	}},
}
