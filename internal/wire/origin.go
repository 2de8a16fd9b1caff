package wire

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// fromHome refuses what a browser carries here on behalf of a page that is not
// ours. Servers on a developer's machine are within reach of every page that
// the developer opens. Reading is left to pages, but an Action in a query string
// is more than reading.
func (h *handler) fromHome(c *call) error {
	r := c.r
	if h.Keys == nil && isBrowser(r) && h.strangeHost(r.Host) {
		return errOrigin(fmt.Sprintf("A browser called dari by the name of %s, which dari does not know for its own. If it is, set it as the host.", clip(r.Host)))
	}
	if c.protocol == Query && r.Method == http.MethodGet {
		r = r.Clone(r.Context())
		r.Method = http.MethodPost
	}
	if h.guard.Check(r) != nil {
		return errOrigin("A web page of another origin may not call dari; its origin is not among those that are allowed.")
	}
	return nil
}

// strangeHost says whether host is a name that somebody else may have pointed
// at this machine for a moment, so that their page counts as ours. Addresses,
// localhost and names without a dot cannot be had that way.
func (h *handler) strangeHost(host string) bool {
	if host == h.Host {
		return false
	}
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	_, err = netip.ParseAddr(strings.Trim(name, "[]"))
	return err != nil && strings.Contains(name, ".") && !strings.HasSuffix(name, ".localhost")
}

// isBrowser says whether a browser sent r, as far as one can tell: over plain
// HTTP they do not always say where a page is from.
func isBrowser(r *http.Request) bool {
	return r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") != "" || strings.HasPrefix(r.UserAgent(), "Mozilla/")
}

func errOrigin(message string) error {
	return &Error{Code: "AccessDeniedException", QueryCode: "AccessDenied", Status: http.StatusForbidden, Message: message}
}
