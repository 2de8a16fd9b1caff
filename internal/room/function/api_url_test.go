package function

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/budget"
	"github.com/dari-bus/dari/internal/room/function/pool"
	"github.com/dari-bus/dari/internal/room/function/runtime"
	"github.com/dari-bus/dari/internal/room/function/url"
	"github.com/dari-bus/dari/internal/signature"
	"github.com/dari-bus/dari/internal/wire/body"
)

// An answers is an engine whose functions answer with what it makes of an event.
type answers func(in runtime.Invocation) runtime.Result

func (a answers) Start(context.Context, runtime.Config) (pool.Environment, error) { return a, nil }
func (a answers) Invoke(_ context.Context, in runtime.Invocation) (runtime.Result, error) {
	return a(in), nil
}
func (answers) Alive() bool { return true }
func (answers) Stop()       {}

// returns is an engine whose functions return what they are told.
func returns(payload *string) answers {
	return func(runtime.Invocation) runtime.Result { return runtime.Result{Payload: []byte(*payload)} }
}

const testSecret = "secret-of-the-owner"

// visit makes a request to the URL that an address begins, as the house routes it.
func (d *door) visit(address, method, path, body string, header ...string) *httptest.ResponseRecorder {
	d.t.Helper()
	return d.visitAs(d.urlDoor(), address, method, path, body, header...)
}

func (d *door) urlDoor() url.Door {
	keys := access.Keys{}
	if err := keys.Add("AKIDOWNER", testSecret, "210987654321"); err != nil {
		d.t.Fatal(err)
	}
	if err := keys.Add("AKIDOTHER", testSecret, "111111111111"); err != nil {
		d.t.Fatal(err)
	}
	return url.Door{Keys: keys, Bodies: body.Endless{}, Known: func(context.Context) {}, Record: func(context.Context, url.Visit) {}, Log: slog.New(slog.DiscardHandler)}
}

func (d *door) visitAs(as url.Door, address, method, path, body string, header ...string) *httptest.ResponseRecorder {
	d.t.Helper()
	r := httptest.NewRequest(method, strings.TrimSuffix(address, "/")+path, strings.NewReader(body))
	labels := strings.Split(r.Host, ".")
	r.SetPathValue("id", labels[0])
	r.SetPathValue("region", labels[2])
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	if key, region, sign := strings.Cut(r.Header.Get("Sign"), " "); sign {
		r.Header.Del("Sign")
		if err := signature.Sign(r, []byte(body), signature.Credentials{AccessKey: key, Secret: testSecret, Region: region, Service: "lambda"}, time.Now()); err != nil {
			d.t.Fatal(err)
		}
	}
	w := httptest.NewRecorder()
	d.s.URLs.Handler(as).ServeHTTP(w, r)
	return w
}

// url makes a URL, of the function or of an alias, and returns its address.
func (d *door) url(query, settings string) string {
	d.t.Helper()
	status, answer := d.call("POST /2021-10-31/functions/fn/url"+query, settings)
	address := regexp.MustCompile(`"FunctionUrl":"(http://[a-z2-7]{32}\.lambda-url\.eu-central-1\.example\.com/)"`).FindStringSubmatch(answer)
	if status != 201 || address == nil {
		d.t.Fatalf("%d %s", status, answer)
	}
	return address[1]
}

// open lets everybody in, by both permissions.
func (d *door) open() {
	d.t.Helper()
	d.want("POST {fn}/policy", `{"StatementId":"url","Action":"lambda:InvokeFunctionUrl","Principal":"*","FunctionUrlAuthType":"NONE"}`, 201)
	d.want("POST {fn}/policy", `{"StatementId":"run","Action":"lambda:InvokeFunction","Principal":"*","InvokedViaFunctionUrl":true}`, 201)
}

