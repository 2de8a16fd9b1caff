package function

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/function/catalog"
)

// VpcConfig are networks, which are not offered.
type VpcConfig struct {
	SubnetIds, SecurityGroupIds []string
	Ipv6AllowedForDualStack     *bool
}

// FileSystemConfig is a file system, which is not offered.
type FileSystemConfig struct {
	Arn, LocalMountPath *string
	S3FilesConfig       json.RawMessage
}

// ImageConfig is how an image starts, which is not offered.
type ImageConfig struct {
	EntryPoint, Command []string
	WorkingDirectory    *string
}

// LambdaManagedInstancesCapacityProviderConfig is a part of CapacityProviderConfig.
type LambdaManagedInstancesCapacityProviderConfig struct {
	CapacityProviderArn                   *string
	PerExecutionEnvironmentMaxConcurrency *int
	ExecutionEnvironmentMemoryGiBPerVCpu  *float64
}

// CapacityProviderConfig is where functions of others' machines run, which is not offered.
type CapacityProviderConfig struct {
	LambdaManagedInstancesCapacityProviderConfig *LambdaManagedInstancesCapacityProviderConfig
}

// DurableConfig is for executions that go on after a failure, which are not offered.
type DurableConfig struct {
	RetentionPeriodInDays, ExecutionTimeout *int
	KMSKeyArn                               *string
}

// TenancyConfig keeps tenants apart, which is not offered.
type TenancyConfig struct{ TenantIsolationMode *string }

// SnapStart keeps functions started, which is not offered.
type SnapStart struct{ ApplyOn *string }

// DeadLetterConfig names a queue.
type DeadLetterConfig struct{ TargetArn *string }

// Environment are variables.
type Environment struct {
	Variables map[string]string `trail:"omitted"`
}

// TracingConfig says whether calls are traced.
type TracingConfig struct{ Mode *string }

// EphemeralStorage is how much a function may have in /tmp, in MB.
type EphemeralStorage struct{ Size *int }

// LoggingConfig says how a function logs.
type LoggingConfig struct {
	LogFormat, ApplicationLogLevel, SystemLogLevel, LogGroup *string
}

// A configurationInput has what making and changing a function have in common.
type configurationInput struct {
	Role, Handler, Description, Runtime *string
	Timeout, MemorySize                 *int
	VpcConfig                           *VpcConfig
	Environment                         *Environment
	DeadLetterConfig                    *DeadLetterConfig
	KMSKeyArn                           *string
	TracingConfig                       *TracingConfig
	Layers                              []string
	FileSystemConfigs                   []FileSystemConfig
	ImageConfig                         *ImageConfig
	EphemeralStorage                    *EphemeralStorage
	SnapStart                           *SnapStart
	LoggingConfig                       *LoggingConfig
	CapacityProviderConfig              *CapacityProviderConfig
	DurableConfig                       *DurableConfig
}

// notOffered refuses a member that dari does not know how to honour.
func notOffered(member, why string) error {
	return fault.Invalid("%s is not offered: %s.", member, why)
}

// change is the change that is asked for, and refuses what is not offered.
func (in *configurationInput) change() (*catalog.Change, error) {
	switch vpc, snap := in.VpcConfig, in.SnapStart; {
	case vpc != nil && len(vpc.SubnetIds)+len(vpc.SecurityGroupIds) > 0:
		return nil, notOffered("VpcConfig", "functions have the network of the machine")
	case in.KMSKeyArn != nil && *in.KMSKeyArn != "":
		return nil, notOffered("KMSKeyArn", "nothing is encrypted with keys of KMS")
	case len(in.FileSystemConfigs) > 0:
		return nil, notOffered("FileSystemConfigs", "there are no file systems to mount")
	case in.ImageConfig != nil:
		return nil, notOffered("ImageConfig", "functions are zips and no images")
	case snap != nil && snap.ApplyOn != nil && *snap.ApplyOn != "None":
		return nil, notOffered("SnapStart", "environments are started when they are needed")
	case in.CapacityProviderConfig != nil:
		return nil, notOffered("CapacityProviderConfig", "functions run on this machine")
	case in.DurableConfig != nil:
		return nil, notOffered("DurableConfig", "executions are not durable")
	}
	ch := &catalog.Change{
		Runtime: in.Runtime, Role: in.Role, Handler: in.Handler, Description: in.Description,
		Timeout: in.Timeout, Memory: in.MemorySize, Layers: in.Layers,
	}
	if in.DeadLetterConfig != nil {
		none := ""
		if ch.DeadLetter = in.DeadLetterConfig.TargetArn; ch.DeadLetter == nil {
			ch.DeadLetter = &none
		}
	}
	if in.Environment != nil {
		variables := in.Environment.Variables
		if variables == nil {
			variables = map[string]string{}
		}
		ch.Environment = &variables
	}
	if in.TracingConfig != nil {
		ch.Tracing = in.TracingConfig.Mode
	}
	if in.EphemeralStorage != nil {
		ch.Storage = in.EphemeralStorage.Size
	}
	if l := in.LoggingConfig; l != nil {
		ch.Log = &catalog.LogSettings{Format: val(l.LogFormat), Group: val(l.LogGroup), ApplicationLevel: val(l.ApplicationLogLevel), SystemLevel: val(l.SystemLogLevel)}
	}
	return ch, nil
}

