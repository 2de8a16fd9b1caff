package mapping

import (
	"errors"
	"strings"

	"github.com/dari-bus/dari/internal/vtl"
	"github.com/dari-bus/dari/internal/vtl/jsonpath"
	"github.com/dari-bus/dari/internal/vtl/value"
)

// A Request is what a method was asked.
type Request struct {
	Path          map[string]string
	Query, Header map[string][]string
	Body          string
	// Binary says that the body is of one of the API's binary media types, and was not made
	// a text: no template can be run on it.
	Binary bool
}

// A Response is what an integration answered.
type Response struct {
	Header map[string][]string
	Body   string
	Binary bool // as that of a request
}

// An Exchange is a request on its way through an API, for one goroutine.
type Exchange struct {
	Request Request
	// Response is nil until the integration answered.
	Response *Response
	// Context is what $context has: texts, numbers, truths and maps of the same.
	Context        map[string]any
	StageVariables map[string]string
	// Overrides are what templates set, those of the request first.
	Overrides Overrides
	// Reserve is asked for the memory that templates and expressions take, see
	// [value.Limits].
	Reserve func(bytes int) error
}

// limits are those of a template or of expressions.
func (x *Exchange) limits() value.Limits {
	limits := vtl.Usual
	limits.Reserve = x.Reserve
	return limits
}

// body is what $input is about.
func (x *Exchange) body() string {
	if x.Response != nil {
		return x.Response.Body
	}
	return x.Request.Body
}

// ErrBinary says that there is a template, and a body that it cannot be run on.
var ErrBinary = errors.New("the body is binary data, which no mapping template can be run on: contentHandling CONVERT_TO_TEXT makes it a text")

// Render runs a template.
func (x *Exchange) Render(t *Template) (string, error) {
	if t.err != nil {
		return "", t.err
	}
	if x.Request.Binary && x.Response == nil || x.Response != nil && x.Response.Binary {
		return "", ErrBinary
	}
	stage := make(map[string]any, len(x.StageVariables))
	for name, v := range x.StageVariables {
		stage[name] = v
	}
	return t.template.Run(map[string]value.Value{
		"input":          &input{exchange: x, paths: map[string]*jsonpath.Path{}},
		"util":           util{},
		"context":        &variables{all: x.Context, overrides: &x.Overrides},
		"stageVariables": &variables{all: stage},
	}, x.limits())
}

// Lookup returns what $context has by a name with dots, as formats of access logs ask for
// it: "" for nothing.
func (x *Exchange) Lookup(name string) string {
	v, _ := x.lookup(name)
	return v
}

func (x *Exchange) lookup(name string) (string, bool) {
	if rest, ok := strings.CutPrefix(name, "requestOverride."); ok {
		return x.Overrides.Get("requestOverride").(*override).text(rest)
	}
	if rest, ok := strings.CutPrefix(name, "responseOverride."); ok {
		return x.Overrides.Get("responseOverride").(*override).text(rest)
	}
	all := x.Context
	for {
		if v, ok := all[name]; ok {
			return plain(v)
		}
		first, rest, more := strings.Cut(name, ".")
		inner, ok := all[first].(map[string]any)
		if !more || !ok {
			return "", false
		}
		all, name = inner, rest
	}
}

// last is the last of the values that a parameter has, and header that of a header.
func last(of map[string][]string, name string) (string, bool) {
	values := of[name]
	if len(values) == 0 {
		return "", false
	}
	return values[len(values)-1], true
}

func header(of map[string][]string, name string) []string {
	if values, ok := of[name]; ok {
		return values
	}
	same := ""
	for n := range of {
		if strings.EqualFold(n, name) && (same == "" || n < same) {
			same = n
		}
	}
	return of[same]
}
