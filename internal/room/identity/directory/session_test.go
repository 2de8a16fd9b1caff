package directory

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/mem"
)

const trust = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["sts:AssumeRole","sts:TagSession"],"Principal":{"AWS":"111122223333"}}}`

var root = access.Root("111122223333", "eu-central-1")

func openForTest(t *testing.T) *Directory {
	t.Helper()
	d, err := Open(t.Context(), Options{Store: mem.New(), Guard: access.Boundary{}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Create(t.Context(), root, Role, Entity{Name: "dev", Trust: trust, MaxSession: 43200}); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *Directory) mustAssume(t *testing.T, duration time.Duration) *Grant {
	t.Helper()
	g, err := d.Assume(root, Assumption{Role: "arn:aws:iam::111122223333:role/dev", Session: "s1", Duration: duration})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestASessionEndsAtItsTimeAndIsNobodyElses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := openForTest(t)
		g, other := d.mustAssume(t, time.Hour), d.mustAssume(t, time.Hour)
		c, ok := d.Find(g.KeyID, g.Token)
		if !ok || c.Secret != g.Secret || c.Principal != "arn:aws:sts::111122223333:assumed-role/dev/s1" || !c.Expires.Equal(time.Now().Truncate(time.Second).Add(time.Hour)) {
			t.Errorf("the session is %+v, %v", c, ok)
		}
		for what, token := range map[string]string{"none": "", "that of another": other.Token, "one that was changed": g.Token[:40] + "A" + g.Token[41:]} {
			if _, ok := d.Find(g.KeyID, token); ok && token != g.Token {
				t.Errorf("%s will do for a token", what)
			}
		}
		if !d.Issued(g.KeyID) || d.Issued("ASIA"+strings.Repeat("A", 16)) || d.Issued("111122223333") {
			t.Error("keys of ours are not told from others")
		}
		if err := d.Delete(t.Context(), root, Role, "dev"); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Create(t.Context(), root, Role, Entity{Name: "dev", Trust: trust}); err != nil {
			t.Fatal(err)
		}
		if _, ok := d.Find(g.KeyID, g.Token); ok {
			t.Error("the session outlives its role, as one of another role of that name")
		}
	})
}

// rooms-ahead I23: sessions of sessions last an hour at most.
func TestChainedSessionsLastAnHour(t *testing.T) {
	d := openForTest(t)
	g := d.mustAssume(t, 12*time.Hour)
	c, _ := d.Find(g.KeyID, g.Token)
	by := access.Caller{Place: root.Place, Principal: c.Principal, Identity: c.Identity}
	if err := d.PutInline(t.Context(), root, Role, "dev", "p", `{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}}`); err != nil {
		t.Fatal(err)
	}
	w := Assumption{Role: "arn:aws:iam::111122223333:role/dev", Session: "s2", Duration: 2 * time.Hour}
	_, err := d.Assume(by, w)
	if err == nil || err.Error() != "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining." {
		t.Error(err)
	}
	w.Duration = time.Hour
	if _, err := d.Assume(by, w); err != nil {
		t.Error(err)
	}
}

// rooms-ahead I22: what GetSessionToken lends does not open IAM.
func TestLentSessionsDoNotOpenIAM(t *testing.T) {
	d := openForTest(t)
	g, err := d.Lend(root, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	c, _ := d.Find(g.KeyID, g.Token)
	by := access.Caller{Place: root.Place, Principal: c.Principal, Identity: c.Identity}
	for action, want := range map[string]bool{"iam:ListUsers": false, "sts:GetFederationToken": false, "sts:AssumeRole": true, "sqs:ListQueues": true} {
		if err := d.Ask(by, action, "*", nil); (err == nil) != want {
			t.Errorf("%s: %v", action, err)
		}
	}
}

func TestNoSecretIsKept(t *testing.T) {
	s := mem.New()
	d, err := Open(t.Context(), Options{Store: s, Guard: access.Boundary{}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Create(t.Context(), root, User, Entity{Name: "anna"}); err != nil {
		t.Fatal(err)
	}
	_, k, secret, err := d.CreateKey(t.Context(), root, "anna")
	if err != nil {
		t.Fatal(err)
	}
	if c, ok := d.Find(k.ID, ""); !ok || c.Secret != secret || c.Identity.User != "anna" {
		t.Errorf("the key is %+v, %v", c, ok)
	}
	err = s.View(t.Context(), func(tx store.Tx) error {
		for key, value := range tx.Scan(nil, nil) {
			if bytes.Contains(value, []byte(secret)) {
				t.Errorf("%s holds the secret", key)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// rooms-ahead I52, I53.
func TestWhatIsNoPolicyIsRefusedInAWSsWords(t *testing.T) {
	for text, want := range map[string]string{
		`{`: "Syntax errors in policy.",
		`{"Statement":{"Effect":"Allow","Principal":"*","Action":"a:b","Resource":"*"}}`: "Policy document should not specify a principal.",
	} {
		if _, err := parseIdentity(text); err == nil || err.Error() != want {
			t.Errorf("%s: %v", text, err)
		}
	}
	_, err := parseTrust(`{"Statement":{"Effect":"Allow","Principal":{"AWS":[]},"Action":"sts:AssumeRole"}}`)
	if want := "Invalid principal in policy: com.amazon.balsa.error.InvalidPolicyException: The passed in policy has a statement with no principals!"; err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
}

func TestASourceIdentityStaysThroughAllRoles(t *testing.T) {
	d := openForTest(t)
	const all = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:*","Resource":"*"}}`
	if err := d.SetTrust(t.Context(), root, "dev", strings.Replace(trust, "sts:TagSession", "sts:SetSourceIdentity", 1)); err != nil {
		t.Fatal(err)
	}
	if err := d.PutInline(t.Context(), root, Role, "dev", "p", all); err != nil {
		t.Fatal(err)
	}
	w := Assumption{Role: "arn:aws:iam::111122223333:role/dev", Session: "s1", Source: "mallory", Duration: time.Hour}
	by := root
	for range 3 {
		g, err := d.Assume(by, w)
		if err != nil {
			t.Fatal(err)
		}
		c, ok := d.Find(g.KeyID, g.Token)
		if !ok || c.Identity.Source != "mallory" || g.Source != "mallory" {
			t.Fatalf("the session is %+v, %v", c.Identity, ok)
		}
		by.Principal, by.Identity, w.Source = c.Principal, c.Identity, ""
	}
	w.Source = "alice"
	if _, err := d.Assume(by, w); fault.KindOf(err) != fault.KindDenied {
		t.Errorf("another source identity: %v", err)
	}
}
