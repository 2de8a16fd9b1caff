package access

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/policy"
)

// An Ask is the question whether a caller may do something.
type Ask struct {
	Caller Caller
	// Action is what is to be done, such as "sqs:SendMessage", and Resource the
	// ARN of what it is to be done with.
	Action, Resource string
	// Owner is the account that the resource belongs to.
	Owner string
	// Policy is the resource's own policy, nil when it has none.
	Policy *policy.Document
	// OwnerOnly is for what a policy cannot let another account do.
	OwnerOnly bool
	// Unlocks is for what changes the policy: the owner's root is never denied it,
	// so that nobody locks themselves out.
	Unlocks bool
	// Keys are the condition keys of the action's own service, such as
	// "events:source". Those that every action has are added to them.
	Keys map[string][]string
}

// Own asks whether a caller may do something in the account that it acts for, with
// a resource that has no policy; "*" is for what is about no resource, such as a list.
func Own(by Caller, action, resource string) *Ask {
	return &Ask{Caller: by, Action: action, Resource: resource, Owner: by.Account}
}

// A Guard answers whether a caller may do something: nil, or a Denied fault that
// says who may not do what and which statement is in the way or missing. It may
// be asked from many goroutines at once, holds no lock and does not wait.
type Guard interface {
	Allow(a *Ask) error
}

// Boundary is the guard of a server that knows accounts and no identities.
type Boundary struct {
	// ServicesNeedPolicy holds the services of the house to the policies of
	// resources within an account as well, as AWS does: without a statement that
	// allows it, a rule does not reach a queue of its own account.
	ServicesNeedPolicy bool
	// NoRoots refuses whoever is no user, no session of a role and no service: without
	// keys nobody can show that they are the root of an account.
	NoRoots bool
}

// Allow answers.
func (b Boundary) Allow(a *Ask) error {
	if b.NoRoots && a.Caller.Service == "" && a.Caller.Source == "" {
		return a.Refuse("because everybody is held to policies, and the caller is no user and no session of a role: sign with the key of one")
	}
	own := a.Caller.Account == a.Owner
	if own && a.Caller.Service == "" && (a.Policy == nil || a.Unlocks) {
		return nil
	}
	var d policy.Decision // what is not covered, when there is no policy
	if a.Policy != nil {
		d = a.Policy.Decide(a.Request())
	}
	switch {
	case d.Verdict == policy.Denied:
		return a.Refuse("with an explicit deny in a resource-based policy: " + d.Statement.String())
	case d.Verdict == policy.Allowed && (own || !a.OwnerOnly):
		return nil
	case own && (a.Caller.Service == "" || !b.ServicesNeedPolicy):
		return nil
	case a.OwnerOnly:
		return a.Refuse("because only the account that owns the resource may do that")
	}
	why := "because no resource-based policy allows the " + a.Action + " action"
	if a.Caller.Service != "" {
		why += "; it lacks " + a.missing()
	}
	return a.Refuse(why)
}

// missing is the statement that would let a service in, to be put into the
// policy of the resource.
func (a *Ask) missing() string {
	if a.Caller.Source == "" {
		return fmt.Sprintf(`{"Effect":"Allow","Principal":{"Service":%q},"Action":%q,"Resource":%q}`, a.Caller.Service, a.Action, a.Resource)
	}
	return fmt.Sprintf(`{"Effect":"Allow","Principal":{"Service":%q},"Action":%q,"Resource":%q,"Condition":{"ArnEquals":{"aws:SourceArn":%q}}}`,
		a.Caller.Service, a.Action, a.Resource, a.Caller.Source)
}

// Request is the question as a policy reads it.
func (a *Ask) Request() policy.Request {
	c := &a.Caller
	keys := make(map[string][]string, len(a.Keys)+8)
	maps.Copy(keys, a.Keys)
	add := func(name, value string) {
		if value != "" {
			keys[name] = []string{value}
		}
	}
	add("aws:SourceIp", c.SourceIP)
	add("aws:UserAgent", c.UserAgent)
	add("aws:RequestedRegion", c.Region)
	now := time.Now().UTC()
	add("aws:CurrentTime", now.Format(time.RFC3339))
	add("aws:EpochTime", strconv.FormatInt(now.Unix(), 10))
	add("aws:ResourceAccount", a.Owner)
	if c.Identity != nil {
		c.Identity.keys(add)
	}
	if c.Source != "" {
		add("aws:SourceArn", c.Source)
		add("aws:SourceAccount", c.Account)
	}
	principal := policy.Principal{Service: c.Service}
	if c.Service == "" {
		principal = policy.Principal{Account: c.Account, ARN: c.Principal}
	}
	if id := c.Identity; id != nil {
		principal.Role = id.Role
		principal.ID, _, _ = strings.Cut(id.ID, ":")
	}
	return policy.Request{Principal: principal, Action: a.Action, Resource: a.Resource, Context: keys}
}

// keys adds the condition keys of who calls.
func (id *Identity) keys(add func(name, value string)) {
	add("aws:userid", id.ID)
	add("aws:username", id.User)
	add("aws:SourceIdentity", id.Source)
	kind := "User"
	if id.Role != "" {
		kind = "AssumedRole"
	}
	add("aws:PrincipalType", kind)
	if id.Temporary {
		add("aws:TokenIssueTime", id.Issued.UTC().Format(time.RFC3339))
		add("aws:MultiFactorAuthPresent", "false")
	}
	for key, value := range id.Tags {
		add("aws:PrincipalTag/"+key, value)
	}
}

// Refuse says no in AWS's sentence.
func (a *Ask) Refuse(why string) error {
	return fault.Denied("User: %s is not authorized to perform: %s on resource: %s %s",
		a.Caller.who(), a.Action, a.Resource, why).WithCode("AccessDeniedException")
}
