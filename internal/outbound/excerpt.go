package outbound

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"strings"
	"unicode"
)

const (
	// quoteLen is how much of an answer is repeated in an error, in bytes.
	quoteLen = 200
	// quoteSource is how much of an answer is looked at for that.
	quoteSource = 4 << 10
)

// Quote returns the beginning of what a stranger said, as one line and without
// the secrets. Nothing that comes from outside gets into an error, a record or
// the log by another way.
func (s Secrets) Quote(said []byte) string {
	said = said[:min(len(said), quoteSource)]
	// Looking for secrets takes time, and little of the text is shown, unless much
	// of it is hidden.
	looked := min(len(said), 2*quoteLen)
	text := s.hide(string(said[:looked]))
	if len(text) <= quoteLen && looked < len(said) {
		text = s.hide(string(said))
	}
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, " "))
	text = strings.TrimSpace(text)
	if len(text) > quoteLen {
		text = strings.ToValidUTF8(text[:quoteLen], "") + "…"
	}
	return text
}

// decode undoes the compression of an answer, or of the beginning of one, and
// returns up to limit bytes. What does not decode is not worth repeating.
func decode(b []byte, encoding string, limit int64) []byte {
	var r io.Reader
	var err error
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "", "identity":
		return b
	case "gzip", "x-gzip":
		r, err = gzip.NewReader(bytes.NewReader(b))
	case "deflate":
		// The name means zlib, and servers send bare deflate too.
		if r, err = zlib.NewReader(bytes.NewReader(b)); err != nil {
			r, err = flate.NewReader(bytes.NewReader(b)), nil
		}
	default:
		return nil
	}
	if err != nil {
		return nil
	}
	text, _ := io.ReadAll(io.LimitReader(r, limit)) // the end may be cut off
	return text
}
