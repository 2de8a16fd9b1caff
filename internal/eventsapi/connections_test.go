package eventsapi

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/destination"
	"github.com/dari-bus/dari/internal/store/mem"
	"github.com/dari-bus/dari/internal/wire"
)

// A door answers calls as a client sees them. Only connections and API
// destinations are behind it.
type door struct {
	t *testing.T
	h http.Handler
}

func openDoor(t *testing.T) *door {
	t.Helper()
	d, err := destination.Open(t.Context(), destination.Options{Store: mem.New(), Guard: access.Boundary{}})
	if err != nil {
		t.Fatal(err)
	}
	s := API(nil, d)
	h, err := wire.NewHandler(wire.Options{Services: []*wire.Service{s}, Account: "123456789012", Region: "eu-central-1"})
	if err != nil {
		t.Fatal(err)
	}
	return &door{t, h}
}

// call makes a call and returns the status and the body, with identifiers and
// times replaced by words.
func (d *door) call(operation, input string) (int, string) {
	d.t.Helper()
	req := httptest.NewRequest("POST", "http://localhost:4566/", strings.NewReader(input))
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	req.Header.Set("X-Amz-Target", "AWSEvents."+operation)
	w := httptest.NewRecorder()
	d.h.ServeHTTP(w, req)
	body, _ := io.ReadAll(w.Result().Body)
	return w.Code, anonymous(string(body))
}

var (
	uuids   = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	suffix  = regexp.MustCompile(`UUID-[A-Z2-7]{6}`)
	seconds = regexp.MustCompile(`:\d{10}([,}])`)
)

func anonymous(s string) string {
	s = uuids.ReplaceAllString(s, "UUID")
	s = suffix.ReplaceAllString(s, "UUID-SUFFIX")
	return seconds.ReplaceAllString(s, ":TIME$1")
}

// want makes a call that succeeds with exactly that JSON, whatever its order.
func (d *door) want(operation, input, output string) {
	d.t.Helper()
	status, body := d.call(operation, input)
	if diff := cmp.Diff(decode(d.t, output), decode(d.t, body)); diff != "" || status != 200 {
		d.t.Errorf("%s %s: %d %s\n%s", operation, input, status, body, diff)
	}
}

// fails makes a call that fails with that exception and message.
func (d *door) fails(operation, input, exception, message string) {
	d.t.Helper()
	status, body := d.call(operation, input)
	var e struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	if err := json.Unmarshal([]byte(body), &e); err != nil || status != 400 || e.Type != exception || e.Message != message {
		d.t.Errorf("%s %s: %d %s; want %s %s", operation, input, status, body, exception, message)
	}
}

func decode(t *testing.T, s string) any {
	t.Helper()
	s = strings.ReplaceAll(s, ":TIME", `:"TIME"`)
	var v any
	if err := json.Unmarshal([]byte(s), &v); err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return v
}

const (
	connectionARNText  = `arn:aws:events:eu-central-1:123456789012:connection/c/UUID`
	destinationARNText = `arn:aws:events:eu-central-1:123456789012:api-destination/d/UUID`
	secretARNText      = `arn:aws:secretsmanager:eu-central-1:123456789012:secret:events!connection/c/UUID-SUFFIX`
)

