package policy

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/big"
	"net/netip"
	"regexp"
	"strings"
	"time"
)

// An operator makes matchers of the values in a document. With variables, these
// are filled in where the operator has them.
type operator struct {
	matcher func(want string, variables bool) (matcher, error)
	negated bool
	// variables says that its values may have some.
	variables bool
}

// operators are the condition operators, without Null and without what may
// stand before and after a name.
var operators = map[string]operator{
	"StringEquals":              {matcher: words(func(want, got string) bool { return want == got }), variables: true},
	"StringNotEquals":           {matcher: words(func(want, got string) bool { return want == got }), negated: true, variables: true},
	"StringEqualsIgnoreCase":    {matcher: words(strings.EqualFold), variables: true},
	"StringNotEqualsIgnoreCase": {matcher: words(strings.EqualFold), negated: true, variables: true},
	"StringLike":                {matcher: wordsLike, variables: true},
	"StringNotLike":             {matcher: wordsLike, negated: true, variables: true},

	// The two ways to compare ARNs do the same.
	"ArnEquals":    {matcher: arnLike, variables: true},
	"ArnLike":      {matcher: arnLike, variables: true},
	"ArnNotEquals": {matcher: arnLike, negated: true, variables: true},
	"ArnNotLike":   {matcher: arnLike, negated: true, variables: true},

	"NumericEquals":            {matcher: ordered(number, func(c int) bool { return c == 0 })},
	"NumericNotEquals":         {matcher: ordered(number, func(c int) bool { return c == 0 }), negated: true},
	"NumericLessThan":          {matcher: ordered(number, func(c int) bool { return c < 0 })},
	"NumericLessThanEquals":    {matcher: ordered(number, func(c int) bool { return c <= 0 })},
	"NumericGreaterThan":       {matcher: ordered(number, func(c int) bool { return c > 0 })},
	"NumericGreaterThanEquals": {matcher: ordered(number, func(c int) bool { return c >= 0 })},

	"DateEquals":            {matcher: ordered(date, func(c int) bool { return c == 0 })},
	"DateNotEquals":         {matcher: ordered(date, func(c int) bool { return c == 0 }), negated: true},
	"DateLessThan":          {matcher: ordered(date, func(c int) bool { return c < 0 })},
	"DateLessThanEquals":    {matcher: ordered(date, func(c int) bool { return c <= 0 })},
	"DateGreaterThan":       {matcher: ordered(date, func(c int) bool { return c > 0 })},
	"DateGreaterThanEquals": {matcher: ordered(date, func(c int) bool { return c >= 0 })},

	"Bool":         {matcher: boolean, variables: true},
	"BinaryEquals": {matcher: binary},
	"IpAddress":    {matcher: network},
	"NotIpAddress": {matcher: network, negated: true},
}

func words(equal func(want, got string) bool) func(string, bool) (matcher, error) {
	return func(want string, variables bool) (matcher, error) {
		t, err := parseTemplate(want, false, variables)
		return func(r *request, got string) truth {
			want, ok := t.text(r)
			if !ok || !r.spend(len(want)/16) {
				return unknown
			}
			return isTrue(equal(want, got))
		}, err
	}
}

func wordsLike(want string, variables bool) (matcher, error) {
	t, err := parseTemplate(want, true, variables)
	return t.like, err
}

// arnLike compares ARNs part by part, so that a wildcard stays in its part. The
// star alone is any ARN, and a variable alone is an ARN as it is. What has too
// few parts is no ARN, which AWS takes and which is true of nothing.
func arnLike(want string, variables bool) (matcher, error) {
	t, err := parseTemplate(want, true, variables)
	if err != nil {
		return nil, err
	}
	parts := t.split()
	whole := len(t) == 1 && t[0].kind != plain
	return func(r *request, arn string) truth {
		got := strings.SplitN(arn, ":", 6)
		switch {
		case len(got) != 6:
			return unknown
		case whole:
			return t.like(r, arn)
		case len(parts) != 6:
			return unknown
		}
		result := yes
		for i, part := range parts {
			result = min(result, part.like(r, got[i]))
		}
		return result
	}, nil
}

