package mapping

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/function/catalog"
	"github.com/dari-bus/dari/internal/wire"
)

// api is the door of mappings, which is a part of that of functions.
type api struct{ *Mappings }

// Operations are those of Lambda that are about mappings.
func Operations(m *Mappings) []wire.Operation {
	a := api{m}
	const mappings = "/2015-03-31/event-source-mappings"
	return []wire.Operation{
		wire.Op("CreateEventSourceMapping", a.CreateEventSourceMapping).At("POST "+mappings, 202),
		wire.Op("DeleteEventSourceMapping", a.DeleteEventSourceMapping).At("DELETE "+mappings+"/{UUID}", 202),
		wire.Op("GetEventSourceMapping", a.GetEventSourceMapping).At("GET "+mappings+"/{UUID}", 200).Reads(),
		wire.Op("ListEventSourceMappings", a.ListEventSourceMappings).At("GET "+mappings, 200).Reads(),
		wire.Op("UpdateEventSourceMapping", a.UpdateEventSourceMapping).At("PUT "+mappings+"/{UUID}", 202),
	}
}

// Filter is a pattern for what a function is to see.
type Filter struct{ Pattern *string }

// FilterCriteria are filters, of which one must match.
type FilterCriteria struct{ Filters []Filter }

// ScalingConfig says how many batches there may be at a time.
type ScalingConfig struct{ MaximumConcurrency *int }

// ofOthers are the members of mappings that are for other sources than queues of SQS, or
// ask for what is not there.
type ofOthers struct {
	AmazonManagedKafkaEventSourceConfig json.RawMessage
	BisectBatchOnFunctionError          *bool
	DestinationConfig                   json.RawMessage
	DocumentDBEventSourceConfig         json.RawMessage
	KMSKeyArn                           *string
	LoggingConfig                       json.RawMessage
	MaximumRecordAgeInSeconds           *int
	MaximumRetryAttempts                *int
	MetricsConfig                       json.RawMessage
	ParallelizationFactor               *int
	ProvisionedPollerConfig             json.RawMessage
	SelfManagedKafkaEventSourceConfig   json.RawMessage
	SourceAccessConfigurations          json.RawMessage
	TumblingWindowInSeconds             *int
}

const queuesOnly = "functions work on queues of SQS, and on nothing else"

// check refuses what would not be done.
func (o *ofOthers) check() error {
	for _, m := range []struct {
		name  string
		given bool
		why   string
	}{
		{"AmazonManagedKafkaEventSourceConfig", o.AmazonManagedKafkaEventSourceConfig != nil, queuesOnly},
		{"BisectBatchOnFunctionError", o.BisectBatchOnFunctionError != nil, queuesOnly},
		{"DestinationConfig", o.DestinationConfig != nil && !empty(o.DestinationConfig), "what fails goes to the dead-letter queue of its queue"},
		{"DocumentDBEventSourceConfig", o.DocumentDBEventSourceConfig != nil, queuesOnly},
		{"KMSKeyArn", o.KMSKeyArn != nil, "nothing is encrypted with keys of KMS"},
		{"LoggingConfig", o.LoggingConfig != nil, "what mappings do is in the log of the server"},
		{"MaximumRecordAgeInSeconds", o.MaximumRecordAgeInSeconds != nil, queuesOnly},
		{"MaximumRetryAttempts", o.MaximumRetryAttempts != nil, queuesOnly},
		{"MetricsConfig", o.MetricsConfig != nil && !empty(o.MetricsConfig), "mappings have no metrics of their own"},
		{"ParallelizationFactor", o.ParallelizationFactor != nil, queuesOnly},
		{"ProvisionedPollerConfig", o.ProvisionedPollerConfig != nil && !empty(o.ProvisionedPollerConfig), "queues are on this machine, and a mapping receives as fast as its function works"},
		{"SelfManagedKafkaEventSourceConfig", o.SelfManagedKafkaEventSourceConfig != nil, queuesOnly},
		{"SourceAccessConfigurations", o.SourceAccessConfigurations != nil && !empty(o.SourceAccessConfigurations), queuesOnly},
		{"TumblingWindowInSeconds", o.TumblingWindowInSeconds != nil && *o.TumblingWindowInSeconds != 0, queuesOnly},
	} {
		if m.given {
			return notOffered(m.name, m.why)
		}
	}
	return nil
}

func notOffered(member, why string) error {
	return fault.Invalid("%s is not offered: %s.", member, why)
}

// empty says whether JSON says nothing, as some tools do.
func empty(b json.RawMessage) bool {
	return string(b) == "{}" || string(b) == "[]" || string(b) == "null"
}

