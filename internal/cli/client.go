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
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	resp, err := c.do(ctx, "events", http.MethodPost, "/", body, http.Header{
		"Content-Type": {"application/x-amz-json-1.1"}, "X-Amz-Target": {"AWSEvents." + op},
	})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return json.NewDecoder(resp.Body).Decode(out)
}

// do signs and sends a request. An answer other than 200 is an error that
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
	if resp.StatusCode == http.StatusOK {
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
