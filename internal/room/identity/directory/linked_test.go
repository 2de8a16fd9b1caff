package directory

import (
	"errors"
	"testing"

	"github.com/dari-bus/dari/internal/fault"
)

func TestTheRoleOfAServiceIsItsOwn(t *testing.T) {
	d := openForTest(t)
	e, err := d.CreateLinked(t.Context(), root, "autoscaling.amazonaws.com", "shop", "")
	if err != nil {
		t.Fatal(err)
	}
	if want := "arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling_shop"; e.ARN != want {
		t.Errorf("the role is %s, want %s", e.ARN, want)
	}
	if _, err := d.CreateLinked(t.Context(), root, "autoscaling.amazonaws.com", "shop", ""); err == nil ||
		err.Error() != "Service role name AWSServiceRoleForAutoScaling_shop has been taken in this account, please try a different suffix." {
		t.Errorf("once more: %v", err)
	}
	const nothing = `{"Statement":{"Effect":"Deny","Action":"a:b","Resource":"*"}}`
	for what, err := range map[string]error{
		"PutRolePolicy": d.PutInline(t.Context(), root, Role, e.Name, "p", nothing),
		"SetTrust":      d.SetTrust(t.Context(), root, e.Name, trust),
		"DeleteRole":    d.Delete(t.Context(), root, Role, e.Name),
	} {
		if f, ok := errors.AsType[*fault.Error](err); !ok || f.Code != "UnmodifiableEntity" {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := d.Tag(t.Context(), root, Role, e.Name, []Tag{{"a", "b"}}); err != nil {
		t.Errorf("a tag: %v", err)
	}
	if _, err := d.Create(t.Context(), root, Role, Entity{Name: "AWSServiceRoleForECS", Path: "/aws-service-role/ecs.amazonaws.com/", Trust: trust}); fault.KindOf(err) != fault.KindInvalid {
		t.Errorf("one that somebody makes: %v", err)
	}
	if _, err := d.DeleteLinked(t.Context(), root, "dev"); fault.KindOf(err) != fault.KindInvalid {
		t.Errorf("a role of people's: %v", err)
	}
	task, err := d.DeleteLinked(t.Context(), root, e.Name)
	if err != nil {
		t.Fatal(err)
	}
	if there, err := d.Linked(root, task); there || err != nil {
		t.Errorf("it is still there: %v, %v", there, err)
	}
	if _, err := d.Linked(root, "task/other"); fault.KindOf(err) != fault.KindNotFound {
		t.Errorf("a task that never was: %v", err)
	}
}
