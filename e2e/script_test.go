package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScripts runs the stories of testdata/script, each against a server of
// its own. Beside testscript's own commands a story has
//
//	serve [FLAGS]   starts the server and sets AWS_ENDPOINT_URL and $U
//	kill            is kill -9
//	stop            is SIGTERM
//	restart         starts it again on the same directory and port
//	queue NAME      makes a queue and sets $NAME to its URL, $NAME_arn to its ARN
//	rule NAME PATTERN QUEUE   makes a rule on the default bus with a queue as target
//	zip NAME FILES  makes a zip of files of the story
//	until CMD ...   runs a command again until it succeeds and prints something
//
// and the programs dari, from this tree, and aws. A story whose file name begins
// with aws- needs the AWS CLI.
func TestScripts(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts (%v)", err)
	}
	var ours, theirs []string
	for _, f := range files {
		if strings.HasPrefix(filepath.Base(f), "aws-") {
			theirs = append(theirs, f)
		} else {
			ours = append(ours, f)
		}
	}
	t.Run("dari", func(t *testing.T) { runScripts(t, ours, "") })
	t.Run("aws", func(t *testing.T) { runScripts(t, theirs, tool(t, "aws")) })
}

type serverKey struct{}

func runScripts(t *testing.T, files []string, aws string) {
	testscript.Run(t, testscript.Params{
		Files: files,
		Setup: func(e *testscript.Env) error {
			path := filepath.Dir(binary)
			if aws != "" {
				path += string(os.PathListSeparator) + filepath.Dir(aws)
			}
			e.Setenv("PATH", path+string(os.PathListSeparator)+e.Getenv("PATH"))
			e.Values[serverKey{}] = new(*server)
			e.Values[tKey{}] = e.T().(testing.TB)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"serve": func(ts *testscript.TestScript, neg bool, args []string) {
				noNegation(ts, neg)
				t := testingT(ts)
				s := serve(t, args...)
				*scriptServer(ts) = s
				for _, kv := range s.clientVars(t) {
					name, value, _ := strings.Cut(kv, "=")
					ts.Setenv(name, value)
				}
				ts.Setenv("U", s.URL)
			},
			"kill": func(ts *testscript.TestScript, neg bool, _ []string) {
				noNegation(ts, neg)
				(*scriptServer(ts)).kill(testingT(ts))
			},
			"stop": func(ts *testscript.TestScript, neg bool, _ []string) {
				noNegation(ts, neg)
				(*scriptServer(ts)).stop(testingT(ts))
			},
			"restart": func(ts *testscript.TestScript, neg bool, _ []string) {
				noNegation(ts, neg)
				(*scriptServer(ts)).start(testingT(ts))
			},
			"queue": func(ts *testscript.TestScript, neg bool, args []string) {
				noNegation(ts, neg)
				q := (*scriptServer(ts)).sdk(testingT(ts)).queue(args[0], nil)
				ts.Setenv(args[0], q.url)
				ts.Setenv(args[0]+"_arn", q.arn)
			},
			"rule": func(ts *testscript.TestScript, neg bool, args []string) {
				noNegation(ts, neg)
				(*scriptServer(ts)).sdk(testingT(ts)).rule("default", args[0], args[1], target("q", queueARN(args[2])))
			},
			"zip": func(ts *testscript.TestScript, neg bool, args []string) {
				noNegation(ts, neg)
				var files []string
				for _, name := range args[1:] {
					files = append(files, name, ts.ReadFile(name))
				}
				ts.Check(os.WriteFile(ts.MkAbs(args[0]), zipped(testingT(ts), files...), 0o600))
			},
			"until": func(ts *testscript.TestScript, neg bool, args []string) {
				noNegation(ts, neg)
				missing := poll(30*time.Second, func() string {
					if err := ts.Exec(args[0], args[1:]...); err != nil {
						return err.Error()
					}
					if strings.TrimSpace(ts.ReadFile("stdout")) == "" {
						return "nothing was printed"
					}
					return ""
				})
				if missing != "" {
					ts.Fatalf("%s", missing)
				}
			},
		},
	})
}

func noNegation(ts *testscript.TestScript, neg bool) {
	if neg {
		ts.Fatalf("this command cannot be negated")
	}
}

func scriptServer(ts *testscript.TestScript) **server { return ts.Value(serverKey{}).(**server) }

// testingT is the *testing.T that a script runs in.
func testingT(ts *testscript.TestScript) testing.TB { return ts.Value(tKey{}).(testing.TB) }

type tKey struct{}
