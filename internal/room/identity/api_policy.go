package identity

import (
	"context"
	"slices"
	"strings"

	"github.com/dari-bus/dari/internal/room/identity/directory"
	"github.com/dari-bus/dari/internal/wire"
)

// CreatePolicyInput is the input of CreatePolicy.
type CreatePolicyInput struct {
	PolicyName     *string
	Path           *string
	PolicyDocument *string
	Description    *string
	Tags           []TagMember
}

// CreatePolicyOutput is the output of CreatePolicy.
type CreatePolicyOutput struct {
	Policy *PolicyDetail
}

// GetPolicyInput is the input of GetPolicy.
type GetPolicyInput struct {
	PolicyArn *string
}

// GetPolicyOutput is the output of GetPolicy.
type GetPolicyOutput struct {
	Policy *PolicyDetail
}

// ListPoliciesInput is the input of ListPolicies.
type ListPoliciesInput struct {
	Scope             *string
	OnlyAttached      *bool
	PathPrefix        *string
	PolicyUsageFilter *string
	Marker            *string
	MaxItems          *int
}

// ListPoliciesOutput is the output of ListPolicies.
type ListPoliciesOutput struct {
	Policies    []PolicyDetail `json:",omitempty"`
	IsTruncated bool
	Marker      string `json:",omitempty"`
}

// DeletePolicyInput is the input of DeletePolicy.
type DeletePolicyInput struct {
	PolicyArn *string
}

// CreatePolicyVersionInput is the input of CreatePolicyVersion.
type CreatePolicyVersionInput struct {
	PolicyArn      *string
	PolicyDocument *string
	SetAsDefault   *bool
}

// CreatePolicyVersionOutput is the output of CreatePolicyVersion.
type CreatePolicyVersionOutput struct {
	PolicyVersion *VersionDetail
}

// GetPolicyVersionInput is the input of GetPolicyVersion.
type GetPolicyVersionInput struct {
	PolicyArn *string
	VersionId *string
}

// GetPolicyVersionOutput is the output of GetPolicyVersion.
type GetPolicyVersionOutput struct {
	PolicyVersion *VersionDetail
}

// ListPolicyVersionsInput is the input of ListPolicyVersions.
type ListPolicyVersionsInput struct {
	PolicyArn *string
	Marker    *string
	MaxItems  *int
}

// ListPolicyVersionsOutput is the output of ListPolicyVersions.
type ListPolicyVersionsOutput struct {
	Versions    []VersionDetail `json:",omitempty"`
	IsTruncated bool
	Marker      string `json:",omitempty"`
}

// SetDefaultPolicyVersionInput is the input of SetDefaultPolicyVersion.
type SetDefaultPolicyVersionInput struct {
	PolicyArn *string
	VersionId *string
}

// DeletePolicyVersionInput is the input of DeletePolicyVersion.
type DeletePolicyVersionInput struct {
	PolicyArn *string
	VersionId *string
}

// ListEntitiesForPolicyInput is the input of ListEntitiesForPolicy.
type ListEntitiesForPolicyInput struct {
	PolicyArn         *string
	EntityFilter      *string
	PathPrefix        *string
	PolicyUsageFilter *string
	Marker            *string
	MaxItems          *int
}

// ListEntitiesForPolicyOutput is the output of ListEntitiesForPolicy.
type ListEntitiesForPolicyOutput struct {
	PolicyGroups []PolicyGroup `json:",omitempty"`
	PolicyUsers  []PolicyUser  `json:",omitempty"`
	PolicyRoles  []PolicyRole  `json:",omitempty"`
	IsTruncated  bool
	Marker       string `json:",omitempty"`
}

// TagPolicyInput is the input of TagPolicy.
type TagPolicyInput struct {
	PolicyArn *string
	Tags      []TagMember
}

// UntagPolicyInput is the input of UntagPolicy.
type UntagPolicyInput struct {
	PolicyArn *string
	TagKeys   []string
}

// ListPolicyTagsInput is the input of ListPolicyTags.
type ListPolicyTagsInput struct {
	PolicyArn *string
	Marker    *string
	MaxItems  *int
}

