package outbound

import "strings"

// reserved are the headers that a target or connection may name and that are
// left out, as on AWS: they belong to the transport, or to EventBridge.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html
var reserved = map[string]bool{
	"a-im": true, "accept-charset": true, "accept-datetime": true, "accept-encoding": true,
	"cache-control": true, "connection": true, "content-encoding": true, "content-length": true,
	"content-md5": true, "date": true, "expect": true, "forwarded": true, "from": true,
	"host": true, "http2-settings": true, "if-match": true, "if-modified-since": true,
	"if-none-match": true, "if-range": true, "if-unmodified-since": true, "max-forwards": true,
	"origin": true, "pragma": true, "proxy-authorization": true, "range": true, "referer": true,
	"te": true, "trailer": true, "transfer-encoding": true, "user-agent": true, "upgrade": true,
	"via": true, "warning": true,
}

// ReservedHeader reports whether calls to API destinations, and to their
// authorization servers, leave out a header of that name when a user sets it.
func ReservedHeader(name string) bool { return reserved[strings.ToLower(name)] }

// ValidHeaderName reports whether name can be the name of an HTTP header.
func ValidHeaderName(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	})
}

// ValidHeaderValue reports whether value can be the value of an HTTP header. A
// line break in it would begin another header.
func ValidHeaderValue(value string) bool {
	return !strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}
