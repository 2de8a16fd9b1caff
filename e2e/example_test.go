package e2e

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	cb "github.com/aws/aws-sdk-go-v2/service/codebuild/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// exampleDir is where the example is.
const exampleDir = "../examples/build-to-slack"

// An exampleHouse is a server that the example is tried on, a Slack, and the URL of the
// repository that is built.
type exampleHouse struct {
	*server
	t          *testing.T
	slack      *receiver
	repository string
	builds     *codebuild.Client
}

func newExample(t *testing.T) *exampleHouse {
	t.Helper()
	dir := t.TempDir()
	repository := gitRepository(t, dir)
	s := serve(t, "--build-sources", dir)
	return &exampleHouse{
		server: s, t: t, repository: repository,
		slack: receive(t, func(_ int, _ call, w http.ResponseWriter) { _, _ = w.Write([]byte("ok")) }), // a caller that is gone wants none
		builds: codebuild.New(codebuild.Options{
			Region: region, BaseEndpoint: &s.URL, Credentials: keyPair("test", "test"), HTTPClient: httpClient, Retryer: aws.NopRetryer{},
		}),
	}
}

// gitRepository makes a repository of the example's below dir and returns its URL.
func gitRepository(t *testing.T, dir string) string {
	t.Helper()
	git := tool(t, "git")
	dir = filepath.Join(dir, "web-shop")
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(exampleDir, "repository"))); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"init", "-q"}, {"add", "."}, {"-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qm", "catalog"}} {
		cmd := exec.CommandContext(t.Context(), git, append([]string{"-C", dir}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	return "file://" + dir
}

// script runs one of the AWS CLI's as it is.
func (h *exampleHouse) script(name string, args ...string) {
	h.t.Helper()
	tool(h.t, "aws")
	h.run(h.t, ".", filepath.Join(exampleDir, "cli", name), args...)
}

// start starts a build with a variable and returns its id.
func (h *exampleHouse) start(name, value string) string {
	h.t.Helper()
	out := must(h.builds.StartBuild(h.t.Context(), &codebuild.StartBuildInput{
		ProjectName: ptr("web-shop"), EnvironmentVariablesOverride: []cb.EnvironmentVariable{{Name: &name, Value: &value}},
	}))(h.t)
	return *out.Build.Id
}

// until waits until a build is as is says.
func (h *exampleHouse) until(id, what string, is func(cb.Build) bool) {
	h.t.Helper()
	eventually(h.t, time.Minute, func() string {
		b := must(h.builds.BatchGetBuilds(h.t.Context(), &codebuild.BatchGetBuildsInput{Ids: []string{id}}))(h.t).Builds[0]
		if is(b) {
			return ""
		}
		return id + " that is " + what + "; it is " + toJSON(b)
	})
}

// threeBuilds are one that fails, one that succeeds and one that is stopped.
func (h *exampleHouse) threeBuilds() {
	h.t.Helper()
	h.start("CATALOG", "broken.csv")
	h.start("CATALOG", "catalog.csv")
	id := h.start("WATCH_SECONDS", "600")
	h.until(id, "at its commands", func(b cb.Build) bool { return aws.ToString(b.CurrentPhase) == "BUILD" })
	must(h.builds.StopBuild(h.t.Context(), &codebuild.StopBuildInput{Id: &id}))(h.t)
}

// texts waits until Slack has so many, and returns them, without the ids of builds.
func (h *exampleHouse) texts(n int) map[string]int {
	h.t.Helper()
	got := map[string]int{}
	for _, c := range h.slack.wait(n, time.Minute) {
		var message struct{ Text string }
		if err := json.Unmarshal([]byte(c.body), &message); err != nil {
			h.t.Errorf("Slack was sent %s: %v", c.body, err)
		}
		got[buildID.ReplaceAllString(message.Text, "ID")]++
	}
	return got
}

var buildID = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[0-9a-f]{8}\b`)

// What Slack is told of the three builds, by a function and without one.
const (
	saysFailed = ":x: Build ID of *web-shop* FAILED, started by root\n" +
		`BUILD: COMMAND_EXECUTION_ERROR: Error while executing command: sh check.sh "$CATALOG". Reason: exit status 1`
	saysSucceeded = ":white_check_mark: Build ID of *web-shop* SUCCEEDED, started by root"
	saysStopped   = ":octagonal_sign: Build ID of *web-shop* STOPPED, started by root"
)

func (h *exampleHouse) functionSaid() {
	h.t.Helper()
	h.said(map[string]int{saysFailed: 1, saysSucceeded: 1, saysStopped: 1})
}

func (h *exampleHouse) destinationSaid() {
	h.t.Helper()
	want := map[string]int{}
	for _, status := range []string{"FAILED", "SUCCEEDED", "STOPPED"} {
		want["Build arn:aws:codebuild:"+region+":"+account+":build/web-shop:ID of *web-shop* "+status+", started by root"] = 1
	}
	h.said(want)
}

func (h *exampleHouse) said(want map[string]int) {
	h.t.Helper()
	if diff := diffJSON(h.t, []byte(toJSON(want)), []byte(toJSON(h.texts(len(want))))); diff != "" {
		h.t.Errorf("Slack was told:\n%s", diff)
	}
}

func TestTheExampleByTheAWSCLI(t *testing.T) {
	t.Parallel()
	t.Run("python", func(t *testing.T) {
		t.Parallel()
		h := newExample(t)
		h.script("project.sh", h.repository)
		h.script("function.sh", h.webhook())
		h.otherBuild()
		h.script("builds.sh")
		h.functionSaid()
	})
	for runtime, code := range map[string]func(*testing.T) string{
		"nodejs20.x":      func(t *testing.T) string { tool(t, "node"); return filepath.Join(exampleDir, "node/slack.mjs") },
		"provided.al2023": bootstrap,
	} {
		t.Run(runtime, func(t *testing.T) {
			t.Parallel()
			h := newExample(t)
			zip := h.zipped(code(t))
			h.script("project.sh", h.repository)
			h.script("function.sh", h.webhook(), zip, runtime)
			h.threeBuilds()
			h.functionSaid()
		})
	}
	t.Run("destination", func(t *testing.T) {
		t.Parallel()
		h := newExample(t)
		h.script("project.sh", h.repository)
		h.script("destination.sh", h.webhook())
		h.threeBuilds()
		h.destinationSaid()
	})
}

// webhook is where Slack listens.
func (h *exampleHouse) webhook() string { return h.slack.URL + "/services/T000/B000/secret" }

// otherBuild runs a build of another project, of which Slack is to hear nothing.
func (h *exampleHouse) otherBuild() {
	h.t.Helper()
	ctx := h.t.Context()
	must(h.builds.CreateProject(ctx, &codebuild.CreateProjectInput{
		Name: ptr("price-list"), ServiceRole: ptr("arn:aws:iam::" + account + ":role/web-shop-builds"),
		Source:      &cb.ProjectSource{Type: cb.SourceTypeNoSource, Buildspec: ptr("version: 0.2\nphases: {build: {commands: [\"false\"]}}\n")},
		Artifacts:   &cb.ProjectArtifacts{Type: cb.ArtifactsTypeNoArtifacts},
		Environment: &cb.ProjectEnvironment{Type: cb.EnvironmentTypeLinuxContainer, Image: ptr("any"), ComputeType: cb.ComputeTypeBuildGeneral1Small},
	}))(h.t)
	out := must(h.builds.StartBuild(ctx, &codebuild.StartBuildInput{ProjectName: ptr("price-list")}))(h.t)
	h.until(*out.Build.Id, "over", func(b cb.Build) bool { return b.BuildComplete })
}

func TestTheExampleByTerraform(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"function", "destination"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			h := newExample(t)
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(filepath.Join(exampleDir, "terraform"))); err != nil {
				t.Fatal(err)
			}
			tf := terraformIn(t, h.server, filepath.Join(dir, way))
			tf.env = append(tf.env, "TF_VAR_repository="+h.repository, "TF_VAR_slack_webhook_url="+h.webhook())
			if way == "function" {
				tf.env = append(tf.env, "TF_VAR_code="+h.zipped(filepath.Join(exampleDir, "python/slack.py")))
			}
			tf.do("init")
			tf.do("apply", "-auto-approve")
			h.threeBuilds()
			if way == "function" {
				h.functionSaid()
			} else {
				h.destinationSaid()
			}
			tf.unchanged()
			tf.do("destroy", "-auto-approve")
			h.nothingIsLeft()
		})
	}
}

// nothingIsLeft demands that what the example made is gone.
func (h *exampleHouse) nothingIsLeft() {
	h.t.Helper()
	nothingIsLeft(h.t, h.sdk(h.t))
	ctx := h.t.Context()
	functions := lambda.New(lambda.Options{Region: region, BaseEndpoint: &h.URL, Credentials: keyPair("test", "test"), HTTPClient: httpClient})
	roles := iam.New(iam.Options{Region: region, BaseEndpoint: &h.URL, Credentials: keyPair("test", "test"), HTTPClient: httpClient})
	for what, left := range map[string]int{
		"projects":  len(must(h.builds.ListProjects(ctx, &codebuild.ListProjectsInput{}))(h.t).Projects),
		"functions": len(must(functions.ListFunctions(ctx, &lambda.ListFunctionsInput{}))(h.t).Functions),
		"roles":     len(must(roles.ListRoles(ctx, &iam.ListRolesInput{}))(h.t).Roles),
	} {
		if left > 0 {
			h.t.Errorf("%d %s are left", left, what)
		}
	}
}

// zipped is a zip of one file, made as the example's README says.
func (h *exampleHouse) zipped(file string) string {
	h.t.Helper()
	name := filepath.Join(h.t.TempDir(), "slack.zip")
	h.run(h.t, ".", tool(h.t, "python3"), "-m", "zipfile", "-c", name, file)
	return name
}

// bootstrap compiles the function in Go.
func bootstrap(t *testing.T) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	file := filepath.Join(t.TempDir(), "bootstrap")
	build := exec.CommandContext(ctx, "go", "build", "-o", file, ".")
	build.Dir, build.Env = filepath.Join(exampleDir, "go"), append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return file
}
