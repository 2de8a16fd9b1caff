package wire

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"testing"
)

func TestBodiesAreBounded(t *testing.T) {
	h := newHandler(t, Options{MaxBody: 100})
	pack := func(s string) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write([]byte(s)) // into memory
		_ = z.Close()
		return b.String()
	}
	fits := `{"Word":"w"}` + strings.Repeat(" ", 88)
	for _, c := range []struct {
		name, body, encoding string
		chunked              bool
		status               int
		want                 string
	}{
		{"the largest", fits, "", false, 200, `"Word":"w"`},
		{"the largest, of unknown length", fits, "", true, 200, `"Word":"w"`},
		{"one more", fits + " ", "", false, 413, "RequestEntityTooLargeException"},
		{"one more, of unknown length", fits + " ", "", true, 413, "must be no larger than 100 bytes"},
		{"packed", pack(fits), "gzip", false, 200, `"Word":"w"`},
		{"packed, as identity", fits, "identity", false, 200, `"Word":"w"`},
		{"packed, one more", pack(fits + " "), "gzip", false, 413, "RequestEntityTooLargeException"},
		{"packed, a bomb", pack(strings.Repeat(" ", 20000)), "gzip", false, 413, "RequestEntityTooLargeException"},
		{"not packed at all", fits, "gzip", false, 400, "is not valid gzip"},
		{"packed and cut off", pack(fits)[:20], "GZIP", false, 400, "is not valid gzip: it ends too early"},
		{"packed otherwise", fits, "br", false, 415, `The Content-Encoding \"br\" is not understood`},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := request(t, "POST", "/", c.body, "X-Amz-Target", "AWSEvents.Echo", "Content-Encoding", c.encoding)
			if c.chunked {
				r.ContentLength = -1
			}
			w := do(h, r)
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.want) {
				t.Errorf("got %d %s, want %d %s", w.Code, w.Body, c.status, c.want)
			}
		})
	}
}

func TestABodyThatBreaksOffIsTheClientsMistake(t *testing.T) {
	r := request(t, "POST", "/", "", "X-Amz-Target", "AWSEvents.Echo")
	r.Body, r.ContentLength = io.NopCloser(io.MultiReader(strings.NewReader("{"), errorReader{})), 5
	if w := do(newHandler(t, Options{}), r); w.Code != 400 || !strings.Contains(w.Body.String(), "ended before its body was complete") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

type errorReader struct{}

func (errorReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
