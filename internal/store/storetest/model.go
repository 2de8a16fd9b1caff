package storetest

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/store"
)

var seed = flag.Uint64("store.seed", 0, "seed of the random store tests; 0 picks one")

// Seed returns the seed for a random test. It is printed, with what repeats
// the test, if the test fails.
func Seed(t *testing.T) uint64 {
	n := *seed
	if n == 0 {
		n = rand.Uint64()
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("to repeat: go test -run '^%s$' . -store.seed=%d", t.Name(), n)
		}
	})
	return n
}

var errRefused = errors.New("refused on purpose")

// model runs a random history against s and a map, and compares what each
// operation returns and what is there afterwards.
func model(t *testing.T, open Open) {
	rng := rand.New(rand.NewPCG(Seed(t), 0))
	s, reopen := open(t)
	want := map[string]string{}
	for step := range 600 {
		switch n := rng.IntN(100); {
		case n < 2 && reopen != nil:
			if err := s.Close(); err != nil {
				t.Fatalf("step %d: Close: %v", step, err)
			}
			s = reopen()
		case n < 30:
			view(t, s, func(tx store.Tx) error { return modelReads(rng, tx, want) })
		default:
			next := maps.Clone(want)
			var opts []store.Option
			if rng.IntN(2) == 0 {
				opts = append(opts, store.Unsynced)
			}
			refuse := rng.IntN(5) == 0
			err := s.Update(t.Context(), func(tx store.Tx) error {
				if err := modelWrites(rng, tx, next); err != nil || !refuse {
					return err
				}
				return errRefused
			}, opts...)
			if refuse && errors.Is(err, errRefused) {
				continue
			}
			if err != nil {
				t.Fatalf("step %d: Update: %v", step, err)
			}
			want = next
		}
	}
	if diff := cmp.Diff(modelDump(want, "", "\xff\xff"), contents(t, s)); diff != "" {
		t.Errorf("at the end (-want +got):\n%s", diff)
	}
}

func modelWrites(rng *rand.Rand, tx store.Tx, m map[string]string) error {
	for range rng.IntN(12) {
		k := modelKey(rng)
		switch rng.IntN(6) {
		case 0, 1, 2:
			v := fmt.Sprint(rng.IntN(1000))[rng.IntN(2):]
			if err := tx.Put([]byte(k), []byte(v)); err != nil {
				return err
			}
			m[k] = v
		case 3:
			if err := tx.Delete([]byte(k)); err != nil {
				return err
			}
			delete(m, k)
		case 4:
			to := modelKey(rng)
			if err := tx.DeleteRange([]byte(k), []byte(to)); err != nil {
				return err
			}
			maps.DeleteFunc(m, func(key, _ string) bool { return key >= k && key < to })
		case 5:
			if err := modelReads(rng, tx, m); err != nil {
				return err
			}
		}
	}
	return nil
}

func modelReads(rng *rand.Rand, tx store.Tx, m map[string]string) error {
	k, to := modelKey(rng), modelKey(rng)
	v, err := tx.Get([]byte(k))
	want, there := m[k]
	if err != nil || string(v) != want || (v != nil) != there {
		return fmt.Errorf("Get(%q) = %q (present: %t), %v, want %q (present: %t)", k, v, v != nil, err, want, there)
	}
	if diff := cmp.Diff(modelDump(m, k, to), dump(tx, k, to)); diff != "" {
		return fmt.Errorf("Scan(%q, %q) (-want +got):\n%s", k, to, diff)
	}
	return nil
}

func modelDump(m map[string]string, from, to string) []string {
	out := []string{}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if k >= from && k < to {
			out = append(out, k+"="+m[k])
		}
	}
	return out
}

// modelKey returns one of few keys, so that operations meet.
func modelKey(rng *rand.Rand) string {
	return string([]byte{'a' + byte(rng.IntN(4)), byte(rng.IntN(3)), byte(rng.IntN(4) * 85)}[:1+rng.IntN(3)])
}
