package identity

import (
	"cmp"
	"context"

	"github.com/dari-bus/dari/internal/room/identity/directory"
	"github.com/dari-bus/dari/internal/room/identity/spell"
	"github.com/dari-bus/dari/internal/wire"
)

// roles are the rows of roles.
func (a api) roles() []wire.Operation {
	return []wire.Operation{
		wire.Op("CreateRole", a.CreateRole),
		wire.Op("GetRole", a.GetRole).Reads(),
		wire.Op("ListRoles", a.ListRoles).Reads(),
		wire.Op("UpdateRole", a.UpdateRole),
		wire.Op("UpdateRoleDescription", a.UpdateRoleDescription),
		wire.Op("UpdateAssumeRolePolicy", a.UpdateAssumeRolePolicy),
		wire.Op("DeleteRole", remove[OfRole](a)),
		wire.Op("PutRolePolicy", putInline[RoleInlineText](a)),
		wire.Op("GetRolePolicy", getInline[RoleInline](a)).Reads(),
		wire.Op("ListRolePolicies", listInline[RolePage](a)).Reads(),
		wire.Op("DeleteRolePolicy", deleteInline[RoleInline](a)),
		wire.Op("AttachRolePolicy", attach[RolePolicy](a)),
		wire.Op("DetachRolePolicy", detach[RolePolicy](a)),
		wire.Op("ListAttachedRolePolicies", listAttached[RolePolicies](a)).Reads(),
		wire.Op("PutRolePermissionsBoundary", putBoundary[RoleBoundary](a)),
		wire.Op("DeleteRolePermissionsBoundary", deleteBoundary[OfRole](a)),
		wire.Op("TagRole", tag[RoleTags](a)),
		wire.Op("UntagRole", untag[RoleTagKeys](a)),
		wire.Op("ListRoleTags", listTags[RolePage](a)).Reads(),
	}
}

// CreateRoleInput is the input of CreateRole.
type CreateRoleInput struct {
	Path                     *string
	RoleName                 *string
	AssumeRolePolicyDocument *string
	Description              *string
	MaxSessionDuration       *int
	PermissionsBoundary      *string
	Tags                     []spell.Tag
}

// CreateRoleOutput is the output of CreateRole.
type CreateRoleOutput struct {
	Role *RoleDetail
}

// GetRoleOutput is the output of GetRole.
type GetRoleOutput struct {
	Role *RoleDetail
}

// ListRolesInput is the input of ListRoles.
type ListRolesInput struct {
	OnPath
	spell.Page
}

// ListRolesOutput is the output of ListRoles.
type ListRolesOutput struct {
	Roles []RoleDetail `empty:"kept"`
	spell.Listed
}

// UpdateRoleInput is the input of UpdateRole.
type UpdateRoleInput struct {
	OfRole
	Description        *string
	MaxSessionDuration *int
}

// UpdateRoleDescriptionInput is the input of UpdateRoleDescription.
type UpdateRoleDescriptionInput struct {
	OfRole
	Description *string
}

// UpdateRoleDescriptionOutput is the output of UpdateRoleDescription.
type UpdateRoleDescriptionOutput struct {
	Role *RoleDetail
}

// UpdateAssumeRolePolicyInput is the input of UpdateAssumeRolePolicy.
type UpdateAssumeRolePolicyInput struct {
	OfRole
	PolicyDocument *string
}

// CreateRole makes a role.
func (a api) CreateRole(ctx context.Context, in *CreateRoleInput) (*CreateRoleOutput, error) {
	e, err := a.Create(ctx, spell.Caller(ctx), directory.Role, directory.Entity{
		Name: *in.RoleName, Path: wire.Val(in.Path), Description: wire.Val(in.Description), Trust: *in.AssumeRolePolicyDocument,
		MaxSession: cmp.Or(wire.Val(in.MaxSessionDuration), directory.DefaultSession), Boundary: wire.Val(in.PermissionsBoundary), Tags: spell.Tags(in.Tags),
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
		PermissionsBoundary: boundary(e), Tags: spell.ShowTags(e.Tags),
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
func (a api) GetRole(ctx context.Context, in *OfRole) (*GetRoleOutput, error) {
	e, err := a.Get(spell.Caller(ctx), "GetRole", directory.Role, *in.RoleName)
	if err != nil {
		return nil, err
	}
	return &GetRoleOutput{showRole(e)}, nil
}

// ListRoles lists roles.
func (a api) ListRoles(ctx context.Context, in *ListRolesInput) (*ListRolesOutput, error) {
	all, next, err := a.List(spell.Caller(ctx), "ListRoles", directory.Role, prefix(in.PathPrefix), wire.Val(in.Marker), wire.Val(in.MaxItems))
	return &ListRolesOutput{showRoles(all), spell.More(next)}, err
}

// UpdateRole changes what a role says of itself. What is not given stays.
func (a api) UpdateRole(ctx context.Context, in *UpdateRoleInput) (*wire.Empty, error) {
	return nil, a.Set(ctx, spell.Caller(ctx), "UpdateRole", directory.Role, *in.RoleName, func(e *directory.Entity) {
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
	err := a.Set(ctx, spell.Caller(ctx), "UpdateRoleDescription", directory.Role, *in.RoleName, func(e *directory.Entity) {
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
	return nil, a.SetTrust(ctx, spell.Caller(ctx), *in.RoleName, *in.PolicyDocument)
}
