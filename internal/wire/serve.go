package wire

import (
	"cmp"
	"net/http"
	"reflect"
	"runtime/debug"
	"strconv"
	"sync"

	"github.com/google/uuid"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/signature"
	"github.com/dari-bus/dari/internal/wire/body"
	"github.com/dari-bus/dari/internal/wire/shape"
)

// answers are byte slices for the bodies of answers.
var answers = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.answer(w, r, nil) }

func (h *handler) Refuse(w http.ResponseWriter, r *http.Request, e *Error) {
	h.answer(w, r, e)
}

// answer answers a request: with no if there is one, else with what it asks for.
func (h *handler) answer(w http.ResponseWriter, r *http.Request, no *Error) {
	out := answers.Get().(*[]byte)
	c := &call{r: r, w: w, began: h.Clock()}
	c.answer.header = w.Header()
	c.answer.body = (*out)[:0]
	h.identify(c)

	h.run(c, no)
	h.record(c)
	h.send(c, w)
	c.body.Free(r.Context())
	h.Answers.Give(c.kept)
	h.tell(c, w)

	if *out = c.answer.body; cap(*out) <= maxPooled {
		answers.Put(out)
	}
	if c.answer.broken {
		panic(http.ErrAbortHandler) // the connection ends without the end of the answer
	}
}

// maxPooled bounds what a buffer at rest keeps, in bytes.
const maxPooled = 1 << 20

// run serves the call up to its answer. Whatever goes wrong, there is one.
func (h *handler) run(c *call, no *Error) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if p == http.ErrAbortHandler { // itself, by its contract
			panic(p)
		}
		h.Log.Error("panic while serving a call", "request", c.caller.RequestID, "service", c.serviceName(),
			"operation", c.operationName(), "panic", p, "stack", string(debug.Stack()))
		h.fail(c, errInternal(c.caller.RequestID))
	}()
	if no != nil {
		c.read = true
		_, _ = h.route(c) // only for the dialect; what it is not, no says as well
		h.fail(c, no)
		return
	}
	if err := h.serve(c); err != nil {
		h.fail(c, h.explain(c, err))
	}
}

// serve is the story of a call. The order is that of AWS: who asks comes before
// what is asked, and the form of a request before its meaning.
func (h *handler) serve(c *call) error {
	defer func() {
		if c.answer.stream == nil { // which may still read the body
			c.body.Free(c.r.Context())
		}
	}()
	name, routed := h.lookup(c)
	if err := h.readBody(c, name); err != nil {
		return err
	}
	if !routed {
		var err error
		if name, err = h.route(c); err != nil {
			return err
		}
	}
	if err := h.authenticate(c); err != nil {
		return err
	}
	c.known = true
	h.Known(c.r.Context())
	if err := c.find(name); err != nil {
		return err
	}
	in := reflect.New(c.operation.In)
	tooMany := c.protocol.Decode(c, c.operation.in, in.Elem())
	if tooMany != nil && tooMany != shape.ErrTooManyParts {
		return tooMany
	}
	c.seen.In = in.Interface()
	if err := cmp.Or(shape.Check(c.operation.in, in.Elem()), tooMany); err != nil {
		return c.service.invalid(err)
	}
	ctx := WithCaller(c.r.Context(), c.caller)
	if err := h.Before(ctx, h.see(c)); err != nil {
		return err
	}
	out, err := c.operation.call(ctx, c.seen.In)
	if err != nil {
		return err
	}
	return h.encode(c, out)
}

// readBody reads the body of a call of the operation, "" for one that is not known
// yet; or leaves it to the operation, if that reads it while it comes and it is known
// without the body who calls.
func (h *handler) readBody(c *call, operation string) (err error) {
	c.read = true
	most, streams := h.MaxBody, false
	if c.service != nil {
		if op := c.service.operations[operation]; op != nil {
			most = cmp.Or(op.MaxBody, most)
			streams = op.binding != nil && op.binding.Streams() && (h.trusts(c) || c.auth.Sealed(c.r))
		}
	}
	refused := false
	if streams {
		c.stream, err = body.Open(c.w, c.r, most)
		refused = err != nil
	} else {
		refused, err = c.body.Read(c.r, h.Bodies, most, func() error { return h.vouch(c) })
	}
	if refused {
		c.answer.header.Set("Connection", "close")
	}
	return err
}

