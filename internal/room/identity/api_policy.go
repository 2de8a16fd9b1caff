package identity

import (
	"context"
	"slices"
	"strings"

	"github.com/dari-bus/dari/internal/room/identity/directory"
	"github.com/dari-bus/dari/internal/room/identity/spell"
	"github.com/dari-bus/dari/internal/wire"
)

// policies are the rows of managed policies.
func (a api) policies() []wire.Operation {
	return []wire.Operation{
		wire.Op("CreatePolicy", a.CreatePolicy),
		wire.Op("GetPolicy", a.GetPolicy).Reads(),
		wire.Op("ListPolicies", a.ListPolicies).Reads(),
		wire.Op("ListEntitiesForPolicy", a.ListEntitiesForPolicy).Reads(),
		wire.Op("DeletePolicy", a.DeletePolicy),
		wire.Op("CreatePolicyVersion", a.CreatePolicyVersion),
		wire.Op("GetPolicyVersion", a.GetPolicyVersion).Reads(),
		wire.Op("ListPolicyVersions", a.ListPolicyVersions).Reads(),
		wire.Op("SetDefaultPolicyVersion", a.SetDefaultPolicyVersion),
		wire.Op("DeletePolicyVersion", a.DeletePolicyVersion),
		wire.Op("TagPolicy", a.TagPolicy),
		wire.Op("UntagPolicy", a.UntagPolicy),
		wire.Op("ListPolicyTags", a.ListPolicyTags).Reads(),
	}
}

// CreatePolicyInput is the input of CreatePolicy.
type CreatePolicyInput struct {
	PolicyName     *string
	Path           *string
	PolicyDocument *string
	Description    *string
	Tags           []spell.Tag
}

// CreatePolicyOutput is the output of CreatePolicy.
type CreatePolicyOutput struct {
	Policy *PolicyDetail
}

// GetPolicyOutput is the output of GetPolicy.
type GetPolicyOutput struct {
	Policy *PolicyDetail
}

// ListPoliciesInput is the input of ListPolicies.
type ListPoliciesInput struct {
	Scope        *string
	OnlyAttached *bool
	OnPolicyPath
	PolicyUsageFilter *string
	spell.Page
}

// ListPoliciesOutput is the output of ListPolicies.
type ListPoliciesOutput struct {
	Policies []PolicyDetail `json:",omitempty"`
	spell.Listed
}

// CreatePolicyVersionInput is the input of CreatePolicyVersion.
type CreatePolicyVersionInput struct {
	OfPolicy
	PolicyDocument *string
	SetAsDefault   *bool
}

// CreatePolicyVersionOutput is the output of CreatePolicyVersion.
type CreatePolicyVersionOutput struct {
	PolicyVersion *VersionDetail
}

// GetPolicyVersionOutput is the output of GetPolicyVersion.
type GetPolicyVersionOutput struct {
	PolicyVersion *VersionDetail
}

// ListPolicyVersionsOutput is the output of ListPolicyVersions.
type ListPolicyVersionsOutput struct {
	Versions []VersionDetail `json:",omitempty"`
	spell.Listed
}

// ListEntitiesForPolicyInput is the input of ListEntitiesForPolicy.
type ListEntitiesForPolicyInput struct {
	OfPolicy
	EntityFilter      *string
	PathPrefix        *string
	PolicyUsageFilter *string
	spell.Page
}

// ListEntitiesForPolicyOutput is the output of ListEntitiesForPolicy.
type ListEntitiesForPolicyOutput struct {
	PolicyGroups []PolicyGroup `json:",omitempty"`
	PolicyUsers  []PolicyUser  `json:",omitempty"`
	PolicyRoles  []PolicyRole  `json:",omitempty"`
	spell.Listed
}

// PolicyVersion names a version of a managed policy.
type PolicyVersion struct {
	OfPolicy
	VersionId *string
}

