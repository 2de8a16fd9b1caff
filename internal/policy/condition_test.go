package policy_test

import (
	"strings"
	"testing"

	"github.com/dari-bus/dari/internal/policy"
)

// Each condition is tried against values of the key k; nil means that the
// request does not have it.
func TestConditionsHold(t *testing.T) {
	const a, other = "arn:aws:events:eu-central-1:123456789012:rule/a", "arn:aws:events:eu-central-1:123456789012:rule/b/c"
	v := func(values ...string) []string { return values }
	tests := []struct {
		condition string
		values    []string
		want      bool
	}{
		{`{"StringEquals": {"k": "x"}}`, v("x"), true},
		{`{"StringEquals": {"k": "x"}}`, v("X"), false},
		{`{"StringEquals": {"k": "x*"}}`, v("xy"), false},
		{`{"StringEquals": {"k": ["w", "x"]}}`, v("x"), true},
		{`{"StringEquals": {"K": "x"}}`, v("x"), true},
		{`{"StringEquals": {"k": true}}`, v("true"), true},
		{`{"StringEquals": {"k": 15}}`, v("15"), true},
		{`{"StringEquals": {"k": "x"}}`, nil, false},
		{`{"StringEqualsIfExists": {"k": "x"}}`, nil, true},
		{`{"StringEqualsIfExists": {"k": "x"}}`, v("y"), false},
		{`{"StringNotEquals": {"k": "x"}}`, v("y"), true},
		{`{"StringNotEquals": {"k": "x"}}`, v("x"), false},
		{`{"StringNotEquals": {"k": ["x", "y"]}}`, v("y"), false},
		{`{"StringNotEquals": {"k": "x"}}`, nil, true},
		{`{"StringEqualsIgnoreCase": {"k": "Straße"}}`, v("STRAßE"), true},
		{`{"StringNotEqualsIgnoreCase": {"k": "abc"}}`, v("ABC"), false},
		{`{"StringLike": {"k": "a?c*"}}`, v("abcdef"), true},
		{`{"StringLike": {"k": "a?c"}}`, v("ac"), false},
		{`{"StringLike": {"k": "A*"}}`, v("abc"), false},
		{`{"StringNotLike": {"k": "a*"}}`, v("abc"), false},

		{`{"ArnEquals": {"k": "` + a + `"}}`, v(a), true},
		{`{"ArnEquals": {"k": "` + a + `"}}`, v(other), false},
		{`{"ArnEquals": {"k": "arn:aws:events:*:123456789012:rule/*"}}`, v(other), true},
		{`{"ArnLike": {"k": "arn:aws:events:*:rule/a:*:*"}}`, v(a), false}, // a wildcard stays in its part
		{`{"ArnLike": {"k": "*"}}`, v(a), true},
		{`{"ArnLike": {"k": "*"}}`, v("no arn"), false},
		{`{"ArnLike": {"k": "arn:???:*:*:*:*"}}`, v(a), true},
		{`{"ArnLike": {"k": "arn:aws:events:*"}}`, v(a), false}, // no ARN
		{`{"ArnNotLike": {"k": "arn:::b"}}`, v(a), false},
		{`{"ArnEquals": {"k": "` + strings.ToUpper(a) + `"}}`, v(a), false},
		{`{"ArnNotEquals": {"k": "` + a + `"}}`, v(other), true},
		{`{"ArnNotLike": {"k": "` + a + `"}}`, v(a), false},
		{`{"ArnNotLike": {"k": "` + a + `"}}`, v("no arn"), false}, // cannot tell
		{`{"ArnNotLike": {"k": "` + a + `"}}`, nil, true},

		{`{"NumericEquals": {"k": "10"}}`, v("1e1"), true},
		{`{"NumericNotEquals": {"k": 10}}`, v("10.0"), false},
		{`{"NumericLessThan": {"k": 10}}`, v("9.5"), true},
		{`{"NumericLessThan": {"k": 10}}`, v("10"), false},
		{`{"NumericLessThanEquals": {"k": 10}}`, v("10"), true},
		{`{"NumericGreaterThan": {"k": 10}}`, v("10"), false},
		{`{"NumericGreaterThanEquals": {"k": 10}}`, v("10"), true},
		{`{"NumericLessThan": {"k": 10}}`, v("few"), false},
		{`{"NumericNotEquals": {"k": 10}}`, v("few"), false}, // cannot tell
		{`{"NumericNotEquals": {"k": 10}}`, v("NaN"), false},
		{`{"NumericEquals": {"k": "+010.50"}}`, v("1.05e+1"), true},
		{`{"NumericEquals": {"k": 9007199254740992}}`, v("9007199254740993"), false},
		{`{"NumericLessThan": {"k": "1e999"}}`, v("1e998"), true},
		{`{"NumericLessThan": {"k": 10}}`, v("1e-999999999"), false}, // cannot tell
		{`{"NumericLessThan": {"k": 10}}`, v("0x1"), false},
		{`{"NumericGreaterThan": {"k": 10}}`, v("Inf"), false},
		{`{"NumericGreaterThan": {"k": 10}}`, v(strings.Repeat("1", 101)), false},

		{`{"DateEquals": {"k": "2030-01-01"}}`, v("2030-01-01T00:00:00Z"), true},
		{`{"DateEquals": {"k": "2030-01-01T01:00+01:00"}}`, v("2030-01-01T00:00:00.000Z"), true},
		{`{"DateEquals": {"k": "2030"}}`, v("1893456000"), true},
		{`{"DateEquals": {"k": "2030-02"}}`, v("2030-02-01"), true},
		{`{"DateEquals": {"k": 1893456000}}`, v("2030-01-01T00:00:00Z"), true},
		{`{"DateNotEquals": {"k": "2030-01-01"}}`, v("2030-01-01T00:00:00.001Z"), true},
		{`{"DateLessThan": {"k": "2030-01-01"}}`, v("2029-12-31T23:59:59.999Z"), true},
		{`{"DateLessThan": {"k": "2030-01-01"}}`, v("2030-01-01T00:00:00Z"), false},
		{`{"DateLessThanEquals": {"k": "2030-01-01"}}`, v("2030-01-01T00:00:00Z"), true},
		{`{"DateGreaterThan": {"k": "2030-01-01T00:00:00Z"}}`, v("1893456000.5"), true},
		{`{"DateGreaterThan": {"k": "2030-01-01T00:00:00Z"}}`, v("1893456000"), false},
		{`{"DateGreaterThanEquals": {"k": "2030-01-01T00:00:00Z"}}`, v("1893456000"), true},
		{`{"DateGreaterThan": {"k": "2030-01-01"}}`, v("later"), false}, // cannot tell
		{`{"DateNotEquals": {"k": "2030-01-01"}}`, v("2030-13-01"), false},
		{`{"DateLessThan": {"k": "2030-01-01"}}`, nil, false},
		{`{"DateLessThanIfExists": {"k": "2030-01-01"}}`, nil, true},

		{`{"BinaryEquals": {"k": "QmluYXJ5"}}`, v("QmluYXJ5"), true},
		{`{"BinaryEquals": {"k": "QmluYXJ5"}}`, v("qmluYXJ5"), false},
		{`{"BinaryEquals": {"k": "QmluYXJ5"}}`, v("Binary!"), false}, // cannot tell
		{`{"BinaryEqualsIfExists": {"k": "QmluYXJ5"}}`, nil, true},

		{`{"Bool": {"k": "true"}}`, v("true"), true},
		{`{"Bool": {"k": false}}`, v("False"), true},
		{`{"Bool": {"k": "true"}}`, v("false"), false},
		{`{"Bool": {"k": "true"}}`, nil, false},
		{`{"BoolIfExists": {"k": "true"}}`, nil, true},

		{`{"IpAddress": {"k": "10.0.0.0/8"}}`, v("10.1.2.3"), true},
		{`{"IpAddress": {"k": "10.0.0.0/8"}}`, v("::ffff:10.1.2.3"), true},
		{`{"IpAddress": {"k": "10.0.0.0/8"}}`, v("11.1.2.3"), false},
		{`{"IpAddress": {"k": "10.1.2.3"}}`, v("10.1.2.3"), true},
		{`{"IpAddress": {"k": ["::1", "2001:db8::/32"]}}`, v("2001:db8::5"), true},
		{`{"NotIpAddress": {"k": "10.0.0.0/8"}}`, v("10.1.2.3"), false},
		{`{"NotIpAddress": {"k": "10.0.0.0/8"}}`, v("11.1.2.3"), true},
		{`{"IpAddress": {"k": "203.0.113.9"}}`, v("2001:db8::1"), false},
		{`{"NotIpAddress": {"k": "203.0.113.9"}}`, v("2001:db8::1"), true},
		{`{"NotIpAddress": {"k": "10.0.0.0/8"}}`, v("fe80::1%" + strings.Repeat("z", 100)), false}, // cannot tell
		{`{"NotIpAddress": {"k": "10.0.0.0/8"}}`, v("nowhere"), false},                             // cannot tell

		{`{"Null": {"k": "true"}}`, nil, true},
		{`{"Null": {"k": "true"}}`, v("x"), false},
		{`{"Null": {"k": false}}`, v("x"), true},
		{`{"Null": {"k": false}}`, nil, false},

		{`{"ForAnyValue:StringEquals": {"k": ["a", "b"]}}`, v("x", "b"), true},
		{`{"ForAnyValue:StringEquals": {"k": ["a", "b"]}}`, v("x", "y"), false},
		{`{"ForAnyValue:StringEquals": {"k": "a"}}`, nil, false},
		{`{"ForAnyValue:StringEqualsIfExists": {"k": "a"}}`, nil, true},
		{`{"ForAnyValue:StringNotEquals": {"k": "a"}}`, v("a", "b"), true},
		{`{"ForAnyValue:StringNotEquals": {"k": "a"}}`, v("a"), false},
		{`{"ForAnyValue:StringNotEquals": {"k": "a"}}`, nil, false},
		{`{"ForAllValues:StringEquals": {"k": ["a", "b"]}}`, v("b", "a"), true},
		{`{"ForAllValues:StringEquals": {"k": ["a", "b"]}}`, v("b", "x"), false},
		{`{"ForAllValues:StringEquals": {"k": "a"}}`, nil, true},
		{`{"ForAllValues:StringNotLike": {"k": "a*"}}`, v("b", "ab"), false},
		// Several values are for those two only, as EventBridge's guide has it.
		{`{"StringEquals": {"k": "a"}}`, v("a", "b"), false},
		{`{"StringEquals": {"k": ["a", "b"]}}`, v("a", "b"), false},
		{`{"StringNotEquals": {"k": "a"}}`, v("b", "c"), false},
		{`{"StringLikeIfExists": {"k": "*"}}`, v("a", "b"), false},

		// Operators and keys are joined by and.
		{`{"StringLike": {"k": "a*"}, "StringNotEquals": {"k": "ab"}}`, v("ac"), true},
		{`{"StringLike": {"k": "a*"}, "StringNotEquals": {"k": "ab"}}`, v("ab"), false},
		{`{"StringLike": {"k": "a*", "missing": "*"}}`, v("ab"), false},
		{`{}`, nil, true},

		// Keys that Decide knows by itself.
		{`{"StringEquals": {"aws:PrincipalAccount": "123456789012"}}`, nil, true},
		{`{"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::123456789012:user/*"}}`, nil, true},
		{`{"Bool": {"AWS:PrincipalIsAwsService": "false"}}`, nil, true},
		{`{"Null": {"aws:PrincipalServiceName": "true"}}`, nil, true},
	}
	for _, tt := range tests {
		text := document(statement("Condition: " + tt.condition))
		context := map[string][]string{}
		if tt.values != nil {
			context["k"] = tt.values
		}
		want := policy.NotCovered
		if tt.want {
			want = policy.Allowed
		}
		if got := parse(t, text).Decide(policy.Request{Principal: user, Context: context}).Verdict; got != want {
			t.Errorf("%s with %q: %s, want %s", tt.condition, tt.values, got, want)
		}
	}
}

func TestDenyHoldsWhenAConditionCannotTell(t *testing.T) {
	for _, condition := range []string{
		`{"NumericLessThan": {"k": 10}}`, `{"NumericNotEquals": {"k": 10}}`, `{"Bool": {"k": true}}`,
		`{"DateLessThan": {"k": "2030"}}`, `{"BinaryEquals": {"k": "eA=="}}`, `{"ArnEquals": {"k": "arn:aws:sns"}}`,
		`{"StringEquals": {"k": "${none}"}}`, `{"StringNotLike": {"k": ["a", "${none}*"]}}`, `{"Bool": {"k": "${none}"}}`,
		`{"IpAddress": {"k": "10.0.0.0/8"}}`, `{"ForAnyValue:ArnEquals": {"k": "arn:aws:sns:::x"}}`,
	} {
		d := parse(t, document(statement(), statement(`Effect: "Deny"`, "Condition: "+condition)))
		if got := d.Decide(policy.Request{Principal: user, Context: map[string][]string{"k": {"?"}}}).Verdict; got != policy.Denied {
			t.Errorf("%s: %s", condition, got)
		}
	}
}
