package wire

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Keys know the access keys that may sign. They may be asked from many
// goroutines at once, and may change their minds between two requests.
type Keys interface {
	// Key returns the access key with that id.
	Key(accessKeyID string) (Key, bool)
}

// A Key is what belongs to an access key id.
type Key struct {
	Secret string
	// Account is who calls; "" for the account of [Options].
	Account string
}

// KeyMap is a fixed set of access keys, by id.
type KeyMap map[string]Key

// Key returns the access key with that id.
func (m KeyMap) Key(accessKeyID string) (Key, bool) {
	k, ok := m[accessKeyID]
	return k, ok
}

// authenticate checks who signed the call, if anybody must.
func (h *handler) authenticate(c *call) error {
	if h.Keys == nil {
		return nil
	}
	if c.authErr != nil {
		return c.authErr
	}
	key, err := verify(c.r, c.raw, &c.auth, h.Keys, h.Clock())
	if err != nil {
		return err
	}
	if key.Account != "" {
		c.caller.Account = key.Account
	}
	return nil
}

// Verify checks that r, whose body is body, is signed for the service by one of
// keys, about now or, if it is presigned, within its time. Both SigV4 and SigV4a
// will do. Any error is an [*Error] with the status 403, in the words that the
// SDKs know.
func Verify(r *http.Request, body []byte, service string, keys Keys, now time.Time) error {
	a, err := readAuthorization(r)
	if err != nil {
		return err
	}
	if a.signature != "" && a.service != service {
		return errIncomplete("Credential must be for the service " + service)
	}
	_, err = verify(r, body, &a, keys, now)
	return err
}

// verify returns the key that signed r.
func verify(r *http.Request, body []byte, a *authorization, keys Keys, now time.Time) (Key, error) {
	if a.signature == "" {
		return Key{}, &Error{
			Code: "MissingAuthenticationTokenException", QueryCode: "MissingAuthenticationToken", Status: http.StatusForbidden,
			Message: "Missing Authentication Token", QueryMessage: "Request is missing Authentication Token",
		}
	}
	key, ok := keys.Key(a.accessKey)
	if !ok {
		return Key{}, &Error{
			Code: "UnrecognizedClientException", QueryCode: "InvalidClientTokenId", Status: http.StatusForbidden,
			Message: "The security token included in the request is invalid.",
		}
	}
	if err := a.timely(now.UTC()); err != nil {
		return Key{}, err
	}
	return key, a.matches(r, body, key.Secret)
}

// timely checks that the request was signed about now, or that it is presigned
// and still good.
func (a *authorization) timely(now time.Time) error {
	skew := 5 * time.Minute
	if a.service == "s3" {
		skew = 15 * time.Minute
	}
	minutes := int(skew.Minutes())
	first, last := a.at.Add(-skew), a.at.Add(skew)
	if a.presigned {
		last = a.at.Add(a.expires)
	}
	switch {
	case now.Before(first):
		return errSkew(a.service, fmt.Sprintf("Signature not yet current: %s is still later than %s (%s + %d min.)",
			a.stamp, now.Add(skew).Format(amzDate), now.Format(amzDate), minutes))
	case now.After(last) && a.presigned:
		return errSkew("", fmt.Sprintf("Signature expired: %s is now earlier than %s", last.Format(amzDate), now.Format(amzDate)))
	case now.After(last):
		return errSkew(a.service, fmt.Sprintf("Signature expired: %s is now earlier than %s (%s - %d min.)",
			a.stamp, now.Add(-skew).Format(amzDate), now.Format(amzDate), minutes))
	}
	return nil
}

// errSkew has codes upon which the SDKs correct their clocks by our Date header.
func errSkew(service, message string) error {
	code := "InvalidSignatureException"
	if service == "s3" {
		code = "RequestTimeTooSkewed"
	}
	return &Error{Code: code, QueryCode: "SignatureDoesNotMatch", Status: http.StatusForbidden, Message: message}
}

// matches checks the signature itself.
func (a *authorization) matches(r *http.Request, body []byte, secret string) error {
	if r.Header.Get("X-Amz-Target") != "" && !slices.Contains(a.headers, "x-amz-target") {
		// What a signature does not cover could be exchanged on the way.
		return errIncomplete("SignedHeaders must name x-amz-target")
	}
	payload, err := payloadHash(r, body, a)
	if err != nil {
		return err
	}
	text, err := stringToSign(r, a, payload)
	if err != nil {
		return errIncomplete(err.Error())
	}
	good := false
	if a.algorithm == algorithmV4a {
		good = verifyV4a(a, secret, text)
	} else {
		want := signV4(secret, a, text)
		good = subtle.ConstantTimeCompare([]byte(want), []byte(a.signature)) == 1
	}
	if !good {
		return &Error{
			Code: "InvalidSignatureException", QueryCode: "SignatureDoesNotMatch", Status: http.StatusForbidden,
			Message: "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
		}
	}
	return nil
}

// payloadHash returns what stands for the body in the signed text, after
// comparing it with the body.
func payloadHash(r *http.Request, body []byte, a *authorization) (string, error) {
	claimed := r.Header.Get("X-Amz-Content-Sha256")
	if claimed == "" && a.presigned {
		claimed = r.URL.Query().Get("X-Amz-Content-Sha256")
		if claimed == "" && a.service == "s3" {
			claimed = unsignedPayload
		}
	}
	switch {
	case claimed == unsignedPayload:
		return claimed, nil
	case strings.HasPrefix(claimed, "STREAMING-"):
		return "", &Error{
			Code: "InvalidSignatureException", QueryCode: "SignatureDoesNotMatch", Status: http.StatusForbidden,
			Message: fmt.Sprintf("dari does not read bodies that are signed in chunks (x-amz-content-sha256 %s); sign the whole body.", clip(claimed)),
		}
	}
	sum := sha256.Sum256(body)
	actual := hex.EncodeToString(sum[:])
	if claimed != "" && claimed != actual {
		return "", &Error{
			Code: "InvalidSignatureException", QueryCode: "SignatureDoesNotMatch", Status: http.StatusForbidden,
			Message: "The body of the request is not the one that x-amz-content-sha256 stands for.",
		}
	}
	return actual, nil
}

// signV4 returns the signature of text in hexadecimal.
func signV4(secret string, a *authorization, text string) string {
	key := []byte("AWS4" + secret)
	for _, part := range []string{a.date, a.region, a.service, "aws4_request"} {
		key = hmacSHA256(key, part)
	}
	return hex.EncodeToString(hmacSHA256(key, text))
}

func hmacSHA256(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// uriDecode undoes percent-encoding; a plus is a space, as in forms.
func uriDecode(s string) (string, error) { return url.QueryUnescape(s) }
