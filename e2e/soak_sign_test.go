package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// signing signs requests on their way.
type signing struct {
	as   aws.Credentials
	next http.RoundTripper
}

func (s signing) RoundTrip(r *http.Request) (*http.Response, error) {
	r, err := s.sign(r)
	if err != nil {
		return nil, err
	}
	return s.next.RoundTrip(r)
}

// sign returns a copy of r that is signed for the service that it is for.
func (s signing) sign(r *http.Request) (*http.Request, error) {
	r = r.Clone(r.Context())
	var body []byte
	if r.Body != nil && r.Body != http.NoBody {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	service := "events"
	switch {
	case strings.HasPrefix(r.URL.Path, "/_dari/"):
		service = "dari"
	case strings.HasPrefix(r.Header.Get("X-Amz-Target"), "AmazonSQS."):
		service = "sqs"
	}
	sum := sha256.Sum256(body)
	return r, v4.NewSigner().SignHTTP(r.Context(), s.as, r, hex.EncodeToString(sum[:]), service, region, time.Now())
}

// newSigned returns a lean client that signs.
func newSigned(s *server, key, secret string, connections int) *lean {
	l := newLean(s, connections)
	l.http.Transport = signing{aws.Credentials{AccessKeyID: key, SecretAccessKey: secret}, l.http.Transport}
	return l
}

// leanRequest makes the request that a lean client sends.
func leanRequest(url, target, body string) (*http.Request, error) {
	r, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header = jsonSQS.Clone()
	r.Header["X-Amz-Target"] = []string{target}
	return r, nil
}

// soakSigner signs for the first account.
var soakSigner = signing{as: aws.Credentials{AccessKeyID: soakKeyA, SecretAccessKey: soakSecretA}}
