package runner

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	mathrand "math/rand/v2"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/function/catalog"
	"github.com/dari-bus/dari/internal/room/function/runtime"
	"github.com/dari-bus/dari/internal/store"
)

// MaxSync bounds what a function is sent whose answer is waited for, in bytes, and
// maxAsync what all others are.
const (
	MaxSync  = 6 << 20
	maxAsync = 1 << 20
)

// An Answer is what came of an invocation.
type Answer struct {
	runtime.Result
	// Version is the number of the version that ran.
	Version string
}

const invoke = "lambda:InvokeFunction"

// may says whether a caller may invoke a function, as it names it. A service needs the
// function's policy.
func (s *Runner) may(by access.Caller, a catalog.Address) error {
	if by.Service != "" {
		return s.LetsIn(by, a, invoke)
	}
	return s.Allow(by, a, "InvokeFunction")
}

// Invoke runs a function and returns its answer. It goes on when the caller has gone
// away, as at AWS.
func (s *Runner) Invoke(ctx context.Context, by access.Caller, a catalog.Address, payload []byte, clientContext string) (Answer, error) {
	payload, err := s.accept(by, a, payload, MaxSync, "RequestResponse")
	if err != nil {
		return Answer{}, err
	}
	give, err := s.hold(by, payload)
	if err != nil {
		return Answer{}, err
	}
	defer give()
	return s.Call(context.WithoutCancel(ctx), a, called(by, payload, clientContext))
}

// smallPayload is the size up to which payloads are not counted, in bytes.
const smallPayload = 64 << 10

// ErrPayloads is the fault of an invocation with a payload for which there is no memory.
var ErrPayloads = fault.Unavailable("What the functions of the account that run now were sent takes as much memory as it may. Send less at a time, or raise -memory.").WithCode("ConcurrentInvocationLimitExceeded")

// hold takes the memory that the request with a payload has while a function runs: the
// request and what it was decoded to. Nobody waits for it, since they would have that
// memory meanwhile.
func (s *Runner) hold(by access.Caller, payload []byte) (give func(), err error) {
	n := 2 * int64(len(payload))
	if len(payload) <= smallPayload {
		n = 0
	}
	if !s.opt.Payloads.Try(by.Account, n) {
		return nil, ErrPayloads
	}
	return func() { s.opt.Payloads.Give(by.Account, n) }, nil
}

// called is the invocation that a caller makes.
func called(by access.Caller, payload []byte, clientContext string) runtime.Invocation {
	return runtime.Invocation{RequestID: by.RequestID, Payload: payload, ClientContext: clientContext, TraceID: TraceOf(by.Trace)}
}

// Work runs a function for the service itself, which asks nobody. failed says that the
// answer is that of a function that has failed.
func (s *Runner) Work(ctx context.Context, a catalog.Address, payload []byte) (answer []byte, failed bool, err error) {
	out, err := s.Call(ctx, a, runtime.Invocation{RequestID: uuid.NewString(), Payload: payload, TraceID: TraceOf("")})
	return out.Payload, out.FunctionError != "", err
}

// Check says whether a caller may invoke a function with a payload, and does not.
func (s *Runner) Check(by access.Caller, a catalog.Address, payload []byte) error {
	_, err := s.accept(by, a, payload, MaxSync, "DryRun")
	return err
}

// accept says whether a function that is there is sent what it can be sent.
func (s *Runner) accept(by access.Caller, a catalog.Address, payload []byte, most int, kind string) ([]byte, error) {
	if err := s.may(by, a); err != nil {
		return nil, err
	}
	if _, err := s.Find(a); err != nil {
		return nil, err
	}
	if len(payload) > most {
		return nil, fault.Invalid("%d byte payload is too large for the %s invocation type (limit %d bytes)", len(payload), kind, most).WithCode("RequestTooLargeException")
	}
	if len(bytes.TrimSpace(payload)) == 0 {
		return []byte("{}"), nil
	}
	return payload, checkJSON(payload)
}

// checkJSON refuses what is no JSON, in words like those of AWS's parser.
func checkJSON(payload []byte) error {
	refuse := func(at int, format string, args ...any) error {
		line := 1 + bytes.Count(payload[:at], []byte("\n"))
		column := at - bytes.LastIndexByte(payload[:at], '\n')
		return fault.Invalid("Could not parse request body into json: Could not parse payload into json: %s\n at [Source: (byte[]); line: %d, column: %d]",
			fmt.Sprintf(format, args...), line, column+1).WithCode("InvalidRequestContentException")
	}
	for i := 0; i < len(payload); {
		r, n := utf8.DecodeRune(payload[i:])
		if r == utf8.RuneError && n == 1 {
			return refuse(i, "Invalid UTF-8 start byte 0x%x", payload[i])
		}
		i += n
	}
	if json.Valid(payload) {
		return nil
	}
	var v json.RawMessage
	err := json.Unmarshal(payload, &v)
	at := len(payload)
	if e, ok := err.(*json.SyntaxError); ok {
		at = min(max(int(e.Offset)-1, 0), len(payload))
	}
	return refuse(at, "%v", err)
}

// Call runs the version that an address leads to. Who may is not asked.
func (s *Runner) Call(ctx context.Context, a catalog.Address, in runtime.Invocation) (Answer, error) {
	f, err := s.choose(a)
	if err != nil {
		return Answer{}, err
	}
	in.InvokedARN = a.ARN()
	r, err := s.pool.Invoke(ctx, f, in)
	return Answer{r, f.Number}, err
}

// choose returns the version that an invocation of an address goes to.
func (s *Runner) choose(a catalog.Address) (catalog.Found, error) {
	return s.Find(s.Choose(a, mathrand.Float64()))
}

// TraceOf is the trace header of an invocation: that of its caller, or a new one.
func TraceOf(header string) string {
	if header != "" {
		return header
	}
	id := make([]byte, 20)
	_, _ = rand.Read(id) // never fails
	return fmt.Sprintf("Root=1-%08x-%s;Parent=%s;Sampled=0", time.Now().Unix(), hex.EncodeToString(id[:12]), hex.EncodeToString(id[12:]))
}

// An Event is one that a function is sent without an answer being waited for.
type Event struct {
	ID      string
	Payload []byte
	Trace   string
	// To is the function as it was named.
	To string
}

// Send accepts an event for a function, which is on disk when Send returns. Whoever has
// it on disk in the same store and settles it later gives store.Unsynced.
func (s *Runner) Send(ctx context.Context, by access.Caller, a catalog.Address, payload []byte, opts ...store.Option) error {
	payload, err := s.accept(by, a, payload, maxAsync, "Event")
	if err != nil {
		return err
	}
	e := Event{ID: by.RequestID, Payload: payload, Trace: TraceOf(by.Trace), To: a.ARN()}
	if e.ID == "" {
		e.ID = uuid.NewString()
	}
	var start func()
	err = s.opt.Store.Update(ctx, func(tx store.Tx) error {
		lane, err := s.Lane(tx, a)
		if err == nil {
			start, err = s.opt.Outbox.Owe(tx, lane, e)
		}
		return err
	}, opts...)
	if err == nil {
		start()
	}
	return err
}
