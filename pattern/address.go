package pattern

import "strings"

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
	part, n := 0, 0
	for i := range len(s) {
		if s[i] == '.' {
			a.bytes[part] = byte(n)
			part, n = part+1, 0
			continue
		}
		if n = n*10 + int(s[i]-'0'); n > 255 {
			return address{}, false
		}
	}
	a.bytes[part] = byte(n)
	return a, true
}

func parseV6(s string) (address, bool) {
	head, tail, gap := strings.Cut(s, "::")
	left, n, ok1 := groups(head)
	right, m, ok2 := groups(tail)
	if !ok1 || !ok2 || gap && n+m > 7 || !gap && n != 8 {
		return address{}, false
	}
	a := address{v6: true}
	copy(a.bytes[:], left[:2*n])
	copy(a.bytes[16-2*m:], right[:2*m])
	if [12]byte(a.bytes[:12]) == [12]byte{10: 0xFF, 11: 0xFF} {
		v4 := address{}
		copy(v4.bytes[:4], a.bytes[12:])
		return v4, true
	}
	return a, true
}

// groups reads hexadecimal numbers with colons between them, and returns how
// many there are.
func groups(s string) (bytes [16]byte, n int, ok bool) {
	if s == "" {
		return bytes, 0, true
	}
	value, digits := uint(0), 0
	for i := 0; i <= len(s); i++ {
		if i < len(s) && s[i] != ':' {
			d, _ := hexDigit(s[i])
			if value = value<<4 | uint(d); value > 0xFFFF {
				return bytes, 0, false
			}
			digits++
			continue
		}
		if digits == 0 || n == 8 {
			return bytes, 0, false
		}
		bytes[2*n], bytes[2*n+1] = byte(value>>8), byte(value)
		n++
		value, digits = 0, 0
	}
	return bytes, n, true
}
