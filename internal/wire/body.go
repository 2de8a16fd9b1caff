package wire

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/dari-bus/dari/internal/wire/shape"
)

// bodies are buffers for the bodies of requests.
var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

var unpackers = sync.Pool{New: func() any { return new(gzip.Reader) }}

// smallBody is the size up to which bodies are read without asking who sends
// them, and whether there is memory, in bytes: a connection costs more.
const smallBody = 16 << 10

// A heldBody is what a call's body lives in.
type heldBody struct {
	// buffers are for what was sent and for what it unpacked to.
	buffers [2]*bytes.Buffer
	n       int
	// taken is how much of the memory for bodies that is, in bytes.
	taken int64
}

// buffer returns another buffer for the body.
func (held *heldBody) buffer() *bytes.Buffer {
	b := bodies.Get().(*bytes.Buffer)
	held.buffers[held.n] = b
	held.n++
	return b
}

// free gives back what the body lives in, once.
func (h *handler) free(c *call) {
	for _, b := range c.held.buffers[:c.held.n] {
		if b.Cap() <= maxPooled {
			b.Reset()
			bodies.Put(b)
		}
	}
	if c.held.taken > 0 {
		h.Bodies.Give(c.r.Context(), c.held.taken)
	}
	c.held = heldBody{}
}

// take takes n bytes more for the body.
func (h *handler) take(c *call, n int64) error {
	if err := h.Bodies.Take(c.r.Context(), n); err != nil {
		return errBusy("Too many large requests are being read. Try again a little later, or send smaller ones.")
	}
	c.held.taken += n
	return nil
}

// admit finds out, before a body is read, whether there is a place for it.
func (h *handler) admit(c *call) error {
	// Half of what is taken is for what the body is decoded to.
	c.most = min(c.most, h.Bodies.Most()/2)
	size := c.r.ContentLength
	if size < 0 {
		size = c.most // it does not say
	}
	if size > c.most {
		return errTooLarge(c.most)
	}
	if size <= smallBody {
		return nil
	}
	if err := h.vouch(c); err != nil {
		return err
	}
	return h.take(c, 2*size)
}

// readBody reads the whole body and unpacks it. What the call holds must be freed
// when nothing points into the body any more, also after an error.
func (h *handler) readBody(c *call) error {
	c.read = true
	if c.r.Body == nil || c.r.ContentLength == 0 {
		return nil
	}
	if err := h.admit(c); err != nil {
		// Reading on would only be to throw it away.
		c.answer.header.Set("Connection", "close")
		return err
	}
	raw := c.held.buffer()
	// Room at once for what is common; the rest comes as it arrives, since a
	// header alone must not cost much memory.
	raw.Grow(int(min(max(c.r.ContentLength, 0), 256<<10)) + bytes.MinRead)
	if err := fill(raw, c.r.Body, c.most); err != nil {
		return err
	}
	c.raw, c.body = raw.Bytes(), raw.Bytes()

	switch encoding := strings.ToLower(c.r.Header.Get("Content-Encoding")); encoding {
	case "", "identity":
		return nil
	case "gzip":
		// How much it will be is known when it is too late to ask.
		c.most = min(c.most, (h.Bodies.Most()-c.held.taken)/2)
		if err := h.take(c, 2*c.most); err != nil {
			return err
		}
		body := c.held.buffer()
		if err := unpack(body, c.raw, c.most); err != nil {
			return err
		}
		c.body = body.Bytes()
		spare := 2 * (c.most - int64(len(c.body)))
		c.held.taken -= spare
		h.Bodies.Give(c.r.Context(), spare)
		return nil
	default:
		return errEncoding(encoding, "Send gzip or none.")
	}
}

// fill reads from into to, most bytes at most.
func fill(to *bytes.Buffer, from io.Reader, most int64) error {
	if _, err := to.ReadFrom(io.LimitReader(from, most+1)); err != nil {
		return &Error{
			Code: "RequestTimeout", Status: http.StatusBadRequest,
			Message: "The request ended before its body was complete.",
		}
	}
	if int64(to.Len()) > most {
		return errTooLarge(most)
	}
	return nil
}

func unpack(to *bytes.Buffer, packed []byte, most int64) error {
	z := unpackers.Get().(*gzip.Reader)
	defer unpackers.Put(z)
	err := z.Reset(bytes.NewReader(packed))
	if err == nil {
		_, err = to.ReadFrom(io.LimitReader(z, most+1))
	}
	if err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = errors.New("it ends too early")
		}
		return &Error{
			Code: "SerializationException", QueryCode: "MalformedInput",
			Message: "The request body is not valid gzip: " + err.Error() + ".",
		}
	}
	if int64(to.Len()) > most {
		return errTooLarge(most)
	}
	return nil
}

func errEncoding(encoding, remedy string) error {
	return &Error{
		Code: "SerializationException", QueryCode: "MalformedInput", Status: http.StatusUnsupportedMediaType,
		Message: fmt.Sprintf("The Content-Encoding %q is not understood. %s", shape.Clip(encoding), remedy),
	}
}

func errBusy(message string) error {
	return &Error{Code: "ServiceUnavailable", Status: http.StatusServiceUnavailable, Message: message}
}

func errTooLarge(limit int64) error {
	return &Error{
		Code: "RequestEntityTooLargeException", QueryCode: "RequestEntityTooLarge", Status: http.StatusRequestEntityTooLarge,
		Message: fmt.Sprintf("The request body must be no larger than %d bytes.", limit),
	}
}
