package signature

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/dari-bus/dari/internal/access"
)

// exampleSecret is the one of AWS's documentation.
const exampleSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

func newRequest(t testing.TB, method, url, body string, header ...string) *http.Request {
	t.Helper()
	r := httptest.NewRequest(method, url, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return r
}

func at(t testing.TB, stamp string) time.Time {
	t.Helper()
	out, err := time.Parse(amzDate, stamp)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// judge is Verify for who asks only whether a request passes.
func judge(r *http.Request, body []byte, service string, keys access.Keys, now time.Time) error {
	_, err := Verify(r, body, service, keys, access.Place{Account: "000000000000", Region: "us-east-1"}, now)
	return err
}

// The signatures are those of AWS's documentation and its test suite, and some
// that botocore made.
func TestSignaturesOfOthersVerify(t *testing.T) {
	const (
		s3Secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
		s3Scope  = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request"
		s3Host   = "https://examplebucket.s3.amazonaws.com"
		s3Stamp  = "20130524T000000Z"
		nothing  = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
		boto     = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260129/eu-central-1/"
	)
	keys := access.Keys{"AKIDEXAMPLE": {Secret: exampleSecret}, "AKIAIOSFODNN7EXAMPLE": {Secret: s3Secret}}
	for _, c := range []struct {
		name, service, stamp string
		r                    *http.Request
		body                 string
	}{
		{name: "documentation: IAM ListUsers", service: "iam", stamp: "20150830T123600Z", r: newRequest(t, "GET",
			"https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08", "",
			"Content-Type", "application/x-www-form-urlencoded; charset=utf-8",
			"Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7")},
		{name: "test suite: get-vanilla", service: "service", stamp: "20150830T123600Z", r: newRequest(t, "GET", "https://example.amazonaws.com/", "",
			"Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")},
		{name: "S3 GET object", service: "s3", stamp: s3Stamp, r: newRequest(t, "GET", s3Host+"/test.txt", "",
			"Range", "bytes=0-9", "X-Amz-Content-Sha256", nothing,
			"Authorization", s3Scope+",SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")},
		{name: "S3 PUT object", service: "s3", stamp: s3Stamp, body: "Welcome to Amazon S3.", r: newRequest(t, "PUT", s3Host+"/test%24file.text", "",
			"Date", "Fri, 24 May 2013 00:00:00 GMT", "X-Amz-Storage-Class", "REDUCED_REDUNDANCY",
			"X-Amz-Content-Sha256", "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
			"Authorization", s3Scope+",SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class,Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")},
		{name: "S3 GET bucket lifecycle", service: "s3", stamp: s3Stamp, r: newRequest(t, "GET", s3Host+"/?lifecycle", "", "X-Amz-Content-Sha256", nothing,
			"Authorization", s3Scope+",SignedHeaders=host;x-amz-content-sha256;x-amz-date,Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")},
		{name: "S3 list objects", service: "s3", stamp: s3Stamp, r: newRequest(t, "GET", s3Host+"/?max-keys=2&prefix=J", "", "X-Amz-Content-Sha256", nothing,
			"Authorization", s3Scope+",SignedHeaders=host;x-amz-content-sha256;x-amz-date,Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")},
		{name: "S3 presigned", service: "s3", r: newRequest(t, "GET", s3Host+"/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"+
			"&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404", "")},
		{name: "botocore: PutEvents", service: "events", stamp: "20260129T120000Z", body: `{"Entries":[]}`, r: newRequest(t, "POST", "http://localhost:4566/", "",
			"Content-Type", "application/x-amz-json-1.1", "X-Amz-Target", "AWSEvents.PutEvents", "X-Amz-Security-Token", "TOKEN/==",
			"Authorization", boto+"events/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature=b008a236916633ed4351d241d4e18f2a5f00196c83e5ca9260079e898b325ea9")},
		{name: "botocore: a path with detours", service: "sqs", stamp: "20260129T120000Z", body: "Action=SendMessage",
			r: newRequest(t, "POST", "http://localhost:4566/000000000000/a/./b/..//my%20queue~%C3%A9+x/", "",
				"Content-Type", "application/x-www-form-urlencoded; charset=utf-8", "X-Amz-Meta", "  a   b  ", "X-Amz-Security-Token", "TOKEN/==",
				"Authorization", boto+"sqs/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-meta;x-amz-security-token, Signature=ad2b8f14a4c68c5a97a354d68b8c78cda35106a7b56f2c2228fb9dd7f6efd2e4")},
		{name: "botocore: a query string", service: "sqs", stamp: "20260129T120000Z", r: newRequest(t, "GET", "http://localhost:4566/?Action=ListQueues&b=%2F%20&a=~&a=2&empty=", "",
			"X-Amz-Security-Token", "TOKEN/==",
			"Authorization", boto+"sqs/aws4_request, SignedHeaders=host;x-amz-date;x-amz-security-token, Signature=15fbbc7d55a83928e0a0bcca235c80073a0e12ccfa6a3fc1d58fad10fa282f64")},
		{name: "botocore: presigned", service: "sts", r: newRequest(t, "GET", "http://localhost:4566/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256"+
			"&X-Amz-Credential=AKIDEXAMPLE%2F20260129%2Feu-central-1%2Fsts%2Faws4_request&X-Amz-Date=20260129T120000Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host"+
			"&X-Amz-Security-Token=TOKEN%2F%3D%3D&X-Amz-Signature=94cfa2d74764fb037c78bcb4f123af4561cb156480194967b70bf1804dacf581", "")},
	} {
		t.Run(c.name, func(t *testing.T) {
			now := c.stamp
			if now == "" {
				now = c.r.URL.Query().Get("X-Amz-Date")
			} else {
				c.r.Header.Set("X-Amz-Date", now)
			}
			keys := maps.Clone(keys)
			key := keys["AKIDEXAMPLE"]
			key.Token = sessionToken(c.r)
			keys["AKIDEXAMPLE"] = key
			if err := judge(c.r, []byte(c.body), c.service, keys, at(t, now)); err != nil {
				t.Error(err)
			}
			err := judge(c.r, []byte(c.body+"x"), c.service, keys, at(t, now))
			if c.name != "S3 presigned" && err == nil { // which does not sign its body
				t.Error("another body was accepted")
			}
		})
	}
}

// The key pair is the one of AWS's own tests of SigV4a.
func TestSigV4aDerivesAWSsKey(t *testing.T) {
	key, err := deriveV4a("AKISORANDOMAASORANDOM", "q+jcrXGc+0zWN6uzclKVhvMmUsIfRPa4rlRandom")
	if err != nil {
		t.Fatal(err)
	}
	scalar, err := key.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	public, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := hex.EncodeToString(scalar), "7fd3bd010c0d9c292141c2b77bfbde1042c92e6836fff749d1269ec890fca1bd"; got != want {
		t.Errorf("private: got %s, want %s", got, want)
	}
	if got, want := hex.EncodeToString(public[1:]), "15d242ceebf8d8169fd6a8b5a746c41140414c3b07579038da06af89190fffcb"+
		"0515242cedd82e94799482e4c0514b505afccf2c0c98d6a553bf539f424c5ec0"; got != want {
		t.Errorf("public: got %s, want %s", got, want)
	}
}

func errText(err error) string {
	if err == nil {
		return "<nil>"
	}
	return err.Error()
}

// signers are the ways to sign a request.
var signers = map[string]func(*http.Request, []byte, Credentials, time.Time) error{"SigV4": Sign, "SigV4a": signV4a, "presigned": presign}

// signV4a is [Sign] with SigV4a, which is good for several regions.
func signV4a(req *http.Request, body []byte, c Credentials, at time.Time) error {
	a := &Claim{algorithm: algorithmV4a}
	req.Header.Set("X-Amz-Region-Set", c.Region)
	payload := prepare(req, body, a, c, at)
	a.scope = a.date + "/" + c.Service + "/aws4_request"
	text, err := stringToSign(req, a, payload)
	if err != nil {
		return err
	}
	key, err := deriveV4a(c.AccessKey, c.Secret)
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(text))
	signature, err := key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		return err
	}
	a.signature = hex.EncodeToString(signature)
	req.Header.Set("Authorization", a.String())
	return nil
}

