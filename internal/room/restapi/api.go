package restapi

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/page"
	"github.com/dari-bus/dari/internal/room/restapi/patch"
	"github.com/dari-bus/dari/internal/wire"
)

// The files api*.go are the door: the operations of API Gateway, its types and its
// spelling.

type api struct{ *Service }

// API returns the service as Amazon API Gateway: its names and its table, for
// [wire.NewHandler].
func API(s *Service) *wire.Service {
	a := api{s}
	return &wire.Service{
		Name:       "apigateway",
		Title:      "Amazon API Gateway",
		Version:    "2015-07-09",
		Protocols:  []wire.Protocol{wire.RestJSON},
		Wraps:      true,
		Operations: slices.Concat(a.apiRows(), a.resourceRows(), a.methodRows(), a.integrationRows(), a.deploymentRows(), a.stageRows(), a.partRows(), a.gatewayRows(), a.accountRows(), a.tagRows(), refused()),
		Limits:     limits,
		Quotas: []string{
			"An account has at most 600 REST APIs in a region, and an API 300 resources, 10 stages, 500 deployments, 400 models, 100 request validators and 10 authorizers. The methods and models of an API have at most 6 MiB, a mapping template 300 KB.",
			"The REST APIs of an account have at most 64 MiB in all, deployments included; those of all accounts that are not in the settings have as much together.",
		},
		Deviations: []string{
			"Endpoint types, addresses and VPC endpoints are kept, and make no difference.",
			"An access log's destination is looked at when something is written there, not when it is set; its ARN may end with `:*`, which is left out.",
			"Cache settings of methods are kept, and nothing is cached; a cache cluster is refused, as are client certificates and versions of the documentation.",
			"tracingEnabled is kept, and nothing is traced.",
			"Stages are served at `http://ID.execute-api.localhost:PORT/STAGE`, and at this server's own name at `/_aws/execute-api/ID/STAGE` and `/restapis/ID/STAGE/_user_request_`, where answers have a Content-Security-Policy of sandbox, since the console is there, too.",
			"Integrations of the types MOCK, HTTP and HTTP_PROXY, and AWS_PROXY with functions, are served. Those of the type AWS, and AWS_PROXY with credentials, methods with an authorization or an API key, APIs with a resource policy, and checks of bodies by models are answered with 501, which says so.",
			"Rates and bursts of a stage are not held to, but for 0, which lets nothing through; an account has at most a quarter of the server's connections under way, and else is answered with 429.",
			"A value in an access log has at most 1,024 bytes. The data trace of an execution log has no bodies of HTTP_PROXY, which are not gathered.",
		},
		Error: spell,
	}
}

// usual is the error that a kind of fault is without a code.
var usual = map[fault.Kind]string{
	fault.KindInvalid:     "BadRequestException",
	fault.KindNotFound:    "NotFoundException",
	fault.KindConflict:    "ConflictException",
	fault.KindLimit:       "LimitExceededException",
	fault.KindDenied:      "AccessDeniedException",
	fault.KindUnavailable: "TooManyRequestsException",
}

// statuses are those of errors that their kind does not give.
var statuses = map[string]int{
	"ConflictException":        http.StatusConflict,
	"LimitExceededException":   http.StatusTooManyRequests,
	"TooManyRequestsException": http.StatusTooManyRequests,
}

// spell turns a fault into an error of API Gateway.
func spell(err error) (wire.Error, bool) {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || usual[f.Kind] == "" {
		return wire.Error{}, false
	}
	e := wire.Error{Code: f.Code, Message: f.Message, Kind: f.Kind}
	if e.Code == "" {
		e.Code = usual[f.Kind]
	}
	if f == page.ErrToken {
		e.Message = "Invalid position parameter specified: it is none that was given out here."
	}
	e.Status = statuses[e.Code]
	return e, true
}

// caller is who calls.
func caller(ctx context.Context) access.Caller { return wire.CallerFrom(ctx).Caller }

// moment returns a time of the catalog.
func moment(millis int64) wire.Time { return wire.At(time.UnixMilli(millis)) }

// pageInput is the part of a list's input that says which page.
type pageInput struct {
	Position *string `json:"position" rest:"query=position"`
	Limit    *int    `json:"limit" rest:"query=limit"`
}

// most is how many rows a page has: 25 unless it says, as at AWS.
func (p *pageInput) most() int {
	if p.Limit == nil {
		return 25
	}
	return *p.Limit
}

// pageOf cuts a page out of rows that are in the order of their keys.
func pageOf[R any](rows []R, key func(R) string, p *pageInput) ([]R, string, error) {
	return page.Clip(rows, key, wire.Val(p.Position), p.most())
}

// PatchOperation is one change.
type PatchOperation struct {
	Op    *string `json:"op"`
	Path  *string `json:"path"`
	Value *string `json:"value"`
	From  *string `json:"from"`
}

// patchInput is the part of an input that says what to change.
type patchInput struct {
	PatchOperations []PatchOperation `json:"patchOperations"`
}

func (p *patchInput) operations() []patch.Operation {
	all := make([]patch.Operation, len(p.PatchOperations))
	for i, o := range p.PatchOperations {
		all[i] = patch.Operation{Op: wire.Val(o.Op), Path: wire.Val(o.Path), From: wire.Val(o.From), Value: o.Value}
	}
	return all
}

