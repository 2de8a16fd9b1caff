package outbound

import (
	"cmp"
	"net/http"
	"time"
)

const (
	// connectTimeout is the longest that a connection may take to come about, and
	// as long again for TLS.
	connectTimeout = 5 * time.Second
	// silence is after how long without a byte an HTTP/2 connection, which calls
	// for many names share, is asked whether it is still there.
	silence = 5 * time.Second
)

// DefaultCalls is the default of Options.Calls.
const DefaultCalls = 1024

// Options configure a Client.
type Options struct {
	// Reach is where calls may go. Its zero value is everywhere.
	Reach Reach
	// Calls bounds the calls under way at once. Each is a socket, and a quarter as
	// many are kept open for the next calls. An eighth may be of one name, or eight.
	// Default DefaultCalls.
	Calls int
	// Transport is the network. Default is the real one; another one does not
	// know of Reach.
	Transport http.RoundTripper
}

// A Client makes calls. Its methods may be called from many goroutines at once.
type Client struct {
	transport http.RoundTripper
	seats     *seats
}

// New returns a client.
func New(opt Options) *Client {
	opt.Calls = cmp.Or(opt.Calls, DefaultCalls)
	c := &Client{transport: opt.Transport, seats: newSeats(opt.Calls, max(opt.Calls/8, 8))}
	if c.transport == nil {
		c.transport = network(opt.Reach, max(opt.Calls/4, 1))
	}
	return c
}

// network returns the transport of the real network. It keeps so many
// connections for the next calls.
//
// EventBridge itself sends Connection: close and pays a handshake for every
// event. Here connections are kept, because a busy destination is then one
// socket and not thousands in TIME_WAIT. What makes that safe is that requests
// are marked as repeatable: when the other side has closed a connection that
// was idle, the transport dials again instead of failing the call.
//
// There is no bound on the connections to one host: many destinations live
// behind one, and a slow one would hold the others. The seats are the bound.
func network(reach Reach, idle int) *http.Transport {
	return &http.Transport{
		Proxy:                  reach.proxy(),
		DialContext:            reach.dial,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // what is read of an answer is decoded here, see excerpt.go
		TLSHandshakeTimeout:    connectTimeout,
		MaxIdleConns:           idle,
		MaxIdleConnsPerHost:    idle/4 + 1,
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: 256 << 10,
		HTTP2: &http.HTTP2Config{
			SendPingTimeout: silence, PingTimeout: silence, WriteByteTimeout: silence,
		},
	}
}

// CloseIdle closes the connections that are kept for the next call.
func (c *Client) CloseIdle() {
	if t, ok := c.transport.(*http.Transport); ok {
		t.CloseIdleConnections()
	}
}
