package app

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// A shop is an API that is called, at the house that has it.
type shop struct {
	*accounts
	backend *httptest.Server
	seen    chan *http.Request
	known   []string
}

// stageFormat is that of the console, as JSON.
const stageFormat = `{\"requestId\":\"$context.requestId\",\"ip\":\"$context.identity.sourceIp\",\"requestTime\":\"$context.requestTime\",\"httpMethod\":\"$context.httpMethod\",\"resourcePath\":\"$context.resourcePath\",\"status\":\"$context.status\",\"protocol\":\"$context.protocol\",\"responseLength\":\"$context.responseLength\",\"integrationStatus\":\"$context.integrationStatus\",\"integrationLatency\":\"$context.integrationLatency\",\"userAgent\":\"$context.identity.userAgent\"}`

func openShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{accounts: openAccounts(t, true), seen: make(chan *http.Request, 10)}
	s.backend = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		select {
		case s.seen <- r:
		default:
		}
		w.Header().Set("X-Backend", "yes")
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprintf(w, "%s %s %s", r.Method, r.RequestURI, body)
	}))
	t.Cleanup(s.backend.Close)
	api := s.must(owner, "apigateway.CreateRestApi", "POST /restapis\n"+`{"name":"shop"}`)
	id, root := api["id"].(string), api["rootResourceId"].(string)
	s.add("{shop}", id, "{root}", root)
	for _, r := range [][3]string{{"{root}", "{proxy+}", "{all}"}, {"{root}", "jobs", "{jobs}"}, {"{jobs}", "{op}", "{job}"}, {"{root}", "mock", "{mock}"}, {"{root}", "secret", "{secret}"}} {
		made := s.must(owner, "apigateway.CreateResource", "POST /restapis/{shop}/resources/"+r[0]+"\n"+`{"pathPart":"`+r[1]+`"}`)
		s.add(r[2], made["id"].(string))
	}
	s.method("{all}/methods/ANY", `{"authorizationType":"NONE","requestParameters":{"method.request.path.proxy":true}}`,
		`{"type":"HTTP_PROXY","httpMethod":"ANY","uri":"`+s.backend.URL+`/base/{proxy}","requestParameters":{"integration.request.path.proxy":"method.request.path.proxy"}}`)
	s.method("{job}/methods/GET", `{"authorizationType":"NONE"}`, `{"type":"HTTP","httpMethod":"POST","uri":"`+s.backend.URL+`/job","requestTemplates":{"application/json":"{\"op\":\"$input.params('op')\"}"}}`)
	s.answer("{job}/methods/GET", "200", `{"selectionPattern":"418","responseTemplates":{"application/json":"[$context.httpMethod]"},"responseParameters":{"method.response.header.X-From":"integration.response.header.X-Backend"}}`, "X-From")
	s.method("{mock}/methods/GET", `{"authorizationType":"NONE"}`, `{"type":"MOCK","requestTemplates":{"application/json":"{\"statusCode\": 200}"}}`)
	s.answer("{mock}/methods/GET", "200", `{"responseTemplates":{"application/json":"{\"stage\":\"$context.stage\",\"v\":\"$stageVariables.v\"}"}}`, "")
	s.method("{secret}/methods/GET", `{"authorizationType":"AWS_IAM"}`, `{"type":"MOCK","requestTemplates":{"application/json":"{\"statusCode\": 200}"}}`)
	s.must(owner, "apigateway.CreateDeployment", "POST /restapis/{shop}/deployments\n"+`{"stageName":"prod","variables":{"v":"one"}}`)
	return s
}

// add adds names that stand for what was made.
func (s *shop) add(names ...string) {
	s.known = append(s.known, names...)
	s.names = strings.NewReplacer(s.known...)
}

func (s *shop) method(at, method, integration string) {
	s.t.Helper()
	s.must(owner, "apigateway.PutMethod", "PUT /restapis/{shop}/resources/"+at+"\n"+method)
	s.must(owner, "apigateway.PutIntegration", "PUT /restapis/{shop}/resources/"+at+"/integration\n"+integration)
}

func (s *shop) answer(at, status, response, header string) {
	s.t.Helper()
	method := `{}`
	if header != "" {
		method = `{"responseParameters":{"method.response.header.` + header + `":false}}`
	}
	s.must(owner, "apigateway.PutMethodResponse", "PUT /restapis/{shop}/resources/"+at+"/responses/"+status+"\n"+method)
	s.must(owner, "apigateway.PutIntegrationResponse", "PUT /restapis/{shop}/resources/"+at+"/integration/responses/"+status+"\n"+response)
}

