package trails

import (
	"slices"
	"strings"
	"testing"
)

func TestSelectorsLetThroughWhatTheySay(t *testing.T) {
	read := &Event{ReadOnly: true, Source: "iam.amazonaws.com", Name: "GetRole", Identity: "arn:aws:iam::111111111111:root"}
	write := &Event{Source: "logs.amazonaws.com", Name: "CreateLogGroup"}
	send := &Event{Data: true, Source: "sqs.amazonaws.com", Name: "SendMessage", Kind: "AWS::SQS::Queue", Resources: []string{"arn:aws:sqs:r:1:orders", "arn:aws:sqs:r:1:mail"}, Identity: "arn:me"}
	all := []*Event{read, write, send}
	data := func(more ...Condition) *Advanced {
		return &Advanced{Conditions: append([]Condition{{Field: "eventCategory", Equals: []string{"Data"}}, {Field: "resources.type", Equals: []string{"AWS::SQS::Queue"}}}, more...)}
	}
	for i, c := range []struct {
		selector interface{ wants(*Event) bool }
		want     string // y or n for each of all
	}{
		{&Basic{Type: "All", Management: true}, "yyn"},
		{&Basic{Type: "ReadOnly", Management: true}, "ynn"},
		{&Basic{Type: "WriteOnly", Management: true}, "nyn"},
		{&Basic{Type: "All"}, "nnn"},
		{&Basic{Type: "All", Management: true, Except: []string{"logs.amazonaws.com"}}, "ynn"},
		{&Advanced{Conditions: []Condition{{Field: "eventCategory", Equals: []string{"Management"}}}}, "yyn"},
		{&Advanced{Conditions: []Condition{{Field: "eventCategory", Equals: []string{"Management"}}, {Field: "readOnly", Equals: []string{"false"}}}}, "nyn"},
		{&Advanced{Conditions: []Condition{{Field: "eventCategory", Equals: []string{"Management"}}, {Field: "eventSource", NotEquals: []string{"iam.amazonaws.com"}}}}, "nyn"},
		{data(), "nny"},
		{data(Condition{Field: "eventName", Equals: []string{"ReceiveMessage", "SendMessage"}}), "nny"},
		{data(Condition{Field: "eventName", StartsWith: []string{"Receive"}}), "nnn"},
		{data(Condition{Field: "eventName", StartsWith: []string{"Send"}, NotEndWith: []string{"Batch"}}), "nny"},
		{data(Condition{Field: "eventName", StartsWith: []string{"Send"}, NotEndWith: []string{"Message"}}), "nnn"},
		{data(Condition{Field: "readOnly", Equals: []string{"true"}}), "nnn"},
		{data(Condition{Field: "resources.ARN", Equals: []string{"arn:aws:sqs:r:1:mail"}}), "nny"},
		{data(Condition{Field: "resources.ARN", EndsWith: []string{":letters"}}), "nnn"},
		{data(Condition{Field: "resources.ARN", NotEquals: []string{"arn:aws:sqs:r:1:mail"}}), "nnn"},
		{data(Condition{Field: "resources.ARN", NotStarts: []string{"arn:aws:sns:"}}), "nny"},
		{data(Condition{Field: "userIdentity.arn", Equals: []string{"arn:me"}}, Condition{Field: "eventType", Equals: []string{"AwsApiCall"}}, Condition{Field: "sessionCredentialFromConsole", Equals: []string{"false"}}), "nny"},
	} {
		got := ""
		for _, e := range all {
			got += map[bool]string{true: "y", false: "n"}[c.selector.wants(e)]
		}
		if got != c.want {
			t.Errorf("%d: %+v lets through %s, want %s", i, c.selector, got, c.want)
		}
	}
}

func TestSelectorsThatAreRefused(t *testing.T) {
	management := Condition{Field: "eventCategory", Equals: []string{"Management"}}
	one := func(c ...Condition) []Advanced { return []Advanced{{Conditions: c}} }
	basic := []Basic{{Type: "All", Management: true}}
	many := func(n int) []string { return strings.Split(strings.Repeat("x,", n-1)+"x", ",") }
	for i, c := range []struct {
		basic    []Basic
		advanced []Advanced
		want     string
	}{
		{basic, nil, ""},
		{nil, one(management), ""},
		{nil, nil, "both empty"},
		{basic, one(management), "not both"},
		{make([]Basic, 6), nil, "up to 5"},
		{[]Basic{{Data: []Resource{{Type: "AWS::SQS::Queue"}}}}, nil, "AdvancedEventSelectors"},
		{[]Basic{{Data: []Resource{{Type: "AWS::S3::Object", Values: many(251)}}}}, nil, "up to 250"},
		{[]Basic{{Data: slices.Repeat([]Resource{{Type: "AWS::S3::Object"}}, 251)}}, nil, "up to 250"},
		{[]Basic{{Except: many(50)}, {Except: many(1)}}, nil, "up to 50 sources"},
		{nil, one(Condition{Field: "readOnly", Equals: []string{"true"}}), "eventCategory"},
		{nil, one(Condition{Field: "eventCategory", Equals: []string{"NetworkActivity"}}), "eventCategory"},
		{nil, one(Condition{Field: "eventCategory", Equals: []string{"Data"}}), "resources.type"},
		{nil, one(management, Condition{Field: "eventName", Equals: []string{"x"}}), "not supported"},
		{nil, one(management, management), "twice"},
		{nil, one(management, Condition{Field: "eventSource"}), "no operator"},
		{nil, one(management, Condition{Field: "readOnly", Equals: []string{"maybe"}}), "true or false"},
		{nil, one(management, Condition{Field: "eventSource", NotEquals: many(500)}), "up to 500"},
	} {
		err := CheckSelectors(c.basic, c.advanced)
		if c.want == "" && err != nil || c.want != "" && !strings.Contains(code(err), c.want) {
			t.Errorf("%d: %q, want %q", i, code(err), c.want)
		}
	}
}
