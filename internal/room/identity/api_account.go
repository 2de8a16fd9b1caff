package identity

import (
	"context"
	"slices"

	"github.com/dari-bus/dari/internal/room/identity/directory"
	"github.com/dari-bus/dari/internal/room/identity/spell"
	"github.com/dari-bus/dari/internal/wire"
)

// account are the rows of what is about an account as a whole.
func (a api) account() []wire.Operation {
	return []wire.Operation{
		wire.Op("GetAccountSummary", a.GetAccountSummary).Reads(),
		wire.Op("GetAccountAuthorizationDetails", a.GetAccountAuthorizationDetails).Reads(),
		wire.Op("CreateAccountAlias", a.CreateAccountAlias),
		wire.Op("ListAccountAliases", a.ListAccountAliases).Reads(),
		wire.Op("DeleteAccountAlias", a.DeleteAccountAlias),
	}
}

// GetAccountSummaryInput has no members.
type GetAccountSummaryInput struct{}

// GetAccountSummaryOutput is the output of GetAccountSummary.
type GetAccountSummaryOutput struct {
	SummaryMap map[string]int `empty:"kept"`
}

// GetAccountSummary says how much the account has, and how much it may have.
func (a api) GetAccountSummary(ctx context.Context, _ *GetAccountSummaryInput) (*GetAccountSummaryOutput, error) {
	s, err := a.Summary(spell.Caller(ctx))
	return &GetAccountSummaryOutput{s}, err
}

// OfAlias names an account.
type OfAlias struct{ AccountAlias *string }

// CreateAccountAlias gives the account a name, in the place of the one that it had.
func (a api) CreateAccountAlias(ctx context.Context, in *OfAlias) (*wire.None, error) {
	return nil, a.SetAlias(ctx, spell.Caller(ctx), *in.AccountAlias)
}

// DeleteAccountAlias takes it away.
func (a api) DeleteAccountAlias(ctx context.Context, in *OfAlias) (*wire.None, error) {
	return nil, a.DeleteAlias(ctx, spell.Caller(ctx), *in.AccountAlias)
}

// ListAccountAliasesInput is the input of ListAccountAliases.
type ListAccountAliasesInput struct{ spell.Page }

// ListAccountAliasesOutput is the output of ListAccountAliases.
type ListAccountAliasesOutput struct {
	AccountAliases []string `empty:"kept"`
	spell.Listed
}

// ListAccountAliases lists the name of the account, if it has one.
func (a api) ListAccountAliases(ctx context.Context, in *ListAccountAliasesInput) (*ListAccountAliasesOutput, error) {
	name, err := a.Alias(spell.Caller(ctx))
	if err != nil {
		return nil, err
	}
	var all []string
	if name != "" {
		all = []string{name}
	}
	all, listed, err := clip(all, itself, in.Page)
	return &ListAccountAliasesOutput{all, listed}, err
}

// GetAccountAuthorizationDetailsInput is the input of GetAccountAuthorizationDetails.
type GetAccountAuthorizationDetailsInput struct {
	Filter []string
	spell.Page
}

// GetAccountAuthorizationDetailsOutput is the output of GetAccountAuthorizationDetails.
type GetAccountAuthorizationDetailsOutput struct {
	UserDetailList  []AccountUser   `empty:"kept"`
	GroupDetailList []AccountGroup  `empty:"kept"`
	RoleDetailList  []AccountRole   `empty:"kept"`
	Policies        []AccountPolicy `empty:"kept"`
	spell.Listed
}

// InlineDetail is a policy of somebody's own.
type InlineDetail struct {
	PolicyName     string
	PolicyDocument string
}

// AccountUser is a user with all that hangs on it.
type AccountUser struct {
	Path, UserName, UserId, Arn string
	CreateDate                  wire.Time
	UserPolicyList              []InlineDetail   `empty:"kept"`
	GroupList                   []string         `empty:"kept"`
	AttachedManagedPolicies     []AttachedPolicy `empty:"kept"`
	PermissionsBoundary         *BoundaryDetail
	Tags                        []spell.Tag `json:",omitempty"`
}

// AccountGroup is a group with all that hangs on it.
type AccountGroup struct {
	Path, GroupName, GroupId, Arn string
	CreateDate                    wire.Time
	GroupPolicyList               []InlineDetail   `empty:"kept"`
	AttachedManagedPolicies       []AttachedPolicy `empty:"kept"`
}

// AccountRole is a role with all that hangs on it.
type AccountRole struct {
	Path, RoleName, RoleId, Arn string
	CreateDate                  wire.Time
	AssumeRolePolicyDocument    string
	InstanceProfileList         []ProfileDetail  `empty:"kept"`
	RolePolicyList              []InlineDetail   `empty:"kept"`
	AttachedManagedPolicies     []AttachedPolicy `empty:"kept"`
	PermissionsBoundary         *BoundaryDetail
	Tags                        []spell.Tag `json:",omitempty"`
	RoleLastUsed                *RoleLastUsed
}

