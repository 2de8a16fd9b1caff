package ledger

// A heap keeps the least of its items at hand and lets any of them go. place is
// told where each item stands, and -1 when it leaves.
type heap[T any] struct {
	items []T
	less  func(a, b T) bool
	place func(item T, at int32)
}

// first returns the least item; ok is false when there is none.
func (h *heap[T]) first() (item T, ok bool) {
	if len(h.items) == 0 {
		return item, false
	}
	return h.items[0], true
}

func (h *heap[T]) push(item T) {
	h.items = append(h.items, item)
	h.place(item, int32(len(h.items)-1))
	h.up(len(h.items) - 1)
}

// remove takes out the item that stands at i.
func (h *heap[T]) remove(i int32) {
	last := len(h.items) - 1
	h.place(h.items[i], -1)
	if int(i) != last {
		h.items[i] = h.items[last]
		h.place(h.items[i], i)
	}
	var zero T
	h.items[last] = zero
	h.items = h.items[:last]
	if int(i) != last {
		h.fix(i)
	}
}

// fix restores the order after the item at i has changed.
func (h *heap[T]) fix(i int32) {
	if !h.down(int(i)) {
		h.up(int(i))
	}
}

func (h *heap[T]) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if !h.less(h.items[i], h.items[parent]) {
			return
		}
		h.swap(i, parent)
		i = parent
	}
}

func (h *heap[T]) down(i int) (moved bool) {
	for {
		child := 2*i + 1
		if child >= len(h.items) {
			return moved
		}
		if right := child + 1; right < len(h.items) && h.less(h.items[right], h.items[child]) {
			child = right
		}
		if !h.less(h.items[child], h.items[i]) {
			return moved
		}
		h.swap(i, child)
		i, moved = child, true
	}
}

func (h *heap[T]) swap(i, j int) {
	h.items[i], h.items[j] = h.items[j], h.items[i]
	h.place(h.items[i], int32(i))
	h.place(h.items[j], int32(j))
}
