package logs

import (
	"context"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/logs/groups"
	"github.com/dari-bus/dari/internal/wire"
)

func (a api) policyRows() []wire.Operation {
	return []wire.Operation{
		wire.Op("DeleteResourcePolicy", a.DeleteResourcePolicy),
		wire.Op("DescribeResourcePolicies", a.DescribeResourcePolicies).Reads(),
		wire.Op("PutResourcePolicy", a.PutResourcePolicy),
	}
}

type resourcePolicy struct {
	PolicyName      string  `json:"policyName"`
	PolicyDocument  string  `json:"policyDocument"`
	LastUpdatedTime int64   `json:"lastUpdatedTime"`
	PolicyScope     string  `json:"policyScope"`
	ResourceArn     *string `json:"resourceArn,omitempty"`
	RevisionID      *string `json:"revisionId,omitempty"`
}

func policyRow(p *groups.Policy) resourcePolicy {
	return resourcePolicy{PolicyName: p.Name, PolicyDocument: p.Text, LastUpdatedTime: p.Changed, PolicyScope: "ACCOUNT"}
}

// accountOnly refuses policies of single groups.
func accountOnly(resourceArn, revision *string) error {
	if resourceArn != nil || revision != nil {
		return fault.Invalid("dari keeps resource policies of the account only, without revisions; leave resourceArn and expectedRevisionId out.")
	}
	return nil
}

type putResourcePolicyInput struct {
	PolicyName         *string `json:"policyName"`
	PolicyDocument     *string `json:"policyDocument"`
	ResourceArn        *string `json:"resourceArn"`
	ExpectedRevisionID *string `json:"expectedRevisionId"`
}

type putResourcePolicyOutput struct {
	ResourcePolicy resourcePolicy `json:"resourcePolicy"`
	RevisionID     *string        `json:"revisionId,omitempty"`
}

// PutResourcePolicy lets services use the groups of the account.
func (a api) PutResourcePolicy(ctx context.Context, in *putResourcePolicyInput) (*putResourcePolicyOutput, error) {
	if err := accountOnly(in.ResourceArn, in.ExpectedRevisionID); err != nil {
		return nil, err
	}
	p, err := a.PutPolicy(ctx, caller(ctx), wire.Val(in.PolicyName), wire.Val(in.PolicyDocument))
	if err != nil {
		return nil, err
	}
	return &putResourcePolicyOutput{ResourcePolicy: policyRow(p)}, nil
}

type deleteResourcePolicyInput struct {
	PolicyName         *string `json:"policyName"`
	ResourceArn        *string `json:"resourceArn"`
	ExpectedRevisionID *string `json:"expectedRevisionId"`
}

// DeleteResourcePolicy deletes a policy.
func (a api) DeleteResourcePolicy(ctx context.Context, in *deleteResourcePolicyInput) (*wire.None, error) {
	if err := accountOnly(in.ResourceArn, in.ExpectedRevisionID); err != nil {
		return nil, err
	}
	name := wire.Val(in.PolicyName)
	if name == "" {
		return nil, fault.Invalid("policyName is missing: say which resource policy is to be deleted.")
	}
	return &wire.None{}, a.DeletePolicy(ctx, caller(ctx), name)
}

type describeResourcePoliciesInput struct {
	NextToken   *string `json:"nextToken"`
	Limit       *int    `json:"limit"`
	ResourceArn *string `json:"resourceArn"`
	PolicyScope *string `json:"policyScope"`
}

type describeResourcePoliciesOutput struct {
	ResourcePolicies []resourcePolicy `json:"resourcePolicies" empty:"kept"`
	NextToken        *string          `json:"nextToken,omitempty"`
}

// DescribeResourcePolicies lists policies. There are none of single groups.
func (a api) DescribeResourcePolicies(ctx context.Context, in *describeResourcePoliciesInput) (*describeResourcePoliciesOutput, error) {
	rows, next, err := a.Policies(caller(ctx), wire.Val(in.NextToken), orLimit(in.Limit, 50))
	if err != nil {
		return nil, err
	}
	out := &describeResourcePoliciesOutput{}
	if in.ResourceArn != nil || wire.Val(in.PolicyScope) == "RESOURCE" {
		return out, nil
	}
	out.NextToken = wire.Opt(next)
	for _, p := range rows {
		out.ResourcePolicies = append(out.ResourcePolicies, policyRow(p))
	}
	return out, nil
}
