package shape

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// String names the kind as errors do.
func (k Kind) String() string {
	switch k {
	case KindString:
		return "a string"
	case KindBool:
		return "true or false"
	case KindInt:
		return "an integer"
	case KindFloat:
		return "a number"
	case KindTime:
		return "a timestamp (Unix seconds or ISO 8601)"
	case KindBlob:
		return "bytes in base64"
	case KindList:
		return "a list"
	case KindMap:
		return "a map"
	case KindStruct:
		return "a structure"
	case KindDocument:
		return "a document"
	case KindReader, KindWriter:
		return "a stream"
	case KindEvents:
		return "a stream of events"
	default:
		return "a value"
	}
}

// Malformed is the error for a body that is not of its format, such as JSON.
func Malformed(format, why string) error {
	return &Error{
		Code:      "SerializationException",
		QueryCode: "MalformedInput",
		Message:   "The request body is not valid " + format + ": " + why + ".",
	}
}

// MaxParts bounds what the elements of lists and maps come to, in bytes without
// their texts: {} is two bytes on the wire, and a structure in memory.
const MaxParts = 8 << 20

// ErrTooManyParts is the error for a request with more in its lists and maps than
// any operation takes. A limit that says how many it takes says it better.
var ErrTooManyParts error = &Error{
	Code: "RequestEntityTooLargeException", QueryCode: "RequestEntityTooLarge", Status: http.StatusRequestEntityTooLarge,
	Message: "The request has more elements in its lists and maps than dari reads; send them in several requests.",
}

// Busy is the error for what there is no memory for now.
func Busy(message string) error {
	return &Error{Code: "ServiceUnavailable", Status: http.StatusServiceUnavailable, Message: message}
}

// MaxAnswer bounds an answer, in bytes. Ten messages of 1 MiB come to no more,
// with each byte escaped at its worst.
const MaxAnswer = 64 << 20

// ErrAnswerTooLarge is the error for an answer beyond [MaxAnswer].
var ErrAnswerTooLarge error = &Error{
	Code: "ResponseTooLargeException", QueryCode: "ResponseTooLarge", Status: http.StatusServiceUnavailable,
	Message: "The answer has more bytes than dari sends at once; ask for less at a time.",
}

// A typeError is a member of the wrong type. The path grows as it travels from
// the member outwards.
type typeError struct{ path, want, found string }

// Mistyped is the error for a member that is not what its shape says. Decoders
// add by [Within] where it stands.
func Mistyped(want, found string) error { return &typeError{want: want, found: found} }

func (e *typeError) Error() string {
	where := strings.TrimPrefix(e.path, ".")
	if where == "" {
		where = "the request body"
	}
	return fmt.Sprintf("%s: expected %s, found %s.", where, e.want, e.found)
}

// Within says that err happened inside the part called name.
func Within(err error, name string) error {
	if e, ok := errors.AsType[*typeError](err); ok {
		e.path = name + e.path
	}
	return err
}

// Serialization turns what a decoder returns into what the client sees.
func Serialization(err error) error {
	if e, ok := errors.AsType[*typeError](err); ok {
		return &Error{Code: "SerializationException", QueryCode: "InvalidParameterValue", Message: e.Error()}
	}
	return err
}

// Clip keeps s short enough for an error.
func Clip(s string) string {
	if len(s) <= 64 {
		return s
	}
	return strings.ToValidUTF8(s[:64], "") + "…"
}
