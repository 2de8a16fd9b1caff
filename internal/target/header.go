package target

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/dari-bus/dari/internal/outbound"
)

// The headers of every call that nobody can change.
const (
	userAgent = "Amazon/EventBridge/ApiDestinations"
	byteRange = "bytes=0-1048575"
)

// headers returns the header of a request: the target's, then the
// connection's, each replacing what is before it, then what is fixed.
func headers(target map[string]string, connection []Parameter, trace string) (http.Header, error) {
	h := http.Header{"Content-Type": {"application/json; charset=utf-8"}}
	if trace != "" {
		if err := setHeader(h, "X-Amzn-Trace-Id", trace, "the TraceHeader of the event"); err != nil {
			return nil, err
		}
	}
	for _, k := range slices.Sorted(maps.Keys(target)) {
		if err := setHeader(h, k, target[k], "HttpParameters.HeaderParameters of the target"); err != nil {
			return nil, err
		}
	}
	for _, p := range connection {
		if err := setHeader(h, p.Key, p.Value, "the connection"); err != nil {
			return nil, err
		}
	}
	h.Set("User-Agent", userAgent)
	h.Set("Range", byteRange)
	h.Set("Accept-Encoding", "gzip,deflate")
	// An empty key is not sent. It tells the transport that the request may be
	// sent again on a new connection when a kept one turns out to be closed.
	if _, given := h["X-Idempotency-Key"]; !given {
		h["X-Idempotency-Key"] = []string{}
	}
	return h, nil
}

func setHeader(h http.Header, name, value, where string) error {
	if outbound.ReservedHeader(name) {
		return nil
	}
	if !outbound.ValidHeaderName(name) {
		return Permanent(CodeInvalidParam, "%s has a header named %q, which no HTTP request can carry", where, name)
	}
	if !outbound.ValidHeaderValue(value) {
		return Permanent(CodeInvalidParam, "%s gives the header %s a value with a control character, which no HTTP request can carry", where, name)
	}
	h.Set(name, strings.Trim(value, " \t"))
	return nil
}
