package tree

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func (n *node[V]) depth() int {
	if n == nil {
		return 0
	}
	return 1 + max(n.left.depth(), n.right.depth())
}

// A tree that degenerates would make a large store quadratic. The bound is
// more than twice what random priorities give; its chance is nil.
func TestTheTreeStaysFlatWhateverTheOrder(t *testing.T) {
	const keys = 30_000
	for name, key := range map[string]func(i int) uint64{
		"ascending":  func(i int) uint64 { return uint64(i) },
		"descending": func(i int) uint64 { return uint64(keys - i) },
		"alternating": func(i int) uint64 {
			return uint64(i * (1 - i%2*2))
		},
	} {
		var m Map[int]
		for i := range keys {
			m = m.Put(binary.BigEndian.AppendUint64(nil, key(i)), i)
		}
		if d := m.root.depth(); d > 100 {
			t.Errorf("%s: depth %d", name, d)
		}
	}
}

func TestEveryMomentOfAMapStaysAsItWas(t *testing.T) {
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 0))
	key := func() string { return fmt.Sprint(rng.IntN(30)) }
	var moments []Map[int]
	var wants []map[string]int
	m, want := Map[int]{}, map[string]int{}
	for i := range 600 {
		k, to := key(), key()
		switch rng.IntN(4) {
		case 0:
			m = m.Delete([]byte(k))
			delete(want, k)
		case 1:
			m = m.DeleteRange([]byte(k), []byte(to))
			maps.DeleteFunc(want, func(key string, _ int) bool { return key >= k && key < to })
		default:
			m = m.Put([]byte(k), i)
			want[k] = i
		}
		moments, wants = append(moments, m), append(wants, maps.Clone(want))
	}
	for i, m := range moments {
		from, to := key(), []byte(key())
		if i%5 == 0 {
			to = nil
		}
		var got, all []string
		for k, v := range m.Scan([]byte(from), to) {
			got = append(got, fmt.Sprint(string(k), "=", v))
		}
		for _, k := range slices.Sorted(maps.Keys(wants[i])) {
			if v, ok := m.Get([]byte(k)); !ok || v != wants[i][k] {
				t.Errorf("moment %d: Get(%s) = %d, %v", i, k, v, ok)
			}
			if k >= from && (to == nil || k < string(to)) {
				all = append(all, fmt.Sprint(k, "=", wants[i][k]))
			}
		}
		if diff := cmp.Diff(all, got); diff != "" || m.Count([]byte(from), to) != len(all) {
			t.Fatalf("moment %d of seed %d: %d keys from %s to %s (-want +got):\n%s", i, seed, m.Count([]byte(from), to), from, to, diff)
		}
		if _, ok := m.Get([]byte("absent")); ok {
			t.Error("what was never put is there")
		}
	}
}
