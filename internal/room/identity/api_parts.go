package identity

import "github.com/dari-bus/dari/internal/room/identity/spell"

// The parts of inputs. Rows that differ in the kind of entity alone, such as TagRole
// and TagUser, are one function: the part that names the entity knows its kind.
type (
	OfRole  struct{ RoleName *string }
	OfUser  struct{ UserName *string }
	OfGroup struct{ GroupName *string }
	// MaybeUser names a user, or leaves it to who calls.
	MaybeUser struct{ UserName *string }
	// OfProfile names an instance profile.
	OfProfile struct{ InstanceProfileName *string }
	// OfPolicy names a managed policy.
	OfPolicy struct{ PolicyArn *string }
	// Inline names a policy of an entity's own.
	Inline struct{ PolicyName *string }
	// InlineText is such a policy.
	InlineText struct{ PolicyName, PolicyDocument *string }
	Bounded    struct{ PermissionsBoundary *string }
	Tagged     struct{ Tags []spell.Tag }
	Untagged   struct{ TagKeys []string }
	// OnPath narrows a list of entities, and OnPolicyPath one of policies.
	OnPath       struct{ PathPrefix *string }
	OnPolicyPath struct{ PathPrefix *string }
)

// The inputs of roles that are parts alone.
type (
	RolePage struct {
		OfRole
		spell.Page
	}
	RoleInline struct {
		OfRole
		Inline
	}
	RoleInlineText struct {
		OfRole
		InlineText
	}
	RolePolicy struct {
		OfRole
		OfPolicy
	}
	RolePolicies struct {
		OfRole
		OnPolicyPath
		spell.Page
	}
	RoleBoundary struct {
		OfRole
		Bounded
	}
	RoleTags struct {
		OfRole
		Tagged
	}
	RoleTagKeys struct {
		OfRole
		Untagged
	}
)

// The inputs of users that are parts alone.
type (
	UserPage struct {
		OfUser
		spell.Page
	}
	UserInline struct {
		OfUser
		Inline
	}
	UserInlineText struct {
		OfUser
		InlineText
	}
	UserPolicy struct {
		OfUser
		OfPolicy
	}
	UserPolicies struct {
		OfUser
		OnPolicyPath
		spell.Page
	}
	UserBoundary struct {
		OfUser
		Bounded
	}
	UserTags struct {
		OfUser
		Tagged
	}
	UserTagKeys struct {
		OfUser
		Untagged
	}
)

// The inputs of groups that are parts alone.
type (
	GroupPage struct {
		OfGroup
		spell.Page
	}
	GroupInline struct {
		OfGroup
		Inline
	}
	GroupInlineText struct {
		OfGroup
		InlineText
	}
	GroupPolicy struct {
		OfGroup
		OfPolicy
	}
	GroupPolicies struct {
		OfGroup
		OnPolicyPath
		spell.Page
	}
	GroupUser struct {
		OfGroup
		OfUser
	}
)

// The inputs of instance profiles that are parts alone.
type (
	ProfilePage struct {
		OfProfile
		spell.Page
	}
	ProfileRole struct {
		OfProfile
		OfRole
	}
	ProfileTags struct {
		OfProfile
		Tagged
	}
	ProfileTagKeys struct {
		OfProfile
		Untagged
	}
)

// The inputs of managed policies that are parts alone.
type (
	PolicyPage struct {
		OfPolicy
		spell.Page
	}
	PolicyTags struct {
		OfPolicy
		Tagged
	}
	PolicyTagKeys struct {
		OfPolicy
		Untagged
	}
)
