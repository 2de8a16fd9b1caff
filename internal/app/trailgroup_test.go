package app

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// form is what the query protocol has as a body.
func form(operation string, members ...string) string {
	v := url.Values{"Action": {operation}, "Version": {"2010-05-08"}}
	for i := 0; i < len(members); i += 2 {
		v.Set(members[i], members[i+1])
	}
	return v.Encode()
}

// mayWrite is a policy that lets a role write to a resource of CloudWatch Logs.
func mayWrite(resource string) string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":%q}}`, resource)
}

const (
	watcher   = "arn:aws:iam::111111111111:role/watcher"
	groupARN  = "arn:aws:logs:us-east-1:111111111111:log-group:calls"
	trustText = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":%q}}}`
	newTrail  = `{"Name":"calls","S3BucketName":"bucket","CloudWatchLogsLogGroupArn":"` + groupARN + `:*","CloudWatchLogsRoleArn":"` + watcher + `"}`
)

// C8: the role of a trail must be one that CloudTrail may assume and that may write to
// the streams of the log group; the group's bare ARN is none of them.
func TestTheRoleOfATrailMustBeAbleToWrite(t *testing.T) {
	h := openAccounts(t, true)
	h.must(owner, "logs.CreateLogGroup", `{"logGroupName":"calls"}`)
	refused := func(want string) {
		t.Helper()
		status, answer := h.call(owner, "cloudtrail.CreateTrail", newTrail)
		var e struct{ Type, Message string }
		if err := json.Unmarshal([]byte(strings.Replace(answer, "__type", "Type", 1)), &e); err != nil || status != 400 || e.Type+": "+e.Message != want {
			t.Errorf("%d %s, want %s", status, answer, want)
		}
	}
	const noTrust = "InvalidCloudWatchLogsRoleArnException: Access denied. Check the trust relationships for your role."
	const noPolicy = "InvalidCloudWatchLogsLogGroupArnException: Access denied. Verify in IAM that the role has adequate permissions."
	refused(noTrust) // there is no such role
	h.must(owner, "iam.CreateRole", form("CreateRole", "RoleName", "watcher", "AssumeRolePolicyDocument", fmt.Sprintf(trustText, "events.amazonaws.com")))
	refused(noTrust)
	h.must(owner, "iam.UpdateAssumeRolePolicy", form("UpdateAssumeRolePolicy", "RoleName", "watcher", "PolicyDocument", fmt.Sprintf(trustText, "cloudtrail.amazonaws.com")))
	refused(noPolicy)
	h.must(owner, "iam.PutRolePolicy", form("PutRolePolicy", "RoleName", "watcher", "PolicyName", "p", "PolicyDocument", mayWrite(groupARN)))
	refused(noPolicy)
	h.must(owner, "iam.PutRolePolicy", form("PutRolePolicy", "RoleName", "watcher", "PolicyName", "p", "PolicyDocument", mayWrite(groupARN+":log-stream:111111111111_CloudTrail_us-east-1*")))
	h.must(owner, "cloudtrail.CreateTrail", newTrail)
}

// The log group of a trail has the record of a call when that is answered, also when it
// is of a call on data that a trail asked for; and the trail's status says when the
// role may not write any more, while calls go on.
func TestATrailWritesToItsLogGroup(t *testing.T) {
	h := openAccounts(t, true)
	h.must(owner, "logs.CreateLogGroup", `{"logGroupName":"calls"}`)
	h.must(owner, "iam.CreateRole", form("CreateRole", "RoleName", "watcher", "AssumeRolePolicyDocument", fmt.Sprintf(trustText, "cloudtrail.amazonaws.com")))
	h.must(owner, "iam.PutRolePolicy", form("PutRolePolicy", "RoleName", "watcher", "PolicyName", "p", "PolicyDocument", mayWrite(groupARN+":*")))
	h.must(owner, "cloudtrail.CreateTrail", newTrail)
	h.must(owner, "cloudtrail.PutEventSelectors", `{"TrailName":"calls","AdvancedEventSelectors":[
		{"FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]},{"Field":"readOnly","Equals":["false"]}]},
		{"FieldSelectors":[{"Field":"eventCategory","Equals":["Data"]},{"Field":"resources.type","Equals":["AWS::SQS::Queue"]},{"Field":"resources.ARN","Equals":["{vaultARN}"]}]},
		{"FieldSelectors":[{"Field":"eventCategory","Equals":["Data"]},{"Field":"resources.type","Equals":["AWS::Events::EventBus"]}]},
		{"FieldSelectors":[{"Field":"eventCategory","Equals":["Data"]},{"Field":"resources.type","Equals":["AWS::Logs::LogGroup"]},{"Field":"resources.ARN","EndsWith":[":/shop/app"]}]}]}`)
	h.must(owner, "cloudtrail.StartLogging", `{"Name":"calls"}`)
	h.must(owner, "sqs.SendMessage", `{"QueueUrl":"{vault}","MessageBody":"m"}`)
	h.must(owner, "sqs.SendMessage", `{"QueueUrl":"{morgue}","MessageBody":"m"}`)
	h.must(owner, "events.PutEvents", `{"Entries":[{"Source":"s","DetailType":"d","Detail":"{}"}]}`)
	h.must(owner, "logs.FilterLogEvents", `{"logGroupName":"/shop/app"}`)
	h.must(owner, "sqs.ListQueues", `{}`)
	h.must(owner, "sqs.TagQueue", `{"QueueUrl":"{vault}","Tags":{"a":"b"}}`)
	out := h.must(owner, "logs.GetLogEvents", `{"logGroupName":"calls","logStreamName":"111111111111_CloudTrail_us-east-1","startFromHead":true}`)
	var got []string
	for _, e := range out["events"].([]any) {
		var r struct {
			EventName, EventCategory string
			Resources                []struct{ Type, ARN string }
		}
		if err := json.Unmarshal([]byte(e.(map[string]any)["message"].(string)), &r); err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprint(r.EventName, " ", r.EventCategory, " ", r.Resources))
	}
	want := `StartLogging Management []
SendMessage Data [{AWS::SQS::Queue arn:aws:sqs:us-east-1:111111111111:vault}]
PutEvents Data [{AWS::Events::EventBus arn:aws:events:us-east-1:111111111111:event-bus/default}]
FilterLogEvents Data [{AWS::Logs::LogGroup arn:aws:logs:us-east-1:111111111111:log-group:/shop/app}]
TagQueue Management []`
	if strings.Join(got, "\n") != want {
		t.Errorf("the log group has\n%s\nwant\n%s", strings.Join(got, "\n"), want)
	}
	h.must(owner, "iam.DeleteRolePolicy", form("DeleteRolePolicy", "RoleName", "watcher", "PolicyName", "p"))
	h.must(owner, "sqs.TagQueue", `{"QueueUrl":"{vault}","Tags":{"a":"c"}}`)
	status := h.must(owner, "cloudtrail.GetTrailStatus", `{"Name":"calls"}`)
	if text, _ := status["LatestCloudWatchLogsDeliveryError"].(string); !strings.Contains(text, "no identity-based policy allows the logs:CreateLogStream action") {
		t.Error(status)
	}
}
