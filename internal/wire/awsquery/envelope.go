package awsquery

import (
	"reflect"

	"github.com/dari-bus/dari/internal/quote"
	"github.com/dari-bus/dari/internal/wire/awsjson"
	"github.com/dari-bus/dari/internal/wire/shape"
)

// An Envelope is what answers are put into: XML, or JSON for those who ask for it.
type Envelope struct {
	// Namespace is the XML namespace of the service.
	Namespace string
	RequestID string
	JSON      bool
}

// ContentType is the media type of the answer.
func (x *Envelope) ContentType() string {
	if x.JSON {
		return "application/json"
	}
	return "text/xml"
}

// Append appends the answer of an action whose output is v, a structure of shape s.
func (x *Envelope) Append(b []byte, action string, v reflect.Value, s *shape.Shape) (_ []byte, err error) {
	if x.JSON {
		return x.appendJSON(b, action, v, s)
	}
	b = x.open(b, action+"Response")
	if !s.IsNone() {
		b = append(append(append(b, '<'), action...), "Result>"...)
		if b, err = Append(b, v, s); err != nil {
			return nil, err
		}
		b = append(append(append(b, "</"...), action...), "Result>"...)
	}
	b = append(b, "<ResponseMetadata>"...)
	b = AppendLeaf(b, "RequestId", x.RequestID)
	return append(append(append(b, "</ResponseMetadata></"...), action...), "Response>"...), nil
}

// appendJSON is Append as
// {"<action>Response":{"<action>Result":{…},"ResponseMetadata":{"RequestId":"…"}}}.
func (x *Envelope) appendJSON(b []byte, action string, v reflect.Value, s *shape.Shape) (_ []byte, err error) {
	b = append(quote.JSON(append(b, '{'), action+"Response"), ":{"...)
	if !s.IsNone() {
		b = append(quote.JSON(b, action+"Result"), ':')
		if b, err = awsjson.AppendAs(b, v, s, true); err != nil {
			return nil, err
		}
		b = append(b, ',')
	}
	b = quote.JSON(append(b, `"ResponseMetadata":{"RequestId":`...), x.RequestID)
	return append(b, "}}}"...), nil
}

// AppendError appends e with the code and the message that it has in this dialect.
// What it says beside its message is a structure of shape s, nil for nothing.
func (x *Envelope) AppendError(b []byte, code, message string, e *shape.Error, s *shape.Shape) []byte {
	if x.JSON {
		b = quote.JSON(append(b, `{"Error":{"Type":`...), e.Side())
		b = quote.JSON(append(b, `,"Code":`...), code)
		b = quote.JSON(append(b, `,"Message":`...), message)
		b = quote.JSON(append(b, `},"RequestId":`...), x.RequestID)
		return append(b, '}')
	}
	b = x.open(b, "ErrorResponse")
	b = AppendLeaf(append(b, "<Error>"...), "Type", e.Side())
	b = AppendLeaf(b, "Code", code)
	if !s.HasMessage() {
		b = AppendLeaf(b, "Message", message)
	}
	if s != nil {
		if whole, err := Append(b, e.Details(), s); err == nil {
			b = whole
		}
	}
	b = AppendLeaf(append(b, "<Detail/></Error>"...), "RequestId", x.RequestID)
	return append(b, "</ErrorResponse>"...)
}

// open appends the start tag of an answer's outermost element.
func (x *Envelope) open(b []byte, name string) []byte {
	b = append(append(b, '<'), name...)
	if x.Namespace != "" {
		b = append(b, ` xmlns="`...)
		b = append(appendXMLString(b, x.Namespace), '"')
	}
	return append(b, '>')
}
