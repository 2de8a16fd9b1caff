package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Principal is who makes a request: a service, somebody whom an identity
// provider vouches for, or somebody in an account. The zero Principal is nobody
// known; "*" still means them.
type Principal struct {
	// Service is the name of an AWS service, such as "events.amazonaws.com";
	// "" when the caller is not one.
	Service string
	// Federated is the provider that vouches for the caller, as a trust policy
	// names it: "accounts.google.com" or the provider's ARN; "" for none.
	Federated string
	// Account is the caller's account, twelve digits.
	Account string
	// ARN is the user, role or session that calls; "" when only the account is
	// known, which then is who calls.
	ARN string
	// Role is the ARN of the role that a session is one of. When it is "", a
	// session goes by the name of the role in its ARN.
	Role string
	// ID is the unique id of the user, or of the role: AIDA… or AROA…. A document
	// names principals by it when it is not to mean a later one of the same name.
	ID string
}

// Named says how a statement names a caller, from the loosest to the closest.
// In one account that makes a difference: who is named as the account still
// needs an identity policy that allows, and whoever is named as a role is still
// held to the limits on the session.
type Named uint8

// The ways to be named.
const (
	// Unnamed: the document names nobody, because it is an identity policy.
	Unnamed Named = iota
	// ByAccount: as the account, by its number or the ARN of its root.
	ByAccount
	// ByRole: as the role whose session calls.
	ByRole
	// ByAll: as everybody, or as not one of some others.
	ByAll
	// ByItself: as the user, the session, the service or the identity provider.
	ByItself
)

// principals are those whom a statement names.
type principals struct {
	not       bool // everybody else is meant
	everybody bool
	canonical bool // some go by ids that only S3 knows
	accounts  []string
	arns      []string // users, roles and sessions; unique ids too
	services  []string
	providers []string
}

func parsePrincipals(m member) (*principals, error) {
	p := &principals{not: m.key == "NotPrincipal"}
	if s, err := oneString(m); err == nil {
		if s != "*" {
			return nil, fmt.Errorf(`%s is %q; want "*", {"AWS": …} or {"Service": …}`, m.key, s)
		}
		p.everybody = true
		return p, nil
	}
	kinds, err := object(m.value)
	if err != nil {
		return nil, fmt.Errorf(`%s is %.40s; want "*", {"AWS": …} or {"Service": …}`, m.key, m.value)
	}
	if len(kinds) == 0 {
		return nil, fmt.Errorf("%s is empty", m.key)
	}
	for _, k := range kinds {
		names, err := someStrings(k)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.key, err)
		}
		for _, name := range names {
			if err := p.add(k.key, name); err != nil {
				return nil, fmt.Errorf("%s: %w", m.key, err)
			}
		}
	}
	return p, nil
}

func (p *principals) add(kind, name string) error {
	pattern := strings.ContainsAny(name, "*?${}")
	switch kind {
	case "AWS":
		return p.addAWS(name)
	case "Service":
		if !strings.Contains(name, ".") || pattern {
			return fmt.Errorf("%q is no service principal; want one such as events.amazonaws.com", name)
		}
		p.services = append(p.services, name)
	case "Federated":
		_, _, resource, isARN := cutIdentity(name)
		isARN = isARN && (strings.HasPrefix(resource, "oidc-provider/") || strings.HasPrefix(resource, "saml-provider/"))
		if !isARN && (!strings.Contains(name, ".") || strings.Contains(name, ":")) || pattern {
			return fmt.Errorf("%q is no identity provider; want one such as accounts.google.com, or the ARN of an oidc-provider or saml-provider", name)
		}
		p.providers = append(p.providers, name)
	case "CanonicalUser":
		if len(name) != 64 || strings.Trim(name, "0123456789abcdef") != "" {
			return fmt.Errorf("%q is no canonical user id; want 64 hexadecimal digits", name)
		}
		p.canonical = true
	default:
		return fmt.Errorf("dari does not know principals of the kind %q; it knows AWS, Service, Federated and CanonicalUser", kind)
	}
	return nil
}

func (p *principals) addAWS(name string) error {
	service, account, resource, ok := cutIdentity(name)
	kind, rest, _ := strings.Cut(resource, "/")
	switch {
	case name == "*":
		p.everybody = true
	case isAccount(name):
		p.accounts = append(p.accounts, name)
	case ok && service == "iam" && resource == "root":
		p.accounts = append(p.accounts, account)
	case isUniqueID(name),
		ok && !strings.ContainsAny(name, "*?${}") && rest != "" &&
			(service == "iam" && (kind == "user" || kind == "role") ||
				service == "sts" && (kind == "federated-user" || kind == "assumed-role" && strings.Contains(rest, "/"))):
		p.arns = append(p.arns, name)
	default:
		return fmt.Errorf(`%q is no AWS principal; want "*", an account id or the ARN of a user, role or session, without wildcards`, name)
	}
	return nil
}

