package build

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/event"
	"github.com/dari-bus/dari/internal/room/build/buildspec"
	"github.com/dari-bus/dari/internal/room/build/runner"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/mem"
	"github.com/dari-bus/dari/internal/wire"
)

const account = "210987654321"

var root = access.Root(account, "eu-central-1")

// A house is a service whose builds do what the test says.
type house struct {
	t      *testing.T
	s      *Service
	opt    Options
	mu     sync.Mutex
	events []event.Entry
	h      http.Handler
	stop   func()
	// work is what a build does in its phase BUILD.
	work func(context.Context) error
}

// emission keeps an event once its transaction is kept.
type emission struct {
	h *house
	e event.Entry
}

func (m emission) Owe(store.Tx) error { return nil }
func (m emission) End(kept bool) {
	if kept {
		m.h.mu.Lock()
		defer m.h.mu.Unlock()
		m.h.events = append(m.h.events, m.e)
	}
}

// Run goes through the phases as a runner does.
func (h *house) Run(ctx context.Context, job *runner.Job) error {
	phases := []string{runner.Provisioning, runner.DownloadSource, "INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD", runner.UploadArtifacts, runner.Finalizing, runner.Completed}
	result := runner.Result{Revision: "0123abc", Exported: []buildspec.Variable{{Name: "TAG", Value: "9"}}}
	for i, p := range phases[:len(phases)-1] {
		s := runner.Step{Phase: p, Status: runner.Succeeded, Next: phases[i+1], Result: result}
		time.Sleep(time.Second)
		if p == "BUILD" && h.work != nil {
			if err := h.work(ctx); err != nil {
				result.Failed = true
				s.Status, s.Code, s.Message, s.Result = runner.Failed, "COMMAND_EXECUTION_ERROR", err.Error(), result
			}
		}
		switch context.Cause(ctx) {
		case nil:
		case runner.ErrStopped:
			s.Status, s.Next = runner.Stopped, runner.Completed
		case runner.ErrTimedOut:
			s.Status, s.Code, s.Message, s.Next = runner.TimedOut, "BUILD_TIMED_OUT", "Build has timed out. ", runner.Completed
		}
		if err := job.Report(s); err != nil || s.Next == runner.Completed {
			return err
		}
	}
	return nil
}

func openHouse(t *testing.T, slots int) *house {
	t.Helper()
	h := &house{t: t}
	h.opt = Options{
		Store: mem.New(), Guard: access.Boundary{}, Runner: h, Slots: slots,
		Emit: func(_ access.Caller, e event.Entry) (Emission, error) { return emission{h, e}, nil },
		Assume: func(access.Caller, string, string, time.Duration) (*runner.Credentials, access.Caller, error) {
			return &runner.Credentials{}, root, nil
		},
		Write:    func(context.Context, access.Caller, string, string, []runner.Line) error { return nil },
		Endpoint: func() string { return "http://localhost:4566" },
	}
	h.start()
	return h
}

// start opens the service and has it run; it may be called again after stop.
func (h *house) start() {
	h.t.Helper()
	var err error
	if h.s, err = Open(h.t.Context(), h.opt); err != nil {
		h.t.Fatal(err)
	}
	if h.h, err = wire.NewHandler(wire.Options{Services: []*wire.Service{API(h.s)}, Region: root.Region, Account: account, Host: "localhost", Open: true}); err != nil {
		h.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(h.t.Context())
	done := make(chan error, 1)
	go func() { done <- h.s.Run(ctx) }()
	h.stop = func() {
		cancel()
		if err := <-done; err != nil {
			h.t.Error(err)
		}
	}
}

// call makes a call; what is wrong is in the answer's __type and message.
func (h *house) call(op, body string) map[string]any {
	h.t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("X-Amz-Target", "CodeBuild_20161006."+op)
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+account+"/20260914/eu-central-1/codebuild/aws4_request, SignedHeaders=host, Signature=x")
	w := httptest.NewRecorder()
	h.h.ServeHTTP(w, r)
	var out map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		h.t.Fatalf("%s: %d %s", op, w.Code, w.Body)
	}
	return out
}

