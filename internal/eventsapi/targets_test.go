package eventsapi

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/target"
)

func TestTargetLifeOnTheWire(t *testing.T) {
	h := openHouse(t)
	queue := `"arn:aws:sqs:eu-central-1:123456789012:q"`
	h.want("PutRule", `{"Name":"r","EventPattern":"{\"source\":[\"a\"]}"}`, `{"RuleArn":"`+ruleARN+`r"}`)
	h.want("ListTargetsByRule", `{"Rule":"r"}`, `{"Targets":[]}`)
	targets := `[
		{"Id":"a","Arn":` + queue + `,"Input":"{ }","DeadLetterConfig":{"Arn":"arn:aws:sqs:eu-central-1:123456789012:dlq"},"RetryPolicy":{"MaximumRetryAttempts":0,"MaximumEventAgeInSeconds":60}},
		{"Id":"b","Arn":"arn:aws:sqs:eu-central-1:123456789012:q.fifo","InputPath":"$.detail","SqsParameters":{"MessageGroupId":"g"},"DeadLetterConfig":{},"RetryPolicy":{}},
		{"Id":"c","Arn":` + queue + `,"SqsParameters":{},"InputTransformer":{"InputPathsMap":{"x":"$.detail.x"},"InputTemplate":"\"<x>\""}},
		{"Id":"d","Arn":"arn:aws:kinesis:eu-central-1:123456789012:stream/s","RoleArn":"arn:aws:iam::123456789012:role/r","KinesisParameters":{"PartitionKeyPath":"$.id"}},
		{"Id":"e","Arn":"arn:aws:execute-api:eu-central-1:123456789012:api/stage/POST/a/*","HttpParameters":{"PathParameterValues":["p"],"HeaderParameters":{"H":"v"},"QueryStringParameters":{"q":"v"}}}]`
	h.want("PutTargets", `{"Rule":"r","Targets":`+targets+`}`, `{"FailedEntryCount":0,"FailedEntries":[]}`)
	h.want("ListTargetsByRule", `{"Rule":"r","EventBusName":"default"}`, `{"Targets":`+targets+`}`)
	h.want("ListRuleNamesByTarget", `{"TargetArn":`+queue+`}`, `{"RuleNames":["r"]}`)
	h.want("ListRuleNamesByTarget", `{"TargetArn":"arn:aws:sqs:eu-central-1:123456789012:x"}`, `{"RuleNames":[]}`)
	h.fails("DeleteRule", `{"Name":"r"}`, "ValidationException", "Rule can't be deleted since it has targets.")
	h.fails("PutTargets", `{"Rule":"r","Targets":[{"Id":"f","Arn":`+queue+`}]}`, "LimitExceededException", "The requested resource exceeds the maximum number allowed.")
	h.want("RemoveTargets", `{"Rule":"r","Ids":["a","b","x"],"Force":false}`, `{"FailedEntryCount":1,"FailedEntries":[
		{"TargetId":"x","ErrorCode":"ResourceNotFoundException","ErrorMessage":"Rule 'r' does not have a target with the Id 'x'."}]}`)

	paths := strings.TrimSuffix(strings.Repeat(`"a",`, 101), ",")
	h.fails("PutTargets", `{"Rule":"r","Targets":[{"Id":"f","Arn":`+queue+`,"HttpParameters":{"PathParameterValues":[`+paths+`]}}]}`, "ValidationException",
		"1 validation error detected: Value '["+strings.TrimSuffix(strings.Repeat("a, ", 101), ", ")+"]' at 'targets.1.member.httpParameters.pathParameterValues' failed to satisfy constraint: Member must have length less than or equal to 100")
	h.fails("PutTargets", `{"Rule":"nope","Targets":[{"Id":"f","Arn":`+queue+`}]}`, "ResourceNotFoundException", "Rule nope does not exist on EventBus default.")
	h.fails("PutTargets", `{"Rule":"r","Targets":[]}`, "ValidationException",
		"1 validation error detected: Value '[]' at 'targets' failed to satisfy constraint: Member must have length greater than or equal to 1")
	h.fails("PutTargets", `{"Rule":"r","Targets":[{"Id":"!","Arn":"x"},{"Arn":"x"}]}`, "ValidationException",
		`2 validation errors detected: Value '!' at 'targets.1.member.id' failed to satisfy constraint: Member must satisfy regular expression pattern: [\.\-_A-Za-z0-9]+; `+
			`Value null at 'targets.2.member.id' failed to satisfy constraint: Member must not be null`)
	h.fails("PutTargets", `{"Rule":"r","Targets":[{"Id":"f","Arn":"x"}]}`, "ValidationException", "Parameter x is not valid. Reason: Provided Arn is not in correct format.")
	h.fails("PutTargets", `{"Rule":"r","Targets":[{"Id":"f","Arn":`+queue+`,"RetryPolicy":{"MaximumEventAgeInSeconds":59}}]}`, "ValidationException",
		"1 validation error detected: Value '59' at 'targets.1.member.retryPolicy.maximumEventAgeInSeconds' failed to satisfy constraint: Member must have value greater than or equal to 60")
}

// Every member of a target is listed as it was put. The values are made up, so
// that a member added later is tested without a thought.
func TestEveryMemberOfATargetComesBack(t *testing.T) {
	var in Target
	n := 0
	fill(reflect.ValueOf(&in).Elem(), &n)
	kept, err := in.in()
	if err != nil {
		t.Fatal(err)
	}
	record, err := json.Marshal(kept)
	if err != nil {
		t.Fatal(err)
	}
	var read target.Target
	if err := json.Unmarshal(record, &read); err != nil {
		t.Fatal(err)
	}
	out, err := targetOut(read)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(in, out); diff != "" {
		t.Errorf("target (-put +listed):\n%s", diff)
	}
	if n < 50 {
		t.Errorf("only %d values were made up", n)
	}
}

// fill gives everything in v a value of its own.
func fill(v reflect.Value, n *int) {
	*n++
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), n)
		fill(v.Index(1), n)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf(fmt.Sprint("key", *n)), reflect.ValueOf(fmt.Sprint("value", *n)))
	case reflect.String:
		v.SetString(fmt.Sprint("text", *n))
	case reflect.Int:
		v.SetInt(int64(*n))
	case reflect.Bool:
		v.SetBool(true)
	default:
		panic(v.Type())
	}
}
