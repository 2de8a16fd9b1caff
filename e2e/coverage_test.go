package e2e

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/middleware"

	"github.com/dari-bus/dari/internal/eventsapi"
	"github.com/dari-bus/dari/internal/room/build"
	"github.com/dari-bus/dari/internal/room/function"
	"github.com/dari-bus/dari/internal/room/identity"
	stsdoor "github.com/dari-bus/dari/internal/room/identity/sts"
	"github.com/dari-bus/dari/internal/room/logs"
	sqsdoor "github.com/dari-bus/dari/internal/room/queue/sqs"
	"github.com/dari-bus/dari/internal/room/restapi"
	"github.com/dari-bus/dari/internal/room/trail"
	"github.com/dari-bus/dari/internal/wire"
)

// A door is one of our APIs beside the SDK's client of it.
type door struct {
	service *wire.Service
	client  reflect.Type
	module  string
	// bare modules have no recordings.
	bare bool
}

// doors are the APIs, their tables without the rooms behind them.
func doors() []door {
	return []door{
		{eventsapi.API(nil, nil), reflect.TypeFor[*eventbridge.Client](), "github.com/aws/aws-sdk-go-v2/service/eventbridge", false},
		{sqsdoor.API(nil), reflect.TypeFor[*sqs.Client](), "github.com/aws/aws-sdk-go-v2/service/sqs", false},
		{logs.API(nil), reflect.TypeFor[*cloudwatchlogs.Client](), "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs", false},
		{trail.API(nil), reflect.TypeFor[*cloudtrail.Client](), "github.com/aws/aws-sdk-go-v2/service/cloudtrail", true},
		{build.API(nil), reflect.TypeFor[*codebuild.Client](), "github.com/aws/aws-sdk-go-v2/service/codebuild", true},
		{restapi.API(nil), reflect.TypeFor[*apigateway.Client](), "github.com/aws/aws-sdk-go-v2/service/apigateway", true},
		{function.API(nil), reflect.TypeFor[*lambda.Client](), "github.com/aws/aws-sdk-go-v2/service/lambda", false},
		{identity.API(nil), reflect.TypeFor[*iam.Client](), "github.com/aws/aws-sdk-go-v2/service/iam", false},
		{stsdoor.API(nil), reflect.TypeFor[*sts.Client](), "github.com/aws/aws-sdk-go-v2/service/sts", false},
	}
}

// An sdkOperation is a method of an SDK client.
type sdkOperation struct {
	name    string
	in, out reflect.Type
}

func (d door) sdkOperations() []sdkOperation {
	var ops []sdkOperation
	for m := range d.client.Methods() {
		if m.Name == "Options" { // says how the client was made
			continue
		}
		ops = append(ops, sdkOperation{m.Name, m.Type.In(2).Elem(), m.Type.Out(0).Elem()})
	}
	return ops
}

func (d door) row(name string) (wire.Operation, bool) {
	i := slices.IndexFunc(d.service.Operations, func(o wire.Operation) bool { return o.Name == name })
	if i < 0 {
		return wire.Operation{}, false
	}
	return d.service.Operations[i], true
}

func TestEveryOperationOfTheSDKIsARow(t *testing.T) {
	for _, d := range doors() {
		known := map[string]bool{}
		offered := 0
		for _, op := range d.sdkOperations() {
			known[op.name] = true
			row, ok := d.row(op.name)
			if !ok {
				t.Errorf("%s: the SDK has %s; it needs a row, offered or refused", d.service.Name, op.name)
			} else if row.Refused == "" {
				offered++
			}
		}
		for _, row := range d.service.Operations {
			if !known[row.Name] {
				t.Errorf("%s: the row %s is no operation of the SDK", d.service.Name, row.Name)
			}
		}
		t.Logf("%s: %d operations, %d offered, %d refused", d.service.Name, len(known), offered, len(known)-offered)
	}
}

func TestEveryMemberOfTheSDKsInputsIsRead(t *testing.T) {
	for _, d := range doors() {
		for _, op := range d.sdkOperations() {
			if row, ok := d.row(op.name); ok && row.Refused == "" {
				for _, diff := range compareShapes(d.service.Name, op.name, op.in, row.In) {
					t.Error(diff)
				}
			}
		}
	}
}

