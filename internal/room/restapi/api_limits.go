package restapi

import (
	"github.com/dari-bus/dari/internal/room/restapi/definition"
	"github.com/dari-bus/dari/internal/wire"
)

// limits are the constraints on members, as far as AWS says so in the words of its model:
// the service says most in its own.
var limits = wire.Limits{
	"apiInput.RestAPIID":                             id,
	"resourceInput.ResourceID":                       id,
	"methodInput.HTTPMethod":                         id,
	"statusInput.StatusCode":                         {Required: true, Pattern: `[1-5]\d\d`},
	"deploymentInput.DeploymentID":                   id,
	"stageInput.StageName":                           id,
	"arnInput.ResourceArn":                           {Required: true, Max: 1024},
	"pageInput.Limit":                                {Min: 1, Max: 500},
	"PatchOperation.Op":                              {Required: true, Enum: []string{"add", "remove", "move", "test", "replace", "copy"}},
	"PatchOperation.Path":                            {Max: 4096},
	"patchInput.PatchOperations":                     {Max: maxOperations},
	"createRestAPIInput.Name":                        {Required: true, Max: 1024},
	"createRestAPIInput.Description":                 description,
	"createRestAPIInput.Version":                     {Max: 1024},
	"createRestAPIInput.APIKeySource":                {Enum: definition.KeySources},
	"createRestAPIInput.Policy":                      {Max: 8192},
	"createRestAPIInput.BinaryMediaTypes":            {Max: 100, Each: &wire.Limit{Max: 256}},
	"EndpointConfiguration.Types":                    {Each: &wire.Limit{Enum: definition.Endpoints}},
	"EndpointConfiguration.IPAddressType":            {Enum: definition.AddressTypes},
	"EndpointConfiguration.VpcEndpointIds":           {Max: 50, Each: &wire.Limit{Max: 256}},
	"createResourceInput.ParentID":                   id,
	"createResourceInput.PathPart":                   {Required: true},
	"putMethodInput.AuthorizationType":               {Required: true},
	"putMethodInput.OperationName":                   {Max: 1024},
	"putMethodInput.RequestParameters":               parameters,
	"putMethodInput.RequestModels":                   parameters,
	"putMethodInput.AuthorizationScopes":             {Max: 100, Each: &wire.Limit{Max: 1024}},
	"putMethodResponseInput.ResponseParameters":      parameters,
	"putMethodResponseInput.ResponseModels":          parameters,
	"putIntegrationInput.Type":                       {Required: true, Enum: definition.IntegrationTypes},
	"putIntegrationInput.URI":                        {Max: 8192},
	"putIntegrationInput.ContentHandling":            {Enum: definition.Contents},
	"putIntegrationInput.CacheNamespace":             {Max: 1024},
	"putIntegrationInput.CacheKeyParameters":         {Max: 100, Each: &wire.Limit{Max: 1024}},
	"putIntegrationInput.RequestParameters":          expressions,
	"putIntegrationResponseInput.ContentHandling":    {Enum: definition.Contents},
	"putIntegrationResponseInput.SelectionPattern":   {Max: 1024},
	"putIntegrationResponseInput.ResponseParameters": expressions,
	"createDeploymentInput.Description":              description,
	"createDeploymentInput.StageDescription":         description,
	"createStageInput.StageName":                     {Required: true},
	"createStageInput.DeploymentID":                  {Required: true},
	"createStageInput.Description":                   description,
	"createModelInput.Name":                          {Required: true},
	"createModelInput.ContentType":                   {Required: true, Max: 256},
	"createModelInput.Description":                   description,
	"modelInput.ModelName":                           id,
	"createRequestValidatorInput.Name":               {Max: 1024},
	"validatorInput.RequestValidatorID":              id,
	"createAuthorizerInput.Name":                     {Required: true},
	"createAuthorizerInput.Type":                     {Required: true, Enum: definition.AuthorizerTypes},
	"createAuthorizerInput.ProviderARNs":             {Max: 1000},
	"authorizerInput.AuthorizerID":                   id,
	"gatewayInput.ResponseType":                      {Required: true, Enum: definition.ResponseTypes},
	"putGatewayResponseInput.StatusCode":             {Pattern: `[1-5]\d\d`},
	"putGatewayResponseInput.ResponseParameters":     expressions,
	"putGatewayResponseInput.ResponseTemplates":      {Max: 20},
	"tagInput.Tags":                                  {Required: true},
	"untagInput.TagKeys":                             {Required: true, Max: 50},
}

// maxOperations bounds the changes of one call: AWS says nothing of it.
const maxOperations = 1000

var (
	id          = wire.Limit{Required: true, Max: 128}
	description = wire.Limit{Max: 1024}
	parameters  = wire.Limit{Max: 200, Keys: &wire.Limit{Max: 1024}}
	expressions = wire.Limit{Max: 200, Keys: &wire.Limit{Max: 1024}, Each: &wire.Limit{Max: 8192}}
)
