package runner

import (
	"bytes"
	"context"
	"errors"
	"io"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/room/function/catalog"
	"github.com/dari-bus/dari/internal/room/function/runtime"
)

// A Stream is an answer that is read while a function makes it. What has not been read
// is in no memory: the function waits with the rest, at most until its own deadline. Of
// a function that does not stream the whole answer is read, or nothing if it failed.
type Stream struct {
	// Version is the number of the version that runs.
	Version string
	// ContentType is what the function says that its answer is.
	ContentType string

	body  io.Reader
	pipe  *io.PipeReader
	late  *time.Timer
	begun chan struct{}
	ended chan struct{}

	// Once ended is closed these are constant.
	answer Answer
	err    error
}

// readSoon is how soon an answer must begin to be read, which its reader may not live
// to do.
const readSoon = 20 * time.Second

var errNotRead = errors.New("nobody reads the answer")

// Stream runs a function and returns when it begins to answer, or has failed to. It
// goes on when the caller has gone away, as at AWS.
func (s *Runner) Stream(ctx context.Context, by access.Caller, a catalog.Address, payload []byte, clientContext string) (*Stream, error) {
	payload, err := s.accept(by, a, payload, MaxSync, "RequestResponse")
	if err != nil {
		return nil, err
	}
	give, err := s.hold(by, payload)
	if err != nil {
		return nil, err
	}
	return s.begin(ctx, a, called(by, payload, clientContext), give)
}

// Begin is [Runner.Call] for an answer that is streamed. It returns when the function
// begins to answer, or has failed to, and goes on when ctx ends.
func (s *Runner) Begin(ctx context.Context, a catalog.Address, in runtime.Invocation) (*Stream, error) {
	return s.begin(ctx, a, in, func() {})
}

// begin is [Runner.Begin], and calls done when the function has ended.
func (s *Runner) begin(ctx context.Context, a catalog.Address, in runtime.Invocation, done func()) (*Stream, error) {
	f, err := s.choose(a)
	if err != nil {
		done()
		return nil, err
	}
	pipe, to := io.Pipe()
	out := &Stream{Version: f.Number, begun: make(chan struct{}), ended: make(chan struct{})}
	in.InvokedARN = a.ARN()
	in.Stream = func(contentType string) io.Writer {
		out.ContentType, out.body, out.pipe = contentType, pipe, pipe
		out.late = time.AfterFunc(readSoon, out.Close)
		close(out.begun)
		return to
	}
	s.streams.Go(func() {
		defer done()
		r, err := s.pool.Invoke(context.WithoutCancel(ctx), f, in)
		out.answer, out.err = Answer{r, f.Number}, err
		_ = to.Close() // by its contract it returns no error
		close(out.ended)
	})
	select {
	case <-out.begun:
		return out, nil
	case <-out.ended:
	}
	select {
	case <-out.begun: // both
		return out, nil
	default:
	}
	if out.body = bytes.NewReader(nil); out.answer.FunctionError == "" {
		out.body = bytes.NewReader(out.answer.Payload)
	}
	out.ContentType = out.answer.ContentType
	return out, out.err
}

// Read reads what the function has answered so far. At the end [Stream.Wait] says
// whether that is all.
func (s *Stream) Read(b []byte) (int, error) {
	if s.late != nil {
		s.late.Stop()
	}
	return s.body.Read(b)
}

// Close says that the answer is not read any more. The function goes on.
func (s *Stream) Close() {
	if s.pipe != nil {
		_ = s.pipe.CloseWithError(errNotRead) // by its contract it returns none
	}
}

// Wait returns what came of the invocation, when it has ended. The answer must have
// been read by then, or closed.
func (s *Stream) Wait() (Answer, error) {
	<-s.ended
	return s.answer, s.err
}
