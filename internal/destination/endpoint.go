package destination

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/target"
)

// Endpoint returns what to call for an API destination; see [target.Directory].
//
// There is nothing to call, for good, when the API destination does not exist
// in the account of the rule.
// When its connection is DEAUTHORIZED or gone, the attempt has failed and is
// worth repeating. While the connection is being authorized for the first
// time, which takes seconds, there was no attempt: an event that comes right
// after CreateConnection does not use up its retries.
func (s *Service) Endpoint(ctx context.Context, rule string, a arn.ARN) (*target.Endpoint, error) {
	from, err := arn.Parse(rule)
	if err != nil {
		return nil, err
	}
	d := s.destinationAt(from.Account, a)
	if d == nil {
		return nil, target.Permanent(target.CodeNoResource, "An api-destination '%s' does not exist.", strings.TrimPrefix(a.Resource, destinationPrefix))
	}
	c := s.connectionAt(d.ConnectionARN)
	if err := d.inactive(c); err != nil {
		return nil, err
	}
	e := c.call
	e.Method, e.URL = d.Method, d.APIDestination.Endpoint
	if c.credentials != nil {
		t, err := s.token(ctx, c)
		if err != nil {
			return nil, err
		}
		e.Header = append(slices.Clip(e.Header), target.Parameter{Key: "Authorization", Value: t.scheme + " " + t.text})
		e.Secrets = append(slices.Clip(e.Secrets), t.text)
		e.Refused = func() { c.credentials.refused(t) }
	}
	if wait := d.limit.take(); wait > 0 {
		return nil, &target.Error{
			Code: target.CodeThrottling, Throttled: true, After: wait,
			Message: "The API destination " + d.Name + " was not called: its InvocationRateLimitPerSecond is used up.",
		}
	}
	return &e, nil
}

// inactive says why an API destination with the connection c is not called, or
// returns nil when it is.
func (d *destination) inactive(c *connection) error {
	switch {
	case c == nil:
		return target.Temporary(target.CodeNoPermission, "The API destination %s is INACTIVE and was not called: its connection %s does not exist.", d.Name, d.ConnectionARN)
	case c.State == Authorized:
		return nil
	case c.State == Authorizing:
		e := target.Temporary(target.CodeNoPermission, "The API destination %s is INACTIVE and was not called: its connection %s is being authorized.", d.Name, c.Name)
		e.Throttled, e.After = true, time.Second
		return e
	}
	why := ""
	if c.StateReason != "" {
		why = ": " + c.StateReason
	}
	return target.Temporary(target.CodeNoPermission, "The API destination %s is INACTIVE and was not called: its connection %s is %s%s", d.Name, c.Name, c.State, why)
}

// token returns a token of the connection. When the token server refuses, the
// connection is DEAUTHORIZED, and Run tries it again.
func (s *Service) token(ctx context.Context, c *connection) (*token, error) {
	t, err := c.credentials.get(ctx)
	if err == nil {
		return t, nil
	}
	e, ok := err.(*target.Error)
	if !ok {
		return nil, err // cancelled
	}
	if e.Permanent {
		if err := s.settle(ctx, c, e); err != nil {
			return nil, err
		}
	}
	out := *e
	out.Permanent = false
	return nil, &out
}
