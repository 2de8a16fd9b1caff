package provision

import (
	"math"
	"strings"
	"testing"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/function/catalog"
	"github.com/dari-bus/dari/internal/room/function/pool"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/mem"
)

// A house lets everybody do all, and has a version of each function.
type house struct{}

func (house) Allow(*access.Ask) error { return nil }

func (house) Find(a catalog.Address) (catalog.Found, error) {
	return catalog.Found{Version: &catalog.Version{Number: "1"}, At: a}, nil
}

func (house) Has(store.Tx, catalog.Address) bool { return true }
func (house) Attach(catalog.Part)                {}

func (house) Keep([]pool.Kept)                  {}
func (house) Kept(catalog.Found) pool.Readiness { return pool.Readiness{} }

func TestWhatIsKeptHasABound(t *testing.T) {
	p, err := Open(t.Context(), Options{
		Store: mem.New(), Guard: house{}, Functions: house{}, Environments: house{},
		Configured: func(account string) bool { return account == "210987654321" },
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		account, name string
		n             int
		ok            bool
	}{
		{"210987654321", "a", 2, true},
		{"210987654321", "b", math.MaxInt, false}, // with the two it is less than nothing
		{"210987654321", "b", most - 1, false},
		{"000000000001", "a", most, true},
		{"000000000001", "a", most, true}, // once more
		{"000000000002", "a", 1, false},   // another one that was made up
		{"210987654321", "b", most - 2, true},
	} {
		at := catalog.Address{Place: access.Place{Account: c.account, Region: "eu-central-1"}, Name: c.name, Qualifier: "1"}
		if _, err := p.Put(t.Context(), access.Caller{Place: at.Place}, at, c.n); (err == nil) != c.ok {
			t.Errorf("%d of %s: %v", c.n, at.ARN(), err)
		}
	}
}

// A shop has functions whose versions and reserved environments the test says.
type shop struct {
	house
	// versions are the numbers that addresses lead to, by their ends, and reserved is how
	// many environments are each function's own.
	versions map[string]string
	reserved *int
	// deny is what nobody may do.
	deny string
	kept []pool.Kept
	part catalog.Part
}

func (s *shop) Allow(a *access.Ask) error {
	if a.Action == "lambda:"+s.deny {
		return fault.Denied("no")
	}
	return nil
}

func (s *shop) Find(a catalog.Address) (catalog.Found, error) {
	number, ok := s.versions[a.Name+":"+a.Qualifier]
	if !ok && a.Qualifier != "" {
		return catalog.Found{}, fault.NotFound("Function not found: %s", a.ARN())
	}
	return catalog.Found{Version: &catalog.Version{Number: number}, At: a.With(number), Reserved: s.reserved}, nil
}

func (s *shop) Has(_ store.Tx, a catalog.Address) bool {
	_, ok := s.versions[a.Name+":"+a.Qualifier]
	return ok
}

func (s *shop) Attach(p catalog.Part) { s.part = p }
func (s *shop) Keep(all []pool.Kept)  { s.kept = all }

func openShop(t *testing.T) (*Provisions, *shop, store.Store) {
	t.Helper()
	s := &shop{versions: map[string]string{"f:1": "1", "f:2": "2", "f:live": "1", "f:next": "1", "f:edge": catalog.Latest, "g:1": "1"}}
	kept := mem.New()
	p, err := Open(t.Context(), Options{Store: kept, Guard: s, Functions: s, Environments: s})
	if err != nil {
		t.Fatal(err)
	}
	return p, s, kept
}

var owner = access.Root("210987654321", "eu-central-1")

func at(name, qualifier string) catalog.Address {
	return catalog.Address{Place: owner.Place, Name: name, Qualifier: qualifier}
}

func TestWhatCannotBeKeptIsRefusedWithTheReason(t *testing.T) {
	p, s, _ := openShop(t)
	put := func(name, qualifier string, n int) error {
		_, err := p.Put(t.Context(), owner, at(name, qualifier), n)
		return err
	}
	if err := put("f", "live", 2); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		err  error
		kind fault.Kind
		says string
	}{
		"a version that is not published": {put("f", "edge", 1), fault.KindInvalid, "unpublished"},
		"one that is not there":           {put("f", "9", 1), fault.KindNotFound, "not found"},
		"the version of an alias":         {put("f", "1", 1), fault.KindInvalid, "Version is pointed by a Provisioned Concurrency alias"},
		"another alias of the version":    {put("f", "next", 1), fault.KindInvalid, "Alias can't be used"},
	} {
		if fault.KindOf(c.err) != c.kind || !strings.Contains(c.err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, c.err, c.says)
		}
	}
	two := 2
	s.reserved = &two
	if err := put("f", "2", 3); fault.KindOf(err) != fault.KindInvalid || !strings.Contains(err.Error(), "reservedConcurrentExecution") {
		t.Errorf("more than are reserved: %v", err)
	}
	if _, err := p.Get(owner, at("f", "2")); fault.KindOf(err) != fault.KindNotFound {
		t.Errorf("what is kept of a version of which nothing is: %v", err)
	}
	if row, err := p.Get(owner, at("f", "live")); err != nil || row.Requested != 2 {
		t.Errorf("what is kept of the alias: %+v, %v", row, err)
	}
	for op, call := range map[string]func() error{
		"PutProvisionedConcurrencyConfig":    func() error { return put("g", "1", 1) },
		"GetProvisionedConcurrencyConfig":    func() error { _, err := p.Get(owner, at("f", "live")); return err },
		"DeleteProvisionedConcurrencyConfig": func() error { return p.Delete(t.Context(), owner, at("f", "live")) },
		"ListProvisionedConcurrencyConfigs":  func() error { _, _, err := p.List(owner, at("f", ""), "", 50); return err },
	} {
		if s.deny = op; fault.KindOf(call()) != fault.KindDenied {
			t.Errorf("%s was not asked for", op)
		}
	}
}

// What is kept goes with what it is kept of, and Run is told of the rest.
func TestWhatIsKeptGoesWithItsFunction(t *testing.T) {
	p, s, kept := openShop(t)
	for _, a := range []catalog.Address{at("f", "live"), at("f", "2"), at("g", "1")} {
		if _, err := p.Put(t.Context(), owner, a, 1); err != nil {
			t.Fatal(err)
		}
	}
	names := func() (all []string) {
		p.tend()
		for _, k := range s.kept {
			all = append(all, k.Version.At.Name+":"+k.Version.Number)
		}
		return all
	}
	drop := func(a catalog.Address) {
		t.Helper()
		if err := kept.Update(t.Context(), func(tx store.Tx) error { return s.part(tx, a) }); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Join(names(), " "); got != "f:2 f:1 g:1" {
		t.Errorf("kept are %s", got)
	}
	s.versions["f:live"] = "2" // the alias leads elsewhere
	if got := strings.Join(names(), " "); got != "f:2 f:2 g:1" {
		t.Errorf("kept are %s", got)
	}
	drop(at("f", "live"))
	if got := strings.Join(names(), " "); got != "f:2 g:1" {
		t.Errorf("without the alias kept are %s", got)
	}
	drop(at("f", ""))
	if got := strings.Join(names(), " "); got != "g:1" {
		t.Errorf("without the function kept are %s", got)
	}
	if err := p.Delete(t.Context(), owner, at("g", "1")); err != nil {
		t.Error(err)
	}
	if err := p.Delete(t.Context(), owner, at("g", "1")); err != nil || len(names()) > 0 {
		t.Errorf("deleted twice: %v, and kept are %v", err, names())
	}
}