// at reads a member of an answer: "build.phases.0.phaseType".
func at(v any, path string) any {
	for name := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[name]
		case []any:
			var i int
			if _, err := fmt.Sscan(name, &i); err != nil || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

const shop = `{"name":"web-shop","source":{"type":"NO_SOURCE","buildspec":"version: 0.2\n"},"artifacts":{"type":"NO_ARTIFACTS"},
	"environment":{"type":"LINUX_CONTAINER","image":"local/debian:12","computeType":"BUILD_GENERAL1_SMALL","environmentVariables":[{"name":"STAGE","value":"test"}]},
	"serviceRole":"arn:aws:iam::210987654321:role/builds"`

func (h *house) begin(more string) string {
	h.t.Helper()
	out := h.call("StartBuild", `{"projectName":"web-shop"`+more+`}`)
	id, ok := at(out, "build.id").(string)
	if !ok {
		h.t.Fatal(out)
	}
	return id
}

func (h *house) status(id string) string {
	h.t.Helper()
	out := h.call("BatchGetBuilds", `{"ids":["`+id+`"]}`)
	return fmt.Sprint(at(out, "builds.0.currentPhase"), " ", at(out, "builds.0.buildStatus"))
}

// seen are the events so far.
func (h *house) seen() []event.Entry {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.events)
}

// told is what the events say: S for the state of a build, P for a phase.
func (h *house) told() string {
	var all []string
	for _, e := range h.seen() {
		var d map[string]any
		if err := json.Unmarshal([]byte(e.Detail), &d); err != nil {
			h.t.Fatal(err)
		}
		if s, ok := d["build-status"]; ok {
			all = append(all, fmt.Sprint("S:", d["current-phase"], ":", s, ":", at(d, "additional-information.build-number")))
		} else {
			all = append(all, fmt.Sprint("P:", d["completed-phase"], ":", d["completed-phase-status"]))
		}
	}
	return strings.Join(all, " ")
}

// rows B1, B2, B19 and B20.
func TestABuildGoesThroughItsPhases(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := openHouse(t, 1)
		defer h.stop()
		h.call("CreateProject", shop+"}")
		out := h.call("StartBuild", `{"projectName":"web-shop","idempotencyToken":"t","environmentVariablesOverride":[{"name":"N","value":"YES"}]}`)
		if at(out, "build.buildStatus") != "IN_PROGRESS" || at(out, "build.buildComplete") != false || at(out, "build.currentPhase") != "QUEUED" {
			t.Errorf("%v", out)
		}
		if same := h.call("StartBuild", `{"projectName":"web-shop","idempotencyToken":"t"}`); at(same, "build.id") != at(out, "build.id") {
			t.Errorf("the same token: %v", same)
		}
		time.Sleep(time.Minute)
		id := at(out, "build.id").(string)
		out = h.call("BatchGetBuilds", `{"ids":["`+id+`","web-shop:none"]}`)
		if at(out, "builds.0.buildStatus") != "SUCCEEDED" || at(out, "builds.0.buildNumber") != 1.0 || at(out, "buildsNotFound.0") != "web-shop:none" || at(out, "builds.0.resolvedSourceVersion") != "0123abc" {
			t.Errorf("%v", out)
		}
		var phases []string
		for _, p := range at(out, "builds.0.phases").([]any) {
			phases = append(phases, at(p, "phaseType").(string))
		}
		if got := strings.Join(phases, " "); got != "SUBMITTED QUEUED PROVISIONING DOWNLOAD_SOURCE INSTALL PRE_BUILD BUILD POST_BUILD UPLOAD_ARTIFACTS FINALIZING COMPLETED" {
			t.Error(got)
		}
		if c := at(out, "builds.0.phases.4.contexts.0"); !cmp.Equal(c, map[string]any{"statusCode": "", "message": ""}) {
			t.Errorf("contexts %v", c)
		}
		if got := h.told(); got != "S:SUBMITTED:IN_PROGRESS:<nil> P:SUBMITTED:SUCCEEDED P:QUEUED:SUCCEEDED P:PROVISIONING:SUCCEEDED P:DOWNLOAD_SOURCE:SUCCEEDED P:INSTALL:SUCCEEDED "+
			"P:PRE_BUILD:SUCCEEDED P:BUILD:SUCCEEDED P:POST_BUILD:SUCCEEDED P:UPLOAD_ARTIFACTS:SUCCEEDED P:FINALIZING:SUCCEEDED S:COMPLETED:SUCCEEDED:1" {
			t.Error(got)
		}
	})
}

