package function

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/budget"
	"github.com/dari-bus/dari/internal/room/function/catalog"
	"github.com/dari-bus/dari/internal/room/function/pool"
	"github.com/dari-bus/dari/internal/room/function/runner"
	"github.com/dari-bus/dari/internal/room/function/runtime"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/mem"
	"github.com/dari-bus/dari/internal/wire"
)

// A house stands in for the rest of it: its functions answer with their version and
// what they were sent.
type house struct{}

func (house) Start(_ context.Context, c runtime.Config) (pool.Environment, error) { return env{c}, nil }

type env struct{ runtime.Config }

func (e env) Invoke(_ context.Context, in runtime.Invocation) (runtime.Result, error) {
	return runtime.Result{Payload: fmt.Appendf(nil, `{"version":%q,"arn":%q,"got":%s}`, e.Version, in.InvokedARN, in.Payload)}, nil
}
func (env) Alive() bool { return true }
func (env) Stop()       {}

func (house) Check(catalog.Address, string) error { return nil }
func (house) Assume(context.Context, catalog.Address, string) (runtime.Credentials, time.Time, error) {
	return runtime.Credentials{}, time.Now().Add(time.Hour), nil
}
func (house) Begin(store.Tx, catalog.Address, *catalog.Async) (uint64, error) { return 1, nil }
func (house) Retire(store.Tx, uint64) error                                   { return nil }
func (house) Abandon(store.Tx, uint64) error                                  { return nil }
func (house) Owe(store.Tx, uint64, runner.Event) (func(), error)              { return func() {}, nil }
func (house) Append(context.Context, catalog.Address, string, string, []runtime.Line) error {
	return nil
}
func (house) Send(context.Context, catalog.Address, string, string, runner.Message) error { return nil }

// A door is the room with its door.
type door struct {
	t *testing.T
	s *Service
	h http.Handler
}

func openDoor(t *testing.T) *door { return openDoorWith(t, house{}) }

