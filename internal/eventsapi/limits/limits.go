// Package limits has the constraints on the members of EventBridge's inputs, as
// AWS's model of the service has them: a line for each, under the type and the
// member.
package limits

import (
	"maps"

	"github.com/dari-bus/dari/internal/wire"
)

// All returns the constraints of all inputs.
func All() wire.Limits {
	all := wire.Limits{}
	for _, l := range []wire.Limits{busLimits, ruleLimits, targetLimits, eventLimits, permissionLimits, tagLimits, connectionLimits, apiDestinationLimits} {
		maps.Copy(all, l)
	}
	return all
}

// The constraints that more than one member has, as AWS's model of the service
// names and spells them.
var (
	busName             = wire.Limit{Min: 1, Max: 256, Pattern: `[/\.\-_A-Za-z0-9]+`}
	nonPartnerBusName   = wire.Limit{Min: 1, Max: 256, Pattern: `[\.\-_A-Za-z0-9]+`}
	busNameOrARN        = wire.Limit{Min: 1, Max: 1600, Pattern: `(arn:aws[\w-]*:events:[a-z]+-[a-z]+-[\w-]+:[0-9]{12}:event-bus\/)?[/\.\-_A-Za-z0-9]+`}
	nonPartnerNameOrARN = wire.Limit{Min: 1, Max: 1600, Pattern: `(arn:aws[\w-]*:events:[a-z]+-[a-z]+-[\w-]+:[0-9]{12}:event-bus\/)?[\.\-_A-Za-z0-9]+`}
	eventSourceName     = wire.Limit{Min: 1, Max: 256, Pattern: `aws\.partner(/[\.\-_A-Za-z0-9]+){2,}`}
	ruleName            = wire.Limit{Min: 1, Max: 64, Pattern: `[\.\-_A-Za-z0-9]+`}
	targetID            = wire.Limit{Min: 1, Max: 64, Pattern: `[\.\-_A-Za-z0-9]+`}
	statementID         = wire.Limit{Min: 1, Max: 64, Pattern: `[a-zA-Z0-9-_]+`}
	kmsKey              = wire.Limit{Max: 2048, Pattern: `^[a-zA-Z0-9_\-/:]*$`}
	anARN               = wire.Limit{Min: 1, Max: 1600}
	description         = wire.Limit{Max: 512}
	eventPattern        = wire.Limit{Max: 4096}
	nextToken           = wire.Limit{Min: 1, Max: 2048}
	pageSize            = wire.Limit{Min: 1, Max: 100}
	tagKey              = wire.Limit{Min: 1, Max: 128}
	headerKey           = wire.Limit{Max: 512, Pattern: "^[!#$%&'*+-.^_`|~0-9a-zA-Z]+$"}
	headerValue         = wire.Limit{Max: 512, Pattern: `^[ \t]*[\x20-\x7E]+([ \t]+[\x20-\x7E]+)*[ \t]*$`}
	queryKey            = wire.Limit{Max: 512, Pattern: `[^\x00-\x1F\x7F]+`}
	queryValue          = wire.Limit{Max: 512, Pattern: `[^\x00-\x09\x0B\x0C\x0E-\x1F\x7F]+`}
)

// present asks for no more than that a member is there.
var present = wire.Limit{Required: true}

// required returns l for a member that must not be null.
func required(l wire.Limit) wire.Limit {
	l.Required = true
	return l
}

var busLimits = wire.Limits{
	"CreateEventBusInput.Name":             required(busName),
	"CreateEventBusInput.EventSourceName":  eventSourceName,
	"CreateEventBusInput.Description":      description,
	"CreateEventBusInput.KmsKeyIdentifier": kmsKey,
	"DeleteEventBusInput.Name":             required(busName),
	"DescribeEventBusInput.Name":           busNameOrARN,
	"ListEventBusesInput.NamePrefix":       busName,
	"ListEventBusesInput.NextToken":        nextToken,
	"ListEventBusesInput.Limit":            pageSize,
	"UpdateEventBusInput.Name":             busName,
	"UpdateEventBusInput.KmsKeyIdentifier": kmsKey,
	"UpdateEventBusInput.Description":      description,
	"DeadLetterConfig.Arn":                 anARN,
	"LogConfig.IncludeDetail":              {Enum: []string{"NONE", "FULL"}},
	"LogConfig.Level":                      {Enum: []string{"OFF", "ERROR", "INFO", "TRACE"}},
}