// presign moves a signature of SigV4 into the query string.
func presign(r *http.Request, body []byte, c Credentials, now time.Time) error {
	a := &Claim{algorithm: algorithmV4, region: c.Region, presigned: true, headers: []string{"host"}}
	payload := prepare(r, body, a, c, now)
	a.headers = []string{"host"}
	for name := range r.Header {
		if name == "X-Amz-Target" {
			a.headers = append(a.headers, "x-amz-target")
		}
	}
	r.Header.Del("X-Amz-Date")
	a.scope = a.date + "/" + c.Region + "/" + c.Service + "/aws4_request"
	q := r.URL.Query()
	for name, value := range map[string]string{
		"X-Amz-Algorithm": a.algorithm, "X-Amz-Credential": c.AccessKey + "/" + a.scope, "X-Amz-Date": a.stamp,
		"X-Amz-Expires": "60", "X-Amz-SignedHeaders": strings.Join(a.headers, ";"),
	} {
		q.Set(name, value)
	}
	r.URL.RawQuery = q.Encode()
	text, err := stringToSign(r, a, payload)
	r.URL.RawQuery += "&X-Amz-Signature=" + signV4(c.Secret, a, text)
	return err
}

func TestOneChangedByteBreaksASignature(t *testing.T) {
	now := at(t, "20260129T120000Z")
	keys := access.Keys{"AKIDEXAMPLE": {Secret: exampleSecret, Token: "token"}}
	for name, sign := range signers {
		signed := func(secret string) *http.Request {
			r := newRequest(t, "POST", "http://localhost:4566/000000000000/queue?a=b&c=%20d", "", "X-Amz-Target", "AWSEvents.PutEvents",
				"Content-Type", "application/x-amz-json-1.1")
			c := Credentials{AccessKey: "AKIDEXAMPLE", Secret: secret, Token: "token", Region: "eu-central-1", Service: "events"}
			if err := sign(r, []byte("{}"), c, now); err != nil {
				t.Fatal(err)
			}
			return r
		}
		for _, c := range []struct {
			name, secret, body string
			change             func(*http.Request)
			want               string
		}{
			{"nothing", exampleSecret, "{}", func(*http.Request) {}, ""},
			{"secret", "guess", "{}", func(*http.Request) {}, "InvalidSignatureException"},
			{"body", exampleSecret, "{ }", func(*http.Request) {}, "InvalidSignatureException"},
			{"method", exampleSecret, "{}", func(r *http.Request) { r.Method = "PUT" }, "InvalidSignatureException"},
			{"path", exampleSecret, "{}", func(r *http.Request) { r.URL.Path = "/000000000000/other" }, "InvalidSignatureException"},
			{"query", exampleSecret, "{}", func(r *http.Request) { r.URL.RawQuery += "&e=f" }, "InvalidSignatureException"},
			{"host", exampleSecret, "{}", func(r *http.Request) { r.Host = "localhost:4567" }, "InvalidSignatureException"},
			{"target", exampleSecret, "{}", func(r *http.Request) { r.Header.Set("X-Amz-Target", "AWSEvents.PutRule") }, "InvalidSignatureException"},
		} {
			r := signed(c.secret)
			c.change(r)
			err := judge(r, []byte(c.body), "events", keys, now)
			if e, ok := errors.AsType[*Error](err); ok != (c.want != "") || ok && e.Code != c.want {
				t.Errorf("%s, changed %s: got %v, want %q", name, c.name, err, c.want)
			}
		}
	}
}

