package policy_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/policy"
)

// rooms-ahead I56, the samples of AWS's reference, and one that was seen on AWS: a
// statement after another one starts where that ends.
func TestPlacesAreCountedAsAWSDoes(t *testing.T) {
	at := func(line, column, endLine, endColumn int) policy.Place {
		return policy.Place{Start: policy.Position{Line: line, Column: column}, End: policy.Position{Line: endLine, Column: endColumn}}
	}
	s := `{"Effect":"Allow","Action":"*","Resource":"*"}`
	for text, want := range map[string][]policy.Place{
		`{"Version": "2012-10-17", "Statement": {"Sid": "", "Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}}`:                                {at(1, 41, 1, 113)},
		`{"Version":"2012-10-17","Statement":[` + s + `]}`:                                                                                                 {at(1, 38, 1, 84)},
		`{"Version":"2012-10-17","Statement":[` + s + `,` + s + ` ]}`:                                                                                      {at(1, 38, 1, 84), at(1, 84, 1, 131)},
		"{\n  \"Version\":\"2012-10-17\",\n  \"Statement\":{\n    \"Effect\":\"Allow\",\n    \"Action\":\"s3:PutObject\",\n    \"Resource\":\"é\"\n  }\n}": {at(3, 16, 7, 4)},
		`{"Id":"é","Statement":[` + s + `]}`:                                                                                                               {at(1, 24, 1, 70)},
		`{"Statement":[]}`:                                                                                                                                 nil,
	} {
		if _, err := policy.ParseIdentity(text); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, policy.Places(text)); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}

func TestAnExplanationNamesWhatDecidedAndWhatIsMissing(t *testing.T) {
	docs := func(texts ...string) (all []*policy.Document) {
		for _, text := range texts {
			all = append(all, identity(t, text)...)
		}
		return all
	}
	p := policy.Policies{
		Identity: docs(
			`{"Sid":"a","Effect":"Allow","Action":"sqs:*","Resource":"*"},{"Sid":"b","Effect":"Allow","Action":"sqs:Send*","Resource":"arn:aws:sqs:*:*:${app:name}","Condition":{"StringEquals":{"app:K":"${app:team}","APP:NAME":"x"}}}`,
			`{"Sid":"c","Effect":"Allow","Action":"*","Resource":"*"},{"Sid":"d","Effect":"Deny","Action":"sns:*","Resource":"*","Condition":{"Bool":{"app:other":"true"}}}`),
		Boundary: docs(`{"Sid":"e","Effect":"Allow","Action":"*","Resource":"*","Condition":{"Null":{"aws:PrincipalArn":"false","app:given":"false"}}}`),
		Resource: parse(t, document(statement(`Sid: "f"`, `Effect: "Deny"`, `Action: "sqs:Delete*"`), statement(`Sid: "g"`, `Effect: "Deny"`, `Action: "sqs:D*"`), statement(`Sid: "h"`))),
	}
	ask := func(action string) string {
		left := 1 << 20
		e, ok := p.Explain(policy.Request{Principal: user, Action: action, Resource: queue, Context: map[string][]string{"APP:given": {"x"}}}, &left)
		if !ok {
			t.Fatal("there were not enough steps")
		}
		var out []string
		for _, f := range []policy.Finding{e.Identity, e.Resource, e.Boundary, e.Session} {
			word := f.Verdict.String()
			for _, s := range f.All {
				word += " " + s.Statement.Sid
			}
			out = append(out, word)
		}
		return e.Verdict.String() + " by " + e.Statement.Sid + ": " + strings.Join(out, ", ") + "; " + strings.Join(e.Missing, " ")
	}
	for action, want := range map[string]string{
		"sqs:SendMessage": "allowed by a: allowed a c, allowed h, allowed e, not covered; app:name app:K app:team",
		"sqs:DeleteQueue": "denied by f: allowed a c, denied f g, allowed e, not covered; ",
		"sns:Publish":     "allowed by c: allowed c, allowed h, allowed e, not covered; app:other",
	} {
		if got := ask(action); got != want {
			t.Errorf("%s: %s\nwant %s", action, got, want)
		}
	}
	left := 100
	if _, ok := p.Explain(policy.Request{Principal: user, Action: "sqs:SendMessage", Resource: queue}, &left); ok || left > 0 {
		t.Errorf("a hundred steps were enough, and %d are left", left)
	}
}

// A caller may have a hundred policies, and each may be made to take long.
func TestManyDocumentsTakeNoLongerThanAFew(t *testing.T) {
	var resources []string
	for n := range 20 {
		resources = append(resources, `"arn:aws:sqs:*:*:*`+strings.Repeat("?", 240+n)+`b"`)
	}
	costly := `{"Effect":"Allow","Action":"*","Resource":[` + strings.Join(resources, ",") + `]}`
	steps := func(documents int) int {
		var p policy.Policies
		for range documents {
			p.Identity = append(p.Identity, identity(t, costly)...)
		}
		r := policy.Request{Principal: user, Action: "sqs:SendMessage", Resource: queue + strings.Repeat("a", 500)}
		const enough = 1 << 40
		left := enough
		if e, ok := p.Explain(r, &left); !ok || e.Outcome != p.Evaluate(r) {
			t.Fatalf("%v, %v; Evaluate says otherwise", e, ok)
		}
		return enough - left
	}
	few, many := steps(4), steps(120)
	t.Logf("%d steps for 4 documents, %d for 120", few, many)
	if many > few+few/4 {
		t.Errorf("120 documents took %d steps, 4 took %d", many, few)
	}
}
