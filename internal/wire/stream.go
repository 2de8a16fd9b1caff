package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"runtime/debug"
	"time"

	"github.com/dari-bus/dari/internal/wire/eventstream"
	"github.com/dari-bus/dari/internal/wire/shape"
)

// openStream makes what the output member f streams the rest of the answer.
func (h *handler) openStream(c *call, f *shape.Field, out reflect.Value) error {
	v := f.Of(out)
	if v.IsNil() {
		return nil
	}
	if f.Shape.Kind == shape.KindWriter {
		stream := v.Interface().(shape.Stream)
		c.answer.stream = stream
		return nil
	}
	d := c.protocol.Events()
	if d.initial {
		first := eventstream.Event(eventstream.InitialResponse, d.contentType, c.answer.body)
		message, err := first.Append(nil)
		if err != nil {
			return err
		}
		c.answer.body = append(c.answer.body[:0], message...)
	}
	c.answer.header.Set("Content-Type", eventstream.ContentType)
	c.answer.stream = func(ctx context.Context, w io.Writer) error {
		s := &eventSender{h: h, c: c, w: w, dialect: d}
		return s.end(shape.Run(ctx, v, func(event reflect.Value) error { return s.send(event, f.Shape.Elem) }))
	}
	return nil
}

// An eventSender writes the events of one answer.
type eventSender struct {
	h       *handler
	c       *call
	w       io.Writer
	dialect eventDialect
	// message is where messages are made.
	message []byte
	// failed says that the client does not hear us any more.
	failed bool
}

func (s *eventSender) send(event reflect.Value, union *shape.Shape) error {
	m, err := eventstream.Of(event, union, s.dialect.contentType, s.dialect.append)
	if err != nil {
		return err
	}
	return s.write(m)
}

// write sends a message. While it waits for its reader, it counts as an answer.
func (s *eventSender) write(m *eventstream.Message) (err error) {
	if s.message, err = m.Append(s.message[:0]); err != nil {
		return err
	}
	if n := int64(len(s.message)); n > smallAnswer {
		if !s.h.Answers.Try(n) {
			return shape.Busy("Too many large answers wait for their readers.")
		}
		defer s.h.Answers.Give(n)
	}
	_, err = s.w.Write(s.message)
	s.failed = err != nil
	if cap(s.message) > smallAnswer {
		s.message = nil
	}
	return err
}

// end ends the stream: with err, if there is one, in the last message.
func (s *eventSender) end(err error) error {
	if err == nil || s.failed || s.c.r.Context().Err() != nil {
		return err
	}
	e := s.h.explain(s.c, err)
	s.c.answer.code, s.c.seen.Err = e.Code, e
	m := eventstream.Exception(e.Code, s.dialect.contentType, s.dialect.problem(nil, "", e, s.c.membersShape(e)))
	if e.Status >= http.StatusInternalServerError {
		m = eventstream.Failure(e.Code, e.Message)
	}
	return s.write(m)
}

// sendStream sends an answer that comes into being while it is sent. One that
// breaks off is left without its end, so that the client sees that.
func (h *handler) sendStream(c *call, w http.ResponseWriter) {
	out := &streamWriter{w: w, control: http.NewResponseController(w)}
	defer func() {
		if p := recover(); p != nil {
			h.Log.Error("panic while streaming an answer", "request", c.caller.RequestID, "service", c.serviceName(),
				"operation", c.operationName(), "panic", p, "stack", string(debug.Stack()))
			c.answer.broken, c.seen.Err = true, errInternal(c.caller.RequestID)
		}
		if c.stream != nil {
			c.stream.Leave()
		}
	}()
	// Where there are no deadlines and no half duplex, there is nothing to lift.
	_ = out.control.EnableFullDuplex()
	_ = out.control.SetReadDeadline(time.Time{}) // that of the request would end the call with it
	w.WriteHeader(c.answer.status)
	_, err := out.Write(c.answer.body)
	if err == nil {
		err = c.answer.stream(WithCaller(c.r.Context(), c.caller), out)
	}
	if err == nil {
		return
	}
	c.answer.broken = true
	if !errors.Is(err, errClientGone) {
		c.seen.Err = h.explain(c, err)
	}
}

// A streamWriter sends what is written at once. How long it waits for a client
// that does not read is up to the connection.
type streamWriter struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

// errClientGone says that what is written does not reach the client.
var errClientGone = errors.New("the client has left, or does not read")

func (s *streamWriter) Write(b []byte) (int, error) {
	n, err := s.w.Write(b)
	if err == nil {
		err = s.control.Flush()
	}
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		return n, fmt.Errorf("%w: %w", errClientGone, err)
	}
	return n, nil
}
