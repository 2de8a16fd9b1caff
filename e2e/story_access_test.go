package e2e

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// keyFile writes a file of access keys.
func keyFile(t testing.TB, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOnlyKnownKeysMayCall(t *testing.T) {
	t.Parallel()
	s := serve(t, "--keys", keyFile(t, "# who may call", "AKIDGOOD secret-one", "AKIDOTHER secret-two 111122223333"))
	ctx := t.Context()
	good := s.sdkAs(t, keyPair("AKIDGOOD", "secret-one"))
	good.bus("mine")
	good.send(good.queue("q", nil), "hello")
	good.put(entry("mine", "s", "t", `{"a":"é+/%"}`))

	// Another account has buses of its own.
	other := s.sdkAs(t, keyPair("AKIDOTHER", "secret-two"))
	out := must(other.ev.CreateEventBus(ctx, &eventbridge.CreateEventBusInput{Name: aws.String("mine")}))(t)
	if want := "arn:aws:events:us-east-1:111122223333:event-bus/mine"; *out.EventBusArn != want {
		t.Errorf("the bus of the other account is %s, want %s", *out.EventBusArn, want)
	}

	for name, as := range map[string]aws.CredentialsProvider{
		"a wrong secret": keyPair("AKIDGOOD", "secret-two"),
		"an unknown key": keyPair("AKIDNOBODY", "secret-one"),
		"no signature":   aws.AnonymousCredentials{},
	} {
		c := s.sdkAs(t, as)
		_, err := c.ev.ListEventBuses(ctx, &eventbridge.ListEventBusesInput{})
		got, message := code(err)
		want := map[string]string{
			"a wrong secret": "InvalidSignatureException", "an unknown key": "UnrecognizedClientException", "no signature": "MissingAuthenticationTokenException",
		}[name]
		if got != want || message == "" {
			t.Errorf("%s: %s: %s; want %s", name, got, message, want)
		}
		if _, err := c.sq.ListQueues(ctx, &sqs.ListQueuesInput{}); err == nil {
			t.Errorf("%s: SQS answered", name)
		}
	}
	for _, path := range []string{"/_dari/dead", "/_dari/tail"} {
		resp, err := httpClient.Get(s.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		if readBody(t, resp); resp.StatusCode != http.StatusForbidden && resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s answers a stranger with %s", path, resp.Status)
		}
	}
	if why := s.unready(); why != "" {
		t.Errorf("health needs a key: %s", why)
	}
}

// signed makes a request by hand and signs it, in its headers or, presigned,
// in its query.
func (s *server) signed(t testing.TB, presigned bool, secret string, at time.Time, query string) *http.Request {
	t.Helper()
	cred := aws.Credentials{AccessKeyID: "AKIDGOOD", SecretAccessKey: secret}
	empty := sha256.Sum256(nil)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/?"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	signer := v4.NewSigner()
	if !presigned {
		if err := signer.SignHTTP(t.Context(), cred, r, hex.EncodeToString(empty[:]), "sqs", region, at); err != nil {
			t.Fatal(err)
		}
		return r
	}
	q := r.URL.Query()
	q.Set("X-Amz-Expires", "60")
	r.URL.RawQuery = q.Encode()
	uri, _, err := signer.PresignHTTP(t.Context(), cred, r, hex.EncodeToString(empty[:]), "sqs", region, at)
	if err != nil {
		t.Fatal(err)
	}
	r, err = http.NewRequestWithContext(t.Context(), http.MethodGet, uri, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSignaturesAreChecked(t *testing.T) {
	t.Parallel()
	s := serve(t, "--keys", keyFile(t, "AKIDGOOD secret-one"))
	const list = "Action=ListQueues&Version=2012-11-05"
	for _, tt := range []struct {
		name   string
		r      *http.Request
		change func(*http.Request)
		status int
		code   string
	}{
		{name: "signed", r: s.signed(t, false, "secret-one", time.Now(), list), status: 200},
		{name: "presigned", r: s.signed(t, true, "secret-one", time.Now(), list), status: 200},
		{name: "presigned with a wrong secret", r: s.signed(t, true, "x", time.Now(), list), status: 403, code: "SignatureDoesNotMatch"},
		{name: "presigned an hour ago for a minute", r: s.signed(t, true, "secret-one", time.Now().Add(-time.Hour), list), status: 403},
		{name: "signed an hour ago", r: s.signed(t, false, "secret-one", time.Now().Add(-time.Hour), list), status: 403},
		{
			name: "changed after it was signed", r: s.signed(t, false, "secret-one", time.Now(), list), status: 403, code: "SignatureDoesNotMatch",
			change: func(r *http.Request) { r.URL.RawQuery += "&QueueNamePrefix=x" },
		},
	} {
		if tt.change != nil {
			tt.change(tt.r)
		}
		resp, err := httpClient.Do(tt.r)
		if err != nil {
			t.Fatal(err)
		}
		body := readBody(t, resp)
		if resp.StatusCode != tt.status {
			t.Errorf("%s: %s, want %d: %s", tt.name, resp.Status, tt.status, body)
			continue
		}
		if tt.status == http.StatusOK {
			continue
		}
		var e struct {
			XMLName xml.Name `xml:"ErrorResponse"`
			Code    string   `xml:"Error>Code"`
		}
		if err := xml.Unmarshal(body, &e); err != nil || tt.code != "" && e.Code != tt.code {
			t.Errorf("%s: %s (%v), want the code %s as XML", tt.name, body, err, tt.code)
		}
		if resp.Header.Get("Date") == "" {
			t.Errorf("%s: no Date, from which clients correct their clocks", tt.name)
		}
	}
	// A JSON service answers in JSON.
	body := []byte(`{}`)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "AWSEvents.ListRules")
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(context.Background(), aws.Credentials{AccessKeyID: "AKIDGOOD", SecretAccessKey: "x"}, r, hex.EncodeToString(sum[:]), "events", region, time.Now()); err != nil {
		t.Fatal(err)
	}
	resp, err := httpClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	var e struct {
		Type string `json:"__type"`
	}
	if text := readBody(t, resp); json.Unmarshal(text, &e) != nil || e.Type != "InvalidSignatureException" || resp.StatusCode != http.StatusForbidden {
		t.Errorf("a wrong signature in JSON: %s %s", resp.Status, text)
	}
}

func TestListeningToTheWorldNeedsKeys(t *testing.T) {
	t.Parallel()
	addr := freeAddr(t)
	_, port, _ := strings.Cut(addr, ":")
	open := "0.0.0.0:" + port
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, "serve", "--listen", open, "--data", t.TempDir())
	cmd.Env = plainEnv()
	out, err := cmd.CombinedOutput()
	if err == nil || ctx.Err() != nil || !strings.Contains(string(out), "insecure") || !strings.Contains(string(out), "keys") {
		t.Errorf("dari serve --listen %s: %v\n%s\nwant a refusal that names -keys and -insecure", open, err, out)
	}
	for _, flags := range [][]string{{"--insecure"}, {"--keys", keyFile(t, "AKIDGOOD secret")}} {
		s := newServer(t, flags...)
		_, port, _ := strings.Cut(s.Addr, ":")
		s.Addr = "0.0.0.0:" + port
		s.start(t)
		s.stop(t)
	}
}