// row F13
func TestURLsAreMadeForFunctionsAndAliases(t *testing.T) {
	d := openDoor(t)
	const urls = "/2021-10-31/functions/fn/url"
	d.want("POST "+urls, `{"AuthType":"NONE"}`, 404, "ResourceNotFoundException", "Function does not exist")
	d.mustCreate(`,"Publish":true`)
	for _, q := range []string{"1", "$LATEST"} {
		for _, method := range []string{"POST ", "GET ", "PUT ", "DELETE "} {
			d.want(method+urls+"?Qualifier="+q, `{"AuthType":"NONE"}`, 400, "ValidationException", "Value '"+q+"' at 'qualifier' failed to satisfy constraint: Member must satisfy regular expression pattern: ((?!^\\d+$)^[0-9a-zA-Z-_]+$)")
		}
	}
	d.want("POST "+urls+"?Qualifier=none", `{"AuthType":"NONE"}`, 404, "Function does not exist")
	d.want("POST "+urls, `{"AuthType":"NONE","InvokeMode":"UNKNOWN"}`, 400, "Value 'UNKNOWN' at 'invokeMode' failed to satisfy constraint: Member must satisfy enum value set: [RESPONSE_STREAM, BUFFERED]")
	d.want("GET "+urls, "", 404, "The resource you requested does not exist.")
	d.want("PUT "+urls, `{}`, 404, "The resource you requested does not exist.")
	d.want("DELETE "+urls, "", 404, "The resource you requested does not exist.")
	d.want("GET /2021-10-31/functions/none/urls", "", 404, "Function does not exist")
	d.want("GET "+urls+"s", "", 200, `{"FunctionUrlConfigs":[]}`)

	address := d.url("", `{"AuthType":"NONE"}`)
	d.want("POST "+urls, `{"AuthType":"NONE"}`, 409, "ResourceConflictException", "Failed to create function url config for [functionArn = "+arnOf+"]. Error message:  FunctionUrlConfig exists for this Lambda function")
	d.want("GET "+urls, "", 200, address, `"FunctionArn":"`+arnOf+`"`, `"InvokeMode":"BUFFERED"`, `"LastModifiedTime":"20`)
	if _, answer := d.call("PUT "+urls, `{"AuthType":"AWS_IAM"}`); strings.Contains(answer, "InvokeMode") || !strings.Contains(answer, `"AuthType":"AWS_IAM"`) {
		t.Errorf("of a mode that nobody has said: %s", answer)
	}
	const cors = `{"AllowCredentials":true,"AllowHeaders":["x"],"AllowMethods":["GET"],"AllowOrigins":["https://a"],"ExposeHeaders":["y"],"MaxAge":0}`
	d.want("PUT "+urls, `{"InvokeMode":"RESPONSE_STREAM","Cors":`+cors+`}`, 200, `"InvokeMode":"RESPONSE_STREAM"`, cors)
	d.want("PUT "+urls, `{}`, 200, `"InvokeMode":"RESPONSE_STREAM"`, cors)
	if _, answer := d.call("PUT "+urls, `{"Cors":{}}`); strings.Contains(answer, "Cors") {
		t.Error(answer)
	}

	d.want("POST {fn}/aliases", `{"Name":"live","FunctionVersion":"1"}`, 201)
	alias := d.url("?Qualifier=live", `{"AuthType":"NONE"}`)
	d.want("GET "+urls+"s", "", 200, address, alias, `"FunctionArn":"`+arnOf+`:live"`)
	d.want("GET "+urls+"s?MaxItems=1", "", 200, address, `"NextMarker":`)
	d.want("DELETE "+urls, "", 204)
	d.want("GET "+urls+"?Qualifier=live", "", 200, alias)
	d.want("DELETE {fn}/aliases/live", "", 204)
	d.want("GET "+urls+"s", "", 200, `[]`)

	address = d.url("", `{"AuthType":"NONE"}`)
	d.open()
	if w := d.visit(address, "GET", "/", ""); w.Code != 200 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	d.want("DELETE {fn}", "", 204)
	if w := d.visit(address, "GET", "/", ""); w.Code != 403 || w.Body.String() != `{"Message":null}` || w.Header().Get("X-Amzn-Errortype") != "AccessDeniedException" {
		t.Errorf("the URL of a function that is gone: %d %s", w.Code, w.Body)
	}
	d.mustCreate("")
	d.want("GET "+urls, "", 404)
}

