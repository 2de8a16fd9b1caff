package wire

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// String names the kind as errors do.
func (k kind) String() string {
	switch k {
	case kindString:
		return "a string"
	case kindBool:
		return "true or false"
	case kindInt:
		return "an integer"
	case kindFloat:
		return "a number"
	case kindTime:
		return "a timestamp (Unix seconds or ISO 8601)"
	case kindBlob:
		return "bytes in base64"
	case kindList:
		return "a list"
	case kindMap:
		return "a map"
	case kindStruct:
		return "a structure"
	default:
		return "a value"
	}
}

// notJSON is the error for a body that is not JSON.
func notJSON(why string) error {
	return &Error{
		Code:      "SerializationException",
		QueryCode: "MalformedInput",
		Message:   "The request body is not valid JSON: " + why + ".",
	}
}

// malformedForm is the error for parameters that cannot be read.
func malformedForm(err error) error {
	return &Error{
		Code:      "SerializationException",
		QueryCode: "MalformedInput",
		Message:   "The parameters of the request cannot be read: " + err.Error() + ".",
	}
}

// errTooManyParts is the error for a request with more in its lists and maps than
// any operation takes. A limit that says how many it takes says it better.
var errTooManyParts error = &Error{
	Code: "RequestEntityTooLargeException", QueryCode: "RequestEntityTooLarge", Status: http.StatusRequestEntityTooLarge,
	Message: "The request has more elements in its lists and maps than dari reads; send them in several requests.",
}

// A typeError is a member of the wrong type. The path grows as it travels from
// the member outwards.
type typeError struct{ path, want, found string }

func mistyped(want, found string) error { return &typeError{want: want, found: found} }

func (e *typeError) Error() string {
	where := strings.TrimPrefix(e.path, ".")
	if where == "" {
		where = "the request body"
	}
	return fmt.Sprintf("%s: expected %s, found %s.", where, e.want, e.found)
}

// within says that err happened inside the part called name.
func within(err error, name string) error {
	if e, ok := errors.AsType[*typeError](err); ok {
		e.path = name + e.path
	}
	return err
}

// serialization turns what a decoder returns into what the client sees.
func serialization(err error) error {
	if e, ok := errors.AsType[*typeError](err); ok {
		return &Error{Code: "SerializationException", QueryCode: "InvalidParameterValue", Message: e.Error()}
	}
	return err
}
