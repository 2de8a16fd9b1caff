package restapi

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const theStage = "/restapis/{api}/stages/prod"

const plainStage = `{"deploymentId":"{d}","stageName":"prod","cacheClusterEnabled":false,"cacheClusterStatus":"NOT_AVAILABLE","methodSettings":{},"tracingEnabled":false}`

func TestAStageIsAsAWSAnswersIt(t *testing.T) {
	d := openDoor(t)
	d.make()
	d.differs(d.must("GET "+theStage, ""), plainStage)
	d.wrong("POST /restapis/{api}/stages", `{"stageName":"prod","deploymentId":"{d}"}`, "ConflictException", "Stage already exists")
	d.wrong("POST /restapis/{api}/stages", `{"stageName":"new","deploymentId":"none"}`, "BadRequestException", "Deployment id does not exist")
	d.wrong("GET /restapis/{api}/stages/none", "", "NotFoundException", "Invalid Stage identifier specified")
	d.wrong("GET /restapis/none/stages", "", "NotFoundException", "Invalid API identifier specified 210987654321:none")
	second := d.must("POST /restapis/{api}/deployments", `{"stageName":"test","variables":{"v":"1"}}`)["id"].(string)
	rows := d.must("GET /restapis/{api}/stages?deploymentId="+second, "")["item"].([]any)
	if len(rows) != 1 || rows[0].(map[string]any)["stageName"] != "test" {
		t.Errorf("the stages of the second deployment are %v", rows)
	}
}

// The article's changes: all of a stage's logging at once.
func TestTheLoggingOfAStageIsSwitchedOn(t *testing.T) {
	d := openDoor(t)
	d.make()
	const (
		group  = "arn:aws:logs:eu-central-1:210987654321:log-group:/aws/apigateway/x/prod"
		format = `{"requestId":"$context.requestId","ip":"$context.identity.sourceIp"}`
	)
	on := change("replace /*/*/logging/loglevel INFO", "replace /*/*/logging/dataTrace false", "replace /*/*/metrics/enabled true",
		"replace /accessLogSettings/destinationArn "+group, "replace /accessLogSettings/format "+format)
	// rooms-ahead R26.
	d.wrong("PATCH "+theStage, on, "BadRequestException", "CloudWatch Logs role ARN must be set in account settings to enable logging")
	d.wrong("PATCH "+theStage, change("replace /*/*/logging/loglevel ERROR"), "BadRequestException", "CloudWatch Logs role ARN must be set in account settings to enable logging")
	d.wrong("PATCH "+theStage, change("replace /accessLogSettings/destinationArn "+group), "BadRequestException", "CloudWatch Logs role ARN must be set in account settings to enable logging")
	d.must("PATCH "+theStage, change("replace /*/*/logging/loglevel OFF", "replace /*/*/metrics/enabled true", "remove /*/*"))
	d.differs(d.must("GET "+theStage, ""), plainStage)

	d.must("PATCH /account", change("replace /cloudwatchRoleArn arn:aws:iam::210987654321:role/logs"))
	stage := d.must("PATCH "+theStage, on)
	d.differs(stage, `{"deploymentId":"{d}","stageName":"prod","cacheClusterEnabled":false,"cacheClusterStatus":"NOT_AVAILABLE","tracingEnabled":false,
		"methodSettings":{"*/*":{"metricsEnabled":true,"loggingLevel":"INFO","dataTraceEnabled":false,"throttlingBurstLimit":5000,"throttlingRateLimit":10000,
		"cachingEnabled":false,"cacheTtlInSeconds":300,"cacheDataEncrypted":false,"requireAuthorizationForCacheControl":true,"unauthorizedCacheControlHeaderStrategy":"SUCCEED_WITH_RESPONSE_HEADER"}},
		"accessLogSettings":{"destinationArn":"`+group+`","format":"{\"requestId\":\"$context.requestId\",\"ip\":\"$context.identity.sourceIp\"}"}}`)
	d.reopen()
	again := d.must("GET "+theStage, "")
	delete(again, "createdDate")
	delete(again, "lastUpdatedDate")
	if diff := cmp.Diff(stage, again); diff != "" {
		t.Errorf("after a restart:\n%s", diff)
	}
	// As DescribeLogGroups prints it.
	d.must("PATCH "+theStage, change("add /accessLogSettings/destinationArn "+group+":*"))
	if at := d.must("GET "+theStage, "")["accessLogSettings"].(map[string]any)["destinationArn"]; at != group {
		t.Errorf("the destination is %v", at)
	}
}

func TestChangesOfAStageAreMadeAllOrNone(t *testing.T) {
	d := openDoor(t)
	d.make()
	d.wrong("PATCH "+theStage, change("replace /description new", "replace /variables/v 1", "replace /nothing x"), "BadRequestException", "Invalid method setting path: /nothing. Must be one of: "+allPaths)
	d.differs(d.must("GET "+theStage, ""), plainStage)
}

