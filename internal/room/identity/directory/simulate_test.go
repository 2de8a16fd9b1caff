package directory

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/policy"
	"github.com/dari-bus/dari/internal/store/mem"
)

// The policies that are simulated are those that the guard holds somebody to, and they
// are called as on AWS.
func TestASubjectHasThePoliciesOfTheGuard(t *testing.T) {
	ctx := t.Context()
	d, err := Open(ctx, Options{Store: mem.New(), Guard: access.Boundary{}})
	if err != nil {
		t.Fatal(err)
	}
	const sends = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sqs:*","Resource":"*"}}`
	root := access.Root("111122223333", "us-east-1")
	done := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	p, err := d.CreatePolicy(ctx, root, Policy{Name: "mine"}, sends)
	done(err)
	user, err := d.Create(ctx, root, User, Entity{Name: "anna", Path: "/team/", Tags: []Tag{{"team", "red"}}, Boundary: p.ARN})
	done(err)
	_, err = d.Create(ctx, root, Group, Entity{Name: "devs"})
	done(err)
	done(d.Join(ctx, root, User, "anna", Group, "devs"))
	done(d.PutInline(ctx, root, User, "anna", "b", sends))
	done(d.PutInline(ctx, root, User, "anna", "a", sends))
	done(d.PutInline(ctx, root, Group, "devs", "c", sends))
	done(d.Attach(ctx, root, User, "anna", p.ARN))
	done(d.Attach(ctx, root, Group, "devs", "arn:aws:iam::aws:policy/AmazonSQSFullAccess"))

	s, err := d.Subject(root, "SimulatePrincipalPolicy", user.ARN)
	done(err)
	var names []string
	var documents []*policy.Document
	for _, source := range s.Policies {
		names, documents = append(names, source.ID), append(documents, source.Document)
		if parsed, err := policy.ParseIdentity(source.Text); err != nil || len(parsed.Statements) != len(source.Document.Statements) {
			t.Errorf("%s has another text: %v", source.ID, err)
		}
	}
	if diff := cmp.Diff([]string{"user_anna_a", "user_anna_b", "mine", "group_devs_c", "AmazonSQSFullAccess"}, names); diff != "" {
		t.Error(diff)
	}
	held := d.policiesOfEntity("111122223333", s.Entity)
	if len(held.Identity) != len(documents) || held.Boundary[0] != s.Boundary.Document {
		t.Fatalf("%d documents are simulated, and %d hold", len(documents), len(held.Identity))
	}
	for i := range documents {
		if documents[i] != held.Identity[i] {
			t.Errorf("%s is not what holds", names[i])
		}
	}
	if diff := cmp.Diff([]string{"red"}, s.Keys()["aws:PrincipalTag/team"]); diff != "" {
		t.Error(diff)
	}
	for arn, want := range map[string]string{
		"arn:aws:iam::111122223333:user/anna":                 "The user with name anna cannot be found.", // has a path
		"arn:aws:iam::444455556666:user/team/anna":            "The user with name anna cannot be found.",
		"arn:aws:iam::111122223333:root":                      "Invalid Entity Arn: arn:aws:iam::111122223333:root does not clearly define entity type and name.",
		"arn:aws:sts::111122223333:assumed-role/dev/session1": "Invalid Entity Arn: arn:aws:sts::111122223333:assumed-role/dev/session1 does not clearly define entity type and name.",
	} {
		if _, err := d.Subject(root, "SimulatePrincipalPolicy", arn); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", arn, err, want)
		}
	}
}
