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
)

// bodies are buffers for the bodies of requests.
var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

var unpackers = sync.Pool{New: func() any { return new(gzip.Reader) }}

// A heldBody is the buffers that a call's body lives in.
type heldBody []*bytes.Buffer

func (h heldBody) free() {
	for _, b := range h {
		if b.Cap() <= maxPooled {
			b.Reset()
			bodies.Put(b)
		}
	}
}

// readBody reads the whole body and unpacks it. What it returns must be freed
// when nothing points into the body any more, also after an error.
func (h *handler) readBody(c *call) (heldBody, error) {
	if c.r.Body == nil || c.r.ContentLength == 0 {
		return nil, nil
	}
	if c.r.ContentLength > h.MaxBody {
		// Reading on would only be to throw it away.
		c.answer.header.Set("Connection", "close")
		return nil, errTooLarge(h.MaxBody)
	}
	raw := bodies.Get().(*bytes.Buffer)
	held := heldBody{raw}
	// Room at once for what is common; the rest comes as it arrives, since a
	// header alone must not cost much memory.
	raw.Grow(int(min(max(c.r.ContentLength, 0), 256<<10)) + bytes.MinRead)
	if err := h.fill(raw, c.r.Body); err != nil {
		return held, err
	}
	c.raw, c.body = raw.Bytes(), raw.Bytes()
	c.rawBytes = raw.Len()

	switch encoding := strings.ToLower(c.r.Header.Get("Content-Encoding")); encoding {
	case "", "identity":
		return held, nil
	case "gzip":
		body := bodies.Get().(*bytes.Buffer)
		held = append(held, body)
		if err := h.unpack(body, c.raw); err != nil {
			return held, err
		}
		c.body = body.Bytes()
		return held, nil
	default:
		return held, &Error{
			Code: "SerializationException", QueryCode: "MalformedInput", Status: http.StatusUnsupportedMediaType,
			Message: fmt.Sprintf("The Content-Encoding %q is not understood; send gzip or none.", clip(encoding)),
		}
	}
}

// fill reads from into to, MaxBody bytes at most.
func (h *handler) fill(to *bytes.Buffer, from io.Reader) error {
	if _, err := to.ReadFrom(io.LimitReader(from, h.MaxBody+1)); err != nil {
		return &Error{
			Code: "RequestTimeout", Status: http.StatusBadRequest,
			Message: "The request ended before its body was complete.",
		}
	}
	if int64(to.Len()) > h.MaxBody {
		return errTooLarge(h.MaxBody)
	}
	return nil
}

func (h *handler) unpack(to *bytes.Buffer, packed []byte) error {
	z := unpackers.Get().(*gzip.Reader)
	defer unpackers.Put(z)
	err := z.Reset(bytes.NewReader(packed))
	if err == nil {
		_, err = to.ReadFrom(io.LimitReader(z, h.MaxBody+1))
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
	if int64(to.Len()) > h.MaxBody {
		return errTooLarge(h.MaxBody)
	}
	return nil
}

func errTooLarge(limit int64) error {
	return &Error{
		Code: "RequestEntityTooLargeException", QueryCode: "RequestEntityTooLarge", Status: http.StatusRequestEntityTooLarge,
		Message: fmt.Sprintf("The request body must be no larger than %d bytes.", limit),
	}
}
