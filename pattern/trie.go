package pattern

import (
	"slices"
	"strings"
)

// A node is a place in the tree of the paths that rules ask about. Paths are
// split at their dots, so that a dotted key and nested keys lead to the same
// node. Nodes never change; a change makes new ones from the root down.
type node struct {
	name  string
	next  *node              // in a table, another node whose name has the same hash
	field *field             // nil if no path ends here
	kids  int                // how many nodes lie directly below
	few   []kid              // those below, as long as there are few
	many  *table[slot[node]] // those below by the hash of their names
}

// A kid is a node with the beginning of its name beside it, so that most
// comparisons look at nothing else.
type kid struct {
	word uint64 // the first eight bytes, zeros behind the end
	n    int    // the length of the name
	node *node
}

const fewKids = 8

func wordOf(s string) uint64 {
	var w uint64
	for i := range min(len(s), 8) {
		w |= uint64(s[i]) << (8 * i)
	}
	return w
}

// child returns the node below with a name, or nil. Word is the beginning of
// the name as in a kid.
func (n *node) child(word uint64, name string) *node {
	if n.many == nil {
		for i := range n.few {
			k := &n.few[i]
			if k.word == word && k.n == len(name) && (len(name) <= 8 || k.node.name == name) {
				return k.node
			}
		}
		return nil
	}
	for c := get(n.many, hashText(name)); c != nil; c = c.next {
		if c.name == name {
			return c
		}
	}
	return nil
}

// step follows a key that may have dots in it. It returns nil where no path
// leads.
func (n *node) step(name string) *node {
	for n != nil {
		head, rest, more := strings.Cut(name, ".")
		n = n.child(wordOf(head), head)
		if !more {
			return n
		}
		name = rest
	}
	return nil
}

// with returns the tree below n with change applied to the field at path. A
// node that ends up without a field and without anything below it goes.
func (n *node) with(path string, change func(*field) *field) *node {
	names := strings.Split(path, ".")
	way := make([]*node, len(names)+1) // nil from where on there is nothing yet
	way[0] = n
	for i, name := range names {
		if way[i] != nil {
			way[i+1] = way[i].child(wordOf(name), name)
		}
	}
	var now *node
	for i := len(names); ; i-- {
		next := &node{}
		if way[i] != nil {
			*next = *way[i]
		} else {
			next.name = strings.Clone(names[i-1])
		}
		if i == len(names) {
			next.field = change(next.field)
		} else {
			next.put(way[i+1], now)
		}
		if i == 0 {
			return next
		}
		next.next = nil
		if now = next; next.field == nil && next.kids == 0 {
			now = nil
		}
	}
}

// put exchanges a node below c, which is a copy that nobody else sees. Either
// may be nil.
func (c *node) put(old, now *node) {
	switch {
	case old == nil && now == nil:
		return
	case old == nil:
		c.kids++
	case now == nil:
		c.kids--
	}
	if c.many == nil && c.kids <= fewKids {
		c.few = slices.Clone(c.few)
		if old != nil {
			c.few = slices.DeleteFunc(c.few, func(k kid) bool { return k.node == old })
		}
		if now != nil {
			c.few = append(c.few, kid{wordOf(now.name), len(now.name), now})
		}
		return
	}
	for _, k := range c.few {
		if k.node != old {
			c.file(nil, k.node)
		}
	}
	c.few = nil
	c.file(old, now)
	if c.kids == 0 {
		c.many = nil
	}
}

// file exchanges a node in the table. Nodes with one hash are chained; since
// nodes do not change, the others in a chain are copied.
func (c *node) file(old, now *node) {
	name := ""
	if old != nil {
		name = old.name
	} else {
		name = now.name
	}
	h := hashText(name)
	chain := now
	for o := get(c.many, h); o != nil; o = o.next {
		if o != old {
			copied := *o
			copied.next = chain
			chain = &copied
		}
	}
	c.many = put(c.many, h, chain)
}