// row F14
func TestAURLForEverybodyNeedsBothPermissions(t *testing.T) {
	ran := 0
	d := openDoorWith(t, answers(func(runtime.Invocation) runtime.Result { ran++; return runtime.Result{Payload: []byte(`"in"`)} }))
	d.mustCreate("")
	address := d.url("", `{"AuthType":"NONE"}`)
	lenient := d.urlDoor()
	lenient.OnePermission = true
	const forbidden = `{"Message":"Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"}`
	want := func(what string, as url.Door, status int) {
		t.Helper()
		before := ran
		w := d.visitAs(as, address, "GET", "/", "")
		if w.Code != status || (ran > before) != (status == 200) {
			t.Errorf("%s: %d %s", what, w.Code, w.Body)
		}
		if status == 403 && (w.Body.String() != forbidden || w.Header().Get("X-Amzn-Errortype") != "AccessDeniedException") {
			t.Errorf("%s: %s %v", what, w.Body, w.Header())
		}
	}
	want("without a policy", lenient, 403)
	d.want("POST {fn}/policy", `{"StatementId":"iam","Action":"lambda:InvokeFunctionUrl","Principal":"*","FunctionUrlAuthType":"AWS_IAM"}`, 201)
	want("with one for the other type", lenient, 403)
	d.want("POST {fn}/policy", `{"StatementId":"url","Action":"lambda:InvokeFunctionUrl","Principal":"*","FunctionUrlAuthType":"NONE"}`, 201)
	want("with the first", d.urlDoor(), 403)
	want("with the first, where that is enough", lenient, 200)
	d.want("POST {fn}/policy", `{"StatementId":"run","Action":"lambda:InvokeFunction","Principal":"*","InvokedViaFunctionUrl":true}`, 201)
	want("with both", d.urlDoor(), 200)
}

func TestAURLForIAMAsksWhoSigned(t *testing.T) {
	var got string
	d := openDoorWith(t, answers(func(in runtime.Invocation) runtime.Result {
		got = string(in.Payload)
		return runtime.Result{Payload: []byte(`"in"`)}
	}))
	d.mustCreate("")
	address := d.url("", `{"AuthType":"AWS_IAM"}`)
	d.open() // which is for another type, and for whoever signed
	opened := d.urlDoor()
	opened.Keys, opened.Open = access.Keys{}, true
	for _, c := range []struct {
		name   string
		as     url.Door
		path   string
		header []string
		status int
		says   string
	}{
		{"nobody", d.urlDoor(), "/", nil, 403, "Forbidden."},
		{"nobody, without keys", opened, "/", nil, 403, "Forbidden."},
		{"the owner", d.urlDoor(), "/a%20b?x=1&y=%2F", []string{"Sign", "AKIDOWNER eu-central-1"}, 200, "in"},
		{"the owner, for another region", d.urlDoor(), "/", []string{"Sign", "AKIDOWNER us-east-1"}, 403, "Credential should be scoped to the region eu-central-1"},
		{"another account", d.urlDoor(), "/", []string{"Sign", "AKIDOTHER eu-central-1"}, 403, "Forbidden."},
		{"a key that nobody has", d.urlDoor(), "/", []string{"Sign", "AKIDNONE eu-central-1"}, 403, "The security token included in the request is invalid."},
		{"a word for a key, without keys", opened, "/", []string{"Sign", "210987654321 eu-central-1"}, 200, "in"},
		{"another's word for a key, without keys", opened, "/", []string{"Sign", "111111111111 eu-central-1"}, 403, "Forbidden."},
		{"a word in a link, without keys", opened, "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=210987654321%2F" + time.Now().UTC().Format("20060102") + "%2Feu-central-1%2Flambda%2Faws4_request&X-Amz-Date=" +
			time.Now().UTC().Format("20060102T150405Z") + "&X-Amz-Expires=600&X-Amz-SignedHeaders=host&X-Amz-Signature=0", nil, 403, "Forbidden."},
	} {
		w := d.visitAs(c.as, address, "POST", c.path, "{}", c.header...)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%s: %d %s", c.name, w.Code, w.Body)
		}
	}
	for _, part := range []string{`"accountId":"210987654321"`, `"authorizer":{"iam":{"accessKey":"210987654321","accountId":"210987654321","callerId":"210987654321","cognitoIdentity":null,"principalOrgId":null,"userArn":"arn:aws:iam::210987654321:root","userId":"210987654321"}}`} {
		if !strings.Contains(got, part) {
			t.Errorf("%s lacks %s", got, part)
		}
	}
	d.want("POST {fn}/policy", `{"StatementId":"o1","Action":"lambda:InvokeFunctionUrl","Principal":"111111111111","FunctionUrlAuthType":"AWS_IAM"}`, 201)
	if w := d.visit(address, "GET", "/", "", "Sign", "AKIDOTHER eu-central-1"); w.Code != 200 {
		t.Errorf("another account that is let in: %d %s", w.Code, w.Body)
	}
}

