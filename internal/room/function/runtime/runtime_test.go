//go:build linux

package runtime

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dari-bus/dari/internal/sandbox"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == sandbox.InitCommand {
		sandbox.Init()
	}
	if os.Getenv("RUNTIME_TEST_FUNCTION") != "" {
		fmt.Fprintln(os.Stderr, serve())
		os.Exit(1)
	}
	initTime = time.Minute
	os.Exit(m.Run())
}

// missingTool ends a test that cannot run here.
func missingTool(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// engine opens an Engine in a sandbox of a level.
func engine(t *testing.T, level sandbox.Level) *Engine {
	t.Helper()
	if testing.Short() && !strings.HasPrefix(t.Name(), "TestPythonRuns") {
		t.Skip("starts interpreters")
	}
	dir, err := os.MkdirTemp("/tmp", "runtime-test-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s, err := sandbox.Open(t.Context(), sandbox.Options{
		Scratch: filepath.Join(dir, "scratch"), Most: level, Require: true,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil && level == sandbox.LevelLandlock {
		t.Skipf("this kernel cannot: %v", err) // not every machine that we test on has it
	}
	if err != nil {
		missingTool(t, "no sandbox here: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	e, err := Open(Options{Sandbox: s})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// folder writes files below the scratch folder.
func folder(t *testing.T, e *Engine, files map[string]string) string {
	t.Helper()
	dir, err := os.MkdirTemp(e.opt.Sandbox.Scratch(), "code-")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := readable(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// A function is one that is under test, with its log.
type function struct {
	*Environment
	mu  sync.Mutex
	log []string
}

func (f *function) text() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(f.log, "")
}

func start(t *testing.T, e *Engine, c Config) *function {
	t.Helper()
	f, err := tryStart(t, e, c)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func tryStart(t *testing.T, e *Engine, c Config) (f *function, err error) {
	f = &function{}
	c.Name, c.Version, c.ARN = "fn", "$LATEST", "arn:aws:lambda:eu-central-1:210987654321:function:fn"
	c.Region, c.Endpoint, c.LogGroup, c.LogStream = "eu-central-1", "http://127.0.0.1:4566", "/aws/lambda/fn", "stream"
	if c.MemoryMB == 0 {
		c.MemoryMB = 256
	}
	if c.Timeout == 0 {
		c.Timeout = 30 * time.Second
	}
	c.StorageMB = 512
	c.Credentials = Credentials{"ASIA", "secret", "token"}
	c.Log = func(lines []Line) {
		f.mu.Lock()
		defer f.mu.Unlock()
		for _, l := range lines {
			f.log = append(f.log, l.Text)
		}
	}
	if f.Environment, err = e.Start(t.Context(), c); err == nil {
		t.Cleanup(f.Stop)
	}
	return f, err
}

const id = "8f5e4c3a-0000-4000-8000-000000000001"

func (f *function) invoke(t *testing.T, payload string) Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	r, err := f.Invoke(ctx, Invocation{RequestID: id, Payload: []byte(payload), InvokedARN: f.c.ARN, TraceID: "Root=1-2-3"})
	if err != nil {
		t.Fatalf("%v; log:\n%s", err, f.text())
	}
	return r
}

// python is a function whose handler is handler(event, context) of this module.
func python(t *testing.T, e *Engine, code string, c Config) *function {
	t.Helper()
	if _, missing := e.find(t.Context(), "python3.12"); missing != "" {
		missingTool(t, "%s", missing)
	}
	c.Runtime, c.CodeDir = "python3.12", folder(t, e, map[string]string{"app/main.py": code})
	if c.Handler == "" {
		c.Handler = "app/main.handler"
	}
	return start(t, e, c)
}

func node(t *testing.T, e *Engine, code string, c Config) *function {
	t.Helper()
	if _, missing := e.find(t.Context(), "nodejs20.x"); missing != "" {
		missingTool(t, "%s", missing)
	}
	c.Runtime, c.Handler, c.CodeDir = "nodejs20.x", "index.handler", folder(t, e, map[string]string{"index.mjs": code})
	return start(t, e, c)
}

func each(t *testing.T, f func(t *testing.T, e *Engine)) {
	for _, level := range []sandbox.Level{sandbox.LevelNamespaces, sandbox.LevelLandlock, sandbox.LevelProcess} {
		t.Run(level.String(), func(t *testing.T) { f(t, engine(t, level)) })
	}
}

// matches holds a text against a pattern in which … stands for anything on a line.
func matches(t *testing.T, text, pattern string) {
	t.Helper()
	if !regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(pattern), "…", ".*") + "$").MatchString(text) {
		t.Errorf("got\n%q\nwant\n%q", text, pattern)
	}
}

func TestPythonRuns(t *testing.T) {
	each(t, func(t *testing.T, e *Engine) {
		f := python(t, e, `
import logging, os, sys
log = logging.getLogger(); log.setLevel("INFO")
count = 0
def handler(event, context):
    global count
    count += 1
    print("multi"); print("line")
    log.info("counted %d", count)
    open(os.environ.get("TMPDIR", "/tmp") + "/kept", "a").write("x")
    return {"größe": event["n"] + count, "arn": context.invoked_function_arn, "left": 0 < context.get_remaining_time_in_millis() <= 30000,
            "id": context.aws_request_id, "region": os.environ["AWS_REGION"], "key": os.environ["AWS_SECRET_ACCESS_KEY"], "endpoint": os.environ["AWS_ENDPOINT_URL"],
            "user": os.environ["MINE"], "trace": os.environ["_X_AMZN_TRACE_ID"], "env": os.environ["AWS_EXECUTION_ENV"], "kept": len(open(os.environ.get("TMPDIR", "/tmp") + "/kept").read()),
            "path": sys.path[0] == os.environ["LAMBDA_TASK_ROOT"] == os.getcwd()}
`, Config{Env: map[string]string{"MINE": "yes", "AWS_REGION": "mars"}})
		r := f.invoke(t, `{"n": 1}`)
		matches(t, string(r.Payload), `{"größe": 2, "arn": "arn:aws:lambda:eu-central-1:210987654321:function:fn", "left": true, "id": "`+id+`", "region": "eu-central-1", "key": "secret", "endpoint": "http://127.0.0.1:4566", "user": "yes", "trace": "Root=1-2-3", "env": "AWS_Lambda_python3.12", "kept": 1, "path": true}`)
		if r.FunctionError != "" || r.InitDuration <= 0 || r.MaxMemoryBytes < 5<<20 || r.ContentType != "application/json" {
			t.Errorf("result %+v", r)
		}
		matches(t, string(r.LogTail), "START RequestId: "+id+" Version: $LATEST\nmulti\nline\n[INFO]\t…Z\t"+id+"\tcounted 1\nEND RequestId: "+id+"\nREPORT RequestId: "+id+"\tDuration: … ms\tBilled Duration: … ms\tMemory Size: 256 MB\tMax Memory Used: … MB\tInit Duration: … ms\t\n")
		if r = f.invoke(t, `{"n": 1}`); !strings.Contains(string(r.Payload), `"größe": 3`) || !strings.Contains(string(r.Payload), `"kept": 2`) || r.InitDuration != 0 {
			t.Errorf("the second invocation: %s, %v", r.Payload, r.InitDuration)
		}
		if !strings.HasPrefix(f.text(), "INIT_START Runtime Version: python:3.") || !f.Alive() {
			t.Errorf("log:\n%s", f.text())
		}
	})
}

// F17, F29 of the rows to come, and the table of errors of rooms.md B.3.
func TestPythonErrors(t *testing.T) {
	e := engine(t, sandbox.LevelNamespaces)
	for _, c := range []struct {
		name, code, handler, payload, log string
		dies                              bool
	}{
		{"raises", "def handler(e, c):\n    raise ValueError('no')\n", "",
			`{"errorMessage": "no", "errorType": "ValueError", "requestId": "` + id + `", "stackTrace": ["  File \"/var/task/app/main.py\", line 2, in handler\n    raise ValueError('no')\n"]}`,
			"[ERROR] ValueError: no\nTraceback (most recent call last):\n\u00a0\u00a0File \"/var/task/app/main.py\", line 2, in handler\n\u00a0\u00a0\u00a0\u00a0raise ValueError('no')", false},
		{"F17 a set", "def handler(e, c):\n    return {1}\n", "",
			`{"errorMessage": "Unable to marshal response: Object of type set is not JSON serializable", "errorType": "Runtime.MarshalError", "requestId": "` + id + `", "stackTrace": []}`, "[ERROR] Runtime.MarshalError", false},
		{"F17 exits", "import sys\ndef handler(e, c):\n    sys.exit(1)\n", "",
			`{"errorType":"Runtime.ExitError","errorMessage":"RequestId: ` + id + ` Error: Runtime exited with error: exit status 1"}`, "exit status 1\nRuntime.ExitError\n", true},
		{"exits with 0", "import os\ndef handler(e, c):\n    os._exit(0)\n", "",
			`{"errorType":"Runtime.ExitError","errorMessage":"RequestId: ` + id + ` Error: Runtime exited without providing a reason"}`, "Status: error\tError Type: Runtime.ExitError\t", true},
		{"is killed", "import os\ndef handler(e, c):\n    os.kill(os.getpid(), 9)\n", "",
			`{"errorType":"Runtime.ExitError","errorMessage":"RequestId: ` + id + ` Error: Runtime exited with error: signal: killed"}`, "", true},
		{"F29 NaN", "def handler(e, c):\n    return float('nan')\n", "", `NaN`, "", false},
		{"nothing", "def handler(e, c):\n    pass\n", "", `null`, "", false},
		{"exits at import", "import sys\nprint('tried')\nsys.exit(0)\n", "",
			`{"errorType":"Runtime.ExitError","errorMessage":"RequestId: ` + id + ` Error: Runtime exited without providing a reason"}`, "Phase: init\tStatus: error\tError Type: Runtime.ExitError\n", true},
		{"no such module", "", "nowhere.handler", `{"errorMessage": "Unable to import module 'nowhere': No module named 'nowhere'", "errorType": "Runtime.ImportModuleError", "requestId": "", "stackTrace": []}`, "[ERROR] Runtime.ImportModuleError: Unable to import", true},
		{"no such handler", "", "app/main.nothing", `{"errorMessage": "Handler 'nothing' missing on module 'app/main'", "errorType": "Runtime.HandlerNotFound", "requestId": "", "stackTrace": []}`, "", true},
		{"no dot", "", "nowhere", `{"errorMessage": "Bad handler 'nowhere': …", "errorType": "Runtime.MalformedHandlerName", "requestId": "", "stackTrace": []}`, "", true},
		{"built in", "", "sys.handler", `{"errorMessage": "Cannot use built-in module sys as a handler module", "errorType": "Runtime.BuiltInModuleConflict", "requestId": "", "stackTrace": []}`, "", true},
		{"does not parse", "def handler(e, c:\n", "", `{"errorMessage": "Syntax error in module 'app/main': …", "errorType": "Runtime.UserCodeSyntaxError", "requestId": "", "stackTrace": ["  File \"/var/task/app/main.py\" Line 1\n …\n"]}`, "", true},
		{"raises at import", "raise KeyError('x')\n", "", `{"errorMessage": "'x'", "errorType": "KeyError", "requestId": "", "stackTrace": […importlib…]}`, "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := python(t, e, c.code, Config{Handler: c.handler})
			r := f.invoke(t, `{}`)
			matches(t, string(r.Payload), c.payload)
			if (r.FunctionError == "Unhandled") == (c.payload == "NaN" || c.payload == "null") {
				t.Errorf("function error %q", r.FunctionError)
			}
			if !strings.Contains(f.text(), c.log) {
				t.Errorf("%q is missing from the log:\n%s", c.log, f.text())
			}
			if f.Alive() == c.dies {
				t.Errorf("alive is %v", f.Alive())
			}
		})
	}
}

func TestWhatFailsToStartIsTriedOnceMore(t *testing.T) {
	e := engine(t, sandbox.LevelNamespaces)
	f := python(t, e, "print('tried')\nraise KeyError('x')\n", Config{})
	f.invoke(t, `{}`)
	if n := strings.Count(f.text(), "tried\n"); n != 2 {
		t.Errorf("tried %d times; log:\n%s", n, f.text())
	}
}

func TestTimeoutEndsTheEnvironment(t *testing.T) {
	each(t, func(t *testing.T, e *Engine) {
		f := python(t, e, "import time\ndef handler(e, c):\n    print('sleeps', end='', flush=True)\n    time.sleep(100)\n", Config{Timeout: time.Second})
		r := f.invoke(t, `{}`)
		matches(t, string(r.Payload), `{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: `+id+` Error: Task timed out after 1.00 seconds"}`)
		matches(t, string(r.LogTail), "START RequestId: "+id+" Version: $LATEST\nsleeps…Z "+id+" Task timed out after 1.00 seconds\n\nEND RequestId: "+id+"\nREPORT RequestId: "+id+"\tDuration: 1000.00 ms\tBilled Duration: 1000 ms\tMemory Size: 256 MB\tMax Memory Used: … MB\tInit Duration: … ms\tStatus: timeout\t\n")
		if f.Alive() || r.FunctionError != "Unhandled" {
			t.Errorf("alive %v, result %+v", f.Alive(), r)
		}
	})
}

func TestMemoryHogIsKilledAsAtAWS(t *testing.T) {
	e := engine(t, sandbox.LevelNamespaces)
	f := python(t, e, "import time\ndef handler(e, c):\n    b = []\n    while True:\n        b.append(b'x' * (4 << 20)); time.sleep(0.002)\n", Config{MemoryMB: 128})
	r := f.invoke(t, `{}`)
	matches(t, string(r.Payload), `{"errorType":"Runtime.ExitError","errorMessage":"RequestId: `+id+` Error: Runtime exited with error: signal: killed"}`)
	if !strings.Contains(string(r.LogTail), "Memory Size: 128 MB\tMax Memory Used: 128 MB\t") {
		t.Errorf("log:\n%s", r.LogTail)
	}
}

func TestAnswersOfSixMegabytesPass(t *testing.T) {
	e := engine(t, sandbox.LevelNamespaces)
	f := python(t, e, "def handler(e, c):\n    return 'x' * e\n", Config{})
	if r := f.invoke(t, fmt.Sprint(6<<20)); len(r.Payload) != 6<<20+2 || r.FunctionError != "" {
		t.Errorf("%d bytes, %q", len(r.Payload), r.FunctionError)
	}
	r := f.invoke(t, fmt.Sprint(6<<20+200))
	matches(t, string(r.Payload), `{"errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes).","errorType":"Function.ResponseSizeTooLarge"}`)
	if r = f.invoke(t, "3"); string(r.Payload) != `"xxx"` {
		t.Errorf("after that: %s", r.Payload)
	}
}

func TestManyLinesAreLoggedInOrder(t *testing.T) {
	e := engine(t, sandbox.LevelNamespaces)
	f := python(t, e, "def handler(e, c):\n    for i in range(200_000): print(i)\n", Config{Timeout: time.Minute})
	r := f.invoke(t, `{}`)
	f.mu.Lock()
	defer f.mu.Unlock()
	first := slices.Index(f.log, "0\n")
	if first < 0 || len(f.log) != first+200_000+2 || f.log[first+199_999] != "199999\n" {
		t.Errorf("%d lines, the first at %d", len(f.log), first)
	}
	if len(r.LogTail) != 4096 {
		t.Errorf("the tail has %d bytes", len(r.LogTail))
	}
}

func TestNodeRuns(t *testing.T) {
	each(t, func(t *testing.T, e *Engine) {
		f := node(t, e, `
let count = 0;
export const handler = async (event, context) => {
  count++;
  console.log("counted", count, { a: 1 });
  console.error("multi\nline");
  process.stdout.write("plain\n");
  return { sum: event.n + count, id: context.awsRequestId, left: context.getRemainingTimeInMillis() > 0, trace: process.env._X_AMZN_TRACE_ID };
};`, Config{})
		r := f.invoke(t, `{"n": 1}`)
		matches(t, string(r.Payload), `{"sum":2,"id":"`+id+`","left":true,"trace":"Root=1-2-3"}`)
		log := string(r.LogTail)
		for _, want := range []string{"Z\t" + id + "\tINFO\tcounted 1 { a: 1 }\n", "Z\t" + id + "\tERROR\tmulti\nline\n", "plain\n"} {
			if !strings.Contains(log, want) {
				t.Errorf("%q is missing from\n%s", want, log)
			}
		}
		if r = f.invoke(t, `{"n": 1}`); !strings.Contains(string(r.Payload), `"sum":3`) {
			t.Errorf("the second invocation: %s", r.Payload)
		}
	})
}

func TestNodeHandlersOfAllKinds(t *testing.T) {
	e := engine(t, sandbox.LevelNamespaces)
	for _, c := range []struct{ name, code, payload, log string }{
		{"callback", "export const handler = (event, context, callback) => { setTimeout(() => callback(null, 'later'), 5); };", `"later"`, ""},
		{"nothing at all", "export const handler = () => {};", `null`, ""},
		{"asks for its home", "import os from 'node:os'; export const handler = async () => os.homedir() !== '';", `true`, ""},
		{"does not wait", "export const handler = (e, c, cb) => { c.callbackWaitsForEmptyEventLoop = false; setTimeout(() => {}, 60000); cb(null, 1); };", `1`, ""},
		{"throws", "export const handler = async () => { throw new TypeError('no'); };", `{"errorType":"TypeError","errorMessage":"no","trace":["TypeError: no","    at …handler (file:///var/task/index.mjs:1:…"]}`, "\tERROR\tInvoke Error \t{\"errorType\":\"TypeError\",\"errorMessage\":\"no\",\"stack\":["},
		{"rejects behind our back", "export const handler = () => new Promise(() => { Promise.reject(new Error('lost')); setTimeout(() => {}, 60000); });", `{"errorType":"Runtime.UnhandledPromiseRejection","errorMessage":"Error: lost",…}`, "Unhandled Promise Rejection"},
		{"is not there", "export const other = 1;", `{"errorType":"Runtime.HandlerNotFound","errorMessage":"index.handler is undefined or not exported",…}`, ""},
		{"imports what is not there", "import x from './nowhere.mjs';", `{"errorType":"Runtime.ImportModuleError",…}`, ""},
		{"does not parse", "export const handler = (", `{"errorType":"Runtime.UserCodeSyntaxError",…}`, ""},
		{"exits", "export const handler = () => process.exit(3);", `{"errorType":"Runtime.ExitError","errorMessage":"RequestId: ` + id + ` Error: Runtime exited with error: exit status 3"}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := node(t, e, c.code, Config{})
			r := f.invoke(t, `{}`)
			matches(t, string(r.Payload), c.payload)
			if !strings.Contains(f.text(), c.log) {
				t.Errorf("%q is missing from the log:\n%s", c.log, f.text())
			}
		})
	}
}

func TestNodeStreams(t *testing.T) {
	e := engine(t, sandbox.LevelNamespaces)
	f := node(t, e, `
export const handler = awslambda.streamifyResponse(async (event, stream) => {
  stream.setContentType("text/plain");
  stream.write("first ");
  await new Promise((r) => setTimeout(r, 20));
  if (event.fails) throw new Error("broke");
  stream.write("second");
  stream.end();
});`, Config{})
	invoke := func(payload string, to io.Writer) Result {
		in := Invocation{RequestID: id, Payload: []byte(payload)}
		if to != nil {
			in.Stream = func(contentType string) io.Writer {
				if contentType != "text/plain" {
					t.Errorf("it begins as %q", contentType)
				}
				return to
			}
		}
		r, err := f.Invoke(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	var out bytes.Buffer
	if r := invoke(`{}`, &out); !r.Streamed || r.ContentType != "text/plain" || out.String() != "first second" || r.FunctionError != "" {
		t.Errorf("streamed %q, result %+v", out.String(), r)
	}
	if r := invoke(`{}`, nil); r.Streamed || string(r.Payload) != "first second" {
		t.Errorf("result of one that nobody reads: %+v", r)
	}
	out.Reset()
	r := invoke(`{"fails":true}`, &out)
	if r.FunctionError != "Unhandled" || out.String() != "first " || !strings.Contains(string(r.Payload), `"errorMessage":"broke"`) {
		t.Errorf("streamed %q, result %+v, %s", out.String(), r, r.Payload)
	}
}

// A program of Go that speaks the Runtime API by itself, as aws-lambda-go does.
const goFunction = `package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

func main() {
	base := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/"
	for {
		r, err := http.Get(base + "invocation/next")
		if err != nil || r.StatusCode != 200 {
			os.Exit(9)
		}
		body, _ := io.ReadAll(r.Body)
		id := r.Header.Get("Lambda-Runtime-Aws-Request-Id")
		fmt.Println("got", len(body), r.Header.Get("Lambda-Runtime-Deadline-Ms") != "")
		a, err := http.Post(base+"invocation/nobody/response", "application/json", strings.NewReader("1"))
		if err != nil || a.StatusCode != 400 {
			os.Exit(8)
		}
		if n, err := http.Get(base + "invocation/next"); err != nil || n.StatusCode != 403 {
			os.Exit(7)
		}
		a, err = http.Post(base+"invocation/"+id+"/response", "application/octet-stream", io.MultiReader(strings.NewReader("["), strings.NewReader(string(body)+"]")))
		if err != nil || a.StatusCode != 202 {
			os.Exit(6)
		}
	}
}
`

func TestBootstrapsOfTheirOwnRun(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(goFunction), 0o644); err != nil {
		t.Fatal(err)
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(dir, "bootstrap"), filepath.Join(dir, "main.go"))
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	binary, err := os.ReadFile(filepath.Join(dir, "bootstrap"))
	if err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, e *Engine) {
		code := folder(t, e, map[string]string{"bootstrap": string(binary)})
		for _, c := range []Config{
			{Runtime: "provided.al2023", CodeDir: code},
			{Runtime: "provided.al2", CodeDir: folder(t, e, map[string]string{"other": ""}), LayerDirs: []string{folder(t, e, map[string]string{"lib/x": ""}), code}},
		} {
			f := start(t, e, c)
			if r := f.invoke(t, `{"n": 1}`); string(r.Payload) != `[{"n": 1}]` || r.ContentType != "application/octet-stream" {
				t.Errorf("%s: %s; log:\n%s", c.Runtime, r.Payload, f.text())
			}
			if !strings.Contains(f.text(), "\ngot 8 true\nEND") {
				t.Errorf("log:\n%s", f.text())
			}
		}
		f := start(t, e, Config{Runtime: "provided.al2023", CodeDir: folder(t, e, map[string]string{"other": ""})})
		matches(t, string(f.invoke(t, `{}`).Payload), `{"errorType":"Runtime.InvalidEntrypoint","errorMessage":"RequestId: `+id+` Error: Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"}`)
	})
}

func TestWrappersStartTheRuntime(t *testing.T) {
	e := engine(t, sandbox.LevelNamespaces)
	layer := folder(t, e, map[string]string{"wrap": "#!/bin/sh\nexport WRAPPED=yes\nexec \"$@\"\n"})
	code := "import os\ndef handler(e, c):\n    return os.environ['WRAPPED']\n"
	f := python(t, e, code, Config{LayerDirs: []string{layer}, Env: map[string]string{"AWS_LAMBDA_EXEC_WRAPPER": "/opt/wrap"}})
	if r := f.invoke(t, `{}`); string(r.Payload) != `"yes"` {
		t.Errorf("%s; log:\n%s", r.Payload, f.text())
	}
	f = python(t, e, code, Config{Env: map[string]string{"AWS_LAMBDA_EXEC_WRAPPER": "/opt/nowhere"}})
	matches(t, string(f.invoke(t, `{}`).Payload), `{"errorType":"Runtime.ExitError","errorMessage":"RequestId: `+id+` Error: Runtime exited with error: exit status 127"}`)
}

func TestLayersAreOnTheirPaths(t *testing.T) {
	each(t, func(t *testing.T, e *Engine) {
		one := folder(t, e, map[string]string{"python/a.py": "v = 1", "python/b.py": "v = 1", "nodejs/node_modules/m/index.js": "module.exports = 1"})
		two := folder(t, e, map[string]string{"python/b.py": "v = 2"})
		f := python(t, e, "import a, b\ndef handler(e, c):\n    return [a.v, b.v]\n", Config{LayerDirs: []string{one, two}})
		if r := f.invoke(t, `{}`); string(r.Payload) != `[1, 2]` {
			t.Errorf("%s; log:\n%s", r.Payload, f.text())
		}
		f.Stop()
		if left, _ := filepath.Glob(filepath.Join(e.opt.Sandbox.Scratch(), "layers-*")); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
		f = node(t, e, "import { createRequire } from 'module'; const m = createRequire(import.meta.url)('m'); export const handler = async () => m;", Config{LayerDirs: []string{one}})
		if r := f.invoke(t, `{}`); string(r.Payload) != `1` {
			t.Errorf("%s; log:\n%s", r.Payload, f.text())
		}
	})
}

func TestJSONLogs(t *testing.T) {
	e := engine(t, sandbox.LevelNamespaces)
	f := python(t, e, "import logging\ndef handler(e, c):\n    logging.info('no'); logging.warning('yes')\n", Config{JSONLog: true, LogLevel: "WARN"})
	log := string(f.invoke(t, `{}`).LogTail)
	matches(t, log, `{"record":{"requestId":"`+id+`","version":"$LATEST"},"time":"…","type":"platform.start"}`+"\n"+
		`{"timestamp": "…", "level": "WARNING", "message": "yes", "logger": "root", "requestId": "`+id+`"}`+"\n"+
		`{"record":{"metrics":{…},"requestId":"`+id+`","status":"success"},"time":"…","type":"platform.report"}`+"\n")
}

func TestCancelledInvocationEndsTheEnvironment(t *testing.T) {
	e := engine(t, sandbox.LevelNamespaces)
	f := python(t, e, "import time\ndef handler(e, c):\n    time.sleep(100)\n", Config{Provisioned: true})
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := f.Invoke(ctx, Invocation{RequestID: id, Payload: []byte("{}")}); err != context.Canceled {
		t.Errorf("%v", err)
	}
	if f.Alive() {
		t.Error("it lives on")
	}
}

func TestAProvisionedEnvironmentThatHasStartedIsInitialized(t *testing.T) {
	e := engine(t, sandbox.LevelNamespaces)
	f := python(t, e, "def handler(e, c):\n    pass\n", Config{Provisioned: true})
	select {
	case <-f.run.ready:
	default:
		t.Errorf("it is not ready; log:\n%s", f.text())
	}
	c := f.c
	c.CodeDir = folder(t, e, map[string]string{"app/main.py": "raise ValueError('no')\n"})
	if f, err := tryStart(t, e, c); err == nil || !strings.Contains(f.text(), "ValueError") {
		t.Errorf("code that fails: %v; log:\n%s", err, f.text())
	}
	c.Runtime = "python3.0"
	if f, err := tryStart(t, e, c); err == nil || !strings.Contains(err.Error(), "its log says why") {
		t.Errorf("a runtime that is not there: %v; log:\n%s", err, f.text())
	}
}

func TestWhatIsMissingIsSaid(t *testing.T) {
	e := engine(t, sandbox.LevelNamespaces)
	t.Setenv("PATH", "/nowhere")
	f := start(t, e, Config{Runtime: "nodejs22.x", Handler: "index.handler", CodeDir: folder(t, e, nil)})
	r := f.invoke(t, `{}`)
	if !strings.Contains(f.text(), "dari: nodejs22.x needs Node 22 or newer, which is not on the PATH of the server, or") || !strings.Contains(string(r.Payload), "Runtime.InvalidEntrypoint") {
		t.Errorf("%s; log:\n%s", r.Payload, f.text())
	}
}
