package wire

import (
	"bytes"
	"net/http"
	"reflect"

	"github.com/dari-bus/dari/internal/wire/awsjson"
	"github.com/dari-bus/dari/internal/wire/rest"
	"github.com/dari-bus/dari/internal/wire/shape"
)

// restProtocol is restJson1.
type restProtocol struct{}

func (restProtocol) Name() string { return "restJson1" }

// Route goes by the method and the path as it was sent. A path that is the
// service's with another method is remembered for the error.
func (restProtocol) Route(c *call, s *service) (string, bool) {
	if c.r.Header.Get("X-Amz-Target") != "" || c.r.Header.Get(smithyProtocol) != "" {
		return "", false
	}
	m := s.routes.Find(c.r.Method, c.r.URL.EscapedPath(), c.query())
	if m.Operation == "" {
		if c.methods == nil && m.Methods != nil {
			c.methods, c.service = m.Methods, s
		}
		return "", false
	}
	c.labels = m.Labels
	return m.Operation, true
}

func (restProtocol) Decode(c *call, _ *shape.Shape, in reflect.Value) error {
	if c.queryErr != nil {
		return malformedForm(c.queryErr)
	}
	r := rest.Request{Labels: c.labels, Query: c.query(), Header: c.r.Header, Body: c.body.Text, Stream: c.stream}
	if c.stream == nil {
		r.Stream = bytes.NewReader(c.body.Text)
	}
	return c.operation.binding.Decode(&r, in)
}

func (restProtocol) Encode(c *call, _ *shape.Shape, out reflect.Value) (err error) {
	c.answer.status, c.answer.body, err = c.operation.binding.Encode(c.answer.header, c.answer.body, out)
	return err
}

// EncodeError writes the code into a header, where its clients read it; the body
// has it too, for people.
func (restProtocol) EncodeError(c *call, e *Error, s *shape.Shape) {
	c.answer.header.Set("X-Amzn-Errortype", e.Code)
	c.answer.header.Set("Content-Type", "application/json")
	c.answer.status, c.answer.code = e.StatusByKind(), e.Code
	rest.EncodeMembers(c.answer.header, e.Members, s)
	c.answer.body = awsjson.AppendError(c.answer.body, e.Code, e, s)
}

func (restProtocol) Carries(shape.Kind) bool { return true }

func (restProtocol) Events() eventDialect {
	return eventDialect{contentType: "application/json", append: awsjson.Append, problem: awsjson.AppendError}
}

// errMethod is the error for a path that may be called with other methods only.
func errMethod(c *call) *Error {
	for _, m := range c.methods {
		c.answer.header.Add("Allow", m)
	}
	return &Error{
		Code: "UnknownOperationException", QueryCode: "InvalidAction", Status: http.StatusMethodNotAllowed,
		Message: "The method " + shape.Clip(c.r.Method) + " is none of those that this path may be called with.",
	}
}
