package simulator

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/policy"
)

const (
	bucket = "arn:aws:s3:::production/Test"
	mateo  = "arn:aws:iam::111122223333:user/mateo"
)

func source(t testing.TB, id, statements string) Source {
	t.Helper()
	s := Source{ID: id, Text: `{"Version":"2012-10-17","Statement":[` + statements + `]}`}
	parse := policy.ParseIdentity
	if strings.Contains(statements, "Principal") {
		parse = policy.ParseResource
		if !strings.Contains(statements, "Resource") {
			parse = policy.ParseTrust
		}
	}
	var err error
	if s.Document, err = parse(s.Text); err != nil {
		t.Fatal(err)
	}
	return s
}

func ptr[T any](v T) *T { return &v }

// The samples of AWS's reference.
func TestSimulationsAreAnsweredAsAWSDoes(t *testing.T) {
	iam := `{"Effect":"Allow","Action":["iam:*"],"Resource":["*"]}`
	caller := policy.Principal{Account: "111122223333", ARN: mateo}
	place := policy.Place{Start: policy.Position{Line: 1, Column: 38}}
	match := func(s Source, kind string) Match {
		m := Match{s.ID, kind, place}
		m.End = policy.Position{Line: 1, Column: len(s.Text) - 1}
		return m
	}
	own, bound := source(t, "PolicyInputList.1", iam), source(t, "PermissionsBoundaryPolicyInputList.1", iam)
	lets := source(t, "ResourcePolicy", `{"Effect":"Allow","Principal":{"AWS":"`+mateo+`"},"Action":["s3:List*","s3:Put*"],"Resource":["arn:aws:s3:::production/*"]}`)
	shuts := source(t, "ResourcePolicy", `{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}`)
	trust := source(t, "ResourcePolicy", `{"Effect":"Deny","Principal":{"AWS":"`+mateo+`"},"Action":"sts:AssumeRole"}`)
	all := source(t, "all", `{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEqualsIfExists":{"app:team":"a"}}}`)

	for _, c := range []struct {
		name string
		s    Simulation
		want Result
	}{
		{"same account: the resource names the user beyond the boundary",
			Simulation{Identity: []Source{own}, Boundary: &bound, Resource: &lets, Owner: "111122223333", Actions: []string{"s3:PutObject"}, Resources: []string{bucket}},
			Result{Decision: allowed, Matched: []Match{match(lets, resourceType)}, Bounded: ptr(false)}},
		{"across accounts: both have to allow",
			Simulation{Identity: []Source{own}, Boundary: &bound, Resource: &lets, Owner: "444455556666", Actions: []string{"s3:PutObject"}, Resources: []string{bucket}},
			Result{Decision: implicitDeny, Matched: []Match{match(lets, resourceType)}, Bounded: ptr(false),
				Details: map[string]string{identityType: implicitDeny, resourceType: allowed, boundaryType: implicitDeny}}},
		{"no resource in particular, and a key that is missing",
			Simulation{Identity: []Source{own, all}, Actions: []string{"iam:GetRole"}},
			Result{Resource: "*", Decision: allowed, Matched: []Match{match(own, identityType), match(all, identityType)}, Missing: []string{"app:team"}}},
		{"a deny is told alone",
			Simulation{Identity: []Source{all}, Resource: &shuts, Actions: []string{"s3:PutObject"}, Resources: []string{bucket}, Owner: "111122223333"},
			Result{Decision: explicitDeny, Matched: []Match{match(shuts, resourceType)}, Missing: []string{"app:team"}}},
		{"rooms-ahead I16: a trust policy counts when a role is assumed",
			Simulation{Identity: []Source{all}, Resource: &trust, Actions: []string{"sts:AssumeRole"}, Resources: []string{"arn:aws:iam::111122223333:role/a"}},
			Result{Resource: "arn:aws:iam::111122223333:role/a", Decision: explicitDeny, Matched: []Match{match(trust, resourceType)}, Missing: []string{"app:team"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.s.Principal = caller
			got, next, err := c.s.Run("", 0)
			if err != nil || next != "" || len(got) != 1 {
				t.Fatalf("%+v, %q, %v", got, next, err)
			}
			want := c.want
			want.Action = c.s.Actions[0]
			if want.Resource == "" {
				want.Resource = bucket
			}
			specific := want
			if want.Resource != "*" {
				want.On = []Result{specific}
			}
			if want.Decision == implicitDeny {
				want.Matched = nil
			}
			ignore := cmp.FilterValues(func(a, b map[string]string) bool { return len(a)+len(b) == 0 }, cmp.Ignore())
			same := cmp.FilterValues(func(a, b []string) bool { return len(a)+len(b) == 0 }, cmp.Ignore())
			if diff := cmp.Diff(want, got[0], ignore, same); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Of several resources the strictest decision counts, with the statements that led to it.
func TestResourcesAreGathered(t *testing.T) {
	s := Simulation{
		Identity: []Source{source(t, "p", `{"Effect":"Allow","Action":"sqs:*","Resource":"*:a"},{"Effect":"Allow","Action":"sqs:*","Resource":"*:b"},{"Effect":"Deny","Action":"sqs:Delete*","Resource":"*:b"}`)},
		Actions:  []string{"sqs:SendMessage", "sqs:DeleteQueue"}, Resources: []string{"arn:aws:sqs:r:1:a", "arn:aws:sqs:r:1:b"},
	}
	told := func() (out []string) {
		got, _, err := s.Run("", 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range got {
			out = append(out, fmt.Sprintf("%s %s %s %d: %s %s", r.Action, r.Resource, r.Decision, len(r.Matched), r.On[0].Decision, r.On[1].Decision))
		}
		return out
	}
	want := []string{"sqs:SendMessage * allowed 2: allowed allowed", "sqs:DeleteQueue * explicitDeny 1: allowed explicitDeny"}
	if diff := cmp.Diff(want, told()); diff != "" {
		t.Error(diff)
	}
	s.Resources[1] = "arn:aws:sqs:r:1:c"
	want = []string{"sqs:SendMessage * implicitDeny 0: allowed implicitDeny", "sqs:DeleteQueue * implicitDeny 0: allowed implicitDeny"}
	if diff := cmp.Diff(want, told()); diff != "" {
		t.Error(diff)
	}
}

func TestSimulationsArePaged(t *testing.T) {
	s := Simulation{Identity: []Source{source(t, "p", `{"Effect":"Allow","Action":"a:*","Resource":"*"}`)}}
	for i := range 250 {
		s.Actions = append(s.Actions, fmt.Sprintf("a:A%d", i))
	}
	for limit, want := range map[int][]int{0: {100, 100, 50}, 250: {250}, 249: {249, 1}} {
		token, at := "", 0
		for _, n := range want {
			got, next, err := s.Run(token, limit)
			if err != nil || len(got) != n || got[0].Action != s.Actions[at] {
				t.Fatalf("pages of %d: %d results, want %d (%v)", limit, len(got), n, err)
			}
			token, at = next, at+n
		}
		if token != "" {
			t.Errorf("pages of %d: there are more than %v", limit, want)
		}
	}
	for _, token := range []string{"x", "ZGFyaTE6MjUw", "ZGFyaTE6LTE"} { // 250 and -1
		if _, _, err := s.Run(token, 0); fault.KindOf(err) != fault.KindInvalid {
			t.Errorf("the token %s: %v", token, err)
		}
	}
}

// What a stranger makes of a call: as many actions, resources and statements as it
// takes. Each page ends in time, and they lead to the end.
func TestAPageTakesItsTimeAndNoMore(t *testing.T) {
	statement := `{"Effect":"Allow","Action":"a:*","Resource":"*"},`
	s := Simulation{Identity: []Source{source(t, "p", strings.TrimSuffix(strings.Repeat(statement, 10), ","))}}
	for i := range 1000 {
		s.Actions = append(s.Actions, fmt.Sprintf("a:A%d", i))
		s.Resources = append(s.Resources, fmt.Sprintf("arn:aws:a:::r%d", i))
	}
	results, next, err := s.Run("", 1000)
	if err != nil || len(results) != 1 || next == "" {
		t.Fatalf("%d results, %v", len(results), err)
	}
	if results, _, err = s.Run(next, 1000); err != nil || results[0].Action != "a:A1" {
		t.Fatalf("the next page: %v", err)
	}
	s.Identity = []Source{source(t, "p", strings.TrimSuffix(strings.Repeat(statement, 100), ","))}
	if _, _, err := s.Run("", 0); fault.KindOf(err) != fault.KindInvalid || !strings.Contains(err.Error(), "ask about fewer resources") {
		t.Errorf("too much for a page: %v", err)
	}

	// Wildcards that cost as much as can be.
	s.Identity = []Source{source(t, "p", strings.TrimSuffix(strings.Repeat(`{"Effect":"Deny","Action":"a:`+strings.Repeat("*?", 400)+`!","Resource":"*"},`, 100), ","))}
	s.Actions, s.Resources = []string{"a:" + strings.Repeat("a", 120)}, nil
	for range 50 {
		s.Identity = append(s.Identity, s.Identity[0])
	}
	began := time.Now()
	_, _, err = s.Run("", 0)
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("it took %s (%v)", took, err)
	}
}

func TestWhatCannotBeSimulatedIsRefused(t *testing.T) {
	policies := []Source{source(t, "p", `{"Effect":"Allow","Action":"a:*","Resource":"*"}`)}
	resource := source(t, "ResourcePolicy", `{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}`)
	many := map[string][]string{}
	for i := range maxKeys + 1 {
		many[fmt.Sprint("app:", i)] = nil
	}
	for want, s := range map[string]Simulation{
		"ActionNames has SendMessage;":                                        {Actions: []string{"SendMessage"}},
		"ActionNames has sqs:*;":                                              {Actions: []string{"sqs:*"}},
		"ResourceNames are not in a valid ARN format: 14a050d4.":              {Actions: []string{"a:b"}, Resources: []string{"14a050d4"}},
		"ResourceNames are not in a valid ARN format: *.":                     {Actions: []string{"a:b"}, Resources: []string{bucket, "*"}},
		"ResourceArns has 1001 ARNs;":                                         {Actions: []string{"a:b"}, Resources: strings.Split(strings.Repeat(bucket+" ", 1001)[:1001*(len(bucket)+1)-1], " ")},
		"ContextEntries has 1001 keys;":                                       {Actions: []string{"a:b"}, Context: many},
		"Invalid Entity Arn: * does not clearly define entity type and name.": {Actions: []string{"a:b"}, Resource: &resource},
	} {
		s.Identity = policies
		if _, _, err := s.Run("", 0); fault.KindOf(err) != fault.KindInvalid || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
