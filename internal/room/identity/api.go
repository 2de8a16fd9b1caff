package identity

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/page"
	"github.com/dari-bus/dari/internal/room/identity/directory"
	"github.com/dari-bus/dari/internal/wire"
)

type api struct{ *Service }

// API returns the service as AWS IAM: its names and its table, for [wire.NewHandler].
func API(s *Service) *wire.Service {
	a := api{s}
	return &wire.Service{
		Name:      "iam",
		Title:     "AWS Identity and Access Management",
		Version:   "2010-05-08",
		Namespace: "https://iam.amazonaws.com/doc/2010-05-08/",
		Protocols: []wire.Protocol{wire.Query},
		Error:     spell,
		Limits:    limits,
		Quotas: []string{
			"An account has 1,000 roles, 5,000 users, 300 groups, 1,000 instance profiles and 1,500 managed policies.",
			"Each role, user and group has ten managed policies, and inline policies of 10,240, 2,048 and 5,120 characters in all, white space not counted.",
			"A managed policy has 6,144 characters and five versions, a trust policy 2,048 characters, whatever it is 50 tags. A user is in ten groups and has two access keys.",
			"Beyond AWS's: white space in a policy is free up to three times the rest, and all that an account has takes 64 MiB at most.",
			"A simulation takes 1,000 resources and 1,000 condition keys; what would take more than about a second goes onto the next page.",
		},
		Deviations: []string{
			"Of the policies that AWS manages there are those that people attach most, with the one version of each that counts; their unique ids are not AWS's.",
			"The root of an account is whoever signs with a key of the server, and may do everything in its account. Users and sessions are always held to their policies.",
			"A policy with an element, an operator or a principal that dari does not know is refused, rather than kept and not judged. Roles and users that a policy names need not exist.",
			"A trust policy means the roles and users that are there when it is set, and no later ones of the same name, as at AWS; it is shown as it was written. Policies of queues, buses and log groups go by names.",
			"In one account a resource's policy that names everybody allows in the place of the identity's own, and does not lift a boundary or a session's policies.",
			"`aws:SecureTransport`, `aws:ResourceTag` outside of IAM and the keys of organisations are never there.",
			"A role does not know when it was used last.",
			"The simulators ask the engine that judges real calls, and take the ResourcePolicy of sts:AssumeRole for the trust policy, which has to allow; AWS's leave it out there. Without one they ask the caller's own policies alone, as AWS's do.",
			"Of several resources together EvalResourceName is `*`: dari knows no formats of ARNs by action.",
			"ResourceHandlingOption, PolicyExclusionList and the policies of organisations are refused.",
		},
		Operations: a.operations(),
	}
}

// Why operations are refused.
const (
	delegated     = "there is no delegation of access, and there are no templates of roles"
	providers     = "there are no providers of other identities"
	factors       = "there are no second factors"
	logins        = "nobody logs in here; users have access keys"
	certificates  = "users have access keys only: no certificates, no SSH keys and no passwords of services"
	organisations = "there are no organisations"
	use           = "nobody writes down when a permission or a key was used"
	linked        = "no service keeps roles of its own; make one with CreateRole"
	names         = "names and paths stay as they are; make another one and move its policies"
	account       = "an account has no settings of its own here"
)