// row F16
func TestAURLSendsAnEvent(t *testing.T) {
	var got map[string]any
	d := openDoorWith(t, answers(func(in runtime.Invocation) runtime.Result {
		got = nil
		if err := json.Unmarshal(in.Payload, &got); err != nil {
			t.Error(err)
		}
		return runtime.Result{Payload: []byte(`{"statusCode":200,"cookies":["probe=one","other=two"]}`)}
	}))
	d.mustCreate("")
	address := d.url("", `{"AuthType":"NONE"}`)
	d.open()
	for _, c := range []struct {
		kind, encoding, body, want string
		isBase64                   bool
	}{
		{"application/octet-stream", "", "\x00\xff\x80\n", "AP+ACg==", true},
		{"application/json", "", `{"a":1}`, `{"a":1}`, false},
		{"application/vnd.api+json; charset=utf-8", "", `{"a":"ö"}`, `{"a":"ö"}`, false},
		{"text/plain", "", "größe", "größe", false},
		{"text/plain", "", "\xff", "/w==", true},
		{"text/plain", "br", "packed", "cGFja2Vk", true},
		{"application/x-www-form-urlencoded", "", "a=b", "YT1i", true},
		{"", "", "x", "eA==", true},
	} {
		w := d.visit(address, "POST", "/pa2%25Fth//1?q=query&m=foo&m=%2Fbar", c.body, "Content-Type", c.kind, "Content-Encoding", c.encoding, "ExTrA", "With WeiRd CapS", "Cookie", "a=b; c=d")
		if w.Code != 200 || got["body"] != c.want || got["isBase64Encoded"] != c.isBase64 {
			t.Errorf("%s %q: %d %v", c.kind, c.body, w.Code, got)
		}
		if set := w.Header().Values("Set-Cookie"); len(set) != 2 || set[0] != "probe=one" || set[1] != "other=two" {
			t.Errorf("cookies %q", set)
		}
	}
	context := got["requestContext"].(map[string]any)
	http := context["http"].(map[string]any)
	header, query := got["headers"].(map[string]any), got["queryStringParameters"].(map[string]any)
	cookies := got["cookies"].([]any)
	id, _, _ := strings.Cut(strings.TrimPrefix(address, "http://"), ".")
	for what, is := range map[string]bool{
		"version": got["version"] == "2.0", "route": got["routeKey"] == "$default" && context["routeKey"] == "$default" && context["stage"] == "$default",
		"path":    got["rawPath"] == "/pa2%25Fth//1" && http["path"] == got["rawPath"],
		"query":   got["rawQueryString"] == "q=query&m=foo&m=%2Fbar" && query["m"] == "foo,/bar" && query["q"] == "query",
		"cookies": len(cookies) == 2 && cookies[1] == "c=d" && header["cookie"] == nil,
		"header":  header["extra"] == "With WeiRd CapS" && header["host"] == id+".lambda-url.eu-central-1.example.com" && header["x-forwarded-for"] == "192.0.2.1",
		"trace":   strings.HasPrefix(header["x-amzn-trace-id"].(string), "Root=1-"),
		"context": context["accountId"] == "anonymous" && context["apiId"] == id && context["domainPrefix"] == id && context["domainName"] == header["host"] && context["authorizer"] == nil,
		"http":    http["method"] == "POST" && http["sourceIp"] == "192.0.2.1" && http["protocol"] == "HTTP/1.1",
	} {
		if !is {
			t.Errorf("%s: %v", what, got)
		}
	}
	d.visit(address, "GET", "/", "")
	for _, absent := range []string{"body", "queryStringParameters", "cookies"} {
		if v, there := got[absent]; there {
			t.Errorf("%s of a request without is %v", absent, v)
		}
	}
}

// A bodyWhile is a body that has something looked at while it is read.
type bodyWhile struct {
	io.Reader
	look func()
}

func (b bodyWhile) Read(p []byte) (int, error) {
	b.look()
	return b.Reader.Read(p)
}

