package catalog

import (
	"archive/zip"
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/function/code"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/mem"
)

// A house stands in for the rest of it.
type house struct{}

func (house) Check(Address, string) error                     { return nil }
func (house) Begin(store.Tx, Address, *Async) (uint64, error) { return 1, nil }
func (house) Retire(store.Tx, uint64) error                   { return nil }
func (house) Abandon(store.Tx, uint64) error                  { return nil }

// Whoever is taken at their word can be as many accounts as they like.
func TestAccountsThatAreMadeUpHaveABoundOfCodeTogether(t *testing.T) {
	s := mem.New()
	keeper, err := code.Open(code.Options{Store: s, Dir: func(context.Context) (string, error) { return t.TempDir(), nil }})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := zip.NewWriter(&b).Close(); err != nil {
		t.Fatal(err)
	}
	const ours = "111122223333"
	c, err := Open(t.Context(), Options{
		Store: s, Guard: access.Boundary{}, Code: keeper, Roles: house{}, Outbox: house{},
		Configured: func(account string) bool { return account == ours }, MaxStrange: 3 * leastStrange,
	})
	if err != nil {
		t.Fatal(err)
	}
	create := func(account, name string) error {
		by := access.Root(account, "eu-central-1")
		runtime, handler, role := "python3.12", "a.h", "arn:aws:iam::"+account+":role/r"
		_, err := c.Create(t.Context(), by, Address{Place: by.Place, Name: name}, Draft{Zip: b.Bytes(), Change: Change{Runtime: &runtime, Handler: &handler, Role: &role}})
		return err
	}
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
