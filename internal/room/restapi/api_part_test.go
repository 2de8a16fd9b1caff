package restapi

import (
	"fmt"
	"strings"
	"testing"
)

func TestModelsAreNamedByMethods(t *testing.T) {
	d := openDoor(t)
	d.make()
	const all = "/restapis/{api}/models"
	if rows := d.must("GET "+all, "")["item"].([]any); len(rows) != 2 {
		t.Errorf("a new API has the models %v", rows)
	}
	d.wrong("POST "+all, `{"name":"","contentType":"application/json","schema":"{}"}`, "BadRequestException", "Model name must be non-empty")
	d.wrong("POST "+all, `{"name":"Pet","contentType":"application/json"}`, "BadRequestException", "Model schema must have at least 1 property or array items defined")
	d.wrong("POST /restapis/none/models", `{"name":"Pet","contentType":"application/json","schema":"{}"}`, "NotFoundException", "Invalid API identifier specified 210987654321:none")
	pet := d.must("POST "+all, `{"name":"Pet","contentType":"application/json","schema":"{\"type\":\"object\"}"}`)
	d.names = append(d.names, "{m}", pet["id"].(string))
	d.differs(pet, `{"id":"{m}","name":"Pet","contentType":"application/json","schema":"{\"type\":\"object\"}"}`)
	d.wrong("POST "+all, `{"name":"Pet","contentType":"application/json","schema":"{}"}`, "ConflictException", "Model name already exists for this REST API")
	d.must("PATCH "+theMethod, change("add /requestModels/application~1json Pet"))
	d.wrong("DELETE "+all+"/Pet", "", "ConflictException", "Cannot delete model 'Pet', is referenced in method request: //GET")
	d.wrong("PATCH "+all+"/Pet", change("replace /name x"), "BadRequestException", "Invalid patch path  '/name' specified for op 'replace'. Must be one of: [/description, /schema]")
	d.wrong("PATCH "+all+"/Pet", change("replace /schema "), "BadRequestException", "Model schema must have at least 1 property or array items defined")
	d.must("PATCH "+theMethod, change("remove /requestModels/application~1json"))
	d.must("DELETE "+all+"/Pet", "")
	d.wrong("GET "+all+"/Pet", "", "NotFoundException", "Invalid model name specified: Pet")
}

// An API that is too large could not be deployed.
func TestModelsCountInTheSizeOfAnAPI(t *testing.T) {
	d := openDoor(t)
	d.make()
	for n := range 15 {
		d.must("POST /restapis/{api}/models", largeModel(n))
	}
	d.wrong("POST /restapis/{api}/models", largeModel(15), "LimitExceededException", "The API would have more than 6 MiB in all: make its templates and schemas shorter.")
	d.must("DELETE /restapis/{api}/models/M0", "")
	d.must("POST /restapis/{api}/models", largeModel(15))
}

// largeModel is a model whose schema is as long as it may be.
func largeModel(n int) string {
	return fmt.Sprintf(`{"name":"M%d","contentType":"text/plain","schema":"%s"}`, n, strings.Repeat("x", 400<<10))
}

func TestRequestValidatorsAreNamedByMethods(t *testing.T) {
	d := openDoor(t)
	d.make()
	const all = "/restapis/{api}/requestvalidators"
	d.wrong("POST /restapis/none/requestvalidators", `{"name":"v"}`, "BadRequestException", "Invalid REST API identifier specified")
	v := d.must("POST "+all, `{"name":"v","validateRequestBody":true}`)
	d.names = append(d.names, "{v}", v["id"].(string))
	d.differs(v, `{"id":"{v}","name":"v","validateRequestBody":true,"validateRequestParameters":false}`)
	d.must("PATCH "+all+"/{v}", change("replace /validateRequestParameters true"))
	for operation, want := range map[string]string{
		"add /validateRequestBody true": "Invalid patch path  '/validateRequestBody' specified for op 'add'. Please choose supported operations",
		"replace /invalidPath x":        "Invalid patch path  '/invalidPath' specified for op 'replace'. Must be one of: [/name, /validateRequestParameters, /validateRequestBody]",
		"replace /name ":                "Request Validator name cannot be blank",
	} {
		d.wrong("PATCH "+all+"/{v}", change(operation), "BadRequestException", want)
	}
	d.must("PATCH "+theMethod, change("replace /requestValidatorId {v}"))
	if status, answer := d.call("DELETE "+all+"/{v}", ""); status != 409 || !strings.Contains(answer, "is referenced in method request: //GET") {
		t.Errorf("%d %s", status, answer)
	}
	d.must("DELETE "+theMethod, "")
	d.must("DELETE "+all+"/{v}", "")
	d.wrong("GET "+all+"/{v}", "", "NotFoundException", "Invalid Request Validator identifier specified")
}

