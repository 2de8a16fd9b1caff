package eventsapi

import (
	"context"

	"github.com/dari-bus/dari/internal/bus"
	"github.com/dari-bus/dari/internal/target"
	"github.com/dari-bus/dari/internal/wire"
)

func (a *api) targets() []wire.Operation {
	return []wire.Operation{
		wire.Op("ListTargetsByRule", a.ListTargetsByRule).Reads(),
		wire.Op("PutTargets", a.PutTargets),
		wire.Op("RemoveTargets", a.RemoveTargets),
	}
}

// ListTargetsByRuleInput is the input of ListTargetsByRule.
type ListTargetsByRuleInput struct {
	Rule         *string
	EventBusName *string
	NextToken    *string
	Limit        *int
}

// ListTargetsByRuleOutput is the output of ListTargetsByRule.
type ListTargetsByRuleOutput struct {
	Targets   []Target `empty:"kept"`
	NextToken string   `json:",omitempty"`
}

// ListTargetsByRule returns the targets of a rule as they were put.
func (a *api) ListTargetsByRule(ctx context.Context, in *ListTargetsByRuleInput) (*ListTargetsByRuleOutput, error) {
	targets, next, err := a.bus.ListTargetsByRule(caller(ctx), wire.Val(in.EventBusName), wire.Val(in.Rule), wire.Val(in.NextToken), wire.Val(in.Limit))
	if err != nil {
		return nil, err
	}
	out := &ListTargetsByRuleOutput{NextToken: next}
	for _, t := range targets {
		row, err := targetOut(t)
		if err != nil {
			return nil, err
		}
		out.Targets = append(out.Targets, row)
	}
	return out, nil
}

// PutTargetsInput is the input of PutTargets.
type PutTargetsInput struct {
	Rule         *string
	EventBusName *string
	Targets      []Target
}

// PutTargetsOutput is the output of PutTargets.
type PutTargetsOutput struct {
	FailedEntryCount int
	FailedEntries    []TargetFailure `empty:"kept"`
}

// A TargetFailure is a target that could not be put or removed.
type TargetFailure struct {
	TargetId     string
	ErrorCode    string
	ErrorMessage string
}

// PutTargets adds targets to a rule or replaces them. All of them are put, or none.
func (a *api) PutTargets(ctx context.Context, in *PutTargetsInput) (*PutTargetsOutput, error) {
	targets := make([]target.Target, len(in.Targets))
	for i := range in.Targets {
		t, err := in.Targets[i].in()
		if err != nil {
			return nil, err
		}
		targets[i] = t
	}
	if err := a.bus.PutTargets(ctx, caller(ctx), wire.Val(in.EventBusName), wire.Val(in.Rule), targets); err != nil {
		return nil, err
	}
	return &PutTargetsOutput{}, nil
}

// RemoveTargetsInput is the input of RemoveTargets.
type RemoveTargetsInput struct {
	Rule         *string
	EventBusName *string
	Ids          []string
	// Force is for rules that a service manages, of which there are none.
	Force *bool
}

// RemoveTargetsOutput is the output of RemoveTargets.
type RemoveTargetsOutput struct {
	FailedEntryCount int
	FailedEntries    []TargetFailure `empty:"kept"`
}

// RemoveTargets takes targets off a rule. Ids that it does not have are failures.
func (a *api) RemoveTargets(ctx context.Context, in *RemoveTargetsInput) (*RemoveTargetsOutput, error) {
	failures, err := a.bus.RemoveTargets(ctx, caller(ctx), wire.Val(in.EventBusName), wire.Val(in.Rule), in.Ids)
	if err != nil {
		return nil, err
	}
	return &RemoveTargetsOutput{len(failures), failed(failures)}, nil
}

func failed(failures []bus.Failure) []TargetFailure {
	var out []TargetFailure
	for _, f := range failures {
		out = append(out, TargetFailure{f.ID, f.Code, f.Message})
	}
	return out
}
