package url

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/room/function/catalog"
)

// What an event takes is counted before it is made, whatever bytes are in the request.
func TestAnEventIsNoLongerThanWasSaid(t *testing.T) {
	odd := strings.Repeat("\xff", 8<<10)
	r := &http.Request{
		Method: "GET", Host: "x.lambda-url.eu-central-1.localhost:4566", URL: &url.URL{Path: "/" + odd, RawQuery: "a=" + odd}, RequestURI: "/" + odd + "?a=" + odd,
		Header: http.Header{"User-Agent": {odd}, "X-Odd": {odd}, "Cookie": {odd}, "Content-Type": {"text/plain"}},
	}
	for _, body := range []string{"", odd, strings.Repeat("\"\x01\u2028", 8<<10)} {
		said := 0
		got, err := newEvent(r, catalog.Address{}, "x", access.Caller{UserAgent: odd}, time.Now()).encode([]byte(body), func(n int) error {
			said = n
			return nil
		})
		if err != nil || len(got) > said || cap(got) > 2*said {
			t.Errorf("%d bytes in %d, said were %d: %v", len(got), cap(got), said, err)
		}
	}
}
