package policy

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"
)

// An operator makes matchers of the values in a document.
type operator struct {
	matcher func(want string) (matcher, error)
	negated bool
}

// operators are the condition operators, without Null and without what may
// stand before and after a name.
var operators = map[string]operator{
	"StringEquals":              {matcher: text(func(want, got string) bool { return want == got })},
	"StringNotEquals":           {matcher: text(func(want, got string) bool { return want == got }), negated: true},
	"StringEqualsIgnoreCase":    {matcher: text(strings.EqualFold)},
	"StringNotEqualsIgnoreCase": {matcher: text(strings.EqualFold), negated: true},
	"StringLike":                {matcher: text(like)},
	"StringNotLike":             {matcher: text(like), negated: true},

	// The two ways to compare ARNs do the same.
	"ArnEquals":    {matcher: arnLike},
	"ArnLike":      {matcher: arnLike},
	"ArnNotEquals": {matcher: arnLike, negated: true},
	"ArnNotLike":   {matcher: arnLike, negated: true},

	"NumericEquals":            {matcher: number(func(want, got float64) bool { return got == want })},
	"NumericNotEquals":         {matcher: number(func(want, got float64) bool { return got == want }), negated: true},
	"NumericLessThan":          {matcher: number(func(want, got float64) bool { return got < want })},
	"NumericLessThanEquals":    {matcher: number(func(want, got float64) bool { return got <= want })},
	"NumericGreaterThan":       {matcher: number(func(want, got float64) bool { return got > want })},
	"NumericGreaterThanEquals": {matcher: number(func(want, got float64) bool { return got >= want })},

	"Bool":         {matcher: boolean},
	"IpAddress":    {matcher: network},
	"NotIpAddress": {matcher: network, negated: true},
}

func text(equal func(want, got string) bool) func(string) (matcher, error) {
	return func(want string) (matcher, error) {
		return func(got string) truth { return isTrue(equal(want, got)) }, nil
	}
}

func number(compare func(want, got float64) bool) func(string) (matcher, error) {
	return func(text string) (matcher, error) {
		want, err := strconv.ParseFloat(text, 64)
		if err != nil || want != want {
			return nil, fmt.Errorf("%q is not a number", text)
		}
		return func(text string) truth {
			got, err := strconv.ParseFloat(text, 64)
			if err != nil || got != got {
				return unknown
			}
			return isTrue(compare(want, got))
		}, nil
	}
}

func boolean(text string) (matcher, error) {
	want, ok := parseBool(text)
	if !ok {
		return nil, fmt.Errorf("%q is neither true nor false", text)
	}
	return func(text string) truth {
		got, ok := parseBool(text)
		if !ok {
			return unknown
		}
		return isTrue(got == want)
	}, nil
}

func parseBool(s string) (value, ok bool) {
	value = strings.EqualFold(s, "true")
	return value, value || strings.EqualFold(s, "false")
}

func network(text string) (matcher, error) {
	want, err := parsePrefix(text)
	if err != nil {
		return nil, fmt.Errorf("%q is neither an address nor a network such as 10.0.0.0/8", text)
	}
	return func(text string) truth {
		got, err := netip.ParseAddr(text)
		if err != nil {
			return unknown
		}
		return isTrue(want.Contains(got.Unmap().WithZone("")))
	}, nil
}

// parsePrefix reads a network, or an address as the network that holds only it.
func parsePrefix(s string) (netip.Prefix, error) {
	if strings.Contains(s, "/") {
		p, err := netip.ParsePrefix(s)
		if err == nil && p.Addr().Is4In6() {
			err = fmt.Errorf("write an IPv4 network as such")
		}
		return p, err
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Prefix{}, err
	}
	return a.Unmap().WithZone("").Prefix(a.Unmap().BitLen())
}

// arnLike compares ARNs part by part, so that a wildcard stays in its part.
func arnLike(pattern string) (matcher, error) {
	want := strings.SplitN(pattern, ":", 6)
	if pattern != "*" && len(want) != 6 {
		return nil, fmt.Errorf("%q is not an ARN: want arn:partition:service:region:account:resource", pattern)
	}
	return func(arn string) truth {
		got := strings.SplitN(arn, ":", 6)
		if len(got) != 6 {
			return unknown
		}
		for i, w := range want {
			if !like(w, got[i]) {
				return no
			}
		}
		return yes
	}, nil
}

// like reports whether s matches a pattern in which * stands for any text and
// ? for one character. It takes at most len(pattern)·len(s) steps.
func like(pattern, s string) bool {
	p, i := 0, 0
	star, from := -1, 0 // the last star, and where in s what follows it is tried
	for i < len(s) {
		_, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, i
			p++
		case p < len(pattern) && pattern[p] == '?':
			p++
			i += size
		case p < len(pattern) && strings.HasPrefix(pattern[p:], s[i:i+size]):
			p += size
			i += size
		case star >= 0:
			_, size := utf8.DecodeRuneInString(s[from:])
			from += size
			p, i = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
