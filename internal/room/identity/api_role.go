package identity

import (
	"cmp"
	"context"

	"github.com/dari-bus/dari/internal/room/identity/directory"
	"github.com/dari-bus/dari/internal/wire"
)

// CreateRoleInput is the input of CreateRole.
type CreateRoleInput struct {
	Path                     *string
	RoleName                 *string
	AssumeRolePolicyDocument *string
	Description              *string
	MaxSessionDuration       *int
	PermissionsBoundary      *string
	Tags                     []TagMember
}

// CreateRoleOutput is the output of CreateRole.
type CreateRoleOutput struct {
	Role *RoleDetail
}

// GetRoleInput is the input of GetRole.
type GetRoleInput struct {
	RoleName *string
}

// GetRoleOutput is the output of GetRole.
type GetRoleOutput struct {
	Role *RoleDetail
}

// ListRolesInput is the input of ListRoles.
type ListRolesInput struct {
	PathPrefix *string
	Marker     *string
	MaxItems   *int
}

// ListRolesOutput is the output of ListRoles.
type ListRolesOutput struct {
	Roles       []RoleDetail `empty:"kept"`
	IsTruncated bool
	Marker      string `json:",omitempty"`
}

// UpdateRoleInput is the input of UpdateRole.
type UpdateRoleInput struct {
	RoleName           *string
	Description        *string
	MaxSessionDuration *int
}

// UpdateRoleDescriptionInput is the input of UpdateRoleDescription.
type UpdateRoleDescriptionInput struct {
	RoleName    *string
	Description *string
}

// UpdateRoleDescriptionOutput is the output of UpdateRoleDescription.
type UpdateRoleDescriptionOutput struct {
	Role *RoleDetail
}

// UpdateAssumeRolePolicyInput is the input of UpdateAssumeRolePolicy.
type UpdateAssumeRolePolicyInput struct {
	RoleName       *string
	PolicyDocument *string
}

// DeleteRoleInput is the input of DeleteRole.
type DeleteRoleInput struct {
	RoleName *string
}

// PutRolePolicyInput is the input of PutRolePolicy.
type PutRolePolicyInput struct {
	RoleName       *string
	PolicyName     *string
	PolicyDocument *string
}

// GetRolePolicyInput is the input of GetRolePolicy.
type GetRolePolicyInput struct {
	RoleName   *string
	PolicyName *string
}

// GetRolePolicyOutput is the output of GetRolePolicy.
type GetRolePolicyOutput struct {
	RoleName       string
	PolicyName     string
	PolicyDocument string
}

// ListRolePoliciesInput is the input of ListRolePolicies.
type ListRolePoliciesInput struct {
	RoleName *string
	Marker   *string
	MaxItems *int
}

// ListRolePoliciesOutput is the output of ListRolePolicies.
type ListRolePoliciesOutput struct {
	PolicyNames []string `empty:"kept"`
	IsTruncated bool
	Marker      string `json:",omitempty"`
}

// DeleteRolePolicyInput is the input of DeleteRolePolicy.
type DeleteRolePolicyInput struct {
	RoleName   *string
	PolicyName *string
}

// AttachRolePolicyInput is the input of AttachRolePolicy.
type AttachRolePolicyInput struct {
	RoleName  *string
	PolicyArn *string
}

// DetachRolePolicyInput is the input of DetachRolePolicy.
type DetachRolePolicyInput struct {
	RoleName  *string
	PolicyArn *string
}

// ListAttachedRolePoliciesInput is the input of ListAttachedRolePolicies.
type ListAttachedRolePoliciesInput struct {
	RoleName   *string
	PathPrefix *string
	Marker     *string
	MaxItems   *int
}

// ListAttachedRolePoliciesOutput is the output of ListAttachedRolePolicies.
type ListAttachedRolePoliciesOutput struct {
	AttachedPolicies []AttachedPolicy `json:",omitempty"`
	IsTruncated      bool
	Marker           string `json:",omitempty"`
}

// TagRoleInput is the input of TagRole.
type TagRoleInput struct {
	RoleName *string
	Tags     []TagMember
}

// UntagRoleInput is the input of UntagRole.
type UntagRoleInput struct {
	RoleName *string
	TagKeys  []string
}

// ListRoleTagsInput is the input of ListRoleTags.
type ListRoleTagsInput struct {
	RoleName *string
	Marker   *string
	MaxItems *int
}

