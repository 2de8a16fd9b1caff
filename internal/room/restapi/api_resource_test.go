package restapi

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/room/restapi/catalog"
	"github.com/dari-bus/dari/internal/room/restapi/definition"
	"github.com/dari-bus/dari/internal/store/mem"
)

func TestAnAPIIsAsAWSAnswersIt(t *testing.T) {
	d := openDoor(t)
	api := d.must("POST /restapis", `{"name":"shop","version":"v1"}`)
	d.names = []string{"{api}", api["id"].(string), "{root}", api["rootResourceId"].(string)}
	d.differs(api, `{"id":"{api}","name":"shop","version":"v1","apiKeySource":"HEADER","disableExecuteApiEndpoint":false,"endpointConfiguration":{"types":["EDGE"],"ipAddressType":"ipv4"},"rootResourceId":"{root}"}`)
	d.wrong("POST /restapis", `{"name":"x","description":""}`, "BadRequestException", "Description cannot be an empty string")
	d.wrong("POST /restapis", `{"name":"x","endpointConfiguration":{"types":[]}}`, "BadRequestException", "REGIONAL Configuration and EDGE Configuration cannot be both DISABLED.")
	d.wrong("POST /restapis", `{"name":"x","endpointConfiguration":{"types":["EDGE","REGIONAL"]}}`, "BadRequestException", "Cannot create an api with multiple Endpoint Types.")
	d.wrong("POST /restapis", `{"name":"x","endpointConfiguration":{"types":["PRIVATE"],"ipAddressType":"ipv4"}}`, "BadRequestException", "Only dualstack ipAddressType is supported for Private APIs.")
	d.wrong("POST /restapis", `{"name":"x","endpointConfiguration":{"types":["wrong"],"ipAddressType":"wrong"}}`, "ValidationException",
		"2 validation errors detected: Value '[wrong]' at 'createRestApiInput.endpointConfiguration.types' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [PRIVATE, EDGE, REGIONAL]]; "+
			"Value 'wrong' at 'createRestApiInput.endpointConfiguration.ipAddressType' failed to satisfy constraint: Member must satisfy enum value set: [ipv4, dualstack]")
	d.wrong("GET /restapis/none", "", "NotFoundException", "Invalid API identifier specified 210987654321:none")
}

