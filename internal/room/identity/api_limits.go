package identity

import (
	"github.com/dari-bus/dari/internal/room/identity/spell"
	"github.com/dari-bus/dari/internal/wire"
)

var (
	accountAlias           = wire.Limit{Min: 3, Max: 63, Pattern: `^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$`, Expr: `[a-z0-9](-?[a-z0-9])+`}
	pathLimit              = wire.Limit{Min: 1, Max: 512, Pattern: `(\u002F)|(\u002F[\u0021-\u007E]+\u002F)`}
	roleName               = wire.Limit{Min: 1, Max: 64, Pattern: `[\w+=,.@-]+`}
	roleDescription        = wire.Limit{Max: 1000, Pattern: `[\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*`}
	roleMaxSessionDuration = wire.Limit{Min: 3600, Max: 43200}
	pathPrefix             = wire.Limit{Min: 1, Max: 512, Pattern: `\u002F[\u0021-\u007F]*`}
	marker                 = wire.Limit{Min: 1, Max: 4096, Pattern: `[\u0020-\u00FF]+`}
	maxItems               = wire.Limit{Min: 1, Max: 1000}
	policyName             = wire.Limit{Min: 1, Max: 128, Pattern: `[\w+=,.@-]+`}
	policyPath             = wire.Limit{Min: 1, Max: 512, Pattern: `((/[A-Za-z0-9\.,\+@=_-]+)*)/`}
	policyDescription      = wire.Limit{Max: 1000}
	policyScopeLimit       = wire.Limit{Enum: []string{"All", "AWS", "Local"}}
	policyUsage            = wire.Limit{Enum: []string{"PermissionsPolicy", "PermissionsBoundary"}}
	policyVersionId        = wire.Limit{Pattern: `v[1-9][0-9]*(\.[A-Za-z0-9-]*)?`}
	entityKind             = wire.Limit{Enum: []string{"User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"}}
	instanceProfileName    = wire.Limit{Min: 1, Max: 128, Pattern: `[\w+=,.@-]+`}
	newUserName            = wire.Limit{Min: 1, Max: 64, Pattern: `[\w+=,.@-]+`}
	userName               = wire.Limit{Min: 1, Max: 128, Pattern: `[\w+=,.@-]+`}
	accessKeyID            = wire.Limit{Min: 16, Max: 128, Pattern: `[\w]+`}
	statusLimit            = wire.Limit{Enum: []string{"Active", "Inactive", "Expired"}}
	assignmentStatus       = wire.Limit{Enum: []string{"Assigned", "Unassigned", "Any"}}
	groupName              = wire.Limit{Min: 1, Max: 128, Pattern: `[\w+=,.@-]+`}
)

