package e2e

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lt "github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// lambdas are the Go SDK's client of the functions of one server, and what tests do
// with them again and again.
type lambdas struct {
	*lambda.Client
	t      testing.TB
	server *server
}

func (s *server) functions(t testing.TB) *lambdas {
	return &lambdas{lambda.New(lambda.Options{
		Region: region, BaseEndpoint: &s.URL, Credentials: keyPair("test", "test"), HTTPClient: httpClient, Retryer: aws.NopRetryer{},
	}), t, s}
}

// zipped is a zip of files: their names and what is in them, in turn.
func zipped(t testing.TB, files ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		head := &zip.FileHeader{Name: files[i], Method: zip.Deflate}
		head.SetMode(0o755)
		w, err := z.CreateHeader(head)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(files[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// role makes a role for functions, which may do what the actions say, and returns its ARN.
func (f *lambdas) role(name string, actions ...string) string {
	f.t.Helper()
	ids, _ := f.server.identities(keyPair("test", "test"))
	const trust = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"lambda.amazonaws.com"}}}`
	out := must(ids.CreateRole(f.t.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: ptr(trust)}))(f.t)
	f.may(name, actions...)
	return *out.Role.Arn
}

// may says anew what a role may do.
func (f *lambdas) may(role string, actions ...string) {
	f.t.Helper()
	ids, _ := f.server.identities(keyPair("test", "test"))
	statement := map[string]any{"Effect": "Allow", "Action": actions, "Resource": "*"}
	if len(actions) == 0 {
		statement = map[string]any{"Effect": "Deny", "Action": "*", "Resource": "*"}
	}
	document := toJSON(map[string]any{"Version": "2012-10-17", "Statement": statement})
	must(ids.PutRolePolicy(f.t.Context(), &iam.PutRolePolicyInput{RoleName: &role, PolicyName: ptr("own"), PolicyDocument: &document}))(f.t)
}

// make makes a function; in says more than its code if need be.
func (f *lambdas) make(name, role string, runtime lt.Runtime, zip []byte, in ...func(*lambda.CreateFunctionInput)) {
	f.t.Helper()
	all := &lambda.CreateFunctionInput{
		FunctionName: &name, Role: &role, Runtime: runtime, Handler: ptr("app.handler"), Code: &lt.FunctionCode{ZipFile: zip},
		Timeout: aws.Int32(30), MemorySize: aws.Int32(256),
	}
	for _, more := range in {
		more(all)
	}
	must(f.CreateFunction(f.t.Context(), all))(f.t)
}

// An outcome is what came of an invocation.
type outcome struct {
	// said is the answer, failed whether it is that of a failure, tail the end of the log.
	said, failed, tail string
	version            string
}

func (f *lambdas) invoke(ctx context.Context, name, qualifier, payload string) (outcome, error) {
	in := &lambda.InvokeInput{FunctionName: &name, Payload: []byte(payload), LogType: lt.LogTypeTail}
	if qualifier != "" {
		in.Qualifier = &qualifier
	}
	out, err := f.Invoke(ctx, in)
	if err != nil {
		return outcome{}, err
	}
	tail, err := base64.StdEncoding.DecodeString(aws.ToString(out.LogResult))
	return outcome{string(out.Payload), aws.ToString(out.FunctionError), string(tail), aws.ToString(out.ExecutedVersion)}, err
}

// says demands the answer of a function.
func (f *lambdas) says(name, qualifier, payload, want string) {
	f.t.Helper()
	got := must(f.invoke(f.t.Context(), name, qualifier, payload))(f.t)
	if got.failed != "" {
		f.t.Fatalf("%s failed: %s\n%s", name, got.said, got.tail)
	}
	if diff := diffJSON(f.t, []byte(want), []byte(got.said)); diff != "" {
		f.t.Errorf("%s answers:\n%s", name, diff)
	}
}

// fails demands that an invocation fails, with an error of that type whose message has
// the text in it, and returns what came.
func (f *lambdas) fails(name, payload, kind, text string) outcome {
	f.t.Helper()
	got := must(f.invoke(f.t.Context(), name, "", payload))(f.t)
	var e struct{ ErrorType, ErrorMessage string }
	if err := json.Unmarshal([]byte(got.said), &e); err != nil || got.failed != "Unhandled" || e.ErrorType != kind || !strings.Contains(e.ErrorMessage, text) {
		f.t.Errorf("%s of %s: %q %s; want %s with %q\n%s", name, clip([]byte(payload)), got.failed, clip([]byte(got.said)), kind, text, got.tail)
	}
	return got
}

// logged waits until the log of a function has a text in one of its events.
func (f *lambdas) logged(name, text string) {
	f.t.Helper()
	logs := newLean(f.server, 1)
	eventually(f.t, 20*time.Second, func() string {
		var out struct{ Events []struct{ Message string } }
		err := logs.call(f.t.Context(), "Logs_20140328.FilterLogEvents", map[string]any{"logGroupName": "/aws/lambda/" + name, "filterPattern": `"` + text + `"`}, &out)
		if err != nil || len(out.Events) == 0 {
			return fmt.Sprintf("an event of the log of %s with %q in it (%v)", name, text, err)
		}
		return ""
	})
}