// Whoever calls the URL for everybody is a stranger until the body is there: half of the
// memory for bodies is not for strangers.
func TestACallerOfAURLIsAStrangerWhileTheBodyIsRead(t *testing.T) {
	payload := `1`
	d := openDoorWith(t, returns(&payload))
	d.mustCreate("")
	address := d.url("", `{"AuthType":"NONE"}`)
	d.open()
	known, early := false, false
	as := d.urlDoor()
	as.Known = func(context.Context) { known = true }
	r := httptest.NewRequest("POST", address, bodyWhile{strings.NewReader(strings.Repeat("x", 1<<20)), func() { early = early || known }})
	labels := strings.Split(r.Host, ".")
	r.SetPathValue("id", labels[0])
	r.SetPathValue("region", labels[2])
	w := httptest.NewRecorder()
	d.s.URLs.Handler(as).ServeHTTP(w, r)
	if w.Code != 200 || !known || early {
		t.Errorf("%d, known %t, early %t", w.Code, known, early)
	}
}

// A memory is a share for the bodies of requests.
type memory struct{ *budget.Share }

func (m memory) Most() int64                     { return m.Size() }
func (m memory) Give(_ context.Context, n int64) { m.Share.Give(n) }

// Anybody may call a URL, as often as they like, and read as slowly: what they hold is
// half of the memory for requests while functions run, and half of that for answers.
func TestURLsLeaveHalfOfTheMemoryToOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		large := `"` + strings.Repeat("x", 3<<20) + `"`
		end := make(chan struct{})
		d := openDoorWith(t, answers(func(runtime.Invocation) runtime.Result {
			<-end
			return runtime.Result{Payload: []byte(large)}
		}))
		d.mustCreate("")
		address := d.url("", `{"AuthType":"NONE"}`)
		d.open()
		b := budget.New(100<<20, []budget.Part{{Name: "requests", Percent: 40}, {Name: "answers", Percent: 40}})
		as := d.urlDoor()
		as.Bodies, as.Answers = memory{b.Share("requests")}, b.Share("answers")
		h := d.s.URLs.Handler(as)
		seen := make(chan int, 10)
		for range cap(seen) {
			go func() {
				r := httptest.NewRequest("POST", address, strings.NewReader(large))
				r.Header.Set("Content-Type", "text/plain")
				r.SetPathValue("id", strings.Split(r.Host, ".")[0])
				r.SetPathValue("region", "eu-central-1")
				w := &stuckWriter{httptest.NewRecorder()}
				h.ServeHTTP(w, r)
				seen <- w.Code
			}()
		}
		time.Sleep(time.Minute)
		if used := as.Bodies.(memory).Used(); used == 0 || used > as.Bodies.Most()/2 {
			t.Errorf("while functions run, %d bytes of %d are taken", used, as.Bodies.Most())
		}
		close(end)
		synctest.Wait()
		if used := as.Answers.Used(); used == 0 || used > as.Answers.Size()/2 {
			t.Errorf("while answers are read, %d bytes of %d are taken", used, as.Answers.Size())
		}
		codes := map[int]int{}
		for range cap(seen) {
			codes[<-seen]++
		}
		if codes[200] != 2 || codes[503] != 8 {
			t.Errorf("answers: %v", codes)
		}
		if as.Bodies.(memory).Used() != 0 || as.Answers.Used() != 0 {
			t.Errorf("%d and %d bytes are left taken", as.Bodies.(memory).Used(), as.Answers.Used())
		}
	})
}

// A stuckWriter takes an hour for an answer.
type stuckWriter struct{ *httptest.ResponseRecorder }

func (w *stuckWriter) Write(b []byte) (int, error) {
	time.Sleep(time.Hour)
	return w.ResponseRecorder.Write(b)
}

