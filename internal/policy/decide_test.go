package policy_test

import (
	"encoding/json"
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

// What makes the difference in one account is how closely an Allow names the
// caller; of several it is the closest.
func TestADecisionSaysWhichStatementItWasAndHowItNamesTheCaller(t *testing.T) {
	const account, ann, role, ci = `{"AWS": "123456789012"}`, `{"AWS": "arn:aws:iam::123456789012:user/ann"}`,
		`{"AWS": "arn:aws:iam::123456789012:role/deploy"}`, `{"AWS": "arn:aws:sts::123456789012:assumed-role/deploy/ci"}`
	root := policy.Principal{Account: "123456789012", ARN: "arn:aws:iam::123456789012:root"}
	tests := []struct {
		who        policy.Principal
		principals []string
		number     int
		named      policy.Named
	}{
		{user, []string{account, ann, `"*"`}, 2, policy.ByItself},
		{user, []string{account, `"*"`, `"*"`}, 2, policy.ByAll},
		{user, []string{`{"AWS": ["123456789012", "arn:aws:iam::123456789012:user/ann"]}`}, 1, policy.ByItself},
		{session, []string{account, role}, 2, policy.ByRole},
		{session, []string{role, ci}, 2, policy.ByItself},
		{root, []string{ann, account}, 2, policy.ByAccount},
		{eventBridge, []string{`"*"`, `{"Service": "events.amazonaws.com"}`}, 2, policy.ByItself},
		{stranger, []string{ann, account}, 0, policy.Unnamed},
	}
	for _, tt := range tests {
		var statements []string
		for i, p := range tt.principals {
			statements = append(statements, statement(fmt.Sprintf(`Sid: "s%d"`, i+1), "Principal: "+p))
		}
		d := parse(t, document(statements...))
		got := d.Decide(policy.Request{Principal: tt.who, Action: "a:b", Resource: "r"})
		want, words := policy.Decision{}, "not covered"
		if tt.number > 0 {
			want = policy.Decision{Verdict: policy.Allowed, Statement: d.Statements[tt.number-1], Named: tt.named}
			words = fmt.Sprintf(`allowed by statement %d ("s%[1]d")`, tt.number)
		}
		if got != want || got.String() != words {
			t.Errorf("%+v by %s: %s (%d), want %s (%d)", tt.who, tt.principals, got, got.Named, words, want.Named)
		}
	}
	d := parse(t, document(statement(), statement(`Effect: "Deny"`), statement(`Effect: "Deny"`)))
	if got := d.Decide(policy.Request{}).String(); got != "denied by statement 2" {
		t.Errorf("two that deny: %s", got)
	}
}

// As the guide has it, who is to be spared by a Deny with NotPrincipal is listed
// as session, as role and as account; who is to be left out of an Allow is listed
// in any way.
func TestNotPrincipalSparesWhoIsListedInEachWay(t *testing.T) {
	const account, role, ci, ann = "123456789012", "arn:aws:iam::123456789012:role/deploy",
		"arn:aws:sts::123456789012:assumed-role/deploy/ci", "arn:aws:iam::123456789012:user/ann"
	tests := []struct {
		who    policy.Principal
		listed []string
		denied bool
	}{
		{session, []string{role, account}, true},
		{session, []string{ci, account}, true},
		{session, []string{ci, role}, true},
		{session, []string{ci, role, account}, false},
		{session, []string{"*"}, false},
		{user, []string{ann}, true},
		{user, []string{account}, true},
		{user, []string{ann, account}, false},
		{stranger, []string{account}, true},
		{policy.Principal{Account: account}, []string{account}, false},
		{policy.Principal{Account: account, ARN: "arn:aws:iam::123456789012:root"}, []string{account}, false},
		{policy.Principal{}, []string{account, ann}, true},
		{eventBridge, []string{account}, true},
	}
	for _, tt := range tests {
		list, err := json.Marshal(tt.listed)
		if err != nil {
			t.Fatal(err)
		}
		d := parse(t, document(statement(), statement(`Effect: "Deny"`, `NotPrincipal: {"AWS": `+string(list)+`}`)))
		if got := d.Decide(policy.Request{Principal: tt.who}).Verdict == policy.Denied; got != tt.denied {
			t.Errorf("%+v with %s: denied %v, want %v", tt.who, list, got, tt.denied)
		}
	}
}

func TestPrincipalsAreKnownByMoreThanTheirName(t *testing.T) {
	const path, other = "arn:aws:iam::123456789012:role/ci/deploy", "arn:aws:iam::123456789012:role/other/deploy"
	of := func(role, id string) policy.Principal {
		return policy.Principal{Account: "123456789012", ARN: "arn:aws:sts::123456789012:assumed-role/deploy/x", Role: role, ID: id}
	}
	google := policy.Principal{Federated: "accounts.google.com"}
	tests := []struct {
		principal string
		who       policy.Principal
		want      policy.Verdict
	}{
		// Whoever says of which role the session is need not be believed by its name.
		{`{"AWS": "` + path + `"}`, of(path, ""), policy.Allowed},
		{`{"AWS": "` + path + `"}`, of(other, ""), policy.NotCovered},
		{`{"AWS": "` + path + `"}`, of("", ""), policy.Allowed},
		{`{"AWS": "AROAEXAMPLEEXAMPLE"}`, of(path, "AROAEXAMPLEEXAMPLE"), policy.Allowed},
		{`{"AWS": "AROAEXAMPLEEXAMPLE"}`, of(path, "AROAANOTHEREXAMPLE"), policy.NotCovered},
		{`{"AWS": "AIDAEXAMPLEEXAMPLE"}`, policy.Principal{Account: "123456789012", ARN: user.ARN, ID: "AIDAEXAMPLEEXAMPLE"}, policy.Allowed},
		{`{"AWS": "AIDAEXAMPLEEXAMPLE"}`, user, policy.NotCovered},
		{`{"AWS": "arn:aws:sts::123456789012:federated-user/bob"}`,
			policy.Principal{Account: "123456789012", ARN: "arn:aws:sts::123456789012:federated-user/bob"}, policy.Allowed},

		{`{"Federated": "accounts.google.com"}`, google, policy.Allowed},
		{`{"Federated": ["www.amazon.com", "arn:aws:iam::123456789012:saml-provider/adfs"]}`, google, policy.NotCovered},
		{`{"Federated": "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"}`,
			policy.Principal{Federated: "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"}, policy.Allowed},
		{`{"AWS": "123456789012"}`, google, policy.NotCovered},
		{`"*"`, google, policy.Allowed},

		// Who a canonical user is cannot be told.
		{`{"CanonicalUser": "` + strings.Repeat("0a", 32) + `"}`, user, policy.NotCovered},
		{`{"CanonicalUser": "` + strings.Repeat("0a", 32) + `", "AWS": "123456789012"}`, user, policy.Allowed},
	}
	for _, tt := range tests {
		d := parse(t, document(statement("Principal: "+tt.principal)))
		if got := d.Decide(policy.Request{Principal: tt.who}).Verdict; got != tt.want {
			t.Errorf("%s for %+v: %s, want %s", tt.principal, tt.who, got, tt.want)
		}
	}
	deny := parse(t, document(statement(), statement(`Effect: "Deny"`, `Principal: {"CanonicalUser": "`+strings.Repeat("0a", 32)+`"}`)))
	for who, want := range map[policy.Principal]policy.Verdict{user: policy.Denied, eventBridge: policy.Allowed} {
		if got := deny.Decide(policy.Request{Principal: who}).Verdict; got != want {
			t.Errorf("a canonical user is denied, %+v: %s, want %s", who, got, want)
		}
	}
	role := parse(t, document(statement(`Condition: {"ArnEquals": {"aws:PrincipalArn": "`+path+`"}}`)))
	if got := role.Decide(policy.Request{Principal: of(path, "")}).Verdict; got != policy.Allowed {
		t.Errorf("aws:PrincipalArn of a session is not its role: %s", got)
	}
}

// A key given in two spellings has the values of both, whichever is read first.
func TestKeysHaveNoCase(t *testing.T) {
	d := parse(t, document(statement(`Condition: {"StringEquals": {"aws:SourceArn": "a"}}`)))
	for range 20 {
		both := map[string][]string{"aws:SourceArn": {"a"}, "AWS:SOURCEARN": {"b"}}
		if got := d.Decide(policy.Request{Context: both}).Verdict; got != policy.NotCovered {
			t.Fatalf("two spellings: %s", got)
		}
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