// ListPolicyTagsOutput is the output of ListPolicyTags.
type ListPolicyTagsOutput struct {
	Tags        []TagMember `empty:"kept"`
	IsTruncated bool
	Marker      string `json:",omitempty"`
}

// CreatePolicy makes a managed policy.
func (a api) CreatePolicy(ctx context.Context, in *CreatePolicyInput) (*CreatePolicyOutput, error) {
	p, err := a.Service.CreatePolicy(ctx, by(ctx), directory.Policy{
		Name: *in.PolicyName, Path: wire.Val(in.Path), Description: wire.Val(in.Description), Tags: tagsOf(in.Tags),
	}, *in.PolicyDocument)
	if err != nil {
		return nil, err
	}
	return &CreatePolicyOutput{showPolicy(directory.Shown{Policy: *p})}, nil
}

func showPolicy(s directory.Shown) *PolicyDetail {
	v := directory.Version{Number: s.Default}
	return &PolicyDetail{
		PolicyName: s.Name, PolicyId: s.ID, Arn: s.ARN, Path: s.Path, DefaultVersionId: v.ID(),
		AttachmentCount: s.Attached, PermissionsBoundaryUsageCount: s.Bounds, IsAttachable: true,
		Description: s.Description, CreateDate: wire.At(s.Created), UpdateDate: wire.At(s.Updated), Tags: shownTags(s.Tags),
	}
}

// GetPolicy returns a managed policy.
func (a api) GetPolicy(ctx context.Context, in *GetPolicyInput) (*GetPolicyOutput, error) {
	s, err := a.Service.GetPolicy(by(ctx), "GetPolicy", *in.PolicyArn)
	if err != nil {
		return nil, err
	}
	return &GetPolicyOutput{showPolicy(s)}, nil
}

// ListPolicies lists managed policies.
func (a api) ListPolicies(ctx context.Context, in *ListPoliciesInput) (*ListPoliciesOutput, error) {
	scope, usage := wire.Val(in.Scope), wire.Val(in.PolicyUsageFilter)
	only := wire.Val(in.OnlyAttached)
	all, err := a.Service.ListPolicies(by(ctx), directory.PolicyFilter{
		Scope: scope, Path: prefix(in.PathPrefix),
		Attached: only && usage != "PermissionsBoundary" || usage == "PermissionsPolicy", Bounds: usage == "PermissionsBoundary",
	})
	if err != nil {
		return nil, err
	}
	all, more, next, err := clip(all, func(s directory.Shown) string { return s.ARN }, in.Marker, in.MaxItems)
	out := &ListPoliciesOutput{IsTruncated: more, Marker: next, Policies: make([]PolicyDetail, len(all))}
	for i, s := range all {
		s.Tags, s.Description = nil, "" // as in all lists of AWS's
		out.Policies[i] = *showPolicy(s)
	}
	return out, err
}

// DeletePolicy removes a managed policy that nobody has.
func (a api) DeletePolicy(ctx context.Context, in *DeletePolicyInput) (*wire.None, error) {
	return nil, a.Service.DeletePolicy(ctx, by(ctx), *in.PolicyArn)
}

// CreatePolicyVersion gives a managed policy another text.
func (a api) CreatePolicyVersion(ctx context.Context, in *CreatePolicyVersionInput) (*CreatePolicyVersionOutput, error) {
	v, isDefault, err := a.AddVersion(ctx, by(ctx), *in.PolicyArn, *in.PolicyDocument, wire.Val(in.SetAsDefault))
	if err != nil {
		return nil, err
	}
	return &CreatePolicyVersionOutput{&VersionDetail{VersionId: v.ID(), IsDefaultVersion: isDefault, CreateDate: wire.At(v.Created)}}, nil
}

// GetPolicyVersion returns a text of a managed policy.
func (a api) GetPolicyVersion(ctx context.Context, in *GetPolicyVersionInput) (*GetPolicyVersionOutput, error) {
	v, isDefault, err := a.GetVersion(by(ctx), *in.PolicyArn, *in.VersionId)
	if err != nil {
		return nil, err
	}
	return &GetPolicyVersionOutput{&VersionDetail{escaped(v.Text), v.ID(), isDefault, wire.At(v.Created)}}, nil
}