func TestAURLAnswersWhatTheFunctionReturns(t *testing.T) {
	var payload string
	d := openDoorWith(t, returns(&payload))
	d.mustCreate("")
	address := d.url("", `{"AuthType":"NONE"}`)
	d.open()
	for _, c := range []struct {
		payload, body string
		status        int
		header        map[string]string
	}{
		{`{"hello": "world"}`, `{"hello":"world"}`, 200, nil},
		{`["hello", 3, true]`, `["hello",3,true]`, 200, nil},
		{`"hello"`, `hello`, 200, nil}, {`3.1`, `3.1`, 200, nil}, {`true`, `true`, 200, nil}, {`null`, `null`, 200, nil},
		{`{"statusCode":200,"body":"{\"hello\": \"world\"}"}`, `{"hello": "world"}`, 200, nil},
		{`{"statusCode":"418","body":"i'm a teapot"}`, "i'm a teapot", 418, nil},
		{`{"statusCode":200,"body":{"a":1}}`, `{"a":1}`, 200, nil},
		{`{"statusCode":201,"headers":{"content-type":"text/html","X-N":3,"x-t":true,"x-no":null},"body":"AP8=","isBase64Encoded":true}`, "\x00\xff", 201, map[string]string{"Content-Type": "text/html", "X-N": "3", "X-T": "true", "X-No": ""}},
		{`{"statusCode":204}`, "", 204, nil},
		{`{"statusCode":200,"headers":{"Connection":"close","Date":"x","x-amzn-requestid":"mine"}}`, "", 200, map[string]string{"Connection": "", "X-Amzn-Remapped-Connection": "close", "X-Amzn-Remapped-Date": "x"}},
		{`{"statusCode":99}`, "Internal Server Error", 502, nil}, {`{"statusCode":"x"}`, "Internal Server Error", 502, nil}, {`{"statusCode":101}`, "Internal Server Error", 502, nil},
		{`{"statusCode":200,"headers":[]}`, "Internal Server Error", 502, nil}, {`{"statusCode":200,"headers":{"a":[]}}`, "Internal Server Error", 502, nil},
		{`{"statusCode":200,"cookies":"a"}`, "Internal Server Error", 502, nil}, {`{"statusCode":200,"body":"*","isBase64Encoded":true}`, "Internal Server Error", 502, nil},
		{`NaN`, "Internal Server Error", 502, nil}, {``, "Internal Server Error", 502, nil},
	} {
		payload = c.payload
		w := d.visit(address, "GET", "/", "")
		if w.Code != c.status || w.Body.String() != c.body {
			t.Errorf("%s: %d %q", c.payload, w.Code, w.Body)
		}
		if c.header == nil {
			c.header = map[string]string{"Content-Type": "application/json"}
		}
		for name, want := range c.header {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", c.payload, name, got, want)
			}
		}
		if id := w.Header().Get("X-Amzn-Requestid"); len(id) != 36 {
			t.Errorf("the request is %q", id)
		}
	}
	payload = `{"statusCode":200,"body":"whole"}`
	if w := d.visit(address, "HEAD", "/", ""); w.Code != 200 || w.Body.Len() > 0 || w.Header().Get("Content-Length") != "5" {
		t.Errorf("%d %s %v", w.Code, w.Body, w.Header())
	}
}