// neverAnswered are members of outputs that dari has no value for, and why.
var neverAnswered = map[string]string{
	"ListEventBuses.EventBuses[].ManagedBy": noManager,
	"DescribeEventBus.ManagedBy":            noManager,
	"DescribeRule.ManagedBy":                noManager,
	"ListRules.Rules[].ManagedBy":           noManager,

	"DescribeConnection.AuthParameters.ConnectivityParameters": noLattice,
	"DescribeConnection.InvocationConnectivityParameters":      noLattice,

	"BatchGetBuilds.Builds[].AutoRetryConfig":        noRetries,
	"BatchGetBuilds.Builds[].BuildBatchArn":          noBatches,
	"BatchGetBuilds.Builds[].DebugSession":           noEntry,
	"BatchGetBuilds.Builds[].FileSystemLocations":    noVPC,
	"BatchGetBuilds.Builds[].Logs.S3DeepLink":        noS3Logs,
	"BatchGetBuilds.Builds[].Logs.S3LogsArn":         noS3Logs,
	"BatchGetBuilds.Builds[].NetworkInterface":       noVPC,
	"BatchGetBuilds.Builds[].ReportArns":             noReports,
	"BatchGetBuilds.Builds[].VpcConfig":              noVPC,
	"RetryBuild.Build.AutoRetryConfig":               noRetries,
	"RetryBuild.Build.BuildBatchArn":                 noBatches,
	"RetryBuild.Build.DebugSession":                  noEntry,
	"RetryBuild.Build.FileSystemLocations":           noVPC,
	"RetryBuild.Build.Logs.S3DeepLink":               noS3Logs,
	"RetryBuild.Build.Logs.S3LogsArn":                noS3Logs,
	"RetryBuild.Build.NetworkInterface":              noVPC,
	"RetryBuild.Build.ReportArns":                    noReports,
	"RetryBuild.Build.VpcConfig":                     noVPC,
	"StartBuild.Build.AutoRetryConfig":               noRetries,
	"StartBuild.Build.BuildBatchArn":                 noBatches,
	"StartBuild.Build.DebugSession":                  noEntry,
	"StartBuild.Build.FileSystemLocations":           noVPC,
	"StartBuild.Build.Logs.S3DeepLink":               noS3Logs,
	"StartBuild.Build.Logs.S3LogsArn":                noS3Logs,
	"StartBuild.Build.NetworkInterface":              noVPC,
	"StartBuild.Build.ReportArns":                    noReports,
	"StartBuild.Build.VpcConfig":                     noVPC,
	"StopBuild.Build.AutoRetryConfig":                noRetries,
	"StopBuild.Build.BuildBatchArn":                  noBatches,
	"StopBuild.Build.DebugSession":                   noEntry,
	"StopBuild.Build.FileSystemLocations":            noVPC,
	"StopBuild.Build.Logs.S3DeepLink":                noS3Logs,
	"StopBuild.Build.Logs.S3LogsArn":                 noS3Logs,
	"StopBuild.Build.NetworkInterface":               noVPC,
	"StopBuild.Build.ReportArns":                     noReports,
	"StopBuild.Build.VpcConfig":                      noVPC,
	"BatchGetProjects.Projects[].PublicProjectAlias": noPublic,
	"BatchGetProjects.Projects[].ResourceAccessRole": noPublic,
	"BatchGetProjects.Projects[].Webhook":            noHooks,
	"CreateProject.Project.PublicProjectAlias":       noPublic,
	"CreateProject.Project.ResourceAccessRole":       noPublic,
	"CreateProject.Project.Webhook":                  noHooks,
	"UpdateProject.Project.PublicProjectAlias":       noPublic,
	"UpdateProject.Project.ResourceAccessRole":       noPublic,
	"UpdateProject.Project.Webhook":                  noHooks,

	"CreateTrail.KmsKeyId":                     noKMS,
	"CreateTrail.SnsTopicARN":                  noTopics,
	"CreateTrail.SnsTopicName":                 noTopics,
	"DescribeTrails.TrailList[].KmsKeyId":      noKMS,
	"DescribeTrails.TrailList[].SnsTopicARN":   noTopics,
	"DescribeTrails.TrailList[].SnsTopicName":  noTopics,
	"GetInsightSelectors.EventDataStoreArn":    noDataStores,
	"GetInsightSelectors.InsightsDestination":  noDataStores,
	"GetTrail.Trail.KmsKeyId":                  noKMS,
	"GetTrail.Trail.SnsTopicARN":               noTopics,
	"GetTrail.Trail.SnsTopicName":              noTopics,
	"GetTrailStatus.LatestDeliveryTime":        noFiles,
	"GetTrailStatus.LatestDigestDeliveryError": noFiles,
	"GetTrailStatus.LatestDigestDeliveryTime":  noFiles,
	"GetTrailStatus.LatestNotificationError":   noFiles,
	"GetTrailStatus.LatestNotificationTime":    noFiles,
	"ListTags.NextToken":                       "the tags of twenty trails are one page",
	"PutInsightSelectors.EventDataStoreArn":    noDataStores,
	"PutInsightSelectors.InsightsDestination":  noDataStores,
	"UpdateTrail.KmsKeyId":                     noKMS,
	"UpdateTrail.SnsTopicARN":                  noTopics,
	"UpdateTrail.SnsTopicName":                 noTopics,

	"DescribeLogGroups.LogGroups[].BearerTokenAuthenticationEnabled":           noTokens,
	"DescribeLogGroups.LogGroups[].DataProtectionStatus":                       noMasks,
	"DescribeLogGroups.LogGroups[].InheritedProperties":                        noMasks,
	"DescribeLogGroups.LogGroups[].KmsKeyId":                                   noKMS,
	"DescribeLogGroups.LogGroups[].RetentionPolicyName":                        noRetentionPolicy,
	"GetQueryResults.EncryptionKey":                                            noKMS,
	"DescribeMetricFilters.MetricFilters[].EmitSystemFieldDimensions":          noOrigins,
	"DescribeMetricFilters.MetricFilters[].FieldSelectionCriteria":             noOrigins,
	"DescribeSubscriptionFilters.SubscriptionFilters[].EmitSystemFields":       noOrigins,
	"DescribeSubscriptionFilters.SubscriptionFilters[].FieldSelectionCriteria": noOrigins,

	"CreateInstanceProfile.InstanceProfile.Roles[].SourceRoleTemplate":                                 noTemplates,
	"CreateRole.Role.SourceRoleTemplate":                                                               noTemplates,
	"CreateServiceLinkedRole.Role.SourceRoleTemplate":                                                  noTemplates,
	"GetAccountAuthorizationDetails.RoleDetailList[].InstanceProfileList[].Roles[].SourceRoleTemplate": noTemplates,
	"GetInstanceProfile.InstanceProfile.Roles[].SourceRoleTemplate":                                    noTemplates,
	"GetRole.Role.SourceRoleTemplate":                                                                  noTemplates,
	"ListInstanceProfiles.InstanceProfiles[].Roles[].SourceRoleTemplate":                               noTemplates,
	"ListInstanceProfilesForRole.InstanceProfiles[].Roles[].SourceRoleTemplate":                        noTemplates,
	"ListRoles.Roles[].SourceRoleTemplate":                                                             noTemplates,
	"UpdateRoleDescription.Role.SourceRoleTemplate":                                                    noTemplates,
	"AssumeRole.SessionTokenUtilization":                                                               noBound,
	"GetSessionToken.SessionTokenUtilization":                                                          noBound,
}

