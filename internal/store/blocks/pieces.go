package blocks

import (
	"encoding/binary"
	"math/bits"
	"sync"
)

// A piece is pieceLen bytes of a text. Of any window that follow each other the
// one with the smallest hash counts.
const (
	pieceLen = 5
	window   = 4
	// tellable is the length from which on a text is known by its pieces.
	tellable = pieceLen + window - 1

	maxPieceBits = 1 << 18
	minPieceBits = 64
)

// pieces is a Bloom filter with one hash, whose size is a power of two.
type pieces []uint64

// marks are a filter while it is filled, with a byte for each bit. A byte is written and
// not read before, which takes a third of the time: all that is ever put goes through it.
type marks struct {
	bytes [maxPieceBits]byte
	mask  uint32
}

var spareMarks = sync.Pool{New: func() any { return new(marks) }}

// piecesOf returns a filter of the texts of entries, of so many bytes in all.
func piecesOf(entries []Entry, size int) pieces {
	m := spareMarks.Get().(*marks)
	defer spareMarks.Put(m)
	m.begin(size)
	for i := range entries {
		m.add(entries[i].Text)
	}
	return m.pieces()
}

// begin empties the marks, for texts of so many bytes in all.
func (m *marks) begin(size int) {
	n := 1 << bits.Len(uint(max(size/4-1, 0)))
	n = min(max(n, minPieceBits), maxPieceBits)
	m.mask = uint32(n - 1)
	clear(m.bytes[:n])
}

// add takes in the pieces of a text. It is [eachPiece] written out, for the same reason.
func (m *marks) add(text []byte) {
	if len(text) < tellable {
		return
	}
	set, mask := &m.bytes, m.mask
	a, b, c := pieceAt(text, 0), pieceAt(text, 1), pieceAt(text, 2)
	i := window - 1
	for ; i+8 <= len(text); i += window { // a word has the four pieces that come next
		word := binary.LittleEndian.Uint64(text[i:])
		d, e, f, g := hashPiece(word), hashPiece(word>>8), hashPiece(word>>16), hashPiece(word>>24)
		cd, ef := min(c, d), min(e, f)
		set[min(a, b, cd)&mask%maxPieceBits] = 1
		set[min(b, cd, e)&mask%maxPieceBits] = 1
		set[min(cd, ef)&mask%maxPieceBits] = 1
		set[min(d, ef, g)&mask%maxPieceBits] = 1
		a, b, c = e, f, g
	}
	for ; i+pieceLen <= len(text); i++ {
		d := pieceAt(text, i)
		set[min(a, b, c, d)&mask%maxPieceBits] = 1
		a, b, c = b, c, d
	}
}

// pieces returns the filter: of eight bytes that are 0 or 1 the product has the eight bits
// in their order at its top.
func (m *marks) pieces() pieces {
	p := make(pieces, (m.mask+1)/64)
	for i := range p {
		for j := range 8 {
			eight := binary.LittleEndian.Uint64(m.bytes[64*i+8*j:])
			p[i] |= eight * 0x0102040810204080 >> 56 << (8 * j)
		}
	}
	return p
}

// pieceAt is the hash of the piece that begins at i.
func pieceAt(text []byte, i int) uint32 {
	if i+8 <= len(text) {
		return hashPiece(binary.LittleEndian.Uint64(text[i:]))
	}
	var end [8]byte
	copy(end[:], text[i:])
	return hashPiece(binary.LittleEndian.Uint64(end[:]))
}

// fold makes the filter as small as it can be with at most a quarter of it set.
func (p pieces) fold() pieces {
	set := 0
	for _, w := range p {
		set += bits.OnesCount64(w)
	}
	for len(p) > minPieceBits/64 && set <= len(p)*64/8 {
		half := len(p) / 2
		set = 0
		for i := range half {
			p[i] |= p[i+half]
			set += bits.OnesCount64(p[i])
		}
		p = p[:half]
	}
	return p
}

// eachPiece calls fn with the hash of each piece of text that counts, until it
// returns false, and says whether it never did.
func eachPiece(text []byte, fn func(hash uint32) bool) bool {
	if len(text) < tellable {
		return true
	}
	var last uint32
	var recent [window]uint32
	told := false
	for i := 0; i+pieceLen <= len(text); i++ {
		recent[i%window] = pieceAt(text, i)
		if i < window-1 {
			continue
		}
		least := min(recent[0], recent[1], recent[2], recent[3])
		if told && least == last {
			continue
		}
		last, told = least, true
		if !fn(least) {
			return false
		}
	}
	return true
}

// hashPiece hashes the five bytes that a word begins with.
func hashPiece(word uint64) uint32 {
	const five = 1<<(8*pieceLen) - 1
	return uint32((word & five) * 0x9E3779B185EBCA87 >> 32)
}

// appendTo appends the filter as it is stored: its words.
func (p pieces) appendTo(to []byte) []byte {
	for _, w := range p {
		to = binary.LittleEndian.AppendUint64(to, w)
	}
	return to
}

// storedPieces are a filter as it is stored. A bit of a little-endian word is the
// same bit of its bytes.
type storedPieces []byte

// mayHold says whether a text with the filter's pieces may have text in it.
func (p storedPieces) mayHold(text []byte) bool {
	mask := uint32(len(p)*8 - 1)
	return eachPiece(text, func(hash uint32) bool {
		h := hash & mask
		return p[h/8]&(1<<(h%8)) != 0
	})
}

// valid says whether the filter has a size that can be.
func (p storedPieces) valid() bool {
	n := len(p) * 8
	return n >= minPieceBits && n <= maxPieceBits && n&(n-1) == 0
}