func (a api) operations() []wire.Operation {
	return []wire.Operation{
		wire.Refuse("AcceptDelegationRequest", delegated),
		wire.Refuse("AcquireRole", delegated),
		wire.Refuse("AddClientIDToOpenIDConnectProvider", providers),
		wire.Op("AddRoleToInstanceProfile", a.AddRoleToInstanceProfile),
		wire.Op("AddUserToGroup", a.AddUserToGroup),
		wire.Refuse("AssociateDelegationRequest", delegated),
		wire.Op("AttachGroupPolicy", a.AttachGroupPolicy),
		wire.Op("AttachRolePolicy", a.AttachRolePolicy),
		wire.Op("AttachUserPolicy", a.AttachUserPolicy),
		wire.Refuse("ChangePassword", logins),
		wire.Op("CreateAccessKey", a.CreateAccessKey),
		wire.Refuse("CreateAccountAlias", logins),
		wire.Refuse("CreateDelegationRequest", delegated),
		wire.Op("CreateGroup", a.CreateGroup),
		wire.Op("CreateInstanceProfile", a.CreateInstanceProfile),
		wire.Refuse("CreateLoginProfile", logins),
		wire.Refuse("CreateOpenIDConnectProvider", providers),
		wire.Op("CreatePolicy", a.CreatePolicy),
		wire.Op("CreatePolicyVersion", a.CreatePolicyVersion),
		wire.Op("CreateRole", a.CreateRole),
		wire.Refuse("CreateSAMLProvider", providers),
		wire.Refuse("CreateServiceLinkedRole", linked),
		wire.Refuse("CreateServiceSpecificCredential", certificates),
		wire.Op("CreateUser", a.CreateUser),
		wire.Refuse("CreateVirtualMFADevice", factors),
		wire.Refuse("DeactivateMFADevice", factors),
		wire.Op("DeleteAccessKey", a.DeleteAccessKey),
		wire.Refuse("DeleteAccountAlias", logins),
		wire.Refuse("DeleteAccountPasswordPolicy", logins),
		wire.Op("DeleteGroup", a.DeleteGroup),
		wire.Op("DeleteGroupPolicy", a.DeleteGroupPolicy),
		wire.Op("DeleteInstanceProfile", a.DeleteInstanceProfile),
		wire.Refuse("DeleteLoginProfile", logins),
		wire.Refuse("DeleteOpenIDConnectProvider", providers),
		wire.Op("DeletePolicy", a.DeletePolicy),
		wire.Op("DeletePolicyVersion", a.DeletePolicyVersion),
		wire.Op("DeleteRole", a.DeleteRole),
		wire.Op("DeleteRolePermissionsBoundary", a.DeleteRolePermissionsBoundary),
		wire.Op("DeleteRolePolicy", a.DeleteRolePolicy),
		wire.Refuse("DeleteSAMLProvider", providers),
		wire.Refuse("DeleteSSHPublicKey", certificates),
		wire.Refuse("DeleteServerCertificate", certificates),
		wire.Refuse("DeleteServiceLinkedRole", linked),
		wire.Refuse("DeleteServiceSpecificCredential", certificates),
		wire.Refuse("DeleteSigningCertificate", certificates),
		wire.Op("DeleteUser", a.DeleteUser),
		wire.Op("DeleteUserPermissionsBoundary", a.DeleteUserPermissionsBoundary),
		wire.Op("DeleteUserPolicy", a.DeleteUserPolicy),
		wire.Refuse("DeleteVirtualMFADevice", factors),
		wire.Op("DetachGroupPolicy", a.DetachGroupPolicy),
		wire.Op("DetachRolePolicy", a.DetachRolePolicy),
		wire.Op("DetachUserPolicy", a.DetachUserPolicy),
		wire.Refuse("DisableOrganizationsRootCredentialsManagement", organisations),
		wire.Refuse("DisableOrganizationsRootSessions", organisations),
		wire.Refuse("DisableOutboundWebIdentityFederation", providers),
		wire.Refuse("EnableMFADevice", factors),
		wire.Refuse("EnableOrganizationsRootCredentialsManagement", organisations),
		wire.Refuse("EnableOrganizationsRootSessions", organisations),
		wire.Refuse("EnableOutboundWebIdentityFederation", providers),
		wire.Refuse("GenerateCredentialReport", logins),
		wire.Refuse("GenerateOrganizationsAccessReport", organisations),
		wire.Refuse("GenerateServiceLastAccessedDetails", use),
		wire.Refuse("GetAccessKeyLastUsed", use).Reads(),
		wire.Refuse("GetAccountAuthorizationDetails", account).Reads(),
		wire.Refuse("GetAccountPasswordPolicy", logins).Reads(),
		wire.Refuse("GetAccountProperties", account).Reads(),
		wire.Refuse("GetAccountSummary", account).Reads(),
		wire.Op("GetContextKeysForCustomPolicy", a.GetContextKeysForCustomPolicy).Reads(),
		wire.Op("GetContextKeysForPrincipalPolicy", a.GetContextKeysForPrincipalPolicy).Reads(),
		wire.Refuse("GetCredentialReport", logins).Reads(),
		wire.Refuse("GetDelegationRequest", delegated).Reads(),
		wire.Op("GetGroup", a.GetGroup).Reads(),
		wire.Op("GetGroupPolicy", a.GetGroupPolicy).Reads(),
		wire.Refuse("GetHumanReadableSummary", delegated).Reads(),
		wire.Op("GetInstanceProfile", a.GetInstanceProfile).Reads(),
		wire.Refuse("GetLoginProfile", logins).Reads(),
		wire.Refuse("GetMFADevice", factors).Reads(),
		wire.Refuse("GetOpenIDConnectProvider", providers).Reads(),
		wire.Refuse("GetOrganizationsAccessReport", organisations).Reads(),
		wire.Refuse("GetOutboundWebIdentityFederationInfo", providers).Reads(),
		wire.Op("GetPolicy", a.GetPolicy).Reads(),
		wire.Op("GetPolicyVersion", a.GetPolicyVersion).Reads(),
		wire.Op("GetRole", a.GetRole).Reads(),
		wire.Op("GetRolePolicy", a.GetRolePolicy).Reads(),
		wire.Refuse("GetRoleTemplateVersion", delegated).Reads(),
		wire.Refuse("GetSAMLProvider", providers).Reads(),
		wire.Refuse("GetSSHPublicKey", certificates).Reads(),
		wire.Refuse("GetServerCertificate", certificates).Reads(),
		wire.Refuse("GetServiceLastAccessedDetails", use).Reads(),
		wire.Refuse("GetServiceLastAccessedDetailsWithEntities", use).Reads(),
		wire.Refuse("GetServiceLinkedRoleDeletionStatus", linked).Reads(),
		wire.Op("GetUser", a.GetUser).Reads(),
		wire.Op("GetUserPolicy", a.GetUserPolicy).Reads(),
		wire.Op("ListAccessKeys", a.ListAccessKeys).Reads(),
		wire.Refuse("ListAccountAliases", logins).Reads(),
		wire.Op("ListAttachedGroupPolicies", a.ListAttachedGroupPolicies).Reads(),
		wire.Op("ListAttachedRolePolicies", a.ListAttachedRolePolicies).Reads(),
		wire.Op("ListAttachedUserPolicies", a.ListAttachedUserPolicies).Reads(),
		wire.Refuse("ListDelegationRequests", delegated).Reads(),
		wire.Op("ListEntitiesForPolicy", a.ListEntitiesForPolicy).Reads(),
		wire.Op("ListGroupPolicies", a.ListGroupPolicies).Reads(),
		wire.Op("ListGroups", a.ListGroups).Reads(),
		wire.Op("ListGroupsForUser", a.ListGroupsForUser).Reads(),
		wire.Op("ListInstanceProfileTags", a.ListInstanceProfileTags).Reads(),
		wire.Op("ListInstanceProfiles", a.ListInstanceProfiles).Reads(),
		wire.Op("ListInstanceProfilesForRole", a.ListInstanceProfilesForRole).Reads(),
		wire.Refuse("ListMFADeviceTags", factors).Reads(),
		wire.Refuse("ListMFADevices", factors).Reads(),
		wire.Refuse("ListOpenIDConnectProviderTags", providers).Reads(),
		wire.Refuse("ListOpenIDConnectProviders", providers).Reads(),
		wire.Refuse("ListOrganizationsFeatures", organisations).Reads(),
		wire.Op("ListPolicies", a.ListPolicies).Reads(),
		wire.Refuse("ListPoliciesGrantingServiceAccess", use).Reads(),
		wire.Op("ListPolicyTags", a.ListPolicyTags).Reads(),
		wire.Op("ListPolicyVersions", a.ListPolicyVersions).Reads(),
		wire.Op("ListRolePolicies", a.ListRolePolicies).Reads(),
		wire.Op("ListRoleTags", a.ListRoleTags).Reads(),
		wire.Op("ListRoles", a.ListRoles).Reads(),
		wire.Refuse("ListSAMLProviderTags", providers).Reads(),
		wire.Refuse("ListSAMLProviders", providers).Reads(),
		wire.Refuse("ListSSHPublicKeys", certificates).Reads(),
		wire.Refuse("ListServerCertificateTags", certificates).Reads(),
		wire.Refuse("ListServerCertificates", certificates).Reads(),
		wire.Refuse("ListServiceSpecificCredentials", certificates).Reads(),
		wire.Refuse("ListSigningCertificates", certificates).Reads(),
		wire.Op("ListUserPolicies", a.ListUserPolicies).Reads(),
		wire.Op("ListUserTags", a.ListUserTags).Reads(),
		wire.Op("ListUsers", a.ListUsers).Reads(),
		wire.Refuse("ListVirtualMFADevices", factors).Reads(),
		wire.Refuse("PutAccountProperties", account),
		wire.Op("PutGroupPolicy", a.PutGroupPolicy),
		wire.Op("PutRolePermissionsBoundary", a.PutRolePermissionsBoundary),
		wire.Op("PutRolePolicy", a.PutRolePolicy),
		wire.Op("PutUserPermissionsBoundary", a.PutUserPermissionsBoundary),
		wire.Op("PutUserPolicy", a.PutUserPolicy),
		wire.Refuse("RejectDelegationRequest", delegated),
		wire.Refuse("RemoveClientIDFromOpenIDConnectProvider", providers),
		wire.Op("RemoveRoleFromInstanceProfile", a.RemoveRoleFromInstanceProfile),
		wire.Op("RemoveUserFromGroup", a.RemoveUserFromGroup),
		wire.Refuse("ResetServiceSpecificCredential", certificates),
		wire.Refuse("ResyncMFADevice", factors),
		wire.Refuse("SendDelegationToken", delegated),
		wire.Op("SetDefaultPolicyVersion", a.SetDefaultPolicyVersion),
		wire.Refuse("SetSecurityTokenServicePreferences", account),
		wire.Op("SimulateCustomPolicy", a.SimulateCustomPolicy).Reads(),
		wire.Op("SimulatePrincipalPolicy", a.SimulatePrincipalPolicy).Reads(),
		wire.Op("TagInstanceProfile", a.TagInstanceProfile),
		wire.Refuse("TagMFADevice", factors),
		wire.Refuse("TagOpenIDConnectProvider", providers),
		wire.Op("TagPolicy", a.TagPolicy),
		wire.Op("TagRole", a.TagRole),
		wire.Refuse("TagSAMLProvider", providers),
		wire.Refuse("TagServerCertificate", certificates),
		wire.Op("TagUser", a.TagUser),
		wire.Op("UntagInstanceProfile", a.UntagInstanceProfile),
		wire.Refuse("UntagMFADevice", factors),
		wire.Refuse("UntagOpenIDConnectProvider", providers),
		wire.Op("UntagPolicy", a.UntagPolicy),
		wire.Op("UntagRole", a.UntagRole),
		wire.Refuse("UntagSAMLProvider", providers),
		wire.Refuse("UntagServerCertificate", certificates),
		wire.Op("UntagUser", a.UntagUser),
		wire.Op("UpdateAccessKey", a.UpdateAccessKey),
		wire.Refuse("UpdateAccountPasswordPolicy", logins),
		wire.Op("UpdateAssumeRolePolicy", a.UpdateAssumeRolePolicy),
		wire.Refuse("UpdateDelegationRequest", delegated),
		wire.Refuse("UpdateGroup", names),
		wire.Refuse("UpdateLoginProfile", logins),
		wire.Refuse("UpdateOpenIDConnectProviderThumbprint", providers),
		wire.Op("UpdateRole", a.UpdateRole),
		wire.Op("UpdateRoleDescription", a.UpdateRoleDescription),
		wire.Refuse("UpdateSAMLProvider", providers),
		wire.Refuse("UpdateSSHPublicKey", certificates),
		wire.Refuse("UpdateServerCertificate", certificates),
		wire.Refuse("UpdateServiceSpecificCredential", certificates),
		wire.Refuse("UpdateSigningCertificate", certificates),
		wire.Refuse("UpdateUser", names),
		wire.Refuse("UploadSSHPublicKey", certificates),
		wire.Refuse("UploadServerCertificate", certificates),
		wire.Refuse("UploadSigningCertificate", certificates),
	}
}