const (
	noRetries = "failed builds are not started again by the service; asking for it is refused"
	noBatches = "builds do not run in batches; asking for it is refused"
	noEntry   = "the sandbox of a build is not entered from outside; asking for it is refused"
	noVPC     = "builds run in the network of the machine; asking for another one, or for file systems, is refused"
	noS3Logs  = "logs are not written to S3; asking for it is refused"
	noReports = "there are no report groups"
	noPublic  = "projects are not public; asking for it is refused"
	noHooks   = "no webhooks come in; making one is refused"
	noManager = "no AWS service keeps buses or rules of its own here"
	noTokens  = "there is no other way in than signed requests; asking for it is refused"
	noMasks   = "nothing is masked, and asking for it is refused"
	noKMS     = "nothing is encrypted with keys of KMS, and asking for it is refused"
	noTopics  = "nobody is told of files by SNS, and asking for it is refused"
	noFiles   = "no files are written to S3, and nobody is told of any"
	// Which is refused.
	noDataStores = "there are no event data stores"
	// It has no operation, and botocore does not know it.
	noRetentionPolicy = "there are no named policies of retention"
	noLattice         = "private connectivity goes through AWS's VPC Lattice; asking for it is refused"
	noOrigins         = "events are of one account and one region, and asking which is refused"
	noTemplates       = "there are no templates of roles"
	noBound           = "how much of AWS's room for tokens is used is a question of AWS's tokens"
)

