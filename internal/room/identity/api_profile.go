package identity

import (
	"context"

	"github.com/dari-bus/dari/internal/room/identity/directory"
	"github.com/dari-bus/dari/internal/wire"
)

// CreateInstanceProfileInput is the input of CreateInstanceProfile.
type CreateInstanceProfileInput struct {
	InstanceProfileName *string
	Path                *string
	Tags                []TagMember
}

// CreateInstanceProfileOutput is the output of CreateInstanceProfile.
type CreateInstanceProfileOutput struct {
	InstanceProfile *ProfileDetail
}

// GetInstanceProfileInput is the input of GetInstanceProfile.
type GetInstanceProfileInput struct {
	InstanceProfileName *string
}

// GetInstanceProfileOutput is the output of GetInstanceProfile.
type GetInstanceProfileOutput struct {
	InstanceProfile *ProfileDetail
}

// DeleteInstanceProfileInput is the input of DeleteInstanceProfile.
type DeleteInstanceProfileInput struct {
	InstanceProfileName *string
}

// ListInstanceProfilesInput is the input of ListInstanceProfiles.
type ListInstanceProfilesInput struct {
	PathPrefix *string
	Marker     *string
	MaxItems   *int
}

// ListInstanceProfilesOutput is the output of ListInstanceProfiles.
type ListInstanceProfilesOutput struct {
	InstanceProfiles []ProfileDetail `empty:"kept"`
	IsTruncated      bool
	Marker           string `json:",omitempty"`
}

// ListInstanceProfilesForRoleInput is the input of ListInstanceProfilesForRole.
type ListInstanceProfilesForRoleInput struct {
	RoleName *string
	Marker   *string
	MaxItems *int
}

// ListInstanceProfilesForRoleOutput is the output of ListInstanceProfilesForRole.
type ListInstanceProfilesForRoleOutput struct {
	InstanceProfiles []ProfileDetail `empty:"kept"`
	IsTruncated      bool
	Marker           string `json:",omitempty"`
}

// AddRoleToInstanceProfileInput is the input of AddRoleToInstanceProfile.
type AddRoleToInstanceProfileInput struct {
	InstanceProfileName *string
	RoleName            *string
}

// RemoveRoleFromInstanceProfileInput is the input of RemoveRoleFromInstanceProfile.
type RemoveRoleFromInstanceProfileInput struct {
	InstanceProfileName *string
	RoleName            *string
}

// TagInstanceProfileInput is the input of TagInstanceProfile.
type TagInstanceProfileInput struct {
	InstanceProfileName *string
	Tags                []TagMember
}

// UntagInstanceProfileInput is the input of UntagInstanceProfile.
type UntagInstanceProfileInput struct {
	InstanceProfileName *string
	TagKeys             []string
}

// ListInstanceProfileTagsInput is the input of ListInstanceProfileTags.
type ListInstanceProfileTagsInput struct {
	InstanceProfileName *string
	Marker              *string
	MaxItems            *int
}

// ListInstanceProfileTagsOutput is the output of ListInstanceProfileTags.
type ListInstanceProfileTagsOutput struct {
	Tags        []TagMember `empty:"kept"`
	IsTruncated bool
	Marker      string `json:",omitempty"`
}

// CreateInstanceProfile makes an instance profile.
func (a api) CreateInstanceProfile(ctx context.Context, in *CreateInstanceProfileInput) (*CreateInstanceProfileOutput, error) {
	e, err := a.Create(ctx, by(ctx), "CreateInstanceProfile", directory.Profile, directory.Entity{
		Name: *in.InstanceProfileName, Path: wire.Val(in.Path), Tags: tagsOf(in.Tags),
	})
	if err != nil {
		return nil, err
	}
	return &CreateInstanceProfileOutput{a.showProfile(ctx, e)}, nil
}