// AccountPolicy is a managed policy with all its versions.
type AccountPolicy struct {
	PolicyName, PolicyId, Arn, Path, DefaultVersionId string
	AttachmentCount                                   int
	PermissionsBoundaryUsageCount                     int
	IsAttachable                                      bool
	Description                                       string `json:",omitempty"`
	CreateDate, UpdateDate                            wire.Time
	PolicyVersionList                                 []VersionDetail `empty:"kept"`
}

// detail is a row of GetAccountAuthorizationDetails: an entity, or a policy.
type detail struct {
	arn    string
	entity *directory.Entity
	policy *directory.Shown
}

// GetAccountAuthorizationDetails lists all that there is in the account, with all that
// hangs on it, in the order of ARNs.
func (a api) GetAccountAuthorizationDetails(ctx context.Context, in *GetAccountAuthorizationDetailsInput) (*GetAccountAuthorizationDetailsOutput, error) {
	entities, policies, err := a.Everything(spell.Caller(ctx))
	if err != nil {
		return nil, err
	}
	var all []detail
	wanted := func(kind string) bool { return len(in.Filter) == 0 || slices.Contains(in.Filter, kind) }
	for _, e := range entities {
		for _, k := range []*directory.Kind{directory.User, directory.Group, directory.Role} {
			if e.Kind == k.Name && wanted(k.Op) {
				all = append(all, detail{arn: e.ARN, entity: e})
			}
		}
	}
	for i := range policies {
		if p := &policies[i]; p.AWS && wanted("AWSManagedPolicy") || !p.AWS && wanted("LocalManagedPolicy") {
			all = append(all, detail{arn: p.ARN, policy: p})
		}
	}
	all, listed, err := clip(all, func(d detail) string { return d.arn }, in.Page)
	out := &GetAccountAuthorizationDetailsOutput{Listed: listed}
	for _, d := range all {
		switch {
		case d.policy != nil:
			out.Policies = append(out.Policies, accountPolicy(d.policy))
		case d.entity.Kind == directory.User.Name:
			out.UserDetailList = append(out.UserDetailList, a.accountUser(ctx, d.entity))
		case d.entity.Kind == directory.Role.Name:
			out.RoleDetailList = append(out.RoleDetailList, a.accountRole(ctx, d.entity))
		default:
			out.GroupDetailList = append(out.GroupDetailList, accountGroup(d.entity))
		}
	}
	return out, err
}

func (a api) accountUser(ctx context.Context, e *directory.Entity) AccountUser {
	var groups []string
	for _, g := range a.MemberOf(spell.Caller(ctx).Account, e, directory.Group) {
		groups = append(groups, g.Name)
	}
	return AccountUser{
		Path: e.Path, UserName: e.Name, UserId: e.ID, Arn: e.ARN, CreateDate: wire.At(e.Created), UserPolicyList: inlines(e), GroupList: groups,
		AttachedManagedPolicies: attached(e, "/"), PermissionsBoundary: boundary(e), Tags: spell.ShowTags(e.Tags),
	}
}

func accountGroup(e *directory.Entity) AccountGroup {
	return AccountGroup{
		Path: e.Path, GroupName: e.Name, GroupId: e.ID, Arn: e.ARN, CreateDate: wire.At(e.Created),
		GroupPolicyList: inlines(e), AttachedManagedPolicies: attached(e, "/"),
	}
}

func (a api) accountRole(ctx context.Context, e *directory.Entity) AccountRole {
	return AccountRole{
		Path: e.Path, RoleName: e.Name, RoleId: e.ID, Arn: e.ARN, CreateDate: wire.At(e.Created), AssumeRolePolicyDocument: escaped(e.Trust),
		InstanceProfileList: a.showProfiles(ctx, a.ProfilesOf(spell.Caller(ctx).Account, e)), RolePolicyList: inlines(e),
		AttachedManagedPolicies: attached(e, "/"), PermissionsBoundary: boundary(e), Tags: spell.ShowTags(e.Tags),
	}
}

func accountPolicy(s *directory.Shown) AccountPolicy {
	p := showPolicy(*s)
	out := AccountPolicy{
		PolicyName: p.PolicyName, PolicyId: p.PolicyId, Arn: p.Arn, Path: p.Path, DefaultVersionId: p.DefaultVersionId,
		AttachmentCount: p.AttachmentCount, PermissionsBoundaryUsageCount: p.PermissionsBoundaryUsageCount, IsAttachable: p.IsAttachable,
		Description: p.Description, CreateDate: p.CreateDate, UpdateDate: p.UpdateDate,
	}
	for _, v := range slices.Backward(s.Versions) {
		out.PolicyVersionList = append(out.PolicyVersionList, VersionDetail{escaped(v.Text), v.ID(), v.Number == s.Default, wire.At(v.Created)})
	}
	return out
}

// inlines are the policies of somebody's own.
func inlines(e *directory.Entity) (all []InlineDetail) {
	for _, name := range e.PolicyNames() {
		all = append(all, InlineDetail{name, escaped(e.Inline[name])})
	}
	return all
}
