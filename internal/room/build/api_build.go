package build

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/room/build/catalog"
	"github.com/dari-bus/dari/internal/room/build/runner"
	"github.com/dari-bus/dari/internal/wire"
)

func (a api) buildRows() []wire.Operation {
	return []wire.Operation{
		wire.Op("BatchDeleteBuilds", a.BatchDeleteBuilds),
		wire.Op("BatchGetBuilds", a.BatchGetBuilds).Reads(),
		wire.Op("ListBuilds", a.ListBuilds).Reads(),
		wire.Op("ListBuildsForProject", a.ListBuildsForProject).Reads(),
		wire.Op("RetryBuild", a.RetryBuild),
		wire.Op("StartBuild", a.StartBuild),
		wire.Op("StopBuild", a.StopBuild),
	}
}

type startBuildInput struct {
	ProjectName      *string `json:"projectName"`
	IdempotencyToken *string `json:"idempotencyToken"`
	DebugSession     *bool   `json:"debugSessionEnabled"`
	catalog.Overrides
}

// StartBuild starts a build.
func (a api) StartBuild(ctx context.Context, in *startBuildInput) (*buildOutput, error) {
	if wire.Val(in.DebugSession) {
		return nil, catalog.Invalid("debugSessionEnabled: the sandbox of a build is not entered from outside; leave it out")
	}
	b, err := a.Start(ctx, caller(ctx), *in.ProjectName, wire.Val(in.IdempotencyToken), in.Apply)
	return a.answer(b, err)
}

// StartFor starts a build of a project for a rule. Its input may have the members of
// StartBuild, as the constant input of a target has them; others count for nothing. The
// same token means the same build.
func (s *Service) StartFor(ctx context.Context, by access.Caller, project arn.ARN, input []byte, token string) error {
	var o catalog.Overrides
	if err := json.Unmarshal(input, &o); err != nil && bytes.HasPrefix(bytes.TrimSpace(input), []byte("{")) {
		return catalog.Invalid("the input of the target: %v", err)
	}
	_, err := s.Start(ctx, by, project.String(), token, o.Apply)
	return err
}

type phaseContext struct {
	StatusCode string `json:"statusCode"`
	Message    string `json:"message"`
}

type phaseOutput struct {
	PhaseType         string         `json:"phaseType"`
	PhaseStatus       string         `json:"phaseStatus,omitempty"`
	StartTime         *wire.Time     `json:"startTime,omitempty"`
	EndTime           *wire.Time     `json:"endTime,omitempty"`
	DurationInSeconds *int64         `json:"durationInSeconds,omitempty"`
	Contexts          []phaseContext `json:"contexts,omitempty"`
}

type artifactsOutput struct {
	Location             string `json:"location"`
	SHA256Sum            string `json:"sha256sum,omitempty"`
	MD5Sum               string `json:"md5sum,omitempty"`
	OverrideArtifactName bool   `json:"overrideArtifactName"`
	EncryptionDisabled   bool   `json:"encryptionDisabled"`
	ArtifactIdentifier   string `json:"artifactIdentifier,omitempty"`
	BucketOwnerAccess    string `json:"bucketOwnerAccess,omitempty"`
}

type logsOutput struct {
	GroupName         string                  `json:"groupName,omitempty"`
	StreamName        string                  `json:"streamName,omitempty"`
	DeepLink          string                  `json:"deepLink,omitempty"`
	CloudWatchLogsARN string                  `json:"cloudWatchLogsArn,omitempty"`
	CloudWatchLogs    *catalog.CloudWatchLogs `json:"cloudWatchLogs,omitempty"`
	S3Logs            *catalog.S3Logs         `json:"s3Logs,omitempty"`
}

