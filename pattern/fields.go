package pattern

import (
	"maps"
	"strings"
)

// fields is a node in the tree of paths that are asked for. Paths are split at
// their dots, so that a dotted key and nested keys lead to the same node.
// Nodes are immutable once shared.
type fields struct {
	next map[string]*fields
	slot int // 1 + the slot of the path that ends here, 0 if none does
}

// with returns a tree that has path too. It shares what it can with f.
func (f *fields) with(path string, slot int) *fields {
	out := &fields{next: map[string]*fields{}}
	if f != nil {
		maps.Copy(out.next, f.next)
		out.slot = f.slot
	}
	head, rest, more := strings.Cut(path, ".")
	child := out.next[head]
	if more {
		out.next[head] = child.with(rest, slot)
		return out
	}
	end := &fields{slot: slot + 1}
	if child != nil {
		end.next = child.next
	}
	out.next[head] = end
	return out
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
