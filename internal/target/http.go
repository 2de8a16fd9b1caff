package target

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/outbound"
)

// callTimeout is the longest that an API destination may take to answer, and as
// long before that is waited for what the call needs, such as a token.
const callTimeout = 5 * time.Second

// An Endpoint is an API destination at one moment: what to call, and what its
// connection adds to every call. It must not be changed.
type Endpoint struct {
	Method string
	// URL may hold placeholders (*) in its path.
	URL string
	// Header, Query and Body are the connection's, the authorization among them.
	// They win over those of the target.
	Header, Query, Body []Parameter
	// Secrets are texts that must not show up in an error message, even when
	// the destination sends them back.
	Secrets outbound.Secrets
	// Refused is called when the destination answered 401 or 407, so that the
	// credentials are renewed before the next call. It must not block. Nil when
	// there is nothing to renew.
	Refused func()
}

// A Parameter is one header, query parameter or member of the body.
type Parameter struct {
	Key, Value string
}

// A Directory knows the API destinations.
type Directory interface {
	// Endpoint returns what to call for an API destination on behalf of a rule, by
	// ARN, and takes this call out of its rate limit. An error is an [*Error]:
	// permanent when there is no such destination in the account of the rule,
	// throttled when its rate limit is used up. It may ask an authorization server
	// for a token, and returns when ctx ends.
	Endpoint(ctx context.Context, rule string, destination arn.ARN) (*Endpoint, error)
}

// APIDestination returns the sink for API destinations.
//
// A call is given five seconds, from when its turn has come. What its outcomes
// mean is said at [outbound.Client.Call]. A parameter of the target that cannot
// be put into a request is a permanent error.
func APIDestination(d Directory, client *outbound.Client) Sink {
	return &apiDestination{d, client}
}

type apiDestination struct {
	directory Directory
	client    *outbound.Client
}

var errCallTimeout = fmt.Errorf("no answer within %v", callTimeout)

// Send makes one call.
func (s *apiDestination) Send(ctx context.Context, d *Delivery) error {
	e, err := s.endpoint(ctx, d)
	if err != nil {
		return err
	}
	req, err := newRequest(ctx, e, d)
	if err != nil {
		return err
	}
	answer, err := s.client.Call(req, outbound.Terms{For: d.Target.ARN, Within: callTimeout, Secrets: e.Secrets})
	if e.Refused != nil && (answer.Status == http.StatusUnauthorized || answer.Status == http.StatusProxyAuthRequired) {
		e.Refused()
	}
	return err
}

func (s *apiDestination) endpoint(ctx context.Context, d *Delivery) (*Endpoint, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, callTimeout, errCallTimeout)
	defer cancel()
	return s.directory.Endpoint(ctx, d.Owner, d.ARN)
}