var ruleLimits = wire.Limits{
	"DeleteRuleInput.Name":                    required(ruleName),
	"DeleteRuleInput.EventBusName":            busNameOrARN,
	"DescribeRuleInput.Name":                  required(ruleName),
	"DescribeRuleInput.EventBusName":          busNameOrARN,
	"DisableRuleInput.Name":                   required(ruleName),
	"DisableRuleInput.EventBusName":           busNameOrARN,
	"EnableRuleInput.Name":                    required(ruleName),
	"EnableRuleInput.EventBusName":            busNameOrARN,
	"ListRuleNamesByTargetInput.TargetArn":    required(anARN),
	"ListRuleNamesByTargetInput.EventBusName": busNameOrARN,
	"ListRuleNamesByTargetInput.NextToken":    nextToken,
	"ListRuleNamesByTargetInput.Limit":        pageSize,
	"ListRulesInput.NamePrefix":               ruleName,
	"ListRulesInput.EventBusName":             busNameOrARN,
	"ListRulesInput.NextToken":                nextToken,
	"ListRulesInput.Limit":                    pageSize,
	"PutRuleInput.Name":                       required(ruleName),
	"PutRuleInput.ScheduleExpression":         {Max: 256},
	"PutRuleInput.EventPattern":               eventPattern,
	"PutRuleInput.State":                      {Enum: []string{"ENABLED", "DISABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"}},
	"PutRuleInput.Description":                description,
	"PutRuleInput.RoleArn":                    anARN,
	"PutRuleInput.EventBusName":               busNameOrARN,
}

var eventLimits = wire.Limits{
	"PutEventsInput.Entries":             {Required: true, Min: 1, Max: 10},
	"PutEventsInput.EndpointId":          {Min: 1, Max: 50, Pattern: `^[A-Za-z0-9\-]+[\.][A-Za-z0-9\-]+$`},
	"PutEventsRequestEntry.Resources":    {Each: &wire.Limit{Max: 2048}},
	"PutEventsRequestEntry.EventBusName": nonPartnerNameOrARN,
	"PutEventsRequestEntry.TraceHeader":  {Min: 1, Max: 500},
	"TestEventPatternInput.EventPattern": required(eventPattern),
	"TestEventPatternInput.Event":        present,
}

var permissionLimits = wire.Limits{
	"PutPermissionInput.EventBusName":    nonPartnerBusName,
	"PutPermissionInput.Action":          {Min: 1, Max: 64, Pattern: `events:[a-zA-Z]+`},
	"PutPermissionInput.Principal":       {Min: 1, Max: 12, Pattern: `(\d{12}|\*)`},
	"PutPermissionInput.StatementId":     statementID,
	"RemovePermissionInput.StatementId":  statementID,
	"RemovePermissionInput.EventBusName": nonPartnerBusName,
	"Condition.Type":                     present,
	"Condition.Key":                      present,
	"Condition.Value":                    present,
}

var tagLimits = wire.Limits{
	"ListTagsForResourceInput.ResourceARN": required(anARN),
	"TagResourceInput.ResourceARN":         required(anARN),
	"TagResourceInput.Tags":                present,
	"UntagResourceInput.ResourceARN":       required(anARN),
	"UntagResourceInput.TagKeys":           {Required: true, Each: &tagKey},
	"Tag.Key":                              required(tagKey),
	"Tag.Value":                            {Required: true, HasMin: true, Max: 256},
}
