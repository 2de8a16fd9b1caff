package mem

import (
	"encoding/binary"
	"testing"
)

func (n *node) depth() int {
	if n == nil {
		return 0
	}
	return 1 + max(n.left.depth(), n.right.depth())
}

// A tree that degenerates would make a large store quadratic. The bound is
// more than twice what random priorities give; its chance is nil.
func TestTheTreeStaysFlatWhateverTheOrder(t *testing.T) {
	const keys = 100_000
	for name, key := range map[string]func(i int) uint64{
		"ascending":  func(i int) uint64 { return uint64(i) },
		"descending": func(i int) uint64 { return uint64(keys - i) },
		"alternating": func(i int) uint64 {
			return uint64(i * (1 - i%2*2))
		},
	} {
		var root *node
		for i := range keys {
			root = root.put(binary.BigEndian.AppendUint64(nil, key(i)), nil)
		}
		if d := root.depth(); d > 100 {
			t.Errorf("%s: depth %d", name, d)
		}
	}
}
