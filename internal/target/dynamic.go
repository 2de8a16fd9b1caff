package target

import (
	"errors"
	"strings"

	"github.com/dari-bus/dari/internal/transform"
)

// dynamicParameters returns the HTTP parameters of the target with the paths
// among their values replaced by what the original event has there. Names are
// never paths.
//
// A header or query parameter whose path finds nothing is left out, as an
// optional one would be. A path parameter cannot be left out, nor be blank:
// without it the URL would name something else. What all of them come to has a
// bound, [transform.MaxDynamic].
func dynamicParameters(d *Delivery) (HTTPParameters, error) {
	p := d.Target.HTTP
	if p == nil {
		return HTTPParameters{}, nil
	}
	dynamics := transform.NewDynamics(d.Body)
	out := HTTPParameters{Path: make([]string, len(p.Path))}
	for i, v := range p.Path {
		text, ok, err := dynamics.Resolve(v)
		if err != nil {
			return out, tooMuch(err)
		}
		if !ok {
			return out, Permanent(CodeInvalidParam, "HttpParameters.PathParameterValues: the event has nothing at %s", v)
		}
		if strings.TrimSpace(text) == "" {
			return out, Permanent(CodeInvalidParam, "HttpParameters.PathParameterValues: what the event has at %s is blank", v)
		}
		out.Path[i] = text
	}
	var err error
	if out.Header, err = dynamicValues(p.Header, dynamics); err != nil {
		return out, err
	}
	out.Query, err = dynamicValues(p.Query, dynamics)
	return out, err
}

func dynamicValues(values map[string]string, dynamics *transform.Dynamics) (map[string]string, error) {
	out := make(map[string]string, len(values))
	for k, v := range values {
		text, ok, err := dynamics.Resolve(v)
		if err != nil {
			return nil, tooMuch(err)
		}
		if ok {
			out[k] = text
		}
	}
	return out, nil
}

// tooMuch makes the error of a delivery of one of package transform.
func tooMuch(err error) error {
	if e, ok := errors.AsType[*transform.Error](err); ok {
		return Permanent(e.Code, "%s", e.Message)
	}
	return err
}
