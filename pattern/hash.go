package pattern

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"unsafe"
)

// Hashes are seeded anew in every process, so that nobody can choose texts
// that meet in one place.
var (
	seed  = maphash.MakeSeed()
	seedA = maphash.String(seed, "a") | 1
	seedB = maphash.String(seed, "b") | 1
	seedC = maphash.String(seed, "c") | 1

	seedID = uint32(seedA>>32) | 1
)

// load64 and load32 read the bytes of s from i on; the caller sees to it that
// there are as many.
func load64(s string, i int) uint64 {
	return binary.LittleEndian.Uint64((*[8]byte)(unsafe.Add(unsafe.Pointer(unsafe.StringData(s)), i))[:])
}

func load32(s string, i int) uint32 {
	return binary.LittleEndian.Uint32((*[4]byte)(unsafe.Add(unsafe.Pointer(unsafe.StringData(s)), i))[:])
}

// mix spreads the bits of x. Different numbers give different results.
func mix(x uint64) uint64 {
	x = (x ^ x>>32 ^ seedC) * seedA
	x = (x ^ x>>29) * seedB
	return x ^ x>>32
}

func fold128(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// ends returns two words that tell texts of up to 16 bytes from all others of
// the same length. Of longer ones they are the beginning and the end.
func ends(s string) (a, b uint64) {
	switch n := len(s); {
	case n >= 8:
		return load64(s, 0), load64(s, n-8)
	case n >= 4:
		return uint64(load32(s, 0)) | uint64(load32(s, n-4))<<32, 0
	case n > 0:
		return uint64(s[0])<<16 | uint64(s[n/2])<<8 | uint64(s[n-1]), 0
	}
	return 0, 0
}

// hashText hashes a text.
func hashText(s string) uint64 {
	a, b := ends(s)
	return hashEnds(s, a, b)
}

// hashEnds is hashText for a text whose ends are known.
func hashEnds(s string, a, b uint64) uint64 {
	h := hashSeed(len(s))
	for i := 0; i+16 < len(s); i += 16 {
		h = fold128(load64(s, i)^seedA^h, load64(s, i+8)^seedB)
	}
	if n := len(s); n > 16 {
		a = load64(s, n-16)
	}
	return fold128(a^seedA^h, b^seedB)
}

// hashShort is hashText for a text of up to 16 bytes.
func hashShort(n int, a, b uint64) uint64 { return fold128(a^seedA^hashSeed(n), b^seedB) }

func hashSeed(n int) uint64 { return seedC ^ uint64(n)*seedB }

// A key stands for something composed, such as a path with its alternatives.
// It has 128 bits of a seeded hash: that two different things share one does
// not happen.
type key [2]uint64

func (k key) text(s string) key {
	return key{
		fold128(k[0]^maphash.String(seed, s)^seedA, seedB),
		fold128(k[1]^maphash.String(seedOther, s)^seedC, seedA),
	}
}

func (k key) number(n uint64) key {
	return key{fold128(k[0]^mix(n), seedA), fold128(k[1]^mix(n^seedB)^seedC, seedB)}
}

var seedOther = maphash.MakeSeed()