// rooms-ahead R32.
func TestBinaryMediaTypesAreNamesInPaths(t *testing.T) {
	d := openDoor(t)
	d.make()
	const api = "/restapis/{api}"
	types := func(want ...any) {
		t.Helper()
		got, _ := d.must("GET "+api, "")["binaryMediaTypes"].([]any)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	d.must("PATCH "+api, change("add /binaryMediaTypes/image~1png", "add /binaryMediaTypes/image~1jpeg"))
	types("image/png", "image/jpeg")
	d.must("PATCH "+api, change("replace /binaryMediaTypes/image~1png image/gif", "add /binaryMediaTypes/-"))
	types("image/jpeg", "image/gif", "-")
	for _, op := range []string{"add", "replace", "remove"} {
		d.wrong("PATCH "+api, change(op+" /binaryMediaTypes x"), "BadRequestException", "Invalid patch path /binaryMediaTypes")
	}
	d.wrong("PATCH "+api, change("remove /minimumCompressionSize"), "BadRequestException", "Invalid patch operation specified. Must be one of: [replace]")
	d.wrong("PATCH "+api, change("replace /minimumCompressionSize -1"), "BadRequestException", "Invalid minimum compression size, must be between 0 and 10485760")
	d.wrong("PATCH "+api, change("move /endpointConfiguration/types/EDGE x"), "BadRequestException", "Invalid patch operation specified. Must be 'add'|'remove'|'replace'")
}

func TestResourcesAreATree(t *testing.T) {
	d := openDoor(t)
	d.make()
	create := func(parent, part string) string {
		t.Helper()
		r := d.must("POST /restapis/{api}/resources/"+parent, `{"pathPart":"`+part+`"}`)
		return r["id"].(string)
	}
	const all = "/restapis/{api}/resources/"
	pets := create("{root}", "pets")
	sub := create(pets, "sub")
	proxy := create("{root}", "{proxy+}")
	d.wrong("POST "+all+"{root}", `{"pathPart":"pets"}`, "ConflictException", "Another resource with the same parent already has this name: pets")
	d.wrong("POST "+all+"{root}", `{"pathPart":"{dynamic}"}`, "BadRequestException", "A sibling ({proxy+}) of this resource already has a variable path part -- only one is allowed")
	d.wrong("POST "+all+proxy, `{"pathPart":"child"}`, "BadRequestException", "Cannot create a child of a resource with a greedy path variable: {proxy+}")
	d.wrong("POST "+all+"none", `{"pathPart":"child"}`, "NotFoundException", "Invalid Resource identifier specified")
	create(sub, "leaf")
	d.wrong("PATCH "+all+sub, change("replace /pathPart {sub+}"), "BadRequestException", "Cannot create a child of a resource with a greedy path variable: {sub+}")
	d.wrong("PATCH "+all+pets, change("replace /parentId "+sub), "BadRequestException", "Resources cannot be cyclical.")
	d.wrong("PATCH "+all+pets, change("replace /invalid x"), "BadRequestException", "Invalid patch path  '/invalid' specified for op 'replace'. Must be one of: [/parentId, /pathPart]")
	d.wrong("PATCH "+all+pets, change("remove /pathPart"), "BadRequestException", "Invalid patch path  '/pathPart' specified for op 'remove'. Please choose supported operations")
	d.wrong("PATCH "+all+"{root}", change("replace /pathPart x"), "BadRequestException", "Root resource cannot update its pathPart.")
	d.must("PATCH "+all+pets, change("replace /pathPart dogs"))
	if path := d.must("GET "+all+sub, "")["path"]; path != "/dogs/sub" {
		t.Errorf("its path is %v", path)
	}
	d.must("DELETE "+all+pets, "")
	var paths []string
	for position := ""; ; {
		page := d.must("GET /restapis/{api}/resources?limit=1"+position, "")
		for _, r := range page["item"].([]any) {
			paths = append(paths, r.(map[string]any)["path"].(string))
		}
		next, ok := page["position"].(string)
		if !ok {
			break
		}
		position = "&position=" + next
	}
	if want := []string{"/", "/{proxy+}"}; !slices.Equal(paths, want) {
		t.Errorf("there are %q, want %q", paths, want)
	}
}

func TestMethodsAreCheckedInAWSsWords(t *testing.T) {
	d := openDoor(t)
	d.make()
	const post = "/restapis/{api}/resources/{root}/methods/POST"
	d.wrong("PUT /restapis/{api}/resources/none/methods/POST", `{"authorizationType":"NONE"}`, "NotFoundException", "Invalid Resource identifier specified")
	d.wrong("PUT /restapis/{api}/resources/{root}/methods/WRONG", `{"authorizationType":"NONE"}`, "BadRequestException", "Invalid HttpMethod specified. Valid options are GET,PUT,POST,DELETE,PATCH,OPTIONS,HEAD,ANY")
	d.wrong("PUT "+post, `{"authorizationType":"CUSTOM"}`, "BadRequestException", "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a valid authorizer.")
	d.wrong("PUT "+post, `{"authorizationType":"NONE","requestModels":{"application/json":"petModel"}}`, "BadRequestException", "Invalid model identifier specified: petModel")
	d.wrong("PUT "+post, `{"authorizationType":"NONE","requestParameters":{"method.request.path.a":true,"method.request.header.a":true}}`, "BadRequestException", "Parameter names must be unique across querystring, header and path")
	d.wrong("GET "+post, "", "NotFoundException", "Invalid Method identifier specified")
	d.differs(d.must("PUT "+post, `{"authorizationType":"NONE","requestParameters":{"method.request.path.a":true}}`), `{"httpMethod":"POST","authorizationType":"NONE","apiKeyRequired":false,"requestParameters":{"method.request.path.a":true}}`)
	d.must("PATCH "+post, change("add /requestModels/application~1json Empty", "replace /operationName Op", "replace /apiKeyRequired true", "replace /requestParameters/method.request.path.a false"))
	d.differs(d.must("GET "+post, ""), `{"httpMethod":"POST","authorizationType":"NONE","apiKeyRequired":true,"operationName":"Op","requestModels":{"application/json":"Empty"},"requestParameters":{"method.request.path.a":false}}`)
	for operation, want := range map[string]string{
		"add /operationName x":              "Invalid patch operation specified. Must be one of: [replace]",
		"add /httpMethod PUT":               "Invalid patch path /httpMethod",
		"replace /requestParameters x":      "Invalid patch path /requestParameters",
		"replace /requestValidatorId x":     "Invalid Request Validator identifier specified",
		"replace /authorizationType CUSTOM": "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a valid authorizer.",
	} {
		d.wrong("PATCH "+post, change(operation), "BadRequestException", want)
	}
	d.wrong("PATCH "+post, change("remove /requestParameters/method.request.path.b"), "NotFoundException", "Invalid parameter name specified")
	d.wrong("PATCH "+post, change("replace /requestModels/a~1b Empty"), "NotFoundException", "Content-Type specified was not found")
	d.wrong("PUT "+post+"/responses/wrong", `{}`, "ValidationException", `1 validation error detected: Value 'wrong' at 'statusCode' failed to satisfy constraint: Member must satisfy regular expression pattern: [1-5]\d\d`)
	d.wrong("GET "+post+"/integration", "", "NotFoundException", "Invalid Integration identifier specified")
	d.wrong("POST /restapis/{api}/deployments", `{}`, "BadRequestException", "No integration defined for method")
	d.must("DELETE "+post, "")
	d.must("DELETE "+theMethod, "")
	d.wrong("POST /restapis/{api}/deployments", `{}`, "BadRequestException", "The REST API doesn't contain any methods")
}

// rooms-ahead R31.
func TestIntegrationsAreCheckedInAWSsWords(t *testing.T) {
	d := openDoor(t)
	d.make()
	const at = theMethod + "/integration"
	for body, want := range map[string]string{
		`{"type":"HTTP","uri":"http://example.com"}`:                                                          "Enumeration value for HttpMethod must be non-empty",
		`{"type":"HTTP","httpMethod":"POST","uri":"nope"}`:                                                    "Invalid HTTP endpoint specified for URI",
		`{"type":"AWS","httpMethod":"POST","uri":"nope"}`:                                                     "Invalid ARN specified in the request",
		`{"type":"AWS","httpMethod":"POST","uri":"arn:aws:lambda:eu-central-1:210987654321:function:f"}`:      "AWS ARN for integration must contain path or action",
		`{"type":"AWS_PROXY","httpMethod":"POST","uri":"arn:aws:apigateway:eu-central-1:s3:path/bucket/key"}`: "Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream invocations.",
		`{"type":"MOCK","requestParameters":{"integration.request.header.x":"true"}}`:                         "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression specified: true]",
		`{"type":"MOCK","requestParameters":{"integration.request.header.x":"method.request.path.none"}}`:     "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression parameter specified: method.request.path.none]",
		`{"type":"MOCK","requestTemplates":{"123":"x"}}`:                                                      "Validation Result: warnings : [], errors : [Invalid content type specified: 123]",
	} {
		d.wrong("PUT "+at, body, "BadRequestException", want)
	}
	d.wrong("PUT "+at, `{"type":"HTTPS_PROXY"}`, "ValidationException", "1 validation error detected: Value 'HTTPS_PROXY' at 'putIntegrationInput.type' failed to satisfy constraint: Member must satisfy enum value set: [HTTP, MOCK, AWS_PROXY, HTTP_PROXY, AWS]")
	d.differs(d.must("PUT "+at, `{"type":"MOCK"}`), `{"type":"MOCK","cacheNamespace":"{root}","cacheKeyParameters":[],"passthroughBehavior":"WHEN_NO_MATCH","timeoutInMillis":29000}`)
	d.differs(d.must("PUT "+at, `{"type":"HTTP_PROXY","httpMethod":"POST","uri":"http://example.com/${stageVariables.x}/{proxy}"}`),
		`{"type":"HTTP_PROXY","httpMethod":"POST","uri":"http://example.com/${stageVariables.x}/{proxy}","connectionType":"INTERNET","cacheNamespace":"{root}","cacheKeyParameters":[],"passthroughBehavior":"WHEN_NO_MATCH","timeoutInMillis":29000}`)

	const answer = at + "/responses/200"
	d.wrong("PUT "+answer, `{}`, "NotFoundException", "Invalid Response status code specified")
	d.must("PUT "+theMethod+"/responses/200", `{"responseParameters":{"method.response.header.a":false}}`)
	d.wrong("PUT "+answer, `{"responseParameters":{"method.response.header.b":"'x'"}}`, "BadRequestException", "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression parameter specified: method.response.header.b]")
	d.differs(d.must("PUT "+answer, `{"selectionPattern":"","responseParameters":{"method.response.header.a":"'x'"},"responseTemplates":{"application/json":"{}"}}`),
		`{"statusCode":"200","selectionPattern":"","responseParameters":{"method.response.header.a":"'x'"},"responseTemplates":{"application/json":"{}"}}`)
	d.wrong("PUT "+answer, `{"selectionPattern":"(?=x)"}`, "BadRequestException", "The selection pattern \"(?=x)\" is not one that is offered: error parsing regexp: invalid or unsupported Perl syntax: `(?=`. It is a regular expression without lookaround and backreferences.")
	d.wrong("PUT "+answer, `{"selectionPattern":"a{900}b{900}c{900}"}`, "BadRequestException", "The selection pattern \"a{900}b{900}c{900}\" is too large.")
	d.wrong("PUT "+answer, `{"responseParameters":{"method.response.header.a":"integration.response.body.a["}}`, "BadRequestException", "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression specified: integration.response.body.a[]")
	d.wrong("PATCH "+answer, change("replace /selectionPattern a{900}b{900}c{900}"), "BadRequestException", "The selection pattern \"a{900}b{900}c{900}\" is too large.")
	d.wrong("PATCH "+answer, change("add /responseParameters/method.response.header.a x"), "BadRequestException", "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression specified: x]")
	d.wrong("PATCH "+at, change("add /requestParameters/integration.request.header.x true"), "BadRequestException", "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression specified: true]")
	d.must("PATCH "+answer, change("replace /selectionPattern 2\\d{2}", "replace /responseTemplates/application~1json []"))
	d.differs(d.must("GET "+answer, ""), `{"statusCode":"200","selectionPattern":"2\\d{2}","responseParameters":{"method.response.header.a":"'x'"},"responseTemplates":{"application/json":"[]"}}`)
	d.must("PATCH "+at, change("replace /timeoutInMillis 1000", "add /requestParameters/integration.request.header.x 'y'"))
	d.wrong("PATCH "+at, change("replace /timeoutInMillis 1"), "BadRequestException", `Invalid timeoutInMillis: "1" must be a number from 50 to 300000.`)
	d.must("DELETE "+answer, "")
	d.wrong("DELETE "+answer, "", "NotFoundException", "Invalid Response status code specified")
}

// What is deployed does not change with the API.
func TestADeploymentStaysAsItWas(t *testing.T) {
	d := openDoor(t)
	d.make()
	d.must("PATCH "+theMethod, change("replace /authorizationType AWS_IAM"))
	got := d.must("GET /restapis/{api}/deployments/{d}?embed=apisummary", "")
	d.differs(got, `{"id":"{d}","apiSummary":{"/":{"GET":{"authorizationType":"NONE","apiKeyRequired":false}}}}`)
	d.must("DELETE /restapis/{api}", "")
	d.wrong("GET /restapis/{api}/deployments/{d}", "", "NotFoundException", "Invalid Deployment identifier specified")
}

func TestTagsAreThoseOfWhatAnARNNames(t *testing.T) {
	d := openDoor(t)
	d.make()
	const stage = "/tags/arn%3Aaws%3Aapigateway%3Aeu-central-1%3A%3A%2Frestapis%2F{api}%2Fstages%2Fprod"
	d.must("PUT "+stage, `{"tags":{"a":"1","b":"2"}}`)
	d.must("DELETE "+stage+"?tagKeys=a", "")
	d.differs(d.must("GET "+stage, ""), `{"tags":{"b":"2"}}`)
	d.differs(d.must("GET "+theStage, ""), strings.Replace(plainStage, "{", `{"tags":{"b":"2"},`, 1))
	if !slices.Contains(d.ward.asked, strings.NewReplacer(d.names...).Replace("apigateway:PUT arn:aws:apigateway:eu-central-1::"+stage)) {
		t.Errorf("the guard was asked %q", d.ward.asked)
	}
	d.wrong("GET /tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Frestapis%2F{api}", "", "BadRequestException",
		strings.NewReplacer(d.names...).Replace(`Invalid ARN specified in the request: "arn:aws:apigateway:us-east-1::/restapis/{api}" is no ARN of this service in the region eu-central-1, such as arn:aws:apigateway:eu-central-1::/restapis/ID`))
}

// A role that may PATCH stages can do just that.
func TestTheGuardIsAskedForMethodsAndPaths(t *testing.T) {
	d := openDoor(t)
	d.make()
	const ask = "apigateway:PATCH arn:aws:apigateway:eu-central-1::/restapis/{api}/stages/prod"
	d.ward.refuses = strings.NewReplacer(d.names...).Replace(ask)
	d.wrong("PATCH "+theStage, change("replace /description x"), "AccessDeniedException", "no")
	d.must("GET "+theStage, "")

	d.ward.asked = nil
	d.must("PATCH /account", change("replace /cloudwatchRoleArn arn:aws:iam::210987654321:role/logs"))
	if want := []string{"apigateway:PATCH arn:aws:apigateway:eu-central-1::/account", "iam:PassRole arn:aws:iam::210987654321:role/logs"}; !slices.Equal(d.ward.asked, want) {
		t.Errorf("it was asked %q, want %q", d.ward.asked, want)
	}
	d.wrong("PATCH /account", change("replace /cloudwatchRoleArn arn:aws:iam::210987654321:role/shut"), "BadRequestException",
		"The role ARN does not have required permissions configured. Please grant trust permission for API Gateway and add the required role policy.")
	d.differs(d.must("GET /account", ""), `{"cloudwatchRoleArn":"arn:aws:iam::210987654321:role/logs","throttleSettings":{"burstLimit":5000,"rateLimit":10000},"features":["UsagePlans"],"apiKeyVersion":"4"}`)
}

var moments = regexp.MustCompile(`"[A-Z][a-z]{2} \d{1,2}, \d{4} \d{1,2}:\d\d:\d\d [AP]M"`)

// rooms-ahead T1 and T2: a rule that looks for new stages finds their names there.
func TestTrailsHaveCallsAsCloudTrailHasThem(t *testing.T) {
	d := openDoor(t)
	d.make()
	is := func(what string, got []byte, want string) {
		t.Helper()
		text := moments.ReplaceAllString(string(got), `"…"`)
		if want = strings.NewReplacer(d.names...).Replace(want); text != want {
			t.Errorf("%s:\n got %s\nwant %s", what, text, want)
		}
	}
	links := func(names ...string) string {
		var b strings.Builder
		for _, n := range names {
			b.WriteString(`,"` + n + `":{"restApiId":"{api}","stageName":"latest","template":false}`)
		}
		return b.String()
	}
	d.must("POST /restapis/{api}/stages", `{"stageName":"latest","deploymentId":"{d}","description":"","cacheClusterEnabled":false,"tracingEnabled":false}`)
	is("CreateStage", d.seen.RequestParameters(), `{"restApiId":"{api}","createStageInput":{"stageName":"latest","deploymentId":"{d}","description":"","cacheClusterEnabled":false,"tracingEnabled":false},"template":false}`)
	is("CreateStage's answer", d.seen.ResponseElements(), `{"deploymentId":"{d}","stageName":"latest","cacheClusterEnabled":false,"cacheClusterStatus":"NOT_AVAILABLE","methodSettings":{},"tracingEnabled":false,"createdDate":"…","lastUpdatedDate":"…"`+
		links("self", "stageUpdate", "stageDelete", "stageFlushAuthorizerCache")+`}`)

	d.must("PATCH /restapis/{api}/stages/latest", change("replace /description x"))
	is("UpdateStage", d.seen.RequestParameters(), `{"restApiId":"{api}","stageName":"latest","updateStageInput":{"patchOperations":[{"op":"replace","path":"/description","value":"x"}]},"template":false}`)

	made := d.must("POST /restapis/{api}/deployments", `{"stageName":"latest"}`)
	d.names = append(d.names, "{d2}", made["id"].(string))
	is("CreateDeployment", d.seen.RequestParameters(), `{"restApiId":"{api}","createDeploymentInput":{"stageName":"latest"},"template":false}`)
	is("CreateDeployment's answer", d.seen.ResponseElements(), `{"id":"{d2}","createdDate":"…","self":{"restApiId":"{api}","deploymentId":"{d2}","template":false},"deploymentUpdate":{"restApiId":"{api}","deploymentId":"{d2}","template":false},`+
		`"deploymentDelete":{"restApiId":"{api}","deploymentId":"{d2}","template":false},"deploymentStages":{"restApiId":"{api}","deploymentId":"{d2}","template":false,"templateSkipList":["position"]}}`)

	d.must("PUT "+theMethod+"/integration", `{"type":"MOCK"}`)
	is("PutIntegration", d.seen.RequestParameters(), `{"restApiId":"{api}","resourceId":"{root}","httpMethod":"GET","putIntegrationInput":{"type":"MOCK"},"template":false}`)
	d.must("GET /restapis/{api}/resources/{root}", "")
	is("GetResource", d.seen.RequestParameters(), `{"restApiId":"{api}","resourceId":"{root}","template":false}`)
	is("GetResource's answer", d.seen.ResponseElements(), `null`)
	d.must("PUT /tags/arn%3Aaws%3Aapigateway%3Aeu-central-1%3A%3A%2Frestapis%2F{api}%2Fstages%2Flatest", `{"tags":{"k":"v"}}`)
	is("TagResource", d.seen.RequestParameters(), `{"resourceArn":"arn:aws:apigateway:eu-central-1::/restapis/{api}/stages/latest","tagResourceInput":{"tags":{"k":"v"}},"template":false}`)
	is("TagResource's answer", d.seen.ResponseElements(), `null`)
}

// Whoever is taken at their word can be as many accounts as they like.
func TestAccountsThatAreMadeUpHaveABoundTogether(t *testing.T) {
	const ours = "210987654321"
	s, err := Open(t.Context(), Options{Store: mem.New(), Guard: access.Boundary{}, Roles: house{}, Configured: func(account string) bool { return account == ours }})
	if err != nil {
		t.Fatal(err)
	}
	large := map[string]string{"application/json": strings.Repeat("x", 299<<10)}
	fill := func(account string) (err error) {
		by := access.Root(account, "eu-central-1")
		a, err := s.Create(t.Context(), by, catalog.Draft{Settings: definition.Settings{Name: "x"}})
		for i := 0; err == nil && i < 40; i++ {
			err = resourceWith(t.Context(), s, by, a, large, i)
		}
		return err
	}
	if err := fill(ours); err == nil || !strings.Contains(err.Error(), "The API would have more than 6 MiB in all") {
		t.Errorf("a large API: %v", err)
	}
	for i := range 20 {
		err = fill("10000000000" + string(rune('0'+i%10)))
		if strings.Contains(err.Error(), "-keys") {
			break
		}
	}
	if !strings.Contains(err.Error(), "all accounts that are not in the settings would take more than 64 MiB together") {
		t.Errorf("many accounts: %v", err)
	}
	if _, err := s.Create(t.Context(), access.Root(ours, "eu-central-1"), catalog.Draft{Settings: definition.Settings{Name: "x"}}); err != nil {
		t.Errorf("ours: %v", err)
	}
}

// A path is longer than the resources that it goes through, each of which has a part of it.
func TestPathsOfDeploymentsAreCounted(t *testing.T) {
	s, err := Open(t.Context(), Options{Store: mem.New(), Guard: access.Boundary{}, Roles: house{}})
	if err != nil {
		t.Fatal(err)
	}
	by := access.Root("210987654321", "eu-central-1")
	a, err := s.Create(t.Context(), by, catalog.Draft{Settings: definition.Settings{Name: "x"}})
	parent := a.Root
	for i := 0; err == nil && i < 60; i++ {
		var r *definition.Resource
		if r, _, err = s.CreateResource(t.Context(), by, a.ID, parent, strings.Repeat("x", 1024)); err == nil {
			parent = r.ID
		}
	}
	deep := *a
	deep.Root = parent
	for i := 0; err == nil && i < 100; i++ {
		err = resourceWith(t.Context(), s, by, &deep, nil, i)
	}
	if err != nil {
		t.Fatal(err)
	}
	deployed := 0
	for ; err == nil && deployed < 20; deployed++ { // each has 6 MB of paths
		_, err = s.Deploy(t.Context(), by, a.ID, definition.Release{})
	}
	if err == nil || !strings.Contains(err.Error(), "more than 64 MiB in all") || deployed > 11 {
		t.Errorf("after %d deployments: %v", deployed, err)
	}
}

// resourceWith makes a resource whose method has large templates.
func resourceWith(ctx context.Context, s *Service, by access.Caller, a *definition.API, templates map[string]string, i int) error {
	r, _, err := s.CreateResource(ctx, by, a.ID, a.Root, "p"+string(rune('a'+i/26))+string(rune('a'+i%26)))
	if err != nil {
		return err
	}
	at := catalog.At{API: a.ID, Resource: r.ID, Verb: "GET"}
	if err := s.PutMethod(ctx, by, at, &definition.Method{Authorization: "NONE"}); err != nil {
		return err
	}
	return s.PutIntegration(ctx, by, at, &definition.Integration{Type: "MOCK", Templates: templates})
}