// ListRoleTagsOutput is the output of ListRoleTags.
type ListRoleTagsOutput struct {
	Tags        []TagMember `empty:"kept"`
	IsTruncated bool
	Marker      string `json:",omitempty"`
}

// PutRolePermissionsBoundaryInput is the input of PutRolePermissionsBoundary.
type PutRolePermissionsBoundaryInput struct {
	RoleName            *string
	PermissionsBoundary *string
}

// DeleteRolePermissionsBoundaryInput is the input of DeleteRolePermissionsBoundary.
type DeleteRolePermissionsBoundaryInput struct {
	RoleName *string
}

// CreateRole makes a role.
func (a api) CreateRole(ctx context.Context, in *CreateRoleInput) (*CreateRoleOutput, error) {
	e, err := a.Create(ctx, by(ctx), "CreateRole", directory.Role, directory.Entity{
		Name: *in.RoleName, Path: wire.Val(in.Path), Description: wire.Val(in.Description), Trust: *in.AssumeRolePolicyDocument,
		MaxSession: cmp.Or(wire.Val(in.MaxSessionDuration), directory.DefaultSession), Boundary: wire.Val(in.PermissionsBoundary), Tags: tagsOf(in.Tags),
	})
	if err != nil {
		return nil, err
	}
	return &CreateRoleOutput{showRole(e)}, nil
}

func showRole(e *directory.Entity) *RoleDetail {
	return &RoleDetail{
		Path: e.Path, RoleName: e.Name, RoleId: e.ID, Arn: e.ARN, CreateDate: wire.At(e.Created),
		AssumeRolePolicyDocument: escaped(e.Trust), Description: e.Description, MaxSessionDuration: e.MaxSession,
		PermissionsBoundary: boundary(e), Tags: shownTags(e.Tags),
	}
}

func showRoles(all []*directory.Entity) []RoleDetail {
	rows := make([]RoleDetail, len(all))
	for i, e := range all {
		rows[i] = *showRole(e)
		rows[i].Tags, rows[i].PermissionsBoundary = nil, nil // as in all lists of AWS's
	}
	return rows
}

// GetRole returns a role.
func (a api) GetRole(ctx context.Context, in *GetRoleInput) (*GetRoleOutput, error) {
	e, err := a.Get(by(ctx), "GetRole", directory.Role, *in.RoleName)
	if err != nil {
		return nil, err
	}
	return &GetRoleOutput{showRole(e)}, nil
}

// ListRoles lists roles.
func (a api) ListRoles(ctx context.Context, in *ListRolesInput) (*ListRolesOutput, error) {
	all, next, err := a.List(by(ctx), "ListRoles", directory.Role, prefix(in.PathPrefix), wire.Val(in.Marker), wire.Val(in.MaxItems))
	return &ListRolesOutput{showRoles(all), next != "", next}, err
}

// UpdateRole changes what a role says of itself. What is not given stays.
func (a api) UpdateRole(ctx context.Context, in *UpdateRoleInput) (*wire.Empty, error) {
	return nil, a.Set(ctx, by(ctx), "UpdateRole", directory.Role, *in.RoleName, func(e *directory.Entity) {
		if in.Description != nil {
			e.Description = *in.Description
		}
		if in.MaxSessionDuration != nil {
			e.MaxSession = *in.MaxSessionDuration
		}
	})
}

// UpdateRoleDescription changes the description of a role.
func (a api) UpdateRoleDescription(ctx context.Context, in *UpdateRoleDescriptionInput) (*UpdateRoleDescriptionOutput, error) {
	var changed directory.Entity
	err := a.Set(ctx, by(ctx), "UpdateRoleDescription", directory.Role, *in.RoleName, func(e *directory.Entity) {
		e.Description = *in.Description
		changed = *e
	})
	if err != nil {
		return nil, err
	}
	return &UpdateRoleDescriptionOutput{showRole(&changed)}, nil
}

// UpdateAssumeRolePolicy changes who may assume a role.
func (a api) UpdateAssumeRolePolicy(ctx context.Context, in *UpdateAssumeRolePolicyInput) (*wire.None, error) {
	return nil, a.SetTrust(ctx, by(ctx), *in.RoleName, *in.PolicyDocument)
}

// DeleteRole removes a role on which nothing hangs.
func (a api) DeleteRole(ctx context.Context, in *DeleteRoleInput) (*wire.None, error) {
	return nil, a.Delete(ctx, by(ctx), "DeleteRole", directory.Role, *in.RoleName)
}

