package blocks

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// An Entry is one thing that a source brought.
type Entry struct {
	// Time is when it happened, and Arrived when it came, in Unix milliseconds.
	// Time is not negative, and at most half of the greatest int64.
	Time, Arrived int64
	// Number is greater than that of every entry that came before. It is given by
	// [Log.Pack]; entries of one Time have its order.
	Number uint64
	Text   []byte
}

// Compare gives the order of entries: that of their times, then of their numbers.
func (e *Entry) Compare(o *Entry) int {
	return cmp.Or(cmp.Compare(e.Time, o.Time), cmp.Compare(e.Number, o.Number))
}

// A head says what is in a block.
type head struct {
	first, last int64 // the times of its entries
	count, size int   // how many, and the bytes of their texts
	pieces      storedPieces
}

const headVersion = 1

// What bounds a block, in bytes. An entry weighs what its text has and entryCost,
// which is what it takes in memory beside it; a block weighs at most maxWeight
// beside its last entry, and so has at most maxEntries.
const (
	entryCost  = 96
	maxWeight  = 3 << 19
	maxText    = 1 << 20
	maxEntries = maxWeight/entryCost + 1
	// maxBlock is what a block and its body take in memory.
	maxBlock = maxWeight + maxText + entryCost
)

func (e *Entry) weight() int { return len(e.Text) + entryCost }

func (h *head) weight() int { return h.size + h.count*entryCost }

var errBlock = errors.New("the block is damaged, or was written by a later version")

func (h *head) append(to []byte) []byte {
	to = append(to, headVersion)
	to = binary.AppendUvarint(to, uint64(h.first))
	to = binary.AppendUvarint(to, uint64(h.last-h.first))
	to = binary.AppendUvarint(to, uint64(h.count))
	to = binary.AppendUvarint(to, uint64(h.size))
	return append(to, h.pieces...)
}

// readHead reads a head. Its pieces are part of b.
func readHead(b []byte) (h head, err error) {
	if len(b) == 0 || b[0] != headVersion {
		return h, errBlock
	}
	r := reader{b: b[1:]}
	h.first = int64(r.number())
	h.last = h.first + int64(r.number())
	h.count, h.size = int(r.number()), int(r.number())
	h.pieces = storedPieces(r.b)
	if r.failed || h.first < 0 || h.last < h.first || h.count < 0 || h.count > maxEntries || h.size < 0 || h.size > maxBlock || !h.pieces.valid() {
		return head{}, errBlock
	}
	return h, nil
}

// headOf makes the head of entries in their order, whose texts have size bytes.
func headOf(entries []Entry, size int) head {
	h := head{first: entries[0].Time, last: entries[len(entries)-1].Time, count: len(entries), size: size}
	h.pieces = piecesOf(entries, size).fold().appendTo(nil)
	return h
}

// appendBody appends entries, in their order, as a block has them before it is
// compressed: how many, what differs from the one before, then all texts.
func appendBody(to []byte, entries []Entry) []byte {
	to = binary.AppendUvarint(to, uint64(len(entries)))
	var before Entry
	for i := range entries {
		e := &entries[i]
		to = binary.AppendVarint(to, e.Time-before.Time)
		to = binary.AppendVarint(to, e.Arrived-before.Arrived)
		to = binary.AppendVarint(to, int64(e.Number-before.Number))
		to = binary.AppendUvarint(to, uint64(len(e.Text)))
		before = *e
	}
	for i := range entries {
		to = append(to, entries[i].Text...)
	}
	return to
}

// readBody appends the entries in a body to into. Their texts are part of b.
func readBody(into []Entry, b []byte) ([]Entry, error) {
	r := reader{b: b}
	n := r.number()
	if n > maxEntries || 4*n > uint64(len(b)) { // each takes four bytes or more
		return nil, errBlock
	}
	into = slices.Grow(into, int(n))
	begin := len(into)
	var e Entry
	for range n {
		e.Time += r.signed()
		e.Arrived += r.signed()
		e.Number += uint64(r.signed())
		length := r.number()
		if length > uint64(len(b)) {
			return nil, errBlock
		}
		e.Text = b[:length] // for its length, until it is known where it begins
		into = append(into, e)
	}
	if r.failed {
		return nil, errBlock
	}
	for i := begin; i < len(into); i++ {
		length := len(into[i].Text)
		if length > len(r.b) {
			return nil, errBlock
		}
		into[i].Text, r.b = r.b[:length:length], r.b[length:]
	}
	if len(r.b) > 0 {
		return nil, errBlock
	}
	return into, nil
}

// A reader reads numbers from the front of b until one is none.
type reader struct {
	b      []byte
	failed bool
}

func (r *reader) number() uint64 {
	n, size := binary.Uvarint(r.b)
	r.skip(size)
	return n
}

func (r *reader) signed() int64 {
	n, size := binary.Varint(r.b)
	r.skip(size)
	return n
}

func (r *reader) skip(size int) {
	if size <= 0 {
		r.failed, size = true, 0
	}
	r.b = r.b[size:]
}

// damaged says which block an error is about.
func damaged(key []byte, err error) error { return fmt.Errorf("block %x: %w", key, err) }
