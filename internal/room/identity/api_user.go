package identity

import (
	"context"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/identity/directory"
	"github.com/dari-bus/dari/internal/wire"
)

// CreateUserInput is the input of CreateUser.
type CreateUserInput struct {
	Path                *string
	UserName            *string
	PermissionsBoundary *string
	Tags                []TagMember
}

// CreateUserOutput is the output of CreateUser.
type CreateUserOutput struct {
	User *UserDetail
}

// GetUserInput is the input of GetUser.
type GetUserInput struct {
	UserName *string
}

// GetUserOutput is the output of GetUser.
type GetUserOutput struct {
	User *UserDetail
}

// ListUsersInput is the input of ListUsers.
type ListUsersInput struct {
	PathPrefix *string
	Marker     *string
	MaxItems   *int
}

// ListUsersOutput is the output of ListUsers.
type ListUsersOutput struct {
	Users       []UserDetail `empty:"kept"`
	IsTruncated bool
	Marker      string `json:",omitempty"`
}

// DeleteUserInput is the input of DeleteUser.
type DeleteUserInput struct {
	UserName *string
}

// PutUserPolicyInput is the input of PutUserPolicy.
type PutUserPolicyInput struct {
	UserName       *string
	PolicyName     *string
	PolicyDocument *string
}

// GetUserPolicyInput is the input of GetUserPolicy.
type GetUserPolicyInput struct {
	UserName   *string
	PolicyName *string
}

// GetUserPolicyOutput is the output of GetUserPolicy.
type GetUserPolicyOutput struct {
	UserName       string
	PolicyName     string
	PolicyDocument string
}

// ListUserPoliciesInput is the input of ListUserPolicies.
type ListUserPoliciesInput struct {
	UserName *string
	Marker   *string
	MaxItems *int
}

// ListUserPoliciesOutput is the output of ListUserPolicies.
type ListUserPoliciesOutput struct {
	PolicyNames []string `empty:"kept"`
	IsTruncated bool
	Marker      string `json:",omitempty"`
}

// DeleteUserPolicyInput is the input of DeleteUserPolicy.
type DeleteUserPolicyInput struct {
	UserName   *string
	PolicyName *string
}

// AttachUserPolicyInput is the input of AttachUserPolicy.
type AttachUserPolicyInput struct {
	UserName  *string
	PolicyArn *string
}

// DetachUserPolicyInput is the input of DetachUserPolicy.
type DetachUserPolicyInput struct {
	UserName  *string
	PolicyArn *string
}

// ListAttachedUserPoliciesInput is the input of ListAttachedUserPolicies.
type ListAttachedUserPoliciesInput struct {
	UserName   *string
	PathPrefix *string
	Marker     *string
	MaxItems   *int
}

// ListAttachedUserPoliciesOutput is the output of ListAttachedUserPolicies.
type ListAttachedUserPoliciesOutput struct {
	AttachedPolicies []AttachedPolicy `json:",omitempty"`
	IsTruncated      bool
	Marker           string `json:",omitempty"`
}

// TagUserInput is the input of TagUser.
type TagUserInput struct {
	UserName *string
	Tags     []TagMember
}

// UntagUserInput is the input of UntagUser.
type UntagUserInput struct {
	UserName *string
	TagKeys  []string
}

// ListUserTagsInput is the input of ListUserTags.
type ListUserTagsInput struct {
	UserName *string
	Marker   *string
	MaxItems *int
}

// ListUserTagsOutput is the output of ListUserTags.
type ListUserTagsOutput struct {
	Tags        []TagMember `empty:"kept"`
	IsTruncated bool
	Marker      string `json:",omitempty"`
}

// PutUserPermissionsBoundaryInput is the input of PutUserPermissionsBoundary.
type PutUserPermissionsBoundaryInput struct {
	UserName            *string
	PermissionsBoundary *string
}

// DeleteUserPermissionsBoundaryInput is the input of DeleteUserPermissionsBoundary.
type DeleteUserPermissionsBoundaryInput struct {
	UserName *string
}

// ListGroupsForUserInput is the input of ListGroupsForUser.
type ListGroupsForUserInput struct {
	UserName *string
	Marker   *string
	MaxItems *int
}

// ListGroupsForUserOutput is the output of ListGroupsForUser.
type ListGroupsForUserOutput struct {
	Groups      []GroupDetail `empty:"kept"`
	IsTruncated bool
	Marker      string `json:",omitempty"`
}

// CreateAccessKeyInput is the input of CreateAccessKey.
type CreateAccessKeyInput struct {
	UserName *string
}

// CreateAccessKeyOutput is the output of CreateAccessKey.
type CreateAccessKeyOutput struct {
	AccessKey *AccessKey
}

// UpdateAccessKeyInput is the input of UpdateAccessKey.
type UpdateAccessKeyInput struct {
	UserName    *string
	AccessKeyId *string
	Status      *string
}

// DeleteAccessKeyInput is the input of DeleteAccessKey.
type DeleteAccessKeyInput struct {
	UserName    *string
	AccessKeyId *string
}

