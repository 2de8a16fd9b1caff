package cli

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/dari-bus/dari/internal/watch"
)

func tail(ctx context.Context, fs *flag.FlagSet, args []string, s streams) error {
	var c client
	c.register(fs)
	raw := fs.Bool("json", false, "print a line of JSON for each thing that happens")
	bus := fs.String("bus", "", "only this event bus, by `name` or ARN")
	rule := fs.String("rule", "", "only this rule, by `name` or ARN")
	event := fs.String("event", "", "only the event with this `id`")
	if err := parse(fs, args); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return usageError{fmt.Sprintf("unexpected %q", fs.Arg(0))}
	}
	query := url.Values{}
	for name, v := range map[string]string{"bus": *bus, "rule": *rule, "event": *event} {
		if v != "" {
			query.Set(name, v)
		}
	}
	resp, err := c.do(ctx, "dari", http.MethodGet, "/_dari/tail?"+query.Encode(), nil, http.Header{})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	lines := json.NewDecoder(resp.Body)
	for {
		var line json.RawMessage
		if err := lines.Decode(&line); err != nil {
			if ctx.Err() != nil || errors.Is(err, io.EOF) {
				return nil
			}
			return fmt.Errorf("the server went away: %w", err)
		}
		if *raw {
			fmt.Fprintf(s.out, "%s\n", line)
			continue
		}
		var r watch.Record
		if err := json.Unmarshal(line, &r); err != nil {
			return fmt.Errorf("a line that is no record: %w", err)
		}
		io.WriteString(s.out, describe(&r))
	}
}

// describe puts a record into a line for people.
func describe(r *watch.Record) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %-10s %s", r.Time.Local().Format("15:04:05.000"), r.Kind, brief(r.EventID))
	switch r.Kind {
	case watch.KindAccepted:
		fmt.Fprintf(&b, " %s, %q from %s on %s", deliveries(r.Deliveries), r.DetailType, r.Source, resource(r.Bus))
	case watch.KindMatched:
		names := make([]string, len(r.Rules))
		for i, rule := range r.Rules {
			names[i] = resource(rule)
		}
		if len(names) == 0 {
			names = []string{"no rule"}
		}
		fmt.Fprintf(&b, " %s", strings.Join(names, ", "))
	case watch.KindRefused:
		fmt.Fprintf(&b, "%s: %s (%q from %s)", r.Code, r.Message, r.DetailType, r.Source)
	case watch.KindAttempted:
		fmt.Fprintf(&b, " %s → %s, attempt %d: %s", resource(r.Rule), r.Target, r.Attempt, verdict(r))
	case watch.KindSettled:
		fmt.Fprintf(&b, " %s → %s: %s after %s", resource(r.Rule), r.Target, r.Outcome, r.Took.Round(100*time.Microsecond))
		if r.Code != "" {
			fmt.Fprintf(&b, " (%s: %s)", r.Code, r.Message)
		}
		if r.DeadLetterErr != "" {
			fmt.Fprintf(&b, "; the dead-letter queue did not take it: %s", r.DeadLetterErr)
		}
	case watch.KindMissed:
		fmt.Fprintf(&b, " %d records were not shown: they came too fast", r.Missed)
	}
	b.WriteByte('\n')
	return b.String()
}

func verdict(r *watch.Record) string {
	switch {
	case r.Code == "":
		return "taken"
	case r.Throttled:
		return "held back: " + r.Message
	case r.Next != nil:
		return fmt.Sprintf("%s, again in %s: %s", r.Code, r.Next.Sub(r.Time).Round(time.Millisecond), r.Message)
	}
	return r.Code + ": " + r.Message
}

func deliveries(n int) string {
	if n == 1 {
		return "1 delivery"
	}
	return fmt.Sprintf("%d deliveries", n)
}

// brief is enough of an id to tell events on a screen apart.
func brief(id string) string {
	if len(id) > 8 {
		return id[:8]
	}
	return id
}

// resource is the part of an ARN that people know the thing by.
func resource(arn string) string {
	if p := strings.SplitN(arn, ":", 6); len(p) == 6 {
		return p[5]
	}
	return arn
}
