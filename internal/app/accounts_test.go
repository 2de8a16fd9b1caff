package app

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/signature"
	"github.com/dari-bus/dari/internal/target"
	"github.com/dari-bus/dari/internal/watch"
	"github.com/dari-bus/dari/internal/wire"
)

// The three accounts: an owner, a stranger whom nothing lets in, and a guest
// whom the owner's policies let do two things: put events on the bus shop, and
// send messages to the queue vault.
const (
	owner    = "111111111111"
	stranger = "222222222222"
	guest    = "333333333333"
	at       = "us-east-1"
)

// What the owner has of functions, and a zip that may be one.
const (
	secretFunction = "arn:aws:lambda:us-east-1:111111111111:function:secrets"
	secretLayer    = "arn:aws:lambda:us-east-1:111111111111:layer:secrets"
	someZip        = "UEsDBBQAAAAAAAAAIVybMhReFgAAABYAAAAEAAAAYS5weWRlZiBoKGUsIGMpOiByZXR1cm4gMQpQSwECFAMUAAAAAAAAACFcmzIUXhYAAAAWAAAABAAAAAAAAAAAAAAAgAEAAAAAYS5weVBLBQYAAAAAAQABADIAAAA4AAAAAAA="
)

// classified stands in everything that the owner keeps: descriptions, patterns,
// tags, messages, secrets. No answer to anybody else may hold it.
const classified = "classified"

// accounts is a server with keys of the three accounts, and what the owner has.
type accounts struct {
	t   *testing.T
	app *App
	// names are what the owner has, to be put into requests in the place of {name}.
	names *strings.Replacer
	// keyed says that the server has keys; else an access key is the account.
	keyed bool
	// called counts the calls of the owner's webhook.
	called atomic.Int64
	hook   *httptest.Server
}

func openAccounts(t *testing.T, keyed bool) *accounts {
	t.Helper()
	file := filepath.Join(t.TempDir(), "keys")
	var lines []string
	for _, account := range []string{owner, stranger, guest} {
		lines = append(lines, "AKID"+account+" secret-of-"+account+" "+account)
	}
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	h := &accounts{t: t, keyed: keyed}
	h.app = openForTest(t, func(o *Options) {
		if keyed {
			o.KeyFile = file
		}
	})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- h.app.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	h.hook = httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { h.called.Add(1) }))
	t.Cleanup(h.hook.Close)
	h.furnish()
	return h
}

// furnish makes what the owner has.
func (h *accounts) furnish() {
	h.names = strings.NewReplacer()
	h.must(owner, "events.CreateEventBus", `{"Name":"shop","Description":"classified","Tags":[{"Key":"k","Value":"classified"}]}`)
	h.must(owner, "sqs.CreateQueue", `{"QueueName":"morgue","tags":{"k":"classified"}}`)
	h.must(owner, "sqs.CreateQueue", `{"QueueName":"vault","tags":{"k":"classified"},"Attributes":{"RedrivePolicy":"{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:111111111111:morgue\",\"maxReceiveCount\":100}"}}`)
	connection := h.must(owner, "events.CreateConnection", `{"Name":"slack","Description":"classified","AuthorizationType":"API_KEY","AuthParameters":{"ApiKeyAuthParameters":{"ApiKeyName":"k","ApiKeyValue":"classified"}}}`)
	destination := h.must(owner, "events.CreateApiDestination", `{"Name":"hook","Description":"classified","ConnectionArn":"`+connection["ConnectionArn"].(string)+`","InvocationEndpoint":"`+h.hook.URL+`/classified","HttpMethod":"POST"}`)
	api := h.must(owner, "apigateway.CreateRestApi", "POST /restapis\n"+`{"name":"secrets","description":"classified","tags":{"k":"classified"}}`)
	apiID, apiRoot := api["id"].(string), api["rootResourceId"].(string)
	h.names = strings.NewReplacer("{api}", apiID, "{apiRoot}", apiRoot)
	for _, c := range [][2]string{
		{"PutMethod", "PUT /restapis/{api}/resources/{apiRoot}/methods/GET\n" + `{"authorizationType":"NONE","operationName":"classified"}`},
		{"PutMethodResponse", "PUT /restapis/{api}/resources/{apiRoot}/methods/GET/responses/200\n" + `{"responseParameters":{"method.response.header.classified":true}}`},
		{"PutIntegration", "PUT /restapis/{api}/resources/{apiRoot}/methods/GET/integration\n" + `{"type":"MOCK","requestTemplates":{"application/json":"classified"}}`},
		{"PutGatewayResponse", "PUT /restapis/{api}/gatewayresponses/UNAUTHORIZED\n" + `{"responseTemplates":{"application/json":"classified"}}`},
		{"PutIntegrationResponse", "PUT /restapis/{api}/resources/{apiRoot}/methods/GET/integration/responses/200\n" + `{"selectionPattern":"classified"}`},
	} {
		h.must(owner, "apigateway."+c[0], c[1])
	}
	authorizer := h.must(owner, "apigateway.CreateAuthorizer", "POST /restapis/{api}/authorizers\n"+`{"name":"classified","type":"TOKEN","identitySource":"method.request.header.A","authorizerUri":"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/`+secretFunction+`/invocations"}`)
	validator := h.must(owner, "apigateway.CreateRequestValidator", "POST /restapis/{api}/requestvalidators\n"+`{"name":"classified"}`)
	deployment := h.must(owner, "apigateway.CreateDeployment", "POST /restapis/{api}/deployments\n"+`{"stageName":"live","description":"classified","variables":{"v":"classified"}}`)
	h.names = strings.NewReplacer(
		"{api}", apiID, "{apiRoot}", apiRoot, "{apiDeployment}", deployment["id"].(string),
		"{apiAuthorizer}", authorizer["id"].(string), "{apiValidator}", validator["id"].(string),
		"{bus}", "arn:aws:events:us-east-1:111111111111:event-bus/shop",
		"{default}", "arn:aws:events:us-east-1:111111111111:event-bus/default",
		"{rule}", "arn:aws:events:us-east-1:111111111111:rule/shop/orders",
		"{connection}", connection["ConnectionArn"].(string),
		"{destination}", destination["ApiDestinationArn"].(string),
		"{vault}", h.app.URL()+"/111111111111/vault",
		"{vaultARN}", "arn:aws:sqs:us-east-1:111111111111:vault",
		"{morgue}", h.app.URL()+"/111111111111/morgue",
		"{morgueARN}", "arn:aws:sqs:us-east-1:111111111111:morgue",
		"{group}", "arn:aws:logs:us-east-1:111111111111:log-group:/shop/app",
		"{noGroup}", "arn:aws:logs:us-east-1:111111111111:log-group:/shop/none",
		"{absent}", h.app.URL()+"/111111111111/absent",
		"{hook}", h.hook.URL,
		"{project}", "arn:aws:codebuild:us-east-1:111111111111:project/secret-shop",
		"{build}", "arn:aws:codebuild:us-east-1:111111111111:build/secret-shop:0b9d8c2e-66a4-4f0c-8f62-3a3f1a7b5c44",
		"{trail}", "arn:aws:cloudtrail:us-east-1:111111111111:trail/watch",
		"{role}", "arn:aws:iam::111111111111:role/admin",
		"{function}", secretFunction, "{layer}", secretLayer, "{zip}", someZip,
		"{policy}", "arn:aws:iam::111111111111:policy/secrets",
	)
	h.must(owner, "events.PutRule", `{"Name":"orders","EventBusName":"shop","EventPattern":"{\"source\":[\"classified\"]}","Description":"classified","Tags":[{"Key":"k","Value":"classified"}]}`)
	h.must(owner, "events.PutTargets", `{"Rule":"orders","EventBusName":"shop","Targets":[{"Id":"1","Arn":"arn:aws:sqs:us-east-1:111111111111:elsewhere","Input":"\"classified\""}]}`)
	for _, queue := range []string{"vault", "morgue"} {
		h.must(owner, "sqs.SendMessage", `{"QueueUrl":"{`+queue+`}","MessageBody":"classified"}`)
	}
	h.must(owner, "logs.CreateLogGroup", `{"logGroupName":"/shop/app","tags":{"k":"classified"}}`)
	h.must(owner, "logs.CreateLogStream", `{"logGroupName":"/shop/app","logStreamName":"classified"}`)
	h.must(owner, "logs.PutLogEvents", fmt.Sprintf(`{"logGroupName":"/shop/app","logStreamName":"classified","logEvents":[{"timestamp":%d,"message":"classified"}]}`, time.Now().UnixMilli()))
	h.must(owner, "logs.PutResourcePolicy", `{"policyName":"classified","policyDocument":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"delivery.logs.amazonaws.com\"},\"Action\":\"logs:PutLogEvents\",\"Resource\":\"*\"}]}"}`)
	h.must(owner, "logs.PutMetricFilter", `{"logGroupName":"/shop/app","filterName":"classified","filterPattern":"classified","metricTransformations":[{"metricName":"classified","metricNamespace":"classified","metricValue":"1"}]}`)
	h.must(owner, "logs.PutSubscriptionFilter", `{"logGroupName":"/shop/app","filterName":"classified","filterPattern":"nothing","destinationArn":"{vaultARN}"}`)
	h.must(owner, "codebuild.CreateProject", `{"name":"secret-shop","description":"classified","source":{"type":"NO_SOURCE","buildspec":"version: 0.2\n# classified"},"artifacts":{"type":"NO_ARTIFACTS"},`+
		`"environment":{"type":"LINUX_CONTAINER","image":"classified","computeType":"BUILD_GENERAL1_SMALL"},"serviceRole":"arn:aws:iam::111111111111:role/admin"}`)
	h.must(owner, "cloudtrail.CreateTrail", `{"Name":"watch","S3BucketName":"classified","TagsList":[{"Key":"k","Value":"classified"}]}`)
	h.must(owner, "lambda.CreateFunction", "POST /2015-03-31/functions\n"+`{"FunctionName":"secrets","Runtime":"python3.12","Handler":"a.h","Role":"arn:aws:iam::111111111111:role/none","Description":"classified","Tags":{"k":"classified"},"Environment":{"Variables":{"SECRET":"classified"}},"Publish":true,"Code":{"ZipFile":"{zip}"}}`)
	h.must(owner, "lambda.CreateAlias", "POST /2015-03-31/functions/secrets/aliases\n"+`{"Name":"live","FunctionVersion":"1","Description":"classified"}`)
	h.must(owner, "lambda.AddPermission", "POST /2015-03-31/functions/secrets/policy\n"+`{"StatementId":"s","Action":"lambda:InvokeFunction","Principal":"events.amazonaws.com","SourceArn":"arn:aws:events:us-east-1:111111111111:rule/classified"}`)
	h.must(owner, "lambda.PutFunctionEventInvokeConfig", "PUT /2019-09-25/functions/secrets/event-invoke-config\n"+`{"DestinationConfig":{"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:111111111111:classified"}}}`)
	h.must(owner, "lambda.CreateFunctionUrlConfig", "POST /2021-10-31/functions/secrets/url\n"+`{"AuthType":"AWS_IAM","Cors":{"AllowOrigins":["https://classified"]}}`)
	h.must(owner, "lambda.PublishLayerVersion", "POST /2018-10-31/layers/secrets/versions\n"+`{"Description":"classified","Content":{"ZipFile":"{zip}"}}`)
	h.must(owner, "iam.CreateRole", `Action=CreateRole&Version=2010-05-08&RoleName=admin&Description=classified&AssumeRolePolicyDocument=%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22sts%3AAssumeRole%22%2C%22Principal%22%3A%7B%22AWS%22%3A%22111111111111%22%7D%7D%7D`)
	h.must(owner, "iam.CreatePolicy", `Action=CreatePolicy&Version=2010-05-08&PolicyName=secrets&Description=classified&PolicyDocument=%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22sqs%3A%2A%22%2C%22Resource%22%3A%22%2A%22%7D%7D`)
	h.must(owner, "events.PutPermission", `{"EventBusName":"shop","Action":"events:PutEvents","Principal":"`+guest+`","StatementId":"guest"}`)
	h.must(owner, "sqs.AddPermission", `{"QueueUrl":"{vault}","Label":"guest","AWSAccountIds":["`+guest+`"],"Actions":["SendMessage"]}`)
}

// call makes a call with the key of an account.
func (h *accounts) call(account, operation, body string) (int, string) {
	h.t.Helper()
	service, name, _ := strings.Cut(operation, ".")
	body = h.names.Replace(body)
	method, path, members, header := asSent(named(h.app.services(), service), name, body)
	return h.send(account, service, method, path, members, header)
}

