package mapping

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dari-bus/dari/internal/vtl/value"
)

// variables are what $context or $stageVariables has, or a part of it.
type variables struct {
	all       map[string]any
	overrides *Overrides // at the root of $context
	made      map[string]value.Value
}

func (v *variables) Get(name string) value.Value {
	if v.overrides != nil {
		if o := v.overrides.Get(name); o != nil {
			return o
		}
	}
	if made, ok := v.made[name]; ok {
		return made
	}
	switch of := v.all[name].(type) {
	case map[string]any:
		return &variables{all: of}
	case int:
		return int64(of)
	case nil, string, int64, float64, bool:
		return of
	default:
		return fmt.Sprint(of)
	}
}

// Set makes a variable of the template's own.
func (v *variables) Set(_ *value.Run, name string, to value.Value) error {
	if v.overrides != nil && v.overrides.Get(name) != nil {
		return fmt.Errorf("$context.%s is set by its members: $context.%s.header.name is one", name, name)
	}
	if v.made == nil {
		v.made = map[string]value.Value{}
	}
	v.made[name] = to
	return nil
}

func (v *variables) Call(r *value.Run, name string, arguments []value.Value) (value.Value, error) {
	switch {
	case name == "get" && len(arguments) == 1:
		key, err := r.Text(arguments[0])
		return v.Get(key), err
	case name == "put" && len(arguments) == 2:
		key, err := r.Text(arguments[0])
		if err != nil {
			return nil, err
		}
		return nil, r.Set(v, key, arguments[1])
	}
	m := value.NewMap()
	for _, key := range slices.Sorted(maps.Keys(v.all)) {
		if err := r.Set(m, key, v.Get(key)); err != nil {
			return nil, err
		}
	}
	return r.Call(m, name, arguments)
}

// String is what Java prints of a map.
func (v *variables) String() string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(v.all)) {
		parts = append(parts, fmt.Sprint(name, "=", v.Get(name)))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// plain is the text of a variable that is no map.
func plain(v any) (string, bool) {
	switch v := v.(type) {
	case nil, map[string]any:
		return "", false
	case string:
		return v, true
	}
	return fmt.Sprint(v), true
}
