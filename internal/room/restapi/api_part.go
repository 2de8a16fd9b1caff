package restapi

import (
	"context"

	"github.com/dari-bus/dari/internal/room/restapi/definition"
	"github.com/dari-bus/dari/internal/wire"
)

func (a api) partRows() []wire.Operation {
	const (
		models      = "/restapis/{restapi_id}/models"
		model       = models + "/{model_name}"
		validators  = "/restapis/{restapi_id}/requestvalidators"
		validator   = validators + "/{requestvalidator_id}"
		authorizers = "/restapis/{restapi_id}/authorizers"
		authorizer  = authorizers + "/{authorizer_id}"
	)
	return []wire.Operation{
		wire.Op("CreateAuthorizer", a.CreateAuthorizer).At("POST "+authorizers, 201),
		wire.Op("CreateModel", a.CreateModel).At("POST "+models, 201),
		wire.Op("CreateRequestValidator", a.CreateRequestValidator).At("POST "+validators, 201),
		wire.Op("DeleteAuthorizer", a.DeleteAuthorizer).At("DELETE "+authorizer, 202),
		wire.Op("DeleteModel", a.DeleteModel).At("DELETE "+model, 202),
		wire.Op("DeleteRequestValidator", a.DeleteRequestValidator).At("DELETE "+validator, 202),
		wire.Op("GetAuthorizer", a.GetAuthorizer).At("GET "+authorizer, 200).Reads(),
		wire.Op("GetAuthorizers", a.GetAuthorizers).At("GET "+authorizers, 200).Reads(),
		wire.Op("GetModel", a.GetModel).At("GET "+model, 200).Reads(),
		wire.Op("GetModels", a.GetModels).At("GET "+models, 200).Reads(),
		wire.Op("GetRequestValidator", a.GetRequestValidator).At("GET "+validator, 200).Reads(),
		wire.Op("GetRequestValidators", a.GetRequestValidators).At("GET "+validators, 200).Reads(),
		wire.Op("UpdateAuthorizer", a.UpdateAuthorizer).At("PATCH "+authorizer, 200),
		wire.Op("UpdateModel", a.UpdateModel).At("PATCH "+model, 200),
		wire.Op("UpdateRequestValidator", a.UpdateRequestValidator).At("PATCH "+validator, 200),
	}
}

// listInput is the input of a list of what an API has.
type listInput struct {
	apiInput
	pageInput
}

type model struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Schema      string `json:"schema"`
	ContentType string `json:"contentType"`
}

func modelOf(m *definition.Model) *model {
	return &model{m.ID, m.Name, m.Description, m.Schema, m.Content}
}

type createModelInput struct {
	apiInput
	Name        *string `json:"name"`
	Description *string `json:"description"`
	Schema      *string `json:"schema"`
	ContentType *string `json:"contentType"`
}

// CreateModel makes a model.
func (a api) CreateModel(ctx context.Context, in *createModelInput) (*model, error) {
	m := &definition.Model{Name: *in.Name, Description: wire.Val(in.Description), Schema: wire.Val(in.Schema), Content: *in.ContentType}
	if err := a.Catalog.CreateModel(ctx, caller(ctx), *in.RestAPIID, m); err != nil {
		return nil, err
	}
	return modelOf(m), nil
}

type modelInput struct {
	apiInput
	ModelName *string `json:"modelName" rest:"label=model_name"`
}

type getModelInput struct {
	modelInput
	Flatten *bool `json:"flatten" rest:"query=flatten"`
}

// GetModel returns a model.
func (a api) GetModel(ctx context.Context, in *getModelInput) (*model, error) {
	if wire.Val(in.Flatten) {
		return nil, notOffered("flatten", "models are answered as they were made")
	}
	m, err := a.Models.Get(caller(ctx), *in.RestAPIID, *in.ModelName)
	if err != nil {
		return nil, err
	}
	return modelOf(m), nil
}

type modelsOutput struct {
	Position string  `json:"position,omitempty"`
	Items    []model `json:"item" empty:"kept"`
}

// GetModels lists the models of an API.
func (a api) GetModels(ctx context.Context, in *listInput) (*modelsOutput, error) {
	all, err := a.Models.List(caller(ctx), *in.RestAPIID)
	if err != nil {
		return nil, err
	}
	rows, next, err := pageOf(all, func(m *definition.Model) string { return m.Name }, &in.pageInput)
	if err != nil {
		return nil, err
	}
	out := &modelsOutput{Position: next}
	for _, m := range rows {
		out.Items = append(out.Items, *modelOf(m))
	}
	return out, nil
}

