package serve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/outbound"
	"github.com/dari-bus/dari/internal/room/restapi/catalog"
	"github.com/dari-bus/dari/internal/room/restapi/definition"
	"github.com/dari-bus/dari/internal/wire/body"
)

// A house is an API of its own, and the network that it calls.
type house struct {
	snapshot definition.Snapshot
	stage    definition.Stage
	open     func(*http.Request) (*http.Response, error)
	// answers is what functions answer; event is what they were sent last, by whom.
	answers string
	event   []byte
	by      access.Caller
}

func (h *house) Serving(api, stage string) (catalog.Serving, bool) {
	if api != "api" || stage != h.stage.Name {
		return catalog.Serving{}, false
	}
	return catalog.Serving{
		Place: access.Place{Account: "111111111111", Region: "eu-central-1"}, API: api, Stage: &h.stage,
		Deployment: &definition.Deployment{ID: "d", Snapshot: &h.snapshot},
	}, true
}

func (h *house) Open(r *http.Request, _ outbound.Terms) (*http.Response, error) { return h.open(r) }

func (h *house) TraceOf(string) string { return "Root=1" }

func (h *house) Invoke(_ context.Context, by access.Caller, _ string, payload []byte) ([]byte, bool, error) {
	h.by, h.event = by, payload
	return []byte(h.answers), h.answers == "failed", nil
}

// method adds a resource with a method.
func (h *house) method(path, verb string, m *definition.Method) {
	m.Authorization = "NONE"
	h.snapshot.Nodes = append(h.snapshot.Nodes, definition.Node{ID: "r", Path: path, Methods: map[string]*definition.Method{verb: m}})
}

func (h *house) service() *Service {
	h.stage.Name = "s"
	return New(Options{
		Stages: h, Network: h, Functions: h, Logs: NewLogs(nil, slog.New(slog.DiscardHandler)), Bodies: body.Endless{}, AtOnce: 1,
		Known: func(context.Context) {}, Log: slog.New(slog.DiscardHandler),
	})
}

