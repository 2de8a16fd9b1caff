package identity

import (
	"context"

	"github.com/dari-bus/dari/internal/room/identity/directory"
	"github.com/dari-bus/dari/internal/room/identity/spell"
	"github.com/dari-bus/dari/internal/wire"
)

// users are the rows of users.
func (a api) users() []wire.Operation {
	return []wire.Operation{
		wire.Op("CreateUser", a.CreateUser),
		wire.Op("GetUser", a.GetUser).Reads(),
		wire.Op("ListUsers", a.ListUsers).Reads(),
		wire.Op("ListGroupsForUser", a.ListGroupsForUser).Reads(),
		wire.Op("UpdateUser", a.UpdateUser),
		wire.Op("DeleteUser", remove[OfUser](a)),
		wire.Op("PutUserPolicy", putInline[UserInlineText](a)),
		wire.Op("GetUserPolicy", getInline[UserInline](a)).Reads(),
		wire.Op("ListUserPolicies", listInline[UserPage](a)).Reads(),
		wire.Op("DeleteUserPolicy", deleteInline[UserInline](a)),
		wire.Op("AttachUserPolicy", attach[UserPolicy](a)),
		wire.Op("DetachUserPolicy", detach[UserPolicy](a)),
		wire.Op("ListAttachedUserPolicies", listAttached[UserPolicies](a)).Reads(),
		wire.Op("PutUserPermissionsBoundary", putBoundary[UserBoundary](a)),
		wire.Op("DeleteUserPermissionsBoundary", deleteBoundary[OfUser](a)),
		wire.Op("TagUser", tag[UserTags](a)),
		wire.Op("UntagUser", untag[UserTagKeys](a)),
		wire.Op("ListUserTags", listTags[UserPage](a)).Reads(),
	}
}

// CreateUserInput is the input of CreateUser.
type CreateUserInput struct {
	Path                *string
	UserName            *string
	PermissionsBoundary *string
	Tags                []spell.Tag
}

// CreateUserOutput is the output of CreateUser.
type CreateUserOutput struct {
	User *UserDetail
}

// GetUserOutput is the output of GetUser.
type GetUserOutput struct {
	User *UserDetail
}

// ListUsersInput is the input of ListUsers.
type ListUsersInput struct {
	OnPath
	spell.Page
}

// ListUsersOutput is the output of ListUsers.
type ListUsersOutput struct {
	Users []UserDetail `empty:"kept"`
	spell.Listed
}

// ListGroupsForUserOutput is the output of ListGroupsForUser.
type ListGroupsForUserOutput struct {
	Groups []GroupDetail `empty:"kept"`
	spell.Listed
}

// CreateUser makes a user.
func (a api) CreateUser(ctx context.Context, in *CreateUserInput) (*CreateUserOutput, error) {
	e, err := a.Create(ctx, spell.Caller(ctx), directory.User, directory.Entity{
		Name: *in.UserName, Path: wire.Val(in.Path), Boundary: wire.Val(in.PermissionsBoundary), Tags: spell.Tags(in.Tags),
	})
	if err != nil {
		return nil, err
	}
	return &CreateUserOutput{showUser(e)}, nil
}

func showUser(e *directory.Entity) *UserDetail {
	return &UserDetail{
		Path: e.Path, UserName: e.Name, UserId: e.ID, Arn: e.ARN, CreateDate: wire.At(e.Created),
		PermissionsBoundary: boundary(e), Tags: spell.ShowTags(e.Tags),
	}
}

func showUsers(all []*directory.Entity) []UserDetail {
	rows := make([]UserDetail, len(all))
	for i, e := range all {
		rows[i] = *showUser(e)
		rows[i].Tags, rows[i].PermissionsBoundary = nil, nil // as in all lists of AWS's
	}
	return rows
}

// GetUser returns a user.
func (a api) GetUser(ctx context.Context, in *MaybeUser) (*GetUserOutput, error) {
	name, err := in.named(ctx)
	if err != nil {
		return nil, err
	}
	e, err := a.Get(spell.Caller(ctx), "GetUser", directory.User, name)
	if err != nil {
		return nil, err
	}
	return &GetUserOutput{showUser(e)}, nil
}

// ListUsers lists users.
func (a api) ListUsers(ctx context.Context, in *ListUsersInput) (*ListUsersOutput, error) {
	all, next, err := a.List(spell.Caller(ctx), "ListUsers", directory.User, prefix(in.PathPrefix), wire.Val(in.Marker), wire.Val(in.MaxItems))
	return &ListUsersOutput{showUsers(all), spell.More(next)}, err
}

// UpdateUserInput is the input of UpdateUser.
type UpdateUserInput struct {
	OfUser
	NewPath     *string
	NewUserName *string
}

// UpdateUser gives a user another name or path. Its keys and policies stay.
func (a api) UpdateUser(ctx context.Context, in *UpdateUserInput) (*wire.None, error) {
	return nil, a.Rename(ctx, spell.Caller(ctx), directory.User, *in.UserName, wire.Val(in.NewUserName), wire.Val(in.NewPath))
}

// ListGroupsForUser lists the groups of a user.
func (a api) ListGroupsForUser(ctx context.Context, in *UserPage) (*ListGroupsForUserOutput, error) {
	e, err := a.Get(spell.Caller(ctx), "ListGroupsForUser", directory.User, *in.UserName)
	if err != nil {
		return nil, err
	}
	all, listed, err := clip(a.MemberOf(spell.Caller(ctx).Account, e, directory.Group), entityName, in.Page)
	return &ListGroupsForUserOutput{showGroups(all), listed}, err
}
