package mapping

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dari-bus/dari/internal/vtl"
	"github.com/dari-bus/dari/internal/vtl/value"
)

// A Template is a compiled mapping template. One that could not be compiled fails when it
// is rendered: API Gateway lets everybody put it.
type Template struct {
	template *vtl.Template
	err      error
}

// Templates are those of an integration, or of a response of it, by their media types.
type Templates struct {
	types []string // in the order of their names
	all   map[string]*Template
}

// CompileTemplates compiles templates by their media types.
func CompileTemplates(sources map[string]string) *Templates {
	t := &Templates{all: map[string]*Template{}}
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		media := mediaType(name)
		compiled, err := vtl.Compile(sources[name])
		if err != nil {
			err = fmt.Errorf("the template for %s: %w", name, err)
		}
		t.types, t.all[media] = append(t.types, media), &Template{compiled, err}
	}
	return t
}

// mediaType is one without its parameters; JSON for none.
func mediaType(contentType string) string {
	media, _, _ := strings.Cut(contentType, ";")
	if media = strings.ToLower(strings.TrimSpace(media)); media == "" {
		return "application/json"
	}
	return media
}

// What an integration does with bodies that no template is for.
const (
	WhenNoMatch     = "WHEN_NO_MATCH"
	WhenNoTemplates = "WHEN_NO_TEMPLATES"
	Never           = "NEVER"
)

// ErrUnsupported says that a body of such a type is not let through: the gateway response
// UNSUPPORTED_MEDIA_TYPE.
var ErrUnsupported = errors.New("there is no mapping template for the request's Content-Type, and the integration lets none other through")

// ForRequest returns the template for a request with a Content-Type, nil when its body
// goes through as it is.
func (t *Templates) ForRequest(contentType, passthrough string) (*Template, error) {
	if template := t.all[mediaType(contentType)]; template != nil {
		return template, nil
	}
	if passthrough == Never || passthrough == WhenNoTemplates && len(t.all) > 0 {
		return nil, ErrUnsupported
	}
	return nil, nil
}

// ForResponse returns the template for the response to a request with an Accept, nil when
// there is none and the body goes through as it is.
func (t *Templates) ForResponse(accept string) *Template {
	for accepted := range strings.SplitSeq(accept, ",") {
		if template := t.all[mediaType(accepted)]; template != nil {
			return template
		}
	}
	if len(t.types) == 0 {
		return nil
	}
	return t.all[t.types[0]]
}

// MockStatus reads which status a MOCK integration is to have answered, which is what its
// request template wrote. It is not ok for what does not say one.
func MockStatus(written string) (status int, ok bool) {
	v, err := value.ReadJSON(written, value.NewRun(vtl.Usual).Take)
	m, isMap := v.(*value.Map)
	if err != nil || !isMap {
		return 0, false
	}
	return statusOf(m.Get("statusCode"))
}

// statusOf reads a status, which may be a text.
func statusOf(v value.Value) (int, bool) {
	if s, isText := v.(string); isText {
		v, _ = value.Number(s, true)
	}
	n, ok := v.(int64)
	return int(n), ok && n >= 100 && n <= 599
}
