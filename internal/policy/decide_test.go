package policy_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dari-bus/dari/internal/policy"
)

const (
	queue = "arn:aws:sqs:eu-central-1:123456789012:orders"
	rule  = "arn:aws:events:eu-central-1:123456789012:rule/shop/placed"
)

var (
	eventBridge = policy.Principal{Service: "events.amazonaws.com"}
	stranger    = policy.Principal{Account: "999999999999"}
	user        = policy.Principal{Account: "123456789012", ARN: "arn:aws:iam::123456789012:user/ann"}
	session     = policy.Principal{Account: "123456789012", ARN: "arn:aws:sts::123456789012:assumed-role/deploy/ci"}
)

// statement returns an Allow for everybody and everything with elements
// replaced or added, each given as "Name: JSON".
func statement(elements ...string) string {
	el := map[string]string{"Effect": `"Allow"`, "Principal": `"*"`, "Action": `"*"`, "Resource": `"*"`}
	for _, e := range elements {
		name, value, _ := strings.Cut(e, ": ")
		delete(el, strings.TrimPrefix(name, "Not"))
		el[name] = value
	}
	var out []string
	for _, name := range []string{"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition", "Extra"} {
		if v, ok := el[name]; ok {
			out = append(out, fmt.Sprintf("%q: %s", name, v))
		}
	}
	return "{" + strings.Join(out, ", ") + "}"
}

func document(statements ...string) string {
	return `{"Version": "2012-10-17", "Statement": [` + strings.Join(statements, ", ") + `]}`
}

func parse(t testing.TB, text string) *policy.Document {
	t.Helper()
	d, err := policy.ParseResource(text)
	if err != nil {
		t.Fatalf("ParseResource(%s): %v", text, err)
	}
	return d
}