// CreatePolicy makes a managed policy.
func (a api) CreatePolicy(ctx context.Context, in *CreatePolicyInput) (*CreatePolicyOutput, error) {
	p, err := a.Service.CreatePolicy(ctx, spell.Caller(ctx), directory.Policy{
		Name: *in.PolicyName, Path: wire.Val(in.Path), Description: wire.Val(in.Description), Tags: spell.Tags(in.Tags),
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
		Description: s.Description, CreateDate: wire.At(s.Created), UpdateDate: wire.At(s.Updated), Tags: spell.ShowTags(s.Tags),
	}
}

// GetPolicy returns a managed policy.
func (a api) GetPolicy(ctx context.Context, in *OfPolicy) (*GetPolicyOutput, error) {
	s, err := a.Service.GetPolicy(spell.Caller(ctx), "GetPolicy", *in.PolicyArn)
	if err != nil {
		return nil, err
	}
	return &GetPolicyOutput{showPolicy(s)}, nil
}

// ListPolicies lists managed policies.
func (a api) ListPolicies(ctx context.Context, in *ListPoliciesInput) (*ListPoliciesOutput, error) {
	scope, usage := wire.Val(in.Scope), wire.Val(in.PolicyUsageFilter)
	only := wire.Val(in.OnlyAttached)
	all, err := a.Service.ListPolicies(spell.Caller(ctx), directory.PolicyFilter{
		Scope: scope, Path: prefix(in.PathPrefix),
		Attached: only && usage != "PermissionsBoundary" || usage == "PermissionsPolicy", Bounds: usage == "PermissionsBoundary",
	})
	if err != nil {
		return nil, err
	}
	all, listed, err := clip(all, func(s directory.Shown) string { return s.ARN }, in.Page)
	out := &ListPoliciesOutput{Listed: listed, Policies: make([]PolicyDetail, len(all))}
	for i, s := range all {
		s.Tags, s.Description = nil, "" // as in all lists of AWS's
		out.Policies[i] = *showPolicy(s)
	}
	return out, err
}

// DeletePolicy removes a managed policy that nobody has.
func (a api) DeletePolicy(ctx context.Context, in *OfPolicy) (*wire.None, error) {
	return nil, a.Service.DeletePolicy(ctx, spell.Caller(ctx), *in.PolicyArn)
}

// CreatePolicyVersion gives a managed policy another text.
func (a api) CreatePolicyVersion(ctx context.Context, in *CreatePolicyVersionInput) (*CreatePolicyVersionOutput, error) {
	v, isDefault, err := a.AddVersion(ctx, spell.Caller(ctx), *in.PolicyArn, *in.PolicyDocument, wire.Val(in.SetAsDefault))
	if err != nil {
		return nil, err
	}
	return &CreatePolicyVersionOutput{&VersionDetail{VersionId: v.ID(), IsDefaultVersion: isDefault, CreateDate: wire.At(v.Created)}}, nil
}

// GetPolicyVersion returns a text of a managed policy.
func (a api) GetPolicyVersion(ctx context.Context, in *PolicyVersion) (*GetPolicyVersionOutput, error) {
	v, isDefault, err := a.GetVersion(spell.Caller(ctx), *in.PolicyArn, *in.VersionId)
	if err != nil {
		return nil, err
	}
	return &GetPolicyVersionOutput{&VersionDetail{escaped(v.Text), v.ID(), isDefault, wire.At(v.Created)}}, nil
}

// ListPolicyVersions lists the versions of a managed policy, the last first.
func (a api) ListPolicyVersions(ctx context.Context, in *PolicyPage) (*ListPolicyVersionsOutput, error) {
	s, err := a.Service.GetPolicy(spell.Caller(ctx), "ListPolicyVersions", *in.PolicyArn)
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
func (a api) SetDefaultPolicyVersion(ctx context.Context, in *PolicyVersion) (*wire.None, error) {
	return nil, a.SetDefault(ctx, spell.Caller(ctx), *in.PolicyArn, *in.VersionId)
}

// DeletePolicyVersion removes a version that does not count.
func (a api) DeletePolicyVersion(ctx context.Context, in *PolicyVersion) (*wire.None, error) {
	return nil, a.DeleteVersion(ctx, spell.Caller(ctx), *in.PolicyArn, *in.VersionId)
}

// ListEntitiesForPolicy lists who has a managed policy: users, groups and roles.
func (a api) ListEntitiesForPolicy(ctx context.Context, in *ListEntitiesForPolicyInput) (*ListEntitiesForPolicyOutput, error) {
	if _, err := a.Service.GetPolicy(spell.Caller(ctx), "ListEntitiesForPolicy", *in.PolicyArn); err != nil {
		return nil, err
	}
	var all []*directory.Entity
	for filter, k := range map[string]*directory.Kind{"Role": directory.Role, "User": directory.User, "Group": directory.Group} {
		if f := wire.Val(in.EntityFilter); f == "" || f == filter {
			all = append(all, a.Users(spell.Caller(ctx).Account, k, *in.PolicyArn, wire.Val(in.PolicyUsageFilter) == "PermissionsBoundary")...)
		}
	}
	all = slices.DeleteFunc(all, func(e *directory.Entity) bool { return !strings.HasPrefix(e.Path, prefix(in.PathPrefix)) })
	all, listed, err := clip(all, func(e *directory.Entity) string { return e.ARN }, in.Page)
	out := &ListEntitiesForPolicyOutput{Listed: listed}
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
func (a api) TagPolicy(ctx context.Context, in *PolicyTags) (*wire.None, error) {
	return nil, a.Service.TagPolicy(ctx, spell.Caller(ctx), *in.PolicyArn, spell.Tags(in.Tags))
}

// UntagPolicy takes tags off a managed policy.
func (a api) UntagPolicy(ctx context.Context, in *PolicyTagKeys) (*wire.None, error) {
	return nil, a.Service.UntagPolicy(ctx, spell.Caller(ctx), *in.PolicyArn, in.TagKeys)
}

// ListPolicyTags lists the tags of a managed policy.
func (a api) ListPolicyTags(ctx context.Context, in *PolicyPage) (*TagsOutput, error) {
	s, err := a.Service.GetPolicy(spell.Caller(ctx), "ListPolicyTags", *in.PolicyArn)
	if err != nil {
		return nil, err
	}
	tags, listed, err := clip(spell.ShowTags(s.Tags), tagName, in.Page)
	return &TagsOutput{tags, listed}, err
}