// cover says whether the statement means who asks, and how it names them. Nil means
// everybody without naming them.
func (p *principals) cover(r *request, deny bool) (truth, Named) {
	if p == nil {
		return yes, Unnamed
	}
	if !r.spend(1 + len(p.accounts) + len(p.arns) + len(p.services) + len(p.providers)) {
		return unknown, Unnamed
	}
	who := &r.Principal
	named, wholly := p.find(who)
	canonical := p.canonical && who.Service == "" && who.Federated == "" && named == Unnamed
	switch {
	case p.not && deny:
		// Who is spared must be listed by each of their names, as on AWS.
		return isTrue(!wholly), ByAll
	case canonical:
		return unknown, Unnamed
	case p.not:
		return isTrue(named == Unnamed), ByAll
	}
	return isTrue(named != Unnamed), named
}

// find returns the closest way in which who is listed, and whether they are
// listed in each way that there is: as account, as role and as session.
func (p *principals) find(who *Principal) (closest Named, wholly bool) {
	wholly = true
	look := func(by Named, listed bool) {
		if listed {
			closest = max(closest, by)
		}
		wholly = wholly && listed
	}
	switch {
	case who.Service != "":
		look(ByItself, slices.Contains(p.services, who.Service))
	case who.Federated != "":
		look(ByItself, slices.Contains(p.providers, who.Federated))
	default:
		look(ByAccount, slices.Contains(p.accounts, who.Account))
		isSession := who.Role != "" || sessionRole(who.ARN) != ""
		if isSession {
			look(ByRole, slices.ContainsFunc(p.arns, who.isOfRole))
		}
		if who.ARN != "" && !strings.HasSuffix(who.ARN, ":root") {
			look(ByItself, slices.Contains(p.arns, who.ARN) || !isSession && slices.Contains(p.arns, who.ID))
		}
	}
	if p.everybody {
		return max(closest, ByAll), true
	}
	return closest, wholly
}

// isOfRole reports whether role names the role that the session is one of. The
// name of a role is unique in its account, and a session's ARN leaves out the
// path in front of it.
func (p *Principal) isOfRole(role string) bool {
	if role == p.ID || p.Role != "" {
		return role == p.ID || role == p.Role
	}
	service, account, resource, ok := cutIdentity(role)
	return ok && service == "iam" && strings.HasPrefix(resource, "role/") &&
		account+":"+resource[strings.LastIndexByte(resource, '/')+1:] == sessionRole(p.ARN)
}

// sessionRole returns account:name of the role in a session's ARN, and "" for
// any other ARN.
func sessionRole(arn string) string {
	service, account, resource, ok := cutIdentity(arn)
	kind, rest, _ := strings.Cut(resource, "/")
	if !ok || service != "sts" || kind != "assumed-role" {
		return ""
	}
	name, _, _ := strings.Cut(rest, "/")
	return account + ":" + name
}

// cutIdentity takes the ARN of an identity apart.
func cutIdentity(arn string) (service, account, resource string, ok bool) {
	p := strings.SplitN(arn, ":", 6)
	if len(p) != 6 || p[0] != "arn" || p[1] == "" || p[3] != "" || !isAccount(p[4]) || p[5] == "" {
		return "", "", "", false
	}
	return p[2], p[4], p[5], p[2] == "iam" || p[2] == "sts"
}

func isAccount(s string) bool {
	return len(s) == 12 && strings.Trim(s, "0123456789") == ""
}

// isUniqueID reports whether s is the unique id of a user or a role.
func isUniqueID(s string) bool {
	return (strings.HasPrefix(s, "AIDA") || strings.HasPrefix(s, "AROA")) && len(s) >= 16 && len(s) <= 128 &&
		strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}

// Principals returns the ARNs of users, roles and sessions that the document names,
// and unique ids.
func (d *Document) Principals() []string {
	var all []string
	for _, s := range d.Statements {
		if s.principals != nil {
			all = append(all, s.principals.arns...)
		}
	}
	return all
}

// ByID returns the document with unique ids in the place of the ARNs that have one:
// it then means those whom it named when it was written, and no later ones of the
// same name.
func (d *Document) ByID(ids map[string]string) *Document {
	bound := *d
	bound.Statements = slices.Clone(d.Statements)
	for i, s := range d.Statements {
		if s.principals == nil {
			continue
		}
		of, named := *s, *s.principals
		named.arns = slices.Clone(named.arns)
		for j, arn := range named.arns {
			named.arns[j] = cmp.Or(ids[arn], arn)
		}
		of.principals = &named
		bound.Statements[i] = &of
	}
	return &bound
}