// mappingInput is what creating and updating have in common.
type mappingInput struct {
	ofOthers
	BatchSize                      *int
	Enabled                        *bool
	FilterCriteria                 *FilterCriteria
	FunctionResponseTypes          []string
	MaximumBatchingWindowInSeconds *int
	ScalingConfig                  *ScalingConfig
}

// change is the change that is asked for.
func (in *mappingInput) change(by access.Caller, function *string) (c Change, err error) {
	if err := in.check(); err != nil {
		return c, err
	}
	c = Change{Enabled: in.Enabled, BatchSize: in.BatchSize, Window: in.MaximumBatchingWindowInSeconds}
	if function != nil {
		at, err := catalog.ParseAddress(by.Place, *function, "")
		if err != nil {
			return c, err
		}
		c.Function = &at
	}
	if in.FilterCriteria != nil {
		filters := []string{}
		for _, f := range in.FilterCriteria.Filters {
			filters = append(filters, wire.Val(f.Pattern))
		}
		c.Filters = &filters
	}
	if in.FunctionResponseTypes != nil {
		partial := len(in.FunctionResponseTypes) > 0
		c.Partial = &partial
	}
	if in.ScalingConfig != nil {
		n := 0
		if in.ScalingConfig.MaximumConcurrency != nil {
			n = *in.ScalingConfig.MaximumConcurrency
		}
		c.Concurrency = &n
	}
	return c, nil
}

type mappingOutput struct {
	BatchSize                      int
	EventSourceArn                 string
	EventSourceMappingArn          string
	FilterCriteria                 *filterCriteriaOutput `json:",omitempty"`
	FunctionArn                    string
	FunctionResponseTypes          []string `empty:"kept"`
	LastModified                   wire.Time
	LastProcessingResult           string `json:",omitempty"`
	MaximumBatchingWindowInSeconds int
	ScalingConfig                  *scalingOutput `json:",omitempty"`
	State                          string
	StateTransitionReason          string
	UUID                           string
}

type filterCriteriaOutput struct {
	Filters []filterOutput `json:",omitempty"`
}

type filterOutput struct{ Pattern string }

type scalingOutput struct{ MaximumConcurrency int }

// told is a mapping as answers have it, in a state; "" is the one that it is in.
func (a api) told(by access.Caller, m *Mapping, state string) *mappingOutput {
	if state == "" {
		if state = "Disabled"; m.Enabled {
			state = "Enabled"
		}
	}
	out := &mappingOutput{
		BatchSize: m.BatchSize, EventSourceArn: m.Queue, EventSourceMappingArn: ARN(by.Place, m.UUID),
		FunctionArn:           catalog.Address{Place: by.Place, Name: m.Function, Qualifier: m.Qualifier}.ARN(),
		FunctionResponseTypes: []string{}, LastModified: wire.At(time.UnixMilli(m.Modified)), LastProcessingResult: a.Problem(m.UUID),
		MaximumBatchingWindowInSeconds: m.Window, State: state, StateTransitionReason: "USER_INITIATED", UUID: m.UUID,
	}
	if len(m.Filters) > 0 {
		out.FilterCriteria = &filterCriteriaOutput{}
		for _, f := range m.Filters {
			out.FilterCriteria.Filters = append(out.FilterCriteria.Filters, filterOutput{f})
		}
	}
	if m.Partial {
		out.FunctionResponseTypes = []string{"ReportBatchItemFailures"}
	}
	if m.Concurrency > 0 {
		out.ScalingConfig = &scalingOutput{m.Concurrency}
	}
	return out
}

type createMappingInput struct {
	mappingInput
	EventSourceArn            *string
	FunctionName              *string
	Queues, Topics            []string
	SelfManagedEventSource    json.RawMessage
	StartingPosition          *string
	StartingPositionTimestamp json.RawMessage
	Tags                      map[string]string
}

// CreateEventSourceMapping has a function work on a queue.
func (a api) CreateEventSourceMapping(ctx context.Context, in *createMappingInput) (*mappingOutput, error) {
	by := wire.CallerFrom(ctx).Caller
	c, err := in.change(by, in.FunctionName)
	if err != nil {
		return nil, err
	}
	switch {
	case in.SelfManagedEventSource != nil:
		return nil, notOffered("SelfManagedEventSource", queuesOnly)
	case in.StartingPosition != nil || in.StartingPositionTimestamp != nil:
		return nil, notOffered("StartingPosition", "a queue has none")
	case in.Queues != nil || in.Topics != nil:
		return nil, notOffered("Queues and Topics", queuesOnly)
	}
	m, err := a.Create(ctx, by, wire.Val(in.EventSourceArn), c, in.Tags)
	if err != nil {
		return nil, err
	}
	return a.told(by, m, "Creating"), nil
}

type updateMappingInput struct {
	UUID *string `rest:"label"`
	mappingInput
	FunctionName *string
}

