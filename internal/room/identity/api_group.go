package identity

import (
	"context"

	"github.com/dari-bus/dari/internal/room/identity/directory"
	"github.com/dari-bus/dari/internal/room/identity/spell"
	"github.com/dari-bus/dari/internal/wire"
)

// groups are the rows of groups.
func (a api) groups() []wire.Operation {
	return []wire.Operation{
		wire.Op("CreateGroup", a.CreateGroup),
		wire.Op("GetGroup", a.GetGroup).Reads(),
		wire.Op("ListGroups", a.ListGroups).Reads(),
		wire.Op("AddUserToGroup", a.AddUserToGroup),
		wire.Op("RemoveUserFromGroup", a.RemoveUserFromGroup),
		wire.Op("UpdateGroup", a.UpdateGroup),
		wire.Op("DeleteGroup", remove[OfGroup](a)),
		wire.Op("PutGroupPolicy", putInline[GroupInlineText](a)),
		wire.Op("GetGroupPolicy", getInline[GroupInline](a)).Reads(),
		wire.Op("ListGroupPolicies", listInline[GroupPage](a)).Reads(),
		wire.Op("DeleteGroupPolicy", deleteInline[GroupInline](a)),
		wire.Op("AttachGroupPolicy", attach[GroupPolicy](a)),
		wire.Op("DetachGroupPolicy", detach[GroupPolicy](a)),
		wire.Op("ListAttachedGroupPolicies", listAttached[GroupPolicies](a)).Reads(),
	}
}

// CreateGroupInput is the input of CreateGroup.
type CreateGroupInput struct {
	Path      *string
	GroupName *string
}

// CreateGroupOutput is the output of CreateGroup.
type CreateGroupOutput struct {
	Group *GroupDetail
}

// GetGroupOutput is the output of GetGroup.
type GetGroupOutput struct {
	Group *GroupDetail
	Users []UserDetail `empty:"kept"`
	spell.Listed
}

// ListGroupsInput is the input of ListGroups.
type ListGroupsInput struct {
	OnPath
	spell.Page
}

// ListGroupsOutput is the output of ListGroups.
type ListGroupsOutput struct {
	Groups []GroupDetail `empty:"kept"`
	spell.Listed
}

// CreateGroup makes a group.
func (a api) CreateGroup(ctx context.Context, in *CreateGroupInput) (*CreateGroupOutput, error) {
	e, err := a.Create(ctx, spell.Caller(ctx), directory.Group, directory.Entity{Name: *in.GroupName, Path: wire.Val(in.Path)})
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
func (a api) GetGroup(ctx context.Context, in *GroupPage) (*GetGroupOutput, error) {
	e, users, err := a.Holders(spell.Caller(ctx), "GetGroup", directory.User, directory.Group, *in.GroupName)
	if err != nil {
		return nil, err
	}
	users, listed, err := clip(users, entityName, in.Page)
	return &GetGroupOutput{showGroup(e), showUsers(users), listed}, err
}

// ListGroups lists groups.
func (a api) ListGroups(ctx context.Context, in *ListGroupsInput) (*ListGroupsOutput, error) {
	all, next, err := a.List(spell.Caller(ctx), "ListGroups", directory.Group, prefix(in.PathPrefix), wire.Val(in.Marker), wire.Val(in.MaxItems))
	return &ListGroupsOutput{showGroups(all), spell.More(next)}, err
}

// UpdateGroupInput is the input of UpdateGroup.
type UpdateGroupInput struct {
	OfGroup
	NewPath      *string
	NewGroupName *string
}

// UpdateGroup gives a group another name or path. Its users and policies stay.
func (a api) UpdateGroup(ctx context.Context, in *UpdateGroupInput) (*wire.None, error) {
	return nil, a.Rename(ctx, spell.Caller(ctx), directory.Group, *in.GroupName, wire.Val(in.NewGroupName), wire.Val(in.NewPath))
}

// AddUserToGroup makes a user a member of a group: who may do that may change the
// group.
func (a api) AddUserToGroup(ctx context.Context, in *GroupUser) (*wire.None, error) {
	if _, err := a.Get(spell.Caller(ctx), "AddUserToGroup", directory.Group, *in.GroupName); err != nil {
		return nil, err
	}
	return nil, a.Join(ctx, spell.Caller(ctx), directory.User, *in.UserName, directory.Group, *in.GroupName)
}

// RemoveUserFromGroup undoes that.
func (a api) RemoveUserFromGroup(ctx context.Context, in *GroupUser) (*wire.None, error) {
	if _, err := a.Get(spell.Caller(ctx), "RemoveUserFromGroup", directory.Group, *in.GroupName); err != nil {
		return nil, err
	}
	return nil, a.Leave(ctx, spell.Caller(ctx), directory.User, *in.UserName, directory.Group, *in.GroupName)
}
