package signature

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/dari-bus/dari/internal/access"
)

// Verify returns who sent r, whose body is body, after checking that it is signed
// for the service by one of keys, about now or, if it is presigned, within its
// time. Both SigV4 and SigV4a will do. Any error is an [*Error]. Nil keys let
// everybody in, as whom they say they are; at is the place of a caller who names
// none.
func Verify(r *http.Request, body []byte, service string, keys access.Credentials, at access.Place, now time.Time) (access.Caller, error) {
	a, err := Read(r)
	c := a.Caller(r, at)
	if keys == nil {
		return c, nil
	}
	if err != nil {
		return c, err
	}
	if a.signature != "" && a.Service != service {
		return c, errIncomplete("Credential must be for the service " + service)
	}
	key, err := a.Verify(r, body, keys, now)
	if err != nil {
		return c, err
	}
	return Become(c, key), nil
}

// Become returns the caller whom a key stands for, where c called.
func Become(c access.Caller, key access.Credential) access.Caller {
	c.Account, c.Identity = key.Account, key.Identity
	if c.Principal = key.Principal; c.Principal == "" {
		c.Principal = access.Root(c.Account, c.Region).Principal
	}
	return c
}

// Caller returns whom r says it is from, before anything is checked; at is the
// place of a caller who names none.
func (a *Claim) Caller(r *http.Request, at access.Place) access.Caller {
	if access.IsAccount(a.accessKey) {
		at.Account = a.accessKey
	}
	if a.region != "" {
		at.Region = a.region
	}
	c := access.Root(at.Account, at.Region)
	c.KeyID = a.accessKey
	c.Trace = r.Header.Get("X-Amzn-Trace-Id")
	c.UserAgent = r.UserAgent()
	if ip, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		c.SourceIP = ip.Addr().Unmap().WithZone("").String()
	}
	return c
}

// Verify returns the key that signed r, whose body is body, for whatever service.
// Any error is an [*Error].
func (a *Claim) Verify(r *http.Request, body []byte, keys access.Credentials, now time.Time) (access.Credential, error) {
	key, err := a.Key(r, keys, now)
	if err != nil {
		return access.Credential{}, err
	}
	payload, err := payloadHash(r, body, a)
	if err != nil {
		return access.Credential{}, err
	}
	return key, a.matches(r, payload, key.Secret)
}

// Sealed says whether r can be verified before its body has come: its head says
// what the hash of the body is, or that the signature does not cover it.
func (a *Claim) Sealed(r *http.Request) bool { return a.claimedHash(r) != "" }

// VerifyHead is [Claim.Verify] for a request that is sealed, whose body is still to
// come. The SHA-256 hash of the body must be sum, in hexadecimal, unless that is "".
func (a *Claim) VerifyHead(r *http.Request, keys access.Credentials, now time.Time) (key access.Credential, sum string, err error) {
	if key, err = a.Key(r, keys, now); err != nil {
		return access.Credential{}, "", err
	}
	sum = a.claimedHash(r)
	if err := chunked(sum); err != nil {
		return access.Credential{}, "", err
	}
	if err := a.matches(r, sum, key.Secret); err != nil {
		return access.Credential{}, "", err
	}
	if sum == unsignedPayload {
		sum = ""
	}
	return key, sum, nil
}

// Key returns the key that r says it was signed with about now, which is as much
// as can be known before its body is read. Any error is an [*Error].
func (a *Claim) Key(r *http.Request, keys access.Credentials, now time.Time) (access.Credential, error) {
	if a.signature == "" {
		return access.Credential{}, &Error{
			Code: "MissingAuthenticationTokenException", QueryCode: "MissingAuthenticationToken",
			Message: "Missing Authentication Token", QueryMessage: "Request is missing Authentication Token",
		}
	}
	key, ok := keys.Find(a.accessKey, sessionToken(r))
	if !ok {
		return access.Credential{}, &Error{
			Code: "UnrecognizedClientException", QueryCode: "InvalidClientTokenId",
			Message: "The security token included in the request is invalid.",
		}
	}
	if !key.Expires.IsZero() && !now.Before(key.Expires) {
		return access.Credential{}, &Error{
			Code: "ExpiredTokenException", QueryCode: "ExpiredToken",
			Message: "The security token included in the request is expired",
		}
	}
	return key, a.timely(now.UTC())
}

