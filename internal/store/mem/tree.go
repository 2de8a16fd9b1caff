package mem

import (
	"bytes"
	"math/rand/v2"
)

// A node is a treap: a search tree by key and a heap by a random priority,
// which keeps it balanced whatever the order of insertion. Nodes are never
// changed once they can be reached from a published root; every operation
// copies the path it changes and shares the rest. The nil node is the empty
// tree.
type node struct {
	key, value  []byte
	left, right *node
	priority    uint32
}

func (n *node) get(key []byte) []byte {
	for n != nil {
		switch c := bytes.Compare(key, n.key); {
		case c == 0:
			return n.value
		case c < 0:
			n = n.left
		default:
			n = n.right
		}
	}
	return nil
}

// put returns the tree with key set. Its root is always a fresh node, so the
// caller may change it while it rotates.
func (n *node) put(key, value []byte) *node {
	if n == nil {
		return &node{key: key, value: value, priority: rand.Uint32()}
	}
	m := *n
	switch c := bytes.Compare(key, n.key); {
	case c == 0:
		m.value = value
	case c < 0:
		l := n.left.put(key, value)
		if l.priority > m.priority {
			m.left, l.right = l.right, &m
			return l
		}
		m.left = l
	default:
		r := n.right.put(key, value)
		if r.priority > m.priority {
			m.right, r.left = r.left, &m
			return r
		}
		m.right = r
	}
	return &m
}

// delete returns the tree without key: n itself when the key is not there.
func (n *node) delete(key []byte) *node {
	if n == nil {
		return nil
	}
	c := bytes.Compare(key, n.key)
	if c == 0 {
		return join(n.left, n.right)
	}
	left, right := n.left, n.right
	if c < 0 {
		left = left.delete(key)
	} else {
		right = right.delete(key)
	}
	if left == n.left && right == n.right {
		return n
	}
	return &node{n.key, n.value, left, right, n.priority}
}

// split returns the keys below key, and those at or above it.
func (n *node) split(key []byte) (below, rest *node) {
	if n == nil {
		return nil, nil
	}
	m := *n
	if bytes.Compare(n.key, key) < 0 {
		m.right, rest = n.right.split(key)
		return &m, rest
	}
	below, m.left = n.left.split(key)
	return below, &m
}

// join returns the union of a and b, where every key of a is below every key of b.
func join(a, b *node) *node {
	if a == nil {
		return b
	}
	if b == nil {
		return a
	}
	if a.priority > b.priority {
		m := *a
		m.right = join(a.right, b)
		return &m
	}
	m := *b
	m.left = join(a, b.left)
	return &m
}

// walk yields the keys from..to in order, and reports whether to go on.
func (n *node) walk(from, to []byte, yield func(key, value []byte) bool) bool {
	if n == nil {
		return true
	}
	above := bytes.Compare(n.key, from) >= 0
	under := to == nil || bytes.Compare(n.key, to) < 0
	if above && !n.left.walk(from, to, yield) {
		return false
	}
	if above && under && !yield(n.key, n.value) {
		return false
	}
	return !under || n.right.walk(from, to, yield)
}
