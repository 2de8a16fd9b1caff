package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestBoto3 runs each script of testdata/boto3 against a server of its own.
func TestBoto3(t *testing.T) {
	t.Parallel()
	python := tool(t, "python3")
	if out, err := exec.Command(python, "-c", "import boto3").CombinedOutput(); err != nil {
		missing(t, "boto3 is not installed: %s", out)
	}
	scripts, err := filepath.Glob("testdata/boto3/*.py")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts (%v)", err)
	}
	for _, script := range scripts {
		t.Run(filepath.Base(script), func(t *testing.T) {
			t.Parallel()
			s := serve(t)
			if out := s.run(t, ".", python, script); !strings.HasSuffix(out, "ok\n") {
				t.Errorf("%s printed:\n%s", script, out)
			}
		})
	}
}

// TestJavaScript runs the stories of testdata/js with the SDK's clients.
func TestJavaScript(t *testing.T) {
	t.Parallel()
	modules := javaScriptSDK(t)
	s := serve(t)
	for _, story := range []string{"story.mjs", "tail.mjs"} {
		if out := s.run(t, filepath.Dir(modules), tool(t, "node"), story); !strings.HasSuffix(out, "ok\n") {
			t.Errorf("%s printed:\n%s", story, out)
		}
	}
}

// javaScriptSDK installs the SDK's clients in a directory of the test's own, beside the
// stories of testdata/js, and returns the folder of the modules. They want Node 20.
func javaScriptSDK(t *testing.T) string {
	t.Helper()
	tool(t, "node")
	npm := tool(t, "npm")
	dir := t.TempDir()
	for _, name := range []string{"package.json", "package-lock.json", "story.mjs", "tail.mjs"} {
		text, err := os.ReadFile(filepath.Join("testdata/js", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// npm goes to the registry that the machine is set up for.
	install := exec.CommandContext(t.Context(), npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts")
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		missing(t, "the JavaScript SDK cannot be installed: %v\n%s", err, out)
	}
	return filepath.Join(dir, "node_modules")
}