type updateModelInput struct {
	modelInput
	patchInput
}

// UpdateModel changes a model.
func (a api) UpdateModel(ctx context.Context, in *updateModelInput) (*model, error) {
	m, err := a.Models.Update(ctx, caller(ctx), *in.RestAPIID, *in.ModelName, in.operations(), nil)
	if err != nil {
		return nil, err
	}
	return modelOf(m), nil
}

// DeleteModel deletes a model that no method names.
func (a api) DeleteModel(ctx context.Context, in *modelInput) (*wire.None, error) {
	return &wire.None{}, a.Catalog.DeleteModel(ctx, caller(ctx), *in.RestAPIID, *in.ModelName)
}

type validator struct {
	ID                        string `json:"id"`
	Name                      string `json:"name,omitempty"`
	ValidateRequestBody       bool   `json:"validateRequestBody"`
	ValidateRequestParameters bool   `json:"validateRequestParameters"`
}

func validatorOf(v *definition.Validator) *validator {
	return &validator{v.ID, v.Name, v.Body, v.Parameters}
}

type createRequestValidatorInput struct {
	apiInput
	Name                      *string `json:"name"`
	ValidateRequestBody       *bool   `json:"validateRequestBody"`
	ValidateRequestParameters *bool   `json:"validateRequestParameters"`
}

// CreateRequestValidator makes a request validator.
func (a api) CreateRequestValidator(ctx context.Context, in *createRequestValidatorInput) (*validator, error) {
	v := &definition.Validator{Name: wire.Val(in.Name), Body: wire.Val(in.ValidateRequestBody), Parameters: wire.Val(in.ValidateRequestParameters)}
	if err := a.CreateValidator(ctx, caller(ctx), *in.RestAPIID, v); err != nil {
		return nil, err
	}
	return validatorOf(v), nil
}

type validatorInput struct {
	apiInput
	RequestValidatorID *string `json:"requestValidatorId" rest:"label=requestvalidator_id"`
}

// GetRequestValidator returns a request validator.
func (a api) GetRequestValidator(ctx context.Context, in *validatorInput) (*validator, error) {
	v, err := a.Validators.Get(caller(ctx), *in.RestAPIID, *in.RequestValidatorID)
	if err != nil {
		return nil, err
	}
	return validatorOf(v), nil
}

type validatorsOutput struct {
	Position string      `json:"position,omitempty"`
	Items    []validator `json:"item" empty:"kept"`
}

// GetRequestValidators lists the request validators of an API.
func (a api) GetRequestValidators(ctx context.Context, in *listInput) (*validatorsOutput, error) {
	all, err := a.Validators.List(caller(ctx), *in.RestAPIID)
	if err != nil {
		return nil, err
	}
	rows, next, err := pageOf(all, func(v *definition.Validator) string { return v.ID }, &in.pageInput)
	if err != nil {
		return nil, err
	}
	out := &validatorsOutput{Position: next}
	for _, v := range rows {
		out.Items = append(out.Items, *validatorOf(v))
	}
	return out, nil
}

type updateValidatorInput struct {
	validatorInput
	patchInput
}

// UpdateRequestValidator changes a request validator.
func (a api) UpdateRequestValidator(ctx context.Context, in *updateValidatorInput) (*validator, error) {
	v, err := a.Validators.Update(ctx, caller(ctx), *in.RestAPIID, *in.RequestValidatorID, in.operations(), nil)
	if err != nil {
		return nil, err
	}
	return validatorOf(v), nil
}

// DeleteRequestValidator deletes a request validator that no method names.
func (a api) DeleteRequestValidator(ctx context.Context, in *validatorInput) (*wire.None, error) {
	return &wire.None{}, a.DeleteValidator(ctx, caller(ctx), *in.RestAPIID, *in.RequestValidatorID)
}

