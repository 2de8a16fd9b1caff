package outbound

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// maxAnswer is how much of an answer is read, so that the connection can be
	// kept; the rest is not asked for.
	maxAnswer = 1 << 20
	// patience is how long a call waits for its turn.
	patience = 5 * time.Second
	// MaxRetryAfter is the longest that a server is left alone because it said so.
	// Whoever says more has made a mistake, or means harm.
	MaxRetryAfter = time.Hour
)

// Terms are what a call is made on.
type Terms struct {
	// For names what the call is made for, such as the ARN of an API destination.
	// Calls of one name share what they may have under way.
	For string
	// Within is how long it may take, from when its turn has come.
	Within time.Duration
	// Keep is how much of the body of a 2xx answer is kept, at most 1 MB. A call
	// that keeps none is done when the status is there.
	Keep int64
	// Secrets are not repeated in the error, in whatever spelling they come back.
	Secrets Secrets
}

// An Answer is what a call was answered with.
type Answer struct {
	// Status is zero when there was no answer.
	Status int
	// Body is the beginning of the body of a 2xx answer, decoded.
	Body []byte
}

// Call makes one call, following no redirects, and reads up to 1 MB of the
// answer. It returns when the time of its terms is over, or the context of req
// has ended, however the other side behaves.
//
// Its error is nil for a 2xx answer, and else an [*Error]. 401, 407, 409, 429,
// 5xx, no answer and no connection are temporary; Retry-After says when to come
// back, within [MaxRetryAfter], and a negative one that it is pointless. Every
// other answer, 1xx and redirects among them, is permanent, and so are a request
// that HTTP cannot carry and an address that may not be called. A call whose
// turn does not come is Throttled. When the context of req was cancelled, the
// error is the cause. The message says what was called, by method and host, what
// it answered, and how the body begins, with the secrets blotted out.
func (c *Client) Call(req *http.Request, t Terms) (Answer, error) {
	if err := c.turn(req, t.For); err != nil {
		return Answer{}, err
	}
	defer c.seats.leave(t.For)
	ctx, cancel := context.WithTimeoutCause(req.Context(), t.Within, noAnswerWithin(t.Within))
	defer cancel()
	if password, ok := req.URL.User.Password(); ok {
		t.Secrets = append(t.Secrets[:len(t.Secrets):len(t.Secrets)], password)
	}
	// What fails before a connection is asked for is wrong with the request.
	asked := false
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GetConn: func(string) { asked = true }})
	resp, err := c.transport.RoundTrip(withUser(req.WithContext(traced)))
	if err != nil {
		return Answer{}, noAnswer(ctx, req, err, !asked, t.Secrets)
	}
	// A context ends the reading of ordinary answers. A connection that has been
	// turned into something else obeys nothing but its being closed.
	defer context.AfterFunc(ctx, func() { resp.Body.Close() })()
	defer resp.Body.Close()
	a := Answer{Status: resp.StatusCode}
	if resp.StatusCode/100 == 1 {
		return a, refused(req, resp, http.NoBody, t.Secrets)
	}
	// The status counts, whatever becomes of the body: no error in reading one
	// that nobody wants makes a call that was answered one that was not.
	body := io.LimitReader(resp.Body, maxAnswer)
	defer func() { _, _ = io.Copy(io.Discard, body) }()
	if resp.StatusCode/100 != 2 {
		return a, refused(req, resp, body, t.Secrets)
	}
	if t.Keep > 0 {
		b, err := io.ReadAll(io.LimitReader(body, t.Keep))
		if err != nil {
			return Answer{}, noAnswer(ctx, req, err, false, t.Secrets)
		}
		a.Body = decode(b, resp.Header.Get("Content-Encoding"), t.Keep)
	}
	return a, nil
}