// spell spells errors as IAM and STS do.
func spell(err error) (wire.Error, bool) {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return wire.Error{}, false
	}
	e := wire.Error{Code: f.Code, Message: f.Message, Kind: f.Kind}
	switch {
	case f.Kind == fault.KindDenied:
		e.Code = "AccessDenied"
	case f.Kind == fault.KindLimit:
		e.Code, e.Status = "LimitExceeded", http.StatusConflict
	case f.Kind == fault.KindUnavailable:
		e.Code = "Throttling"
	case e.Code == "":
		e.Code = "ValidationError"
	}
	return e, f.Kind != fault.KindInternal
}

// refused is the fault of a member that is not offered.
func refused(why string) error { return fault.Invalid("dari: %s", why).WithCode("ValidationError") }

// escaped spells a document as IAM's answers do.
func escaped(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }

func tagsOf(members []TagMember) []directory.Tag {
	var tags []directory.Tag
	for _, m := range members {
		tags = append(tags, directory.Tag{Key: wire.Val(m.Key), Value: wire.Val(m.Value)})
	}
	return tags
}

func shownTags(tags []directory.Tag) []TagMember {
	var members []TagMember
	for _, t := range tags {
		members = append(members, TagMember{&t.Key, &t.Value})
	}
	return members
}

