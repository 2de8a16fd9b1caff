package provision

import (
	"context"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/room/function/catalog"
	"github.com/dari-bus/dari/internal/wire"
)

// api is the door of what is provisioned, which is a part of that of functions.
type api struct{ *Provisions }

// Operations are those of Lambda that are about provisioned concurrency.
func Operations(p *Provisions) []wire.Operation {
	a := api{p}
	const path = "/2019-09-30/functions/{FunctionName}/provisioned-concurrency"
	return []wire.Operation{
		wire.Op("DeleteProvisionedConcurrencyConfig", a.DeleteProvisionedConcurrencyConfig).At("DELETE "+path, 204),
		wire.Op("GetProvisionedConcurrencyConfig", a.GetProvisionedConcurrencyConfig).At("GET "+path, 200).Reads(),
		wire.Op("ListProvisionedConcurrencyConfigs", a.ListProvisionedConcurrencyConfigs).At("GET "+path+"?List=ALL", 200).Reads(),
		wire.Op("PutProvisionedConcurrencyConfig", a.PutProvisionedConcurrencyConfig).At("PUT "+path, 202),
	}
}

// Limits are what the inputs of the operations must satisfy.
var Limits = wire.Limits{
	"provisionInput.FunctionName":                       nameLimit,
	"provisionInput.Qualifier":                          qualifierLimit,
	"putProvisionInput.ProvisionedConcurrentExecutions": {Required: true, Min: 1},
	"listProvisionsInput.FunctionName":                  nameLimit,
	"listProvisionsInput.MaxItems":                      {Min: 1, Max: 50},
}

var (
	nameLimit      = wire.Limit{Required: true, Min: 1, Max: 140, Pattern: catalog.NamePattern}
	qualifierLimit = wire.Limit{Required: true, Min: 1, Max: 128, Pattern: `(|[a-zA-Z0-9$_-]+)`}
)

type provisionInput struct {
	FunctionName *string `rest:"label"`
	Qualifier    *string `rest:"query"`
}

func (in *provisionInput) at(by access.Caller) (catalog.Address, error) {
	return catalog.ParseAddress(by.Place, *in.FunctionName, *in.Qualifier)
}

type provisionOutput struct {
	AllocatedProvisionedConcurrentExecutions int
	AvailableProvisionedConcurrentExecutions int
	LastModified                             string
	RequestedProvisionedConcurrentExecutions int
	Status                                   string
	StatusReason                             string `json:",omitempty"`
}

// told is how things stand with what is kept of a function.
func (a api) told(at catalog.Address, row *Provision) provisionOutput {
	out := provisionOutput{
		RequestedProvisionedConcurrentExecutions: row.Requested, Status: "IN_PROGRESS",
		LastModified: time.UnixMilli(row.Modified).UTC().Format("2006-01-02T15:04:05+0000"),
	}
	f, err := a.opt.Functions.Find(at.With(row.Qualifier))
	if err != nil {
		return out // it has just been deleted
	}
	r := a.opt.Environments.Kept(f)
	out.AllocatedProvisionedConcurrentExecutions, out.AvailableProvisionedConcurrentExecutions = min(r.Ready, row.Requested), min(r.Free, row.Requested)
	switch {
	case r.Ready >= row.Requested:
		out.Status = "READY"
	case r.Problem != "":
		out.Status, out.StatusReason = "FAILED", r.Problem
	}
	return out
}

type putProvisionInput struct {
	provisionInput
	ProvisionedConcurrentExecutions *int
}

// PutProvisionedConcurrencyConfig has environments of a version kept ready.
func (a api) PutProvisionedConcurrencyConfig(ctx context.Context, in *putProvisionInput) (*provisionOutput, error) {
	by := wire.CallerFrom(ctx).Caller
	at, err := in.at(by)
	if err != nil {
		return nil, err
	}
	row, err := a.Put(ctx, by, at, *in.ProvisionedConcurrentExecutions)
	if err != nil {
		return nil, err
	}
	out := a.told(at, row)
	return &out, nil
}

// GetProvisionedConcurrencyConfig says how many environments of a version are ready.
func (a api) GetProvisionedConcurrencyConfig(ctx context.Context, in *provisionInput) (*provisionOutput, error) {
	by := wire.CallerFrom(ctx).Caller
	at, err := in.at(by)
	if err != nil {
		return nil, err
	}
	row, err := a.Get(by, at)
	if err != nil {
		return nil, err
	}
	out := a.told(at, row)
	return &out, nil
}

// DeleteProvisionedConcurrencyConfig has none kept any more.
func (a api) DeleteProvisionedConcurrencyConfig(ctx context.Context, in *provisionInput) (*wire.None, error) {
	by := wire.CallerFrom(ctx).Caller
	at, err := in.at(by)
	if err != nil {
		return nil, err
	}
	return &wire.None{}, a.Delete(ctx, by, at)
}

type listProvisionsInput struct {
	FunctionName *string `rest:"label"`
	Marker       *string `rest:"query"`
	MaxItems     *int    `rest:"query"`
}

// provisionItem is one in a list.
type provisionItem struct {
	provisionOutput
	FunctionArn string
}

type provisionsOutput struct {
	NextMarker                    string          `json:",omitempty"`
	ProvisionedConcurrencyConfigs []provisionItem `empty:"kept"`
}

// ListProvisionedConcurrencyConfigs lists what is kept of a function.
func (a api) ListProvisionedConcurrencyConfigs(ctx context.Context, in *listProvisionsInput) (*provisionsOutput, error) {
	by := wire.CallerFrom(ctx).Caller
	at, err := catalog.ParseAddress(by.Place, *in.FunctionName, "")
	if err != nil {
		return nil, err
	}
	at = at.Whole()
	limit := 50 // as at AWS
	if in.MaxItems != nil {
		limit = *in.MaxItems
	}
	rows, next, err := a.List(by, at, wire.Val(in.Marker), limit)
	if err != nil {
		return nil, err
	}
	out := &provisionsOutput{NextMarker: next, ProvisionedConcurrencyConfigs: []provisionItem{}}
	for _, row := range rows {
		out.ProvisionedConcurrencyConfigs = append(out.ProvisionedConcurrencyConfigs, provisionItem{a.told(at, row), at.With(row.Qualifier).ARN()})
	}
	return out, nil
}
