package body

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"net/http"
	"time"
)

// patience is how long a stream waits for a client that does not send: at once, and
// in all beyond the second that each pace bytes may take. Then who sends a byte now
// and then holds the connection, and the operation, no longer than who sends none.
const (
	patience = 30 * time.Second
	pace     = 16 << 10
)

// linger is how long the rest of a stream is waited for that nobody reads any more,
// so that the connection can be used again.
const linger = time.Second

// A Stream is the body of a request that is read while it comes, up to a number of
// bytes.
type Stream struct {
	r          io.Reader
	control    *http.ResponseController
	most, left int64
	// waited is how long reading has taken so far.
	waited time.Duration
	// ended says that all has been read.
	ended bool
	// sum is the hash of what has been read, which must be want in hexadecimal when
	// all has been. Nil when any hash will do.
	sum   hash.Hash
	want  string
	wrong error
}

// Expect has the reading of s end in the error wrong if its SHA-256 hash is not
// sum, in hexadecimal.
func (s *Stream) Expect(sum string, wrong error) {
	s.sum, s.want, s.wrong = sha256.New(), sum, wrong
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

// Read reads what has come. It does not wait for ever for more. Only with io.EOF is
// it known that what has been read is what was sent.
func (s *Stream) Read(b []byte) (int, error) {
	began := time.Now()
	_ = s.control.SetReadDeadline(began.Add(s.patience())) // a request without deadlines is no connection
	n, err := s.r.Read(b[:min(int64(len(b)), s.left+1)])
	s.waited += time.Since(began)
	if s.sum != nil {
		s.sum.Write(b[:n])
	}
	if s.ended = err == io.EOF; s.ended { // itself, by the contract of readers
		_ = s.control.SetReadDeadline(time.Time{}) // or it would end the call, which goes on
	}
	if s.left -= int64(n); s.left < 0 {
		return 0, errTooLarge(s.most)
	}
	if s.ended && s.sum != nil && hex.EncodeToString(s.sum.Sum(nil)) != s.want {
		return n, s.wrong
	}
	return n, err
}

// patience returns how long the next read may wait.
func (s *Stream) patience() time.Duration {
	return min(patience, patience+time.Duration((s.most-s.left)/pace)*time.Second-s.waited)
}

// Leave says that s is not read any more. Whoever answers the request calls it, so
// that the server does not wait for what the client may never send.
func (s *Stream) Leave() {
	if !s.ended {
		_ = s.control.SetReadDeadline(time.Now().Add(linger)) // as in Read
	}
}