type buildDetails struct {
	ID                           string                  `json:"id"`
	ARN                          string                  `json:"arn"`
	BuildNumber                  int64                   `json:"buildNumber"`
	StartTime                    *wire.Time              `json:"startTime,omitempty"`
	EndTime                      *wire.Time              `json:"endTime,omitempty"`
	CurrentPhase                 string                  `json:"currentPhase"`
	BuildStatus                  string                  `json:"buildStatus"`
	SourceVersion                string                  `json:"sourceVersion,omitempty"`
	ResolvedSourceVersion        string                  `json:"resolvedSourceVersion,omitempty"`
	ProjectName                  string                  `json:"projectName"`
	Phases                       []phaseOutput           `json:"phases" empty:"kept"`
	Source                       *catalog.Source         `json:"source"`
	SecondarySources             []catalog.Source        `json:"secondarySources" empty:"kept"`
	SecondarySourceVersions      []catalog.SourceVersion `json:"secondarySourceVersions" empty:"kept"`
	Artifacts                    artifactsOutput         `json:"artifacts"`
	SecondaryArtifacts           []artifactsOutput       `json:"secondaryArtifacts" empty:"kept"`
	Cache                        *catalog.Cache          `json:"cache"`
	Environment                  *catalog.Environment    `json:"environment"`
	ServiceRole                  *string                 `json:"serviceRole"`
	Logs                         logsOutput              `json:"logs"`
	TimeoutInMinutes             *int                    `json:"timeoutInMinutes"`
	QueuedTimeoutInMinutes       *int                    `json:"queuedTimeoutInMinutes"`
	BuildComplete                bool                    `json:"buildComplete"`
	Initiator                    string                  `json:"initiator"`
	EncryptionKey                *string                 `json:"encryptionKey"`
	ExportedEnvironmentVariables []exported              `json:"exportedEnvironmentVariables" empty:"kept"`
}

type exported struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

func (a api) showBuild(b *Build) buildDetails {
	d := buildDetails{
		ID: b.ID(), ARN: b.ARN(), BuildNumber: b.Number, StartTime: moment(b.Started), EndTime: moment(b.Ended), CurrentPhase: b.Current().Type,
		BuildStatus: b.Status, SourceVersion: wire.Val(b.SourceVersion), ResolvedSourceVersion: b.Revision, ProjectName: b.Project, Source: b.Source,
		SecondarySources: b.SecondarySources, SecondarySourceVersions: b.SecondarySourceVersions, Cache: b.Cache, Environment: b.Environment,
		ServiceRole: b.ServiceRole, TimeoutInMinutes: b.TimeoutInMinutes, QueuedTimeoutInMinutes: b.QueuedTimeoutInMinutes, BuildComplete: b.Over(),
		Initiator: b.Initiator, EncryptionKey: b.EncryptionKey, Artifacts: showArtifact(b, *b.Artifacts),
	}
	for _, p := range b.Phases {
		out := phaseOutput{PhaseType: p.Type, PhaseStatus: p.Status, StartTime: moment(p.Begin), EndTime: moment(p.End)}
		if p.Status != "" {
			seconds := p.seconds()
			out.DurationInSeconds, out.Contexts = &seconds, []phaseContext{{p.Code, p.Message}}
		}
		d.Phases = append(d.Phases, out)
	}
	for _, s := range b.SecondaryArtifacts {
		d.SecondaryArtifacts = append(d.SecondaryArtifacts, showArtifact(b, s))
	}
	for _, v := range b.Exported {
		d.ExportedEnvironmentVariables = append(d.ExportedEnvironmentVariables, exported(v))
	}
	d.Logs = logsOutput{CloudWatchLogs: &catalog.CloudWatchLogs{Status: "DISABLED"}, S3Logs: &catalog.S3Logs{Status: "DISABLED"}}
	if group, stream := b.logs(); stream != "" {
		d.Logs.GroupName, d.Logs.StreamName, d.Logs.DeepLink = group, stream, a.link(group, stream)
		d.Logs.CloudWatchLogsARN = b.place.ARN("logs", "log-group:"+group+":log-stream:"+stream).String()
		d.Logs.CloudWatchLogs.Status = "ENABLED"
	}
	return d
}

func showArtifact(b *Build, a catalog.Artifacts) artifactsOutput {
	out := artifactsOutput{
		ArtifactIdentifier: a.ArtifactIdentifier, OverrideArtifactName: a.OverrideArtifactName, EncryptionDisabled: a.EncryptionDisabled, BucketOwnerAccess: a.BucketOwnerAccess,
	}
	if i := slices.IndexFunc(b.Uploads, func(u runner.Upload) bool { return u.ID == a.ArtifactIdentifier }); i >= 0 {
		u := b.Uploads[i]
		out.Location, out.MD5Sum, out.SHA256Sum = u.Location, u.MD5, u.SHA256
	}
	return out
}

