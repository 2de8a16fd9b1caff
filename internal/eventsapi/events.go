package eventsapi

import (
	"context"

	"github.com/dari-bus/dari/internal/bus"
	"github.com/dari-bus/dari/internal/event"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/wire"
)

func (a *api) events() []wire.Operation {
	return []wire.Operation{
		wire.Op("PutEvents", a.PutEvents).OnData(),
		wire.Op("TestEventPattern", a.TestEventPattern).Reads(),
	}
}

// PutEventsInput is the input of PutEvents.
type PutEventsInput struct {
	Entries    []PutEventsRequestEntry
	EndpointId *string
}

// A PutEventsRequestEntry is one event as it is handed in.
type PutEventsRequestEntry struct {
	Time         *wire.Time
	Source       *string
	Resources    []string
	DetailType   *string
	Detail       *string `trail:"hidden"`
	EventBusName *string
	TraceHeader  *string
	// Members that no client can know: AWS's own services fill them in, and
	// the sentence about too many entries prints them.
	KmsKeyIdentifier *string `json:",omitempty"`
	InternalMetadata *string `json:",omitempty"`
}

// PutEventsOutput is the output of PutEvents.
type PutEventsOutput struct {
	FailedEntryCount int
	// Entries are as many as in the input, in the same order.
	Entries []PutEventsResultEntry `empty:"kept"`
}

// A PutEventsResultEntry has either an id or an error.
type PutEventsResultEntry struct {
	EventId      string `json:",omitempty"`
	ErrorCode    string `json:",omitempty"`
	ErrorMessage string `json:",omitempty"`
}

// PutEvents takes events in.
func (a *api) PutEvents(ctx context.Context, in *PutEventsInput) (*PutEventsOutput, error) {
	if in.EndpointId != nil {
		return nil, fault.Invalid("Endpoint %s does not exist. dari does not offer global endpoints.", *in.EndpointId)
	}
	entries := make([]bus.Entry, len(in.Entries))
	for i := range in.Entries {
		e := &in.Entries[i]
		entries[i] = bus.Entry{
			Entry: event.Entry{Source: wire.Val(e.Source), DetailType: wire.Val(e.DetailType), Detail: wire.Val(e.Detail), Resources: e.Resources},
			Bus:   wire.Val(e.EventBusName), Trace: wire.Val(e.TraceHeader),
		}
		if e.Time != nil {
			entries[i].Time = e.Time.Time
		}
	}
	results, err := a.bus.Put(ctx, caller(ctx), entries)
	if err != nil {
		return nil, err
	}
	out := &PutEventsOutput{Entries: make([]PutEventsResultEntry, len(results))}
	for i, r := range results {
		out.Entries[i] = PutEventsResultEntry{EventId: r.ID, ErrorCode: r.Code, ErrorMessage: r.Message}
		if r.Code != "" {
			out.FailedEntryCount++
		}
	}
	return out, nil
}

// TestEventPatternInput is the input of TestEventPattern.
type TestEventPatternInput struct {
	EventPattern *string
	Event        *string
}

// TestEventPatternOutput is the output of TestEventPattern.
type TestEventPatternOutput struct {
	Result bool
}

// TestEventPattern says whether an event matches a pattern.
func (a *api) TestEventPattern(ctx context.Context, in *TestEventPatternInput) (*TestEventPatternOutput, error) {
	ok, err := a.bus.TestEventPattern(caller(ctx), wire.Val(in.EventPattern), wire.Val(in.Event))
	if err != nil {
		return nil, err
	}
	return &TestEventPatternOutput{Result: ok}, nil
}
