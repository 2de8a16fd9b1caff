package policy

// Policies are all the documents that a request has to pass. A list that is nil
// is one that the caller does not have: no boundary, no session policies. One that
// is empty and not nil allows nothing.
type Policies struct {
	// Identity are the policies of the user, its groups, or the role.
	Identity []*Document
	// Boundary is what the policies of the user or the role can allow at most.
	Boundary []*Document
	// Session are the policies that a session was made with.
	Session []*Document
	// Resource is the policy of the resource, or of the role that is to be assumed.
	Resource *Document
	// Foreign says that the resource belongs to another account than the caller.
	Foreign bool
	// Trust says that Resource has to allow by itself, as the trust policy of a role
	// does in its own account as well.
	Trust bool
	// Root says that an account's root calls: nobody has to allow it anything in its
	// own account.
	Root bool
}

// A Source is one of the kinds of documents that a request has to pass.
type Source uint8

// The sources.
const (
	FromIdentity Source = iota
	FromResource
	FromBoundary
	FromSession
	FromTrust
)

// An Outcome is what all documents together say.
type Outcome struct {
	// Verdict is Allowed, Denied for an explicit deny, or NotCovered.
	Verdict Verdict
	// Source is where the allow or the deny stands, or where an allow is missing.
	Source Source
	// Statement is the one that decided, nil where an allow is missing and for a root
	// that nobody has to allow anything.
	Statement *Statement
}

// Evaluate decides in the order of AWS: a deny anywhere counts; then a policy of
// the resource that names the caller itself allows; then the identity's policies
// must allow, or the resource's in their place; then the boundary must, and the
// policies of the session. Another account's resource must allow besides, and
// there the caller's own side is never left out.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
func (p *Policies) Evaluate(r Request) Outcome {
	n := p.stepsEach()
	return p.judge(decideAll(p.Identity, r, n), decideAll(p.Boundary, r, n), decideAll(p.Session, r, n), p.Resource.decide(r, n))
}

// stepsEach is the effort for each of the documents.
func (p *Policies) stepsEach() int {
	return min(effort, effortTogether/(len(p.Identity)+len(p.Boundary)+len(p.Session)+1))
}

// judge puts together what the documents of each kind decided.
func (p *Policies) judge(identity, boundary, session, theirs Decision) Outcome {
	resource := FromResource
	if p.Trust {
		resource = FromTrust
	}
	for _, d := range []struct {
		Decision
		from Source
	}{{identity, FromIdentity}, {theirs, resource}, {boundary, FromBoundary}, {session, FromSession}} {
		if d.Verdict == Denied {
			return Outcome{Denied, d.from, d.Statement}
		}
	}
	granted := theirs.Verdict == Allowed
	if (p.Foreign || p.Trust) && !granted {
		return Outcome{Source: resource}
	}
	if granted && theirs.Named == ByItself && !p.Foreign {
		return Outcome{Allowed, resource, theirs.Statement}
	}
	// A policy that names the account leaves it to the account's own policies.
	stands := granted && !p.Foreign && theirs.Named != ByAccount
	allowed := Outcome{Allowed, FromIdentity, identity.Statement}
	switch {
	case identity.Verdict == Allowed || p.Root:
	case stands:
		allowed = Outcome{Allowed, resource, theirs.Statement}
	default:
		return Outcome{Source: FromIdentity}
	}
	for _, limit := range []struct {
		Decision
		is   bool
		from Source
	}{{boundary, p.Boundary != nil, FromBoundary}, {session, p.Session != nil, FromSession}} {
		if limit.is && limit.Verdict != Allowed {
			return Outcome{Source: limit.from}
		}
	}
	return allowed
}

// decideAll is what documents of one kind say together.
func decideAll(documents []*Document, r Request, steps int) (together Decision) {
	for _, d := range documents {
		one := d.decide(r, steps)
		if one.Verdict == Denied {
			return one
		}
		if one.Verdict == Allowed && together.Verdict != Allowed {
			together = one
		}
	}
	return together
}

// Reason finishes the sentence that somebody is not authorized to do something,
// in AWS's words.
func (o *Outcome) Reason(action string) string {
	if o.Verdict == Denied {
		return "with an explicit deny in " + [...]string{
			"an identity-based policy", "a resource-based policy", "a permissions boundary", "a sessions policy", "the role trust policy",
		}[o.Source]
	}
	return "because no " + [...]string{
		"identity-based policy", "resource-based policy", "permissions boundary", "session policy", "role trust policy",
	}[o.Source] + " allows the " + action + " action"
}
