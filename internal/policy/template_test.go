package policy_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/dari-bus/dari/internal/policy"
)

// Each element is tried in an Allow and in a Deny: what cannot be told keeps
// the one from covering the request and makes the other cover it.
func TestVariablesStandForTheValuesOfTheRequest(t *testing.T) {
	const q = "arn:aws:sqs:eu-central-1:123456789012:"
	const allows, neither, unclear = "allows, denies", "neither", "denies only"
	context := map[string][]string{
		"aws:username": {"ann"}, "aws:PrincipalTag/team": {"*"}, "aws:PrincipalTag/cost center": {"blue"}, "empty": {""},
		"several": {"a", "b"}, "yes": {"true"}, "topic": {"arn:aws:sns:::t"}, "aws:RequestedRegion": {"eu-central-1"},
	}
	tests := []struct{ element, resource, want string }{
		// Resources.
		{`Resource: "` + q + `${aws:username}-q"`, q + "ann-q", allows},
		{`Resource: "` + q + `${aws:username}-q"`, q + "bob-q", neither},
		{`Resource: "` + q + `${AWS:UserName}-q"`, q + "ann-q", allows},
		{`Resource: "` + q + `\u0024{aws:username}-q"`, q + "ann-q", allows},
		{`Resource: "` + q + `${ aws:username }-*"`, q + "ann-q", allows},
		{`Resource: "` + q + `${aws:PrincipalTag/cost center}"`, q + "blue", allows},
		{`Resource: "` + q + `${aws:PrincipalTag/team}-q"`, q + "blue-q", neither}, // a star in a value is a star
		{`Resource: "` + q + `${aws:PrincipalTag/team}-q"`, q + "*-q", allows},
		{`Resource: "` + q + `x${empty}"`, q + "x", allows},
		{`Resource: "` + q + `${none}"`, q + "x", unclear},
		{`Resource: "` + q + `${several}"`, q + "a", unclear},
		{`Resource: "` + q + `${none, 'x'}"`, q + "x", allows},
		{`Resource: "` + q + `${none ,  'x, }*' }"`, q + "x, }*", allows},
		{`Resource: "` + q + `${none, 'x*'}"`, q + "xy", neither},
		{`Resource: "` + q + `${none, ''}x"`, q + "x", allows},
		{`Resource: "` + q + `${several, 'x'}"`, q + "x", unclear},
		{`Resource: "` + q + `${aws:username, 'x'}"`, q + "x", neither},
		{`Resource: "` + q + `${*}"`, q + "*", allows},
		{`Resource: "` + q + `${*}"`, q + "x", neither},
		{`Resource: "` + q + `${?}${$}{a}"`, q + "?${a}", allows},
		{`Resource: "` + q + `$x"`, q + "$x", allows},
		{`Resource: ["` + q + `${none}", "` + q + `x"]`, q + "x", allows},
		{`Resource: ["` + q + `${none}", "` + q + `x"]`, q + "y", unclear},
		{`NotResource: "` + q + `${aws:username}-q"`, q + "bob-q", allows},
		{`NotResource: "` + q + `${none}"`, q + "x", unclear},
		// Only after the fifth colon; those of a variable do not count.
		{`Resource: "arn:aws:sqs:${aws:RequestedRegion}:123456789012:q"`, q + "q", unclear},
		{`Resource: "arn:aws:sqs:*:${aws:PrincipalAccount}:q"`, q + "q", unclear},
		{`Resource: "arn:aws:${a:b:c}:*"`, q + "q", unclear},
		{`Resource: "*${aws:username}"`, q + "ann", unclear},
		{`Resource: "arn:aws:sqs:*:*:${aws:username}"`, q + "ann", allows},

		// Conditions.
		{`Condition: {"StringEquals": {"aws:username": "${aws:username}"}}`, q, allows},
		{`Condition: {"StringEquals": {"aws:username": "${aws:PrincipalTag/team}"}}`, q, neither},
		{`Condition: {"StringEquals": {"aws:username": "a*"}}`, q, neither},
		{`Condition: {"StringNotEquals": {"aws:username": "x${aws:username}"}}`, q, allows},
		{`Condition: {"StringNotEquals": {"aws:username": "${none}"}}`, q, unclear},
		{`Condition: {"StringNotEquals": {"aws:username": ["${none}", "ann"]}}`, q, neither},
		{`Condition: {"StringEquals": {"aws:username": ["${none}", "ann"]}}`, q, allows},
		{`Condition: {"StringEqualsIfExists": {"none": "${none}"}}`, q, allows},
		{`Condition: {"StringEquals": {"none": "${none}"}}`, q, neither},
		{`Condition: {"StringEqualsIgnoreCase": {"aws:username": "A${none, 'NN'}"}}`, q, allows},
		{`Condition: {"StringLike": {"aws:username": "${aws:PrincipalTag/team}"}}`, q, neither},
		{`Condition: {"StringLike": {"aws:PrincipalTag/team": "${*}"}}`, q, allows},
		{`Condition: {"StringLike": {"aws:username": "${*}"}}`, q, neither},
		{`Condition: {"StringEquals": {"aws:PrincipalTag/team": "${*}"}}`, q, allows},
		{`Condition: {"ArnLike": {"topic": "arn:aws:sns:::${none, 't'}"}}`, q, allows},
		{`Condition: {"ArnLike": {"topic": "arn:aws:${none, 'sns'}:::t"}}`, q, allows},
		{`Condition: {"ArnLike": {"topic": "arn:aws:${none}:::t"}}`, q, unclear},
		{`Condition: {"ArnLike": {"topic": "arn:aws:${none}:::x"}}`, q, neither},
		{`Condition: {"ArnEquals": {"topic": "${topic}"}}`, q, allows},
		{`Condition: {"ArnEquals": {"topic": "${none, 'arn:aws:sns:::*'}"}}`, q, neither},
		{`Condition: {"ArnEquals": {"topic": "${none, 'arn:aws:sns:'}::t"}}`, q, unclear}, // parts are as written
		{`Condition: {"Bool": {"yes": "${yes}"}}`, q, allows},
		{`Condition: {"Bool": {"yes": "${aws:username}"}}`, q, unclear},
		{`Condition: {"StringEquals": {"aws:PrincipalAccount": "${aws:PrincipalAccount}"}}`, q, allows},
	}
	for _, tt := range tests {
		verdict := func(effect string) policy.Verdict {
			d := parse(t, document(statement(`Effect: "`+effect+`"`, tt.element)))
			return d.Decide(policy.Request{Principal: user, Action: "sqs:SendMessage", Resource: tt.resource, Context: context}).Verdict
		}
		got := neither
		switch allow, deny := verdict("Allow"), verdict("Deny"); {
		case allow == policy.Allowed && deny == policy.Denied:
			got = allows
		case allow == policy.NotCovered && deny == policy.Denied:
			got = unclear
		case allow != policy.NotCovered || deny != policy.NotCovered:
			got = allow.String() + " and " + deny.String()
		}
		if got != tt.want {
			t.Errorf("%s for %s: %s, want %s", tt.element, tt.resource, got, tt.want)
		}
	}
}