func TestAURLSaysWhyItsFunctionDoesNotAnswer(t *testing.T) {
	d := openDoorWith(t, answers(func(runtime.Invocation) runtime.Result {
		return runtime.Result{FunctionError: "Unhandled", Payload: []byte(`{"errorMessage":"secret"}`)}
	}))
	d.mustCreate("")
	address := d.url("", `{"AuthType":"NONE"}`)
	d.open()
	if w := d.visit(address, "GET", "/", ""); w.Code != 502 || w.Body.String() != "Internal Server Error" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for _, large := range []string{strings.Repeat("x", 6<<20+1), strings.Repeat("x", 5<<20), strings.Repeat("\x01", 2<<20)} {
		kind := "application/octet-stream"
		if large[0] == 1 {
			kind = "text/plain"
		}
		if w := d.visit(address, "POST", "/", large, "Content-Type", kind); w.Code != 413 || w.Header().Get("X-Amzn-Errortype") == "" {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
	d.want("PUT /2017-10-31/functions/fn/concurrency", `{"ReservedConcurrentExecutions":0}`, 200)
	if w := d.visit(address, "GET", "/", ""); w.Code != 429 || w.Body.String() != `{"Message":"Rate Exceeded."}` || w.Header().Get("X-Amzn-Errortype") != "TooManyRequestsException" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	other := strings.Replace(address, "eu-central-1", "us-east-1", 1)
	for _, nowhere := range []string{other, "http://0123456789abcdefghijklmnopqrstuv.lambda-url.us-east-1.localhost/", "http://a.lambda-url.a_b.localhost/"} {
		if w := d.visit(nowhere, "GET", "/", ""); w.Code != 403 || w.Body.String() != `{"Message":null}` || w.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %s", nowhere, w.Code, w.Body)
		}
	}
}

func TestAURLTellsBrowsersWhichPagesMayCall(t *testing.T) {
	ran := 0
	payload := `{"statusCode":200,"headers":{"Access-Control-Allow-Origin":"https://function","Vary":"Accept"}}`
	d := openDoorWith(t, answers(func(runtime.Invocation) runtime.Result { ran++; return runtime.Result{Payload: []byte(payload)} }))
	d.mustCreate("")
	address := d.url("", `{"AuthType":"NONE"}`)
	preflight := func(origin string) *httptest.ResponseRecorder {
		return d.visit(address, "OPTIONS", "/", "", "Origin", origin, "Access-Control-Request-Method", "PUT")
	}
	if w := preflight("https://a"); w.Code != 403 || w.Header().Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("of a URL that says nothing: %d %v", w.Code, w.Header())
	}
	set := func(cors string) { d.want("PUT /2021-10-31/functions/fn/url", `{"Cors":`+cors+`}`, 200) }
	set(`{"AllowOrigins":["https://a","http://localhost:3000"],"AllowMethods":["GET","PUT"],"AllowHeaders":["x-a","x-b"],"ExposeHeaders":["x-c"],"MaxAge":60,"AllowCredentials":true}`)
	w := preflight("https://a")
	for name, want := range map[string]string{
		"Access-Control-Allow-Origin": "https://a", "Access-Control-Allow-Methods": "GET,PUT", "Access-Control-Allow-Headers": "x-a,x-b", "Access-Control-Max-Age": "60",
		"Access-Control-Allow-Credentials": "true", "Access-Control-Expose-Headers": "x-c", "Vary": "Origin",
	} {
		if got := w.Header().Get(name); w.Code != 200 || got != want {
			t.Errorf("%d %s: %q, want %q", w.Code, name, got, want)
		}
	}
	if w := preflight("https://b"); w.Code != 200 || w.Header().Get("Access-Control-Allow-Origin") != "" || w.Header().Get("Access-Control-Allow-Methods") != "" {
		t.Errorf("of another page: %v", w.Header())
	}
	if ran > 0 {
		t.Error("the function ran for a question")
	}
	d.open()
	for origin, want := range map[string]string{"http://localhost:3000": "http://localhost:3000", "https://b": "", "": ""} {
		w := d.visit(address, "GET", "/", "", "Origin", origin)
		if got := w.Header().Get("Access-Control-Allow-Origin"); w.Code != 200 || got != want || len(w.Header().Values("Vary")) != 2 {
			t.Errorf("a page of %q: %d %v", origin, w.Code, w.Header())
		}
	}
	set(`{"AllowOrigins":["*"],"AllowMethods":["*"]}`)
	if w := preflight("https://b"); w.Header().Get("Access-Control-Allow-Origin") != "*" || w.Header().Get("Access-Control-Allow-Methods") != "*" {
		t.Errorf("%v", w.Header())
	}
	set(`{}`)
	if w := d.visit(address, "GET", "/", "", "Origin", "https://b"); w.Header().Get("Access-Control-Allow-Origin") != "https://function" {
		t.Errorf("what the function says: %v", w.Header())
	}
}