// The whole of an event, as automation.md A.2 and A.3 have it.
func TestEventsHaveCodeBuildsMembersInTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // which begins at 2000-01-01
		h := openHouse(t, 1)
		defer h.stop()
		h.work = func(context.Context) error {
			return fmt.Errorf("Error while executing command: make test. Reason: exit status 2")
		}
		h.call("CreateProject", shop+"}")
		id := h.begin("")
		time.Sleep(time.Minute)
		arn := "arn:aws:codebuild:eu-central-1:210987654321:build/" + id
		events := h.seen()
		last := events[len(events)-1]
		if last.Source != "aws.codebuild" || !slices.Equal(last.Resources, []string{arn}) {
			t.Errorf("%+v", last)
		}
		for _, want := range []string{
			`{"build-status":"FAILED","project-name":"web-shop","build-id":"` + arn + `","additional-information":{"artifact":{"location":""},"environment":{"image":"local/debian:12","privileged-mode":false,` +
				`"image-pull-credentials-type":"CODEBUILD","compute-type":"BUILD_GENERAL1_SMALL","type":"LINUX_CONTAINER","environment-variables":[{"name":"STAGE","value":"test","type":"PLAINTEXT"}]},` +
				`"timeout-in-minutes":60,"build-complete":true,"initiator":"root","build-number":1,"build-start-time":"Jan 1, 2000 12:00:00 AM","source":{"buildspec":"version: 0.2\n","type":"NO_SOURCE"},` +
				`"logs":{"group-name":"/aws/codebuild/web-shop","stream-name":"`,
			`{"phase-context":["COMMAND_EXECUTION_ERROR: Error while executing command: make test. Reason: exit status 2"],"start-time":"Jan 1, 2000 12:00:04 AM","end-time":"Jan 1, 2000 12:00:05 AM","duration-in-seconds":1,"phase-type":"BUILD","phase-status":"FAILED"}`,
			`{"start-time":"Jan 1, 2000 12:00:08 AM","phase-type":"COMPLETED"}],`,
			`"current-phase":"COMPLETED","current-phase-context":"[]","version":"1"}`,
		} {
			if !strings.Contains(last.Detail, want) {
				t.Errorf("no %s in\n%s", want, last.Detail)
			}
		}
		phase := events[slices.IndexFunc(events, func(e event.Entry) bool { return strings.Contains(e.Detail, `"completed-phase":"BUILD"`) })]
		if want := `"completed-phase-status":"FAILED","completed-phase-duration-seconds":1,"version":"1","completed-phase-start":"Jan 1, 2000 12:00:04 AM","completed-phase-end":"Jan 1, 2000 12:00:05 AM"}`; !strings.HasSuffix(phase.Detail, want) {
			t.Error(phase.Detail)
		}
		if want := `"completed-phase-context":"[COMMAND_EXECUTION_ERROR: Error while executing command: make test. Reason: exit status 2]"`; !strings.Contains(phase.Detail, want) {
			t.Error(phase.Detail)
		}
	})
}

func waitFor(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// row B19: a build that was stopped stays so.
func TestBuildsWaitStopAndTimeOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := openHouse(t, 1)
		defer h.stop()
		h.work = waitFor
		h.call("CreateProject", shop+`,"timeoutInMinutes":7,"queuedTimeoutInMinutes":5}`)
		first, second, third := h.begin(""), h.begin(""), h.begin("")
		time.Sleep(time.Minute)
		if got := h.status(first) + ", " + h.status(second); got != "BUILD IN_PROGRESS, QUEUED IN_PROGRESS" {
			t.Error(got)
		}
		if out := h.call("StopBuild", `{"id":"`+second+`"}`); at(out, "build.buildStatus") != "STOPPED" || h.status(second) != "COMPLETED STOPPED" {
			t.Errorf("%v", out)
		}
		time.Sleep(5 * time.Minute) // the third has waited too long
		if got := h.status(first) + ", " + h.status(third); got != "BUILD IN_PROGRESS, COMPLETED TIMED_OUT" {
			t.Error(got)
		}
		time.Sleep(2 * time.Minute)
		if got := h.status(first); got != "COMPLETED TIMED_OUT" {
			t.Error(got)
		}
		fourth := h.begin("")
		time.Sleep(time.Minute)
		if out := h.call("StopBuild", `{"id":"`+fourth+`"}`); at(out, "build.buildStatus") != "STOPPED" {
			t.Errorf("%v", out)
		}
		time.Sleep(time.Minute)
		if out := h.call("StopBuild", `{"id":"`+fourth+`"}`); h.status(fourth) != "COMPLETED STOPPED" || at(out, "build.buildComplete") != true {
			t.Errorf("%v", out)
		}
		h.work = nil
		out := h.call("RetryBuild", `{"id":"`+fourth+`"}`)
		time.Sleep(time.Minute)
		if id, _ := at(out, "build.id").(string); h.status(id) != "COMPLETED SUCCEEDED" || at(out, "build.buildNumber") != 5.0 {
			t.Errorf("%v", out)
		}
		ids := h.call("ListBuildsForProject", `{"projectName":"web-shop","sortOrder":"ASCENDING"}`)
		if len(at(ids, "ids").([]any)) != 5 || at(ids, "ids.0") != first {
			t.Errorf("%v", ids)
		}
		if out := h.call("BatchDeleteBuilds", `{"ids":["`+first+`","web-shop:none"]}`); at(out, "buildsDeleted.0") != "arn:aws:codebuild:eu-central-1:210987654321:build/"+first || at(out, "buildsNotDeleted.0.statusCode") != "BUILD_NOT_FOUND" {
			t.Errorf("%v", out)
		}
	})
}