func TestVariablesAreTextBeforeTheVersionThatHasThem(t *testing.T) {
	for _, version := range []string{"", `"Version": "2008-10-17", `} {
		d := parse(t, `{`+version+`"Statement": `+statement(`Resource: "arn:aws:sqs:::${aws:username}"`,
			`Condition: {"StringEquals": {"k": "${"}}`)+`}`)
		for resource, want := range map[string]policy.Verdict{"${aws:username}": policy.Allowed, "ann": policy.NotCovered} {
			got := d.Decide(policy.Request{Principal: user, Action: "a:b", Resource: "arn:aws:sqs:::" + resource,
				Context: map[string][]string{"aws:username": {"ann"}, "k": {"${"}}}).Verdict
			if got != want {
				t.Errorf("%s%s: %s, want %s", version, resource, got, want)
			}
		}
	}
}

// Who writes documents and requests to keep a server busy is told what cannot be
// told: an Allow does not cover, and a Deny does.
func TestNobodyKeepsADecisionBusy(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes its time; make test does not skip it")
	}
	value := strings.Repeat("a", 1<<19)
	context := map[string][]string{"k": {value}, "arn": {"arn:a:b:c:d:" + value}, "many": slices.Repeat([]string{value[:1000]}, 10_000)}
	for _, tt := range []struct {
		name, condition string
		deny            policy.Verdict
	}{
		{"stars", `{"StringLike": {"k": "*` + strings.Repeat("a*", 20_000) + `b"}}`, policy.NotCovered}, // told in one pass
		{"a long text", `{"StringLike": {"k": "*` + strings.Repeat("a", 40_000) + `?b"}}`, policy.Denied},
		{"an ARN", `{"ArnLike": {"arn": "arn:a:*:*:*:*` + strings.Repeat("a?a", 10_000) + `b"}}`, policy.Denied},
		{"variables", `{"StringEquals": {"k": "` + strings.Repeat("${k}", 10_000) + `"}}`, policy.Denied},
		{"variables and stars", `{"StringLike": {"k": "` + strings.Repeat("*${k}?", 8_000) + `b"}}`, policy.Denied},
		{"binary", `{"ForAnyValue:BinaryEquals": {"many": ["eA==` + strings.Repeat(`", "eA==`, 6_000) + `"]}}`, policy.Denied},
		{"values", `{"ForAnyValue:StringEquals": {"many": ["x` + strings.Repeat(`", "x`, 10_000) + `"]}}`, policy.Denied},
	} {
		for effect, want := range map[string]policy.Verdict{"Allow": policy.NotCovered, "Deny": tt.deny} {
			d := parse(t, document(statement(`Effect: "`+effect+`"`, `Condition: `+tt.condition)))
			if got := d.Decide(policy.Request{Principal: user, Action: "a:b", Resource: "r", Context: context}).Verdict; got != want {
				t.Errorf("%s with %s: %s, want %s", effect, tt.name, got, want)
			}
		}
	}
	// Many statements share what is granted.
	many := document(statement() + strings.Repeat(", "+statement(`Effect: "Deny"`, `Resource: "*a?a?a*a*b"`), 400))
	if got := parse(t, many).Decide(policy.Request{Principal: user, Action: "a:b", Resource: value[:100_000]}); got.Verdict != policy.Denied {
		t.Errorf("many statements: %s", got)
	}
}

