package e2e

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	cb "github.com/aws/aws-sdk-go-v2/service/codebuild/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/google/go-cmp/cmp"
)

// A builder is the SDK's client of CodeBuild, and what tests do with it.
type builder struct {
	*codebuild.Client
	server *server
}

func (s *server) codebuild() *builder {
	return &builder{codebuild.New(codebuild.Options{
		Region: region, BaseEndpoint: &s.URL, Credentials: keyPair("test", "test"), HTTPClient: httpClient, Retryer: aws.NopRetryer{},
	}), s}
}

// role makes a role of CodeBuild that may write logs, and returns its ARN.
func (b *builder) role(t testing.TB) string {
	t.Helper()
	client := iam.New(iam.Options{Region: region, BaseEndpoint: &b.server.URL, Credentials: keyPair("test", "test"), HTTPClient: httpClient, Retryer: aws.NopRetryer{}})
	role := must(client.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: ptr("builds"), AssumeRolePolicyDocument: ptr(
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"codebuild.amazonaws.com"}}}`)}))(t)
	must(client.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: ptr("builds"), PolicyName: ptr("logs"), PolicyDocument: ptr(
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"logs:*","Resource":"*"}}`)}))(t)
	return *role.Role.Arn
}

// project makes a project with a buildspec, which change may change before.
func (b *builder) project(t testing.TB, name, spec string, change func(*codebuild.CreateProjectInput)) {
	t.Helper()
	in := &codebuild.CreateProjectInput{
		Name: &name, ServiceRole: ptr("arn:aws:iam::" + account + ":role/builds"), Artifacts: &cb.ProjectArtifacts{Type: cb.ArtifactsTypeNoArtifacts},
		Source:      &cb.ProjectSource{Type: cb.SourceTypeNoSource, Buildspec: ptr("version: 0.2\n" + spec)},
		Environment: &cb.ProjectEnvironment{Type: cb.EnvironmentTypeLinuxContainer, Image: ptr("local/debian:12"), ComputeType: cb.ComputeTypeBuildGeneral1Small},
	}
	if change != nil {
		change(in)
	}
	must(b.CreateProject(t.Context(), in))(t)
}

// begin starts a build and returns its id.
func (b *builder) begin(t testing.TB, project string) string {
	t.Helper()
	return *must(b.StartBuild(t.Context(), &codebuild.StartBuildInput{ProjectName: &project}))(t).Build.Id
}

func (b *builder) get(t testing.TB, id string) cb.Build {
	t.Helper()
	return must(b.BatchGetBuilds(t.Context(), &codebuild.BatchGetBuildsInput{Ids: []string{id}}))(t).Builds[0]
}

// over waits for the end of a build.
func (b *builder) over(t testing.TB, id string) (build cb.Build) {
	t.Helper()
	eventually(t, time.Minute, func() string {
		if build = b.get(t, id); build.BuildComplete {
			return ""
		}
		return "the end of " + toJSON(build)
	})
	return build
}

// latest waits for a build of a project and returns the id of the last one.
func (b *builder) latest(t testing.TB, project string) (id string) {
	t.Helper()
	eventually(t, time.Minute, func() string {
		out := must(b.ListBuildsForProject(t.Context(), &codebuild.ListBuildsForProjectInput{ProjectName: &project}))(t)
		if len(out.Ids) == 0 {
			return "a build of " + project
		}
		id = out.Ids[0]
		return ""
	})
	return id
}

func (b *builder) projects(t testing.TB, names ...string) []cb.Project {
	t.Helper()
	return must(b.BatchGetProjects(t.Context(), &codebuild.BatchGetProjectsInput{Names: names}))(t).Projects
}

// log returns the log of a build.
func (b *builder) log(t testing.TB, build cb.Build) string {
	t.Helper()
	var out struct{ Events []struct{ Message string } }
	err := newLean(b.server, 1).call(t.Context(), "Logs_20140328.GetLogEvents", map[string]any{
		"logGroupName": build.Logs.GroupName, "logStreamName": build.Logs.StreamName, "startFromHead": true,
	}, &out)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, e := range out.Events {
		text.WriteString(e.Message)
	}
	return text.String()
}

