package restapi

import (
	"context"
	"slices"

	"github.com/dari-bus/dari/internal/room/restapi/definition"
	"github.com/dari-bus/dari/internal/wire"
)

func (a api) gatewayRows() []wire.Operation {
	const (
		all = "/restapis/{restapi_id}/gatewayresponses"
		one = all + "/{response_type}"
	)
	return []wire.Operation{
		wire.Op("DeleteGatewayResponse", a.DeleteGatewayResponse).At("DELETE "+one, 202),
		wire.Op("GetGatewayResponse", a.GetGatewayResponse).At("GET "+one, 200).Reads(),
		wire.Op("GetGatewayResponses", a.GetGatewayResponses).At("GET "+all, 200).Reads(),
		wire.Op("PutGatewayResponse", a.PutGatewayResponse).At("PUT "+one, 201),
		wire.Op("UpdateGatewayResponse", a.UpdateGatewayResponse).At("PATCH "+one, 200),
	}
}

type gatewayResponse struct {
	ResponseType       string            `json:"responseType"`
	StatusCode         string            `json:"statusCode,omitempty"`
	ResponseParameters map[string]string `json:"responseParameters" empty:"kept"`
	ResponseTemplates  map[string]string `json:"responseTemplates" empty:"kept"`
	DefaultResponse    bool              `json:"defaultResponse"`
}

func gatewayResponseOf(all definition.Responses, kind string) *gatewayResponse {
	g, set := all.Of(kind)
	if g.Parameters == nil {
		g.Parameters = map[string]string{}
	}
	return &gatewayResponse{kind, g.Status, g.Parameters, g.Templates, !set}
}

type gatewayInput struct {
	apiInput
	ResponseType *string `json:"responseType" rest:"label=response_type"`
}

// GetGatewayResponse returns what an API answers itself in some case.
func (a api) GetGatewayResponse(ctx context.Context, in *gatewayInput) (*gatewayResponse, error) {
	all, err := a.Responses(caller(ctx), *in.RestAPIID, *in.ResponseType)
	if err != nil {
		return nil, err
	}
	return gatewayResponseOf(all, *in.ResponseType), nil
}

type gatewayResponsesOutput struct {
	Position string            `json:"position,omitempty"`
	Items    []gatewayResponse `json:"item" empty:"kept"`
}

// GetGatewayResponses lists what an API answers itself, in all cases.
func (a api) GetGatewayResponses(ctx context.Context, in *listInput) (*gatewayResponsesOutput, error) {
	all, err := a.Responses(caller(ctx), *in.RestAPIID, "")
	if err != nil {
		return nil, err
	}
	kinds := slices.Sorted(slices.Values(definition.ResponseTypes))
	if in.Limit == nil { // all of them are one page, as at AWS
		in.Limit = new(int)
		*in.Limit = len(kinds)
	}
	rows, next, err := pageOf(kinds, func(kind string) string { return kind }, &in.pageInput)
	if err != nil {
		return nil, err
	}
	out := &gatewayResponsesOutput{Position: next}
	for _, kind := range rows {
		out.Items = append(out.Items, *gatewayResponseOf(all, kind))
	}
	return out, nil
}

type putGatewayResponseInput struct {
	gatewayInput
	StatusCode         *string           `json:"statusCode"`
	ResponseParameters map[string]string `json:"responseParameters"`
	ResponseTemplates  map[string]string `json:"responseTemplates"`
}

// PutGatewayResponse sets what an API answers itself in some case.
func (a api) PutGatewayResponse(ctx context.Context, in *putGatewayResponseInput) (*gatewayResponse, error) {
	g := &definition.GatewayResponse{Type: *in.ResponseType, Status: wire.Val(in.StatusCode), Parameters: in.ResponseParameters, Templates: in.ResponseTemplates}
	if err := a.Catalog.PutGatewayResponse(ctx, caller(ctx), *in.RestAPIID, g); err != nil {
		return nil, err
	}
	return gatewayResponseOf(definition.Responses{g.Type: g}, g.Type), nil
}

type updateGatewayInput struct {
	gatewayInput
	patchInput
}

// UpdateGatewayResponse changes what an API answers itself in some case.
func (a api) UpdateGatewayResponse(ctx context.Context, in *updateGatewayInput) (*gatewayResponse, error) {
	g, err := a.Catalog.UpdateGatewayResponse(ctx, caller(ctx), *in.RestAPIID, *in.ResponseType, in.operations())
	if err != nil {
		return nil, err
	}
	return gatewayResponseOf(definition.Responses{g.Type: g}, g.Type), nil
}

// DeleteGatewayResponse has an API answer in some case as usual.
func (a api) DeleteGatewayResponse(ctx context.Context, in *gatewayInput) (*wire.None, error) {
	return &wire.None{}, a.Catalog.DeleteGatewayResponse(ctx, caller(ctx), *in.RestAPIID, *in.ResponseType)
}
