package eventsapi

import "testing"

const busARN = "arn:aws:events:eu-central-1:123456789012:event-bus/"

func TestBusLifeOnTheWire(t *testing.T) {
	h := openHouse(t)
	h.want("CreateEventBus", `{"Name":"plain"}`, `{"EventBusArn":"`+busARN+`plain"}`)
	h.want("CreateEventBus", `{"Name":"full","Description":"d","KmsKeyIdentifier":"alias/k","DeadLetterConfig":{"Arn":"arn:aws:sqs:eu-central-1:123456789012:q"},
			"LogConfig":{"IncludeDetail":"FULL","Level":"ERROR"},"Tags":[{"Key":"k","Value":"v"}]}`,
		`{"EventBusArn":"`+busARN+`full","Description":"d","KmsKeyIdentifier":"alias/k","DeadLetterConfig":{"Arn":"arn:aws:sqs:eu-central-1:123456789012:q"},
			"LogConfig":{"IncludeDetail":"FULL","Level":"ERROR"}}`)
	h.want("DescribeEventBus", `{"Name":"plain"}`, `{"Name":"plain","Arn":"`+busARN+`plain","CreationTime":TIME,"LastModifiedTime":TIME}`)
	h.want("DescribeEventBus", `{}`, `{"Name":"default","Arn":"`+busARN+`default","CreationTime":TIME,"LastModifiedTime":TIME}`)
	h.want("DescribeEventBus", `{"Name":"`+busARN+`full"}`, `{"Name":"full","Arn":"`+busARN+`full","Description":"d","KmsKeyIdentifier":"alias/k",
		"DeadLetterConfig":{"Arn":"arn:aws:sqs:eu-central-1:123456789012:q"},"LogConfig":{"IncludeDetail":"FULL","Level":"ERROR"},"CreationTime":TIME,"LastModifiedTime":TIME}`)
	h.want("UpdateEventBus", `{"Name":"full","Description":"","KmsKeyIdentifier":"","DeadLetterConfig":{},"LogConfig":{"Level":"OFF"}}`,
		`{"Arn":"`+busARN+`full","Name":"full","LogConfig":{"Level":"OFF"}}`)
	h.want("ListEventBuses", `{"Limit":2}`, `{"EventBuses":[
		{"Name":"default","Arn":"`+busARN+`default","CreationTime":TIME,"LastModifiedTime":TIME},
		{"Name":"full","Arn":"`+busARN+`full","CreationTime":TIME,"LastModifiedTime":TIME}],"NextToken":"ZGFyaTE6ZnVsbA"}`)
	h.want("ListEventBuses", `{"NextToken":"ZGFyaTE6ZnVsbA"}`, `{"EventBuses":[{"Name":"plain","Arn":"`+busARN+`plain","CreationTime":TIME,"LastModifiedTime":TIME}]}`)
	h.want("ListEventBuses", `{"NamePrefix":"x"}`, `{"EventBuses":[]}`)
	h.body("DeleteEventBus", `{"Name":"full"}`, "")
	h.body("DeleteEventBus", `{"Name":"full"}`, "")

	h.fails("CreateEventBus", `{"Name":"plain"}`, "ResourceAlreadyExistsException", "Event bus plain already exists.")
	h.fails("CreateEventBus", `{"Name":"default"}`, "ResourceAlreadyExistsException", "Event bus default already exists.")
	h.fails("CreateEventBus", `{"Name":"a/b"}`, "ValidationException", "Event bus name must not contain '/'.")
	h.fails("CreateEventBus", `{}`, "ValidationException", "1 validation error detected: Value null at 'name' failed to satisfy constraint: Member must not be null")
	h.fails("CreateEventBus", `{"Name":"a b","LogConfig":{"Level":"LOUD"}}`, "ValidationException",
		`2 validation errors detected: Value 'a b' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [/\.\-_A-Za-z0-9]+; `+
			`Value 'LOUD' at 'logConfig.level' failed to satisfy constraint: Member must satisfy enum value set: [OFF, ERROR, INFO, TRACE]`)
	h.fails("DescribeEventBus", `{"Name":"full"}`, "ResourceNotFoundException", "Event bus full does not exist.")
	h.fails("DeleteEventBus", `{"Name":"default"}`, "ValidationException", "Cannot delete event bus default.")
	h.fails("ListEventBuses", `{"Limit":101}`, "ValidationException",
		"1 validation error detected: Value '101' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 100")
}

