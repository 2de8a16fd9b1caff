package outbound

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// The dead-letter codes of EventBridge that a call can end with.
const (
	CodeConnection   = "CONNECTION_FAILURE"
	CodeFromTarget   = "ERROR_FROM_TARGET"
	CodeInternal     = "INTERNAL_ERROR"
	CodeInvalidParam = "INVALID_PARAMETER"
	CodeNoPermission = "NO_PERMISSIONS"
	CodeThrottling   = "THROTTLING"
	CodeTimeout      = "TIMEOUT"
)

// An Error is a failed attempt, with what to do about it.
type Error struct {
	// Code is one of the dead-letter codes.
	Code    string
	Message string
	// Permanent errors are not retried.
	Permanent bool
	// After is the soonest that a retry makes sense, counted from now.
	After time.Duration
	// Throttled means that the destination was not called, because a limit of
	// ours was reached: it is not an attempt, and After says when to come back.
	Throttled bool
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// Permanent returns an error that is not retried.
func Permanent(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), Permanent: true}
}

// Temporary returns an error that is retried.
func Temporary(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// AsError returns err as an *Error: itself, or a temporary one of the code
// that its kind of failure has. Nil gives nil.
func AsError(err error) *Error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return Temporary(CodeTimeout, "%v", err)
	}
	return Temporary(CodeInternal, "%v", err)
}
