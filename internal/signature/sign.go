package signature

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Credentials are what a client signs with, and for what.
type Credentials struct {
	AccessKey, Secret string
	// Token belongs to temporary credentials, or is "".
	Token string
	// Region is where the call goes.
	Region string
	// Service is the name of the API in signatures, such as "events".
	Service string
}

// Sign signs req with SigV4: it sets X-Amz-Date, X-Amz-Security-Token where
// there is one, and Authorization. body is what the request will send; at is the
// client's time. All headers that are set by then are signed but those that
// proxies change, so Sign comes last.
func Sign(req *http.Request, body []byte, c Credentials, at time.Time) error {
	a := &Claim{algorithm: algorithmV4, region: c.Region}
	payload := prepare(req, body, a, c, at)
	a.scope = a.date + "/" + c.Region + "/" + c.Service + "/aws4_request"
	text, err := stringToSign(req, a, payload)
	if err != nil {
		return err
	}
	a.signature = signV4(c.Secret, a, text)
	req.Header.Set("Authorization", a.String())
	return nil
}

// prepare sets the headers that are signed and fills in a but for its scope and
// signature. It returns the hash of the body.
func prepare(req *http.Request, body []byte, a *Claim, c Credentials, at time.Time) string {
	a.accessKey, a.Service, a.at = c.AccessKey, c.Service, at.UTC()
	a.stamp = a.at.Format(amzDate)
	a.date = a.stamp[:len("20060102")]
	req.Header.Del("Authorization")
	req.Header.Set("X-Amz-Date", a.stamp)
	if c.Token != "" {
		req.Header.Set("X-Amz-Security-Token", c.Token)
	}
	a.headers = []string{"host"}
	for name := range req.Header {
		if name = strings.ToLower(name); !slices.Contains(unsigned, name) {
			a.headers = append(a.headers, name)
		}
	}
	slices.Sort(a.headers)
	if claimed := req.Header.Get("X-Amz-Content-Sha256"); claimed != "" {
		return claimed
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// unsigned are headers that proxies add or change, or that net/http sends in
// its own way.
var unsigned = []string{
	"accept-encoding", "connection", "content-length", "expect", "host", "transfer-encoding", "user-agent", "x-amzn-trace-id",
}

// String is the Authorization header.
func (a *Claim) String() string {
	return a.algorithm + " Credential=" + a.accessKey + "/" + a.scope +
		", SignedHeaders=" + strings.Join(a.headers, ";") + ", Signature=" + a.signature
}
