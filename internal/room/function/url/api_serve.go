package url

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/budget"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/function/catalog"
	"github.com/dari-bus/dari/internal/room/function/runner"
	"github.com/dari-bus/dari/internal/room/function/runtime"
	"github.com/dari-bus/dari/internal/wire/body"
	"github.com/dari-bus/dari/internal/wire/shape"
)

// A Door is by what requests come in.
type Door struct {
	// Keys are the access keys that may sign. Open lets those in as well whose key is
	// none that Keys issued.
	Keys access.Credentials
	Open bool
	// OnePermission lets in whoever may do lambda:InvokeFunctionUrl, as AWS did before
	// October 2025.
	OnePermission bool
	// Bodies is the memory for requests, Answers that for answers.
	Bodies  body.Memory
	Answers *budget.Share
	// Known is told the context of a request once it is known that it may come in.
	Known func(context.Context)
	// Record is told of each request that came in, before it is answered.
	Record func(context.Context, Visit)
	Log    *slog.Logger
}

// A Visit is a request that came in, and what came of it.
type Visit struct {
	// By has no account where nobody knows who it is.
	By   access.Caller
	Of   catalog.Address
	Host string
	// Code and Message say why the function did not run, "" when it did.
	Code, Message string
}

// Handler serves the URLs. The path values of its requests have the id of one and its
// region.
func (s *Service) Handler(d Door) http.Handler {
	m := s.newMemory(d)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &call{Door: d, memory: m, s: s, w: w, r: r, id: uuid.NewString()}
		w.Header().Set("X-Amzn-Requestid", c.id)
		c.url, c.of = s.find(r.PathValue("region"), r.PathValue("id"))
		if c.url == nil {
			c.fail(errNowhere)
			return
		}
		if c.url.CORS.answer(w, r) {
			return
		}
		if err := c.serve(); err != nil {
			c.fail(err)
		}
	})
}

// A call is one request on its way.
type call struct {
	Door
	memory *memory

	s   *Service
	w   http.ResponseWriter
	r   *http.Request
	id  string
	url *URL
	of  catalog.Address
	by  access.Caller
}

// A refusal is the answer of a URL whose function did not answer.
type refusal struct {
	status int
	code   string
	body   []byte
}

func (r *refusal) Error() string { return string(r.body) }

func refuse(status int, code, message string) *refusal {
	text, _ := json.Marshal(struct{ Message string }{message}) // texts always can be
	return &refusal{status, code, text}
}

// record tells of a request whose function runs, or of why it does not.
func (c *call) record(err error) {
	v := Visit{By: c.by, Of: c.of, Host: c.r.Host}
	if r, known := refusalOf(err); known {
		var said struct{ Message string }
		_ = json.Unmarshal(r.body, &said) // it is ours
		v.Code, v.Message = r.code, said.Message
	} else if err != nil {
		v.Code, v.Message = "ServiceException", string(r.body)
	}
	c.Record(context.WithoutCancel(c.r.Context()), v)
}

// refusalOf is what an error is answered with, and says whether it is no fault of ours.
func refusalOf(err error) (r *refusal, known bool) {
	r, ok := errors.AsType[*refusal](err)
	switch e, isShape := errors.AsType[*shape.Error](err); {
	case ok:
	case isShape:
		r = refuse(e.Status, e.Code, e.Message)
		if r.status == 0 {
			r.status = http.StatusServiceUnavailable
		}
	case fault.KindOf(err) == fault.KindUnavailable:
		r = refuse(http.StatusTooManyRequests, "TooManyRequestsException", "Rate Exceeded.")
	default:
		return errBroken, false
	}
	return r, true
}

// fail answers with what went wrong.
func (c *call) fail(err error) {
	r, known := refusalOf(err)
	if !known {
		c.Log.Error("a function URL could not run its function", "function", c.of.ARN(), "request", c.id, "err", err)
	}
	h := c.w.Header()
	h.Set("Content-Type", "application/json")
	if r.code != "" {
		h.Set("X-Amzn-Errortype", r.code)
	}
	c.w.WriteHeader(r.status)
	_, _ = c.w.Write(r.body) // the client has gone; there is nobody to tell
}

// serve runs the function.
func (c *call) serve() error {
	payload, by, err := c.read()
	if err != nil {
		return err
	}
	c.by = by
	defer c.memory.give(c.r.Context(), payload.taken)
	c.w.Header().Set("X-Amzn-Trace-Id", by.Trace)
	// The deadline of the request would end the call with it. What has none needs none.
	_ = http.NewResponseController(c.w).SetReadDeadline(time.Time{})
	in := runtime.Invocation{RequestID: c.id, Payload: payload.text, TraceID: by.Trace}
	if c.url.Mode == streamed {
		return c.stream(in)
	}
	got, err := c.s.opt.Functions.Call(context.WithoutCancel(c.r.Context()), c.of, in)
	c.record(err)
	if err != nil {
		return err
	}
	return c.answer(got)
}

// answer answers with what a function returned.
func (c *call) answer(got runner.Answer) error {
	if got.FunctionError != "" {
		return errBroken
	}
	// What is made of it has its size at most three times: JSON, text, and bytes.
	n := 3 * int64(len(got.Payload))
	if !c.memory.answer(n) {
		return errBusy
	}
	defer c.memory.answered(n)
	a, err := parsed(got)
	if err != nil {
		return err
	}
	a.head(c.w, c.url.CORS != nil)
	if c.r.Method != http.MethodHead {
		_, _ = c.w.Write(a.body) // the client has gone; there is nobody to tell
	}
	return nil
}

var errBusy = refuse(http.StatusServiceUnavailable, "ServiceUnavailableException", "Too many large answers wait for their readers. Try again a little later.")

// An input is the event of a request, and how much memory it has.
type input struct {
	text  []byte
	taken eventMemory
}

// read reads a request, of somebody who may come in.
func (c *call) read() (in input, by access.Caller, err error) {
	var who signer
	if c.url.Auth == authNone {
		by = c.anonymous()
		if err := c.admit(by); err != nil {
			return in, by, err
		}
	} else if who, err = c.sign(); err != nil {
		return in, by, err
	}
	var b body.Body
	defer func() { b.Free(c.r.Context()) }()
	refused, err := b.Read(c.bare(), c.Bodies, runner.MaxSync, func() error {
		if c.url.Auth == authNone {
			return nil
		}
		return who.vouch(c)
	})
	if refused {
		c.w.Header().Set("Connection", "close")
	}
	if err != nil {
		return in, by, err
	}
	if c.url.Auth != authNone {
		if by, err = who.verify(c, b.Raw); err == nil {
			err = c.admit(by)
		}
		if err != nil {
			return in, by, err
		}
	}
	by.RequestID, by.Trace = c.id, runner.TraceOf(by.Trace)
	in.text, err = newEvent(c.r, c.of, c.url.ID, by, time.Now()).encode(b.Raw, func(n int) error {
		var err error
		if in.taken, err = c.memory.take(c.r.Context(), c.of.Account, &b, int64(n)); err != nil {
			return errBusyBodies
		}
		return nil
	})
	if err != nil {
		c.memory.give(c.r.Context(), in.taken)
	}
	return in, by, err
}

var errBusyBodies = refuse(http.StatusServiceUnavailable, "ServiceUnavailableException", "Too many large requests are being read. Try again a little later, or send smaller ones.")

// bare is the request with a body that is read as it is, packed or not.
func (c *call) bare() *http.Request {
	r := c.r.WithContext(c.r.Context())
	r.Header = r.Header.Clone()
	r.Header.Del("Content-Encoding")
	return r
}
