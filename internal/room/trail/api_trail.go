package trail

import (
	"context"
	"time"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/page"
	"github.com/dari-bus/dari/internal/room/trail/trails"
	"github.com/dari-bus/dari/internal/wire"
)

func (a api) trailRows() []wire.Operation {
	return []wire.Operation{
		wire.Op("CreateTrail", a.CreateTrail),
		wire.Op("DeleteTrail", a.DeleteTrail),
		wire.Op("DescribeTrails", a.DescribeTrails).Reads(),
		wire.Op("GetTrail", a.GetTrail).Reads(),
		wire.Op("GetTrailStatus", a.GetTrailStatus).Reads(),
		wire.Op("ListTrails", a.ListTrails).Reads(),
		wire.Op("StartLogging", a.StartLogging),
		wire.Op("StopLogging", a.StopLogging),
		wire.Op("UpdateTrail", a.UpdateTrail),
	}
}

type tag struct {
	Key, Value *string
}

func readTags(list []tag) []trails.Tag {
	tags := make([]trails.Tag, len(list))
	for i, t := range list {
		tags[i] = trails.Tag{Key: *t.Key, Value: wire.Val(t.Value)}
	}
	return tags
}

// settings are what CreateTrail and UpdateTrail have in common.
type settings struct {
	S3BucketName               *string
	S3KeyPrefix                *string
	SnsTopicName               *string
	IncludeGlobalServiceEvents *bool
	IsMultiRegionTrail         *bool
	EnableLogFileValidation    *bool
	CloudWatchLogsLogGroupArn  *string
	CloudWatchLogsRoleArn      *string
	KmsKeyID                   *string `json:"KmsKeyId"`
	IsOrganizationTrail        *bool
}