// ListAccessKeysInput is the input of ListAccessKeys.
type ListAccessKeysInput struct {
	UserName *string
	Marker   *string
	MaxItems *int
}

// ListAccessKeysOutput is the output of ListAccessKeys.
type ListAccessKeysOutput struct {
	AccessKeyMetadata []AccessKeyMetadata `empty:"kept"`
	IsTruncated       bool
	Marker            string `json:",omitempty"`
}

// CreateUser makes a user.
func (a api) CreateUser(ctx context.Context, in *CreateUserInput) (*CreateUserOutput, error) {
	e, err := a.Create(ctx, by(ctx), "CreateUser", directory.User, directory.Entity{
		Name: *in.UserName, Path: wire.Val(in.Path), Boundary: wire.Val(in.PermissionsBoundary), Tags: tagsOf(in.Tags),
	})
	if err != nil {
		return nil, err
	}
	return &CreateUserOutput{showUser(e)}, nil
}

func showUser(e *directory.Entity) *UserDetail {
	return &UserDetail{
		Path: e.Path, UserName: e.Name, UserId: e.ID, Arn: e.ARN, CreateDate: wire.At(e.Created),
		PermissionsBoundary: boundary(e), Tags: shownTags(e.Tags),
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

// userName is the user that is meant, who calls when none is named.
func userName(ctx context.Context, name *string) (string, error) {
	if name != nil {
		return *name, nil
	}
	if id := by(ctx).Identity; id != nil && id.User != "" {
		return id.User, nil
	}
	return "", fault.Invalid("Must specify userName when calling with non-User credentials").WithCode("ValidationError")
}

// GetUser returns a user.
func (a api) GetUser(ctx context.Context, in *GetUserInput) (*GetUserOutput, error) {
	name, err := userName(ctx, in.UserName)
	if err != nil {
		return nil, err
	}
	e, err := a.Get(by(ctx), "GetUser", directory.User, name)
	if err != nil {
		return nil, err
	}
	return &GetUserOutput{showUser(e)}, nil
}

// ListUsers lists users.
func (a api) ListUsers(ctx context.Context, in *ListUsersInput) (*ListUsersOutput, error) {
	all, next, err := a.List(by(ctx), "ListUsers", directory.User, prefix(in.PathPrefix), wire.Val(in.Marker), wire.Val(in.MaxItems))
	return &ListUsersOutput{showUsers(all), next != "", next}, err
}

// DeleteUser removes a user on whom nothing hangs.
func (a api) DeleteUser(ctx context.Context, in *DeleteUserInput) (*wire.None, error) {
	return nil, a.Delete(ctx, by(ctx), "DeleteUser", directory.User, *in.UserName)
}

// ListGroupsForUser lists the groups of a user.
func (a api) ListGroupsForUser(ctx context.Context, in *ListGroupsForUserInput) (*ListGroupsForUserOutput, error) {
	e, err := a.Get(by(ctx), "ListGroupsForUser", directory.User, *in.UserName)
	if err != nil {
		return nil, err
	}
	all, more, next, err := clip(a.MemberOf(by(ctx).Account, e, directory.Group), entityName, in.Marker, in.MaxItems)
	return &ListGroupsForUserOutput{showGroups(all), more, next}, err
}

// CreateAccessKey makes an access key for a user.
func (a api) CreateAccessKey(ctx context.Context, in *CreateAccessKeyInput) (*CreateAccessKeyOutput, error) {
	name, err := userName(ctx, in.UserName)
	if err != nil {
		return nil, err
	}
	user, k, secret, err := a.CreateKey(ctx, by(ctx), name)
	if err != nil {
		return nil, err
	}
	return &CreateAccessKeyOutput{&AccessKey{user, k.ID, status(k), secret, wire.At(k.Created)}}, nil
}

func status(k directory.Key) string {
	if k.Active {
		return "Active"
	}
	return "Inactive"
}

// UpdateAccessKey lets an access key count, or not.
func (a api) UpdateAccessKey(ctx context.Context, in *UpdateAccessKeyInput) (*wire.None, error) {
	name, err := userName(ctx, in.UserName)
	if err != nil {
		return nil, err
	}
	return nil, a.SetKey(ctx, by(ctx), name, *in.AccessKeyId, *in.Status == "Active")
}

// DeleteAccessKey removes an access key.
func (a api) DeleteAccessKey(ctx context.Context, in *DeleteAccessKeyInput) (*wire.None, error) {
	name, err := userName(ctx, in.UserName)
	if err != nil {
		return nil, err
	}
	return nil, a.DeleteKey(ctx, by(ctx), name, *in.AccessKeyId)
}

// ListAccessKeys lists the access keys of a user, without their secrets.
func (a api) ListAccessKeys(ctx context.Context, in *ListAccessKeysInput) (*ListAccessKeysOutput, error) {
	name, err := userName(ctx, in.UserName)
	if err != nil {
		return nil, err
	}
	e, err := a.Get(by(ctx), "ListAccessKeys", directory.User, name)
	if err != nil {
		return nil, err
	}
	keys, more, next, err := clip(e.Keys, func(k directory.Key) string { return k.ID }, in.Marker, in.MaxItems)
	out := &ListAccessKeysOutput{AccessKeyMetadata: make([]AccessKeyMetadata, len(keys)), IsTruncated: more, Marker: next}
	for i, k := range keys {
		out.AccessKeyMetadata[i] = AccessKeyMetadata{e.Name, k.ID, status(k), wire.At(k.Created)}
	}
	return out, err
}

// PutUserPolicy gives a user a policy of its own.
func (a api) PutUserPolicy(ctx context.Context, in *PutUserPolicyInput) (*wire.None, error) {
	return nil, a.PutInline(ctx, by(ctx), directory.User, *in.UserName, *in.PolicyName, *in.PolicyDocument)
}

// GetUserPolicy returns a policy of a user's own.
func (a api) GetUserPolicy(ctx context.Context, in *GetUserPolicyInput) (*GetUserPolicyOutput, error) {
	e, text, err := a.Inline(by(ctx), directory.User, *in.UserName, *in.PolicyName)
	if err != nil {
		return nil, err
	}
	return &GetUserPolicyOutput{e.Name, *in.PolicyName, escaped(text)}, nil
}

// ListUserPolicies lists the policies of a user's own.
func (a api) ListUserPolicies(ctx context.Context, in *ListUserPoliciesInput) (*ListUserPoliciesOutput, error) {
	e, err := a.Get(by(ctx), "ListUserPolicies", directory.User, *in.UserName)
	if err != nil {
		return nil, err
	}
	names, more, next, err := clip(e.PolicyNames(), itself, in.Marker, in.MaxItems)
	return &ListUserPoliciesOutput{names, more, next}, err
}

// DeleteUserPolicy takes a policy of its own from a user.
func (a api) DeleteUserPolicy(ctx context.Context, in *DeleteUserPolicyInput) (*wire.None, error) {
	return nil, a.DeleteInline(ctx, by(ctx), directory.User, *in.UserName, *in.PolicyName)
}

// AttachUserPolicy attaches a managed policy to a user.
func (a api) AttachUserPolicy(ctx context.Context, in *AttachUserPolicyInput) (*wire.None, error) {
	return nil, a.Attach(ctx, by(ctx), directory.User, *in.UserName, *in.PolicyArn)
}

// DetachUserPolicy takes a managed policy from a user.
func (a api) DetachUserPolicy(ctx context.Context, in *DetachUserPolicyInput) (*wire.None, error) {
	return nil, a.Detach(ctx, by(ctx), directory.User, *in.UserName, *in.PolicyArn)
}

// ListAttachedUserPolicies lists the managed policies of a user.
func (a api) ListAttachedUserPolicies(ctx context.Context, in *ListAttachedUserPoliciesInput) (*ListAttachedUserPoliciesOutput, error) {
	e, err := a.Get(by(ctx), "ListAttachedUserPolicies", directory.User, *in.UserName)
	if err != nil {
		return nil, err
	}
	all, more, next, err := attached(e, in.PathPrefix, in.Marker, in.MaxItems)
	return &ListAttachedUserPoliciesOutput{all, more, next}, err
}

// PutUserPermissionsBoundary sets what a user may do at most.
func (a api) PutUserPermissionsBoundary(ctx context.Context, in *PutUserPermissionsBoundaryInput) (*wire.None, error) {
	return nil, a.SetBoundary(ctx, by(ctx), directory.User, *in.UserName, *in.PermissionsBoundary)
}

// DeleteUserPermissionsBoundary takes that away.
func (a api) DeleteUserPermissionsBoundary(ctx context.Context, in *DeleteUserPermissionsBoundaryInput) (*wire.None, error) {
	return nil, a.SetBoundary(ctx, by(ctx), directory.User, *in.UserName, "")
}

// TagUser hangs tags on a user.
func (a api) TagUser(ctx context.Context, in *TagUserInput) (*wire.None, error) {
	return nil, a.Tag(ctx, by(ctx), "TagUser", directory.User, *in.UserName, tagsOf(in.Tags))
}

// UntagUser takes tags off a user.
func (a api) UntagUser(ctx context.Context, in *UntagUserInput) (*wire.None, error) {
	return nil, a.Untag(ctx, by(ctx), "UntagUser", directory.User, *in.UserName, in.TagKeys)
}

// ListUserTags lists the tags of a user.
func (a api) ListUserTags(ctx context.Context, in *ListUserTagsInput) (*ListUserTagsOutput, error) {
	e, err := a.Get(by(ctx), "ListUserTags", directory.User, *in.UserName)
	if err != nil {
		return nil, err
	}
	tags, more, next, err := clip(shownTags(e.Tags), tagName, in.Marker, in.MaxItems)
	return &ListUserTagsOutput{tags, more, next}, err
}
