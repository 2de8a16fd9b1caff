package door

import (
	"cmp"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// A Guard decides which requests may come in at all. It never changes, and may
// be asked from many goroutines at once.
type Guard struct {
	host    string
	origins []string
	keyed   bool
}

// Options say what a Guard takes for its own.
type Options struct {
	// Host is the public host:port or host that browsers may call by, beside the
	// names that cannot be had by strangers.
	Host string
	// Origins are web origins, such as "https://console.example.com", whose pages
	// may call although they come from elsewhere.
	Origins []string
	// Keyed says that calls are signed: then it does not matter by what name a
	// browser calls, since the page has no key.
	Keyed bool
}

// New returns a guard. An error names the origin that is none.
func New(o Options) (*Guard, error) {
	g := &Guard{host: hostname(o.Host), keyed: o.Keyed}
	for _, origin := range o.Origins {
		u, err := url.Parse(origin)
		if err != nil || u.Scheme == "" || u.Host == "" || u.Scheme+"://"+u.Host != origin {
			return nil, fmt.Errorf("%q is no web origin, such as https://console.example.com", origin)
		}
		g.origins = append(g.origins, strings.ToLower(origin))
	}
	return g, nil
}

// A Need is what lies behind the door, which decides how much a request must
// show.
type Need struct {
	// Methods are those that may pass.
	Methods []string
	// Open is for what shows nothing of anybody's: pages of others may lead here.
	Open bool
	// Ours says that the name by which the request called was compared already.
	Ours bool
	// Acts is for what may have an effect. It is not enough then that the page
	// behind a request will not see the answer.
	Acts bool
}

// A Refusal says why a request may not pass.
type Refusal struct {
	Status  int
	Message string
	// Allow is the value of that header, for a method that may not pass.
	Allow string
}

// Check returns nil for a request that may pass, and says why others may not.
func (g *Guard) Check(r *http.Request, need Need) *Refusal {
	if !slices.Contains(need.Methods, r.Method) {
		allow := strings.Join(need.Methods, ", ")
		return &Refusal{http.StatusMethodNotAllowed, fmt.Sprintf("dari does not take the method %s here; use %s.", clip(r.Method), allow), allow}
	}
	if !need.Ours && !g.keyed && looksLikeBrowser(r) && g.strange(r.Host) {
		return forbidden(fmt.Sprintf("A browser called dari by the name of %s, which dari does not know for its own. If it is, set it as the host (-host).", clip(r.Host)))
	}
	switch from := g.from(r); {
	case need.Open:
	case from == elsewhere:
		return forbidden("A web page of another origin may not call dari; its origin is not among those that are allowed (-origins).")
	case from == unsaid && need.Acts && looksLikeBrowser(r) && !deliberate(r):
		return forbidden("A browser called dari without saying which page it is for, so that anybody's may have led it here. Use an AWS client, or call from a page with a browser that sends Sec-Fetch-Site or Origin.")
	}
	return nil
}

func forbidden(message string) *Refusal { return &Refusal{http.StatusForbidden, message, ""} }

// A pageFrom is where the page behind a request is from.
type pageFrom int

const (
	unsaid pageFrom = iota
	here
	elsewhere
)

// from tells where the page is from, by the headers that no page can forge. Over
// plain HTTP browsers send the first to this machine only, the second with all
// but simple reading, and the third unless the page forbids it.
func (g *Guard) from(r *http.Request) pageFrom {
	origin := r.Header.Get("Origin")
	if origin != "" && g.Allows(origin) {
		return here
	}
	switch site := r.Header.Get("Sec-Fetch-Site"); {
	case site == "none" && !g.keyed:
		// A person opened an address. Of where that led on from, by a redirect, the
		// browser says nothing, and only a signature would tell that it was meant.
		return unsaid
	case site != "":
		return hereIf(site == "same-origin" || site == "none")
	}
	page := cmp.Or(origin, r.Header.Get("Referer"))
	if page == "" {
		return unsaid
	}
	u, err := url.Parse(page)
	return hereIf(err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host))
}

func hereIf(ours bool) pageFrom {
	if ours {
		return here
	}
	return elsewhere
}

// Allows says whether origin is among those whose pages may call.
func (g *Guard) Allows(origin string) bool {
	return slices.Contains(g.origins, strings.ToLower(origin))
}

// looksLikeBrowser says whether a browser may have sent r. A page can have the
// browser say another User-Agent, but cannot keep it from saying which languages
// its user reads, which no AWS client does.
func looksLikeBrowser(r *http.Request) bool {
	for _, name := range []string{"Origin", "Referer", "Accept-Language", "Cookie", "Sec-Fetch-Site", "Sec-Fetch-Mode", "Sec-Fetch-Dest"} {
		if len(r.Header[name]) > 0 {
			return true
		}
	}
	return strings.HasPrefix(r.UserAgent(), "Mozilla/")
}

// deliberate says whether r has a header that no page can send to another origin
// unless that has agreed in a preflight. A password in a link is no such thing.
func deliberate(r *http.Request) bool {
	return r.Header.Get("X-Amz-Target") != "" || strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-")
}

// strange says whether host is a name that somebody else may have pointed at
// this machine for a moment, so that their page counts as ours. Addresses,
// localhost and names without a dot cannot be had that way.
func (g *Guard) strange(host string) bool {
	name := hostname(host)
	if name == g.host || !strings.Contains(name, ".") || strings.HasSuffix(name, ".localhost") {
		return false
	}
	_, err := netip.ParseAddr(name)
	return err != nil
}

// hostname returns the name or address in host, which may have a port.
func hostname(host string) string {
	if name, port, err := net.SplitHostPort(host); err == nil && strings.Trim(port, "0123456789") == "" {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.ToLower(host)
}

// clip keeps s short enough for an error.
func clip(s string) string {
	if len(s) <= 64 {
		return s
	}
	return strings.ToValidUTF8(s[:64], "") + "…"
}
