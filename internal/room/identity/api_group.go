package identity

import (
	"context"

	"github.com/dari-bus/dari/internal/room/identity/directory"
	"github.com/dari-bus/dari/internal/wire"
)

// CreateGroupInput is the input of CreateGroup.
type CreateGroupInput struct {
	Path      *string
	GroupName *string
}

// CreateGroupOutput is the output of CreateGroup.
type CreateGroupOutput struct {
	Group *GroupDetail
}

// GetGroupInput is the input of GetGroup.
type GetGroupInput struct {
	GroupName *string
	Marker    *string
	MaxItems  *int
}

// GetGroupOutput is the output of GetGroup.
type GetGroupOutput struct {
	Group       *GroupDetail
	Users       []UserDetail `empty:"kept"`
	IsTruncated bool
	Marker      string `json:",omitempty"`
}

// ListGroupsInput is the input of ListGroups.
type ListGroupsInput struct {
	PathPrefix *string
	Marker     *string
	MaxItems   *int
}

// ListGroupsOutput is the output of ListGroups.
type ListGroupsOutput struct {
	Groups      []GroupDetail `empty:"kept"`
	IsTruncated bool
	Marker      string `json:",omitempty"`
}

// DeleteGroupInput is the input of DeleteGroup.
type DeleteGroupInput struct {
	GroupName *string
}

// PutGroupPolicyInput is the input of PutGroupPolicy.
type PutGroupPolicyInput struct {
	GroupName      *string
	PolicyName     *string
	PolicyDocument *string
}

// GetGroupPolicyInput is the input of GetGroupPolicy.
type GetGroupPolicyInput struct {
	GroupName  *string
	PolicyName *string
}

// GetGroupPolicyOutput is the output of GetGroupPolicy.
type GetGroupPolicyOutput struct {
	GroupName      string
	PolicyName     string
	PolicyDocument string
}

// ListGroupPoliciesInput is the input of ListGroupPolicies.
type ListGroupPoliciesInput struct {
	GroupName *string
	Marker    *string
	MaxItems  *int
}

// ListGroupPoliciesOutput is the output of ListGroupPolicies.
type ListGroupPoliciesOutput struct {
	PolicyNames []string `empty:"kept"`
	IsTruncated bool
	Marker      string `json:",omitempty"`
}

// DeleteGroupPolicyInput is the input of DeleteGroupPolicy.
type DeleteGroupPolicyInput struct {
	GroupName  *string
	PolicyName *string
}

// AttachGroupPolicyInput is the input of AttachGroupPolicy.
type AttachGroupPolicyInput struct {
	GroupName *string
	PolicyArn *string
}

// DetachGroupPolicyInput is the input of DetachGroupPolicy.
type DetachGroupPolicyInput struct {
	GroupName *string
	PolicyArn *string
}

// ListAttachedGroupPoliciesInput is the input of ListAttachedGroupPolicies.
type ListAttachedGroupPoliciesInput struct {
	GroupName  *string
	PathPrefix *string
	Marker     *string
	MaxItems   *int
}

// ListAttachedGroupPoliciesOutput is the output of ListAttachedGroupPolicies.
type ListAttachedGroupPoliciesOutput struct {
	AttachedPolicies []AttachedPolicy `json:",omitempty"`
	IsTruncated      bool
	Marker           string `json:",omitempty"`
}

// AddUserToGroupInput is the input of AddUserToGroup.
type AddUserToGroupInput struct {
	GroupName *string
	UserName  *string
}

// RemoveUserFromGroupInput is the input of RemoveUserFromGroup.
type RemoveUserFromGroupInput struct {
	GroupName *string
	UserName  *string
}

// CreateGroup makes a group.
func (a api) CreateGroup(ctx context.Context, in *CreateGroupInput) (*CreateGroupOutput, error) {
	e, err := a.Create(ctx, by(ctx), "CreateGroup", directory.Group, directory.Entity{Name: *in.GroupName, Path: wire.Val(in.Path)})
	if err != nil {
		return nil, err
	}
	return &CreateGroupOutput{showGroup(e)}, nil
}

func showGroup(e *directory.Entity) *GroupDetail {
	return &GroupDetail{Path: e.Path, GroupName: e.Name, GroupId: e.ID, Arn: e.ARN, CreateDate: wire.At(e.Created)}
}

func showGroups(all []*directory.Entity) []GroupDetail {
	rows := make([]GroupDetail, len(all))
	for i, e := range all {
		rows[i] = *showGroup(e)
	}
	return rows
}

