package container

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// callTime is how long an engine may take to answer a call. Starting a container
	// takes some tenths of a second, and several on a busy machine.
	callTime = time.Minute
	// maxAnswer is how long an answer may be.
	maxAnswer = 4 << 20
)

// A client makes the calls.
type client struct {
	kind   string // of engine
	socket string
	http   http.Client
	within time.Duration // that calls are answered
}

func newClient(kind, socket string) *client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, "unix", socket)
	}
	return &client{kind, socket, http.Client{Transport: &http.Transport{DialContext: dial, MaxIdleConns: 8, IdleConnTimeout: time.Minute}}, callTime}
}

// slow is the error of a call that took too long.
func (c *client) slow() error { return fmt.Errorf("it did not answer within %s", c.within) }

// A refusal is an answer of the engine that is an error.
type refusal struct {
	status  int
	message string
}

func (r *refusal) Error() string { return r.message }

// is reports whether an error is a refusal with this status.
func is(err error, status int) bool {
	r, ok := errors.AsType[*refusal](err)
	return ok && r.status == status
}

// call makes a call and reads its answer into a value, if there is one to read into.
func (c *client) call(ctx context.Context, method, path string, query url.Values, in, out any) error {
	ctx, cancel := context.WithTimeoutCause(ctx, c.within, c.slow())
	defer cancel()
	body, err := c.open(ctx, method, path, query, in)
	if err != nil {
		return err
	}
	defer body.Close()
	text, err := io.ReadAll(io.LimitReader(body, maxAnswer+1))
	switch {
	case err != nil:
		return c.failed(ctx, method, path, err)
	case len(text) > maxAnswer:
		return c.failed(ctx, method, path, fmt.Errorf("it answered with more than %d bytes", maxAnswer))
	case out == nil:
		return nil
	}
	if err := json.Unmarshal(text, out); err != nil {
		return c.failed(ctx, method, path, fmt.Errorf("it answered what is not understood: %w", err))
	}
	return nil
}

// open makes a call and returns its answer while it comes, for as long as ctx lasts.
func (c *client) open(ctx context.Context, method, path string, query url.Values, in any) (io.ReadCloser, error) {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(text)
	}
	u := url.URL{Scheme: "http", Host: "localhost", Path: path, RawQuery: query.Encode()}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return nil, err
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.failed(ctx, method, path, err)
	}
	if resp.StatusCode < 300 {
		return resp.Body, nil
	}
	defer resp.Body.Close()
	var said struct{ Message string }
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10)) // of an error that breaks off its beginning is said
	if json.Unmarshal(text, &said) != nil || said.Message == "" {
		said.Message = strings.TrimSpace(string(text))
	}
	return nil, c.failed(ctx, method, path, &refusal{resp.StatusCode, fmt.Sprintf("%s (%d)", said.Message, resp.StatusCode)})
}

// failed says of which call an error is.
func (c *client) failed(ctx context.Context, method, path string, err error) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(err, cause) {
		err = cause
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	if dial, ok := errors.AsType[*net.OpError](err); ok && dial.Op == "dial" {
		return fmt.Errorf("%s cannot be reached, or not by dari, which is to run containers by it: %w", c.kind, err)
	}
	return fmt.Errorf("engine at %s: %s %s: %w", c.socket, method, path, err)
}
