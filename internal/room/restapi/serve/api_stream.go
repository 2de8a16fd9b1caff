package serve

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/dari-bus/dari/internal/wire/body"
	"github.com/dari-bus/dari/internal/wire/shape"
)

// A sending is the body of a request on its way to an endpoint, which may answer before it
// has read it.
type sending struct {
	control *http.ResponseController

	mu     sync.Mutex
	stream *body.Stream
	over   bool
	ended  bool
	long   bool // longer than it may be
}

var errOver = errors.New("the request has been answered")

// stream has the request of an integration have the body of the caller's.
func (c *call) stream(req *http.Request) (*sending, error) {
	control := http.NewResponseController(c.w)
	if c.r.Body == nil || c.r.ContentLength == 0 {
		_ = control.SetReadDeadline(time.Time{}) // that of the request would end the call with it
		return &sending{control: control, ended: true}, nil
	}
	bare := c.r.WithContext(c.r.Context())
	bare.Header = http.Header{} // it is passed on as it is, packed or not
	stream, err := body.Open(c.w, bare, maxBody)
	if err != nil {
		c.w.Header().Set("Connection", "close")
		return nil, refuse("REQUEST_TOO_LARGE", "Request Too Long", err.Error())
	}
	s := &sending{control: control, stream: stream}
	req.Body, req.ContentLength = s, c.r.ContentLength
	return s, nil
}

func (s *sending) Read(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return 0, errOver
	}
	n, err := s.stream.Read(b)
	s.ended = s.ended || errors.Is(err, io.EOF)
	if _, ok := errors.AsType[*shape.Error](err); ok {
		s.long = true
	}
	return n, err
}

// Close is called by the transport, which may read no more; end is what counts.
func (s *sending) Close() error { return nil }

// tooLong says whether the body was longer than it may be.
func (s *sending) tooLong() bool {
	if !s.mu.TryLock() {
		return false // it is being read
	}
	defer s.mu.Unlock()
	return s.long
}

// end has nothing more be read, since the call ends.
func (s *sending) end() {
	if !s.mu.TryLock() {
		_ = s.control.SetReadDeadline(time.Now()) // whoever reads stops
		s.mu.Lock()
	}
	defer s.mu.Unlock()
	s.over = true
	if !s.ended {
		s.stream.Leave()
	}
}
