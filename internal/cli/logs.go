package cli

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/dari-bus/dari/internal/wire/eventstream"
)

// A logTail is what dari logs tail was asked for.
type logTail struct {
	client
	group, filter string
	since         time.Duration
	follow        bool
	out           io.Writer
	// began is when the live session began, by the server's clock; what came since
	// the moment before it may be told twice, and shown has what was.
	began time.Time
	shown map[logLine]int
}

// A logLine is a log event as it is shown.
type logLine struct {
	LogStreamName            string
	Timestamp, IngestionTime int64
	Message                  string
}

// overlap is how much earlier than its session an event may have come that the
// session shows.
const overlap = 10 * time.Second

func logs(ctx context.Context, fs *flag.FlagSet, args []string, s streams) error {
	t := &logTail{out: s.out, shown: map[logLine]int{}}
	t.register(fs)
	fs.BoolVar(&t.follow, "follow", false, "go on with what comes in, as it does")
	fs.StringVar(&t.filter, "filter", "", "only events that this filter `pattern` matches")
	fs.DurationVar(&t.since, "since", 10*time.Minute, "begin with what is this old, such as 30s or 24h")
	tail := len(args) > 0 && args[0] == "tail"
	if tail {
		args = args[1:]
	}
	if err := parse(fs, args); err != nil {
		return err
	}
	if !tail || fs.NArg() != 1 {
		return usageError{"it is: dari logs tail [FLAGS] GROUP"}
	}
	t.group = fs.Arg(0)
	if !t.follow {
		return t.past(ctx)
	}
	err := t.live(ctx)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// call calls an operation of CloudWatch Logs.
func (t *logTail) call(ctx context.Context, op string, in any) (*http.Response, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	return t.do(ctx, "logs", http.MethodPost, "/", body, http.Header{
		"Content-Type": {"application/x-amz-json-1.1"}, "X-Amz-Target": {"Logs_20140328." + op},
	})
}

// past shows what is there already.
func (t *logTail) past(ctx context.Context) error {
	in := map[string]any{"logGroupIdentifier": t.group, "filterPattern": t.filter, "startTime": max(time.Now().Add(-t.since).UnixMilli(), 0)}
	for {
		resp, err := t.call(ctx, "FilterLogEvents", in)
		if err != nil {
			return err
		}
		var page struct {
			Events    []logLine
			NextToken string
		}
		err = json.NewDecoder(resp.Body).Decode(&page)
		resp.Body.Close()
		if err != nil {
			return fmt.Errorf("an answer that is none: %w", err)
		}
		for _, l := range page.Events {
			t.show(l)
			if l.IngestionTime >= t.began.Add(-overlap).UnixMilli() {
				t.shown[l]++
			}
		}
		if page.NextToken == "" {
			return nil
		}
		in["nextToken"] = page.NextToken
	}
}

// live begins a session, shows what is there already, and then what comes. A session
// that is over is followed by another.
func (t *logTail) live(ctx context.Context) error {
	group, err := t.groupARN(ctx)
	if err != nil {
		return err
	}
	for {
		resp, err := t.call(ctx, "StartLiveTail", map[string]any{"logGroupIdentifiers": []string{group}, "logEventFilterPattern": t.filter, "updateMillis": 10})
		if err != nil {
			return err
		}
		t.began = time.Now()
		if at, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
			t.began = at
		}
		err = t.past(ctx)
		if err == nil {
			err = t.session(resp.Body)
		}
		resp.Body.Close()
		if err != nil {
			return err
		}
		t.since = overlap
	}
}

// session shows what a session does, until its time is over.
func (t *logTail) session(r io.Reader) error {
	for {
		m, err := eventstream.Read(r)
		if err != nil {
			return fmt.Errorf("the server went away: %w", err)
		}
		switch m.Header(":message-type") {
		case "exception", "error":
			if m.Header(":exception-type") == "SessionTimeoutException" {
				return nil
			}
			return fmt.Errorf("the session ended: %s", strings.TrimSpace(m.Header(":exception-type")+m.Header(":error-message")+" "+string(m.Payload)))
		}
		if m.Header(":event-type") != "sessionUpdate" {
			continue
		}
		var update struct {
			SessionMetadata struct{ Sampled bool }
			SessionResults  []logLine
		}
		if err := json.Unmarshal(m.Payload, &update); err != nil {
			return fmt.Errorf("an update that is none: %w", err)
		}
		for _, l := range update.SessionResults {
			t.showNew(l)
		}
		if update.SessionMetadata.Sampled {
			fmt.Fprintln(t.out, "… some were not shown: they came too fast")
		}
	}
}

// showNew shows a line that was not shown already.
func (t *logTail) showNew(l logLine) {
	if l.IngestionTime > t.began.Add(overlap).UnixMilli() {
		clear(t.shown) // the past is behind us
	}
	if n := t.shown[l]; n > 0 {
		t.shown[l] = n - 1
		return
	}
	t.show(l)
}

func (t *logTail) show(l logLine) {
	at := time.UnixMilli(l.Timestamp).UTC().Format("2006-01-02T15:04:05.000Z")
	fmt.Fprintf(t.out, "%s %s %s\n", at, l.LogStreamName, strings.TrimRight(l.Message, "\n"))
}

// groupARN returns the ARN of the group, which may be given by its name.
func (t *logTail) groupARN(ctx context.Context) (string, error) {
	if strings.HasPrefix(t.group, "arn:") {
		return t.group, nil
	}
	resp, err := t.call(ctx, "DescribeLogGroups", map[string]any{"logGroupNamePrefix": t.group, "limit": 1})
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var out struct {
		LogGroups []struct{ LogGroupName, LogGroupArn string }
	}
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		return "", err
	}
	if len(out.LogGroups) == 0 || out.LogGroups[0].LogGroupName != t.group {
		return "", errors.New("there is no log group " + t.group)
	}
	return out.LogGroups[0].LogGroupArn, nil
}
