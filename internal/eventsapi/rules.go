package eventsapi

import (
	"context"

	"github.com/dari-bus/dari/internal/bus"
	"github.com/dari-bus/dari/internal/wire"
)

func (a *api) rules() []wire.Operation {
	return []wire.Operation{
		wire.Op("DeleteRule", a.DeleteRule),
		wire.Op("DescribeRule", a.DescribeRule).Reads(),
		wire.Op("DisableRule", a.DisableRule),
		wire.Op("EnableRule", a.EnableRule),
		wire.Op("ListRuleNamesByTarget", a.ListRuleNamesByTarget).Reads(),
		wire.Op("ListRules", a.ListRules).Reads(),
		wire.Op("PutRule", a.PutRule),
	}
}

// DeleteRuleInput is the input of DeleteRule.
type DeleteRuleInput struct {
	Name         *string
	EventBusName *string
	// Force is for rules that a service manages, of which there are none.
	Force *bool
}

// DeleteRule removes a rule that has no targets.
func (a *api) DeleteRule(ctx context.Context, in *DeleteRuleInput) (*wire.None, error) {
	return &wire.None{}, a.bus.DeleteRule(ctx, caller(ctx), wire.Val(in.EventBusName), wire.Val(in.Name))
}

// DescribeRuleInput is the input of DescribeRule.
type DescribeRuleInput struct {
	Name         *string
	EventBusName *string
}

// DescribeRuleOutput is the output of DescribeRule.
type DescribeRuleOutput struct {
	Name               string
	Arn                string
	EventPattern       string `json:",omitempty"`
	ScheduleExpression string `json:",omitempty"`
	State              string
	Description        string `json:",omitempty"`
	RoleArn            string `json:",omitempty"`
	EventBusName       string
	CreatedBy          string
}

// DescribeRule returns a rule.
func (a *api) DescribeRule(ctx context.Context, in *DescribeRuleInput) (*DescribeRuleOutput, error) {
	r, err := a.bus.DescribeRule(caller(ctx), wire.Val(in.EventBusName), wire.Val(in.Name))
	if err != nil {
		return nil, err
	}
	return &DescribeRuleOutput{
		Name: r.Name, Arn: r.ARN, EventPattern: r.Pattern, ScheduleExpression: r.Schedule, State: string(r.State),
		Description: r.Description, RoleArn: r.RoleARN, EventBusName: r.Bus, CreatedBy: r.CreatedBy,
	}, nil
}

// DisableRuleInput is the input of DisableRule.
type DisableRuleInput struct {
	Name         *string
	EventBusName *string
}

// DisableRule stops a rule from matching and from firing.
func (a *api) DisableRule(ctx context.Context, in *DisableRuleInput) (*wire.None, error) {
	return &wire.None{}, a.bus.DisableRule(ctx, caller(ctx), wire.Val(in.EventBusName), wire.Val(in.Name))
}

// EnableRuleInput is the input of EnableRule.
type EnableRuleInput struct {
	Name         *string
	EventBusName *string
}

// EnableRule lets a rule match and fire.
func (a *api) EnableRule(ctx context.Context, in *EnableRuleInput) (*wire.None, error) {
	return &wire.None{}, a.bus.EnableRule(ctx, caller(ctx), wire.Val(in.EventBusName), wire.Val(in.Name))
}

// ListRuleNamesByTargetInput is the input of ListRuleNamesByTarget.
type ListRuleNamesByTargetInput struct {
	TargetArn    *string
	EventBusName *string
	NextToken    *string
	Limit        *int
}

// ListRuleNamesByTargetOutput is the output of ListRuleNamesByTarget.
type ListRuleNamesByTargetOutput struct {
	RuleNames []string `empty:"kept"`
	NextToken string   `json:",omitempty"`
}

// ListRuleNamesByTarget returns the names of the rules of a bus that have a target.
func (a *api) ListRuleNamesByTarget(ctx context.Context, in *ListRuleNamesByTargetInput) (*ListRuleNamesByTargetOutput, error) {
	names, next, err := a.bus.ListRuleNamesByTarget(caller(ctx), wire.Val(in.EventBusName), wire.Val(in.TargetArn), wire.Val(in.NextToken), wire.Val(in.Limit))
	if err != nil {
		return nil, err
	}
	return &ListRuleNamesByTargetOutput{RuleNames: names, NextToken: next}, nil
}

// ListRulesInput is the input of ListRules.
type ListRulesInput struct {
	NamePrefix   *string
	EventBusName *string
	NextToken    *string
	Limit        *int
}

// ListRulesOutput is the output of ListRules.
type ListRulesOutput struct {
	Rules     []Rule `empty:"kept"`
	NextToken string `json:",omitempty"`
}

// A Rule is a row of ListRules.
type Rule struct {
	Name               string
	Arn                string
	EventPattern       string `json:",omitempty"`
	State              string
	Description        string `json:",omitempty"`
	ScheduleExpression string `json:",omitempty"`
	RoleArn            string `json:",omitempty"`
	EventBusName       string
}

// ListRules returns the rules of a bus by name.
func (a *api) ListRules(ctx context.Context, in *ListRulesInput) (*ListRulesOutput, error) {
	rules, next, err := a.bus.ListRules(caller(ctx), wire.Val(in.EventBusName), wire.Val(in.NamePrefix), wire.Val(in.NextToken), wire.Val(in.Limit))
	if err != nil {
		return nil, err
	}
	out := &ListRulesOutput{NextToken: next}
	for _, r := range rules {
		out.Rules = append(out.Rules, Rule{
			Name: r.Name, Arn: r.ARN, EventPattern: r.Pattern, State: string(r.State), Description: r.Description,
			ScheduleExpression: r.Schedule, RoleArn: r.RoleARN, EventBusName: r.Bus,
		})
	}
	return out, nil
}

// PutRuleInput is the input of PutRule.
type PutRuleInput struct {
	Name               *string
	ScheduleExpression *string
	EventPattern       *string
	State              *string
	Description        *string
	RoleArn            *string
	Tags               []Tag
	EventBusName       *string
}

// PutRuleOutput is the output of PutRule.
type PutRuleOutput struct {
	RuleArn string
}

// PutRule makes a rule, or replaces all of one but its targets and tags.
func (a *api) PutRule(ctx context.Context, in *PutRuleInput) (*PutRuleOutput, error) {
	arn, err := a.bus.PutRule(ctx, caller(ctx), bus.NewRule{
		Name: wire.Val(in.Name), Bus: wire.Val(in.EventBusName), Pattern: wire.Val(in.EventPattern), Schedule: wire.Val(in.ScheduleExpression),
		State: bus.State(wire.Val(in.State)), Description: wire.Val(in.Description), RoleARN: wire.Val(in.RoleArn), Tags: tagsIn(in.Tags),
	})
	if err != nil {
		return nil, err
	}
	return &PutRuleOutput{RuleArn: arn}, nil
}