func TestPermissionsOnTheWire(t *testing.T) {
	h := openHouse(t)
	h.body("PutPermission", `{"Action":"events:PutEvents","Principal":"444455556666","StatementId":"s"}`, "")
	h.want("DescribeEventBus", `{}`, `{"Name":"default","Arn":"`+busARN+`default","Policy":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"s\",\"Effect\":\"Allow\",`+
		`\"Principal\":{\"AWS\":\"arn:aws:iam::444455556666:root\"},\"Action\":\"events:PutEvents\",\"Resource\":\"`+busARN+`default\"}]}","CreationTime":TIME,"LastModifiedTime":TIME}`)
	h.body("RemovePermission", `{"StatementId":"s"}`, "")
	h.body("RemovePermission", `{"RemoveAllPermissions":true,"EventBusName":"default"}`, "")
	h.body("PutPermission", `{"EventBusName":"default","Policy":"{\"Version\":\"2012-10-17\",\"Statement\":[]}"}`, "")
	h.want("DescribeEventBus", `{}`, `{"Name":"default","Arn":"`+busARN+`default","CreationTime":TIME,"LastModifiedTime":TIME}`)
	h.fails("RemovePermission", `{"StatementId":"s"}`, "ResourceNotFoundException", "Statement with the provided id does not exist.")
	h.fails("RemovePermission", `{"StatementId":"s","EventBusName":"nope"}`, "ResourceNotFoundException", "Event bus nope does not exist.")
	h.fails("PutPermission", `{"Policy":"{"}`, "ValidationException", "This policy contains invalid Json")
	h.fails("PutPermission", `{"Action":"events:PutEvents","Principal":"*","StatementId":"s","Condition":{"Type":"StringEquals"}}`, "ValidationException",
		"2 validation errors detected: Value null at 'condition.key' failed to satisfy constraint: Member must not be null; Value null at 'condition.value' failed to satisfy constraint: Member must not be null")
	h.fails("PutPermission", `{"Action":"events:PutEvents","Principal":"me","StatementId":"s"}`, "ValidationException",
		`1 validation error detected: Value 'me' at 'principal' failed to satisfy constraint: Member must satisfy regular expression pattern: (\d{12}|\*)`)
}

func TestTagsOnTheWire(t *testing.T) {
	h := openHouse(t)
	h.want("PutRule", `{"Name":"r","EventPattern":"{\"source\":[\"a\"]}","Tags":[{"Key":"k","Value":""}]}`, `{"RuleArn":"`+ruleARN+`r"}`)
	h.want("ListTagsForResource", `{"ResourceARN":"`+ruleARN+`r"}`, `{"Tags":[{"Key":"k","Value":""}]}`)
	h.want("ListTagsForResource", `{"ResourceARN":"`+busARN+`default"}`, `{"Tags":[]}`)
	h.body("TagResource", `{"ResourceARN":"`+ruleARN+`r","Tags":[{"Key":"l","Value":"1"}]}`, "{}")
	h.body("UntagResource", `{"ResourceARN":"`+ruleARN+`r","TagKeys":["k","x"]}`, "{}")
	h.want("ListTagsForResource", `{"ResourceARN":"`+ruleARN+`r"}`, `{"Tags":[{"Key":"l","Value":"1"}]}`)
	h.fails("TagResource", `{"ResourceARN":"`+ruleARN+`nope","Tags":[]}`, "ResourceNotFoundException", "Rule nope does not exist on EventBus default.")
	h.fails("TagResource", `{"ResourceARN":"`+ruleARN+`r","Tags":[{"Key":""}]}`, "ValidationException",
		"2 validation errors detected: Value '' at 'tags.1.member.key' failed to satisfy constraint: Member must have length greater than or equal to 1; Value null at 'tags.1.member.value' failed to satisfy constraint: Member must not be null")
}