func ask(s *Service, method, path, text string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/_aws/execute-api/api/s"+path, strings.NewReader(text))
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func proxy() *definition.Method {
	return &definition.Method{Integration: &definition.Integration{Type: "HTTP_PROXY", Verb: "ANY", URI: "http://backend/x", TimeoutMillis: 1000}}
}

func mock(template string, responses map[string]*definition.IntegrationResponse) *definition.Method {
	return &definition.Method{Integration: &definition.Integration{Type: "MOCK", Templates: map[string]string{"application/json": template}, Responses: responses}}
}

func TestAPathMeansTheMostLiteralResourceThatHasTheMethod(t *testing.T) {
	var root branch
	for _, n := range []string{"/ GET", "/a GET", "/{v} POST", "/a/{v} GET", "/a/b POST", "/a/{rest+} ANY", "/{all+} ANY"} {
		path, verb, _ := strings.Cut(n, " ")
		root.grow(&definition.Node{Path: path, Methods: map[string]*definition.Method{verb: {}}})
	}
	for asked, want := range map[string]string{
		"GET /": "/ map[]", "POST /": "none", "GET /a": "/a map[]", "GET /a/": "/a map[]", "GET /%61": "/a map[]", "POST /a": "/{v} map[v:a]",
		"GET /a/b": "/a/{v} map[v:b]", "POST /a/b": "/a/b map[]", "PUT /a/b": "/a/{rest+} map[rest:b]", "GET /a/b/c/": "/a/{rest+} map[rest:b/c/]",
		"PUT /q%2Fr": "/{all+} map[all:q%2Fr]", "GET //x": "/{all+} map[all:/x]", "GET /%zz": "/{all+} map[all:%zz]",
	} {
		verb, path, _ := strings.Cut(asked, " ")
		got := "none"
		if m, variables := root.find(path, verb); m != nil {
			got = fmt.Sprint(m.node.Path, " ", variables)
		}
		if got != want {
			t.Errorf("%s: %s, want %s", asked, got, want)
		}
	}
}

// R16: a template cannot be run on a body of a binary media type, and the log says so.
func TestABinaryBodyNeedsToBeATextForATemplate(t *testing.T) {
	h := &house{}
	h.snapshot.Binary = []string{"*/*"}
	h.stage.Settings = map[string]*definition.MethodSetting{"*/*": {Level: "INFO", DataTrace: true, Burst: 1, Rate: 1}}
	m := mock(`{"statusCode": 200}`, map[string]*definition.IntegrationResponse{"200": {}})
	h.method("/", "OPTIONS", m)
	s := h.service()
	if w := ask(s, "OPTIONS", "/", ""); w.Code != 500 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	var all strings.Builder
	for _, p := range s.opt.Logs.pending {
		for _, e := range p.Events {
			fmt.Fprintf(&all, "%s\n", e.Text)
		}
	}
	for _, want := range []string{
		"Method request body before transformations: [Binary Data]\n", "Execution failed due to configuration error: Unable to transform request\n",
		"Gateway response type: DEFAULT_5XX with status code: 500\n", "Method completed with status: 500\n",
	} {
		if !strings.Contains(all.String(), ") "+want) {
			t.Errorf("there is no %q in:\n%s", want, all.String())
		}
	}
	m.Integration.Content = "CONVERT_TO_TEXT"
	if w := ask(h.service(), "OPTIONS", "/", ""); w.Code != 200 {
		t.Errorf("converted: %d %s", w.Code, w.Body)
	}
}

func TestWhatIsNotAsItMustBeIsAnErrorOfTheAPI(t *testing.T) {
	h := &house{}
	all := map[string]*definition.IntegrationResponse{"200": {}}
	h.method("/ok", "GET", mock(`{statusCode: 200}`, all))
	h.method("/none", "GET", mock(`{}`, all))
	only := "500"
	h.method("/unmatched", "GET", mock(`{"statusCode": 403}`, map[string]*definition.IntegrationResponse{"200": {Selection: &only}}))
	never := mock(`{"statusCode": 200}`, all)
	never.Integration.Passthrough = "NEVER"
	h.method("/never", "POST", never)
	h.method("/override", "GET", mock(`#set($context.responseOverride.status = 418){"statusCode": 200}`, all))
	s := h.service()
	for asked, want := range map[string]string{
		"GET /ok": "200 ", "GET /none": `500 {"message":"Internal server error"}`, "GET /unmatched": `500 {"message":"Internal server error"}`, "GET /override": "418 ",
	} {
		verb, path, _ := strings.Cut(asked, " ")
		if w := ask(s, verb, path, ""); fmt.Sprint(w.Code, " ", w.Body) != want {
			t.Errorf("%s: %d %s", asked, w.Code, w.Body)
		}
	}
	if w := ask(s, "POST", "/never", "x", "Content-Type", "text/plain"); w.Code != 415 || w.Body.String() != `{"message":"Unsupported Media Type"}` {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestAnEndpointThatDoesNotAnswerIsAGatewayResponse(t *testing.T) {
	h := &house{}
	h.method("/", "ANY", proxy())
	s := h.service()
	for want, err := range map[string]error{
		`504 {"message":"Endpoint request timed out"}`: outbound.Temporary(outbound.CodeTimeout, "late"),
		`504 {"message":"Internal server error"}`:      outbound.Permanent(outbound.CodeNoPermission, "out of reach"),
		`429 {"message":"Too Many Requests"}`:          &outbound.Error{Throttled: true},
	} {
		h.open = func(*http.Request) (*http.Response, error) { return nil, err }
		if w := ask(s, "GET", "/", ""); fmt.Sprint(w.Code, " ", w.Body) != want {
			t.Errorf("%v: %d %s", err, w.Code, w.Body)
		}
	}
}

func TestWhatIsTooLargeIsNotTaken(t *testing.T) {
	h := &house{}
	h.method("/", "ANY", proxy())
	h.open = func(r *http.Request) (*http.Response, error) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return nil, err
		}
		return &http.Response{StatusCode: 200, Body: http.NoBody, Header: http.Header{}}, nil
	}
	s := h.service()
	const want = `413 {"message":"Request Too Long"}`
	for name, w := range map[string]*httptest.ResponseRecorder{
		"a header": ask(s, "GET", "/", "", "X-Long", strings.Repeat("x", maxHead)),
		"a path":   ask(s, "GET", "/"+strings.Repeat("x", maxHead), ""),
		"a body":   ask(s, "POST", "/", strings.Repeat("x", maxBody+1)),
	} {
		if fmt.Sprint(w.Code, " ", w.Body) != want {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	r := httptest.NewRequest("POST", "/_aws/execute-api/api/s/", io.LimitReader(endless{}, maxBody+10))
	r.ContentLength = -1
	w := httptest.NewRecorder()
	if s.ServeHTTP(w, r); fmt.Sprint(w.Code, " ", w.Body) != want {
		t.Errorf("a body that does not say how long it is: %d %s", w.Code, w.Body)
	}
}

type endless struct{}

func (endless) Read(b []byte) (int, error) { return len(b), nil }

func TestAnAccountHasSoManyRequestsUnderWay(t *testing.T) {
	h := &house{}
	h.method("/", "ANY", proxy())
	var s *Service
	h.open = func(*http.Request) (*http.Response, error) {
		if w := ask(s, "GET", "/", ""); w.Code != 429 {
			t.Errorf("a second one: %d", w.Code)
		}
		return nil, errors.New("no")
	}
	s = h.service()
	ask(s, "GET", "/", "")
	ask(s, "GET", "/", "")
	if len(s.busy) != 0 {
		t.Errorf("under way: %v", s.busy)
	}
}

func TestWhatWouldKeepSomebodyOutIsNotServed(t *testing.T) {
	h := &house{}
	h.method("/", "ANY", proxy())
	for what, change := range map[string]func(){
		"a policy":     func() { h.snapshot.Policy = "{}" },
		"a key":        func() { h.snapshot.Policy, h.snapshot.Nodes[0].Methods["ANY"].NeedsKey = "", true },
		"an authority": func() { h.snapshot.Nodes[0].Methods["ANY"].Authorization = "CUSTOM" },
	} {
		change()
		if w := ask(h.service(), "GET", "/", ""); w.Code != 501 {
			t.Errorf("%s: %d %s", what, w.Code, w.Body)
		}
	}
}

func TestWhatWaitsToBeLoggedHaveABound(t *testing.T) {
	var written int
	l := NewLogs(func(context.Context, Portion) error { written++; return nil }, slog.New(slog.DiscardHandler))
	p := Portion{Place: access.Place{Account: "1"}, Events: []Event{{0, make([]byte, 1<<20-extra)}}}
	for range 6 {
		l.add(p)
	}
	p.Account = "2"
	l.add(p)
	if l.Dropped() != 2 || l.bytes != 5<<20 {
		t.Errorf("%d were dropped, %d bytes wait", l.Dropped(), l.bytes)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := l.Run(ctx); err != nil || written != 5 || l.bytes != 0 || len(l.of) != 0 {
		t.Errorf("%v, %d written, %d bytes wait", err, written, l.bytes)
	}
}

func TestWhatIsKeptOfDeploymentsHasABound(t *testing.T) {
	s := shelf[int, int]{most: 100}
	made := 0
	for i := range 50 {
		s.get(i, 30, func() int { made++; return i })
		s.get(i, 30, func() int { made++; return i })
	}
	if made != 50 || len(s.all) != 3 || s.size != 90 {
		t.Errorf("%d made, %d kept, %d bytes", made, len(s.all), s.size)
	}
	if s.get(99, 1000, func() int { return 1 }); len(s.all) != 1 || s.size != 1000 {
		t.Errorf("one that is larger: %d kept, %d bytes", len(s.all), s.size)
	}
}

func function() *definition.Method {
	return &definition.Method{Integration: &definition.Integration{
		Type: "AWS_PROXY", Verb: "POST", URI: "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-central-1:111111111111:function:f/invocations",
	}}
}

// R10 and R11: what a function may answer.
func TestAFunctionAnswersInAFormOfItsOwn(t *testing.T) {
	h := &house{}
	h.method("/", "ANY", function())
	s := h.service()
	const broken = `502 {"message":"Internal server error"} application/json`
	for answer, want := range map[string]string{
		`{"statusCode":200}`: "200  application/json", `{"headers":{"x":"y"}}`: "200  application/json", `{"headers":null}`: "200  application/json",
		`{"statusCode":"201","body":"b","headers":{"content-type":"text/plain"}}`: "201 b text/plain",
		`{"statusCode":"test"}`: broken, `{}`: broken, `"justAString"`: broken, `{"statusCode":200,"wrongValue":1}`: broken, `{"body":{}}`: broken, `failed`: broken,
		`{"multiValueHeaders":{"a":"b"}}`: broken, `{"isBase64Encoded":true,"body":"eA=="}`: "200 eA== application/json",
	} {
		h.answers = answer
		if w := ask(s, "GET", "/", ""); fmt.Sprint(w.Code, " ", w.Body, " ", w.Header().Get("Content-Type")) != want {
			t.Errorf("%s: %d %s %v", answer, w.Code, w.Body, w.Header())
		}
	}
	h.answers = `{"headers":{"test-multi":"value-solo","t":true,"Date":"d"},"multiValueHeaders":{"tesT-Multi":["value-multi"],"Set-Cookie":["a","b"]}}`
	header := ask(s, "GET", "/", "").Header()
	if header.Get("Test-Multi") != "value-multi, value-solo" || header.Get("T") != "true" || header.Get("X-Amzn-Remapped-Date") != "d" || len(header["Set-Cookie"]) != 2 || header.Get("X-Amzn-Trace-Id") != "Root=1" {
		t.Errorf("%v", header)
	}
}

// R4, R13 and R14: what of a request a function is sent.
func TestAFunctionIsSentTheRequest(t *testing.T) {
	h := &house{answers: `{"statusCode":200}`}
	h.method("/{proxy+}", "ANY", function())
	s := h.service()
	ask(s, "GET", "/v1/b%2Fc/?a=1&a=2", "", "X-A", "b")
	var got map[string]any
	if err := json.Unmarshal(h.event, &got); err != nil {
		t.Fatal(err)
	}
	about, _ := got["requestContext"].(map[string]any)
	want := `/v1/b%2Fc/ /{proxy+} map[proxy:v1/b%2Fc/] map[a:2] map[a:[1 2]] <nil> <nil> false /s/v1/b%2Fc/ s <nil>`
	if said := fmt.Sprint(got["path"], " ", got["resource"], " ", got["pathParameters"], " ", got["queryStringParameters"], " ", got["multiValueQueryStringParameters"], " ",
		got["body"], " ", got["stageVariables"], " ", got["isBase64Encoded"], " ", about["path"], " ", about["stage"], " ", about["identity"].(map[string]any)["caller"]); said != want {
		t.Errorf("%s, want %s", said, want)
	}
	if h.by.Service != "apigateway.amazonaws.com" || h.by.Source != "arn:aws:execute-api:eu-central-1:111111111111:api/s/GET/{proxy+}" {
		t.Errorf("%+v", h.by)
	}
	h.stage.Variables = map[string]string{"k": "v"}
	ask(s, "POST", "/x", "\xff")
	for _, part := range []string{`"body":"/w=="`, `"isBase64Encoded":true`, `"stageVariables":{"k":"v"}`, `"queryStringParameters":null`, `"multiValueQueryStringParameters":null`} {
		if !strings.Contains(string(h.event), part) {
			t.Errorf("there is no %s in %s", part, h.event)
		}
	}
}
