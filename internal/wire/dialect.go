package wire

import (
	"mime"
	"net/http"
	"strings"

	"github.com/dari-bus/dari/internal/wire/awsquery"
	"github.com/dari-bus/dari/internal/wire/shape"
)

// An errorSpeller writes errors. Each [Protocol] is one; those here are for
// requests to services that dari does not have, whose clients shall read in
// their own dialect why.
type errorSpeller interface {
	EncodeError(c *call, e *Error, s *shape.Shape)
}

// dialect says how to spell an error to a client whose request was not routed.
func (h *handler) dialect(c *call) errorSpeller {
	media, _, _ := mime.ParseMediaType(c.r.Header.Get("Content-Type")) // "" will do
	switch {
	case c.r.Header.Get(smithyProtocol) == cborName:
		return CBOR
	case media == JSON10.(jsonProtocol).contentType:
		return JSON10
	case media == JSON11.(jsonProtocol).contentType, c.r.Header.Get("X-Amz-Target") != "":
		return JSON11
	case c.service != nil:
		return c.service.Protocols[0]
	case c.auth.Service == "s3":
		return s3Errors{}
	case media == awsquery.FormType, c.parameters().Has("Action"):
		return Query
	default:
		return RestJSON
	}
}

// errNothingAsked is for a request to a queue's URL that asks for nothing, such
// as that of a browser.
var errNothingAsked = &Error{Code: "UnknownOperationException", Status: http.StatusNotFound}

// bareErrors are those before the dialect counts: the code as an empty element,
// whatever the client accepts.
type bareErrors struct{}

func (bareErrors) EncodeError(c *call, e *Error, _ *shape.Shape) {
	c.answer.header.Set("Content-Type", "text/xml")
	c.answer.status, c.answer.code = e.StatusByKind(), e.Code
	c.answer.body = append(append(append(c.answer.body, '<'), e.Code...), "/>"...)
}

// s3Errors is S3's XML, where the code for what is not there is its own.
type s3Errors struct{}

func (s3Errors) EncodeError(c *call, e *Error, _ *shape.Shape) {
	code := e.Code
	if strings.HasPrefix(code, "Unsupported") {
		code = "NotImplemented"
	}
	c.answer.header.Set("Content-Type", "application/xml")
	c.answer.header.Set("X-Amz-Request-Id", c.caller.RequestID)
	c.answer.status, c.answer.code = e.StatusByKind(), code
	b := awsquery.AppendLeaf(append(c.answer.body, "<Error>"...), "Code", code)
	b = awsquery.AppendLeaf(b, "Message", e.Message)
	b = awsquery.AppendLeaf(b, "RequestId", c.caller.RequestID)
	c.answer.body = append(b, "</Error>"...)
}
