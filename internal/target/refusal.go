package target

import (
	"context"
	"errors"

	"github.com/dari-bus/dari/internal/fault"
)

// refusal says what the error of a room means for a delivery. What the caller
// of an API would have to change, nobody changes by trying again: the target
// is missing, forbidden, or does not take this input. Everything else may pass.
//
// denied is the dead-letter code for a missing permission, which is not the
// same for all kinds of target.
func refusal(err error, denied string) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	switch fault.KindOf(err) {
	case fault.KindNotFound:
		return Permanent(CodeNoResource, "%v", err)
	case fault.KindDenied:
		return Permanent(denied, "%v", err)
	case fault.KindInvalid:
		return Permanent(CodeInvalidParam, "%v", err)
	case fault.KindLimit:
		return Temporary(CodeThrottling, "%v", err)
	case fault.KindConflict, fault.KindUnavailable:
		return Temporary(CodeFromTarget, "%v", err)
	}
	return AsError(err)
}