type authorizer struct {
	ID                           string `json:"id"`
	Name                         string `json:"name"`
	Type                         string `json:"type"`
	AuthType                     string `json:"authType,omitempty"`
	AuthorizerURI                string `json:"authorizerUri"`
	AuthorizerCredentials        string `json:"authorizerCredentials,omitempty"`
	IdentitySource               string `json:"identitySource,omitempty"`
	IdentityValidationExpression string `json:"identityValidationExpression,omitempty"`
	AuthorizerResultTTLInSeconds int    `json:"authorizerResultTtlInSeconds"`
}

func authorizerOf(a *definition.Authorizer) *authorizer {
	return &authorizer{a.ID, a.Name, a.Type, a.AuthType, a.URI, a.Credentials, a.Source, a.Validation, a.TTLSeconds}
}

type createAuthorizerInput struct {
	apiInput
	Name                         *string  `json:"name"`
	Type                         *string  `json:"type"`
	ProviderARNs                 []string `json:"providerARNs"`
	AuthType                     *string  `json:"authType"`
	AuthorizerURI                *string  `json:"authorizerUri"`
	AuthorizerCredentials        *string  `json:"authorizerCredentials"`
	IdentitySource               *string  `json:"identitySource"`
	IdentityValidationExpression *string  `json:"identityValidationExpression"`
	AuthorizerResultTTLInSeconds *int     `json:"authorizerResultTtlInSeconds"`
}

// CreateAuthorizer makes an authorizer.
func (a api) CreateAuthorizer(ctx context.Context, in *createAuthorizerInput) (*authorizer, error) {
	if len(in.ProviderARNs) > 0 {
		return nil, notOffered("providerARNs", "there are no user pools")
	}
	made := &definition.Authorizer{
		Name: *in.Name, Type: *in.Type, AuthType: wire.Val(in.AuthType), URI: wire.Val(in.AuthorizerURI), Credentials: wire.Val(in.AuthorizerCredentials),
		Source: wire.Val(in.IdentitySource), Validation: wire.Val(in.IdentityValidationExpression), TTLSeconds: definition.DefaultTTL,
	}
	if in.AuthorizerResultTTLInSeconds != nil {
		made.TTLSeconds = *in.AuthorizerResultTTLInSeconds
	}
	if err := a.Catalog.CreateAuthorizer(ctx, caller(ctx), *in.RestAPIID, made); err != nil {
		return nil, err
	}
	return authorizerOf(made), nil
}

type authorizerInput struct {
	apiInput
	AuthorizerID *string `json:"authorizerId" rest:"label=authorizer_id"`
}

// GetAuthorizer returns an authorizer.
func (a api) GetAuthorizer(ctx context.Context, in *authorizerInput) (*authorizer, error) {
	found, err := a.Authorizers.Get(caller(ctx), *in.RestAPIID, *in.AuthorizerID)
	if err != nil {
		return nil, err
	}
	return authorizerOf(found), nil
}

type authorizersOutput struct {
	Position string       `json:"position,omitempty"`
	Items    []authorizer `json:"item" empty:"kept"`
}

// GetAuthorizers lists the authorizers of an API.
func (a api) GetAuthorizers(ctx context.Context, in *listInput) (*authorizersOutput, error) {
	all, err := a.Authorizers.List(caller(ctx), *in.RestAPIID)
	if err != nil {
		return nil, err
	}
	rows, next, err := pageOf(all, func(a *definition.Authorizer) string { return a.ID }, &in.pageInput)
	if err != nil {
		return nil, err
	}
	out := &authorizersOutput{Position: next}
	for _, r := range rows {
		out.Items = append(out.Items, *authorizerOf(r))
	}
	return out, nil
}

type updateAuthorizerInput struct {
	authorizerInput
	patchInput
}

// UpdateAuthorizer changes an authorizer.
func (a api) UpdateAuthorizer(ctx context.Context, in *updateAuthorizerInput) (*authorizer, error) {
	by := caller(ctx)
	changed, err := a.Authorizers.Update(ctx, by, *in.RestAPIID, *in.AuthorizerID, in.operations(), a.MayAuthorize(by))
	if err != nil {
		return nil, err
	}
	return authorizerOf(changed), nil
}

// DeleteAuthorizer deletes an authorizer that no method names.
func (a api) DeleteAuthorizer(ctx context.Context, in *authorizerInput) (*wire.None, error) {
	return &wire.None{}, a.Catalog.DeleteAuthorizer(ctx, caller(ctx), *in.RestAPIID, *in.AuthorizerID)
}
