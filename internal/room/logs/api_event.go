package logs

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/page"
	"github.com/dari-bus/dari/internal/room/logs/filters"
	"github.com/dari-bus/dari/internal/room/logs/groups"
	"github.com/dari-bus/dari/internal/store/blocks"
	"github.com/dari-bus/dari/internal/wire"
)

// maxBody is what a request of 10,000 events in 1 MiB of text may take as JSON, where
// a character may be six.
const maxBody = 8 << 20

func (a api) eventRows() []wire.Operation {
	return []wire.Operation{
		wire.Op("FilterLogEvents", a.FilterLogEvents).Reads().OnData(),
		wire.Op("GetLogEvents", a.GetLogEvents).Reads().OnData(),
		wire.Op("PutLogEvents", a.PutLogEvents).OnData().Takes(maxBody),
	}
}

type putLogEventsInput struct {
	LogGroupName  *string         `json:"logGroupName"`
	LogStreamName *string         `json:"logStreamName"`
	LogEvents     []inputLogEvent `json:"logEvents"`
	SequenceToken *string         `json:"sequenceToken"`
	Entity        *entity         `json:"entity"`
}

type inputLogEvent struct {
	Timestamp *int64  `json:"timestamp"`
	Message   *string `json:"message"`
}

// An entity says what an event is about. It is not kept.
type entity struct {
	KeyAttributes map[string]string `json:"keyAttributes"`
	Attributes    map[string]string `json:"attributes"`
}

type putLogEventsOutput struct {
	NextSequenceToken     string                 `json:"nextSequenceToken"`
	RejectedLogEventsInfo *rejectedLogEventsInfo `json:"rejectedLogEventsInfo,omitempty"`
	RejectedEntityInfo    *rejectedEntityInfo    `json:"rejectedEntityInfo,omitempty"`
}

type rejectedLogEventsInfo struct {
	TooNewLogEventStartIndex *int `json:"tooNewLogEventStartIndex,omitempty"`
	TooOldLogEventEndIndex   *int `json:"tooOldLogEventEndIndex,omitempty"`
	ExpiredLogEventEndIndex  *int `json:"expiredLogEventEndIndex,omitempty"`
}

type rejectedEntityInfo struct {
	ErrorType string `json:"errorType"`
}

// PutLogEvents appends events to a stream.
func (a api) PutLogEvents(ctx context.Context, in *putLogEventsInput) (*putLogEventsOutput, error) {
	by := caller(ctx)
	events := make([]blocks.Entry, len(in.LogEvents))
	for i, e := range in.LogEvents {
		events[i] = blocks.Entry{Time: *e.Timestamp, Text: []byte(*e.Message)}
	}
	rejected, err := a.Put(ctx, by, by.Place, *in.LogGroupName, *in.LogStreamName, events)
	if err != nil {
		return nil, err
	}
	out := &putLogEventsOutput{NextSequenceToken: sequenceToken}
	if in.Entity != nil {
		out.RejectedEntityInfo = &rejectedEntityInfo{"UnsupportedLogGroupType"}
	}
	if !rejected.None() {
		out.RejectedLogEventsInfo = &rejectedLogEventsInfo{index(rejected.TooNew), index(rejected.TooOld), index(rejected.Expired)}
	}
	return out, nil
}

func index(n int) *int {
	if n < 0 {
		return nil
	}
	return &n
}

type getLogEventsInput struct {
	LogGroupName       *string `json:"logGroupName"`
	LogGroupIdentifier *string `json:"logGroupIdentifier"`
	LogStreamName      *string `json:"logStreamName"`
	StartTime          *int64  `json:"startTime"`
	EndTime            *int64  `json:"endTime"`
	NextToken          *string `json:"nextToken"`
	Limit              *int    `json:"limit"`
	StartFromHead      *bool   `json:"startFromHead"`
	Unmask             *bool   `json:"unmask"`
}

type getLogEventsOutput struct {
	Events            []outputLogEvent `json:"events" empty:"kept"`
	NextForwardToken  string           `json:"nextForwardToken"`
	NextBackwardToken string           `json:"nextBackwardToken"`
}

type outputLogEvent struct {
	Timestamp     int64  `json:"timestamp"`
	Message       string `json:"message"`
	IngestionTime int64  `json:"ingestionTime"`
}

