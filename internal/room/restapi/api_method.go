package restapi

import (
	"context"

	"github.com/dari-bus/dari/internal/room/restapi/catalog"
	"github.com/dari-bus/dari/internal/room/restapi/definition"
	"github.com/dari-bus/dari/internal/wire"
)

const oneMethod = "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}"

func (a api) methodRows() []wire.Operation {
	const response = oneMethod + "/responses/{status_code}"
	return []wire.Operation{
		wire.Op("DeleteMethod", a.DeleteMethod).At("DELETE "+oneMethod, 204),
		wire.Op("DeleteMethodResponse", a.DeleteMethodResponse).At("DELETE "+response, 204),
		wire.Op("GetMethod", a.GetMethod).At("GET "+oneMethod, 200).Reads(),
		wire.Op("GetMethodResponse", a.GetMethodResponse).At("GET "+response, 200).Reads(),
		wire.Op("PutMethod", a.PutMethod).At("PUT "+oneMethod, 201),
		wire.Op("PutMethodResponse", a.PutMethodResponse).At("PUT "+response, 201),
		wire.Op("UpdateMethod", a.UpdateMethod).At("PATCH "+oneMethod, 200),
		wire.Op("UpdateMethodResponse", a.UpdateMethodResponse).At("PATCH "+response, 201),
	}
}

type method struct {
	HTTPMethod          string                    `json:"httpMethod,omitempty"`
	AuthorizationType   string                    `json:"authorizationType,omitempty"`
	AuthorizerID        string                    `json:"authorizerId,omitempty"`
	APIKeyRequired      *bool                     `json:"apiKeyRequired"`
	RequestValidatorID  string                    `json:"requestValidatorId,omitempty"`
	OperationName       string                    `json:"operationName,omitempty"`
	RequestParameters   map[string]bool           `json:"requestParameters,omitempty"`
	RequestModels       map[string]string         `json:"requestModels,omitempty"`
	MethodResponses     map[string]methodResponse `json:"methodResponses,omitempty"`
	MethodIntegration   *integration              `json:"methodIntegration"`
	AuthorizationScopes []string                  `json:"authorizationScopes,omitempty"`
}

func methodOf(verb string, m *definition.Method) *method {
	out := &method{
		HTTPMethod: verb, AuthorizationType: m.Authorization, AuthorizerID: m.Authorizer, APIKeyRequired: &m.NeedsKey, RequestValidatorID: m.Validator,
		OperationName: m.Operation, RequestParameters: m.Parameters, RequestModels: m.Models, MethodResponses: map[string]methodResponse{}, AuthorizationScopes: m.Scopes,
	}
	for status, r := range m.Responses {
		out.MethodResponses[status] = *methodResponseOf(status, r)
	}
	if m.Integration != nil {
		out.MethodIntegration = integrationOf(m.Integration)
	}
	return out
}

type methodInput struct {
	resourceInput
	HTTPMethod *string `json:"httpMethod" rest:"label=http_method"`
}

// at is where the method is.
func (in *methodInput) at() catalog.At {
	return catalog.At{API: *in.RestAPIID, Resource: *in.ResourceID, Verb: *in.HTTPMethod}
}

type putMethodInput struct {
	methodInput
	AuthorizationType   *string           `json:"authorizationType"`
	AuthorizerID        *string           `json:"authorizerId"`
	APIKeyRequired      *bool             `json:"apiKeyRequired"`
	OperationName       *string           `json:"operationName"`
	RequestParameters   map[string]bool   `json:"requestParameters"`
	RequestModels       map[string]string `json:"requestModels"`
	RequestValidatorID  *string           `json:"requestValidatorId"`
	AuthorizationScopes []string          `json:"authorizationScopes"`
}

// PutMethod makes a method.
func (a api) PutMethod(ctx context.Context, in *putMethodInput) (*method, error) {
	m := &definition.Method{
		Authorization: *in.AuthorizationType, Authorizer: wire.Val(in.AuthorizerID), NeedsKey: wire.Val(in.APIKeyRequired), Operation: wire.Val(in.OperationName),
		Parameters: in.RequestParameters, Models: in.RequestModels, Validator: wire.Val(in.RequestValidatorID), Scopes: in.AuthorizationScopes,
	}
	if err := a.Catalog.PutMethod(ctx, caller(ctx), in.at(), m); err != nil {
		return nil, err
	}
	return methodOf(*in.HTTPMethod, m), nil
}

// GetMethod returns a method.
func (a api) GetMethod(ctx context.Context, in *methodInput) (*method, error) {
	m, err := a.Method(caller(ctx), in.at())
	if err != nil {
		return nil, err
	}
	return methodOf(*in.HTTPMethod, m), nil
}

type updateMethodInput struct {
	methodInput
	patchInput
}

// UpdateMethod changes a method.
func (a api) UpdateMethod(ctx context.Context, in *updateMethodInput) (*method, error) {
	m, err := a.Catalog.UpdateMethod(ctx, caller(ctx), in.at(), in.operations())
	if err != nil {
		return nil, err
	}
	return methodOf(*in.HTTPMethod, m), nil
}

// DeleteMethod deletes a method.
func (a api) DeleteMethod(ctx context.Context, in *methodInput) (*wire.None, error) {
	return &wire.None{}, a.Catalog.DeleteMethod(ctx, caller(ctx), in.at())
}

type methodResponse struct {
	StatusCode         string            `json:"statusCode"`
	ResponseParameters map[string]bool   `json:"responseParameters,omitempty"`
	ResponseModels     map[string]string `json:"responseModels,omitempty"`
}

func methodResponseOf(status string, r *definition.MethodResponse) *methodResponse {
	return &methodResponse{status, r.Parameters, r.Models}
}

type statusInput struct {
	methodInput
	StatusCode *string `json:"statusCode" rest:"label=status_code"`
}

type putMethodResponseInput struct {
	statusInput
	ResponseParameters map[string]bool   `json:"responseParameters"`
	ResponseModels     map[string]string `json:"responseModels"`
}

// PutMethodResponse says what a method may answer with a status.
func (a api) PutMethodResponse(ctx context.Context, in *putMethodResponseInput) (*methodResponse, error) {
	r := &definition.MethodResponse{Parameters: in.ResponseParameters, Models: in.ResponseModels}
	if err := a.PutResponse(ctx, caller(ctx), in.at(), *in.StatusCode, r); err != nil {
		return nil, err
	}
	return methodResponseOf(*in.StatusCode, r), nil
}

// GetMethodResponse returns what a method may answer with a status.
func (a api) GetMethodResponse(ctx context.Context, in *statusInput) (*methodResponse, error) {
	r, err := a.Response(caller(ctx), in.at(), *in.StatusCode)
	if err != nil {
		return nil, err
	}
	return methodResponseOf(*in.StatusCode, r), nil
}

type updateStatusInput struct {
	statusInput
	patchInput
}

// UpdateMethodResponse changes what a method may answer with a status.
func (a api) UpdateMethodResponse(ctx context.Context, in *updateStatusInput) (*methodResponse, error) {
	r, err := a.UpdateResponse(ctx, caller(ctx), in.at(), *in.StatusCode, in.operations())
	if err != nil {
		return nil, err
	}
	return methodResponseOf(*in.StatusCode, r), nil
}

// DeleteMethodResponse takes away what a method may answer with a status.
func (a api) DeleteMethodResponse(ctx context.Context, in *statusInput) (*wire.None, error) {
	return &wire.None{}, a.DeleteResponse(ctx, caller(ctx), in.at(), *in.StatusCode)
}