// The answers are those that were recorded on AWS, member for member.
func TestConnectionLifeOnTheWire(t *testing.T) {
	d := openDoor(t)
	d.want("ListConnections", `{}`, `{"Connections":[]}`)
	d.want("CreateConnection", `{"Name":"c","AuthorizationType":"API_KEY","AuthParameters":{
			"ApiKeyAuthParameters":{"ApiKeyName":"ApiKey","ApiKeyValue":"value"},"InvocationHttpParameters":{}}}`,
		`{"ConnectionArn":"`+connectionARNText+`","ConnectionState":"AUTHORIZED","CreationTime":TIME,"LastModifiedTime":TIME}`)
	d.want("DescribeConnection", `{"Name":"c"}`, `{
		"ConnectionArn":"`+connectionARNText+`","Name":"c","ConnectionState":"AUTHORIZED","AuthorizationType":"API_KEY","SecretArn":"`+secretARNText+`",
		"AuthParameters":{"ApiKeyAuthParameters":{"ApiKeyName":"ApiKey"},"InvocationHttpParameters":{}},
		"CreationTime":TIME,"LastModifiedTime":TIME,"LastAuthorizedTime":TIME}`)
	d.want("ListConnections", `{"NamePrefix":"c","Limit":100}`, `{"Connections":[{
		"ConnectionArn":"`+connectionARNText+`","Name":"c","ConnectionState":"AUTHORIZED","AuthorizationType":"API_KEY",
		"CreationTime":TIME,"LastModifiedTime":TIME,"LastAuthorizedTime":TIME}]}`)
	changed := `{"ConnectionArn":"` + connectionARNText + `","ConnectionState":"%","CreationTime":TIME,"LastModifiedTime":TIME,"LastAuthorizedTime":TIME}`
	d.want("UpdateConnection", `{"Name":"c","Description":"x","AuthorizationType":"OAUTH_CLIENT_CREDENTIALS","KmsKeyIdentifier":"alias/k","AuthParameters":{
			"OAuthParameters":{"ClientParameters":{"ClientID":"id","ClientSecret":"value"},"AuthorizationEndpoint":"https://example.com/oauth","HttpMethod":"POST",
			"OAuthHttpParameters":{"BodyParameters":[{"Key":"scope","Value":"all"}]}},
			"InvocationHttpParameters":{"HeaderParameters":[{"Key":"X-A","Value":"value","IsValueSecret":true}],"QueryStringParameters":[{"Key":"q","Value":"1","IsValueSecret":false}]}}}`,
		strings.ReplaceAll(changed, "%", "AUTHORIZING"))
	d.want("DescribeConnection", `{"Name":"c"}`, `{
		"ConnectionArn":"`+connectionARNText+`","Name":"c","Description":"x","KmsKeyIdentifier":"alias/k",
		"ConnectionState":"AUTHORIZING","AuthorizationType":"OAUTH_CLIENT_CREDENTIALS","SecretArn":"`+secretARNText+`",
		"AuthParameters":{"OAuthParameters":{"ClientParameters":{"ClientID":"id"},"AuthorizationEndpoint":"https://example.com/oauth","HttpMethod":"POST",
			"OAuthHttpParameters":{"BodyParameters":[{"Key":"scope","Value":"all","IsValueSecret":false}]}},
			"InvocationHttpParameters":{"HeaderParameters":[{"Key":"X-A","IsValueSecret":true}],"QueryStringParameters":[{"Key":"q","Value":"1","IsValueSecret":false}]}},
		"CreationTime":TIME,"LastModifiedTime":TIME,"LastAuthorizedTime":TIME}`)
	// as-aws 20: how a token is asked for is taken as it is.
	d.want("UpdateConnection", `{"Name":"c","AuthParameters":{"OAuthParameters":{"AuthorizationEndpoint":"replace_this","HttpMethod":"put"}}}`,
		strings.ReplaceAll(changed, "%", "AUTHORIZING"))
	d.want("DeauthorizeConnection", `{"Name":"c"}`, strings.ReplaceAll(changed, "%", "DEAUTHORIZING"))
	d.want("DescribeConnection", `{"Name":"c"}`, `{
		"ConnectionArn":"`+connectionARNText+`","Name":"c","Description":"x","KmsKeyIdentifier":"alias/k",
		"ConnectionState":"DEAUTHORIZED","AuthorizationType":"OAUTH_CLIENT_CREDENTIALS","SecretArn":"`+secretARNText+`",
		"CreationTime":TIME,"LastModifiedTime":TIME,"LastAuthorizedTime":TIME}`)
	d.want("DeleteConnection", `{"Name":"c"}`, strings.ReplaceAll(changed, "%", "DELETING"))
	d.fails("DescribeConnection", `{"Name":"c"}`, "ResourceNotFoundException", "Failed to describe the connection(s). Connection 'c' does not exist.")
}