func openDoorWith(t *testing.T, engine pool.Engine) *door {
	t.Helper()
	dir := t.TempDir()
	requests := budget.New(40<<20, []budget.Part{{Name: "requests", Percent: 100}}).Share("requests")
	s, err := Open(t.Context(), Options{Sources: sources{}, Requests: requests, Options: runner.Options{
		Store: mem.New(), Guard: access.Boundary{}, Engine: engine, Roles: house{}, Outbox: house{}, Queues: house{}, Logs: house{},
		Dir: func(context.Context) (string, error) { return dir, nil }, Endpoint: func() string { return "" }, Log: slog.New(slog.DiscardHandler),
	}})
	if err != nil {
		t.Fatal(err)
	}
	h, err := wire.NewHandler(wire.Options{Services: []*wire.Service{API(s)}, Region: "eu-central-1", Account: "210987654321"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return &door{t, s, h}
}

// call makes a call, such as "GET /2015-03-31/functions", and returns its status and
// what it says; {fn} stands for the path of the function fn.
func (d *door) call(line, body string) (int, string) {
	d.t.Helper()
	method, path, _ := strings.Cut(strings.ReplaceAll(line, "{fn}", "/2015-03-31/functions/fn"), " ")
	w := httptest.NewRecorder()
	d.h.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
	text := w.Header().Get("X-Amzn-Errortype")
	b, _ := io.ReadAll(w.Body)
	return w.Code, text + " " + string(b)
}

// want makes a call whose answer has a status and holds some texts.
func (d *door) want(line, body string, status int, texts ...string) {
	d.t.Helper()
	got, answer := d.call(line, body)
	if got != status {
		d.t.Errorf("%s %s: %d %s; want %d", line, body, got, answer, status)
	}
	for _, text := range texts {
		quoted, _ := json.Marshal(text)
		if !strings.Contains(answer, text) && !strings.Contains(answer, strings.Trim(string(quoted), `"`)) {
			d.t.Errorf("%s %s: %s; want %s", line, body, answer, text)
		}
	}
}

// zipped is a zip with a file, as JSON has it.
func zipped(name, text string) string {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, _ := z.Create(name)
	_, _ = w.Write([]byte(text))
	_ = z.Close()
	out, _ := json.Marshal(b.Bytes())
	return string(out)
}

const arnOf = "arn:aws:lambda:eu-central-1:210987654321:function:fn"

func (d *door) create(more string) (int, string) {
	return d.call("POST /2015-03-31/functions", `{"FunctionName":"fn","Runtime":"python3.12","Handler":"a.h","Role":"arn:aws:iam::210987654321:role/r","Code":{"ZipFile":`+zipped("a.py", "x")+`}`+more+`}`)
}

func (d *door) mustCreate(more string) string {
	d.t.Helper()
	status, answer := d.create(more)
	if status != http.StatusCreated {
		d.t.Fatalf("create: %d %s", status, answer)
	}
	return answer
}

// rows F1, F2, F4, F5
func TestVersionsAreMadeWhenSomethingChanged(t *testing.T) {
	d := openDoor(t)
	d.mustCreate("")
	d.want("POST {fn}/versions", `{}`, 201, `"Version":"1"`)
	d.want("POST {fn}/versions", `{}`, 201, `"Version":"1"`)
	d.want("PUT {fn}/code", `{"Publish":true,"ZipFile":`+zipped("a.py", "x")+`}`, 200, `"Version":"2"`)
	d.want("POST {fn}/versions", `{"CodeSha256":"abc"}`, 400, "InvalidParameterValueException", "CodeSHA256 (abc) is different from current CodeSHA256 in $LATEST (", "). Please try again with the CodeSHA256 in $LATEST.")
	d.want("POST {fn}/aliases", `{"Name":"live","FunctionVersion":"1"}`, 201)
	d.want("DELETE {fn}?Qualifier=1", "", 409, "ResourceConflictException", "Unable to delete version because the following aliases reference it: [live]")
	d.want("DELETE {fn}?Qualifier=$LATEST", "", 400, "$LATEST version cannot be deleted without deleting the function.")
	d.want("DELETE {fn}?Qualifier=live", "", 400, "Deletion of aliases is not currently supported.")
	d.want("GET {fn}:1?Qualifier=2", "", 400, "The derived qualifier from the function name does not match the specified qualifier.")
	d.want("GET {fn}/versions", "", 200, `"Version":"$LATEST"`, `"Version":"2"`)
	d.want("DELETE {fn}", "", 204)
	d.want("GET {fn}", "", 404, "Function not found: "+arnOf)
}

// row F7
func TestAFunctionWithoutVariablesHasNoEnvironment(t *testing.T) {
	d := openDoor(t)
	if answer := d.mustCreate(""); strings.Contains(answer, `"Environment"`) || !strings.Contains(answer, `"State":"Pending"`) {
		t.Errorf("the answer is %s", answer)
	}
	d.want("PUT {fn}/configuration", `{"Environment":{"Variables":{}}}`, 200, `"Environment":{"Variables":{}}`, `"LastUpdateStatus":"InProgress"`)
	d.want("GET {fn}/configuration", "", 200, `"State":"Active"`, `"LastUpdateStatus":"Successful"`)
	d.want("PUT {fn}/configuration", `{"Description":"x","RevisionId":"old"}`, 412, "PreconditionFailedException")
	d.want("PUT {fn}/configuration", `{"Environment":{"Variables":{"AWS_REGION":"x"}}}`, 400, "Reserved keys used in this request: AWS_REGION")
}

// rows F8, F10, F11
func TestAliasesSayWhatIsWrongWithThem(t *testing.T) {
	d := openDoor(t)
	d.mustCreate("")
	d.want("POST {fn}/versions", `{}`, 201)
	d.want("GET {fn}/aliases/nope", "", 404, "Cannot find alias arn: "+arnOf+":nope")
	d.want("PUT {fn}/aliases/nope", `{}`, 404, "Alias not found: "+arnOf+":nope")
	d.want("DELETE {fn}/aliases/nope", "", 204)
	for weights, text := range map[string]string{
		`{"1":0.5}`:         "Invalid function version 1. Function version 1 is already included in routing configuration.",
		`{"2":0.5,"3":0.1}`: "Number of items in AdditionalVersionWeights cannot be greater than 1",
	} {
		d.want("POST {fn}/aliases", `{"Name":"a","FunctionVersion":"1","RoutingConfig":{"AdditionalVersionWeights":`+weights+`}}`, 400, text)
	}
	d.want("POST {fn}/aliases", `{"Name":"a","FunctionVersion":"$LATEST","RoutingConfig":{"AdditionalVersionWeights":{"2":0.5}}}`, 400, "$LATEST is not supported for an alias pointing to more than 1 version")
	if _, answer := d.call("POST {fn}/aliases", `{"Name":"a","FunctionVersion":"1","RoutingConfig":{"AdditionalVersionWeights":{}}}`); strings.Contains(answer, "RoutingConfig") {
		t.Error(answer)
	}
	d.want("POST {fn}/aliases", `{"Name":"a","FunctionVersion":"1"}`, 409, "Alias already exists: "+arnOf+":a")
	d.want("PUT {fn}/code", `{"Publish":true,"ZipFile":`+zipped("a.py", "y")+`}`, 200, `"Version":"2"`)
	d.want("PUT {fn}/aliases/a", `{"RoutingConfig":{"AdditionalVersionWeights":{"2":1}}}`, 200, `"RoutingConfig":{"AdditionalVersionWeights":{"2":1`)
	d.want("POST {fn}:a/invocations", `{"n":1}`, 200, `"version":"2"`, arnOf+":a", `"got":{"n":1}`)
	if _, answer := d.call("PUT {fn}/aliases/a", `{"RoutingConfig":{"AdditionalVersionWeights":{}}}`); strings.Contains(answer, "RoutingConfig") {
		t.Error(answer)
	}
	d.want("POST {fn}:a/invocations", "", 200, `"version":"1"`, `"got":{}`)
}

// rows F19, F32
func TestPermissionsSayWhatIsWrongWithThem(t *testing.T) {
	d := openDoor(t)
	d.mustCreate("")
	permission := func(sid, principal string) string {
		return fmt.Sprintf(`{"StatementId":%q,"Action":"lambda:InvokeFunction","Principal":%q,"SourceArn":"arn:aws:events:eu-central-1:210987654321:rule/r"}`, sid, principal)
	}
	const events = "events.amazonaws.com"
	d.want("POST {fn}/policy", permission("example.com", events), 400, "ValidationException", "([a-zA-Z0-9-_]+)")
	d.want("DELETE /2015-03-31/functions/doesnotexist/policy/s", "", 404, "No policy found for: arn:aws:lambda:eu-central-1:210987654321:function:doesnotexist")
	d.want("DELETE {fn}/policy/s", "", 404, "No policy is associated with the given resource.")
	d.want("GET {fn}/policy", "", 404, "The resource you requested does not exist.")
	d.want("POST {fn}/policy?Qualifier=$LATEST", permission("s3", events), 400, "We currently do not support adding policies for $LATEST.")
	d.want("POST {fn}/policy", permission("s3", "nope!"), 400, "The provided principal was invalid. Please check the principal and try again.")
	d.want("POST {fn}/policy", permission("s3", events), 201, `{\"Sid\":\"s3\",\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"events.amazonaws.com\"},\"Action\":\"lambda:InvokeFunction\",\"Resource\":\"`+arnOf+`\",\"Condition\":{\"ArnLike\":{\"AWS:SourceArn\":\"arn:aws:events:eu-central-1:210987654321:rule/r\"}}}`)
	d.want("POST {fn}/policy", permission("s3", events), 409, "The statement id (s3) provided already exists. Please provide a new statement id, or remove the existing statement.")
	d.want("POST {fn}/policy", strings.Replace(permission("s4", events), "{", `{"RevisionId":"old",`, 1), 412, "The Revision Id provided does not match the latest Revision Id. Call the GetPolicy API to retrieve the latest Revision Id")
	d.want("POST {fn}/policy?Qualifier=42", permission("s", events), 404, "Function not found: "+arnOf+":42")
	d.want("POST {fn}/policy?Qualifier=nope", permission("s", events), 404, "Cannot find alias arn: "+arnOf+":nope")
	d.want("DELETE {fn}/policy/other", "", 404, "Statement other is not found in resource policy.")
	d.want("DELETE {fn}/policy/s3", "", 204)
}

// rows F20, F31
func TestCodeAndLayersSayWhatIsWrongWithThem(t *testing.T) {
	d := openDoor(t)
	for range 2 {
		d.want("POST /2018-10-31/layers/l/versions", `{"Content":{"ZipFile":`+zipped("python/m.py", "x")+`}}`, 201)
	}
	const l = "arn:aws:lambda:eu-central-1:210987654321:layer:"
	for layers, text := range map[string]string{
		`"` + l + `l:1","` + l + `l:2"`:                         "Two different versions of the same layer are not allowed to be referenced in the same function. " + l + "l:1 and " + l + "l:2 are versions of the same layer.",
		`"` + l + `none:1"`:                                     "Layer version " + l + "none:1 does not exist.",
		`"` + strings.Replace(l, "central", "west", 1) + `l:1"`: "Layers are not in the same region as the function. Layers are expected to be in region eu-central-1.",
	} {
		if status, answer := d.create(`,"Layers":[` + layers + `]`); status != 400 || !strings.Contains(answer, text) {
			t.Errorf("layers %s: %d %s; want %s", layers, status, answer, text)
		}
	}
	if status, answer := d.create(`,"Architectures":["arm64","x86_64"]`); status != 400 || !strings.Contains(answer, "Member must have length less than or equal to 1") {
		t.Errorf("%d %s", status, answer)
	}
	d.mustCreate(`,"Layers":["` + l + `l:2"]`)
	d.want("POST /2015-03-31/functions", `{"FunctionName":"g","Runtime":"python3.12","Handler":"a.h","Role":"arn:aws:iam::210987654321:role/r","Code":{"S3Bucket":"bucket","S3Key":"k"}}`, 400,
		"Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist.")
	d.want("POST /2017-03-31/tags/"+arnOf+":live", `{"Tags":{"a":"b"}}`, 400, "Tags on function aliases and versions are not supported. Please specify a function ARN.")
	for name, text := range map[string]string{"../up": "leads out of the folder", "/abs": "leads out of the folder", "a\\b": "leads out of the folder"} {
		d.want("PUT {fn}/code", `{"ZipFile":`+zipped(name, "x")+`}`, 400, text)
	}
	d.want("PUT {fn}/code", `{"ZipFile":"bm8gemlw"}`, 400, "Could not unzip uploaded file. Please check your file, then try to upload again.")
	d.want("POST {fn}/invocations", "", 200, `"version":"$LATEST"`)
}

// rows F22, F23, F26
func TestInvocationsSayWhatIsWrongWithThem(t *testing.T) {
	d := openDoor(t)
	d.mustCreate("")
	if status, answer := d.call("GET /2019-09-30/functions/fn/concurrency", ""); status != 200 || strings.TrimSpace(answer) != "{}" {
		t.Errorf("%d %s", status, answer)
	}
	const config = " /2019-09-25/functions/"
	d.want("PUT"+config+"fn/event-invoke-config", `{"DestinationConfig":{"OnFailure":{"Destination":"`+arnOf+`"}}}`, 400, "You can't specify the function as a destination for itself.")
	d.want("PUT"+config+"none/event-invoke-config", `{"MaximumRetryAttempts":0}`, 404, "The function doesn't exist.")
	d.want("GET"+config+"fn/event-invoke-config", "", 404, "The function "+arnOf+":$LATEST doesn't have an EventInvokeConfig")
	d.want("PUT"+config+"fn/event-invoke-config", `{}`, 400, "You must specify at least one of error handling or destination setting.")
	d.want("PUT"+config+"fn/event-invoke-config", `{"MaximumRetryAttempts":0}`, 200, `"MaximumRetryAttempts":0`, `"DestinationConfig":{"OnSuccess":{},"OnFailure":{}}`)
	d.want("POST {fn}/invocations", "n\x87r", 400, "InvalidRequestContentException", "Could not parse request body into json: Could not parse payload into json: Invalid UTF-8 start byte 0x87", "line: 1, column: 3]")
	d.want("PUT /2017-10-31/functions/fn/concurrency", `{"ReservedConcurrentExecutions":0}`, 200)
	d.want("POST {fn}/invocations", "{}", 429, "TooManyRequestsException", `"Reason":"ReservedFunctionConcurrentInvocationLimitExceeded","Type":"User","message":"Rate Exceeded."`)
	d.want("PUT /2017-10-31/functions/fn/concurrency", `{"ReservedConcurrentExecutions":901}`, 400, "below its minimum value of [100]")
}

// rooms.md E.6
func TestTrailsNameOperationsWithTheirDates(t *testing.T) {
	names := map[string]string{}
	for _, row := range API(nil).Operations {
		names[row.Name] = row.Recorded
	}
	for _, want := range []string{
		"CreateFunction20150331", "UpdateFunctionCode20150331v2", "UpdateFunctionConfiguration20150331v2", "DeleteFunction20150331",
		"PublishVersion20150331", "CreateAlias20150331", "UpdateAlias20150331", "DeleteAlias20150331", "AddPermission20150331v2",
		"RemovePermission20150331v2", "PutFunctionConcurrency20171031", "DeleteFunctionConcurrency20171031", "CreateEventSourceMapping20150331",
		"UpdateEventSourceMapping20150331", "DeleteEventSourceMapping20150331", "TagResource20170331v2", "UntagResource20170331v2",
		"PublishLayerVersion20181031", "DeleteLayerVersion20181031", "GetFunction20150331v2", "ListFunctions20150331",
	} {
		if name := strings.TrimRight(strings.TrimSuffix(want, "v2"), "0123456789"); names[name] != want {
			t.Errorf("%s is recorded as %q, want %s", name, names[name], want)
		}
	}
	for _, name := range []string{"Invoke", "PutFunctionEventInvokeConfig", "CreateFunctionUrlConfig"} {
		if names[name] != "" {
			t.Errorf("%s is recorded as %s, want its own name", name, names[name])
		}
	}
}
