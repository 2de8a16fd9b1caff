package restapi

import (
	"context"

	"github.com/dari-bus/dari/internal/room/restapi/definition"
	"github.com/dari-bus/dari/internal/wire"
)

func (a api) stageRows() []wire.Operation {
	const (
		all = "/restapis/{restapi_id}/stages"
		one = all + "/{stage_name}"
	)
	return []wire.Operation{
		wire.Op("CreateStage", a.CreateStage).At("POST "+all, 201),
		wire.Op("DeleteStage", a.DeleteStage).At("DELETE "+one, 202),
		wire.Op("GetStage", a.GetStage).At("GET "+one, 200).Reads(),
		wire.Op("GetStages", a.GetStages).At("GET "+all, 200).Reads(),
		wire.Op("UpdateStage", a.UpdateStage).At("PATCH "+one, 200),
	}
}

// MethodSetting is how a stage treats methods.
type MethodSetting struct {
	MetricsEnabled                         bool    `json:"metricsEnabled"`
	LoggingLevel                           string  `json:"loggingLevel,omitempty"`
	DataTraceEnabled                       bool    `json:"dataTraceEnabled"`
	ThrottlingBurstLimit                   int     `json:"throttlingBurstLimit"`
	ThrottlingRateLimit                    float64 `json:"throttlingRateLimit"`
	CachingEnabled                         bool    `json:"cachingEnabled"`
	CacheTTLInSeconds                      int     `json:"cacheTtlInSeconds"`
	CacheDataEncrypted                     bool    `json:"cacheDataEncrypted"`
	RequireAuthorizationForCacheControl    bool    `json:"requireAuthorizationForCacheControl"`
	UnauthorizedCacheControlHeaderStrategy string  `json:"unauthorizedCacheControlHeaderStrategy"`
}

// AccessLogSettings say where a line for each call goes.
type AccessLogSettings struct {
	Format         string `json:"format,omitempty"`
	DestinationArn string `json:"destinationArn,omitempty"`
}

// CanarySettings say which part of the calls goes to another deployment.
type CanarySettings struct {
	PercentTraffic         *float64          `json:"percentTraffic"`
	DeploymentID           *string           `json:"deploymentId"`
	StageVariableOverrides map[string]string `json:"stageVariableOverrides,omitempty"`
	UseStageCache          *bool             `json:"useStageCache"`
}

// A stageLink is where trails say that something of a stage is to be had.
type stageLink struct {
	RestAPIID string `json:"restApiId"`
	StageName string `json:"stageName"`
	Template  bool   `json:"template"`
}

type stage struct {
	DeploymentID              string                   `json:"deploymentId"`
	StageName                 string                   `json:"stageName"`
	Description               string                   `json:"description,omitempty"`
	CacheClusterEnabled       bool                     `json:"cacheClusterEnabled"`
	CacheClusterStatus        string                   `json:"cacheClusterStatus"`
	MethodSettings            map[string]MethodSetting `json:"methodSettings" empty:"kept"`
	Variables                 map[string]string        `json:"variables,omitempty"`
	AccessLogSettings         *AccessLogSettings       `json:"accessLogSettings"`
	CanarySettings            *CanarySettings          `json:"canarySettings"`
	TracingEnabled            bool                     `json:"tracingEnabled"`
	Tags                      map[string]string        `json:"tags,omitempty"`
	CreatedDate               wire.Time                `json:"createdDate"`
	LastUpdatedDate           wire.Time                `json:"lastUpdatedDate"`
	Self                      *stageLink               `json:"self" trail:"only"`
	StageUpdate               *stageLink               `json:"stageUpdate" trail:"only"`
	StageDelete               *stageLink               `json:"stageDelete" trail:"only"`
	StageFlushAuthorizerCache *stageLink               `json:"stageFlushAuthorizerCache" trail:"only"`
}