// sessionToken is the session token of a request, or "". It need not be covered
// by the signature: without the secret that goes with it, it opens nothing.
func sessionToken(r *http.Request) string {
	if t := r.Header.Get("X-Amz-Security-Token"); t != "" {
		return t
	}
	if strings.Contains(r.URL.RawQuery, "X-Amz-Security-Token=") {
		return r.URL.Query().Get("X-Amz-Security-Token")
	}
	return ""
}

// timely checks that the request was signed about now, or that it is presigned
// and still good.
func (a *Claim) timely(now time.Time) error {
	skew := 5 * time.Minute
	if a.Service == "s3" {
		skew = 15 * time.Minute
	}
	minutes := int(skew.Minutes())
	first, last := a.at.Add(-skew), a.at.Add(skew)
	if a.presigned {
		last = a.at.Add(a.expires)
	}
	switch {
	case now.Before(first):
		return errSkew(a.Service, fmt.Sprintf("Signature not yet current: %s is still later than %s (%s + %d min.)",
			a.stamp, now.Add(skew).Format(amzDate), now.Format(amzDate), minutes))
	case now.After(last) && a.presigned:
		return errSkew("", fmt.Sprintf("Signature expired: %s is now earlier than %s", last.Format(amzDate), now.Format(amzDate)))
	case now.After(last):
		return errSkew(a.Service, fmt.Sprintf("Signature expired: %s is now earlier than %s (%s - %d min.)",
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
	return &Error{Code: code, QueryCode: "SignatureDoesNotMatch", Message: message}
}

// matches checks the signature itself; payload is what stands for the body in it.
func (a *Claim) matches(r *http.Request, payload, secret string) error {
	if r.Header.Get("X-Amz-Target") != "" && !slices.Contains(a.headers, "x-amz-target") {
		// What a signature does not cover could be exchanged on the way.
		return errIncomplete("SignedHeaders must name x-amz-target")
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
			Code: "InvalidSignatureException", QueryCode: "SignatureDoesNotMatch",
			Message: "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
		}
	}
	return nil
}

// claimedHash returns what r says of the hash of its body, or "".
func (a *Claim) claimedHash(r *http.Request) string {
	claimed := r.Header.Get("X-Amz-Content-Sha256")
	if claimed == "" && a.presigned {
		claimed = r.URL.Query().Get("X-Amz-Content-Sha256")
		if claimed == "" && a.Service == "s3" {
			claimed = unsignedPayload
		}
	}
	return claimed
}

// chunked returns an error for a hash that is none: the body has a signature for
// each part of it.
func chunked(claimed string) error {
	if !strings.HasPrefix(claimed, "STREAMING-") {
		return nil
	}
	return &Error{
		Code: "InvalidSignatureException", QueryCode: "SignatureDoesNotMatch",
		Message: fmt.Sprintf("dari does not read bodies that are signed in chunks (x-amz-content-sha256 %.64s); sign the whole body.", claimed),
	}
}

// ErrPayload is the error for a body that has another hash than its request says.
var ErrPayload = &Error{
	Code: "InvalidSignatureException", QueryCode: "SignatureDoesNotMatch",
	Message: "The body of the request is not the one that x-amz-content-sha256 stands for.",
}

// payloadHash returns what stands for the body in the signed text, after
// comparing it with the body.
func payloadHash(r *http.Request, body []byte, a *Claim) (string, error) {
	claimed := a.claimedHash(r)
	if claimed == unsignedPayload {
		return claimed, nil
	}
	if err := chunked(claimed); err != nil {
		return "", err
	}
	sum := sha256.Sum256(body)
	actual := hex.EncodeToString(sum[:])
	if claimed != "" && claimed != actual {
		return "", ErrPayload
	}
	return actual, nil
}

// signV4 returns the signature of text in hexadecimal.
func signV4(secret string, a *Claim, text string) string {
	key := []byte("AWS4" + secret)
	for _, part := range []string{a.date, a.region, a.Service, "aws4_request"} {
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