func TestEveryMemberOfTheSDKsOutputsIsAnswered(t *testing.T) {
	for _, d := range doors() {
		for _, op := range d.sdkOperations() {
			row, ok := d.row(op.name)
			if !ok || row.Refused != "" {
				continue
			}
			for _, diff := range compareShapes(d.service.Name, op.name, op.out, row.Out) {
				if path, _, _ := strings.Cut(diff, ":"); !never(d.service.Name, op.name, path) {
					t.Error(diff)
				}
			}
		}
	}
}

// neverOfFunctions are members of what is said of functions and layers that stand for
// what is refused: images, networks, file systems, keys, signatures, tenants, S3 and
// durable executions; and errors in reading what is never unreadable.
var neverOfFunctions = []string{
	"CapacityProviderConfig", "DurableConfig", "DurableExecutionArn", "Error", "FileSystemConfigs", "ImageConfigResponse", "ImageUri", "KMSKeyArn",
	"Location", "MasterArn", "ResolvedImageUri", "ResolvedS3Object", "SigningJobArn", "SigningProfileVersionArn", "SourceKMSKeyArn", "TagsError",
	"TenancyConfig", "VpcConfig",
}

// neverOfMappings are members of event source mappings that are of other sources than
// queues, or stand for what is refused.
var neverOfMappings = []string{
	"AmazonManagedKafkaEventSourceConfig", "BisectBatchOnFunctionError", "DestinationConfig", "DocumentDBEventSourceConfig", "FilterCriteriaError",
	"KMSKeyArn", "LoggingConfig", "MaximumRecordAgeInSeconds", "MaximumRetryAttempts", "MetricsConfig", "ParallelizationFactor", "ProvisionedPollerConfig",
	"Queues", "SelfManagedEventSource", "SelfManagedKafkaEventSourceConfig", "SourceAccessConfigurations", "StartingPosition", "StartingPositionTimestamp",
	"Topics", "TumblingWindowInSeconds",
}

// neverOfAPIs are members of what is said of REST APIs that stand for what is refused, or
// for states of making that APIs never are in.
var neverOfAPIs = []string{
	"ApiStatus", "ApiStatusMessage", "CacheClusterSize", "ClientCertificateId", "ConnectionId", "DocumentationVersion", "EndpointAccessMode",
	"IntegrationTarget", "ProviderARNs", "SecurityPolicy", "Warnings", "WebAclArn",
}

// never says whether a member of an output is one that is not answered.
func never(service, operation, path string) bool {
	member := path[strings.LastIndexByte(path, '.')+1:]
	if _, ok := neverAnswered[path]; ok || service != "lambda" && service != "apigateway" {
		return ok
	}
	if service == "apigateway" {
		return slices.Contains(neverOfAPIs, member)
	}
	return slices.Contains(neverOfFunctions, member) || strings.Contains(operation, "EventSourceMapping") && slices.Contains(neverOfMappings, member)
}

// small are the members whose names begin with a small letter on the wire, which
// the SDK's types do not show: what stands before a member, and the member.
var small = map[string]bool{
	"CapacityProviderStrategy[].base":             true,
	"CapacityProviderStrategy[].capacityProvider": true,
	"CapacityProviderStrategy[].weight":           true,
	"NetworkConfiguration.awsvpcConfiguration":    true,
	"PlacementConstraints[].expression":           true,
	"PlacementConstraints[].type":                 true,
	"PlacementStrategy[].field":                   true,
	"PlacementStrategy[].type":                    true,
	"CreateQueue.tags":                            true,
	"DescribeTrails.includeShadowTrails":          true,
	"DescribeTrails.trailList":                    true,
	"DescribeTrails.trailNameList":                true,
	"ListDeadLetterSourceQueues.queueUrls":        true,
}