// limits are the constraints of IAM's inputs, but for those of the simulators.
var limits = wire.Limits{
	"CreateServiceLinkedRoleInput.AWSServiceName":            spell.Required(groupName),
	"CreateServiceLinkedRoleInput.CustomSuffix":              roleName,
	"CreateServiceLinkedRoleInput.Description":               roleDescription,
	"GetAccountAuthorizationDetailsInput.Filter":             {Each: &entityKind},
	"GetServiceLinkedRoleDeletionStatusInput.DeletionTaskId": spell.Required(wire.Limit{Min: 1, Max: 1000}),
	"OfAlias.AccountAlias":                                   spell.Required(accountAlias),
	"UpdateGroupInput.NewGroupName":                          groupName,
	"UpdateGroupInput.NewPath":                               pathLimit,
	"UpdateUserInput.NewPath":                                pathLimit,
	"UpdateUserInput.NewUserName":                            newUserName,
	"Bounded.PermissionsBoundary":                            spell.Required(spell.ARN),
	"CreateGroupInput.GroupName":                             spell.Required(groupName),
	"CreateGroupInput.Path":                                  pathLimit,
	"CreateInstanceProfileInput.InstanceProfileName":         spell.Required(instanceProfileName),
	"CreateInstanceProfileInput.Path":                        pathLimit,
	"CreateInstanceProfileInput.Tags":                        spell.TagList,
	"CreatePolicyInput.Description":                          policyDescription,
	"CreatePolicyInput.Path":                                 policyPath,
	"CreatePolicyInput.PolicyDocument":                       spell.Required(spell.Document),
	"CreatePolicyInput.PolicyName":                           spell.Required(policyName),
	"CreatePolicyInput.Tags":                                 spell.TagList,
	"CreatePolicyVersionInput.PolicyDocument":                spell.Required(spell.Document),
	"CreateRoleInput.AssumeRolePolicyDocument":               spell.Required(spell.Document),
	"CreateRoleInput.Description":                            roleDescription,
	"CreateRoleInput.MaxSessionDuration":                     roleMaxSessionDuration,
	"CreateRoleInput.Path":                                   pathLimit,
	"CreateRoleInput.PermissionsBoundary":                    spell.ARN,
	"CreateRoleInput.RoleName":                               spell.Required(roleName),
	"CreateRoleInput.Tags":                                   spell.TagList,
	"CreateUserInput.Path":                                   pathLimit,
	"CreateUserInput.PermissionsBoundary":                    spell.ARN,
	"CreateUserInput.Tags":                                   spell.TagList,
	"CreateUserInput.UserName":                               spell.Required(newUserName),
	"GetAccessKeyLastUsedInput.AccessKeyId":                  spell.Required(accessKeyID),
	"DeleteAccessKeyInput.AccessKeyId":                       spell.Required(accessKeyID),
	"Inline.PolicyName":                                      spell.Required(policyName),
	"InlineText.PolicyDocument":                              spell.Required(spell.Document),
	"InlineText.PolicyName":                                  spell.Required(policyName),
	"ListEntitiesForPolicyInput.EntityFilter":                entityKind,
	"ListEntitiesForPolicyInput.PathPrefix":                  pathLimit,
	"ListEntitiesForPolicyInput.PolicyUsageFilter":           policyUsage,
	"ListPoliciesInput.PolicyUsageFilter":                    policyUsage,
	"ListPoliciesInput.Scope":                                policyScopeLimit,
	"ListVirtualMFADevicesInput.AssignmentStatus":            assignmentStatus,
	"MaybeUser.UserName":                                     userName,
	"OfGroup.GroupName":                                      spell.Required(groupName),
	"OfPolicy.PolicyArn":                                     spell.Required(spell.ARN),
	"OfProfile.InstanceProfileName":                          spell.Required(instanceProfileName),
	"OfRole.RoleName":                                        spell.Required(roleName),
	"OfUser.UserName":                                        spell.Required(userName),
	"OnPath.PathPrefix":                                      pathPrefix,
	"OnPolicyPath.PathPrefix":                                policyPath,
	"Page.Marker":                                            marker,
	"Page.MaxItems":                                          maxItems,
	"PolicyVersion.VersionId":                                spell.Required(policyVersionId),
	"Tag.Key":                                                spell.Required(spell.TagKey),
	"Tag.Value":                                              spell.Required(spell.TagValue),
	"Tagged.Tags":                                            spell.Required(spell.TagList),
	"Untagged.TagKeys":                                       spell.Required(spell.TagKeys),
	"UpdateAccessKeyInput.AccessKeyId":                       spell.Required(accessKeyID),
	"UpdateAccessKeyInput.Status":                            spell.Required(statusLimit),
	"UpdateAssumeRolePolicyInput.PolicyDocument":             spell.Required(spell.Document),
	"UpdateRoleDescriptionInput.Description":                 spell.Required(roleDescription),
	"UpdateRoleInput.Description":                            roleDescription,
	"UpdateRoleInput.MaxSessionDuration":                     roleMaxSessionDuration,
}
