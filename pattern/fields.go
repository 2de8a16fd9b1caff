package pattern

import (
	"strings"
)

// fields is a node in the tree of paths that are asked for. Paths are split at
// their dots, so that a dotted key and nested keys lead to the same node.
// Nodes that are shared do not change any more.
type fields struct {
	next map[string]*fields
	slot int // 1 + the slot of the path that ends here, 0 if none does
}

// add puts a path into a tree that is not shared.
func (f *fields) add(path string, slot int) {
	for more := true; more; {
		var head string
		head, path, more = strings.Cut(path, ".")
		child, ok := f.next[head]
		if !ok {
			child = &fields{}
			if f.next == nil {
				f.next = map[string]*fields{}
			}
			f.next[head] = child
		}
		f = child
	}
	f.slot = slot + 1
}

// step follows one key. It returns nil where no path leads, also for a nil f.
func (f *fields) step(key string) *fields {
	for f != nil {
		head, rest, more := strings.Cut(key, ".")
		f = f.next[head]
		if !more {
			return f
		}
		key = rest
	}
	return nil
}
