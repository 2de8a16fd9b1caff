package outbound

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

const (
	// maxAnswer is how much of an answer is read, so that the connection can be
	// kept; the rest is not asked for.
	maxAnswer = 1 << 20
	// excerptLen is how much of an answer is repeated in an error, in bytes.
	excerptLen = 200
	// excerptSource is how much of an answer is looked at to make an excerpt.
	excerptSource = 16 << 10
)

// An Answer is what a call was answered with.
type Answer struct {
	// Status is zero when there was no answer.
	Status int
	// Body is the beginning of the body of a 2xx answer, decoded.
	Body []byte
}

// Call makes one call, following no redirects, and reads up to 1 MB of the
// answer, of which it keeps up to keep bytes. Its context bounds how long it
// may take; the client's own timeout is not used.
//
// Its error is nil for a 2xx answer, and else an [*Error]. 401, 407, 409, 429,
// 5xx, no answer and no connection are temporary; Retry-After says when to come
// back, and a negative one that it is pointless. Every other answer, redirects
// among them, is permanent. When the context of req was cancelled, the error is
// the cause. The message says what was called, by method and host, what it
// answered, and how the body begins, with the secrets blotted out.
func Call(client *http.Client, req *http.Request, keep int64, secrets []string) (Answer, error) {
	resp, err := withoutRedirects(client).Do(req)
	if err != nil {
		return Answer{}, noAnswer(req, err, secrets)
	}
	defer resp.Body.Close()
	// The status counts, whatever becomes of the body: no error in reading it
	// makes a call that was answered one that was not.
	body := io.LimitReader(resp.Body, maxAnswer)
	defer func() { _, _ = io.Copy(io.Discard, body) }()
	a := Answer{Status: resp.StatusCode}
	if resp.StatusCode/100 != 2 {
		return a, refused(req, resp, body, secrets)
	}
	if keep > 0 {
		b, _ := io.ReadAll(io.LimitReader(body, keep))
		a.Body = decode(b, resp.Header.Get("Content-Encoding"), keep)
	}
	return a, nil
}

// noAnswer says what the lack of an answer means. The error of a client holds
// the whole URL, which may be a secret, so only what is inside it is shown; that
// may quote an answer that is no HTTP.
func noAnswer(req *http.Request, err error, secrets []string) error {
	ctx := req.Context()
	if errors.Is(ctx.Err(), context.Canceled) {
		return context.Cause(ctx)
	}
	if ctx.Err() != nil {
		return Temporary(CodeTimeout, "%s: %v", what(req), context.Cause(ctx))
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	return Temporary(CodeConnection, "%s: %s", what(req), excerpt([]byte(err.Error()), secrets))
}

// refused makes the error of an answer that is not 2xx.
func refused(req *http.Request, resp *http.Response, body io.Reader, secrets []string) *Error {
	head, _ := io.ReadAll(io.LimitReader(body, excerptSource)) // what there is of it
	e := &Error{Code: CodeFromTarget, Message: what(req) + " answered " + status(resp)}
	if said := excerpt(decode(head, resp.Header.Get("Content-Encoding"), excerptSource), secrets); said != "" {
		e.Message += ": " + said
	}
	if resp.StatusCode == http.StatusTooManyRequests {
		e.Code = CodeThrottling
	}
	if !retryable(resp.StatusCode) {
		e.Permanent = true
		return e
	}
	e.After, e.Permanent = retryAfter(resp.Header.Get("Retry-After"), time.Now())
	return e
}

// what names a call without its path and query, which may be secrets.
func what(req *http.Request) string {
	return req.Method + " to " + req.URL.Scheme + "://" + req.URL.Host
}

func retryable(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusProxyAuthRequired, http.StatusConflict, http.StatusTooManyRequests:
		return true
	}
	return status/100 == 5
}

// status prints a status line; servers may leave out the text.
func status(resp *http.Response) string {
	text := http.StatusText(resp.StatusCode)
	if text == "" {
		return strconv.Itoa(resp.StatusCode)
	}
	return strconv.Itoa(resp.StatusCode) + " " + text
}

// retryAfter reads a Retry-After header: seconds, or a date. A negative number
// means never. What cannot be read counts as absent.
func retryAfter(h string, now time.Time) (after time.Duration, never bool) {
	h = strings.TrimSpace(h)
	if seconds, err := strconv.ParseInt(h, 10, 64); err == nil {
		if seconds < 0 {
			return 0, true
		}
		return time.Duration(min(seconds, int64(math.MaxInt64/time.Second))) * time.Second, false
	}
	at, err := http.ParseTime(h)
	if err != nil {
		return 0, false
	}
	return max(0, at.Sub(now)), false
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

// excerpt returns the beginning of an answer as one line, without secrets.
func excerpt(b []byte, secrets []string) string {
	text := string(b)
	// The longest first: one secret may be a part of another.
	secrets = slices.SortedFunc(slices.Values(secrets), func(a, b string) int { return len(b) - len(a) })
	for _, s := range secrets {
		if s != "" {
			text = strings.ReplaceAll(text, s, "[hidden]")
		}
	}
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, " "))
	text = strings.TrimSpace(text)
	if len(text) > excerptLen {
		text = strings.ToValidUTF8(text[:excerptLen], "") + "…"
	}
	return text
}
