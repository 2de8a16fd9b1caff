package definition

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// A change is checked in the store's turn, for which all others wait.
func TestManyParametersAreCheckedInNoTime(t *testing.T) {
	m := &Method{Parameters: map[string]bool{}, Integration: &Integration{
		Type: "HTTP", Verb: "GET", URI: "http://x", Passthrough: "NEVER", TimeoutMillis: minTimeout, Parameters: map[string]string{},
	}}
	for i := range 20_000 {
		m.Parameters[fmt.Sprintf("method.request.header.h%d", i)] = false
		m.Integration.Parameters[fmt.Sprintf("integration.request.header.h%d", i)] = fmt.Sprintf("method.request.header.h%d", i)
	}
	begun := time.Now()
	if err := m.CheckIntegration(); err != nil || time.Since(begun) > 5*time.Second {
		t.Errorf("after %s: %v", time.Since(begun), err)
	}
	m.Integration.Parameters["integration.request.header.x"] = "method.request.header.x"
	if err := m.CheckIntegration(); err == nil || !strings.Contains(err.Error(), "method.request.header.x") {
		t.Errorf("a parameter that the method does not take: %v", err)
	}
}

func TestALongPathIsMadeAtOnce(t *testing.T) {
	tree := Tree{"root": {ID: "root"}}
	last := tree["root"]
	for i := range maxDepth {
		r := &Resource{ID: fmt.Sprint(i), Parent: last.ID, Part: strings.Repeat("x", maxPart)}
		tree[r.ID], last = r, r
	}
	if path := tree.Path(last); len(path) != maxDepth*(1+maxPart) || !strings.HasPrefix(path, "/xx") {
		t.Errorf("it has %d bytes", len(path))
	}
	if n := testing.AllocsPerRun(10, func() { tree.Path(last) }); n > 20 {
		t.Errorf("it is made %.0f times", n)
	}
}