func (a api) showProfile(ctx context.Context, e *directory.Entity) *ProfileDetail {
	return &ProfileDetail{
		Path: e.Path, InstanceProfileName: e.Name, InstanceProfileId: e.ID, Arn: e.ARN, CreateDate: wire.At(e.Created),
		Roles: showRoles(a.MemberOf(by(ctx).Account, e, directory.Role)), Tags: shownTags(e.Tags),
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
func (a api) GetInstanceProfile(ctx context.Context, in *GetInstanceProfileInput) (*GetInstanceProfileOutput, error) {
	e, err := a.Get(by(ctx), "GetInstanceProfile", directory.Profile, *in.InstanceProfileName)
	if err != nil {
		return nil, err
	}
	return &GetInstanceProfileOutput{a.showProfile(ctx, e)}, nil
}

// DeleteInstanceProfile removes an instance profile without roles.
func (a api) DeleteInstanceProfile(ctx context.Context, in *DeleteInstanceProfileInput) (*wire.None, error) {
	return nil, a.Delete(ctx, by(ctx), "DeleteInstanceProfile", directory.Profile, *in.InstanceProfileName)
}

// ListInstanceProfiles lists instance profiles.
func (a api) ListInstanceProfiles(ctx context.Context, in *ListInstanceProfilesInput) (*ListInstanceProfilesOutput, error) {
	all, next, err := a.List(by(ctx), "ListInstanceProfiles", directory.Profile, prefix(in.PathPrefix), wire.Val(in.Marker), wire.Val(in.MaxItems))
	return &ListInstanceProfilesOutput{a.showProfiles(ctx, all), next != "", next}, err
}

// ListInstanceProfilesForRole lists the instance profiles that a role is in.
func (a api) ListInstanceProfilesForRole(ctx context.Context, in *ListInstanceProfilesForRoleInput) (*ListInstanceProfilesForRoleOutput, error) {
	_, all, err := a.Holders(by(ctx), "ListInstanceProfilesForRole", directory.Profile, directory.Role, *in.RoleName)
	if err != nil {
		return nil, err
	}
	all, more, next, err := clip(all, entityName, in.Marker, in.MaxItems)
	return &ListInstanceProfilesForRoleOutput{a.showProfiles(ctx, all), more, next}, err
}

// AddRoleToInstanceProfile puts a role into an instance profile, which has one at
// most. Whoever does it hands the role on.
func (a api) AddRoleToInstanceProfile(ctx context.Context, in *AddRoleToInstanceProfileInput) (*wire.None, error) {
	if _, err := a.Get(by(ctx), "AddRoleToInstanceProfile", directory.Profile, *in.InstanceProfileName); err != nil {
		return nil, err
	}
	if err := a.MayPass(by(ctx), *in.RoleName, "ec2.amazonaws.com"); err != nil {
		return nil, err
	}
	return nil, a.Join(ctx, by(ctx), directory.Profile, *in.InstanceProfileName, directory.Role, *in.RoleName)
}

// RemoveRoleFromInstanceProfile takes a role out of an instance profile.
func (a api) RemoveRoleFromInstanceProfile(ctx context.Context, in *RemoveRoleFromInstanceProfileInput) (*wire.None, error) {
	if _, err := a.Get(by(ctx), "RemoveRoleFromInstanceProfile", directory.Profile, *in.InstanceProfileName); err != nil {
		return nil, err
	}
	return nil, a.Leave(ctx, by(ctx), directory.Profile, *in.InstanceProfileName, directory.Role, *in.RoleName)
}

// TagInstanceProfile hangs tags on a instance profile.
func (a api) TagInstanceProfile(ctx context.Context, in *TagInstanceProfileInput) (*wire.None, error) {
	return nil, a.Tag(ctx, by(ctx), "TagInstanceProfile", directory.Profile, *in.InstanceProfileName, tagsOf(in.Tags))
}

// UntagInstanceProfile takes tags off a instance profile.
func (a api) UntagInstanceProfile(ctx context.Context, in *UntagInstanceProfileInput) (*wire.None, error) {
	return nil, a.Untag(ctx, by(ctx), "UntagInstanceProfile", directory.Profile, *in.InstanceProfileName, in.TagKeys)
}

// ListInstanceProfileTags lists the tags of a instance profile.
func (a api) ListInstanceProfileTags(ctx context.Context, in *ListInstanceProfileTagsInput) (*ListInstanceProfileTagsOutput, error) {
	e, err := a.Get(by(ctx), "ListInstanceProfileTags", directory.Profile, *in.InstanceProfileName)
	if err != nil {
		return nil, err
	}
	tags, more, next, err := clip(shownTags(e.Tags), tagName, in.Marker, in.MaxItems)
	return &ListInstanceProfileTagsOutput{tags, more, next}, err
}
