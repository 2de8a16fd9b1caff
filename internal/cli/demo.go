package cli

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/dari-bus/dari/internal/app"
	"github.com/dari-bus/dari/internal/watch"
)

// demo is the main job in one command: builds that tell Slack.
func demo(ctx context.Context, fs *flag.FlagSet, args []string, s streams) (err error) {
	opt := app.Defaults()
	fs.StringVar(&opt.Listen, "listen", opt.Listen, "`address` to serve on; when it is taken, a free port")
	exit := fs.Bool("exit", false, "end when the events have been delivered")
	if err := parse(fs, args); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "dari-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	opt.Data, opt.Starts = dir, true
	opt.Log = slog.New(slog.NewTextHandler(s.err, &slog.HandlerOptions{Level: slog.LevelWarn}))

	slack := os.Getenv("SLACK_WEBHOOK_URL")
	out := &lineWriter{w: s.out}
	if slack == "" {
		receiver, err := newSlack(out)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, receiver.close()) }()
		slack = receiver.url
	}
	a, err := openDemo(ctx, opt)
	if err != nil {
		return err
	}
	return runDemo(ctx, a, out, slack, *exit)
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

func runDemo(ctx context.Context, a *app.App, out *lineWriter, slack string, exit bool) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	served := make(chan error, 1)
	go func() { served <- a.Run(ctx) }()

	d := &demoRun{app: a, out: out, client: client{endpoint: a.URL(), region: "us-east-1", key: "demo", secret: "demo"}}
	failed := d.run(ctx, slack)
	if failed == nil && !exit {
		d.say("")
		d.say("dari goes on. Ctrl-C ends it and removes the scratch directory.")
		d.say("  console  %s/_dari/console/", a.URL())
		d.say("  API      %s   (try: aws --endpoint-url %s events list-rules)", a.URL(), a.URL())
		select {
		case <-ctx.Done():
		case err := <-served:
			return err
		}
	}
	stop()
	return errors.Join(failed, <-served)
}

// A demoRun makes the rules, feeds the events and waits for the deliveries.
type demoRun struct {
	app    *app.App
	out    *lineWriter
	client client
}

func (d *demoRun) say(format string, args ...any) { fmt.Fprintf(d.out, format+"\n", args...) }

const (
	demoPattern = `{"source":["aws.codebuild"],"detail-type":["CodeBuild Build State Change"],"detail":{"build-status":["SUCCEEDED","FAILED","STOPPED"],"project-name":["web-shop"]}}`
	anyBuild    = `{"source":["aws.codebuild"]}`
	demoText    = `{"text": "Build <build> of *<project>* <status> (started by <initiator>)"}`
)

func (d *demoRun) run(ctx context.Context, slack string) error {
	d.say("dari %s", buildVersion())
	d.say("")
	d.say("Rules, made through the public API at %s:", d.app.URL())
	if err := d.makeRules(ctx, slack); err != nil {
		return err
	}
	d.say("")
	d.say("Events, as CodeBuild sends them:")
	records, cancel := d.app.Feed().Subscribe()
	defer cancel()
	// Each line is a status and how many deliveries it causes: the Slack rule
	// wants the final states of web-shop, the other rule wants every build.
	for _, b := range []struct {
		project, status string
		deliveries      int
	}{{"web-shop", "IN_PROGRESS", 1}, {"web-shop", "FAILED", 2}, {"web-shop", "SUCCEEDED", 2}, {"price-list", "FAILED", 1}, {"web-shop", "STOPPED", 2}} {
		d.say("")
		if _, err := d.app.Emit(ctx, buildEvent(b.project, b.status)); err != nil {
			return err
		}
		if err := d.follow(ctx, records, b.deliveries); err != nil {
			return err
		}
	}
	return nil
}

// makeRules sets everything up as a client would.
func (d *demoRun) makeRules(ctx context.Context, slack string) error {
	var conn struct{ ConnectionArn string }
	err := d.client.events(ctx, "CreateConnection", map[string]any{
		"Name": "slack", "AuthorizationType": "API_KEY",
		"AuthParameters": map[string]any{"ApiKeyAuthParameters": map[string]any{"ApiKeyName": "X-Demo", "ApiKeyValue": "none"}},
	}, &conn)
	if err != nil {
		return err
	}
	var dest struct{ ApiDestinationArn string }
	err = d.client.events(ctx, "CreateApiDestination", map[string]any{
		"Name": "slack", "ConnectionArn": conn.ConnectionArn, "InvocationEndpoint": slack, "HttpMethod": "POST",
	}, &dest)
	if err != nil {
		return err
	}
	queue, err := d.makeQueue(ctx)
	if err != nil {
		return err
	}
	err = d.makeRule(ctx, "build-tells-slack", demoPattern, map[string]any{
		"Id": "slack", "Arn": dest.ApiDestinationArn, "RoleArn": "arn:aws:iam::000000000000:role/demo",
		"InputTransformer": map[string]any{
			"InputPathsMap": map[string]string{
				"build": "$.resources[0]", "project": "$.detail.project-name", "status": "$.detail.build-status",
				"initiator": "$.detail.additional-information.initiator",
			},
			"InputTemplate": demoText,
		},
	})
	if err != nil {
		return err
	}
	return d.makeRule(ctx, "every-build", anyBuild, map[string]any{"Id": "queue", "Arn": queue})
}

