package groups

import (
	"fmt"
	"strings"
	"testing"
)

func TestMoreStreamsThanAreLookedForOneByOneAreFoundByTheirPrefix(t *testing.T) {
	s := withStream(t, Options{})
	const n = fewSources + 20
	for i := range 2 * n {
		name := fmt.Sprintf("%s-%d", []string{"a", "b"}[i%2], i)
		if err := s.CreateStream(t.Context(), root, root.Place, "g", name); err != nil {
			t.Fatal(err)
		}
		s.mustPut(t, name, name)
	}
	for prefix, want := range map[string]int{"a-": n, "b-": n, "": 2 * n, "none": 0} {
		f := Filter{Prefix: prefix}
		hits, _, err := s.Filter(t.Context(), root, root.Place, "g", f, "", false, MaxEvents)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range hits {
			if h.Stream != string(h.Text) || !strings.HasPrefix(h.Stream, prefix) {
				t.Fatalf("%q: %s is said to be in %s", prefix, h.Text, h.Stream)
			}
		}
		if len(hits) != want {
			t.Errorf("%q: %d events", prefix, len(hits))
		}
	}
}
