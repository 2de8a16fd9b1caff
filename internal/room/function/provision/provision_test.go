package provision

import (
	"math"
	"testing"

	"github.com/dari-bus/dari/internal/access"
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
