package e2e

import (
	"archive/zip"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The URLs of functions as boto3, curl and Node's streams have them.
func TestFunctionURLs(t *testing.T) {
	t.Parallel()
	python := tool(t, "python3")
	tool(t, "node")
	tool(t, "curl")
	if out, err := exec.Command(python, "-c", "import boto3").CombinedOutput(); err != nil {
		missing(t, "boto3 is not installed: %s", out)
	}
	s := serve(t)
	if out := s.run(t, ".", python, "testdata/urls.py"); !strings.HasSuffix(out, "ok\n") {
		t.Errorf("it printed:\n%s", out)
	}
}

func TestTerraformMakesURLsOfFunctions(t *testing.T) {
	t.Parallel()
	s := serve(t)
	tf := newTerraform(t, s, "urls.tf")
	var code bytes.Buffer
	z := zip.NewWriter(&code)
	f, err := z.Create("app.py")
	if err == nil {
		_, err = f.Write([]byte("def handler(event, context):\n    return 'hello'\n"))
	}
	if err == nil {
		err = z.Close()
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(tf.dir, "app.zip"), code.Bytes(), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	tf.do("init")
	tf.do("apply", "-auto-approve")
	tf.unchanged()
	out, _ := tf.run("output", "-raw", "open")
	if !strings.HasPrefix(out, "http://") || !strings.Contains(out, ".lambda-url."+region+".localhost:") {
		t.Errorf("the URL is %s", out)
	}
	config := filepath.Join(tf.dir, "main.tf")
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(text), `invoke_mode        = "RESPONSE_STREAM"`, `invoke_mode        = "BUFFERED"`, 1)
	if err := os.WriteFile(config, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	tf.do("apply", "-auto-approve")
	tf.unchanged()
	tf.do("destroy", "-auto-approve")
}