// PutRolePolicy gives a role a policy of its own.
func (a api) PutRolePolicy(ctx context.Context, in *PutRolePolicyInput) (*wire.None, error) {
	return nil, a.PutInline(ctx, by(ctx), directory.Role, *in.RoleName, *in.PolicyName, *in.PolicyDocument)
}

// GetRolePolicy returns a policy of a role's own.
func (a api) GetRolePolicy(ctx context.Context, in *GetRolePolicyInput) (*GetRolePolicyOutput, error) {
	e, text, err := a.Inline(by(ctx), directory.Role, *in.RoleName, *in.PolicyName)
	if err != nil {
		return nil, err
	}
	return &GetRolePolicyOutput{e.Name, *in.PolicyName, escaped(text)}, nil
}

// ListRolePolicies lists the policies of a role's own.
func (a api) ListRolePolicies(ctx context.Context, in *ListRolePoliciesInput) (*ListRolePoliciesOutput, error) {
	e, err := a.Get(by(ctx), "ListRolePolicies", directory.Role, *in.RoleName)
	if err != nil {
		return nil, err
	}
	names, more, next, err := clip(e.PolicyNames(), itself, in.Marker, in.MaxItems)
	return &ListRolePoliciesOutput{names, more, next}, err
}

// DeleteRolePolicy takes a policy of its own from a role.
func (a api) DeleteRolePolicy(ctx context.Context, in *DeleteRolePolicyInput) (*wire.None, error) {
	return nil, a.DeleteInline(ctx, by(ctx), directory.Role, *in.RoleName, *in.PolicyName)
}

// AttachRolePolicy attaches a managed policy to a role.
func (a api) AttachRolePolicy(ctx context.Context, in *AttachRolePolicyInput) (*wire.None, error) {
	return nil, a.Attach(ctx, by(ctx), directory.Role, *in.RoleName, *in.PolicyArn)
}

// DetachRolePolicy takes a managed policy from a role.
func (a api) DetachRolePolicy(ctx context.Context, in *DetachRolePolicyInput) (*wire.None, error) {
	return nil, a.Detach(ctx, by(ctx), directory.Role, *in.RoleName, *in.PolicyArn)
}

// ListAttachedRolePolicies lists the managed policies of a role.
func (a api) ListAttachedRolePolicies(ctx context.Context, in *ListAttachedRolePoliciesInput) (*ListAttachedRolePoliciesOutput, error) {
	e, err := a.Get(by(ctx), "ListAttachedRolePolicies", directory.Role, *in.RoleName)
	if err != nil {
		return nil, err
	}
	all, more, next, err := attached(e, in.PathPrefix, in.Marker, in.MaxItems)
	return &ListAttachedRolePoliciesOutput{all, more, next}, err
}

// PutRolePermissionsBoundary sets what a role may do at most.
func (a api) PutRolePermissionsBoundary(ctx context.Context, in *PutRolePermissionsBoundaryInput) (*wire.None, error) {
	return nil, a.SetBoundary(ctx, by(ctx), directory.Role, *in.RoleName, *in.PermissionsBoundary)
}

// DeleteRolePermissionsBoundary takes that away.
func (a api) DeleteRolePermissionsBoundary(ctx context.Context, in *DeleteRolePermissionsBoundaryInput) (*wire.None, error) {
	return nil, a.SetBoundary(ctx, by(ctx), directory.Role, *in.RoleName, "")
}

// TagRole hangs tags on a role.
func (a api) TagRole(ctx context.Context, in *TagRoleInput) (*wire.None, error) {
	return nil, a.Tag(ctx, by(ctx), "TagRole", directory.Role, *in.RoleName, tagsOf(in.Tags))
}

// UntagRole takes tags off a role.
func (a api) UntagRole(ctx context.Context, in *UntagRoleInput) (*wire.None, error) {
	return nil, a.Untag(ctx, by(ctx), "UntagRole", directory.Role, *in.RoleName, in.TagKeys)
}

// ListRoleTags lists the tags of a role.
func (a api) ListRoleTags(ctx context.Context, in *ListRoleTagsInput) (*ListRoleTagsOutput, error) {
	e, err := a.Get(by(ctx), "ListRoleTags", directory.Role, *in.RoleName)
	if err != nil {
		return nil, err
	}
	tags, more, next, err := clip(shownTags(e.Tags), tagName, in.Marker, in.MaxItems)
	return &ListRoleTagsOutput{tags, more, next}, err
}