func stageOf(api string, s *definition.Stage) *stage {
	link := &stageLink{RestAPIID: api, StageName: s.Name}
	out := &stage{
		DeploymentID: s.Deployment, StageName: s.Name, Description: s.Description, CacheClusterStatus: "NOT_AVAILABLE",
		MethodSettings: map[string]MethodSetting{}, Variables: s.Variables, TracingEnabled: s.Tracing, Tags: s.Tags,
		CreatedDate: moment(s.Created), LastUpdatedDate: moment(s.Updated),
		Self: link, StageUpdate: link, StageDelete: link, StageFlushAuthorizerCache: link,
	}
	for name, m := range s.Settings {
		out.MethodSettings[name] = MethodSetting{
			m.Metrics, m.Level, m.DataTrace, m.Burst, m.Rate, m.Caching, m.TTLSeconds, m.Encrypted, m.Authorizes, m.Unauthorized,
		}
	}
	if s.LogDestination != "" || s.LogFormat != "" {
		out.AccessLogSettings = &AccessLogSettings{s.LogFormat, s.LogDestination}
	}
	if c := s.Canary; c != nil {
		out.CanarySettings = &CanarySettings{&c.Percent, &c.Deployment, c.Overrides, &c.UseCache}
	}
	return out
}

type createStageInput struct {
	apiInput
	StageName            *string           `json:"stageName"`
	DeploymentID         *string           `json:"deploymentId"`
	Description          *string           `json:"description"`
	CacheClusterEnabled  *bool             `json:"cacheClusterEnabled"`
	CacheClusterSize     *string           `json:"cacheClusterSize"`
	Variables            map[string]string `json:"variables"`
	DocumentationVersion *string           `json:"documentationVersion"`
	CanarySettings       *CanarySettings   `json:"canarySettings"`
	TracingEnabled       *bool             `json:"tracingEnabled"`
	Tags                 map[string]string `json:"tags"`
}

// CreateStage makes a stage that serves a deployment.
func (a api) CreateStage(ctx context.Context, in *createStageInput) (*stage, error) {
	if err := definition.CheckUnoffered(wire.Val(in.CacheClusterEnabled), wire.Val(in.CacheClusterSize), "", wire.Val(in.DocumentationVersion)); err != nil {
		return nil, err
	}
	s := &definition.Stage{
		Name: *in.StageName, Deployment: *in.DeploymentID, Description: wire.Val(in.Description), Variables: in.Variables,
		Tracing: wire.Val(in.TracingEnabled), Tags: in.Tags,
	}
	if c := in.CanarySettings; c != nil {
		s.Canary = &definition.Canary{
			Percent: wire.Val(c.PercentTraffic), Deployment: wire.Val(c.DeploymentID), Overrides: c.StageVariableOverrides, UseCache: wire.Val(c.UseStageCache),
		}
	}
	if err := a.Catalog.CreateStage(ctx, caller(ctx), *in.RestAPIID, s); err != nil {
		return nil, err
	}
	return stageOf(*in.RestAPIID, s), nil
}

type stageInput struct {
	apiInput
	StageName *string `json:"stageName" rest:"label=stage_name"`
}

// GetStage returns a stage.
func (a api) GetStage(ctx context.Context, in *stageInput) (*stage, error) {
	s, err := a.Stage(caller(ctx), *in.RestAPIID, *in.StageName)
	if err != nil {
		return nil, err
	}
	return stageOf(*in.RestAPIID, s), nil
}

type getStagesInput struct {
	apiInput
	DeploymentID *string `json:"deploymentId" rest:"query=deploymentId"`
}

type stagesOutput struct {
	Item []stage `json:"item" empty:"kept"`
}

// GetStages lists the stages of an API.
func (a api) GetStages(ctx context.Context, in *getStagesInput) (*stagesOutput, error) {
	all, err := a.Stages(caller(ctx), *in.RestAPIID, wire.Val(in.DeploymentID))
	if err != nil {
		return nil, err
	}
	out := &stagesOutput{}
	for _, s := range all {
		out.Item = append(out.Item, *stageOf(*in.RestAPIID, s))
	}
	return out, nil
}

type updateStageInput struct {
	stageInput
	patchInput
}

// UpdateStage changes a stage.
func (a api) UpdateStage(ctx context.Context, in *updateStageInput) (*stage, error) {
	s, err := a.Catalog.UpdateStage(ctx, caller(ctx), *in.RestAPIID, *in.StageName, in.operations())
	if err != nil {
		return nil, err
	}
	return stageOf(*in.RestAPIID, s), nil
}

// DeleteStage deletes a stage.
func (a api) DeleteStage(ctx context.Context, in *stageInput) (*wire.None, error) {
	return &wire.None{}, a.Catalog.DeleteStage(ctx, caller(ctx), *in.RestAPIID, *in.StageName)
}