// GetGroup returns a group and its users.
func (a api) GetGroup(ctx context.Context, in *GetGroupInput) (*GetGroupOutput, error) {
	e, users, err := a.Holders(by(ctx), "GetGroup", directory.User, directory.Group, *in.GroupName)
	if err != nil {
		return nil, err
	}
	users, more, next, err := clip(users, entityName, in.Marker, in.MaxItems)
	return &GetGroupOutput{showGroup(e), showUsers(users), more, next}, err
}

// ListGroups lists groups.
func (a api) ListGroups(ctx context.Context, in *ListGroupsInput) (*ListGroupsOutput, error) {
	all, next, err := a.List(by(ctx), "ListGroups", directory.Group, prefix(in.PathPrefix), wire.Val(in.Marker), wire.Val(in.MaxItems))
	return &ListGroupsOutput{showGroups(all), next != "", next}, err
}

// DeleteGroup removes a group without users and policies.
func (a api) DeleteGroup(ctx context.Context, in *DeleteGroupInput) (*wire.None, error) {
	return nil, a.Delete(ctx, by(ctx), "DeleteGroup", directory.Group, *in.GroupName)
}

// AddUserToGroup makes a user a member of a group: who may do that may change the
// group.
func (a api) AddUserToGroup(ctx context.Context, in *AddUserToGroupInput) (*wire.None, error) {
	if _, err := a.Get(by(ctx), "AddUserToGroup", directory.Group, *in.GroupName); err != nil {
		return nil, err
	}
	return nil, a.Join(ctx, by(ctx), directory.User, *in.UserName, directory.Group, *in.GroupName)
}

// RemoveUserFromGroup undoes that.
func (a api) RemoveUserFromGroup(ctx context.Context, in *RemoveUserFromGroupInput) (*wire.None, error) {
	if _, err := a.Get(by(ctx), "RemoveUserFromGroup", directory.Group, *in.GroupName); err != nil {
		return nil, err
	}
	return nil, a.Leave(ctx, by(ctx), directory.User, *in.UserName, directory.Group, *in.GroupName)
}

// PutGroupPolicy gives a group a policy of its own.
func (a api) PutGroupPolicy(ctx context.Context, in *PutGroupPolicyInput) (*wire.None, error) {
	return nil, a.PutInline(ctx, by(ctx), directory.Group, *in.GroupName, *in.PolicyName, *in.PolicyDocument)
}

// GetGroupPolicy returns a policy of a group's own.
func (a api) GetGroupPolicy(ctx context.Context, in *GetGroupPolicyInput) (*GetGroupPolicyOutput, error) {
	e, text, err := a.Inline(by(ctx), directory.Group, *in.GroupName, *in.PolicyName)
	if err != nil {
		return nil, err
	}
	return &GetGroupPolicyOutput{e.Name, *in.PolicyName, escaped(text)}, nil
}

// ListGroupPolicies lists the policies of a group's own.
func (a api) ListGroupPolicies(ctx context.Context, in *ListGroupPoliciesInput) (*ListGroupPoliciesOutput, error) {
	e, err := a.Get(by(ctx), "ListGroupPolicies", directory.Group, *in.GroupName)
	if err != nil {
		return nil, err
	}
	names, more, next, err := clip(e.PolicyNames(), itself, in.Marker, in.MaxItems)
	return &ListGroupPoliciesOutput{names, more, next}, err
}

// DeleteGroupPolicy takes a policy of its own from a group.
func (a api) DeleteGroupPolicy(ctx context.Context, in *DeleteGroupPolicyInput) (*wire.None, error) {
	return nil, a.DeleteInline(ctx, by(ctx), directory.Group, *in.GroupName, *in.PolicyName)
}

// AttachGroupPolicy attaches a managed policy to a group.
func (a api) AttachGroupPolicy(ctx context.Context, in *AttachGroupPolicyInput) (*wire.None, error) {
	return nil, a.Attach(ctx, by(ctx), directory.Group, *in.GroupName, *in.PolicyArn)
}

// DetachGroupPolicy takes a managed policy from a group.
func (a api) DetachGroupPolicy(ctx context.Context, in *DetachGroupPolicyInput) (*wire.None, error) {
	return nil, a.Detach(ctx, by(ctx), directory.Group, *in.GroupName, *in.PolicyArn)
}

// ListAttachedGroupPolicies lists the managed policies of a group.
func (a api) ListAttachedGroupPolicies(ctx context.Context, in *ListAttachedGroupPoliciesInput) (*ListAttachedGroupPoliciesOutput, error) {
	e, err := a.Get(by(ctx), "ListAttachedGroupPolicies", directory.Group, *in.GroupName)
	if err != nil {
		return nil, err
	}
	all, more, next, err := attached(e, in.PathPrefix, in.Marker, in.MaxItems)
	return &ListAttachedGroupPoliciesOutput{all, more, next}, err
}