func boundary(e *directory.Entity) *BoundaryDetail {
	if e.Boundary == "" {
		return nil
	}
	return &BoundaryDetail{"Policy", e.Boundary}
}

// prefix is what paths begin with, if nothing is said.
func prefix(given *string) string {
	if given == nil {
		return "/"
	}
	return *given
}

// clip returns a page of rows in the order of their keys.
func clip[T any](rows []T, key func(T) string, marker *string, limit *int) (_ []T, more bool, next string, err error) {
	rows = slices.Clone(rows)
	slices.SortFunc(rows, func(a, b T) int { return strings.Compare(key(a), key(b)) })
	rows, next, err = page.Clip(rows, key, wire.Val(marker), wire.Val(limit))
	return rows, next != "", next, err
}

func itself(s string) string                { return s }
func entityName(e *directory.Entity) string { return strings.ToLower(e.Name) }
func tagName(t TagMember) string            { return *t.Key }

// attached returns a page of the managed policies of somebody.
func attached(e *directory.Entity, path, marker *string, limit *int) ([]AttachedPolicy, bool, string, error) {
	var all []AttachedPolicy
	for _, arn := range e.Attached {
		_, resource, _ := strings.Cut(arn, ":policy")
		if strings.HasPrefix(resource, prefix(path)) {
			all = append(all, AttachedPolicy{resource[strings.LastIndexByte(resource, '/')+1:], arn})
		}
	}
	return clip(all, func(p AttachedPolicy) string { return p.PolicyArn }, marker, limit)
}
