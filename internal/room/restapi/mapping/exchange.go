package mapping

import (
	"maps"
	"slices"
	"strings"

	"github.com/dari-bus/dari/internal/vtl"
	"github.com/dari-bus/dari/internal/vtl/value"
)

// A Request is what a method was asked.
type Request struct {
	Path          map[string]string
	Query, Header map[string][]string
	Body          string
}

// A Response is what an integration answered.
type Response struct {
	Header map[string][]string
	Body   string
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
}

// body is what $input is about.
func (x *Exchange) body() string {
	if x.Response != nil {
		return x.Response.Body
	}
	return x.Request.Body
}

// Render runs a template.
func (x *Exchange) Render(t *Template) (string, error) {
	if t.err != nil {
		return "", t.err
	}
	stage := make(map[string]any, len(x.StageVariables))
	for name, v := range x.StageVariables {
		stage[name] = v
	}
	return t.template.Run(map[string]value.Value{
		"input":          &input{exchange: x},
		"util":           util{},
		"context":        &variables{all: x.Context, overrides: &x.Overrides},
		"stageVariables": &variables{all: stage},
	}, vtl.Usual)
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
	for _, n := range slices.Sorted(maps.Keys(of)) {
		if strings.EqualFold(n, name) {
			return of[n]
		}
	}
	return nil
}