// longest is how long a value may be that is more than text; there is nothing
// to write in a longer one.
const longest = 100

// ordered compares what read makes of the two values.
func ordered(read func(string) (*big.Rat, error), holds func(order int) bool) func(string, bool) (matcher, error) {
	return func(text string, _ bool) (matcher, error) {
		want, err := read(text)
		return func(_ *request, text string) truth {
			got, err := read(text)
			if err != nil {
				return unknown
			}
			return isTrue(holds(got.Cmp(want)))
		}, err
	}
}

var decimal = regexp.MustCompile(`^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?$`)

// number reads a number without rounding it: two large ones that differ in
// their last digit are not equal.
func number(s string) (*big.Rat, error) {
	if len(s) <= longest && decimal.MatchString(s) {
		if n, ok := new(big.Rat).SetString(s); ok {
			return n, nil
		}
	}
	return nil, fmt.Errorf("%.40q is not a number", s)
}

// dates are the forms of ISO 8601 that https://www.w3.org/TR/NOTE-datetime
// takes. Seconds may have a fraction.
var dates = []string{"2006", "2006-01", "2006-01-02", "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05Z07:00"}

// date reads a date, or the seconds since 1970, as these seconds. Four digits
// are a year.
func date(s string) (*big.Rat, error) {
	if len(s) <= longest {
		for _, layout := range dates {
			if t, err := time.Parse(layout, s); err == nil {
				seconds := new(big.Rat).SetInt64(t.Unix())
				return seconds.Add(seconds, big.NewRat(int64(t.Nanosecond()), 1e9)), nil
			}
		}
	}
	seconds, err := number(s)
	if err != nil {
		return nil, fmt.Errorf("%.40q is no date; want one such as 2030-12-31T23:59:59Z, or seconds since 1970", s)
	}
	return seconds, nil
}

func boolean(text string, variables bool) (matcher, error) {
	t, err := parseTemplate(text, false, variables)
	if err != nil {
		return nil, err
	}
	if len(t) == 0 || len(t) == 1 && t[0].kind == plain {
		if _, ok := parseBool(text); !ok {
			return nil, fmt.Errorf("%q is neither true nor false", text)
		}
	}
	return func(r *request, text string) truth {
		filled, filledIn := t.text(r)
		want, ok := parseBool(filled)
		got, clear := parseBool(text)
		if !filledIn || !ok || !clear {
			return unknown
		}
		return isTrue(got == want)
	}, nil
}

func parseBool(s string) (value, ok bool) {
	value = strings.EqualFold(s, "true")
	return value, value || strings.EqualFold(s, "false")
}

func binary(text string, _ bool) (matcher, error) {
	want, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("%.40q is not base64", text)
	}
	return func(r *request, text string) truth {
		if !r.spend(len(text)) {
			return unknown
		}
		got, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return unknown
		}
		return isTrue(bytes.Equal(want, got))
	}, nil
}

func network(text string, _ bool) (matcher, error) {
	want, err := parsePrefix(text)
	if err != nil {
		return nil, fmt.Errorf("%.60q is neither an address nor a network such as 10.0.0.0/8", text)
	}
	return func(_ *request, text string) truth {
		if len(text) > longest {
			return unknown
		}
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

// CheckValue says what is wrong with a value of a condition key that is said to be of
// a type, as operators read it: numeric, boolean, date, ip, binary, or any other text.
func CheckValue(kind, value string) (err error) {
	ok := true
	switch kind {
	case "numeric":
		_, err = number(value)
	case "date":
		_, err = date(value)
	case "boolean":
		_, ok = parseBool(value)
	case "ip":
		_, err = parsePrefix(value)
	case "binary":
		_, err = base64.StdEncoding.DecodeString(value)
	}
	if err != nil || !ok {
		return fmt.Errorf("%.60q is no value of the type %s", value, kind)
	}
	return nil
}
