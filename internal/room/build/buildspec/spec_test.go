package buildspec

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestAWholeFileIsRead(t *testing.T) {
	got, err := Parse([]byte(`
version: 0.2
run-as: builder
env:
  shell: bash
  variables: {STAGE: test, ON: "NO", N: NO, EMPTY: }
  exported-variables: [TAG]
  git-credential-helper: no
phases:
  post_build:
    commands: [echo over]
  install:
    runtime-versions: {python: 3.12}
    on-failure: CONTINUE
    commands:
      - &twice echo one
      - *twice
  build:
    on-failure: RETRY-2-connection reset
    commands:
      - |
        false
        echo ok
    finally: [echo finally]
reports:
  unit: {files: ['**/*.xml'], base-directory: out}
artifacts:
  files: ['**/*']
  exclude-paths: ['**/*.tmp']
  name: app-$TAG
  base-directory: dist*
  discard-paths: yes
  secondary-artifacts:
    docs: {files: [index.html], base-directory: docs}
cache: {paths: ['/root/.cache/**/*']}
batch: {fast-fail: false}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := &Spec{
		Shell: "bash", Variables: []Variable{{"STAGE", "test"}, {"ON", "NO"}, {"N", "NO"}, {"EMPTY", ""}}, Exported: []string{"TAG"},
		Phases: []Phase{
			{Name: Install, Commands: []string{"echo one", "echo one"}, OnFailure: OnFailure{Continue: true}, Runtimes: []string{"python: 3.12"}},
			{Name: Build, Commands: []string{"false\necho ok\n"}, Finally: []string{"echo finally"}, OnFailure: OnFailure{Retries: 2}},
			{Name: PostBuild, Commands: []string{"echo over"}},
		},
		Artifacts: &Artifacts{Files: []string{"**/*"}, Exclude: []string{"**/*.tmp"}, Name: "app-$TAG", Base: "dist*", Flat: true,
			Secondary: map[string]*Artifacts{"docs": {Files: []string{"index.html"}, Base: "docs"}}},
		Reports:    []Report{{Group: "unit", Base: "out", Format: "JUNITXML", Files: []string{"**/*.xml"}}},
		CachePaths: []string{"/root/.cache/**/*"},
		LeftOut: []string{
			`Skipping "run-as" of the buildspec at line 3: dari does not have it`,
			`Skipping "batch" of the buildspec at line 36: dari does not have it`,
		},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(OnFailure{})); diff != "" {
		t.Error(diff)
	}
	if o := got.Phases[1].OnFailure; !o.Matches("read: connection reset by peer") || o.Matches("exit status 1") {
		t.Error("what a retry matches")
	}
}

// rows B11: text stays text, whatever YAML 1.1 takes it for.
func TestValuesStayTheTextTheyAre(t *testing.T) {
	for _, v := range []string{"NO", "yes", "0x10", "1e3", "012", "1.10", "2020-01-01", "~x"} {
		s, err := Parse([]byte("version: 0.2\nenv: {variables: {V: " + v + "}}"))
		if err != nil || s.Variables[0].Value != v {
			t.Errorf("%s: %+v, %v", v, s, err)
		}
	}
}

// rows B7 and B8, and what rooms.md has of mistakes.
func TestMistakesAreSaidInCodeBuildsWords(t *testing.T) {
	// The line is the one before, as in the library that CodeBuild has it from, too.
	open := "version: 0.2\nphases:\n  build:\n    commands:\n" + strings.Repeat("      - echo\n", 14) + "artifacts:\n  files: [a\n"
	for text, want := range map[string]string{
		"version: 0.2\nphases:\n  build:\n    commands:\n      - echo a: b": "Expected Commands[0] to be of string type: found subkeys instead at line 5, value of the key tag on line 4 might be empty",
		"version: 0.2\nphases: {build: {commands: echo}}":                   "wrong number of container tags, expected 1",
		"version: 0.2\nphases: {build: {commands: {a: b}}}":                 "wrong number of container tags, expected 1",
		"version: 0.2\nphases: {build: {commands: [[a]]}}":                  "Expected Commands[0] to be of string type: found subkeys instead at line 2, value of the key tag on line 2 might be empty",
		open:                               "did not find expected ',' or ']' at line 19",
		"":                                 "the buildspec is empty: it begins with version: 0.2",
		"phases: {}":                       "the buildspec has no version: it begins with version: 0.2",
		"version: 0.3":                     `invalid buildspec version "0.3" at line 1, expected 0.2`,
		"version: 0.2\nenv: {shell: fish}": `unsupported shell "fish" at line 2, expected bash or /bin/sh`,
		"version: 0.2\nenv: {parameter-store: {PW: /app/pw}}":    "parameter-store at line 2: dari does not have it; set the variable PW in the project or when the build starts",
		"version: 0.2\nenv: {secrets-manager: {PW: a:b}}":        "secrets-manager at line 2: dari does not have it; set the variable PW in the project or when the build starts",
		"version: 0.2\nenv: {git-credential-helper: yes}":        "git-credential-helper at line 2: dari does not have it; git uses what the URL is given",
		"version: 0.2\nenv: {variables: {a-b: c}}":               `invalid name "a-b" at line 2, expected letters, digits and _`,
		"version: 0.2\nversion: 0.2":                             `key "version" already set in map at line 2`,
		"version: 0.2\nphases: [a]":                              "Expected phases to be a map with keys at line 2",
		"version: 0.2\nphases: {build: {on-failure: RETRY-101}}": `invalid on-failure "RETRY-101" at line 2: the count must be between 0 and 100`,
		"version: 0.2\nphases: {build: {on-failure: PANIC}}":     `invalid on-failure "PANIC" at line 2, expected ABORT, CONTINUE, RETRY, RETRY-count, RETRY-regex or RETRY-count-regex`,
		"version: 0.2\nreports: {a: , b: , c: , d: , e: , f: }":  "6 report groups at line 2, expected at most 5",
		"version: 0.2\n" + strings.Repeat("#", MaxBytes):         fmt.Sprintf("the buildspec has %d bytes, expected at most %d", MaxBytes+13, MaxBytes),
	} {
		if _, err := Parse([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("%.200q: %v\nwant %s", text, err, want)
		}
	}
}

// A few lines of aliases stand for more values than there are atoms, and a list may
// hold itself.
func TestAliasesHaveABound(t *testing.T) {
	var bomb strings.Builder
	bomb.WriteString("version: 0.2\na0: &a0 {k: v}\n")
	for i := range 24 {
		fmt.Fprintf(&bomb, "a%d: &a%d {<<: [*a%d, *a%d]}\n", i+1, i+1, i, i)
	}
	for name, text := range map[string]string{
		"merged":  bomb.String() + "phases: {<<: [*a24, *a24]}",
		"itself":  "version: 0.2\nphases: &a {<<: *a}",
		"in turn": "version: 0.2\nphases: &a {<<: [*a, *a]}",
	} {
		if _, err := Parse([]byte(text)); err == nil {
			t.Error(name, "is read")
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("version: 0.2\nphases: &a {<<: [*a, *a], build: {commands: [a, &b c, *b], finally: [x], on-failure: RETRY-2-x}}\nenv: {variables: {A: 1}}"))
	f.Add([]byte("version: 0.1\nartifacts: {files: [a], secondary-artifacts: {a: {files: [b]}}}\nreports: {r: {files: [c]}}\ncache: {paths: [d]}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := Parse(text)
		if err != nil {
			if s != nil || len(err.Error()) > 2000 {
				t.Errorf("%v with %v", s, err)
			}
			return
		}
		total := 0
		for _, p := range s.Phases {
			total += len(p.Commands) + len(p.Finally)
		}
		if total > maxNodes {
			t.Errorf("%d commands", total)
		}
	})
}
