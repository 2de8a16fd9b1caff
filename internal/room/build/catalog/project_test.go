package catalog

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/mem"
)

const ours = "111122223333"

func open(t *testing.T, s store.Store) *Catalog {
	t.Helper()
	c, err := Open(t.Context(), s, access.Boundary{}, func(account string) bool { return account == ours })
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// like is a project of an account whose buildspec has a length.
func like(account, name string, spec int) Project {
	role := "arn:aws:iam::" + account + ":role/builds"
	return Project{Name: name, Settings: Settings{
		Source:      &Source{Type: "NO_SOURCE", Buildspec: "version: 0.2\n#" + strings.Repeat("x", spec)},
		Artifacts:   &Artifacts{Type: "NO_ARTIFACTS"},
		Environment: &Environment{Type: "LINUX_CONTAINER", Image: "i", ComputeType: "BUILD_GENERAL1_SMALL"},
		ServiceRole: &role,
	}}
}

func create(ctx context.Context, c *Catalog, account, region, name string, spec int) error {
	_, err := c.Create(ctx, access.Root(account, region), like(account, name, spec))
	return err
}

// fill has an account have projects in several regions that say to have all but left bytes
// of what projects may have.
func fill(t *testing.T, s store.Store, c *Catalog, account string, left int) {
	t.Helper()
	err := s.Update(t.Context(), func(tx store.Tx) error {
		for i := range 4 {
			p := like(account, "filler", 10)
			p.Place, p.Bytes = access.Place{Account: account, Region: fmt.Sprint("region-", i)}, maxBytes/4-left/4-256
			if err := c.projects.In(tx).Create(p.key(), &p); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// 5,000 projects of 256 KiB would be more than a gigabyte of memory.
func TestProjectsOfAnAccountHaveABoundInBytes(t *testing.T) {
	s := mem.New()
	c := open(t, s)
	const large = 20 << 10
	fill(t, s, c, ours, large+2000)
	if err := create(t.Context(), c, ours, "region-8", "last", large); err != nil {
		t.Fatal(err)
	}
	err := create(t.Context(), c, ours, "region-9", "more", large)
	if f, ok := errors.AsType[*fault.Error](err); !ok || f.Kind != fault.KindLimit || !strings.Contains(f.Message, "The projects of the account would take more than 32 MiB in all.") {
		t.Errorf("one too many: %v", err)
	}
	by := access.Root(ours, "region-8")
	change := func(spec int) error {
		_, err := c.Update(t.Context(), by, "last", func(p *Project) { p.Source = like(ours, "last", spec).Source })
		return err
	}
	if err := change(large + 4000); fault.KindOf(err) != fault.KindLimit {
		t.Errorf("one that grows: %v", err)
	}
	if err := change(large); err != nil {
		t.Errorf("one that does not: %v", err)
	}
	if err := s.Update(t.Context(), func(tx store.Tx) error {
		_, err := c.Number(tx, c.Find(by.Place, "last"))
		return err
	}); err != nil {
		t.Errorf("a build of one: %v", err)
	}
	if err := c.Delete(t.Context(), by, "last"); err != nil {
		t.Fatal(err)
	}
	if err := create(t.Context(), c, ours, "region-9", "more", large); err != nil {
		t.Errorf("in the place of one that was deleted: %v", err)
	}
}

func TestAccountsThatAreMadeUpHaveABoundOfProjectsTogether(t *testing.T) {
	s := mem.New()
	c := open(t, s)
	fill(t, s, c, "000000000001", 2000)
	err := create(t.Context(), c, "000000000002", "eu-central-1", "p", 4000)
	if fault.KindOf(err) != fault.KindLimit || !strings.Contains(err.Error(), "-keys") {
		t.Errorf("got %v, want a limit that says what to do", err)
	}
	if err := create(t.Context(), c, ours, "eu-central-1", "p", 4000); err != nil {
		t.Errorf("an account of the settings: %v", err)
	}
}

func TestTagsCountAsSettingsDo(t *testing.T) {
	s := mem.New()
	c := open(t, s)
	by := access.Root(ours, "eu-central-1")
	p := like(ours, "p", 10)
	before := p.size()
	for i := range maxTags {
		p.Tags = append(p.Tags, Tag{fmt.Sprintf("key-%02d", i), strings.Repeat("é", maxTagValue)})
	}
	made, err := c.Create(t.Context(), by, p)
	if err != nil || made.Bytes < before+maxTags*2*maxTagValue {
		t.Fatalf("%v; %d bytes without tags", err, before)
	}
	if again := open(t, s).Find(by.Place, "p"); again.Bytes != made.Bytes {
		t.Errorf("%d bytes, and %d after a restart", made.Bytes, again.Bytes)
	}
	p.Name, p.Tags = "q", append(p.Tags, Tag{"one", "more"})
	if _, err := c.Create(t.Context(), by, p); fault.KindOf(err) != fault.KindInvalid {
		t.Errorf("%d tags: %v", len(p.Tags), err)
	}
}

func TestWhatIsMissingOrTakenIsSaid(t *testing.T) {
	c := open(t, mem.New())
	by, stranger := access.Root(ours, "eu-central-1"), access.Root("444455556666", "eu-central-1")
	if err := create(t.Context(), c, ours, by.Region, "p", 10); err != nil {
		t.Fatal(err)
	}
	change := func(by access.Caller, id string) error {
		_, err := c.Update(t.Context(), by, id, func(*Project) {})
		return err
	}
	get := func(by access.Caller, id string) error {
		_, err := c.Get(by, "StartBuild", id)
		return err
	}
	arn := ARN(by.Place, "p")
	for name, row := range map[string]struct {
		err  error
		want fault.Kind
	}{
		"taken":                   {create(t.Context(), c, ours, by.Region, "p", 10), fault.KindConflict},
		"changed, and not there":  {change(by, "q"), fault.KindNotFound},
		"read, and not there":     {get(by, "q"), fault.KindNotFound},
		"another account's":       {get(stranger, arn), fault.KindDenied},
		"changed by a stranger":   {change(stranger, arn), fault.KindDenied},
		"deleted by a stranger":   {c.Delete(t.Context(), stranger, arn), fault.KindDenied},
		"by its ARN":              {get(by, arn), 0},
		"deleted, and not there":  {c.Delete(t.Context(), by, "q"), 0},
		"a role of somebody else": {func() error { _, err := c.Create(t.Context(), by, like("444455556666", "r", 10)); return err }(), fault.KindInvalid},
	} {
		if got := fault.KindOf(row.err); got != row.want {
			t.Errorf("%s: %v (%v), want %v", name, row.err, got, row.want)
		}
	}
}