// GetLogEvents reads a stream.
func (a api) GetLogEvents(ctx context.Context, in *getLogEventsInput) (*getLogEventsOutput, error) {
	by := caller(ctx)
	at, group, err := of(by, in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	span := groups.Span{From: in.StartTime}
	if in.EndTime != nil {
		end := *in.EndTime - 1 // it is not part of it
		span.To = &end
	}
	backward := !wire.Val(in.StartFromHead)
	var from *blocks.Position
	if in.NextToken != nil {
		if from, backward, err = readStreamToken(*in.NextToken); err != nil {
			return nil, err
		}
	}
	r, err := a.Read(ctx, by, at, group, *in.LogStreamName, span, from, backward, orLimit(in.Limit, groups.MaxEvents))
	if err != nil {
		return nil, err
	}
	out := &getLogEventsOutput{NextForwardToken: streamToken("f", r.Forward), NextBackwardToken: streamToken("b", r.Backward)}
	for i := range r.Events {
		e := &r.Events[i]
		out.Events = append(out.Events, outputLogEvent{e.Time, string(e.Text), e.Arrived})
	}
	return out, nil
}

// streamToken makes a token that looks like those of AWS.
func streamToken(direction string, p blocks.Position) string {
	return fmt.Sprintf("%s/%036d%020d/s", direction, p.Time, p.Number)
}

func readStreamToken(token string) (at *blocks.Position, backward bool, err error) {
	direction, rest, _ := strings.Cut(token, "/")
	digits, end, _ := strings.Cut(rest, "/")
	if direction != "f" && direction != "b" || end != "s" || len(digits) != 56 {
		return nil, false, page.ErrToken
	}
	at, err = groups.ReadPosition(digits[:36] + " " + digits[36:])
	return at, direction == "b", err
}

type filterLogEventsInput struct {
	LogGroupName        *string  `json:"logGroupName"`
	LogGroupIdentifier  *string  `json:"logGroupIdentifier"`
	LogStreamNames      []string `json:"logStreamNames"`
	LogStreamNamePrefix *string  `json:"logStreamNamePrefix"`
	StartTime           *int64   `json:"startTime"`
	EndTime             *int64   `json:"endTime"`
	FilterPattern       *string  `json:"filterPattern"`
	NextToken           *string  `json:"nextToken"`
	Limit               *int     `json:"limit"`
	Interleaved         *bool    `json:"interleaved"`
	StartFromHead       *bool    `json:"startFromHead"`
	Unmask              *bool    `json:"unmask"`
}

type filterLogEventsOutput struct {
	Events             []filteredLogEvent  `json:"events" empty:"kept"`
	SearchedLogStreams []searchedLogStream `json:"searchedLogStreams" empty:"kept"`
	NextToken          *string             `json:"nextToken,omitempty"`
}

type filteredLogEvent struct {
	LogStreamName string `json:"logStreamName"`
	Timestamp     int64  `json:"timestamp"`
	Message       string `json:"message"`
	IngestionTime int64  `json:"ingestionTime"`
	EventID       string `json:"eventId"`
}

// searchedLogStreams is an empty list, as at AWS since 2019.
type searchedLogStream struct {
	LogStreamName      string `json:"logStreamName"`
	SearchedCompletely bool   `json:"searchedCompletely"`
}

// latestFirst is the start from which on AWS lists the latest events first.
var latestFirst = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

// FilterLogEvents searches the streams of a group.
func (a api) FilterLogEvents(ctx context.Context, in *filterLogEventsInput) (*filterLogEventsOutput, error) {
	by := caller(ctx)
	at, group, err := of(by, in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	if in.LogStreamNames != nil && in.LogStreamNamePrefix != nil {
		return nil, fault.Invalid("LogStream names and LogStream name prefix are mutually exclusive parameters.")
	}
	backward := in.StartFromHead != nil && !*in.StartFromHead
	if backward && wire.Val(in.StartTime) < latestFirst.UnixMilli() {
		return nil, fault.Invalid("startFromHead can be false only with a startTime on or after 2024-01-01T00:00:00Z.")
	}
	f := groups.Filter{Span: groups.Span{From: in.StartTime, To: in.EndTime}, Pattern: wire.Val(in.FilterPattern), Streams: in.LogStreamNames, Prefix: wire.Val(in.LogStreamNamePrefix)}
	hits, next, err := a.Filter(ctx, by, at, group, f, wire.Val(in.NextToken), backward, orLimit(in.Limit, groups.MaxEvents))
	if err != nil {
		return nil, err
	}
	out := &filterLogEventsOutput{NextToken: wire.Opt(next)}
	for i := range hits {
		h := &hits[i]
		out.Events = append(out.Events, filteredLogEvent{h.Stream, h.Time, string(h.Text), h.Arrived, filters.EventID(&h.Entry)})
	}
	return out, nil
}