func TestStatementsDecide(t *testing.T) {
	deny := `Effect: "Deny"`
	tests := []struct {
		name       string
		statements []string
		want       policy.Verdict
	}{
		{"none", nil, policy.NotCovered},
		{"an Allow", []string{statement()}, policy.Allowed},
		{"a Deny", []string{statement(deny)}, policy.Denied},
		{"Deny wins over an earlier Allow", []string{statement(), statement(deny)}, policy.Denied},
		{"Deny wins over a later Allow", []string{statement(deny), statement()}, policy.Denied},
		{"a Deny of something else", []string{statement(), statement(deny, `Action: "sqs:Purge*"`)}, policy.Allowed},
		{"one of several Allows", []string{statement(`Action: "sqs:Purge*"`), statement(`Action: "sqs:Send*"`)}, policy.Allowed},

		{"the action", []string{statement(`Action: "sqs:SendMessage"`)}, policy.Allowed},
		{"actions have no case", []string{statement(`Action: "SQS:sendmessage"`)}, policy.Allowed},
		{"one of the actions", []string{statement(`Action: ["sqs:ReceiveMessage", "sqs:SendMessage"]`)}, policy.Allowed},
		{"an action with wildcards", []string{statement(`Action: "sqs:S?nd*"`)}, policy.Allowed},
		{"another action", []string{statement(`Action: "sqs:SendMessageBatch"`)}, policy.NotCovered},
		{"another service", []string{statement(`Action: "sns:*"`)}, policy.NotCovered},
		{"NotAction of it", []string{statement(`NotAction: "sqs:Send*"`)}, policy.NotCovered},
		{"NotAction of others", []string{statement(`NotAction: ["sqs:Purge*", "sns:*"]`)}, policy.Allowed},

		{"the resource", []string{statement(`Resource: "` + queue + `"`)}, policy.Allowed},
		{"resources have case", []string{statement(`Resource: "` + strings.ToUpper(queue) + `"`)}, policy.NotCovered},
		{"a resource with wildcards", []string{statement(`Resource: "arn:aws:sqs:*:ord?rs"`)}, policy.Allowed},
		{"one of the resources", []string{statement(`Resource: ["arn:aws:sqs:::x", "` + queue + `"]`)}, policy.Allowed},
		{"another resource", []string{statement(`Resource: "` + queue + `2"`)}, policy.NotCovered},
		{"NotResource of it", []string{statement(`NotResource: "*:orders"`)}, policy.NotCovered},
		{"NotResource of others", []string{statement(`NotResource: "*:orders2"`)}, policy.Allowed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := parse(t, document(tt.statements...)).Decide(policy.Request{Principal: user, Action: "sqs:SendMessage", Resource: queue}).Verdict
			if got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
	var none *policy.Document
	if got := none.Decide(policy.Request{}).Verdict; got != policy.NotCovered {
		t.Errorf("no document at all: %s", got)
	}
	single := `{"Statement": ` + statement() + `}`
	if got := parse(t, single).Decide(policy.Request{Principal: user, Action: "a:b", Resource: queue}).Verdict; got != policy.Allowed {
		t.Errorf("a statement that is not in a list: %s", got)
	}
}

func TestPrincipalsAreWhomTheStatementNames(t *testing.T) {
	deploy := policy.Principal{Account: "123456789012", ARN: "arn:aws:iam::123456789012:role/ci/deploy"}
	everyone := []policy.Principal{eventBridge, stranger, user, session, deploy}
	tests := []struct {
		principal string
		covered   []policy.Principal
	}{
		{`"*"`, everyone},
		{`{"AWS": "*"}`, everyone},
		{`{"AWS": "123456789012"}`, []policy.Principal{user, session, deploy}},
		{`{"AWS": "arn:aws:iam::123456789012:root"}`, []policy.Principal{user, session, deploy}},
		{`{"AWS": ["111111111111", "999999999999"]}`, []policy.Principal{stranger}},
		{`{"AWS": "arn:aws:iam::123456789012:user/ann"}`, []policy.Principal{user}},
		{`{"AWS": "arn:aws:iam::123456789012:user/Ann"}`, nil},
		{`{"AWS": "arn:aws:iam::123456789012:role/ci/deploy"}`, []policy.Principal{session, deploy}},
		{`{"AWS": "arn:aws:iam::123456789012:role/deploy"}`, []policy.Principal{session}},
		{`{"AWS": "arn:aws:iam::123456789012:role/dep"}`, nil},
		{`{"AWS": "arn:aws:iam::999999999999:role/deploy"}`, nil},
		{`{"AWS": "arn:aws:iam::123456789012:user/deploy"}`, nil},
		{`{"AWS": "arn:aws:sts::123456789012:assumed-role/deploy/ci"}`, []policy.Principal{session}},
		{`{"AWS": "arn:aws:sts::123456789012:assumed-role/deploy/other"}`, nil},
		{`{"Service": "events.amazonaws.com"}`, []policy.Principal{eventBridge}},
		{`{"Service": ["sns.amazonaws.com", "events.amazonaws.com"]}`, []policy.Principal{eventBridge}},
		{`{"Service": "sns.amazonaws.com"}`, nil},
		{`{"Service": "events.amazonaws.com", "AWS": "999999999999"}`, []policy.Principal{eventBridge, stranger}},
	}
	for _, tt := range tests {
		for _, not := range []string{"", "Not"} {
			d := parse(t, document(statement(not+"Principal: "+tt.principal)))
			for _, who := range everyone {
				want := not == "Not"
				for _, c := range tt.covered {
					if c == who {
						want = !want
					}
				}
				got := d.Decide(policy.Request{Principal: who, Action: "a:b", Resource: "r"}).Verdict == policy.Allowed
				if got != want {
					t.Errorf("%sPrincipal %s covers %+v: %v, want %v", not, tt.principal, who, got, want)
				}
			}
		}
	}
	if parse(t, document(statement(`Principal: {"AWS": "123456789012"}`))).
		Decide(policy.Request{Principal: policy.Principal{Account: "123456789012"}}).Verdict != policy.Allowed {
		t.Error("a caller of whom only the account is known is not covered by it")
	}
}

func TestTheUsualPolicyForEventBridgeHoldsForItsRuleOnly(t *testing.T) {
	for _, text := range []string{
		document(statement(`Principal: {"Service": "events.amazonaws.com"}`, `Action: "sqs:SendMessage"`, `Resource: "`+queue+`"`,
			`Condition: {"ArnEquals": {"aws:SourceArn": "`+rule+`"}}`)),
		// As Lambda writes it.
		`{"Version":"2012-10-17","Id":"default","Statement":[{"Sid":"s","Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"` +
			queue + `","Condition":{"StringEquals":{"AWS:SourceAccount":"123456789012"},"ArnLike":{"AWS:SourceArn":"` + rule + `"}}}]}`,
	} {
		d := parse(t, text)
		ask := func(who policy.Principal, action string, context map[string][]string) policy.Verdict {
			return d.Decide(policy.Request{Principal: who, Action: action, Resource: queue, Context: context}).Verdict
		}
		from := func(arn string) map[string][]string {
			return map[string][]string{"aws:SourceArn": {arn}, "aws:SourceAccount": {"123456789012"}}
		}
		if got := ask(eventBridge, "sqs:SendMessage", from(rule)); got != policy.Allowed {
			t.Errorf("the rule: %s", got)
		}
		for name, got := range map[string]policy.Verdict{
			"another rule":    ask(eventBridge, "sqs:SendMessage", from(rule+"2")),
			"another action":  ask(eventBridge, "sqs:ReceiveMessage", from(rule)),
			"another service": ask(policy.Principal{Service: "sns.amazonaws.com"}, "sqs:SendMessage", from(rule)),
			"a user":          ask(user, "sqs:SendMessage", from(rule)),
			"no context":      ask(eventBridge, "sqs:SendMessage", nil),
		} {
			if got != policy.NotCovered {
				t.Errorf("%s: %s", name, got)
			}
		}
	}
}
