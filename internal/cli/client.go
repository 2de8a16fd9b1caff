package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/dari-bus/dari/internal/signature"
)

// A client calls a running server over the AWS API and dari's own.
type client struct {
	endpoint, region string
	key, secret      string
}

// register declares the flags of every command that talks to a server.
func (c *client) register(fs *flag.FlagSet) {
	fs.StringVar(&c.endpoint, "endpoint", cmp.Or(os.Getenv("AWS_ENDPOINT_URL"), "http://127.0.0.1:4566"), "`URL` of the server (or AWS_ENDPOINT_URL)")
	fs.StringVar(&c.region, "region", cmp.Or(os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION"), "us-east-1"), "region to work in (or AWS_REGION)")
	fs.StringVar(&c.key, "access-key", cmp.Or(os.Getenv("AWS_ACCESS_KEY_ID"), "dari"), "access key `id` to sign with (or AWS_ACCESS_KEY_ID)")
	c.secret = cmp.Or(os.Getenv("AWS_SECRET_ACCESS_KEY"), "dari")
}

// events calls one EventBridge operation.
func (c *client) events(ctx context.Context, op string, in, out any) error {
	return c.json(ctx, "events", "AWSEvents."+op, in, out)
}

// json calls an operation of a service that speaks JSON 1.1; out may be nil.
func (c *client) json(ctx context.Context, service, target string, in, out any) error {
	return c.send(ctx, service, "/", http.Header{"Content-Type": {"application/x-amz-json-1.1"}, "X-Amz-Target": {target}}, in, out)
}

// rest posts to a path of a service that speaks REST with JSON; out may be nil.
func (c *client) rest(ctx context.Context, service, path string, in, out any) error {
	return c.send(ctx, service, path, http.Header{"Content-Type": {"application/json"}}, in, out)
}

// iam calls an operation of IAM; out may be nil.
func (c *client) iam(ctx context.Context, form url.Values, out any) error {
	form.Set("Version", "2010-05-08")
	resp, err := c.do(ctx, "iam", http.MethodPost, "/", []byte(form.Encode()), http.Header{"Content-Type": {"application/x-www-form-urlencoded"}})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if out == nil {
		return nil
	}
	return xml.NewDecoder(resp.Body).Decode(out)
}

func (c *client) send(ctx context.Context, service, path string, h http.Header, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	resp, err := c.do(ctx, service, http.MethodPost, path, body, h)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if out == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(out)
}

// do signs and sends a request. An answer without success is an error that
// carries what the server said.
func (c *client) do(ctx context.Context, service, method, path string, body []byte, h http.Header) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(c.endpoint, "/")+path, bytes.NewReader(body))
	if err != nil {
		return nil, usageError{fmt.Sprintf("-endpoint %q: %v", c.endpoint, err)}
	}
	req.Header = h
	err = signature.Sign(req, body, signature.Credentials{AccessKey: c.key, Secret: c.secret, Region: c.region, Service: service}, time.Now())
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("no server answers at %s (%w)\nStart one: dari serve", c.endpoint, errors.Unwrap(err))
	}
	if resp.StatusCode/100 == 2 {
		return resp, nil
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10)) // the status is error enough
	var e struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	if json.Unmarshal(text, &e) == nil && e.Message != "" {
		return nil, fmt.Errorf("%s: %s", e.Type, e.Message)
	}
	var query struct {
		Code    string `xml:"Error>Code"`
		Message string `xml:"Error>Message"`
	}
	if xml.Unmarshal(text, &query) == nil && query.Message != "" {
		return nil, fmt.Errorf("%s: %s", query.Code, query.Message)
	}
	return nil, fmt.Errorf("the server answered %s: %s", resp.Status, bytes.TrimSpace(text))
}
