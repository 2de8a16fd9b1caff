package e2e

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lt "github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// goHandler is the zip of the function in Go.
func goHandler(t testing.TB) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bootstrap")
	build := exec.CommandContext(t.Context(), "go", "build", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", path, "./handler")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	program, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return zipped(t, "bootstrap", string(program))
}

func TestAGoFunctionWithAWSsLibraryRuns(t *testing.T) {
	t.Parallel()
	f := serve(t).functions(t)
	f.make("go", f.role("runs"), lt.RuntimeProvidedal2023, goHandler(t))
	arn := "arn:aws:lambda:us-east-1:000000000000:function:go"
	f.says("go", "", `{"Do":"answer","Text":"größe"}`, `{"Text":"größe","Function":"go","Version":"$LATEST","ARN":"`+arn+`","HasTime":true}`)
	f.fails("go", `{"Do":"fail","Text":"out of flour"}`, "errorString", "out of flour")
	f.fails("go", `{"Do":"panic","Text":"on fire"}`, "string", "on fire")
	f.fails("go", `{"Do":"exit"}`, "Runtime.ExitError", "exit status 3")
	f.says("go", "$LATEST", `{"Do":"answer"}`, `{"Text":"","Function":"go","Version":"$LATEST","ARN":"`+arn+`:$LATEST","HasTime":true}`)
	f.logged("go", "asked to fail out of flour")

	// Fifty at once, each of which takes a moment: they have environments of their own.
	ctx := t.Context()
	var together sync.WaitGroup
	began := time.Now()
	for n := range 50 {
		together.Go(func() {
			text := fmt.Sprint(n)
			got, err := f.invoke(ctx, "go", "", `{"Do":"wait","Millis":500,"Text":"`+text+`"}`)
			if err != nil || got.failed != "" || !strings.Contains(got.said, `"Text":"`+text+`"`) || !strings.Contains(got.tail, "asked to wait "+text+"\n") {
				t.Errorf("number %d of fifty at once: %v %+v", n, err, got)
			}
		})
	}
	together.Wait()
	t.Logf("fifty at once took %v", time.Since(began).Round(time.Millisecond))
}

func TestANodeFunctionWithTheSDKRuns(t *testing.T) {
	t.Parallel()
	modules := javaScriptSDK(t)
	s := serve(t)
	f, c := s.functions(t), s.sdk(t)
	q := c.queue("out", nil)
	layer := must(f.PublishLayerVersion(t.Context(), &lambda.PublishLayerVersionInput{
		LayerName: ptr("sdk"), Content: &lt.LayerVersionContentInput{ZipFile: zippedFolder(t, modules, "nodejs/node_modules")},
	}))(t)
	role := f.role("runs", "sqs:SendMessage")
	f.make("node", role, lt.RuntimeNodejs20x, zipped(t, "app.mjs", `
import { SQSClient, SendMessageCommand } from "@aws-sdk/client-sqs";
const sqs = new SQSClient({});
export const handler = async (event, context) => {
  console.log("told", event.queue);
  const { MessageId } = await sqs.send(new SendMessageCommand({ QueueUrl: event.queue, MessageBody: "from node" }));
  return { sent: MessageId.length, left: Math.round(context.getRemainingTimeInMillis() / 10000) };
};`), func(in *lambda.CreateFunctionInput) { in.Layers = []string{*layer.LayerVersionArn} })
	f.says("node", "", `{"queue":"`+q.url+`"}`, `{"sent":36,"left":3}`)
	if body := *c.one(q).Body; body != "from node" {
		t.Errorf("the queue has %s", body)
	}
	f.may("runs", "sqs:ReceiveMessage")
	got := f.fails("node", `{"queue":"`+q.url+`"}`, "AccessDenied", "User: arn:aws:sts::000000000000:assumed-role/runs/node is not authorized to perform: sqs:SendMessage on resource: "+q.arn)
	if !strings.Contains(got.tail, "told "+q.url) {
		t.Errorf("the log ends with %s", got.tail)
	}
	f.logged("node", "is not authorized to perform: sqs:SendMessage on resource: "+q.arn)
}

