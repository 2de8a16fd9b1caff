// Package body reads the bodies of requests into memory that is counted, whole or
// while they come.
//
// A body that is larger than it may be is not read at all where its length says
// so, and one that is large is read only when somebody vouches for its sender and
// there is memory for it and for what it will be decoded to.
package body

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"sync"

	"github.com/dari-bus/dari/internal/wire/shape"
)

// Memory is what bodies may hold, in bytes.
type Memory interface {
	// Take takes n bytes for the call with this context. An error says that there
	// were none in time.
	Take(ctx context.Context, n int64) error
	// Give gives n bytes back that were taken for the same call.
	Give(ctx context.Context, n int64)
	// Most is how many bytes there are in all, for one call that has them alone.
	Most() int64
}

// Endless is memory without end.
type Endless struct{}

func (Endless) Take(context.Context, int64) error { return nil }
func (Endless) Give(context.Context, int64)       {}
func (Endless) Most() int64                       { return math.MaxInt64 }

// buffers are for the bodies of requests.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

var unpackers = sync.Pool{New: func() any { return new(gzip.Reader) }}

const (
	// small is the size up to which bodies are read without asking who sends them,
	// and whether there is memory, in bytes: a connection costs more.
	small = 16 << 10
	// maxPooled bounds what a buffer at rest keeps, in bytes.
	maxPooled = 1 << 20
)

// A Body is the body of one request. The zero Body is that of one without.
type Body struct {
	// Raw is the body as it was sent, Text the same without its compression. Both
	// are good until the body is freed.
	Raw, Text []byte

	memory Memory
	// held are the buffers for what was sent and for what it unpacked to.
	held [2]*bytes.Buffer
	n    int
	// taken is how much of the memory that is, in bytes.
	taken int64
}

// buffer returns another buffer for the body.
func (b *Body) buffer() *bytes.Buffer {
	buffer := buffers.Get().(*bytes.Buffer)
	b.held[b.n] = buffer
	b.n++
	return buffer
}

// Keep has Free not give back n bytes of what was taken for what the body is decoded to,
// or as many as that was, and returns how many: the caller gives them back.
func (b *Body) Keep(n int64) int64 {
	n = min(n, b.taken/2)
	b.taken -= n
	return n
}

// Free gives back what the body lives in. It may be called again. ctx is that of
// the request.
func (b *Body) Free(ctx context.Context) {
	for _, buffer := range b.held[:b.n] {
		if buffer.Cap() <= maxPooled {
			buffer.Reset()
			buffers.Put(buffer)
		}
	}
	if b.taken > 0 {
		b.memory.Give(ctx, b.taken)
	}
	*b = Body{}
}

// take takes n bytes more of the memory.
func (b *Body) take(ctx context.Context, n int64) error {
	if err := b.memory.Take(ctx, n); err != nil {
		return shape.Busy("Too many large requests are being read. Try again a little later, or send smaller ones.")
	}
	b.taken += n
	return nil
}

// admit finds out, before a body is read, whether there is a place for it.
func (b *Body) admit(r *http.Request, most int64, vouch func() error) error {
	size := r.ContentLength
	if size < 0 {
		size = most // it does not say
	}
	if size > most {
		return errTooLarge(most)
	}
	if size <= small {
		return nil
	}
	if err := vouch(); err != nil {
		return err
	}
	return b.take(r.Context(), 2*size)
}

// Read reads the whole body of r, most bytes at most, and unpacks it. Before a
// large one is read, vouch says what is wrong with its sender. The body must be
// freed when nothing points into it any more, also after an error. With an error
// refused says that the body was not read, so that the connection is of no further
// use.
func (b *Body) Read(r *http.Request, memory Memory, most int64, vouch func() error) (refused bool, err error) {
	if r.Body == nil || r.ContentLength == 0 {
		return false, nil
	}
	b.memory = memory
	most = min(most, memory.Most()/2) // half is for what the body is decoded to
	if err := b.admit(r, most, vouch); err != nil {
		return true, err // reading on would only be to throw it away
	}
	raw := b.buffer()
	// Room at once for what is common; the rest comes as it arrives, since a
	// header alone must not cost much memory.
	raw.Grow(int(min(max(r.ContentLength, 0), 256<<10)) + bytes.MinRead)
	if err := fill(raw, r.Body, most); err != nil {
		return false, err
	}
	b.Raw, b.Text = raw.Bytes(), raw.Bytes()

	switch encoding := strings.ToLower(r.Header.Get("Content-Encoding")); encoding {
	case "", "identity":
		return false, nil
	case "gzip":
		return false, b.unpack(r.Context(), most)
	default:
		return false, errEncoding(encoding, "Send gzip or none.")
	}
}

// unpack makes the body what it unpacks to.
func (b *Body) unpack(ctx context.Context, most int64) error {
	// How much it will be is known when it is too late to ask.
	most = min(most, (b.memory.Most()-b.taken)/2)
	if err := b.take(ctx, 2*most); err != nil {
		return err
	}
	text := b.buffer()
	if err := unpack(text, b.Raw, most); err != nil {
		return err
	}
	b.Text = text.Bytes()
	spare := 2 * (most - int64(len(b.Text)))
	b.taken -= spare
	b.memory.Give(ctx, spare)
	return nil
}

// fill reads from into to, most bytes at most.
func fill(to *bytes.Buffer, from io.Reader, most int64) error {
	if _, err := to.ReadFrom(io.LimitReader(from, most+1)); err != nil {
		return &shape.Error{
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
		return &shape.Error{
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
	return &shape.Error{
		Code: "SerializationException", QueryCode: "MalformedInput", Status: http.StatusUnsupportedMediaType,
		Message: fmt.Sprintf("The Content-Encoding %q is not understood. %s", shape.Clip(encoding), remedy),
	}
}

func errTooLarge(limit int64) error {
	return &shape.Error{
		Code: "RequestEntityTooLargeException", QueryCode: "RequestEntityTooLarge", Status: http.StatusRequestEntityTooLarge,
		Message: fmt.Sprintf("The request body must be no larger than %d bytes.", limit),
	}
}
