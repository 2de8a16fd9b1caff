package outbound_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/dari-bus/dari/internal/outbound"
)

func TestReservedHeadersAreKnownInAnySpelling(t *testing.T) {
	for _, h := range []string{"host", "Host", "HOST", "HTTP2-Settings", "a-IM"} {
		if !outbound.ReservedHeader(h) {
			t.Errorf("%s is not reserved", h)
		}
	}
	for _, h := range []string{"Authorization", "X-Api-Key", "Accept", "Cookie", "Content-Type"} {
		if outbound.ReservedHeader(h) {
			t.Errorf("%s is reserved", h)
		}
	}
}

func TestReservedListIsTheOneOfTheDocumentation(t *testing.T) {
	documented := strings.Fields(`A-IM Accept-Charset Accept-Datetime Accept-Encoding Cache-Control Connection Content-Encoding
		Content-Length Content-MD5 Date Expect Forwarded From Host HTTP2-Settings If-Match If-Modified-Since If-None-Match If-Range
		If-Unmodified-Since Max-Forwards Origin Pragma Proxy-Authorization Range Referer TE Trailer Transfer-Encoding User-Agent Upgrade Via Warning`)
	all := map[string]bool{}
	for _, h := range documented {
		all[h] = outbound.ReservedHeader(h)
	}
	if slices.Contains(slices.Collect(maps.Values(all)), false) {
		t.Errorf("%v", all)
	}
}
