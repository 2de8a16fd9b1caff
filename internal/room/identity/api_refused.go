package identity

import (
	"strings"

	"github.com/dari-bus/dari/internal/wire"
)

// notOffered are the operations that are refused, by why.
var notOffered = []struct {
	why   string
	names []string
}{
	{"there is no delegation of access, and there are no templates of roles", []string{
		"AcceptDelegationRequest", "AcquireRole", "AssociateDelegationRequest", "CreateDelegationRequest", "GetDelegationRequest",
		"GetHumanReadableSummary", "GetRoleTemplateVersion", "ListDelegationRequests", "RejectDelegationRequest",
		"SendDelegationToken", "UpdateDelegationRequest",
	}},
	{"there are no providers of other identities", []string{
		"AddClientIDToOpenIDConnectProvider", "CreateOpenIDConnectProvider", "CreateSAMLProvider", "DeleteOpenIDConnectProvider",
		"DeleteSAMLProvider", "DisableOutboundWebIdentityFederation", "EnableOutboundWebIdentityFederation",
		"GetOpenIDConnectProvider", "GetOutboundWebIdentityFederationInfo", "GetSAMLProvider", "ListOpenIDConnectProviderTags",
		"ListOpenIDConnectProviders", "ListSAMLProviderTags", "ListSAMLProviders", "RemoveClientIDFromOpenIDConnectProvider",
		"TagOpenIDConnectProvider", "TagSAMLProvider", "UntagOpenIDConnectProvider", "UntagSAMLProvider",
		"UpdateOpenIDConnectProviderThumbprint", "UpdateSAMLProvider",
	}},
	{"there are no second factors", []string{
		"CreateVirtualMFADevice", "DeactivateMFADevice", "DeleteVirtualMFADevice", "EnableMFADevice", "GetMFADevice",
		"ListMFADeviceTags", "ResyncMFADevice", "TagMFADevice", "UntagMFADevice",
	}},
	{"nobody logs in here; users have access keys", []string{
		"ChangePassword", "CreateLoginProfile", "DeleteAccountPasswordPolicy",
		"GenerateCredentialReport", "GetAccountPasswordPolicy", "GetCredentialReport",
		"UpdateAccountPasswordPolicy", "UpdateLoginProfile",
	}},
	{"users have access keys only: no certificates, no SSH keys and no passwords of services", []string{
		"CreateServiceSpecificCredential", "DeleteSSHPublicKey", "DeleteServerCertificate", "DeleteServiceSpecificCredential",
		"DeleteSigningCertificate", "GetSSHPublicKey", "GetServerCertificate", "ListServerCertificateTags",
		"ListServerCertificates", "ResetServiceSpecificCredential",
		"TagServerCertificate", "UntagServerCertificate", "UpdateSSHPublicKey", "UpdateServerCertificate",
		"UpdateServiceSpecificCredential", "UpdateSigningCertificate", "UploadSSHPublicKey", "UploadServerCertificate",
		"UploadSigningCertificate",
	}},
	{"there are no organisations", []string{
		"DisableOrganizationsRootCredentialsManagement", "DisableOrganizationsRootSessions",
		"EnableOrganizationsRootCredentialsManagement", "EnableOrganizationsRootSessions", "GenerateOrganizationsAccessReport",
		"GetOrganizationsAccessReport", "ListOrganizationsFeatures",
	}},
	{"nobody writes down when a permission was used", []string{
		"GenerateServiceLastAccessedDetails", "GetServiceLastAccessedDetails",
		"GetServiceLastAccessedDetailsWithEntities", "ListPoliciesGrantingServiceAccess",
	}},
	{"an account has no settings of its own here", []string{
		"GetAccountProperties", "PutAccountProperties",
		"SetSecurityTokenServicePreferences",
	}},
}

// refused are the rows of what is not offered.
func refused() (rows []wire.Operation) {
	for _, group := range notOffered {
		for _, name := range group.names {
			row := wire.Refuse(name, group.why)
			if strings.HasPrefix(name, "Get") || strings.HasPrefix(name, "List") {
				row = row.Reads()
			}
			rows = append(rows, row)
		}
	}
	return rows
}
