package simulate

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/policy"
	"github.com/dari-bus/dari/internal/room/identity/simulator"
)

// Whoever is simulated with the policies of another has not their tags and their id.
func TestASimulatedCallerIsThemselves(t *testing.T) {
	const anna, bob = "arn:aws:iam::111122223333:user/anna", "arn:aws:iam::111122223333:user/team/bob"
	subject := policy.Principal{Account: "111122223333", ARN: anna, ID: "AIDAEXAMPLEEXAMPLE01"}
	for caller, want := range map[string]simulator.Simulation{
		"":   {Principal: subject, Context: map[string][]string{"aws:PrincipalTag/team": {"red"}}},
		anna: {Principal: subject, Context: map[string][]string{"aws:PrincipalTag/team": {"red"}, "aws:username": {"anna"}}},
		bob:  {Principal: policy.Principal{Account: "111122223333", ARN: bob}, Context: map[string][]string{"aws:username": {"bob"}}},
	} {
		got := simulator.Simulation{Principal: subject, Context: map[string][]string{"aws:PrincipalTag/team": {"red"}}}
		if err := callAs(&got, caller); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("as %q: %s", caller, diff)
		}
	}
}

// A key that is given counts in the place of the caller's own, however it is spelled.
func TestGivenKeysCountBeforeTheCallersOwn(t *testing.T) {
	name, kind := "AWS:UserName", "string"
	s := simulator.Simulation{Context: map[string][]string{"aws:username": {"anna"}}}
	entry := ContextEntry{ContextKeyName: &name, ContextKeyType: &kind, ContextKeyValues: []string{"bob"}}
	if err := withKeys(&s, []ContextEntry{entry}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string][]string{name: {"bob"}}, s.Context); diff != "" {
		t.Error(diff)
	}
	if err := withKeys(&s, []ContextEntry{entry, entry}); err == nil || err.Error() != "ContextEntries: the key AWS:UserName is there twice." {
		t.Errorf("twice: %v", err)
	}
}
