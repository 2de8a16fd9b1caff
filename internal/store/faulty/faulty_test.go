package faulty_test

import (
	"errors"
	"testing"

	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/faulty"
	"github.com/dari-bus/dari/internal/store/mem"
	"github.com/dari-bus/dari/internal/store/storetest"
)

func TestWithoutFaultsItIsAStore(t *testing.T) {
	for name, wrap := range map[string]func(store.Store) store.Store{
		"New":    func(s store.Store) store.Store { return faulty.New(s, func(faulty.Op) error { return nil }) },
		"Strict": faulty.Strict,
	} {
		t.Run(name, func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) (store.Store, func() store.Store) {
				s := wrap(mem.New())
				t.Cleanup(func() { _ = s.Close() }) // The test may have closed it.
				return s, nil
			})
		})
	}
}

var errBroken = errors.New("broken on purpose")

// everything does one of each and takes no notice of errors.
func everything(tx store.Tx) error {
	_, _ = tx.Get([]byte("a"))
	_ = tx.Put([]byte("new"), nil)
	_ = tx.Delete([]byte("a"))
	_ = tx.DeleteRange([]byte("b"), []byte("c"))
	for range tx.Scan(nil, nil) {
	}
	return nil
}

func TestEachKindFailsOnCueAndLeavesNothing(t *testing.T) {
	for _, kind := range []faulty.Kind{
		faulty.Update, faulty.Get, faulty.Put, faulty.Delete, faulty.DeleteRange, faulty.Scan, faulty.Commit, faulty.Sync,
	} {
		t.Run(string(kind), func(t *testing.T) {
			inner := mem.New()
			if err := inner.Update(t.Context(), func(tx store.Tx) error {
				return errors.Join(tx.Put([]byte("a"), nil), tx.Put([]byte("b"), nil), tx.Put([]byte("z"), nil))
			}); err != nil {
				t.Fatal(err)
			}
			s := faulty.New(inner, faulty.Nth(kind, 1, errBroken))
			if err := s.Update(t.Context(), everything); !errors.Is(err, errBroken) {
				t.Errorf("Update = %v, want the fault", err)
			}
			applied := false
			if err := inner.View(t.Context(), func(tx store.Tx) error {
				v, err := tx.Get([]byte("new"))
				applied = v != nil
				return err
			}); err != nil {
				t.Fatal(err)
			}
			if applied != (kind == faulty.Sync) {
				t.Errorf("the change is there: %t", applied)
			}
			if err := s.Update(t.Context(), everything); err != nil {
				t.Errorf("the second time: %v", err)
			}
		})
	}
}

func TestFromFailsForGood(t *testing.T) {
	s := faulty.New(mem.New(), faulty.From(faulty.View, 2, errBroken))
	for i, want := range []error{nil, errBroken, errBroken} {
		if err := s.View(t.Context(), func(store.Tx) error { return nil }); !errors.Is(err, want) {
			t.Errorf("view %d = %v, want %v", i+1, err, want)
		}
	}
	if err := faulty.New(s, faulty.From(faulty.Close, 1, errBroken)).Close(); !errors.Is(err, errBroken) {
		t.Errorf("Close = %v", err)
	}
}

func TestStrictSpoilsWhatIsKept(t *testing.T) {
	s := faulty.Strict(mem.New())
	if err := s.Update(t.Context(), func(tx store.Tx) error {
		return errors.Join(tx.Put([]byte("a"), []byte("one")), tx.Put([]byte("b"), []byte("two")))
	}); err != nil {
		t.Fatal(err)
	}
	var got, key []byte
	if err := s.View(t.Context(), func(tx store.Tx) (err error) {
		got, err = tx.Get([]byte("a"))
		for k := range tx.Scan(nil, nil) {
			if string(key) == "a" {
				t.Error("a key of a scan is still good at the next step")
			}
			key = k
		}
		if string(got) != "one" {
			t.Errorf("Get = %q within the transaction", got)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if string(got) == "one" || string(key) == "b" {
		t.Errorf("still good after the transaction: %q %q", got, key)
	}
}
