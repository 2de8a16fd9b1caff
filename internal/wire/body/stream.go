package body

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
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
	_ = s.control.SetReadDeadline(time.Now().Add(patience)) // a request without deadlines is no connection
	n, err := s.r.Read(b[:min(int64(len(b)), s.left+1)])
	if s.sum != nil {
		s.sum.Write(b[:n])
	}
	if err != nil {
		_ = s.control.SetReadDeadline(time.Time{}) // or it would end the call, which goes on
	}
	if s.left -= int64(n); s.left < 0 {
		return 0, errTooLarge(s.most)
	}
	if err == io.EOF && s.sum != nil && hex.EncodeToString(s.sum.Sum(nil)) != s.want { // itself, by the contract of readers
		return n, s.wrong
	}
	return n, err
}