type buildOutput struct {
	Build buildDetails `json:"build"`
}

func (a api) answer(b *Build, err error) (*buildOutput, error) {
	if err != nil {
		return nil, err
	}
	return &buildOutput{a.showBuild(b)}, nil
}

type idInput struct {
	ID *string `json:"id"`
}

// StopBuild ends a build.
func (a api) StopBuild(ctx context.Context, in *idInput) (*buildOutput, error) {
	return a.answer(a.Stop(ctx, caller(ctx), *in.ID))
}

type retryBuildInput struct {
	ID               *string `json:"id"`
	IdempotencyToken *string `json:"idempotencyToken"`
}

// RetryBuild starts a build once more.
func (a api) RetryBuild(ctx context.Context, in *retryBuildInput) (*buildOutput, error) {
	return a.answer(a.Retry(ctx, caller(ctx), *in.ID, wire.Val(in.IdempotencyToken)))
}

type idsInput struct {
	IDs []string `json:"ids"`
}

type batchGetBuildsOutput struct {
	Builds         []buildDetails `json:"builds" empty:"kept"`
	BuildsNotFound []string       `json:"buildsNotFound" empty:"kept"`
}

// BatchGetBuilds returns builds by their ids or ARNs.
func (a api) BatchGetBuilds(ctx context.Context, in *idsInput) (*batchGetBuildsOutput, error) {
	found, missing, err := a.Builds(caller(ctx), "BatchGetBuilds", in.IDs)
	if err != nil {
		return nil, err
	}
	out := &batchGetBuildsOutput{make([]buildDetails, len(found)), missing}
	for i, b := range found {
		out.Builds[i] = a.showBuild(b)
	}
	return out, nil
}

type notDeleted struct {
	ID         string `json:"id"`
	StatusCode string `json:"statusCode"`
}

type batchDeleteBuildsOutput struct {
	BuildsDeleted    []string     `json:"buildsDeleted" empty:"kept"`
	BuildsNotDeleted []notDeleted `json:"buildsNotDeleted" empty:"kept"`
}

// BatchDeleteBuilds removes builds that are over.
func (a api) BatchDeleteBuilds(ctx context.Context, in *idsInput) (*batchDeleteBuildsOutput, error) {
	gone, running, missing, err := a.Remove(ctx, caller(ctx), in.IDs)
	if err != nil {
		return nil, err
	}
	out := &batchDeleteBuildsOutput{BuildsDeleted: gone}
	for _, id := range running {
		out.BuildsNotDeleted = append(out.BuildsNotDeleted, notDeleted{id, "BUILD_IN_PROGRESS"})
	}
	for _, id := range missing {
		out.BuildsNotDeleted = append(out.BuildsNotDeleted, notDeleted{id, "BUILD_NOT_FOUND"})
	}
	return out, nil
}

type listBuildsInput struct {
	SortOrder *string `json:"sortOrder"`
	NextToken *string `json:"nextToken"`
}

type listBuildsForProjectInput struct {
	ProjectName *string `json:"projectName"`
	listBuildsInput
}

type listBuildsOutput struct {
	IDs       []string `json:"ids" empty:"kept"`
	NextToken string   `json:"nextToken,omitempty"`
}

// ListBuilds lists the ids of builds, the latest first if nothing else is said.
func (a api) ListBuilds(ctx context.Context, in *listBuildsInput) (*listBuildsOutput, error) {
	return a.list(ctx, "", in)
}

// ListBuildsForProject lists the ids of the builds of a project.
func (a api) ListBuildsForProject(ctx context.Context, in *listBuildsForProjectInput) (*listBuildsOutput, error) {
	return a.list(ctx, *in.ProjectName, &in.listBuildsInput)
}

func (a api) list(ctx context.Context, project string, in *listBuildsInput) (*listBuildsOutput, error) {
	all, err := a.AllBuilds(caller(ctx), project)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(all))
	for i, b := range all {
		ids[i] = b.ID()
	}
	if wire.Val(in.SortOrder) != "ASCENDING" {
		slices.Reverse(ids)
	}
	rows, next, err := after(ids, wire.Val(in.NextToken))
	return &listBuildsOutput{rows, next}, err
}
