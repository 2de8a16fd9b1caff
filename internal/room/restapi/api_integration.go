package restapi

import (
	"context"

	"github.com/dari-bus/dari/internal/room/restapi/definition"
	"github.com/dari-bus/dari/internal/wire"
)

func (a api) integrationRows() []wire.Operation {
	const (
		one    = oneMethod + "/integration"
		answer = one + "/responses/{status_code}"
	)
	return []wire.Operation{
		wire.Op("DeleteIntegration", a.DeleteIntegration).At("DELETE "+one, 204),
		wire.Op("DeleteIntegrationResponse", a.DeleteIntegrationResponse).At("DELETE "+answer, 204),
		wire.Op("GetIntegration", a.GetIntegration).At("GET "+one, 200).Reads(),
		wire.Op("GetIntegrationResponse", a.GetIntegrationResponse).At("GET "+answer, 200).Reads(),
		wire.Op("PutIntegration", a.PutIntegration).At("PUT "+one, 201),
		wire.Op("PutIntegrationResponse", a.PutIntegrationResponse).At("PUT "+answer, 201),
		wire.Op("UpdateIntegration", a.UpdateIntegration).At("PATCH "+one, 200),
		wire.Op("UpdateIntegrationResponse", a.UpdateIntegrationResponse).At("PATCH "+answer, 200),
	}
}

// TLSConfig says whether certificates are looked at.
type TLSConfig struct {
	InsecureSkipVerification *bool `json:"insecureSkipVerification"`
}

type integration struct {
	Type                 string                         `json:"type"`
	HTTPMethod           string                         `json:"httpMethod,omitempty"`
	URI                  string                         `json:"uri,omitempty"`
	ConnectionType       string                         `json:"connectionType,omitempty"`
	Credentials          string                         `json:"credentials,omitempty"`
	RequestParameters    map[string]string              `json:"requestParameters,omitempty"`
	RequestTemplates     map[string]string              `json:"requestTemplates,omitempty"`
	PassthroughBehavior  string                         `json:"passthroughBehavior"`
	ContentHandling      string                         `json:"contentHandling,omitempty"`
	TimeoutInMillis      int                            `json:"timeoutInMillis"`
	CacheNamespace       string                         `json:"cacheNamespace"`
	CacheKeyParameters   []string                       `json:"cacheKeyParameters" empty:"kept"`
	IntegrationResponses map[string]integrationResponse `json:"integrationResponses,omitempty"`
	TLSConfig            *TLSConfig                     `json:"tlsConfig"`
	ResponseTransferMode string                         `json:"responseTransferMode,omitempty"`
}

func integrationOf(i *definition.Integration) *integration {
	out := &integration{
		Type: i.Type, HTTPMethod: i.Verb, URI: i.URI, Credentials: i.Credentials, RequestParameters: i.Parameters, RequestTemplates: i.Templates,
		PassthroughBehavior: i.Passthrough, ContentHandling: i.Content, TimeoutInMillis: i.TimeoutMillis, CacheNamespace: i.Namespace,
		CacheKeyParameters: i.CacheKeys, IntegrationResponses: map[string]integrationResponse{}, ResponseTransferMode: i.Transfer,
	}
	if i.ProxiesHTTP() {
		out.ConnectionType = "INTERNET"
	}
	if i.Insecure != nil {
		out.TLSConfig = &TLSConfig{i.Insecure}
	}
	for status, r := range i.Responses {
		out.IntegrationResponses[status] = *integrationResponseOf(status, r)
	}
	return out
}

type putIntegrationInput struct {
	methodInput
	Type                  *string           `json:"type"`
	IntegrationHTTPMethod *string           `json:"httpMethod"`
	URI                   *string           `json:"uri"`
	ConnectionType        *string           `json:"connectionType"`
	ConnectionID          *string           `json:"connectionId"`
	Credentials           *string           `json:"credentials"`
	RequestParameters     map[string]string `json:"requestParameters"`
	RequestTemplates      map[string]string `json:"requestTemplates"`
	PassthroughBehavior   *string           `json:"passthroughBehavior"`
	CacheNamespace        *string           `json:"cacheNamespace"`
	CacheKeyParameters    []string          `json:"cacheKeyParameters"`
	ContentHandling       *string           `json:"contentHandling"`
	TimeoutInMillis       *int              `json:"timeoutInMillis"`
	TLSConfig             *TLSConfig        `json:"tlsConfig"`
	ResponseTransferMode  *string           `json:"responseTransferMode"`
	IntegrationTarget     *string           `json:"integrationTarget"`
}