// UpdateEventSourceMapping changes how a function works on a queue, or which one does.
func (a api) UpdateEventSourceMapping(ctx context.Context, in *updateMappingInput) (*mappingOutput, error) {
	by := wire.CallerFrom(ctx).Caller
	c, err := in.change(by, in.FunctionName)
	if err != nil {
		return nil, err
	}
	old, m, err := a.Update(ctx, by, *in.UUID, c)
	if err != nil {
		return nil, err
	}
	state := "Updating"
	switch {
	case m.Enabled && !old.Enabled:
		state = "Enabling"
	case !m.Enabled && old.Enabled:
		state = "Disabling"
	case !m.Enabled:
		state = ""
	}
	return a.told(by, m, state), nil
}

type mappingNameInput struct {
	UUID *string `rest:"label"`
}

// DeleteEventSourceMapping ends the work of a function on a queue.
func (a api) DeleteEventSourceMapping(ctx context.Context, in *mappingNameInput) (*mappingOutput, error) {
	by := wire.CallerFrom(ctx).Caller
	m, err := a.Delete(ctx, by, *in.UUID)
	if err != nil {
		return nil, err
	}
	return a.told(by, m, "Deleting"), nil
}

// GetEventSourceMapping returns a mapping.
func (a api) GetEventSourceMapping(ctx context.Context, in *mappingNameInput) (*mappingOutput, error) {
	by := wire.CallerFrom(ctx).Caller
	m, err := a.Get(by, *in.UUID)
	if err != nil {
		return nil, err
	}
	return a.told(by, m, ""), nil
}

type listMappingsInput struct {
	EventSourceArn *string `rest:"query"`
	FunctionName   *string `rest:"query"`
	Marker         *string `rest:"query"`
	MaxItems       *int    `rest:"query"`
}

type mappingsOutput struct {
	EventSourceMappings []mappingOutput `empty:"kept"`
	NextMarker          string          `json:",omitempty"`
}

// ListEventSourceMappings lists the mappings of an account, of a queue or of a function.
func (a api) ListEventSourceMappings(ctx context.Context, in *listMappingsInput) (*mappingsOutput, error) {
	by := wire.CallerFrom(ctx).Caller
	var function *catalog.Address
	if in.FunctionName != nil {
		at, err := catalog.ParseAddress(by.Place, *in.FunctionName, "")
		if err != nil {
			return nil, err
		}
		function = &at
	}
	limit := 100 // as at AWS
	if in.MaxItems != nil {
		limit = min(*in.MaxItems, limit)
	}
	rows, next, err := a.List(by, wire.Val(in.EventSourceArn), function, wire.Val(in.Marker), limit)
	if err != nil {
		return nil, err
	}
	out := &mappingsOutput{EventSourceMappings: []mappingOutput{}, NextMarker: next}
	for _, m := range rows {
		out.EventSourceMappings = append(out.EventSourceMappings, *a.told(by, m, ""))
	}
	return out, nil
}

// Named returns the UUID of the mapping that an ARN names, "" for one of something else.
func Named(at access.Place, resource string) string {
	uuid, ok := strings.CutPrefix(resource, ARN(at, ""))
	if !ok {
		return ""
	}
	return uuid
}

// Limits are what the inputs of the operations must satisfy.
var Limits = wire.Limits{
	"createMappingInput.EventSourceArn":           {Pattern: arnPattern},
	"createMappingInput.FunctionName":             {Required: true, Min: 1, Max: 140, Pattern: catalog.NamePattern},
	"createMappingInput.Tags":                     {Keys: &wire.Limit{Min: 1, Max: 128}, Each: &wire.Limit{Max: 256}},
	"mappingInput.BatchSize":                      {Min: 1, Max: 10_000},
	"mappingInput.MaximumBatchingWindowInSeconds": {HasMin: true, Max: 300},
	"mappingInput.FunctionResponseTypes":          {Max: 1, Each: &wire.Limit{Enum: []string{"ReportBatchItemFailures"}}},
	"FilterCriteria.Filters":                      {Max: 10},
	"Filter.Pattern":                              {Max: 4096},
	"ScalingConfig.MaximumConcurrency":            {Min: 2, Max: 1000},
	"updateMappingInput.FunctionName":             {Min: 1, Max: 140, Pattern: catalog.NamePattern},
	"updateMappingInput.UUID":                     {Required: true},
	"mappingNameInput.UUID":                       {Required: true},
	"listMappingsInput.EventSourceArn":            {Pattern: arnPattern},
	"listMappingsInput.FunctionName":              {Min: 1, Max: 140, Pattern: catalog.NamePattern},
	"listMappingsInput.MaxItems":                  {Min: 1, Max: 10_000},
}

const arnPattern = `arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:([a-z]{2}(-gov)?-[a-z]+-\d{1})?:(\d{12})?:(.*)`