// ListPolicyVersions lists the versions of a managed policy, the last first.
func (a api) ListPolicyVersions(ctx context.Context, in *ListPolicyVersionsInput) (*ListPolicyVersionsOutput, error) {
	s, err := a.Service.GetPolicy(by(ctx), "ListPolicyVersions", *in.PolicyArn)
	if err != nil {
		return nil, err
	}
	out := &ListPolicyVersionsOutput{}
	for _, v := range slices.Backward(s.Versions) { // there are five at most
		out.Versions = append(out.Versions, VersionDetail{VersionId: v.ID(), IsDefaultVersion: v.Number == s.Default, CreateDate: wire.At(v.Created)})
	}
	return out, nil
}

// SetDefaultPolicyVersion makes a version the one that counts.
func (a api) SetDefaultPolicyVersion(ctx context.Context, in *SetDefaultPolicyVersionInput) (*wire.None, error) {
	return nil, a.SetDefault(ctx, by(ctx), *in.PolicyArn, *in.VersionId)
}

// DeletePolicyVersion removes a version that does not count.
func (a api) DeletePolicyVersion(ctx context.Context, in *DeletePolicyVersionInput) (*wire.None, error) {
	return nil, a.DeleteVersion(ctx, by(ctx), *in.PolicyArn, *in.VersionId)
}

// ListEntitiesForPolicy lists who has a managed policy: users, groups and roles.
func (a api) ListEntitiesForPolicy(ctx context.Context, in *ListEntitiesForPolicyInput) (*ListEntitiesForPolicyOutput, error) {
	if _, err := a.Service.GetPolicy(by(ctx), "ListEntitiesForPolicy", *in.PolicyArn); err != nil {
		return nil, err
	}
	var all []*directory.Entity
	for filter, k := range map[string]*directory.Kind{"Role": directory.Role, "User": directory.User, "Group": directory.Group} {
		if f := wire.Val(in.EntityFilter); f == "" || f == filter {
			all = append(all, a.Users(by(ctx).Account, k, *in.PolicyArn, wire.Val(in.PolicyUsageFilter) == "PermissionsBoundary")...)
		}
	}
	all = slices.DeleteFunc(all, func(e *directory.Entity) bool { return !strings.HasPrefix(e.Path, prefix(in.PathPrefix)) })
	slices.SortFunc(all, func(a, b *directory.Entity) int { return strings.Compare(a.ARN, b.ARN) })
	all, more, next, err := clip(all, func(e *directory.Entity) string { return e.ARN }, in.Marker, in.MaxItems)
	out := &ListEntitiesForPolicyOutput{IsTruncated: more, Marker: next}
	for _, e := range all {
		switch e.Kind {
		case directory.Role.Name:
			out.PolicyRoles = append(out.PolicyRoles, PolicyRole{e.Name, e.ID})
		case directory.User.Name:
			out.PolicyUsers = append(out.PolicyUsers, PolicyUser{e.Name, e.ID})
		default:
			out.PolicyGroups = append(out.PolicyGroups, PolicyGroup{e.Name, e.ID})
		}
	}
	return out, err
}

// TagPolicy hangs tags on a managed policy.
func (a api) TagPolicy(ctx context.Context, in *TagPolicyInput) (*wire.None, error) {
	return nil, a.Service.TagPolicy(ctx, by(ctx), *in.PolicyArn, tagsOf(in.Tags))
}

// UntagPolicy takes tags off a managed policy.
func (a api) UntagPolicy(ctx context.Context, in *UntagPolicyInput) (*wire.None, error) {
	return nil, a.Service.UntagPolicy(ctx, by(ctx), *in.PolicyArn, in.TagKeys)
}

// ListPolicyTags lists the tags of a managed policy.
func (a api) ListPolicyTags(ctx context.Context, in *ListPolicyTagsInput) (*ListPolicyTagsOutput, error) {
	s, err := a.Service.GetPolicy(by(ctx), "ListPolicyTags", *in.PolicyArn)
	if err != nil {
		return nil, err
	}
	tags, more, next, err := clip(shownTags(s.Tags), tagName, in.Marker, in.MaxItems)
	return &ListPolicyTagsOutput{tags, more, next}, err
}
