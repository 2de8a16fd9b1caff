package logs

import (
	"context"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/logs/groups"
	"github.com/dari-bus/dari/internal/wire"
)

func (a api) streamRows() []wire.Operation {
	return []wire.Operation{
		wire.Op("CreateLogStream", a.CreateLogStream),
		wire.Op("DeleteLogStream", a.DeleteLogStream),
		wire.Op("DescribeLogStreams", a.DescribeLogStreams).Reads(),
	}
}

type streamInput struct {
	LogGroupName  *string `json:"logGroupName"`
	LogStreamName *string `json:"logStreamName"`
}

// CreateLogStream makes a stream.
func (a api) CreateLogStream(ctx context.Context, in *streamInput) (*wire.None, error) {
	by := caller(ctx)
	return &wire.None{}, a.CreateStream(ctx, by, by.Place, *in.LogGroupName, *in.LogStreamName)
}

// DeleteLogStream deletes a stream and its events.
func (a api) DeleteLogStream(ctx context.Context, in *streamInput) (*wire.None, error) {
	by := caller(ctx)
	return &wire.None{}, a.DeleteStream(ctx, by, by.Place, *in.LogGroupName, *in.LogStreamName)
}

type describeLogStreamsInput struct {
	LogGroupName        *string `json:"logGroupName"`
	LogGroupIdentifier  *string `json:"logGroupIdentifier"`
	LogStreamNamePrefix *string `json:"logStreamNamePrefix"`
	OrderBy             *string `json:"orderBy"`
	Descending          *bool   `json:"descending"`
	NextToken           *string `json:"nextToken"`
	Limit               *int    `json:"limit"`
}

type describeLogStreamsOutput struct {
	LogStreams []logStream `json:"logStreams" empty:"kept"`
	NextToken  *string     `json:"nextToken,omitempty"`
}

type logStream struct {
	LogStreamName       string `json:"logStreamName"`
	CreationTime        int64  `json:"creationTime"`
	FirstEventTimestamp *int64 `json:"firstEventTimestamp,omitempty"`
	LastEventTimestamp  *int64 `json:"lastEventTimestamp,omitempty"`
	LastIngestionTime   *int64 `json:"lastIngestionTime,omitempty"`
	UploadSequenceToken string `json:"uploadSequenceToken"`
	Arn                 string `json:"arn"`
	StoredBytes         int64  `json:"storedBytes"`
}

// sequenceToken is what nobody looks at any more.
const sequenceToken = "49039859627373398372348402234500203934234520989329483721"

// DescribeLogStreams lists the streams of a group.
func (a api) DescribeLogStreams(ctx context.Context, in *describeLogStreamsInput) (*describeLogStreamsOutput, error) {
	by := caller(ctx)
	at, group, err := of(by, in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	byTime := wire.Val(in.OrderBy) == "LastEventTime"
	if byTime && in.LogStreamNamePrefix != nil {
		return nil, fault.Invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
	}
	rows, next, err := a.Streams(by, at, group, wire.Val(in.LogStreamNamePrefix), byTime, wire.Val(in.Descending), wire.Val(in.NextToken), orLimit(in.Limit, 50))
	if err != nil {
		return nil, err
	}
	out := &describeLogStreamsOutput{NextToken: wire.Opt(next)}
	for _, st := range rows {
		row := logStream{
			LogStreamName: st.Name, CreationTime: st.Created, UploadSequenceToken: sequenceToken,
			Arn: groups.ARN(at, group).String() + ":log-stream:" + st.Name,
		}
		if st.Arrived != 0 {
			row.FirstEventTimestamp, row.LastEventTimestamp, row.LastIngestionTime = &st.First, &st.Last, &st.Arrived
		}
		out.LogStreams = append(out.LogStreams, row)
	}
	return out, nil
}
