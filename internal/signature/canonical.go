package signature

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
)

// stringToSign is what the signature of a request is made over.
func stringToSign(r *http.Request, a *Claim, payloadHash string) (string, error) {
	canonical, err := canonicalRequest(r, a, payloadHash)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(canonical))
	return a.algorithm + "\n" + a.stamp + "\n" + a.scope + "\n" + hex.EncodeToString(sum[:]), nil
}

// canonicalRequest spells a request in the one way on which signer and verifier
// agree.
func canonicalRequest(r *http.Request, a *Claim, payloadHash string) (string, error) {
	var b strings.Builder
	b.WriteString(r.Method + "\n")
	b.WriteString(canonicalPath(r, a.Service) + "\n")
	query, err := canonicalQuery(r.URL.RawQuery)
	if err != nil {
		return "", err
	}
	b.WriteString(query + "\n")
	for _, name := range a.headers {
		b.WriteString(name + ":")
		for i, value := range headerValues(r, name) {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(strings.Join(strings.Fields(value), " "))
		}
		b.WriteByte('\n')
	}
	b.WriteString("\n" + strings.Join(a.headers, ";") + "\n" + payloadHash)
	return b.String(), nil
}

// headerValues returns the values of a header in lower case, among them those
// that net/http keeps elsewhere.
func headerValues(r *http.Request, name string) []string {
	switch name {
	case "host":
		if r.Host != "" {
			return []string{r.Host}
		}
		return []string{r.URL.Host} // a request that is about to be sent
	case "content-length":
		return []string{strconv.FormatInt(r.ContentLength, 10)}
	case "transfer-encoding":
		return r.TransferEncoding
	default:
		return r.Header[http.CanonicalHeaderKey(name)]
	}
}

// canonicalPath encodes the path once more than it came, and without detours.
// S3 alone takes it as it is, since a dot or a slash there belongs to a name.
func canonicalPath(r *http.Request, service string) string {
	raw := r.URL.EscapedPath()
	if raw == "" {
		return "/"
	}
	if service == "s3" {
		return uriEncode(r.URL.Path, true)
	}
	clean := path.Clean("/" + raw)
	if clean != "/" && strings.HasSuffix(raw, "/") {
		clean += "/"
	}
	return uriEncode(clean, true)
}

// canonicalQuery sorts the parameters by name, then value, and encodes them
// anew. The signature itself is not part of what is signed.
func canonicalQuery(raw string) (string, error) {
	if raw == "" {
		return "", nil
	}
	type pair struct{ name, value string }
	var pairs []pair
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		n, err := uriDecode(name)
		if err != nil {
			return "", err
		}
		v, err := uriDecode(value)
		if err != nil {
			return "", err
		}
		if n != "X-Amz-Signature" {
			pairs = append(pairs, pair{uriEncode(n, false), uriEncode(v, false)})
		}
	}
	slices.SortFunc(pairs, func(a, b pair) int {
		if c := strings.Compare(a.name, b.name); c != 0 {
			return c
		}
		return strings.Compare(a.value, b.value)
	})
	var b strings.Builder
	for i, p := range pairs {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(p.name + "=" + p.value)
	}
	return b.String(), nil
}

// uriEncode percent-encodes all but the unreserved characters of RFC 3986, and
// slashes if they are to be kept.
func uriEncode(s string, keepSlash bool) string {
	const upper = "0123456789ABCDEF"
	b := make([]byte, 0, len(s)+16)
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9',
			c == '-', c == '.', c == '_', c == '~', c == '/' && keepSlash:
			b = append(b, c)
		default:
			b = append(b, '%', upper[c>>4], upper[c&0xf])
		}
	}
	return string(b)
}