// Open makes one call as Call does, and returns the answer as it comes, whatever its
// status, within the time of its terms. An error is one of those that Call returns for no
// answer. Who got an answer closes its body, with which the turn ends.
func (c *Client) Open(req *http.Request, t Terms) (*http.Response, error) {
	if err := c.turn(req, t.For); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(req.Context(), t.Within, noAnswerWithin(t.Within))
	end := sync.OnceFunc(func() {
		cancel()
		c.seats.leave(t.For)
	})
	resp, err := c.transport.RoundTrip(withUser(req.WithContext(ctx)))
	if err != nil {
		defer end()
		return nil, noAnswer(ctx, req, err, false, t.Secrets)
	}
	if resp.StatusCode/100 == 1 { // the connection was turned into something else
		defer end()
		defer resp.Body.Close()
		return nil, refused(req, resp, http.NoBody, t.Secrets)
	}
	resp.Body = &opened{resp.Body, end}
	return resp, nil
}

// opened is the body of an answer that somebody reads.
type opened struct {
	io.ReadCloser
	end func()
}

func (o *opened) Close() error {
	defer o.end()
	return o.ReadCloser.Close()
}

// noAnswerWithin is how long was waited.
type noAnswerWithin time.Duration

func (d noAnswerWithin) Error() string { return "no answer within " + time.Duration(d).String() }

// turn waits until the call may be made. The other side knows nothing of that,
// so it counts neither as an attempt nor as the other side's time.
func (c *Client) turn(req *http.Request, name string) error {
	w := c.seats.ask(name)
	if w == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(req.Context(), patience)
	defer cancel()
	if c.seats.wait(ctx, w) {
		return nil
	}
	if errors.Is(req.Context().Err(), context.Canceled) {
		return context.Cause(req.Context())
	}
	return &Error{
		Code: CodeThrottling, Throttled: true, After: time.Second,
		Message: what(req) + " was not called: as many calls as may be are under way.",
	}
}

// withUser puts the user and password of a URL into the header, where no other
// authorization is.
func withUser(req *http.Request) *http.Request {
	if u := req.URL.User; u != nil && req.Header.Get("Authorization") == "" {
		password, _ := u.Password()
		req.Header = req.Header.Clone()
		req.SetBasicAuth(u.Username(), password)
	}
	return req
}

// noAnswer says what the lack of an answer means. ours means that the request
// itself is at fault.
func noAnswer(ctx context.Context, req *http.Request, err error, ours bool, secrets Secrets) error {
	if errors.Is(req.Context().Err(), context.Canceled) {
		return context.Cause(req.Context())
	}
	if ctx.Err() != nil {
		return Temporary(CodeTimeout, "%s: %v", what(req), context.Cause(ctx))
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return &Error{Code: e.Code, Message: what(req) + ": " + e.Message, Permanent: e.Permanent}
	}
	said := secrets.Quote([]byte(err.Error())) // it may quote an answer that is no HTTP
	if _, badPort := errors.AsType[*net.AddrError](err); ours || badPort {
		return Permanent(CodeInvalidParam, "%s cannot be made: %s", what(req), said)
	}
	return Temporary(CodeConnection, "%s: %s", what(req), said)
}

// refused makes the error of an answer that is not 2xx.
func refused(req *http.Request, resp *http.Response, body io.Reader, secrets Secrets) *Error {
	head, _ := io.ReadAll(io.LimitReader(body, quoteSource)) // what there is of it
	e := &Error{Code: CodeFromTarget, Message: what(req) + " answered " + status(resp)}
	if said := secrets.Quote(decode(head, resp.Header.Get("Content-Encoding"), quoteSource)); said != "" {
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
	seconds, err := strconv.ParseInt(h, 10, 64)
	switch {
	case err == nil, errors.Is(err, strconv.ErrRange): // then it is the largest or the smallest
		longest := int64(MaxRetryAfter / time.Second)
		return time.Duration(min(max(seconds, 0), longest)) * time.Second, seconds < 0
	}
	at, err := http.ParseTime(h)
	if err != nil {
		return 0, false
	}
	return min(max(0, at.Sub(now)), MaxRetryAfter), false
}
