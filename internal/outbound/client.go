package outbound

import (
	"net"
	"net/http"
	"time"
)

// connectTimeout is the longest that a connection may take to come about, and
// as long again for TLS.
const connectTimeout = 5 * time.Second

// NewClient returns an HTTP client for calling the world on behalf of rules: it
// keeps connections for the next call, and bounds how many there are.
//
// EventBridge itself sends Connection: close and pays a handshake for every
// event. Here connections are kept, because a busy destination is then one
// socket and not thousands in TIME_WAIT. What makes that safe is that requests
// are marked as repeatable: when the other side has closed a connection that
// was idle, the transport dials again instead of failing the call.
func NewClient() *http.Client {
	dialer := &net.Dialer{Timeout: connectTimeout, KeepAlive: 30 * time.Second}
	return &http.Client{Transport: &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // what is read of an answer is decoded here, see call.go
		TLSHandshakeTimeout:    connectTimeout,
		MaxConnsPerHost:        128,
		MaxIdleConnsPerHost:    32,
		MaxIdleConns:           512,
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: 256 << 10,
	}}
}

// withoutRedirects returns a copy of c that hands a 3xx to its caller, keeps
// no cookies, and leaves time to the context.
func withoutRedirects(c *http.Client) *http.Client {
	return &http.Client{
		Transport:     c.Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