func TestAPIDestinationLifeOnTheWire(t *testing.T) {
	d := openDoor(t)
	arn := d.connect()
	changed := `{"ApiDestinationArn":"` + destinationARNText + `","ApiDestinationState":"ACTIVE","CreationTime":TIME,"LastModifiedTime":TIME}`
	d.want("CreateApiDestination", `{"Name":"d","ConnectionArn":"`+arn+`","HttpMethod":"POST","InvocationEndpoint":"https://example.com/api","Description":"Test API destination"}`, changed)
	row := `"ApiDestinationArn":"` + destinationARNText + `","ApiDestinationState":"ACTIVE","ConnectionArn":"` + connectionARNText + `","CreationTime":TIME,
		"HttpMethod":"POST","InvocationEndpoint":"https://example.com/api","InvocationRateLimitPerSecond":300,"LastModifiedTime":TIME,"Name":"d"`
	d.want("DescribeApiDestination", `{"Name":"d"}`, `{`+row+`,"Description":"Test API destination"}`)
	d.want("ListApiDestinations", `{"NamePrefix":"d"}`, `{"ApiDestinations":[{`+row+`}]}`)
	d.want("ListApiDestinations", `{"NamePrefix":"x"}`, `{"ApiDestinations":[]}`)
	d.fails("CreateApiDestination", `{"Name":"d","ConnectionArn":"`+arn+`","HttpMethod":"POST","InvocationEndpoint":"https://example.com/api"}`,
		"ResourceAlreadyExistsException", "An api-destination 'd' already exists.")
	d.want("UpdateApiDestination", `{"Name":"d","HttpMethod":"PUT","InvocationEndpoint":"https://example.com/api/v2/*","InvocationRateLimitPerSecond":1,"Description":"Updated"}`, changed)
	d.want("DescribeApiDestination", `{"Name":"d"}`, `{"ApiDestinationArn":"`+destinationARNText+`","ApiDestinationState":"ACTIVE","ConnectionArn":"`+connectionARNText+`",
		"CreationTime":TIME,"HttpMethod":"PUT","InvocationEndpoint":"https://example.com/api/v2/*","InvocationRateLimitPerSecond":1,"LastModifiedTime":TIME,"Name":"d","Description":"Updated"}`)
	d.want("DeleteApiDestination", `{"Name":"d"}`, `{}`)
	d.fails("DescribeApiDestination", `{"Name":"d"}`, "ResourceNotFoundException", "Failed to describe the api-destination(s). An api-destination 'd' does not exist.")
	d.fails("DeleteApiDestination", `{"Name":"d"}`, "ResourceNotFoundException", "Failed to describe the api-destination(s). An api-destination 'd' does not exist.")
}

// connect makes the connection c and returns its ARN.
func (d *door) connect() string {
	d.t.Helper()
	req := httptest.NewRequest("POST", "/", strings.NewReader(`{"Name":"c","AuthorizationType":"BASIC","AuthParameters":{"BasicAuthParameters":{"Username":"u","Password":"p"}}}`))
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	req.Header.Set("X-Amz-Target", "AWSEvents.CreateConnection")
	w := httptest.NewRecorder()
	d.h.ServeHTTP(w, req)
	var out CreateConnectionOutput
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || w.Code != 200 {
		d.t.Fatalf("%d %s", w.Code, w.Body)
	}
	return out.ConnectionArn
}