func (d *demoRun) makeQueue(ctx context.Context) (arn string, err error) {
	call := func(op string, in, out any) error {
		body, err := json.Marshal(in)
		if err != nil {
			return err
		}
		resp, err := d.client.do(ctx, "sqs", http.MethodPost, "/", body, http.Header{
			"Content-Type": {"application/x-amz-json-1.0"}, "X-Amz-Target": {"AmazonSQS." + op},
		})
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		return json.NewDecoder(resp.Body).Decode(out)
	}
	var made struct{ QueueUrl string }
	if err := call("CreateQueue", map[string]any{"QueueName": "builds", "Attributes": map[string]string{"Policy": rulesMaySend}}, &made); err != nil {
		return "", err
	}
	var got struct{ Attributes struct{ QueueArn string } }
	err = call("GetQueueAttributes", map[string]any{"QueueUrl": made.QueueUrl, "AttributeNames": []string{"QueueArn"}}, &got)
	return got.Attributes.QueueArn, err
}

// rulesMaySend is a queue policy that lets every rule of its account in.
const rulesMaySend = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*"}]}`

func (d *demoRun) makeRule(ctx context.Context, name, pattern string, target map[string]any) error {
	var rule struct{ RuleArn string }
	if err := d.client.events(ctx, "PutRule", map[string]any{"Name": name, "EventPattern": pattern}, &rule); err != nil {
		return err
	}
	var out struct{ FailedEntryCount int }
	if err := d.client.events(ctx, "PutTargets", map[string]any{"Rule": name, "Targets": []any{target}}, &out); err != nil {
		return err
	}
	d.say("  %s", name)
	d.say("    when  %s", pattern)
	d.say("    then  %s", target["Arn"])
	return nil
}

// A slack stands in for Slack's incoming webhooks: it answers as they do and
// prints the message.
type slack struct {
	url    string
	out    *lineWriter
	server *http.Server
	served chan error
}

func newSlack(out *lineWriter) (*slack, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &slack{url: "http://" + l.Addr().String() + "/services/T000/B000/demo", out: out, served: make(chan error, 1)}
	s.server = &http.Server{Handler: s, ReadHeaderTimeout: 5 * time.Second}
	go func() { s.served <- s.server.Serve(l) }()
	return s, nil
}

func (s *slack) close() error {
	err := s.server.Close()
	if e := <-s.served; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	return err
}

func (s *slack) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	var message struct{ Text string }
	switch {
	case err != nil || json.Unmarshal(body, &message) != nil:
		http.Error(w, "invalid_payload", http.StatusBadRequest)
	case strings.TrimSpace(message.Text) == "":
		http.Error(w, "no_text", http.StatusBadRequest)
	default:
		fmt.Fprintf(s.out, "  Slack      %s\n", message.Text)
		io.WriteString(w, "ok") // a caller that is gone does not want it
	}
}

// A lineWriter lets several goroutines print whole lines.
type lineWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lineWriter) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}

// follow prints what happens until so many deliveries have been settled.
func (d *demoRun) follow(ctx context.Context, records <-chan watch.Record, deliveries int) error {
	limit := time.NewTimer(time.Minute)
	defer limit.Stop()
	for deliveries > 0 {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-limit.C:
			return errors.New("a delivery was not settled within a minute; is the webhook reachable?")
		case r, ok := <-records:
			if !ok {
				return errors.New("the server stopped")
			}
			d.show(&r)
			if r.Kind == watch.KindSettled {
				deliveries--
			}
		}
	}
	return nil
}

func (d *demoRun) show(r *watch.Record) {
	switch r.Kind {
	case watch.KindAccepted:
		var e struct {
			Detail struct {
				Project string `json:"project-name"`
				Status  string `json:"build-status"`
			}
		}
		if json.Unmarshal(r.Event, &e) == nil {
			d.say("  event      %s: build of %s %s", brief(r.EventID), e.Detail.Project, e.Detail.Status)
		}
	case watch.KindMatched:
		for _, rule := range r.Rules {
			d.say("  match      %s: %s", brief(r.EventID), resource(rule))
		}
	case watch.KindAttempted:
		if r.Code != "" {
			d.say("  attempt    %s: %s", brief(r.EventID), verdict(r))
		}
	case watch.KindSettled:
		d.say("  %-10s %s: %s → %s in %s", r.Outcome, brief(r.EventID), resource(r.Rule), r.Target, r.Took.Round(100*time.Microsecond))
	}
}