func TestAURLStreams(t *testing.T) {
	const head = `{"statusCode":202,"headers":{"content-type":"text/x"},"cookies":["a=b"]}`
	const kind = "application/vnd.awslambda.http-integration-response"
	synctest.Test(t, func(t *testing.T) {
		d := openDoorWith(t, answers(func(in runtime.Invocation) (r runtime.Result) {
			var e struct{ RawPath string }
			if err := json.Unmarshal(in.Payload, &e); err != nil {
				t.Error(err)
			}
			write := func(kind string, parts ...string) {
				to := in.Stream(kind)
				for _, part := range parts {
					_, _ = io.WriteString(to, part)
					time.Sleep(time.Minute)
				}
			}
			failed := runtime.Result{FunctionError: "Unhandled", Payload: []byte(`{}`)}
			switch e.RawPath {
			case "/raw":
				write("text/plain", "one", "two")
			case "/http":
				write(kind, head[:10], head[10:]+"\x00\x00\x00\x00", "\x00\x00\x00\x00", "one", "two")
			case "/nonsense":
				write(kind, "no head")
			case "/endless":
				write(kind, strings.Repeat("x", 100<<10))
			case "/empty":
				write("text/plain")
			case "/fails":
				return failed
			case "/fails-soon":
				write("text/plain")
				return failed
			case "/breaks":
				write("text/plain", "one")
				return failed
			default:
				r.Payload, r.ContentType = []byte(`{"statusCode":201,"body":"b"}`), "application/json"
			}
			return r
		}))
		d.mustCreate("")
		address := d.url("", `{"AuthType":"NONE","InvokeMode":"RESPONSE_STREAM"}`)
		d.open()
		for _, c := range []struct {
			path   string
			status int
			body   string
			kind   string
			broken bool
		}{
			{"/raw", 200, "onetwo", "text/plain", false},
			{"/http", 202, "onetwo", "text/x", false},
			{"/nonsense", 502, "Internal Server Error", "application/json", false},
			{"/endless", 502, "Internal Server Error", "application/json", false},
			{"/empty", 200, "", "text/plain", false},
			{"/fails", 502, "Internal Server Error", "application/json", false},
			{"/fails-soon", 502, "Internal Server Error", "application/json", false},
			{"/breaks", 200, "one", "text/plain", true},
			{"/whole", 200, `{"statusCode":201,"body":"b"}`, "application/json", false}, // as recorded
		} {
			var w *httptest.ResponseRecorder
			broken := func() (broken bool) {
				r := httptest.NewRequest("GET", strings.TrimSuffix(address, "/")+c.path, nil)
				labels := strings.Split(r.Host, ".")
				r.SetPathValue("id", labels[0])
				r.SetPathValue("region", labels[2])
				w = httptest.NewRecorder()
				defer func() { broken = recover() == http.ErrAbortHandler }()
				d.s.URLs.Handler(d.urlDoor()).ServeHTTP(w, r)
				return false
			}()
			if w.Code != c.status || w.Body.String() != c.body || w.Header().Get("Content-Type") != c.kind || broken != c.broken {
				t.Errorf("%s: %d %q %s, broken %t", c.path, w.Code, w.Body, w.Header().Get("Content-Type"), broken)
			}
			if c.path == "/http" && w.Header().Get("Set-Cookie") != "a=b" {
				t.Errorf("%v", w.Header())
			}
		}
	})
}

// A URL that does not stream has the head of an answer all the same, when its function streams.
func TestAURLTakesTheHeadOfAStreamApart(t *testing.T) {
	d := openDoorWith(t, answers(func(runtime.Invocation) runtime.Result {
		return runtime.Result{ContentType: "application/vnd.awslambda.http-integration-response", Payload: []byte(`{"statusCode":202}` + "\x00\x00\x00\x00\x00\x00\x00\x00" + "body")}
	}))
	d.mustCreate("")
	address := d.url("", `{"AuthType":"NONE"}`)
	d.open()
	if w := d.visit(address, "GET", "/", ""); w.Code != 202 || w.Body.String() != "body" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// A trail may ask for calls of URLs. What did not come in is none.
func TestWhoCameInIsRecorded(t *testing.T) {
	d := openDoor(t)
	d.mustCreate("")
	address := d.url("", `{"AuthType":"NONE"}`)
	as := d.urlDoor()
	var seen []url.Visit
	as.Record = func(_ context.Context, v url.Visit) { seen = append(seen, v) }
	if w := d.visitAs(as, address, "GET", "/", ""); w.Code != 403 || len(seen) > 0 {
		t.Errorf("without permissions: %d, and %+v are recorded", w.Code, seen)
	}
	d.open()
	if w := d.visitAs(as, address, "GET", "/", ""); w.Code != 200 {
		t.Errorf("answered with %d", w.Code)
	}
	d.want("PUT /2017-10-31/functions/fn/concurrency", `{"ReservedConcurrentExecutions":0}`, 200)
	for _, mode := range []string{"BUFFERED", "RESPONSE_STREAM"} {
		d.want("PUT /2021-10-31/functions/fn/url", `{"InvokeMode":"`+mode+`"}`, 200)
		if w := d.visitAs(as, address, "GET", "/", ""); w.Code != 429 {
			t.Errorf("%s: answered with %d", mode, w.Code)
		}
	}
	var got []string
	for _, v := range seen {
		if v.By.Account != "" || v.By.RequestID == "" || v.Of.ARN() != arnOf || !strings.Contains(v.Host, ".lambda-url.") {
			t.Errorf("recorded %+v", v)
		}
		got = append(got, strings.TrimSpace(v.Code+" "+v.Message))
	}
	const late = "TooManyRequestsException Rate Exceeded."
	if text := strings.Join(got, ";"); text != ";"+late+";"+late {
		t.Errorf("the outcomes are %q", text)
	}
}
