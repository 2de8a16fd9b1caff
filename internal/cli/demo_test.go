package cli

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// runDemo runs the demo, where there are the programs that it needs.
func runDemo(t *testing.T) (out, errs string, status int) {
	t.Helper()
	if testing.Short() {
		t.Skip("builds and functions run for seconds")
	}
	if _, err := exec.LookPath("python3"); err != nil || runtime.GOOS != "linux" {
		if os.Getenv("CI") == "true" {
			t.Fatal("python3 is not installed")
		}
		t.Skip("the demo needs Linux and python3")
	}
	return call(t, "", "demo", "-listen", "127.0.0.1:0", "-exit")
}

func TestTheDemoTellsSlackOfBuildsThatReallyRan(t *testing.T) {
	t.Setenv("SLACK_WEBHOOK_URL", "")
	out, errs, status := runDemo(t)
	if status != 0 {
		t.Fatalf("status %d\n%s%s", status, out, errs)
	}
	const build = `  build     ([0-9a-f]{8})[0-9a-f-]{28}\n`
	for _, want := range []string{
		build + `  log       \$ sh check.sh "\$CATALOG"
  log       broken.csv:3: "plate,": want a name and a price such as 9.90
  log       broken.csv:4: "bowl,12": want a name and a price such as 9.90
  log       broken.csv: 1 of 3 articles can be sold
  event     [0-9a-f]{8}: CodeBuild Build State Change FAILED
(?:.*\n)*?  Slack     :x: Build ([0-9a-f]{8}) of \*web-shop\* FAILED, started by root
            BUILD: COMMAND_EXECUTION_ERROR: Error while executing command: sh check.sh "\$CATALOG"\. Reason: exit status 1
`,
		build + `(?:  log .*\n)*?  log       catalog.csv: 3 of 3 articles can be sold
(?:.*\n)*?  Slack     :white_check_mark: Build ([0-9a-f]{8}) of \*web-shop\* SUCCEEDED, started by root
`,
		build + `  stop .*
(?:.*\n)*?  Slack     :octagonal_sign: Build ([0-9a-f]{8}) of \*web-shop\* STOPPED, started by root
`,
	} {
		m := regexp.MustCompile(want).FindStringSubmatch(out)
		if len(m) == 0 || m[1] != m[2] {
			t.Errorf("the demo does not show, of one build, %s", want)
		}
	}
	if n := strings.Count(out, "delivered "); n != 3 {
		t.Errorf("the rule delivered %d times, want 3", n)
	}
	if n := strings.Count(out, "  Slack "); n != 3 || t.Failed() {
		t.Errorf("%d messages to Slack, want 3\n%s", n, out)
	}
}

func TestTheDemoSaysWhatSlackAnswers(t *testing.T) {
	slack := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "no_service", http.StatusNotFound)
	}))
	defer slack.Close()
	t.Setenv("SLACK_WEBHOOK_URL", slack.URL)
	out, errs, status := runDemo(t)
	if status != 1 || !strings.Contains(errs, "dari demo: function:build-to-slack failed: RuntimeError: the webhook answered 404: no_service\n") {
		t.Errorf("status %d\n%s%s", status, out, errs)
	}
}

func TestTheDemosFunctionIsOfALanguageThatIsThere(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the demo needs Linux")
	}
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	_, errs, status := call(t, "", "demo", "-listen", "127.0.0.1:0", "-exit")
	if status != 1 || !strings.Contains(errs, "apt install python3") {
		t.Errorf("without either: status %d, %q", status, errs)
	}
	for _, c := range [][2]string{{"node", "node/slack.mjs"}, {"python3", "python/slack.py"}} {
		if err := os.WriteFile(filepath.Join(dir, c[0]), []byte("#!/bin/sh\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		if l, err := demoLanguage(); err != nil || l.file != c[1] {
			t.Errorf("with %s it is %v, %v", c[0], l, err)
		}
	}
}