// put changes a trail as they say. What is absent stays as it is.
func (s *settings) put(t *trails.Trail) error {
	switch {
	case wire.Val(s.SnsTopicName) != "":
		return fault.Invalid("There are no topics of SNS here that could be told of files: leave SnsTopicName out.").WithCode("InvalidSnsTopicNameException")
	case wire.Val(s.KmsKeyID) != "":
		return fault.NotFound("There are no keys of KMS here: leave KmsKeyId out.").WithCode("KmsKeyNotFoundException")
	case wire.Val(s.IsOrganizationTrail):
		return fault.Invalid("There are no organizations here: leave IsOrganizationTrail out.").WithCode("OrganizationsNotInUseException")
	case s.S3BucketName != nil && (len(*s.S3BucketName) < 3 || len(*s.S3BucketName) > 63):
		return fault.Invalid("Bucket name %q does not have 3 to 63 characters.", *s.S3BucketName).WithCode("InvalidS3BucketNameException")
	case len(wire.Val(s.S3KeyPrefix)) > 200:
		return fault.Invalid("The S3 key prefix has more than 200 characters.").WithCode("InvalidS3PrefixException")
	}
	set(&t.Bucket, s.S3BucketName)
	set(&t.Prefix, s.S3KeyPrefix)
	set(&t.Global, s.IncludeGlobalServiceEvents)
	set(&t.Everywhere, s.IsMultiRegionTrail)
	set(&t.Validated, s.EnableLogFileValidation)
	set(&t.Group, s.CloudWatchLogsLogGroupArn)
	set(&t.Role, s.CloudWatchLogsRoleArn)
	return nil
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

type createTrailInput struct {
	Name *string
	settings
	TagsList []tag
}

type updateTrailInput struct {
	Name *string
	settings
}

// details are what all answers say of a trail.
type details struct {
	Name                       string
	S3BucketName               string
	S3KeyPrefix                string `json:",omitempty"`
	IncludeGlobalServiceEvents bool
	IsMultiRegionTrail         bool
	TrailARN                   string
	LogFileValidationEnabled   bool
	CloudWatchLogsLogGroupArn  string `json:",omitempty"`
	CloudWatchLogsRoleArn      string `json:",omitempty"`
	IsOrganizationTrail        bool
}

func show(t *trails.Trail) details {
	return details{
		Name: t.Name, S3BucketName: t.Bucket, S3KeyPrefix: t.Prefix, IncludeGlobalServiceEvents: t.Global, IsMultiRegionTrail: t.Everywhere,
		TrailARN: t.ARN(), LogFileValidationEnabled: t.Validated, CloudWatchLogsLogGroupArn: t.Group, CloudWatchLogsRoleArn: t.Role,
	}
}

// CreateTrail makes a trail. It logs from StartLogging on.
func (a api) CreateTrail(ctx context.Context, in *createTrailInput) (*details, error) {
	t := trails.Trail{Name: *in.Name, Global: true, Tags: readTags(in.TagsList)}
	if err := in.put(&t); err != nil {
		return nil, err
	}
	made, err := a.trails.Create(ctx, caller(ctx), t)
	if err != nil {
		return nil, err
	}
	d := show(made)
	return &d, nil
}

// UpdateTrail changes what is given of a trail.
func (a api) UpdateTrail(ctx context.Context, in *updateTrailInput) (*details, error) {
	t, err := a.trails.Change(ctx, caller(ctx), "UpdateTrail", *in.Name, in.put)
	if err != nil {
		return nil, err
	}
	d := show(t)
	return &d, nil
}

type nameInput struct {
	Name *string
}

// DeleteTrail deletes a trail.
func (a api) DeleteTrail(ctx context.Context, in *nameInput) (*wire.Empty, error) {
	return nil, a.trails.Delete(ctx, caller(ctx), *in.Name)
}

// StartLogging has a trail log.
func (a api) StartLogging(ctx context.Context, in *nameInput) (*wire.Empty, error) {
	return nil, a.trails.Log(ctx, caller(ctx), *in.Name, true)
}

// StopLogging ends that.
func (a api) StopLogging(ctx context.Context, in *nameInput) (*wire.Empty, error) {
	return nil, a.trails.Log(ctx, caller(ctx), *in.Name, false)
}

type trailDetail struct {
	details
	HomeRegion              string
	HasCustomEventSelectors bool
	HasInsightSelectors     bool
}

func showTrail(t *trails.Trail) trailDetail {
	return trailDetail{details: show(t), HomeRegion: t.Home.Region, HasCustomEventSelectors: len(t.Basic)+len(t.Advanced) > 0}
}

type describeTrailsInput struct {
	TrailNameList       []string `json:"trailNameList"`
	IncludeShadowTrails *bool    `json:"includeShadowTrails"`
}

type describeTrailsOutput struct {
	TrailList []trailDetail `json:"trailList" empty:"kept"`
}

// DescribeTrails returns trails, by their names or all that the region sees.
func (a api) DescribeTrails(ctx context.Context, in *describeTrailsInput) (*describeTrailsOutput, error) {
	found, err := a.trails.Describe(caller(ctx), in.TrailNameList, in.IncludeShadowTrails == nil || *in.IncludeShadowTrails)
	if err != nil {
		return nil, err
	}
	out := &describeTrailsOutput{make([]trailDetail, len(found))}
	for i, t := range found {
		out.TrailList[i] = showTrail(t)
	}
	return out, nil
}

type getTrailOutput struct {
	Trail trailDetail
}

// GetTrail returns one trail.
func (a api) GetTrail(ctx context.Context, in *nameInput) (*getTrailOutput, error) {
	t, err := a.trails.Get(caller(ctx), "GetTrail", *in.Name)
	if err != nil {
		return nil, err
	}
	return &getTrailOutput{showTrail(t)}, nil
}

type listTrailsInput struct {
	NextToken *string
}

type trailInfo struct {
	TrailARN, Name, HomeRegion string
}

type listTrailsOutput struct {
	Trails    []trailInfo `empty:"kept"`
	NextToken string      `json:",omitempty"`
}

// ListTrails lists the trails of the account in all regions.
func (a api) ListTrails(ctx context.Context, in *listTrailsInput) (*listTrailsOutput, error) {
	all, err := a.trails.All(caller(ctx))
	if err != nil {
		return nil, err
	}
	rows, next, err := page.Clip(all, (*trails.Trail).ARN, wire.Val(in.NextToken), 0)
	out := &listTrailsOutput{make([]trailInfo, len(rows)), next}
	for i, t := range rows {
		out.Trails[i] = trailInfo{t.ARN(), t.Name, t.Home.Region}
	}
	return out, err
}

// noBucket is what is wrong with every trail: AWS has the error of S3 there.
const noBucket = "NoSuchBucket"

type getTrailStatusOutput struct {
	IsLogging                         bool
	LatestDeliveryError               string     `json:",omitempty"`
	StartLoggingTime                  *wire.Time `json:",omitempty"`
	StopLoggingTime                   *wire.Time `json:",omitempty"`
	LatestCloudWatchLogsDeliveryError string     `json:",omitempty"`
	LatestCloudWatchLogsDeliveryTime  *wire.Time `json:",omitempty"`
	LatestDeliveryAttemptTime         string
	LatestNotificationAttemptTime     string
	LatestNotificationAttemptSuccess  string `json:"LatestNotificationAttemptSucceeded"`
	LatestDeliveryAttemptSucceeded    string
	TimeLoggingStarted                string
	TimeLoggingStopped                string
}

// GetTrailStatus says whether a trail logs, and how its log group gets on.
func (a api) GetTrailStatus(ctx context.Context, in *nameInput) (*getTrailStatusOutput, error) {
	t, err := a.trails.Get(caller(ctx), "GetTrailStatus", *in.Name)
	if err != nil {
		return nil, err
	}
	last := a.trails.Last(t)
	out := &getTrailStatusOutput{
		IsLogging: t.Logging, LatestCloudWatchLogsDeliveryError: last.Err, LatestCloudWatchLogsDeliveryTime: moment(last.At),
		StartLoggingTime: moment(t.Started), StopLoggingTime: moment(t.Stopped),
		TimeLoggingStarted: spelled(t.Started), TimeLoggingStopped: spelled(t.Stopped),
	}
	if t.Started > 0 {
		out.LatestDeliveryError = noBucket
	}
	return out, nil
}

// moment returns a time that is absent when it never was.
func moment(millis int64) *wire.Time {
	if millis == 0 {
		return nil
	}
	t := wire.At(time.UnixMilli(millis))
	return &t
}

// spelled is a time as AWS also spells it here.
func spelled(millis int64) string {
	if millis == 0 {
		return ""
	}
	return time.UnixMilli(millis).UTC().Format(time.RFC3339)
}
