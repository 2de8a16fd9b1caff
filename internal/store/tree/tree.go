// Package tree is a sorted map that is never changed: a change makes another
// map, which shares with the first one all that is the same in both.
//
// So whoever holds a [Map] holds one moment of it, for as long as they like and
// without a lock, and nobody who makes the next moment waits for them. Finding a
// key, a change and a count take time in the logarithm of the number of keys,
// whatever the order in which they came.
package tree

import (
	"bytes"
	"iter"
	"math/rand/v2"
)

// A Map keeps values under keys, in ascending byte order. The zero Map is empty.
// It keeps the keys that it is given, which nobody may change afterwards.
type Map[V any] struct{ root *node[V] }

// Get returns the value of a key, and whether it is there.
func (m Map[V]) Get(key []byte) (value V, ok bool) {
	n := m.root
	for n != nil {
		switch c := bytes.Compare(key, n.key); {
		case c == 0:
			return n.value, true
		case c < 0:
			n = n.left
		default:
			n = n.right
		}
	}
	return value, false
}

// Put returns the map with a key set.
func (m Map[V]) Put(key []byte, value V) Map[V] { return Map[V]{m.root.put(key, value)} }

// Delete returns the map without a key.
func (m Map[V]) Delete(key []byte) Map[V] { return Map[V]{m.root.delete(key)} }

// DeleteRange returns the map without the keys k with from <= k < to. A nil to
// means the end.
func (m Map[V]) DeleteRange(from, to []byte) Map[V] {
	if to != nil && bytes.Compare(from, to) >= 0 {
		return m
	}
	below, rest := m.root.split(from)
	var above *node[V]
	if to != nil {
		_, above = rest.split(to)
	}
	return Map[V]{join(below, above)}
}

// Scan yields the keys k with from <= k < to in order. A nil to means the end.
func (m Map[V]) Scan(from, to []byte) iter.Seq2[[]byte, V] {
	return func(yield func([]byte, V) bool) { m.root.walk(from, to, yield) }
}

// Count returns how many keys k there are with from <= k < to. A nil to means
// the end.
func (m Map[V]) Count(from, to []byte) int {
	n := m.root.len()
	if to != nil {
		n = m.root.below(to)
	}
	return max(0, n-m.root.below(from))
}

// A node is a treap: a search tree by key and a heap by a random priority,
// which keeps it balanced whatever the order of insertion. Nodes are never
// changed once they can be reached from a Map that was handed out; every
// operation copies the path it changes and shares the rest. The nil node is the
// empty tree.
type node[V any] struct {
	key         []byte
	value       V
	left, right *node[V]
	priority    uint32
	size        uint32 // of the tree with this node on top, which memory bounds
}

func (n *node[V]) len() int {
	if n == nil {
		return 0
	}
	return int(n.size)
}

// sized returns n with the size that its branches give it.
func (n *node[V]) sized() *node[V] {
	n.size = uint32(1 + n.left.len() + n.right.len())
	return n
}

// put returns the tree with key set. Its root is always a fresh node, so the
// caller may change it while it rotates.
func (n *node[V]) put(key []byte, value V) *node[V] {
	if n == nil {
		return &node[V]{key: key, value: value, priority: rand.Uint32(), size: 1}
	}
	m := *n
	switch c := bytes.Compare(key, n.key); {
	case c == 0:
		m.value = value
	case c < 0:
		l := n.left.put(key, value)
		if l.priority > m.priority {
			m.left = l.right
			l.right = m.sized()
			return l.sized()
		}
		m.left = l
	default:
		r := n.right.put(key, value)
		if r.priority > m.priority {
			m.right = r.left
			r.left = m.sized()
			return r.sized()
		}
		m.right = r
	}
	return m.sized()
}

// delete returns the tree without key: n itself when the key is not there.
func (n *node[V]) delete(key []byte) *node[V] {
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
	m := *n
	m.left, m.right = left, right
	return m.sized()
}

// split returns the keys below key, and those at or above it.
func (n *node[V]) split(key []byte) (below, rest *node[V]) {
	if n == nil {
		return nil, nil
	}
	m := *n
	if bytes.Compare(n.key, key) < 0 {
		m.right, rest = n.right.split(key)
		return m.sized(), rest
	}
	below, m.left = n.left.split(key)
	return below, m.sized()
}

// join returns the union of a and b, where every key of a is below every key of b.
func join[V any](a, b *node[V]) *node[V] {
	if a == nil {
		return b
	}
	if b == nil {
		return a
	}
	if a.priority > b.priority {
		m := *a
		m.right = join(a.right, b)
		return m.sized()
	}
	m := *b
	m.left = join(a, b.left)
	return m.sized()
}

// below returns how many keys are below key.
func (n *node[V]) below(key []byte) int {
	count := 0
	for n != nil {
		if bytes.Compare(n.key, key) < 0 {
			count += 1 + n.left.len()
			n = n.right
		} else {
			n = n.left
		}
	}
	return count
}

// walk yields the keys from..to in order, and reports whether to go on.
func (n *node[V]) walk(from, to []byte, yield func(key []byte, value V) bool) bool {
	if n == nil {
		return true
	}
	above := from == nil || bytes.Compare(n.key, from) >= 0
	under := to == nil || bytes.Compare(n.key, to) < 0
	// What is on one side of a key within the bounds needs no look at the other one: so
	// few keys are compared, however many are walked over.
	leftTo, rightFrom := to, from
	if under {
		leftTo = nil
	}
	if above {
		rightFrom = nil
	}
	if above && !n.left.walk(from, leftTo, yield) {
		return false
	}
	if above && under && !yield(n.key, n.value) {
		return false
	}
	return !under || n.right.walk(rightFrom, to, yield)
}
