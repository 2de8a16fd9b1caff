package target

import (
	"strings"

	"github.com/dari-bus/dari/internal/transform"
)

// dynamicParameters returns the HTTP parameters of the target with the paths
// among their values replaced by what the original event has there. Names are
// never paths.
//
// A header or query parameter whose path finds nothing is left out, as an
// optional one would be. A path parameter cannot be left out, nor be blank:
// without it the URL would name something else.
func dynamicParameters(d *Delivery) (HTTPParameters, error) {
	p := d.Target.HTTP
	if p == nil {
		return HTTPParameters{}, nil
	}
	out := HTTPParameters{Path: make([]string, len(p.Path))}
	for i, v := range p.Path {
		text, ok := transform.Dynamic(v, d.Event.JSON)
		if !ok {
			return out, Permanent(CodeInvalidParam, "HttpParameters.PathParameterValues: the event has nothing at %s", v)
		}
		if strings.TrimSpace(text) == "" {
			return out, Permanent(CodeInvalidParam, "HttpParameters.PathParameterValues: what the event has at %s is blank", v)
		}
		out.Path[i] = text
	}
	out.Header = dynamicValues(p.Header, d.Event.JSON)
	out.Query = dynamicValues(p.Query, d.Event.JSON)
	return out, nil
}

func dynamicValues(values map[string]string, event []byte) map[string]string {
	out := make(map[string]string, len(values))
	for k, v := range values {
		if text, ok := transform.Dynamic(v, event); ok {
			out[k] = text
		}
	}
	return out
}
