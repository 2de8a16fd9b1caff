package trail

import (
	"context"
	"strconv"
	"time"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/wire"
)

func (a api) lookupRows() []wire.Operation {
	return []wire.Operation{wire.Op("LookupEvents", a.LookupEvents).Reads()}
}

type lookupAttribute struct {
	AttributeKey, AttributeValue *string
}

type lookupEventsInput struct {
	LookupAttributes   []lookupAttribute
	StartTime, EndTime *wire.Time
	EventCategory      *string
	MaxResults         *int
	NextToken          *string
}

type lookupResource struct {
	ResourceType, ResourceName string
}

type lookupEvent struct {
	EventID         string `json:"EventId"`
	EventName       string
	ReadOnly        string
	AccessKeyID     string `json:"AccessKeyId,omitempty"`
	EventTime       wire.Time
	EventSource     string
	Username        string           `json:",omitempty"`
	Resources       []lookupResource `empty:"kept"`
	CloudTrailEvent string
}

type lookupEventsOutput struct {
	Events    []lookupEvent `empty:"kept"`
	NextToken string        `json:",omitempty"`
}

// maxResults is how many events an answer has at most, and when nothing is said.
const maxResults = 50

// LookupEvents returns events of the history, the newest first.
func (a api) LookupEvents(ctx context.Context, in *lookupEventsInput) (*lookupEventsOutput, error) {
	by := caller(ctx)
	if !a.lookups.Take(by.Place, time.Now()) {
		return nil, fault.Limit("Rate exceeded")
	}
	q, err := in.query()
	if err != nil {
		return nil, err
	}
	if in.EventCategory != nil { // which is insight; nobody looks for them
		return &lookupEventsOutput{}, a.trails.AllowAll(by, "LookupEvents")
	}
	rows, next, err := a.Lookup(ctx, by, q)
	if fault.KindOf(err) == fault.KindInvalid {
		return nil, fault.Invalid("%s", err.Error()).WithCode("InvalidNextTokenException")
	}
	out := &lookupEventsOutput{NextToken: next}
	for i := range rows {
		out.Events = append(out.Events, rows[i].show())
	}
	return out, err
}

func (in *lookupEventsInput) query() (Query, error) {
	q := Query{Max: maxResults, Token: wire.Val(in.NextToken)}
	switch {
	case len(in.LookupAttributes) > 1:
		return q, fault.Invalid("Events are looked up by one attribute at a time; %d are given.", len(in.LookupAttributes)).WithCode("InvalidLookupAttributesException")
	case in.MaxResults != nil && (*in.MaxResults < 1 || *in.MaxResults > maxResults):
		return q, fault.Invalid("MaxResults is %d; it must be from 1 to %d.", *in.MaxResults, maxResults).WithCode("InvalidMaxResultsException")
	case in.StartTime != nil && in.EndTime != nil && in.EndTime.Before(in.StartTime.Time):
		return q, fault.Invalid("StartTime is later than EndTime.").WithCode("InvalidTimeRangeException")
	}
	if len(in.LookupAttributes) == 1 {
		q.Attribute, q.Value = *in.LookupAttributes[0].AttributeKey, *in.LookupAttributes[0].AttributeValue
	}
	if in.MaxResults != nil {
		q.Max = *in.MaxResults
	}
	if in.StartTime != nil {
		q.From = in.StartTime.Time
	}
	if in.EndTime != nil {
		q.To = in.EndTime.Time
	}
	return q, nil
}

func (r *Row) show() lookupEvent {
	e := lookupEvent{
		EventID: r.EventID, EventName: r.EventName, ReadOnly: strconv.FormatBool(r.ReadOnly), AccessKeyID: r.UserIdentity.AccessKeyID,
		EventTime: wire.At(r.Time), EventSource: r.EventSource, Username: r.Username, CloudTrailEvent: r.Text,
	}
	for _, n := range r.Resources {
		e.Resources = append(e.Resources, lookupResource{n.Type, n.Name})
	}
	return e
}