func TestAuthorizersAreNamedByMethods(t *testing.T) {
	d := openDoor(t)
	d.make()
	const (
		all  = "/restapis/{api}/authorizers"
		uri  = "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-central-1:210987654321:function:ask/invocations"
		body = `{"name":"ask","type":"TOKEN","authorizerUri":"` + uri + `","identitySource":"method.request.header.Authorization"}`
	)
	d.wrong("POST /restapis/none/authorizers", body, "ConflictException", "Unable to complete operation due to concurrent modification. Please try again later.")
	d.wrong("POST "+all, strings.Replace(body, "TOKEN", "COGNITO_USER_POOLS", 1), "BadRequestException", "dari does not offer authorizers of the type COGNITO_USER_POOLS: there are no user pools; TOKEN and REQUEST are offered.")
	d.wrong("POST "+all, strings.Replace(body, uri, "nope", 1), "BadRequestException", "Invalid Authorizer URI: nope. Authorizer URI should be a valid API Gateway ARN that represents a Lambda function invocation.")
	made := d.must("POST "+all, body)
	d.names = append(d.names, "{a}", made["id"].(string))
	d.differs(made, `{"id":"{a}","name":"ask","type":"TOKEN","authorizerUri":"`+uri+`","identitySource":"method.request.header.Authorization","authorizerResultTtlInSeconds":300}`)
	d.must("PATCH "+all+"/{a}", change("replace /authorizerResultTtlInSeconds 0"))
	d.wrong("PATCH "+theMethod, change("replace /authorizationType CUSTOM", "replace /authorizerId none"), "BadRequestException",
		"Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a valid authorizer.")
	d.must("PATCH "+theMethod, change("replace /authorizationType CUSTOM", "replace /authorizerId {a}"))
	if status, answer := d.call("DELETE "+all+"/{a}", ""); status != 409 {
		t.Errorf("%d %s", status, answer)
	}
}

// rooms-ahead R8.
func TestGatewayResponsesAreThoseOfAWSUntilTheyAreSet(t *testing.T) {
	d := openDoor(t)
	d.make()
	const (
		all   = "/restapis/{api}/gatewayresponses"
		one   = all + "/MISSING_AUTHENTICATION_TOKEN"
		usual = `{"responseType":"MISSING_AUTHENTICATION_TOKEN","statusCode":"403","responseParameters":{},"responseTemplates":{"application/json":"{\"message\":$context.error.messageString}"},"defaultResponse":true}`
	)
	d.differs(d.must("GET "+one, ""), usual)
	d.wrong("DELETE "+one, "", "NotFoundException", "Gateway response type not defined on api")
	d.wrong("DELETE /restapis/none/gatewayresponses/THROTTLED", "", "NotFoundException", "Invalid API identifier specified 210987654321:none")
	d.wrong("GET "+all+"/FAKE_RESPONSE_TYPE", "", "ValidationException", "1 validation error detected: Value 'FAKE_RESPONSE_TYPE' at 'responseType' failed to satisfy constraint: Member must satisfy enum value set: "+
		"[REQUEST_TOO_LARGE, RESOURCE_NOT_FOUND, AUTHORIZER_CONFIGURATION_ERROR, MISSING_AUTHENTICATION_TOKEN, BAD_REQUEST_BODY, INVALID_SIGNATURE, INVALID_API_KEY, BAD_REQUEST_PARAMETERS, AUTHORIZER_FAILURE, "+
		"UNAUTHORIZED, INTEGRATION_TIMEOUT, ACCESS_DENIED, DEFAULT_4XX, DEFAULT_5XX, WAF_FILTERED, QUOTA_EXCEEDED, THROTTLED, API_CONFIGURATION_ERROR, UNSUPPORTED_MEDIA_TYPE, INTEGRATION_FAILURE, EXPIRED_TOKEN]")
	d.differs(d.must("PUT "+one, `{"statusCode":"404"}`), strings.NewReplacer("403", "404", "true", "false").Replace(usual))
	d.must("PATCH "+one, change("add /responseTemplates/application~1xml <a/>", "replace /statusCode 444"))
	for operation, want := range map[string]string{
		"add /statusCode 444":                      "Invalid patch path /statusCode",
		"remove /statusCode":                       "Invalid patch path /statusCode",
		"add /wrongPath x":                         "Invalid patch path /wrongPath",
		"replace /responseTemplates/a~1b ":         "Invalid null or empty value in responseTemplates",
		"add /responseParameters/not.a.header 'x'": "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression specified: not.a.header]",
	} {
		d.wrong("PATCH "+one, change(operation), "BadRequestException", want)
	}
	d.must("DELETE "+one, "")
	d.differs(d.must("GET "+one, ""), usual)

	// A family shapes all that nobody has set; without a status, each keeps its own.
	d.must("PUT "+all+"/DEFAULT_4XX", `{"responseParameters":{"gatewayresponse.header.x":"'y'"}}`)
	d.differs(d.must("GET "+one, ""), strings.Replace(usual, `"responseParameters":{}`, `"responseParameters":{"gatewayresponse.header.x":"'y'"}`, 1))
	if rows := d.must("GET "+all, "")["item"].([]any); len(rows) != 21 {
		t.Errorf("there are %d", len(rows))
	}
}
