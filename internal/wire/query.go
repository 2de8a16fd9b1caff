package wire

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"strings"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/wire/awsquery"
	"github.com/dari-bus/dari/internal/wire/shape"
)

// queryProtocol is awsQuery: parameters in the query string, in a form, or in
// both; XML in the answer, or JSON for those who ask for it.
type queryProtocol struct{}

func (queryProtocol) Name() string { return "awsQuery" }

// Route reads Action and Version, wherever in the request they are. A caller
// who signed for the service may name any version. One who did not sign must
// name the service's own, or none and an operation that the service has: links
// that people click carry no version.
func (queryProtocol) Route(c *call, s *service) (string, bool) {
	if !c.read {
		return "", false // the form may be in the body
	}
	params := c.parameters()
	action, version := params.Get("Action"), params.Get("Version")
	if action == "" {
		return "", false
	}
	switch {
	case c.auth.Service != "", version == s.Version:
		return action, true
	case version == "":
		_, has := s.operations[action]
		return action, has
	default:
		return "", false
	}
}

func (queryProtocol) Decode(c *call, s *shape.Shape, in reflect.Value) error {
	if c.formErr != nil {
		return malformedForm(c.formErr)
	}
	if c.operation.root && c.atQueue() {
		return &Error{Code: "UnknownOperationException", QueryCode: "InvalidAction", Message: invalidAction(c.operation.Name)}
	}
	if err := awsquery.Read(c.parameters(), s, in); err != nil {
		return err
	}
	awsquery.SetURL(c.caller.Scheme, c.caller.Host, c.r.URL.Path, s, in)
	return nil
}

// atQueue says whether the path of the request is that of a queue's URL:
// /123456789012/queue.
func (c *call) atQueue() bool {
	account, name, _ := strings.Cut(strings.TrimPrefix(c.r.URL.Path, "/"), "/")
	return access.IsAccount(account) && name != ""
}

func invalidAction(name string) string {
	return fmt.Sprintf("The action %s is not valid for this endpoint.", shape.Clip(name))
}

func (queryProtocol) Encode(c *call, s *shape.Shape, out reflect.Value) (err error) {
	c.answer.status = http.StatusOK
	e := c.envelope()
	c.answer.body, err = e.Append(c.answer.body, c.operation.Name, out, s)
	return err
}

func (queryProtocol) EncodeError(c *call, e *Error, s *shape.Shape) {
	code, message := e.Code, e.Message
	if e.QueryCode != "" {
		code = e.QueryCode
	}
	if e.QueryMessage != "" {
		message = e.QueryMessage
	}
	c.answer.status, c.answer.code = e.StatusByKind(), code
	envelope := c.envelope()
	c.answer.body = envelope.AppendError(c.answer.body, code, message, e, s)
}

// envelope is what an answer is put into, whose type the client is told.
func (c *call) envelope() awsquery.Envelope {
	e := awsquery.Envelope{RequestID: c.caller.RequestID, JSON: awsquery.PrefersJSON(c.r.Header)}
	if c.service != nil {
		e.Namespace = c.service.Namespace
	}
	c.answer.header.Set("Content-Type", e.ContentType())
	return e
}

func (queryProtocol) Carries(k shape.Kind) bool { return !k.Streams() && k != shape.KindDocument }

func (queryProtocol) Events() eventDialect { return eventDialect{} }

// parameters returns the query string and, for a form, the body.
func (c *call) parameters() url.Values {
	if c.params != nil {
		return c.params
	}
	c.params, c.formErr = maps.Clone(c.query()), c.queryErr
	if awsquery.IsForm(c.r) {
		form, err := url.ParseQuery(string(c.body.Text))
		if err != nil {
			c.formErr = err
		}
		for name, values := range form {
			c.params[name] = append(values, c.params[name]...)
		}
	}
	return c.params
}

// query returns the query string.
func (c *call) query() url.Values {
	if c.queryParams == nil {
		c.queryParams, c.queryErr = url.ParseQuery(c.r.URL.RawQuery)
	}
	return c.queryParams
}

// malformedForm is the error for parameters that cannot be read.
func malformedForm(err error) error {
	return &Error{
		Code:      "SerializationException",
		QueryCode: "MalformedInput",
		Message:   "The parameters of the request cannot be read: " + err.Error() + ".",
	}
}