// zippedFolder is a zip of the files of a folder, below a path.
func zippedFolder(t testing.TB, dir, below string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(filepath.Join(dir, path))
		if err != nil {
			return err
		}
		w, err := z.Create(below + "/" + path)
		if err == nil {
			_, err = w.Write(text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// What functions do that go wrong, and what their callers see of it. Whatever that is,
// the next invocation is served.
func TestFunctionsThatGoWrongSayHow(t *testing.T) {
	t.Parallel()
	tool(t, "python3")
	s := serve(t)
	f := s.functions(t)
	role := f.role("runs")
	f.make("wrong", role, lt.RuntimePython312, zipped(t, "app.py", `
import os, sys
def handler(event, context):
    match event["do"]:
        case "loop":
            while True: pass
        case "exit": sys.exit(event["status"])
        case "leave": os._exit(0)
        case "abort": os.abort()
        case "hog": return len([bytearray(1 << 20) for _ in range(4096)])
        case "large": return "x" * event["size"]
        case "lines":
            for n in range(event["count"]): print("line", n)
        case "set": return {1}
    return "well"
`), func(in *lambda.CreateFunctionInput) { in.Timeout = aws.Int32(2) })
	f.fails("wrong", `{"do":"loop"}`, "Sandbox.Timedout", "Task timed out after 2.00 seconds")
	must(f.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: ptr("wrong"), Timeout: aws.Int32(60)}))(t)
	f.says("wrong", "", `{"do":"well"}`, `"well"`)
	f.fails("wrong", `{"do":"exit","status":1}`, "Runtime.ExitError", "Runtime exited with error: exit status 1")
	f.fails("wrong", `{"do":"leave"}`, "Runtime.ExitError", "Runtime exited without providing a reason")
	f.fails("wrong", `{"do":"abort"}`, "Runtime.ExitError", "signal: aborted")
	if got := must(f.invoke(t.Context(), "wrong", "", `{"do":"hog"}`))(t); !strings.Contains(got.said, "MemoryError") && !strings.Contains(got.said, "signal: killed") {
		t.Errorf("what takes all memory gets %+v", got)
	}
	f.fails("wrong", `{"do":"set"}`, "Runtime.MarshalError", "Object of type set is not JSON serializable")

	const most = 6<<20 + 100
	if got := must(f.invoke(t.Context(), "wrong", "", fmt.Sprintf(`{"do":"large","size":%d}`, most-2)))(t); got.failed != "" || len(got.said) != most {
		t.Errorf("an answer of %d bytes came as %d, %s", most, len(got.said), got.failed)
	}
	f.fails("wrong", fmt.Sprintf(`{"do":"large","size":%d}`, most-1), "Function.ResponseSizeTooLarge", "maximum allowed payload size (6291556 bytes)")

	const lines = 200_000
	f.says("wrong", "", fmt.Sprintf(`{"do":"lines","count":%d}`, lines), `"well"`)
	eventually(t, 30*time.Second, func() string {
		if n := f.lines("wrong", "line"); n != lines {
			return fmt.Sprintf("%d of %d lines are in the log", n, lines)
		}
		return ""
	})
	f.says("wrong", "", `{"do":"well"}`, `"well"`)
}

// lines counts the events of the log of a function with a word in them.
func (f *lambdas) lines(name, word string) (n int) {
	f.t.Helper()
	logs := newLean(f.server, 1)
	var out struct {
		Events    []struct{ Message string }
		NextToken string
	}
	for {
		in := map[string]any{"logGroupName": "/aws/lambda/" + name, "filterPattern": word}
		if out.NextToken != "" {
			in["nextToken"] = out.NextToken
		}
		out.NextToken, out.Events = "", nil
		if err := logs.call(f.t.Context(), "Logs_20140328.FilterLogEvents", in, &out); err != nil {
			f.t.Fatal(err)
		}
		if n += len(out.Events); out.NextToken == "" {
			return n
		}
	}
}
