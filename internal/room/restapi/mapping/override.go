package mapping

import (
	"fmt"
	"strings"

	"github.com/dari-bus/dari/internal/vtl/value"
)

// Overrides are what templates set of the request to an integration and of the response
// to a method: $context.requestOverride and $context.responseOverride. They are applied
// when the template is through. The zero Overrides are none.
type Overrides struct{ request, response *override }

// Get returns the one that a template calls by a name, nil for others.
func (o *Overrides) Get(name string) value.Value {
	switch name {
	case "requestOverride":
		if o.request == nil {
			o.request = &override{of: name, places: map[string]*override{}}
			for _, place := range []string{"header", "path", "querystring"} {
				o.request.places[place] = &override{of: name + "." + place}
			}
		}
		return o.request
	case "responseOverride":
		if o.response == nil {
			o.response = &override{of: name, places: map[string]*override{"header": {of: name + ".header"}}}
		}
		return o.response
	}
	return nil
}

// RequestParameters are those of the request that are overridden, in the order in which
// they were.
func (o *Overrides) RequestParameters() (all []Parameter) {
	if o.request != nil {
		for _, place := range []string{"path", "querystring", "header"} {
			all = append(all, o.request.places[place].parameters(place)...)
		}
	}
	return all
}

// ResponseHeaders are the headers of the response that are overridden.
func (o *Overrides) ResponseHeaders() []Parameter {
	if o.response == nil {
		return nil
	}
	return o.response.places["header"].parameters("header")
}

// Status is the response's that is overridden.
func (o *Overrides) Status() (int, bool) {
	if o.response == nil {
		return 0, false
	}
	return statusOf(strings.Join(o.response.sent["status"], ""))
}

// An override is one of the objects of which members are set. Each is set once.
type override struct {
	of     string
	places map[string]*override
	names  []string
	values map[string]value.Value
	sent   map[string][]string // what a request or a response will have of them
}

func (o *override) Get(name string) value.Value {
	if place := o.places[name]; place != nil {
		return place
	}
	return o.values[name]
}

// Set sets a member. What a request or a response will have are texts; a template may set
// others, for itself and those behind it.
func (o *override) Set(r *value.Run, name string, v value.Value) error {
	if o.places[name] != nil {
		return fmt.Errorf("$context.%s.%s is set by its members", o.of, name)
	}
	if _, again := o.values[name]; again {
		return fmt.Errorf("$context.%s.%s is set twice, and an override is final: put what it shall be into a variable first", o.of, name)
	}
	if o.values == nil {
		o.values, o.sent = map[string]value.Value{}, map[string][]string{}
	}
	if o.places == nil || name == "status" {
		if err := o.send(r, name, v); err != nil {
			return err
		}
	}
	o.names, o.values[name] = append(o.names, name), v
	return nil
}

// send makes texts of a value: of a list one for each element, as a header may have.
func (o *override) send(r *value.Run, name string, v value.Value) error {
	all := []value.Value{v}
	if l, ok := v.(*value.List); ok {
		all = l.Items()
	}
	texts := make([]string, len(all))
	for i, v := range all {
		var err error
		if texts[i], err = r.Text(v); err != nil {
			return err
		}
	}
	if o.places != nil {
		all := strings.Join(texts, ",")
		if _, ok := statusOf(all); !ok {
			return fmt.Errorf("$context.%s.status is a number from 100 to 599, not %q", o.of, all)
		}
	}
	o.sent[name] = texts
	return nil
}

func (o *override) Call(r *value.Run, name string, arguments []value.Value) (value.Value, error) {
	if name == "put" && len(arguments) == 2 {
		return nil, r.Set(o, arguments[0], arguments[1])
	}
	if name == "get" && len(arguments) == 1 {
		return r.At(o, arguments[0])
	}
	m := value.NewMap()
	for _, name := range o.names {
		if err := r.Set(m, name, o.values[name]); err != nil {
			return nil, err
		}
	}
	return r.Call(m, name, arguments)
}

// String is what Java prints of a map.
func (o *override) String() string {
	var parts []string
	for _, place := range []string{"header", "path", "querystring"} {
		if o.places[place] != nil {
			parts = append(parts, place+"="+o.places[place].String())
		}
	}
	for _, name := range o.names {
		parts = append(parts, name+"="+strings.Join(o.sent[name], ","))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func (o *override) parameters(place string) (all []Parameter) {
	for _, name := range o.names {
		all = append(all, Parameter{place, name, o.sent[name]})
	}
	return all
}

// text is what stands behind a name with a dot, if it is a text.
func (o *override) text(name string) (string, bool) {
	if place, rest, ok := strings.Cut(name, "."); ok && o.places[place] != nil {
		o, name = o.places[place], rest
	}
	texts, ok := o.sent[name]
	return strings.Join(texts, ","), ok
}
