package eventsapi

import (
	"encoding/json"
	"fmt"

	"github.com/dari-bus/dari/internal/target"
	"github.com/dari-bus/dari/internal/wire"
)

// A Target is a target of a rule on the wire, in both directions.
type Target struct {
	Id                          *string                      `json:",omitempty"`
	Arn                         *string                      `json:",omitempty"`
	RoleArn                     *string                      `json:",omitempty"`
	Input                       *string                      `json:",omitempty"`
	InputPath                   *string                      `json:",omitempty"`
	InputTransformer            *InputTransformer            `json:",omitempty"`
	KinesisParameters           *KinesisParameters           `json:",omitempty"`
	RunCommandParameters        *RunCommandParameters        `json:",omitempty"`
	EcsParameters               *EcsParameters               `json:",omitempty"`
	BatchParameters             *BatchParameters             `json:",omitempty"`
	SqsParameters               *SqsParameters               `json:",omitempty"`
	HttpParameters              *HttpParameters              `json:",omitempty"`
	RedshiftDataParameters      *RedshiftDataParameters      `json:",omitempty"`
	SageMakerPipelineParameters *SageMakerPipelineParameters `json:",omitempty"`
	DeadLetterConfig            *DeadLetterConfig            `json:",omitempty"`
	RetryPolicy                 *RetryPolicy                 `json:",omitempty"`
	AppSyncParameters           *AppSyncParameters           `json:",omitempty"`
}

// An InputTransformer makes the input of a target out of parts of the event.
type InputTransformer struct {
	InputPathsMap map[string]string `json:",omitempty"`
	InputTemplate *string           `json:",omitempty"`
}

// SqsParameters are for targets that are queues.
type SqsParameters struct {
	MessageGroupId *string `json:",omitempty"`
}

// HttpParameters shape the request to an API destination or a REST API.
type HttpParameters struct {
	PathParameterValues   []string          `json:",omitempty"`
	HeaderParameters      map[string]string `json:",omitempty"`
	QueryStringParameters map[string]string `json:",omitempty"`
}

// A RetryPolicy says when to give up on a target.
type RetryPolicy struct {
	MaximumRetryAttempts     *int `json:",omitempty"`
	MaximumEventAgeInSeconds *int `json:",omitempty"`
}

// in returns the target as the bus keeps it.
func (t *Target) in() (target.Target, error) {
	out := target.Target{
		ID: wire.Val(t.Id), ARN: wire.Val(t.Arn), RoleARN: wire.Val(t.RoleArn),
		Input: t.Input, InputPath: t.InputPath,
		DeadLetter: t.DeadLetterConfig.arn(), HasDeadLetter: t.DeadLetterConfig != nil,
	}
	if x := t.InputTransformer; x != nil {
		out.Transformer = &target.Transformer{Paths: x.InputPathsMap, Template: wire.Val(x.InputTemplate)}
	}
	if p := t.SqsParameters; p != nil {
		out.Queue = &target.QueueParameters{Group: wire.Val(p.MessageGroupId)}
	}
	if p := t.HttpParameters; p != nil {
		out.HTTP = &target.HTTPParameters{Path: p.PathParameterValues, Header: p.HeaderParameters, Query: p.QueryStringParameters}
	}
	if p := t.RetryPolicy; p != nil {
		out.Retry = &target.RetryPolicy{MaxAttempts: p.MaximumRetryAttempts, MaxAge: p.MaximumEventAgeInSeconds}
	}
	for _, m := range t.others() {
		if !m.present() {
			continue
		}
		raw, err := json.Marshal(m.at)
		if err != nil {
			return target.Target{}, fmt.Errorf("keep %s: %w", m.name, err)
		}
		if out.Other == nil {
			out.Other = map[string]json.RawMessage{}
		}
		out.Other[m.name] = raw
	}
	return out, nil
}

// targetOut returns a target as it is listed: with the members that it was put with.
func targetOut(t target.Target) (Target, error) {
	out := Target{Id: &t.ID, Arn: &t.ARN, RoleArn: wire.Opt(t.RoleARN), Input: t.Input, InputPath: t.InputPath}
	if x := t.Transformer; x != nil {
		out.InputTransformer = &InputTransformer{InputPathsMap: x.Paths, InputTemplate: &x.Template}
	}
	if t.HasDeadLetter {
		out.DeadLetterConfig = &DeadLetterConfig{Arn: wire.Opt(t.DeadLetter)}
	}
	if p := t.Queue; p != nil {
		out.SqsParameters = &SqsParameters{MessageGroupId: wire.Opt(p.Group)}
	}
	if p := t.HTTP; p != nil {
		out.HttpParameters = &HttpParameters{PathParameterValues: p.Path, HeaderParameters: p.Header, QueryStringParameters: p.Query}
	}
	if p := t.Retry; p != nil {
		out.RetryPolicy = &RetryPolicy{MaximumRetryAttempts: p.MaxAttempts, MaximumEventAgeInSeconds: p.MaxAge}
	}
	for _, m := range out.others() {
		raw, ok := t.Other[m.name]
		if !ok {
			continue
		}
		if err := json.Unmarshal(raw, m.at); err != nil {
			return Target{}, fmt.Errorf("target %s: %s: %w", t.ID, m.name, err)
		}
	}
	return out, nil
}

// An otherMember is a member of a target that only kinds that dari does not
// deliver to use. It is kept as it came, for the lists.
type otherMember struct {
	name string
	// at points to the member.
	at      any
	present func() bool
}

func (t *Target) others() []otherMember {
	return []otherMember{
		other("AppSyncParameters", &t.AppSyncParameters),
		other("BatchParameters", &t.BatchParameters),
		other("EcsParameters", &t.EcsParameters),
		other("KinesisParameters", &t.KinesisParameters),
		other("RedshiftDataParameters", &t.RedshiftDataParameters),
		other("RunCommandParameters", &t.RunCommandParameters),
		other("SageMakerPipelineParameters", &t.SageMakerPipelineParameters),
	}
}

func other[T any](name string, at **T) otherMember {
	return otherMember{name, at, func() bool { return *at != nil }}
}
