package policy_test

import (
	"testing"

	"github.com/dari-bus/dari/internal/policy"
)

func identity(t testing.TB, text string) []*policy.Document {
	t.Helper()
	if text == "" {
		return nil
	}
	d, err := policy.ParseIdentity(document(text))
	if err != nil {
		t.Fatal(err)
	}
	return []*policy.Document{d}
}

// rooms-ahead I8, I11, I17, I19, I20: the steps of AWS's order.
func TestPoliciesDecideTogetherInAWSsOrder(t *testing.T) {
	const (
		allow   = `{"Effect":"Allow","Action":"sqs:*","Resource":"*"}`
		deny    = `{"Effect":"Deny","Action":"sqs:*","Resource":"*"}`
		other   = `{"Effect":"Allow","Action":"logs:*","Resource":"*"}`
		account = `{"Effect":"Allow","Action":"sqs:*","Resource":"*","Principal":{"AWS":"123456789012"}}`
		itself  = `{"Effect":"Allow","Action":"sqs:*","Resource":"*","Principal":{"AWS":"arn:aws:sts::123456789012:assumed-role/deploy/ci"}}`
		role    = `{"Effect":"Allow","Action":"sqs:*","Resource":"*","Principal":{"AWS":"arn:aws:iam::123456789012:role/deploy"}}`
		not     = `{"Effect":"Allow","Action":"sqs:*","Resource":"*","NotPrincipal":{"AWS":"arn:aws:iam::123456789012:user/bob"}}`
		denyAll = `{"Effect":"Deny","Action":"sqs:*","Resource":"*","Principal":"*"}`
	)
	for _, c := range []struct {
		name                                  string
		identity, boundary, session, resource string
		foreign, trust, root                  bool
		want                                  string // "" when it is allowed
	}{
		{name: "nothing", want: "because no identity-based policy allows the sqs:SendMessage action"},
		{name: "the identity's", identity: allow},
		{name: "the root", root: true},
		{name: "a deny of the identity", identity: allow + "," + deny, resource: itself, want: "with an explicit deny in an identity-based policy"},
		{name: "a deny of the resource", identity: allow, resource: denyAll, want: "with an explicit deny in a resource-based policy"},
		{name: "a deny of the resource, for the root", root: true, resource: denyAll, want: "with an explicit deny in a resource-based policy"},
		{name: "a deny of the boundary", identity: allow, boundary: deny, resource: itself, want: "with an explicit deny in a permissions boundary"},
		{name: "a deny of the session", identity: allow, session: deny, resource: itself, want: "with an explicit deny in a sessions policy"},
		{name: "I11: the account is named, which leaves it to the identity", resource: account, want: "because no identity-based policy allows the sqs:SendMessage action"},
		{name: "I11: and that allows", resource: account, identity: allow},
		{name: "I8: everybody else is named", resource: not},
		{name: "the role is named", resource: role},
		{name: "the role is named, and bounded", resource: role, boundary: other, want: "because no permissions boundary allows the sqs:SendMessage action"},
		{name: "the role is named, with a session policy", resource: role, session: other, want: "because no session policy allows the sqs:SendMessage action"},
		{name: "I17: the session is named, and bounded", resource: itself, boundary: other},
		{name: "I17: across accounts", identity: allow, resource: itself, boundary: other, foreign: true, want: "because no permissions boundary allows the sqs:SendMessage action"},
		{name: "I19: the session is named, with a session policy", resource: itself, session: other},
		{name: "I20: the session policy takes away", identity: allow, session: other, want: "because no session policy allows the sqs:SendMessage action"},
		{name: "I20: and does not give", identity: other, session: allow, want: "because no identity-based policy allows the sqs:SendMessage action"},
		{name: "across accounts, nobody is named", identity: allow, foreign: true, want: "because no resource-based policy allows the sqs:SendMessage action"},
		{name: "across accounts, the identity says nothing", resource: itself, foreign: true, want: "because no identity-based policy allows the sqs:SendMessage action"},
		{name: "across accounts, both", identity: allow, resource: account, foreign: true},
		{name: "across accounts, the root", root: true, resource: account, foreign: true},
		{name: "I13: a trust policy that does not allow", identity: allow, trust: true, want: "because no role trust policy allows the sqs:SendMessage action"},
		{name: "I13: one that names the role", resource: role, trust: true},
		{name: "I14: one that names the account", resource: account, trust: true, want: "because no identity-based policy allows the sqs:SendMessage action"},
		{name: "I14: and the identity allows", resource: account, identity: allow, trust: true},
		{name: "a trust policy that denies", resource: denyAll, identity: allow, trust: true, want: "with an explicit deny in the role trust policy"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := policy.Policies{
				Identity: identity(t, c.identity), Boundary: identity(t, c.boundary), Session: identity(t, c.session),
				Foreign: c.foreign, Trust: c.trust, Root: c.root,
			}
			if c.resource != "" {
				p.Resource = parse(t, document(c.resource))
			}
			o := p.Evaluate(policy.Request{Principal: session, Action: "sqs:SendMessage", Resource: queue})
			got := ""
			if o.Verdict != policy.Allowed {
				got = o.Reason("sqs:SendMessage")
			}
			if got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}