func val(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// EnvironmentResponse are the variables of a function.
type EnvironmentResponse struct {
	Variables map[string]string `empty:"kept" trail:"omitted"`
}

// LayerOutput is a layer that a function has.
type LayerOutput struct {
	Arn      string
	CodeSize int64
}

// RuntimeVersionConfig names what AWS would call the version of a runtime.
type RuntimeVersionConfig struct{ RuntimeVersionArn string }

// SnapStartResponse says that functions are not kept started.
type SnapStartResponse struct{ ApplyOn, OptimizationStatus string }

// LoggingOutput says how a function logs.
type LoggingOutput struct {
	LogFormat           string
	ApplicationLogLevel string `json:",omitempty"`
	SystemLogLevel      string `json:",omitempty"`
	LogGroup            string
}

// A configuration is a version of a function as answers have it.
type configuration struct {
	FunctionName, FunctionArn  string
	Runtime, Role, Handler     string
	CodeSize                   int64
	Description                string
	Timeout, MemorySize        int
	LastModified, CodeSha256   string
	Version                    string
	Environment                *EnvironmentResponse
	DeadLetterConfig           *DeadLetterConfig
	TracingConfig              TracingConfig
	RevisionId                 string
	Layers                     []LayerOutput `json:",omitempty"`
	State                      string        `json:",omitempty"`
	StateReason                string        `json:",omitempty"`
	StateReasonCode            string        `json:",omitempty"`
	LastUpdateStatus           string        `json:",omitempty"`
	LastUpdateStatusReason     string        `json:",omitempty"`
	LastUpdateStatusReasonCode string        `json:",omitempty"`
	PackageType                string
	Architectures              []string `json:",omitempty"`
	EphemeralStorage           EphemeralStorage
	SnapStart                  SnapStartResponse
	RuntimeVersionConfig       RuntimeVersionConfig
	LoggingConfig              LoggingOutput
	ConfigSha256               string `json:",omitempty"`
}

// configurationOf is a version; a is the function as it is named in the answer, with a
// qualifier or without.
func configurationOf(a catalog.Address, v *catalog.Version) *configuration {
	c := &configuration{
		FunctionName: a.Name, FunctionArn: a.ARN(), Runtime: v.Runtime, Role: v.Role, Handler: v.Handler,
		CodeSize: v.Code.Size, CodeSha256: v.Code.SHA256(), Description: v.Description, Timeout: v.Timeout, MemorySize: v.Memory,
		LastModified: timestamp(v.Modified), Version: v.Number,
		TracingConfig: TracingConfig{&v.Tracing}, RevisionId: v.Revision,
		State: "Active", LastUpdateStatus: "Successful", PackageType: "Zip",
		Architectures: []string{v.Architecture}, EphemeralStorage: EphemeralStorage{&v.Storage},
		SnapStart: SnapStartResponse{"None", "Off"}, RuntimeVersionConfig: RuntimeVersionConfig{runtimeVersion(a, v.Runtime)},
		LoggingConfig: LoggingOutput{v.LogFormat, v.ApplicationLogLevel, v.SystemLogLevel, v.LogGroup},
	}
	if v.HasEnvironment {
		c.Environment = &EnvironmentResponse{Variables: v.Environment}
		if c.Environment.Variables == nil {
			c.Environment.Variables = map[string]string{}
		}
	}
	if v.HasDeadLetter {
		c.DeadLetterConfig = &DeadLetterConfig{&v.DeadLetter}
	}
	for _, l := range v.Layers {
		c.Layers = append(c.Layers, LayerOutput{l.ARN, l.Code.Size})
	}
	return c
}

// made is a function in the answer that says that it was made.
func (c *configuration) made() *configuration {
	c.State, c.StateReason, c.StateReasonCode, c.LastUpdateStatus = "Pending", "The function is being created.", "Creating", ""
	return c
}

// changed is a function in the answer that says that it was changed.
func (c *configuration) changed() *configuration {
	c.LastUpdateStatus, c.LastUpdateStatusReason, c.LastUpdateStatusReasonCode = "InProgress", "The function is being created.", "Creating"
	return c
}

// listed is a function in a list, where states are left out as at AWS.
func (c *configuration) listed() configuration {
	c.State, c.LastUpdateStatus = "", ""
	return *c
}

func timestamp(millis int64) string {
	return time.UnixMilli(millis).UTC().Format("2006-01-02T15:04:05.000-0700")
}

// runtimeVersion is the ARN of a version of a runtime, of which there is one.
func runtimeVersion(a catalog.Address, runtime string) string {
	sum := sha256.Sum256([]byte(runtime))
	return arn.ARN{Partition: arn.Partition(a.Region), Service: "lambda", Region: a.Region, Resource: "runtime:" + hex.EncodeToString(sum[:])}.String()
}
