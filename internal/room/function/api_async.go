package function

import (
	"context"
	"time"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/function/catalog"
	"github.com/dari-bus/dari/internal/wire"
)

func (a api) asyncRows() []wire.Operation {
	const config = "/2019-09-25/functions/{FunctionName}/event-invoke-config"
	return []wire.Operation{
		wire.Op("DeleteFunctionEventInvokeConfig", a.DeleteFunctionEventInvokeConfig).At("DELETE "+config, 204),
		wire.Op("GetFunctionEventInvokeConfig", a.GetFunctionEventInvokeConfig).At("GET "+config, 200).Reads(),
		wire.Op("ListFunctionEventInvokeConfigs", a.ListFunctionEventInvokeConfigs).At("GET "+config+"/list", 200).Reads(),
		wire.Op("PutFunctionEventInvokeConfig", a.PutFunctionEventInvokeConfig).At("PUT "+config, 200),
		wire.Op("UpdateFunctionEventInvokeConfig", a.UpdateFunctionEventInvokeConfig).At("POST "+config, 200),
	}
}

// Destination is who is told how an invocation went.
type Destination struct{ Destination *string }

// DestinationConfig says who is told of successes and failures.
type DestinationConfig struct{ OnSuccess, OnFailure *Destination }

type asyncInput struct {
	qualifiedInput
	MaximumRetryAttempts     *int
	MaximumEventAgeInSeconds *int
	DestinationConfig        *DestinationConfig
}

type asyncOutput struct {
	LastModified             wire.Time
	FunctionArn              string
	MaximumRetryAttempts     *int
	MaximumEventAgeInSeconds *int
	DestinationConfig        *DestinationConfig
}

func asyncOf(at catalog.Address, as *catalog.Async) asyncOutput {
	if at = at.With(as.Qualifier); as.Qualifier == "" {
		at = at.With(catalog.Latest)
	}
	return asyncOutput{
		LastModified: wire.At(time.UnixMilli(as.Modified)), FunctionArn: at.ARN(),
		MaximumRetryAttempts: as.Retries, MaximumEventAgeInSeconds: as.MaxAge,
		DestinationConfig: &DestinationConfig{&Destination{wire.Opt(as.OnSuccess)}, &Destination{wire.Opt(as.OnFailure)}},
	}
}

func (in *asyncInput) settings() (s catalog.AsyncSettings, err error) {
	if in.MaximumRetryAttempts == nil && in.MaximumEventAgeInSeconds == nil && in.DestinationConfig == nil {
		return s, fault.Invalid("You must specify at least one of error handling or destination setting.")
	}
	s = catalog.AsyncSettings{Retries: in.MaximumRetryAttempts, MaxAge: in.MaximumEventAgeInSeconds}
	if d := in.DestinationConfig; d != nil {
		if d.OnSuccess != nil {
			s.OnSuccess = wire.Val(d.OnSuccess.Destination)
		}
		if d.OnFailure != nil {
			s.OnFailure = wire.Val(d.OnFailure.Destination)
		}
	}
	return s, nil
}

// PutFunctionEventInvokeConfig says what becomes of asynchronous events.
func (a api) PutFunctionEventInvokeConfig(ctx context.Context, in *asyncInput) (*asyncOutput, error) {
	return a.setAsync(ctx, in, false)
}

// UpdateFunctionEventInvokeConfig changes some of it.
func (a api) UpdateFunctionEventInvokeConfig(ctx context.Context, in *asyncInput) (*asyncOutput, error) {
	return a.setAsync(ctx, in, true)
}

func (a api) setAsync(ctx context.Context, in *asyncInput, merge bool) (*asyncOutput, error) {
	by := caller(ctx)
	at, err := of(by, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	s, err := in.settings()
	if err != nil {
		return nil, err
	}
	as, err := a.SetAsync(ctx, by, at, s, merge)
	if err != nil {
		return nil, err
	}
	out := asyncOf(at, as)
	return &out, nil
}

// GetFunctionEventInvokeConfig returns what becomes of asynchronous events.
func (a api) GetFunctionEventInvokeConfig(ctx context.Context, in *qualifiedInput) (*asyncOutput, error) {
	by := caller(ctx)
	at, err := of(by, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	as, err := a.Async(by, at)
	if err != nil {
		return nil, err
	}
	out := asyncOf(at, as)
	return &out, nil
}

// DeleteFunctionEventInvokeConfig takes the settings away.
func (a api) DeleteFunctionEventInvokeConfig(ctx context.Context, in *qualifiedInput) (*wire.None, error) {
	by := caller(ctx)
	at, err := of(by, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	return &wire.None{}, a.ForgetAsync(ctx, by, at)
}

type asyncsOutput struct {
	FunctionEventInvokeConfigs []asyncOutput `empty:"kept"`
	NextMarker                 string        `json:",omitempty"`
}

// ListFunctionEventInvokeConfigs lists the settings of all qualifiers of a function.
func (a api) ListFunctionEventInvokeConfigs(ctx context.Context, in *pageInput) (*asyncsOutput, error) {
	by := caller(ctx)
	at, err := unqualified(by, in.FunctionName)
	if err != nil {
		return nil, err
	}
	all, err := a.Asyncs(by, at)
	if err != nil {
		return nil, err
	}
	rows, next, err := catalog.Page(all, func(as *catalog.Async) string { return as.Qualifier + "/" }, wire.Val(in.Marker), limitOf(in.MaxItems))
	if err != nil {
		return nil, err
	}
	out := &asyncsOutput{NextMarker: next, FunctionEventInvokeConfigs: []asyncOutput{}}
	for _, as := range rows {
		out.FunctionEventInvokeConfigs = append(out.FunctionEventInvokeConfigs, asyncOf(at, as))
	}
	return out, nil
}
