package trail

import (
	"encoding/json"
	"slices"
	"strings"
)

// A Resource is what a call is about, as the event history has it.
type Resource struct {
	Type, Name string
}

// A resource of a service is named by members of parameters, or elements.
var resourceTypes = map[string][]struct {
	kind    string
	members []string
}{
	"sqs.amazonaws.com": {{"AWS::SQS::Queue", []string{"queueUrl", "queueName"}}},
	"logs.amazonaws.com": {
		{"AWS::Logs::LogGroup", []string{"logGroupName", "logGroupIdentifier"}},
		{"AWS::Logs::LogStream", []string{"logStreamName"}},
	},
	"lambda.amazonaws.com": {
		{"AWS::Lambda::Function", []string{"functionName"}},
		{"AWS::Lambda::LayerVersion", []string{"layerVersionArn"}},
	},
	"apigateway.amazonaws.com": {
		{"AWS::ApiGateway::RestApi", []string{"restApiId"}},
		{"AWS::ApiGateway::Stage", []string{"stageName", "createStageInput.stageName", "createDeploymentInput.stageName"}},
	},
	"iam.amazonaws.com": {
		{"AWS::IAM::Role", []string{"roleName"}},
		{"AWS::IAM::User", []string{"userName"}},
		{"AWS::IAM::Group", []string{"groupName"}},
		{"AWS::IAM::Policy", []string{"policyArn", "policyName"}},
		{"AWS::IAM::InstanceProfile", []string{"instanceProfileName"}},
		{"AWS::IAM::AccessKey", []string{"accessKeyId", "accessKey.accessKeyId"}},
	},
	"sts.amazonaws.com": {
		{"AWS::IAM::Role", []string{"roleArn"}},
		{"AWS::STS::AssumedRole", []string{"assumedRoleUser.arn"}},
		{"AWS::IAM::AccessKey", []string{"credentials.accessKeyId"}},
	},
	"cloudtrail.amazonaws.com": {{"AWS::CloudTrail::Trail", []string{"trailName", "name", "trailARN"}}},
}

// eventTypes are the resources of EventBridge, most of which are called name: by what
// ends the name of an operation.
var eventTypes = []struct{ ending, kind string }{
	{"Rule", "AWS::Events::Rule"},
	{"EventBus", "AWS::Events::EventBus"},
	{"Archive", "AWS::Events::Archive"},
	{"Connection", "AWS::Events::Connection"},
	{"ApiDestination", "AWS::Events::ApiDestination"},
	{"Endpoint", "AWS::Events::Endpoint"},
}

// resources returns what a call is about, as far as its record says.
func (r *Record) resources() []Resource {
	var found []Resource
	add := func(kind, name string) {
		if name != "" && !slices.Contains(found, Resource{kind, name}) {
			found = append(found, Resource{kind, name})
		}
	}
	in, out := members(r.RequestParameters), members(r.ResponseElements)
	if r.EventSource == "events.amazonaws.com" {
		for _, t := range eventTypes {
			if strings.HasSuffix(r.EventName, t.ending) {
				add(t.kind, in.text("name"))
			}
		}
		add("AWS::Events::Rule", in.text("rule"))
		add("AWS::Events::EventBus", in.text("eventBusName"))
	}
	for _, t := range resourceTypes[r.EventSource] {
		for _, m := range t.members {
			for _, from := range []object{in, out} {
				add(t.kind, from.text(m))
			}
		}
	}
	return found
}

// An object is one of JSON, as far as it is looked at.
type object map[string]json.RawMessage

// members returns the members of an object, none of what is no object.
func members(text json.RawMessage) (o object) {
	_ = json.Unmarshal(text, &o) // what is no object has none
	return o
}

// text is a member that is a text, also one of a member: "accessKey.accessKeyId".
func (o object) text(path string) (text string) {
	name, rest, deeper := strings.Cut(path, ".")
	if deeper {
		return members(o[name]).text(rest)
	}
	_ = json.Unmarshal(o[name], &text) // what is no text is no name
	return text
}