// What people write is far below what is granted: a policy of the length that
// an event bus takes, asked about values as long as an event allows.
func TestALongPolicyIsDecidedToItsEnd(t *testing.T) {
	text := statement(`Effect: "Deny"`, `Action: "events:Put*"`, `Resource: "arn:aws:events:*:*:event-bus/shop-*"`,
		`Condition: {"StringLike": {"events:source": ["*.test.*", "com.example.${aws:username}.*"]}}`)
	d := parse(t, document(strings.Repeat(text+", ", 45)+statement()))
	got := d.Decide(policy.Request{Principal: user, Action: "events:PutEvents", Resource: "arn:aws:events:eu-central-1:123456789012:event-bus/shop-orders",
		Context: map[string][]string{"events:source": {strings.Repeat("com.example.", 800)}, "aws:username": {"ann"}}})
	if got.Verdict != policy.Allowed || got.Statement.Number != 46 {
		t.Errorf("%s, want the last statement to allow", got)
	}
}

// The wildcards of actions and resources mean what they mean as expressions.
func FuzzWildcards(f *testing.F) {
	f.Add("a*b?c", "axxbyc")
	f.Add("**é?*", "é😀")
	f.Add("*a*a*a*b", "aaaaaaaaaaaaaaaaaaaa")
	f.Add("${*}", "${x}")
	f.Fuzz(func(t *testing.T, pattern, s string) {
		if !utf8.ValidString(pattern) || !utf8.ValidString(s) {
			return
		}
		text, err := json.Marshal(pattern)
		if err != nil {
			t.Fatal(err)
		}
		expr := regexp.QuoteMeta(pattern)
		expr = strings.NewReplacer(`\*`, `.*`, `\?`, `.`, `\\`, `\\`).Replace(expr)
		want := regexp.MustCompile(`(?s)^` + expr + `$`).MatchString(s)
		d := parse(t, `{"Statement": `+statement("Resource: "+string(text))+`}`)
		if got := d.Decide(policy.Request{Resource: s}).Verdict == policy.Allowed; got != want {
			t.Errorf("%q matches %q: %v, want %v", pattern, s, got, want)
		}
	})
}
