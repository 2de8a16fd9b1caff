package body

import (
	"io"
	"net/http"
	"time"
)

// patience is how long one read of a stream waits for a client that does not send.
const patience = 30 * time.Second

// A Stream is the body of a request that is read while it comes, up to a number of
// bytes.
type Stream struct {
	r          io.Reader
	control    *http.ResponseController
	most, left int64
}

// Open returns the body of r, which is answered by w, as a stream of most bytes at
// most. A length that is too large is an error at once; then the connection is of
// no further use.
func Open(w http.ResponseWriter, r *http.Request, most int64) (*Stream, error) {
	if r.ContentLength > most {
		return nil, errTooLarge(most)
	}
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return nil, errEncoding(encoding, "A body that is streamed must have none.")
	}
	return &Stream{r: r.Body, control: http.NewResponseController(w), most: most, left: most}, nil
}

// Read reads what has come. It does not wait for ever for more.
func (s *Stream) Read(b []byte) (int, error) {
	_ = s.control.SetReadDeadline(time.Now().Add(patience)) // a request without deadlines is no connection
	n, err := s.r.Read(b[:min(int64(len(b)), s.left+1)])
	if err != nil {
		_ = s.control.SetReadDeadline(time.Time{}) // or it would end the call, which goes on
	}
	if s.left -= int64(n); s.left < 0 {
		return 0, errTooLarge(s.most)
	}
	return n, err
}
