package eventsapi

import (
	"fmt"
	"testing"
)

const ruleARN = "arn:aws:events:eu-central-1:123456789012:rule/"

func TestRuleLifeOnTheWire(t *testing.T) {
	h := openHouse(t)
	h.want("CreateEventBus", `{"Name":"b"}`, `{"EventBusArn":"`+busARN+`b"}`)
	h.want("PutRule", `{"Name":"r","EventBusName":"`+busARN+`b","EventPattern":" {\"source\": [\"a\"]}\n"}`, `{"RuleArn":"`+ruleARN+`b/r"}`)
	h.want("DescribeRule", `{"Name":"r","EventBusName":"b"}`,
		`{"Name":"r","Arn":"`+ruleARN+`b/r","EventPattern":" {\"source\": [\"a\"]}\n","State":"ENABLED","EventBusName":"b","CreatedBy":"123456789012"}`)
	h.want("PutRule", `{"Name":"s","ScheduleExpression":"rate(5 minutes)","State":"DISABLED","Description":"d","RoleArn":"role"}`, `{"RuleArn":"`+ruleARN+`s"}`)
	h.want("DescribeRule", `{"Name":"s"}`, `{"Name":"s","Arn":"`+ruleARN+`s","ScheduleExpression":"rate(5 minutes)","State":"DISABLED",
		"Description":"d","RoleArn":"role","EventBusName":"default","CreatedBy":"123456789012"}`)
	h.body("EnableRule", `{"Name":"s"}`, "")
	h.want("ListRules", `{}`, `{"Rules":[{"Name":"s","Arn":"`+ruleARN+`s","ScheduleExpression":"rate(5 minutes)","State":"ENABLED","Description":"d","RoleArn":"role","EventBusName":"default"}]}`)
	h.want("ListRules", `{"EventBusName":"b","NamePrefix":"x"}`, `{"Rules":[]}`)
	h.body("DisableRule", `{"Name":"s"}`, "")
	h.body("DeleteRule", `{"Name":"s","Force":true}`, "")
	h.body("DeleteRule", `{"Name":"s"}`, "")

	h.fails("DescribeRule", `{"Name":"s"}`, "ResourceNotFoundException", "Rule s does not exist on EventBus default.")
	h.fails("PutRule", `{"Name":"r"}`, "ValidationException", "Parameter(s) EventPattern or ScheduleExpression must be specified.")
	h.fails("PutRule", `{"Name":"r","EventBusName":"b","ScheduleExpression":"rate(5 minutes)"}`, "ValidationException",
		"ScheduleExpression is supported only on the default event bus.")
	h.fails("PutRule", `{"Name":"r","ScheduleExpression":"rate(5 minute)"}`, "ValidationException", "Parameter ScheduleExpression is not valid.")
	h.fails("PutRule", `{"Name":"r","EventPattern":"{\"source\":\"a\"}"}`, "InvalidEventPatternException",
		"Event pattern is not valid. Reason: \"source\" must be an object or an array\n at [Source: (String)\"{\"source\":\"a\"}\"; line: 1, column: 12]")
	h.fails("PutRule", `{"Name":"r","EventBusName":"nope","EventPattern":"{\"source\":[\"a\"]}"}`, "ResourceNotFoundException", "Event bus nope does not exist.")
	h.fails("PutRule", `{"Name":"a b","State":"ON"}`, "ValidationException",
		`2 validation errors detected: Value 'a b' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [\.\-_A-Za-z0-9]+; `+
			`Value 'ON' at 'state' failed to satisfy constraint: Member must satisfy enum value set: [ENABLED, DISABLED, ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS]`)
	h.fails("ListRules", `{"NextToken":"x"}`, "ValidationException", "Parameter NextToken is not valid.")
}

func TestThreeHundredAndFirstRuleIsOverTheLimit(t *testing.T) {
	h := openHouse(t)
	for i := range 300 {
		h.want("PutRule", fmt.Sprintf(`{"Name":"r%d","EventPattern":"{\"source\":[\"a\"]}"}`, i), fmt.Sprintf(`{"RuleArn":"%sr%d"}`, ruleARN, i))
	}
	h.fails("PutRule", `{"Name":"more","EventPattern":"{\"source\":[\"a\"]}"}`, "LimitExceededException", "The requested resource exceeds the maximum number allowed.")
}

func TestPatternIsTestedOnTheWire(t *testing.T) {
	h := openHouse(t)
	event := `"{\"id\":\"1\",\"account\":\"1\",\"source\":\"a\",\"time\":\"2024-01-01T00:00:00Z\",\"region\":\"r\",\"detail-type\":\"t\"}"`
	h.want("TestEventPattern", `{"EventPattern":"{\"source\":[\"a\"]}","Event":`+event+`}`, `{"Result":true}`)
	h.want("TestEventPattern", `{"EventPattern":"{\"source\":[\"b\"]}","Event":`+event+`}`, `{"Result":false}`)
	// as-aws 18: whatever is wrong with an event, AWS says no more.
	for _, bad := range []string{`[]`, ``, `plain`, `null`, `{`, `{}`, `{\"source\":\"b\"}`,
		`{\"account\":\"1\",\"source\":\"a\",\"time\":\"t\",\"region\":\"r\",\"detail-type\":\"d\"}`} {
		h.fails("TestEventPattern", `{"EventPattern":"{\"source\":[\"b\"]}","Event":"`+bad+`"}`, "ValidationException", "Parameter Event is not valid.")
	}
	h.fails("TestEventPattern", `{"EventPattern":"[]","Event":`+event+`}`, "InvalidEventPatternException",
		"Event pattern is not valid. Reason: Filter is not an object\n at [Source: (String)\"[]\"; line: 1, column: 2]")
}
