package groups

import (
	"testing"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store/mem"
)

// noGroups lets everybody do all but make groups, and notes who would.
type noGroups struct{ asked []string }

func (g *noGroups) Allow(a *access.Ask) error {
	if a.Action != "logs:CreateLogGroup" || a.Caller.Account == "222222222222" {
		return nil
	}
	g.asked = append(g.asked, a.Resource)
	return fault.Denied("no")
}

// At AWS a build's role is asked for what CodeBuild does with it.
func TestWhoMakesAGroupForTheLogOfAServiceMustBeAllowedTo(t *testing.T) {
	g := &noGroups{}
	s := open(t, Options{Store: mem.New(), Guard: g})
	if err := s.Vend(t.Context(), root, "/aws/codebuild/p", "s", entries("a")); fault.KindOf(err) != fault.KindDenied {
		t.Errorf("a role that may not: %v", err)
	}
	if len(g.asked) != 1 || g.asked[0] != "arn:aws:logs:eu-central-1:111111111111:log-group:/aws/codebuild/p:log-stream:" {
		t.Errorf("asked for %q", g.asked)
	}
	if s.groups.Count(root.Place, "") != 0 {
		t.Error("there is a group all the same")
	}
	other := access.Root("222222222222", "eu-central-1")
	for range 2 {
		if err := s.Vend(t.Context(), other, "/aws/codebuild/p", "s", entries("a")); err != nil {
			t.Errorf("one that may: %v", err)
		}
	}
	service, err := access.Service("delivery.logs.amazonaws.com", "arn:aws:events:eu-central-1:111111111111:event-bus/b")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Vend(t.Context(), service, "/aws/vendedlogs/b", "s", entries("a")); err != nil {
		t.Errorf("a service that acts for nobody: %v", err)
	}
	if len(g.asked) != 1 {
		t.Errorf("asked once more, for %q", g.asked[1:])
	}
}
