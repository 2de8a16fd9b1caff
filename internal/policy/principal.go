package policy

import (
	"fmt"
	"slices"
	"strings"
)

// A Principal is who makes a request: a service, or somebody in an account.
type Principal struct {
	// Service is the name of an AWS service, such as "events.amazonaws.com";
	// "" when the caller is not one.
	Service string
	// Account is the caller's account, twelve digits.
	Account string
	// ARN is the user, role or session that calls; "" when only the account is known.
	ARN string
}

// principals are those whom a statement names.
type principals struct {
	everybody bool
	accounts  []string
	arns      []string // users, roles and sessions
	services  []string
}

func parsePrincipals(m member) (p principals, err error) {
	if s, err := oneString(m); err == nil {
		if s != "*" {
			return p, fmt.Errorf(`%s is %q; want "*", {"AWS": …} or {"Service": …}`, m.key, s)
		}
		return principals{everybody: true}, nil
	}
	kinds, err := object(m.value)
	if err != nil {
		return p, fmt.Errorf(`%s is %.40s; want "*", {"AWS": …} or {"Service": …}`, m.key, m.value)
	}
	if len(kinds) == 0 {
		return p, fmt.Errorf("%s is empty", m.key)
	}
	for _, k := range kinds {
		names, err := someStrings(k)
		if err != nil {
			return p, fmt.Errorf("%s: %w", m.key, err)
		}
		for _, name := range names {
			if err := p.add(k.key, name); err != nil {
				return p, fmt.Errorf("%s: %w", m.key, err)
			}
		}
	}
	return p, nil
}

func (p *principals) add(kind, name string) error {
	switch kind {
	case "AWS":
		if name == "*" {
			p.everybody = true
			return nil
		}
		if isAccount(name) {
			p.accounts = append(p.accounts, name)
			return nil
		}
		service, account, resource, ok := cutIdentity(name)
		switch {
		case !ok || strings.ContainsAny(name, "*?"):
			return fmt.Errorf(`%q is no AWS principal; want "*", an account id or the ARN of a user or role, without wildcards`, name)
		case service == "iam" && resource == "root":
			p.accounts = append(p.accounts, account)
		default:
			p.arns = append(p.arns, name)
		}
		return nil
	case "Service":
		if !strings.Contains(name, ".") || strings.ContainsAny(name, "*?") {
			return fmt.Errorf("%q is no service principal; want one such as events.amazonaws.com", name)
		}
		p.services = append(p.services, name)
		return nil
	}
	return fmt.Errorf("dari does not know principals of the kind %q; it knows AWS and Service", kind)
}

// include reports whether the statement names who.
func (p *principals) include(who Principal) bool {
	switch {
	case p.everybody:
		return true
	case who.Service != "":
		return slices.Contains(p.services, who.Service)
	case who.Account != "" && slices.Contains(p.accounts, who.Account):
		return true
	case who.ARN == "":
		return false
	}
	return slices.ContainsFunc(p.arns, func(arn string) bool { return arn == who.ARN || isSession(who.ARN, arn) })
}

// isSession reports whether session is the ARN of a session of the role. The
// name of a role is unique in its account, and a session's ARN leaves out the
// path in front of it.
func isSession(session, role string) bool {
	service, account, resource, ok := cutIdentity(session)
	kind, rest, _ := strings.Cut(resource, "/")
	if !ok || service != "sts" || kind != "assumed-role" {
		return false
	}
	name, _, _ := strings.Cut(rest, "/")
	service, roleAccount, roleResource, ok := cutIdentity(role)
	return ok && service == "iam" && roleAccount == account && strings.HasPrefix(roleResource, "role/") &&
		roleResource[strings.LastIndexByte(roleResource, '/')+1:] == name
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
