package app

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// openFront opens an app that is not run, for its front.
func openFront(t *testing.T, change func(*Options)) *App {
	t.Helper()
	a := openForTest(t, change)
	t.Cleanup(func() {
		if err := a.listener.Close(); err != nil {
			t.Error(err)
		}
		if err := a.store.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

// ask sends one request to the front. header is names and values in turn; Host
// and Body stand for what is no header.
func ask(t *testing.T, a *App, method, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, "http://localhost:4566"+path, nil)
	for i := 0; i < len(header); i += 2 {
		switch name, value := header[i], header[i+1]; name {
		case "Host":
			r.Host = value
		case "Body":
			body := httptest.NewRequest(method, "/", strings.NewReader(value))
			r.Body, r.ContentLength = body.Body, body.ContentLength
		default:
			r.Header.Set(name, value)
		}
	}
	w := httptest.NewRecorder()
	a.front.ServeHTTP(w, r)
	return w
}

const formType = "application/x-www-form-urlencoded"

// ways are all that a request may be led to: the shapes of AWS's protocols, with
// an effect that can be seen, and each path of our own.
var ways = []struct {
	path   string
	header []string
	open   bool
}{
	{path: "/?Action=CreateQueue&QueueName=made"},
	{path: "/000000000000/made?Action=CreateQueue&QueueName=made&Version=2012-11-05"},
	{path: "/", header: []string{"Content-Type", formType, "Body", "Action=CreateQueue&QueueName=made"}},
	{path: "/", header: []string{"Content-Type", "", "Body", "Action=CreateQueue&QueueName=made"}},
	{path: "/?Action=CreateQueue", header: []string{"Content-Type", "text/plain", "Body", "QueueName=made"}},
	{path: "/?Action=CreateQueue&QueueName=made", header: []string{"Accept", "text/html"}},
	{path: "/", header: []string{"X-Amz-Target", "AmazonSQS.CreateQueue", "Body", `{"QueueName":"made"}`}},
	{path: "/?Action=GetCallerIdentity&Version=2011-06-15"},
	{path: "/_dari/dead"},
	{path: "/_dari/tail"},
	{path: "/_dari/metrics"},
	{path: "/_dari/doctor"},
	{path: "/_dari/nothing"},
	{path: "/_dari/health", open: true},
	{path: "/_dari/console/", open: true},
	{path: "/_dari", open: true},
	{path: "/", header: []string{"Accept", "text/html"}, open: true},
}

var methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND"}

// attack F3, attack F4: what a page of somebody else's can have a browser send
// has no effect and shows nothing, whatever the method, the path and the
// dialect. The store has a queue "made" afterwards if one got through.
func TestNoPageOfAnotherOriginGetsThroughTheFront(t *testing.T) {
	const agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
	hostile := [][]string{
		{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors"},
		{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"},
		{"Sec-Fetch-Site", "same-site", "Origin", "http://localhost:3000"},
		{"Sec-Fetch-Site", "nonsense"},
		{"Origin", "https://evil.example"},
		{"Origin", "null"},
		{"Origin", "http://localhost:4567"},
		{"Origin", "localhost:4566"},
		{"Referer", "http://evil.example/page"},
		{"Referer", "http://localhost:4566@evil.example/"},
		{"Host", "evil.example:4566", "User-Agent", agent},
		{"Host", "evil.example", "User-Agent", agent, "Sec-Fetch-Site", "same-origin"},
		{"Host", "evil.example:4566", "Origin", "http://evil.example:4566"},
		{"Host", "evil.example:4566", "User-Agent", "curl/8", "Accept-Language", "en"},
		{"Host", "evil.example:4566", "Accept-Language", "", "User-Agent", "aws-cli/2"},
		{"Host", "evil.example:4566", "Cookie", "a=b"},
		{"Host", "localhost.evil.example:4566", "User-Agent", agent},
		{"Host", "127.0.0.1.evil.example:4566", "User-Agent", agent},
		{"Host", "evil.example.:4566", "User-Agent", agent},
	}
	a := openFront(t, func(*Options) {})
	for _, way := range ways {
		for _, method := range methods {
			for _, h := range hostile {
				if way.open && h[0] != "Host" && (method == "GET" || method == "HEAD") {
					continue // anybody may lead a person there
				}
				w := ask(t, a, method, way.path, slices.Concat(way.header, h)...)
				if w.Code != http.StatusForbidden && w.Code != http.StatusMethodNotAllowed {
					t.Errorf("%s %s %q %q: %d %s", method, way.path, way.header, h, w.Code, w.Body)
				}
			}
		}
	}
	if w := ask(t, a, "GET", "/?Action=ListQueues"); w.Code != 200 || strings.Contains(w.Body.String(), "made") {
		t.Errorf("there are queues now: %d %s", w.Code, w.Body)
	}
}

// attack F3: over plain HTTP to another machine, browsers do not say where the
// page is from when they fetch an image or follow a link.
func TestABrowserThatDoesNotSayWhichPageItIsForHasNoEffect(t *testing.T) {
	a := openFront(t, func(*Options) {})
	for _, method := range methods {
		for _, path := range []string{"/?Action=CreateQueue&QueueName=made", "/_dari/dead"} {
			w := ask(t, a, method, path, "Host", "192.168.1.5:4566", "Accept-Language", "en", "User-Agent", "Mozilla/5.0")
			want := method == "GET" && path == "/_dari/dead" // the page cannot see it
			if (w.Code == 200) != want {
				t.Errorf("%s %s: %d %s", method, path, w.Code, w.Body)
			}
		}
	}
}

// attack F3: an action has one of two methods, whoever calls.
func TestOnlyGetAndPostCarryActions(t *testing.T) {
	a := openFront(t, func(*Options) {})
	for _, way := range ways {
		for _, method := range methods {
			w := ask(t, a, method, way.path, way.header...)
			allowed := method == "GET" || method == "POST" && !way.open || method == "HEAD" && way.open
			if !allowed != (w.Code == http.StatusMethodNotAllowed) || !allowed != (w.Header().Get("Allow") != "") {
				// A POST to the root is a call of the AWS APIs, which is not open.
				if !(method != "GET" && way.path == "/" && way.open) {
					t.Errorf("%s %s %q: %d %s", method, way.path, way.header, w.Code, w.Body)
				}
			}
		}
	}
}

func TestThoseWhoMayComeGetThroughTheFront(t *testing.T) {
	a := openFront(t, func(o *Options) {
		o.Host, o.Origins = "bus.example.com:443", "https://console.example.com, http://localhost:3000"
	})
	target := []string{"X-Amz-Target", "AmazonSQS.ListQueues", "Content-Type", "application/x-amz-json-1.0", "Body", "{}"}
	for _, c := range []struct {
		name, method, path string
		header             []string
		status             int
	}{
		{"an SDK", "POST", "/", target, 200},
		{"an SDK by another name", "POST", "/", append(target, "Host", "host.docker.internal:4566", "User-Agent", "aws-sdk-go-v2/1.36"), 200},
		{"a name of AWS's", "POST", "/", append(target, "Host", "eu-central-1.queue.amazonaws.com"), 200},
		{"a client without Origin that says it is Mozilla", "POST", "/", append(target, "User-Agent", "Mozilla/5.0 (Windows NT) WindowsPowerShell/5.1"), 200},
		{"curl", "GET", "/?Action=ListQueues", nil, 200},
		{"the address bar", "GET", "/_dari/dead", []string{"Sec-Fetch-Site", "none", "Accept-Language", "en"}, 200},
		{"a page of ours", "POST", "/", append(target, "Origin", "http://localhost:4566", "Sec-Fetch-Site", "same-origin"), 200},
		{"a page of ours, by its public name", "POST", "/", append(target, "Host", "bus.example.com", "Origin", "https://bus.example.com"), 200},
		{"an origin that may", "POST", "/", append(target, "Origin", "https://console.example.com", "Sec-Fetch-Site", "cross-site"), 200},
		{"an origin's browser asks", "OPTIONS", "/", []string{"Origin", "http://localhost:3000", "Sec-Fetch-Site", "same-site", "Access-Control-Request-Method", "POST"}, 204},
		{"an origin that may not asks", "OPTIONS", "/", []string{"Origin", "http://localhost:3001", "Access-Control-Request-Method", "POST"}, 405},
		{"events, for a page of ours", "GET", "/_dari/dead", []string{"Sec-Fetch-Site", "same-origin"}, 200},
		{"events, over plain HTTP", "GET", "/_dari/dead", []string{"Host", "dari:4566", "Accept-Language", "en", "Referer", "http://dari:4566/_dari/console/"}, 200},
		{"a link to the page", "GET", "/_dari/console/", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"}, 200},
		{"a check of the health", "HEAD", "/_dari/health", nil, 200},
		{"a browser at the root", "GET", "/", []string{"Accept", "text/html", "Accept-Language", "en"}, 302},
		{"a name below localhost", "GET", "/_dari/dead", []string{"Host", "sqs.eu-central-1.localhost:4566", "User-Agent", "Mozilla/5.0"}, 200},
		{"an address", "GET", "/_dari/dead", []string{"Host", "[::1]:4566", "User-Agent", "Mozilla/5.0"}, 200},
	} {
		w := ask(t, a, c.method, c.path, c.header...)
		if w.Code != c.status {
			t.Errorf("%s: %d %s, want %d", c.name, w.Code, w.Body, c.status)
		}
		may := strings.HasPrefix(c.name, "an origin") && c.status < 300
		if got := w.Header().Get("Access-Control-Allow-Origin") != ""; got != may {
			t.Errorf("%s: the page may read the answer: %t, want %t", c.name, got, may)
		}
	}
}

func TestARefusalSaysWhatToDo(t *testing.T) {
	a := openFront(t, func(*Options) {})
	for _, c := range []struct {
		method, path string
		header       []string
		want         string
	}{
		{"GET", "/?Action=ListQueues", []string{"Sec-Fetch-Site", "cross-site"}, "<Code>AccessDenied</Code><Message>A web page of another origin may not call dari; its origin is not among those that are allowed (-origins).</Message>"},
		{"POST", "/", []string{"X-Amz-Target", "AmazonSQS.ListQueues", "Origin", "null"}, `{"__type":"com.amazonaws.sqs#AccessDeniedException","message":"A web page of`},
		{"GET", "/_dari/dead", []string{"Host", "evil.example", "User-Agent", "Mozilla/5.0"}, `{"message":"A browser called dari by the name of evil.example, which dari does not know for its own. If it is, set it as the host (-host)."}`},
		{"PUT", "/?Action=ListQueues", nil, "<Code>MethodNotAllowed</Code><Message>dari does not take the method PUT here; use GET, POST.</Message>"},
	} {
		if w := ask(t, a, c.method, c.path, c.header...); !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%s %s: got %s, want %s", c.method, c.path, w.Body, c.want)
		}
	}
}

func TestAnOriginThatIsNoneIsRefusedAtTheStart(t *testing.T) {
	opt := Defaults()
	opt.Listen, opt.Ephemeral, opt.Origins = "127.0.0.1:0", true, "example.com"
	if _, err := Open(t.Context(), opt); err == nil || err.Error() != `-origins: "example.com" is no web origin, such as https://console.example.com` {
		t.Errorf("got %v", err)
	}
}
