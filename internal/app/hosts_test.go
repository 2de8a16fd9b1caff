package app

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/dari-bus/dari/internal/door"
)

// ground M6: a browser on the host of somebody's API was sent to dari's console,
// and no API could have a path that begins like dari's own.
func TestTheHostOfAnAPIIsTheUsersWhateverThePath(t *testing.T) {
	a := openFront(t, func(*Options) {})
	for _, path := range []string{"/", "/_dari/health", "/_dari/console/", "/prod/pets?Action=CreateQueue&QueueName=made"} {
		for _, host := range []string{"abc123.execute-api.localhost:4566", "ABC123.Execute-API.localhost"} {
			for _, header := range [][]string{
				{"User-Agent", "Mozilla/5.0", "Accept", "text/html", "Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "navigate"},
				{"Origin", "https://elsewhere.example", "Sec-Fetch-Site", "cross-site"},
				{"X-Amz-Target", "AmazonSQS.ListQueues"},
			} {
				for _, method := range api.Methods {
					w := ask(t, a, method, path, append(header, "Host", host)...)
					if w.Code != 403 || w.Body.String() != `{"message":"Forbidden"}` || w.Header().Get("X-Amzn-Errortype") != "ForbiddenException" || w.Header().Get("X-Amzn-Requestid") == "" {
						t.Errorf("%s %s at %s: %d %s", method, path, host, w.Code, w.Body)
					}
				}
			}
		}
	}
	if w := ask(t, a, "GET", "/_dari/health", "Host", "abc123.execute-api.localhost.:80"); w.Code != 403 {
		t.Errorf("the host spelled whole: %d %s", w.Code, w.Body)
	}
	for _, host := range []string{"execute-api.localhost", ".execute-api.localhost", "a.b.execute-api.localhost", "abc.execute-api.localhost.example", "abc.execute-api.example"} {
		if w := ask(t, a, "GET", "/_dari/health", "Host", host); w.Code != 200 {
			t.Errorf("%s was taken for an API: %d %s", host, w.Code, w.Body)
		}
	}
}

// What comes to the URL of a function is the function's, and what it tells browsers is.
func TestTheHostOfAFunctionURLIsTheFunctionsWhateverThePath(t *testing.T) {
	a := openFront(t, func(o *Options) { o.Host, o.Origins = "bus.example.com:443", "https://console.example.com" })
	for _, path := range []string{"/", "/_dari/health", "/_dari/console/", "/prod/pets?Action=CreateQueue&QueueName=made"} {
		for _, host := range []string{"abc.lambda-url.us-east-1.localhost:4566", "ABC.Lambda-URL.us-east-1.localhost", "abc.lambda-url.us-east-1.bus.example.com"} {
			for _, header := range [][]string{
				{"User-Agent", "Mozilla/5.0", "Accept", "text/html", "Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "navigate"},
				{"Origin", "https://elsewhere.example", "Sec-Fetch-Site", "cross-site"},
				{"Origin", "https://console.example.com", "Sec-Fetch-Site", "cross-site", "Access-Control-Request-Method", "GET"},
				{"X-Amz-Target", "AmazonSQS.ListQueues"},
			} {
				for _, method := range api.Methods {
					w := ask(t, a, method, path, append(header, "Host", host)...)
					if w.Code != 403 || w.Body.String() != `{"Message":null}` || w.Header().Get("X-Amzn-Errortype") != "AccessDeniedException" || w.Header().Get("Access-Control-Allow-Origin") != "" {
						t.Errorf("%s %s at %s: %d %s %v", method, path, host, w.Code, w.Body, w.Header())
					}
				}
			}
		}
	}
	for _, host := range []string{"lambda-url.us-east-1.localhost", "abc.lambda-url.localhost", "abc.lambda-url.us-east-1.example.com"} {
		if w := ask(t, a, "GET", "/_dari/health", "Host", host); w.Code != 200 {
			t.Errorf("%s was taken for a URL: %d %s", host, w.Code, w.Body)
		}
	}
}

func TestTheGuardComesBeforeTheHost(t *testing.T) {
	a := openFront(t, func(*Options) {})
	w := ask(t, a, "TRACE", "/", "Host", "abc.execute-api.localhost")
	if w.Code != http.StatusMethodNotAllowed || !strings.Contains(w.Body.String(), `"message":"dari does not take the method TRACE`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestARouteTellsItsHandlerTheLabels(t *testing.T) {
	f := &front{guard: &door.Guard{}, hosts: []hostRoute{{"{id}.execute-api.{region}.localhost", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(r.PathValue("id") + " in " + r.PathValue("region")))
	})}}}
	r := httptest.NewRequest("GET", "http://abc.execute-api.eu-central-1.localhost:4566/stage", nil)
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	if got := w.Body.String(); got != "abc in eu-central-1" {
		t.Errorf("got %q", got)
	}
}
