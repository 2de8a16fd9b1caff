package shape

import (
	"errors"
	"net/http"
	"reflect"

	"github.com/dari-bus/dari/internal/fault"
)

// An Error is what a client sees of a failure.
type Error struct {
	// Code is the error shape, such as "ResourceNotFoundException".
	Code string
	// QueryCode is the code in the query protocol where it differs, such as
	// "AWS.SimpleQueueService.NonExistentQueue".
	QueryCode string
	Message   string
	// QueryMessage is the sentence in the query protocol where it differs.
	QueryMessage string
	// Members points to a struct with what the error says beside its message, or
	// is nil. Where the struct has a member called Message or message, that is the
	// message.
	Members any
	// Kind is the sort of mistake, which gives the HTTP status in most dialects.
	Kind fault.Kind
	// Status is the HTTP status where it is another than that of all mistakes of a
	// caller, or of those of this kind.
	Status int
}

// Error returns the code and the sentence. A handler may return an *Error, which
// goes to the client as it is.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Details returns the structure that e.Members points to.
func (e *Error) Details() reflect.Value { return reflect.Indirect(reflect.ValueOf(e.Members)) }

// HasMessage says whether s, the shape of an error's members or nil, has the
// message among them.
func (s *Shape) HasMessage() bool {
	if s == nil {
		return false
	}
	_, small := s.Index["message"]
	_, large := s.Index["Message"]
	return small || large
}

// StatusCode is the HTTP status of e in the dialects that have one for all
// mistakes of a caller.
func (e *Error) StatusCode() int {
	if e.Status == 0 {
		return http.StatusBadRequest
	}
	return e.Status
}

// StatusByKind is the HTTP status of e in the dialects that tell mistakes apart.
func (e *Error) StatusByKind() int {
	if e.Status != 0 {
		return e.Status
	}
	switch e.Kind {
	case fault.KindNotFound:
		return http.StatusNotFound
	case fault.KindConflict:
		return http.StatusConflict
	case fault.KindDenied:
		return http.StatusForbidden
	case fault.KindLimit, fault.KindUnavailable:
		return http.StatusTooManyRequests
	default:
		return http.StatusBadRequest
	}
}

// Side says whose mistake e is, in the words of the query protocol.
func (e *Error) Side() string {
	if e.Status >= http.StatusInternalServerError {
		return "Receiver"
	}
	return "Sender"
}

// Spell spells a fault with the names that most services share. An error
// that is no fault is not the caller's.
func Spell(err error) (Error, bool) {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return Error{}, false
	}
	e := Error{Code: f.Code, Message: f.Message, Kind: f.Kind}
	name := ""
	switch f.Kind {
	case fault.KindInvalid:
		name, e.QueryCode = "ValidationException", "ValidationError"
	case fault.KindNotFound:
		name = "ResourceNotFoundException"
	case fault.KindConflict:
		name = "ResourceAlreadyExistsException"
	case fault.KindLimit:
		name = "LimitExceededException"
	case fault.KindDenied:
		name, e.QueryCode = "AccessDeniedException", "AccessDenied"
	case fault.KindUnavailable:
		name, e.QueryCode = "ThrottlingException", "Throttling"
	default:
		return Error{}, false
	}
	if e.Code != "" {
		e.QueryCode = ""
	} else {
		e.Code = name
	}
	return e, true
}
