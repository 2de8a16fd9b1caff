package directory

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/faulty"
	"github.com/dari-bus/dari/internal/store/mem"
)

const (
	allowNothing = `{"Statement":{"Effect":"Deny","Action":"a:b","Resource":"*"}}`
	devARN       = "arn:aws:iam::111122223333:role/dev"
)

func (d *Directory) make(t *testing.T, k *Kind, e Entity) *Entity {
	t.Helper()
	made, err := d.Create(t.Context(), root, k, e)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func (d *Directory) allow(t *testing.T, k *Kind, name, statement string) {
	t.Helper()
	err := d.PutInline(t.Context(), root, k, name, "p", `{"Version":"2012-10-17","Statement":`+statement+`}`)
	if err != nil {
		t.Fatal(err)
	}
}

// session returns who the session of a role is.
func (d *Directory) session(t *testing.T, role string) access.Caller {
	t.Helper()
	g, err := d.Assume(root, Assumption{Role: role, Session: "s", Duration: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	c, ok := d.Find(g.KeyID, g.Token)
	if !ok {
		t.Fatal("the session is not known")
	}
	return access.Caller{Place: root.Place, Principal: c.Principal, Identity: c.Identity}
}

// user returns who a user is, who has a key.
func (d *Directory) user(t *testing.T, name string) (access.Caller, Key) {
	t.Helper()
	_, k, _, err := d.CreateKey(t.Context(), root, name)
	if err != nil {
		t.Fatal(err)
	}
	c, ok := d.Find(k.ID, "")
	if !ok {
		t.Fatal("the key is not known")
	}
	return access.Caller{Place: root.Place, Principal: c.Principal, Identity: c.Identity}, k
}

func trustIn(principal string) string {
	return `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"` + principal + `"}}}`
}

func TestATrustPolicyMeansWhomItNamedAndNoLaterOneOfThatName(t *testing.T) {
	d := openForTest(t)
	d.make(t, User, Entity{Name: "anna"})
	d.make(t, Role, Entity{Name: "vault", Trust: trustIn(devARN), MaxSession: 3600})
	d.make(t, Role, Entity{Name: "safe", Trust: trustIn("arn:aws:iam::111122223333:user/anna"), MaxSession: 3600})
	may := func(by access.Caller, role string) error {
		_, err := d.Assume(by, Assumption{Role: "arn:aws:iam::111122223333:role/" + role, Session: "s", Duration: time.Hour})
		return err
	}
	anna, key := d.user(t, "anna")
	if err := errors.Join(may(d.session(t, devARN), "vault"), may(anna, "safe")); err != nil {
		t.Fatal(err)
	}
	err := errors.Join(
		d.Delete(t.Context(), root, Role, "dev"),
		d.DeleteKey(t.Context(), root, "anna", key.ID),
		d.Delete(t.Context(), root, User, "anna"),
	)
	if err != nil {
		t.Fatal(err)
	}
	d.make(t, Role, Entity{Name: "dev", Trust: trust, MaxSession: 3600})
	d.make(t, User, Entity{Name: "anna"})
	anna, _ = d.user(t, "anna")
	again, err := Open(t.Context(), Options{Store: d.store, Guard: access.Boundary{}})
	if err != nil {
		t.Fatal(err)
	}
	for _, now := range []*Directory{d, again} {
		d = now
		for role, by := range map[string]access.Caller{"vault": d.session(t, devARN), "safe": anna} {
			if err := may(by, role); err == nil || !strings.Contains(err.Error(), "because no role trust policy allows") {
				t.Errorf("%s of today may assume %s: %v", by.Principal, role, err)
			}
		}
	}
	if err := d.SetTrust(t.Context(), root, "vault", trustIn(devARN)); err != nil {
		t.Fatal(err)
	}
	if err := may(d.session(t, devARN), "vault"); err != nil {
		t.Errorf("set anew, the policy means the role of today: %v", err)
	}
}

func TestWhiteSpaceIsNotFreeWithoutEnd(t *testing.T) {
	d := openForTest(t)
	spacious := allowNothing + strings.Repeat(" ", 3*len(allowNothing))
	if size(spacious) != len(allowNothing) {
		t.Errorf("white space counts: %d, and %d without", size(spacious), len(allowNothing))
	}
	if err := d.PutInline(t.Context(), root, Role, "dev", "p", allowNothing+strings.Repeat("\n", 100<<10)); fault.KindOf(err) != fault.KindLimit {
		t.Errorf("100 KiB of white space: %v", err)
	}
}

func TestAnAccountIsBoundInBytes(t *testing.T) {
	d := openForTest(t)
	d.weights[root.Account] += maxWeight - 8<<10
	heavy := Entity{Name: "heavy", Trust: trust, Description: strings.Repeat("x", 9<<10)}
	if _, err := d.Create(t.Context(), root, Role, heavy); fault.KindOf(err) != fault.KindLimit {
		t.Errorf("a role too many: %v", err)
	}
	other := access.Root("444455556666", "eu-central-1")
	if _, err := d.Create(t.Context(), other, Role, heavy); err != nil {
		t.Errorf("another account: %v", err)
	}
}

// What an account has is counted the same while it grows and when it is read again,
// and to nothing when all is gone.
func TestWhatAnAccountHasIsCounted(t *testing.T) {
	d := openForTest(t)
	ctx := t.Context()
	p, err := d.CreatePolicy(ctx, root, Policy{Name: "p"}, allowNothing)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = d.AddVersion(ctx, root, p.ARN, allowNothing, true)
	err = errors.Join(err,
		d.PutInline(ctx, root, Role, "dev", "inline", allowNothing), d.Attach(ctx, root, Role, "dev", p.ARN),
		d.Tag(ctx, root, Role, "dev", []Tag{{"k", "v"}}),
	)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Open(ctx, Options{Store: d.store, Guard: access.Boundary{}})
	if err != nil {
		t.Fatal(err)
	}
	if a, b := d.weights[root.Account], again.weights[root.Account]; a != b || a == 0 {
		t.Errorf("%d bytes, %d when read again", a, b)
	}
	if _, err := d.CreatePolicy(ctx, root, Policy{Name: "p"}, allowNothing); err == nil {
		t.Error("two policies of one name")
	}
	err = errors.Join(
		d.Detach(ctx, root, Role, "dev", p.ARN), d.DeleteInline(ctx, root, Role, "dev", "inline"), d.Delete(ctx, root, Role, "dev"),
		d.DeleteVersion(ctx, root, p.ARN, "v1"), d.DeletePolicy(ctx, root, p.ARN),
	)
	if err != nil || len(d.weights) != 0 {
		t.Errorf("%v bytes are left, %v", d.weights, err)
	}
}

func TestNoAccountTakesTheKeysOfAnother(t *testing.T) {
	d := openForTest(t)
	other := access.Root("444455556666", "eu-central-1")
	d.make(t, User, Entity{Name: "anna"})
	_, k := d.user(t, "anna")
	if _, err := d.Create(t.Context(), other, User, Entity{Name: "anna"}); err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"deletes": d.DeleteKey(t.Context(), other, "anna", k.ID),
		"stops":   d.SetKey(t.Context(), other, "anna", k.ID, false),
	} {
		if fault.KindOf(err) != fault.KindNotFound {
			t.Errorf("another account %s the key: %v", what, err)
		}
	}
	if err := d.SetKey(t.Context(), root, "anna", k.ID, false); err != nil {
		t.Fatal(err)
	}
	if _, ok := d.Find(k.ID, ""); ok {
		t.Error("an inactive key is good")
	}
	d.user(t, "anna")
	if _, _, _, err := d.CreateKey(t.Context(), root, "anna"); fault.KindOf(err) != fault.KindLimit {
		t.Errorf("a third key: %v", err)
	}
	if err := d.Delete(t.Context(), root, User, "anna"); err == nil || fault.KindOf(err) != fault.KindConflict {
		t.Errorf("a user with keys goes: %v", err)
	}
}

// A server that asked nobody who they are lends sessions of every account to
// everybody: they are nothing where keys count.
func TestSessionsOfAnOpenServerAreNotGoodForOneWithKeys(t *testing.T) {
	s := mem.New()
	var opened [2]*Directory
	for i, verified := range []bool{false, true} {
		d, err := Open(t.Context(), Options{Store: s, Guard: access.Boundary{}, Verified: verified})
		if err != nil {
			t.Fatal(err)
		}
		opened[i] = d
	}
	g, err := opened[0].Lend(root, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := opened[0].Find(g.KeyID, g.Token); !ok {
		t.Error("the session is not good where it was made")
	}
	if _, ok := opened[1].Find(g.KeyID, g.Token); ok {
		t.Error("the session is good where keys count")
	}
}

func TestPoliciesKnowTheTagsAndTheBoundaryOfWhatIsMeant(t *testing.T) {
	d := openForTest(t)
	ctx := t.Context()
	limit, err := d.CreatePolicy(ctx, root, Policy{Name: "limit"}, allowNothing)
	if err != nil {
		t.Fatal(err)
	}
	d.make(t, User, Entity{Name: "admin"})
	d.make(t, Role, Entity{Name: "free", Trust: trust})
	d.make(t, Role, Entity{Name: "bound", Trust: trust, Boundary: limit.ARN})
	d.make(t, Role, Entity{Name: "holy", Trust: trust, Boundary: limit.ARN, Tags: []Tag{{"holy", "yes"}}})
	d.allow(t, User, "admin", `[
		{"Effect":"Allow","Action":"iam:PutRolePolicy","Resource":"*","Condition":{"StringEquals":{"iam:PermissionsBoundary":"`+limit.ARN+`"}}},
		{"Effect":"Deny","Action":"iam:*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/holy":"yes"}}}]`)
	admin, _ := d.user(t, "admin")
	for role, want := range map[string]string{
		"bound": "", "free": "because no identity-based policy allows", "holy": "with an explicit deny in an identity-based policy",
	} {
		err := d.PutInline(ctx, admin, Role, role, "p", allowNothing)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", role, err, want)
		}
	}
}

// The tag of a session counts in the place of its role's, in whatever case.
func TestATagOfASessionHidesThatOfItsRole(t *testing.T) {
	d := openForTest(t)
	d.make(t, Role, Entity{Name: "red", Trust: trust, MaxSession: 3600, Tags: []Tag{{"Team", "red"}}})
	d.allow(t, Role, "red", `{"Effect":"Allow","Action":"sqs:*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/team":"blue"}}}`)
	g, err := d.Assume(root, Assumption{Role: "arn:aws:iam::111122223333:role/red", Session: "s", Duration: time.Hour, Tags: []Tag{{"team", "blue"}}})
	if err != nil {
		t.Fatal(err)
	}
	c, _ := d.Find(g.KeyID, g.Token)
	if err := d.Ask(access.Caller{Place: root.Place, Principal: c.Principal, Identity: c.Identity}, "sqs:SendMessage", "*", nil); err != nil {
		t.Error(err)
	}
}

// Who is attached and what goes are never both: whoever comes first wins.
func TestNothingIsAttachedThatIsGone(t *testing.T) {
	d := openForTest(t)
	ctx := t.Context()
	for i := range 50 {
		p, err := d.CreatePolicy(ctx, root, Policy{Name: fmt.Sprint("p", i)}, allowNothing)
		if err != nil {
			t.Fatal(err)
		}
		var attached, deleted error
		var both sync.WaitGroup
		both.Go(func() { attached = d.Attach(ctx, root, Role, "dev", p.ARN) })
		both.Go(func() { deleted = d.DeletePolicy(ctx, root, p.ARN) })
		both.Wait()
		if (attached == nil) == (deleted == nil) {
			t.Fatalf("attached: %v, deleted: %v", attached, deleted)
		}
		if attached == nil {
			if err := errors.Join(d.Detach(ctx, root, Role, "dev", p.ARN), d.DeletePolicy(ctx, root, p.ARN)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestOnlyPoliciesThatThereAreCanBeAttached(t *testing.T) {
	d := openForTest(t)
	for _, arn := range []string{
		"arn:aws:iam::111122223333:policy/none", "arn:aws:iam::444455556666:policy/limit", "arn:aws:x:iam::aws:policy/AdministratorAccess",
		"arn:aws:iam::aws:policy/None", "AdministratorAccess",
	} {
		if err := d.Attach(t.Context(), root, Role, "dev", arn); fault.KindOf(err) != fault.KindNotFound {
			t.Errorf("%s: %v", arn, err)
		}
	}
}

// What makes room is carried out on a full disk.
func TestAFullDiskLetsPoliciesAndKeysGo(t *testing.T) {
	var full atomic.Bool
	d, err := Open(t.Context(), Options{Store: faulty.Full(mem.New(), &full), Guard: access.Boundary{}})
	if err != nil {
		t.Fatal(err)
	}
	d.make(t, User, Entity{Name: "anna"})
	d.allow(t, User, "anna", `{"Effect":"Allow","Action":"sqs:*","Resource":"*"}`)
	_, k := d.user(t, "anna")
	full.Store(true)
	if _, err := d.Create(t.Context(), root, User, Entity{Name: "bob"}); !errors.Is(err, store.ErrFull) {
		t.Errorf("a user too many: %v", err)
	}
	err = errors.Join(
		d.DeleteKey(t.Context(), root, "anna", k.ID), d.DeleteInline(t.Context(), root, User, "anna", "p"), d.Delete(t.Context(), root, User, "anna"),
	)
	if err != nil {
		t.Error(err)
	}
}

// A rule that acts with a role may do what the role may, and only if the role lets it.
func TestARuleIsHeldToTheRoleItActsWith(t *testing.T) {
	const rule, bus = "arn:aws:events:eu-central-1:111122223333:rule/r", "arn:aws:events:eu-central-1:111122223333:event-bus/b"
	const lets = `{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"events.amazonaws.com"}}}`
	s := mem.New()
	d, err := Open(t.Context(), Options{Store: s, Guard: access.Boundary{}})
	if err != nil {
		t.Fatal(err)
	}
	d.make(t, Role, Entity{Name: "sender", Trust: lets})
	d.allow(t, Role, "sender", `{"Effect":"Allow","Action":"events:PutEvents","Resource":"`+bus+`"}`)
	d.make(t, Role, Entity{Name: "idle", Trust: lets})
	d.make(t, Role, Entity{Name: "dev", Trust: trust})
	d.allow(t, Role, "dev", `{"Effect":"Allow","Action":"*","Resource":"*"}`)
	strict, err := Open(t.Context(), Options{Store: s, Guard: access.Boundary{NoRoots: true}, Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	const missing = "because the role does not exist"
	for role, want := range map[string][2]string{
		"sender": {"", ""},
		"idle":   {"because no identity-based policy allows the events:PutEvents action", "because no identity-based policy allows"},
		"dev":    {"because the role trust policy does not allow events.amazonaws.com", "because the role trust policy does not allow"},
		"none":   {"", missing},
	} {
		by, err := access.Role("arn:aws:iam::111122223333:role/"+role, rule)
		if err != nil {
			t.Fatal(err)
		}
		for i, d := range []*Directory{d, strict} {
			err := d.Allow(&access.Ask{Caller: by, Action: "events:PutEvents", Resource: bus, Owner: "111122223333"})
			if want[i] == "" && err != nil || want[i] != "" && (err == nil || !strings.Contains(err.Error(), want[i])) {
				t.Errorf("%s, strict %v: %v, want %q", role, i == 1, err, want[i])
			}
		}
	}
}

// Where there are no roots, nobody is lent to be one.
func TestNobodyIsLentARootThatThereIsNot(t *testing.T) {
	d, err := Open(t.Context(), Options{Store: mem.New(), Guard: access.Boundary{NoRoots: true}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Lend(root, time.Hour); fault.KindOf(err) != fault.KindDenied {
		t.Errorf("a session of the root: %v", err)
	}
}

// A role that nobody made counts as the root of its account for services, so nobody
// who is held to policies can hand it to one.
func TestARoleThatNobodyMadeIsHandedOnByRootsOnly(t *testing.T) {
	d := openForTest(t)
	d.make(t, User, Entity{Name: "anna"})
	d.allow(t, User, "anna", `{"Effect":"Allow","Action":"*","Resource":"*"}`)
	anna, _ := d.user(t, "anna")
	for _, c := range []struct {
		by   access.Caller
		role string
		why  string
	}{
		{anna, devARN, ""},
		{anna, "arn:aws:iam::111122223333:role/none", "because the role does not exist"},
		{anna, "arn:aws:iam::111122223333:role/path/dev", "because the role does not exist"},
		{root, "arn:aws:iam::111122223333:role/none", ""},
	} {
		err := d.Ask(c.by, "iam:PassRole", c.role, nil)
		if c.why == "" && err != nil || c.why != "" && (err == nil || !strings.HasSuffix(err.Error(), c.why)) {
			t.Errorf("%s hands on %s: %v, want %q", c.by.Principal, c.role, err, c.why)
		}
	}
}

// Who is taken at their word may make up accounts, and all of them share what one may have.
func TestAccountsThatCallersMakeUpAreBoundTogether(t *testing.T) {
	s := mem.New()
	open := func() *Directory {
		d, err := Open(t.Context(), Options{
			Store: s, Guard: access.Boundary{}, Configured: func(account string) bool { return account == root.Account },
		})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	d := open()
	made := access.Root("444455556666", "eu-central-1")
	if _, err := d.Create(t.Context(), made, User, Entity{Name: "anna"}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Create(t.Context(), root, User, Entity{Name: "anna"}); err != nil {
		t.Fatal(err)
	}
	if again := open(); d.strange == 0 || again.strange != d.strange || d.strange >= d.weights[made.Account]+d.weights[root.Account] {
		t.Errorf("%d bytes are counted, %d when it is opened again", d.strange, again.strange)
	}
	d.strange = maxWeight
	if _, err := d.Create(t.Context(), access.Root("777788889999", "eu-central-1"), User, Entity{Name: "anna"}); fault.KindOf(err) != fault.KindLimit || !strings.Contains(err.Error(), "-keys") {
		t.Errorf("one more account: %v", err)
	}
	if _, err := d.Create(t.Context(), root, User, Entity{Name: "bob"}); err != nil {
		t.Errorf("the account of the settings: %v", err)
	}
	if err := d.Delete(t.Context(), made, User, "anna"); err != nil || d.strange >= maxWeight {
		t.Errorf("what goes gives way to others: %v, %d", err, d.strange)
	}
}
