package directory

import (
	"testing"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store/mem"
)

func TestAnAccountHasOneAliasThatNoOtherHas(t *testing.T) {
	s := mem.New()
	d, err := Open(t.Context(), Options{Store: s, Guard: access.Boundary{}})
	if err != nil {
		t.Fatal(err)
	}
	other := access.Root("444455556666", "eu-central-1")
	for _, name := range []string{"shop", "store"} {
		if err := d.SetAlias(t.Context(), root, name); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.SetAlias(t.Context(), other, "store"); fault.KindOf(err) != fault.KindConflict {
		t.Errorf("the alias of another account: %v", err)
	}
	if err := d.DeleteAlias(t.Context(), other, "store"); fault.KindOf(err) != fault.KindNotFound {
		t.Errorf("another account deletes it: %v", err)
	}
	if err := d.SetAlias(t.Context(), other, "shop"); err != nil {
		t.Errorf("one that is free again: %v", err)
	}
	again, err := Open(t.Context(), Options{Store: s, Guard: access.Boundary{}})
	if err != nil {
		t.Fatal(err)
	}
	if name, err := again.Alias(root); name != "store" || err != nil {
		t.Errorf("the alias is %q, %v", name, err)
	}
	if again.weights["111122223333"] != d.weights["111122223333"] {
		t.Errorf("%d bytes are counted, and %d are there", d.weights["111122223333"], again.weights["111122223333"])
	}
	if err := again.DeleteAlias(t.Context(), root, "store"); err != nil {
		t.Fatal(err)
	}
	if name, err := again.Alias(root); name != "" || err != nil || again.weights["111122223333"] != 0 {
		t.Errorf("after it was deleted: %q, %v, %d bytes", name, err, again.weights["111122223333"])
	}
}
