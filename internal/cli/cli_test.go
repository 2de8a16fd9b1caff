package cli

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/app"
	"github.com/dari-bus/dari/internal/sandbox"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == sandbox.InitCommand {
		sandbox.Init()
	}
	os.Exit(m.Run())
}

// call runs a command line to its end and returns what it printed.
func call(t *testing.T, stdin string, args ...string) (out, errs string, status int) {
	t.Helper()
	var o, e bytes.Buffer
	status = run(t.Context(), args, streams{strings.NewReader(stdin), &o, &e})
	return o.String(), e.String(), status
}

// A running server, and a line of flags that leads clients to it.
func serveForTest(t *testing.T, configure func(*app.Options)) string {
	t.Helper()
	opt := app.Defaults()
	opt.Listen, opt.Ephemeral, opt.Log = "127.0.0.1:0", true, slog.New(slog.DiscardHandler)
	if configure != nil {
		configure(&opt)
	}
	a, err := app.Open(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return a.URL()
}

func TestPutTailAndRulesWorkTogether(t *testing.T) {
	url := serveForTest(t, nil)
	c := client{endpoint: url, region: "us-east-1", key: "dari", secret: "dari"}
	var rule struct{ RuleArn string }
	err := c.events(t.Context(), "PutRule", map[string]any{"Name": "orders", "EventPattern": `{"source":["shop"]}`, "Description": "all orders"}, &rule)
	if err != nil {
		t.Fatal(err)
	}
	var put struct{ FailedEntryCount int }
	err = c.events(t.Context(), "PutTargets", map[string]any{"Rule": "orders", "Targets": []any{
		map[string]any{"Id": "q", "Arn": "arn:aws:sqs:us-east-1:000000000000:nowhere"},
	}}, &put)
	if err != nil {
		t.Fatal(err)
	}

	ctx, stop := context.WithCancel(t.Context())
	r, w := io.Pipe()
	tailed := make(chan int, 1)
	go func() {
		tailed <- run(ctx, []string{"tail", "-endpoint", url, "-rule", "orders"}, streams{nil, w, io.Discard})
		w.Close()
	}()
	// The tail has begun when it shows something; until then, put again.
	lines := make(chan string)
	go func() {
		for s := bufio.NewScanner(r); s.Scan(); {
			lines <- s.Text()
		}
		close(lines)
	}()
	seen := ""
	for tick := time.NewTicker(20 * time.Millisecond); !strings.Contains(seen, "dead"); {
		select {
		case line := <-lines:
			seen += line + "\n"
		case <-tick.C:
			if out, errs, status := call(t, `{"total": 1}`, "put", "-endpoint", url, "-source", "shop", "-"); status != 0 || len(out) != 37 {
				t.Fatalf("put: %d, %q, %q", status, out, errs)
			}
		}
	}
	stop()
	for range lines {
	}
	if status := <-tailed; status != 0 {
		t.Errorf("tail ended with %d", status)
	}
	if !strings.Contains(seen, "rule/orders → arn:aws:sqs:us-east-1:000000000000:nowhere: dead after") || !strings.Contains(seen, "NO_RESOURCE") {
		t.Errorf("tail showed\n%s", seen)
	}

	out, errs, status := call(t, "", "rules", "-endpoint", url)
	want := `orders         ENABLED
  description  all orders
  pattern      {"source":["shop"]}
  target q     arn:aws:sqs:us-east-1:000000000000:nowhere (no dead-letter queue)
`
	if out != want || status != 0 {
		t.Errorf("rules: %d, %s\n%s", status, errs, cmp.Diff(want, out))
	}
}

func TestWithKeysTheCommandsSign(t *testing.T) {
	url := serveForTest(t, func(o *app.Options) { o.AccessKey, o.SecretKey = "AKIDEXAMPLE", "right" })
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	for secret, want := range map[string]string{
		"right": "The bus default has no rules.",
		"wrong": "InvalidSignatureException",
	} {
		t.Setenv("AWS_SECRET_ACCESS_KEY", secret)
		out, errs, _ := call(t, "", "rules", "-endpoint", url)
		if !strings.Contains(out+errs, want) {
			t.Errorf("with the %s secret: %q, %q", secret, out, errs)
		}
	}
	_, errs, status := call(t, "", "tail", "-endpoint", url, "-access-key", "nobody")
	if status != 1 || !strings.Contains(errs, "security token included in the request is invalid") {
		t.Errorf("tail of a stranger: %d, %q", status, errs)
	}
}

func TestTheDoctorAsksAServerThatRuns(t *testing.T) {
	url := serveForTest(t, func(o *app.Options) { o.AccessKey, o.SecretKey = "AKIA", "s" })
	out, errs, status := call(t, "", "doctor", "-ask", url, "-access-key", "AKIA", "-secret-key", "s")
	if status != 0 || !strings.Contains(out, "Asked the server at "+url+", whose data are in memory") || !strings.Contains(out, "Without a key nobody may do anything") {
		t.Errorf("%d %s%s", status, out, errs)
	}
	if _, errs, status := call(t, "", "doctor", "-ask", url); status == 0 {
		t.Errorf("without a key it is told to everybody: %s", errs)
	}
	if _, errs, status := call(t, "", "doctor", "-ask", url, "-accept-loss"); status == 0 || !strings.Contains(errs, "leave -ask out") {
		t.Errorf("%d %s", status, errs)
	}
}

func TestASecondServerOnTheSameDataIsToldSo(t *testing.T) {
	dir := t.TempDir()
	serveForTest(t, func(o *app.Options) { o.Ephemeral, o.Data = false, dir })
	_, errs, status := call(t, "", "serve", "-data", dir, "-listen", "127.0.0.1:0")
	if status != 1 || !strings.Contains(errs, dir) || !strings.Contains(errs, "another") {
		t.Errorf("status %d, %q", status, errs)
	}
}

func TestTryTellsByItsExitStatus(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "event.json")
	if err := os.WriteFile(file, []byte(`{"source":"shop"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, stdin string
		args        []string
		out, errs   string
		status      int
	}{
		{"match", "", []string{`{"source":["shop"]}`, `{"source":"shop"}`}, "match\n  ✓ source: \"shop\", wanted \"shop\"\n", "", 0},
		{"match in files", `{"source":["shop"]}`, []string{"-", file}, "match\n  ✓ source: \"shop\", wanted \"shop\"\n", "", 0},
		{"no match", "", []string{`{"source":["bank"]}`, file}, "no match, because of source\n  ✗ source: \"shop\", wanted \"bank\"\n", "dari try: no match\n", 1},
		{"bad pattern", "", []string{`{"source":"shop"}`, file}, "", "dari try: the pattern is not valid: \"source\" must be an object or an array\n at [Source: (String)\"{\"source\":\"shop\"}\"; line: 1, column: 12]\n", 1},
		{"no such file", "", []string{"{}", "nowhere.json"}, "", "dari try: \"nowhere.json\" is neither JSON nor a file\nTry: dari try -h\n", 2},
		{"too few", "", []string{"{}"}, "", "dari try: want a pattern and an event\nTry: dari try -h\n", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, errs, status := call(t, c.stdin, append([]string{"try"}, c.args...)...)
			if out != c.out || errs != c.errs || status != c.status {
				t.Errorf("got %q, %q, %d\nwant %q, %q, %d", out, errs, status, c.out, c.errs, c.status)
			}
		})
	}
}

func TestTheEnvironmentSetsFlagsThatAreNotGiven(t *testing.T) {
	t.Setenv("DARI_LISTEN", "0.0.0.0:0")
	_, errs, status := call(t, "", "serve", "-ephemeral")
	if status != 1 || !strings.Contains(errs, "0.0.0.0:0 can be reached from other machines, and no access keys are set") {
		t.Errorf("status %d, %q", status, errs)
	}
	t.Setenv("DARI_MAX_DEAD", "many")
	_, errs, status = call(t, "", "serve", "-ephemeral")
	if status != 2 || !strings.Contains(errs, `DARI_MAX_DEAD="many"`) {
		t.Errorf("status %d, %q", status, errs)
	}
}

func TestMistakesAreExplained(t *testing.T) {
	for _, c := range []struct {
		args   []string
		want   string
		status int
	}{
		{[]string{"start"}, `there is no command "start"`, 2},
		{nil, "Usage: dari COMMAND", 2},
		{[]string{"serve", "-limits", "some"}, `-limits: "some" is neither aws nor none`, 1},
		{[]string{"serve", "-log-level", "loud"}, `-log-level: "loud" is none of`, 1},
		{[]string{"serve", "-keys", "/does/not/exist"}, "-keys: open /does/not/exist", 1},
		{[]string{"serve", "-access-key", "AKID"}, "an access key needs -secret-key", 1},
		{[]string{"serve", "-account", "12", "-ephemeral", "-listen", "127.0.0.1:0"}, "must be 12 digits", 1},
		{[]string{"serve", "now"}, `unexpected "now"`, 2},
		{[]string{"put", "-endpoint", "http://127.0.0.1:1"}, "no server answers at http://127.0.0.1:1", 1},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			out, errs, status := call(t, "", c.args...)
			if status != c.status || !strings.Contains(out+errs, c.want) {
				t.Errorf("status %d, %q\nwant %d, %q", status, errs, c.status, c.want)
			}
		})
	}
}

func TestEveryCommandHasHelp(t *testing.T) {
	for _, c := range commands() {
		_, errs, status := call(t, "", c.name, "-h")
		if status != 0 || !strings.Contains(errs, "dari "+c.name+": "+c.help) {
			t.Errorf("%s -h: status %d\n%s", c.name, status, errs)
		}
	}
	if out, _, status := call(t, "", "-h"); status != 0 || !strings.Contains(out, "serve") {
		t.Errorf("-h: status %d, %q", status, out)
	}
}
