package restapi

import (
	"context"
	"fmt"
	"math"

	"github.com/dari-bus/dari/internal/room/restapi/definition"
	"github.com/dari-bus/dari/internal/wire"
)

func (a api) deploymentRows() []wire.Operation {
	const (
		all = "/restapis/{restapi_id}/deployments"
		one = all + "/{deployment_id}"
	)
	return []wire.Operation{
		wire.Op("CreateDeployment", a.CreateDeployment).At("POST "+all, 201),
		wire.Op("DeleteDeployment", a.DeleteDeployment).At("DELETE "+one, 202),
		wire.Op("GetDeployment", a.GetDeployment).At("GET "+one, 200).Reads(),
		wire.Op("GetDeployments", a.GetDeployments).At("GET "+all, 200).Reads(),
		wire.Op("UpdateDeployment", a.UpdateDeployment).At("PATCH "+one, 200),
	}
}

// MethodSnapshot is what is said of a method that is deployed.
type MethodSnapshot struct {
	AuthorizationType string `json:"authorizationType"`
	APIKeyRequired    bool   `json:"apiKeyRequired"`
}

// A deploymentLink is where trails say that something of a deployment is to be had.
type deploymentLink struct {
	RestAPIID        string   `json:"restApiId"`
	DeploymentID     string   `json:"deploymentId,omitempty"`
	Template         bool     `json:"template"`
	TemplateSkipList []string `json:"templateSkipList,omitempty"`
}

type deployment struct {
	ID               string                               `json:"id"`
	Description      string                               `json:"description,omitempty"`
	CreatedDate      wire.Time                            `json:"createdDate"`
	APISummary       map[string]map[string]MethodSnapshot `json:"apiSummary,omitempty"`
	Self             *deploymentLink                      `json:"self" trail:"only"`
	DeploymentUpdate *deploymentLink                      `json:"deploymentUpdate" trail:"only"`
	DeploymentDelete *deploymentLink                      `json:"deploymentDelete" trail:"only"`
	DeploymentStages *deploymentLink                      `json:"deploymentStages" trail:"only"`
}

func deploymentOf(api string, d *definition.Deployment, summary bool) *deployment {
	link := &deploymentLink{RestAPIID: api, DeploymentID: d.ID}
	out := &deployment{
		ID: d.ID, Description: d.Description, CreatedDate: moment(d.Created), Self: link, DeploymentUpdate: link, DeploymentDelete: link,
		DeploymentStages: &deploymentLink{RestAPIID: api, DeploymentID: d.ID, TemplateSkipList: []string{"position"}},
	}
	if !summary {
		return out
	}
	out.APISummary = map[string]map[string]MethodSnapshot{}
	for _, n := range d.Snapshot.Nodes {
		verbs := map[string]MethodSnapshot{}
		for verb, m := range n.Methods {
			verbs[verb] = MethodSnapshot{m.Authorization, m.NeedsKey}
		}
		out.APISummary[n.Path] = verbs
	}
	return out
}

// DeploymentCanarySettings say which part of the calls goes to a deployment.
type DeploymentCanarySettings struct {
	PercentTraffic         *float64          `json:"percentTraffic"`
	StageVariableOverrides map[string]string `json:"stageVariableOverrides"`
	UseStageCache          *bool             `json:"useStageCache"`
}

type createDeploymentInput struct {
	apiInput
	StageName           *string                   `json:"stageName"`
	StageDescription    *string                   `json:"stageDescription"`
	Description         *string                   `json:"description"`
	CacheClusterEnabled *bool                     `json:"cacheClusterEnabled"`
	CacheClusterSize    *string                   `json:"cacheClusterSize"`
	Variables           map[string]string         `json:"variables"`
	CanarySettings      *DeploymentCanarySettings `json:"canarySettings"`
	TracingEnabled      *bool                     `json:"tracingEnabled"`
}

// CreateDeployment makes a deployment, and the stage that serves it if it says one.
func (a api) CreateDeployment(ctx context.Context, in *createDeploymentInput) (*deployment, error) {
	if err := definition.CheckUnoffered(wire.Val(in.CacheClusterEnabled), wire.Val(in.CacheClusterSize), "", ""); err != nil {
		return nil, err
	}
	r := definition.Release{
		Description: wire.Val(in.Description), Stage: in.StageName, StageDescription: wire.Val(in.StageDescription), Variables: in.Variables,
		Tracing: wire.Val(in.TracingEnabled),
	}
	if c := in.CanarySettings; c != nil {
		r.Canary = &definition.Canary{Percent: wire.Val(c.PercentTraffic), Overrides: c.StageVariableOverrides, UseCache: wire.Val(c.UseStageCache)}
	}
	d, err := a.Deploy(ctx, caller(ctx), *in.RestAPIID, r)
	if err != nil {
		return nil, err
	}
	return deploymentOf(*in.RestAPIID, d, false), nil
}

type deploymentInput struct {
	apiInput
	DeploymentID *string `json:"deploymentId" rest:"label=deployment_id"`
}

type getDeploymentInput struct {
	deploymentInput
	embedInput
}

// GetDeployment returns a deployment.
func (a api) GetDeployment(ctx context.Context, in *getDeploymentInput) (*deployment, error) {
	d, err := a.Deployment(caller(ctx), *in.RestAPIID, *in.DeploymentID)
	if err != nil {
		return nil, err
	}
	return deploymentOf(*in.RestAPIID, d, in.has("apisummary")), nil
}

type getDeploymentsInput struct {
	apiInput
	pageInput
}

type deploymentsOutput struct {
	Position string       `json:"position,omitempty"`
	Items    []deployment `json:"item" empty:"kept"`
}

// GetDeployments lists the deployments of an API, the newest first.
func (a api) GetDeployments(ctx context.Context, in *getDeploymentsInput) (*deploymentsOutput, error) {
	all, err := a.Deployments(caller(ctx), *in.RestAPIID)
	if err != nil {
		return nil, err
	}
	rows, next, err := pageOf(all, func(d *definition.Deployment) string { return fmt.Sprintf("%020d/%s", math.MaxInt64-d.Created, d.ID) }, &in.pageInput)
	if err != nil {
		return nil, err
	}
	out := &deploymentsOutput{Position: next}
	for _, d := range rows {
		out.Items = append(out.Items, *deploymentOf(*in.RestAPIID, d, false))
	}
	return out, nil
}

type updateDeploymentInput struct {
	deploymentInput
	patchInput
}

// UpdateDeployment changes the description of a deployment.
func (a api) UpdateDeployment(ctx context.Context, in *updateDeploymentInput) (*deployment, error) {
	d, err := a.Catalog.UpdateDeployment(ctx, caller(ctx), *in.RestAPIID, *in.DeploymentID, in.operations())
	if err != nil {
		return nil, err
	}
	return deploymentOf(*in.RestAPIID, d, false), nil
}

// DeleteDeployment deletes a deployment that no stage serves.
func (a api) DeleteDeployment(ctx context.Context, in *deploymentInput) (*wire.None, error) {
	return &wire.None{}, a.Catalog.DeleteDeployment(ctx, caller(ctx), *in.RestAPIID, *in.DeploymentID)
}
