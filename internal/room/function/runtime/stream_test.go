//go:build linux

package runtime

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dari-bus/dari/internal/sandbox"
)

// asked streams an invocation to a writer and returns its result, with the content type
// that the answer began with.
func (f *function) asked(t *testing.T, payload string, to io.Writer) (r Result, contentType string) {
	t.Helper()
	r, err := f.Invoke(t.Context(), Invocation{RequestID: id, Payload: []byte(payload), Stream: func(kind string) io.Writer {
		contentType = kind
		return to
	}})
	if err != nil {
		t.Fatal(err)
	}
	return r, contentType
}

func TestNodeStreamsAnswersToHTTP(t *testing.T) {
	f := node(t, engine(t, sandbox.LevelNamespaces), `
export const handler = awslambda.streamifyResponse(async (event, stream) => {
  stream = awslambda.HttpResponseStream.from(stream, { statusCode: 201, headers: { a: "b" }, cookies: ["c=d"] });
  stream.write("one");
  stream.end("two");
});`, Config{})
	var out bytes.Buffer
	r, kind := f.asked(t, `{}`, &out)
	const want = `{"statusCode":201,"headers":{"a":"b"},"cookies":["c=d"]}` + "\x00\x00\x00\x00\x00\x00\x00\x00onetwo"
	if !r.Streamed || kind != "application/vnd.awslambda.http-integration-response" || out.String() != want {
		t.Errorf("%q %q, %+v; log:\n%s", kind, out.String(), r, f.text())
	}
}

// A program of Go that streams as aws-lambda-go does, with the error behind the answer.
const goStreams = `package main

import (
	"encoding/base64"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

func main() {
	base := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/"
	for {
		next, err := http.Get(base + "invocation/next")
		if err != nil {
			os.Exit(9)
		}
		what, _ := io.ReadAll(next.Body)
		r, w := io.Pipe()
		req, _ := http.NewRequest("POST", base+"invocation/"+next.Header.Get("Lambda-Runtime-Aws-Request-Id")+"/response", r)
		req.Header.Set("Lambda-Runtime-Function-Response-Mode", "streaming")
		req.Header.Set("Content-Type", "application/x")
		req.Trailer = http.Header{"Lambda-Runtime-Function-Error-Type": nil, "Lambda-Runtime-Function-Error-Body": nil}
		go func() {
			defer w.Close()
			io.WriteString(w, "begun ")
			switch string(what) {
			case "\"breaks\"":
				req.Trailer.Set("Lambda-Runtime-Function-Error-Type", "Broken")
				req.Trailer.Set("Lambda-Runtime-Function-Error-Body", base64.StdEncoding.EncodeToString([]byte("{\"errorType\":\"Broken\"}")))
			case "\"exits\"":
				time.Sleep(50 * time.Millisecond)
				os.Exit(3)
			case "\"hangs\"":
				select {}
			case "\"long\"":
				io.WriteString(w, strings.Repeat("x", 3<<20))
			default:
				io.WriteString(w, "done")
			}
		}()
		a, err := http.DefaultClient.Do(req)
		if err != nil || a.StatusCode != 202 && a.StatusCode != 413 {
			os.Exit(8)
		}
	}
}
`

func TestGoStreams(t *testing.T) {
	e := engine(t, sandbox.LevelNamespaces)
	e.maxStreamed = 1 << 20
	dir := t.TempDir()
	source, bootstrap := filepath.Join(dir, "main.go"), filepath.Join(dir, "bootstrap")
	if err := os.WriteFile(source, []byte(goStreams), 0o644); err != nil {
		t.Fatal(err)
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", bootstrap, source)
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	binary, err := os.ReadFile(bootstrap)
	if err != nil {
		t.Fatal(err)
	}
	code := folder(t, e, map[string]string{"bootstrap": string(binary)})
	f := start(t, e, Config{Runtime: "provided.al2023", CodeDir: code})
	var out bytes.Buffer
	if r, kind := f.asked(t, `"works"`, &out); !r.Streamed || r.FunctionError != "" || kind != "application/x" || out.String() != "begun done" {
		t.Errorf("%q %q, %+v; log:\n%s", kind, out.String(), r, f.text())
	}
	out.Reset()
	if r, _ := f.asked(t, `"breaks"`, &out); r.FunctionError != "Unhandled" || string(r.Payload) != `{"errorType":"Broken"}` || out.String() != "begun " {
		t.Errorf("%q, %+v, %s", out.String(), r, r.Payload)
	}
	if r, _ := f.asked(t, `"works"`, gone{}); !r.Streamed || r.FunctionError != "" || !f.Alive() {
		t.Errorf("when its reader had gone: %+v, %s", r, r.Payload)
	}

	if r, _ := f.asked(t, `"long"`, io.Discard); r.FunctionError != "Unhandled" || !strings.Contains(string(r.Payload), "Function.ResponseSizeTooLarge") || !f.Alive() {
		t.Errorf("%+v, %s", r, r.Payload)
	}
	if r, _ := f.asked(t, `"exits"`, io.Discard); r.Streamed || r.FunctionError != "Unhandled" || !strings.Contains(string(r.Payload), "exit status 3") {
		t.Errorf("%+v, %s", r, r.Payload)
	}

	stuck := make(stuck)
	defer close(stuck)
	for what, to := range map[string]io.Writer{"hangs": io.Discard, "works": stuck} {
		f = start(t, e, Config{Runtime: "provided.al2023", CodeDir: code, Timeout: time.Second})
		if r, _ := f.asked(t, `"`+what+`"`, to); r.FunctionError != "Unhandled" || !strings.Contains(string(r.Payload), "Task timed out after 1.00 seconds") {
			t.Errorf("%s: %+v, %s", what, r, r.Payload)
		}
	}
}

// gone is a reader who has left, and stuck one who does not read.
type gone struct{}

func (gone) Write([]byte) (int, error) { return 0, errors.New("gone") }

type stuck chan struct{}

func (s stuck) Write([]byte) (int, error) { <-s; return 0, errors.New("gone") }