func TestASignatureIsGoodForFiveMinutes(t *testing.T) {
	signed := at(t, "20260129T120000Z")
	keys := access.Keys{"AKIDEXAMPLE": {Secret: exampleSecret}}
	for _, c := range []struct {
		how, service string
		offset       time.Duration
		want         string
	}{
		{"SigV4", "events", 5 * time.Minute, ""},
		{"SigV4", "events", -5 * time.Minute, ""},
		{"SigV4", "events", 5*time.Minute + time.Second, "InvalidSignatureException: Signature expired: 20260129T120000Z is now earlier than 20260129T120001Z (20260129T120501Z - 5 min.)"},
		{"SigV4", "events", -5*time.Minute - time.Second, "InvalidSignatureException: Signature not yet current: 20260129T120000Z is still later than 20260129T115959Z (20260129T115459Z + 5 min.)"},
		{"SigV4", "s3", 15 * time.Minute, ""},
		{"SigV4", "s3", 16 * time.Minute, "RequestTimeTooSkewed: Signature expired: 20260129T120000Z is now earlier than 20260129T120100Z (20260129T121600Z - 15 min.)"},
		{"SigV4a", "events", 6 * time.Minute, "InvalidSignatureException: Signature expired: 20260129T120000Z is now earlier than 20260129T120100Z (20260129T120600Z - 5 min.)"},
		{"presigned", "events", time.Minute, ""},
		{"presigned", "events", 61 * time.Second, "InvalidSignatureException: Signature expired: 20260129T120100Z is now earlier than 20260129T120101Z"},
	} {
		r := newRequest(t, "GET", "http://localhost:4566/", "")
		if err := signers[c.how](r, nil, Credentials{AccessKey: "AKIDEXAMPLE", Secret: exampleSecret, Region: "eu-central-1", Service: c.service}, signed); err != nil {
			t.Fatal(err)
		}
		got := errText(judge(r, nil, c.service, keys, signed.Add(c.offset)))
		if c.want == "" {
			c.want = "<nil>"
		}
		if got != c.want {
			t.Errorf("%s for %s after %s:\n got %s\nwant %s", c.how, c.service, c.offset, got, c.want)
		}
	}
}

