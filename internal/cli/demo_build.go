package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/dari-bus/dari/internal/watch"
)

// build starts a build and shows what comes of it, until Slack was told.
func (d *demoRun) build(ctx context.Context, b demoBuild) error {
	var started struct{ Build struct{ ID string } }
	err := d.codebuild(ctx, "StartBuild", map[string]any{
		"projectName": "web-shop", "environmentVariablesOverride": []any{map[string]string{"name": b.name, "value": b.value}},
	}, &started)
	if err != nil {
		return err
	}
	id := started.Build.ID
	d.say("  build     %s", strings.TrimPrefix(id, "web-shop:"))
	if b.ends == "STOPPED" {
		if err := d.stop(ctx, id); err != nil {
			return err
		}
	}
	// Two deliveries come of it: by the rule to the function's events, and of those to
	// the function itself.
	for left := 2; left > 0; {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case r, ok := <-d.records:
			if !ok {
				return errors.New("the server stopped")
			}
			if err := d.show(ctx, &r, id, b.ends); err != nil {
				return err
			}
			if r.Kind == watch.KindSettled {
				left--
			}
		}
	}
	return nil
}

func (d *demoRun) codebuild(ctx context.Context, op string, in, out any) error {
	return d.client.json(ctx, "codebuild", "CodeBuild_20161006."+op, in, out)
}

// stop stops a build when its commands run.
func (d *demoRun) stop(ctx context.Context, id string) error {
	err := until(ctx, func() (bool, error) {
		var got struct {
			Builds []struct {
				CurrentPhase  string
				BuildComplete bool
			}
		}
		err := d.codebuild(ctx, "BatchGetBuilds", map[string]any{"ids": []string{id}}, &got)
		return err == nil && len(got.Builds) == 1 && (got.Builds[0].CurrentPhase == "BUILD" || got.Builds[0].BuildComplete), err
	})
	if err != nil {
		return err
	}
	d.say("  stop      its commands run, and now StopBuild")
	return d.codebuild(ctx, "StopBuild", map[string]any{"id": id}, nil)
}

// until looks again and again until it is done.
func until(ctx context.Context, look func() (done bool, err error)) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if done, err := look(); done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// A buildEvent is what the demo reads of an event of CodeBuild.
type buildEvent struct {
	Detail struct {
		Status string `json:"build-status"`
		More   struct {
			Phases []struct {
				Contexts []string `json:"phase-context"`
			}
		} `json:"additional-information"`
	}
}

// why is what went wrong in the phases of the build.
func (e *buildEvent) why() string {
	var all []string
	for _, p := range e.Detail.More.Phases {
		all = append(all, p.Contexts...)
	}
	return strings.Join(all, "; ")
}

// show shows what a record says of a build, which is to end so.
func (d *demoRun) show(ctx context.Context, r *watch.Record, id, ends string) error {
	switch {
	case r.Kind == watch.KindAccepted:
		var e buildEvent
		if err := json.Unmarshal(r.Event, &e); err != nil {
			return err
		}
		if e.Detail.Status != ends {
			return fmt.Errorf("the build is %s, and was to be %s: %s", e.Detail.Status, ends, e.why())
		}
		if err := d.showLog(ctx, id); err != nil {
			return err
		}
		d.say("  event     %s: %s %s", brief(r.EventID), r.DetailType, e.Detail.Status)
	case r.Kind == watch.KindAttempted && r.Code != "":
		return fmt.Errorf("%s failed: %s", resource(r.Target), failure(r))
	case r.Kind == watch.KindSettled && r.Rule == d.function:
		d.say("  function  %s: ran in %s", brief(r.EventID), r.Took.Round(100*time.Microsecond))
		select {
		case text := <-d.messages:
			d.showMessage(text)
		default: // it is at a Slack elsewhere
		}
	case r.Kind == watch.KindSettled:
		d.say("  %-9s %s: %s → %s in %s", r.Outcome, brief(r.EventID), resource(r.Rule), resource(r.Target), r.Took.Round(100*time.Microsecond))
	}
	return nil
}

// failure is what a function says of its failure, or a rule of its target's.
func failure(r *watch.Record) string {
	var e struct{ ErrorType, ErrorMessage string }
	if json.Unmarshal([]byte(r.Message), &e) == nil && e.ErrorMessage != "" {
		return e.ErrorType + ": " + e.ErrorMessage
	}
	return verdict(r)
}

func (d *demoRun) showMessage(text string) {
	d.say("  Slack     %s", strings.ReplaceAll(text, "\n", "\n            "))
}

// showLog shows what the commands of a build printed, once that is in the log.
func (d *demoRun) showLog(ctx context.Context, id string) error {
	project, stream, _ := strings.Cut(id, ":")
	return until(ctx, func() (bool, error) {
		var log struct{ Events []struct{ Message string } }
		err := d.client.json(ctx, "logs", "Logs_20140328.GetLogEvents", map[string]any{
			"logGroupName": "/aws/codebuild/" + project, "logStreamName": stream, "startFromHead": true,
		}, &log)
		if err != nil {
			return false, err
		}
		var lines []string
		for _, e := range log.Events {
			line := strings.TrimRight(e.Message, "\n")
			_, command, ran := strings.Cut(line, " Running command ")
			switch {
			case strings.Contains(line, "Phase complete: BUILD "):
				for _, line := range lines {
					d.say("  log       %s", line)
				}
				return true, nil
			case ran:
				lines = append(lines, "$ "+command)
			case line != "" && !strings.HasPrefix(line, "[Container] "):
				lines = append(lines, line)
			}
		}
		return false, nil
	})
}