// PutIntegration makes the integration of a method.
func (a api) PutIntegration(ctx context.Context, in *putIntegrationInput) (*integration, error) {
	if in.IntegrationTarget != nil {
		return nil, notOffered("integrationTarget", "there are no links into VPCs")
	}
	if err := definition.CheckConnection(wire.Val(in.ConnectionType), wire.Val(in.ConnectionID)); err != nil {
		return nil, err
	}
	transfer, err := definition.ParseTransfer(wire.Val(in.ResponseTransferMode))
	if err != nil {
		return nil, err
	}
	i := &definition.Integration{
		Type: *in.Type, Verb: wire.Val(in.IntegrationHTTPMethod), URI: wire.Val(in.URI), Credentials: wire.Val(in.Credentials), Parameters: in.RequestParameters,
		Templates: in.RequestTemplates, Passthrough: wire.Val(in.PassthroughBehavior), Namespace: wire.Val(in.CacheNamespace), CacheKeys: in.CacheKeyParameters,
		Content: wire.Val(in.ContentHandling), TimeoutMillis: wire.Val(in.TimeoutInMillis), Transfer: transfer,
	}
	if in.TLSConfig != nil {
		i.Insecure = in.TLSConfig.InsecureSkipVerification
	}
	if err := a.Catalog.PutIntegration(ctx, caller(ctx), in.at(), i); err != nil {
		return nil, err
	}
	return integrationOf(i), nil
}

// GetIntegration returns the integration of a method.
func (a api) GetIntegration(ctx context.Context, in *methodInput) (*integration, error) {
	i, err := a.Integration(caller(ctx), in.at())
	if err != nil {
		return nil, err
	}
	return integrationOf(i), nil
}

// UpdateIntegration changes the integration of a method.
func (a api) UpdateIntegration(ctx context.Context, in *updateMethodInput) (*integration, error) {
	i, err := a.Catalog.UpdateIntegration(ctx, caller(ctx), in.at(), in.operations())
	if err != nil {
		return nil, err
	}
	return integrationOf(i), nil
}

// DeleteIntegration takes the integration from a method.
func (a api) DeleteIntegration(ctx context.Context, in *methodInput) (*wire.None, error) {
	return &wire.None{}, a.Catalog.DeleteIntegration(ctx, caller(ctx), in.at())
}

type integrationResponse struct {
	StatusCode         string            `json:"statusCode"`
	SelectionPattern   *string           `json:"selectionPattern"`
	ResponseParameters map[string]string `json:"responseParameters,omitempty"`
	ResponseTemplates  map[string]string `json:"responseTemplates,omitempty"`
	ContentHandling    string            `json:"contentHandling,omitempty"`
}

func integrationResponseOf(status string, r *definition.IntegrationResponse) *integrationResponse {
	return &integrationResponse{status, r.Selection, r.Parameters, r.Templates, r.Content}
}

type putIntegrationResponseInput struct {
	statusInput
	SelectionPattern   *string           `json:"selectionPattern"`
	ResponseParameters map[string]string `json:"responseParameters"`
	ResponseTemplates  map[string]string `json:"responseTemplates"`
	ContentHandling    *string           `json:"contentHandling"`
}

// PutIntegrationResponse says what makes the answers with a status.
func (a api) PutIntegrationResponse(ctx context.Context, in *putIntegrationResponseInput) (*integrationResponse, error) {
	r := &definition.IntegrationResponse{
		Selection: in.SelectionPattern, Parameters: in.ResponseParameters, Templates: in.ResponseTemplates, Content: wire.Val(in.ContentHandling),
	}
	if err := a.Catalog.PutIntegrationResponse(ctx, caller(ctx), in.at(), *in.StatusCode, r); err != nil {
		return nil, err
	}
	return integrationResponseOf(*in.StatusCode, r), nil
}

// GetIntegrationResponse returns what makes the answers with a status.
func (a api) GetIntegrationResponse(ctx context.Context, in *statusInput) (*integrationResponse, error) {
	r, err := a.IntegrationResponse(caller(ctx), in.at(), *in.StatusCode)
	if err != nil {
		return nil, err
	}
	return integrationResponseOf(*in.StatusCode, r), nil
}

// UpdateIntegrationResponse changes what makes the answers with a status.
func (a api) UpdateIntegrationResponse(ctx context.Context, in *updateStatusInput) (*integrationResponse, error) {
	r, err := a.Catalog.UpdateIntegrationResponse(ctx, caller(ctx), in.at(), *in.StatusCode, in.operations())
	if err != nil {
		return nil, err
	}
	return integrationResponseOf(*in.StatusCode, r), nil
}

// DeleteIntegrationResponse takes away what makes the answers with a status.
func (a api) DeleteIntegrationResponse(ctx context.Context, in *statusInput) (*wire.None, error) {
	return &wire.None{}, a.Catalog.DeleteIntegrationResponse(ctx, caller(ctx), in.at(), *in.StatusCode)
}
