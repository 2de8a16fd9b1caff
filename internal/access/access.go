// Package access says who calls, from where, and whether they may.
//
// A [Caller] is on whose behalf something is done: an account's root, or a
// service of the house that acts for a resource, such as a rule that sends to a
// queue. An [Ask] is the one question: may this caller do this action on this
// resource? A [Guard] answers it. Every room is given one and asks it before
// anything is read or changed for a caller.
//
// **An account is a boundary.** [Boundary], the guard of a server without
// identities, lets everybody do everything with what their own account owns,
// and nothing with what another one owns unless that resource's policy allows
// it. A Deny of a policy counts for everybody.
package access

import (
	"time"

	"github.com/dari-bus/dari/internal/arn"
)

// A Place is an account in a region. Every resource is in one, and every call is
// made from one.
type Place struct {
	Account, Region string
}

// ARN returns the ARN of a resource of a service in the place.
func (p Place) ARN(service, resource string) arn.ARN {
	return arn.New(service, p.Region, p.Account, resource)
}

// IsAccount says whether s is the number of an account: 12 digits.
func IsAccount(s string) bool {
	if len(s) != 12 {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// IsRegion says whether s may be a region: it becomes part of ARNs and keys, so
// that only the characters of region names will do.
func IsRegion(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return len(s) > 0 && len(s) <= 64
}

// A Caller is on whose behalf something is done, and where.
type Caller struct {
	// Place is the account that the caller acts for and the region it calls.
	Place
	// Principal is the ARN of who calls: the root of the account, or a role of it.
	// It is "" for a service that calls as itself.
	Principal string
	// Service is the service of the house that calls as itself, such as
	// "events.amazonaws.com"; "" for everybody else.
	Service string
	// Source is the ARN of what the call is made for, such as a rule; "" for a
	// call from outside.
	Source string
	// KeyID is the access key that signed, or "".
	KeyID string
	// Identity is the user or the session that signed, nil for the root of an account
	// and for services. Whoever has one is held to its policies.
	Identity *Identity
	// RequestID is the id of the call, and Trace its X-Amzn-Trace-Id header; either may be "".
	RequestID, Trace string
	// SourceIP is the address that the call came from, and UserAgent what it says
	// of itself.
	SourceIP, UserAgent string
}

// An Identity is a user, or a session of a role or of a user. Nobody may change one.
type Identity struct {
	// ID is the unique id of the user, or of the role and the session's name after
	// a colon.
	ID string
	// Role is the ARN of the role that a session is one of, "" for users.
	Role string
	// User is the name of the user, "" for roles.
	User string
	// Temporary says that it is a session, and Issued since when; of which the
	// credentials end at Expires.
	Temporary       bool
	Issued, Expires time.Time
	// Policies are the session policies: documents, and ARNs of managed policies.
	Policies, PolicyARNs []string
	// Tags are those of the session; Transitive are the keys of those that go on to
	// the next session.
	Tags       map[string]string
	Transitive []string
	// Source is the source identity of the session, or "".
	Source string
}

// Root returns the caller that an account's root user is in a region.
func Root(account, region string) Caller {
	return Caller{Place: Place{account, region}, Principal: rootARN(account, region)}
}

func rootARN(account, region string) string {
	return arn.ARN{Partition: arn.Partition(region), Service: "iam", Account: account, Resource: "root"}.String()
}

// Events is the service that rules act as.
const Events = "events.amazonaws.com"

// Service returns the caller that a service is when it acts for source, the ARN
// of a rule, say. The account is that of the source. An error says that source
// is no ARN.
func Service(name, source string) (Caller, error) {
	a, err := arn.Parse(source)
	if err != nil {
		return Caller{}, err
	}
	return Caller{Place: Place{a.Account, a.Region}, Service: name, Source: source}, nil
}

// Role returns the caller that a role is when it acts for source. A role counts
// only in its own account: in the place of one of another account, or of none,
// stands the root of the source's account.
func Role(role, source string) (Caller, error) {
	c, err := Service("", source)
	if err != nil {
		return c, err
	}
	c.Principal = rootARN(c.Account, c.Region)
	if a, err := arn.Parse(role); err == nil && a.Service == "iam" && a.Account == c.Account {
		c.Principal = role
	}
	return c, nil
}

// who is the caller in a sentence.
func (c *Caller) who() string {
	if c.Service != "" {
		return c.Service + " for " + c.Source
	}
	return c.Principal
}
