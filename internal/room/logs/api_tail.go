package logs

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/logs/live"
	"github.com/dari-bus/dari/internal/store/table"
	"github.com/dari-bus/dari/internal/wire"
)

func (a api) tailRows() []wire.Operation {
	return []wire.Operation{
		wire.Op("StartLiveTail", a.StartLiveTail).Reads().OnData(),
	}
}

type startLiveTailInput struct {
	LogGroupIdentifiers   []string `json:"logGroupIdentifiers"`
	LogStreamNames        []string `json:"logStreamNames"`
	LogStreamNamePrefixes []string `json:"logStreamNamePrefixes"`
	LogEventFilterPattern *string  `json:"logEventFilterPattern"`
	// UpdateMillis is dari's own: how soon after the one before an update may come
	// that has something to show. AWS's are a second apart.
	UpdateMillis *int `json:"updateMillis"`
}

type startLiveTailOutput struct {
	ResponseStream wire.Events[liveTailEvent] `json:"responseStream"`
}

type liveTailEvent struct {
	SessionStart  *liveTailSessionStart  `json:"sessionStart"`
	SessionUpdate *liveTailSessionUpdate `json:"sessionUpdate"`
}

type liveTailSessionStart struct {
	RequestID             string   `json:"requestId"`
	SessionID             string   `json:"sessionId"`
	LogGroupIdentifiers   []string `json:"logGroupIdentifiers"`
	LogStreamNames        []string `json:"logStreamNames"`
	LogStreamNamePrefixes []string `json:"logStreamNamePrefixes"`
	LogEventFilterPattern string   `json:"logEventFilterPattern"`
}

type liveTailSessionUpdate struct {
	SessionMetadata liveTailSessionMetadata   `json:"sessionMetadata"`
	SessionResults  []liveTailSessionLogEvent `json:"sessionResults" empty:"kept"`
}

type liveTailSessionMetadata struct {
	Sampled bool `json:"sampled"`
}

type liveTailSessionLogEvent struct {
	LogStreamName      string `json:"logStreamName"`
	LogGroupIdentifier string `json:"logGroupIdentifier"`
	Message            string `json:"message"`
	Timestamp          int64  `json:"timestamp"`
	IngestionTime      int64  `json:"ingestionTime"`
}

// StartLiveTail shows events while they come in.
func (a api) StartLiveTail(ctx context.Context, in *startLiveTailInput) (*startLiveTailOutput, error) {
	by := caller(ctx)
	tail := live.Tail{Streams: in.LogStreamNames, Prefixes: in.LogStreamNamePrefixes, Pattern: wire.Val(in.LogEventFilterPattern)}
	for _, identifier := range in.LogGroupIdentifiers {
		if !arn.Is(identifier) {
			return nil, fault.Invalid("A live session names its log groups by their ARNs; %q is none.", identifier)
		}
		at, name, err := of(by, nil, &identifier)
		if err != nil {
			return nil, err
		}
		tail.Groups = append(tail.Groups, table.Key{Place: at, Name: name})
	}
	session, err := a.live.Tail(a.Service.Service, by, tail)
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, session.Close) // should nobody come to read it
	every := live.Beat
	if in.UpdateMillis != nil {
		every = time.Duration(*in.UpdateMillis) * time.Millisecond
	}
	start := &liveTailSessionStart{by.RequestID, uuid.NewString(), in.LogGroupIdentifiers, in.LogStreamNames, in.LogStreamNamePrefixes, tail.Pattern}
	return &startLiveTailOutput{func(ctx context.Context, send func(*liveTailEvent) error) error {
		defer session.Close()
		if err := send(&liveTailEvent{SessionStart: start}); err != nil {
			return err
		}
		return session.Run(ctx, every, func(u *live.Update) error {
			return send(&liveTailEvent{SessionUpdate: sessionUpdate(u)})
		})
	}}, nil
}

func sessionUpdate(u *live.Update) *liveTailSessionUpdate {
	out := &liveTailSessionUpdate{SessionMetadata: liveTailSessionMetadata{u.Sampled}}
	for i := range u.Events {
		e := &u.Events[i]
		out.SessionResults = append(out.SessionResults, liveTailSessionLogEvent{e.Stream, e.Group, string(e.Text), e.Time, e.Arrived})
	}
	return out
}
