package restapi

import (
	"context"
	"strings"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/quote"
	"github.com/dari-bus/dari/internal/room/restapi/catalog"
	"github.com/dari-bus/dari/internal/room/restapi/definition"
	"github.com/dari-bus/dari/internal/wire"
)

func (a api) apiRows() []wire.Operation {
	const one = "/restapis/{restapi_id}"
	return []wire.Operation{
		wire.Op("CreateRestApi", a.CreateRestApi).At("POST /restapis", 201),
		wire.Op("DeleteRestApi", a.DeleteRestApi).At("DELETE "+one, 202),
		wire.Op("GetRestApi", a.GetRestApi).At("GET "+one, 200).Reads(),
		wire.Op("GetRestApis", a.GetRestApis).At("GET /restapis", 200).Reads(),
		wire.Op("UpdateRestApi", a.UpdateRestApi).At("PATCH "+one, 200),
	}
}

// EndpointConfiguration says where an API may be served.
type EndpointConfiguration struct {
	Types          []string `json:"types,omitempty"`
	IPAddressType  *string  `json:"ipAddressType"`
	VpcEndpointIds []string `json:"vpcEndpointIds,omitempty"`
}

type createRestAPIInput struct {
	Name                      *string                `json:"name"`
	Description               *string                `json:"description"`
	Version                   *string                `json:"version"`
	CloneFrom                 *string                `json:"cloneFrom"`
	BinaryMediaTypes          []string               `json:"binaryMediaTypes"`
	MinimumCompressionSize    *int                   `json:"minimumCompressionSize"`
	APIKeySource              *string                `json:"apiKeySource"`
	EndpointConfiguration     *EndpointConfiguration `json:"endpointConfiguration"`
	Policy                    *string                `json:"policy"`
	Tags                      map[string]string      `json:"tags"`
	DisableExecuteAPIEndpoint *bool                  `json:"disableExecuteApiEndpoint"`
	SecurityPolicy            *string                `json:"securityPolicy"`
	EndpointAccessMode        *string                `json:"endpointAccessMode"`
}

type restAPI struct {
	ID                        string                 `json:"id"`
	Name                      string                 `json:"name"`
	Description               string                 `json:"description,omitempty"`
	CreatedDate               wire.Time              `json:"createdDate"`
	Version                   string                 `json:"version,omitempty"`
	BinaryMediaTypes          []string               `json:"binaryMediaTypes,omitempty"`
	MinimumCompressionSize    *int                   `json:"minimumCompressionSize"`
	APIKeySource              string                 `json:"apiKeySource"`
	EndpointConfiguration     *EndpointConfiguration `json:"endpointConfiguration"`
	Policy                    string                 `json:"policy,omitempty"`
	Tags                      map[string]string      `json:"tags,omitempty"`
	DisableExecuteAPIEndpoint bool                   `json:"disableExecuteApiEndpoint"`
	RootResourceID            string                 `json:"rootResourceId"`
}

func restAPIOf(a *definition.API) *restAPI {
	return &restAPI{
		ID: a.ID, Name: a.Name, Description: a.Description, CreatedDate: moment(a.Created), Version: a.Version,
		BinaryMediaTypes: a.Binary, MinimumCompressionSize: a.Compression, APIKeySource: a.KeySource,
		EndpointConfiguration: &EndpointConfiguration{[]string{a.Endpoint}, &a.Addresses, a.VPCEndpoints},
		Policy:                escaped(a.Policy), Tags: a.Tags, DisableExecuteAPIEndpoint: a.NoDefault, RootResourceID: a.Root,
	}
}

// escaped is a text as it stands between the quotes of JSON, which is how API Gateway
// answers policies.
func escaped(text string) string {
	return strings.Trim(string(quote.JSON(nil, text)), `"`)
}

// CreateRestApi makes an API.
func (a api) CreateRestApi(ctx context.Context, in *createRestAPIInput) (*restAPI, error) {
	switch {
	case in.CloneFrom != nil:
		return nil, notOffered("cloneFrom", "make the API from what GetResources says of the other one")
	case in.SecurityPolicy != nil:
		return nil, notOffered("securityPolicy", "connections are as the server's listener has them")
	case in.EndpointAccessMode != nil:
		return nil, notOffered("endpointAccessMode", "there is one address: this server's")
	case in.Description != nil && *in.Description == "":
		return nil, fault.Invalid("Description cannot be an empty string")
	}
	d := catalog.Draft{
		Settings: definition.Settings{
			Name: *in.Name, Description: wire.Val(in.Description), Version: wire.Val(in.Version), Binary: in.BinaryMediaTypes,
			Compression: in.MinimumCompressionSize, KeySource: wire.Val(in.APIKeySource), Policy: wire.Val(in.Policy), NoDefault: wire.Val(in.DisableExecuteAPIEndpoint),
		},
		Tags: in.Tags,
	}
	if e := in.EndpointConfiguration; e != nil {
		d.Endpoints, d.Addresses, d.VPCEndpoints = e.Types, wire.Val(e.IPAddressType), e.VpcEndpointIds
	}
	made, err := a.Create(ctx, caller(ctx), d)
	if err != nil {
		return nil, err
	}
	return restAPIOf(made), nil
}

// notOffered refuses a member by its name.
func notOffered(member, why string) error {
	return fault.Invalid("dari does not offer %s: %s.", member, why)
}

type apiInput struct {
	RestAPIID *string `json:"restApiId" rest:"label=restapi_id"`
}

// GetRestApi returns an API.
func (a api) GetRestApi(ctx context.Context, in *apiInput) (*restAPI, error) {
	found, err := a.Get(caller(ctx), *in.RestAPIID)
	if err != nil {
		return nil, err
	}
	return restAPIOf(found), nil
}

type restAPIsOutput struct {
	Position string    `json:"position,omitempty"`
	Items    []restAPI `json:"item" empty:"kept"`
}

// GetRestApis lists APIs.
func (a api) GetRestApis(ctx context.Context, in *pageInput) (*restAPIsOutput, error) {
	rows, next, err := a.List(caller(ctx), wire.Val(in.Position), in.most())
	if err != nil {
		return nil, err
	}
	out := &restAPIsOutput{Position: next}
	for _, r := range rows {
		out.Items = append(out.Items, *restAPIOf(r))
	}
	return out, nil
}

type updateRestAPIInput struct {
	apiInput
	patchInput
}

// UpdateRestApi changes an API.
func (a api) UpdateRestApi(ctx context.Context, in *updateRestAPIInput) (*restAPI, error) {
	changed, err := a.Update(ctx, caller(ctx), *in.RestAPIID, in.operations())
	if err != nil {
		return nil, err
	}
	return restAPIOf(changed), nil
}

// DeleteRestApi deletes an API with all that it has.
func (a api) DeleteRestApi(ctx context.Context, in *apiInput) (*wire.None, error) {
	return &wire.None{}, a.Delete(ctx, caller(ctx), *in.RestAPIID)
}
