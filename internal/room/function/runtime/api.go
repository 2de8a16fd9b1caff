package runtime

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

const (
	// maxAnswer is how long an answer may be that is not streamed.
	maxAnswer = 6<<20 + 100
	// maxStreamed is how long one may be that is.
	maxStreamed = 200 << 20
	// maxThrownAway is how much is read of an answer that is too long, so that its
	// writer gets to read why.
	maxThrownAway = 256 << 20
	// maxError is how long an error may be.
	maxError = 6 << 20
)

// A call is an invocation on its way through the Runtime API.
type call struct {
	Invocation
	begun    time.Time
	deadline time.Time
	answered chan struct{} // closed when there is an answer
	over     chan struct{} // closed when the function asks for the next
	// streamed says that its stream has begun, or will not any more. The run's mu guards it.
	streamed bool

	// Until answered and over are closed, these are the API's.
	answer             answer
	answeredAt, overAt time.Time
}

// An answer is what the function made of an invocation.
type answer struct {
	payload     []byte
	failed      bool
	contentType string
	streamed    bool
}

// A state is how far a run is.
type state int

const (
	starting  state = iota // the function has not asked for its first invocation
	waiting                // it has asked for the next one
	working                // it has one
	answering              // it is answering
	answered               // it has answered
)

// api is the Runtime API of one run.
func (r *run) api() http.Handler {
	mux := http.NewServeMux()
	const base = "/2018-06-01/runtime/"
	mux.HandleFunc("GET "+base+"invocation/next", r.next)
	mux.HandleFunc("POST "+base+"invocation/{id}/response", r.response)
	mux.HandleFunc("POST "+base+"invocation/{id}/error", r.failure)
	mux.HandleFunc("POST "+base+"init/error", r.initFailure)
	mux.HandleFunc("GET /2018-06-01/ping", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "pong") })
	mux.HandleFunc("PUT /2020-08-15/logs", notSupported("Logs"))
	mux.HandleFunc("PUT /2022-07-01/telemetry", notSupported("Telemetry"))
	return mux
}

// notSupported is said with a status that extensions do not take for a fault.
func notSupported(what string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		answerWith(w, http.StatusAccepted, what+".NotSupported", what+" API is not supported")
	}
}

func answerWith(w http.ResponseWriter, status int, errorType, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(struct { // a function that is gone does not want it
		Message string `json:"errorMessage"`
		Type    string `json:"errorType"`
	}{message, errorType})
}

func accepted(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, "{\"status\":\"OK\"}\n") // as above
}

// next ends the invocation before and waits for another, for as long as it takes.
func (r *run) next(w http.ResponseWriter, req *http.Request) {
	if !r.turn() {
		wrongState(w)
		return
	}
	var c *call
	select {
	case c = <-r.calls:
	case <-req.Context().Done():
		return
	}
	h := w.Header()
	for name, value := range map[string]string{
		"Lambda-Runtime-Aws-Request-Id":       c.RequestID,
		"Lambda-Runtime-Trace-Id":             c.TraceID,
		"Lambda-Runtime-Client-Context":       c.ClientContext,
		"Lambda-Runtime-Invoked-Function-Arn": c.InvokedARN,
		"Lambda-Runtime-Deadline-Ms":          strconv.FormatInt(c.deadline.UnixMilli(), 10),
	} {
		if value != "" {
			h.Set(name, value)
		}
	}
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(c.Payload)))
	_, _ = w.Write(c.Payload) // a function that is gone does not want it
}

// turn reports whether the function may ask for the next invocation.
func (r *run) turn() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch r.state {
	case working, answering:
		return false
	case starting:
		r.readyAt = time.Now()
		close(r.ready)
	case answered:
		r.call.overAt = time.Now()
		close(r.call.over)
		r.call = nil
	}
	r.state = waiting
	return true
}

func wrongState(w http.ResponseWriter) {
	answerWith(w, http.StatusForbidden, "InvalidStateTransition", "Transition from the current state to the one asked for is not allowed")
}

// claim begins the answer to an invocation.
func (r *run) claim(w http.ResponseWriter, req *http.Request) *call {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.call == nil || r.call.RequestID != req.PathValue("id"):
		answerWith(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
		return nil
	case r.state != working:
		wrongState(w)
		return nil
	}
	r.state = answering
	return r.call
}

// settle gives an invocation its answer.
func (r *run) settle(c *call, a answer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c.answer, c.answeredAt = a, time.Now()
	r.state = answered
	close(c.answered)
}

