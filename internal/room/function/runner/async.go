package runner

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"time"
	"unicode/utf8"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/function/catalog"
	"github.com/dari-bus/dari/internal/room/function/runtime"
)

// A Failure is what a function answered that failed, or why it did not run.
type Failure struct {
	// Answer is JSON, shortened if need be.
	Answer string
	// Throttled says that the function did not run, which does not count as an attempt,
	// and Closed that it runs for nobody: no environments are left to it.
	Throttled, Closed bool
}

func (f *Failure) Error() string { return f.Answer }

// Attempt runs a function with an event that it was sent; n counts from 1. A *Failure
// says what is to be tried again, unless it is closed; any other error is ours.
func (s *Runner) Attempt(ctx context.Context, a catalog.Address, e Event, n int) error {
	out, err := s.Call(ctx, a, runtime.Invocation{RequestID: e.ID, Payload: e.Payload, TraceID: e.Trace})
	switch {
	case fault.KindOf(err) != fault.KindInternal:
		f, found := s.Find(a)
		return &Failure{Answer: brief([]byte(err.Error())), Throttled: true, Closed: found == nil && f.Reserved != nil && *f.Reserved == 0}
	case err != nil:
		return err
	case out.FunctionError != "":
		return &Failure{Answer: brief(out.Payload)}
	}
	return s.succeeded(ctx, a, e, n, out)
}

// succeeded tells the destination of what went well. That it could not be told makes
// no failure of a success: the log says so.
func (s *Runner) succeeded(ctx context.Context, a catalog.Address, e Event, n int, out Answer) error {
	to := s.AsyncOf(a).OnSuccess
	if to == "" {
		return nil
	}
	f, err := s.Find(a)
	if err == nil {
		r := newRecord(a, e, "Success", n)
		r.answered(out.Version, "", out.Payload)
		var body []byte
		if body, err = r.text(); err == nil {
			err = s.opt.Queues.Send(ctx, a, f.Role, to, Message{Body: body})
		}
	}
	if err != nil {
		s.opt.Log.Warn("the destination of a function was not told of a success", "function", a.ARN(), "destination", to, "request", e.ID, "err", err)
	}
	return nil
}

// errNowhere says that a function has no place for what failed.
var errNowhere = errors.New("the function has neither a dead-letter queue nor a destination for failures")

// An Ending is how an event ended that failed for good.
type Ending struct {
	Failure
	// Attempts are those at which the function ran.
	Attempts int
	TooOld   bool
}

// condition is AWS's word for why.
func (e *Ending) condition() string {
	switch {
	case e.Closed:
		return "ZeroReservedConcurrency"
	case e.TooOld:
		return "EventAgeExceeded"
	}
	return "RetriesExhausted"
}

// Failed tells the dead-letter queue and the destination of a function of an event that
// failed for good. Where the function did not run there is no answer of it to tell.
func (s *Runner) Failed(ctx context.Context, a catalog.Address, e Event, end Ending) error {
	f, err := s.Find(a)
	if err != nil {
		return err
	}
	onFailure := s.AsyncOf(a).OnFailure
	if f.DeadLetter == "" && onFailure == "" {
		return errNowhere
	}
	if f.DeadLetter != "" {
		status := "200"
		if end.Throttled {
			status = "429"
		}
		err := s.opt.Queues.Send(ctx, a, f.Role, f.DeadLetter, Message{
			Body:       e.Payload,
			Attributes: map[string]string{"RequestID": e.ID, "ErrorMessage": errorMessage(end.Answer)},
			Numbers:    map[string]string{"ErrorCode": status},
		})
		if err != nil {
			return err
		}
	}
	if onFailure == "" {
		return nil
	}
	r := newRecord(a, e, end.condition(), end.Attempts)
	if !end.Throttled {
		answer := json.RawMessage(end.Answer)
		if !json.Valid(answer) {
			answer, _ = json.Marshal(end.Answer) // strings always can be
		}
		r.answered(f.Number, "Unhandled", answer)
	}
	body, err := r.text()
	if err != nil {
		return err
	}
	return s.opt.Queues.Send(ctx, a, f.Role, onFailure, Message{Body: body})
}

// A record is what a destination is told, with the members in AWS's order.
type record struct {
	Version        string `json:"version"`
	Timestamp      string `json:"timestamp"`
	RequestContext struct {
		RequestID   string `json:"requestId"`
		FunctionARN string `json:"functionArn"`
		Condition   string `json:"condition"`
		InvokeCount int    `json:"approximateInvokeCount"`
	} `json:"requestContext"`
	RequestPayload  json.RawMessage `json:"requestPayload"`
	ResponseContext *response       `json:"responseContext,omitempty"`
	ResponsePayload json.RawMessage `json:"responsePayload,omitempty"`
}

type response struct {
	StatusCode      int    `json:"statusCode"`
	ExecutedVersion string `json:"executedVersion"`
	FunctionError   string `json:"functionError,omitempty"`
}

func (r *record) answered(version, functionError string, payload []byte) {
	r.ResponseContext, r.ResponsePayload = &response{200, version, functionError}, payload
}

// text is a record as JSON, with the characters that HTML has a meaning for as they are.
func (r *record) text() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(r)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

func newRecord(a catalog.Address, e Event, condition string, n int) *record {
	if a.Qualifier == "" {
		a = a.With(catalog.Latest)
	}
	r := &record{Version: "1.0", Timestamp: time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), RequestPayload: e.Payload}
	r.RequestContext.RequestID, r.RequestContext.FunctionARN = e.ID, a.ARN()
	r.RequestContext.Condition, r.RequestContext.InvokeCount = condition, n
	return r
}

// maxAnswer bounds what is kept of an answer while an event waits for its next attempt.
const maxAnswer = 8 << 10

// brief shortens the answer of a function that failed; what is left is JSON still.
func brief(answer []byte) string {
	if len(answer) <= maxAnswer {
		return string(answer)
	}
	var e struct{ ErrorMessage, ErrorType string }
	if json.Unmarshal(answer, &e) != nil || e.ErrorMessage == "" {
		e.ErrorMessage = string(answer)
	}
	text, _ := json.Marshal(map[string]string{"errorMessage": cut(e.ErrorMessage, maxAnswer/2), "errorType": cut(e.ErrorType, 256)}) // strings always can be
	return string(text)
}

// errorMessage is what an answer says of itself, as far as an attribute may.
func errorMessage(answer string) string {
	var e struct{ ErrorMessage string }
	if json.Unmarshal([]byte(answer), &e) == nil && e.ErrorMessage != "" {
		answer = e.ErrorMessage
	}
	return cut(answer, 1024)
}

// cut cuts a text between characters.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
