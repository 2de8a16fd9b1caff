package eventsapi

import (
	"context"

	"github.com/dari-bus/dari/internal/bus"
	"github.com/dari-bus/dari/internal/wire"
)

func (a *api) buses() []wire.Operation {
	return []wire.Operation{
		wire.Op("CreateEventBus", a.CreateEventBus),
		wire.Op("DeleteEventBus", a.DeleteEventBus),
		wire.Op("DescribeEventBus", a.DescribeEventBus).Reads(),
		wire.Op("ListEventBuses", a.ListEventBuses).Reads(),
		wire.Op("UpdateEventBus", a.UpdateEventBus),
	}
}

// A LogConfig says what a bus should log.
type LogConfig struct {
	IncludeDetail *string `json:",omitempty"`
	Level         *string `json:",omitempty"`
}

func (c *LogConfig) in() *bus.LogConfig {
	if c == nil {
		return nil
	}
	return &bus.LogConfig{IncludeDetail: wire.Val(c.IncludeDetail), Level: wire.Val(c.Level)}
}

func logConfig(c *bus.LogConfig) *LogConfig {
	if c == nil {
		return nil
	}
	return &LogConfig{IncludeDetail: wire.Opt(c.IncludeDetail), Level: wire.Opt(c.Level)}
}

// CreateEventBusInput is the input of CreateEventBus.
type CreateEventBusInput struct {
	Name             *string
	EventSourceName  *string
	Description      *string
	KmsKeyIdentifier *string
	DeadLetterConfig *DeadLetterConfig
	LogConfig        *LogConfig
	Tags             []Tag
}

// CreateEventBusOutput is the output of CreateEventBus.
type CreateEventBusOutput struct {
	EventBusArn      string
	Description      string            `json:",omitempty"`
	KmsKeyIdentifier string            `json:",omitempty"`
	DeadLetterConfig *DeadLetterConfig `json:",omitempty"`
	LogConfig        *LogConfig        `json:",omitempty"`
}

// CreateEventBus makes an event bus.
func (a *api) CreateEventBus(ctx context.Context, in *CreateEventBusInput) (*CreateEventBusOutput, error) {
	b, err := a.bus.CreateEventBus(ctx, caller(ctx), bus.NewBus{
		Name: wire.Val(in.Name), EventSource: wire.Val(in.EventSourceName), Description: wire.Val(in.Description),
		KMSKey: wire.Val(in.KmsKeyIdentifier), DeadLetter: in.DeadLetterConfig.arn(), Log: in.LogConfig.in(), Tags: tagsIn(in.Tags),
	})
	if err != nil {
		return nil, err
	}
	return &CreateEventBusOutput{
		EventBusArn: b.ARN, Description: b.Description, KmsKeyIdentifier: b.KMSKey,
		DeadLetterConfig: deadLetterConfig(b.DeadLetter), LogConfig: logConfig(b.Log),
	}, nil
}

// DeleteEventBusInput is the input of DeleteEventBus.
type DeleteEventBusInput struct {
	Name *string
}

// DeleteEventBus removes an event bus that has no rules.
func (a *api) DeleteEventBus(ctx context.Context, in *DeleteEventBusInput) (*wire.None, error) {
	return &wire.None{}, a.bus.DeleteEventBus(ctx, caller(ctx), wire.Val(in.Name))
}

// DescribeEventBusInput is the input of DescribeEventBus.
type DescribeEventBusInput struct {
	Name *string
}

// DescribeEventBusOutput is the output of DescribeEventBus.
type DescribeEventBusOutput struct {
	Name             string
	Arn              string
	Description      string            `json:",omitempty"`
	KmsKeyIdentifier string            `json:",omitempty"`
	DeadLetterConfig *DeadLetterConfig `json:",omitempty"`
	Policy           string            `json:",omitempty"`
	LogConfig        *LogConfig        `json:",omitempty"`
	CreationTime     wire.Time
	LastModifiedTime wire.Time
}

// DescribeEventBus returns the attributes of an event bus.
func (a *api) DescribeEventBus(ctx context.Context, in *DescribeEventBusInput) (*DescribeEventBusOutput, error) {
	b, err := a.bus.DescribeEventBus(caller(ctx), wire.Val(in.Name))
	if err != nil {
		return nil, err
	}
	return &DescribeEventBusOutput{
		Name: b.Name, Arn: b.ARN, Description: b.Description, KmsKeyIdentifier: b.KMSKey,
		DeadLetterConfig: deadLetterConfig(b.DeadLetter), Policy: b.Policy, LogConfig: logConfig(b.Log),
		CreationTime: at(b.Created), LastModifiedTime: at(b.Modified),
	}, nil
}

// ListEventBusesInput is the input of ListEventBuses.
type ListEventBusesInput struct {
	NamePrefix *string
	NextToken  *string
	Limit      *int
}

// ListEventBusesOutput is the output of ListEventBuses.
type ListEventBusesOutput struct {
	EventBuses []EventBus `empty:"kept"`
	NextToken  string     `json:",omitempty"`
}

// An EventBus is a row of ListEventBuses.
type EventBus struct {
	Name             string
	Arn              string
	Description      string `json:",omitempty"`
	Policy           string `json:",omitempty"`
	CreationTime     wire.Time
	LastModifiedTime wire.Time
}

// ListEventBuses returns event buses by name.
func (a *api) ListEventBuses(ctx context.Context, in *ListEventBusesInput) (*ListEventBusesOutput, error) {
	buses, next, err := a.bus.ListEventBuses(caller(ctx), wire.Val(in.NamePrefix), wire.Val(in.NextToken), wire.Val(in.Limit))
	if err != nil {
		return nil, err
	}
	out := &ListEventBusesOutput{NextToken: next}
	for _, b := range buses {
		out.EventBuses = append(out.EventBuses, EventBus{
			Name: b.Name, Arn: b.ARN, Description: b.Description, Policy: b.Policy,
			CreationTime: at(b.Created), LastModifiedTime: at(b.Modified),
		})
	}
	return out, nil
}

// UpdateEventBusInput is the input of UpdateEventBus.
type UpdateEventBusInput struct {
	Name             *string
	KmsKeyIdentifier *string
	Description      *string
	DeadLetterConfig *DeadLetterConfig
	LogConfig        *LogConfig
}

// UpdateEventBusOutput is the output of UpdateEventBus.
type UpdateEventBusOutput struct {
	Arn              string
	Name             string
	KmsKeyIdentifier string            `json:",omitempty"`
	Description      string            `json:",omitempty"`
	DeadLetterConfig *DeadLetterConfig `json:",omitempty"`
	LogConfig        *LogConfig        `json:",omitempty"`
}

// UpdateEventBus changes attributes of an event bus. An empty string or an
// empty DeadLetterConfig unsets one.
func (a *api) UpdateEventBus(ctx context.Context, in *UpdateEventBusInput) (*UpdateEventBusOutput, error) {
	change := bus.BusChange{Description: in.Description, KMSKey: in.KmsKeyIdentifier, Log: in.LogConfig.in()}
	if in.DeadLetterConfig != nil {
		arn := in.DeadLetterConfig.arn()
		change.DeadLetter = &arn
	}
	b, err := a.bus.UpdateEventBus(ctx, caller(ctx), wire.Val(in.Name), change)
	if err != nil {
		return nil, err
	}
	return &UpdateEventBusOutput{
		Arn: b.ARN, Name: b.Name, KmsKeyIdentifier: b.KMSKey, Description: b.Description,
		DeadLetterConfig: deadLetterConfig(b.DeadLetter), LogConfig: logConfig(b.Log),
	}, nil
}
