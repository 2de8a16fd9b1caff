package directory

import (
	"testing"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store/mem"
)

func TestWhoIsRenamedStaysWhoTheyAre(t *testing.T) {
	s := mem.New()
	d, err := Open(t.Context(), Options{Store: s, Guard: access.Boundary{}})
	if err != nil {
		t.Fatal(err)
	}
	before := d.make(t, User, Entity{Name: "anna"})
	d.make(t, User, Entity{Name: "bob"})
	d.make(t, Group, Entity{Name: "Ops"})
	d.allow(t, Group, "Ops", `{"Effect":"Allow","Action":"sqs:*","Resource":"*"}`)
	if err := d.Join(t.Context(), root, User, "anna", Group, "Ops"); err != nil {
		t.Fatal(err)
	}
	_, key := d.user(t, "anna")
	if err := d.Rename(t.Context(), root, User, "anna", "BOB", ""); fault.KindOf(err) != fault.KindConflict {
		t.Errorf("a name that another has but for its case: %v", err)
	}
	if err := d.Rename(t.Context(), root, User, "anna", "Anne", "/team/"); err != nil {
		t.Fatal(err)
	}
	if err := d.Rename(t.Context(), root, Group, "ops", "admins", ""); err != nil {
		t.Fatal(err)
	}
	again, err := Open(t.Context(), Options{Store: s, Guard: access.Boundary{}})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []*Directory{d, again} {
		c, ok := d.Find(key.ID, "")
		if !ok || c.Principal != "arn:aws:iam::111122223333:user/team/Anne" || c.Identity.ID != before.ID {
			t.Errorf("the key is %+v, %v", c, ok)
		}
		anne := access.Caller{Place: root.Place, Principal: c.Principal, Identity: c.Identity}
		if err := d.Ask(anne, "sqs:ListQueues", "*", nil); err != nil {
			t.Errorf("the policies of the group: %v", err)
		}
		if _, err := d.Get(root, "GetUser", User, "anna"); fault.KindOf(err) != fault.KindNotFound {
			t.Errorf("the old name: %v", err)
		}
		if d.weights["111122223333"] == 0 {
			t.Error("nothing is counted")
		}
	}
	if d.weights["111122223333"] != again.weights["111122223333"] {
		t.Errorf("%d bytes are counted, and %d are there", d.weights["111122223333"], again.weights["111122223333"])
	}
}

// Who may rename must be allowed to with the old and with the new name.
func TestNobodyIsRenamedIntoWhatIsNotTheirs(t *testing.T) {
	d := openForTest(t)
	d.make(t, User, Entity{Name: "anna"})
	d.make(t, User, Entity{Name: "temp", Path: "/temp/"})
	d.allow(t, User, "anna", `{"Effect":"Allow","Action":"iam:UpdateUser","Resource":"arn:aws:iam::111122223333:user/temp/*"}`)
	anna, _ := d.user(t, "anna")
	if err := d.Rename(t.Context(), anna, User, "temp", "boss", "/"); fault.KindOf(err) != fault.KindDenied {
		t.Errorf("out of the path: %v", err)
	}
	if err := d.Rename(t.Context(), anna, User, "anna", "", "/temp/"); fault.KindOf(err) != fault.KindDenied {
		t.Errorf("into the path: %v", err)
	}
	if err := d.Rename(t.Context(), anna, User, "temp", "other", ""); err != nil {
		t.Error(err)
	}
}
