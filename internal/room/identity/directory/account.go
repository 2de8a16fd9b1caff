package directory

import "github.com/dari-bus/dari/internal/access"

// Summary says how much an account has, and how much it may have, by AWS's names.
func (d *Directory) Summary(by access.Caller) (map[string]int, error) {
	if err := d.Ask(by, "iam:GetAccountSummary", "*", nil); err != nil {
		return nil, err
	}
	at := in(by.Account)
	s := map[string]int{
		"RolePolicySizeQuota": Role.inline, "UserPolicySizeQuota": User.inline, "GroupPolicySizeQuota": Group.inline,
		"AttachedPoliciesPerRoleQuota": maxAttached, "AttachedPoliciesPerUserQuota": maxAttached, "AttachedPoliciesPerGroupQuota": maxAttached,
		"GroupsPerUserQuota": maxGroupsPerUser, "AccessKeysPerUserQuota": maxKeysPerUser, "AssumeRolePolicySizeQuota": maxTrust,
		"Policies": d.policies.Count(at, ""), "PoliciesQuota": maxPolicies, "PolicySizeQuota": maxManaged, "VersionsPerPolicyQuota": maxVersions,
		// What there is not.
		"MFADevices": 0, "MFADevicesInUse": 0, "AccountMFAEnabled": 0, "AccountPasswordPresent": 0,
		"AccountSigningCertificatesPresent": 0, "ServerCertificates": 0, "Providers": 0,
	}
	for _, k := range kinds {
		s[k.Op+"s"], s[k.Op+"sQuota"] = d.entities.Count(at, k.Name+"/"), k.max
	}
	for p := range d.policies.Each(at, "") {
		s["PolicyVersionsInUse"] += len(p.Versions)
	}
	return s, nil
}

// Everything returns all entities of an account, and the managed policies of its own
// and those of AWS's that somebody has.
func (d *Directory) Everything(by access.Caller) ([]*Entity, []Shown, error) {
	if err := d.Ask(by, "iam:GetAccountAuthorizationDetails", "*", nil); err != nil {
		return nil, nil, err
	}
	var all []*Entity
	for e := range d.entities.Each(in(by.Account), "") {
		all = append(all, e)
	}
	policies := d.shown(by, PolicyFilter{Scope: "Local"})
	return all, append(policies, d.shown(by, PolicyFilter{Scope: "AWS", Attached: true})...), nil
}
