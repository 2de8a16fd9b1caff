package pattern

import (
	"strconv"
	"strings"
)

// A network is a range of addresses: those that share the first bits.
type network struct {
	address
	bits int
}

func (n network) holds(v *value) bool {
	a, ok := v.address()
	return ok && a.v6 == n.v6 && n.contains(a)
}

func (n network) contains(a address) bool {
	whole, rest := n.bits/8, n.bits%8
	if string(a.bytes[:whole]) != string(n.bytes[:whole]) {
		return false
	}
	return rest == 0 || (a.bytes[whole]^n.bytes[whole])>>(8-rest) == 0
}

// parseCIDR reads {"cidr": "ADDRESS/BITS"}. The service answers a wrong type
// of operand with the sentence of prefix, and reports everything else without
// a position.
func parseCIDR(p *parser) (test, error) {
	s, err := p.operand("prefix match pattern must be a string")
	if err != nil {
		return nil, err
	}
	n, reason := newNetwork(s)
	if reason != "" {
		return nil, p.failBare("%s", reason)
	}
	return n, p.close(oneKey)
}

// newNetwork returns the network that s describes, or what is wrong with it.
// Full-length masks are refused, as in the service.
func newNetwork(s string) (network, string) {
	// Slashes at the end do not count, so "10.0.0.0/8/" is fine and "10.0.0.0/"
	// has none.
	ip, mask, found := strings.Cut(strings.TrimRight(s, "/"), "/")
	if !found || strings.Contains(mask, "/") {
		return network{}, "Malformed CIDR, one '/' required"
	}
	bits, err := strconv.ParseInt(mask, 10, 32)
	switch {
	case err != nil:
		return network{}, "Malformed CIDR, mask bits must be an integer"
	case bits < 0:
		return network{}, "Malformed CIDR, mask bits must not be negative"
	case !addressShaped(ip):
		return network{}, "Nonstandard IP address: " + ip
	}
	a, ok := parseAddress(ip)
	switch {
	case !ok:
		return network{}, "Invalid IP address: " + ip
	case !a.v6 && bits > 31:
		return network{}, "IPv4 mask bits must be < 32"
	case a.v6 && bits > 127:
		return network{}, "IPv6 mask bits must be < 128"
	}
	return network{a, int(bits)}, ""
}
