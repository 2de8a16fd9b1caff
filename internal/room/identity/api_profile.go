package identity

import (
	"context"

	"github.com/dari-bus/dari/internal/room/identity/directory"
	"github.com/dari-bus/dari/internal/room/identity/spell"
	"github.com/dari-bus/dari/internal/wire"
)

// profiles are the rows of instance profiles.
func (a api) profiles() []wire.Operation {
	return []wire.Operation{
		wire.Op("CreateInstanceProfile", a.CreateInstanceProfile),
		wire.Op("GetInstanceProfile", a.GetInstanceProfile).Reads(),
		wire.Op("ListInstanceProfiles", a.ListInstanceProfiles).Reads(),
		wire.Op("ListInstanceProfilesForRole", a.ListInstanceProfilesForRole).Reads(),
		wire.Op("AddRoleToInstanceProfile", a.AddRoleToInstanceProfile),
		wire.Op("RemoveRoleFromInstanceProfile", a.RemoveRoleFromInstanceProfile),
		wire.Op("DeleteInstanceProfile", remove[OfProfile](a)),
		wire.Op("TagInstanceProfile", tag[ProfileTags](a)),
		wire.Op("UntagInstanceProfile", untag[ProfileTagKeys](a)),
		wire.Op("ListInstanceProfileTags", listTags[ProfilePage](a)).Reads(),
	}
}

// CreateInstanceProfileInput is the input of CreateInstanceProfile.
type CreateInstanceProfileInput struct {
	InstanceProfileName *string
	Path                *string
	Tags                []spell.Tag
}

// CreateInstanceProfileOutput is the output of CreateInstanceProfile.
type CreateInstanceProfileOutput struct {
	InstanceProfile *ProfileDetail
}

// GetInstanceProfileOutput is the output of GetInstanceProfile.
type GetInstanceProfileOutput struct {
	InstanceProfile *ProfileDetail
}

// ListInstanceProfilesInput is the input of ListInstanceProfiles.
type ListInstanceProfilesInput struct {
	OnPath
	spell.Page
}

// ListInstanceProfilesOutput is the output of ListInstanceProfiles.
type ListInstanceProfilesOutput struct {
	InstanceProfiles []ProfileDetail `empty:"kept"`
	spell.Listed
}

// ListInstanceProfilesForRoleOutput is the output of ListInstanceProfilesForRole.
type ListInstanceProfilesForRoleOutput struct {
	InstanceProfiles []ProfileDetail `empty:"kept"`
	spell.Listed
}

// CreateInstanceProfile makes an instance profile.
func (a api) CreateInstanceProfile(ctx context.Context, in *CreateInstanceProfileInput) (*CreateInstanceProfileOutput, error) {
	e, err := a.Create(ctx, spell.Caller(ctx), directory.Profile, directory.Entity{
		Name: *in.InstanceProfileName, Path: wire.Val(in.Path), Tags: spell.Tags(in.Tags),
	})
	if err != nil {
		return nil, err
	}
	return &CreateInstanceProfileOutput{a.showProfile(ctx, e)}, nil
}

func (a api) showProfile(ctx context.Context, e *directory.Entity) *ProfileDetail {
	return &ProfileDetail{
		Path: e.Path, InstanceProfileName: e.Name, InstanceProfileId: e.ID, Arn: e.ARN, CreateDate: wire.At(e.Created),
		Roles: showRoles(a.MemberOf(spell.Caller(ctx).Account, e, directory.Role)), Tags: spell.ShowTags(e.Tags),
	}
}

func (a api) showProfiles(ctx context.Context, all []*directory.Entity) []ProfileDetail {
	rows := make([]ProfileDetail, len(all))
	for i, e := range all {
		rows[i] = *a.showProfile(ctx, e)
		rows[i].Tags = nil // as in all lists of AWS's
	}
	return rows
}

// GetInstanceProfile returns an instance profile.
func (a api) GetInstanceProfile(ctx context.Context, in *OfProfile) (*GetInstanceProfileOutput, error) {
	e, err := a.Get(spell.Caller(ctx), "GetInstanceProfile", directory.Profile, *in.InstanceProfileName)
	if err != nil {
		return nil, err
	}
	return &GetInstanceProfileOutput{a.showProfile(ctx, e)}, nil
}

// ListInstanceProfiles lists instance profiles.
func (a api) ListInstanceProfiles(ctx context.Context, in *ListInstanceProfilesInput) (*ListInstanceProfilesOutput, error) {
	all, next, err := a.List(spell.Caller(ctx), "ListInstanceProfiles", directory.Profile, prefix(in.PathPrefix), wire.Val(in.Marker), wire.Val(in.MaxItems))
	return &ListInstanceProfilesOutput{a.showProfiles(ctx, all), spell.More(next)}, err
}

// ListInstanceProfilesForRole lists the instance profiles that a role is in.
func (a api) ListInstanceProfilesForRole(ctx context.Context, in *RolePage) (*ListInstanceProfilesForRoleOutput, error) {
	_, all, err := a.Holders(spell.Caller(ctx), "ListInstanceProfilesForRole", directory.Profile, directory.Role, *in.RoleName)
	if err != nil {
		return nil, err
	}
	all, listed, err := clip(all, entityName, in.Page)
	return &ListInstanceProfilesForRoleOutput{a.showProfiles(ctx, all), listed}, err
}

// AddRoleToInstanceProfile puts a role into an instance profile, which has one at
// most. Whoever does it hands the role on.
func (a api) AddRoleToInstanceProfile(ctx context.Context, in *ProfileRole) (*wire.None, error) {
	if _, err := a.Get(spell.Caller(ctx), "AddRoleToInstanceProfile", directory.Profile, *in.InstanceProfileName); err != nil {
		return nil, err
	}
	if err := a.MayPass(spell.Caller(ctx), *in.RoleName, "ec2.amazonaws.com"); err != nil {
		return nil, err
	}
	return nil, a.Join(ctx, spell.Caller(ctx), directory.Profile, *in.InstanceProfileName, directory.Role, *in.RoleName)
}

// RemoveRoleFromInstanceProfile takes a role out of an instance profile.
func (a api) RemoveRoleFromInstanceProfile(ctx context.Context, in *ProfileRole) (*wire.None, error) {
	if _, err := a.Get(spell.Caller(ctx), "RemoveRoleFromInstanceProfile", directory.Profile, *in.InstanceProfileName); err != nil {
		return nil, err
	}
	return nil, a.Leave(ctx, spell.Caller(ctx), directory.Profile, *in.InstanceProfileName, directory.Role, *in.RoleName)
}