// allPaths is AWS's list, with what it lacks of commas.
const allPaths = "[/deploymentId, /description, /cacheClusterEnabled, /cacheClusterSize, /clientCertificateId, /accessLogSettings, /accessLogSettings/destinationArn, /accessLogSettings/format, /{resourcePath}/{httpMethod}/metrics/enabled, /{resourcePath}/{httpMethod}/logging/dataTrace, /{resourcePath}/{httpMethod}/logging/loglevel, /{resourcePath}/{httpMethod}/throttling/burstLimit/{resourcePath}/{httpMethod}/throttling/rateLimit/{resourcePath}/{httpMethod}/caching/ttlInSeconds, /{resourcePath}/{httpMethod}/caching/enabled, /{resourcePath}/{httpMethod}/caching/dataEncrypted, /{resourcePath}/{httpMethod}/caching/requireAuthorizationForCacheControl, /{resourcePath}/{httpMethod}/caching/unauthorizedCacheControlHeaderStrategy, /*/*/metrics/enabled, /*/*/logging/dataTrace, /*/*/logging/loglevel, /*/*/throttling/burstLimit /*/*/throttling/rateLimit /*/*/caching/ttlInSeconds, /*/*/caching/enabled, /*/*/caching/dataEncrypted, /*/*/caching/requireAuthorizationForCacheControl, /*/*/caching/unauthorizedCacheControlHeaderStrategy, /variables/{variable_name}, /tracingEnabled]"

func TestWhatAStageRefusesIsRefusedInAWSsWords(t *testing.T) {
	d := openDoor(t)
	d.make()
	d.must("PATCH /account", change("replace /cloudwatchRoleArn arn:aws:iam::210987654321:role/logs"))
	const (
		twoPaths = "Invalid accessLogSettings path. Must be one of : [/accessLogSettings/destinationArn, /accessLogSettings/format]"
		noSuch   = " because there is no method setting for this method "
		needsID  = "Access Log format must be single line, and must contain at least $context.requestId or $context.extendedRequestId"
	)
	for operation, want := range map[string]string{
		// rooms-ahead R22.
		"remove /*/*":                              "Cannot remove method setting */*" + noSuch,
		"replace /tags/t x":                        "Invalid method setting path: /tags/t. Must be one of: " + allPaths,
		"replace /a/b/metrics/enabled true":        "Invalid method setting path: /a/b/metrics/enabled. Must be one of: " + allPaths,
		"add /accessLogSettings x":                 twoPaths,
		"replace /accessLogSettings/other x":       twoPaths,
		"remove /accessLogSettings/destinationArn": "Cannot remove method setting accessLogSettings/destinationArn" + noSuch,
		"replace /accessLogSettings/format ":       "Access Log value must not be empty",
		"add /accessLogSettings/destinationArn x":  "Invalid ARN. ARN is not well formed x",
		"move /description x":                      "Invalid patch operation specified. Must be 'add'|'remove'|'replace'",
		"remove /variables/none":                   "Cannot remove method setting variables/none" + noSuch,
		"replace /variables/a/b 1":                 "Invalid method setting path: /variables/a/b. Must be one of: " + allPaths,
		"replace /variables 1":                     "Invalid method setting path: /variables. Must be one of: " + allPaths,
		// rooms-ahead R23.
		"replace /canarySettings/stageVariableOverridesX 1": "Invalid method setting path: /canarySettings/stageVariableOverridesX. Must be one of: " + allPaths,
		"remove /canarySettings/badPath":                    "Cannot remove method setting canarySettings/badPath" + noSuch,
		"replace /canarySettings x":                         "Invalid method setting path: /canarySettings. Must be one of: " + allPaths,
		"add /canarySettings/deploymentId {d}":              "Invalid add operation with path: /canarySettings/deploymentId",
		"replace /canarySettings/deploymentId no":           "Deployment id does not exist",
		"copy /deploymentId /canarySettings/deploymentId":   "Promotion not available. Canary does not exist.",
		"copy /canarySettings/stageVariableOverrides /variables": "Invalid copy operation with path: /canarySettings/stageVariableOverrides and from /variables. " +
			"Valid copy:path are [/deploymentId, /variables] and valid copy:from are [/canarySettings/deploymentId, /canarySettings/stageVariableOverrides]",
		// rooms-ahead R25.
		"replace /accessLogSettings/format $context.requestId\n$context.path\n$context.status":                     "Access Log format must be single line, new line character is allowed only at end of the format",
		"replace /accessLogSettings/format $context.path":                                                          needsID,
		"replace /accessLogSettings/format $context.requestIdentity":                                               needsID,
		"replace pets/x/GET/metrics/enabled true":                                                                  "Invalid method setting path: pets/x/GET/metrics/enabled. Must be one of: " + allPaths,
		"replace /accessLogSettings/destinationArn arn:aws:firehose:eu-central-1:210987654321:deliverystream/logs": "Invalid ARN specified in the request. The name of the stream arn:aws:firehose:eu-central-1:210987654321:deliverystream/logs must begin with amazon-apigateway-",
	} {
		d.wrong("PATCH "+theStage, change(operation), "BadRequestException", want)
	}
	d.wrong("PATCH "+theStage, change("remov /description"), "ValidationException",
		"1 validation error detected: Value 'remov' at 'updateStageInput.patchOperations.1.member.op' failed to satisfy constraint: Member must satisfy enum value set: [add, remove, move, test, replace, copy]")
	d.must("PATCH "+theStage, change("replace /accessLogSettings/format $context.requestId\n", "remove /accessLogSettings"))
	d.differs(d.must("GET "+theStage, ""), plainStage)
}

