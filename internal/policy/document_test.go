package policy_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/policy"
)

func TestDocumentKeepsItsStatementsAsWritten(t *testing.T) {
	first, second := statement(`Sid: "one"`), statement(`Effect: "Deny"`)
	d := parse(t, `{"Version": "2012-10-17", "Id": "mine", "Statement": [ `+first+` , `+second+` ]}`)
	got := []string{d.Version, d.ID, d.Statements[0].Sid, string(d.Statements[0].Text), d.Statements[1].Sid, string(d.Statements[1].Text)}
	if diff := cmp.Diff([]string{"2012-10-17", "mine", "one", first, "", second}, got); diff != "" {
		t.Error(diff)
	}
	if d := parse(t, `{"Statement": []}`); d.Version != "2008-10-17" || len(d.Statements) != 0 {
		t.Errorf("got %+v", d)
	}
}

func TestWhatIsNotJSONIsToldApart(t *testing.T) {
	for _, text := range []string{"", "x", "[]", "null", `"{}"`, `{"Statement": [}`, `{} {}`} {
		if _, err := policy.ParseResource(text); !errors.Is(err, policy.ErrNotJSON) {
			t.Errorf("ParseResource(%s): %v", text, err)
		}
	}
}

func TestMistakesInADocumentAreNamed(t *testing.T) {
	tests := []struct{ text, want string }{
		{`{}`, "policy: it has no Statement"},
		{`{"statement": []}`, `policy: unknown element "statement"; a policy has Version, Id and Statement`},
		{`{"Version": "2013-01-01", "Statement": []}`, `policy: the Version is "2013-01-01"; want "2012-10-17"`},
		{`{"Version": 2012, "Statement": []}`, "policy: Version is 2012; want a string"},
		{`{"Id": null, "Statement": []}`, "policy: Id is null; want a string"},
		{`{"Statement": [], "Statement": []}`, `policy: "Statement" is given twice`},
		{`{"Statement": "x"}`, `policy: statement 1: "x" is not a JSON object`},
		{document(statement(`Sid: "a"`), statement(`Sid: "a"`)), `policy: statement 2: the Sid "a" is taken by an earlier statement`},
		{document(statement(), `{}`), "policy: statement 2: it has no Effect"},
		{document(statement(`Effect: "allow"`)), `policy: statement 1: the Effect is "allow"; want Allow or Deny`},
		{document(statement(`Extra: 1`)), `policy: statement 1: unknown element "Extra"`},
		{document(`{"Effect": "Allow", "Action": "*", "Resource": "*"}`), "policy: statement 1: it needs either Principal or NotPrincipal"},
		{document(`{"Effect": "Allow", "Principal": "*", "NotPrincipal": "*", "Action": "*", "Resource": "*"}`), "policy: statement 1: it needs either Principal or NotPrincipal"},
		{document(`{"Effect": "Allow", "Principal": "*", "Resource": "*"}`), "policy: statement 1: it needs either Action or NotAction"},
		{document(`{"Effect": "Allow", "Principal": "*", "Action": "*"}`), "policy: statement 1: it needs either Resource or NotResource"},
		{document(statement(`Condition: {}, "Condition": {}`)), `policy: statement 1: "Condition" is given twice`},

		{document(statement(`Action: []`)), "policy: statement 1: Action is empty"},
		{document(statement(`Action: "SendMessage"`)), `policy: statement 1: Action "SendMessage" has no service; want one such as sqs:SendMessage`},
		{document(statement(`NotAction: ["sqs:"]`)), `policy: statement 1: NotAction "sqs:" has no service; want one such as sqs:SendMessage`},
		{document(statement(`Resource: [1]`)), "policy: statement 1: Resource is 1; want a string"},

		{document(statement(`Action: "sqs:${aws:username}"`)), `policy: statement 1: Action "sqs:${aws:username}" uses a policy variable; these are filled in in Resource and Condition only`},
		{document(statement(`Resource: "arn:aws:sqs:::${aws:username"`)), `policy: statement 1: Resource: "${aws:username" is no policy variable; want ${key}, ${key, 'default'}, ${*}, ${?} or ${$}`},
		{document(statement(`Resource: "arn:aws:sqs:::\u0024{}"`)), `policy: statement 1: Resource: "${}" is no policy variable; want ${key}, ${key, 'default'}, ${*}, ${?} or ${$}`},
		{document(statement(`Resource: "arn:aws:sqs:::${k, x}"`)), `policy: statement 1: Resource: "${k, x}" is no policy variable; want ${key}, ${key, 'default'}, ${*}, ${?} or ${$}`},

		{document(statement(`Principal: "123456789012"`)), `policy: statement 1: Principal is "123456789012"; want "*", {"AWS": …} or {"Service": …}`},
		{document(statement(`Principal: ["*"]`)), `policy: statement 1: Principal is ["*"]; want "*", {"AWS": …} or {"Service": …}`},
		{document(statement(`Principal: {}`)), "policy: statement 1: Principal is empty"},
		{document(statement(`Principal: {"AWS": []}`)), "policy: statement 1: Principal: AWS is empty"},
		{document(statement(`Principal: {"AWS": "12345"}`)), `policy: statement 1: Principal: "12345" is no AWS principal; want "*", an account id or the ARN of a user, role or session, without wildcards`},
		{document(statement(`Principal: {"AWS": "arn:aws:iam::123456789012:role/*"}`)), `policy: statement 1: Principal: "arn:aws:iam::123456789012:role/*" is no AWS principal; want "*", an account id or the ARN of a user, role or session, without wildcards`},
		{document(statement(`Principal: {"Service": "*"}`)), `policy: statement 1: Principal: "*" is no service principal; want one such as events.amazonaws.com`},
		{document(statement(`Principal: {"Federated": "x"}`)), `policy: statement 1: Principal: "x" is no identity provider; want one such as accounts.google.com, or the ARN of an oidc-provider or saml-provider`},

		{document(statement(`Principal: {"AWS": "arn:aws:sts::123456789012:assumed-role/dev/*"}`)), `policy: statement 1: Principal: "arn:aws:sts::123456789012:assumed-role/dev/*" is no AWS principal; want "*", an account id or the ARN of a user, role or session, without wildcards`},
		{document(statement(`Principal: {"AWS": "arn:aws:iam::123456789012:user/${aws:username}"}`)), `policy: statement 1: Principal: "arn:aws:iam::123456789012:user/${aws:username}" is no AWS principal; want "*", an account id or the ARN of a user, role or session, without wildcards`},
		{document(statement(`Principal: {"AWS": "arn:aws:iam::123456789012:group/all"}`)), `policy: statement 1: Principal: "arn:aws:iam::123456789012:group/all" is no AWS principal; want "*", an account id or the ARN of a user, role or session, without wildcards`},
		{document(statement(`Principal: {"CanonicalUser": "79a5"}`)), `policy: statement 1: Principal: "79a5" is no canonical user id; want 64 hexadecimal digits`},
		{document(statement(`Principal: {"Group": "x"}`)), `policy: statement 1: Principal: dari does not know principals of the kind "Group"; it knows AWS, Service, Federated and CanonicalUser`},

		{document(statement(`Condition: []`)), "policy: statement 1: Condition: [] is not a JSON object"},
		{document(statement(`Condition: {"StringEquals": 1}`)), "policy: statement 1: Condition StringEquals: 1 is not a JSON object"},
		{document(statement(`Condition: {"StringEquals": {"k": []}}`)), "policy: statement 1: Condition StringEquals: k has no values"},
		{document(statement(`Condition: {"StringEquals": {"k": null}}`)), "policy: statement 1: Condition StringEquals: k is null; want a string, number or truth value"},
		{document(statement(`Condition: {"StringEquals": {"k": "1", "k": "2"}}`)), `policy: statement 1: Condition StringEquals: "k" is given twice`},
		{document(statement(`Condition: {"stringequals": {"k": "1"}}`)), `policy: statement 1: Condition stringequals: dari does not know the operator "stringequals"`},
		{document(statement(`Condition: {"ForSomeValues:StringEquals": {"k": "1"}}`)), `policy: statement 1: Condition ForSomeValues:StringEquals: "ForSomeValues" is neither ForAnyValue nor ForAllValues`},
		{document(statement(`Condition: {"NumericEquals": {"k": "ten"}}`)), `policy: statement 1: Condition NumericEquals: k: "ten" is not a number`},
		{document(statement(`Condition: {"NumericEquals": {"k": "NaN"}}`)), `policy: statement 1: Condition NumericEquals: k: "NaN" is not a number`},
		{document(statement(`Condition: {"NumericEquals": {"k": "0x10"}}`)), `policy: statement 1: Condition NumericEquals: k: "0x10" is not a number`},
		{document(statement(`Condition: {"NumericEquals": {"k": "${k}"}}`)), `policy: statement 1: Condition NumericEquals: k: "${k}" is not a number`},
		{document(statement(`Condition: {"DateLessThan": {"k": "tomorrow"}}`)), `policy: statement 1: Condition DateLessThan: k: "tomorrow" is no date; want one such as 2030-12-31T23:59:59Z, or seconds since 1970`},
		{document(statement(`Condition: {"DateLessThan": {"k": "2030-01-01T00:00:00"}}`)), `policy: statement 1: Condition DateLessThan: k: "2030-01-01T00:00:00" is no date; want one such as 2030-12-31T23:59:59Z, or seconds since 1970`},
		{document(statement(`Condition: {"BinaryEquals": {"k": "?"}}`)), `policy: statement 1: Condition BinaryEquals: k: "?" is not base64`},
		{document(statement(`Condition: {"Bool": {"k": "yes"}}`)), `policy: statement 1: Condition Bool: k: "yes" is neither true nor false`},
		{document(statement(`Condition: {"IpAddress": {"k": "10.0.0.0/33"}}`)), `policy: statement 1: Condition IpAddress: k: "10.0.0.0/33" is neither an address nor a network such as 10.0.0.0/8`},
		{document(statement(`Condition: {"IpAddress": {"k": "::ffff:10.0.0.0/104"}}`)), `policy: statement 1: Condition IpAddress: k: "::ffff:10.0.0.0/104" is neither an address nor a network such as 10.0.0.0/8`},
		{document(statement(`Condition: {"NullIfExists": {"k": "true"}}`)), "policy: statement 1: Condition NullIfExists: it takes one value, true or false, and nothing stands before or after its name"},
	}
	tests = append(tests, struct{ text, want string }{`{"Id": "` + strings.Repeat("x", 128<<10) + `"}`, "policy: it is longer than 131072 bytes, and no policy may be"})
	for _, tt := range tests {
		_, err := policy.ParseResource(tt.text)
		if err == nil || err.Error() != tt.want {
			t.Errorf("ParseResource(%s):\ngot  %v\nwant %s", tt.text, err, tt.want)
		}
	}
}

