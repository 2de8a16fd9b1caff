package value

import (
	"fmt"
	"strings"
)

// Member is what $v.name is, nil for nothing.
func Member(v Value, name string) Value {
	switch v := v.(type) {
	case *Map:
		return v.Get(name)
	case Object:
		return v.Get(name)
	case *entry:
		switch name {
		case "key":
			return v.key
		case "value":
			return v.value
		}
	case *List:
		if name == "empty" {
			return len(v.items) == 0
		}
	case string:
		if name == "empty" {
			return v == ""
		}
	}
	return nil
}

// At is what $v[key] is, nil for nothing.
func (r *Run) At(v, key Value) (Value, error) {
	switch v := v.(type) {
	case *List:
		i, ok := key.(int64)
		if !ok {
			return nil, nil
		}
		if i < 0 {
			i += int64(len(v.items))
		}
		return v.at(i)
	case *Map:
		return v.Get(key), nil
	case Object:
		name, err := r.Text(key)
		return v.Get(name), err
	}
	return nil, nil
}

// Set puts a value where $to[key] is. If there is no such place, nothing happens.
func (r *Run) Set(to, key, v Value) error {
	switch to := to.(type) {
	case *Map:
		_, err := to.put(r, key, v)
		return err
	case *List:
		i, ok := key.(int64)
		if !ok {
			return nil
		}
		if i < 0 {
			i += int64(len(to.items))
		}
		if _, err := to.at(i); err != nil {
			return err
		}
		to.items[i] = v
	case Settable:
		name, err := r.Text(key)
		if err != nil {
			return err
		}
		if err := r.Take(sizeOfMember); err != nil {
			return err
		}
		return to.Set(r, name, v)
	}
	return nil
}

// Call calls a method.
func (r *Run) Call(v Value, name string, arguments []Value) (Value, error) {
	if o, ok := v.(Object); ok {
		return o.Call(r, name, arguments)
	}
	kind, methods := methodsOf(v)
	if m, ok := methods[name]; ok {
		if len(arguments) < m.least || len(arguments) > m.most {
			return nil, nil
		}
		return m.fn(r, v, arguments)
	}
	if m, ok := ofAll[name]; ok && len(arguments) == m.least {
		return m.fn(r, v, arguments)
	}
	if strings.Contains(refused[kind], " "+name+" ") {
		return nil, fmt.Errorf("the method %s of Java's %ss is not offered", name, kind)
	}
	return nil, nil
}
