package wire

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"reflect"
	"runtime/debug"
	"time"

	"github.com/dari-bus/dari/internal/wire/later"
	"github.com/dari-bus/dari/internal/wire/shape"
	"github.com/dari-bus/dari/internal/wire/trail"
)

// A Call is one call of an operation as the hooks around it see it. What is not
// known yet, or never came to be, is the zero value. Who keeps a Call keeps what
// the request holds.
type Call struct {
	// Service and Operation are "" as far as the request could not be routed; they
	// are names from the tables, never the client's own words.
	Service, Operation string
	// Recorded is the name of the operation in trails.
	Recorded string
	// ReadOnly and Data are those of the operation's row.
	ReadOnly, Data bool
	Caller         Caller
	// In is a pointer to the operation's input, nil when it could not be read; Out
	// a pointer to its output, nil when there is none.
	In, Out any
	// Err is what the client saw, nil when the call succeeded; Code is its code in
	// the words of the client's dialect, or "".
	Err  *Error
	Code string
	// Status is the HTTP status, 499 when the client went away first.
	Status int
	Began  time.Time
	// Duration is from the arrival of the headers until the answer was written.
	Duration time.Duration

	host    string
	later   []func(context.Context)
	in, out *shape.Shape
	grants  bool
}

// RequestParameters returns the input as CloudTrail prints it, at most
// [trail.MaxBytes] of JSON: null when there is none. Who may not see secrets may
// see this.
func (c *Call) RequestParameters() []byte {
	if c.In == nil {
		return []byte("null")
	}
	return trail.Input(reflect.ValueOf(c.In).Elem(), c.in)
}

// ResponseElements returns the output as CloudTrail prints it, like
// [Call.RequestParameters]. A call that only reads shows none, unless it grants
// something.
func (c *Call) ResponseElements() []byte {
	if c.Out == nil || c.ReadOnly && !c.grants {
		return []byte("null")
	}
	return trail.Output(reflect.ValueOf(c.Out).Elem(), c.out)
}

// ErrorMessage returns the sentence that the client saw, "" when the call
// succeeded, without the secrets of the input in it.
func (c *Call) ErrorMessage() string {
	if c.Err == nil {
		return ""
	}
	message := cmp.Or(c.Err.Message, c.Err.QueryMessage)
	if c.In == nil {
		return message
	}
	return trail.Message(message, reflect.ValueOf(c.In).Elem(), c.in)
}

// HostHeader is by which name the client called.
func (c *Call) HostHeader() string { return c.host }

// Later has fn run when the hook has returned, beside the connection. It is for
// [Options.After] and whatever there must wait for a disk or another machine: fn
// should be done within ten seconds, when its context ends. There is room for 64
// of them at a time. While there is none, the connection's next call waits for a
// second; then fn is let go, and the log says so.
func (c *Call) Later(fn func(context.Context)) { c.later = append(c.later, fn) }

// statusClientGone is what proxies log when a client did not wait for the
// answer.
const statusClientGone = 499

// see brings what the hooks are told up to date.
func (h *handler) see(c *call) *Call {
	s := &c.seen
	s.Caller, s.Began, s.host = c.caller, c.began, c.r.Host
	if c.service != nil {
		s.Service = c.service.Name
	}
	if c.operation != nil {
		s.Operation, s.ReadOnly, s.Data = c.operation.Name, c.operation.ReadOnly, c.operation.Data
		s.Recorded = cmp.Or(c.operation.Recorded, c.operation.Name)
		s.in, s.out, s.grants = c.operation.in, c.operation.out, c.operation.Grants
	}
	return s
}

// outcome brings what the hooks are told of how a call ended up to date.
func (h *handler) outcome(c *call) *Call {
	s := h.see(c)
	s.Duration, s.Status, s.Code = h.Clock().Sub(c.began), c.answer.status, c.answer.code
	if s.Err != nil {
		s.Out = nil
	}
	return s
}

// record tells the hook of a call that is about to be answered. That the client has
// gone does not end it.
func (h *handler) record(c *call) {
	if h.Record == nil || !c.known || c.operation == nil {
		return
	}
	s := h.outcome(c)
	h.guarded(s, func() { h.Record(context.WithoutCancel(c.r.Context()), s) })
}

// tell tells the hook of a call that is answered.
func (h *handler) tell(c *call, w http.ResponseWriter) {
	if h.After == nil {
		return
	}
	s := h.outcome(c)
	if errors.Is(c.r.Context().Err(), context.Canceled) {
		s.Status = statusClientGone
	}
	if f, ok := w.(http.Flusher); ok {
		f.Flush() // the client shall not wait for the hook
	}
	ctx := context.WithoutCancel(c.r.Context())
	h.guarded(s, func() { h.After(ctx, s) })
	for _, fn := range s.later {
		h.after.Start(func() {
			within, cancel := context.WithTimeout(ctx, later.Within)
			defer cancel()
			h.guarded(s, func() { fn(within) })
		}, func() {
			h.Log.Error("what was left for later after a call is let go, since what is left from others takes too long",
				"request", s.Caller.RequestID, "service", s.Service, "operation", s.Operation)
		})
	}
}

// guarded runs a hook, whose panic is its own affair.
func (h *handler) guarded(s *Call, hook func()) {
	defer func() {
		if p := recover(); p != nil {
			h.Log.Error("panic in a hook around a call", "request", s.Caller.RequestID, "service", s.Service,
				"operation", s.Operation, "panic", p, "stack", string(debug.Stack()))
		}
	}()
	hook()
}
