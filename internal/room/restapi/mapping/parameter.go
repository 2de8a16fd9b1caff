package mapping

import (
	"maps"
	"slices"
	"strings"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/vtl/jsonpath"
	"github.com/dari-bus/dari/internal/vtl/value"
)

// A Parameter is one that a request to an integration or a response to a method is to
// have: Place is path, querystring or header.
type Parameter struct {
	Place, Name string
	Values      []string
}

// Parameters are compiled mappings of parameters.
type Parameters struct{ all []parameter }

type parameter struct {
	place, name string
	source      source
}

// A source is the right side of a mapping.
type source struct {
	place string // of where it is: one of those of a mapping expression, or static
	name  string // behind that, or what a static one says
	path  *jsonpath.Path
}

// places are what expressions begin with, and what a name follows.
var places = []string{
	"method.request.path.", "method.request.querystring.", "method.request.multivaluequerystring.", "method.request.header.", "method.request.multivalueheader.",
	"integration.response.header.", "integration.response.multivalueheader.", "context.", "stageVariables.",
}

// CompileRequestParameters compiles the parameters of an integration request: mapping
// expressions by what they are put to, such as integration.request.header.name. An error
// is a fault, with AWS's sentence.
func CompileRequestParameters(mappings map[string]string) (*Parameters, error) {
	return compile(mappings, []string{"integration.request.path.", "integration.request.querystring.", "integration.request.header."}, "integration.response.")
}

// CompileResponseParameters compiles those of an integration response, by what they are
// put to: method.response.header.name.
func CompileResponseParameters(mappings map[string]string) (*Parameters, error) {
	return compile(mappings, []string{"method.response.header."}, "method.request.")
}

func compile(mappings map[string]string, targets []string, not string) (*Parameters, error) {
	p := &Parameters{}
	for _, target := range slices.Sorted(maps.Keys(mappings)) {
		prefix, name, ok := cutPlace(target, targets)
		if !ok {
			return nil, invalid(target)
		}
		expression := mappings[target]
		s, ok := compileSource(expression)
		if !ok || strings.HasPrefix(s.place, not) {
			return nil, invalid(expression)
		}
		place := strings.TrimSuffix(prefix, ".")
		p.all = append(p.all, parameter{place[strings.LastIndexByte(place, '.')+1:], name, s})
	}
	return p, nil
}

func invalid(expression string) error {
	const sentence = "Invalid mapping expression specified: "
	return fault.Invalid("%sValidation Result: warnings : [], errors : [%s%s]", sentence, sentence, expression)
}

func cutPlace(text string, places []string) (place, name string, ok bool) {
	for _, place := range places {
		if name, ok := strings.CutPrefix(text, place); ok {
			return place, name, name != "" && !strings.ContainsAny(name, " \t\r\n")
		}
	}
	return "", "", false
}

func compileSource(text string) (s source, ok bool) {
	if n := len(text); n >= 2 && text[0] == '\'' && text[n-1] == '\'' {
		return source{place: "static", name: text[1 : n-1]}, true
	}
	for _, body := range []string{"method.request.body", "integration.response.body"} {
		rest, ok := strings.CutPrefix(text, body)
		if !ok {
			continue
		}
		s := source{place: body}
		if rest == "" {
			return s, true
		}
		path, err := jsonpath.Compile("$" + rest)
		s.path = path
		return s, err == nil && strings.ContainsAny(rest[:1], ".[")
	}
	s.place, s.name, ok = cutPlace(text, places)
	return s, ok
}

// Sources are the parameters of the method's request that are mapped, as a method declares
// them: method.request.header.name.
func (p *Parameters) Sources() (all []string) {
	for _, m := range p.all {
		if strings.HasPrefix(m.source.place, "method.request.") && m.source.name != "" {
			all = append(all, strings.Replace(m.source.place, ".multivalue", ".", 1)+m.source.name)
		}
	}
	return all
}

// Apply returns the parameters that an exchange gives. One whose source is not there is
// left out.
func (p *Parameters) Apply(x *Exchange) (all []Parameter, err error) {
	e := evaluation{exchange: x, run: value.NewRun(x.limits())}
	for _, m := range p.all {
		values, err := e.values(&m.source)
		if err != nil {
			return nil, err
		}
		if len(values) > 0 {
			all = append(all, Parameter{m.place, m.name, values})
		}
	}
	return all, nil
}

// An evaluation looks sources up. A body is read once.
type evaluation struct {
	exchange *Exchange
	run      *value.Run
	read     bool
	root     value.Value
}

func (e *evaluation) values(s *source) ([]string, error) {
	x := e.exchange
	one := func(v string, ok bool) ([]string, error) {
		if !ok {
			return nil, nil
		}
		return []string{v}, nil
	}
	response := x.Response
	if response == nil {
		response = &Response{}
	}
	switch s.place {
	case "static":
		return []string{s.name}, nil
	case "method.request.body":
		return e.body(x.Request.Body, s.path)
	case "integration.response.body":
		return e.body(response.Body, s.path)
	case "method.request.path.":
		v, ok := x.Request.Path[s.name]
		return one(v, ok)
	case "method.request.querystring.":
		return one(last(x.Request.Query, s.name))
	case "method.request.multivaluequerystring.":
		return x.Request.Query[s.name], nil
	case "method.request.header.":
		all := header(x.Request.Header, s.name)
		return all[max(len(all)-1, 0):], nil
	case "method.request.multivalueheader.":
		return header(x.Request.Header, s.name), nil
	case "integration.response.header.":
		all := header(response.Header, s.name)
		return all[max(len(all)-1, 0):], nil
	case "integration.response.multivalueheader.":
		return header(response.Header, s.name), nil
	case "context.":
		return one(x.lookup(s.name))
	}
	v, ok := x.StageVariables[s.name]
	return one(v, ok)
}

// body is a body, or what a path leads to in it: of a text what it says, else its JSON.
func (e *evaluation) body(body string, path *jsonpath.Path) ([]string, error) {
	if path == nil {
		return []string{body}, nil
	}
	if !e.read {
		root, err := value.ReadJSON(body, e.run.Take)
		if err != nil {
			return nil, err
		}
		e.root, e.read = root, true
	}
	v, ok, err := path.Find(e.run, e.root)
	if !ok || v == nil || err != nil {
		return nil, err
	}
	s, isText := v.(string)
	if !isText {
		s, err = e.run.JSON(v)
	}
	return []string{s}, err
}
