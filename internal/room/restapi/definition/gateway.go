package definition

import (
	"maps"
	"regexp"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/restapi/patch"
)

// A GatewayResponse is what an API answers itself, where no integration does.
type GatewayResponse struct {
	Weighed
	Type string
	// Status is "" for that of the type.
	Status string `json:",omitempty"`
	// Parameters are expressions by what they are mapped to, such as
	// "gatewayresponse.header.X".
	Parameters map[string]string `json:",omitempty"`
	// Templates are by media type; none is the usual one.
	Templates map[string]string `json:",omitempty"`
}

// ResponseTypes are those of gateway responses, in AWS's order.
var ResponseTypes = []string{
	"REQUEST_TOO_LARGE", "RESOURCE_NOT_FOUND", "AUTHORIZER_CONFIGURATION_ERROR", "MISSING_AUTHENTICATION_TOKEN", "BAD_REQUEST_BODY", "INVALID_SIGNATURE",
	"INVALID_API_KEY", "BAD_REQUEST_PARAMETERS", "AUTHORIZER_FAILURE", "UNAUTHORIZED", "INTEGRATION_TIMEOUT", "ACCESS_DENIED", "DEFAULT_4XX", "DEFAULT_5XX",
	"WAF_FILTERED", "QUOTA_EXCEEDED", "THROTTLED", "API_CONFIGURATION_ERROR", "UNSUPPORTED_MEDIA_TYPE", "INTEGRATION_FAILURE", "EXPIRED_TOKEN",
}

// usualStatus is that of each type but the two families.
var usualStatus = map[string]string{
	"ACCESS_DENIED": "403", "API_CONFIGURATION_ERROR": "500", "AUTHORIZER_CONFIGURATION_ERROR": "500", "AUTHORIZER_FAILURE": "500", "BAD_REQUEST_BODY": "400",
	"BAD_REQUEST_PARAMETERS": "400", "EXPIRED_TOKEN": "403", "INTEGRATION_FAILURE": "504", "INTEGRATION_TIMEOUT": "504", "INVALID_API_KEY": "403",
	"INVALID_SIGNATURE": "403", "MISSING_AUTHENTICATION_TOKEN": "403", "QUOTA_EXCEEDED": "429", "REQUEST_TOO_LARGE": "413", "RESOURCE_NOT_FOUND": "404",
	"THROTTLED": "429", "UNAUTHORIZED": "401", "UNSUPPORTED_MEDIA_TYPE": "415", "WAF_FILTERED": "403",
}

// Responses are the gateway responses that were set, by their types.
type Responses map[string]*GatewayResponse

// Of returns the response of a type: the one that was set, else what its family is, else
// the usual one. set says that it was set itself.
func (r Responses) Of(kind string) (g GatewayResponse, set bool) {
	family := "DEFAULT_4XX"
	if usualStatus[kind] >= "500" {
		family = "DEFAULT_5XX"
	}
	own, set := r[kind]
	if own == nil {
		own = r[family]
	}
	if own != nil {
		g = *own
	}
	g.Type = kind
	if g.Status == "" {
		g.Status = usualStatus[kind]
	}
	if len(g.Templates) == 0 {
		g.Templates = map[string]string{"application/json": `{"message":$context.error.messageString}`}
	}
	return g, set
}

var gatewayStatus = regexp.MustCompile(`\A[1-5]\d\d\z`)

// Check says what is wrong with a gateway response, beside its mapping expressions:
// [CheckGatewayMappings].
func (g *GatewayResponse) Check() error {
	if g.Status != "" && !gatewayStatus.MatchString(g.Status) {
		return fault.Invalid("Invalid status code specified: %.20q", g.Status)
	}
	return checkTemplates(g.Templates)
}

// Change makes changes in a gateway response, whose maps it leaves as they are.
func (g *GatewayResponse) Change(ops []patch.Operation) error {
	g.Parameters, g.Templates = maps.Clone(g.Parameters), maps.Clone(g.Templates)
	if err := gatewayRules.Apply(g, ops); err != nil {
		return err
	}
	return g.Check()
}

var gatewayRules = patch.Set[GatewayResponse]{PathOnly: true, Rules: []patch.Rule[GatewayResponse]{
	{Path: "/statusCode", Do: func(g *GatewayResponse, _ string, o *patch.Operation) error { g.Status = o.Text(); return nil }},
	{Path: "/responseParameters/*", Ops: patch.Any, Do: func(g *GatewayResponse, name string, o *patch.Operation) error {
		if !o.Removes() && o.Text() == "" {
			return fault.Invalid("Invalid null or empty value in responseParameters")
		}
		return setIn(&g.Parameters, name, o, o.Text(), errNoParameter)
	}},
	{Path: "/responseTemplates/*", Ops: patch.Any, Do: func(g *GatewayResponse, name string, o *patch.Operation) error {
		if !o.Removes() && o.Text() == "" {
			return fault.Invalid("Invalid null or empty value in responseTemplates")
		}
		return setIn(&g.Templates, name, o, o.Text(), errNoType)
	}},
}}
