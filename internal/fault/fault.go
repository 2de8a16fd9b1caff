// Package fault says what kind of mistake an error is.
//
// Rooms and the core return faults for what a caller did wrong; a door turns
// the kind into its own exception and status. An error that is not a fault is
// our own: the door logs it and hides its text.
package fault

import (
	"errors"
	"fmt"
)

// A Kind is the sort of mistake, in no service's spelling.
type Kind uint8

// The kinds. The zero Kind is Internal, so that an error nobody marked is ours.
const (
	KindInternal    Kind = iota // our mistake
	KindInvalid                 // the request cannot be right
	KindNotFound                // the thing it names is not there
	KindConflict                // the thing is already there, or in use
	KindLimit                   // a quota is used up
	KindDenied                  // the caller may not do this
	KindUnavailable             // try again later
)

// An Error is a sentence to the caller.
type Error struct {
	Kind Kind
	// Code narrows the kind where a door has more than one name for it, in the
	// spelling of the service's own error shapes. Empty means the door's usual
	// name for the kind.
	Code    string
	Message string
}

// Error returns the sentence.
func (e *Error) Error() string { return e.Message }

// WithCode returns e with the error shape named.
func (e *Error) WithCode(code string) *Error {
	c := *e
	c.Code = code
	return &c
}

// Invalid says that the request cannot be right.
func Invalid(format string, args ...any) *Error { return newError(KindInvalid, format, args) }

// NotFound says that what the request names is not there.
func NotFound(format string, args ...any) *Error { return newError(KindNotFound, format, args) }

// Conflict says that the thing is already there or in use.
func Conflict(format string, args ...any) *Error { return newError(KindConflict, format, args) }

// Limit says that a quota is used up.
func Limit(format string, args ...any) *Error { return newError(KindLimit, format, args) }

// Denied says that the caller may not do this.
func Denied(format string, args ...any) *Error { return newError(KindDenied, format, args) }

// Unavailable says that the same request may succeed later.
func Unavailable(format string, args ...any) *Error { return newError(KindUnavailable, format, args) }

// KindOf returns the kind of err, and KindInternal for an error that is no fault.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return KindInternal
}

func newError(kind Kind, format string, args []any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}