// refused are the operations that are not offered. Those with a star only read.
func refused() (rows []wire.Operation) {
	for _, r := range []struct {
		why    string
		routes string // a name, a method and a path
	}{
		{"calls of APIs are not held to keys and plans", `
			CreateApiKey POST /apikeys
			CreateUsagePlan POST /usageplans
			CreateUsagePlanKey POST /usageplans/{usageplanId}/keys
			DeleteApiKey DELETE /apikeys/{api_Key}
			DeleteUsagePlan DELETE /usageplans/{usageplanId}
			DeleteUsagePlanKey DELETE /usageplans/{usageplanId}/keys/{keyId}
			GetApiKey* GET /apikeys/{api_Key}
			GetApiKeys* GET /apikeys
			GetUsage* GET /usageplans/{usageplanId}/usage
			GetUsagePlan* GET /usageplans/{usageplanId}
			GetUsagePlanKey* GET /usageplans/{usageplanId}/keys/{keyId}
			GetUsagePlanKeys* GET /usageplans/{usageplanId}/keys
			GetUsagePlans* GET /usageplans
			ImportApiKeys POST /apikeys?mode=import
			UpdateApiKey PATCH /apikeys/{api_Key}
			UpdateUsage PATCH /usageplans/{usageplanId}/keys/{keyId}/usage
			UpdateUsagePlan PATCH /usageplans/{usageplanId}`},
		{"authorizers are asked when a stage is called", `
			TestInvokeAuthorizer POST /restapis/{restapi_id}/authorizers/{authorizer_id}`},
		{"APIs are served by this server's name, and by those of its hosts", `
			CreateBasePathMapping POST /domainnames/{domain_name}/basepathmappings
			CreateDomainName POST /domainnames
			CreateDomainNameAccessAssociation POST /domainnameaccessassociations
			DeleteBasePathMapping DELETE /domainnames/{domain_name}/basepathmappings/{base_path}
			DeleteDomainName DELETE /domainnames/{domain_name}
			DeleteDomainNameAccessAssociation DELETE /domainnameaccessassociations/{domain_name_access_association_arn}
			GetBasePathMapping* GET /domainnames/{domain_name}/basepathmappings/{base_path}
			GetBasePathMappings* GET /domainnames/{domain_name}/basepathmappings
			GetDomainName* GET /domainnames/{domain_name}
			GetDomainNameAccessAssociations* GET /domainnameaccessassociations
			GetDomainNames* GET /domainnames
			RejectDomainNameAccessAssociation POST /rejectdomainnameaccessassociations
			UpdateBasePathMapping PATCH /domainnames/{domain_name}/basepathmappings/{base_path}
			UpdateDomainName PATCH /domainnames/{domain_name}`},
		{"the documentation of APIs is not kept", `
			CreateDocumentationPart POST /restapis/{restapi_id}/documentation/parts
			CreateDocumentationVersion POST /restapis/{restapi_id}/documentation/versions
			DeleteDocumentationPart DELETE /restapis/{restapi_id}/documentation/parts/{part_id}
			DeleteDocumentationVersion DELETE /restapis/{restapi_id}/documentation/versions/{doc_version}
			GetDocumentationPart* GET /restapis/{restapi_id}/documentation/parts/{part_id}
			GetDocumentationParts* GET /restapis/{restapi_id}/documentation/parts
			GetDocumentationVersion* GET /restapis/{restapi_id}/documentation/versions/{doc_version}
			GetDocumentationVersions* GET /restapis/{restapi_id}/documentation/versions
			ImportDocumentationParts PUT /restapis/{restapi_id}/documentation/parts
			UpdateDocumentationPart PATCH /restapis/{restapi_id}/documentation/parts/{part_id}
			UpdateDocumentationVersion PATCH /restapis/{restapi_id}/documentation/versions/{doc_version}`},
		{"templates are not made of models", `
			GetModelTemplate* GET /restapis/{restapi_id}/models/{model_name}/default_template`},
		{"integrations are called from the machine of the server; there are no links into VPCs", `
			CreateVpcLink POST /vpclinks
			DeleteVpcLink DELETE /vpclinks/{vpclink_id}
			GetVpcLink* GET /vpclinks/{vpclink_id}
			GetVpcLinks* GET /vpclinks
			UpdateVpcLink PATCH /vpclinks/{vpclink_id}`},
		{"there are no client certificates", `
			DeleteClientCertificate DELETE /clientcertificates/{clientcertificate_id}
			GenerateClientCertificate POST /clientcertificates
			GetClientCertificate* GET /clientcertificates/{clientcertificate_id}
			GetClientCertificates* GET /clientcertificates
			UpdateClientCertificate PATCH /clientcertificates/{clientcertificate_id}`},
		{"answers are not cached", `
			FlushStageAuthorizersCache DELETE /restapis/{restapi_id}/stages/{stage_name}/cache/authorizers
			FlushStageCache DELETE /restapis/{restapi_id}/stages/{stage_name}/cache/data`},
		{"APIs are made part by part, and not from documents", `
			GetExport* GET /restapis/{restapi_id}/stages/{stage_name}/exports/{export_type}
			ImportRestApi POST /restapis?mode=import
			PutRestApi PUT /restapis/{restapi_id}`},
		{"SDKs are not generated", `
			GetSdk* GET /restapis/{restapi_id}/stages/{stage_name}/sdks/{sdk_type}
			GetSdkType* GET /sdktypes/{sdktype_id}
			GetSdkTypes* GET /sdktypes`},
		{"deploy the API and call its stage", `
			TestInvokeMethod POST /restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}`},
	} {
		for line := range strings.SplitSeq(strings.TrimSpace(r.routes), "\n") {
			name, route, _ := strings.Cut(strings.TrimSpace(line), " ")
			name, reads := strings.CutSuffix(name, "*")
			row := wire.Refuse(name, r.why).At(route, http.StatusOK)
			if reads {
				row = row.Reads()
			}
			rows = append(rows, row)
		}
	}
	return rows
}
