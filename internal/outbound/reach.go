package outbound

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"
)

// A Reach is where calls may go: its zero value is everywhere, any other the
// public internet and what is named beside it.
type Reach struct {
	public bool
	nets   []netip.Prefix
	hosts  []string
}

// ParseReach reads "any", or "public" with networks, addresses and names of
// hosts that may be called although they are not public, after commas:
// "public,10.1.0.0/16,hooks.internal". A name stands for whatever address it has.
func ParseReach(text string) (Reach, error) {
	words := strings.Split(text, ",")
	if text == "any" {
		return Reach{}, nil
	}
	if words[0] != "public" {
		return Reach{}, fmt.Errorf("%q is neither any nor public, nor public with networks and hosts after it, such as public,10.1.0.0/16,hooks.internal", text)
	}
	r := Reach{public: true}
	for _, w := range words[1:] {
		w = strings.TrimSpace(w)
		if p, err := netip.ParsePrefix(w); err == nil {
			r.nets = append(r.nets, p.Masked())
		} else if a, err := netip.ParseAddr(w); err == nil {
			r.nets = append(r.nets, netip.PrefixFrom(a, a.BitLen()))
		} else if isName(w) {
			r.hosts = append(r.hosts, strings.ToLower(w))
		} else {
			return Reach{}, fmt.Errorf("%q is no network such as 10.1.0.0/16, no address, and no name of a host", w)
		}
	}
	return r, nil
}

// isName reports whether s can be the name of a host. What looks like a network
// and is none, such as 10.1/16 or 10.0.0.256, is a slip and not a name.
func isName(s string) bool {
	letter := false
	for _, c := range s {
		switch {
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z':
			letter = true
		case '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.':
		default:
			return false
		}
	}
	return letter
}

// Everywhere reports whether every address may be called.
func (r Reach) Everywhere() bool { return !r.public }

// dial connects to addr. The address is judged when it is about to be connected
// to: a name may have another address each time that it is asked for.
func (r Reach) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	d := net.Dialer{Timeout: connectTimeout, KeepAlive: 30 * time.Second}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	if r.public && !slices.Contains(r.hosts, strings.ToLower(strings.TrimSuffix(host, "."))) {
		d.ControlContext = func(_ context.Context, _, address string, _ syscall.RawConn) error {
			if a, err := netip.ParseAddrPort(address); err == nil && r.Allows(a.Addr()) {
				return nil
			}
			return errOutOfReach
		}
	}
	return d.DialContext(ctx, network, addr)
}

// errOutOfReach does not name the address: who may have a server call names
// that the server can resolve need not learn what they resolve to.
var errOutOfReach = Permanent(CodeNoPermission, "not called, because its address is not one of the public internet, and this server calls no others; "+
	"its operator can name networks and hosts to allow in the setting -outbound")

// Allows reports whether an address may be called.
func (r Reach) Allows(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	return !r.public || isPublic(a) || slices.ContainsFunc(r.nets, func(p netip.Prefix) bool { return p.Contains(a) })
}

// Resolve returns an address of a host that may be called, for a program of others
// that is to call no other.
func (r Reach) Resolve(ctx context.Context, host string) (netip.Addr, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	all, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return netip.Addr{}, err
	}
	named := slices.Contains(r.hosts, strings.ToLower(strings.TrimSuffix(host, ".")))
	for _, a := range all {
		if named || r.Allows(a) {
			return a.Unmap(), nil
		}
	}
	return netip.Addr{}, errOutOfReach
}

// proxy returns how to find the proxy for a call. One that the environment names
// is not used where addresses are judged, since it would connect to what it likes.
func (r Reach) proxy() func(*http.Request) (*url.URL, error) {
	if r.public {
		return nil
	}
	return func(req *http.Request) (*url.URL, error) {
		u, err := http.ProxyFromEnvironment(req)
		if err != nil { // which is no fault of the request
			return nil, Temporary(CodeConnection, "the proxy that the environment of the server names cannot be used: %v", err)
		}
		return u, nil
	}
}

var (
	// notPublic are the networks inside the public ranges that are not of the
	// internet (RFC 6890 and the registries that it began), and the address where
	// Azure shows a machine its secrets.
	notPublic = prefixes(`0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24
		192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 168.63.129.16/32
		2001::/23 2001:db8::/32 3fff::/20`)
	// global is where all public addresses of IPv6 are.
	global = netip.MustParsePrefix("2000::/3")
	// Two networks of IPv6 stand for addresses of IPv4.
	nat64     = netip.MustParsePrefix("64:ff9b::/96")
	sixToFour = netip.MustParsePrefix("2002::/16")
)

func isPublic(a netip.Addr) bool {
	b := a.As16()
	switch {
	case nat64.Contains(a):
		return isPublic(netip.AddrFrom4([4]byte(b[12:])))
	case sixToFour.Contains(a):
		return isPublic(netip.AddrFrom4([4]byte(b[2:6])))
	case a.Is6() && !global.Contains(a):
		return false
	}
	return !slices.ContainsFunc(notPublic, func(p netip.Prefix) bool { return p.Contains(a) })
}

func prefixes(text string) []netip.Prefix {
	var all []netip.Prefix
	for _, w := range strings.Fields(text) {
		all = append(all, netip.MustParsePrefix(w))
	}
	return all
}
