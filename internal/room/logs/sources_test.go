package logs

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/store/blocks"
)

func TestMoreStreamsThanAreLookedForOneByOneAreFoundByTheirPrefix(t *testing.T) {
	c := withStream(t)
	root := access.Root(account, "eu-central-1")
	const n = fewSources + 20
	for i := range 2 * n {
		name := fmt.Sprintf("%s-%d", []string{"a", "b"}[i%2], i)
		if err := c.s.CreateStream(t.Context(), root, root.Place, "g", name); err != nil {
			t.Fatal(err)
		}
		line := []blocks.Entry{{Time: time.Now().UnixMilli(), Text: []byte(name)}}
		if _, err := c.s.Put(t.Context(), root, root.Place, "g", name, line); err != nil {
			t.Fatal(err)
		}
	}
	for prefix, want := range map[string]int{"a-": n, "b-": n, "": 2 * n, "none": 0} {
		f := Filter{Prefix: prefix}
		hits, _, err := c.s.Filter(t.Context(), root, root.Place, "g", f, "", false, maxEvents)
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