// What a document is attached to says which elements its statements have.
func TestEachKindOfPolicyHasItsElements(t *testing.T) {
	const (
		admin = `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}`
		trust = `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}`
	)
	for _, tt := range []struct {
		text                      string
		resource, identity, trust string
	}{
		{admin, "it needs either Principal or NotPrincipal", "", "it needs either Principal or NotPrincipal"},
		{trust, "it needs either Resource or NotResource", "it has Principal or NotPrincipal, but an identity policy is about whomever it is attached to", ""},
		{document(statement()), "", "it has Principal or NotPrincipal, but an identity policy is about whomever it is attached to",
			"it has Resource or NotResource, but a trust policy is about the role that it is attached to"},
	} {
		for _, k := range []struct {
			name  string
			parse func(string) (*policy.Document, error)
			want  string
		}{{"resource", policy.ParseResource, tt.resource}, {"identity", policy.ParseIdentity, tt.identity}, {"trust", policy.ParseTrust, tt.trust}} {
			_, err := k.parse(tt.text)
			if k.want == "" && err != nil || k.want != "" && (err == nil || err.Error() != "policy: statement 1: "+k.want) {
				t.Errorf("%s as %s policy:\ngot  %v\nwant %s", tt.text, k.name, err, k.want)
			}
		}
	}
	d, err := policy.ParseIdentity(admin)
	if err != nil {
		t.Fatal(err)
	}
	want := policy.Decision{Verdict: policy.Allowed, Statement: d.Statements[0]}
	if got := d.Decide(policy.Request{Principal: user, Action: "sqs:SendMessage", Resource: queue}); got != want {
		t.Errorf("an administrator: %s", got)
	}
}

func BenchmarkDecide(b *testing.B) {
	b.ReportAllocs()
	d := parse(b, document(statement(`Principal: {"Service": "events.amazonaws.com"}`, `Action: "sqs:SendMessage"`, `Resource: "`+queue+`"`,
		`Condition: {"ArnEquals": {"aws:SourceArn": "`+rule+`"}}`)))
	r := policy.Request{Principal: eventBridge, Action: "sqs:SendMessage", Resource: queue, Context: map[string][]string{"aws:SourceArn": {rule}}}
	for b.Loop() {
		if d.Decide(r).Verdict != policy.Allowed {
			b.Fatal("not allowed")
		}
	}
}