func TestPayloadsAreHashedUnlessTheClientSaysSo(t *testing.T) {
	now := at(t, "20260129T120000Z")
	keys := access.Keys{"AKIDEXAMPLE": {Secret: exampleSecret}}
	for claimed, want := range map[string]string{
		"UNSIGNED-PAYLOAD": "",
		"5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03": "",
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855": "is not the one that x-amz-content-sha256 stands for",
		"STREAMING-AWS4-HMAC-SHA256-PAYLOAD":                               "signed in chunks (x-amz-content-sha256 STREAMING-AWS4-HMAC-SHA256-PAYLOAD)",
		"STREAMING-UNSIGNED-PAYLOAD-TRAILER":                               "sign the whole body",
	} {
		r := newRequest(t, "POST", "http://localhost:4566/", "", "X-Amz-Content-Sha256", claimed)
		if err := Sign(r, nil, Credentials{AccessKey: "AKIDEXAMPLE", Secret: exampleSecret, Region: "eu-central-1", Service: "events"}, now); err != nil {
			t.Fatal(err)
		}
		err := judge(r, []byte("hello\n"), "events", keys, now)
		if (want == "") != (err == nil) || !strings.Contains(errText(err), want) {
			t.Errorf("%s: got %v, want %q", claimed, err, want)
		}
	}
}

