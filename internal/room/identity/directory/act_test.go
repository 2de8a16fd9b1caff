package directory

import (
	"testing"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store/mem"
)

func TestAServiceAssumesTheRolesThatLetItIn(t *testing.T) {
	const (
		function = "arn:aws:lambda:eu-central-1:111122223333:function:f"
		allowed  = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"lambda.amazonaws.com"},` +
			`"Condition":{"ArnEquals":{"aws:SourceArn":"` + function + `"}}}}`
	)
	for _, strict := range []bool{false, true} {
		d, err := Open(t.Context(), Options{Store: mem.New(), Guard: access.Boundary{}, Strict: strict})
		if err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string]string{"ours": allowed, "other": trust} {
			if _, err := d.Create(t.Context(), root, Role, Entity{Name: name, Path: "/app/", Trust: text, MaxSession: 3600}); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range []struct {
			service, source, role string
			arn                   string // "" when it is refused
		}{
			{"lambda.amazonaws.com", function, "arn:aws:iam::111122223333:role/app/ours", "arn:aws:sts::111122223333:assumed-role/ours/f"},
			{"lambda.amazonaws.com", function + "2", "arn:aws:iam::111122223333:role/app/ours", ""},
			{"codebuild.amazonaws.com", function, "arn:aws:iam::111122223333:role/app/ours", ""},
			{"lambda.amazonaws.com", function, "arn:aws:iam::111122223333:role/app/other", ""},
			{"lambda.amazonaws.com", function, "arn:aws:iam::444455556666:role/none", ""},
			{"lambda.amazonaws.com", function, "arn:aws:iam::111122223333:user/none", ""},
			{"lambda.amazonaws.com", function, "arn:aws:iam::111122223333:role/none", map[bool]string{false: "arn:aws:iam::111122223333:root"}[strict]},
		} {
			by, err := access.Service(c.service, c.source)
			if err != nil {
				t.Fatal(err)
			}
			if err := d.Entrusts(by, c.role); (err == nil) != (c.arn != "") {
				t.Errorf("%+v, strict %v: entrusted: %v", c, strict, err)
			}
			g, err := d.AssumeForService(by, c.role, "f", 8*time.Hour)
			if c.arn == "" {
				if fault.KindOf(err) != fault.KindDenied {
					t.Errorf("%+v, strict %v: %v", c, strict, err)
				}
				continue
			}
			if err != nil {
				t.Errorf("%+v, strict %v: %v", c, strict, err)
				continue
			}
			if who, ok := d.Find(g.KeyID, g.Token); !ok || who.Principal != c.arn || who.Secret != g.Secret || time.Until(who.Expires) < 7*time.Hour {
				t.Errorf("%+v, strict %v: the session is %+v, %v", c, strict, who, ok)
			}
		}
	}
}
