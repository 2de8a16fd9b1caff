package eventsapi

// The parameters of kinds of targets that dari does not deliver to. Their
// limits are checked and their values listed as they were given.

// AppSyncParameters are for targets that are GraphQL APIs.
type AppSyncParameters struct {
	GraphQLOperation *string `json:",omitempty"`
}

// BatchParameters are for targets that are job queues of AWS Batch.
type BatchParameters struct {
	JobDefinition   *string               `json:",omitempty"`
	JobName         *string               `json:",omitempty"`
	ArrayProperties *BatchArrayProperties `json:",omitempty"`
	RetryStrategy   *BatchRetryStrategy   `json:",omitempty"`
}

// BatchArrayProperties make an array job.
type BatchArrayProperties struct {
	Size *int `json:",omitempty"`
}

// A BatchRetryStrategy says how often a job is tried.
type BatchRetryStrategy struct {
	Attempts *int `json:",omitempty"`
}

// EcsParameters are for targets that are clusters of Amazon ECS.
type EcsParameters struct {
	TaskDefinitionArn        *string                        `json:",omitempty"`
	TaskCount                *int                           `json:",omitempty"`
	LaunchType               *string                        `json:",omitempty"`
	NetworkConfiguration     *NetworkConfiguration          `json:",omitempty"`
	PlatformVersion          *string                        `json:",omitempty"`
	Group                    *string                        `json:",omitempty"`
	CapacityProviderStrategy []CapacityProviderStrategyItem `json:",omitempty"`
	EnableECSManagedTags     *bool                          `json:",omitempty"`
	EnableExecuteCommand     *bool                          `json:",omitempty"`
	PlacementConstraints     []PlacementConstraint          `json:",omitempty"`
	PlacementStrategy        []PlacementStrategy            `json:",omitempty"`
	PropagateTags            *string                        `json:",omitempty"`
	ReferenceId              *string                        `json:",omitempty"`
	Tags                     []Tag                          `json:",omitempty"`
}

// A NetworkConfiguration says where a task's network is.
type NetworkConfiguration struct {
	AwsvpcConfiguration *AwsVpcConfiguration `json:"awsvpcConfiguration,omitempty"`
}

// An AwsVpcConfiguration names subnets and security groups.
type AwsVpcConfiguration struct {
	Subnets        []string `json:",omitempty"`
	SecurityGroups []string `json:",omitempty"`
	AssignPublicIp *string  `json:",omitempty"`
}

// A CapacityProviderStrategyItem is one part of a capacity provider strategy.
type CapacityProviderStrategyItem struct {
	CapacityProvider *string `json:"capacityProvider,omitempty"`
	Weight           *int    `json:"weight,omitempty"`
	Base             *int    `json:"base,omitempty"`
}

// A PlacementConstraint says where a task may run.
type PlacementConstraint struct {
	Type       *string `json:"type,omitempty"`
	Expression *string `json:"expression,omitempty"`
}

// A PlacementStrategy says how tasks are spread.
type PlacementStrategy struct {
	Type  *string `json:"type,omitempty"`
	Field *string `json:"field,omitempty"`
}

// KinesisParameters are for targets that are Kinesis streams.
type KinesisParameters struct {
	PartitionKeyPath *string `json:",omitempty"`
}

// RedshiftDataParameters are for targets that are Redshift clusters.
type RedshiftDataParameters struct {
	SecretManagerArn *string  `json:",omitempty"`
	Database         *string  `json:",omitempty"`
	DbUser           *string  `json:",omitempty"`
	Sql              *string  `json:",omitempty"`
	StatementName    *string  `json:",omitempty"`
	WithEvent        *bool    `json:",omitempty"`
	Sqls             []string `json:",omitempty"`
}

// RunCommandParameters are for targets that are documents of Systems Manager.
type RunCommandParameters struct {
	RunCommandTargets []RunCommandTarget `json:",omitempty"`
}

// A RunCommandTarget picks the instances that run a command.
type RunCommandTarget struct {
	Key    *string  `json:",omitempty"`
	Values []string `json:",omitempty"`
}

// SageMakerPipelineParameters are for targets that are SageMaker pipelines.
type SageMakerPipelineParameters struct {
	PipelineParameterList []SageMakerPipelineParameter `json:",omitempty"`
}

// A SageMakerPipelineParameter is one parameter of a pipeline.
type SageMakerPipelineParameter struct {
	Name  *string `json:",omitempty"`
	Value *string `json:",omitempty"`
}
