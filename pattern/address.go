package pattern

import (
	"strconv"
	"strings"
)

// An address is an IP address. The two families never mix.
type address struct {
	bytes [16]byte
	v6    bool
}

// width is the number of bits of an address.
func (a address) width() int {
	if a.v6 {
		return 128
	}
	return 32
}

// addressShaped says whether s consists of what addresses are made of: four
// runs of digits with dots between them, or hexadecimal digits and colons, at
// least one.
func addressShaped(s string) bool {
	if strings.IndexByte(s, ':') >= 0 {
		return !strings.ContainsFunc(s, func(c rune) bool {
			return c != ':' && !(c >= '0' && c <= '9') && !(c|0x20 >= 'a' && c|0x20 <= 'f')
		})
	}
	dots, run := 0, 0
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			run++
		case c == '.' && run > 0:
			dots, run = dots+1, 0
		default:
			return false
		}
	}
	return dots == 3 && run > 0
}

// parseAddress reads an address the way the service's platform does: decimal
// parts with leading zeros but at most 15 characters in all, groups of
// hexadecimal digits with any number of leading zeros, no mixed notation. An
// IPv4 address written as an IPv6 one is an IPv4 address.
func parseAddress(s string) (address, bool) {
	if !addressShaped(s) {
		return address{}, false
	}
	if strings.IndexByte(s, ':') < 0 {
		return parseV4(s)
	}
	return parseV6(s)
}

func parseV4(s string) (address, bool) {
	var a address
	if len(s) > 15 {
		return a, false
	}
	for i, part := range strings.Split(s, ".") {
		n, err := strconv.ParseUint(part, 10, 8)
		if err != nil {
			return address{}, false
		}
		a.bytes[i] = byte(n)
	}
	return a, true
}

func parseV6(s string) (address, bool) {
	head, tail, gap := strings.Cut(s, "::")
	left, ok1 := groups(head)
	right, ok2 := groups(tail)
	n := len(left) + len(right)
	if !ok1 || !ok2 || gap && n > 7 || !gap && n != 8 {
		return address{}, false
	}
	a := address{v6: true}
	for i, g := range left {
		a.bytes[2*i], a.bytes[2*i+1] = byte(g>>8), byte(g)
	}
	for i, g := range right {
		at := 16 - 2*(len(right)-i)
		a.bytes[at], a.bytes[at+1] = byte(g>>8), byte(g)
	}
	if [12]byte(a.bytes[:12]) == [12]byte{10: 0xFF, 11: 0xFF} {
		return address{bytes: [16]byte(append(a.bytes[12:16:16], make([]byte, 12)...))}, true
	}
	return a, true
}

// groups reads hexadecimal numbers with colons between them.
func groups(s string) ([]uint16, bool) {
	if s == "" {
		return nil, true
	}
	var out []uint16
	for g := range strings.SplitSeq(s, ":") {
		n, err := strconv.ParseUint(g, 16, 16)
		if err != nil || len(out) == 8 {
			return nil, false
		}
		out = append(out, uint16(n))
	}
	return out, true
}