// unclaim takes back the beginning of an answer of which no end came.
func (r *run) unclaim() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state = working
}

func (r *run) response(w http.ResponseWriter, req *http.Request) {
	c := r.claim(w, req)
	if c == nil {
		return
	}
	mode := req.Header.Get("Lambda-Runtime-Function-Response-Mode")
	if mode != "" && mode != "streaming" {
		r.unclaim()
		answerWith(w, http.StatusBadRequest, "InvalidFunctionResponseMode", "Invalid function response mode, expected streaming")
		return
	}
	a := answer{contentType: req.Header.Get("Content-Type")}
	var err error
	if mode == "streaming" && c.Stream != nil {
		to := r.begin(c, a.contentType)
		if to == nil {
			r.unclaim()
			wrongState(w)
			return
		}
		a.streamed = true
		err = stream(to, req.Body, r.env.engine.maxStreamed)
	} else {
		a.payload, err = io.ReadAll(io.LimitReader(req.Body, maxAnswer+1))
	}
	switch {
	case errors.Is(err, errTooLong):
		r.tooLong(c, w, req.Body, r.env.engine.maxStreamed)
		return
	case err != nil:
		r.unclaim() // the function ended in the middle of it
		return
	case len(a.payload) > maxAnswer:
		r.tooLong(c, w, req.Body, maxAnswer)
		return
	}
	// An answer that broke says so behind it.
	if kind := req.Trailer.Get("Lambda-Runtime-Function-Error-Type"); kind != "" {
		a.failed = true
		if a.payload, err = base64.StdEncoding.DecodeString(req.Trailer.Get("Lambda-Runtime-Function-Error-Body")); err != nil || len(a.payload) == 0 {
			a.payload = errorPayload(kind, "the answer broke off", true)
		}
	}
	r.settle(c, a)
	accepted(w)
}

// begin begins the stream of an answer, once: nobody waits for another one behind what
// broke off, nor for one after the end of the invocation.
func (r *run) begin(c *call, contentType string) io.Writer {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.streamed {
		return nil
	}
	c.streamed = true
	return c.Stream(contentType)
}

// tooLong ends an invocation whose answer has more than most bytes.
func (r *run) tooLong(c *call, w http.ResponseWriter, rest io.Reader, most int) {
	_, _ = io.Copy(io.Discard, io.LimitReader(rest, maxThrownAway))
	r.settle(c, answer{failed: true, payload: errorPayload("Function.ResponseSizeTooLarge",
		fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", most), true)})
	answerWith(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", fmt.Sprintf("Exceeded maximum allowed payload size (%d bytes).", most))
}

var errTooLong = errors.New("the answer is too long")

// stream passes an answer of most bytes at most on while it comes. A reader who is gone does not keep
// the function from its end.
func stream(to io.Writer, from io.Reader, most int) error {
	buf := make([]byte, 32<<10)
	gone := false
	for n := 0; ; {
		m, err := from.Read(buf)
		if n += m; n > most {
			return errTooLong
		}
		if m > 0 && !gone {
			_, werr := to.Write(buf[:m])
			gone = werr != nil
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

func (r *run) failure(w http.ResponseWriter, req *http.Request) {
	c := r.claim(w, req)
	if c == nil {
		return
	}
	body, err := io.ReadAll(io.LimitReader(req.Body, maxError))
	if err != nil {
		r.unclaim()
		return
	}
	r.settle(c, answer{failed: true, payload: body})
	accepted(w)
}

// exitTime is how long a process may take to end that has said that it cannot start.
const exitTime = time.Second

func (r *run) initFailure(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(io.LimitReader(req.Body, maxError))
	if err != nil {
		return
	}
	kind := req.Header.Get("Lambda-Runtime-Function-Error-Type")
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.state != starting {
		wrongState(w)
		return
	}
	r.initError, r.initErrorType = body, kind
	time.AfterFunc(exitTime, r.kill)
	accepted(w)
}

// errorPayload is an error that the platform answers with; the members of some
// stand in the other order.
func errorPayload(errorType, message string, typeLast bool) []byte {
	kind, _ := json.Marshal(errorType) // texts always can be
	text, _ := json.Marshal(message)
	if typeLast {
		return fmt.Appendf(nil, `{"errorMessage":%s,"errorType":%s}`, text, kind)
	}
	return fmt.Appendf(nil, `{"errorType":%s,"errorMessage":%s}`, kind, text)
}