func TestARestartEndsWhatRanAndGoesOnWithWhatWaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := openHouse(t, 1)
		h.work = waitFor
		h.call("CreateProject", shop+"}")
		ran, waited := h.begin(""), h.begin("")
		time.Sleep(time.Minute)
		h.stop()
		h.events, h.work = nil, nil
		h.start()
		time.Sleep(time.Minute)
		if got := h.status(ran) + ", " + h.status(waited); got != "COMPLETED FAULT, COMPLETED SUCCEEDED" {
			t.Error(got)
		}
		if got := h.told(); !strings.HasPrefix(got, "P:BUILD:FAULT S:COMPLETED:FAULT:1 P:QUEUED:SUCCEEDED") || !strings.HasSuffix(got, "S:COMPLETED:SUCCEEDED:2") {
			t.Error(got)
		}
		h.stop()
	})
}

func TestThereAreLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := openHouse(t, 1)
		defer h.stop()
		h.work = waitFor
		h.call("CreateProject", shop+`,"concurrentBuildLimit":1}`)
		first := h.begin("")
		if out := h.call("StartBuild", `{"projectName":"web-shop"}`); out["__type"] != "AccountLimitExceededException" {
			t.Errorf("%v", out)
		}
		h.call("UpdateProject", `{"name":"web-shop","concurrentBuildLimit":-1}`)
		for range maxWaiting {
			h.begin("")
		}
		if out := h.call("StartBuild", `{"projectName":"web-shop"}`); out["__type"] != "AccountLimitExceededException" || out["message"] != "Cannot have more than 100 builds in queue for the account" {
			t.Errorf("%v", out)
		}
		if got := h.status(first); got == "" {
			t.Error(got)
		}
		synctest.Wait()
		h.s.line.mu.Lock()
		h.s.line.all += maxLine // of accounts that are made up
		h.s.line.mu.Unlock()
		h.call("StopBuild", `{"id":"`+first+`"}`)
		time.Sleep(time.Minute)
		if out := h.call("StartBuild", `{"projectName":"web-shop"}`); out["message"] != "Cannot have more than 1000 builds in queue on this server" {
			t.Errorf("%v", out)
		}
	})
}

