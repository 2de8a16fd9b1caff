package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// plainEnv is the environment without whatever could lead a client elsewhere:
// proxies, and settings for AWS, Terraform and dari.
func plainEnv() []string {
	return slices.DeleteFunc(os.Environ(), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		name = strings.ToUpper(name)
		return strings.HasPrefix(name, "AWS_") || strings.HasPrefix(name, "TF_") ||
			strings.HasPrefix(name, "DARI_") || strings.HasSuffix(name, "_PROXY")
	})
}

// clientVars are the variables that point an AWS client at s.
func (s *server) clientVars(t testing.TB) []string {
	nowhere := filepath.Join(t.TempDir(), "absent")
	return []string{
		"AWS_ENDPOINT_URL=" + s.URL,
		"AWS_ACCESS_KEY_ID=test",
		"AWS_SECRET_ACCESS_KEY=test",
		"AWS_REGION=" + region,
		"AWS_DEFAULT_REGION=" + region,
		"AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE=" + nowhere,
		"AWS_SHARED_CREDENTIALS_FILE=" + nowhere,
		"AWS_PAGER=",
		"NO_PROXY=127.0.0.1,localhost",
	}
}

// tool returns the path of a client that the test needs. Where it is not
// installed the test is skipped, or fails in CI, which installs them all.
func tool(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		missing(t, "%s is not installed", name)
	}
	return path
}

// missing ends a test that cannot run here.
func missing(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// run runs a client against s in dir and returns what it printed.
func (s *server) run(t testing.TB, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	cmd.Env = append(plainEnv(), s.clientVars(t)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", filepath.Base(name), strings.Join(args, " "), err, out)
	}
	return string(out)
}

// runAs runs a client that is to fail, with more in its environment, and returns what
// it printed.
func (s *server) runAs(t testing.TB, env []string, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = t.TempDir()
	cmd.Env = append(append(plainEnv(), s.clientVars(t)...), env...)
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Fatalf("%s %s did not fail:\n%s", filepath.Base(name), strings.Join(args, " "), out)
	}
	return string(out)
}