// allSmall are the services all of whose members are small.
var allSmall = map[string]bool{"apigateway": true, "codebuild": true, "logs": true}

// renamed are the members that have another name on the wire than in the SDK.
var renamed = map[string]string{
	"GetAuthorizers.Items": "item", "GetDeployments.Items": "item", "GetGatewayResponses.Items": "item", "GetModels.Items": "item",
	"GetRequestValidators.Items": "item", "GetResources.Items": "item", "GetRestApis.Items": "item", "PutIntegration.IntegrationHttpMethod": "httpMethod",
}

// onTheWire returns the name of a member of the SDK's type at a path.
func (c *shapeComparison) onTheWire(path, member string) string {
	if name, ok := renamed[path+"."+member]; ok {
		return name
	}
	lower := strings.ToLower(member[:1]) + member[1:]
	if c.small || small[path[strings.LastIndexByte(path, '.')+1:]+"."+lower] {
		return lower
	}
	return member
}

// compareShapes returns a sentence for each member of the SDK's type that ours
// does not have, by exactly that name and in the same kind.
func compareShapes(service, operation string, sdk, ours reflect.Type) []string {
	c := shapeComparison{small: allSmall[service], seen: map[[2]reflect.Type]bool{}}
	c.compare(operation, sdk, ours)
	return c.diffs
}

type shapeComparison struct {
	small bool // all members of the service are
	seen  map[[2]reflect.Type]bool
	diffs []string
}

var (
	rawType      = reflect.TypeFor[json.RawMessage]()
	timeType     = reflect.TypeFor[time.Time]()
	wireTimeType = reflect.TypeFor[wire.Time]()
	metadataType = reflect.TypeFor[middleware.Metadata]()
)

func (c *shapeComparison) compare(path string, sdk, ours reflect.Type) {
	for sdk.Kind() == reflect.Pointer {
		sdk = sdk.Elem()
	}
	for ours.Kind() == reflect.Pointer {
		ours = ours.Elem()
	}
	if c.seen[[2]reflect.Type{sdk, ours}] || ours == rawType {
		return
	}
	c.seen[[2]reflect.Type{sdk, ours}] = true
	if sdk == timeType || ours == wireTimeType {
		if sdk != timeType || ours != wireTimeType {
			c.differ(path, sdk, ours)
		}
		return
	}
	switch {
	case sdk.Kind() == reflect.Struct && ours.Kind() == reflect.Struct:
		c.compareStructs(path, sdk, ours)
	case sdk.Kind() == reflect.Slice && ours.Kind() == reflect.Slice:
		c.compare(path+"[]", sdk.Elem(), ours.Elem())
	case sdk.Kind() == reflect.Map && ours.Kind() == reflect.Map:
		c.compare(path+"{}", sdk.Elem(), ours.Elem())
	case sdk.Kind() == reflect.Interface && ours.Kind() == reflect.Struct: // a union, whose members are types of their own
	case kindOf(sdk) != kindOf(ours):
		c.differ(path, sdk, ours)
	}
}

func (c *shapeComparison) compareStructs(path string, sdk, ours reflect.Type) {
	members := map[string]reflect.Type{}
	for _, f := range reflect.VisibleFields(ours) { // those of embedded structs too
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" {
			name = f.Name
		}
		members[name] = f.Type
	}
	for f := range sdk.Fields() {
		if !f.IsExported() || f.Type == metadataType {
			continue
		}
		at := path + "." + f.Name
		our, ok := members[c.onTheWire(path, f.Name)]
		if !ok {
			c.diffs = append(c.diffs, at+": the SDK has this member, we do not")
			continue
		}
		c.compare(at, f.Type, our)
	}
}

func (c *shapeComparison) differ(path string, sdk, ours reflect.Type) {
	c.diffs = append(c.diffs, fmt.Sprintf("%s: the SDK has %v, we have %v", path, sdk, ours))
}

// kindOf is a type's kind with all sizes of numbers made one.
func kindOf(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return "integer"
	case reflect.Float32, reflect.Float64:
		return "number"
	default:
		return t.Kind().String()
	}
}
