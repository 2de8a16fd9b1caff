package e2e

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lt "github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// A subject is a function that is measured.
type subject struct {
	name    string
	runtime lt.Runtime
	file    string
	code    []byte
}

// subjects are one for each runtime: they answer with what they were sent.
func subjects(b *testing.B) []subject {
	b.Helper()
	return []subject{
		{"go", lt.RuntimeProvidedal2023, "bootstrap", benchBinary(b)},
		{"python", lt.RuntimePython312, "app.py", []byte("def handler(event, context):\n    return event\n")},
		{"node", lt.RuntimeNodejs20x, "app.mjs", []byte("export const handler = async (event) => event;\n")},
	}
}

// benchBinary builds testdata/bench.
func benchBinary(b *testing.B) []byte {
	b.Helper()
	path := filepath.Join(b.TempDir(), "bootstrap")
	build := exec.Command("go", "build", "-o", path, "./testdata/bench")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	return must(os.ReadFile(path))(b)
}

// functionsOf returns the client of the functions of a server.
func functionsOf(s *server) *lambda.Client {
	return lambda.New(lambda.Options{Region: region, BaseEndpoint: &s.URL, Credentials: keyPair("test", "test"), HTTPClient: httpClient, Retryer: aws.NopRetryer{}})
}

// make makes the function, which reports to a URL unless that is "".
func (f subject) make(b *testing.B, c *lambda.Client, report string) {
	b.Helper()
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	head := &zip.FileHeader{Name: f.file, Method: zip.Deflate}
	head.SetMode(0o755)
	w := must(z.CreateHeader(head))(b)
	must(w.Write(f.code))(b)
	if err := z.Close(); err != nil {
		b.Fatal(err)
	}
	must(c.CreateFunction(b.Context(), &lambda.CreateFunctionInput{
		FunctionName: &f.name, Runtime: f.runtime, Handler: ptr("app.handler"), Role: ptr("arn:aws:iam::" + account + ":role/none"), MemorySize: aws.Int32(256),
		Timeout: aws.Int32(30), Code: &lt.FunctionCode{ZipFile: packed.Bytes()}, Environment: &lt.Environment{Variables: map[string]string{"REPORT": report}},
	}))(b)
}

func (f subject) invoke(b *testing.B, c *lambda.Client) time.Duration {
	began := time.Now()
	out, err := c.Invoke(b.Context(), &lambda.InvokeInput{FunctionName: &f.name, Payload: []byte(`{"n":1}`)})
	if err != nil || out.FunctionError != nil {
		b.Errorf("%v, %+v", err, out)
	}
	return time.Since(began)
}

// BenchmarkFunctions measures Invoke: with an environment that is yet to be started, with
// a warm one, and with many callers at a time.
func BenchmarkFunctions(b *testing.B) {
	needLinux(b)
	s := serve(b)
	c := functionsOf(s)
	for _, f := range subjects(b) {
		f.make(b, c, "")
		b.Run("cold/"+f.name, func(b *testing.B) {
			var took []time.Duration
			for n := 0; b.Loop(); n++ {
				must(c.UpdateFunctionConfiguration(b.Context(), &lambda.UpdateFunctionConfigurationInput{
					FunctionName: &f.name, Description: ptr(fmt.Sprint(time.Now().UnixNano(), n)),
				}))(b)
				took = append(took, f.invoke(b, c))
			}
			report(b, took)
		})
		b.Run("warm/"+f.name, func(b *testing.B) {
			f.invoke(b, c)
			var took []time.Duration
			for b.Loop() {
				took = append(took, f.invoke(b, c))
			}
			report(b, took)
		})
		b.Run("many/"+f.name, func(b *testing.B) { f.many(b, c) })
	}
}

// many invokes the function from eight callers.
func (f subject) many(b *testing.B, c *lambda.Client) {
	var left atomic.Int64
	left.Store(int64(b.N))
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			for left.Add(-1) >= 0 {
				f.invoke(b, c)
			}
		})
	}
	callers.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "invocations/s")
}

func report(b *testing.B, took []time.Duration) {
	took = sorted(took)
	b.ReportMetric(milliseconds(quantile(took, 0.5)), "p50-ms")
	b.ReportMetric(milliseconds(quantile(took, 0.99)), "p99-ms")
}

// BenchmarkEventToFunction measures from PutEvents until a warm function has the event.
func BenchmarkEventToFunction(b *testing.B) {
	needLinux(b)
	arrived := make(chan struct{}, 1)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var e struct{ ID string }
		if body, err := io.ReadAll(r.Body); err == nil && json.Unmarshal(body, &e) == nil && e.ID != "" {
			arrived <- struct{}{}
		}
	}))
	defer receiver.Close()
	s := serve(b)
	c, functions := s.sdk(b), functionsOf(s)
	f := subject{"go", lt.RuntimeProvidedal2023, "bootstrap", benchBinary(b)}
	f.make(b, functions, receiver.URL)
	must(functions.AddPermission(b.Context(), &lambda.AddPermissionInput{
		FunctionName: &f.name, StatementId: ptr("rule"), Action: ptr("lambda:InvokeFunction"), Principal: ptr("events.amazonaws.com"),
	}))(b)
	c.rule("default", "r", `{"source":["bench"]}`, target("t", "arn:aws:lambda:"+region+":"+account+":function:"+f.name))
	put := func() time.Duration {
		began := time.Now()
		c.put(entry("default", "bench", "Event", `{}`))
		<-arrived
		return time.Since(began)
	}
	put() // warm
	var took []time.Duration
	for b.Loop() {
		took = append(took, put())
	}
	report(b, took)
}
