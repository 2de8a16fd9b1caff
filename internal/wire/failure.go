package wire

import (
	"context"
	"errors"
	"net/http"

	"github.com/dari-bus/dari/internal/signature"
	"github.com/dari-bus/dari/internal/wire/shape"
)

// explain turns an error into what the client may see. One that nobody claims
// is logged here, and only here.
func (h *handler) explain(c *call, err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	if e, ok := errors.AsType[*signature.Error](err); ok {
		return &Error{Code: e.Code, QueryCode: e.QueryCode, Message: e.Message, QueryMessage: e.QueryMessage, Status: http.StatusForbidden}
	}
	spell := shape.Spell
	if c.service != nil && c.service.Error != nil {
		spell = c.service.Error
	}
	if e, ok := spell(err); ok {
		return &e
	}
	if !errors.Is(err, context.Canceled) || c.r.Context().Err() == nil {
		h.Log.Error("call failed", "request", c.caller.RequestID, "service", c.serviceName(),
			"operation", c.operationName(), "err", err)
	}
	return errInternal(c.caller.RequestID)
}

// maxMessage bounds the text of an error, in bytes. Rooms repeat what they were
// given, however long that is.
const maxMessage = 128 << 10

// fail makes e the answer, in the dialect of the request as far as it is known.
func (h *handler) fail(c *call, e *Error) {
	c.answer.body = c.answer.body[:0]
	c.seen.Err = e
	c.answer.header.Del("Content-Type")
	if len(e.Message)+len(e.QueryMessage) > maxMessage {
		short := *e
		short.Message, short.QueryMessage = shape.Cut(e.Message, maxMessage), shape.Cut(e.QueryMessage, maxMessage)
		e = &short
	}
	c.answer.stream = nil
	var speller errorSpeller = c.protocol
	switch {
	case c.protocol != nil:
	case e == errNothingAsked:
		speller = bareErrors{}
	default:
		speller = h.dialect(c)
	}
	speller.EncodeError(c, e, c.membersShape(e))
}

// membersShape is the shape of e's members, nil when there are none.
func (c *call) membersShape(e *Error) *shape.Shape {
	if e.Members == nil || c.service == nil {
		return nil
	}
	return c.service.errors[e.Details().Type()]
}

func errInternal(requestID string) *Error {
	return &Error{
		Code: "InternalException", QueryCode: "InternalFailure", Status: http.StatusInternalServerError,
		Message: "The server failed while it handled the request. Its log has the reason under the request id " + requestID + ".",
	}
}

// invalid gives the error of an input that does not satisfy its limits the
// service's own name.
func (s *service) invalid(err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok || s.InvalidCode == "" {
		return err
	}
	named := *e
	named.Code, named.QueryCode = s.InvalidCode, ""
	return &named
}
