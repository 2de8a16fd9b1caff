package catalog

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/function/code"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/mem"
	"github.com/dari-bus/dari/internal/store/table"
)

// A house stands in for the rest of it.
type house struct{}

func (house) Check(Address, string) error                     { return nil }
func (house) Begin(store.Tx, Address, *Async) (uint64, error) { return 1, nil }
func (house) Retire(store.Tx, uint64) error                   { return nil }
func (house) Abandon(store.Tx, uint64) error                  { return nil }

// ours is the account of the settings; callers make others up.
const ours = "111122223333"

// openToAll opens a catalog for accounts that are made up, with room for three functions or
// versions of all of them, and returns what makes a function in it.
func openToAll(t *testing.T) (*Catalog, func(account, name string) error) {
	t.Helper()
	s := mem.New()
	keeper, err := code.Open(code.Options{Store: s, Dir: func(context.Context) (string, error) { return t.TempDir(), nil }})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := zip.NewWriter(&b).Close(); err != nil {
		t.Fatal(err)
	}
	c, err := Open(t.Context(), Options{
		Store: s, Guard: access.Boundary{}, Code: keeper, Roles: house{}, Outbox: house{},
		Configured: func(account string) bool { return account == ours }, MaxStrange: 3 * leastStrange,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c, func(account, name string) error {
		by := access.Root(account, "eu-central-1")
		runtime, handler, role := "python3.12", "a.h", "arn:aws:iam::"+account+":role/r"
		_, err := c.Create(t.Context(), by, Address{Place: by.Place, Name: name}, Draft{Zip: b.Bytes(), Change: Change{Runtime: &runtime, Handler: &handler, Role: &role}})
		return err
	}
}

// Whoever is taken at their word can be as many accounts as they like.
func TestAccountsThatAreMadeUpHaveABoundOfCodeTogether(t *testing.T) {
	c, create := openToAll(t)
	for _, account := range []string{"100000000000", "200000000000"} {
		if err := create(account, "fn"); err != nil {
			t.Errorf("%s: %v", account, err)
		}
	}
	publish := func(account string) error {
		by := access.Root(account, "eu-central-1")
		_, err := c.Publish(t.Context(), by, Address{Place: by.Place, Name: "fn"}, nil, "", "")
		return err
	}
	if err := publish("100000000000"); err != nil {
		t.Errorf("a version: %v", err)
	}
	if err := publish("200000000000"); fault.KindOf(err) != fault.KindLimit {
		t.Errorf("one version more: %v", err)
	}
	if err := create("300000000000", "fn"); fault.KindOf(err) != fault.KindLimit || !strings.Contains(err.Error(), "-keys") {
		t.Errorf("the third account of those: %v", err)
	}
	for _, name := range []string{"one", "two", "three"} {
		if err := create(ours, name); err != nil {
			t.Error(err)
		}
	}
}

// A function has as many aliases as its account may have, each with a policy of its own, so
// that functions alone bound neither.
func TestAccountsThatAreMadeUpHaveABoundOfAliasesAndPermissionsTogether(t *testing.T) {
	c, create := openToAll(t)
	by := func(account string) (access.Caller, Address) {
		by := access.Root(account, "eu-central-1")
		return by, Address{Place: by.Place, Name: "fn"}
	}
	alias := func(account, name, description string) error {
		by, fn := by(account)
		version := Latest
		_, err := c.CreateAlias(t.Context(), by, fn.With(name), AliasChange{Version: &version, Description: &description})
		return err
	}
	permit := func(account, sid string) error {
		by, fn := by(account)
		_, err := c.AddPermission(t.Context(), by, fn, Permission{Sid: sid, Action: "lambda:InvokeFunction", Principal: access.Events, SourceARN: "arn:aws:events:eu-central-1:" + account + ":rule/" + strings.Repeat("r", 200)})
		return err
	}
	for _, account := range []string{ours, "100000000000", "200000000000"} {
		if err := create(account, "fn"); err != nil {
			t.Fatal(err)
		}
	}
	// The door lets nobody say so much at once.
	if err := alias("100000000000", "long", strings.Repeat("x", maxBytes-3*1024)); err != nil {
		t.Fatal(err)
	}
	limit := func(what string, err error) {
		t.Helper()
		if f, ok := errors.AsType[*fault.Error](err); !ok || f.Kind != fault.KindLimit || f.Code != "LimitExceededException" || !strings.Contains(f.Message, "-keys") {
			t.Errorf("%s: %v, want a limit that says what to do", what, err)
		}
	}
	limit("an alias", alias("200000000000", "a", strings.Repeat("x", 800)))
	if err := permit("200000000000", "one"); err != nil {
		t.Error(err)
	}
	limit("a permission", permit("200000000000", "two"))
	if err := alias(ours, "a", strings.Repeat("x", 800)); err != nil {
		t.Errorf("an account of the settings: %v", err)
	}
	by1, fn1 := by("100000000000")
	if err := c.DeleteAlias(t.Context(), by1, fn1.With("long")); err != nil {
		t.Fatal(err)
	}
	if err := permit("200000000000", "two"); err != nil {
		t.Errorf("when there is room again: %v", err)
	}
}

// Of a layer something is left when all of its versions have gone.
func TestWhatIsLeftOfLayersCountsAsWell(t *testing.T) {
	c, _ := openToAll(t)
	put := func(account string, weight int) error {
		at := access.Place{Account: account, Region: "eu-central-1"}
		return c.opt.Store.Update(t.Context(), func(tx store.Tx) error {
			return errors.Join(
				c.aliases.In(tx).Put(table.Key{Place: at, Name: "a"}, &Alias{Name: "a", Description: strings.Repeat("x", weight-1281)}),
				c.shelves.In(tx).Put(table.Key{Place: at, Name: "l"}, &shelf{1}),
			)
		})
	}
	if err := put("100000000000", maxBytes-255); fault.KindOf(err) != fault.KindLimit {
		t.Errorf("a layer too many: %v", err)
	}
	if err := put("100000000000", maxBytes-256); err != nil {
		t.Errorf("one that just fits: %v", err)
	}
}
