package wire

import (
	"encoding/binary"
	"mime"
	"net/http"
	"strings"

	"github.com/dari-bus/dari/internal/wire/awsquery"
)

// An errorSpeller writes errors. Each [Protocol] is one; those here are for
// requests to services that dari does not have, whose clients shall read in
// their own dialect why.
type errorSpeller interface {
	EncodeError(c *call, e *Error)
}

// dialect says how to spell an error to a client whose request was not routed.
func (h *handler) dialect(c *call) errorSpeller {
	media, _, _ := mime.ParseMediaType(c.r.Header.Get("Content-Type")) // "" will do
	switch {
	case c.r.Header.Get("Smithy-Protocol") == "rpc-v2-cbor":
		return cborErrors{}
	case media == JSON10.(jsonProtocol).contentType:
		return JSON10
	case media == JSON11.(jsonProtocol).contentType, c.r.Header.Get("X-Amz-Target") != "":
		return JSON11
	case c.service != nil:
		return c.service.Protocols[0]
	case c.auth.Service == "s3":
		return s3Errors{}
	case media == formType, c.parameters().Has("Action"):
		return Query
	default:
		return restErrors{}
	}
}

// errNothingAsked is for a request to a queue's URL that asks for nothing, such
// as that of a browser.
var errNothingAsked = &Error{Code: "UnknownOperationException", Status: http.StatusNotFound}

// bareErrors are those before the dialect counts: the code as an empty element,
// whatever the client accepts.
type bareErrors struct{}

func (bareErrors) EncodeError(c *call, e *Error) {
	c.answer.header.Set("Content-Type", "text/xml")
	c.answer.status, c.answer.code = e.StatusCode(), e.Code
	c.answer.body = append(append(append(c.answer.body, '<'), e.Code...), "/>"...)
}

// restErrors is restJson1. Its clients read the code from a header; the body
// has it too, for people.
type restErrors struct{}

func (restErrors) EncodeError(c *call, e *Error) {
	c.answer.header.Set("X-Amzn-Errortype", e.Code)
	c.answer.header.Set("Content-Type", "application/json")
	c.answer.status, c.answer.code = e.StatusCode(), e.Code
	c.answer.body = appendJSONError(c.answer.body, e.Code, e.Message)
}

// cborErrors is rpcv2Cbor: the map {"__type": …, "message": …}.
type cborErrors struct{}

func (cborErrors) EncodeError(c *call, e *Error) {
	c.answer.header.Set("Smithy-Protocol", "rpc-v2-cbor")
	c.answer.header.Set("Content-Type", "application/cbor")
	c.answer.status, c.answer.code = e.StatusCode(), e.Code
	b := append(c.answer.body, 0xa2) // a map of two
	for _, text := range []string{"__type", e.Code, "message", e.Message} {
		b = append(b, 0x79) // a text whose length is in two bytes
		text = text[:min(len(text), 1<<16-1)]
		b = binary.BigEndian.AppendUint16(b, uint16(len(text)))
		b = append(b, text...)
	}
	c.answer.body = b
}

// s3Errors is S3's XML, where the code for what is not there is its own.
type s3Errors struct{}

func (s3Errors) EncodeError(c *call, e *Error) {
	code := e.Code
	if strings.HasPrefix(code, "Unsupported") {
		code = "NotImplemented"
	}
	c.answer.header.Set("Content-Type", "application/xml")
	c.answer.header.Set("X-Amz-Request-Id", c.caller.RequestID)
	c.answer.status, c.answer.code = e.StatusCode(), code
	b := awsquery.AppendLeaf(append(c.answer.body, "<Error>"...), "Code", code)
	b = awsquery.AppendLeaf(b, "Message", e.Message)
	b = awsquery.AppendLeaf(b, "RequestId", c.caller.RequestID)
	c.answer.body = append(b, "</Error>"...)
}