// A build that fails, and what a queue gets to know of it.
func TestTheEventsOfABuildReachAQueue(t *testing.T) {
	t.Parallel()
	needLinux(t)
	s := serve(t)
	c, b := s.sdk(t), s.codebuild()
	b.role(t)
	q := c.queue("builds", nil)
	c.rule("default", "builds", `{"source":["aws.codebuild"],"detail-type":["CodeBuild Build State Change","CodeBuild Build Phase Change"]}`, target("q", q.arn))
	b.project(t, "web-shop", "phases: {build: {commands: ['exit 2']}}\n", func(in *codebuild.CreateProjectInput) {
		in.Environment.EnvironmentVariables = []cb.EnvironmentVariable{{Name: ptr("STAGE"), Value: ptr("test")}}
		in.SourceVersion = ptr("main")
	})
	build := b.over(t, b.begin(t, "web-shop"))

	// Two events of its state and one of each phase.
	states, phases := map[string]any{}, map[string]any{}
	for _, m := range c.take(q, 12, 20*time.Second) {
		var e map[string]any
		if err := json.Unmarshal([]byte(*m.Body), &e); err != nil {
			t.Fatal(err)
		}
		d := e["detail"].(map[string]any)
		if e["detail-type"] == "CodeBuild Build State Change" {
			states[d["build-status"].(string)] = e
		} else {
			phases[d["completed-phase"].(string)] = e
		}
	}
	if len(states) != 2 || len(phases) != 10 {
		t.Fatalf("the events are %s and %s", toJSON(states), toJSON(phases))
	}
	_, uuid, _ := strings.Cut(*build.Id, ":")
	steady := func(v any) any {
		text := strings.NewReplacer(uuid, "UUID", s.URL, "URL").Replace(toJSON(v))
		text = regexp.MustCompile(`[A-Z][a-z]{2} \d{1,2}, \d{4} \d{1,2}:\d\d:\d\d [AP]M`).ReplaceAllString(text, "DATE")
		text = regexp.MustCompile(`("[a-z-]*duration-in-seconds"|"completed-phase-duration-seconds"):\d+`).ReplaceAllString(text, "$1:0")
		text = regexp.MustCompile(`"time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"`).ReplaceAllString(text, `"time":"TIME"`)
		text = regexp.MustCompile(`"id":"[0-9a-f-]{36}"`).ReplaceAllString(text, `"id":"ID"`)
		return decodeJSON(t, []byte(text))
	}
	const failed = "COMMAND_EXECUTION_ERROR: Error while executing command: exit 2. Reason: exit status 2"
	phase := func(kind, status, context string) string {
		if context != "" {
			context = `"` + context + `"`
		}
		return `{"phase-context":[` + context + `],"start-time":"DATE","end-time":"DATE","duration-in-seconds":0,"phase-type":"` + kind + `","phase-status":"` + status + `"}`
	}
	information := func(more string, phases ...string) string {
		return `{"artifact":{"location":""},"environment":{"image":"local/debian:12","privileged-mode":false,"image-pull-credentials-type":"CODEBUILD",
			"compute-type":"BUILD_GENERAL1_SMALL","type":"LINUX_CONTAINER","environment-variables":[{"name":"STAGE","value":"test","type":"PLAINTEXT"}]},
			"timeout-in-minutes":60,"queued-timeout-in-minutes":480,"initiator":"root","build-start-time":"DATE","source-version":"main",
			"source":{"buildspec":"version: 0.2\nphases: {build: {commands: ['exit 2']}}\n","type":"NO_SOURCE"},
			"logs":{"group-name":"/aws/codebuild/web-shop","stream-name":"UUID","deep-link":"URL/_ui/logs/aws/codebuild/web-shop/UUID"},` + more + `,"phases":[` + strings.Join(phases, ",") + `]}`
	}
	envelope := func(kind, detail string) string {
		return `{"version":"0","id":"ID","detail-type":"CodeBuild Build ` + kind + ` Change","source":"aws.codebuild","account":"` + account + `","time":"TIME","region":"` + region + `",
			"resources":["arn:aws:codebuild:us-east-1:000000000000:build/web-shop:UUID"],
			"detail":{"project-name":"web-shop","build-id":"arn:aws:codebuild:us-east-1:000000000000:build/web-shop:UUID","version":"1",` + detail + `}}`
	}
	begun := func(kind string) string { return `{"start-time":"DATE","phase-type":"` + kind + `"}` }
	var done []string
	for _, kind := range []string{"SUBMITTED", "QUEUED", "PROVISIONING", "DOWNLOAD_SOURCE", "INSTALL", "PRE_BUILD"} {
		done = append(done, phase(kind, "SUCCEEDED", ""))
	}
	done = append(done, phase("BUILD", "FAILED", failed))
	all := slices.Clone(done)
	for _, kind := range []string{"POST_BUILD", "UPLOAD_ARTIFACTS", "FINALIZING"} {
		all = append(all, phase(kind, "SUCCEEDED", ""))
	}
	for what, c := range map[string]struct {
		got  any
		want string
	}{
		// Row B1: the first has no number.
		"the first": {states["IN_PROGRESS"], envelope("State", `"build-status":"IN_PROGRESS","current-phase":"SUBMITTED","current-phase-context":"[]",
			"additional-information":`+information(`"build-complete":false`, begun("SUBMITTED")))},
		"the phase": {phases["BUILD"], envelope("Phase", `"completed-phase":"BUILD","completed-phase-status":"FAILED","completed-phase-context":"[`+failed+`]",
			"completed-phase-duration-seconds":0,"completed-phase-start":"DATE","completed-phase-end":"DATE",
			"additional-information":`+information(`"build-complete":false,"build-number":1`, append(done, begun("POST_BUILD"))...))},
		// Row B2: QUEUED is among the phases.
		"the last": {states["FAILED"], envelope("State", `"build-status":"FAILED","current-phase":"COMPLETED","current-phase-context":"[]",
			"additional-information":`+information(`"build-complete":true,"build-number":1`, append(all, begun("COMPLETED"))...))},
	} {
		if diff := cmp.Diff(decodeJSON(t, []byte(c.want)), steady(c.got)); diff != "" {
			t.Errorf("%s: want (-) and got (+):\n%s", what, diff)
		}
	}
}