// ask sends a request to the stage, and returns the answer and its body.
func (s *shop) ask(method, path, body string) (*http.Response, string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.app.URL()+s.names.Replace("/_aws/execute-api/{shop}")+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("User-Agent", "tester/1")
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer w.Body.Close()
	b, err := io.ReadAll(w.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return w, string(b)
}

// R1 and R2: a resource is a candidate only if it has the method, and which one is meant
// comes before whether the caller may; R4: the root is none of {proxy+}'s.
func TestAStageAnswersByTheIntegrationsOfItsMethods(t *testing.T) {
	s := openShop(t)
	for _, c := range []struct{ method, path, body, want string }{
		{"GET", "/prod/mock", "", `200 {"stage":"prod","v":"one"}`},
		{"GET", "/prod/mock/", "", `200 {"stage":"prod","v":"one"}`},
		{"POST", "/prod/mock", "b", "418 POST /base/mock b"},
		{"GET", "/prod/jobs/reboot", "", "200 [GET]"},
		{"GET", "/prod/jobs", "", "418 GET /base/jobs "},
		{"POST", "/prod/jobs/reboot?a=1&a=2", "x", "418 POST /base/jobs/reboot?a=1&a=2 x"},
		{"PUT", "/prod/a%2Fb/c", strings.Repeat("y", 100_000), "418 PUT /base/a%2Fb/c " + strings.Repeat("y", 100_000)},
		{"GET", "/prod/", "", `403 {"message":"Missing Authentication Token"}`},
		{"GET", "/prod", "", `403 {"message":"Missing Authentication Token"}`},
		{"GET", "/other/mock", "", `403 {"message":"Forbidden"}`},
		{"GET", "/prod/secret", "", `501 {"message":"dari does not serve a method with the authorization AWS_IAM yet."}`},
		{"POST", "/prod/secret", "", "418 POST /base/secret "},
	} {
		w, got := s.ask(c.method, c.path, c.body)
		if got = fmt.Sprint(w.StatusCode, " ", got); got != c.want {
			t.Errorf("%s %s: %.200s, want %.200s", c.method, c.path, got, c.want)
		}
		if w.Header.Get("X-Amzn-Requestid") == "" || w.StatusCode == 403 && w.Header.Get("X-Amzn-Errortype") == "" || w.Header.Get("Content-Security-Policy") != "sandbox" {
			t.Errorf("%s %s: %v", c.method, c.path, w.Header)
		}
	}
	w := ask(t, s.app, "GET", "/prod/mock", "Host", s.names.Replace("{shop}.execute-api.localhost:4566"))
	if w.Code != 200 || w.Header().Get("Content-Security-Policy") != "" {
		t.Errorf("at its host: %d %s %v", w.Code, w.Body, w.Header())
	}
	w = ask(t, s.app, "GET", s.names.Replace("/restapis/{shop}/prod/_user_request_/mock"))
	if w.Code != 200 {
		t.Errorf("at the other path: %d %s", w.Code, w.Body)
	}
}

// R38: headers of the connection come under another name, and the endpoint sees who calls.
func TestHeadersGoThroughAProxyAsAtAWS(t *testing.T) {
	s := openShop(t)
	w, _ := s.ask("GET", "/prod/any", "")
	if w.Header.Get("X-Backend") != "yes" || w.Header.Get("X-Amzn-Remapped-Date") == "" || w.Header.Get("X-Amzn-Remapped-Content-Length") == "" || w.Header.Get("Content-Type") != "text/plain" {
		t.Errorf("%v", w.Header)
	}
	seen := <-s.seen
	if h := seen.Header; h.Get("User-Agent") != s.names.Replace("AmazonAPIGateway_{shop}") || h.Get("X-Forwarded-For") != "127.0.0.1" || h.Get("X-Forwarded-Proto") != "http" {
		t.Errorf("%v", h)
	}
	if w, _ := s.ask("GET", "/prod/jobs/x", ""); w.Header.Get("X-From") != "yes" {
		t.Errorf("a mapped header: %v", w.Header)
	}
}

// R7: a gateway response shapes what the API answers itself, once it is deployed.
func TestAGatewayResponseIsSeenWithTheNextDeployment(t *testing.T) {
	s := openShop(t)
	s.must(owner, "apigateway.PutGatewayResponse", "PUT /restapis/{shop}/gatewayresponses/MISSING_AUTHENTICATION_TOKEN\n"+
		`{"statusCode":"404","responseParameters":{"gatewayresponse.header.X-Why":"'none'"},"responseTemplates":{"application/json":"{\"no\":$context.error.messageString}"}}`)
	if w, _ := s.ask("GET", "/prod/", ""); w.StatusCode != 403 {
		t.Errorf("before the deployment: %d", w.StatusCode)
	}
	s.must(owner, "apigateway.CreateDeployment", "POST /restapis/{shop}/deployments\n"+`{"stageName":"prod"}`)
	w, body := s.ask("GET", "/prod/", "")
	if w.StatusCode != 404 || w.Header.Get("X-Why") != "none" || body != `{"no":"Missing Authentication Token"}` {
		t.Errorf("%d %s %v", w.StatusCode, body, w.Header)
	}
}

// The execution log of a stage says what came, and what became of it.
func TestAStageWritesItsExecutionLog(t *testing.T) {
	s := openShop(t)
	s.must(owner, "iam.CreateRole", form("CreateRole", "RoleName", "watcher", "AssumeRolePolicyDocument", fmt.Sprintf(trustText, "apigateway.amazonaws.com")))
	s.must(owner, "iam.PutRolePolicy", form("PutRolePolicy", "RoleName", "watcher", "PolicyName", "p", "PolicyDocument",
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"logs:*","Resource":"*"}}`))
	s.must(owner, "apigateway.UpdateAccount", "PATCH /account\n"+`{"patchOperations":[{"op":"replace","path":"/cloudwatchRoleArn","value":"`+watcher+`"}]}`)
	s.must(owner, "apigateway.UpdateRestApi", "PATCH /restapis/{shop}\n"+`{"patchOperations":[{"op":"add","path":"/binaryMediaTypes/image~1png"}]}`)
	s.must(owner, "apigateway.CreateDeployment", "POST /restapis/{shop}/deployments\n"+`{"stageName":"prod"}`)
	s.must(owner, "apigateway.UpdateStage", "PATCH /restapis/{shop}/stages/prod\n"+`{"patchOperations":[
		{"op":"replace","path":"/*/*/logging/loglevel","value":"INFO"},{"op":"replace","path":"/*/*/logging/dataTrace","value":"true"}]}`)
	s.ask("POST", "/prod/any", "the body")
	s.ask("GET", "/prod/jobs/x", "")
	want := []string{
		"HTTP Method: POST, Resource Path: /{proxy+}", "Method request path: {proxy=any}", "Sending request to " + s.backend.URL + "/base/any", "Method completed with status: 418",
		"Endpoint request body after transformations: {\"op\":\"x\"}", "Endpoint response body before transformations: POST /job {\"op\":\"x\"}", "Method response body after transformations: [GET]", "Method completed with status: 200",
	}
	var all string
	missing := func() (none string) {
		for _, w := range want {
			if !strings.Contains(all, ") "+w) {
				return w
			}
		}
		return ""
	}
	for deadline := time.Now().Add(10 * time.Second); missing() != "" && time.Now().Before(deadline); {
		if status, answer := s.call(owner, "logs.FilterLogEvents", `{"logGroupName":"API-Gateway-Execution-Logs_{shop}/prod"}`); status == 200 {
			var out struct{ Events []struct{ Message string } }
			if err := json.Unmarshal([]byte(answer), &out); err != nil {
				t.Fatal(err)
			}
			all = ""
			for _, e := range out.Events {
				all += e.Message + "\n"
			}
		}
	}
	if w := missing(); w != "" {
		t.Errorf("there is no %q in:\n%s", w, all)
	}
}

// Each answered request has a line in the access log, with all that the format asks for.
func TestAStageWritesItsAccessLog(t *testing.T) {
	s := openShop(t)
	s.must(owner, "logs.CreateLogGroup", `{"logGroupName":"calls"}`)
	s.must(owner, "iam.CreateRole", form("CreateRole", "RoleName", "watcher", "AssumeRolePolicyDocument", fmt.Sprintf(trustText, "apigateway.amazonaws.com")))
	s.must(owner, "iam.PutRolePolicy", form("PutRolePolicy", "RoleName", "watcher", "PolicyName", "p", "PolicyDocument", mayWrite(groupARN+":*")))
	s.must(owner, "apigateway.UpdateAccount", "PATCH /account\n"+`{"patchOperations":[{"op":"replace","path":"/cloudwatchRoleArn","value":"`+watcher+`"}]}`)
	s.must(owner, "apigateway.UpdateStage", "PATCH /restapis/{shop}/stages/prod\n"+`{"patchOperations":[
		{"op":"replace","path":"/accessLogSettings/destinationArn","value":"`+groupARN+`"},
		{"op":"replace","path":"/accessLogSettings/format","value":"`+stageFormat+`"}]}`)
	_, mocked := s.ask("GET", "/prod/mock", "")
	_, passed := s.ask("POST", "/prod/any/path", "b")
	s.ask("GET", "/prod/", "")
	want := map[string]string{
		"GET /mock": fmt.Sprint("200 ", len(mocked), " 200"), "POST /{proxy+}": fmt.Sprint("418 ", len(passed), " 418"), "GET -": "403 42 -",
	}
	got := map[string]string{}
	for deadline := time.Now().Add(10 * time.Second); len(got) < len(want) && time.Now().Before(deadline); {
		out := s.must(owner, "logs.FilterLogEvents", `{"logGroupName":"calls"}`)
		for _, e := range out["events"].([]any) {
			var l map[string]string
			text := e.(map[string]any)["message"].(string)
			if err := json.Unmarshal([]byte(text), &l); err != nil {
				t.Fatalf("%v: %s", err, text)
			}
			got[l["httpMethod"]+" "+l["resourcePath"]] = l["status"] + " " + l["responseLength"] + " " + l["integrationStatus"]
			if len(l["requestId"]) != 36 || l["ip"] != "127.0.0.1" || l["userAgent"] != "tester/1" || l["protocol"] != "HTTP/1.1" || l["requestTime"] == "-" || l["status"] != "403" && l["integrationLatency"] == "-" {
				t.Errorf("%s", text)
			}
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, want %v; %d were dropped", got, want, s.app.stageLogs.Dropped())
	}
}
