package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/dari-bus/dari/internal/app"
	"github.com/dari-bus/dari/internal/watch"

	example "github.com/dari-bus/dari/examples/build-to-slack"
)

// demo is the main job in one command: builds that tell Slack. It is the example of
// examples/build-to-slack, and nothing in it is made up.
func demo(ctx context.Context, fs *flag.FlagSet, args []string, s streams) (err error) {
	opt := app.Defaults()
	fs.StringVar(&opt.Listen, "listen", opt.Listen, "`address` to serve on; when it is taken, a free port")
	exit := fs.Bool("exit", false, "end when Slack has been told")
	if err := parse(fs, args); err != nil {
		return err
	}
	written, err := demoLanguage()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "dari-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	opt.Data, opt.BuildSources, opt.Starts = filepath.Join(dir, "data"), filepath.Join(dir, "sources"), true
	opt.Log = slog.New(slog.NewTextHandler(s.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if err := copyRepository(opt.BuildSources); err != nil {
		return err
	}

	d := &demoRun{
		out: s.out, language: written, webhook: os.Getenv("SLACK_WEBHOOK_URL"), source: "file://" + filepath.Join(opt.BuildSources, "web-shop"),
	}
	if d.webhook == "" {
		slack, err := newSlack()
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, slack.close()) }()
		d.webhook, d.messages = slack.url, slack.messages
	}
	a, err := openDemo(ctx, opt)
	if err != nil {
		return err
	}
	d.client = client{endpoint: a.URL(), region: opt.Region, key: "demo", secret: "demo"}
	return d.serve(ctx, a, *exit)
}

// A language is what the function is written in, and what runs it.
type language struct{ program, file, runtime string }

// demoLanguage picks a language that runs here.
func demoLanguage() (language, error) {
	if runtime.GOOS != "linux" {
		return language{}, errors.New("the demo runs builds and functions, which need Linux: run it in a virtual machine or a container")
	}
	for _, l := range []language{{"python3", "python/slack.py", "python3.12"}, {"node", "node/slack.mjs", "nodejs20.x"}} {
		if _, err := exec.LookPath(l.program); err == nil {
			return l, nil
		}
	}
	return language{}, errors.New("the demo runs a function of Python or Node, and neither python3 nor node is on PATH.\n" +
		"Install one of them: apt install python3, or https://nodejs.org")
}

// A demoBuild is a build with a variable, and how it ends.
type demoBuild struct{ says, name, value, ends string }

// copyRepository puts what is built into a folder.
func copyRepository(sources string) error {
	repository, err := fs.Sub(example.Files, "repository")
	if err != nil {
		return err
	}
	return os.CopyFS(filepath.Join(sources, "web-shop"), repository)
}

// openDemo opens the server on the wanted address, or on a free port.
func openDemo(ctx context.Context, opt app.Options) (*app.App, error) {
	a, err := app.Open(ctx, opt)
	if errors.Is(err, syscall.EADDRINUSE) {
		opt.Listen = "127.0.0.1:0"
		a, err = app.Open(ctx, opt)
	}
	return a, err
}

// A demoRun makes what the example has, starts builds and shows what comes of them.
type demoRun struct {
	out      io.Writer
	client   client
	language language
	// webhook is Slack's, source where the repository is.
	webhook, source string
	// messages are what Slack receives, if it is ours.
	messages <-chan string
	// function is the ARN of the function, once it is made.
	function string
	records  <-chan watch.Record
}

func (d *demoRun) say(format string, args ...any) { fmt.Fprintf(d.out, format+"\n", args...) }

// serve runs the server and the demo on it, and stays unless it is to exit.
func (d *demoRun) serve(ctx context.Context, a *app.App, exit bool) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	served := make(chan error, 1)
	go func() { served <- a.Run(ctx) }()

	records, cancel := a.Feed().Subscribe()
	defer cancel()
	d.records = records
	failed := d.run(ctx)
	if failed == nil && !exit {
		cancel()
		d.say("")
		d.say("dari goes on. Ctrl-C ends it and removes the scratch directory.")
		d.say("  console  %s/_dari/console/", a.URL())
		d.say("  API      %s   (try: aws --endpoint-url %s codebuild start-build --project-name web-shop)", a.URL(), a.URL())
		for ctx.Err() == nil {
			select {
			case <-ctx.Done():
			case text := <-d.messages:
				d.showMessage(text)
			case err := <-served:
				return err
			}
		}
	}
	stop()
	return errors.Join(failed, <-served)
}

// maxBuild is how long a build of the demo and the word to Slack may take.
const maxBuild = time.Minute

func (d *demoRun) run(ctx context.Context) error {
	d.say("dari %s", buildVersion())
	d.say("")
	d.say("Made through the public API at %s, from examples/build-to-slack:", d.client.endpoint)
	if err := d.make(ctx); err != nil {
		return err
	}
	for _, b := range []demoBuild{
		{"A build of a catalog with mistakes", "CATALOG", "broken.csv", "FAILED"},
		{"A build of one without", "CATALOG", "catalog.csv", "SUCCEEDED"},
		{"A build that takes ten minutes, and is stopped", "WATCH_SECONDS", "600", "STOPPED"},
	} {
		d.say("")
		d.say("%s (%s=%s):", b.says, b.name, b.value)
		within, cancel := context.WithTimeoutCause(ctx, maxBuild, fmt.Errorf("a build was not over, and Slack told, within %v", maxBuild))
		err := d.build(within, b)
		cancel()
		if err != nil {
			return err
		}
	}
	return nil
}
