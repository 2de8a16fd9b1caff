package eventsapi

import (
	"context"

	"github.com/dari-bus/dari/internal/bus"
	"github.com/dari-bus/dari/internal/wire"
)

func (a *API) rules() []wire.Operation {
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
func (a *API) DeleteRule(ctx context.Context, in *DeleteRuleInput) (*wire.None, error) {
	return &wire.None{}, a.bus.DeleteRule(ctx, caller(ctx), val(in.EventBusName), val(in.Name))
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
func (a *API) DescribeRule(ctx context.Context, in *DescribeRuleInput) (*DescribeRuleOutput, error) {
	r, err := a.bus.DescribeRule(caller(ctx), val(in.EventBusName), val(in.Name))
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
func (a *API) DisableRule(ctx context.Context, in *DisableRuleInput) (*wire.None, error) {
	return &wire.None{}, a.bus.DisableRule(ctx, caller(ctx), val(in.EventBusName), val(in.Name))
}

// EnableRuleInput is the input of EnableRule.
type EnableRuleInput struct {
	Name         *string
	EventBusName *string
}

// EnableRule lets a rule match and fire.
func (a *API) EnableRule(ctx context.Context, in *EnableRuleInput) (*wire.None, error) {
	return &wire.None{}, a.bus.EnableRule(ctx, caller(ctx), val(in.EventBusName), val(in.Name))
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
func (a *API) ListRuleNamesByTarget(ctx context.Context, in *ListRuleNamesByTargetInput) (*ListRuleNamesByTargetOutput, error) {
	names, next, err := a.bus.ListRuleNamesByTarget(caller(ctx), val(in.EventBusName), val(in.TargetArn), val(in.NextToken), val(in.Limit))
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
func (a *API) ListRules(ctx context.Context, in *ListRulesInput) (*ListRulesOutput, error) {
	rules, next, err := a.bus.ListRules(caller(ctx), val(in.EventBusName), val(in.NamePrefix), val(in.NextToken), val(in.Limit))
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
func (a *API) PutRule(ctx context.Context, in *PutRuleInput) (*PutRuleOutput, error) {
	arn, err := a.bus.PutRule(ctx, caller(ctx), bus.NewRule{
		Name: val(in.Name), Bus: val(in.EventBusName), Pattern: val(in.EventPattern), Schedule: val(in.ScheduleExpression),
		State: bus.State(val(in.State)), Description: val(in.Description), RoleARN: val(in.RoleArn), Tags: tagsIn(in.Tags),
	})
	if err != nil {
		return nil, err
	}
	return &PutRuleOutput{RuleArn: arn}, nil
}
