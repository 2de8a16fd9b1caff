package table_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/mem"
	"github.com/dari-bus/dari/internal/store/table"
)

// weighed is options of things that weigh as many bytes as they count, 10,000 of an account
// and of all accounts but that of here.
func weighed(s store.Store) table.Options[thing] {
	opt := options(s)
	opt.Scale = &table.Scale{
		Max: 10_000, What: "things", Code: "LimitExceeded",
		Configured: func(account string) bool { return account == here.Account },
	}
	opt.Weight = func(r *thing) int { return r.Count }
	return opt
}

func TestRecordsOfAnAccountHaveABoundInBytes(t *testing.T) {
	s := mem.New()
	things := open(t, weighed(s))
	puts := func(at access.Place, name string, n int) error {
		return s.Update(t.Context(), func(tx store.Tx) error {
			return things.In(tx).Put(table.Key{Place: at, Name: name}, newThing(name, n))
		})
	}
	one, two := access.Place{Account: "000000000001", Region: "r"}, access.Place{Account: "000000000002", Region: "r"}
	for i, c := range []struct {
		at   access.Place
		name string
		n    int
		says string // "" is no fault
	}{
		{here, "a", 5000, ""},
		{there, "a", 5000, "of the account"}, // in another region
		{there, "a", 4000, ""},
		{here, "a", 6000, "of the account"}, // it grows
		{here, "a", 4000, ""},
		{here, "a", 5000, ""},
		{one, "a", 5000, ""}, // callers made these up
		{two, "a", 5000, "-keys"},
		{two, "a", 4000, ""},
		{one, "a", 5001, ""},
		{one, "a", 6000, "-keys"},
	} {
		err := puts(c.at, c.name, c.n)
		f, _ := errors.AsType[*fault.Error](err)
		if (err == nil) != (c.says == "") || err != nil && (f == nil || f.Kind != fault.KindLimit || f.Code != "LimitExceeded" || !strings.Contains(f.Message, c.says)) {
			t.Errorf("row %d: %v, want a limit that says %q", i, err, c.says)
		}
	}

	// What fails counts for nothing, what goes makes room, and who opens it again counts the same.
	if _, err := things.Delete(t.Context(), table.Key{Place: there, Name: "a"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Update(t.Context(), func(tx store.Tx) error {
		return errors.Join(things.In(tx).Put(key("b"), newThing("b", 4000)), errBroken)
	}); !errors.Is(err, errBroken) {
		t.Fatal(err)
	}
	opt := weighed(s)
	things = open(t, opt)
	for n, want := range map[int]bool{10_000 - 5000 - 2*256: true, 10_000 - 5000 - 2*256 + 1: false} {
		if got := opt.Scale.Fits(here.Account, n); got != want {
			t.Errorf("%d more: %v, want %v", n, got, want)
		}
	}
}
