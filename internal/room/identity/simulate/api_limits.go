package simulate

import (
	"github.com/dari-bus/dari/internal/room/identity/spell"
	"github.com/dari-bus/dari/internal/wire"
)

var (
	policyList   = wire.Limit{Each: &spell.Document}
	resourceName = wire.Limit{Min: 1, Max: 2048}
	actionName   = wire.Limit{Min: 3, Max: 128}
	contextType  = wire.Limit{Enum: []string{
		"string", "stringList", "numeric", "numericList", "boolean", "booleanList", "ip", "ipList", "binary", "binaryList", "date", "dateList",
	}}
)

// Limits are the constraints of the inputs.
var Limits = wire.Limits{
	"Asked.ActionNames":                                     spell.Required(wire.Limit{Each: &actionName}),
	"Asked.CallerArn":                                       resourceName,
	"Asked.PermissionsBoundaryPolicyInputList":              policyList,
	"Asked.ResourceArns":                                    {Each: &resourceName},
	"Asked.ResourceHandlingOption":                          {Min: 1, Max: 64},
	"Asked.ResourceOwner":                                   resourceName,
	"Asked.ResourcePolicy":                                  spell.Document,
	"ContextEntry.ContextKeyName":                           {Min: 5, Max: 256},
	"ContextEntry.ContextKeyType":                           contextType,
	"GetContextKeysForCustomPolicyInput.PolicyInputList":    spell.Required(policyList),
	"GetContextKeysForPrincipalPolicyInput.PolicyInputList": policyList,
	"GetContextKeysForPrincipalPolicyInput.PolicySourceArn": spell.Required(spell.ARN),
	"SimulateCustomPolicyInput.PolicyInputList":             spell.Required(policyList),
	"SimulatePrincipalPolicyInput.PolicyInputList":          policyList,
	"SimulatePrincipalPolicyInput.PolicySourceArn":          spell.Required(spell.ARN),
}
