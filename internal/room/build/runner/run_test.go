package runner

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
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

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/room/build/buildspec"
	"github.com/dari-bus/dari/internal/sandbox"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == sandbox.InitCommand {
		sandbox.Init()
	}
	os.Exit(m.Run())
}

// A record is what a build said and did.
type record struct {
	mu    sync.Mutex
	log   strings.Builder
	steps []Step
	// said is told each portion of the log.
	said chan string
}

func (r *record) write(_ context.Context, lines []Line) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range lines {
		r.log.Write(l.Text)
		select {
		case r.said <- string(l.Text):
		default:
		}
	}
	return nil
}

// phases are how the phases ended, and why.
func (r *record) phases() string {
	var all []string
	for _, s := range r.steps {
		all = append(all, strings.TrimSuffix(s.Phase+" "+s.Status+" "+s.Code+" "+s.Message, "  "))
	}
	return strings.Join(all, "\n")
}

func (r *record) last() Step { return r.steps[len(r.steps)-1] }

var stamp = regexp.MustCompile(`\[Container\] \d{4}/\d\d/\d\d \d\d:\d\d:\d\d\.\d{6} `)

// text is the log without its times.
func (r *record) text() string { return stamp.ReplaceAllString(r.log.String(), "[] ") }

// lacking skips a test for what the machine does not have; CI has it all.
func lacking(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// A testRunner is a Runner and its sandbox.
type testRunner struct {
	*Runner
	Box *sandbox.Sandbox
}

func newRunner(t *testing.T) testRunner {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "runner-test-") // where every user gets
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	box, err := sandbox.Open(t.Context(), sandbox.Options{Most: sandbox.LevelNamespaces, Scratch: filepath.Join(dir, "scratch"), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		lacking(t, "this machine has no sandbox: %v", err)
	}
	t.Cleanup(func() {
		if err := box.Close(); err != nil {
			t.Error(err)
		}
	})
	open := func(context.Context) (*sandbox.Sandbox, error) { return box, nil }
	return testRunner{&Runner{Open: open, Buckets: filepath.Join(dir, "s3"), Sources: dir}, box}
}

// owner is whose builds run, and buckets where the buckets of that account are.
const owner = "111122223333"

func (r testRunner) buckets() string { return filepath.Join(r.Buckets, owner) }

func newJob(spec string) (*Job, *record) {
	r := &record{said: make(chan string, 100)}
	return &Job{
		Account: owner, Number: "408343026", Buildspec: "version: 0.2\n" + spec, MemoryBytes: 1 << 30,
		Platform:    []buildspec.Variable{{Name: "CODEBUILD_BUILD_NUMBER", Value: "7"}},
		Credentials: func() (*Credentials, error) { return &Credentials{"ASIATESTTEST", "secretsecret", "tokentoken"}, nil },
		Write:       r.write,
		Report: func(s Step) error {
			r.steps = append(r.steps, s)
			return nil
		},
	}, r
}

func run(t *testing.T, r testRunner, job *Job) {
	t.Helper()
	if err := r.Run(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	if left, err := filepath.Glob(filepath.Join(r.Box.Scratch(), "build-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

const allWell = `PROVISIONING SUCCEEDED
DOWNLOAD_SOURCE SUCCEEDED
INSTALL SUCCEEDED
PRE_BUILD SUCCEEDED
BUILD SUCCEEDED
POST_BUILD SUCCEEDED
UPLOAD_ARTIFACTS SUCCEEDED
FINALIZING SUCCEEDED`

func TestTheLogHasCodeBuildsLines(t *testing.T) {
	r := newRunner(t)
	job, rec := newJob("phases: {install: {}, build: {commands: ['echo one; printf two', 'cd /; exit 3']}}\n")
	report := job.Report
	job.Report = func(s Step) error {
		const last = "Phase complete: UPLOAD_ARTIFACTS State: SUCCEEDED\n[] Phase context status code:  Message: \n"
		if s.Next == Completed && !strings.HasSuffix(rec.text(), last) {
			t.Error("the end is told before the end of the log is written")
		}
		return report(s)
	}
	run(t, r, job)
	src := "/codebuild/output/src4083430260/src"
	if r.Box.Level() != sandbox.LevelNamespaces {
		t.Skip("the paths are those of namespaces")
	}
	want := strings.NewReplacer("DIR=SRC", "DIR="+src, "directory SRC", "directory "+src).Replace(`[] Running on CodeBuild On-demand
[] Waiting for agent ping
[] Waiting for DOWNLOAD_SOURCE
[] Phase is DOWNLOAD_SOURCE
[] CODEBUILD_SRC_DIR=SRC
[] YAML location is /codebuild/readonly/buildspec.yml
[] No commands found for phase name: install
[] Processing environment variables
[] No runtime version selected in buildspec.
[] Moving to directory SRC
[] Cache is not defined in the buildspec
[] Unable to initialize cache download: no paths specified to be cached
[] Skip cache due to: no paths specified to be cached
[] Registering with agent
[] Phases found in YAML: 2
[]  INSTALL: 0 commands
[]  BUILD: 2 commands
[] Phase complete: DOWNLOAD_SOURCE State: SUCCEEDED
[] Phase context status code:  Message: 
[] Entering phase INSTALL
[] Phase complete: INSTALL State: SUCCEEDED
[] Phase context status code:  Message: 
[] Entering phase PRE_BUILD
[] Phase complete: PRE_BUILD State: SUCCEEDED
[] Phase context status code:  Message: 
[] Entering phase BUILD
[] Running command echo one; printf two
one
two
[] Running command cd /; exit 3
[] Command did not exit successfully cd /; exit 3 exit status 3
[] Phase complete: BUILD State: FAILED
[] Phase context status code: COMMAND_EXECUTION_ERROR Message: Error while executing command: cd /; exit 3. Reason: exit status 3
[] Entering phase POST_BUILD
[] Phase complete: POST_BUILD State: SUCCEEDED
[] Phase context status code:  Message: 
[] Phase complete: UPLOAD_ARTIFACTS State: SUCCEEDED
[] Phase context status code:  Message: 
`)
	if diff := cmp.Diff(want, rec.text()); diff != "" {
		t.Error(diff)
	}
	if !rec.last().Failed {
		t.Error("the build has not failed")
	}
}

func TestCommandsHandTheirStateOn(t *testing.T) {
	job, rec := newJob(`
env:
  variables: {FROM: buildspec, HOW: 'a $HOME ''b'''}
  exported-variables: [PLAIN, MULTI]
phases:
  install: {commands: ['mkdir -p sub; cd sub', 'PLAIN=x', 'export MULTI="it''s
      two"', 'sleep 100 & echo $! >pid']}
  build:
    commands:
      - pwd
      - echo "$PLAIN $MULTI $FROM $HOW $CODEBUILD_BUILD_NUMBER"
      - kill -0 $(cat pid) && echo alive
      - unset PLAIN; exit 0
      - echo "[${PLAIN-unset}]"; PLAIN=again
      - echo $AWS_ACCESS_KEY_ID $AWS_SECRET_ACCESS_KEY $AWS_SESSION_TOKEN
`)
	job.Variables = []buildspec.Variable{{Name: "FROM", Value: "project"}}
	run(t, newRunner(t), job)
	if rec.phases() != allWell {
		t.Fatal(rec.phases(), rec.text())
	}
	for _, want := range []string{"/sub\n", "x it's two project a $HOME 'b' 7\n", "alive\n", "[unset]\n", "*** *** ***\n"} {
		if !strings.Contains(rec.text(), want) {
			t.Errorf("no %q in\n%s", want, rec.text())
		}
	}
	if got := rec.last().Exported; !slices.Equal(got, []buildspec.Variable{{Name: "PLAIN", Value: "again"}, {Name: "MULTI", Value: "it's two"}}) {
		t.Errorf("exported %v", got)
	}
}

// Exported variables are in each event that follows: a file cannot make these as large
// as it likes.
func TestExportedVariablesHaveABound(t *testing.T) {
	job, rec := newJob("env: {exported-variables: [A, A, BIG, B1, B2, B3, B4, B5, B6, B7, B8, B9]}\nphases: {build: {commands: ['A=a; BIG=$(printf %09000d 1); for n in 1 2 3 4 5 6 7 8 9; do export B$n=$(printf %08000d $n); done']}}\n")
	run(t, newRunner(t), job)
	size, names := 0, map[string]int{}
	for _, v := range rec.last().Exported {
		names[v.Name]++
		size += len(v.Value)
	}
	if names["A"] != 1 || names["BIG"] != 0 || names["B8"] != 1 || names["B9"] != 0 || size > maxExports {
		t.Errorf("%v with %d bytes", names, size)
	}
	for _, name := range []string{"BIG", "B9"} {
		if !strings.Contains(rec.text(), "Skipping exported variable "+name+": ") {
			t.Errorf("nothing says that %s is left out:\n%s", name, rec.text())
		}
	}
}

// rows B4 and B5.
func TestABlockIsOneScriptOfTheDefaultShell(t *testing.T) {
	r := newRunner(t)
	job, rec := newJob("phases:\n  build:\n    commands:\n      - |\n        false\n        echo ok\n")
	if run(t, r, job); rec.phases() != allWell || rec.last().Failed {
		t.Errorf("%s", rec.phases())
	}
	for shell, want := range map[string]bool{"bash": true, "sh": false} {
		job, rec = newJob("env: {shell: " + shell + "}\nphases: {build: {commands: ['set -eo pipefail', 'if [[ a == a ]]; then echo y; fi']}}")
		if run(t, r, job); !rec.last().Failed != want && isDash() {
			t.Errorf("%s: %s\n%s", shell, rec.phases(), rec.text())
		}
		if shell == "sh" && isDash() && r.Box.Level() == sandbox.LevelNamespaces {
			if says := "/codebuild/output/tmp/script.sh: 4: set: Illegal option -o pipefail\n"; !strings.Contains(rec.text(), says) || !strings.Contains(rec.phases(), "exit status 2") {
				t.Errorf("no %q in\n%s", says, rec.text())
			}
		}
	}
}

func isDash() bool {
	to, err := filepath.EvalSymlinks("/bin/sh")
	return err == nil && filepath.Base(to) == "dash"
}

func TestPhasesFollowEachOther(t *testing.T) {
	r := newRunner(t)
	for spec, want := range map[string]string{
		"phases: {install: {commands: ['exit 4'], finally: ['echo over']}}": `PROVISIONING SUCCEEDED
DOWNLOAD_SOURCE SUCCEEDED
INSTALL FAILED COMMAND_EXECUTION_ERROR Error while executing command: exit 4. Reason: exit status 4
FINALIZING SUCCEEDED`,
		"phases: {pre_build: {commands: ['test $CODEBUILD_BUILD_SUCCEEDING = 1'], finally: ['exit 5', 'echo over'], on-failure: CONTINUE}, build: {commands: ['test $CODEBUILD_BUILD_SUCCEEDING = 0']}}": `PROVISIONING SUCCEEDED
DOWNLOAD_SOURCE SUCCEEDED
INSTALL SUCCEEDED
PRE_BUILD FAILED COMMAND_EXECUTION_ERROR Error while executing command: exit 5. Reason: exit status 5
BUILD SUCCEEDED
POST_BUILD SUCCEEDED
UPLOAD_ARTIFACTS SUCCEEDED
FINALIZING SUCCEEDED`,
		"phases: {build: {commands: ['echo over', 'kill -9 $$'], on-failure: ABORT}, post_build: {commands: [x]}}": `PROVISIONING SUCCEEDED
DOWNLOAD_SOURCE SUCCEEDED
INSTALL SUCCEEDED
PRE_BUILD SUCCEEDED
BUILD FAILED COMMAND_EXECUTION_ERROR Error while executing command: kill -9 $$. Reason: exit status 137
FINALIZING SUCCEEDED`,
		"phases: {build: {commands: ['echo over; echo >>tries; test $(wc -l <tries) = 3'], on-failure: RETRY-5-status 1}}": allWell,
		"phases: {build: {commands: ['echo over', 'kill -9 $PPID; sleep 100']}}": `PROVISIONING SUCCEEDED
DOWNLOAD_SOURCE SUCCEEDED
INSTALL SUCCEEDED
PRE_BUILD SUCCEEDED
BUILD FAILED COMMAND_EXECUTION_ERROR Error while executing command: kill -9 $PPID; sleep 100. Reason: signal: killed
POST_BUILD SUCCEEDED
UPLOAD_ARTIFACTS SUCCEEDED
FINALIZING SUCCEEDED`,
		"phases: {build: {commands: [[]]}}\n#over": `PROVISIONING SUCCEEDED
DOWNLOAD_SOURCE FAILED YAML_FILE_ERROR Expected Commands[0] to be of string type: found subkeys instead at line 2, value of the key tag on line 2 might be empty
FINALIZING SUCCEEDED`,
	} {
		job, rec := newJob(spec)
		run(t, r, job)
		if got := rec.phases(); got != want || strings.Contains(spec, "['echo over") && !strings.Contains(rec.text(), "\nover") {
			t.Errorf("%s: %s\n%s\n%s", spec, cmp.Diff(want, got), got, rec.text())
		}
		if rec.last().Next != Completed || rec.last().Failed != strings.Contains(want, "FAILED") {
			t.Errorf("%s: %+v", spec, rec.last())
		}
	}
}

func TestABuildEndsWithItsContext(t *testing.T) {
	r := newRunner(t)
	for cause, want := range map[error]string{
		ErrStopped: "BUILD STOPPED", ErrTimedOut: "BUILD TIMED_OUT BUILD_TIMED_OUT Build has timed out. ",
		errors.New("the server ends"): "BUILD FAULT INTERNAL_SERVICE_ERROR the server ends",
	} {
		job, rec := newJob("phases: {build: {commands: ['echo begun; sleep 100']}}")
		ctx, cancel := context.WithCancelCause(t.Context())
		go func() {
			for line := range rec.said {
				if line == "begun\n" {
					cancel(cause)
					return
				}
			}
		}()
		began := time.Now()
		if err := r.Run(ctx, job); err != nil {
			t.Fatal(err)
		}
		cancel(nil)
		if s := rec.phases(); !strings.HasSuffix(s, want) || rec.last().Next != Completed || time.Since(began) > time.Minute {
			t.Errorf("%v after %v: %s", cause, time.Since(began), s)
		}
	}
}

// rows B10, B16 and B17.
func TestArtifactsAreCarriedAway(t *testing.T) {
	r := newRunner(t)
	const begin = "phases: {build: {commands: ['mkdir -p dist-1/sub; echo a >dist-1/a.txt; echo b >dist-1/sub/b.txt; echo c >dist-1/c.tmp; ln -s /etc/passwd dist-1/link; TAG=9; cd /tmp; echo x >imagedefinitions.json']}}\n"
	primary := Artifact{Bucket: "bucket", Folder: "path", Name: "app"}
	for _, c := range []struct {
		spec string
		to   Artifact
		want string // the files, or the end of the phase
	}{
		{"artifacts: {files: ['**/*'], exclude-paths: ['*.tmp'], base-directory: dist*}", primary, "bucket/path/app/a.txt bucket/path/app/sub/b.txt"},
		{"artifacts: {files: [a.txt, sub/*], base-directory: dist-1, discard-paths: yes}", primary, "bucket/path/app/a.txt bucket/path/app/b.txt"},
		{"artifacts: {files: ['*.json'], base-directory: /tmp, name: app-$TAG}", Artifact{Bucket: "bucket", Name: "app", Override: true}, "bucket/app-9/imagedefinitions.json"},
		{"artifacts: {files: [imagedefinitions.json]}", primary, "UPLOAD_ARTIFACTS FAILED CLIENT_ERROR no matching artifact paths found"},
		{"artifacts: {secondary-artifacts: {a: {files: [x]}}}", primary, "UPLOAD_ARTIFACTS FAILED CLIENT_ERROR no definition for primary artifacts in buildspec"},
		{"artifacts: {files: ['**/*'], base-directory: /etc}", primary, "UPLOAD_ARTIFACTS FAILED CLIENT_ERROR Error expanding base directory /etc: it is in no folder of the build"},
		{"artifacts: {files: ['dist-1/link']}", primary, ""},
		{"artifacts: {files: ['**/*.txt'], secondary-artifacts: {two: {files: ['dist-1/c*']}}}", Artifact{ID: "two", Bucket: "other", Name: "n"}, "other/n/dist-1/c.tmp"},
		{"artifacts: {files: ['dist-1/*.txt', dist-1/link], enable-symlinks: yes}", Artifact{Bucket: "bucket", Name: "a.zip", Zip: true}, "bucket/a.zip"},
	} {
		_ = os.RemoveAll(r.buckets())
		job, rec := newJob(begin + c.spec)
		job.Artifacts = []Artifact{c.to}
		run(t, r, job)
		var got []string
		_ = filepath.WalkDir(r.buckets(), func(name string, e os.DirEntry, err error) error {
			if err == nil && !e.IsDir() {
				got = append(got, strings.TrimPrefix(name, r.buckets()+"/"))
			}
			return nil
		})
		if all := strings.Join(got, " "); all != c.want && !strings.Contains(rec.phases(), c.want) || strings.Contains(c.want, "FAILED") && !rec.last().Failed {
			t.Errorf("%s: %s\n%s\n%s", c.spec, all, rec.phases(), rec.text())
		}
		if c.to.Zip {
			z, err := zip.OpenReader(filepath.Join(r.buckets(), "bucket/a.zip"))
			if err != nil || len(z.File) != 2 || len(rec.last().Uploads) != 1 || len(rec.last().Uploads[0].SHA256) != 64 {
				t.Errorf("%v, %+v", err, rec.last().Uploads)
			}
		}
	}
}

func TestAnAccountHasBucketsOfItsOwn(t *testing.T) {
	r := newRunner(t)
	if err := os.MkdirAll(filepath.Join(r.buckets(), "bucket"), 0o755); err != nil {
		t.Fatal(err)
	}
	zipped(t, filepath.Join(r.buckets(), "bucket/app.zip"), "buildspec.yml", "version: 0.2\nphases: {build: {commands: ['cat file']}}", "file", "secret\n")
	for account, want := range map[string]string{owner: Succeeded, "444455556666": "primary source is not there: bucket/app.zip"} {
		job, rec := newJob("")
		job.Account, job.Buildspec = account, ""
		job.Source = Source{Kind: Files, Location: "bucket/app.zip"}
		run(t, r, job)
		if !strings.Contains(rec.phases(), want) || strings.Contains(rec.text(), "secret\n") != (account == owner) {
			t.Errorf("%s: %s\n%s", account, rec.phases(), rec.text())
		}
	}
}

// row B20: the commit is in the environment.
func TestSourcesComeFromWhereTheyMay(t *testing.T) {
	r := newRunner(t)
	repo := filepath.Join(r.Sources, "repo")
	script := "git init -q -b main " + repo + " && cd " + repo + ` && git config user.email a@b && git config user.name a &&
echo 'version: 0.2
phases: {build: {commands: [cat file, "echo $CODEBUILD_RESOLVED_SOURCE_VERSION"]}}' >buildspec.yml &&
echo first >file && git add . && git commit -qm 1 && git tag v1 && echo second >file && git commit -qam 2 && git checkout -qb side && echo third >file && git commit -qam 3 &&
git update-ref refs/pull/7/head HEAD && git checkout -q main`
	if out, err := exec.Command("sh", "-c", script).CombinedOutput(); err != nil {
		lacking(t, "git: %v: %s", err, out)
	}
	head, err := exec.Command("git", "-C", repo, "rev-parse", "main").Output()
	if err != nil {
		t.Fatal(err)
	}
	commit := strings.TrimSpace(string(head))
	if err := os.MkdirAll(filepath.Join(r.buckets(), "bucket/tree"), 0o755); err != nil {
		t.Fatal(err)
	}
	spec := "version: 0.2\nphases: {build: {commands: ['cat file']}}"
	zipped(t, filepath.Join(r.buckets(), "bucket/app.zip"), "buildspec.yml", spec, "file", "zipped\n")
	zipped(t, filepath.Join(r.buckets(), "bucket/evil.zip"), "../../evil", "x")
	for name, text := range map[string]string{"buildspec.yml": spec, "file": "a folder\n"} {
		if err := os.WriteFile(filepath.Join(r.buckets(), "bucket/tree", name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		source Source
		want   string
	}{
		{Source{Kind: Git, Location: "file://" + repo}, commit + "\n"},
		{Source{Kind: Git, Location: "file://" + repo, Depth: 1}, commit + "\n"},
		{Source{Kind: Git, Location: "file://" + repo, Version: "v1"}, "first\n"},
		{Source{Kind: Git, Location: "file://" + repo, Version: "side"}, "third\n"},
		{Source{Kind: Git, Location: "file://" + repo, Version: "pr/7"}, "third\n"},
		{Source{Kind: Git, Location: "file://" + repo, Version: commit, Depth: 1}, "second\n"},
		{Source{Kind: Git, Location: "file://" + repo, Version: "refs/heads/side^{" + commit + "}"}, "second\n"},
		{Source{Kind: Git, Location: "file://" + repo, Version: "--upload-pack=x"}, "reference not found for primary source\n"},
		{Source{Kind: Git, Location: "file:///etc"}, "there is nothing at file:///etc below the folder of -build-sources"},
		{Source{Kind: Git, Location: "ssh://a/b"}, "the repository is at no URL that git is given here"},
		{Source{Kind: Git, Location: "http://127.0.0.1:1/x.git"}, "git could not fetch primary source"},
		{Source{Kind: Files, Location: "bucket/app.zip"}, "zipped\n"},
		{Source{Kind: Files, Location: "arn:aws:s3:::bucket/tree/"}, "a folder\n"},
		{Source{Kind: Files, Location: "bucket/none.zip"}, "primary source is not there: bucket/none.zip"},
		{Source{Kind: Files, Location: "../x"}, "is no bucket and key"},
		{Source{Kind: Files, Location: "bucket/evil.zip"}, "the archive has a file outside of itself"},
	} {
		job, rec := newJob("")
		job.Buildspec, job.Source = "", c.source
		run(t, r, job)
		if !strings.Contains(rec.text(), c.want) {
			t.Errorf("%+v: no %q in\n%s", c.source, c.want, rec.text())
		}
	}
	job, rec := newJob("phases: {build: {commands: ['cat $CODEBUILD_SRC_DIR_two/file']}}")
	job.Secondary = []Source{{ID: "two", Kind: Files, Location: "bucket/app.zip"}}
	if run(t, r, job); !strings.Contains(rec.text(), "zipped\n") {
		t.Error(rec.text())
	}
}

func zipped(t *testing.T, to string, pairs ...string) {
	t.Helper()
	f, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z := zip.NewWriter(f)
	for i := 0; i < len(pairs); i += 2 {
		w, err := z.Create(pairs[i])
		if err == nil {
			_, err = fmt.Fprint(w, pairs[i+1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestGlobs(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"**/*", "a", true}, {"**/*", "a/b/c", true}, {"*", "a/b", false}, {"a/**", "a/b/c", true}, {"a/**/c", "a/c", true},
		{"a/**/c", "a/b/d", false}, {"./a", "a", true}, {"*.txt", "a.txt", true}, {"**/*.txt", "x/a.txt", true}, {"[", "[", false},
		{strings.Repeat("**/", 500) + "x", strings.Repeat("a/", 500) + "y", false},
	} {
		if got := newGlob(c.pattern).matches(c.name); got != c.want {
			t.Errorf("%.40s on %.40s: %v", c.pattern, c.name, got)
		}
	}
}