func TestCredentialsThatCannotBeReadAreRefused(t *testing.T) {
	const good = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260129/eu-central-1/events/aws4_request, SignedHeaders=host;x-amz-date, Signature=00"
	replace := func(old, new string) string { return strings.Replace(good, old, new, 1) }
	for _, c := range []struct{ header, stamp, want string }{
		{good, "20260129T120000Z", "does not match"},
		{good, "yesterday", "X-Amz-Date must be a time"},
		{good, "", "X-Amz-Date must be a time"},
		{good, "20260128T120000Z", "the date in Credential must be that of X-Amz-Date"},
		{good, "Thu, 29 Jan 2026 12:00:00 GMT", "does not match"},
		{replace("HMAC-SHA256", "HMAC-SHA1"), "20260129T120000Z", "the algorithm must be"},
		{replace("/eu-central-1", ""), "20260129T120000Z", "Credential must be <access key>/<date>/<region>"},
		{replace("eu-central-1", "EU/x"), "20260129T120000Z", "Credential must be <access key>"},
		{replace("eu-central-1", "EU"), "20260129T120000Z", "the region in Credential"},
		{replace("eu-central-1", ""), "20260129T120000Z", "Credential must name a region"},
		{replace("AKIDEXAMPLE", ""), "20260129T120000Z", "Credential must name an access key"},
		{replace("aws4_request", "aws5_request"), "20260129T120000Z", "end with aws4_request"},
		{replace("host;", ""), "20260129T120000Z", "SignedHeaders must name host"},
		{replace("Signature=00", ""), "20260129T120000Z", "there is no Signature"},
		{"AWS4-ECDSA-P256-SHA256 Credential=AKIDEXAMPLE/20260129/eu-central-1/events/aws4_request, SignedHeaders=host, Signature=00", "20260129T120000Z", "Credential must be <access key>/<date>/<service>"},
		{"AWS4-ECDSA-P256-SHA256 Credential=AKIDEXAMPLE/20260129/events/aws4_request, SignedHeaders=host, Signature=zz", "20260129T120000Z", "does not match"},
		{"Bearer token", "20260129T120000Z", "Missing Authentication Token"},
		{"", "20260129T120000Z", "Missing Authentication Token"},
		{replace("AKIDEXAMPLE", "AKIDOTHER"), "20260129T120000Z", "The security token included in the request is invalid."},
	} {
		r := newRequest(t, "POST", "http://localhost:4566/", "", "Authorization", c.header, "X-Amz-Date", c.stamp)
		if c.stamp == "" || strings.Contains(c.stamp, "GMT") {
			r.Header.Del("X-Amz-Date")
			r.Header.Set("Date", c.stamp)
		}
		err := judge(r, nil, "events", access.Keys{"AKIDEXAMPLE": {Secret: exampleSecret}}, at(t, "20260129T120000Z"))
		if e, ok := errors.AsType[*Error](err); !ok || !strings.Contains(e.Message, c.want) {
			t.Errorf("%s at %q:\n got %v\nwant %s", c.header, c.stamp, err, c.want)
		}
	}
	for _, expires := range []string{"", "0", "604801", "x"} {
		q := url.Values{"X-Amz-Algorithm": {algorithmV4}, "X-Amz-Credential": {"A/20260129/eu-central-1/events/aws4_request"},
			"X-Amz-SignedHeaders": {"host"}, "X-Amz-Signature": {"00"}, "X-Amz-Expires": {expires}}
		if _, err := parsePresigned(q); err == nil {
			t.Errorf("expires %q: want an error", expires)
		}
	}
}

func TestATargetMustBeSigned(t *testing.T) {
	now := at(t, "20260129T120000Z")
	r := newRequest(t, "POST", "http://localhost:4566/", "")
	if err := Sign(r, nil, Credentials{AccessKey: "A", Secret: "s", Region: "r", Service: "events"}, now); err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Amz-Target", "AWSEvents.DeleteRule")
	if err := judge(r, nil, "events", access.Keys{"A": {Secret: "s"}}, now); !strings.Contains(errText(err), "SignedHeaders must name x-amz-target") {
		t.Errorf("got %v", err)
	}
}

func TestTheRegionOfASetIsTheFirstThatIsNoPattern(t *testing.T) {
	for set, want := range map[string]string{"*": "", "": "", "us-*, eu-west-1": "eu-west-1", "us-east-1,eu-west-1": "us-east-1"} {
		if got := regionOfSet(set); got != want {
			t.Errorf("%q: got %q, want %q", set, got, want)
		}
	}
}

// Nothing in the header makes the parser or the verification panic, and what
// parses has all that a verification needs.
func FuzzAuthorization(f *testing.F) {
	f.Add("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260129/eu-central-1/events/aws4_request, SignedHeaders=host;x-amz-date, Signature=00", "20260129T120000Z")
	f.Add("AWS4-ECDSA-P256-SHA256 Credential=A/20260129/events/aws4_request,SignedHeaders=host,Signature=3045", "20260129T120000Z")
	f.Add("AWS4-HMAC-SHA256 Credential=,,,=;", "")
	keys := access.Keys{"AKIDEXAMPLE": {Secret: exampleSecret}, "A": {Secret: exampleSecret}}
	f.Fuzz(func(t *testing.T, header, stamp string) {
		a, err := parseAuthorization(header)
		if err == nil && (a.accessKey == "" || a.Service == "" || a.scope == "" || a.signature == "" || len(a.headers) == 0) {
			t.Errorf("accepted %+v", a)
		}
		r := &http.Request{Method: "POST", URL: &url.URL{Path: "/"}, Header: http.Header{"Authorization": {header}, "X-Amz-Date": {stamp}}}
		if err := judge(r, nil, "events", keys, at(t, "20260129T120000Z")); err == nil {
			t.Errorf("verified %q", header)
		}
	})
}
