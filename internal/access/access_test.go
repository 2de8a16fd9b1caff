package access

import (
	"strings"
	"testing"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/policy"
)

const (
	owner = "111111111111"
	queue = "arn:aws:sqs:eu-central-1:111111111111:q"
	rule  = "arn:aws:events:eu-central-1:111111111111:rule/r"
	alien = "arn:aws:events:eu-central-1:222222222222:rule/r"
)

func document(t *testing.T, statements string) *policy.Document {
	t.Helper()
	if statements == "" {
		return nil
	}
	d, err := policy.ParseResource(`{"Version":"2012-10-17","Statement":[` + statements + `]}`)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func service(t *testing.T, source string) Caller {
	t.Helper()
	c, err := Service(Events, source)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAnAccountIsABoundary(t *testing.T) {
	const (
		denies   = `{"Effect":"Deny","Principal":"*","Action":"sqs:*","Resource":"*"}`
		guests   = `{"Effect":"Allow","Principal":{"AWS":"222222222222"},"Action":"sqs:*","Resource":"*"}`
		services = `{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:*","Resource":"*"}`
		ourRule  = `{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:*","Resource":"*","Condition":{"ArnEquals":{"aws:SourceArn":"` + rule + `"}}}`
		nearby   = `{"Effect":"Allow","Principal":"*","Action":"sqs:*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}`
	)
	root, guest, stranger := Root(owner, "eu-central-1"), Root("222222222222", "eu-central-1"), Root("333333333333", "eu-central-1")
	near := stranger
	near.SourceIP = "10.1.2.3"
	for _, c := range []struct {
		name   string
		by     Caller
		policy string
		change func(*Ask)
		strict bool
		closed bool
		why    string // "" when it is allowed
	}{
		{name: "the owner", by: root},
		{name: "the owner, shut out", by: root, policy: denies, why: "with an explicit deny in a resource-based policy"},
		{name: "the owner, shut out, changes the policy", by: root, policy: denies, change: func(a *Ask) { a.Unlocks = true }},
		{name: "a guest changes the policy", by: guest, policy: denies + "," + guests, change: func(a *Ask) { a.Unlocks = true }, why: "explicit deny"},
		{name: "a stranger", by: stranger, why: "because no resource-based policy allows the sqs:SendMessage action"},
		{name: "a stranger, others are let in", by: stranger, policy: guests, why: "because no resource-based policy allows"},
		{name: "a guest", by: guest, policy: guests},
		{name: "a guest who is let in and shut out", by: guest, policy: guests + "," + denies, why: "explicit deny"},
		{name: "a guest, what only owners may do", by: guest, policy: guests, change: func(a *Ask) { a.OwnerOnly = true }, why: "because only the account that owns the resource may do that"},
		{name: "the owner, what only owners may do", by: root, policy: guests, change: func(a *Ask) { a.OwnerOnly = true }},
		{name: "an address that is let in", by: near, policy: nearby},
		{name: "an address that is not", by: stranger, policy: nearby, why: "because no resource-based policy allows"},
		{name: "the owner, where there are no roots", by: root, closed: true, why: "because everybody is held to policies, and the caller is no user and no session of a role"},
		{name: "the owner, where there are no roots, with a policy", by: root, policy: guests, closed: true, why: "sign with the key of one"},
		{name: "a rule, where there are no roots", by: service(t, rule), closed: true},
		{name: "a rule", by: service(t, rule)},
		{name: "a rule, services need a policy", by: service(t, rule), strict: true, why: "User: events.amazonaws.com for " + rule + " is not authorized"},
		{name: "a rule that the policy names", by: service(t, rule), policy: ourRule, strict: true},
		{name: "a rule of another account", by: service(t, alien), why: "because no resource-based policy allows"},
		{name: "a rule of another account, ours is let in", by: service(t, alien), policy: ourRule, why: "because no resource-based policy allows"},
		{name: "a rule of another account, every rule is let in", by: service(t, alien), policy: services},
		{name: "a rule of an account that is let in as itself", by: service(t, alien), policy: guests, why: "because no resource-based policy allows"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ask := Ask{Caller: c.by, Action: "sqs:SendMessage", Resource: queue, Owner: owner, Policy: document(t, c.policy)}
			if c.change != nil {
				c.change(&ask)
			}
			err := Boundary{ServicesNeedPolicy: c.strict, NoRoots: c.closed}.Allow(&ask)
			if c.why == "" {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			if err == nil || fault.KindOf(err) != fault.KindDenied || !strings.Contains(err.Error(), c.why) {
				t.Errorf("got %v, want a refusal %s", err, c.why)
			}
		})
	}
}

// The statement that a refusal says is missing is one that lets the service in.
func TestARefusedServiceIsToldTheStatementThatItLacks(t *testing.T) {
	for _, source := range []string{rule, alien} {
		ask := Ask{Caller: service(t, source), Action: "sqs:SendMessage", Resource: queue, Owner: owner}
		b := Boundary{ServicesNeedPolicy: true}
		err := b.Allow(&ask)
		if err == nil {
			t.Fatalf("%s is let in without a policy", source)
		}
		_, lacks, found := strings.Cut(err.Error(), "; it lacks ")
		if !found || !strings.Contains(lacks, source) {
			t.Fatalf("the refusal is %q", err)
		}
		ask.Policy = document(t, lacks)
		if err := b.Allow(&ask); err != nil {
			t.Errorf("with %s: %v", lacks, err)
		}
	}
}

func TestARoleCountsOnlyInItsOwnAccount(t *testing.T) {
	for role, want := range map[string]string{
		"arn:aws:iam::222222222222:role/r": "arn:aws:iam::222222222222:role/r",
		"arn:aws:iam::111111111111:role/r": "arn:aws:iam::222222222222:root",
		"":                                 "arn:aws:iam::222222222222:root",
	} {
		c, err := Role(role, alien)
		if err != nil || c.Principal != want || c.Account != "222222222222" || c.Service != "" || c.Source != alien {
			t.Errorf("%q acts as %+v, %v; want %s", role, c, err, want)
		}
	}
}

// attack F20.
func TestAKeysFileThatIsNotInOrderIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"A s 12/34":                      `line 1: "12/34" is not an account: want 12 digits`,
		"A s 1234567890123":              `line 1: "1234567890123" is not an account`,
		"# one\n\nA s\nA t 222222222222": "line 4: the access key A is there twice",
		"A":                              "line 1: want ID SECRET [ACCOUNT]",
		"A s 111111111111 more":          "line 1: want ID SECRET [ACCOUNT]",
		"a/b s":                          `line 1: the access key "a/b" cannot be sent in a signature`,
		"222222222222 s 333333333333":    "line 1: the access key 222222222222 reads as an account, and belongs to account 333333333333",
	} {
		if err := (Keys{}).Read(strings.NewReader(text), owner); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %s…", text, err, want)
		}
	}
	keys := Keys{}
	if err := keys.Read(strings.NewReader("# ours\nA s\n\n  B t 222222222222\n222222222222 u 222222222222"), owner); err != nil {
		t.Fatal(err)
	}
	if a, ok := keys.Find("A", ""); !ok || a.Account != owner || a.Secret != "s" {
		t.Errorf("A is %+v, %v", a, ok)
	}
	if b, ok := keys.Find("B", ""); !ok || b.Account != "222222222222" {
		t.Errorf("B is %+v, %v", b, ok)
	}
	for _, c := range [][2]string{{"C", ""}, {"A", "token"}} {
		if _, ok := keys.Find(c[0], c[1]); ok {
			t.Errorf("key %q with the token %q is known", c[0], c[1])
		}
	}
}