// rooms-ahead R22.
func TestSettingsOfMethodsGoWithTheirName(t *testing.T) {
	d := openDoor(t)
	d.make()
	stage := d.must("PATCH "+theStage, change("replace /*/*/caching/enabled true", "replace /*/*/throttling/burstLimit 123", "replace /test/GET/throttling/burstLimit 124"))
	want := `{"metricsEnabled":false,"dataTraceEnabled":false,"throttlingBurstLimit":%,"throttlingRateLimit":10000,"cachingEnabled":true,"cacheTtlInSeconds":300,` +
		`"cacheDataEncrypted":false,"requireAuthorizationForCacheControl":true,"unauthorizedCacheControlHeaderStrategy":"SUCCEED_WITH_RESPONSE_HEADER"}`
	settings := stage["methodSettings"].(map[string]any)
	for name, burst := range map[string]string{"*/*": "123", "test/GET": "124"} {
		var w any
		if err := json.Unmarshal([]byte(strings.Replace(want, "%", burst, 1)), &w); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(w, settings[name]); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
	d.must("PATCH "+theStage, change("remove /*/*", "remove /test/GET"))
	d.differs(d.must("GET "+theStage, ""), plainStage)
}

// rooms-ahead R23.
func TestACanaryIsPromoted(t *testing.T) {
	d := openDoor(t)
	d.make()
	d.wrong("POST /restapis/{api}/deployments", `{"canarySettings":{"percentTraffic":50}}`, "BadRequestException",
		"Invalid deployment content specified.Non null and non empty stageName must be provided for canary deployment. Provided value is null")
	d.wrong("POST /restapis/{api}/deployments", `{"stageName":"non-existing","canarySettings":{"percentTraffic":50}}`, "BadRequestException",
		"Invalid deployment content specified.Stage non-existing must already be created before making a canary release deployment")
	d.must("PATCH "+theStage, change("replace /variables/testVar test", "replace /variables/testVar2 test2"))
	second := d.must("POST /restapis/{api}/deployments", `{"stageName":"prod","canarySettings":{"percentTraffic":50,"stageVariableOverrides":{"testVar":"override"}}}`)
	d.names = append(d.names, "{d2}", second["id"].(string))
	stage := d.must("PATCH "+theStage, change("replace /canarySettings/percentTraffic 0.0", "copy /deploymentId /canarySettings/deploymentId", "copy /variables /canarySettings/stageVariableOverrides"))
	d.differs(stage, `{"deploymentId":"{d2}","stageName":"prod","cacheClusterEnabled":false,"cacheClusterStatus":"NOT_AVAILABLE","methodSettings":{},"tracingEnabled":false,
		"variables":{"testVar":"override","testVar2":"test2"},"canarySettings":{"deploymentId":"{d2}","percentTraffic":0,"useStageCache":false,"stageVariableOverrides":{"testVar":"override"}}}`)
	d.must("PATCH "+theStage, change("remove /canarySettings"))
	d.must("DELETE /restapis/{api}/deployments/{d}", "")
}

// rooms-ahead R28.
func TestADeploymentThatIsServedIsNotDeleted(t *testing.T) {
	d := openDoor(t)
	d.make()
	d.wrong("DELETE /restapis/{api}/deployments/{d}", "", "BadRequestException", "Active stages pointing to this deployment must be moved or deleted")
	d.must("POST /restapis/{api}/deployments", `{"stageName":"prod"}`)
	if status, answer := d.call("DELETE /restapis/{api}/deployments/{d}", ""); status != 202 {
		t.Errorf("%d %s", status, answer)
	}
	d.wrong("DELETE /restapis/{api}/deployments/{d}", "", "NotFoundException", "Invalid Deployment identifier specified")
}
