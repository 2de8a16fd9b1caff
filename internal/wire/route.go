package wire

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/dari-bus/dari/internal/wire/shape"
)

// route finds the service, the dialect and the name of the operation. The
// credential scope decides about the service when there is one; target, action
// and version decide within it, or alone for a call that is not signed.
func (h *handler) route(c *call) (operation string, err error) {
	if name, ok := h.lookup(c); ok {
		return name, nil
	}
	if c.methods != nil {
		return "", errMethod(c)
	}
	if c.auth.Service == "" {
		h.guessByHost(c)
	} else if h.firstOf(c, c.auth.Service); c.service == nil {
		return "", h.errNoService(c.auth.Service)
	}
	return "", h.errNoOperation(c)
}

// lookup is route for a call that may still be without its body: where that is
// needed to tell, it finds nothing yet.
func (h *handler) lookup(c *call) (operation string, ok bool) {
	for _, s := range h.services {
		if c.auth.Service != "" && c.auth.Service != s.Name {
			continue
		}
		for _, p := range s.Protocols {
			if name, ok := p.Route(c, s); ok {
				c.service, c.protocol = s, p
				return name, true
			}
		}
	}
	return "", false
}

// firstOf makes the first service of that name the call's, so that an error can
// be in its dialect.
func (h *handler) firstOf(c *call, name string) {
	for _, s := range h.services {
		if s.Name == name {
			c.service = s
			return
		}
	}
}

// guessByHost takes the service from a host such as
// events.eu-central-1.localhost.
func (h *handler) guessByHost(c *call) {
	if label, _, ok := strings.Cut(c.r.Host, "."); ok {
		h.firstOf(c, label)
	}
}

// find finds the operation in the service's table.
func (c *call) find(name string) error {
	op, ok := c.service.operations[name]
	if !ok {
		return &Error{
			Code: "UnknownOperationException", QueryCode: "InvalidAction",
			Message:      fmt.Sprintf("%s has no operation %s.", c.service.Title, shape.Clip(name)),
			QueryMessage: invalidAction(name),
		}
	}
	c.operation = op
	if op.call == nil {
		return &Error{
			Code: "UnsupportedOperationException", QueryCode: "UnsupportedOperation",
			Message: fmt.Sprintf("dari does not offer %s: %s.", op.Name, strings.TrimSuffix(op.Refused, ".")),
		}
	}
	return nil
}

// errNoService is the error for an AWS service that dari does not have.
func (h *handler) errNoService(name string) error {
	return &Error{
		Code: "UnsupportedOperationException", QueryCode: "UnsupportedOperation",
		Message: fmt.Sprintf("dari does not offer the service %s; it offers %s.", shape.Clip(name), h.names()),
	}
}

// errNoOperation is the error for a request that names no operation of the
// service, or of any service.
func (h *handler) errNoOperation(c *call) error {
	e := &Error{Code: "UnknownOperationException", QueryCode: "InvalidAction", Status: http.StatusNotFound}
	target := c.r.Header.Get("X-Amz-Target")
	action := c.parameters().Get("Action")
	switch {
	case target != "" && c.r.Method != http.MethodPost:
		e.Message = fmt.Sprintf("The operation %s must be called with POST.", shape.Clip(target))
	case target != "" && c.auth.Service != "":
		e.Message = fmt.Sprintf("The operation %s is none of %s, which the request is signed for.", shape.Clip(target), c.auth.Service)
	case target != "":
		e.Message = fmt.Sprintf("The operation %s is of no service that dari offers; it offers %s.", shape.Clip(target), h.names())
	case action != "" && !c.parameters().Has("Version"):
		e.Message, e.Status = invalidAction(action), http.StatusBadRequest
	case action != "":
		e.Message = fmt.Sprintf("The action %s with version %q is of no service that dari offers in this protocol.",
			shape.Clip(action), shape.Clip(c.parameters().Get("Version")))
	case c.formErr != nil:
		return malformedForm(c.formErr)
	case c.atQueue():
		return errNothingAsked
	default:
		e.Message = fmt.Sprintf("%s %s is no AWS request: neither X-Amz-Target nor Action names an operation.",
			c.r.Method, shape.Clip(c.r.URL.Path))
	}
	return e
}
