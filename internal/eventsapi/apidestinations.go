package eventsapi

import (
	"context"

	"github.com/dari-bus/dari/internal/destination"
	"github.com/dari-bus/dari/internal/wire"
)

func (a *api) apiDestinations() []wire.Operation {
	return []wire.Operation{
		wire.Op("CreateApiDestination", a.CreateApiDestination),
		wire.Op("DeleteApiDestination", a.DeleteApiDestination),
		wire.Op("DescribeApiDestination", a.DescribeApiDestination).Reads(),
		wire.Op("ListApiDestinations", a.ListApiDestinations).Reads(),
		wire.Op("UpdateApiDestination", a.UpdateApiDestination),
	}
}

// CreateApiDestinationInput is the input of CreateApiDestination.
type CreateApiDestinationInput struct {
	Name                         *string
	Description                  *string
	ConnectionArn                *string
	InvocationEndpoint           *string
	HttpMethod                   *string
	InvocationRateLimitPerSecond *int
}

// ApiDestinationChangeOutput is the output of the operations that make an API
// destination or change it.
type ApiDestinationChangeOutput struct {
	ApiDestinationArn   string
	ApiDestinationState string
	CreationTime        wire.Time
	LastModifiedTime    wire.Time
}

func kept(d destination.APIDestination, err error) (*ApiDestinationChangeOutput, error) {
	if err != nil {
		return nil, err
	}
	return &ApiDestinationChangeOutput{
		ApiDestinationArn: d.ARN, ApiDestinationState: activity(d),
		CreationTime: at(d.Created), LastModifiedTime: at(d.Modified),
	}, nil
}

func activity(d destination.APIDestination) string {
	if d.Active {
		return "ACTIVE"
	}
	return "INACTIVE"
}

// CreateApiDestination makes an API destination.
func (a *api) CreateApiDestination(ctx context.Context, in *CreateApiDestinationInput) (*ApiDestinationChangeOutput, error) {
	return kept(a.destinations.CreateAPIDestination(ctx, caller(ctx), destination.NewAPIDestination{
		Name: wire.Val(in.Name), Description: wire.Val(in.Description), ConnectionARN: wire.Val(in.ConnectionArn),
		Endpoint: wire.Val(in.InvocationEndpoint), Method: wire.Val(in.HttpMethod), Rate: wire.Val(in.InvocationRateLimitPerSecond),
	}))
}

// DeleteApiDestinationInput is the input of DeleteApiDestination.
type DeleteApiDestinationInput struct {
	Name *string
}

// DeleteApiDestination removes an API destination.
func (a *api) DeleteApiDestination(ctx context.Context, in *DeleteApiDestinationInput) (*wire.Empty, error) {
	return &wire.Empty{}, a.destinations.DeleteAPIDestination(ctx, caller(ctx), wire.Val(in.Name))
}

// DescribeApiDestinationInput is the input of DescribeApiDestination.
type DescribeApiDestinationInput struct {
	Name *string
}

// An ApiDestination is a row of ListApiDestinations, where it has no
// Description, and the output of DescribeApiDestination.
type ApiDestination struct {
	ApiDestinationArn            string
	Name                         string
	Description                  string `json:",omitempty"`
	ApiDestinationState          string
	ConnectionArn                string
	InvocationEndpoint           string
	HttpMethod                   string
	InvocationRateLimitPerSecond int
	CreationTime                 wire.Time
	LastModifiedTime             wire.Time
}

func apiDestinationOut(d destination.APIDestination) ApiDestination {
	return ApiDestination{
		ApiDestinationArn: d.ARN, Name: d.Name, Description: d.Description, ApiDestinationState: activity(d),
		ConnectionArn: d.ConnectionARN, InvocationEndpoint: d.Endpoint, HttpMethod: d.Method,
		InvocationRateLimitPerSecond: d.Rate,
		CreationTime:                 at(d.Created), LastModifiedTime: at(d.Modified),
	}
}

// DescribeApiDestination returns an API destination.
func (a *api) DescribeApiDestination(ctx context.Context, in *DescribeApiDestinationInput) (*ApiDestination, error) {
	d, err := a.destinations.DescribeAPIDestination(caller(ctx), wire.Val(in.Name))
	if err != nil {
		return nil, err
	}
	out := apiDestinationOut(d)
	return &out, nil
}

// ListApiDestinationsInput is the input of ListApiDestinations.
type ListApiDestinationsInput struct {
	NamePrefix    *string
	ConnectionArn *string
	NextToken     *string
	Limit         *int
}

// ListApiDestinationsOutput is the output of ListApiDestinations.
type ListApiDestinationsOutput struct {
	ApiDestinations []ApiDestination `empty:"kept"`
	NextToken       string           `json:",omitempty"`
}

// ListApiDestinations returns API destinations by name.
func (a *api) ListApiDestinations(ctx context.Context, in *ListApiDestinationsInput) (*ListApiDestinationsOutput, error) {
	filter := destination.APIDestinationFilter{Prefix: wire.Val(in.NamePrefix), ConnectionARN: wire.Val(in.ConnectionArn)}
	rows, next, err := a.destinations.ListAPIDestinations(caller(ctx), filter, wire.Val(in.NextToken), wire.Val(in.Limit))
	if err != nil {
		return nil, err
	}
	out := &ListApiDestinationsOutput{NextToken: next}
	for _, d := range rows {
		d.Description = ""
		out.ApiDestinations = append(out.ApiDestinations, apiDestinationOut(d))
	}
	return out, nil
}

// UpdateApiDestinationInput is the input of UpdateApiDestination.
type UpdateApiDestinationInput struct {
	Name                         *string
	Description                  *string
	ConnectionArn                *string
	InvocationEndpoint           *string
	HttpMethod                   *string
	InvocationRateLimitPerSecond *int
}

// UpdateApiDestination changes what is given of an API destination.
func (a *api) UpdateApiDestination(ctx context.Context, in *UpdateApiDestinationInput) (*ApiDestinationChangeOutput, error) {
	return kept(a.destinations.UpdateAPIDestination(ctx, caller(ctx), wire.Val(in.Name), destination.APIDestinationChange{
		Description: in.Description, ConnectionARN: in.ConnectionArn, Endpoint: in.InvocationEndpoint,
		Method: in.HttpMethod, Rate: in.InvocationRateLimitPerSecond,
	}))
}