func TestConnectionFaultsOnTheWire(t *testing.T) {
	d := openDoor(t)
	for _, c := range []struct{ operation, input, message string }{
		{"CreateConnection", `{"Name":"Invalid Name With Spaces!","AuthorizationType":"BASIC","AuthParameters":{}}`,
			`1 validation error detected: Value 'Invalid Name With Spaces!' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [\.\-_A-Za-z0-9]+`},
		{"CreateConnection", `{"Name":"c","AuthorizationType":"INVALID_AUTH_TYPE","AuthParameters":{}}`,
			`1 validation error detected: Value 'INVALID_AUTH_TYPE' at 'authorizationType' failed to satisfy constraint: Member must satisfy enum value set: [BASIC, OAUTH_CLIENT_CREDENTIALS, API_KEY]`},
		{"CreateConnection", `{"Name":"c","AuthorizationType":"BASIC","AuthParameters":{}}`,
			`Parameter AuthParameters is not valid. Reason: the authorization type BASIC needs all of BasicAuthParameters.`},
		{"CreateConnection", `{"Name":"c","AuthorizationType":"BASIC","AuthParameters":{"ConnectivityParameters":{"ResourceParameters":{"ResourceConfigurationArn":""}}}}`,
			`Parameter ConnectivityParameters is not valid. Reason: dari does not offer private connectivity through VPC Lattice. It calls endpoints from its own network; leave the parameter out.`},
		{"UpdateConnection", `{"Name":"c","InvocationConnectivityParameters":{"ResourceParameters":{"ResourceConfigurationArn":""}}}`,
			`Parameter InvocationConnectivityParameters is not valid. Reason: dari does not offer private connectivity through VPC Lattice. It calls endpoints from its own network; leave the parameter out.`},
		{"CreateApiDestination", `{"Name":"d","ConnectionArn":"invalid-connection-arn","InvocationEndpoint":"https://example.com","HttpMethod":"INVALID_METHOD"}`,
			`2 validation errors detected: Value 'invalid-connection-arn' at 'connectionArn' failed to satisfy constraint: Member must satisfy regular expression pattern: ` +
				`^arn:aws([a-z]|\-)*:events:([a-z]|\d|\-)*:([0-9]{12})?:connection\/[\.\-_A-Za-z0-9]+\/[\-A-Za-z0-9]+$; ` +
				`Value 'INVALID_METHOD' at 'httpMethod' failed to satisfy constraint: Member must satisfy enum value set: [HEAD, POST, PATCH, DELETE, PUT, GET, OPTIONS]`},
		{"UpdateApiDestination", `{"Name":"d","InvocationRateLimitPerSecond":0}`,
			`1 validation error detected: Value '0' at 'invocationRateLimitPerSecond' failed to satisfy constraint: Member must have value greater than or equal to 1`},
	} {
		d.fails(c.operation, c.input, "ValidationException", c.message)
	}
	d.fails("CreateApiDestination", `{"Name":"d","ConnectionArn":"arn:aws:events:eu-central-1:123456789012:connection/gone/0","InvocationEndpoint":"https://example.com","HttpMethod":"GET"}`,
		"ResourceNotFoundException", "Failed to describe the connection(s). Connection 'gone' does not exist.")
}

func TestSecretsAreNotRepeatedInFaults(t *testing.T) {
	d := openDoor(t)
	many := strings.TrimSuffix(strings.Repeat(`{"Key":"k","Value":"s3cret"},`, 101), ",")
	for path, auth := range map[string]string{
		"basicAuthParameters.password":                        `"BasicAuthParameters":{"Username":"u","Password":"` + strings.Repeat("s3cret", 100) + `"}`,
		"apiKeyAuthParameters.apiKeyValue":                    `"ApiKeyAuthParameters":{"ApiKeyName":"u","ApiKeyValue":"s3cret:"}`,
		"invocationHttpParameters.headerParameters":           `"InvocationHttpParameters":{"HeaderParameters":[` + many + `]}`,
		"invocationHttpParameters.queryStringParameters":      `"InvocationHttpParameters":{"QueryStringParameters":[` + many + `]}`,
		"invocationHttpParameters.bodyParameters":             `"InvocationHttpParameters":{"BodyParameters":[` + many + `]}`,
		"invocationHttpParameters.headerParameters.1.member.": `"InvocationHttpParameters":{"HeaderParameters":[{"Key":"k","Value":"s3cret\u0000"}]}`,
	} {
		_, body := d.call("CreateConnection", `{"Name":"c","AuthorizationType":"BASIC","AuthParameters":{`+auth+`}}`)
		if strings.Contains(body, "s3cret") || !strings.Contains(body, "authParameters."+path) {
			t.Errorf("%s: answer %.500s", path, body)
		}
	}
}
