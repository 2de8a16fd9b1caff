package app

import (
	"context"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/room/logs/groups"
	"github.com/dari-bus/dari/internal/target"
)

// logsSink is where targets meet the log groups.
func logsSink(r *rooms) target.Sink {
	return target.Logs(
		func(ctx context.Context, to arn.ARN, e target.LogEvent) error {
			line, err := lineOf(to, e)
			if err != nil {
				return err
			}
			return r.logs.Deliver(ctx, line)
		},
		func() target.LogRound { return lines{r.logs.NewBatch()} },
	)
}

// lineOf is what the groups are told of an event for a target.
func lineOf(to arn.ARN, e target.LogEvent) (groups.Line, error) {
	from, err := access.Service(access.Events, e.Rule)
	return groups.Line{Group: to, From: from, Time: e.Time, Text: e.Text}, err
}

// lines are a round of log groups.
type lines struct{ *groups.Batch }

func (l lines) Add(to arn.ARN, e target.LogEvent) error {
	line, err := lineOf(to, e)
	if err != nil {
		return err
	}
	return l.Batch.Add(line)
}