// asSent returns the request of an attempt in the dialect that a service prefers.
func asSent(s *wire.Service, operation, body string) (method, path, members string, header http.Header) {
	target := s.Target + "." + operation
	switch s.Protocols[0] {
	case wire.JSON10:
		return http.MethodPost, "/", body, http.Header{"Content-Type": {"application/x-amz-json-1.0"}, "X-Amz-Target": {target}}
	case wire.JSON11:
		return http.MethodPost, "/", body, http.Header{"Content-Type": {"application/x-amz-json-1.1"}, "X-Amz-Target": {target}}
	case wire.RestJSON:
		line, members, _ := strings.Cut(body, "\n")
		method, path, _ := strings.Cut(line, " ")
		return method, path, members, http.Header{"Content-Type": {"application/json"}}
	}
	return http.MethodPost, "/", body, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"application/json"}}
}

func (h *accounts) send(account, service, method, path, body string, header http.Header) (int, string) {
	h.t.Helper()
	resp := h.open(account, service, method, path, body, header)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// open makes a call and returns its answer, which may not end by itself.
func (h *accounts) open(account, service, method, path, body string, header http.Header) *http.Response {
	h.t.Helper()
	req, err := http.NewRequestWithContext(h.t.Context(), method, h.app.URL()+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	req.Header = header
	key := account
	if h.keyed {
		key = "AKID" + account
	}
	err = signature.Sign(req, []byte(body), signature.Credentials{AccessKey: key, Secret: "secret-of-" + account, Region: at, Service: service}, time.Now())
	if err != nil {
		h.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	return resp
}

// must makes a call that succeeds.
func (h *accounts) must(account, operation, body string) map[string]any {
	h.t.Helper()
	status, answer := h.call(account, operation, body)
	if status/100 != 2 {
		h.t.Fatalf("%s by %s: %d %s", operation, account, status, answer)
	}
	var out map[string]any
	if answer != "" {
		if err := json.Unmarshal([]byte(answer), &out); err != nil {
			h.t.Fatal(err)
		}
	}
	return out
}

// belongings is all that the owner has, as the owner sees it.
func (h *accounts) belongings() []string {
	h.t.Helper()
	var all []string
	for _, c := range [][2]string{
		{"events.ListEventBuses", `{}`},
		{"events.DescribeEventBus", `{"Name":"shop"}`},
		{"events.DescribeEventBus", `{}`},
		{"events.ListRules", `{}`},
		{"events.DescribeRule", `{"Name":"orders","EventBusName":"shop"}`},
		{"events.ListTargetsByRule", `{"Rule":"orders","EventBusName":"shop"}`},
		{"events.ListTagsForResource", `{"ResourceARN":"{rule}"}`},
		{"events.ListTagsForResource", `{"ResourceARN":"{bus}"}`},
		{"events.DescribeConnection", `{"Name":"slack"}`},
		{"events.DescribeApiDestination", `{"Name":"hook"}`},
		{"sqs.ListQueues", `{}`},
		{"sqs.GetQueueAttributes", `{"QueueUrl":"{vault}","AttributeNames":["All"]}`},
		{"sqs.GetQueueAttributes", `{"QueueUrl":"{morgue}","AttributeNames":["All"]}`},
		{"sqs.ListQueueTags", `{"QueueUrl":"{vault}"}`},
		{"sqs.ListMessageMoveTasks", `{"SourceArn":"{morgueARN}"}`},
		{"logs.DescribeLogGroups", `{}`},
		{"logs.DescribeLogStreams", `{"logGroupName":"/shop/app"}`},
		{"logs.DescribeMetricFilters", `{}`},
		{"logs.DescribeResourcePolicies", `{}`},
		{"logs.DescribeSubscriptionFilters", `{"logGroupName":"/shop/app"}`},
		{"logs.FilterLogEvents", `{"logGroupName":"/shop/app"}`},
		{"logs.ListTagsForResource", `{"resourceArn":"{group}"}`},
		{"codebuild.BatchGetProjects", `{"names":["secret-shop"]}`},
		{"codebuild.ListProjects", `{}`},
		{"cloudtrail.DescribeTrails", `{}`},
		{"cloudtrail.GetTrailStatus", `{"Name":"watch"}`},
		{"cloudtrail.GetEventSelectors", `{"TrailName":"watch"}`},
		{"cloudtrail.ListTags", `{"ResourceIdList":["{trail}"]}`},
		{"lambda.ListFunctions", "GET /2015-03-31/functions?FunctionVersion=ALL"},
		{"lambda.GetFunction", "GET /2015-03-31/functions/secrets"},
		{"lambda.GetPolicy", "GET /2015-03-31/functions/secrets/policy"},
		{"lambda.ListAliases", "GET /2015-03-31/functions/secrets/aliases"},
		{"lambda.GetFunctionUrlConfig", "GET /2021-10-31/functions/secrets/url"},
		{"lambda.ListFunctionEventInvokeConfigs", "GET /2019-09-25/functions/secrets/event-invoke-config/list"},
		{"lambda.ListLayers", "GET /2018-10-31/layers"},
		{"apigateway.GetAccount", "GET /account"},
		{"apigateway.GetAuthorizers", "GET /restapis/{api}/authorizers"},
		{"apigateway.GetDeployments", "GET /restapis/{api}/deployments"},
		{"apigateway.GetGatewayResponses", "GET /restapis/{api}/gatewayresponses"},
		{"apigateway.GetModels", "GET /restapis/{api}/models"},
		{"apigateway.GetRequestValidators", "GET /restapis/{api}/requestvalidators"},
		{"apigateway.GetResources", "GET /restapis/{api}/resources?embed=methods"},
		{"apigateway.GetRestApi", "GET /restapis/{api}"},
		{"apigateway.GetStages", "GET /restapis/{api}/stages"},
		{"iam.GetRole", `Action=GetRole&Version=2010-05-08&RoleName=admin`},
		{"iam.GetPolicy", `Action=GetPolicy&Version=2010-05-08&PolicyArn={policy}`},
		{"iam.ListPolicyVersions", `Action=ListPolicyVersions&Version=2010-05-08&PolicyArn={policy}`},
	} {
		out, err := json.Marshal(h.must(owner, c[0], c[1]))
		if err != nil {
			h.t.Fatal(err)
		}
		if strings.HasPrefix(c[0], "iam.") { // whose answers have the id of the request
			out = masked.ReplaceAll(out, []byte("*"))
		}
		all = append(all, c[0]+c[1]+" → "+string(out))
	}
	return all
}

// An attempt is a call by which somebody might reach what another account has.
type attempt struct {
	// body is what is sent: the members, or in restJson1 the method and the path
	// with its query, such as "GET /tags/x", and on the next line the members.
	body string
	// own says that the call is about the caller's own account, whatever it
	// names, and so may well succeed.
	own bool
	// entries says that the answer is 200 and says for each entry that it failed.
	entries bool
	// guest says that the owner's policies let the guest do it.
	guest bool
}

// reaches says, for every operation, how it might reach another account's
// resources. The first test below fails for an operation without a line, and for
// a member of an input that could name a resource and that no line uses.
var reaches = map[string][]attempt{
	"events.CreateApiDestination": {
		{body: `{"Name":"x","ConnectionArn":"{connection}","InvocationEndpoint":"{hook}","HttpMethod":"POST"}`},
	},
	"events.CreateConnection": {{own: true, body: `{"Name":"slack","AuthorizationType":"BASIC","AuthParameters":{"BasicAuthParameters":{"Username":"u","Password":"p"}}}`},
		{body: `{"Name":"y","KmsKeyIdentifier":"k","AuthorizationType":"BASIC","InvocationConnectivityParameters":{"ResourceParameters":{"ResourceConfigurationArn":"arn:aws:vpc-lattice:us-east-1:111111111111:resourceconfiguration/rcfg-0123456789abcdef0"}},"AuthParameters":{"ConnectivityParameters":{"ResourceParameters":{"ResourceConfigurationArn":"arn:aws:vpc-lattice:us-east-1:111111111111:resourceconfiguration/rcfg-0123456789abcdef0"}},"BasicAuthParameters":{"Username":"u","Password":"p"}}}`}},
	"events.CreateEventBus":         {{own: true, body: `{"Name":"shop"}`}, {own: true, body: `{"Name":"shop2","DeadLetterConfig":{"Arn":"{morgueARN}"}}`}},
	"events.DeauthorizeConnection":  {{own: true, body: `{"Name":"slack"}`}},
	"events.DeleteApiDestination":   {{own: true, body: `{"Name":"hook"}`}},
	"events.DeleteConnection":       {{own: true, body: `{"Name":"slack"}`}},
	"events.DeleteEventBus":         {{body: `{"Name":"{bus}"}`}, {own: true, body: `{"Name":"shop"}`}},
	"events.DeleteRule":             {{body: `{"Name":"orders","EventBusName":"{bus}"}`}, {body: `{"Name":"orders","EventBusName":"{bus}","Force":true}`}, {own: true, body: `{"Name":"orders"}`}},
	"events.DescribeApiDestination": {{own: true, body: `{"Name":"hook"}`}},
	"events.DescribeConnection":     {{own: true, body: `{"Name":"slack"}`}},
	"events.DescribeEventBus":       {{body: `{"Name":"{bus}"}`}, {body: `{"Name":"{default}"}`}, {own: true, body: `{"Name":"shop"}`}},
	"events.DescribeRule":           {{body: `{"Name":"orders","EventBusName":"{bus}"}`}, {own: true, body: `{"Name":"orders"}`}},
	"events.DisableRule":            {{body: `{"Name":"orders","EventBusName":"{bus}"}`}, {own: true, body: `{"Name":"orders"}`}},
	"events.EnableRule":             {{body: `{"Name":"orders","EventBusName":"{bus}"}`}, {own: true, body: `{"Name":"orders"}`}},
	"events.ListApiDestinations":    {{own: true, body: `{"NamePrefix":"hook"}`}, {own: true, body: `{"ConnectionArn":"{connection}"}`}},
	"events.ListConnections":        {{own: true, body: `{"NamePrefix":"slack"}`}},
	"events.ListEventBuses":         {{own: true, body: `{"NamePrefix":"shop"}`}},
	"events.ListRuleNamesByTarget":  {{body: `{"TargetArn":"{vaultARN}","EventBusName":"{bus}"}`}, {own: true, body: `{"TargetArn":"{vaultARN}"}`}},
	"events.ListRules":              {{body: `{"EventBusName":"{bus}"}`}, {body: `{"EventBusName":"{default}"}`}, {own: true, body: `{}`}},
	"events.ListTagsForResource":    {{body: `{"ResourceARN":"{rule}"}`}, {body: `{"ResourceARN":"{bus}"}`}},
	"events.ListTargetsByRule":      {{body: `{"Rule":"orders","EventBusName":"{bus}"}`}},
	"events.PutEvents": {
		{entries: true, guest: true, body: `{"Entries":[{"Source":"s","DetailType":"d","Detail":"{}","EventBusName":"{bus}"}]}`},
		{entries: true, body: `{"Entries":[{"Source":"s","DetailType":"d","Detail":"{}","EventBusName":"{default}"}]}`},
		{entries: true, body: `{"Entries":[{"Source":"s","DetailType":"d","Detail":"{}","EventBusName":"arn:aws:events:us-east-1:111111111111:event-bus/absent"}]}`},
	},
	"events.PutPermission": {
		{own: true, body: `{"EventBusName":"shop","Action":"events:PutEvents","Principal":"*","StatementId":"all"}`},
		{body: `{"EventBusName":"{bus}","Action":"events:PutEvents","Principal":"*","StatementId":"all"}`},
		{own: true, body: `{"Policy":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"all\",\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"events:*\",\"Resource\":\"{bus}\"}]}"}`},
	},
	"events.PutRule": {
		{body: `{"Name":"mine","EventBusName":"{bus}","EventPattern":"{\"source\":[\"classified\"]}"}`},
		{body: `{"Name":"mine","EventBusName":"{default}","ScheduleExpression":"rate(1 minute)"}`},
		{body: `{"Name":"mine","EventPattern":"{\"source\":[\"s\"]}","RoleArn":"arn:aws:iam::111111111111:role/admin"}`},
	},
	"events.PutTargets": {
		{body: `{"Rule":"orders","EventBusName":"{bus}","Targets":[{"Id":"2","Arn":"arn:aws:sqs:us-east-1:222222222222:q"}]}`},
		{body: `{"Rule":"lure","Targets":[{"Id":"hook","Arn":"{destination}","RoleArn":"arn:aws:iam::222222222222:role/r"}]}`},
		{body: `{"Rule":"lure","Targets":[{"Id":"role","Arn":"{bus}","RoleArn":"arn:aws:iam::111111111111:role/admin"}]}`},
		{own: true, body: `{"Rule":"lure","Targets":[{"Id":"ecs","Arn":"arn:aws:ecs:us-east-1:111111111111:cluster/c","RoleArn":"arn:aws:iam::222222222222:role/r","EcsParameters":{"TaskDefinitionArn":"arn:aws:ecs:us-east-1:111111111111:task-definition/t"}},{"Id":"sql","Arn":"arn:aws:redshift:us-east-1:111111111111:cluster:c","RoleArn":"arn:aws:iam::222222222222:role/r","RedshiftDataParameters":{"Database":"d","Sql":"select 1","SecretManagerArn":"arn:aws:secretsmanager:us-east-1:111111111111:secret:s"}},{"Id":"ml","Arn":"arn:aws:sagemaker:us-east-1:111111111111:pipeline/p","RoleArn":"arn:aws:iam::222222222222:role/r","SageMakerPipelineParameters":{"PipelineParameterList":[{"Name":"n","Value":"v"}]}}]}`},
		// What such a target gets is looked at in TestNoTargetReachesAnotherAccountUninvited.
		{own: true, body: `{"Rule":"lure","Targets":[{"Id":"vault","Arn":"{vaultARN}","DeadLetterConfig":{"Arn":"{morgueARN}"}}]}`},
	},
	"events.RemovePermission": {{own: true, body: `{"StatementId":"guest"}`}, {body: `{"EventBusName":"shop","StatementId":"guest"}`}, {body: `{"EventBusName":"{bus}","RemoveAllPermissions":true}`}},
	"events.RemoveTargets":    {{body: `{"Rule":"orders","EventBusName":"{bus}","Ids":["1"]}`}},
	"events.TagResource":      {{body: `{"ResourceARN":"{rule}","Tags":[{"Key":"k","Value":"mine"}]}`}, {body: `{"ResourceARN":"{bus}","Tags":[{"Key":"k","Value":"mine"}]}`}},
	"events.TestEventPattern": {{own: true, body: `{"EventPattern":"{\"source\":[\"s\"]}","Event":"{\"id\":\"1\",\"account\":\"111111111111\",\"source\":\"s\",\"time\":\"2026-01-29T12:00:00Z\",\"region\":\"us-east-1\",\"resources\":[],\"detail-type\":\"d\",\"detail\":{}}"}`}},
	"events.UntagResource":    {{body: `{"ResourceARN":"{rule}","TagKeys":["k"]}`}, {body: `{"ResourceARN":"{bus}","TagKeys":["k"]}`}},
	"events.UpdateApiDestination": {
		{own: true, body: `{"Name":"hook","HttpMethod":"PUT"}`},
		{body: `{"Name":"hook","ConnectionArn":"{connection}","InvocationEndpoint":"{hook}"}`},
	},
	"events.UpdateConnection": {
		{own: true, body: `{"Name":"slack","KmsKeyIdentifier":"k","Description":"mine"}`},
		{body: `{"Name":"slack","InvocationConnectivityParameters":{"ResourceParameters":{"ResourceConfigurationArn":"arn:aws:vpc-lattice:us-east-1:111111111111:resourceconfiguration/rcfg-0123456789abcdef0"}},"AuthParameters":{"ConnectivityParameters":{"ResourceParameters":{"ResourceConfigurationArn":"arn:aws:vpc-lattice:us-east-1:111111111111:resourceconfiguration/rcfg-0123456789abcdef0"}}}}`},
	},
	"events.UpdateEventBus": {{body: `{"Name":"{bus}","Description":"mine"}`}, {body: `{"Name":"{bus}","DeadLetterConfig":{"Arn":"{morgueARN}"}}`}, {own: true, body: `{"Name":"shop","Description":"mine"}`}},

	"codebuild.BatchDeleteBuilds": {{body: `{"ids":["{build}"]}`}},
	"codebuild.BatchGetBuilds":    {{body: `{"ids":["{build}"]}`}},
	"codebuild.BatchGetProjects":  {{body: `{"names":["{project}"]}`}, {own: true, body: `{"names":["secret-shop"]}`}},
	"codebuild.CreateProject": {
		{own: true, body: `{"name":"secret-shop","source":{"type":"NO_SOURCE","buildspec":"version: 0.2\n"},"artifacts":{"type":"NO_ARTIFACTS"},"environment":{"type":"LINUX_CONTAINER","image":"i","computeType":"BUILD_GENERAL1_SMALL"},"serviceRole":"arn:aws:iam::222222222222:role/lure"}`},
		{body: `{"name":"lure","source":{"type":"NO_SOURCE","buildspec":"version: 0.2\n"},"artifacts":{"type":"NO_ARTIFACTS"},"environment":{"type":"LINUX_CONTAINER","image":"i","computeType":"BUILD_GENERAL1_SMALL"},"serviceRole":"{role}"}`},
	},
	"codebuild.DeleteProject":                {{body: `{"name":"{project}"}`}, {own: true, body: `{"name":"secret-shop"}`}},
	"codebuild.ListBuilds":                   {{own: true, body: `{}`}},
	"codebuild.ListBuildsForProject":         {{body: `{"projectName":"{project}"}`}},
	"codebuild.ListCuratedEnvironmentImages": {{own: true, body: `{}`}},
	"codebuild.ListProjects":                 {{own: true, body: `{}`}},
	"codebuild.RetryBuild":                   {{body: `{"id":"{build}"}`}},
	"codebuild.StartBuild":                   {{body: `{"projectName":"{project}"}`}, {own: true, body: `{"projectName":"secret-shop"}`}},
	"codebuild.StopBuild":                    {{body: `{"id":"{build}"}`}},
	"codebuild.UpdateProject":                {{body: `{"name":"{project}","description":"mine"}`}, {own: true, body: `{"name":"secret-shop","description":"mine"}`}},
	"lambda.AddPermission": {{body: `POST /2015-03-31/functions/{function}/policy
{"StatementId":"s","Action":"lambda:InvokeFunction","Principal":"*","SourceArn":"{rule}"}`}},
	"lambda.CreateAlias": {{body: `POST /2015-03-31/functions/{function}/aliases
{"Name":"live","FunctionVersion":"$LATEST"}`}},
	"lambda.CreateEventSourceMapping": {{body: `POST /2015-03-31/event-source-mappings
{"FunctionName":"{function}","EventSourceArn":"{vaultARN}"}`}, {body: `POST /2015-03-31/event-source-mappings
{"FunctionName":"secrets","EventSourceArn":"{vaultARN}"}`}, {body: `POST /2015-03-31/event-source-mappings
{"FunctionName":"secrets","EventSourceArn":"{vaultARN}","KMSKeyArn":"arn:aws:kms:us-east-1:111111111111:key/k"}`}},
	"lambda.CreateFunction": {{body: `POST /2015-03-31/functions
{"FunctionName":"{function}2","Role":"arn:aws:iam::222222222222:role/none","Runtime":"python3.12","Handler":"a.h","Code":{"ZipFile":"{zip}"}}`}, {body: `POST /2015-03-31/functions
{"FunctionName":"lure","Role":"{role}","Runtime":"python3.12","Handler":"a.h","Code":{"ZipFile":"{zip}"}}`}, {body: `POST /2015-03-31/functions
{"FunctionName":"lure","Role":"arn:aws:iam::222222222222:role/none","Layers":["{layer}:1"],"Runtime":"python3.12","Handler":"a.h","Code":{"ZipFile":"{zip}"}}`}, {body: `POST /2015-03-31/functions
{"FunctionName":"lure","Role":"arn:aws:iam::222222222222:role/none","KMSKeyArn":"arn:aws:kms:us-east-1:111111111111:key/k","Runtime":"python3.12","Handler":"a.h","Code":{"ZipFile":"{zip}"}}`}, {body: `POST /2015-03-31/functions
{"FunctionName":"lure","Role":"arn:aws:iam::222222222222:role/none","CodeSigningConfigArn":"arn:aws:lambda:us-east-1:111111111111:code-signing-config:csc-0123456789abcdefg","Runtime":"python3.12","Handler":"a.h","Code":{"ZipFile":"{zip}"}}`}, {body: `POST /2015-03-31/functions
{"FunctionName":"lure","Role":"arn:aws:iam::222222222222:role/none","FileSystemConfigs":[{"Arn":"arn:aws:elasticfilesystem:us-east-1:111111111111:access-point/fsap-01234567890123456","LocalMountPath":"/mnt/a"}],"Runtime":"python3.12","Handler":"a.h","Code":{"ZipFile":"{zip}"}}`}, {body: `POST /2015-03-31/functions
{"FunctionName":"lure","Role":"arn:aws:iam::222222222222:role/none","CapacityProviderConfig":{"LambdaManagedInstancesCapacityProviderConfig":{"CapacityProviderArn":"arn:aws:lambda:us-east-1:111111111111:capacity-provider:c"}},"Runtime":"python3.12","Handler":"a.h","Code":{"ZipFile":"{zip}"}}`}, {body: `POST /2015-03-31/functions
{"FunctionName":"lure","Role":"arn:aws:iam::222222222222:role/none","Runtime":"python3.12","Handler":"a.h","Code":{"ZipFile":"{zip}","SourceKMSKeyArn":"arn:aws:kms:us-east-1:111111111111:key/k"}}`}, {own: true, body: `POST /2015-03-31/functions
{"FunctionName":"lure","Role":"arn:aws:iam::222222222222:role/none","DeadLetterConfig":{"TargetArn":"{morgueARN}"},"Runtime":"python3.12","Handler":"a.h","Code":{"ZipFile":"{zip}"}}`}},
	"lambda.CreateFunctionUrlConfig": {{body: `POST /2021-10-31/functions/{function}/url?Qualifier=live
{"AuthType":"NONE"}`}},
	"lambda.DeleteAlias":                        {{body: `DELETE /2015-03-31/functions/{function}/aliases/live`}},
	"lambda.DeleteEventSourceMapping":           {{body: `DELETE /2015-03-31/event-source-mappings/0b9d8c2e-66a4-4f0c-8f62-3a3f1a7b5c44`}},
	"lambda.DeleteFunction":                     {{body: `DELETE /2015-03-31/functions/{function}`}, {body: `DELETE /2015-03-31/functions/{function}?Qualifier=1`}},
	"lambda.DeleteFunctionConcurrency":          {{body: `DELETE /2017-10-31/functions/{function}/concurrency`}},
	"lambda.DeleteFunctionEventInvokeConfig":    {{body: `DELETE /2019-09-25/functions/{function}/event-invoke-config`}},
	"lambda.DeleteFunctionUrlConfig":            {{body: `DELETE /2021-10-31/functions/{function}/url`}},
	"lambda.DeleteLayerVersion":                 {{body: `DELETE /2018-10-31/layers/{layer}/versions/1`}},
	"lambda.DeleteProvisionedConcurrencyConfig": {{body: `DELETE /2019-09-30/functions/{function}/provisioned-concurrency?Qualifier=1`}},
	"lambda.GetAccountSettings":                 {{own: true, body: `GET /2016-08-19/account-settings`}},
	"lambda.GetAlias":                           {{body: `GET /2015-03-31/functions/{function}/aliases/live`}},
	"lambda.GetEventSourceMapping":              {{body: `GET /2015-03-31/event-source-mappings/0b9d8c2e-66a4-4f0c-8f62-3a3f1a7b5c44`}},
	"lambda.GetFunction":                        {{body: `GET /2015-03-31/functions/{function}`}, {body: `GET /2015-03-31/functions/{function}?Qualifier=1`}},
	"lambda.GetFunctionCodeSigningConfig":       {{body: `GET /2020-06-30/functions/{function}/code-signing-config`}},
	"lambda.GetFunctionConcurrency":             {{body: `GET /2019-09-30/functions/{function}/concurrency`}},
	"lambda.GetFunctionConfiguration":           {{body: `GET /2015-03-31/functions/{function}/configuration`}},
	"lambda.GetFunctionEventInvokeConfig":       {{body: `GET /2019-09-25/functions/{function}/event-invoke-config`}},
	"lambda.GetFunctionRecursionConfig":         {{body: `GET /2024-08-31/functions/{function}/recursion-config`}},
	"lambda.GetFunctionUrlConfig":               {{body: `GET /2021-10-31/functions/{function}/url`}},
	"lambda.GetLayerVersion":                    {{body: `GET /2018-10-31/layers/{layer}/versions/1`}},
	"lambda.GetLayerVersionByArn":               {{body: `GET /2018-10-31/layers?Arn={layer}:1&find=LayerVersion`}},
	"lambda.GetPolicy":                          {{body: `GET /2015-03-31/functions/{function}/policy`}},
	"lambda.GetProvisionedConcurrencyConfig":    {{body: `GET /2019-09-30/functions/{function}/provisioned-concurrency?Qualifier=1`}},
	"lambda.GetRuntimeManagementConfig":         {{body: `GET /2021-07-20/functions/{function}/runtime-management-config`}},
	"lambda.Invoke": {{body: `POST /2015-03-31/functions/{function}/invocations
{}`}},
	"lambda.InvokeWithResponseStream": {{body: `POST /2021-11-15/functions/{function}/response-streaming-invocations
{}`}},
	"lambda.ListAliases":                       {{body: `GET /2015-03-31/functions/{function}/aliases`}},
	"lambda.ListEventSourceMappings":           {{own: true, body: `GET /2015-03-31/event-source-mappings?FunctionName={function}`}, {own: true, body: `GET /2015-03-31/event-source-mappings?EventSourceArn={vaultARN}`}},
	"lambda.ListFunctionEventInvokeConfigs":    {{body: `GET /2019-09-25/functions/{function}/event-invoke-config/list`}},
	"lambda.ListFunctionUrlConfigs":            {{body: `GET /2021-10-31/functions/{function}/urls`}},
	"lambda.ListFunctions":                     {{own: true, body: `GET /2015-03-31/functions?FunctionVersion=ALL`}},
	"lambda.ListLayers":                        {{own: true, body: `GET /2018-10-31/layers`}},
	"lambda.ListLayerVersions":                 {{body: `GET /2018-10-31/layers/{layer}/versions`}},
	"lambda.ListProvisionedConcurrencyConfigs": {{body: `GET /2019-09-30/functions/{function}/provisioned-concurrency?List=ALL`}},
	"lambda.ListTags":                          {{body: `GET /2017-03-31/tags/{function}`}},
	"lambda.ListVersionsByFunction":            {{body: `GET /2015-03-31/functions/{function}/versions`}},
	"lambda.PublishLayerVersion": {{body: `POST /2018-10-31/layers/{layer}/versions
{"Content":{"ZipFile":"{zip}"}}`}},
	"lambda.PublishVersion": {{body: `POST /2015-03-31/functions/{function}/versions
{}`}},
	"lambda.PutFunctionConcurrency": {{body: `PUT /2017-10-31/functions/{function}/concurrency
{"ReservedConcurrentExecutions":0}`}},
	"lambda.PutFunctionEventInvokeConfig": {{body: `PUT /2019-09-25/functions/{function}/event-invoke-config
{"DestinationConfig":{"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:222222222222:lure"}}}`}},
	"lambda.PutProvisionedConcurrencyConfig": {{body: `PUT /2019-09-30/functions/{function}/provisioned-concurrency?Qualifier=1
{"ProvisionedConcurrentExecutions":1}`}},
	"lambda.RemovePermission": {{body: `DELETE /2015-03-31/functions/{function}/policy/s`}},
	"lambda.TagResource": {{body: `POST /2017-03-31/tags/{function}
{"Tags":{"k":"mine"}}`}},
	"lambda.UntagResource": {{body: `DELETE /2017-03-31/tags/{function}?tagKeys=k`}},
	"lambda.UpdateAlias": {{body: `PUT /2015-03-31/functions/{function}/aliases/live
{"Description":"mine"}`}},
	"lambda.UpdateEventSourceMapping": {{body: `PUT /2015-03-31/event-source-mappings/0b9d8c2e-66a4-4f0c-8f62-3a3f1a7b5c44
{"FunctionName":"{function}"}`}, {body: `PUT /2015-03-31/event-source-mappings/0b9d8c2e-66a4-4f0c-8f62-3a3f1a7b5c44
{"KMSKeyArn":"arn:aws:kms:us-east-1:111111111111:key/k"}`}},
	"lambda.UpdateFunctionCode": {{body: `PUT /2015-03-31/functions/{function}/code
{"ZipFile":"{zip}"}`}, {body: `PUT /2015-03-31/functions/{function}/code
{"ZipFile":"{zip}","SourceKMSKeyArn":"arn:aws:kms:us-east-1:111111111111:key/k"}`}},
	"lambda.UpdateFunctionConfiguration": {{body: `PUT /2015-03-31/functions/{function}/configuration
{"KMSKeyArn":"arn:aws:kms:us-east-1:111111111111:key/k"}`}, {body: `PUT /2015-03-31/functions/{function}/configuration
{"DeadLetterConfig":{"TargetArn":"{morgueARN}"}}`}, {body: `PUT /2015-03-31/functions/{function}/configuration
{"FileSystemConfigs":[{"Arn":"arn:aws:elasticfilesystem:us-east-1:111111111111:access-point/fsap-01234567890123456","LocalMountPath":"/mnt/a"}]}`}, {body: `PUT /2015-03-31/functions/{function}/configuration
{"CapacityProviderConfig":{"LambdaManagedInstancesCapacityProviderConfig":{"CapacityProviderArn":"arn:aws:lambda:us-east-1:111111111111:capacity-provider:c"}}}`}},
	"lambda.UpdateFunctionUrlConfig": {{body: `PUT /2021-10-31/functions/{function}/url
{"AuthType":"NONE"}`}},
	"lambda.UpdateFunctionEventInvokeConfig": {{body: `POST /2019-09-25/functions/{function}/event-invoke-config
{"MaximumRetryAttempts":0}`}},

	"cloudtrail.AddTags": {{body: `{"ResourceId":"{trail}","TagsList":[{"Key":"k","Value":"mine"}]}`}},
	"cloudtrail.CreateTrail": {
		{own: true, body: `{"Name":"watch","S3BucketName":"classified-bucket","S3KeyPrefix":"p","TagsList":[{"Key":"k","Value":"v"}]}`},
		{body: `{"Name":"lure","S3BucketName":"bucket","CloudWatchLogsLogGroupArn":"{group}:*","CloudWatchLogsRoleArn":"arn:aws:iam::222222222222:role/lure"}`},
		{body: `{"Name":"lure","S3BucketName":"bucket","CloudWatchLogsLogGroupArn":"arn:aws:logs:us-east-1:222222222222:log-group:g:*","CloudWatchLogsRoleArn":"{role}"}`},
		{body: `{"Name":"lure","S3BucketName":"bucket","SnsTopicName":"arn:aws:sns:us-east-1:111111111111:t"}`},
		{body: `{"Name":"lure","S3BucketName":"bucket","KmsKeyId":"arn:aws:kms:us-east-1:111111111111:key/k"}`},
	},
	"cloudtrail.DeleteTrail":       {{own: true, body: `{"Name":"watch"}`}, {body: `{"Name":"{trail}"}`}},
	"cloudtrail.DescribeTrails":    {{own: true, body: `{}`}, {body: `{"trailNameList":["{trail}"]}`}},
	"cloudtrail.GetEventSelectors": {{own: true, body: `{"TrailName":"watch"}`}, {body: `{"TrailName":"{trail}"}`}},
	"cloudtrail.GetInsightSelectors": {{own: true, body: `{"TrailName":"watch"}`}, {body: `{"TrailName":"{trail}"}`},
		{body: `{"EventDataStore":"arn:aws:cloudtrail:us-east-1:111111111111:eventdatastore/e"}`}},
	"cloudtrail.GetTrail":       {{own: true, body: `{"Name":"watch"}`}, {body: `{"Name":"{trail}"}`}},
	"cloudtrail.GetTrailStatus": {{own: true, body: `{"Name":"watch"}`}, {body: `{"Name":"{trail}"}`}},
	"cloudtrail.ListTags":       {{body: `{"ResourceIdList":["{trail}"]}`}},
	"cloudtrail.ListTrails":     {{own: true, body: `{}`}},
	"cloudtrail.LookupEvents":   {{own: true, body: `{"LookupAttributes":[{"AttributeKey":"ResourceName","AttributeValue":"{vaultARN}"}]}`}},
	"cloudtrail.PutEventSelectors": {{own: true, body: `{"TrailName":"watch","EventSelectors":[{"ReadWriteType":"All","DataResources":[{"Type":"AWS::S3::Object"}]}]}`}, {body: `{"TrailName":"{trail}","EventSelectors":[{"ReadWriteType":"All"}]}`},
		{body: `{"TrailName":"{trail}","AdvancedEventSelectors":[{"Name":"n","FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]}]}]}`}},
	"cloudtrail.PutInsightSelectors": {{own: true, body: `{"TrailName":"watch","InsightSelectors":[]}`}, {body: `{"TrailName":"{trail}","InsightSelectors":[]}`},
		{body: `{"TrailName":"{trail}","EventDataStore":"arn:aws:cloudtrail:us-east-1:111111111111:eventdatastore/e","InsightsDestination":"arn:aws:cloudtrail:us-east-1:111111111111:eventdatastore/e","InsightSelectors":[]}`}},
	"cloudtrail.RemoveTags":   {{body: `{"ResourceId":"{trail}","TagsList":[{"Key":"k"}]}`}},
	"cloudtrail.StartLogging": {{own: true, body: `{"Name":"watch"}`}, {body: `{"Name":"{trail}"}`}},
	"cloudtrail.StopLogging":  {{own: true, body: `{"Name":"watch"}`}, {body: `{"Name":"{trail}"}`}},
	"cloudtrail.UpdateTrail":  {{own: true, body: `{"Name":"watch","S3KeyPrefix":"mine"}`}, {body: `{"Name":"{trail}","S3BucketName":"mine","S3KeyPrefix":"mine","SnsTopicName":"t","KmsKeyId":"k","CloudWatchLogsLogGroupArn":"{group}:*","CloudWatchLogsRoleArn":"{role}"}`}},

	"logs.CreateLogGroup":        {{own: true, body: `{"logGroupName":"/shop/app"}`}},
	"logs.CreateLogStream":       {{own: true, body: `{"logGroupName":"/shop/app","logStreamName":"mine"}`}},
	"logs.DeleteLogGroup":        {{own: true, body: `{"logGroupName":"/shop/app"}`}},
	"logs.DeleteLogStream":       {{own: true, body: `{"logGroupName":"/shop/app","logStreamName":"classified"}`}},
	"logs.DeleteMetricFilter":    {{own: true, body: `{"logGroupName":"/shop/app","filterName":"classified"}`}},
	"logs.DeleteResourcePolicy":  {{own: true, body: `{"policyName":"classified"}`}, {own: true, body: `{"resourceArn":"{group}"}`}},
	"logs.DeleteRetentionPolicy": {{own: true, body: `{"logGroupName":"/shop/app"}`}},
	"logs.DescribeLogGroups": {
		{own: true, body: `{"logGroupNamePrefix":"/shop"}`},
		{own: true, body: `{"logGroupIdentifiers":["{group}"],"accountIdentifiers":["111111111111"],"includeLinkedAccounts":true}`},
	},
	"logs.DeleteSubscriptionFilter":    {{own: true, body: `{"logGroupName":"/shop/app","filterName":"classified"}`}},
	"logs.DescribeMetricFilters":       {{own: true, body: `{"logGroupName":"/shop/app"}`}, {own: true, body: `{"metricName":"classified","metricNamespace":"classified"}`}},
	"logs.DescribeSubscriptionFilters": {{own: true, body: `{"logGroupName":"/shop/app"}`}},
	"logs.DescribeLogStreams":          {{body: `{"logGroupIdentifier":"{group}"}`}, {body: `{"logGroupIdentifier":"{noGroup}"}`}, {own: true, body: `{"logGroupName":"/shop/app"}`}},
	"logs.DescribeResourcePolicies":    {{own: true, body: `{}`}, {own: true, body: `{"resourceArn":"{group}"}`}},
	"logs.FilterLogEvents":             {{body: `{"logGroupIdentifier":"{group}"}`}, {body: `{"logGroupIdentifier":"{noGroup}"}`}, {own: true, body: `{"logGroupName":"/shop/app"}`}},
	"logs.GetLogEvents":                {{body: `{"logGroupIdentifier":"{group}","logStreamName":"classified"}`}, {own: true, body: `{"logGroupName":"/shop/app","logStreamName":"classified"}`}},
	"logs.ListLogGroups":               {{own: true, body: `{"logGroupNamePattern":"shop","accountIdentifiers":["111111111111"]}`}},
	"logs.ListTagsForResource":         {{body: `{"resourceArn":"{group}"}`}, {body: `{"resourceArn":"{noGroup}"}`}},
	"logs.ListTagsLogGroup":            {{own: true, body: `{"logGroupName":"/shop/app"}`}},
	"logs.PutLogEvents":                {{own: true, body: `{"logGroupName":"/shop/app","logStreamName":"classified","logEvents":[{"timestamp":1,"message":"m"}]}`}},
	"logs.PutLogGroupDeletionProtection": {
		{body: `{"logGroupIdentifier":"{group}","deletionProtectionEnabled":true}`},
		{body: `{"logGroupIdentifier":"{noGroup}","deletionProtectionEnabled":true}`},
	},
	"logs.PutMetricFilter": {{own: true, body: `{"logGroupName":"/shop/app","filterName":"mine","filterPattern":"","metricTransformations":[{"metricName":"m","metricNamespace":"n","metricValue":"1"}]}`}},
	"logs.PutSubscriptionFilter": {
		{own: true, body: `{"logGroupName":"/shop/app","filterName":"mine","filterPattern":"","destinationArn":"arn:aws:sqs:us-east-1:222222222222:mine"}`},
		{body: `{"logGroupName":"/shop/app","filterName":"mine","filterPattern":"","destinationArn":"{vaultARN}","roleArn":"{role}"}`},
	},
	"logs.PutResourcePolicy": {
		{own: true, body: `{"policyName":"p","policyDocument":"{}","resourceArn":"{group}"}`},
		{own: true, body: `{"policyName":"p","policyDocument":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"logs:*\",\"Resource\":\"*\"}]}"}`},
	},
	"logs.PutRetentionPolicy": {{own: true, body: `{"logGroupName":"/shop/app","retentionInDays":1}`}},
	"logs.StartLiveTail":      {{body: `{"logGroupIdentifiers":["{group}"],"updateMillis":10}`}, {body: `{"logGroupIdentifiers":["{noGroup}"]}`}},
	"logs.StartQuery": {
		{body: `{"logGroupIdentifiers":["{group}"],"startTime":0,"endTime":4000000000,"queryString":"fields @message"}`},
		{body: `{"logGroupIdentifiers":["{noGroup}"],"startTime":0,"endTime":1,"queryString":"x"}`},
		{own: true, body: `{"logGroupName":"/shop/app","startTime":0,"endTime":4000000000,"queryString":"fields @message"}`},
		{own: true, body: `{"logGroupNames":["/shop/app"],"startTime":0,"endTime":4000000000,"queryString":"fields @message"}`},
	},
	"logs.StopQuery":                {{body: `{"queryId":"11111111-1111-1111-1111-111111111111"}`}},
	"logs.GetQueryResults":          {{body: `{"queryId":"11111111-1111-1111-1111-111111111111"}`}},
	"logs.DescribeQueries":          {{own: true, body: `{}`}, {own: true, body: `{"logGroupName":"/shop/app"}`}},
	"logs.DescribeQueryDefinitions": {{own: true, body: `{}`}},
	"logs.PutQueryDefinition":       {{own: true, body: `{"name":"n","queryString":"fields @message","logGroupNames":["/shop/app"]}`}, {body: `{"queryDefinitionId":"1","name":"n","queryString":"fields @message"}`}},
	"logs.DeleteQueryDefinition":    {{body: `{"queryDefinitionId":"1"}`}},
	"logs.GetLogGroupFields":        {{body: `{"logGroupIdentifier":"{group}"}`}, {own: true, body: `{"logGroupName":"/shop/app"}`}},
	// The pointer leads to /shop/app of the account 111111111111.
	"logs.GetLogRecord":     {{body: `{"logRecordPointer":"ZGFyaTE6MSAxIDExMTExMTExMTExMS8vc2hvcC9hcHA"}`}},
	"logs.TagLogGroup":      {{own: true, body: `{"logGroupName":"/shop/app","tags":{"k":"mine"}}`}},
	"logs.TagResource":      {{body: `{"resourceArn":"{group}","tags":{"k":"mine"}}`}},
	"logs.TestMetricFilter": {{own: true, body: `{"filterPattern":"a","logEventMessages":["a"]}`}},
	"logs.UntagLogGroup":    {{own: true, body: `{"logGroupName":"/shop/app","tags":["k"]}`}},
	"logs.UntagResource":    {{body: `{"resourceArn":"{group}","tagKeys":["k"]}`}},

	"sqs.AddPermission":                {{body: `{"QueueUrl":"{vault}","Label":"l","AWSAccountIds":["222222222222"],"Actions":["*"]}`}},
	"sqs.CancelMessageMoveTask":        {{body: `{"TaskHandle":"eyJ0YXNrSWQiOiJ4Iiwic291cmNlQXJuIjoiYXJuOmF3czpzcXM6dXMtZWFzdC0xOjExMTExMTExMTExMTptb3JndWUifQ=="}`}},
	"sqs.ChangeMessageVisibility":      {{body: `{"QueueUrl":"{vault}","ReceiptHandle":"x","VisibilityTimeout":0}`}},
	"sqs.ChangeMessageVisibilityBatch": {{body: `{"QueueUrl":"{vault}","Entries":[{"Id":"1","ReceiptHandle":"x","VisibilityTimeout":0}]}`}},
	"sqs.CreateQueue": {
		{own: true, body: `{"QueueName":"vault"}`},
		{body: `{"QueueName":"thief","Attributes":{"RedrivePolicy":"{\"deadLetterTargetArn\":\"{vaultARN}\",\"maxReceiveCount\":1}"}}`},
	},
	"sqs.DeleteMessage":              {{body: `{"QueueUrl":"{vault}","ReceiptHandle":"x"}`}},
	"sqs.DeleteMessageBatch":         {{body: `{"QueueUrl":"{vault}","Entries":[{"Id":"1","ReceiptHandle":"x"}]}`}},
	"sqs.DeleteQueue":                {{body: `{"QueueUrl":"{vault}"}`}, {body: `{"QueueUrl":"{absent}"}`}},
	"sqs.GetQueueAttributes":         {{body: `{"QueueUrl":"{vault}","AttributeNames":["All"]}`}, {body: `{"QueueUrl":"{absent}","AttributeNames":["All"]}`}},
	"sqs.GetQueueUrl":                {{body: `{"QueueName":"vault","QueueOwnerAWSAccountId":"111111111111"}`}, {own: true, body: `{"QueueName":"vault"}`}},
	"sqs.ListDeadLetterSourceQueues": {{body: `{"QueueUrl":"{morgue}"}`}},
	"sqs.ListMessageMoveTasks":       {{body: `{"SourceArn":"{morgueARN}"}`}},
	"sqs.ListQueueTags":              {{body: `{"QueueUrl":"{vault}"}`}},
	"sqs.ListQueues":                 {{own: true, body: `{"QueueNamePrefix":"va"}`}},
	"sqs.PurgeQueue":                 {{body: `{"QueueUrl":"{vault}"}`}},
	"sqs.ReceiveMessage":             {{body: `{"QueueUrl":"{vault}"}`}, {body: `{"QueueUrl":"{absent}","WaitTimeSeconds":20}`}},
	"sqs.RemovePermission":           {{body: `{"QueueUrl":"{vault}","Label":"guest"}`}},
	"sqs.SendMessage":                {{guest: true, body: `{"QueueUrl":"{vault}","MessageBody":"mine"}`}, {body: `{"QueueUrl":"{morgue}","MessageBody":"mine"}`}},
	"sqs.SendMessageBatch":           {{guest: true, body: `{"QueueUrl":"{vault}","Entries":[{"Id":"1","MessageBody":"mine"}]}`}, {body: `{"QueueUrl":"{morgue}","Entries":[{"Id":"1","MessageBody":"mine"}]}`}},
	"sqs.SetQueueAttributes": {
		{body: `{"QueueUrl":"{vault}","Attributes":{"Policy":""}}`},
		{body: `{"QueueUrl":"lure","Attributes":{"RedrivePolicy":"{\"deadLetterTargetArn\":\"{vaultARN}\",\"maxReceiveCount\":1}"}}`},
	},
	"sqs.StartMessageMoveTask": {
		{body: `{"SourceArn":"{morgueARN}"}`},
		{body: `{"SourceArn":"{morgueARN}","DestinationArn":"arn:aws:sqs:us-east-1:222222222222:lure"}`},
		{body: `{"SourceArn":"arn:aws:sqs:us-east-1:222222222222:dead","DestinationArn":"{vaultARN}"}`, guest: true},
		{body: `{"SourceArn":"arn:aws:sqs:us-east-1:222222222222:dead","DestinationArn":"{morgueARN}"}`},
		{body: `{"SourceArn":"arn:aws:sqs:us-east-1:222222222222:dead","DestinationArn":"arn:aws:sqs:us-east-1:111111111111:absent"}`},
	},
	"sqs.TagQueue":   {{body: `{"QueueUrl":"{vault}","Tags":{"k":"mine"}}`}},
	"sqs.UntagQueue": {{body: `{"QueueUrl":"{vault}","TagKeys":["k"]}`}},

	"iam.AddRoleToInstanceProfile":           {{own: true, body: `Action=AddRoleToInstanceProfile&Version=2010-05-08&InstanceProfileName=lure&RoleName=lure`}},
	"iam.AddUserToGroup":                     {{own: true, body: `Action=AddUserToGroup&Version=2010-05-08&UserName=lure&GroupName=lure`}},
	"iam.AttachGroupPolicy":                  {{body: `Action=AttachGroupPolicy&Version=2010-05-08&GroupName=lure&PolicyArn={policy}`}},
	"iam.AttachRolePolicy":                   {{body: `Action=AttachRolePolicy&Version=2010-05-08&RoleName=lure&PolicyArn={policy}`}},
	"iam.AttachUserPolicy":                   {{body: `Action=AttachUserPolicy&Version=2010-05-08&UserName=lure&PolicyArn={policy}`}},
	"iam.CreateAccessKey":                    {{own: true, body: `Action=CreateAccessKey&Version=2010-05-08&UserName=lure`}},
	"iam.CreateGroup":                        {{own: true, body: `Action=CreateGroup&Version=2010-05-08&GroupName=lure`}},
	"iam.CreateInstanceProfile":              {{own: true, body: `Action=CreateInstanceProfile&Version=2010-05-08&InstanceProfileName=lure`}},
	"iam.CreatePolicy":                       {{own: true, body: `Action=CreatePolicy&Version=2010-05-08&PolicyName=secrets&PolicyDocument=%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22sqs%3A%2A%22%2C%22Resource%22%3A%22%2A%22%7D%7D`}},
	"iam.CreatePolicyVersion":                {{body: `Action=CreatePolicyVersion&Version=2010-05-08&PolicyArn={policy}&PolicyDocument=%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22sqs%3A%2A%22%2C%22Resource%22%3A%22%2A%22%7D%7D`}},
	"iam.CreateRole":                         {{own: true, body: `Action=CreateRole&Version=2010-05-08&RoleName=lure&AssumeRolePolicyDocument=%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22sts%3AAssumeRole%22%2C%22Principal%22%3A%7B%22AWS%22%3A%22222222222222%22%7D%7D%7D`}},
	"iam.CreateAccountAlias":                 {{own: true, body: `Action=CreateAccountAlias&Version=2010-05-08&AccountAlias=lure`}},
	"iam.CreateServiceLinkedRole":            {{own: true, body: `Action=CreateServiceLinkedRole&Version=2010-05-08&AWSServiceName=ecs.amazonaws.com`}},
	"iam.DeleteAccountAlias":                 {{own: true, body: `Action=DeleteAccountAlias&Version=2010-05-08&AccountAlias=lure`}},
	"iam.DeleteServiceLinkedRole":            {{own: true, body: `Action=DeleteServiceLinkedRole&Version=2010-05-08&RoleName=lure`}},
	"iam.GetAccountAuthorizationDetails":     {{own: true, body: `Action=GetAccountAuthorizationDetails&Version=2010-05-08`}},
	"iam.GetAccountSummary":                  {{own: true, body: `Action=GetAccountSummary&Version=2010-05-08`}},
	"iam.GetServiceLinkedRoleDeletionStatus": {{own: true, body: `Action=GetServiceLinkedRoleDeletionStatus&Version=2010-05-08&DeletionTaskId=task/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS/1`}},
	"iam.ListAccountAliases":                 {{own: true, body: `Action=ListAccountAliases&Version=2010-05-08`}},
	"iam.UpdateGroup":                        {{own: true, body: `Action=UpdateGroup&Version=2010-05-08&GroupName=lure&NewGroupName=lured`}},
	"iam.UpdateUser":                         {{own: true, body: `Action=UpdateUser&Version=2010-05-08&UserName=lure&NewUserName=lured`}},
	"iam.CreateUser":                         {{own: true, body: `Action=CreateUser&Version=2010-05-08&UserName=lure`}},
	"iam.DeleteAccessKey":                    {{own: true, body: `Action=DeleteAccessKey&Version=2010-05-08&UserName=lure&AccessKeyId=AKIAAAAAAAAAAAAAAAAA`}},
	"iam.DeleteGroup":                        {{own: true, body: `Action=DeleteGroup&Version=2010-05-08&GroupName=lure`}},
	"iam.DeleteGroupPolicy":                  {{own: true, body: `Action=DeleteGroupPolicy&Version=2010-05-08&GroupName=lure&PolicyName=p`}},
	"iam.DeleteInstanceProfile":              {{own: true, body: `Action=DeleteInstanceProfile&Version=2010-05-08&InstanceProfileName=lure`}},
	"iam.DeleteLoginProfile":                 {{own: true, body: `Action=DeleteLoginProfile&Version=2010-05-08&UserName=lure`}},
	"iam.DeletePolicy":                       {{body: `Action=DeletePolicy&Version=2010-05-08&PolicyArn={policy}`}},
	"iam.DeletePolicyVersion":                {{body: `Action=DeletePolicyVersion&Version=2010-05-08&PolicyArn={policy}&VersionId=v1`}},
	"iam.DeleteRole":                         {{own: true, body: `Action=DeleteRole&Version=2010-05-08&RoleName=lure`}},
	"iam.DeleteRolePermissionsBoundary":      {{own: true, body: `Action=DeleteRolePermissionsBoundary&Version=2010-05-08&RoleName=lure`}},
	"iam.DeleteRolePolicy":                   {{own: true, body: `Action=DeleteRolePolicy&Version=2010-05-08&RoleName=lure&PolicyName=p`}},
	"iam.DeleteUser":                         {{own: true, body: `Action=DeleteUser&Version=2010-05-08&UserName=lure`}},
	"iam.DeleteUserPermissionsBoundary":      {{own: true, body: `Action=DeleteUserPermissionsBoundary&Version=2010-05-08&UserName=lure`}},
	"iam.DeleteUserPolicy":                   {{own: true, body: `Action=DeleteUserPolicy&Version=2010-05-08&UserName=lure&PolicyName=p`}},
	"iam.DetachGroupPolicy":                  {{body: `Action=DetachGroupPolicy&Version=2010-05-08&GroupName=lure&PolicyArn={policy}`}},
	"iam.DetachRolePolicy":                   {{body: `Action=DetachRolePolicy&Version=2010-05-08&RoleName=lure&PolicyArn={policy}`}},
	"iam.DetachUserPolicy":                   {{body: `Action=DetachUserPolicy&Version=2010-05-08&UserName=lure&PolicyArn={policy}`}},
	"iam.GetAccessKeyLastUsed":               {{own: true, body: `Action=GetAccessKeyLastUsed&Version=2010-05-08&AccessKeyId=AKIAAAAAAAAAAAAAAAAA`}},
	"iam.GetContextKeysForCustomPolicy":      {{own: true, body: `Action=GetContextKeysForCustomPolicy&Version=2010-05-08&PolicyInputList.member.1=%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22sqs%3A%2A%22%2C%22Resource%22%3A%22%2A%22%7D%7D`}},
	"iam.GetContextKeysForPrincipalPolicy":   {{body: `Action=GetContextKeysForPrincipalPolicy&Version=2010-05-08&PolicySourceArn={role}`}},
	"iam.GetGroup":                           {{own: true, body: `Action=GetGroup&Version=2010-05-08&GroupName=lure`}},
	"iam.GetGroupPolicy":                     {{own: true, body: `Action=GetGroupPolicy&Version=2010-05-08&GroupName=lure&PolicyName=p`}},
	"iam.GetInstanceProfile":                 {{own: true, body: `Action=GetInstanceProfile&Version=2010-05-08&InstanceProfileName=lure`}},
	"iam.GetLoginProfile":                    {{own: true, body: `Action=GetLoginProfile&Version=2010-05-08&UserName=lure`}},
	"iam.GetPolicy":                          {{body: `Action=GetPolicy&Version=2010-05-08&PolicyArn={policy}`}},
	"iam.GetPolicyVersion":                   {{body: `Action=GetPolicyVersion&Version=2010-05-08&PolicyArn={policy}&VersionId=v1`}},
	"iam.GetRole":                            {{own: true, body: `Action=GetRole&Version=2010-05-08&RoleName=lure`}},
	"iam.GetRolePolicy":                      {{own: true, body: `Action=GetRolePolicy&Version=2010-05-08&RoleName=lure&PolicyName=p`}},
	"iam.GetUser":                            {{own: true, body: `Action=GetUser&Version=2010-05-08&UserName=lure`}},
	"iam.GetUserPolicy":                      {{own: true, body: `Action=GetUserPolicy&Version=2010-05-08&UserName=lure&PolicyName=p`}},
	"iam.ListAccessKeys":                     {{own: true, body: `Action=ListAccessKeys&Version=2010-05-08&UserName=lure`}},
	"iam.ListAttachedGroupPolicies":          {{own: true, body: `Action=ListAttachedGroupPolicies&Version=2010-05-08&GroupName=lure`}},
	"iam.ListAttachedRolePolicies":           {{own: true, body: `Action=ListAttachedRolePolicies&Version=2010-05-08&RoleName=lure`}},
	"iam.ListAttachedUserPolicies":           {{own: true, body: `Action=ListAttachedUserPolicies&Version=2010-05-08&UserName=lure`}},
	"iam.ListEntitiesForPolicy":              {{body: `Action=ListEntitiesForPolicy&Version=2010-05-08&PolicyArn={policy}`}},
	"iam.ListGroupPolicies":                  {{own: true, body: `Action=ListGroupPolicies&Version=2010-05-08&GroupName=lure`}},
	"iam.ListGroups":                         {{own: true, body: `Action=ListGroups&Version=2010-05-08`}},
	"iam.ListGroupsForUser":                  {{own: true, body: `Action=ListGroupsForUser&Version=2010-05-08&UserName=lure`}},
	"iam.ListInstanceProfileTags":            {{own: true, body: `Action=ListInstanceProfileTags&Version=2010-05-08&InstanceProfileName=lure`}},
	"iam.ListInstanceProfiles":               {{own: true, body: `Action=ListInstanceProfiles&Version=2010-05-08`}},
	"iam.ListInstanceProfilesForRole":        {{own: true, body: `Action=ListInstanceProfilesForRole&Version=2010-05-08&RoleName=lure`}},
	"iam.ListMFADevices":                     {{own: true, body: `Action=ListMFADevices&Version=2010-05-08&UserName=lure`}},
	"iam.ListPolicies":                       {{own: true, body: `Action=ListPolicies&Version=2010-05-08`}},
	"iam.ListPolicyTags":                     {{body: `Action=ListPolicyTags&Version=2010-05-08&PolicyArn={policy}`}},
	"iam.ListPolicyVersions":                 {{body: `Action=ListPolicyVersions&Version=2010-05-08&PolicyArn={policy}`}},
	"iam.ListSSHPublicKeys":                  {{own: true, body: `Action=ListSSHPublicKeys&Version=2010-05-08&UserName=lure`}},
	"iam.ListServiceSpecificCredentials":     {{own: true, body: `Action=ListServiceSpecificCredentials&Version=2010-05-08&UserName=lure`}},
	"iam.ListSigningCertificates":            {{own: true, body: `Action=ListSigningCertificates&Version=2010-05-08&UserName=lure`}},
	"iam.ListRolePolicies":                   {{own: true, body: `Action=ListRolePolicies&Version=2010-05-08&RoleName=lure`}},
	"iam.ListRoleTags":                       {{own: true, body: `Action=ListRoleTags&Version=2010-05-08&RoleName=lure`}},
	"iam.ListRoles":                          {{own: true, body: `Action=ListRoles&Version=2010-05-08`}},
	"iam.ListVirtualMFADevices":              {{own: true, body: `Action=ListVirtualMFADevices&Version=2010-05-08`}},
	"iam.ListUserPolicies":                   {{own: true, body: `Action=ListUserPolicies&Version=2010-05-08&UserName=lure`}},
	"iam.ListUserTags":                       {{own: true, body: `Action=ListUserTags&Version=2010-05-08&UserName=lure`}},
	"iam.ListUsers":                          {{own: true, body: `Action=ListUsers&Version=2010-05-08`}},
	"iam.PutGroupPolicy":                     {{own: true, body: `Action=PutGroupPolicy&Version=2010-05-08&GroupName=lure&PolicyName=p&PolicyDocument=%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22sqs%3A%2A%22%2C%22Resource%22%3A%22%2A%22%7D%7D`}},
	"iam.PutRolePermissionsBoundary":         {{body: `Action=PutRolePermissionsBoundary&Version=2010-05-08&RoleName=lure&PermissionsBoundary={policy}`}},
	"iam.PutRolePolicy":                      {{own: true, body: `Action=PutRolePolicy&Version=2010-05-08&RoleName=lure&PolicyName=p&PolicyDocument=%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22sqs%3A%2A%22%2C%22Resource%22%3A%22%2A%22%7D%7D`}},
	"iam.PutUserPermissionsBoundary":         {{body: `Action=PutUserPermissionsBoundary&Version=2010-05-08&UserName=lure&PermissionsBoundary={policy}`}},
	"iam.PutUserPolicy":                      {{own: true, body: `Action=PutUserPolicy&Version=2010-05-08&UserName=lure&PolicyName=p&PolicyDocument=%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22sqs%3A%2A%22%2C%22Resource%22%3A%22%2A%22%7D%7D`}},
	"iam.RemoveRoleFromInstanceProfile":      {{own: true, body: `Action=RemoveRoleFromInstanceProfile&Version=2010-05-08&InstanceProfileName=lure&RoleName=lure`}},
	"iam.RemoveUserFromGroup":                {{own: true, body: `Action=RemoveUserFromGroup&Version=2010-05-08&UserName=lure&GroupName=lure`}},
	"iam.SetDefaultPolicyVersion":            {{body: `Action=SetDefaultPolicyVersion&Version=2010-05-08&PolicyArn={policy}&VersionId=v1`}},
	"iam.SimulateCustomPolicy":               {{own: true, body: `Action=SimulateCustomPolicy&Version=2010-05-08&ActionNames.member.1=sqs:SendMessage&PolicyInputList.member.1=%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22sqs%3A%2A%22%2C%22Resource%22%3A%22%2A%22%7D%7D&ResourcePolicy=%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%22%2A%22%2C%22Action%22%3A%22sqs%3A%2A%22%2C%22Resource%22%3A%22%2A%22%7D%7D&ResourceArns.member.1={vaultARN}&CallerArn=arn:aws:iam::111111111111:user/u`}},
	"iam.SimulatePrincipalPolicy": {
		{body: `Action=SimulatePrincipalPolicy&Version=2010-05-08&ActionNames.member.1=sqs:SendMessage&PolicySourceArn={role}`},
		{body: `Action=SimulatePrincipalPolicy&Version=2010-05-08&ActionNames.member.1=sqs:SendMessage&PolicySourceArn={role}&PolicyExclusionList.member.1.PolicyArn={policy}&CallerArn=arn:aws:iam::111111111111:user/u&ResourcePolicy=%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%22%2A%22%2C%22Action%22%3A%22sqs%3A%2A%22%2C%22Resource%22%3A%22%2A%22%7D%7D`},
	},
	"iam.TagInstanceProfile":     {{own: true, body: `Action=TagInstanceProfile&Version=2010-05-08&InstanceProfileName=lure&Tags.member.1.Key=k&Tags.member.1.Value=mine`}},
	"iam.TagPolicy":              {{body: `Action=TagPolicy&Version=2010-05-08&PolicyArn={policy}&Tags.member.1.Key=k&Tags.member.1.Value=mine`}},
	"iam.TagRole":                {{own: true, body: `Action=TagRole&Version=2010-05-08&RoleName=lure&Tags.member.1.Key=k&Tags.member.1.Value=mine`}},
	"iam.TagUser":                {{own: true, body: `Action=TagUser&Version=2010-05-08&UserName=lure&Tags.member.1.Key=k&Tags.member.1.Value=mine`}},
	"iam.UntagInstanceProfile":   {{own: true, body: `Action=UntagInstanceProfile&Version=2010-05-08&InstanceProfileName=lure&TagKeys.member.1=k`}},
	"iam.UntagPolicy":            {{body: `Action=UntagPolicy&Version=2010-05-08&PolicyArn={policy}&TagKeys.member.1=k`}},
	"iam.UntagRole":              {{own: true, body: `Action=UntagRole&Version=2010-05-08&RoleName=lure&TagKeys.member.1=k`}},
	"iam.UntagUser":              {{own: true, body: `Action=UntagUser&Version=2010-05-08&UserName=lure&TagKeys.member.1=k`}},
	"iam.UpdateAccessKey":        {{own: true, body: `Action=UpdateAccessKey&Version=2010-05-08&UserName=lure&AccessKeyId=AKIAAAAAAAAAAAAAAAAA&Status=Inactive`}},
	"iam.UpdateAssumeRolePolicy": {{own: true, body: `Action=UpdateAssumeRolePolicy&Version=2010-05-08&RoleName=admin&PolicyDocument=%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22sts%3AAssumeRole%22%2C%22Principal%22%3A%7B%22AWS%22%3A%22222222222222%22%7D%7D%7D`}},
	"iam.UpdateRole":             {{own: true, body: `Action=UpdateRole&Version=2010-05-08&RoleName=lure`}},
	"iam.UpdateRoleDescription":  {{own: true, body: `Action=UpdateRoleDescription&Version=2010-05-08&RoleName=lure&Description=mine`}},

	"apigateway.CreateAuthorizer":          {{body: "POST /restapis/{api}/authorizers\n" + `{"name":"mine","type":"TOKEN","identitySource":"method.request.header.A","authorizerUri":"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations"}`}},
	"apigateway.CreateDeployment":          {{body: "POST /restapis/{api}/deployments\n" + `{"stageName":"live","variables":{"v":"mine"}}`}},
	"apigateway.CreateModel":               {{body: "POST /restapis/{api}/models\n" + `{"name":"mine","contentType":"application/json","schema":"{}"}`}},
	"apigateway.CreateRequestValidator":    {{body: "POST /restapis/{api}/requestvalidators\n" + `{"name":"mine"}`}},
	"apigateway.CreateResource":            {{body: "POST /restapis/{api}/resources/{apiRoot}\n" + `{"pathPart":"mine"}`}},
	"apigateway.CreateRestApi":             {{own: true, body: "POST /restapis\n" + `{"name":"secrets"}`}, {own: true, body: "POST /restapis\n" + `{"name":"mine","policy":"{}"}`}, {own: true, body: "POST /restapis\n" + `{"name":"mine","securityPolicy":"TLS_1_2"}`}},
	"apigateway.CreateStage":               {{body: "POST /restapis/{api}/stages\n" + `{"stageName":"mine","deploymentId":"{apiDeployment}"}`}},
	"apigateway.DeleteAuthorizer":          {{body: "DELETE /restapis/{api}/authorizers/{apiAuthorizer}"}},
	"apigateway.DeleteDeployment":          {{body: "DELETE /restapis/{api}/deployments/{apiDeployment}"}},
	"apigateway.DeleteGatewayResponse":     {{body: "DELETE /restapis/{api}/gatewayresponses/UNAUTHORIZED"}},
	"apigateway.DeleteIntegration":         {{body: "DELETE /restapis/{api}/resources/{apiRoot}/methods/GET/integration"}},
	"apigateway.DeleteIntegrationResponse": {{body: "DELETE /restapis/{api}/resources/{apiRoot}/methods/GET/integration/responses/200"}},
	"apigateway.DeleteMethod":              {{body: "DELETE /restapis/{api}/resources/{apiRoot}/methods/GET"}},
	"apigateway.DeleteMethodResponse":      {{body: "DELETE /restapis/{api}/resources/{apiRoot}/methods/GET/responses/200"}},
	"apigateway.DeleteModel":               {{body: "DELETE /restapis/{api}/models/Empty"}},
	"apigateway.DeleteRequestValidator":    {{body: "DELETE /restapis/{api}/requestvalidators/{apiValidator}"}},
	"apigateway.DeleteResource":            {{body: "DELETE /restapis/{api}/resources/{apiRoot}"}},
	"apigateway.DeleteRestApi":             {{body: "DELETE /restapis/{api}"}},
	"apigateway.DeleteStage":               {{body: "DELETE /restapis/{api}/stages/live"}},
	"apigateway.GetAccount":                {{own: true, body: "GET /account"}},
	"apigateway.GetAuthorizer":             {{body: "GET /restapis/{api}/authorizers/{apiAuthorizer}"}},
	"apigateway.GetAuthorizers":            {{body: "GET /restapis/{api}/authorizers"}},
	"apigateway.GetDeployment":             {{body: "GET /restapis/{api}/deployments/{apiDeployment}?embed=apisummary"}},
	"apigateway.GetDeployments":            {{body: "GET /restapis/{api}/deployments"}},
	"apigateway.GetGatewayResponse":        {{body: "GET /restapis/{api}/gatewayresponses/UNAUTHORIZED"}},
	"apigateway.GetGatewayResponses":       {{body: "GET /restapis/{api}/gatewayresponses"}},
	"apigateway.GetIntegration":            {{body: "GET /restapis/{api}/resources/{apiRoot}/methods/GET/integration"}},
	"apigateway.GetIntegrationResponse":    {{body: "GET /restapis/{api}/resources/{apiRoot}/methods/GET/integration/responses/200"}},
	"apigateway.GetMethod":                 {{body: "GET /restapis/{api}/resources/{apiRoot}/methods/GET"}},
	"apigateway.GetMethodResponse":         {{body: "GET /restapis/{api}/resources/{apiRoot}/methods/GET/responses/200"}},
	"apigateway.GetModel":                  {{body: "GET /restapis/{api}/models/Empty"}},
	"apigateway.GetModels":                 {{body: "GET /restapis/{api}/models"}},
	"apigateway.GetRequestValidator":       {{body: "GET /restapis/{api}/requestvalidators/{apiValidator}"}},
	"apigateway.GetRequestValidators":      {{body: "GET /restapis/{api}/requestvalidators"}},
	"apigateway.GetResource":               {{body: "GET /restapis/{api}/resources/{apiRoot}?embed=methods"}},
	"apigateway.GetResources":              {{body: "GET /restapis/{api}/resources?embed=methods"}},
	"apigateway.GetRestApi":                {{body: "GET /restapis/{api}"}},
	"apigateway.GetRestApis":               {{own: true, body: "GET /restapis"}},
	"apigateway.GetStage":                  {{body: "GET /restapis/{api}/stages/live"}},
	"apigateway.GetStages":                 {{body: "GET /restapis/{api}/stages"}},
	"apigateway.GetTags":                   {{body: "GET /tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Frestapis%2F{api}%2Fstages%2Flive"}},
	"apigateway.PutGatewayResponse":        {{body: "PUT /restapis/{api}/gatewayresponses/UNAUTHORIZED\n" + `{"statusCode":"404"}`}},
	"apigateway.PutIntegration":            {{body: "PUT /restapis/{api}/resources/{apiRoot}/methods/GET/integration\n" + `{"type":"AWS","httpMethod":"POST","uri":"arn:aws:apigateway:us-east-1:sqs:path/111111111111/vault","credentials":"{role}"}`}},
	"apigateway.PutIntegrationResponse":    {{body: "PUT /restapis/{api}/resources/{apiRoot}/methods/GET/integration/responses/200\n" + `{"selectionPattern":"mine"}`}},
	"apigateway.PutMethod":                 {{body: "PUT /restapis/{api}/resources/{apiRoot}/methods/GET\n" + `{"authorizationType":"NONE","operationName":"mine"}`}},
	"apigateway.PutMethodResponse":         {{body: "PUT /restapis/{api}/resources/{apiRoot}/methods/GET/responses/200\n" + `{}`}},
	"apigateway.TagResource":               {{body: "PUT /tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Frestapis%2F{api}%2Fstages%2Flive\n" + `{"tags":{"k":"mine"}}`}},
	"apigateway.UntagResource":             {{body: "DELETE /tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Frestapis%2F{api}%2Fstages%2Flive?tagKeys=k"}},
	"apigateway.UpdateAccount":             {{own: true, body: "PATCH /account\n" + `{"patchOperations":[{"op":"add","path":"/features","value":"UsagePlans"}]}`}, {body: "PATCH /account\n" + `{"patchOperations":[{"op":"replace","path":"/cloudwatchRoleArn","value":"{role}"}]}`}},
	"apigateway.UpdateAuthorizer":          {{body: "PATCH /restapis/{api}/authorizers/{apiAuthorizer}\n" + `{"patchOperations":[{"op":"replace","path":"/name","value":"mine"}]}`}},
	"apigateway.UpdateDeployment":          {{body: "PATCH /restapis/{api}/deployments/{apiDeployment}\n" + `{"patchOperations":[{"op":"replace","path":"/description","value":"mine"}]}`}},
	"apigateway.UpdateGatewayResponse":     {{body: "PATCH /restapis/{api}/gatewayresponses/UNAUTHORIZED\n" + `{"patchOperations":[{"op":"replace","path":"/statusCode","value":"404"}]}`}},
	"apigateway.UpdateIntegration":         {{body: "PATCH /restapis/{api}/resources/{apiRoot}/methods/GET/integration\n" + `{"patchOperations":[{"op":"replace","path":"/cacheNamespace","value":"mine"}]}`}},
	"apigateway.UpdateIntegrationResponse": {{body: "PATCH /restapis/{api}/resources/{apiRoot}/methods/GET/integration/responses/200\n" + `{"patchOperations":[{"op":"replace","path":"/selectionPattern","value":"mine"}]}`}},
	"apigateway.UpdateMethod":              {{body: "PATCH /restapis/{api}/resources/{apiRoot}/methods/GET\n" + `{"patchOperations":[{"op":"replace","path":"/operationName","value":"mine"}]}`}},
	"apigateway.UpdateMethodResponse":      {{body: "PATCH /restapis/{api}/resources/{apiRoot}/methods/GET/responses/200\n" + `{"patchOperations":[{"op":"add","path":"/responseModels/a~1b","value":"Empty"}]}`}},
	"apigateway.UpdateModel":               {{body: "PATCH /restapis/{api}/models/Empty\n" + `{"patchOperations":[{"op":"replace","path":"/description","value":"mine"}]}`}},
	"apigateway.UpdateRequestValidator":    {{body: "PATCH /restapis/{api}/requestvalidators/{apiValidator}\n" + `{"patchOperations":[{"op":"replace","path":"/name","value":"mine"}]}`}},
	"apigateway.UpdateResource":            {{body: "PATCH /restapis/{api}/resources/{apiRoot}\n" + `{"patchOperations":[{"op":"replace","path":"/pathPart","value":"mine"}]}`}},
	"apigateway.UpdateRestApi":             {{body: "PATCH /restapis/{api}\n" + `{"patchOperations":[{"op":"replace","path":"/description","value":"mine"}]}`}},
	"apigateway.UpdateStage":               {{body: "PATCH /restapis/{api}/stages/live\n" + `{"patchOperations":[{"op":"replace","path":"/variables/v","value":"mine"}]}`}},

	"sts.AssumeRole": {
		{body: `Action=AssumeRole&Version=2011-06-15&RoleSessionName=mine&RoleArn={role}`},
		{body: `Action=AssumeRole&Version=2011-06-15&RoleSessionName=mine&RoleArn=arn:aws:iam::222222222222:role/lure&PolicyArns.member.1.arn={policy}&Policy=%7B%7D&ProvidedContexts.member.1.ProviderArn={role}`},
	},
	"sts.GetSessionToken":   {{own: true, body: `Action=GetSessionToken&Version=2011-06-15`}},
	"sts.GetCallerIdentity": {{own: true, body: `Action=GetCallerIdentity&Version=2011-06-15`}},
}

// naming are the members that could name a resource of another account.
var naming = regexp.MustCompile(`(Arn|ARN|Url|BusName|AccountId|TaskHandle|Policy|GroupIdentifier|GroupIdentifiers|logGroupName)$|^(Name|Rule|QueueName)$`)

// attack F6: a new operation, or a new member, that nobody has thought about
// fails here.
func TestTheWalkKnowsEveryOperation(t *testing.T) {
	a := openForTest(t)
	defer a.store.Close()
	defer a.listener.Close()
	known := map[string]bool{}
	for _, s := range a.services() {
		for _, o := range s.Operations {
			if o.Refused != "" {
				continue
			}
			name := s.Name + "." + o.Name
			known[name] = true
			if len(reaches[name]) == 0 {
				t.Errorf("%s: say in reaches how a stranger might reach another account's resources by it", name)
				continue
			}
			var used strings.Builder
			for _, try := range reaches[name] {
				used.WriteString(try.body)
			}
			for _, member := range members(o.In, nil) {
				said := strings.Contains(used.String(), `"`+member+`":`) || strings.Contains(used.String(), "&"+member+"=") ||
					strings.Contains(strings.ToLower(used.String()), "."+strings.ToLower(member)+"=") || strings.Contains(used.String(), "?"+member+"=")
				if naming.MatchString(member) && !said {
					t.Errorf("%s: %s might name another account's resource, and no attempt uses it", name, member)
				}
			}
		}
	}
	for name := range reaches {
		if !known[name] {
			t.Errorf("%s is not offered", name)
		}
	}
}

// members lists the names of all string members of a type, nested ones too, but
// not of labels, which every attempt has in its path.
func members(in reflect.Type, seen []reflect.Type) []string {
	for in.Kind() == reflect.Pointer || in.Kind() == reflect.Slice || in.Kind() == reflect.Map {
		in = in.Elem()
	}
	if in.Kind() != reflect.Struct || slices.Contains(seen, in) {
		return nil
	}
	var names []string
	for i := range in.NumField() {
		f := in.Field(i)
		if k := f.Type; k.Kind() == reflect.Pointer && k.Elem().Kind() == reflect.String && !strings.HasPrefix(f.Tag.Get("rest"), "label") {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if name == "" {
				name = f.Name
			}
			names = append(names, name)
		}
		names = append(names, members(f.Type, append(seen, in))...)
	}
	return names
}

// lure gives an account what its attempts need of its own: a rule, a queue, and
// a dead-letter queue with a message.
func (h *accounts) lure(account string) {
	h.t.Helper()
	h.must(account, "events.PutRule", `{"Name":"lure","EventPattern":"{\"source\":[\"lure\"]}"}`)
	for _, made := range []string{
		"CreateRole&RoleName=lure&AssumeRolePolicyDocument=%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22sts%3AAssumeRole%22%2C%22Principal%22%3A%7B%22AWS%22%3A%22222222222222%22%7D%7D%7D", "CreateUser&UserName=lure", "CreateGroup&GroupName=lure", "CreateInstanceProfile&InstanceProfileName=lure",
	} {
		name, _, _ := strings.Cut(made, "&")
		h.must(account, "iam."+name, "Version=2010-05-08&Action="+made)
	}
	h.must(account, "sqs.CreateQueue", `{"QueueName":"dead"}`)
	h.must(account, "sqs.CreateQueue", `{"QueueName":"lure","Attributes":{"RedrivePolicy":"{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:`+account+`:dead\",\"maxReceiveCount\":1}"}}`)
	h.must(account, "sqs.SendMessage", `{"QueueUrl":"dead","MessageBody":"from outside"}`)
}

// attack F6: an answer about what another account has is the one about what it
// does not have, here that of an account that has nothing.
func TestNoAnswerTellsWhatAnotherAccountHas(t *testing.T) {
	h := openAccounts(t, true)
	h.lure(stranger)
	const empty = "444444444444"
	for operation, attempts := range reaches {
		for _, try := range attempts {
			if try.own {
				continue
			}
			body := h.names.Replace(try.body)
			_, full := h.call(stranger, operation, body)
			_, none := h.call(stranger, operation, strings.ReplaceAll(body, owner, empty))
			if diff := cmp.Diff(masked.ReplaceAllString(strings.ReplaceAll(none, empty, owner), "*"), masked.ReplaceAllString(full, "*")); diff != "" {
				t.Errorf("%s %s tells what is there:\n%s", operation, body, diff)
			}
		}
	}
}

// attack F6.
func TestNoOperationReachesAnotherAccountUninvited(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes its time; make test does not skip it")
	}
	for _, c := range []struct {
		by    string
		keyed bool
	}{{stranger, true}, {guest, true}, {stranger, false}} {
		by := c.by
		t.Run(fmt.Sprintf("%s, keys %t", by, c.keyed), func(t *testing.T) {
			t.Parallel()
			if openAccounts(t, c.keyed).walk(by, 25) {
				openAccounts(t, c.keyed).walk(by, 1) // which of them it was
			}
		})
	}
}

// walk makes every attempt by an account, and looks at what the owner has after
// each few of them. It ends with true when that has changed.
func (h *accounts) walk(by string, few int) (changed bool) {
	h.t.Helper()
	h.lure(by)
	before := h.belongings()
	unseen := 0
	look := func(operation string, try attempt) bool {
		unseen = 0
		diff := cmp.Diff(before, h.belongings())
		if diff != "" {
			h.t.Errorf("%s %s, or one of the %d before it, changed what the owner has:\n%s", operation, try.body, few-1, diff)
		}
		return diff == ""
	}
	var operation string
	var try attempt
	for _, operation = range slices.Sorted(maps.Keys(reaches)) {
		for _, try = range reaches[operation] {
			if try.guest && by == guest {
				continue
			}
			h.attempt(by, operation, try)
			if unseen++; unseen >= few && !look(operation, try) {
				return true
			}
		}
	}
	return !look(operation, try)
}

func (h *accounts) attempt(by, operation string, try attempt) {
	h.t.Helper()
	body := strings.ReplaceAll(try.body, stranger, by)
	status, answer := h.call(by, operation, body)
	given := strings.Contains(body, classified)
	if strings.Contains(answer, classified) && !given {
		h.t.Errorf("%s %s tells what the owner keeps: %s", operation, body, answer)
	}
	if strings.Contains(try.body, "absent") && !strings.Contains(answer, "AccessDenied") {
		h.t.Errorf("%s %s tells that the owner has no such thing: %s", operation, body, answer)
	}
	switch {
	case try.own:
	case try.entries:
		if status != http.StatusOK || !strings.Contains(answer, `"FailedEntryCount":1`) || !strings.Contains(answer, "AccessDenied") {
			h.t.Errorf("%s %s: %d %s; want the entry refused", operation, body, status, answer)
		}
	case status < 400 || status >= 500:
		h.t.Errorf("%s %s: %d %s; want a refusal", operation, body, status, answer)
	}
}

// Whom a policy lets in gets in, and nowhere else.
func TestAGuestReachesWhatThePolicyNames(t *testing.T) {
	h := openAccounts(t, true)
	h.lure(guest)
	for operation, tries := range reaches {
		for _, try := range tries {
			if !try.guest {
				continue
			}
			status, answer := h.call(guest, operation, strings.ReplaceAll(try.body, stranger, guest))
			if status != http.StatusOK || try.entries && !strings.Contains(answer, `"FailedEntryCount":0`) {
				t.Errorf("%s %s: %d %s", operation, try.body, status, answer)
			}
		}
	}
}

// aims says, for every kind of target, how a rule of another account might reach
// the owner through it, and whether PutTargets already refuses it.
var aims = map[string]struct {
	target string
	code   string // of the delivery that fails; "" when PutTargets refuses it
}{
	"sqs":                    {`{"Id":"1","Arn":"{vaultARN}"}`, target.CodeNoResource},
	"lambda":                 {`{"Id":"1","Arn":"{function}"}`, target.CodeNoPermission},
	"logs":                   {`{"Id":"1","Arn":"{group}"}`, target.CodeNoResource},
	"codebuild":              {`{"Id":"1","Arn":"{project}","RoleArn":"arn:aws:iam::222222222222:role/r"}`, target.CodeNoPermission},
	"events/event-bus":       {`{"Id":"1","Arn":"{bus}","RoleArn":"arn:aws:iam::222222222222:role/r"}`, target.CodeNoPermission},
	"events/api-destination": {`{"Id":"1","Arn":"{destination}","RoleArn":"arn:aws:iam::222222222222:role/r"}`, ""},
}

// attack F6: neither what a rule sends nor what it could not send arrives where
// no policy lets the rule's account in.
func TestNoTargetReachesAnotherAccountUninvited(t *testing.T) {
	h := openAccounts(t, true)
	for kind := range h.app.sinks() {
		if _, ok := aims[kind]; !ok {
			t.Errorf("say in aims how a target of the kind %s might reach another account", kind)
		}
	}
	for kind := range aims {
		if _, ok := h.app.sinks()[kind]; !ok {
			t.Errorf("there are no targets of the kind %s", kind)
		}
	}
	h.lure(stranger)
	before := h.belongings()
	records, cancel := h.app.Feed().Subscribe()
	defer cancel()
	for kind, aim := range aims {
		t.Run(kind, func(t *testing.T) {
			status, answer := h.call(stranger, "events.PutTargets", `{"Rule":"lure","Targets":[`+aim.target+`]}`)
			if aim.code == "" {
				if status == http.StatusOK {
					t.Errorf("PutTargets took it: %s", answer)
				}
				return
			}
			if status != http.StatusOK {
				t.Fatalf("PutTargets: %d %s", status, answer)
			}
			h.wantRefusal(records, aim.code)
		})
	}
	t.Run("dead letters", func(t *testing.T) {
		h.must(stranger, "events.PutTargets", `{"Rule":"lure","Targets":[{"Id":"1","Arn":"arn:aws:sqs:us-east-1:222222222222:absent","DeadLetterConfig":{"Arn":"{morgueARN}"}}]}`)
		h.wantRefusal(records, target.CodeNoResource)
	})
	if diff := cmp.Diff(before, h.belongings()); diff != "" {
		t.Errorf("what the owner has is changed:\n%s", diff)
	}
	if n := h.called.Load(); n != 0 {
		t.Errorf("the owner's webhook was called %d times", n)
	}
}

// wantRefusal sends an event to the rule lure and waits until its delivery has
// failed for good and is kept here, because no queue took it.
func (h *accounts) wantRefusal(records <-chan watch.Record, code string) {
	h.t.Helper()
	h.must(stranger, "events.PutEvents", `{"Entries":[{"Source":"lure","DetailType":"d","Detail":"{}"}]}`)
	for r := range records {
		if r.Kind != watch.KindSettled {
			continue
		}
		if r.Outcome != watch.Dead || r.Code != code {
			h.t.Errorf("the delivery ended as %s, %s (%s); want %s, %s", r.Outcome, r.Code, r.Message, watch.Dead, code)
		}
		return
	}
}

// attack F6: what happens to an account's events is for that account to see, and
// what is about the whole server for that of -account.
func TestEventsAreShownToTheirAccountOnly(t *testing.T) {
	for _, keyed := range []bool{true, false} {
		t.Run(fmt.Sprintf("keys %t", keyed), func(t *testing.T) {
			h := openAccounts(t, keyed)
			h.must(owner, "events.PutRule", `{"Name":"broken","EventPattern":"{\"source\":[\"broken\"]}"}`)
			h.must(owner, "events.PutTargets", `{"Rule":"broken","Targets":[{"Id":"1","Arn":"arn:aws:sqs:us-east-1:111111111111:absent"}]}`)
			records, cancel := h.app.Feed().Subscribe()
			defer cancel()
			tails := map[string]*bufio.Scanner{}
			for _, account := range []string{owner, stranger} {
				tails[account] = h.tail(account)
			}
			h.must(owner, "events.PutEvents", `{"Entries":[{"Source":"broken","DetailType":"d","Detail":"{\"a\":\"classified\"}"}]}`)
			for r := range records {
				if r.Kind == watch.KindSettled {
					break
				}
			}
			// It is told before it can be read.
			for until := time.Now().Add(30 * time.Second); time.Now().Before(until); {
				if _, dead := h.send(owner, "dari", http.MethodGet, "/_dari/dead", "", http.Header{}); strings.Contains(dead, classified) {
					break
				}
			}
			h.must(stranger, "events.PutEvents", `{"Entries":[{"Source":"last","DetailType":"d","Detail":"{}"}]}`)
			for account, want := range map[string]bool{owner: true, stranger: false} {
				status, dead := h.send(account, "dari", http.MethodGet, "/_dari/dead", "", http.Header{})
				if got := strings.Contains(dead, classified); status != http.StatusOK || got != want {
					t.Errorf("the dead deliveries of %s: %d %s", account, status, dead)
				}
				for _, ofAll := range []string{"/_dari/metrics", "/_dari/doctor"} {
					if status, answer := h.send(account, "dari", http.MethodGet, ofAll, "", http.Header{}); status != http.StatusForbidden {
						t.Errorf("%s for %s: %d %s", ofAll, account, status, answer)
					}
				}
			}
			for tails[owner].Scan() {
				if strings.Contains(tails[owner].Text(), `"kind":"settled"`) {
					break
				}
			}
			if !tails[stranger].Scan() || !strings.Contains(tails[stranger].Text(), `"source":"last"`) {
				t.Errorf("the stranger's tail begins with %s", tails[stranger].Text())
			}
			if !keyed {
				if status, answer := h.send(stranger, "dari", http.MethodGet, "/_dari/metrics?account=000000000000", "", http.Header{}); status != http.StatusOK {
					t.Errorf("the metrics for the account of the server: %d %s", status, answer)
				}
			}
		})
	}
}

// tail opens the live tail of an account.
func (h *accounts) tail(account string) *bufio.Scanner {
	h.t.Helper()
	resp := h.open(account, "dari", http.MethodGet, "/_dari/tail", "", http.Header{})
	h.t.Cleanup(func() { resp.Body.Close() })
	if resp.StatusCode != http.StatusOK {
		h.t.Fatalf("the tail of %s: %s", account, resp.Status)
	}
	return bufio.NewScanner(resp.Body)
}