// encode writes the answer for an output, which is a pointer to the row's
// struct. A nil one stands for the empty struct.
func (h *handler) encode(c *call, out any) error {
	v := reflect.ValueOf(out)
	if v.IsNil() {
		v = reflect.New(c.operation.Out)
	}
	c.seen.Out = v.Interface()
	if err := c.protocol.Encode(c, c.operation.out, v.Elem()); err != nil {
		return err
	}
	if f := c.operation.stream; f != nil {
		if err := h.openStream(c, f, v.Elem()); err != nil {
			return err
		}
	}
	return h.keep(c)
}

// smallAnswer is the size up to which answers are not counted, in bytes.
const smallAnswer = 64 << 10

// keep takes the memory for an answer that may have to wait for its reader. Where
// there is none the answer is let go at once.
func (h *handler) keep(c *call) error {
	n := int64(len(c.answer.body))
	if n <= smallAnswer {
		return nil
	}
	if !h.Answers.Try(n) {
		c.answer.body = nil
		return shape.Busy("Too many large answers wait for their readers. Try again a little later, or ask for less at a time.")
	}
	c.kept = n
	return nil
}

// send writes the gathered answer. An error here is the client's going away,
// which nobody needs to hear of.
func (h *handler) send(c *call, w http.ResponseWriter) {
	header := c.answer.header
	header.Set("X-Amzn-Requestid", c.caller.RequestID)
	header.Set("Date", h.Clock().UTC().Format(http.TimeFormat))
	if c.answer.stream != nil {
		h.sendStream(c, w)
		return
	}
	if c.stream != nil {
		c.stream.Leave()
	}
	header.Set("Content-Length", strconv.Itoa(len(c.answer.body)))
	w.WriteHeader(c.answer.status)
	if c.r.Method != http.MethodHead {
		_, _ = w.Write(c.answer.body) // the client has gone; there is nobody to tell
	}
}

// identify finds out who calls, as far as the request says.
func (h *handler) identify(c *call) {
	c.auth, c.authErr = signature.Read(c.r)
	c.caller = Caller{
		Caller: c.auth.Caller(c.r, access.Place{Account: h.Account, Region: h.Region}),
		Scheme: h.Scheme, Host: h.Host,
	}
	c.caller.RequestID = uuid.NewString()
	if c.caller.Host == "" {
		c.caller.Host = c.r.Host
	}
	if c.caller.Scheme == "" {
		c.caller.Scheme = "http"
		if c.r.TLS != nil {
			c.caller.Scheme = "https"
		}
	}
}

// trusts says whether a caller is who they say they are, without a signature.
func (h *handler) trusts(c *call) bool {
	return h.Keys == nil || h.Open && !h.Keys.Issued(c.caller.KeyID)
}

// authenticate checks who signed the call, if anybody must.
func (h *handler) authenticate(c *call) error {
	if h.trusts(c) {
		return nil
	}
	if c.authErr != nil {
		return c.authErr
	}
	key, err := h.signer(c)
	if err != nil {
		return err
	}
	c.caller.Caller = signature.Become(c.caller.Caller, key)
	return nil
}

// signer returns the key that signed the call. The body of a stream is compared
// with its signature when it has come.
func (h *handler) signer(c *call) (access.Credential, error) {
	if c.stream == nil {
		return c.auth.Verify(c.r, c.body.Raw, h.Keys, h.Clock())
	}
	key, sum, err := c.auth.VerifyHead(c.r, h.Keys, h.Clock())
	if sum != "" {
		c.stream.Expect(sum, signature.ErrPayload)
	}
	return key, err
}

// vouch checks what can be known before the body of a call is: that it says who
// signed it, and that this is a key we have. The signature itself needs the body.
func (h *handler) vouch(c *call) error {
	if h.trusts(c) {
		return nil
	}
	if c.authErr != nil {
		return c.authErr
	}
	_, err := c.auth.Key(c.r, h.Keys, h.Clock())
	return err
}

func (c *call) serviceName() string {
	if c.service == nil {
		return ""
	}
	return c.service.Name
}

func (c *call) operationName() string {
	if c.operation == nil {
		return ""
	}
	return c.operation.Name
}
