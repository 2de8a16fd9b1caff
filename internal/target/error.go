package target

import "github.com/dari-bus/dari/internal/outbound"

// An Error is a failed attempt, with what to do about it. It is that of a call
// to the world, since all kinds of targets fail in the same words.
type Error = outbound.Error

// The dead-letter codes of EventBridge that dari uses.
const (
	CodeConnection   = outbound.CodeConnection
	CodeFromTarget   = outbound.CodeFromTarget
	CodeInternal     = outbound.CodeInternal
	CodeInvalidJSON  = "INVALID_JSON"
	CodeInvalidParam = outbound.CodeInvalidParam
	CodeNoPermission = outbound.CodeNoPermission
	CodeNoResource   = "NO_RESOURCE"
	CodeThirdHop     = "THIRD_ACCOUNT_HOP_DETECTED"
	CodeThrottling   = outbound.CodeThrottling
	CodeTimeout      = outbound.CodeTimeout
)

// Permanent returns an error that is not retried.
func Permanent(code, format string, args ...any) *Error {
	return outbound.Permanent(code, format, args...)
}

// Temporary returns an error that is retried.
func Temporary(code, format string, args ...any) *Error {
	return outbound.Temporary(code, format, args...)
}

// AsError returns err as an *Error: itself, or a temporary one of the code
// that its kind of failure has. Nil gives nil.
func AsError(err error) *Error { return outbound.AsError(err) }