// rows B13, B14 and B22.
func TestProjects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := openHouse(t, 1)
		defer h.stop()
		const rest = `"environment":{"type":"LINUX_CONTAINER","image":"i","computeType":"BUILD_GENERAL1_SMALL"},"serviceRole":"arn:aws:iam::210987654321:role/builds"`
		out := h.call("CreateProject", `{"name":"p2","source":{"type":"S3","location":"b/k"},"artifacts":{"type":"S3","location":"b"},`+rest+`}`)
		for path, want := range map[string]any{
			"project.timeoutInMinutes": 60.0, "project.queuedTimeoutInMinutes": 480.0, "project.encryptionKey": "arn:aws:kms:eu-central-1:210987654321:alias/aws/s3",
			"project.badge.badgeEnabled": false, "project.environment.imagePullCredentialsType": "CODEBUILD", "project.environment.privilegedMode": false,
			"project.artifacts.name": "p2", "project.artifacts.namespaceType": "NONE", "project.artifacts.packaging": "NONE", "project.cache.type": "NO_CACHE",
			"project.arn": "arn:aws:codebuild:eu-central-1:210987654321:project/p2",
		} {
			if got := at(out, path); got != want {
				t.Errorf("%s is %v, want %v", path, got, want)
			}
		}
		if v, ok := at(out, "project.environment.environmentVariables").([]any); !ok || len(v) != 0 {
			t.Errorf("variables %v", v)
		}
		for body, want := range map[string]string{
			`{"name":"p2","source":{"type":"S3","location":"b/k"},"artifacts":{"type":"S3","location":"b"},` + rest + `}`:                                                                          "ResourceAlreadyExistsException Project already exists: arn:aws:codebuild:eu-central-1:210987654321:project/p2",
			`{"name":"p3","source":{"type":"CODECOMMIT","location":"x"},"artifacts":{"type":"CODEPIPELINE"},` + rest + `}`:                                                                         "InvalidInputException Invalid input: when using CodePipeline both sourceType, and artifactType must be set to: CODEPIPELINE",
			`{"name":"p3","source":{"type":"S3","location":"b/k"},"secondarySources":[{"type":"S3","location":"b","sourceIdentifier":"my-src"}],"artifacts":{"type":"NO_ARTIFACTS"},` + rest + `}`: "InvalidInputException Invalid input: identifier must contain only alphanumeric characters and underscores and be less than 128 characters in length",
			`{"name":"p3","source":{"type":"NO_SOURCE"},"artifacts":{"type":"NO_ARTIFACTS"},` + rest + `}`:                                                                                         "InvalidInputException Invalid input: source type NO_SOURCE needs a buildspec, which is its text",
			`{"name":"p3","vpcConfig":{"vpcId":"v"},"source":{"type":"S3","location":"x"},"artifacts":{"type":"NO_ARTIFACTS"},` + rest + `}`:                                                       "InvalidInputException Invalid input: vpcConfig: builds run on the machine of the server, in its network; leave it out",
		} {
			if out := h.call("CreateProject", body); fmt.Sprint(out["__type"], " ", out["message"]) != want {
				t.Errorf("%s: %v", body, out)
			}
		}
		out = h.call("UpdateProject", `{"name":"p2","description":"d","source":{"type":"NO_SOURCE","buildspec":"version: 0.2\n"},"tags":[{"key":"k","value":"v"}]}`)
		if at(out, "project.description") != "d" || at(out, "project.source.type") != "NO_SOURCE" || at(out, "project.tags.0.key") != "k" || at(out, "project.artifacts.location") != "b" {
			t.Errorf("%v", out)
		}
		if out := h.call("StartBuild", `{"projectName":"none"}`); out["message"] != "Project cannot be found: arn:aws:codebuild:eu-central-1:210987654321:project/none" {
			t.Errorf("%v", out)
		}
		if out := h.call("BatchGetProjects", `{"names":["none","arn:aws:codebuild:eu-central-1:210987654321:project/p2"]}`); at(out, "projects.0.name") != "p2" || at(out, "projectsNotFound.0") != "none" {
			t.Errorf("%v", out)
		}
		h.call("DeleteProject", `{"name":"p2"}`)
		if out := h.call("ListProjects", `{}`); len(at(out, "projects").([]any)) != 0 || h.call("DeleteProject", `{"name":"p2"}`)["__type"] != nil {
			t.Errorf("%v", out)
		}
		if out := h.call("CreateWebhook", `{"projectName":"p2"}`); !strings.Contains(fmt.Sprint(out["message"]), "no webhooks come in") {
			t.Errorf("%v", out)
		}
	})
}

// row B11: what the call says counts before what the project says.
func TestOverridesCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := openHouse(t, 1)
		defer h.stop()
		h.call("CreateProject", shop+"}")
		h.begin(`,"environmentVariablesOverride":[{"name":"STAGE","value":"live"},{"name":"N","value":"YES"}],"imageOverride":"other","timeoutInMinutesOverride":9,"buildspecOverride":"version: 0.2\n#"`)
		out := h.call("ListBuilds", `{}`)
		out = h.call("BatchGetBuilds", fmt.Sprintf(`{"ids":[%q]}`, at(out, "ids.0")))
		if at(out, "builds.0.environment.environmentVariables.0.value") != "live" || at(out, "builds.0.environment.environmentVariables.1.name") != "N" ||
			at(out, "builds.0.environment.image") != "other" || at(out, "builds.0.timeoutInMinutes") != 9.0 {
			t.Errorf("%v", out)
		}
		if out := h.call("BatchGetProjects", `{"names":["web-shop"]}`); at(out, "projects.0.environment.image") != "local/debian:12" {
			t.Errorf("%v", out)
		}
	})
}
