package target

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/store"
)

// A LogEvent is what a log group receives.
type LogEvent struct {
	// Time is in Unix milliseconds.
	Time int64
	// Text must not be changed.
	Text []byte
	// Rule is the ARN of the rule on whose behalf EventBridge writes: the source ARN
	// that the account's resource policies may name.
	Rule string
}

// A LogRound is a [Round] of log groups. Add makes e ready for a group.
type LogRound interface {
	Add(group arn.ARN, e LogEvent) error
	Take(tx store.Tx, n int) (bool, error)
}

// Logs returns the sink for log groups. put puts an event into a group; it may be
// called from many goroutines at once. begin begins a round of groups in the store of
// the outbox. It may be nil.
//
// The text is the input of the target, and the time that of the event. An input
// transformer makes both: AWS asks for {"timestamp": …, "message": "…"} of it, where
// the timestamp is a number of milliseconds or a time as events have it. Anything else
// is INVALID_PARAMETER, and so is an event that is too old or too new for the group. A
// group that does not exist and one that no policy lets the rule write to are
// NO_RESOURCE, as for queues. None of them is retried; any other error is.
func Logs(put func(ctx context.Context, group arn.ARN, e LogEvent) error, begin func() LogRound) Sink {
	return &groups{put, begin}
}

type groups struct {
	put   func(ctx context.Context, group arn.ARN, e LogEvent) error
	begin func() LogRound
}

func (g *groups) Send(ctx context.Context, d *Delivery) error {
	e, err := logEvent(d)
	if err != nil {
		return err
	}
	return refusal(g.put(ctx, d.ARN, e), CodeNoResource)
}

func (g *groups) Begin() Round {
	if g.begin == nil {
		return nil
	}
	return logRound{g.begin()}
}

type logRound struct{ LogRound }

func (r logRound) Add(d *Delivery) error {
	e, err := logEvent(d)
	if err != nil {
		return err
	}
	return r.LogRound.Add(d.ARN, e)
}

func (r logRound) Seal(store.Tx) error { return nil }

// logEvent is what a group receives of a delivery.
func logEvent(d *Delivery) (LogEvent, error) {
	e := LogEvent{Text: d.Input, Rule: d.Owner}
	if d.Target.Transformer != nil {
		var err error
		e.Time, e.Text, err = readLogEvent(d.Input)
		return e, err
	}
	var event struct{ Time time.Time }
	if err := json.Unmarshal(d.Body, &event); err != nil || event.Time.IsZero() {
		event.Time = d.Ingested
	}
	e.Time = event.Time.UnixMilli()
	return e, nil
}

// readLogEvent reads what an input transformer makes for a log group.
func readLogEvent(input []byte) (millis int64, text []byte, err error) {
	var made struct {
		Timestamp json.RawMessage `json:"timestamp"`
		Message   *string         `json:"message"`
	}
	if json.Unmarshal(input, &made) != nil || made.Message == nil {
		return 0, nil, notALogEvent()
	}
	digits := made.Timestamp
	var quoted string
	if json.Unmarshal(made.Timestamp, &quoted) == nil {
		if at, err := time.Parse(time.RFC3339, quoted); err == nil {
			return at.UnixMilli(), []byte(*made.Message), nil
		}
		digits = []byte(quoted)
	}
	if millis, err = strconv.ParseInt(string(digits), 10, 64); err != nil {
		return 0, nil, notALogEvent()
	}
	return millis, []byte(*made.Message), nil
}

func notALogEvent() error {
	return Permanent(CodeInvalidParam, `The input transformer of a log group must make {"timestamp": …, "message": "…"}, with a timestamp in milliseconds or such as 2026-01-02T03:04:05Z; it made something else.`)
}
