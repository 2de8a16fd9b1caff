package mapping

import (
	"maps"
	"slices"

	"github.com/dari-bus/dari/internal/vtl/jsonpath"
	"github.com/dari-bus/dari/internal/vtl/value"
)

// input is $input: the body and the parameters.
type input struct {
	exchange *Exchange
	read     bool
	root     value.Value // what the body says, once it was read
	params   *value.Map
	paths    map[string]*jsonpath.Path
}

func (i *input) String() string { return "" }

func (i *input) Get(name string) value.Value {
	if name != "body" {
		return nil
	}
	if body := i.exchange.body(); body != "" {
		return body
	}
	return "{}"
}

func (i *input) Call(r *value.Run, name string, arguments []value.Value) (value.Value, error) {
	if name == "params" && len(arguments) == 0 {
		return i.all(r)
	}
	if len(arguments) != 1 || arguments[0] == nil {
		return nil, nil
	}
	argument, err := r.Text(arguments[0])
	if err != nil {
		return nil, err
	}
	switch name {
	case "params":
		return i.exchange.parameter(argument), r.Work(64 * len(i.exchange.Request.Header))
	case "path", "json":
		v, ok, err := i.find(r, argument)
		if err != nil {
			return nil, err
		}
		if !ok {
			v = ""
		}
		if name == "path" {
			return v, nil
		}
		return r.JSON(v)
	}
	return nil, nil
}

// find looks a path up in the body.
func (i *input) find(r *value.Run, path string) (value.Value, bool, error) {
	p := i.paths[path]
	if p == nil {
		var err error
		if p, err = jsonpath.Compile(path); err != nil {
			return nil, false, err
		}
		if err := r.Work(64 * p.Effort); err != nil {
			return nil, false, err
		}
		if err := r.Take(4 * p.Effort); err != nil { // about what there is of it
			return nil, false, err
		}
		i.paths[path] = p
	}
	if !i.read {
		body, _ := i.Get("body").(string)
		var err error
		if i.root, err = value.ReadJSON(body, r.Take); err != nil {
			return nil, false, err
		}
		i.read = true
	}
	return p.Find(r, i.root)
}

// parameter is the first that has a name, of the path, the query and the headers.
func (x *Exchange) parameter(name string) string {
	if v, ok := x.Request.Path[name]; ok {
		return v
	}
	if v, ok := last(x.Request.Query, name); ok {
		return v
	}
	if all := header(x.Request.Header, name); len(all) > 0 {
		return all[len(all)-1]
	}
	return ""
}

// all are all parameters.
func (i *input) all(r *value.Run) (value.Value, error) {
	if i.params != nil {
		return i.params, nil
	}
	request := &i.exchange.Request
	path, query, header := value.NewMap(), value.NewMap(), value.NewMap()
	for _, name := range slices.Sorted(maps.Keys(request.Path)) {
		if err := r.Set(path, name, request.Path[name]); err != nil {
			return nil, err
		}
	}
	for to, from := range map[*value.Map]map[string][]string{query: request.Query, header: request.Header} {
		for _, name := range slices.Sorted(maps.Keys(from)) {
			v, _ := last(from, name)
			if err := r.Set(to, name, v); err != nil {
				return nil, err
			}
		}
	}
	i.params = value.NewMap()
	i.params.Put("path", path)
	i.params.Put("querystring", query)
	i.params.Put("header", header)
	return i.params, nil
}