// sources makes a folder with the same sources as a repository, a folder and an archive.
func sources(t *testing.T, dir string) (commit string) {
	t.Helper()
	repo := filepath.Join(dir, "repo")
	tool(t, "git")
	script := "git init -q -b main " + repo + " && cd " + repo + ` && git config user.email a@b && git config user.name a &&
echo 'version: 0.2
env: {exported-variables: [NAME, COMMIT]}
phases: {build: {commands: ["NAME=$(cat name); COMMIT=$CODEBUILD_RESOLVED_SOURCE_VERSION", "mkdir out; cp name out; echo x >out/x.tmp"]}}
artifacts: {files: ["**/*"], exclude-paths: ["**/*.tmp"], base-directory: out}' >buildspec.yml &&
echo first >name && git add . && git commit -qm 1 && git tag v1 && echo second >name && git commit -qam 2 && git rev-parse HEAD &&
git clone -q --bare . ../repo.git && git -C ../repo.git update-server-info`
	out, err := exec.Command("sh", "-c", script).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return strings.TrimSpace(string(out))
}

// archive makes a zip file of files below a folder.
func archive(t *testing.T, to, from string, names ...string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z := zip.NewWriter(f)
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			t.Fatal(err)
		}
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write(text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestSourcesBecomeArtifacts(t *testing.T) {
	t.Parallel()
	needLinux(t)
	dir, err := os.MkdirTemp("/tmp", "dari-sources-") // where every user gets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	commit := sources(t, dir)
	s := serve(t, "--build-sources", dir)
	b := s.codebuild()
	b.role(t)
	web := receive(t, func(int, call, http.ResponseWriter) {})
	web.Config.Handler = http.FileServer(http.Dir(dir))
	buckets := filepath.Join(s.Dir, "s3", account)
	archive(t, filepath.Join(buckets, "in/app.zip"), filepath.Join(dir, "repo"), "buildspec.yml", "name")

	project := func(name string, source cb.ProjectSource, more func(*codebuild.CreateProjectInput)) {
		b.project(t, name, "", func(in *codebuild.CreateProjectInput) {
			in.Source = &source
			in.Artifacts = &cb.ProjectArtifacts{Type: cb.ArtifactsTypeS3, Location: ptr("out"), Name: ptr(name)}
			if more != nil {
				more(in)
			}
		})
	}
	project("git-file", cb.ProjectSource{Type: cb.SourceTypeGithub, Location: ptr("file://" + dir + "/repo"), GitCloneDepth: aws.Int32(1)}, nil)
	project("git-http", cb.ProjectSource{Type: cb.SourceTypeGithubEnterprise, Location: ptr(web.URL + "/repo.git")}, nil)
	project("git-tag", cb.ProjectSource{Type: cb.SourceTypeGithub, Location: ptr("file://" + dir + "/repo")}, func(in *codebuild.CreateProjectInput) { in.SourceVersion = ptr("v1") })
	project("folder", cb.ProjectSource{Type: cb.SourceTypeS3, Location: ptr("file://" + dir + "/repo")}, nil)
	project("zip", cb.ProjectSource{Type: cb.SourceTypeS3, Location: ptr("s3://in/app.zip")}, func(in *codebuild.CreateProjectInput) {
		in.Artifacts.Packaging, in.Artifacts.Path, in.Artifacts.NamespaceType = cb.ArtifactPackagingZip, ptr("builds"), cb.ArtifactNamespaceBuildId
		in.Artifacts.EncryptionDisabled = aws.Bool(true)
	})
	project("none", cb.ProjectSource{Type: cb.SourceTypeS3, Location: ptr("in/app.zip"), Buildspec: ptr("version: 0.2\nartifacts: {files: [none]}")}, nil)

	project("second", cb.ProjectSource{Type: cb.SourceTypeNoSource, Buildspec: ptr("version: 0.2\nphases: {build: {commands: ['cp $CODEBUILD_SRC_DIR_tools/name one; echo two >two']}}\n" +
		"artifacts: {files: [one], name: 'named-$CODEBUILD_BUILD_NUMBER', secondary-artifacts: {other: {files: [two]}}}\ncache: {paths: [/root/.cache]}\nreports: {unit: {files: [two]}}\nproxy: {logs: no}")},
		func(in *codebuild.CreateProjectInput) {
			in.SecondarySources = []cb.ProjectSource{{Type: cb.SourceTypeS3, Location: ptr("in/app.zip"), SourceIdentifier: ptr("tools")}}
			in.Artifacts.OverrideArtifactName = aws.Bool(true)
			in.SecondaryArtifacts = []cb.ProjectArtifacts{{Type: cb.ArtifactsTypeS3, Location: ptr("other"), Name: ptr("n"), ArtifactIdentifier: ptr("other")}}
		})

	ids := map[string]string{}
	for _, name := range []string{"git-file", "git-http", "git-tag", "folder", "zip", "none", "second"} {
		ids[name] = b.begin(t, name)
	}
	for name, want := range map[string]struct{ name, commit string }{
		"git-file": {"second", commit}, "git-http": {"second", commit}, "git-tag": {"first", "any"}, "folder": {"second", ""}, "zip": {"second", ""},
	} {
		build := b.over(t, ids[name])
		if build.BuildStatus != cb.StatusTypeSucceeded {
			t.Errorf("%s: %s\n%s", name, toJSON(build), b.log(t, build))
			continue
		}
		exported := map[string]string{}
		for _, v := range build.ExportedEnvironmentVariables {
			exported[*v.Name] = *v.Value
		}
		if exported["NAME"] != want.name || exported["COMMIT"] != aws.ToString(build.ResolvedSourceVersion) || want.commit != "any" && exported["COMMIT"] != want.commit {
			t.Errorf("%s: exported %v, resolved %s", name, exported, aws.ToString(build.ResolvedSourceVersion))
		}
		at := strings.TrimPrefix(*build.Artifacts.Location, "arn:aws:s3:::")
		if name == "zip" {
			_, uuid, _ := strings.Cut(*build.Id, ":")
			z, err := zip.OpenReader(filepath.Join(buckets, at))
			if err != nil || at != "out/builds/"+uuid+"/zip" || len(z.File) != 1 || z.File[0].Name != "name" || len(aws.ToString(build.Artifacts.Sha256sum)) != 64 || !*build.Artifacts.EncryptionDisabled {
				t.Errorf("%s: %v, %s", name, err, toJSON(build.Artifacts))
			}
			continue
		}
		if text, err := os.ReadFile(filepath.Join(buckets, at, "name")); string(text) != want.name+"\n" || at != "out/"+name {
			t.Errorf("%s: %s has %q (%v)", name, at, text, err)
		}
		if _, err := os.Stat(filepath.Join(buckets, at, "x.tmp")); err == nil {
			t.Errorf("%s: what is excluded is there", name)
		}
	}

	// A secondary source, two artifacts, and what is left out.
	second := b.over(t, ids["second"])
	text := b.log(t, second)
	for _, line := range []string{"Skip cache due to: dari keeps nothing from one build to the next\n", "Skipping report group unit: ", `Skipping "proxy" of the buildspec at line 6: dari does not have it`} {
		if !strings.Contains(text, line) {
			t.Errorf("no %q in\n%s", line, text)
		}
	}
	for at, want := range map[string]string{"out/named-1/one": "second\n", "other/n/two": "two\n"} {
		if got, err := os.ReadFile(filepath.Join(buckets, at)); string(got) != want {
			t.Errorf("%s has %q (%v)", at, got, err)
		}
	}
	if len(second.SecondaryArtifacts) != 1 || aws.ToString(second.SecondaryArtifacts[0].Location) != "arn:aws:s3:::other/n" || aws.ToString(second.SecondaryArtifacts[0].ArtifactIdentifier) != "other" {
		t.Errorf("the artifacts are %s", toJSON(second.SecondaryArtifacts))
	}

	// Row B16: a pattern that nothing matches, and the lines before it that are not the cause.
	none := b.over(t, ids["none"])
	text = b.log(t, none)
	for _, line := range []string{
		"Unable to initialize cache download: no paths specified to be cached\n", "Setting HTTP client timeout to higher timeout for S3 source\n",
		"Phase complete: UPLOAD_ARTIFACTS State: FAILED\n", "Phase context status code: CLIENT_ERROR Message: no matching artifact paths found\n",
	} {
		if !strings.Contains(text, line) {
			t.Errorf("no %q in\n%s", line, text)
		}
	}
	if none.BuildStatus != cb.StatusTypeFailed || none.Phases[6].PhaseType != cb.BuildPhaseTypeBuild || none.Phases[6].PhaseStatus != cb.StatusTypeSucceeded {
		t.Errorf("the build is %s", toJSON(none))
	}
}

// What a build had begun when the server was killed is gone with it, and it ends as a
// fault of AWS's would, with its events. What waited goes on.
func TestKill9EndsBuildsInAFault(t *testing.T) {
	t.Parallel()
	needLinux(t)
	s := serve(t)
	c, b := s.sdk(t), s.codebuild()
	b.role(t)
	q := c.queue("ends", nil)
	c.rule("default", "ends", `{"source":["aws.codebuild"],"detail":{"build-status":[{"anything-but":"IN_PROGRESS"}]}}`, target("q", q.arn))
	mark := fmt.Sprint(30000 + time.Now().UnixNano()%1e6) // how long they sleep: so they are found
	b.project(t, "slow", "phases: {build: {commands: ['setsid sleep "+mark+" & sleep "+mark+"']}}", func(in *codebuild.CreateProjectInput) {
		in.Environment.ComputeType = cb.ComputeTypeBuildLambda1gb // so that as many as there are slots have memory
	})
	b.project(t, "quick", "phases: {build: {commands: ['echo done']}}", nil)
	sleeping := func() (n int) {
		all, err := filepath.Glob("/proc/[0-9]*/cmdline")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range all {
			if text, err := os.ReadFile(name); err == nil && string(text) == "sleep\x00"+mark+"\x00" {
				n++
			}
		}
		return n
	}
	slots := max(runtime.NumCPU(), 2)
	var ran []string
	for range slots {
		ran = append(ran, b.begin(t, "slow"))
	}
	waited := b.begin(t, "quick")
	eventually(t, time.Minute, func() string {
		if n := sleeping(); n < 2*slots {
			return fmt.Sprintf("%d of %d processes", n, 2*slots)
		}
		return ""
	})
	if got := b.get(t, waited); aws.ToString(got.CurrentPhase) != "QUEUED" {
		t.Errorf("the one that waits is %s", toJSON(got))
	}
	s.kill(t)
	eventually(t, 20*time.Second, func() string {
		if n := sleeping(); n > 0 {
			return fmt.Sprintf("the end of %d processes", n)
		}
		return ""
	})
	s.start(t)
	want := map[string]string{waited: "SUCCEEDED"}
	for _, id := range ran {
		want[id] = "FAULT"
		build := b.over(t, id)
		last := build.Phases[len(build.Phases)-2]
		if build.BuildStatus != cb.StatusTypeFault || build.EndTime == nil || last.PhaseType != cb.BuildPhaseTypeBuild || last.PhaseStatus != cb.StatusTypeFault ||
			aws.ToString(last.Contexts[0].StatusCode) != "INTERNAL_SERVICE_ERROR" {
			t.Errorf("it ended so: %s", toJSON(build))
		}
	}
	b.over(t, waited)
	got := map[string]string{}
	for _, m := range c.take(q, slots+1, 30*time.Second) {
		var e struct {
			Detail struct {
				ID     string `json:"build-id"`
				Status string `json:"build-status"`
			}
		}
		if err := json.Unmarshal([]byte(*m.Body), &e); err != nil {
			t.Fatal(err)
		}
		got[strings.TrimPrefix(e.Detail.ID, "arn:aws:codebuild:us-east-1:000000000000:build/")] = e.Detail.Status
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the events tell (+) other ends (-):\n%s", diff)
	}
	eventually(t, 20*time.Second, func() string { // the one that waited is just being cleared away
		if left, err := filepath.Glob(filepath.Join(s.Dir, "scratch", "build-*")); err != nil || len(left) > 0 {
			return fmt.Sprintf("the end of %v, %v", left, err)
		}
		return ""
	})
}
