package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What make test does with a step that fails: the others still run, and the names
// of the tests that failed are the last that one sees.
func TestTheNamesOfFailedTestsStandAtTheEnd(t *testing.T) {
	script, err := os.ReadFile("../scripts/steps")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "scripts"), 0o755); err != nil {
		t.Fatal(err)
	}
	makefile := "tools: ; @true\n" +
		"race: ; @printf -- '--- FAIL: TestA (0.00s)\\n    --- FAIL: TestA/sub (0.00s)\\nFAIL\\nFAIL\\tm/one\\t0.1s\\nok\\tm/two\\nFAIL\\tm/three [build failed]\\n'; exit 1\n" +
		"e2e: ; @echo went on\n"
	for name, text := range map[string]string{"scripts/steps": string(script), "Makefile": makefile} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command(filepath.Join(dir, "scripts", "steps"), "tools", "race", "e2e").CombinedOutput()
	const end = "=== failed in race\nm/one\n  TestA\n  TestA/sub\nm/three [build failed]\n"
	if err == nil || !strings.HasSuffix(string(out), end) || !strings.Contains(string(out), "went on") {
		t.Errorf("%v: %s", err, out)
	}
}
